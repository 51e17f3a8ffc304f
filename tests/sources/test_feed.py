"""What a feed's spellings become; whole documents are in the pairs that test_contract reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import Blocked, Malformed
from monitor.models import Author, HttpRequest, Page, Post, PostType, Response
from monitor.sources.feed import FeedKind, FeedOptions

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
URL = "https://served.example/dir/feed.xml"
NAMESPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:review="http://purl.org/stuff/rev#" xmlns:slash="http://purl.org/rss/1.0/modules/slash/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wfw="http://wellformedweb.org/CommentAPI/"'
)


def read(document: str | bytes, *, content_type: str = "text/xml", elapsed: timedelta = timedelta()) -> Page:
    kind = FeedKind(URL, FeedOptions())
    body = document if isinstance(document, bytes) else document.encode()
    headers = (("content-type", content_type),)
    return kind.read(
        kind.start({}, NOW), Response(url=URL, status=200, headers=headers, body=body, elapsed=elapsed), {}
    )


def item(inner: str) -> Post:
    link = "<link>https://site.example/blog/</link>"
    return read(f'<rss version="2.0" {NAMESPACES}><channel>{link}<item>{inner}</item></channel></rss>').posts[0]


def entry(inner: str, around: str = "") -> Post:
    return read(f'<feed xmlns="http://www.w3.org/2005/Atom">{around}<entry>{inner}</entry></feed>').posts[0]


@pytest.mark.parametrize(
    ("given", "published"),
    [
        ("Tue, 17 Nov 2026 09:30:00 +0300", datetime(2026, 11, 17, 6, 30, tzinfo=UTC)),
        ("2026-11-17T09:30:00Z", datetime(2026, 11, 17, 9, 30, tzinfo=UTC)),
        ("2026-11-17 09:30:00", datetime(2026, 11, 17, 9, 30, tzinfo=UTC)),
        ("Wed, 18 Nov 2026 12:59:00 GMT", datetime(2026, 11, 18, 12, 59, tzinfo=UTC)),
        ("Wed, 18 Nov 2026 13:01:00 GMT", None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", None),
        ("9999-12-31T23:59:59Z", None),
        ("-0001-11-30T00:00:00+00:00", None),
        ("0000-00-00 00:00:00", None),
        ("вчера", None),
        ("9" * 5000, None),
        ("", None),
    ],
)
def test_dates_are_utc_and_believable_or_absent(given: str, published: datetime | None) -> None:
    assert item(f"<title>x</title><pubDate>{given}</pubDate>").published == published


def test_an_answer_that_took_long_may_hold_later_dates() -> None:
    document = (
        "<rss><channel><item><title>x</title><pubDate>Wed, 18 Nov 2026 13:01:00 GMT</pubDate></item></channel></rss>"
    )
    assert read(document, elapsed=timedelta(minutes=2)).posts[0].published is not None


def test_updated_stands_in_for_published() -> None:
    post = entry("<id>a</id><published>soon</published><updated>2026-11-17T00:00:00Z</updated>")
    assert post.published == datetime(2026, 11, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("inner", "author"),
    [
        ("<author>noreply@blogger.example (Иван Петров)</author>", Author(name="Иван Петров")),
        ("<author>Иван Петров &lt;ivan@site.example&gt;</author>", Author(name="Иван Петров")),
        ("<author>ivan@site.company</author>", Author(name="ivan@site.company")),
        ("<dc:creator>Ольга &lt;3</dc:creator>", Author(name="Ольга <3")),
        ('<dc:creator><![CDATA[<a href="/u/7">Лев</a>]]></dc:creator>', Author(name="Лев")),
        ("<dc:creator>AT&amp;amp;T</dc:creator>", Author(name="AT&T")),
        ("<dc:creator><![CDATA[<script>x()</script>]]></dc:creator>", Author(name="<script>x()</script>")),
        ("<dc:creator>  </dc:creator>", Author()),
        ("<title>nobody</title>", Author()),
    ],
)
def test_authors_of_rss(inner: str, author: Author) -> None:
    assert item(inner).author == author


def test_authors_of_atom_come_with_addresses_and_from_the_feed() -> None:
    feed_author = "<author><name>Редакция</name><uri>https://site.example/us</uri></author>"
    assert entry("<id>a</id>", feed_author).author == Author(name="Редакция", url="https://site.example/us")
    own = "<author><name>Bo</name><uri>/bo</uri></author><author><name>Al</name></author>"
    assert entry(f"<id>a</id>{own}", feed_author).author == Author(name="Bo", url="https://served.example/bo")
    assert entry("<author><uri>javascript:alert(1)</uri></author>").author == Author()


@pytest.mark.parametrize(
    ("inner", "url"),
    [
        ("<link>https://a.example/1</link>", "https://a.example/1"),
        ("<link>1?a=1&amp;b=2</link>", "https://site.example/blog/1?a=1&b=2"),
        ("<guid>https://a.example/2</guid>", "https://a.example/2"),
        ("<guid isPermaLink='false'>https://a.example/3</guid>", None),
        ("<guid>t3_abc</guid>", None),
        ("<link>javascript:alert(1)</link>", None),
        (
            "<link>http://www.bing.com/news/apiclick.aspx?url=https%3a%2f%2fb.example%2fx&amp;c=1</link>",
            "https://b.example/x",
        ),
    ],
)
def test_addresses_of_rss(inner: str, url: str | None) -> None:
    assert item(f"<title>x</title>{inner}").url == url


def test_addresses_of_atom_follow_xml_base_and_ids_do_not() -> None:
    post = entry('<id>7</id><link href="7.html"/>', "<title>t</title>")
    assert (post.native_id, post.url) == ("7", "https://served.example/dir/7.html")
    based = read(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://b.example/x/">'
        '<entry xml:base="y/"><id>7</id><link href="7.html"/></entry></feed>'
    ).posts[0]
    assert (based.native_id, based.url) == ("7", "https://b.example/x/y/7.html")


def test_an_atom_id_is_the_address_only_if_it_is_one() -> None:
    assert entry("<id>https://a.example/1</id>").url == "https://a.example/1"
    assert entry("<id>12345</id>").url is None


def test_the_richer_text_is_taken() -> None:
    assert (
        item(
            "<description>short</description><content:encoded>&lt;p&gt;long and whole&lt;/p&gt;</content:encoded>"
        ).text
        == "long and whole"
    )
    assert (
        entry('<summary>quite a long summary of it</summary><content type="text">short</content>').text
        == "quite a long summary of it"
    )


def test_atom_text_is_not_markup_unless_it_says_so() -> None:
    assert entry('<title type="text">a &lt;b&gt; c</title>').title == "a <b> c"
    assert entry('<title type="html">a &lt;b&gt;c&lt;/b&gt; &amp;amp; d</title>').title == "a c & d"


@pytest.mark.parametrize(
    ("inner", "rating"),
    [
        ("<review:rating>4</review:rating>", 4.0),
        ("<review:rating>4,5</review:rating>", 4.5),
        ("<rating>8/10</rating>", 4.0),
        ("<rating>9 из 10</rating>", 4.5),
        ("<rating>7</rating>", 3.5),
        ("<rating>80</rating>", 4.0),
        ('<review:rating value="3" best="6"/>', 2.5),
        ('<media:starRating average="3.5" min="1" max="10"/>', 1.75),
        ('<media:starRating average="3.5" count="412" min="1" max="5"/>', None),
        ("<media:rating>adult</media:rating>", None),
        ("<rating>0</rating>", None),
        ("<rating>6/5</rating>", None),
        ("<rating>good</rating>", None),
    ],
)
def test_ratings_are_on_the_scale_of_five(inner: str, rating: float | None) -> None:
    post = item(f"<title>x</title>{inner}")
    assert post.rating == rating
    assert post.type is (PostType.ARTICLE if rating is None else PostType.REVIEW)


def test_the_one_star_rating_of_a_video_is_not_its_author_s() -> None:
    video = '<media:content medium="video" url="https://a.example/v"/><media:starRating average="5" count="1" max="5"/>'
    assert item(f"<title>x</title>{video}").rating is None


@pytest.mark.parametrize(
    ("given", "replies"), [("17", 17), ("1,204", 1204), ("1 204", 1204), ("-1", None), ("many", None)]
)
def test_counts_are_numbers_or_absent(given: str, replies: int | None) -> None:
    assert item(f"<slash:comments>{given}</slash:comments>").replies == replies


@pytest.mark.parametrize(
    ("inner", "kind"),
    [
        ("<title>x</title>", PostType.ARTICLE),
        ("<description>x</description>", PostType.POST),
        ('<title>x</title><enclosure url="https://a.example/v.mp4" type="video/mp4" length="1"/>', PostType.VIDEO),
        ('<title>x</title><media:content url="https://a.example/v" medium="video"/>', PostType.VIDEO),
        ('<title>x</title><enclosure url="https://a.example/a.mp3" type="audio/mpeg" length="1"/>', PostType.ARTICLE),
        ("<title>x</title><link>https://a.example/p/#comment-5</link>", PostType.COMMENT),
    ],
)
def test_types(inner: str, kind: PostType) -> None:
    assert item(inner).type is kind


def test_the_next_page_is_asked_for_as_the_first() -> None:
    page = read('<feed xmlns="http://www.w3.org/2005/Atom"><link rel="next" href="?page=2"/></feed>')
    assert [(request.url, request.step) for request in page.more] == [(f"{URL}?page=2", "page")]
    first = FeedKind(URL, FeedOptions()).start({}, NOW)
    assert isinstance(page.more[0], HttpRequest)
    assert isinstance(first, HttpRequest)
    assert page.more[0].headers == first.headers
    assert page.more[0].carry == first.carry


@pytest.mark.parametrize(
    ("inner", "follow"),
    [
        ("<wfw:commentRss>https://a.example/p/feed/</wfw:commentRss>", "https://a.example/p/feed/"),
        ("<wfw:commentRss>/p/feed/</wfw:commentRss>", "https://site.example/p/feed/"),
        ("<wfw:commentRss>javascript:x</wfw:commentRss>", None),
        ("<wfw:commentRss></wfw:commentRss>", None),
        ("<comments>https://a.example/p/#comments</comments>", None),
    ],
)
def test_where_the_answers_to_an_item_are_read(inner: str, follow: str | None) -> None:
    assert item(f"<title>x</title>{inner}").follow == follow


@pytest.mark.parametrize(("kind", "follow"), [("application/atom+xml", f"{URL}?c=1"), ("text/html", None), ("", None)])
def test_where_the_answers_to_an_entry_are_read(kind: str, follow: str | None) -> None:
    assert entry(f'<title>x</title><link rel="replies" type="{kind}" href="?c=1"/>').follow == follow


def test_R56_what_a_feed_of_answers_holds_are_comments_whatever_they_look_like() -> None:
    kind = FeedKind(URL, FeedOptions())
    request = kind.replies("https://a.example/p/feed/", {}, NOW)
    assert (request.url, request.step) == ("https://a.example/p/feed/", "replies")
    document = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><link rel="next" href="?page=2"/>'
        '<entry><title>By: Anna</title><content>same here</content><link rel="replies" href="?c=1" '
        'type="application/atom+xml"/></entry></feed>'
    )
    page = kind.read(request, Response(url=request.url, status=200, headers=(), body=document.encode()), {"kept": 1})
    assert [(post.type, post.text, post.follow) for post in page.posts] == [(PostType.COMMENT, "same here", None)]
    assert [(more.url, more.step) for more in page.more] == [("https://a.example/p/feed/?page=2", "replies")]
    assert page.cursor == {"kept": 1}


@pytest.mark.parametrize("href", [URL, "javascript:x", "file:///etc/passwd", ""])
def test_a_next_page_that_is_none_is_not_followed(href: str) -> None:
    assert read(f'<feed xmlns="http://www.w3.org/2005/Atom"><link rel="next" href="{href}"/></feed>').more == ()


def test_not_more_items_than_the_cap_are_read() -> None:
    assert len(read(f"<rss><channel>{'<item><title>x</title></item>' * 2100}</channel></rss>").posts) == 2000


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "empty body"),
        ("<rss version='2.0'><channel><item><title>one</title></item><item><title>tw", "cut off"),
        ("<rss version='2.0'><channel>", "cut off"),
        ("<opml><body/></opml>", "not a feed: begins with"),
        ("Too many requests, please wait 5 seconds", "Too many requests"),
        ('{"error": {"code": 6}}', "not a JSON Feed"),
        ('{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1"', "not JSON"),
        ("[]", "not a feed"),
        ("\x1b[2J<x>", "not a feed"),
    ],
)
def test_what_is_no_feed_is_refused_with_a_reason(body: str, reason: str) -> None:
    with pytest.raises(Malformed, match=reason) as refused:
        read(body)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize(
    "page",
    [
        "<html><head><title>Just a moment...</title></head></html>",
        "\n<!-- cached --><!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0//EN'><html xmlns='x'><body><rss/></body></html>",
        "<?xml version='1.0'?><html><script>location='/captcha'</script></html>",
        "<h1>403 Forbidden</h1>",
    ],
)
def test_a_web_page_is_said_to_block(page: str) -> None:
    with pytest.raises(Blocked, match="web page"):
        read(page, content_type="application/rss+xml")


def test_an_empty_feed_is_a_page_without_posts() -> None:
    assert read("<rss version='2.0'><channel><title>x</title></channel></rss>").posts == ()
    assert read('<feed xmlns="http://www.w3.org/2005/Atom"/>').posts == ()
    assert read('{"version": "https://jsonfeed.org/version/1.1", "items": []}').posts == ()


def test_json_that_breaks_every_promise_is_read_as_far_as_it_goes() -> None:
    page = read(
        '{"version": "https://jsonfeed.org/version/1.1", "authors": {"name": "x"}, "next_url": 5, "items": ['
        '{"id": true, "title": ["x"], "content_html": 1, "authors": [3, {"name": []}], "date_published": {}, "url": 1},'
        '{"id": 3.5, "url": "javascript:x", "external_url": "/e", "content_text": "\\u0000\\ud800ok"}, null]}'
    )
    assert page.posts[0] == Post()
    assert page.posts[1] == Post(native_id="3.5", url="https://served.example/e", text="ok")
