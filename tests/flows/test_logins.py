"""What kinds with a login or a token send over a real wire: the secret where it belongs, and nowhere else."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from monitor.flows.outgoing import ask
from monitor.flows.ports import Plan, Ports
from monitor.models import HttpRequest, Source, Validators
from monitor.sources import KINDS
from tests.fetching.fakes import LOOPBACK, FakeClock, fetching
from tests.fetching.zoo import answer, serve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.clock import Clock
    from monitor.config import Config
    from monitor.models import JSON
    from monitor.store import Writer
    from monitor.worker import WorkerPool

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
SECRETS = {"${PW}": "app-pass-word", "${ID}": "appl-id", "${TOKEN}": "vk1.a.secret-token"}
REPLIES: Mapping[str, JSON] = {
    "/xrpc/com.atproto.server.createSession": {"accessJwt": "a-token-of-the-site"},
    "/xrpc/app.bsky.feed.searchPosts": {"posts": []},
    "/api/v1/access_token": {"access_token": "a-token-of-the-site", "expires_in": 3600},
    "/method/newsfeed.search": {"response": {"items": [], "count": 0}},
}


def reveal(text: str) -> str:
    for name, value in SECRETS.items():
        text = text.replace(name, value)
    return text


def plan() -> Plan:
    return Plan(
        config=cast("Config", None),
        sources={},
        kinds={},
        receivers={},
        routes=(),
        competitors=frozenset(),
        own_accounts={},
        reveal=reveal,
    )


def exchange(name: str, options: object, *, requests: int) -> list[tuple[str, dict[str, str]]]:
    """Request lines and headers of a visit of so many requests, as the site saw them."""
    heads: list[tuple[str, dict[str, str]]] = []

    async def site(head: bytes, writer: asyncio.StreamWriter) -> None:
        line, *rest = head.decode().split("\r\n")
        given = {key.lower(): value for key, _, value in (one.partition(": ") for one in rest if one)}
        heads.append((line, given))
        body = json.dumps(REPLIES[line.split()[1].partition("?")[0]]).encode()
        await answer(body, b"Content-Type: application/json")(head, writer)

    async def story() -> None:
        async with serve(site) as server, fetching(clock=FakeClock()) as fetcher:
            kind = KINDS[name](server.url("/").rstrip("/"), options)
            cursor: dict[str, JSON] = {}
            request = kind.start(cursor, NOW)
            first = request.url
            source = Source(name="s", kind=name, url=first, options=options, every=timedelta(minutes=9), allow=LOOPBACK)
            ports = Ports(
                clock=cast("Clock", None),
                fetcher=fetcher,
                worker=cast("WorkerPool", None),
                writer=cast("Writer", None),
            )
            for _ in range(requests):
                assert isinstance(request, HttpRequest)
                assert not any(secret in repr(request) for secret in SECRETS.values())
                response = await ask(
                    request, source=source, first=first, ports=ports, plan=plan(), validators=Validators()
                )
                assert not any(secret in response.url for secret in SECRETS.values())
                page = kind.read(request, response, cursor)
                cursor = dict(page.cursor)
                if page.onward is not None:
                    request = page.onward

    asyncio.run(story())
    return heads


def test_bluesky_goes_on_with_the_token_of_its_login() -> None:
    options = KINDS["bluesky"].Options(query=("brand",), handle="me.example", app_password="${PW}")
    login, search = exchange("bluesky", options, requests=2)
    assert login[0].startswith("POST /xrpc/com.atproto.server.createSession ")
    assert int(login[1]["content-length"]) == len(
        json.dumps({"identifier": "me.example", "password": SECRETS["${PW}"]})
    )
    assert search[1]["authorization"] == "Bearer a-token-of-the-site"


def test_reddit_logs_in_with_id_and_secret() -> None:
    options = KINDS["reddit"].Options(query="brand", client_id="${ID}", client_secret="${PW}")
    (login,) = exchange("reddit", options, requests=1)
    assert login[0].startswith("POST /api/v1/access_token ")
    assert login[1]["authorization"] == f"Basic {b64encode(b'appl-id:app-pass-word').decode()}"


def test_vk_is_given_the_token_in_the_address() -> None:
    options = KINDS["vk"].Options(query="brand", token="${TOKEN}")
    (search,) = exchange("vk", options, requests=1)
    assert "&access_token=vk1.a.secret-token" in search[0]
