from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from monitor.cases import figures
from monitor.cases.course import Kept, Span
from monitor.cases.figures import Deciles, Ended, Times
from monitor.cases.fixes import Change, Window, window
from monitor.models import CaseClock, EventKind, Label, Outcome, Reached
from tests.cases.courses import BRAND, MONDAY, at, breached, event, opened, posting, took

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.cases.figures import Began

SINCE, UNTIL = MONDAY, MONDAY + timedelta(days=30)
FOUND = CaseClock.FOUND


# ── coverage ──


def test_R24_each_relevant_negative_ends_somewhere_and_silence_has_reasons() -> None:
    rows: list[dict[str, object]] = [
        {"brand": "Б", "month": "2026-11", "ending": "answered", "reason": None, "mentions": 5},
        {"brand": "Б", "month": "2026-11", "ending": "silent", "reason": "тролль", "mentions": 1},
        {"brand": "Б", "month": "2026-11", "ending": "silent", "reason": "не наш", "mentions": 2},
        {"brand": "Б", "month": "2026-11", "ending": "open", "reason": None, "mentions": 2},
        {"brand": "А", "month": "2026-12", "ending": "offline", "reason": None, "mentions": 1},
    ]
    first, second = figures.ledgers(rows)
    assert (first.brand, first.ends) == ("А", {"answered": 0, "offline": 1, "silent": 0, "open": 0})
    assert (second.mentions, second.ends) == (10, {"answered": 5, "offline": 0, "silent": 3, "open": 2})
    assert second.reasons == [("не наш", 2), ("тролль", 1)]
    assert second.covered is not None
    assert (second.covered.value, round(second.covered.low, 3), round(second.covered.high, 3)) == (0.8, 0.490, 0.943)


# ── times ──


def test_times_are_counted_for_each_class_of_a_case_and_kept_deadlines_are_a_share() -> None:
    late = took(
        1, opened(0, classes=("refund", "negative")), breached(4, due=4), event(EventKind.ANSWERED, 8, full=True)
    )
    quick = took(2, opened(10), event(EventKind.ANSWERED, 12, full=True))
    unanswered = took(3, opened(20))
    found = figures.times(figures.begun([late, quick, unanswered], SINCE, UNTIL), lambda one: one.case.classes)
    assert list(found) == ["negative", "refund"]
    heard = next(one for one in found["negative"] if (one.span, one.clock) == (Span.ACKNOWLEDGE, FOUND))
    assert (heard.hours, heard.median, heard.p90) == ([8, 2], 5, 8)
    assert heard.kept == {Kept.BREACHED: 1, Kept.MET: 1, Kept.RUNNING: 1}
    assert heard.in_time is not None
    assert heard.in_time.value == 0.5
    assert [one.hours for one in found["refund"] if one.clock is FOUND] == [[8], [8], [8]]
    assert all(one.median is None for one in found["negative"] if one.clock is CaseClock.PUBLISHED)


def test_nine_in_ten_did_not_take_longer_than_the_p90() -> None:
    taken = Times(span=Span.ANSWER, clock=FOUND, hours=list(range(20, 0, -1)))
    assert (taken.median, taken.p90, taken.in_time) == (10.5, 18, None)


def test_rounds_count_in_the_time_in_which_they_began() -> None:
    again = took(
        1,
        opened(-100),
        event(EventKind.ANSWERED, -90, full=True),
        event(EventKind.REOPENED, 5, person="", why="", found_at=at(5).isoformat()),
    )
    merged = took(2, opened(1), event(EventKind.MERGED, 2, person="", into=1))
    assert [(one.case.id, turn.begun_at) for one, turn in figures.begun([again, merged], SINCE, UNTIL)] == [(1, at(5))]


def test_deciles_are_of_the_brands_own_mentions() -> None:
    deciles = Deciles({"brand": BRAND, "influence": value, "mentions": 10} for value in range(10))
    assert [deciles.of(BRAND, value) for value in range(10)] == list(range(1, 11))
    assert (deciles.of(BRAND, 99), deciles.of(BRAND, None), deciles.of("чужой", 5)) == (10, None, None)
    alike = Deciles([{"brand": BRAND, "influence": 7, "mentions": 1000}])
    assert (alike.of(BRAND, 7), alike.of(BRAND, 3)) == (6, 6)


def unequal(number: int, *, favour: bool) -> Iterator[Began]:
    """Cases of rising influence, answered after a time that falls with it, or in turns."""
    one_each = [
        took(
            case_id,
            opened(case_id),
            event(EventKind.ANSWERED, case_id + (1 + number - case_id if favour else 1 + case_id % 2), full=True),
            posts=(posting(case_id, case_id, influence=case_id),),
        )
        for case_id in range(number)
    ]
    yield from figures.begun(one_each, SINCE, UNTIL)


DECILES = Deciles({"brand": BRAND, "influence": value, "mentions": 1} for value in range(30))


def test_R28_who_is_influential_being_answered_sooner_is_said() -> None:
    found = figures.fairness(unequal(30, favour=True), DECILES, Span.ANSWER)
    assert (found.cases, found.finding) == (30, "the more influential the author, the sooner this happens")
    assert found.correlation is not None
    assert found.correlation.value < -0.99
    # Influences 0–8 took 31–23 hours, 21–29 took 10–2.
    assert (sorted(found.least), sorted(found.most)) == (list(range(23, 32)), list(range(2, 11)))
    assert found.ratio == pytest.approx(6 / 27)


def test_R28_where_chance_could_have_made_it_no_difference_is_told() -> None:
    found = figures.fairness(unequal(30, favour=False), DECILES, Span.ANSWER)
    assert (found.cases, found.finding) == (30, "no difference by influence can be told")


def test_R28_of_few_cases_nothing_is_said() -> None:
    found = figures.fairness(unequal(19, favour=True), DECILES, Span.ANSWER)
    assert found.finding == "too few cases to tell whether influence matters: 19, 20 are needed"
    assert figures.fairness([], DECILES, Span.ANSWER).ratio is None


# ── recovery ──


def test_R50_the_last_word_within_ninety_days_counts() -> None:
    now = at(0) + timedelta(days=100)
    day = timedelta(days=1)
    found = figures.recovery(
        [
            Ended(closed_at=at(0), later=[(at(24), Label.NEGATIVE), (at(48), Label.POSITIVE)]),
            Ended(closed_at=at(0), later=[(at(0) + 91 * day, Label.NEGATIVE)]),  # too late to count
            Ended(closed_at=at(0), later=[(at(-5), Label.NEGATIVE), (at(5), Label.NEUTRAL)]),
            Ended(closed_at=at(0) + 50 * day, later=[]),
            Ended(closed_at=at(0), later=[]),
            Ended(closed_at=at(0), later=None),
        ],
        now,
    )
    assert found.last == {Label.NEGATIVE: 0, Label.NEUTRAL: 1, Label.POSITIVE: 1}
    assert found.posts == {Label.NEGATIVE: 1, Label.NEUTRAL: 1, Label.POSITIVE: 1}
    assert (found.silent, found.waiting, found.nameless) == (2, 1, 1)
    assert found.recovered is not None
    assert found.recovered.value == 0.5
    assert figures.recovery([], now).recovered is None


# ── fixes ──

FIXED = date(2026, 5, 1)


@pytest.mark.parametrize(
    ("first", "today", "days"),
    [
        (date(2026, 1, 1), date(2026, 12, 1), 28),
        (date(2026, 4, 20), date(2026, 12, 1), 11),  # the history is younger than the window
        (date(2026, 1, 1), date(2026, 5, 6), 5),  # today is not over and does not count
        (date(2026, 1, 1), FIXED, 0),
        (date(2026, 1, 1), date(2026, 4, 1), 0),
        (None, date(2026, 12, 1), 0),
    ],
)
def test_both_sides_of_a_fix_have_as_many_days(first: date | None, today: date, days: int) -> None:
    found = window(FIXED, wanted=28, first=first, today=today)
    assert (found.days, FIXED - found.before, found.after - FIXED) == (days, *[timedelta(days=days)] * 2)


def change(complaints: tuple[int, int], mentions: tuple[int, int] = (2000, 1000), days: int = 28) -> Change:
    return Change(
        brand=BRAND, issue="касса", window=Window(fixed=FIXED, days=days), complaints=complaints, mentions=mentions
    )


@pytest.mark.parametrize(
    ("complaints", "finding"),
    [
        ((56, 7), "complaints became rarer"),
        ((20, 10), "no difference can be told"),
        ((10, 40), "complaints became more frequent"),
        ((0, 1), "no difference can be told"),
        ((0, 0), "nobody complained of it, before or after"),
    ],
)
def test_R11_a_fix_is_said_to_help_only_where_chance_could_not_have_made_it(
    complaints: tuple[int, int], finding: str
) -> None:
    assert change(complaints).finding == finding


def test_R11_rates_are_per_thousand_mentions_and_per_day() -> None:
    found = change((56, 7))
    assert found.per_thousand == (28, 7)
    assert found.per_day == (2, 0.25)
    assert found.ratio_of_mentions is not None
    assert found.ratio_of_days is not None
    assert (found.ratio_of_mentions.value, found.ratio_of_days.value) == (0.25, 0.125)


def test_of_no_day_nothing_is_said() -> None:
    found = change((0, 0), (0, 0), days=0)
    assert (found.per_day, found.per_thousand, found.ratio_of_days) == ((None, None), (None, None), None)
    assert found.finding.startswith("no day to compare")


# ── amends, and what became of it ──


def test_R49_amends_cost_by_class_kind_and_currency() -> None:
    courses = [
        took(
            1,
            opened(0, classes=("negative", "refund")),
            event(EventKind.COMPENSATED, 1, what="сертификат", value=1000.1, currency="RUB"),
            event(EventKind.COMPENSATED, 2, what="сертификат", value=2000.2, currency="RUB"),
            event(EventKind.COMPENSATED, 3, what="извинение"),
        ),
        took(2, opened(0), event(EventKind.COMPENSATED, -1, what="сертификат", value=5, currency="RUB")),
    ]
    found = {(one.class_, one.what, one.currency): one for one in figures.costs(courses, SINCE, UNTIL)}
    assert set(found) == {
        (class_, *kind) for class_ in ("", "negative", "refund") for kind in (("сертификат", "RUB"), ("извинение", ""))
    }
    gift = found["refund", "сертификат", "RUB"]
    assert (gift.number, sum(gift.values), gift.mean) == (2, Decimal("3000.3"), Decimal("1500.15"))
    word = found["", "извинение", ""]
    assert (word.number, word.values, word.mean) == (1, [], None)


def test_R30_outcomes_count_each_close() -> None:
    courses = [
        took(
            1,
            opened(0),
            event(EventKind.SILENT, 1, text="тролль"),
            event(EventKind.CLOSED, 2, outcome="quiet"),
            event(EventKind.REOPENED, 3, why="", found_at=at(3).isoformat()),
            event(EventKind.ANSWERED, 4, full=True),
            event(EventKind.CLOSED, 5, outcome="advocate"),
        )
    ]
    found = figures.outcomes(courses, SINCE, UNTIL)
    assert {outcome for outcome, number in found.items() if number} == {Outcome.QUIET, Outcome.ADVOCATE}
    assert sum(figures.outcomes(courses, at(4), UNTIL).values()) == 1
    assert set(found) == set(Outcome)


def test_R3_hops_are_told_apart_by_a_missed_acknowledgement() -> None:
    fled = took(1, opened(0), breached(4, due=4), posts=(posting(1, 0), posting(2, 6, source="vk")))
    before = took(2, opened(0), breached(4, due=4), posts=(posting(3, 0), posting(4, 2, source="vk")))
    stayed = took(3, opened(0), breached(4, due=4, clock="published"), posts=(posting(5, 0),))
    met = took(4, opened(0), event(EventKind.ANSWERED, 1, full=True), posts=(posting(6, 0),))
    late, others = figures.hops(figures.begun([fled, before, stayed, met], SINCE, UNTIL))
    assert (late.cases, late.hopped, late.afterwards) == (3, 2, 1)
    assert (others.cases, others.hopped, others.afterwards) == (1, 0, 0)
    assert figures.hops([])[0].part is None


def test_R22_attempts_are_counted_by_channel_and_end() -> None:
    courses = [
        took(
            1,
            opened(0),
            event(EventKind.ATTEMPT, 1, channel="phone", outcome="failed"),
            event(EventKind.ATTEMPT, 2, channel="phone", outcome="failed"),
            event(EventKind.ATTEMPT, 3, channel="mail", outcome="reached"),
            event(EventKind.ATTEMPT, 24 * 31, channel="mail", outcome="refused"),
        )
    ]
    assert figures.attempts(courses, SINCE, UNTIL) == {
        "mail": {Reached.REACHED: 1, Reached.FAILED: 0, Reached.REFUSED: 0},
        "phone": {Reached.REACHED: 0, Reached.FAILED: 2, Reached.REFUSED: 0},
    }


def test_R25_silence_is_counted_by_person_and_reason_and_R37_moves_offline_by_channel() -> None:
    courses = [
        took(1, opened(0), event(EventKind.SILENT, 1, text="тролль")),
        took(2, opened(0), event(EventKind.SILENT, 1, text="тролль")),
        took(3, opened(0), event(EventKind.SILENT, 1, person="Олег", text="не наш")),
        took(4, opened(0), event(EventKind.OFFLINE, 1, channel="mail")),
    ]
    silent = figures.tally(courses, EventKind.SILENT, ["person", "text"], since=SINCE, until=UNTIL)
    assert silent == [(("Ирина", "тролль"), 2), (("Олег", "не наш"), 1)]
    assert figures.tally(courses, EventKind.OFFLINE, ["channel"], since=SINCE, until=UNTIL) == [(("mail",), 1)]
    assert figures.tally(courses, EventKind.OFFLINE, ["channel"], since=at(2), until=UNTIL) == []
