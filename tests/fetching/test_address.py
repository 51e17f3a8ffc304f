"""The table of addresses and URLs that must not be dialled, pure and at the socket."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import httpx
import pytest

from monitor.errors import AddressRefused
from monitor.fetching.address import check_address, check_url, host_of, parse_url
from monitor.fetching.dial import SystemResolver
from monitor.models import HttpRequest
from tests.fetching.fakes import LOOPBACK, connects, fetching, run
from tests.fetching.zoo import answer, serve

DENIED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255",
    "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255",
    "192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1",
    "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "192.31.196.1", "192.52.193.1", "192.175.48.1",
    "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1",
    "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "2620:4f:8000::1", "3fff::1",
    "3fff:fff::1", "4000::1", "5f00::1", "8000::1", "e000::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
    "febf::1", "fec0::1", "feff::1", "ff02::1", "ff0e::1",
]  # fmt: skip

OPEN = ["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.1.1.1", "128.0.0.1"]
OPEN += [
    "169.253.1.1",
    "169.255.1.1",
    "172.15.1.1",
    "172.32.1.1",
    "191.255.1.1",
    "193.0.0.1",
    "198.17.1.1",
    "198.20.1.1",
]
OPEN += ["223.255.255.1", "2606:4700::1111", "2a00:1450::1", "2001:4860:4860::8888", "2003::1", "::ffff:8.8.8.8"]

# Spellings that this machine's resolver turns into loopback, private or link-local addresses, without a network.
SPELLINGS = [
    "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://017700000001/", "http://127.1/",
    "http://127.0.1/", "http://0/", "http://0x0/", "http://0xa9fea9fe/", "http://2852039166/", "http://0x7F.0.0.1/",
    "http://10.1/", "http://192.168.257/", "http://[::1]/", "http://[::]/", "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]/", "http://[::ffff:169.254.169.254]/", "http://[64:ff9b::7f00:1]/",
    "http://user@127.0.0.1/", "http://good.example@127.0.0.1/", "http://good.example\\@127.0.0.1/",
    "http://127.0.0.1#@good.example/", "http://127.0.0.1?@good.example/", "https://127.0.0.1:8443/",
    "http://169.254.169.254:80/latest/meta-data/", "HTTP://127.0.0.1/",
]  # fmt: skip

NO_URLS = [
    "", "feed", "//127.0.0.1/", "http:", "http://", "http:///feed", "ftp://127.0.0.1/", "file:///etc/hostname",
    "gopher://127.0.0.1/", "javascript:alert(1)", "data:text/plain,x", "unix:///run/x", "http://127.0.0.1:0/",
    "http://127.0.0.1:65536/", "http://127.0.0.1:-1/", "http://127.0.0.1:x/", "http://127.0.0.1:80:80/",
    "http://[fe80::1%25eth0]/", "http://[::1%lo]/", "http://127.0.0.%31/", "http://%6c/", "http://[::1/", "http://[]/",
    "http://256.0.0.1/", "http://0177.0.0.1/", "http://①②⑦.0.0.1/", "http://a\x00b/", "http://a\r\nb/", "http://a b/",
    "http://xn--/", "http://xn--a/", "http://\u202e/",
]  # fmt: skip


@pytest.mark.parametrize("text", DENIED)
def test_denied(text: str) -> None:
    assert check_address(ip_address(text), ()) is not None


@pytest.mark.parametrize("text", OPEN)
def test_open(text: str) -> None:
    assert check_address(ip_address(text), ()) is None


def test_the_table_is_long() -> None:
    assert len(DENIED) + len(SPELLINGS) + len(NO_URLS) >= 60


def test_the_reason_names_the_network() -> None:
    assert check_address(ip_address("100.64.0.1"), ()) == "carrier-grade NAT"
    assert check_address(ip_address("::ffff:127.0.0.1"), ()) == "loopback"


@pytest.mark.parametrize(
    ("text", "allow", "opened"),
    [
        ("10.1.2.3", "10.1.0.0/16", True),
        ("10.2.2.3", "10.1.0.0/16", False),
        ("::ffff:10.1.2.3", "10.1.0.0/16", True),
        ("::1", "127.0.0.0/8", False),
        ("::1", "::1/128", True),
        ("fd00::5", "fd00::/8", True),
        ("64:ff9b::808:808", "64:ff9b::/96", True),
    ],
)
def test_allow_opens_its_network_and_no_other(text: str, allow: str, opened: bool) -> None:
    assert (check_address(ip_address(text), (ip_network(allow),)) is None) is opened


@pytest.mark.parametrize("text", NO_URLS)
def test_what_is_no_url_to_fetch(text: str) -> None:
    with pytest.raises(AddressRefused):
        parse_url(text)


@pytest.mark.parametrize(
    "text", ["http://example.org", "https://example.org:8443/a?b#c", "http://пример.рф/", "http://a:b@c/"]
)
def test_what_is_a_url(text: str) -> None:
    check_url(httpx.URL(text))


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("http://Example.ORG/feed", "example.org:80"),
        ("https://example.org/", "example.org:443"),
        ("https://example.org:443/", "example.org:443"),
        ("http://example.org.:8080/", "example.org:8080"),
        ("http://user:secret@example.org/", "example.org:80"),
        ("https://[2001:DB8::1]/", "[2001:db8::1]:443"),
        ("https://пример.рф/", "xn--e1afmkfd.xn--p1ai:443"),
        ("imaps://Mail.example.org/INBOX", "mail.example.org:993"),
        ("imap://desk@mail.example.org/INBOX", "mail.example.org:143"),
    ],
)
def test_host_of(text: str, host: str) -> None:
    assert host_of(text) == host


@pytest.mark.parametrize("url", [*SPELLINGS, *NO_URLS, *(f"http://[{ip}]/" for ip in DENIED if ":" in ip)])
def test_nothing_is_dialled(url: str) -> None:
    async def check() -> None:
        # The machine's own resolver: it reads spellings of numbers without asking anybody.
        async with fetching(resolver=SystemResolver()) as fetcher:
            with connects() as dialled, pytest.raises(AddressRefused):
                await fetcher.fetch(HttpRequest(url=url))
            assert dialled == []

    run(check())


def test_the_watch_sees_what_is_dialled() -> None:
    async def check() -> None:
        async with serve(answer(b"")) as server, fetching() as fetcher:
            with connects() as dialled:
                await fetcher.fetch(HttpRequest(url=server.url()), allow=LOOPBACK)
            assert dialled == [("127.0.0.1", server.port)]

    run(check())
