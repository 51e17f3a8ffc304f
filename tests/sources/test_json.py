"""Kind `json`: paging, what is asked for since the last poll, errors inside a 200 and answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.config import kind_options
from monitor.errors import Blocked, LoginRefused, Malformed, ReadError, Throttled
from monitor.models import HttpRequest, Page, PostType, Response
from monitor.sources.jsonapi import JsonKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON

URL = "https://api.example/search?q=nordvika"
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
FIELDS = {"id": "id", "text": "text", "published": "at"}


def kind(url: str = URL, **options: Any) -> JsonKind:
    return JsonKind(url, kind_options("json", json.dumps({"fields": FIELDS, **options})))


def answered(value: object, url: str = URL, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Response(url=url, status=200, headers=headers, body=body)


def started(reader: JsonKind, cursor: Mapping[str, JSON] | None = None) -> HttpRequest:
    request = reader.start(cursor or {}, NOW)
    assert isinstance(request, HttpRequest)
    return request


def read(reader: JsonKind, value: object, request: HttpRequest | None = None, **given: Any) -> Page:
    return reader.read(request or started(reader), answered(value, **given), {})


def item(number: int, **more: object) -> dict[str, object]:
    return {"id": number, "text": f"Post {number}", "at": 1795000000 + number, **more}


def following(page: Page) -> HttpRequest:
    (request,) = page.more
    assert isinstance(request, HttpRequest)
    return request


# ── Paging ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_turns_pages_by_number_until_one_is_empty() -> None:
    reader = kind(page={"param": "p"})
    first = started(reader)
    assert first.url == URL
    second = following(read(reader, [item(1)], first))
    assert (second.url, second.step) == (f"{URL}&p=2", "page")
    third = following(read(reader, [item(2)], second))
    assert third.url == f"{URL}&p=3"
    assert read(reader, [], third).more == ()


def test_turns_pages_by_offset_until_one_is_not_full() -> None:
    reader = kind(page={"param": "offset", "first": 0, "step": 2, "size": 2}, exclude="drop")
    second = following(read(reader, [item(1), item(2, drop=True)]))
    assert second.url == f"{URL}&offset=2"
    assert read(reader, [item(3)], second).more == ()


def test_turns_pages_by_a_cursor_until_it_stays() -> None:
    reader = kind(items="list", cursor={"path": "cursor", "param": "cursor", "first": "*"})
    first = started(reader)
    assert first.url == f"{URL}&cursor=%2A"
    second = following(read(reader, {"list": [item(1)], "cursor": "AoJ/+w=="}, first))
    assert second.url == f"{URL}&cursor=AoJ%2F%2Bw%3D%3D"
    assert read(reader, {"list": [item(2)], "cursor": "AoJ/+w=="}, second).more == ()
    assert read(reader, {"list": [item(2)], "cursor": ""}, second).more == ()


def test_a_cursor_in_the_body_stays_a_json_string_and_names_no_secret() -> None:
    body = '{"q": "nordvika", "key": "${KEY}", "after": "{cursor}", "since": "{since}"}'
    reader = kind(body=body, items="list", cursor={"path": "next"}, since={"format": "date"})
    first = started(reader)
    assert first.method == "POST"
    assert first.with_secrets
    assert ("content-type", "application/json") in first.headers
    assert json.loads(first.body or b"") == {"q": "nordvika", "key": "${KEY}", "after": "", "since": "2026-11-11"}
    second = following(read(reader, {"list": [item(1)], "next": 'a"},{"x":"'}, first))
    assert json.loads(second.body or b"")["after"] == 'a"},{"x":"'
    with pytest.raises(Malformed, match="secret"):
        read(reader, {"list": [item(1)], "next": "${OTHER}"}, first)


def test_a_form_is_sent_as_one() -> None:
    first = started(kind(body="q=nordvika&page={page}", page={"first": 3}))
    assert (first.body, first.with_secrets) == (b"q=nordvika&page=3", False)
    assert ("content-type", "application/x-www-form-urlencoded") in first.headers


def test_follows_the_address_in_the_answer_or_in_its_header() -> None:
    by_path = kind(items="list", next="links.next")
    assert following(read(by_path, {"list": [item(1)], "links": {"next": "/search?page=2"}})).url == (
        "https://api.example/search?page=2"
    )
    assert read(by_path, {"list": [item(1)], "links": {"next": None}}).more == ()
    assert read(by_path, {"list": [item(1)], "links": {"next": URL}}).more == ()
    by_header = kind(link_header=True)
    link = (("link", '<https://api.example/search?page=2>; rel="next"'),)
    assert following(read(by_header, [item(1)], headers=link)).url == "https://api.example/search?page=2"
    assert read(by_header, [item(1)]).more == ()


@pytest.mark.parametrize(
    "link", ["https://evil.example/x", "http://127.0.0.1/x", "?key=${OTHER}", "ftp://api.example/"]
)
def test_refuses_a_next_page_elsewhere(link: str) -> None:
    with pytest.raises(Malformed, match="another site"):
        read(kind(items="list", next="next"), {"list": [item(1)], "next": link})


def test_names_another_site_without_what_its_address_says() -> None:
    link = "https://me:word@evil.example/x?key=secret"
    with pytest.raises(Malformed, match=r"another site: evil\.example$"):
        read(kind(items="list", next="next"), {"list": [item(1)], "next": link})


def test_keeps_secrets_in_its_address_as_they_are_spelt() -> None:
    url = "https://${ID}:${PASSWORD}@api.example/x?key=${KEY}&since={since}"
    reader = kind(url, page={"param": "page"})
    second = following(read(reader, [item(1)], url="https://api.example/x"))
    assert second.url == "https://${ID}:${PASSWORD}@api.example/x?key=${KEY}&since=2026-11-11T12:00:00Z&page=2"
    assert not second.with_secrets


def test_has_no_next_page_unless_the_answer_says_so() -> None:
    reader = kind(items="list", page={"param": "page"}, more="has_more")
    assert len(read(reader, {"list": [item(1)], "has_more": True}).more) == 1
    assert read(reader, {"list": [item(1)], "has_more": False}).more == ()
    assert read(reader, {"list": [item(1)]}).more == ()


# ── Since ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("form", "spelt"),
    [("epoch", "1794996000"), ("epoch_ms", "1794996000000"), ("iso", "2026-11-18T10:00:00Z"), ("date", "2026-11-18")],
)
def test_asks_from_an_hour_before_the_newest_it_saw(form: str, spelt: str) -> None:
    reader = kind("https://api.example/search?from={since}", since={"format": form})
    request = started(reader, {"newest": "2026-11-18T11:00:00+00:00"})
    assert request.url == f"https://api.example/search?from={spelt}"


def test_notes_the_newest_moment_of_all_pages_and_none_ahead() -> None:
    reader = kind("https://api.example/search?from={since}", page={"param": "page"})
    first = started(reader)
    page = reader.read(first, answered([item(1, at=(NOW + timedelta(minutes=30)).isoformat()), item(2)]), {"other": 1})
    assert page.cursor == {"other": 1, "newest": NOW.isoformat()}
    older = reader.read(following(page), answered([item(3)]), page.cursor)
    assert older.cursor == page.cursor
    assert started(reader, {"newest": "2099-01-01T00:00:00+00:00"}).url.endswith("2026-11-18T11:00:00Z")
    assert started(reader, {"newest": 17}).url.endswith("2026-11-11T12:00:00Z")


def test_an_answer_to_what_came_since_joins_up_with_its_last_page() -> None:
    reader = kind("https://api.example/search?from={since}", page={"param": "page", "size": 2})
    first = reader.read(started(reader), answered([item(1), item(2)]), {})
    assert (len(first.more), first.joined) == (1, False)
    assert reader.read(following(first), answered([item(3)]), first.cursor).joined
    assert not read(kind(page={"param": "page", "size": 2}), [item(3)]).joined  # a list may have run on
    unpaged = kind("https://api.example/search?from={since}")
    assert read(unpaged, [item(number) for number in range(5)]).joined
    assert not read(unpaged, [item(number) for number in range(50)]).joined  # it may have been cut short


# ── What an answer says of itself ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("error", "answer", "raised", "words"),
    [
        ("error", {"error": "Too many requests"}, Throttled, "Too many requests"),
        ("error", {"error": {"code": 29, "message": "Rate limit reached"}}, Throttled, "Rate limit reached"),
        ("error", {"error": {"code": 5, "message": "User authorization failed"}}, LoginRefused, "authorization"),
        ("error.message", {"error": {"message": "invalid API key"}}, LoginRefused, "invalid API key"),
        ("success!=1", {"success": 2}, Malformed, "says 2 at success!=1"),
        ("success!=1", {"list": []}, Malformed, "success!=1"),
        ("error", {"error": "\x1b[31mno\nsuch\x07 board"}, Malformed, "no such board"),
    ],
)
def test_tells_an_error_by_its_words(error: str, answer: object, raised: type[ReadError], words: str) -> None:
    with pytest.raises(raised, match=words):
        read(kind(items="list", error=error), answer)


def test_an_answer_without_its_error_is_read() -> None:
    reader = kind(items="list", error=["error", "meta.code!=200"])
    assert read(reader, {"list": [], "error": None, "meta": {"code": 200}}).posts == ()


def test_waits_as_long_as_the_site_asks() -> None:
    reader = kind(items="list", backoff="backoff", error="error")
    assert read(reader, {"list": [item(1)], "backoff": 10}).wait == timedelta(seconds=10)
    assert read(reader, {"list": [item(1)], "backoff": 1e300}).wait == timedelta(days=1)
    for nonsense in ("soon", -1, None, True, {"x": 1}, "nan"):
        assert read(reader, {"list": [item(1)], "backoff": nonsense}).wait is None
    with pytest.raises(Throttled) as caught:
        read(reader, {"error": "throttled", "backoff": 40})
    assert caught.value.wait == timedelta(seconds=40)


@pytest.mark.parametrize(
    "missing", [{}, {"lists": []}, [], 3, "x", None, {"list": "text"}, {"list": 4}, {"list": ["a"]}]
)
def test_refuses_an_answer_in_which_the_list_is_missing(missing: object) -> None:
    with pytest.raises(Malformed):
        read(kind(items="list"), missing)


def test_a_null_list_is_an_empty_one_and_one_record_is_a_list() -> None:
    assert read(kind(items="list"), {"list": None}).posts == ()
    assert len(read(kind(items="list"), {"list": item(1)}).posts) == 1


def test_says_what_came_instead() -> None:
    with pytest.raises(Blocked, match="a web page came where JSON was due: Sign in"):
        read(kind(), b"<!doctype html><html><title>Sign in</title><p>Please</html>")
    with pytest.raises(Malformed, match="not JSON"):
        read(kind(), b'<?xml version="1.0"?><rss></rss>')
    with pytest.raises(Malformed, match="more follows"):
        read(kind(), b"[] []")
    with pytest.raises(Malformed, match="no JSON in an element"):
        read(kind(script="script#x"), b"<html><title>Shop</title><body>" + b"words " * 500)


def test_reads_json_behind_a_guard_and_in_an_attribute() -> None:
    assert len(read(kind(), b")]}'\n" + json.dumps([item(1)]).encode()).posts) == 1
    reader = kind(script="div#app@data-page", items="list")
    request = started(reader)
    assert request.for_people
    page = b'<html><div id="app" data-page="{&quot;list&quot;:[{&quot;text&quot;:&quot;Hi&quot;}]}"></div>'
    assert [post.text for post in read(reader, page, request).posts] == ["Hi"]


# ── Fields ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1794996000, "2026-11-18T10:00:00+00:00"),
        (1794996000.5, "2026-11-18T10:00:00.500000+00:00"),
        (1794996000000, "2026-11-18T10:00:00+00:00"),
        (1794996000000000, "2026-11-18T10:00:00+00:00"),
        ("1794996000", "2026-11-18T10:00:00+00:00"),
        ("2026-11-18 13:00:00", "2026-11-18T10:00:00+00:00"),
        ("2026-11-18T10:00:00Z", "2026-11-18T10:00:00+00:00"),
        ("18 ноября 2026 13:00", "2026-11-18T10:00:00+00:00"),
        (4000000000, None),
        (0, None),
        (-5, None),
        (True, None),
        (1e300, None),
        ("soon", None),
        ([], None),
    ],
)
def test_reads_moments(value: object, expected: str | None) -> None:
    (post,) = read(kind(timezone="Europe/Moscow"), [item(1, at=value)]).posts
    assert (post.published.isoformat() if post.published else None) == expected


@pytest.mark.parametrize(
    ("value", "best", "expected"),
    [
        (4, None, 4.0),
        (8, 10, 4.0),
        (4.333333333, None, 4.33),
        ("4,5", None, 4.5),
        ("8/10", None, 4.0),
        (True, None, 5.0),
        (False, None, 1.0),
        (0, None, None),
        (-1, None, None),
        (1e300, None, None),
        ("good", None, None),
        ([5], None, None),
    ],
)
def test_reads_ratings(value: object, best: float | None, expected: float | None) -> None:
    options: dict[str, Any] = {"rating_best": best} if best else {}
    (post,) = read(kind(fields={**FIELDS, "rating": "stars"}, **options), [item(1, stars=value)]).posts
    assert post.rating == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3), ("1.2K", 1200), ("12 тыс.", 12000), (3.0, 3), (-4, None), (True, None), (1 << 80, None), ({}, None)],
)
def test_reads_counts(value: object, expected: int | None) -> None:
    (post,) = read(kind(fields={**FIELDS, "likes": "likes"}), [item(1, likes=value)]).posts
    assert post.likes == expected


def test_a_template_joins_what_is_there() -> None:
    fields = {"id": "{kind}_{id}", "text": "Good: {pros}\nBad: {cons}", "url": "https://a.example{+path}?id={id}"}
    reader = kind(fields=fields)
    first, second = read(
        reader,
        [
            {"id": "a/b", "kind": "t1", "pros": "<b>fast</b>", "cons": None, "path": "/x/y"},
            {"id": 2, "pros": None, "cons": ["dear", "slow"]},
        ],
    ).posts
    assert (first.native_id, first.text, first.url) == ("t1_a/b", "Good: fast\nBad:", "https://a.example/x/y?id=a%2Fb")
    assert (second.native_id, second.text, second.url) == (None, "Good:\nBad: dear\nslow", None)


def test_markup_is_told_or_said() -> None:
    given = [{"text": "<p>1 &lt; 2</p>"}, {"text": "x <think> y < z"}]
    assert [post.text for post in read(kind(), given).posts] == ["1 < 2", "x <think> y < z"]
    assert [post.text for post in read(kind(html=False), given).posts] == ["<p>1 &lt; 2</p>", "x <think> y < z"]


def test_a_page_of_which_all_is_filtered_away_is_not_empty() -> None:
    items = [item(1), item(2)]
    assert read(kind(include="none"), items).listed == 2
    assert read(kind(exclude="id"), items).listed == 2
    assert read(kind(), items).listed is None
    assert read(kind(include="none"), []).listed is None
    # Where the fields are not found any more, it is the layout that changed.
    assert read(kind(), [{"other": 1}]).listed is None
    # An answer to what came since may be empty.
    assert read(kind(f"{URL}?since={{since}}", include="none"), items).listed is None


def test_what_was_removed_is_no_post() -> None:
    removed = ["[deleted]", "[removed]", "[ Removed by moderator ]", "", None]
    assert read(kind(), [{"id": n, "text": text} for n, text in enumerate(removed)]).posts == ()


@pytest.mark.parametrize(("sort", "type_"), [("auto", PostType.COMMENT), ("review", PostType.REVIEW)])
def test_parents_make_comments_unless_said_otherwise(sort: str, type_: PostType) -> None:
    reader = kind(fields={**FIELDS, "parent": "parent", "thread": "thread"}, type=sort)
    answer, top = read(reader, [item(1, parent=7, thread="/t/5"), item(2, parent=0, thread="0")]).posts
    assert (answer.parent, answer.thread, answer.type) == ("7", "https://api.example/t/5", type_)
    assert (top.parent, top.thread) == (None, None)


# ── Answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_reads_the_answers_to_a_post() -> None:
    reader = kind(fields={**FIELDS, "follow": "/items/{id}"}, answers={"items": "children", "nested": "children"})
    (post,) = read(reader, [item(7)]).posts
    assert post.follow == "https://api.example/items/7"
    request = reader.replies(post.follow, {}, NOW)
    assert isinstance(request, HttpRequest)
    assert (request.step, request.url) == ("replies", post.follow)
    nested = {"children": [item(8, children=[item(9)]), item(10, children=None)]}
    page = reader.read(request, answered(nested, url=request.url), {"newest": "2026-11-01T00:00:00+00:00"})
    assert [(reply.native_id, reply.type) for reply in page.posts] == [(n, PostType.COMMENT) for n in ("8", "9", "10")]
    assert page.cursor == {"newest": "2026-11-01T00:00:00+00:00"}
    assert reader.read(request, answered({"children": []}), {}).posts == ()


def test_follows_no_post_to_another_site() -> None:
    reader = kind(fields={**FIELDS, "follow": "more"})
    links = ["https://evil.example/", "//169.254.169.254/", "https://api.example/x?k=${KEY}", 5, None, {}]
    assert [post.follow for post in read(reader, [item(n, more=link) for n, link in enumerate(links)]).posts] == [
        *(None, None, None),
        "https://api.example/5",
        *(None, None),
    ]


def test_without_follow_there_are_no_answers() -> None:
    assert kind().replies("https://api.example/7", {}, NOW) is None


# ── Options ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fields": {"id": "id"}}, "needs title or text"),
        ({"items": "a..b"}, "items: "),
        ({"fields": {"text": "{a..b}"}}, "fields.text: "),
        ({"include": "a..b=1"}, "include: "),
        ({"script": "a["}, "script: "),
        ({"page": {"param": "p"}, "link_header": True}, "exclude each other"),
        ({"cursor": {"first": "*"}}, "cursor: needs path"),
        ({"answers": {"items": "x"}}, "no effect without fields.follow"),
        ({"timezone": "Mars/Base"}, "timezone: there is no"),
        ({"languages": ["xx"]}, "languages: "),
        ({"page": {"step": 0}}, "page: "),
        ({"rating_best": 0}, "rating_best: "),
    ],
)
def test_refuses_options_that_cannot_work(options: dict[str, Any], message: str) -> None:
    with pytest.raises(Exception, match=message):
        kind(**options)
