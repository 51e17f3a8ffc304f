from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.errors import InputError
from monitor.reports.figures import (
    Answered,
    Count,
    Period,
    every_day,
    midnight,
    month_period,
    total,
    total_answered,
    voices,
    week_period,
)
from monitor.reports.words import WORDS, date_range, duration, number, percent


def test_a_week_runs_from_monday_to_monday() -> None:
    week = week_period("2026-W46")
    assert (week.since, week.until) == (datetime(2026, 11, 9, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC))
    assert (week.last_day, len(week.days())) == (date(2026, 11, 15), 7)
    assert week.previous().since == datetime(2026, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("month", "until", "before"),
    [
        ("2026-02", datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-12", datetime(2027, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)),
        ("2027-01", datetime(2027, 2, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_a_month_is_compared_with_the_month_before(month: str, until: datetime, before: datetime) -> None:
    period = month_period(month)
    assert (period.until, period.previous().since, period.previous().until) == (until, before, period.since)


@pytest.mark.parametrize("label", ["2026-W54", "2026-46", "W46", "2025-W53", "0000-W01", ""])
def test_what_is_no_week_is_refused(label: str) -> None:
    with pytest.raises(InputError, match="no week"):
        week_period(label)


@pytest.mark.parametrize("label", ["2026-13", "November", "2026", ""])
def test_what_is_no_month_is_refused(label: str) -> None:
    with pytest.raises(InputError, match="no month"):
        month_period(label)


def test_free_days_are_compared_with_as_many_before() -> None:
    since = midnight(date(2026, 11, 5))
    period = Period(since=since, until=since + timedelta(days=3))
    assert period.previous() == Period(since=since - timedelta(days=3), until=since)


def test_days_on_which_nothing_was_said_are_shown() -> None:
    period = Period(since=midnight(date(2026, 11, 5)), until=midnight(date(2026, 11, 8)))
    said = Count(key="2026-11-06", mentions=2, negative=1, neutral=1)
    assert every_day(period, [said]) == [Count(key="2026-11-05"), said, Count(key="2026-11-07")]


def test_shares_and_means_of_nothing_are_not_known() -> None:
    nothing = total([])
    assert (nothing.mentions, nothing.negative_share, nothing.mean_rating) == (0, None, None)
    assert (total_answered([]).rate, total_answered([]).median_hours) == (None, None)


def test_totals_weigh_by_what_they_add_up() -> None:
    counts = [
        Count(key="a", mentions=1, negative=1, ratings=1, rating_sum=1.0),
        Count(key="b", mentions=3, positive=3, ratings=3, rating_sum=15.0),
    ]
    assert (total(counts).negative_share, total(counts).mean_rating) == (0.25, 4.0)
    answers = [
        Answered(key="a", mentions=1, answered=1, hours=[1.0]),
        Answered(key="b", mentions=3, answered=2, hours=[2.0, 9.0]),
    ]
    assert (total_answered(answers).rate, total_answered(answers).median_hours) == (0.75, 2.0)


def test_R59_share_of_voice_counts_competitors_and_adds_up() -> None:
    found = voices([Count(key="a", mentions=1), Count(key="rival", mentions=3), Count(key="b")], ["rival"])
    assert [(voice.count.key, voice.share, voice.competitor) for voice in found] == [
        ("rival", 0.75, True),
        ("a", 0.25, False),
    ]
    assert voices([], ["rival"]) == []


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (number(12345.6, "en", 1), "12,345.6"),
        (number(12345.6, "ru", 1), "12\u202f345,6"),
        (percent(0.034, "en"), "3.4%"),
        (percent(0.34, "ru"), "34\u00a0%"),
        (percent(0, "en"), "0%"),
        (duration(12, "en"), "12\u00a0min"),
        (duration(120, "ru"), "2\u00a0ч"),
        (duration(90, "ru"), "1,5\u00a0ч"),
        (duration(3 * 1440, "en"), "3\u00a0d"),
        (date_range(date(2026, 11, 9), date(2026, 11, 15), "en"), "9–15\u00a0Nov\u00a02026"),
        (date_range(date(2026, 10, 26), date(2026, 11, 1), "ru"), "26\u00a0окт.\u00a02026 – 1\u00a0ноя.\u00a02026"),
        (date_range(date(2026, 11, 9), date(2026, 11, 9), "en"), "9\u00a0Nov\u00a02026"),
    ],
)
def test_numbers_and_dates_are_written_as_the_language_has_them(written: str, expected: str) -> None:
    assert written == expected


def test_both_languages_say_everything() -> None:
    assert WORDS["en"].keys() == WORDS["ru"].keys()
    assert all(text for words in WORDS.values() for text in words.values())
