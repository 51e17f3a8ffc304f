"""The services, each led to a recorder on loopback, and what a person there would read of a recorded message."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Final

import requests

from monitor.models import Target
from monitor.notify import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pytest

    from tests.wire.servers import Recorder, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`lead` brings its plugin to the recorder; `mark` is what a brand stands in; `limit` its own, in `unit`."""

    url: str
    mark: str
    limit: int
    unit: Callable[[str], int]
    lead: Callable[[pytest.MonkeyPatch, Recorder], None] = lambda _patch, _server: None

    def target(self, patch: pytest.MonkeyPatch, server: Recorder) -> Target:
        self.lead(patch, server)
        return Target(key="k", url=self.url.format(port=server.server_port))


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _parsed(text: str) -> int:
    """Telegram counts what is left when it has read the HTML."""
    return _utf16(unescape(re.sub(r"</?b>", "", text)))


def _bytes(text: str) -> int:
    return len(text.encode())


def _attribute(schema: str, name: str, path: str) -> Callable[[pytest.MonkeyPatch, Recorder], None]:
    """The host of the service is an attribute of its plugin."""
    return lambda patch, server: patch.setattr(load().plugins.N_MGR[schema], name, server.url + path)


def _without_tls(patch: pytest.MonkeyPatch, _server: Recorder) -> None:
    """The plugin insists on https, which the recorder does not speak."""
    post = requests.post
    patch.setattr(requests, "post", lambda url, **rest: post(url.replace("https://", "http://"), **rest))


SERVICES: Final[Mapping[str, Service]] = {
    "slack": Service(
        url="slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#support",
        mark="*{}*",
        limit=35_000,
        unit=_utf16,
        lead=_attribute("slack", "webhook_url", ""),
    ),
    "telegram": Service(
        url="tgram://123456789:abcdefg_hijklmnop/12315544/",
        mark="*{}*",
        limit=4_096,
        unit=_parsed,
        lead=_attribute("tgram", "notify_url", "/bot"),
    ),
    "discord": Service(
        url="discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        mark="**{}**",
        limit=2_000,
        unit=_utf16,
        lead=_attribute("discord", "notify_url", "/api/webhooks"),
    ),
    "mattermost": Service(
        url="mmost://127.0.0.1:{port}/abcdefghijklmnopqrstuvwxyz", mark="**{}**", limit=16_383, unit=len
    ),
    "teams": Service(
        url="workflows://127.0.0.1:{port}/workflow1a/signature/",
        mark=r"\*{}\*",  # Apprise escapes our mark as well
        limit=28_000,
        unit=_bytes,
        lead=_without_tls,
    ),
    "ntfy": Service(url="ntfy://127.0.0.1:{port}/topic", mark="*{}*", limit=4_096, unit=_bytes),
}


def texts(value: object) -> Iterator[str]:
    """Every string in a JSON value, the keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def read(seen: Seen) -> object:
    """The JSON of a request; raises where it is none, or no UTF-8."""
    return json.loads(seen.body.decode("utf-8"))
