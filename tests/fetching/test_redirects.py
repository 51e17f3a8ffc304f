from __future__ import annotations

import pytest

from monitor.errors import AddressRefused, RedirectRefused
from monitor.fetching.redirects import Hop, first_hop, next_hop
from monitor.models import HttpRequest

SECRETS = (("Authorization", "Bearer s3cret"), ("Cookie", "sid=s3cret"), ("X-Api-Key", "s3cret"))
HARMLESS = (("Accept", "text/xml"), ("Accept-Language", "ru"), ("User-Agent", "u"))
HOME = "https://example.org/feeds/all"


def hop(url: str = HOME, **given: object) -> Hop:
    request = HttpRequest(url=url, **given)  # type: ignore[arg-type]
    return first_hop(request, (*SECRETS, *HARMLESS))


def follow(start: Hop, location: str | None, status: int = 302) -> Hop:
    following = next_hop(start, status=status, location=location)
    assert following is not None
    return following


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/rss", "https://example.org/rss"),
        ("rss", "https://example.org/feeds/rss"),
        ("?page=2", "https://example.org/feeds/all?page=2"),
        ("//other.example/x", "https://other.example/x"),
        ("http://example.org/x#part", "http://example.org/x"),
        ("HTTPS://EXAMPLE.ORG/x", "https://example.org/x"),
        ("/лента", "https://example.org/%D0%BB%D0%B5%D0%BD%D1%82%D0%B0"),
    ],
)
def test_targets(location: str, expected: str) -> None:
    assert str(follow(hop(), location).url) == expected


@pytest.mark.parametrize("status", [200, 204, 300, 304, 305, 306, 400, 404, 503])
def test_other_statuses_lead_nowhere(status: int) -> None:
    assert next_hop(hop(), status=status, location="/x") is None


@pytest.mark.parametrize("location", ["/x", "https://example.org:443/x"])
def test_the_same_origin_sees_every_header(location: str) -> None:
    assert follow(hop(), location).headers == (*SECRETS, *HARMLESS)


@pytest.mark.parametrize(
    "location",
    [
        "http://example.org/x",  # a downgrade
        "https://example.org:8443/x",
        "https://www.example.org/x",
        "https://example.org./x",
        "https://other.example/x",
    ],
)
def test_another_origin_sees_no_secret(location: str) -> None:
    assert follow(hop(), location).headers == HARMLESS


def test_secrets_do_not_come_back_on_the_way_back() -> None:
    away = follow(hop(), "https://other.example/x")
    assert follow(away, "https://example.org/y").headers == HARMLESS


@pytest.mark.parametrize(
    ("method", "status", "expected", "carries"),
    [
        ("POST", 301, "GET", False),
        ("POST", 302, "GET", False),
        ("POST", 303, "GET", False),
        ("PUT", 303, "GET", False),
        ("POST", 307, "POST", True),
        ("POST", 308, "POST", True),
        ("PUT", 302, "PUT", True),
        ("HEAD", 303, "HEAD", False),
    ],
)
def test_methods_and_bodies(method: str, status: int, expected: str, *, carries: bool) -> None:
    start = hop(method=method, body=None if method == "HEAD" else b"form", headers=(("Content-Type", "text/plain"),))
    following = follow(start, "/x", status)
    assert following.method == expected
    assert (following.body is not None) is carries
    assert (("Content-Type", "text/plain") in following.headers) is carries


def test_a_body_goes_to_no_other_site() -> None:
    with pytest.raises(RedirectRefused, match="body"):
        follow(hop(method="POST", body=b"form"), "https://other.example/x", 307)


@pytest.mark.parametrize(
    "location",
    [
        None,
        "file:///etc/hostname",
        "javascript:alert(1)",
        "ftp://x/",
        "http://a:b@x/",
        "//a@x/",
        "http://[::1/",
        "http://x:y/",
    ],
)
def test_what_cannot_be_followed(location: str | None) -> None:
    with pytest.raises(RedirectRefused):
        follow(hop(), location)


@pytest.mark.parametrize("location", ["http://x:0/", "http://x:70000/", "http://%6c/", "http:///x"])
def test_what_cannot_be_dialled(location: str) -> None:
    with pytest.raises((AddressRefused, RedirectRefused)):
        follow(hop(), location)


def test_a_configured_user_name_becomes_a_header() -> None:
    start = hop("https://j%40x:p%20w@example.org/feed#top")
    assert str(start.url) == "https://example.org/feed"
    assert start.headers[-1] == ("Authorization", "Basic akB4OnAgdw==")
    assert "s3cret" not in repr(start)
    assert follow(start, "http://example.org/feed").headers == HARMLESS
