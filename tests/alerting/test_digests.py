"""When digests leave, what they cover, and how figures are folded: hours of zones with changing clocks included."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from monitor.alerting.digests import (
    LONGEST,
    Minute,
    Stretch,
    chart,
    due,
    edges,
    first_stretch,
    last_at,
    names_a_brand,
    next_at,
    of_subscription,
    tally,
    voices,
)
from monitor.models import Cadence, DigestSettings, Subscription
from monitor.query import parse

DAILY = DigestSettings(name="morning", to="support", cadence=Cadence.DAILY, at=time(9), zone="Europe/Berlin")
HOURLY = replace(DAILY, cadence=Cadence.HOURLY, at=time(9, 15))
WEEKLY = replace(DAILY, cadence=Cadence.WEEKLY, day=4)  # Friday
BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc] # year, month, day, hour, minute


def walk(settings: DigestSettings, start: datetime, count: int) -> list[datetime]:
    found = [next_at(settings, start)]
    while len(found) < count:
        found.append(next_at(settings, found[-1]))
    return found


def test_a_daily_digest_leaves_at_its_hour_of_the_zone() -> None:
    assert next_at(DAILY, utc(2026, 11, 22, 7, 59)) == utc(2026, 11, 22, 8)
    assert next_at(DAILY, utc(2026, 11, 22, 8)) == utc(2026, 11, 23, 8)  # not once more at the same moment
    assert last_at(DAILY, utc(2026, 11, 22, 8)) == utc(2026, 11, 22, 8)
    assert last_at(DAILY, utc(2026, 11, 22, 7, 59)) == utc(2026, 11, 21, 8)


@pytest.mark.parametrize("start", [utc(2026, 3, 25), utc(2026, 10, 21)])
def test_a_change_of_the_clocks_moves_no_digest_on_the_wall(start: datetime) -> None:
    moments = walk(DAILY, start, 8)
    assert {moment.astimezone(BERLIN).time() for moment in moments} == {time(9)}
    lengths = {after - before for before, after in pairwise(moments)}
    assert lengths in ({timedelta(hours=24), timedelta(hours=hours)} for hours in (23, 25))
    assert len({moment.astimezone(BERLIN).date() for moment in moments}) == 8


def test_an_hour_that_is_left_out_or_comes_twice_has_one_digest() -> None:
    at_half_past_two = replace(DAILY, at=time(2, 30))
    spring = walk(at_half_past_two, utc(2026, 3, 27, 12), 3)
    assert spring == [utc(2026, 3, 28, 1, 30), utc(2026, 3, 29, 1, 30), utc(2026, 3, 30, 0, 30)]
    autumn = walk(at_half_past_two, utc(2026, 10, 23, 12), 3)
    assert autumn == [utc(2026, 10, 24, 0, 30), utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30)]


def test_an_hourly_digest_leaves_at_its_minute_and_counts_no_hour_twice() -> None:
    moments = walk(HOURLY, utc(2026, 10, 24, 23), 4)  # the clocks go back at 01:00 UTC
    assert [f"{moment:%H:%M}" for moment in moments] == ["23:15", "00:15", "01:15", "02:15"]
    in_india = replace(HOURLY, zone="Asia/Kolkata", at=time(0))
    assert next_at(in_india, utc(2026, 11, 22, 8)) == utc(2026, 11, 22, 8, 30)


def test_a_weekly_digest_leaves_on_its_day() -> None:
    moments = walk(WEEKLY, utc(2026, 11, 22), 3)
    assert moments == [utc(2026, 11, 27, 8), utc(2026, 12, 4, 8), utc(2026, 12, 11, 8)]
    assert last_at(WEEKLY, utc(2026, 11, 27, 7, 59)) == utc(2026, 11, 20, 8)


def test_each_covers_what_came_since_the_last_one() -> None:
    assert due(DAILY, utc(2026, 11, 21, 8), utc(2026, 11, 22, 7, 59)) is None
    stretch = due(DAILY, utc(2026, 11, 21, 8), utc(2026, 11, 22, 8, 3))
    assert stretch == Stretch(since=utc(2026, 11, 21, 8), until=utc(2026, 11, 22, 8))
    assert stretch.before() == Stretch(since=utc(2026, 11, 20, 8), until=utc(2026, 11, 21, 8))


def test_after_a_time_without_the_daemon_one_digest_covers_all_of_it_up_to_a_month() -> None:
    assert due(DAILY, utc(2026, 11, 18, 8), utc(2026, 11, 22, 12)) == Stretch(
        since=utc(2026, 11, 18, 8), until=utc(2026, 11, 22, 8)
    )
    year = due(DAILY, utc(2025, 11, 18, 8), utc(2026, 11, 22, 12))
    assert year is not None
    assert year.until - year.since == LONGEST


def test_the_first_covers_one_cadence() -> None:
    assert first_stretch(DAILY, utc(2026, 11, 22, 8)) == Stretch(since=utc(2026, 11, 21, 8), until=utc(2026, 11, 22, 8))
    assert first_stretch(WEEKLY, utc(2026, 11, 27, 8)).since == utc(2026, 11, 20, 8)
    assert first_stretch(HOURLY, utc(2026, 11, 22, 8, 15)).since == utc(2026, 11, 22, 7, 15)


def test_a_subscription_is_a_digest_by_its_number() -> None:
    wanted = Subscription(
        id=7, person="Анна", receiver="anna", match="rating<=2", cadence=Cadence.WEEKLY, at=time(8), day=2, zone="UTC"
    )
    settings = of_subscription(wanted, "anna")
    assert (settings.name, settings.to, settings.match) == ("subscription 7", "anna", "rating<=2")
    assert next_at(settings, utc(2026, 11, 22)) == utc(2026, 11, 25, 8)


def minute(at: str, brand: str = "A", mentions: int = 1, **rest: float) -> Minute:
    figures = {"negative": 0, "positive": 0, "ratings": 0, "rating_sum": 0.0, **rest}
    return Minute(minute=at, brand=brand, mentions=mentions, **figures)  # type: ignore[arg-type] # counts


DAY = Stretch(since=utc(2026, 11, 21, 8), until=utc(2026, 11, 22, 8))


def test_a_stretch_begins_with_its_first_minute_and_ends_before_its_last() -> None:
    minutes = [
        minute("2026-11-21T07:59", mentions=100),
        minute("2026-11-21T08:00", negative=1, ratings=1, rating_sum=2.0),
        minute("2026-11-22T07:59", mentions=3, positive=2, ratings=1, rating_sum=5.0),
        minute("2026-11-22T08:00", mentions=1000),
    ]
    counted = tally(minutes, DAY)
    assert (counted.mentions, counted.negative, counted.positive, counted.mean) == (4, 1, 2, 3.5)
    assert tally(minutes, DAY.before()).mentions == 100
    assert tally([], DAY).mean is None


def test_share_of_voice_counts_brands_and_says_who_is_a_competitor() -> None:
    minutes = [minute("2026-11-21T10:00", "A", 2), minute("2026-11-21T11:00", "B", 5), minute("2026-11-20T11:00", "C")]
    assert voices(minutes, DAY, competitors=["B"]) == [
        {"brand": "B", "mentions": 5, "competitor": True},
        {"brand": "A", "mentions": 2, "competitor": False},
    ]


def test_the_bars_of_a_chart_are_days_of_the_wall_and_those_covered_are_marked() -> None:
    until = utc(2026, 10, 26, 8)  # the day after the clocks went back
    bounds = edges(DAILY, until)
    assert len(bounds) == 15
    assert {bound.astimezone(BERLIN).time() for bound in bounds} == {time(9)}
    stretch = Stretch(since=bounds[-3], until=until)
    drawn = chart([minute("2026-10-25T08:00", mentions=4, negative=1)], bounds, stretch=stretch, hourly=False)
    assert (drawn["values"][-2:], drawn["negative"][-1], drawn["marked"]) == ([0, 4], 1, [12, 13])
    assert len(edges(HOURLY, until)) == 25


@pytest.mark.parametrize(
    ("text", "named"),
    [("*", False), ("brand:A rating<=2", True), ("source:forum OR brand:A", True), ("NOT brand:A", False)],
)
def test_competitors_count_only_where_a_brand_is_asked_for(text: str, named: bool) -> None:
    assert names_a_brand(parse(text).root) is named
