"""Kind discourse: its lists, topics and searches, what it says of itself, and captured answers of the API."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.errors import LoginRefused, Malformed, Throttled
from monitor.models import PostType
from monitor.sources.discourse import DiscourseKind, DiscourseOptions
from tests.sources.social import NOW, answer, http, shared_file, shared_names, visit

if TYPE_CHECKING:
    from monitor.models import JSON, Page

HOME = "https://forum.example"
PREFIX = "discourse__discourse_api__spec__fixtures__"


def kind(**options: Any) -> DiscourseKind:
    return DiscourseKind(f"{HOME}/", DiscourseOptions(**options))


def post(number: int, place: int = 1, **said: Any) -> dict[str, Any]:
    at = "2026-11-18T10:00:00.000Z"
    base = {"id": number, "topic_id": 5, "topic_slug": "s", "post_number": place, "post_type": 1, "username": "olga"}
    return {**base, "cooked": f"<p>words {number}</p>", "created_at": at, "category_id": 4, **said}


def topic(number: int, last: int, at: str, **said: Any) -> dict[str, Any]:
    return {"id": number, "title": f"T{number}", "highest_post_number": last, "bumped_at": at, "pinned": False, **said}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "search"}, "query"),
        ({"mode": "search", "query": "ab"}, "3 characters"),
        ({"query": "abc"}, "mode: search"),
    ],
)
def test_refuses_options_that_cannot_work(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DiscourseOptions(**options)


def test_pages_back_by_the_oldest_id() -> None:
    page = visit(kind(), {"latest_posts": [post(90), post(70), post(80)]})
    assert [request.url for request in page.more] == [f"{HOME}/posts.json?before=69"]
    assert kind().read(page.more[0], answer({"latest_posts": []}), {}).more == ()


def test_the_ids_of_posts_say_where_a_visit_joins_up() -> None:
    reader = kind(categories=(4,))
    first = visit(reader, {"latest_posts": [post(90), post(80)]})
    assert (first.cursor, first.joined) == ({"last": 90}, False)
    news = {"latest_posts": [post(140, category_id=9), post(120, category_id=9)]}
    page = visit(reader, news, first.cursor)
    assert (page.posts, page.more, page.cursor) == ((), (), {"last": 140})
    assert http(page.onward).url == f"{HOME}/posts.json?before=119"
    older = reader.read(http(page.onward), answer({"latest_posts": [post(119), post(88)]}), page.cursor)
    assert (older.joined, older.more, older.onward, older.cursor) == (True, (), None, {"last": 140})


def test_reads_chosen_categories_only() -> None:
    listed = {"latest_posts": [post(2), post(1, category_id=9)]}
    assert [one.native_id for one in visit(kind(categories=(4,)), listed).posts] == ["2"]


def test_leaves_out_what_nobody_wrote_and_what_is_gone() -> None:
    gone: list[dict[str, Any]] = [
        {"post_type": 3},
        {"hidden": True},
        {"user_deleted": True},
        {"deleted_at": "2026-11-18"},
    ]
    assert visit(kind(), {"latest_posts": [post(1, **said) for said in gone]}).posts == ()


def test_a_search_goes_on_from_the_day_an_hour_before_the_newest() -> None:
    searching = kind(mode="search", query="brand")
    found = {"posts": [post(7)], "topics": [{"id": 5, "title": "A title", "slug": "s"}]}
    page = visit(searching, found)
    assert page.posts[0].title == "A title"
    assert page.more == ()
    assert page.cursor == {"newest": "2026-11-18T10:00:00+00:00"}
    again = http(searching.start({"newest": "2026-11-18T00:30:00+00:00"}, NOW))
    assert again.url == f"{HOME}/search.json?q=brand%20order%3Alatest%20after%3A2026-11-17"
    page = searching.read(again, answer(found | {"grouped_search_result": {"more_full_page_results": True}}), {})
    assert [request.url for request in page.more] == [f"{again.url}&page=2"]
    assert not page.joined
    assert searching.read(page.more[0], answer(found), page.cursor).joined


def latest(cursor: dict[str, JSON], *topics: dict[str, Any]) -> Page:
    return visit(kind(mode="latest"), {"topic_list": {"topics": [*topics], "more_topics_url": "/x"}}, cursor)


def test_topics_above_the_first_unchanged_one_are_read() -> None:
    known: dict[str, JSON] = {"threads": {f"{HOME}/t/2": "4 b", f"{HOME}/t/3": "1 c", f"{HOME}/t/9": "1 p"}}
    pinned = topic(9, 1, "p", pinned=True)
    page = latest(known, pinned, topic(1, 1, "a"), topic(3, 2, "d"), topic(2, 4, "b"), topic(4, 1, "old"))
    assert [request.url for request in page.threads] == [f"{HOME}/t/1/1.json", f"{HOME}/t/3/2.json"]
    assert [http(request).carry["mark"] for request in page.threads] == ["1 a", "2 d"]
    assert page.more == ()


def test_topics_are_paged_back_while_none_is_known() -> None:
    page = latest({}, topic(1, 1, "a"))
    assert [request.url for request in page.more] == [f"{HOME}/latest.json?no_definitions=true&page=1"]


def test_a_topic_is_read_from_its_end_and_its_beginning_is_asked_for_by_ids() -> None:
    reader = kind(mode="latest")
    thread = latest({}, topic(5, 100, "a")).threads[0]
    stream = list(range(1, 101))
    shown = [post(number, number, topic_slug="s") for number in range(90, 101)]
    body = {"id": 5, "title": "T5", "posts_count": 100, "post_stream": {"posts": shown, "stream": stream}}
    page = reader.read(thread, answer(body), {})
    assert [one.native_id for one in page.posts] == [str(number) for number in range(100, 89, -1)]
    assert page.cursor == {"threads": {f"{HOME}/t/5": "100 a"}}
    asked: list[int] = []
    while page.more:
        asked[:0] = [int(part.partition("=")[2]) for part in page.more[0].url.partition("?")[2].split("&")]
        page = reader.read(page.more[0], answer({"post_stream": {"posts": [post(1)]}}), {})
    assert asked == list(range(1, 90))


def test_answers_are_comments_and_the_end_of_a_long_topic_is_asked_for() -> None:
    reader = kind()
    request = http(reader.replies(f"{HOME}/t/5/1.json", {}, NOW))
    body = {
        "id": 5,
        "title": "T",
        "post_stream": {"posts": [post(1), post(2, 2), post(3, 3)], "stream": [1, 2, 3, 4, 5]},
    }
    page = reader.read(request, answer(body), {})
    assert [(one.native_id, one.type) for one in page.posts] == [("2", PostType.COMMENT), ("3", PostType.COMMENT)]
    assert [request.url for request in page.more] == [f"{HOME}/t/5/posts.json?post_ids[]=4&post_ids[]=5"]
    empty = {"id": 5, "title": "T", "post_stream": {"posts": [post(1)], "stream": [1]}}
    assert reader.read(request, answer(empty), {}).posts == ()


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ({"errors": ["Slow down"], "error_type": "rate_limit", "extras": {"wait_seconds": 17}}, Throttled, "Slow down"),
        ({"errors": ["Log in first"], "error_type": "not_logged_in"}, LoginRefused, "Log in first"),
        ({"errors": ["No such page"], "error_type": "not_found"}, Malformed, "No such page"),
        ({"something": []}, Malformed, "latest_posts"),
    ],
)
def test_says_what_the_forum_says(body: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as raised:
        visit(kind(), body)
    if isinstance(raised.value, Throttled):
        assert raised.value.wait == timedelta(seconds=17)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize("name", shared_names("discourse", ".json"))
def test_reads_captured_answers(name: str) -> None:
    """Each list by the mode that asks for it; what no mode asks for is refused with a reason."""
    raw = json.loads(shared_file("discourse", name).read_bytes())
    match name.removeprefix(PREFIX).removesuffix(".json"):
        case "posts_latest" | "posts_before":
            page, wanted = visit(kind(), raw), [one for one in raw["latest_posts"] if one["post_type"] == 1]
            assert [one.native_id for one in page.posts] == [str(one["id"]) for one in wanted]
            assert [one.published for one in page.posts] == [moment(one["created_at"]) for one in wanted]
            assert [one.author.name for one in page.posts] == [one["username"] for one in wanted]
            assert [one.title for one in page.posts] == [
                one["topic_title"] if one["post_number"] == 1 else "" for one in wanted
            ]
            for found, one in zip(page.posts, wanted, strict=True):
                assert found.url == f"{HOME}/t/{one['topic_slug']}/{one['topic_id']}/{one['post_number']}"
                # The raw text is Markdown: its words are those that are shown.
                words = [word for word in one["raw"].split() if word.isalpha()]
                assert words
                assert all(word in found.text for word in words)
        case "topic":
            reader = kind()
            page = reader.read(http(reader.replies(f"{HOME}/t/57/1.json", {}, NOW)), answer(raw), {})
            below = [
                one
                for one in raw["post_stream"]["posts"]
                if one["post_number"] > 1 and one["post_type"] == 1 and re.sub(r"<[^>]*>", "", one["cooked"]).strip()
            ]
            assert [one.native_id for one in page.posts] == [str(one["id"]) for one in reversed(below)]
            likes = [next(act["count"] for act in one["actions_summary"] if act["id"] == 2) for one in reversed(below)]
            assert [one.likes for one in page.posts] == likes
            assert [one.views for one in page.posts] == [one["reads"] for one in reversed(below)]
        case "hot" | "new" | "top" | "category_latest_topics":
            page = visit(kind(mode="latest"), raw)
            listed = {f"{HOME}/t/{one['id']}/{one['highest_post_number']}.json" for one in raw["topic_list"]["topics"]}
            assert {request.url for request in page.threads} == listed
        case "search":
            with pytest.raises(Malformed, match="no list posts"):  # of the search box of 2014, without posts
                visit(kind(mode="search", query="abc"), raw)
        case _:
            with pytest.raises(Malformed, match="no list"):
                visit(kind(mode="latest"), raw)
