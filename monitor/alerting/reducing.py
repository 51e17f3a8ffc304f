"""A message that was refused for what it says, once more with as little as possible."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from monitor.alerting.payload import reduced_payload

if TYPE_CHECKING:
    from monitor.alerting.messages import RenderedMessage

_TITLE_LIMIT: Final = 100
_LINKS: Final = 3
_IDS: Final = 60
_LINE_LIMIT: Final = 300


def reduced(message: RenderedMessage) -> RenderedMessage:
    """The title, the first addresses and our own ids; of a webhook's JSON what no person wrote.

    Where that is refused for its content as well, nothing that we have to say would be taken.
    """
    if not message.title and message.body.startswith("{"):
        return replace(message, body=reduced_payload(message.body))
    lines = [line.strip() for line in message.body.splitlines() if len(line) <= _LINE_LIMIT]
    links = [line for line in lines if "://" in line][:_LINKS]
    ids = [line for line in lines if line.startswith("monitor-")][-_IDS:]
    title = message.title[:_TITLE_LIMIT]
    return replace(message, title=title, body="\n".join((*links, *ids)) or title, html=None, images=())
