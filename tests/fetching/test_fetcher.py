"""What a fetch sends, what it makes of the answer, and how it treats the host afterwards."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from email.utils import format_datetime

import pytest

from monitor import __version__
from monitor.errors import AddressRefused, ConnectFailed, FetchError, RedirectRefused, StatusError
from monitor.models import HostState, HttpRequest, Validators
from tests.fetching.fakes import LOOPBACK, NOW, FakeClock, FakeResolver, connects, fetching, run
from tests.fetching.zoo import FEED, Server, answer, chain, close, keep, redirect, serve

GAP = timedelta(seconds=2)


def sent(server: Server, number: int = -1) -> dict[str, str]:
    """The headers of a request as the server saw them."""
    lines = server.heads[number].decode("latin-1").split("\r\n")[1:-2]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def test_what_is_sent() -> None:
    async def check() -> None:
        async with serve(answer(FEED)) as server, fetching() as fetcher:
            await fetcher.fetch(HttpRequest(url=server.url("/feed?a=1#top")), allow=LOOPBACK)
            assert server.heads[0].startswith(b"GET /feed?a=1 HTTP/1.1\r\n")
            assert sent(server) == {
                "host": f"127.0.0.1:{server.port}",
                "user-agent": f"brand-mention-monitor/{__version__} (+support@example.org)",
                "accept": "*/*",
                "accept-encoding": "gzip",
            }

    run(check())


def test_headers_of_the_request_go_before_those_of_the_source_and_framing_stays_ours() -> None:
    async def check() -> None:
        async with serve(answer(FEED)) as server, fetching() as fetcher:
            own = (
                ("User-Agent", "ours"),
                ("X-Key", "source"),
                ("Accept-Encoding", "br"),
                ("Host", "evil"),
                ("X-Ж", "ж"),
            )
            request = HttpRequest(url=server.url(), headers=(("x-key", "request"), ("Accept", "application/json")))
            await fetcher.fetch(request, allow=LOOPBACK, headers=own[:4])
            headers = sent(server)
            assert headers["user-agent"] == "ours"
            assert headers["x-key"] == "request"
            assert headers["accept"] == "application/json"
            assert headers["accept-encoding"] == "gzip"
            assert headers["host"] == f"127.0.0.1:{server.port}"

    run(check())


def test_a_body_is_posted() -> None:
    async def check() -> None:
        async with serve(answer(FEED)) as server, fetching() as fetcher:
            request = HttpRequest(url=server.url(), method="post", body=b'{"q": 1}')
            response = await fetcher.fetch(request, allow=LOOPBACK, validators=Validators(etag='"1"'))
            assert response.body == FEED
            assert server.heads[0].startswith(b"POST / ")
            assert sent(server)["content-length"] == "8"
            assert "if-none-match" not in sent(server)

    run(check())


def test_credentials_in_the_url_are_sent_as_a_header_and_are_not_in_the_answer() -> None:
    async def check() -> None:
        async with serve(answer(FEED)) as server, fetching() as fetcher:
            url = server.url("/feed").replace("http://", "http://j:p@")
            response = await fetcher.fetch(HttpRequest(url=url), allow=LOOPBACK)
            assert sent(server)["authorization"] == "Basic ajpw"
            assert response.url == server.url("/feed")

    run(check())


@pytest.mark.parametrize("etag", ['"abc"', 'W/"abc"', "abc", '"\u00ff\u0081"'])
def test_validators_come_back_exactly_as_given(etag: str) -> None:
    date = "Sat, 21 Nov 2026 10:00:00 GMT"

    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b"if-none-match: " + etag.encode("latin-1") + b"\r\n" in head:
            await keep(b"HTTP/1.1 304 Not Modified\r\nETag: other\r\n\r\n")(head, writer)
        else:
            await answer(FEED, b"ETag: " + etag.encode("latin-1"), b"Last-Modified: " + date.encode())(head, writer)

    async def check() -> None:
        async with serve(handler) as server, fetching() as fetcher:
            first = await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            assert first.validators == Validators(etag=etag, last_modified=date)
            assert not first.not_modified
            second = await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK, validators=first.validators)
            assert (second.not_modified, second.status, second.body) == (True, 304, b"")
            assert second.validators == first.validators
            assert sent(server)["if-modified-since"] == date

    run(check())


def test_a_response_tells_what_came() -> None:
    async def check() -> None:
        async with serve(chain(2)) as server, fetching() as fetcher:
            response = await fetcher.fetch(HttpRequest(url=server.url("/0")), allow=LOOPBACK)
            assert response.url == server.url("/2")
            assert response.status == 200
            assert response.header("Content-Length") == str(len(FEED))
            assert response.headers == (("content-length", str(len(FEED))),)
            assert response.elapsed > timedelta()

    run(check())


def test_secrets_stay_at_the_origin_and_validators_travel() -> None:
    async def check() -> None:
        async with serve(answer(FEED)) as there, serve(redirect(there.url("/x"), b"307 Temporary Redirect")) as here:
            async with fetching() as fetcher:
                headers = (("Authorization", "Bearer s3cret"), ("Cookie", "a=s3cret"), ("X-Api-Key", "s3cret"))
                await fetcher.fetch(
                    HttpRequest(url=here.url()), allow=LOOPBACK, headers=headers, validators=Validators(etag='"1"')
                )
            assert sent(here)["authorization"] == "Bearer s3cret"
            assert b"s3cret" not in there.heads[0]
            assert sent(there)["if-none-match"] == '"1"'

    run(check())


def test_cookies_are_neither_kept_nor_sent() -> None:
    async def check() -> None:
        async with serve(answer(FEED, b"Set-Cookie: a=b; Path=/")) as server, fetching() as fetcher:
            for _ in range(2):
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            assert "cookie" not in sent(server)

    run(check())


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.9:9")

    async def check() -> None:
        async with serve(answer(FEED)) as server, fetching() as fetcher:
            with connects() as dialled:
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            assert dialled == [("127.0.0.1", server.port)]

    run(check())


def test_loopback_needs_leave() -> None:
    async def check() -> None:
        async with serve(answer(FEED)) as server, fetching() as fetcher:
            await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            # The connection that is kept for the first source is not lent to the second.
            with pytest.raises(AddressRefused, match="loopback"):
                await fetcher.fetch(HttpRequest(url=server.url()))
            assert len(server.heads) == 1

    run(check())


def test_a_circle_of_two_is_seen() -> None:
    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        await redirect("/b" if head.startswith(b"GET /a") else "/a")(head, writer)

    async def check() -> None:
        async with serve(handler) as server, fetching() as fetcher:
            with pytest.raises(RedirectRefused, match="circle"):
                await fetcher.fetch(HttpRequest(url=server.url("/a")), allow=LOOPBACK)
            assert len(server.heads) == 2

    run(check())


@pytest.mark.parametrize(("roam", "reached"), [(True, True), (False, False)])
def test_an_opened_network_may_be_bound_to_the_origin_that_was_asked_for(*, roam: bool, reached: bool) -> None:
    asked: list[bytes] = []

    async def admin(head: bytes, writer: asyncio.StreamWriter) -> None:
        asked.append(head)
        await answer(b"secret")(head, writer)

    async def story() -> None:
        async with serve(admin) as there, serve(redirect(there.url("/admin"))) as here, fetching() as fetcher:
            fetch = fetcher.fetch(HttpRequest(url=here.url()), allow=LOOPBACK, roam=roam)
            if reached:
                assert (await fetch).body == b"secret"
            else:
                with pytest.raises(AddressRefused):
                    await fetch

    asyncio.run(story())
    assert bool(asked) == reached


@pytest.mark.parametrize(("hops", "allowed"), [(0, True), (3, True), (4, False)])
def test_the_number_of_redirects(hops: int, *, allowed: bool) -> None:
    async def check() -> None:
        async with serve(chain(hops)) as server, fetching(redirects=3) as fetcher:
            if allowed:
                assert (await fetcher.fetch(HttpRequest(url=server.url("/0")), allow=LOOPBACK)).body == FEED
            else:
                with pytest.raises(RedirectRefused, match="more than 3"):
                    await fetcher.fetch(HttpRequest(url=server.url("/0")), allow=LOOPBACK)
            assert len(server.heads) == min(hops, 3) + 1

    run(check())


def test_every_hop_takes_its_turn_and_a_host_may_redirect_to_itself() -> None:
    clock = FakeClock()

    async def check() -> None:
        async with serve(chain(2)) as server, fetching(clock=clock, gap=GAP) as fetcher:
            await fetcher.fetch(HttpRequest(url=server.url("/0")), allow=LOOPBACK)
            assert clock.slept == [2.0, 2.0]
            await fetcher.fetch(HttpRequest(url=server.url("/2")), allow=LOOPBACK, gap=timedelta())
            await fetcher.fetch(HttpRequest(url=server.url("/2")), allow=LOOPBACK, gap=timedelta())
            assert clock.slept == [2.0, 2.0, 2.0]

    run(check())


def test_politeness_is_no_part_of_the_deadline() -> None:
    async def check() -> None:
        clock = FakeClock()
        patient = fetching(clock=clock, gap=timedelta(hours=1), timeout=timedelta(seconds=5))
        async with serve(answer(FEED)) as server, patient as fetcher:
            for _ in range(3):
                response = await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
                assert response.elapsed < timedelta(minutes=1)
        assert clock.slept == [3600.0, 3600.0]

    run(check())


@pytest.mark.parametrize(
    ("status", "header", "expected"),
    [
        (b"429 Too Many Requests", b"Retry-After: 90", timedelta(seconds=90)),
        (b"503 Service Unavailable", b"Retry-After: " + format_datetime(NOW + GAP, usegmt=True).encode(), GAP),
        (b"403 Forbidden", b"Retry-After: 90", timedelta(seconds=90)),
        (b"429 Too Many Requests", b"Retry-After: 9999999", timedelta(hours=24)),
        (b"429 Too Many Requests", b"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 30", timedelta(seconds=30)),
    ],
)
def test_a_host_that_asks_for_peace_gets_it(status: bytes, header: bytes, expected: timedelta) -> None:
    clock = FakeClock()
    number = int(status[:3])

    async def check() -> None:
        async with serve(answer(b"", header, status=status)) as server, fetching(clock=clock) as fetcher:
            host = f"127.0.0.1:{server.port}"
            for path in ("/a", "/b"):
                with pytest.raises(StatusError) as caught:
                    await fetcher.fetch(HttpRequest(url=server.url(path)), allow=LOOPBACK)
                assert (caught.value.status, caught.value.retry_at) == (number, NOW + expected)
            assert len(server.heads) == 1
            assert fetcher.host_states() == (fetcher.state_of(host),)
            assert fetcher.state_of(host).retry_at == NOW + expected
            clock.time += expected
            with pytest.raises(StatusError):
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            assert len(server.heads) == 2

    run(check())


def test_the_host_that_asked_is_the_one_that_is_spared() -> None:
    async def check() -> None:
        slow = serve(answer(b"", b"Retry-After: 60", status=b"429 Slow"))
        async with slow as there, serve(redirect(there.url())) as here, fetching() as fetcher:
            for _ in range(2):
                with pytest.raises(StatusError):
                    await fetcher.fetch(HttpRequest(url=here.url()), allow=LOOPBACK)
            assert (len(here.heads), len(there.heads)) == (2, 1)
            assert fetcher.state_of(f"127.0.0.1:{here.port}").retry_at is None

    run(check())


def test_retry_after_survives_a_restart() -> None:
    async def check() -> None:
        async with serve(answer(FEED)) as server:
            row = HostState(host=f"127.0.0.1:{server.port}", retry_at=NOW + timedelta(hours=1))
            async with fetching(hosts=(row,)) as fetcher:
                with pytest.raises(StatusError) as caught:
                    await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
                assert caught.value.retry_at == row.retry_at
                assert server.connections == 0

    run(check())


def test_no_more_exchanges_at_once_than_settings_allow() -> None:
    running = 0
    most = 0

    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        await answer(FEED)(head, writer)

    async def check() -> None:
        resolver = FakeResolver(**{f"h{number}_test": [["127.0.0.1"]] for number in range(12)})
        async with serve(handler) as server, fetching(parallel=3, resolver=resolver) as fetcher:
            urls = [f"http://h{number}.test:{server.port}/" for number in range(12)]
            await asyncio.gather(*(fetcher.fetch(HttpRequest(url=url), allow=LOOPBACK) for url in urls))
            assert most == 3

    run(check())


SECRET = "s3cret-c4nary"


@pytest.mark.parametrize(
    ("headers", "reply"),
    [
        ((), close(b"HTTP/1.1 200 OK\r\nBad Name: " + SECRET.encode() + b"\r\n\r\n")),
        ((("X-Key", f"{SECRET}\n"),), answer(FEED)),
        ((("Bad Name", SECRET),), answer(FEED)),
        ((), answer(b"", status=b"404 " + SECRET.encode())),
        ((), answer(b"", b"Retry-After: 5", status=b"503 " + SECRET.encode())),
        ((), redirect(f"http://user:{SECRET}@127.0.0.1/")),
        ((), redirect(f"//10.0.0.1/{SECRET}?{SECRET}")),
        ((), redirect(f"file:///{SECRET}")),
        ((), close(SECRET.encode() * 9)),
        ((), answer(FEED)),
    ],
)
def test_secrets_reach_neither_logs_nor_messages(
    headers: tuple[tuple[str, str], ...], reply: object, caplog: pytest.LogCaptureFixture
) -> None:
    async def check() -> None:
        async with serve(reply) as server, fetching() as fetcher:  # type: ignore[arg-type]
            url = server.url(f"/{SECRET}?key={SECRET}").replace("//", f"//u:{SECRET}@", 1)
            try:
                await fetcher.fetch(HttpRequest(url=url, headers=headers), allow=LOOPBACK)
            except FetchError:
                logging.getLogger("test").exception("as the daemon would log it, with all that it was caused by")

    with caplog.at_level(logging.DEBUG):
        run(check())
    assert SECRET not in caplog.text


def test_a_header_that_is_no_header_is_told_apart_from_a_bad_server() -> None:
    async def check() -> None:
        async with serve(answer(FEED)) as server, fetching() as fetcher:
            with pytest.raises(ConnectFailed, match="not legal HTTP"):
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK, headers=(("a\r\nX: b", "c"),))
            assert server.heads == []

    run(check())


def test_the_loggers_that_print_urls_are_silenced() -> None:
    async def check() -> None:
        async with fetching():
            assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
            assert not logging.getLogger("httpcore").isEnabledFor(logging.DEBUG)

    run(check())
