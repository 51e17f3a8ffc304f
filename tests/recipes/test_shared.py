"""Recipes on the captured pages and answers that lie beside this project; what is expected is worked out here anew."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from monitor.errors import Malformed
from monitor.models import HttpRequest, PostType
from tests.recipes.reading import SHARED, read, reader_of, source_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor.models import JSON, Page, Post
    from monitor.sources.protocol import Kind

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BOARD = "http://127.0.0.1:5000/"
BLOG = "http://127.0.0.1:18082/"
LOOPBACK = {"allow": ["127.0.0.0/8"]}

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the captured pages do not lie beside the project")


def kind_of(recipe: str, folder: Path, **given: object) -> Kind:
    return reader_of(source_of(recipe, folder, **given))


def first_page(kind: Kind, path: Path, *, headers: Sequence[tuple[str, str]] = ()) -> Page:
    return read(kind, kind.start({}, NOW), path, headers=headers)


def bare(markup: str) -> str:
    """A text without markup and white space, by no means that the program uses."""
    return "".join(html.unescape(re.sub(r"<[^>]+>", "", markup)).split())


def said(post: Post) -> str:
    return "".join(post.text.split())


def found_in(pattern: str, text: str) -> list[Any]:
    return re.findall(pattern, text, re.DOTALL)


# ── FlaskBB ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def rows_of(path: Path) -> list[tuple[str, str, int, int]]:
    """Address, title, posts and views of each topic in a list."""
    rows = found_in(
        r'<div class="topic-name">\s*<a href="([^"]+)">(.*?)</a>.*?topic-stats">(\d+)</div>.*?topic-stats">(\d+)</div>',
        path.read_text(encoding="utf-8"),
    )
    return [(address, html.unescape(title), int(posts), int(views)) for address, title, posts, views in rows]


def test_flaskbb_all_topics_of_two_pages(tmp_path: Path) -> None:
    folder = SHARED / "boards" / "flaskbb"
    kind = kind_of("flaskbb", tmp_path, url=BOARD, **LOOPBACK)
    first = first_page(kind, folder / "forum-1.html")
    # An older page follows where the list turned over since the last visit.
    known: dict[str, JSON] = {"threads": {f"{BOARD}topic/1-x": "/post/1"}}
    turned = read(kind, kind.start(known, NOW), folder / "forum-1.html", cursor=known)
    (further,) = turned.more
    assert further.url == f"{BOARD}forum/1-welcome?page=2"
    second = read(kind, further, folder / "forum-1-page2.html", cursor=turned.cursor)
    listed = [*first.threads, *second.threads]
    expected = [*rows_of(folder / "forum-1.html"), *rows_of(folder / "forum-1-page2.html")]
    assert len(expected) == 20
    assert [(thread.url, *map(thread.carry.get, ("title", "replies", "views"))) for thread in listed] == [
        (f"{BOARD}{address[1:]}", *rest) for address, *rest in expected
    ]


@pytest.mark.parametrize("number", [2, 6, 9, 14])
def test_flaskbb_all_posts_of_a_topic(tmp_path: Path, number: int) -> None:
    path = SHARED / "boards" / "flaskbb" / f"topic-{number}.html"
    raw = path.read_text(encoding="utf-8")
    kind = kind_of("flaskbb", tmp_path, url=BOARD, **LOOPBACK)
    (address, title) = found_in(r'topic-header">\s*<a href="([^"]+)">(.*?)</a>', raw)[0]
    carry: dict[str, JSON] = {
        "asked": NOW.isoformat(),
        "thread": BOARD + address[1:],
        "mark": "x",
        "title": html.unescape(title),
    }
    request = HttpRequest(url=BOARD + address[1:], step="thread", carry=carry, for_people=True)
    page = read(kind, request, path)
    expected = found_in(
        r'author-name">\s*<h4><a href="([^"]+)">(.*?)</a>.*?'
        r'post-meta row.*?<a href="([^"]+)"><time datetime="([^"]+)".*?'
        r'post-content" id="(pid\d+)">(.*?)<!-- Attachments Begin',
        raw,
    )
    assert len(expected) == raw.count('class="post-content"') > 0
    posts = page.posts[::-1]
    assert [
        (post.native_id, post.url, post.author.name, post.author.url, post.published, said(post)) for post in posts
    ] == [
        (pid, BOARD + link[1:], html.unescape(name), BOARD + user[1:], datetime.fromisoformat(when), bare(text))
        for user, name, link, when, pid, text in expected
    ]
    assert [post.title for post in posts] == [html.unescape(title), *[""] * (len(posts) - 1)]
    assert [post.type for post in posts] == [PostType.POST, *[PostType.COMMENT] * (len(posts) - 1)]
    assert {post.thread for post in posts} == {BOARD + address[1:]}
    assert page.more == ()


# ── WordPress ───────────────────────────────────────────────────────────────────────────────────────────────────────


def answer_of(name: str) -> tuple[Path, list[dict[str, Any]], list[tuple[str, str]]]:
    path = SHARED / "boards" / "wordpress" / f"{name}.json"
    lines = path.with_name(f"{name}.json.headers").read_text(encoding="utf-8").splitlines()[1:]
    headers = [(key.lower(), value.strip()) for key, _, value in (line.partition(":") for line in lines if line)]
    return path, json.loads(path.read_bytes()), headers


def test_wordpress_all_posts(tmp_path: Path) -> None:
    path, expected, headers = answer_of("posts")
    page = first_page(kind_of("wordpress", tmp_path, url=BLOG, **LOOPBACK), path, headers=headers)
    assert len(expected) == 20
    assert [(post.native_id, post.url, post.title, said(post), post.published) for post in page.posts] == [
        (
            str(post["id"]),
            post["link"],
            " ".join(html.unescape(post["title"]["rendered"]).split()),
            bare(post["content"]["rendered"]),
            datetime.fromisoformat(post["date_gmt"]).replace(tzinfo=UTC),
        )
        for post in expected
    ]
    assert [post.follow for post in page.posts] == [post["_links"]["replies"][0]["href"] for post in expected]
    assert [request.url for request in page.more] == [f"{BLOG}wp-json/wp/v2/posts?per_page=20&page=2"]


def test_wordpress_all_comments(tmp_path: Path) -> None:
    path, expected, headers = answer_of("comments")
    page = first_page(kind_of("wordpress_comments", tmp_path, url=BLOG, **LOOPBACK), path, headers=headers)
    assert len(expected) == 50
    assert [
        (post.native_id, post.url, post.author.name, said(post), post.published, post.thread, post.parent, post.type)
        for post in page.posts
    ] == [
        (
            str(post["id"]),
            post["link"],
            post["author_name"],
            bare(post["content"]["rendered"]),
            datetime.fromisoformat(post["date_gmt"]).replace(tzinfo=UTC),
            str(post["post"]),
            str(post["parent"]) if post["parent"] else None,
            PostType.COMMENT,
        )
        for post in expected
    ]
    assert [request.url for request in page.more] == [f"{BLOG}wp-json/wp/v2/comments?per_page=50&page=2"]


# ── XenForo ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def thread_of(name: str, folder: Path) -> tuple[str, Page]:
    (path,) = (SHARED / "forums").glob(f"*{name}*")
    url = "https://site.example/threads/t.1/"
    carry: dict[str, JSON] = {"asked": NOW.isoformat(), "thread": url, "mark": "x", "jumped": True}
    request = HttpRequest(url=url, step="thread", carry=carry, for_people=True)
    return path.read_text(encoding="utf-8"), read(kind_of("xenforo2", folder), request, path)


def test_xenforo_refuses_an_article_that_is_no_thread(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="no post on the page of a thread"):
        thread_of("anglerboard", tmp_path)


@pytest.mark.parametrize("name", ["katzen-forum", "villagersandheroes"])
def test_xenforo_all_posts_of_a_page(tmp_path: Path, name: str) -> None:
    raw, page = thread_of(name, tmp_path)
    tags = found_in(r'<article class="message[^"]*message--post[^>]*>', raw)
    expected = {
        found_in(r'data-content="([^"]+)"', tag)[0]: html.unescape(found_in(r'data-author="([^"]*)"', tag)[0])
        for tag in tags
    }
    assert len(expected) > 5
    assert {post.native_id: post.author.name for post in page.posts} == expected
    bodies = raw.split('data-content="post-')[1:]
    moments = {"post-" + body.partition('"')[0]: int(found_in(r'data-time="(\d+)"', body)[0]) for body in bodies}
    assert {post.native_id: post.published.timestamp() for post in page.posts if post.published} == {
        key: moments[key] for key in expected
    }
    assert all(post.text and post.url and post.url.startswith("http") for post in page.posts)
    assert all("Click to expand" not in post.text and "Zum Vergrößern" not in post.text for post in page.posts)


# ── YouTube ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_youtube_all_videos_of_a_feed(tmp_path: Path) -> None:
    (path,) = (SHARED / "youtube").glob("*youtube.xml")
    raw = path.read_text(encoding="utf-8")
    page = first_page(kind_of("youtube", tmp_path), path)
    entries = raw.split("<entry>")[1:]
    assert len(entries) > 5
    assert [
        (post.native_id, (post.url or "").partition("?")[2], post.title, post.views, post.type) for post in page.posts
    ] == [
        (
            f"yt:video:{found_in(r'<yt:videoId>(.*?)<', entry)[0]}",
            f"v={found_in(r'<yt:videoId>(.*?)<', entry)[0]}",
            html.unescape(found_in(r"<title>(.*?)</title>", entry)[0]),
            int(found_in(r'views="(\d+)"', entry)[0]),
            PostType.VIDEO,
        )
        for entry in entries
    ]
    assert all(post.rating is None and post.published and post.author.url for post in page.posts)


def comments_of(answer: dict[str, Any]) -> dict[str, tuple[str, str | None, int]]:
    """Author, parent and likes of each comment, by id."""
    found: dict[str, tuple[str, str | None, int]] = {}
    for thread in answer["items"]:
        for comment in [thread["snippet"]["topLevelComment"], *thread.get("replies", {}).get("comments", [])]:
            inner = comment["snippet"]
            found[comment["id"]] = (inner["authorDisplayName"], inner.get("parentId"), inner["likeCount"])
    return found


@pytest.mark.parametrize("name", ["single", "threads_all_to_me", "threads_by_channel", "multi", "with_search"])
def test_youtube_all_comments_of_an_answer(tmp_path: Path, name: str) -> None:
    (path,) = (SHARED / "youtube").glob(f"*comment_thread*_{name}.json")
    answer = json.loads(path.read_bytes())
    page = first_page(kind_of("youtube_comments", tmp_path), path)
    assert {post.native_id: (post.author.name, post.parent, post.likes) for post in page.posts} == comments_of(answer)
    assert all(post.text and post.published and post.type is PostType.COMMENT for post in page.posts)
    assert [f"pageToken={answer['nextPageToken']}" in request.url for request in page.more] == (
        [True] if answer.get("nextPageToken") else []
    )


# ── Trustpilot ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_trustpilot_all_reviews_in_their_page(tmp_path: Path) -> None:
    (path,) = (SHARED / "trustpilot").glob("*reviews.json")
    expected = json.loads(path.read_bytes())
    assert len(expected) == 60
    data = json.dumps({"props": {"pageProps": {"reviews": expected}}}).replace("</", "<\\/")
    served = tmp_path / "page.html"
    served.write_text(
        f'<!DOCTYPE html><html><body><p>Reviews</p><script id="__NEXT_DATA__" type="application/json">{data}</script>',
        encoding="utf-8",
    )
    page = first_page(kind_of("trustpilot", tmp_path), served)
    assert [
        (post.native_id, post.title, said(post), post.rating, post.author.name, post.published, post.lang)
        for post in page.posts
    ] == [
        (
            one["id"],
            " ".join(one["title"].split()),
            "".join(one["text"].split()),
            float(one["rating"]),
            " ".join(one["consumer"]["displayName"].split()),
            datetime.fromisoformat(one["dates"]["publishedDate"]),
            one["language"],
        )
        for one in expected
    ]
    assert [request.url[-7:] for request in page.more] == ["&page=2"]
