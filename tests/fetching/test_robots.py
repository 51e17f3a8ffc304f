"""robots.txt: how it is asked for, how long it is believed, and how slowly it makes us go."""

from __future__ import annotations

import asyncio
import gzip
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.errors import AddressRefused, RobotsRefused, StatusError
from monitor.fetching import robots
from monitor.fetching.robots import FRESH, LONGEST_DELAY, PRODUCT, STALE
from monitor.models import HostState, HttpRequest
from tests.fetching.fakes import LOOPBACK, NOW, FakeClock, FakeResolver, fetching, run
from tests.fetching.zoo import FEED, OK, Server, answer, bomb, close, packed, redirect, serve, silence

if TYPE_CHECKING:
    from monitor.fetching.fetcher import Fetcher
    from tests.fetching.zoo import Handler

NO_ADMIN = b"User-agent: *\nDisallow: /admin\n"


class Site:
    """Answers /robots.txt with `robots`, which may be changed, and everything else with `page`."""

    def __init__(self, robots: Handler, page: Handler | None = None) -> None:
        self.robots = robots
        self.page = page or answer(FEED)

    async def __call__(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        handler = self.robots if head.split()[1] == b"/robots.txt" else self.page
        await handler(head, writer)


def text(*lines: str) -> Handler:
    return answer("\n".join(lines).encode(), b"Content-Type: text/plain")


def page(server: Server, path: str = "/post") -> HttpRequest:
    return HttpRequest(url=server.url(path), for_people=True)


def asked(server: Server) -> list[str]:
    return [head.split()[1].decode() for head in server.heads]


async def may_read(fetcher: Fetcher, request: HttpRequest) -> bool:
    try:
        await fetcher.fetch(request, allow=LOOPBACK)
    except RobotsRefused:
        return False
    return True


# ── How it is asked for ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_is_read_where_robots_let_us_and_feeds_are_not_asked_about() -> None:
    async def check() -> None:
        async with serve(Site(answer(NO_ADMIN))) as server, fetching() as fetcher:
            assert await may_read(fetcher, page(server))
            assert not await may_read(fetcher, page(server, "/admin/1"))
            await fetcher.fetch(HttpRequest(url=server.url("/admin/feed")), allow=LOOPBACK)
            assert asked(server) == ["/robots.txt", "/post", "/admin/feed"]
            robots_head = server.heads[0].decode().lower()
            assert f"user-agent: {PRODUCT}/" in robots_head

    run(check())


def test_feeds_alone_never_ask() -> None:
    async def check() -> None:
        async with serve(Site(text("User-agent: *", "Disallow: /"))) as server, fetching() as fetcher:
            await fetcher.fetch(HttpRequest(url=server.url("/feed")), allow=LOOPBACK)
            assert asked(server) == ["/feed"]
            assert fetcher.host_states() == ()

    run(check())


@pytest.mark.parametrize(
    ("handler", "allowed"),
    [
        (answer(b"Disallow: /", status=b"404 Not Found"), True),
        (answer(b"", status=b"401 Unauthorized"), True),
        (answer(b"", status=b"403 Forbidden"), True),
        (answer(b"", status=b"410 Gone"), True),
        (answer(b""), True),
        (answer(b"", status=b"204 No Content"), True),
        (redirect("/robots.txt"), True),  # leads nowhere
        (answer(b"", status=b"429 Too Many Requests"), False),
        (answer(b"", status=b"500 Internal Server Error"), False),
        (answer(b"", status=b"503 Service Unavailable"), False),
        (close(b""), False),
        (close(OK + b"Content-Length: 100\r\n\r\nUser-agent: *"), False),
        (silence, False),
        (bomb, False),
        (close(OK + b"Content-Length: 99999999\r\n\r\n"), False),
        (close(packed(gzip.compress(b"User-agent: *\nDisallow: /"))), False),
    ],
    ids=[
        *("404", "401", "403", "410", "empty", "204", "circle", "429", "500", "503"),
        *("closed", "cut", "silence", "bomb", "announced bomb", "refused in gzip"),
    ],
)
def test_a_file_that_is_not_there_opens_a_host_and_one_that_cannot_be_read_closes_it(
    handler: Handler, *, allowed: bool
) -> None:
    async def check() -> None:
        quick = timedelta(seconds=1) if handler is silence else timedelta(seconds=20)
        async with serve(Site(handler)) as server, fetching(timeout=quick) as fetcher:
            assert await may_read(fetcher, page(server)) is allowed
            assert ("/post" in asked(server)) is allowed

    run(check())


def test_redirects_of_robots_are_followed_to_other_hosts_and_guarded() -> None:
    async def check() -> None:
        site = Site(text("User-agent: *", "Disallow: /a"))
        async with serve(site) as there, serve(Site(redirect(there.url("/robots.txt")))) as here, fetching() as fetcher:
            assert not await may_read(fetcher, page(here, "/a"))
            assert await may_read(fetcher, page(here, "/b"))
        async with serve(Site(redirect("http://10.0.0.1/robots.txt"))) as server, fetching() as fetcher:
            with pytest.raises(AddressRefused):
                await fetcher.fetch(page(server), allow=LOOPBACK)
            assert asked(server) == ["/robots.txt"]

    run(check())


def test_a_refusal_says_what_it_is() -> None:
    async def check() -> None:
        async with serve(Site(answer(NO_ADMIN))) as server, fetching() as fetcher:
            with pytest.raises(RobotsRefused, match="asks not to read this page") as caught:
                await fetcher.fetch(page(server, "/admin?key=s3cret"), allow=LOOPBACK)
            assert (caught.value.reason, caught.value.retry_at) == ("robots", None)
            assert "s3cret" not in str(caught.value)

    run(check())


def test_every_hop_of_a_page_is_asked_about() -> None:
    async def check() -> None:
        async with serve(Site(text("User-agent: *", "Disallow: /closed"))) as there:
            here_site = Site(answer(NO_ADMIN), redirect(there.url("/closed/1")))
            async with serve(here_site) as here, fetching() as fetcher:
                assert not await may_read(fetcher, page(here))
                assert asked(there) == ["/robots.txt"]
                here_site.page = redirect(there.url("/open"))
                assert await may_read(fetcher, page(here))
                here_site.page = redirect("/admin/login")
                assert not await may_read(fetcher, page(here))
                assert asked(here) == ["/robots.txt", "/post", "/post", "/post"]

    run(check())


def test_those_who_come_together_wait_for_one_file() -> None:
    async def check() -> None:
        async with serve(Site(answer(NO_ADMIN))) as server, fetching() as fetcher:
            requests = [page(server, f"/{number}") for number in range(5)] + [page(server, "/admin")]
            outcomes = await asyncio.gather(*(may_read(fetcher, request) for request in requests))
            assert outcomes == [True] * 5 + [False]
            assert asked(server).count("/robots.txt") == 1

    run(check())


# ── How long it is believed ─────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_asked_for_once_in_24_hours() -> None:
    clock = FakeClock()

    async def check() -> None:
        site = Site(answer(NO_ADMIN))
        async with serve(site) as server, fetching(clock=clock) as fetcher:
            assert not await may_read(fetcher, page(server, "/admin"))
            site.robots = text("User-agent: *", "Disallow: /other")
            clock.time += FRESH - timedelta(seconds=1)
            assert not await may_read(fetcher, page(server, "/admin"))
            assert asked(server) == ["/robots.txt"]
            clock.time += timedelta(seconds=1)
            assert await may_read(fetcher, page(server, "/admin"))
            assert not await may_read(fetcher, page(server, "/other"))

    run(check())


def test_it_survives_a_restart() -> None:
    clock = FakeClock()

    async def check() -> None:
        async with serve(Site(answer(NO_ADMIN))) as server:
            async with fetching(clock=clock) as fetcher:
                assert await may_read(fetcher, page(server))
                rows = fetcher.host_states()
            assert [(row.robots, row.robots_at) for row in rows] == [("user-agent: *\ndisallow: /admin", NOW)]
            clock.time += timedelta(hours=23)
            async with fetching(clock=clock, hosts=rows) as fetcher:
                assert not await may_read(fetcher, page(server, "/admin"))
                # What is stored already is not stored again with every poll.
                assert fetcher.host_states() == ()
                assert fetcher.state_of(rows[0].host) == rows[0]
            assert asked(server) == ["/robots.txt", "/post"]

    run(check())


def test_an_old_copy_speaks_for_a_host_whose_file_cannot_be_read() -> None:
    clock = FakeClock()

    async def check() -> None:
        site = Site(answer(NO_ADMIN))
        async with serve(site) as server, fetching(clock=clock) as fetcher:
            assert await may_read(fetcher, page(server))
            site.robots = answer(b"", status=b"500 Broken")
            clock.time = NOW + STALE - timedelta(seconds=1)
            assert await may_read(fetcher, page(server))
            assert not await may_read(fetcher, page(server, "/admin"))
            clock.time = NOW + STALE
            with pytest.raises(RobotsRefused, match=r"cannot be read \(HTTP 500\)"):
                await fetcher.fetch(page(server), allow=LOOPBACK)
            assert asked(server).count("/robots.txt") == 2

    run(check())


def test_a_file_that_cannot_be_read_is_asked_for_again_ever_more_rarely() -> None:
    clock = FakeClock()
    minutes = (1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360)

    async def check() -> None:
        site = Site(answer(b"", status=b"502 Bad Gateway"))
        async with serve(site) as server, fetching(clock=clock) as fetcher:
            for number, wait in enumerate(minutes, 1):
                with pytest.raises(RobotsRefused) as caught:
                    await fetcher.fetch(page(server), allow=LOOPBACK)
                assert caught.value.retry_at == clock.time + timedelta(minutes=wait)
                clock.time += timedelta(minutes=wait) - timedelta(seconds=1)
                assert not await may_read(fetcher, page(server))
                assert len(server.heads) == number
                clock.time += timedelta(seconds=1)
            site.robots = answer(NO_ADMIN)
            assert await may_read(fetcher, page(server))

    run(check())


def test_a_clock_that_was_set_back_closes_nothing() -> None:
    clock = FakeClock()

    async def check() -> None:
        site = Site(answer(b"", status=b"500 Broken"))
        async with serve(site) as server, fetching(clock=clock) as fetcher:
            assert not await may_read(fetcher, page(server))
            clock.time -= timedelta(days=400)
            site.robots = answer(NO_ADMIN)
            assert await may_read(fetcher, page(server))

    run(check())


def test_a_host_that_asks_for_peace_gets_it_before_its_robots() -> None:
    async def check() -> None:
        slow = answer(b"", b"Retry-After: 60", status=b"503 Slow")
        async with serve(Site(slow)) as server, fetching() as fetcher:
            for _ in range(2):
                with pytest.raises(StatusError) as caught:
                    await fetcher.fetch(page(server), allow=LOOPBACK)
                assert caught.value.retry_at == NOW + timedelta(seconds=60)
            assert asked(server) == ["/robots.txt"]

    run(check())


def test_hosts_without_end_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robots, "_KEPT", 100 * 1024)
    clock = FakeClock()

    async def check() -> None:
        rules = robots.Robots(clock=clock)
        read: list[str] = []

        async def visit(host: str) -> None:
            async def fetch() -> bytes:
                read.append(host)
                return b"User-agent: *\nDisallow: /" + b"a" * 1000

            await rules.delay_of(host, f"http://{host}/", fetch=fetch)

        for number in range(1000):
            await visit(f"r{number}.example:80")
            clock.time += timedelta(seconds=1)
            assert sum(known.size for known in rules._known.values()) < 102 * 1024
        read.clear()
        await visit("r999.example:80")
        await visit("r0.example:80")
        assert read == ["r0.example:80"]

    run(check())


# ── How slowly ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("asked_for", "gap"), [("10", 10.0), ("1", 2.0), ("3600", LONGEST_DELAY.total_seconds())])
def test_crawl_delay_lengthens_the_gap_of_the_host_for_feeds_too(asked_for: str, gap: float) -> None:
    clock = FakeClock()

    async def check() -> None:
        site = Site(text("User-agent: *", f"Crawl-delay: {asked_for}"))
        async with serve(site) as server, fetching(clock=clock, gap=timedelta(seconds=2)) as fetcher:
            await fetcher.fetch(page(server), allow=LOOPBACK)
            assert clock.slept == [2.0]
            await fetcher.fetch(page(server), allow=LOOPBACK)
            await fetcher.fetch(HttpRequest(url=server.url("/feed")), allow=LOOPBACK)
            assert clock.slept == [2.0, gap, gap]

    run(check())


def test_crawl_delay_survives_a_restart() -> None:
    clock = FakeClock()

    async def check() -> None:
        async with serve(Site(answer(FEED))) as server:
            row = HostState(
                host=f"127.0.0.1:{server.port}",
                next_at=NOW + timedelta(seconds=30),
                robots="user-agent: *\ncrawl-delay: 40",
                robots_at=NOW,
            )
            async with fetching(clock=clock, hosts=(row,), gap=timedelta(seconds=2)) as fetcher:
                await fetcher.fetch(page(server), allow=LOOPBACK)
                assert clock.slept == [30.0]

    run(check())


def test_robots_belong_to_a_host_and_its_port() -> None:
    async def check() -> None:
        resolver = FakeResolver(a_test=[["127.0.0.1"]], b_test=[["127.0.0.1"]])
        async with serve(Site(answer(NO_ADMIN))) as server, fetching(resolver=resolver) as fetcher:
            for host in ("a.test", "b.test"):
                assert await may_read(fetcher, HttpRequest(url=f"http://{host}:{server.port}/x", for_people=True))
            assert asked(server) == ["/robots.txt", "/x", "/robots.txt", "/x"]

    run(check())
