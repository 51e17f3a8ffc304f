"""Kind `schemaorg`: how pages spell JSON-LD, what syntaxes say together, pages and threads, hostile pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from monitor.config import kind_options
from monitor.errors import Blocked, Malformed, ReadError
from monitor.models import HttpRequest, Page, PostType, Response
from monitor.sources.schemaorg import SchemaKind
from monitor.sources.structured import parse_linked_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON

URL = "https://site.example/p/1"
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
REVIEW: dict[str, object] = {"@type": "Review", "reviewBody": "Good", "author": "Ann"}


def kind(**options: object) -> SchemaKind:
    return SchemaKind(URL, kind_options("schemaorg", json.dumps(options)))


def page_of(*records: object, body: str = "") -> str:
    scripts = "".join(
        f'<script type="application/ld+json">{one if isinstance(one, str) else json.dumps(one)}</script>'
        for one in records
    )
    return f"<!doctype html><html><head><title>Shop</title>{scripts}</head><body>{body}</body></html>"


def read(markup: str, reader: SchemaKind | None = None, request: HttpRequest | None = None, **given: Any) -> Page:
    reader = reader or kind()
    request = request or reader.start({}, NOW)  # type: ignore[assignment]
    assert isinstance(request, HttpRequest)
    cursor: Mapping[str, JSON] = given.get("cursor", {})
    return reader.read(request, Response(url=request.url, status=200, headers=(), body=markup.encode()), cursor)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, 2,], "b": {"c": "x",},}',
        '<!-- {"a": [1, 2], "b": {"c": "x"}} -->',
        '//<![CDATA[\n{"a": [1, 2], "b": {"c": "x"}}\n//]]>',
        '/*<![CDATA[*/{"a": [1, 2], "b": {"c": "x"}}/*]]>*/',
        '{"a": [1, /* two */ 2], // all\n "b": {"c": "x"}};',
        "{&quot;a&quot;: [1, 2], &quot;b&quot;: {&quot;c&quot;: &quot;x&quot;}}",
    ],
)
def test_reads_json_ld_as_pages_spell_it(text: str) -> None:
    assert parse_linked_data(text) == {"a": [1, 2], "b": {"c": "x"}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"u": "https://a.example/x, ]"}', {"u": "https://a.example/x, ]"}),
        ('{"u": "a /* b */ ,}",}', {"u": "a /* b */ ,}"}),
        ('{"t": "two\nlines\tand \x01"}', {"t": "two\nlines\tand \x01"}),
        ("{broken", None),
        ('{"a": NaN}', {"a": None}),
    ],
)
def test_leaves_strings_as_they_are(text: str, value: JSON) -> None:
    assert parse_linked_data(text) == value


@pytest.mark.parametrize(
    ("author", "name", "url"),
    [
        ("Ann", "Ann", None),
        ({"name": "Ann", "url": "/u/ann"}, "Ann", "https://site.example/u/ann"),
        ([{"@type": "Person", "name": "Ann"}, {"name": "Bo"}], "Ann", None),
        ({"@id": "#ann"}, "Ann", "https://site.example/u/ann"),
        ("https://site.example/u/ann", None, "https://site.example/u/ann"),
        ({"@type": "Person"}, None, None),
        (None, None, None),
        (17, None, None),
        ([[]], None, None),
    ],
)
def test_reads_authors(author: object, name: str | None, url: str | None) -> None:
    named = {"@type": "Person", "@id": "#ann", "name": "Ann", "url": "/u/ann"}
    (post,) = read(page_of({**REVIEW, "author": author}, named)).posts
    assert (post.author.name, post.author.url) == (name, url)


@pytest.mark.parametrize(
    ("rating", "best", "expected"),
    [
        ({"ratingValue": 4}, None, 4.0),
        ({"ratingValue": "4,5", "bestRating": "5", "worstRating": "1"}, None, 4.5),
        ({"ratingValue": "9", "bestRating": 10}, None, 4.5),
        ({"ratingValue": 80, "bestRating": "100"}, None, 4.0),
        ({"ratingValue": "7"}, 10, 3.5),
        ({"ratingValue": "3 out of 5"}, None, 3.0),
        ("4", None, 4.0),
        (2, None, 2.0),
        ({"ratingValue": 0}, None, None),
        ({"ratingValue": {"@value": "4"}}, None, 4.0),
        ({"ratingValue": 4, "bestRating": "many"}, None, 4.0),
        ({"ratingValue": 1e300, "bestRating": 1e300}, None, None),
        ([], None, None),
    ],
)
def test_reads_ratings(rating: object, best: float | None, expected: float | None) -> None:
    options = {"rating_best": best} if best else {}
    (post,) = read(page_of({**REVIEW, "reviewRating": rating}), kind(**options)).posts
    assert post.rating == expected


def test_finds_posts_wherever_they_are_nested() -> None:
    product = {"@type": "Product", "name": "Nordvika", "review": [REVIEW], "aggregateRating": {"ratingValue": 3}}
    graph = {"@context": "https://schema.org", "@graph": [{"@type": "WebPage", "mainEntity": product}]}
    assert [(post.text, post.type) for post in read(page_of(graph)).posts] == [("Good", PostType.REVIEW)]


def test_does_not_go_where_records_lead_away() -> None:
    about = {**REVIEW, "itemReviewed": {"@type": "Product", "review": {**REVIEW, "reviewBody": "Elsewhere"}}}
    assert [post.text for post in read(page_of(about)).posts] == ["Good"]


def test_answers_stand_under_their_question_and_thread() -> None:
    question = {
        "@type": ["Question"],
        "@id": "/q/5",
        "name": "How?",
        "answerCount": "2",
        "acceptedAnswer": {
            "@type": "Answer",
            "text": "So.",
            "url": "#a1",
            "comment": {"@type": "Comment", "text": "Thx"},
        },
        "suggestedAnswer": [{"@type": "Answer", "text": "Not."}],
    }
    posts = {post.text or post.title: post for post in read(page_of({"@type": "QAPage", "mainEntity": question})).posts}
    thread = "https://site.example/q/5"
    assert (posts["How?"].type, posts["How?"].replies, posts["How?"].url) == (PostType.POST, 2, thread)
    assert (posts["So."].parent, posts["So."].thread, posts["So."].type) == (thread, thread, PostType.COMMENT)
    assert (posts["Thx"].parent, posts["Thx"].thread) == (f"{URL}#a1", thread)
    assert (posts["Not."].parent, posts["Not."].thread) == (thread, thread)


@pytest.mark.parametrize(
    ("name", "native_id"),
    [
        ("#review-48211", f"{URL}#review-48211"),
        ("#review-1", None),
        ("#/r/12", None),
        ("_:b7", None),
        ("", None),
        (7, None),
    ],
)
def test_a_place_in_a_list_is_no_id(name: object, native_id: str | None) -> None:
    (post,) = read(page_of({**REVIEW, "@id": name})).posts
    assert post.native_id == native_id


def test_what_two_syntaxes_say_of_one_post_is_one_post() -> None:
    microdata = """<article itemscope itemtype="https://schema.org/NewsArticle"><h1 itemprop="headline">A  headline</h1>
    <div itemprop="articleBody">The whole story of it.</div><a itemprop="author" href="/u/bo">Bo</a></article>"""
    linked = {"@type": "NewsArticle", "headline": "A headline", "datePublished": "2026-11-17", "url": "/a"}
    (post,) = read(page_of(linked, body=microdata)).posts
    assert (post.title, post.text, post.author.name) == ("A headline", "The whole story of it.", "Bo")
    assert (post.url, post.published) == ("https://site.example/a", datetime(2026, 11, 17, tzinfo=UTC))


def test_equal_words_of_two_authors_are_two_posts() -> None:
    posts = read(page_of([REVIEW, {**REVIEW, "author": "Bo"}, REVIEW])).posts
    assert sorted(str(post.author.name) for post in posts) == ["Ann", "Bo"]


def test_reads_items_that_refer_to_others_even_in_a_circle() -> None:
    markup = """<div itemscope itemtype="http://schema.org/Review" itemref="more me" id="me">
    <span itemprop="name">Short</span></div><p id="more"><span itemprop="reviewBody">Long story</span></p>"""
    assert [(post.title, post.text) for post in read(page_of(body=markup)).posts] == [("Short", "Long story")]


def test_the_only_posting_stands_at_the_page_s_address() -> None:
    posting = {"@type": "SocialMediaPosting", "articleBody": "Hi", "comment": {"@type": "Comment", "text": "Yo"}}
    posts = read(page_of(posting)).posts
    assert [(post.text, post.url) for post in posts] == [("Hi", URL), ("Yo", None)]


@pytest.mark.parametrize(
    ("markup", "raised", "words"),
    [
        (page_of(body="<p>Nothing of the sort</p>"), Malformed, "says nothing in schema.org's words: Shop"),
        (page_of("{broken"), Malformed, "JSON-LD cannot be read: Shop"),
        (page_of(body='<form><input type="password"></form>'), Blocked, "a login page"),
        ("{}", Malformed, "not a web page"),
    ],
)
def test_says_why_a_page_is_no_answer(markup: str, raised: type[ReadError], words: str) -> None:
    with pytest.raises(raised, match=words):
        read(markup)


def test_a_page_about_other_things_has_no_posts() -> None:
    assert read(page_of({"@type": "Product", "name": "x"})).posts == ()
    assert read(page_of({"@type": "Product", "name": "x"})).listed is None
    other = read(page_of(REVIEW), kind(types="Comment"))
    assert (other.posts, other.listed) == ((), 1)


def test_turns_pages_on_its_own_site_only() -> None:
    reader = kind(next="a.next")
    (more,) = read(page_of(REVIEW, body='<a class="next" href="?page=2">'), reader).more
    assert (more.url, more.step) == ("https://site.example/p/1?page=2", "page")
    for link in ("https://evil.example/", "javascript:x()", "#top", ""):
        assert read(page_of(REVIEW, body=f'<a class="next" href="{link}">'), reader).more == ()


LIST = """<ul><li><a href="/t/1">One</a> <b>2</b></li><li><a href="/t/2">Two</a> <b>5</b></li></ul>"""


def test_reads_the_threads_of_a_list_that_grew() -> None:
    reader = kind(item="li", follow="a", mark="b")
    listed = read(page_of(body=LIST), reader)
    assert [request.url for request in listed.threads] == ["https://site.example/t/1", "https://site.example/t/2"]
    cursor: Mapping[str, JSON] = listed.cursor
    for request in listed.threads:
        assert isinstance(request, HttpRequest)
        page = read(page_of({**REVIEW, "reviewBody": request.url}), reader, request, cursor=cursor)
        assert [post.text for post in page.posts] == [request.url]
        cursor = page.cursor
    assert read(page_of(body=LIST), reader, cursor=cursor).threads == ()
    grown = read(page_of(body=LIST.replace("<b>5", "<b>6")), reader, cursor=cursor)
    assert [request.url for request in grown.threads] == ["https://site.example/t/2"]


def test_without_a_mark_each_page_is_read_once() -> None:
    reader = kind(follow="ul a")
    listed = read(page_of(body=LIST), reader)
    assert [request.carry["mark"] for request in listed.threads] == ["/t/1", "/t/2"]
    known: Mapping[str, JSON] = {"threads": {request.url: request.carry["mark"] for request in listed.threads}}
    assert read(page_of(body=LIST), reader, cursor=known).threads == ()


def test_begins_a_thread_at_its_last_page() -> None:
    reader = kind(item="li", follow="a", mark="b", thread={"last": "a.last", "next": "a.prev"})
    request = read(page_of(body=LIST), reader).threads[0]
    assert isinstance(request, HttpRequest)
    first = read(page_of(REVIEW, body='<a class="last" href="/t/1?page=9">'), reader, request)
    assert (first.posts, [more.url for more in first.more]) == ((), ["https://site.example/t/1?page=9"])
    last = first.more[0]
    assert isinstance(last, HttpRequest)
    page = read(
        page_of(REVIEW, body='<a class="last" href="/t/1?page=9"><a class="prev" href="/t/1?page=8">'), reader, last
    )
    assert ([post.text for post in page.posts], page.more[0].url) == (["Good"], "https://site.example/t/1?page=8")
    assert page.cursor == {"threads": {"https://site.example/t/1": "2"}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"types": ["Product"]}, "types: Product is no post"),
        ({"types": []}, "types: nothing"),
        ({"next": "a["}, "next: "),
        ({"follow": "a["}, "item: |follow: "),
        ({"mark": "b"}, "no effect without follow"),
        ({"timezone": "x"}, "timezone: "),
    ],
)
def test_refuses_options_that_cannot_work(options: dict[str, object], message: str) -> None:
    with pytest.raises(Exception, match=message):
        kind(**options)


NASTY: list[object] = [None, True, -1, 1 << 200, 1e308, "x" * 70_000, "\ud800\0", [], {}, {"@id": {}}, {"@type": 5}]
NASTY += [{"@value": {"@list": [None]}}, {"@graph": 3}, "https://[", "&#xd800;" * 10]


@pytest.mark.parametrize(
    "key", ["@type", "@id", "@graph", "author", "reviewBody", "name", "url", "datePublished", "comment"]
)
@pytest.mark.parametrize("more", [("reviewRating", "interactionStatistic", "inLanguage"), ()])
def test_whatever_stands_anywhere_makes_a_page_or_a_read_error(key: str, more: tuple[str, ...]) -> None:
    for nasty in NASTY:
        record = {**REVIEW, key: nasty, **dict.fromkeys(more, nasty)}
        try:
            page = read(page_of(record, [record, {"@type": "Person", "@id": nasty}]))
        except ReadError:
            continue
        assert all(len(post.text) <= 64 * 1024 for post in page.posts)


@pytest.mark.parametrize(
    "markup",
    [
        page_of("[" * 200_000),
        page_of('{"comment":' * 5_000 + "1" + "}" * 5_000),
        page_of('{"a": "' + "/*" * 200_000),
        page_of("/*" * 200_000),
        page_of("{" + "," * 200_000),
        page_of('"' * 200_001),
        page_of(
            body='<div itemscope itemtype="http://schema.org/Review" itemprop="review reviewBody">' * 1_900
            + "x" * 500_000
        ),
        page_of(
            body='<p itemscope itemtype="http://schema.org/Review" id="a" itemref="a a a a"><i itemprop="name">x'
            * 1_000
        ),
        page_of(body='<div vocab="https://schema.org/" typeof="Review" property="review">' * 1_900 + "x" * 500_000),
        page_of([{"@type": "Review", "@id": f"#{n}", "comment": [{"@id": f"#{n + 1}"}] * 3} for n in range(2_000)]),
    ],
    ids=range(10),
)
def test_no_page_is_too_odd(markup: str) -> None:
    try:
        page = read(markup)
    except ReadError:
        return
    assert len(page.posts) <= 2_000
