"""Kind `sitemap`: indexes, packed files, dates that lie, patterns, hostile files."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from monitor.config import kind_options
from monitor.errors import Blocked, Malformed, ReadError
from monitor.models import HttpRequest, Page, Response
from monitor.sources.sitemap import SitemapKind, pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON

URL = "https://site.example/sitemap.xml"
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


def kind(**options: object) -> SitemapKind:
    return SitemapKind(URL, kind_options("sitemap", json.dumps(options)))


def urls(*entries: str) -> str:
    return f"<urlset {NS}>{''.join(f'<url>{one}</url>' for one in entries)}</urlset>"


def index(*entries: str) -> str:
    return f"<sitemapindex {NS}>{''.join(f'<sitemap>{one}</sitemap>' for one in entries)}</sitemapindex>"


def entry(path: str, changed: str = "") -> str:
    return f"<loc>https://site.example/{path}</loc>" + (f"<lastmod>{changed}</lastmod>" if changed else "")


def read(
    body: str | bytes, reader: SitemapKind | None = None, request: HttpRequest | None = None, **given: object
) -> Page:
    reader = reader or kind()
    started = reader.start({}, NOW)
    assert isinstance(started, HttpRequest)
    request = request or started
    cursor = given.get("cursor", {})
    assert isinstance(cursor, dict)
    body = body.encode() if isinstance(body, str) else body
    return reader.read(request, Response(url=request.url, status=200, headers=(), body=body), cursor)


def paths(page: Page) -> list[str]:
    return [str(post.url).removeprefix("https://site.example/") for post in page.posts]


def test_gives_the_newest_addresses_first_and_those_without_a_date_last() -> None:
    page = read(urls(entry("undated"), entry("old", "2026-11-01"), entry("b", "2026-11-15"), entry("a", "2026-11-17")))
    assert paths(page) == ["a", "b", "undated"]
    assert all(post.published is None for post in page.posts)


def test_takes_all_where_age_does_not_matter() -> None:
    assert paths(read(urls(entry("old", "2001-01-01")), kind(newer_than="0s"))) == ["old"]


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("2026/11/nordvika-opens_its-api.html", "nordvika opens its api"),
        ("news/71234/", "news"),
        ("%D0%BA%D0%B0%D1%81%D1%81%D0%B0", "касса"),
        ("", "https://site.example/"),
    ],
)
def test_titles_are_the_words_of_the_address(path: str, title: str) -> None:
    assert [post.title for post in read(urls(entry(path))).posts] == [title]


def test_chooses_addresses_by_pattern() -> None:
    sitemap = urls(entry("news/1a"), entry("news/tag/x"), entry("about"))
    assert paths(read(sitemap, kind(include=r"/news/", exclude=[r"/tag/"]))) == ["news/1a"]


def test_what_is_too_old_or_not_wanted_is_no_empty_sitemap() -> None:
    sitemap = urls(entry("old", "2020-01-01"), entry("older", "2019-01-01"))
    assert (read(sitemap).posts, read(sitemap).listed) == ((), 2)
    assert read(urls(entry("about")), kind(include="/news/")).listed == 1
    assert read(urls(entry("about"))).listed is None
    assert read(urls()).listed is None


def test_reads_the_files_of_an_index_when_they_change() -> None:
    body = index(entry("a.xml", "2026-11-01"), entry("b.xml.gz", "2026-11-17"), entry("c.xml"))
    page = read(body)
    assert [request.url.rpartition("/")[2] for request in page.threads] == ["b.xml.gz", "a.xml", "c.xml"]
    cursor: Mapping[str, JSON] = page.cursor
    for request in page.threads:
        assert isinstance(request, HttpRequest)
        inner = read(urls(entry("x", "2026-11-17")), request=request, cursor=cursor)
        assert paths(inner) == ["x"]
        cursor = inner.cursor
    again = read(body.replace("2026-11-17", "2026-11-18"), cursor=cursor)
    assert [request.url.rpartition("/")[2] for request in again.threads] == ["b.xml.gz", "c.xml"]


def test_reads_no_more_files_than_it_may() -> None:
    body = index(*(entry(f"{day}.xml", f"2026-10-{day:02}") for day in range(1, 31)))
    page = read(body, kind(files=2))
    assert [request.url.rpartition("/")[2] for request in page.threads] == ["30.xml", "29.xml"]


def test_an_index_leads_to_its_own_site_only() -> None:
    page = read(index("<loc>https://evil.example/a.xml</loc>", "<loc>http://169.254.169.254/</loc>", entry("a.xml")))
    assert [request.url for request in page.threads] == ["https://site.example/a.xml"]
    with pytest.raises(Malformed, match=r"another site: evil\.example$"):
        read(index("<loc>https://evil.example/a.xml?key=secret</loc>"))
    request = page.threads[0]
    assert isinstance(request, HttpRequest)
    with pytest.raises(Malformed, match="index of sitemaps stands in an index"):
        read(index(entry("b.xml")), request=request)


def test_unpacks() -> None:
    assert paths(read(gzip.compress(urls(entry("a")).encode()))) == ["a"]


@pytest.mark.parametrize(
    "entries",
    [
        "<url><loc>https://site.example/a?x=1&y=2</loc></url>",
        "<url><loc><![CDATA[https://site.example/a?x=1&y=2]]></loc></url>",
        "<url><loc>\n https://site.example/a?x=1&amp;y=2 \n</loc><foo:bar>1</foo:bar></url>",
    ],
)
def test_reads_what_is_nearly_xml(entries: str) -> None:
    assert paths(read(f"\ufeff\n<?xml version='1.0' encoding='windows-1251'?><urlset {NS}>{entries}</urlset>\n")) == [
        "a?x=1&y=2"
    ]


def test_reads_a_sitemap_without_a_namespace() -> None:
    assert paths(read("<urlset><url><loc>https://site.example/a</loc></url></urlset>")) == ["a"]
    assert read("<urlset/>").posts == ()


BOMB = (
    "<!DOCTYPE x ["
    + "".join(f'<!ENTITY {chr(97 + n)} "{f"&{chr(96 + n)};" * 10 if n else "x"}">' for n in range(9))
    + "]>"
)


@pytest.mark.parametrize(
    ("body", "raised", "words"),
    [
        ("<!doctype html><html><head><title>Log in</title></head>", Blocked, "sitemap was due: Log in"),
        ("<rss><channel/></rss>", Malformed, "kind feed reads it"),
        (urls(entry("a"))[:-5], Malformed, "cut off"),
        (gzip.compress(urls(entry("a")).encode())[:-9], Malformed, "cut off"),
        (b"\x1f\x8bnonsense", Malformed, "not gzip"),
        (gzip.compress(b" " * (65 * 1024 * 1024)), Malformed, "MB when inflated"),
        (BOMB + urls("<loc>&i;</loc>"), Malformed, "not a sitemap"),
        ("https://site.example/a\nhttps://site.example/b", Malformed, "not a sitemap"),
        (urls(*(entry(f"u{n}") for n in range(2_100))), Malformed, "narrow them down"),
        ("<urlset>" * 300 + "</urlset>", Malformed, "not XML|too deep"),
    ],
    ids=range(10),
)
def test_says_why_a_file_is_no_sitemap(body: str | bytes, raised: type[ReadError], words: str) -> None:
    with pytest.raises(raised, match=words):
        read(body)


def test_comments_without_end_cost_no_time() -> None:
    with pytest.raises(Malformed, match="not a sitemap"):
        read("<!-- a --> " * 20_000 + "<!-- " * 20_000)


@pytest.mark.parametrize("loc", ["javascript:alert(1)", "", "https://[", "ftp://x/", "x" * 9_000])
def test_leaves_out_what_is_no_address(loc: str) -> None:
    assert paths(read(urls(f"<loc>{loc}</loc>", entry("a")))) == ["a"]


@pytest.mark.parametrize(
    "text", [r"/news/\d+-", r"^https://[^/]+/(?:blog|news)/[a-z-]+/?$", r"\.html$", r"(?:blog|news)?/x", "[+*(]+x"]
)
def test_takes_patterns_that_are_quick(text: str) -> None:
    assert pattern(text).pattern == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"(a+)+$", "repeats"),
        (r"(?:a|aa)+$", "repeats"),
        (r"((ab)*c)*d", "repeats"),
        (r"(?P<x>\w?)*", "repeats"),
        (r"(a)\1", "refers back"),
        (r".*.*.*.*.*.*x", "more than"),
        (r"(", "no regular expression"),
    ],
)
def test_refuses_patterns_that_can_take_for_ever(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pattern(text)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"include": "(a+)+"}, "include: "), ({"files": 0}, "files: "), ({"timezone": "x"}, "timezone")],
)
def test_refuses_options_that_cannot_work(options: dict[str, object], message: str) -> None:
    with pytest.raises(Exception, match=message):
        kind(**options)
