"""Kind `html`: lists, threads and their marks, barriers, addresses."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from monitor.config import kind_options
from monitor.errors import Blocked, Malformed
from monitor.models import HttpRequest, Page, PostType, Response
from monitor.sources.html import HtmlKind, name_of
from monitor.sources.render import post_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.models import JSON

DATA = Path(__file__).parent / "data"
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
URL = "https://served.example/board/"
BOARD = "https://forum.served.example/board/"
FORUM = (DATA / "html" / "forum.html").read_bytes()
FORUM_OPTIONS = json.loads((DATA / "html" / "forum.options.json").read_bytes())


def kind(**options: object) -> HtmlKind:
    return HtmlKind(URL, kind_options("html", json.dumps(options)))


def answer(body: str | bytes, url: str = URL, content_type: str = "text/html; charset=utf-8") -> Response:
    raw = body.encode() if isinstance(body, str) else body
    return Response(url=url, status=200, headers=(("content-type", content_type),), body=raw)


def read(body: str | bytes, **options: object) -> Page:
    reader = kind(**({"item": ".p"} | options))
    return reader.read(reader.start({}, NOW), answer(body), {})


def forum(cursor: Mapping[str, JSON] | None = None, **options: object) -> Page:
    reader = kind(**(FORUM_OPTIONS | options))
    return reader.read(reader.start({}, NOW), answer(FORUM, BOARD), cursor or {})


def thread(name: str, number: int, cursor: Mapping[str, JSON] | None = None, **options: object) -> Page:
    listed = forum()
    request = listed.threads[number]
    reader = kind(**(FORUM_OPTIONS | {"thread": FORUM_OPTIONS["thread"] | options}))
    body = (DATA / "html-thread" / name).read_bytes()
    return reader.read(request, answer(body, request.url), cursor or {})


# ── Lists ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_asks_for_a_page_for_people() -> None:
    request = kind(item=".p").start({}, NOW)
    assert isinstance(request, HttpRequest)
    assert request.for_people
    assert request.url == URL
    assert request.carry == {"asked": NOW.isoformat()}


def test_a_selector_is_tried_after_another_that_finds_nothing() -> None:
    page = read("<p class=p><b></b><i>b</i></p><p class=p><b>a</b><i>b</i></p>", fields={"text": ["b", "i"]})
    assert [post.text for post in page.posts] == ["b", "a"]


def test_without_a_text_selector_the_whole_item_is_the_text() -> None:
    assert [post.text for post in read("<p class=p>one <b>two</b></p>").posts] == ["one two"]


def test_posts_that_say_nothing_are_left_out() -> None:
    page = read("<p class=p> <b>&nbsp;</b></p><p class=p>said</p>")
    assert [post.text for post in page.posts] == ["said"]


def test_an_attribute_of_the_item_and_of_an_element() -> None:
    page = read(
        '<div class=p data-id="7" id=x><a href="/7" title="Full title">Sho…</a></div>',
        fields={"id": "@data-id", "title": "a@title", "url": "a@href", "text": "a"},
    )
    assert [(post.native_id, post.title, post.url) for post in page.posts] == [
        ("7", "Full title", "https://served.example/7")
    ]


def test_addresses_that_are_none_are_left_out() -> None:
    page = read(
        '<div class=p><a href="javascript:alert(1)">x</a><a href="data:text/html,x">y</a></div>',
        fields={"url": "a", "author_url": "a"},
    )
    assert (page.posts[0].url, page.posts[0].author.url) == (None, None)


def test_a_base_address_is_honoured_and_a_hostile_one_is_not() -> None:
    post = '<p class=p><a href="t/1">a</a></p>'
    fields = {"url": "a"}
    good = read(f'<head><base href="/deep/"></head>{post}', fields=fields).posts[0]
    bad = read(f'<head><base href="javascript:x"></head>{post}', fields=fields).posts[0]
    assert (good.url, bad.url) == ("https://served.example/deep/t/1", "https://served.example/board/t/1")


def test_relative_dates_count_from_the_moment_of_asking() -> None:
    page = read(
        "<p class=p><i>2 дня назад</i></p>", fields={"published": "i"}, languages="ru", timezone="Asia/Vladivostok"
    )
    assert page.posts[0].published == datetime(2026, 11, 16, 12, tzinfo=UTC)


def test_a_machine_readable_date_comes_before_words() -> None:
    page = read(
        '<p class=p><time datetime="2026-11-17T10:00:00Z" title="x">yesterday</time></p>'
        '<p class=p><time title="14.03.2026 10:31">в марте</time></p>',
        fields={"published": "time"},
    )
    assert [post.published for post in page.posts] == [
        datetime(2026, 11, 17, 10, tzinfo=UTC),
        datetime(2026, 3, 14, 10, 31, tzinfo=UTC),
    ]


def test_ratings_are_brought_to_the_scale_of_five() -> None:
    body = "".join(
        f"<p class=p>x<i {stars}</i></p>"
        for stars in ('style="width:80%">', 'class="star-45">', ">8", 'title="8/10">', ">★★☆☆☆", ">none")
    )
    page = read(body, fields={"rating": ["i", "i@style", "i@class"]}, rating_best=10)
    assert [post.rating for post in page.posts] == [4.0, 2.25, 4.0, 4.0, 2.0, None]
    page = read(body, fields={"rating": ["i", "i@style", "i@class"]})
    assert [post.rating for post in page.posts] == [4.0, 4.5, 4.0, 4.0, 2.0, None]


def test_the_next_page_is_older_and_not_this_one() -> None:
    body = '<p class=p>x</p><a class=n href="{}">n</a>'
    assert [more.url for more in read(body.format("?page=2"), next=".n").more] == [f"{URL}?page=2"]
    assert read(body.format("#top"), next=".n").more == ()
    assert read(body.format(URL), next=".n").more == ()
    assert all(
        isinstance(more, HttpRequest) and more.for_people for more in read(body.format("?page=2"), next=".n").more
    )


def test_an_item_in_an_item_is_read_once() -> None:
    page = read("<div class=p>outer <div class=p>inner</div> end</div>")
    assert [post.text for post in page.posts] == ["outer end", "inner"]


def test_what_is_removed_is_not_read_as_any_field() -> None:
    page = read(
        "<div class=p><blockquote><b>Quoted</b> words</blockquote><b>Author</b> says</div>",
        fields={"author": "b"},
        remove="blockquote",
    )
    assert [(post.author.name, post.text) for post in page.posts] == [("Author", "Author says")]


def test_types_of_posts() -> None:
    fields = {"title": "h1", "rating": "i", "parent": "a@href", "text": "p"}
    page = read(
        "<div class=p><h1>t</h1><p>x</div><div class=p><p>x</div><div class=p><i>4</i><p>x</div>"
        "<div class=p><a href=/1>re</a><p>x</div>",
        fields=fields,
    )
    assert [post.type for post in page.posts] == [
        PostType.ARTICLE,
        PostType.POST,
        PostType.REVIEW,
        PostType.COMMENT,
    ]


def test_no_more_items_than_the_cap() -> None:
    page = read("<p class=p>x</p>" * 2500)
    assert len(page.posts) == 2000


# ── Threads ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_list_of_threads_yields_no_posts_but_each_thread_with_a_new_mark() -> None:
    cursor: dict[str, JSON] = {"threads": {f"{BOARD}t/1": "1", f"{BOARD}t/7": "23", f"{BOARD}t/99": "5"}}
    page = forum(cursor)
    assert page.posts == ()
    assert [request.url for request in page.threads] == [f"{BOARD}t/7?page=3", f"{BOARD}t/5"]
    assert [request.carry["mark"] for request in page.threads] == ["24", "3"]
    # The mark of what is not listed any more stays for a while; those of threads that grew change when they are read.
    assert page.cursor["threads"] == {f"{BOARD}t/99": "5", f"{BOARD}t/1": "1", f"{BOARD}t/7": "23"}


def test_the_marks_of_threads_that_are_no_longer_listed_are_bounded() -> None:
    before: dict[str, JSON] = {f"{BOARD}t/{number}": "5" for number in range(1000, 2000)}
    page = forum({"threads": before | {f"{BOARD}t/1": "1"}})
    kept = cast("dict[str, JSON]", page.cursor["threads"])
    assert (len(kept), next(iter(kept)), list(kept)[-1]) == (201, f"{BOARD}t/1800", f"{BOARD}t/1")


def listed(*names: str, older: bool = False, **marks: str) -> Page:
    """A page of a list of these threads, each with 2 answers, read with these marks known."""
    rows = "".join(f'<p class=p><a href="/{name}">{name}</a><i>2</i></p>' for name in names)
    reader = kind(item=".p", follow="a", mark="i", next=".n", thread={"item": ".p"})
    request = reader.start({}, NOW)
    if older:
        request = replace(request, step="page", carry={**request.carry, "turned": False})
    cursor: dict[str, JSON] = {"threads": {f"https://served.example/{name}": mark for name, mark in marks.items()}}
    return reader.read(request, answer(f"{rows}<a class=n href='?page=2'>n</a>"), cursor)


@pytest.mark.parametrize(
    ("page", "asked", "old", "goes_on"),
    [
        # what is read, what of it is history by its place, whether an older list is read
        (listed("a", "b"), "ab", "", True),  # nothing is known: the first visit reads as far back as it may
        (listed("a", "b", a="2", b="1"), "b", "", True),  # the last known one grew
        (listed("a", "b", a="1", b="2"), "a", "", False),
        (listed("new", "a", "b", a="2", b="2"), ["new"], "", False),  # it stands above known ones
        (listed("a", "b", "slid", a="2", b="2"), ["slid"], ["slid"], False),  # it slid up
        (listed("pinned", "n", "m", pinned="2"), "nm", "", True),  # not under a single pinned one: it turned over
        (listed("a", "n", a="1"), "an", "", True),  # what is below one that grew may be new as well
        (listed("n", "m", x="2"), "nm", "", True),  # the list turned over
        (listed("n", "m", older=True, x="2"), "", "", False),  # further down nothing is known: all of it is older
        (listed("n", "a", "o", older=True, a="2"), "n", "", False),
        (listed("n", "a", "o", older=True, a="1"), "na", "", True),
    ],
)
def test_the_place_of_a_thread_says_whether_it_may_be_news(
    page: Page, asked: Sequence[str], old: Sequence[str], *, goes_on: bool
) -> None:
    said = {request.url.rpartition("/")[2]: bool(request.carry.get("old")) for request in page.threads}
    assert list(said) == list(asked)
    assert [name for name, is_old in said.items() if is_old] == list(old)
    assert bool(page.more) == goes_on


def test_a_list_that_turned_over_is_read_back_until_it_shows_a_known_thread() -> None:
    first = listed("n", "m", x="2").more[0]
    reader = kind(item=".p", follow="a", mark="i", next=".n", thread={"item": ".p"})
    rows = '<p class=p><a href="/{}">t</a><i>2</i></p><p class=p><a href="/k">t</a><i>2</i></p>'
    body = f'{rows}<a class=n href="?p=3">n</a>'
    cursor: dict[str, JSON] = {"threads": {"https://served.example/x": "2"}}
    further = reader.read(first, answer(body.format("o")), cursor)
    assert (len(further.threads), len(further.more)) == (2, 1)
    end = reader.read(further.more[0], answer(body.format("x")), cursor)
    assert (end.threads, end.more) == ((), ())


def test_marks_stay_when_an_older_page_of_the_list_is_read() -> None:
    reader = kind(**FORUM_OPTIONS)
    request = forum({"threads": {f"{BOARD}t/5": "2"}}).more[0]
    page = reader.read(request, answer(FORUM, request.url), {"threads": {f"{BOARD}t/99": "5"}})
    assert page.cursor == {"threads": {f"{BOARD}t/99": "5"}}


def test_a_thread_without_dates_begins_with_its_oldest_post() -> None:
    reader = kind(item=".p", follow="a", mark="i", thread={"item": ".q"})
    request = reader.read(reader.start({}, NOW), answer('<p class=p><a href="/t">t</a><i>2</i></p>'), {}).threads[0]
    page = reader.read(request, answer("<p class=q>first</p><p class=q>second</p>"), {})
    assert [post.text for post in page.posts] == ["second", "first"]


def test_a_mark_of_its_own() -> None:
    page = forum(mark=".last a")
    assert [request.carry["mark"] for request in page.threads] == ["1 янв. 2026", "сегодня в 10:31", "вчера"]


def test_a_list_without_any_mark_is_a_fault() -> None:
    with pytest.raises(Malformed, match="mark"):
        forum(mark=".gone")


def test_a_thread_yields_its_posts_newest_first_and_notes_its_mark() -> None:
    page = thread("last.html", 1, {"threads": {f"{BOARD}t/1": "1"}})
    assert page.cursor == {"threads": {f"{BOARD}t/1": "1", f"{BOARD}t/7": "24"}}
    assert [request.url for request in page.more] == ["https://forum.served.example/board/t/7?page=2"]
    newest, older = (post_to_json(post) for post in page.posts)
    assert newest == {
        "native_id": "m22",
        "url": "https://forum.served.example/board/p/22",
        "title": "",
        "text": "Помогло обновление.\nСпасибо.",
        "author": {"name": "Игорь", "url": None},
        "published": "2026-11-18T05:31:00Z",
        "rating": None,
        "likes": None,
        "replies": None,
        "views": None,
        "thread": f"{BOARD}t/7",
        "parent": "https://forum.served.example/board/p/21",
        "type": "comment",
    }
    assert (older["text"], older["likes"], older["published"]) == (
        "У меня тоже не печатает.",
        2,
        "2026-11-17T07:20:00Z",
    )


def test_the_opening_post_gets_what_the_list_said_of_the_thread() -> None:
    page = thread("first.html", 2)
    answer_, opening = page.posts
    assert (opening.title, opening.replies, opening.type) == ("Где скачать накладную?", 3, PostType.POST)
    assert opening.url == f"{BOARD}t/5#m1"
    assert (answer_.title, answer_.replies, answer_.type) == ("", None, PostType.COMMENT)
    assert page.more == ()


def test_the_last_page_is_read_before_the_ones_in_front_of_it() -> None:
    jump = thread("last.html", 1, last="a.back")
    assert (jump.posts, jump.cursor) == ((), {})
    assert [request.url for request in jump.more] == [f"{BOARD}t/7?page=2"]
    reader = kind(**(FORUM_OPTIONS | {"thread": FORUM_OPTIONS["thread"] | {"last": "a.back"}}))
    body = (DATA / "html-thread" / "first.html").read_bytes()
    page = reader.read(jump.more[0], answer(body, jump.more[0].url), jump.cursor)
    assert len(page.posts) == 2
    assert page.cursor == {"threads": {f"{BOARD}t/7": "24"}}


def test_a_thread_without_posts_is_a_fault() -> None:
    request = forum().threads[0]
    with pytest.raises(Malformed, match="thread"):
        kind(**FORUM_OPTIONS).read(request, answer("<p>Тема удалена</p>"), {})


def test_requests_of_threads_survive_json() -> None:
    for request in forum().threads:
        assert isinstance(request, HttpRequest)
        assert request.for_people
        assert json.loads(json.dumps(dict(request.carry))) == request.carry


# ── Barriers ────────────────────────────────────────────────────────────────────────────────────────────────────────

BARRIERS = {
    "cloudflare": "<title>Just a moment...</title><div id=challenge-form></div><script>window._cf_chl_opt={}</script>",
    "ddos-guard": "<title>DDoS-Guard</title><script src=/.well-known/ddos-guard/js></script>",
    "title": "<title>Проверка браузера</title><p>Подождите",
    "captcha": "<title>Поиск</title><form><div class=g-recaptcha></div><button>Продолжить</button></form>",
    "smart captcha": "<title>Ой!</title><form action=/checkcaptcha><p>Подтвердите, что запросы отправляли вы</form>",
    "login": "<title>Вход</title><form><input name=user><input type=password name=pw></form>",
    "consent": "<title>x</title><form action='https://consent.google.com/save'><p>Before you continue</form>",
}


@pytest.mark.parametrize("body", BARRIERS.values(), ids=BARRIERS)
def test_a_barrier_is_no_empty_page(body: str) -> None:
    with pytest.raises(Blocked, match="came where a page was due"):
        read(f"<html><head>{body}")


@pytest.mark.parametrize("body", BARRIERS.values(), ids=BARRIERS)
def test_a_page_with_posts_is_no_barrier(body: str) -> None:
    assert len(read(f"<html><head>{body}</form></script></div><p class=p>post").posts) == 1


@pytest.mark.parametrize("name", ["captcha", "login"])
def test_a_long_page_with_a_form_is_no_barrier(name: str) -> None:
    assert read(f"<html><head>{BARRIERS[name]}" + "<p>Слова о другом. " * 200).posts == ()


def test_a_page_without_items_is_a_page_without_posts() -> None:
    assert read("<title>Поиск</title><h1>Ничего не найдено</h1>").posts == ()


@pytest.mark.parametrize("body", ["", " \n", "\ufeff", '{"posts": []}', "plain words, 3 < 4", "\0\0"])
def test_what_is_no_page_is_refused(body: str) -> None:
    with pytest.raises(Malformed):
        read(body)


# ── Encodings ───────────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = "Ёлки зелёные, касса опять молчит; Україна, їжак"


@pytest.mark.parametrize(
    ("codec", "content_type", "meta"),
    [
        ("cp1251", "text/html; charset=windows-1251", ""),
        ("cp1251", "text/html", '<meta charset="windows-1251">'),
        ("cp1251", "text/html", '<meta http-equiv=Content-Type content="text/html; charset=cp1251">'),
        ("koi8-u", "text/html", "<meta charset=koi8-u>"),
        ("utf-8", "text/html", ""),
        ("utf-8", "text/html; charset=windows-1251", "<meta charset=windows-1251>"),
        ("utf-8-sig", "text/html", ""),
        ("utf-16", "text/html", ""),
    ],
)
def test_encodings(codec: str, content_type: str, meta: str) -> None:
    body = f"<html><head>{meta}<title>Касса</title></head><body><p class=p>{WORDS}</p>".encode(codec)
    reader = kind(item=".p")
    page = reader.read(reader.start({}, NOW), answer(body, content_type=content_type), {})
    assert [post.text for post in page.posts] == [WORDS]


@pytest.mark.parametrize(
    ("marks", "joined"),
    [
        ({"a": "2"}, True),
        ({"a": "1"}, False),  # it grew, and says nothing of what was pushed off the page
        ({"gone": "1"}, False),
        ({"a": "1", "listed": "a"}, True),  # all that was listed still is
        ({"a": "1", "listed": "gone"}, False),
        ({}, True),
    ],
)
def test_an_unpaged_list_of_threads_joins_up_at_one_that_stands_as_it_is_known(
    marks: dict[str, str],
    joined: bool,
) -> None:
    rows = "".join(f"<div class=p><a href='/{name}'>t</a><i>2</i></div>" for name in ("new", "a"))
    reader = kind(item=".p", follow="a", mark="i", thread={"item": ".p"})
    marks = dict(marks)
    listed = marks.pop("listed", None)
    cursor: dict[str, JSON] = {"threads": {f"https://served.example/{name}": mark for name, mark in marks.items()}}
    cursor |= {"listed": [name_of(f"https://served.example/{listed}")]} if listed else {}
    page = reader.read(reader.start({}, NOW), answer(rows), cursor)
    assert (page.joined, page.listed) == (joined, 2)


def test_a_page_that_lists_nothing_forgets_nothing_of_what_was_listed() -> None:
    reader = kind(item=".p", follow="a", mark="i", thread={"item": ".p"})
    before: dict[str, JSON] = {"threads": {}, "listed": ["abc"]}
    page = reader.read(reader.start({}, NOW), answer("<p>a new layout</p>"), before)
    assert (page.cursor["listed"], page.listed) == (["abc"], 0)
