"""Storms, stories that spread, what others confirm, and mean ratings, over a real store."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

import pytest

from monitor.alerting.routes import CompiledRoute
from monitor.flows.dispatching import flush
from monitor.flows.ports import Plan
from monitor.flows.storming import confirmed, spread, watch_ratings, watch_storms
from monitor.models import (
    SHIPPED_TIMING,
    AlertIntent,
    Dispatch,
    Group,
    Label,
    Lemmas,
    Mention,
    QuietHours,
    RatingSettings,
    Sentiment,
)
from monitor.query import parse
from tests.store.cases import BRAND, HOUR, MINUTE, NOW, SUPPORT, open_store, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from monitor.store import Store

DAY = timedelta(days=1)
RIVAL = "Соперник"
HAPPY = Mention(
    brand=BRAND,
    relevance=1.0,
    doubtful=False,
    spans=(),
    sentiment=Sentiment(label=Label.POSITIVE, negative=0.0, neutral=0.1, positive=0.9),
    special_cases=(),
    influence=30,
    priority=10,
    why=(),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "monitor.db")
    yield store
    store.close()


def plan(receiver: Any = SUPPORT, **other: object) -> Plan:
    given: dict[str, object] = {
        "config": cast("object", None),
        "sources": {},
        "kinds": {},
        "receivers": {receiver.name: receiver},
        "routes": (CompiledRoute(parse("sentiment:negative"), receiver, timing=SHIPPED_TIMING),),
        "competitors": frozenset({RIVAL}),
        "own_accounts": {},
        "reveal": str,
    }
    return Plan(**{**given, **other})  # type: ignore[arg-type] # any field


def month(store: Store, *, brand: str = BRAND) -> None:
    """A month in which somebody complained every other day."""
    for number in range(1, 16):
        say(store, f"{brand}{number}", by=f"кто{number}", brand=brand, at=NOW - (2 * number) * DAY - 5 * HOUR)


def complain(store: Store, number: int, *, at: datetime, **other: Any) -> int:
    """One more person complains; returns the mention."""
    _, mention_id = say(store, f"жалоба{number}", by=f"автор{number}", at=at, **other)
    assert mention_id is not None
    return mention_id


def burst(store: Store, count: int, *, at: datetime = NOW, **other: Any) -> None:
    for number in range(count):
        complain(store, number, at=at - (count - number) * MINUTE, **other)


def rows(store: Store, sql: str) -> list[dict[str, Any]]:
    return list(store._db.query(sql))


def kinds(store: Store) -> list[str]:
    return [row["kind"] for row in rows(store, "SELECT kind FROM signals ORDER BY id")]


# ── storms ──


def test_R17_a_burst_on_small_numbers_opens_a_storm_that_those_of_the_route_hear_of(store: Store) -> None:
    month(store)
    burst(store, 3)
    assert watch_storms(store, plan(), NOW + MINUTE) == 1
    assert watch_storms(store, plan(), NOW + MINUTE) == 0
    (storm,) = store.open_storms()
    assert (storm.brand, storm.figures["total_authors"]) == (BRAND, 3)
    assert store.open_storm_of(BRAND) == storm.id
    assert kinds(store) == ["storm_opened"]
    assert flush(store, plan(), NOW + MINUTE) == 1
    (message,) = store.claim_messages(NOW + MINUTE, 10)
    (signal,) = message.signals
    assert (signal.brand, signal.storm_id, signal.figures["authors"]) == (BRAND, storm.id, 3)


def test_R17_one_bad_review_is_no_crisis(store: Store) -> None:
    month(store)
    burst(store, 1)
    for number in range(10, 30):
        say(store, f"снова{number}", by="автор0", at=NOW - number * MINUTE)
    assert watch_storms(store, plan(), NOW + MINUTE) == 0


@pytest.mark.parametrize("who", ["competitor", "doubtful", "history"])
def test_what_nobody_is_told_of_makes_no_storm(store: Store, who: str) -> None:
    brand = RIVAL if who == "competitor" else BRAND
    month(store, brand=brand)
    burst(store, 5, brand=brand)
    if who == "doubtful":
        store._db.execute("UPDATE mentions SET doubtful = 1 WHERE post_id > 15")
    if who == "history":
        store._db.execute("UPDATE mentions SET decision = 'recorded silently: first poll' WHERE post_id > 15")
    assert watch_storms(store, plan(), NOW + MINUTE) == 0


def test_what_is_found_long_after_it_was_published_counts_where_it_was_published(store: Store) -> None:
    month(store)
    for number in range(6):
        complain(store, number, at=NOW - 30 * HOUR + number * 5 * HOUR)
    store._db.execute("UPDATE posts SET discovered_at = '2026-11-21T12:00:30.000Z' WHERE id > 15")
    assert watch_storms(store, plan(), NOW + MINUTE) == 0


def test_a_date_that_lies_ahead_counts_when_it_was_found(store: Store) -> None:
    month(store)
    burst(store, 3)
    store._db.execute("UPDATE mentions SET at = '2027-01-01T00:00:00.000Z' WHERE post_id > 15")
    assert watch_storms(store, plan(), NOW + MINUTE) == 1


def test_what_waits_of_the_brand_leaves_with_the_storm(store: Store) -> None:
    month(store)
    waiting = Group(key="routes[0]", wait=HOUR, interval=HOUR)
    for number in range(3):
        mention = complain(store, number, at=NOW - number * MINUTE)
        intent = AlertIntent(key=f"m{number}", reason="r", to=(Dispatch(SUPPORT, "r", waiting),))
        store.add_alert(mention, intent, now=NOW)
    watch_storms(store, plan(), NOW + MINUTE)
    flush(store, plan(), NOW + MINUTE)
    (message,) = store.claim_messages(NOW + MINUTE, 10)
    assert (len(message.signals), len(message.alerts)) == (1, 3)


def test_a_storm_passes_quiet_hours(store: Store) -> None:
    month(store)
    burst(store, 3)
    asleep = replace(SUPPORT, quiet=QuietHours(zone="UTC", begin=NOW.time(), end=(NOW + 8 * HOUR).time()))
    watch_storms(store, plan(asleep), NOW + MINUTE)
    flush(store, plan(asleep), NOW + MINUTE)
    assert len(store.claim_messages(NOW + MINUTE, 10)) == 1


def test_a_storm_is_told_again_and_what_waited_for_that_comes_along_and_its_end_takes_the_rest(store: Store) -> None:
    month(store)
    burst(store, 4)
    told = plan()
    watch_storms(store, told, NOW + MINUTE)
    flush(store, told, NOW + MINUTE)
    later = NOW + 5 * HOUR
    for number in range(10, 22):
        complain(store, number, at=later - number * MINUTE)
    waiting = Group(key="storm:1", wait=4 * HOUR, interval=4 * HOUR)
    mention = complain(store, 30, at=later - MINUTE)
    store.add_alert(mention, AlertIntent(key="m", reason="r", to=(Dispatch(SUPPORT, "r", waiting),)), now=later)
    assert watch_storms(store, told, later) == 1
    assert flush(store, told, later) == 1
    end, closing = later, 0
    while not closing and end < later + 3 * DAY:
        end += HOUR
        closing = watch_storms(store, told, end)
    assert kinds(store) == ["storm_opened", "storm_updated", "storm_closed"]
    assert (store.open_storms(), store.open_storm_of(BRAND)) == ([], None)
    flush(store, told, end)
    carried = rows(store, "SELECT message_id, count(*) AS n FROM message_deliveries GROUP BY message_id ORDER BY n")
    assert [row["n"] for row in carried] == [1, 1, 2]
    assert (
        rows(
            store,
            "SELECT 1 FROM deliveries WHERE state = 'pending' AND id NOT IN "
            "(SELECT delivery_id FROM message_deliveries)",
        )
        == []
    )


def test_a_storm_that_comes_back_within_a_day_is_the_same_one(store: Store) -> None:
    month(store)
    burst(store, 3)
    watch_storms(store, plan(), NOW + MINUTE)
    store.close_storm(1, store.open_storms()[0].figures, now=NOW + 10 * HOUR)
    for number in range(50, 58):
        complain(store, number, at=NOW + 20 * HOUR + number * MINUTE)
    assert watch_storms(store, plan(), NOW + 21 * HOUR) == 1
    assert [storm.id for storm in store.open_storms()] == [1]
    (figures,) = [json.loads(row["figures"]) for row in rows(store, "SELECT figures FROM signals WHERE id = 2")]
    assert figures["again"] is True


def test_a_brand_is_in_one_storm_at_a_time(store: Store) -> None:
    assert store.open_storm(BRAND, {}, now=NOW) == 1
    assert store.open_storm(BRAND, {}, now=NOW) is None


@pytest.mark.slow
def test_benchmark_of_a_look_at_a_long_history(tmp_path: Path) -> None:
    """Prints how long a look takes (`pytest -m slow -s`); the last days of a year of a million mentions of a brand."""
    store, chance = open_store(tmp_path / "big.db"), random.Random(1)
    post_id, mention_id = say(store, "model")
    model = rows(store, f"SELECT * FROM mentions WHERE id = {mention_id}")[0]
    post = rows(store, f"SELECT * FROM posts WHERE id = {post_id}")[0]
    count = 100_000
    with store.transaction():
        for number in range(2, count):
            at = (NOW - 36 * DAY * (1 - number / count)).isoformat(timespec="milliseconds")[:-6] + "Z"
            post |= {"id": number, "key": f"k{number}", "native_id": f"n{number}", "discovered_at": at}
            post |= {"published_at": at, "author_key": f"a{chance.getrandbits(40)}", "url": None}
            felt = "negative" if chance.random() < 0.2 else "neutral"
            model |= {"id": number, "post_id": number, "at": at, "sentiment": felt}
            store._db.conn.execute(f"INSERT INTO posts VALUES ({', '.join('?' * len(post))})", [*post.values()])
            store._db.conn.execute(f"INSERT INTO mentions VALUES ({', '.join('?' * len(model))})", [*model.values()])
    began = perf_counter()
    watch_storms(store, plan(), NOW)
    seconds = perf_counter() - began
    print(f"\na look at 85,000 mentions in 31 days: {seconds:.3f} s")
    assert seconds < 2
    store.close()


# ── stories ──


def told_by(store: Store, authors: int, *, first: int = 0) -> int:
    """So many more authors tell the story; returns its last post."""
    post_id = 0
    for number in range(first, first + authors):
        post_id, _ = say(store, f"повесть{number}", by=f"автор{number}", at=NOW + number * MINUTE)
        if number:
            store.join_story(post_id, like=1, kind="repost", share=1.0)
    return post_id


def test_a_story_that_spreads_is_told_at_each_step_once(store: Store) -> None:
    assert not spread(store, plan(), post_id=told_by(store, 2), brand=BRAND, now=NOW)
    assert spread(store, plan(), post_id=told_by(store, 1, first=2), brand=BRAND, now=NOW)
    assert not spread(store, plan(), post_id=told_by(store, 3, first=3), brand=BRAND, now=NOW)
    assert spread(store, plan(), post_id=told_by(store, 30, first=6), brand=BRAND, now=NOW)
    assert not spread(store, plan(), post_id=1, brand=BRAND, now=NOW)
    found = rows(store, "SELECT key, mention_id, figures ->> 'authors' AS authors FROM signals ORDER BY id")
    assert [(row["key"], row["authors"]) for row in found] == [
        (f"spreading:1:{BRAND}:3", 3),
        (f"spreading:1:{BRAND}:30", 36),
    ]
    assert {row["mention_id"] for row in found} == {1}


def test_one_author_who_tells_it_everywhere_spreads_nothing(store: Store) -> None:
    told_by(store, 2)
    for number in range(10, 20):
        post_id, _ = say(store, f"копия{number}", by="автор1", at=NOW)
        store.join_story(post_id, like=1, kind="repost", share=1.0)
    assert not spread(store, plan(), post_id=1, brand=BRAND, now=NOW)
    assert not spread(store, plan(), post_id=1, brand=RIVAL, now=NOW)


def test_a_post_whose_story_nobody_else_tells_spreads_nothing(store: Store) -> None:
    post_id, _ = say(store, "одна")
    assert not spread(store, plan(), post_id=post_id, brand=BRAND, now=NOW)


# ── confirmed by others ──


def test_what_others_confirm_is_told_once(store: Store) -> None:
    _, mention_id = say(store, "жалоба")
    assert mention_id is not None
    assert confirmed(store, plan(), mention_id=mention_id, others=2, now=NOW)
    assert not confirmed(store, plan(), mention_id=mention_id, others=3, now=NOW)
    assert kinds(store) == ["confirmed"]


# ── ratings ──


def rate(store: Store, number: int, stars: float, *, at: datetime = NOW) -> None:
    post_id, _ = say(store, f"отзыв{number}", by=f"автор{number}", brand=None, at=at, rating=stars)
    store.add_mention(post_id, HAPPY, decision="", lemmas=Lemmas(), now=at)


def test_R19_a_mean_that_falls_below_the_line_and_comes_back_is_told_once_each(store: Store) -> None:
    rated = plan(ratings=RatingSettings(least=5))
    for number in range(4):
        rate(store, number, 5)
    assert watch_ratings(store, rated, NOW) == 0
    assert rows(store, "SELECT 1 FROM rating_lines") == []  # four are too few
    rate(store, 4, 5)
    assert watch_ratings(store, rated, NOW) == 0
    for number in range(5, 9):
        rate(store, number, 1)
    assert (watch_ratings(store, rated, NOW), watch_ratings(store, rated, NOW)) == (1, 0)
    for number in range(9, 40):
        rate(store, number, 5)
    assert (watch_ratings(store, rated, NOW), watch_ratings(store, rated, NOW)) == (1, 0)
    assert kinds(store) == ["rating_fell", "rating_rose"]
    figures = json.loads(rows(store, "SELECT figures FROM signals")[0]["figures"])
    assert figures == {"mean": pytest.approx(29 / 9), "ratings": 9, "line": 4.0, "days": 30.0}


def test_R19_old_ratings_leave_the_mean_and_each_source_has_its_own(store: Store) -> None:
    rated = plan(ratings=RatingSettings(least=2))
    for number in range(6):
        rate(store, number, 5, at=NOW - 20 * DAY)
    assert watch_ratings(store, rated, NOW - 20 * DAY) == 0
    for number in range(6, 8):
        rate(store, number, 2, at=NOW)
    assert watch_ratings(store, rated, NOW) == 0
    assert watch_ratings(store, rated, NOW + 11 * DAY) == 1
    (row,) = rows(store, "SELECT source_id, below, mean FROM rating_lines")
    assert row == {"source_id": 1, "below": 1, "mean": 2.0}
