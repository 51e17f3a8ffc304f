"""Reading a mailbox: what is asked, what is given, and what a hostile or broken server does to us."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.errors import (
    AddressRefused,
    BodyTooLarge,
    ConnectFailed,
    DeadlineExceeded,
    LoginRefused,
    Malformed,
    SourceError,
    StatusError,
)
from monitor.fetching import mailbox
from monitor.fetching.fetcher import tls_context
from monitor.fetching.proxy import parse_proxy
from monitor.models import ImapRequest
from tests.fetching.fakes import LOOPBACK, FakeClock, FakeResolver, connects, fetching, run, until
from tests.fetching.post import PASSWORD, USER, MailServer, post_office
from tests.fetching.proxies import ProxyServer, proxy_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fetching.post import Nasty


def letter(number: int, size: int = 0) -> bytes:
    return b"Subject: no. %d\r\n\r\nDear desk (%b)\r\n" % (number, b"x" * size)


def office(*uids: int, **settings: Any) -> MailServer:
    return MailServer(messages={uid: letter(uid) for uid in uids}, **settings)


def wanted(server: MailServer, **settings: Any) -> ImapRequest:
    return ImapRequest(**({"url": server.url(), "user": USER, "password": PASSWORD} | settings))


@pytest.mark.parametrize("uid_behind", [False, True])
def test_the_first_visit_brings_the_newest_messages(uid_behind: bool) -> None:
    async def check() -> None:
        async with post_office(office(3, 5, 8, 9, uid_behind=uid_behind)) as server, fetching() as fetcher:
            url = server.url().replace("//", "//desk:x@")
            response = await fetcher.fetch_mail(wanted(server, url=url, limit=3), allow=LOOPBACK)
            assert response.messages == ((5, letter(5)), (8, letter(8)), (9, letter(9)))
            assert (response.status, response.header("uidvalidity"), response.url) == (200, "7", server.url())
            assert response.elapsed > timedelta()

    run(check())


@pytest.mark.parametrize(
    ("since", "limit", "expected"), [(5, 9, [8, 9]), (0, 2, [3, 5]), (9, 9, []), (8, 9, [9]), (2**32 - 1, 9, [])]
)
def test_the_next_visit_brings_what_came_since_oldest_first(since: int, limit: int, expected: list[int]) -> None:
    async def check() -> None:
        async with post_office(office(3, 5, 8, 9)) as server, fetching() as fetcher:
            request = wanted(server, since=since, validity=7, limit=limit)
            response = await fetcher.fetch_mail(request, allow=LOOPBACK)
            assert [uid for uid, _ in response.messages] == expected

    run(check())


def test_another_validity_makes_old_numbers_mean_nothing() -> None:
    async def check() -> None:
        async with post_office(office(1, 2, validity=8)) as server, fetching() as fetcher:
            response = await fetcher.fetch_mail(wanted(server, since=900, validity=7), allow=LOOPBACK)
            assert [uid for uid, _ in response.messages] == [1, 2]
            assert response.header("uidvalidity") == "8"

    run(check())


def test_an_empty_mailbox_is_no_error() -> None:
    async def check() -> None:
        async with post_office(office()) as server, fetching() as fetcher:
            response = await fetcher.fetch_mail(wanted(server), allow=LOOPBACK)
            assert (response.messages, response.header("uidvalidity")) == ((), "7")

    run(check())


def test_nothing_is_marked_or_changed() -> None:
    async def check() -> None:
        async with post_office(office(1)) as server, fetching() as fetcher:
            await fetcher.fetch_mail(wanted(server), allow=LOOPBACK)
            names = [" ".join(command.split()[: 2 if command.startswith("UID") else 1]) for command in server.commands]
            assert names == ["CAPABILITY", "LOGIN", "EXAMINE", "FETCH", "UID FETCH", "UID FETCH", "LOGOUT"]
            assert "BODY.PEEK[]" in server.commands[5]

    run(check())


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("", "INBOX"),
        ("Brand%20news", "Brand news"),
        ("Alerts/Google", "Alerts/Google"),
        ('a"b', 'a\\"b'),
        ("R&D", "R&-D"),
        ("Упоминания", "&BCMEPwQ+BDwEOAQ9BDAEPQQ4BE8-"),
    ],
)
def test_a_folder_is_named_as_imap_does(path: str, folder: str) -> None:
    async def check() -> None:
        async with post_office(office(1, folder=folder)) as server, fetching() as fetcher:
            response = await fetcher.fetch_mail(wanted(server, url=server.url(path)), allow=LOOPBACK)
            assert len(response.messages) == 1

    run(check())


def test_a_folder_that_is_not_there() -> None:
    async def check() -> None:
        async with post_office(office(1)) as server, fetching() as fetcher:
            with pytest.raises(Malformed, match="no such folder"):
                await fetcher.fetch_mail(wanted(server, url=server.url("Other")), allow=LOOPBACK)

    run(check())


@pytest.mark.parametrize(
    ("password", "refusal", "error"),
    [
        ("wrong", b"NO [AUTHENTICATIONFAILED] go away", LoginRefused),
        ("wrong", b"BAD go away", LoginRefused),
        ("line\r\nA LOGOUT", b"NO", LoginRefused),
        ("пароль", b"NO", LoginRefused),
        ("wrong", b"NO [UNAVAILABLE] later", ConnectFailed),
    ],
)
def test_a_login_that_is_refused(password: str, refusal: bytes, error: type[SourceError]) -> None:
    async def check() -> None:
        async with post_office(office(1, refusal=refusal)) as server, fetching() as fetcher:
            with pytest.raises(error) as caught:
                await fetcher.fetch_mail(wanted(server, password=password), allow=LOOPBACK)
            assert password not in str(caught.value)
            assert "go away" not in str(caught.value)
            assert not any(command.startswith("A LOGOUT") for command in server.commands)

    run(check())


def test_a_password_with_letters_beyond_ascii_goes_as_sasl() -> None:
    async def authenticate(tag: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+ \r\n")
        server.nasty[""] = accept  # whatever comes next
        server.nasty.pop("AUTHENTICATE")
        tags.append(tag)

    async def accept(_tag: bytes, writer: asyncio.StreamWriter) -> None:
        server.nasty.clear()
        writer.write(tags[0] + b" OK welcome\r\n")

    tags: list[bytes] = []
    server = office(1, nasty={"AUTHENTICATE": authenticate})

    async def check() -> None:
        async with post_office(server), fetching() as fetcher:
            response = await fetcher.fetch_mail(wanted(server, password="ключ"), allow=LOOPBACK)
            assert len(response.messages) == 1
            assert "AUTHENTICATE PLAIN" in server.commands

    run(check())


def say(data: bytes, *, tagged: bytes = b"") -> Nasty:
    async def act(tag: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data + (tag + tagged if tagged else b""))

    return act


async def hang_up(_tag: bytes, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def silence(_tag: bytes, _writer: asyncio.StreamWriter) -> None:
    pass


async def flood(_tag: bytes, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"* 1 FETCH (UID 1)\r\n" * 1000)
        await writer.drain()


OK = b" OK done\r\n"


@pytest.mark.parametrize(
    ("command", "act", "error"),
    [
        ("EXAMINE", hang_up, ConnectFailed),
        ("LOGIN", hang_up, ConnectFailed),
        ("UID FETCH", hang_up, ConnectFailed),
        ("EXAMINE", say(b"* BYE go\r\n"), ConnectFailed),
        ("UID FETCH", say(b"* 1 FETCH (UID 1 BODY[]<0> {4000000000}\r\n"), BodyTooLarge),
        ("UID FETCH", say(b"* 1 FETCH (UID 1 BODY[]<0> {" + b"9" * 5000 + b"}\r\n"), Malformed),
        ("UID FETCH", flood, BodyTooLarge),
        ("UID FETCH", say(b"x" * 600_000), BodyTooLarge),
        ("EXAMINE", say(b"* 1 EXISTS\r\n", tagged=OK), Malformed),
        ("EXAMINE", say(b"* 1 EXISTS\r\n* OK [UIDVALIDITY no] x\r\n", tagged=OK), Malformed),
        ("EXAMINE", say(b"* many EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n", tagged=OK), ConnectFailed),
        ("CAPABILITY", say(b"* CAPABILITY IMAP2\r\n", tagged=OK), Malformed),
        ("CAPABILITY", say(b"* CAPABILITY \xff\xfe\r\n", tagged=OK), Malformed),
        ("FETCH", say(b"HTTP/1.1 200 OK\r\n"), ConnectFailed),
        ("UID FETCH", say(b"", tagged=b" NO never\r\n"), Malformed),
        ("UID FETCH", say(b"", tagged=b" BAD never\r\n"), Malformed),
    ],
)
def test_a_broken_or_hostile_server(command: str, act: Nasty, error: type[SourceError]) -> None:
    async def check() -> None:
        async with post_office(office(1, nasty={command: act})) as server, fetching() as fetcher:
            with pytest.raises(error, match=r"127\.0\.0\.1:\d+|more than was asked for"):
                await fetcher.fetch_mail(wanted(server), allow=LOOPBACK)
            await server.gone.wait()

    run(check())


@pytest.mark.parametrize("greeting", [b"* BYE too many\r\n", b"220 mail ESMTP\r\n", b"\r\n", b"* NO\r\n"])
def test_a_greeting_that_is_none(greeting: bytes) -> None:
    async def check() -> None:
        async with post_office(office(1, greeting=greeting)) as server, fetching() as fetcher:
            with pytest.raises((ConnectFailed, Malformed)):
                await fetcher.fetch_mail(wanted(server), allow=LOOPBACK)

    run(check())


def test_a_server_that_knows_us_asks_for_no_login() -> None:
    async def check() -> None:
        async with post_office(office(1, greeting=b"* PREAUTH welcome\r\n")) as server, fetching() as fetcher:
            response = await fetcher.fetch_mail(wanted(server), allow=LOOPBACK)
            assert len(response.messages) == 1
            assert not any(command.startswith("LOGIN") for command in server.commands)

    run(check())


@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "UID FETCH"])
def test_silence_ends_at_the_deadline_and_the_connection_with_it(command: str) -> None:
    async def check() -> None:
        server = office(1, nasty={command: silence})
        async with post_office(server), fetching(timeout=timedelta(seconds=0.3)) as fetcher:
            with pytest.raises(DeadlineExceeded):
                await fetcher.fetch_mail(wanted(server), allow=LOOPBACK)
            await server.gone.wait()

    run(check())


def test_a_server_that_takes_no_leave_costs_nothing_that_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "_FAREWELL", 0.1)

    async def check() -> None:
        async with post_office(office(1, nasty={"LOGOUT": silence})) as server, fetching() as fetcher:
            response = await fetcher.fetch_mail(wanted(server), allow=LOOPBACK)
            assert len(response.messages) == 1

    run(check())


def test_a_long_message_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "MESSAGE_CAP", 1000)

    async def check() -> None:
        server = MailServer(messages={1: letter(1, 50_000), 2: letter(2)})
        async with post_office(server), fetching() as fetcher:
            response = await fetcher.fetch_mail(wanted(server), allow=LOOPBACK)
            assert response.messages == ((1, letter(1, 50_000)[:1000]), (2, letter(2)))

    run(check())


def test_more_than_fits_is_brought_in_several_visits() -> None:
    async def check() -> None:
        server = MailServer(messages={uid: letter(uid, 100_000) for uid in (1, 2, 3, 4, 5)})
        async with post_office(server), fetching(wire_cap=256 * 1024) as fetcher:
            since, seen = 0, []
            for _ in range(3):
                response = await fetcher.fetch_mail(wanted(server, since=since, validity=7), allow=LOOPBACK)
                seen.append([uid for uid, _ in response.messages])
                since = seen[-1][-1]
            assert seen == [[1, 2], [3, 4], [5]]

    run(check())


def test_messages_given_in_quotes_or_not_at_all() -> None:
    async def check() -> None:
        async def sizes(tag: bytes, writer: asyncio.StreamWriter) -> None:
            server.nasty = {"UID FETCH": say(bodies, tagged=OK)}
            lines = [b"* %d FETCH (UID %d RFC822.SIZE 3)\r\n" % (n, n) for n in (1, 2, 3)]
            writer.write(b"".join(lines) + tag + OK)

        bodies = (
            b'* 1 FETCH (UID 1 BODY[]<0> "a\\"b")\r\n* 2 FETCH (UID 2 BODY[]<0> NIL)\r\n'
            b"* 9 FETCH (UID 9 BODY[]<0> {3}\r\nnot)\r\n* 3 FETCH (UID 3 FLAGS ())\r\n"
        )
        server = office(1, 2, 3, nasty={"UID FETCH": sizes})
        async with post_office(server), fetching() as fetcher:
            response = await fetcher.fetch_mail(wanted(server), allow=LOOPBACK)
            assert response.messages == ((1, b'a"b'), (2, b""))

    run(check())


def test_a_mailbox_without_tls_is_read_only_at_an_allowed_address() -> None:
    async def check() -> None:
        resolver = FakeResolver(mail_test=[["127.0.0.1"]], public_test=[["93.184.215.14"]])
        async with post_office(office(1)) as server, fetching(resolver=resolver) as fetcher:
            with connects() as dialled:
                for host, allow in (("mail.test", ()), ("public.test", LOOPBACK), ("public.test", ())):
                    url = server.url().replace("127.0.0.1", host)
                    with pytest.raises(AddressRefused):
                        await fetcher.fetch_mail(wanted(server, url=url), allow=allow)
                assert dialled == []
                url = server.url().replace("127.0.0.1", "mail.test")
                await fetcher.fetch_mail(wanted(server, url=url), allow=LOOPBACK)
                assert dialled == [("127.0.0.1", server.port)]

    run(check())


@pytest.mark.parametrize("url", ["http://127.0.0.1/INBOX", "imaps:///INBOX", "pop3://127.0.0.1/", "INBOX"])
def test_what_is_no_mailbox(url: str) -> None:
    async def check() -> None:
        async with fetching() as fetcher:
            with pytest.raises(AddressRefused):
                await fetcher.fetch_mail(ImapRequest(url=url, user="a", password="b"), allow=LOOPBACK)

    run(check())


def test_a_mail_host_has_its_queue_and_its_peace() -> None:
    async def check() -> None:
        clock = FakeClock()
        async with post_office(office(1)) as server, fetching(clock=clock, gap=timedelta(seconds=2)) as fetcher:
            for _ in range(2):
                await fetcher.fetch_mail(wanted(server), allow=LOOPBACK)
            assert clock.slept == [2.0]
            fetcher.leave_alone(server.url(), timedelta(hours=1))
            with pytest.raises(StatusError):
                await fetcher.fetch_mail(wanted(server), allow=LOOPBACK)

    run(check())


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_mailbox_is_reached_by_the_proxy_of_its_source(scheme: str) -> None:
    async def check() -> None:
        async with proxy_server(ProxyServer(scheme)) as way, post_office(office(1)) as server, fetching() as fetcher:
            proxy = parse_proxy(way.url(), allow=LOOPBACK)
            response = await fetcher.fetch_mail(wanted(server), allow=LOOPBACK, proxy=proxy)
            assert len(response.messages) == 1
            assert way.reached == [f"127.0.0.1:{server.port}"]
            with pytest.raises(AddressRefused):
                await fetcher.fetch_mail(wanted(server, url="imaps://10.0.0.1/"), proxy=proxy)
            assert way.connections == 1

    run(check())


def test_the_loop_goes_on_while_a_server_is_slow() -> None:
    async def check() -> None:
        go = asyncio.Event()

        async def wait(tag: bytes, writer: asyncio.StreamWriter) -> None:
            await go.wait()
            writer.write(tag + OK)

        async with post_office(office(1, nasty={"LOGIN": wait})) as server, fetching() as fetcher:
            reading = asyncio.create_task(fetcher.fetch_mail(wanted(server), allow=LOOPBACK))
            await until(lambda: any(command.startswith("LOGIN") for command in server.commands))
            go.set()
            assert len((await reading).messages) == 1

    run(check())


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl program is not installed")
    folder: Path = tmp_path_factory.mktemp("tls")
    options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=mail.test"
    command = ["openssl", "req", *options.split(), "-addext", "subjectAltName=DNS:mail.test"]
    subprocess.run([*command, "-keyout", "key.pem", "-out", "cert.pem"], cwd=folder, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    client = tls_context(protocol="imap")
    client.load_verify_locations(folder / "cert.pem")
    return client, server


def test_tls_with_the_certificate_of_the_name(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def check() -> None:
        resolver = FakeResolver(mail_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]])
        async with post_office(office(4), tls=tls[1]) as server, fetching(tls=tls[0], resolver=resolver) as fetcher:
            good = wanted(server, url=server.url().replace("127.0.0.1", "mail.test"))
            assert (await fetcher.fetch_mail(good, allow=LOOPBACK)).messages == ((4, letter(4)),)
            server.commands.clear()
            bad = wanted(server, url=server.url().replace("127.0.0.1", "other.test"))
            with pytest.raises(ConnectFailed, match="certificate refused"):
                await fetcher.fetch_mail(bad, allow=LOOPBACK)
            assert server.commands == []

    run(check())


def test_a_server_that_shakes_no_hands(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def stare(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        gone.set()

    gone = asyncio.Event()

    async def check() -> None:
        listener = await asyncio.start_server(stare, "127.0.0.1", 0)
        url = f"imaps://127.0.0.1:{listener.sockets[0].getsockname()[1]}/INBOX"
        async with listener, fetching(tls=tls[0], timeout=timedelta(seconds=0.3)) as fetcher:
            with pytest.raises(DeadlineExceeded):
                await fetcher.fetch_mail(ImapRequest(url=url, user=USER, password=PASSWORD), allow=LOOPBACK)
            await gone.wait()

    run(check())
