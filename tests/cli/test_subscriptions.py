"""What each person hears of, and the regular overviews, as people type it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.flows.digesting import send_digests
from monitor.store import Reader, open_reader
from tests.cli.casedesk import BRAND, LATE, OLGA, PETR, RITA, RUDE, Desk, desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.store import Store

DIGESTS = """
digests:
  - {name: morning, to: support, every: daily, at: "9:00", zone: Europe/Moscow, language: ru}
  - {name: each-hour, to: support, every: hourly}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path, more=DIGESTS) as shop:
        yield shop


def ticks(shop: Desk) -> int:
    """What the daemon does once a minute."""
    place = shop.places["forum"]

    def send(store: Store) -> int:
        return send_digests(store, place.plan, shop.now)

    told: int = shop._wait(place.writer.run(send))
    return told


def test_a_person_subscribes_and_ends_it(shop: Desk) -> None:
    shop.run("subscriptions", "list", code=1)
    done = shop.run("subscriptions", "add", "Ира", "rating<=2 lang:ru", as_="Ира")
    assert re.search(r"1 +Ира +Ира +at once +rating<=2 AND lang:ru", done.stdout)
    daily = ("--cadence", "weekly", "--at", "8:30", "--day", "friday", "--zone", "Europe/Moscow", "--always")
    done = shop.run("subscriptions", "add", "Олег", "*", *daily, as_="Олег")
    assert "friday 08:30 Europe/Moscow, always" in done.stdout
    assert [one["id"] for one in shop.rows("subscriptions", "list", "--person", "олег")] == [2]
    shop.person = "Олег"
    assert [one["id"] for one in shop.rows("subscriptions", "end", "2")] == [1]
    assert "nobody subscribes" in shop.run("subscriptions", "end", "1", as_="Ира").stdout


def test_R54_who_subscribed_to_something_hears_of_it_and_of_nothing_else(shop: Desk) -> None:
    shop.run("subscriptions", "add", "Ира", "case:rude_staff source:reviews", as_="Ира")
    shop.run("subscriptions", "add", "Яна", "rating>=4", as_="Яна")
    shop.run("subscriptions", "add", "Олег", "sentiment:negative", "--cadence", "daily", "--zone", "UTC", as_="Олег")
    before = shop.now
    shop.says(OLGA, LATE)
    shop.says(PETR, RUDE, at="reviews")
    shop.says(RITA, f"{BRAND}: всё привезли вовремя, спасибо", at="reviews", rating=5.0)
    mentions = [to for to, what in shop.told(before) if what == "mention"]
    assert sorted(mentions) == ["support", "support", "Ира", "Яна"]
    ticks(shop)
    shop.places["forum"].clock.moment += timedelta(days=1)
    assert ticks(shop) == 3  # the two that are configured, and that of Олег
    assert [row["receiver"] for row in shop.rows("deliveries") if "subscription" in row["reason"]] == [
        "Олег",
        "Яна",
        "Ира",
    ]


def test_who_has_no_receiver_is_told_of_nothing_and_that_is_said(shop: Desk) -> None:
    shop.run("people", "receiver", "Ира", as_="Вера")
    done = shop.run("subscriptions", "add", "Ира", "*", as_="Ира")
    assert "Ира has no receiver and hears of nothing: monitor people receiver Ира RECEIVER" in done.stdout


def test_what_cannot_be_is_refused_in_words(shop: Desk) -> None:
    assert "the query cannot be read" in shop.run("subscriptions", "add", "Ира", "rating<=", code=65).stderr
    assert "nobody here is called" in shop.run("subscriptions", "add", "Никто", "*", code=65).stderr
    refused = shop.run("subscriptions", "add", "Олег", "*", as_="Ира", code=65)
    assert "may not say what Олег hears of" in " ".join(refused.stderr.split())


def test_digests_are_listed_with_their_last_and_their_next_time(shop: Desk) -> None:
    shop.run("subscriptions", "add", "Ира", "*", "--cadence", "daily", "--zone", "UTC", as_="Ира")
    listed = {one["name"]: one for one in shop.rows("digests", "list")}
    assert listed["morning"]["next"] == "2026-11-22T06:00:00+00:00"
    assert (listed["morning"]["to"], listed["morning"]["last"]) == ("support", None)
    assert listed["subscription 1"]["next"] == "2026-11-22T09:00:00+00:00"
    ticks(shop)
    last = {one["name"]: one["last"] for one in shop.rows("digests", "list")}
    assert last["each-hour"] == "2026-11-21T12:00:00+00:00"
    assert re.search(r"morning +support +daily +11-21 06:00 +11-22 06:00", shop.run("digests", "list").stdout)


def test_a_digest_is_shown_as_it_would_be_told_and_nothing_is_sent(shop: Desk, tmp_path: Path) -> None:
    ticks(shop)
    shop.says(OLGA, LATE)
    shop.says(PETR, RUDE, at="reviews")
    shop.passes(minutes=5)
    page = tmp_path / "digest.html"
    shown = shop.run("digests", "show", "morning", "--html", str(page)).stdout
    assert shown.startswith("Сводка за день · morning · упоминаний: 2, негативных: 2\n")
    assert "2026-11-21 09:00 – 2026-11-21 15:" in shown  # from the last one until now, in Moscow
    assert "хамство" in shown
    html = page.read_text(encoding="utf-8")
    assert "хамство" in html
    assert "data:image/png;base64," in html  # a file has no attachments
    assert "cid:" not in html
    (said,) = shop.rows("digests", "show", "morning", "--since", "2026-11-21T12:00Z")
    assert (said["since"], said["figures"]["mentions"]) == ("2026-11-21T12:00:00+00:00", 2)
    assert ticks(shop) == 0
    # Nothing was counted away: the next one covers the same time.
    shop.places["forum"].clock.moment += timedelta(days=1)
    assert ticks(shop) == 2
    reader = Reader(open_reader(tmp_path / "monitor.db"))
    stored = [json.loads(row[0]) for row in reader._db.execute("SELECT figures FROM digests WHERE name = 'morning'")]
    reader.close()
    assert [one.get("mentions") for one in stored] == [None, 2]


def test_a_digest_that_does_not_exist_is_named_with_those_that_do(shop: Desk) -> None:
    stderr = " ".join(shop.run("digests", "show", "evening", code=65).stderr.split())
    assert "there is no digest 'evening'; there are: morning, each-hour" in stderr
    shop.run("digests", "show", "morning", "--since", "2026-12-01", code=65)


def test_without_digests_that_is_said(tmp_path: Path) -> None:
    with desk(tmp_path) as shop:
        assert "there are no digests" in shop.run("digests", "list", code=1).stderr
