"""`content: page`: the text of posts from the pages behind them; at the end over a real wire with a real worker."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from monitor.errors import Blocked, BodyTooLarge, ConnectFailed, RobotsRefused, SourceError, StatusError, WorkerKilled
from monitor.flows.pages import DOWN, PAGES, REREAD, VISITS
from monitor.flows.walk import WORDINGS
from monitor.models import Author, Backfill, Brand, Content, Post, Source
from monitor.sources import KINDS
from monitor.worker import WorkerPool
from tests.fetching.fakes import LOOPBACK, FakeClock, fetching
from tests.fetching.zoo import Server, answer, serve
from tests.flows.world import BRAND, NOW, World, begin, marks, play, post, state

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping
    from pathlib import Path

    from tests.flows.world import FakeWeb, FakeWorker

SOURCE = Source(name="forum", kind="feed", url="1", options=None, every=timedelta(minutes=10))
CUT = replace(SOURCE, content=Content.PAGE)
BODY = f"Начало. Дальше о том, как в {BRAND} всё плохо, и ещё много слов, которых в ленте нет."


def cut(number: int) -> Post:
    """A post as a feed that cuts its text gives it."""
    return replace(post(number, "Начало."), title="Заголовок")


def test_a_brand_that_stands_only_in_the_body_is_a_mention_with_an_alert(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.shows(cut(1))
        world.web.articles["https://forum.example/1"] = BODY
        report = await world.poll()
        assert (report.new, report.mentions, report.alerts) == (1, 1, 1)
        assert world.rows("SELECT title, text FROM posts") == [{"title": "Заголовок", "text": BODY}]
        assert [request.for_people for request, _ in world.web.asked] == [False, True]
        # What the feed shows is known again, though the post was stored with another text.
        report = await world.poll()
        assert (report.new, world.count("revisions")) == (0, 0)

    play(tmp_path, story, source=CUT)


def test_without_content_page_no_page_is_asked_for(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.shows(cut(1))
        await world.poll()
        assert world.web.addresses == ["1"]

    play(tmp_path, story, source=SOURCE)


@pytest.mark.parametrize(("backfill", "asked"), [(Backfill.SILENT, 0), (Backfill.ALERT, 1)])
def test_the_pages_of_a_silent_first_visit_are_history(tmp_path: Path, backfill: Backfill, asked: int) -> None:
    async def story(world: World) -> None:
        world.web.shows(cut(1))
        await world.poll()
        assert len(world.web.addresses) == 1 + asked

    play(tmp_path, story, source=replace(CUT, backfill=backfill))


def test_robots_false_is_for_every_request_of_the_source(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.shows(cut(1))
        world.web.lists("t1", mark="a")
        await world.poll()
        assert [request.for_people for request, _ in world.web.asked] == [False, False, False]

    play(tmp_path, story, source=replace(CUT, robots=False))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (cut(1), (BODY, "Автор страницы", "2026-11-21 00:00:00")),
        (replace(cut(1), text=BODY + " И ещё."), (BODY + " И ещё.", "Автор страницы", "2026-11-21 00:00:00")),
        (replace(cut(1), author=Author(name="Анна"), published=NOW), (BODY, "Анна", "2026-11-21 12:00:00")),
    ],
)
def test_the_longer_text_is_kept_and_the_page_fills_only_gaps(
    tmp_path: Path, given: Post, expected: tuple[str, str, str]
) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.shows(given)
        world.web.articles["https://forum.example/1"] = BODY
        await world.poll()
        row = world.rows("SELECT text, author, published_at FROM posts")[0]
        published = str(row["published_at"]).replace("T", " ")[:19]
        assert (row["text"], row["author"], published) == expected

    play(tmp_path, story, source=CUT)


def test_a_page_is_asked_for_once_however_many_posts_lead_to_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        page = "https://forum.example/1"
        world.web.articles[page] = BODY
        world.web.shows(*(replace(cut(number), url=f"{page}#c{number}") for number in (3, 2, 1)), Post(text="нигде"))
        assert (await world.poll()).new == 4
        assert world.web.addresses == ["1", page]

    play(tmp_path, story, source=CUT)


@pytest.mark.parametrize(
    "error",
    [
        StatusError(404),
        StatusError(410),
        StatusError(403),
        StatusError(451),
        RobotsRefused("robots.txt asks not to read this page"),
        BodyTooLarge("99 MB"),
        Blocked("a login page"),
        None,
    ],
)
def test_a_page_that_never_can_be_read_leaves_the_feeds_text(tmp_path: Path, error: SourceError | None) -> None:
    async def story(world: World) -> None:
        await begin(world)
        page = "https://forum.example/1"
        world.web.articles[page] = "unreadable"
        if error is not None:
            world.web.fails(error, page=page)
        world.web.shows(cut(1))
        report = await world.poll()
        assert (report.error, report.new) == (None, 1)
        assert world.rows("SELECT text FROM posts") == [{"text": "Начало. (1)"}]
        assert state(world)["health"] == "ok"
        await world.poll()
        assert world.web.addresses == ["1", page, "1"]

    play(tmp_path, story, source=CUT)


@pytest.mark.parametrize(
    "error",
    [
        ConnectFailed("forum.example: refused"),
        StatusError(502),
        StatusError(403, retry_at=NOW),
        RobotsRefused("robots.txt cannot be read", retry_at=NOW),
        WorkerKilled("the workers are being stopped"),
    ],
)
def test_a_page_that_cannot_be_read_now_loses_nothing(tmp_path: Path, error: SourceError) -> None:
    async def story(world: World) -> None:
        world.web.etag = '"v1"'
        await begin(world)
        world.web.etag = '"v2"'
        page = "https://forum.example/1"
        world.web.shows(cut(1))
        world.web.articles[page] = BODY
        world.web.fails(error, page=page)
        report = await world.poll()
        assert (report.error, report.new, world.count("posts")) == (None, 0, 0)
        waits = f"a page could not be read ({error}); 1 new posts wait for the next visit"
        # No 304 may hide what waits, and the fault of a page is not the source's.
        assert state(world) == {"health": "degraded", "error": waits, "failures": 0, "etag": None}
        world.web.recovers()
        report = await world.poll()
        assert (report.new, report.alerts) == (1, 1)
        assert '"pages"' not in marks(world)

    play(tmp_path, story, source=CUT)


def test_a_strangers_wish_to_be_left_alone_is_not_the_sources(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.shows(cut(1))
        later = world.clock.now() + timedelta(hours=24)
        world.web.fails(StatusError(503, retry_at=later), page="https://forum.example/1")
        await world.poll()
        next_at = str(world.rows("SELECT next_at FROM sources")[0]["next_at"]).replace("Z", "+00:00")
        assert datetime.fromisoformat(next_at) <= world.clock.now() + world.source.every

    play(tmp_path, story, source=CUT)


def test_a_page_that_keeps_failing_leaves_the_sources_text_after_some_visits(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.shows(cut(1))
        world.web.fails(StatusError(500), page="https://forum.example/1")
        for _ in range(VISITS - 1):
            report = await world.poll()
            assert (report.error, report.new) == (None, 0)
        report = await world.poll()
        assert (report.error, report.new) == (None, 1)
        assert state(world)["error"] == "a page could not be read, the source's own text was kept (HTTP 500)"
        await world.poll()
        assert state(world)["error"] is None

    play(tmp_path, story, source=CUT)


def test_one_dead_link_holds_back_no_other(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.etag = '"v1"'
        await begin(world)
        world.web.etag = '"v2"'
        world.web.shows(cut(3), cut(2), cut(1))
        world.web.articles = {f"https://forum.example/{number}": BODY for number in (1, 2, 3)}
        world.web.fails(StatusError(500), page="https://forum.example/2")
        assert (await world.poll()).alerts == 2
        assert state(world)["error"] == "a page could not be read (HTTP 500); 1 new posts wait for the next visit"
        world.web.recovers()
        assert (await world.poll()).alerts == 1
        pages = [address[-1] for address in world.web.addresses if address != "1"]
        assert pages == ["1", "2", "3", "2"]

    play(tmp_path, story, source=CUT)


def test_a_site_that_is_down_is_asked_little_and_waited_for_no_longer_than_a_page(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        total = 10
        world.web.shows(*map(cut, range(total)))
        for number in range(total):
            world.web.fails(ConnectFailed("forum.example: refused"), page=f"https://forum.example/{number}")
        for _ in range(VISITS):
            before = len(world.web.addresses)
            await world.poll()
            assert len(world.web.addresses) - before == 1 + DOWN
        assert world.count("posts") == total

    play(tmp_path, story, source=CUT)


def test_pages_that_fail_do_not_starve_those_behind_them(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.shows(*map(cut, range(DOWN + 3, -1, -1)))
        world.web.articles = {f"https://forum.example/{number}": BODY for number in range(DOWN, DOWN + 4)}
        for number in range(DOWN):
            world.web.fails(StatusError(500), page=f"https://forum.example/{number}")
        assert (await world.poll()).new == 0
        assert (await world.poll()).alerts == 4

    play(tmp_path, story, source=CUT)


def test_posts_that_wait_leave_only_the_marks_of_their_own_threads_alone(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.articles = {f"https://forum.example/{number}": BODY for number in (1, 2)}
        world.web.fails(StatusError(500), page="https://forum.example/2")
        for number in (1, 2):
            world.web.lists(f"t{number}", replace(cut(number), thread=f"t{number}"), mark="a")
        assert (await world.poll()).new == 1
        assert '"threads": {"t1": "a"}' in marks(world)
        world.web.recovers()
        world.web.requests.clear()
        assert (await world.poll()).new == 1
        assert world.web.addresses == ["1", "t2", "https://forum.example/2"]

    play(tmp_path, story, source=CUT)


def test_more_new_posts_than_one_visit_has_pages_for_are_all_found(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.etag = '"v1"'
        await begin(world)
        world.web.etag = '"v2"'
        total = 2 * PAGES + 10
        world.web.articles = {f"https://forum.example/{number}": BODY for number in range(total)}
        world.web.shows(*map(cut, range(total - 1, -1, -1)))
        stored = []
        for _ in range(3):
            before = len(world.web.addresses)
            await world.poll()
            assert len(world.web.addresses) - before <= 1 + PAGES
            stored.append(world.count("posts"))
        assert stored == [PAGES, 2 * PAGES, total]
        assert (world.count("alerts"), state(world)["etag"]) == (total, '"v2"')
        newest = world.rows("SELECT native_id FROM posts ORDER BY id")
        assert [row["native_id"] for row in newest] == [f"n{number}" for number in range(total)]

    play(tmp_path, story, source=CUT)


def test_posts_that_wait_leave_the_marks_of_their_threads_alone(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        total = PAGES + 10
        world.web.articles = {f"https://forum.example/{number}": BODY for number in range(total)}
        world.web.lists("t1", *map(cut, range(total)), mark="a")
        await world.poll()
        assert world.count("posts") == PAGES
        await world.poll()
        assert (world.count("posts"), world.count("alerts")) == (total, total)
        assert '{"t1": "a"}' in marks(world)

    play(tmp_path, story, source=CUT)


def test_an_edited_post_is_read_again_from_its_page(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        page = "https://forum.example/1"
        world.web.articles[page] = BODY
        world.web.shows(cut(1))
        await world.poll()
        world.web.articles[page] = f"{BODY} Дополнено."
        world.web.shows(replace(cut(1), text="Начало, исправлено."))
        await world.poll()
        assert world.rows("SELECT text FROM posts") == [{"text": f"{BODY} Дополнено."}]
        assert world.rows("SELECT text FROM revisions") == [{"text": BODY}]

    play(tmp_path, story, source=CUT)


def test_a_source_that_words_everything_anew_does_not_make_us_read_everything_anew(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        texts: Mapping[str, str] = {f"https://forum.example/{number}": BODY for number in range(20)}
        world.web.articles = dict(texts)
        world.web.shows(*map(cut, range(20)))
        await world.poll()
        world.web.requests.clear()
        world.web.shows(*(replace(cut(number), text=f"Начало. Просмотров: {number}") for number in range(20)))
        await world.poll()
        assert len(world.web.addresses) == 1 + REREAD
        assert {row["text"] for row in world.rows("SELECT text FROM posts")} == {BODY}

    play(tmp_path, story, source=CUT)


def test_an_edit_of_a_post_whose_page_is_gone_is_judged_as_the_source_words_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.shows(cut(1))
        await world.poll()
        world.web.shows(replace(cut(1), text=f"Дополнено: в {BRAND} плохо"))
        assert (await world.poll()).alerts == 1
        world.web.requests.clear()
        assert (await world.poll()).alerts == 0
        assert world.web.addresses == ["1"]

    play(tmp_path, story, source=CUT)


def test_a_text_that_came_from_a_page_outlives_the_page(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.shows(cut(1))
        world.web.articles["https://forum.example/1"] = BODY
        await world.poll()
        world.web.articles.clear()
        world.web.shows(replace(cut(1), text="Начало, исправлено."))
        await world.poll()
        assert world.rows("SELECT text FROM posts") == [{"text": BODY}]
        world.web.requests.clear()
        await world.poll()
        assert world.web.addresses == ["1"]

    play(tmp_path, story, source=CUT)


@pytest.mark.parametrize("error", [None, StatusError(500)])
def test_edits_are_read_in_turn_so_that_some_do_not_starve_the_others(
    tmp_path: Path, error: SourceError | None
) -> None:
    async def story(world: World) -> None:
        world.web.etag = '"v1"'
        await begin(world)
        total = 3 * REREAD
        world.web.articles = {f"https://forum.example/{number}": "Тело статьи. " * 9 for number in range(total)}
        world.web.etag = '"v2"'
        world.web.shows(*map(cut, range(total)))
        await world.poll()
        world.web.etag = '"v3"'
        world.web.articles["https://forum.example/7"] = BODY * 9
        for number in range(total):
            if error is not None and number != 7:
                world.web.fails(error, page=f"https://forum.example/{number}")
        for visit in range(3 * VISITS):
            # All are worded anew each time, as where a counter stands in the text.
            world.web.shows(*(replace(cut(number), text=f"Просмотров: {visit}") for number in range(total)))
            await world.poll()
        assert world.count("alerts") == 1

    play(tmp_path, story, source=CUT)


def test_what_was_erased_costs_no_page_however_it_is_worded(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.articles = {f"https://forum.example/{number}": "Тело. " * 20 for number in range(REREAD + 1)}
        world.web.shows(*map(cut, range(REREAD + 1)))
        await world.poll()
        erased = [cast("int", row["id"]) for row in world.rows("SELECT id FROM posts WHERE native_id != 'n0'")]
        await world.writer.run(lambda store: store.retire(erased))
        world.web.articles["https://forum.example/0"] = BODY * 3
        world.web.requests.clear()
        world.web.shows(*(replace(cut(number), text="Правка") for number in range(REREAD + 1)))
        assert (await world.poll()).alerts == 1
        assert world.web.addresses == ["1", "https://forum.example/0"]
        assert world.count("posts") == 1

    play(tmp_path, story, source=CUT)


def test_a_counter_in_the_text_is_not_followed_for_ever(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await begin(world)
        world.web.articles = {"https://forum.example/1": BODY}
        for number in range(WORDINGS + 10):
            world.web.shows(replace(cut(1), text=f"Просмотров: {number}"))
            await world.poll()
        assert world.count("sightings") == WORDINGS
        assert world.web.addresses.count("https://forum.example/1") < WORDINGS

    play(tmp_path, story, source=CUT)


# ── Over a real wire ─────────────────────────────────────────────────────────────────────────────────────────────────

LINES = (
    "Мы переехали на новую программу в понедельник и неделю записывали, что получилось, а что нет.",
    f"Хуже всего прошёл обмен с сервисом {BRAND}: заказы терялись, и поддержка молчала двое суток.",
    "В пятницу мы вернули старую схему и теперь ждём, пока ошибку исправят, чтобы попробовать снова.",
)
ARTICLE = (
    "<!doctype html><html><head><meta charset=utf-8><title>Неделя</title></head><body><nav><a href=/>Главная</a></nav>"
    f"<article><h1>Неделя</h1>{''.join(f'<p>{line}</p>' for line in LINES)}</article></body></html>"
).encode()


class Site:
    """A feed of cut items; `items` are paths, each a page with the whole text; /closed is not for robots."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self.asked: list[str] = []

    def feed(self, server: Server) -> bytes:
        items = "".join(
            f"<item><guid>{path}</guid><title>Неделя</title><link>{server.url(path)}</link>"
            "<description>Мы переехали…</description></item>"
            for path in self.items
        )
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{items}</channel></rss>'.encode()

    async def __call__(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        path = head.split()[1].decode()
        self.asked.append(path)
        if path == "/feed":
            reply = answer(self.feed(self.server), b"Content-Type: application/rss+xml")
        elif path == "/robots.txt":
            reply = answer(b"User-agent: *\nDisallow: /closed\n")
        else:
            reply = answer(ARTICLE, b"Content-Type: text/html; charset=utf-8")
        await reply(head, writer)

    server: Server


def test_a_brand_that_stands_only_in_the_body_is_found_where_robots_let_us_look(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        site = Site()
        pool = WorkerPool([Brand(name=BRAND)], workers=1)
        try:
            async with serve(site) as server, fetching(clock=FakeClock()) as fetcher:
                site.server = server
                world.source = replace(world.source, url=server.url("/feed"), allow=LOOPBACK)
                world.kind = KINDS["feed"](world.source.url, None)
                world.web, world.worker = cast("FakeWeb", fetcher), cast("FakeWorker", pool)
                assert (await world.poll()).error is None
                site.items = ["/closed/2", "/open/1"]
                report = await world.poll()
                assert (report.error, report.new, report.mentions) == (None, 2, 1)
                assert site.asked == ["/feed", "/feed", "/robots.txt", "/open/1"]
        finally:
            pool.close()
        texts = {str(row["native_id"]): str(row["text"]) for row in world.rows("SELECT native_id, text FROM posts")}
        assert texts["/closed/2"] == "Мы переехали…"
        assert all(line in texts["/open/1"] for line in LINES)
        # What robots.txt said is stored with the poll, for the next start.
        assert world.rows("SELECT robots FROM hosts") == [{"robots": "user-agent: *\ndisallow: /closed"}]

    source = Source(name="forum", kind="feed", url="1", options=None, every=timedelta(minutes=10), content=Content.PAGE)
    play(tmp_path, story, source=source)
