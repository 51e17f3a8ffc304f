"""Who is told the source's secrets and login, who may be in its private network, and what comes back without them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, cast

import pytest

from monitor.fetching.proxy import parse_proxy
from monitor.flows.outgoing import ask
from monitor.flows.ports import Plan, Ports
from monitor.models import Content, HttpRequest, Response, Source, Validators
from tests.fetching.fakes import LOOPBACK, FakeClock, fetching
from tests.fetching.zoo import answer as answered
from tests.fetching.zoo import serve
from tests.flows.world import BRAND, World, begin, play, post

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.clock import Clock
    from monitor.config import Config
    from monitor.fetching.fetcher import Fetcher
    from monitor.store import Writer
    from monitor.worker import WorkerPool

SECRETS = {"${KEY}": "s3cr3t Valüe/9", "${PW}": "PASSword1", "${ID}": "abc", "${HOST}": "hidden.example"}
SITE = "https://forum.example"


def reveal(text: str) -> str:
    for name, value in SECRETS.items():
        text = text.replace(name, value)
    return text


PLAN = Plan(
    config=cast("Config", None),
    sources={},
    kinds={},
    receivers={},
    routes=(),
    competitors=frozenset(),
    own_accounts={},
    reveal=reveal,
)


class Wire:
    """Answers with what it is given, at the address it is given or the one that was asked for."""

    def __init__(self, lands: str | None, body: bytes, headers: tuple[tuple[str, str], ...]) -> None:
        self.lands, self.body, self.headers = lands, body, headers
        self.asked: list[tuple[HttpRequest, dict[str, object]]] = []

    async def fetch(self, request: HttpRequest, **how: object) -> Response:
        self.asked.append((request, how))
        return Response(url=self.lands or request.url, status=200, headers=self.headers, body=self.body)


def answer(
    url: str,
    *,
    first: str,
    lands: str | None = None,
    body: bytes = b"",
    headers: tuple[tuple[str, str], ...] = (),
    source: Source | None = None,
) -> tuple[Response, str, dict[str, object]]:
    """What `ask` gives, and what went over the wire."""
    wire = Wire(lands, body, headers)
    ports = Ports(
        clock=cast("Clock", None),
        fetcher=cast("Fetcher", wire),
        worker=cast("WorkerPool", None),
        writer=cast("Writer", None),
    )
    watched = source or Source(name="f", kind="feed", url=first, options=None, every=timedelta(minutes=1))
    request = HttpRequest(url=url)
    response = asyncio.run(ask(request, source=watched, first=first, ports=ports, plan=PLAN, validators=Validators()))
    ((sent, how),) = wire.asked
    return response, sent.url, how


@pytest.mark.parametrize(
    ("lands", "expected"),
    [
        (None, "https://Forum.example:443/feed?q=Тест&key=${KEY}"),
        ("https://forum.example/feed/?key=s3cr3t%20Val%C3%BCe%2F9", "https://forum.example/feed/?key=${KEY}"),
        ("https://forum.example/feed/?key=s3cr3t%20Val%c3%bce/9&x=1", "https://forum.example/feed/?key=${KEY}&x=1"),
        ("https://forum.example/s3cr3t+Val%C3%BCe%2F9", "https://forum.example/${KEY}"),
        ("https://other.example/?k=s3cr3t Valüe/9", "https://other.example/?k=${KEY}"),
        # A spelling that nobody thought of: the address that was asked for, secrets as spelt.
        ("https://forum.example/?k=%73%33cr3t%20Val%C3%BCe/9", "https://Forum.example:443/feed?q=Тест&key=${KEY}"),
        ("https://forum.example/other", "https://forum.example/other"),
    ],
)
def test_no_kind_sees_the_value_of_a_secret_wherever_the_answer_came_from(lands: str | None, expected: str) -> None:
    url = "https://Forum.example:443/feed?q=Тест&key=${KEY}"
    assert answer(url, first=url, lands=lands)[0].url == expected


def test_a_secret_that_the_site_repeats_in_its_page_is_taken_out_and_short_words_are_not() -> None:
    body = "<a href='?key=s3cr3t%20Val%C3%BCe%2F9&amp;p=2'>2</a> abc s3cr3t Valüe/9".encode()
    response = answer(f"{SITE}/?key=${{KEY}}&id=${{ID}}", first=f"{SITE}/?key=${{KEY}}&id=${{ID}}", body=body)[0]
    assert response.body == b"<a href='?key=${KEY}&amp;p=2'>2</a> abc ${KEY}"


def test_a_secret_that_the_site_repeats_in_its_headers_is_taken_out() -> None:
    url = f"{SITE}/?key=${{KEY}}&id=${{ID}}"
    headers = (("link", f'<{SITE}/?key=s3cr3t%20Val%C3%BCe%2F9&p=2>; rel="next"'), ("x-id", "abc"))
    response = answer(url, first=url, headers=headers)[0]
    assert response.headers == (("link", f'<{SITE}/?key=${{KEY}}&p=2>; rel="next"'), ("x-id", "abc"))


@pytest.mark.parametrize("url", [f"{SITE}/a", "https://other.example/article"])
def test_everything_goes_by_the_proxy_which_may_be_private_wherever_it_leads(url: str) -> None:
    proxied = Source(
        name="f", kind="feed", url=SITE, options=None, proxy="http://desk:${PW}@127.0.0.1:3128", allow=LOOPBACK
    )
    _, _, how = answer(url, first=SITE, source=proxied)
    assert how["proxy"] == parse_proxy("http://desk:PASSword1@127.0.0.1:3128", allow=LOOPBACK)
    assert how["allow"] == (LOOPBACK if url.startswith(SITE) else ())
    assert answer(url, first=SITE)[2]["proxy"] is None


def test_a_secret_of_a_header_is_taken_out_as_well() -> None:
    source = Source(
        name="f", kind="feed", url=SITE, options=None, every=timedelta(minutes=1), headers=(("X-Key", "${PW}"),)
    )
    response, _, how = answer(f"{SITE}/a", first=SITE, lands=f"{SITE}/?token=PASSword1", source=source)
    assert (response.url, how["headers"]) == (f"{SITE}/?token=${{PW}}", (("X-Key", "PASSword1"),))


def test_a_hidden_host_stays_hidden() -> None:
    response, sent, _ = answer("https://${HOST}/feed", first="https://${HOST}/feed", lands="https://hidden.example/f/")
    assert (sent, response.url) == ("https://hidden.example/feed", "https://${HOST}/f/")


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://forum.example/t1", "https://u:PASSword1@forum.example/t1"),
        ("https://FORUM.example:443/t1?a=b@c", "https://u:PASSword1@FORUM.example:443/t1?a=b@c"),
        ("https://me:too@forum.example/t1", "https://me:too@forum.example/t1"),
        ("http://forum.example/t1", "http://forum.example/t1"),
        ("https://forum.example:8443/t1", "https://forum.example:8443/t1"),
        ("https://evil.example/t1", "https://evil.example/t1"),
        ("https://evil.example/?${PW}", "https://evil.example/?${PW}"),
    ],
)
def test_the_login_of_the_source_goes_to_its_own_origin_and_nowhere_else(url: str, sent: str) -> None:
    assert answer(url, first="https://u:${PW}@forum.example/list")[1] == sent


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://10.0.0.5/t1", True),
        ("http://10.0.0.5:80/t1", True),
        ("http://10.0.0.5:8321/admin", False),
        ("http://10.0.0.6/t1", False),
        ("https://10.0.0.5/t1", False),
    ],
)
def test_a_private_network_is_open_for_the_sources_own_origin_only(url: str, *, allowed: bool) -> None:
    network = ip_network("10.0.0.0/8")
    first = "http://10.0.0.5/feed"
    source = Source(name="f", kind="feed", url=first, options=None, every=timedelta(minutes=1), allow=(network,))
    assert answer(url, first=first, source=source)[2]["allow"] == ((network,) if allowed else ())


@pytest.mark.parametrize(("url", "roams"), [("http://10.0.0.5/feed", True), ("http://10.0.0.5/out?to=x", False)])
def test_only_the_sources_own_address_may_redirect_within_the_private_network(url: str, *, roams: bool) -> None:
    assert answer(url, first="http://10.0.0.5/feed")[2]["roam"] is roams


def test_a_posts_link_into_the_private_network_is_not_followed(tmp_path: Path) -> None:
    network = ip_network("127.0.0.0/8")
    first = "http://127.0.0.1:8000/feed"
    source = Source(
        name="forum",
        kind="feed",
        url=first,
        options=None,
        every=timedelta(minutes=10),
        allow=(network,),
        content=Content.PAGE,
    )

    async def story(world: World) -> None:
        world.web.first = first
        world.web.pages = {first: []}
        await begin(world)
        links = ("http://127.0.0.1:8000/p", "http://127.0.0.1:8321/admin", f"{SITE}/1")
        world.web.articles = dict.fromkeys(links, BRAND)
        world.web.shows(*(replace(post(n), url=url) for n, url in enumerate(links)), page=first)
        await world.poll()
        allowed = {request.url: how["allow"] for request, how in world.web.asked}
        assert allowed == {first: (network,), links[0]: (network,), links[1]: (), links[2]: ()}

    play(tmp_path, story, source=source)


def test_over_a_real_wire_the_address_and_a_redirect_give_no_secret_away() -> None:
    asked: list[str] = []

    async def site(head: bytes, writer: asyncio.StreamWriter) -> None:
        path = head.split()[1].decode()
        asked.append(path)
        moved = b"Location: " + path.replace("/feed?", "/feed/?").encode()
        reply = answered(b"", moved, status=b"301 Moved") if path.startswith("/feed?") else answered(b"x")
        await reply(head, writer)

    async def story() -> Response:
        async with serve(site) as server, fetching(clock=FakeClock()) as fetcher:
            first = server.url("/feed?q=Тест&key=${KEY}")
            source = Source(name="f", kind="feed", url=first, options=None, every=timedelta(minutes=1), allow=LOOPBACK)
            ports = Ports(
                clock=cast("Clock", None),
                fetcher=fetcher,
                worker=cast("WorkerPool", None),
                writer=cast("Writer", None),
            )
            return await ask(
                HttpRequest(url=first), source=source, first=first, ports=ports, plan=PLAN, validators=Validators()
            )

    response = asyncio.run(story())
    assert len(asked) == 2
    assert "s3cr3t" in asked[1]
    assert response.url.endswith("/feed/?q=%D0%A2%D0%B5%D1%81%D1%82&key=${KEY}")
