"""Documents made to crash, hang or break out: each is read or refused, and soon.

On an idle processor each takes well under a second; without the trimming before feedparser some take minutes. The
bound here is wide, because a busy machine is slow.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ReadError
from monitor.models import Page, Response
from monitor.sources.feed import FeedKind, FeedOptions

SIZE = 400_000
HEAD = (
    '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:m="http://search.yahoo.com/mrss/"><channel>'
)


def rss(inner: str) -> str:
    return f"{HEAD}<item><title>t</title>{inner}</item></channel></rss>"


def filled(unit: str, size: int = SIZE) -> str:
    return unit * (size // len(unit))


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
HOSTILE = {
    "billion laughs": f'<!DOCTYPE rss [<!ENTITY l0 "lol">{LAUGHS}]>{rss("<description>&l9;</description>")}',
    "external entity": f'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/hostname">]>{rss("<description>&x;</description>")}',
    "external dtd": f'<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">{rss("")}',
    "a path as a document": "/etc/hostname",
    "an address as a document": "http://127.0.0.1:9/feed",
    "comments that never end": rss(f"<description>{filled('<!--')}</description>"),
    "the same, escaped": rss(f"<description><![CDATA[{filled('<!--')}]]></description>"),
    "nested elements": rss(filled("<x>", SIZE // 2) + filled("</x>", SIZE // 2)),
    "nested markup": rss(f"<description>{filled('&lt;div&gt;')}</description>"),
    "nested xhtml": rss(f"<description>{filled('<div>', SIZE // 2)}{filled('</div>', SIZE // 2)}</description>"),
    "an author without end": rss(f"<author>{'a' * SIZE}</author>"),
    "authors without end": filled(f"<item><author>{'a' * 250}</author></item>").join((HEAD, "</channel></rss>")),
    "categories": rss("".join(f"<category>{n}</category>" for n in range(SIZE // 25))),
    "attributes": rss("<x " + " ".join(f'a{n}="1"' for n in range(SIZE // 10)) + "/>"),
    "links": rss(filled('<link rel="x" href="a"/>')),
    "namespaces": rss("<x " + " ".join(f'xmlns:a{n}="u{n}"' for n in range(SIZE // 20)) + "/>"),
    "undeclared prefixes": rss("".join(f"<p{n}:x/>" for n in range(SIZE // 12))),
    "half tags": rss(filled("<a ")),
    "end tags": rss(filled("</")),
    "ampersands": rss(filled("&")),
    "CDATA that never ends": rss(filled("<![CDATA[")),
    "titles that never end": rss(filled("<title>")),
    "items": HEAD + filled("<item/>") + "</channel></rss>",
    "NUL bytes": rss(f"<description>{filled(chr(0) + 'x')}</description>"),
    "a long date": rss(f"<pubDate>{filled('Mon, 1 Jan 2020 ')}</pubDate>"),
    "digits for a date": rss(f"<pubDate>{'9' * SIZE}</pubDate>"),
    "bases": rss(filled('<x xml:base="http://[">', 5000) + filled("</x>", 1000)),
    "roots": filled("<rss>"),
    "doctypes": filled("<!DOCTYPE ["),
    "instructions": filled("<?x "),
    "json arrays": '{"version": "https://jsonfeed.org/version/1.1", "items": ' + "[" * SIZE,
    "json numbers": '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": ' + "9" * SIZE + "}]}",
}


def read(body: bytes) -> Page | ReadError:
    kind = FeedKind("https://served.example/feed", FeedOptions())
    request = kind.start({}, datetime(2026, 11, 18, tzinfo=UTC))
    try:
        return kind.read(request, Response(url=kind.url, status=200, headers=(), body=body), {})
    except ReadError as error:
        return error


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_cost_little(name: str) -> None:
    began = time.process_time()
    outcome = read(HOSTILE[name].encode())
    assert time.process_time() - began < 10.0
    if isinstance(outcome, Page):
        assert all(len(post.text) <= 64 * 1024 for post in outcome.posts)
        assert "lollol" not in repr(outcome)
    else:
        assert str(outcome)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    assert isinstance(read(body), Page | ReadError)


PIECES = [
    *("<rss>", "</rss>", "<channel>", "</channel>", "<item>", "</item>", "<title>", "</title>", "<link>", "</link>"),
    *("<feed xmlns='http://www.w3.org/2005/Atom'>", "</feed>", "<entry>", "</entry>", "<content type='xhtml'>"),
    *("</content>", "<content mode='base64'>", "<id>", "</id>", "<author>", "</author>", "<name>", "</name>"),
    *("<pubDate>", "</pubDate>", "<updated>", "</updated>", "<source url='x'>", "</source>", "<media:rating>"),
    *("</media:rating>", "<media:credit/>", "<image>", "</image>", "<textInput/>", "<guid>", "</guid>", "<rating>5"),
    *("</rating>", "<link href='x' rel='next'/>", "<link href='http://[' xml:base='http://]'/>", "<svg>", "</svg>"),
    *("<thr:in-reply-to ref='x'/>", "<slash:comments>", "<media:statistics>", "<media:thumbnail/>", "<itunes:x/>"),
    *("<![CDATA[", "]]>", "&", "&#x1f;", "&#0;", "<!--", "-->", "<!DOCTYPE x [", "<!ENTITY a 'b'>", "]>", "&a;"),
    *("{", '"version"', "Привет", "\x00", "\ud83d", "\ufffe", "2026-11-18T00:00:00Z", "-0001-11-30", "99:99", "<"),
]


@settings(deadline=None, max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=30), st.booleans())
def test_any_jumble_of_feeds_is_read_or_refused(pieces: list[str], whole: bool) -> None:
    jumble = "".join(pieces)
    document = f'<rss version="2.0"><channel><item>{jumble}</item></channel></rss>' if whole else jumble
    assert isinstance(read(document.encode("utf-8", "surrogatepass")), Page | ReadError)


@settings(deadline=None, max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(
            ["id", "url", "title", "content_html", "content_text", "summary", "date_published", "authors", "author"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "url"]), inner),
            max_leaves=5,
        ),
    )
)
def test_any_json_item_is_read(item: dict[str, object]) -> None:
    document = {"version": "https://jsonfeed.org/version/1.1", "items": [item]}
    outcome = read(json.dumps(document).encode("utf-8", "surrogatepass"))
    assert isinstance(outcome, Page)
    assert len(outcome.posts) == 1
