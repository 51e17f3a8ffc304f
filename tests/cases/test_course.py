from __future__ import annotations

import pytest

from monitor.cases.course import Kept, Span, course
from monitor.models import CaseClock, CaseState, EventKind
from tests.cases.courses import at, breached, event, opened, posting, took

FOUND, PUBLISHED = CaseClock.FOUND, CaseClock.PUBLISHED


def test_a_round_knows_its_times_by_both_clocks() -> None:
    (turn,) = took(
        1,
        opened(2, published=0),
        event(EventKind.ANSWERED, 3, full=False, public=True),
        event(EventKind.VERDICT, 4, verdict="justified", text="да"),
        event(EventKind.ANSWERED, 8, full=True, public=True),
    ).rounds
    assert [turn.hours(span, FOUND) for span in Span] == [1, 6, 6]
    assert [turn.hours(span, PUBLISHED) for span in Span] == [3, 8, 8]
    assert [turn.kept(span, FOUND) for span in Span] == [Kept.MET, None, Kept.MET]


def test_without_a_time_of_publication_that_clock_says_nothing() -> None:
    (turn,) = took(1, opened(0), event(EventKind.ANSWERED, 1, full=True)).rounds
    assert (turn.hours(Span.ANSWER, PUBLISHED), turn.kept(Span.RESOLVE, PUBLISHED)) == (None, None)


def test_waiting_for_the_customer_is_no_part_of_resolving() -> None:
    (turn,) = took(
        1,
        opened(0),
        event(EventKind.WAITING, 1, text="номер заказа"),
        event(EventKind.RESUMED, 6, why="ответил"),
        event(EventKind.ANSWERED, 8, full=True),
    ).rounds
    assert (turn.hours(Span.ANSWER, FOUND), turn.hours(Span.RESOLVE, FOUND)) == (8, 3)


def test_each_round_keeps_its_own_lateness() -> None:
    first, second = took(
        1,
        opened(0),
        breached(4, due=4),
        event(EventKind.ANSWERED, 9, full=True),
        event(EventKind.REOPENED, 20, person="", why="пишет снова", found_at=at(20).isoformat()),
        event(EventKind.ANSWERED, 21, full=True),
    ).rounds
    assert (first.kept(Span.ACKNOWLEDGE, FOUND), first.hours(Span.ACKNOWLEDGE, FOUND)) == (Kept.BREACHED, 9)
    assert (second.kept(Span.ACKNOWLEDGE, FOUND), second.hours(Span.ACKNOWLEDGE, FOUND)) == (Kept.MET, 1)
    assert (first.begun_at, second.begun_at) == (at(0), at(20))


def test_an_answer_in_time_that_was_seen_late_is_in_time() -> None:
    (turn,) = took(
        1,
        opened(0),
        breached(4, due=4),
        event(EventKind.ANSWER_SEEN, 6, person="", answer=7, post=1, at=at(3).isoformat(), full=False),
    ).rounds
    assert (turn.kept(Span.ACKNOWLEDGE, FOUND), turn.hours(Span.ACKNOWLEDGE, FOUND)) == (Kept.MET, 3)


def test_an_answer_in_time_does_not_excuse_a_duty_that_was_left() -> None:
    (turn,) = took(1, opened(0), event(EventKind.ANSWERED, 1, full=True), breached(48, due=48, kind="resolve")).rounds
    assert (turn.kept(Span.ACKNOWLEDGE, FOUND), turn.kept(Span.RESOLVE, FOUND)) == (Kept.MET, Kept.BREACHED)


def test_who_is_left_without_an_answer_in_time_is_not_waited_for() -> None:
    (turn,) = took(1, opened(0), event(EventKind.SILENT, 1, text="чужая организация")).rounds
    assert [turn.kept(span, FOUND) for span in Span] == [None, None, Kept.MET]


def test_a_further_step_of_a_breach_is_the_same_breach() -> None:
    (turn,) = took(1, opened(0), breached(4, due=4), breached(6, due=4, step=2)).rounds
    assert list(turn.late.values()) == [at(4)]


def test_an_author_hops_by_own_posts_and_not_by_copies_of_others() -> None:
    told = (posting(3, 9, source="vk"), posting(1, 0), posting(2, 1, source="pikabu", author="копия"))
    found = took(1, opened(0), posts=told)
    assert found.first is not None
    assert (found.first.post_id, found.hopped_at) == (1, at(9))
    assert took(2, opened(0), posts=told[1:]).hopped_at is None


def test_a_case_whose_posts_were_erased_has_no_author() -> None:
    found = took(1, opened(0))
    assert (found.first, found.hopped_at) == (None, None)


def test_a_merged_case_says_so() -> None:
    found = took(2, opened(0), event(EventKind.MERGED, 1, person="", into=1))
    assert (found.is_merged, found.case.state) == (True, CaseState.MERGED)


def test_a_case_without_events_is_none() -> None:
    with pytest.raises(ValueError, match="no events"):
        course(1, [])
