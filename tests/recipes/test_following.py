"""Recipes over several pages and polls: the way to the newest posts of a thread and back, sessions in links."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.recipes.reading import DATA, NOW, SITE, read, reader_of, source_of

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.models import JSON, Request

FORUM = f"{SITE}forum/1-shops"
TOPIC = f"{SITE}topic/7-kassolet-froze"


def topic_page(folder: Path, number: int, *, of: int) -> Path:
    """A page of a FlaskBB topic with two posts a page."""
    pages = "".join(
        f'<li class="page-item active"><a class="page-link" href="#">{page}</a></li>'
        if page == number
        else f'<li class="page-item"><a class="page-link" href="/topic/7-kassolet-froze?page={page}">{page}</a></li>'
        for page in range(1, of + 1)
    )
    onward = f'<li class="page-item"><a class="page-link" href="/topic/7-kassolet-froze?page={number + 1}">»</a></li>'
    bar = f'<ul class="pagination"><li class="page-item disabled"><a href="#">Pages</a></li>{pages}'
    bar += f"{onward if number < of else ''}</ul>"
    posts = "".join(
        f'<div class="row post-row"><div class="author-name"><a href="/user/u{post}">u{post}</a></div>'
        f'<div class="post-meta"><a href="/post/{post}"><time datetime="2026-11-21T10:{post:02}:00Z"></time></a></div>'
        f'<div class="post-content" id="pid{post}"><p>said {post}</p></div></div>'
        for post in (2 * number - 1, 2 * number)
    )
    path = folder / f"page-{number}.html"
    path.write_text(f"<html><body>{bar}{posts}{bar}</body></html>", encoding="utf-8")
    return path


@pytest.mark.parametrize("pages", [1, 2, 3, 5])
def test_a_topic_of_flaskbb_is_read_from_its_last_page_back_to_its_first(tmp_path: Path, pages: int) -> None:
    kind = reader_of(source_of("flaskbb", tmp_path))
    listed = read(kind, kind.start({}, NOW), DATA / "flaskbb" / "list.html")
    request: Request = listed.threads[0]
    visited, said, titles = list[str](), list[str](), list[str]()
    cursor = listed.cursor
    while True:
        number = int(request.url.partition("?page=")[2] or 1)
        visited.append(request.url)
        assert len(visited) <= pages + 1
        page = read(kind, request, topic_page(tmp_path, number, of=pages), cursor=cursor)
        said += [post.text for post in page.posts]
        titles += [post.title for post in page.posts]
        cursor = page.cursor
        if not page.more:
            break
        request = page.more[0]
    assert said == [f"said {post}" for post in range(2 * pages, 0, -1)]
    assert titles == [*[""] * (2 * pages - 1), "Kassolet froze"]
    assert cursor["threads"] == {TOPIC: "/post/71"}


@pytest.mark.parametrize(
    ("recipe", "session"),
    [
        ("phpbb2", "0123456789abcdef0123456789abcdef"),
        ("phpbb3", "0123456789abcdef0123456789abcdef"),
        ("vbulletin3", "0123456789abcdef0123456789abcdef"),
        ("vbulletin4", "0123456789abcdef0123456789abcdef"),
    ],
)
def test_a_session_in_links_does_not_make_news_of_known_threads(tmp_path: Path, recipe: str, session: str) -> None:
    path = DATA / recipe / "list.html"
    assert session in path.read_text(encoding="utf-8")
    kind = reader_of(source_of(recipe, tmp_path))
    first = read(kind, kind.start({}, NOW), path)
    assert first.threads
    assert session not in str([(thread.url, thread.carry) for thread in first.threads])
    known: dict[str, JSON] = {str(thread.carry["thread"]): thread.carry["mark"] for thread in first.threads}
    other = tmp_path / "other.html"
    other.write_text(path.read_text(encoding="utf-8").replace(session, "f" * 32), encoding="utf-8")
    again = read(kind, kind.start({"threads": known}, NOW), other, cursor={"threads": known})
    assert again.threads == ()


@pytest.mark.parametrize(
    "recipe", ["flaskbb", "ipb", "mybb", "phpbb2", "phpbb3", "vbulletin3", "vbulletin4", "xenforo2"]
)
def test_a_thread_that_grew_is_read_again(tmp_path: Path, recipe: str) -> None:
    path = DATA / recipe / "list.html"
    kind = reader_of(source_of(recipe, tmp_path))
    first = read(kind, kind.start({}, NOW), path)
    known: dict[str, JSON] = {str(thread.carry["thread"]): thread.carry["mark"] for thread in first.threads}
    grown = known | {str(first.threads[0].carry["thread"]): "as it was before"}
    again = read(kind, kind.start({"threads": grown}, NOW), path, cursor={"threads": grown})
    assert [thread.url for thread in again.threads] == [first.threads[0].url]
