"""Discovery over real HTTP on loopback: what is proposed was tried, within its bounds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from monitor.clock import SystemClock
from monitor.config.editing import load_entry
from monitor.fetching.fetcher import Fetcher
from monitor.flows.discovering import REQUESTS, Discovery, discover
from monitor.models import FetchSettings
from tests.board import Board, running_board
from tests.discovery import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK = (ip_network("127.0.0.0/8"),)
RSS = "application/rss+xml"
FEED = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>Лента</title>'
    "<item><guid>a</guid><title>Новый каталог</title><description>Каталог обновлён</description>"
    "<pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate></item>"
    "<item><guid>b</guid><title>Старый каталог</title><description>Каталог закрыт</description>"
    "<pubDate>Thu, 19 Nov 2026 10:00:00 GMT</pubDate></item></channel></rss>"
)


@pytest.fixture
def board() -> Iterator[Board]:
    with running_board() as board:
        yield board


def found(url: str, *, private: bool = True, thorough: bool = False) -> Discovery:
    async def run() -> Discovery:
        clock = SystemClock()
        fetcher = Fetcher(FetchSettings(contact="t@monitor.test", gap=timedelta()), clock=clock)
        try:
            return await discover(
                url, fetcher=fetcher, clock=clock, allow=LOOPBACK if private else (), thorough=thorough
            )
        finally:
            await fetcher.close()

    return asyncio.run(run())


def test_a_feed_that_a_page_names_is_tried_and_shown(board: Board) -> None:
    link = "<link rel='alternate' type='application/rss+xml' href='/lenta.xml'>"
    board.shows("/", pages.page(link))
    board.shows("/lenta.xml", FEED, RSS)
    (best,) = found(f"{board.url}/").trials
    assert best.works
    assert best.number == 2
    assert best.proposal.entry["url"] == f"{board.url}/lenta.xml"
    assert best.shares == {"id": 1.0, "date": 1.0, "author": 0.0, "text": 1.0}
    assert [post.title for post in best.first] == ["Новый каталог", "Старый каталог"]
    assert best.oldest == datetime(2026, 11, 19, 10, 0, tzinfo=UTC)
    assert load_entry(best.proposal.entry).url == f"{board.url}/lenta.xml"


def test_an_address_that_is_a_feed(board: Board) -> None:
    board.shows("/x", FEED, "text/xml")
    discovery = found(f"{board.url}/x")
    assert discovery.trials[0].proposal.why == "this address is a feed"
    assert discovery.trials[0].number == 2
    assert board.asked == ["/robots.txt", "/x"]  # what was looked at is not asked for again


def test_a_feed_that_no_page_names_is_found_at_its_usual_address(board: Board) -> None:
    board.shows("/about", pages.page(body="<p>О нас</p>"))
    board.shows("/feed/", FEED, RSS)
    (best,) = [trial for trial in found(f"{board.url}/about").trials if trial.works]
    assert best.proposal.entry["url"] == f"{board.url}/feed/"
    assert "usual address" in best.proposal.why


def test_an_unknown_board_is_read_by_its_structure(board: Board) -> None:
    board.shows("/f/1", pages.thread_list())
    for path in ("/t/1", "/t/1?last", "/t/2?last", "/t/1?p=9"):
        board.shows(path, pages.thread_page())
    best = found(f"{board.url}/f/1").trials[0]
    assert best.works
    assert best.proposal.entry["kind"] == "html"
    assert best.proposal.entry["item"] == ".tema"
    assert best.shares == {"id": 1.0, "date": 1.0, "author": 1.0, "text": 1.0}
    assert {post.author.name for post in best.first} <= {"ivan", "olga", "petr", "support"}
    assert best.proposal.why == "6 threads repeat on the page as .tema"


def test_a_list_that_cannot_be_followed_says_so(board: Board) -> None:
    board.shows("/f/1", pages.thread_list(replies=False, dates=False, authors=False))
    best = found(f"{board.url}/f/1").trials[0]
    assert best.works
    assert {"no dates", "no authors"} <= set(best.proposal.lacks)
    assert any("titles" in lack for lack in best.proposal.lacks)
    assert "follow" not in best.proposal.entry


def test_wordpress_is_read_from_its_feeds_where_its_api_is_off(board: Board) -> None:
    board.shows("/", pages.page(pages.GENERATOR.format("WordPress 6.4")))
    board.shows("/feed/", FEED, RSS)
    board.shows("/comments/feed/", FEED.replace("<guid>", "<guid>comment-"), RSS)
    trials = found(f"{board.url}/").trials
    working = [trial for trial in trials if trial.works]
    assert [trial.proposal.entry["url"] for trial in working] == [
        *(f"{board.url}/feed/", f"{board.url}/comments/feed/")
    ]
    refused = next(trial for trial in trials if trial.proposal.entry.get("recipe") == "wordpress")
    assert refused.error == "status: HTTP 404"
    assert trials.index(refused) > trials.index(working[-1])


def test_names_differ(board: Board) -> None:
    links = "".join(
        f"<link rel='alternate' type='application/rss+xml' href='/feed{number}.xml'>" for number in range(3)
    )
    board.shows("/", pages.page(links))
    for number in range(3):
        board.shows(f"/feed{number}.xml", FEED, RSS)
    names = [trial.proposal.entry["name"] for trial in found(f"{board.url}/").trials]
    assert len(set(names)) == len(names) == 3


def test_no_more_requests_are_made_than_promised(board: Board) -> None:
    links = "".join(
        f"<link rel='alternate' type='application/rss+xml' href='/feed{number}.xml'>" for number in range(40)
    )
    body, headers, _, _ = pages.ENGINES["phpbb3"]
    board.shows("/", body.replace("<head>", f"<head>{links}{pages.GENERATOR.format('WordPress 6')}"))
    board.headers = list(headers)
    discovery = found(f"{board.url}/", thorough=True)
    assert discovery.requests <= REQUESTS
    assert len([path for path in board.asked if path != "/robots.txt"]) <= REQUESTS


def test_robots_txt_is_heeded(board: Board) -> None:
    board.shows("/robots.txt", "User-agent: *\nDisallow: /f/\n", "text/plain")
    board.shows("/f/1", pages.thread_list())
    discovery = found(f"{board.url}/f/1")
    assert "/f/1" not in board.asked
    assert discovery.note.startswith("robots: ")
    assert not any(trial.works for trial in discovery.trials)


def test_a_private_network_is_dialled_only_where_it_was_given(board: Board) -> None:
    board.shows("/", pages.page("<link rel='alternate' type='application/rss+xml' href='/lenta.xml'>"))
    board.shows("/lenta.xml", FEED, RSS)
    discovery = found(f"{board.url}/", private=False)
    assert board.asked == []
    assert discovery.note.startswith("address: ")
    assert discovery.trials == ()


def test_another_private_site_that_a_page_names_is_not_dialled(board: Board) -> None:
    with running_board() as other:
        other.shows("/feed.xml", FEED, RSS)
        board.shows("/", pages.page(f"<link rel='alternate' type='application/rss+xml' href='{other.url}/feed.xml'>"))
        trials = found(f"{board.url}/").trials
        assert other.asked == []
    assert [trial.error != "" for trial in trials] == [True]


def test_a_well_known_site_that_cannot_be_reached_is_proposed_and_not_called_tried() -> None:
    async def refuse(*_: object, **__: object) -> object:
        from monitor.errors import ConnectFailed

        raise ConnectFailed("t.me:443: no network in this test")

    async def run() -> Discovery:
        fetcher = Fetcher(FetchSettings(contact="t@monitor.test"), clock=SystemClock())
        fetcher.fetch = refuse  # type: ignore[method-assign,assignment] # the network's place
        return await discover("https://2gis.ru/moscow/firm/70000001", fetcher=fetcher, clock=SystemClock())

    (trial,) = asyncio.run(run()).trials
    assert not trial.works
    assert trial.error == ""  # it was not tried: it needs a key
    assert any("${TWOGIS_KEY}" in lack for lack in trial.proposal.lacks)


def test_nothing_is_found_on_a_page_without_posts(board: Board) -> None:
    board.shows("/", pages.page(body="<p>Здесь ничего нет.</p>"))
    discovery = found(f"{board.url}/")
    assert discovery.trials == ()
    assert "nothing on the page repeats" in discovery.note
