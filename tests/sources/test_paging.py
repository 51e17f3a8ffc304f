from __future__ import annotations

import pytest

from monitor.models import Response
from monitor.sources.paging import next_link, own_address, with_parameter

HOME = "https://api.example/v1/search?q=a%20b&key=${KEY}"


@pytest.mark.parametrize(
    ("url", "value", "expected"),
    [
        (HOME, "2", "https://api.example/v1/search?q=a%20b&key=${KEY}&page=2"),
        ("https://api.example/v1", "a&b=ё", "https://api.example/v1?page=a%26b%3D%D1%91"),
        ("https://api.example/v1?page=1&x=2#part", "2", "https://api.example/v1?x=2&page=2"),
        ("https://api.example/v1?xpage=1&%70age=7", "2", "https://api.example/v1?xpage=1&page=2"),
        ("https://api.example/v1", "${KEY}", "https://api.example/v1?page=%24%7BKEY%7D"),
    ],
)
def test_sets_one_parameter_and_leaves_the_rest_as_it_is_spelt(url: str, value: str, expected: str) -> None:
    assert with_parameter(url, "page", value) == expected


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/v1/search?page=2", "https://api.example/v1/search?page=2"),
        ("?page=2", "https://api.example/v1/search?page=2"),
        ("http://api.example/v1?page=2", "https://api.example/v1?page=2"),
        ("https://API.example:443/v1", "https://api.example/v1"),
        ("https://api.example/v1?key=${KEY}", "https://api.example/v1?key=${KEY}"),
        ("https://api.example/v1?key=${OTHER}", None),
        ("https://evil.example/v1", None),
        ("https://api.example@evil.example/", None),
        ("https://api.example:8443/v1", None),
        ("//evil.example/x", None),
        ("file:///etc/passwd", None),
        ("http://169.254.169.254/latest", None),
        ("javascript:alert(1)", None),
        ("https://[", None),
        ("x" * 9000, None),
    ],
)
def test_goes_on_only_on_the_source_s_own_host(link: str, expected: str | None) -> None:
    assert own_address(link, "https://api.example/v1/search", HOME) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            '<https://a.example/p?page=2>; rel="next", <https://a.example/p?page=9>; rel="last"',
            "https://a.example/p?page=2",
        ),
        ('<https://a.example/p?a=1,2;b=3>; title="a, b"; rel="prev next"', "https://a.example/p?a=1,2;b=3"),
        ("<?page=2>; rel=next", "https://a.example/list?page=2"),
        ('<https://a.example/p>; rel="prev"', None),
        ('<https://a.example/p>; rel="nextish"', None),
        ("<" * 5000, None),
        ("", None),
    ],
)
def test_reads_the_link_header(value: str, expected: str | None) -> None:
    response = Response(url="https://a.example/list", status=200, headers=(("link", value),), body=b"")
    assert next_link(response) == expected
