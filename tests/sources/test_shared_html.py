"""Kind `html` on pages of real boards and forums that lie beside this project."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.config import kind_options
from monitor.models import Page, Post, PostType, Response
from monitor.sources.html import HtmlKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON

SHARED = Path(__file__).resolve().parents[3] / "shared" / "fixtures"
NOW = datetime(2026, 11, 21, 20, tzinfo=UTC)
SITE = "http://127.0.0.1:5000/"

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the captured pages do not lie beside the project")

FLASKBB: dict[str, object] = {
    "item": ".forum-row",
    "fields": {"title": ".topic-name a", "url": ".topic-name a", "replies": ".topic-stats"},
    "follow": ".topic-name a",
    "mark": ".topic-last-post > a@href",
    "next": ".pagination .active + li a",
    "languages": "en",
    "thread": {
        "item": ".post-row",
        "fields": {
            "id": ".post-content@id",
            "url": ".post-meta a",
            "text": ".post-content",
            "author": ".author-name a",
            "author_url": ".author-name a",
            "published": ".post-meta time",
        },
    },
}
XENFORO: dict[str, object] = {
    "item": "article.message--post",
    "fields": {
        "id": "@data-content",
        "url": ".message-attribution-opposite a[href*='/post-']",
        "text": ".bbWrapper",
        "author": "@data-author",
        "published": ".message-attribution-main time",
    },
    "remove": [".bbCodeBlock--quote", ".message-signature"],
    "languages": "de",
}


def answer(path: str, url: str) -> Response:
    headers = (("content-type", "text/html; charset=utf-8"),)
    return Response(url=url, status=200, headers=headers, body=(SHARED / path).read_bytes())


def read(path: str, options: Mapping[str, object], url: str) -> Page:
    kind = HtmlKind(url, kind_options("html", json.dumps(options)))
    return kind.read(kind.start({}, NOW), answer(path, url), {})


def posts(path: str, options: Mapping[str, object], url: str = "https://site.example/t/1") -> tuple[Post, ...]:
    (found,) = (SHARED / "forums").glob(f"*{path}*")
    return read(f"forums/{found.name}", options, url).posts


def test_a_forum_of_flaskbb_and_its_threads() -> None:
    kind = HtmlKind(f"{SITE}forum/1-welcome", kind_options("html", json.dumps(FLASKBB)))
    first = kind.read(kind.start({}, NOW), answer("boards/flaskbb/forum-1.html", kind.url), {})
    assert len(first.threads) == 10
    assert first.posts == ()
    assert first.threads[0].url == f"{SITE}topic/31-otzyv-no-29:-nordviki"
    assert dict(first.threads[0].carry) == {
        "asked": NOW.isoformat(),
        "title": "Отзыв №29: Нордвики",
        "replies": 3,
        "views": None,
        "thread": f"{SITE}topic/31-otzyv-no-29:-nordviki",
        "mark": "/post/96",
    }
    assert [request.url for request in first.more] == [f"{SITE}forum/1-welcome?page=2"]  # the first visit reads back
    another: dict[str, JSON] = {"threads": {f"{SITE}topic/1-gone": "/post/1"}}
    first = kind.read(kind.start({}, NOW), answer("boards/flaskbb/forum-1.html", kind.url), another)
    assert [request.url for request in first.more] == [f"{SITE}forum/1-welcome?page=2"]
    second = kind.read(first.more[0], answer("boards/flaskbb/forum-1-page2.html", first.more[0].url), first.cursor)
    assert len(second.threads) == 10
    assert not {request.url for request in first.threads} & {request.url for request in second.threads}
    request = next(request for request in second.threads if "/topic/14-" in request.url)
    thread = kind.read(request, answer("boards/flaskbb/topic-14.html", request.url), second.cursor)
    assert [post.native_id for post in thread.posts] == ["pid39", "pid38", "pid37", "pid36", "pid35"]
    opening = thread.posts[-1]
    assert opening.title == "Review #12: Nordvika"
    assert opening.text == "Comparing Nordvika with two competitors: price, speed and support. (#12.0)"
    assert opening.url == f"{SITE}post/35"
    assert opening.author.name == "admin"
    assert opening.author.url == f"{SITE}user/admin"
    assert opening.published == datetime(2026, 11, 21, 19, 26, 9, 123721, UTC)
    assert [post.type for post in thread.posts] == [*[PostType.COMMENT] * 4, PostType.POST]
    assert thread.posts[2].text == "У Нордвика опять упал сайт, кто-нибудь ещё видит ошибку 502? (#12.2)"
    # Seen again with the same mark, the thread is not asked for.
    again = kind.read(first.more[0], answer("boards/flaskbb/forum-1-page2.html", first.more[0].url), thread.cursor)
    assert request.url not in {other.url for other in again.threads}
    assert len(again.threads) == 7  # those below it are older


def test_the_start_page_of_a_blog() -> None:
    options: Mapping[str, object] = {
        "item": "li.wp-block-post",
        "fields": {"title": "h2", "url": "h2 a", "text": ".wp-block-post-excerpt", "published": "time"},
    }
    page = read("boards/wordpress/index.html", options, "http://127.0.0.1:18082/")
    post = next(post for post in page.posts if post.title == "Отзыв №29: Нордвики")
    assert post.text.startswith("Заказал в Нордвики неделю назад, до сих пор везут.")
    assert post.published == datetime(2026, 11, 19, 10, 29, 13, tzinfo=UTC)
    assert post.type is PostType.ARTICLE
    assert (post.url or "").startswith("http://127.0.0.1:18082/2026/11/")


def test_a_thread_of_xenforo() -> None:
    read_posts = posts("katzen-forum", XENFORO)
    assert len(read_posts) == 18
    first, second, *_, last = read_posts
    assert (first.native_id, first.author.name) == ("post-6331411", "Pepemaus")
    assert first.published == datetime(2018, 9, 27, 12, 51, 9, tzinfo=UTC)
    assert (first.url or "").endswith("/post-6331411")
    assert (second.author.name, second.text.split("\n")[0]) == ("yellowkitty", "Hat er evtl. Milben in den Ohren?")
    assert (last.native_id, last.author.name) == ("post-6457563", "Pepemaus")


def test_another_thread_of_xenforo() -> None:
    read_posts = posts("villagersandheroes", XENFORO)
    assert [post.author.name for post in read_posts] == [
        *("Tiberius", "Bibi Blocksberg", "Bluerider", "Nixe", "Tiberius", "Glockenfee"),
        *("Bibi Blocksberg", "Bibi Blocksberg", "Tiberius"),
    ]
    assert read_posts[0].published == datetime(2020, 9, 18, 15, 56, 40, tzinfo=UTC)


def test_quotes_are_not_words_of_who_quotes() -> None:
    with_quotes = posts("katzen-forum", XENFORO | {"remove": []})
    without = posts("katzen-forum", XENFORO)
    shorter = [len(one.text) < len(other.text) for one, other in zip(without, with_quotes, strict=True)]
    assert any(shorter)
    assert not all(shorter)


def test_a_thread_of_forumieren() -> None:
    options: Mapping[str, object] = {
        "item": ".post:not(.post--0)",
        "fields": {"id": "@id", "url": ".postdetails a", "text": ".post-entry", "author": ".postprofile-head strong"},
    }
    read_posts = posts("wolfsrebellen", options)
    assert [(post.native_id, post.author.name) for post in read_posts] == [
        *(("p7", "lupa"), ("p655", "lupa"), ("p702", "lupa"))
    ]
    assert read_posts[0].text.startswith("Forums - Regeln")


def test_a_list_of_reviews() -> None:
    (path,) = (SHARED / "yelp").glob("*bbb_page1*")
    options: Mapping[str, object] = {
        "item": ".review-item",
        "fields": {
            "id": "@data-review-id",
            "text": ".review-text",
            "author": ".reviewer-name",
            "published": ".review-date",
            "rating": ".star-rating",
        },
        "languages": "en",
    }
    page = read(f"yelp/{path.name}", options, "https://site.example/reviews")
    assert [(post.native_id, post.rating, post.author.name) for post in page.posts[:3]] == [
        ("bbb_rev_001", 5.0, "Michael Johnson"),
        ("bbb_rev_002", 2.0, "Sarah Williams"),
        ("bbb_rev_003", 4.0, "Anonymous"),
    ]
    assert [post.published for post in page.posts[:2]] == [
        datetime(2024, 11, 20, tzinfo=UTC),
        datetime(2024, 10, 15, tzinfo=UTC),
    ]
    assert {post.type for post in page.posts} == {PostType.REVIEW}
