"""What repeats on pages of no known engine: items, fields, links to other pages; and what such a list lacks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from monitor.config import kind_options
from monitor.discovery.naming import is_stable
from monitor.discovery.repeated import Structure, find_structure, html_options
from monitor.sources.html import HtmlKind
from monitor.sources.webpage import read_webpage
from tests.discovery import pages
from tests.discovery.pages import SITE, answer, page

if TYPE_CHECKING:
    from monitor.models import Page, Response

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def structure(body: str, url: str = SITE) -> Structure:
    found = find_structure(read_webpage(answer(body, url)), asked=NOW)
    assert found is not None
    return found


def read(response: Response, found: Structure, thread: Structure | None = None) -> Page:
    """What the kind `html` makes of a page with the options that were found."""
    kind = HtmlKind(response.url, kind_options("html", json.dumps(html_options(found, thread))))
    return kind.read(kind.start({}, NOW), response, {})


def test_a_list_of_threads_and_their_posts() -> None:
    listed, thread = structure(pages.thread_list(), f"{SITE}f/1"), structure(pages.thread_page(), f"{SITE}t/1")
    assert (listed.sort, listed.number, listed.lacks) == ("threads", 6, ())
    assert (thread.sort, thread.number, thread.lacks) == ("posts", 4, ())
    assert listed.sample == f"{SITE}t/1"  # the one with the most answers
    assert html_options(listed, thread) == {
        "item": ".tema",
        "fields": {
            "title": ".tema-title a",
            "url": ".tema-title a",
            "author": ".tema-author",
            "replies": ".tema-replies",
            "views": ".tema-views",
        },
        "next": '.pages-nav a:-soup-contains-own("Вперёд »")',
        "follow": ".tema-last",
        "mark": "time@datetime",
        "thread": {
            "item": ".zapis",
            "fields": {
                "id": "@id",
                "url": ".zapis-link",
                "author": ".zapis-author",
                "text": ".zapis-text",
                "published": "time",
            },
            "remove": [".zapis-signature"],
            "next": "[rel~=prev]",
            "last": "[rel~=last]",
        },
        "languages": ["ru"],
    }


def test_the_options_read_what_the_page_says() -> None:
    listed, thread = structure(pages.thread_list(), f"{SITE}f/1"), structure(pages.thread_page(), f"{SITE}t/1")
    first = read(answer(pages.thread_list(), f"{SITE}f/1"), listed, thread)
    assert [request.carry["mark"] for request in first.threads][:2] == [
        "2026-11-20T10:00:00+00:00",
        "2026-11-19T09:30:00+00:00",
    ]
    assert [request.carry["replies"] for request in first.threads] == [12, 3, 7, 1, 9, 2]
    posts = read(answer(pages.thread_page(), f"{SITE}t/1"), thread).posts
    assert [(post.native_id, post.author.name) for post in posts] == [
        *(("z1", "ivan"), ("z2", "olga"), ("z3", "petr"), ("z4", "support"))
    ]
    assert posts[2].text == "Ответ номер 3: оплата в приложении так и не проходит, пишу третий день.\nПоддержка молчит."
    assert posts[2].published == datetime(2026, 11, 13, 10, 0, tzinfo=UTC)
    assert posts[2].url == f"{SITE}t/1#z3"


@pytest.mark.parametrize(
    ("body", "lacks", "followable"),
    [
        (pages.thread_list(dates=False), "no dates", True),
        (pages.thread_list(replies=False), "no numbers of replies", True),
        (pages.thread_list(authors=False), "no authors", True),
        (pages.thread_list(replies=False, dates=False), "no dates", False),
    ],
)
def test_what_a_list_of_threads_lacks_is_told(body: str, lacks: str, followable: bool) -> None:
    found = structure(body)
    assert lacks in found.lacks
    assert found.followable is followable
    assert found.sure < structure(pages.thread_list()).sure


def test_a_list_without_any_mark_is_only_a_list_of_titles() -> None:
    found = structure(pages.thread_list(replies=False, dates=False, authors=False))
    assert (found.sort, found.number) == ("titles", 6)
    assert any("titles" in lack for lack in found.lacks)
    assert "follow" not in html_options(found, structure(pages.thread_page()))


def test_a_table_without_a_class() -> None:
    found = structure(pages.table_of_threads())
    assert (found.sort, found.item) == ("threads", "#topics tr")
    page_read = read(answer(pages.table_of_threads()), found, structure(pages.thread_page()))
    assert [request.carry["title"] for request in page_read.threads][:2] == [
        *("Не проходит оплата картой", "Когда починят поиск?")
    ]
    assert [request.carry["replies"] for request in page_read.threads] == [12, 3, 7, 1, 9, 2]


def test_names_that_a_build_tool_made_are_not_used() -> None:
    found = structure(pages.reviews())
    assert (found.sort, found.number, found.item) == ("posts", 4, ".reviews-list article")
    assert "css-" not in json.dumps(html_options(found))
    posts = read(answer(pages.reviews()), found).posts
    assert [post.published for post in posts] == [datetime(2026, 11, day, tzinfo=UTC) for day in (20, 18, 17, 11)]
    assert all(post.text.startswith("Заказ") for post in posts)


@pytest.mark.parametrize(
    "body",
    [
        page(body=pages._CHROME),
        page(body="<p>Одна статья без списка.</p>" * 3),
        page(body="<div class='modal'><p>Окно с длинным текстом о печенье, одно из трёх на странице.</p></div>" * 3),
        page(),
    ],
)
def test_a_page_without_posts_has_no_structure(body: str) -> None:
    assert find_structure(read_webpage(answer(body)), asked=NOW) is None


@pytest.mark.parametrize("name", ["post", "comment-body", "message__text", "topic-title", "b-post", "ipsComment"])
def test_names_that_stay(name: str) -> None:
    assert is_stable(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "css-1x2y3z",
            "sc-bdVaJa",
            "post-28287",
            "message--12345",
            "col-md-2",
            "d-none",
            "mb-3",
            "active",
            "clearfix",
        ),
        *("odd", "jsx-123456", "md:flex", "Post_title__a1B2c", "is-new", "1st"),
    ],
)
def test_names_that_do_not(name: str) -> None:
    assert not is_stable(name)


def test_answers_within_answers_are_items_of_their_own() -> None:
    def comment(number: int, inner: str) -> str:
        return (
            f"<li class='otvet' id='c{number}'><b class='otvet-author'>user{number}</b>"
            f"<time datetime='2026-11-0{number}'>x</time>"
            f"<div class='otvet-text'>Слова {number}, которых достаточно для одного ответа здесь.</div>"
            f"<ul>{inner}</ul></li>"
        )

    body = page(body=f"<ul>{comment(1, comment(2, comment(3, '')))}{comment(4, '')}</ul>")
    found = structure(body)
    assert (found.item, found.number) == (".otvet", 4)
    posts = read(answer(body), found).posts
    assert [(post.native_id, post.author.name) for post in posts] == [(f"c{n}", f"user{n}") for n in (1, 2, 3, 4)]
    assert ["Слова 2" in post.text for post in posts] == [False, True, False, False]


def test_a_hostile_page_takes_bounded_time_and_gives_an_answer() -> None:
    deep = "<div class='a b c'>" * 900 + "текст и ещё текст" + "</div>" * 900
    row = "<div class='x{0}y row{1}a'><a href='/{2}'>z{2}</a></div>"
    wide = "".join(row.format(number % 7, number % 3, number) for number in range(9_000))
    for body in (deep, wide, "<div class='post'>" * 5 + "<a href='/'></a>"):
        find_structure(read_webpage(answer(page(body=body))), asked=NOW)


def test_words_without_a_place_of_their_own_are_read_with_the_whole_item() -> None:
    items = "".join(
        f"<li class='otzyv'><p><span class='otzyv-author'>{author}</span> • <time datetime='2026-11-{day}'>x</time></p>"
        f"<p>Слова от {author}: доставка опоздала на неделю, а поддержка два дня не отвечала ни на звонки, "
        "ни на письма, и только потом извинилась.</p></li>"
        for author, day in (("Ольга", 20), ("Пётр", 18), ("Инна", 17))
    )
    body = page(body=f"<ul>{items}</ul>")
    found = structure(body)
    assert (found.sort, found.number, found.item) == ("posts", 3, ".otzyv")
    assert any("no place of its own" in lack for lack in found.lacks)
    posts = read(answer(body), found).posts
    assert [post.author.name for post in posts] == ["Ольга", "Пётр", "Инна"]
    assert "Слова от Пётр: доставка опоздала" in posts[1].text
