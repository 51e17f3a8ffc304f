"""Groups that are due: silence, quiet hours and budget, as pairs of what is there and what becomes of it.

A small simulation holds the promises over any sequence: nobody waits for ever, no delivery is lost or told twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerting.stages import Act, Candidate, Hold, Mute, Pending, Send, decide_flush
from monitor.models import URGENT, Budget, QuietHours, Receiver, Silence, Target
from monitor.query import Predicate, compile_query, parse

NIGHT = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)  # a Sunday
DAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
QUIET = QuietHours(zone="UTC", begin=time(22), end=time(8), unless="priority>=90")
TWO = Budget(pings=4, per=timedelta(hours=1), burst=2)
PLAIN = Receiver(name="support", targets=(Target(key="k", url="json://x"),))
ASLEEP = replace(PLAIN, quiet=QUIET)
BUSY = replace(PLAIN, budget=TWO)


def member(delivery: int, *, case_id: int | None = None, **facts: object) -> Candidate:
    return Candidate(delivery=delivery, facts=facts, case_id=case_id)


def pending(number: int, *members: Candidate, urgent: bool = False, held: bool = False) -> Pending:
    return Pending(id=number, urgent=urgent, held=held, members=members or (member(number * 10),))


def silence(match: str = "*", *, number: int = 3, case_id: int | None = None) -> tuple[Silence, Predicate]:
    stored = Silence(
        id=number,
        match=match,
        case_id=case_id,
        starts_at=NIGHT - timedelta(days=1),
        ends_at=DAY + timedelta(days=1),
        person="Anna",
        comment="known campaign",
    )
    return stored, compile_query(parse(match))


def flush(
    *groups: Pending,
    receiver: Receiver = PLAIN,
    silences: tuple[tuple[Silence, Predicate], ...] = (),
    pings: tuple[datetime, ...] = (),
    now: datetime = DAY,
) -> tuple[Act, ...]:
    unless = receiver.quiet.unless if receiver.quiet else None
    return decide_flush(
        groups,
        receiver=receiver,
        silences=silences,
        unless=compile_query(parse(unless)) if unless else None,
        pings=pings,
        now=now,
    )


def test_without_silences_hours_or_budget_each_group_leaves_on_its_own() -> None:
    found = flush(pending(1, member(10), member(11)), pending(2))
    assert found == (Send((1,), (10, 11), is_ping=True), Send((2,), (20,), is_ping=True))


def test_a_group_of_which_nothing_is_left_is_done_with() -> None:
    empty = Pending(id=1, urgent=False, held=True, members=())
    assert flush(empty, receiver=replace(ASLEEP, budget=TWO), now=NIGHT) == (Send((1,), (), is_ping=False),)


MUTED = "silence 3 by Anna until 2026-11-24 12:00 UTC: known campaign"


def test_a_silence_mutes_what_its_query_matches_and_says_who_why_and_until_when() -> None:
    found = flush(pending(1, member(10, brand="A"), member(11, brand="B")), silences=(silence("brand:A"),))
    assert found == (Mute((10,), MUTED), Send((1,), (11,), is_ping=True))


def test_a_silence_of_everything_mutes_everything() -> None:
    found = flush(pending(1, member(10, brand="A"), member(11)), silences=(silence(),))
    assert found == (Mute((10, 11), MUTED), Send((1,), (), is_ping=False))


def test_a_silence_of_a_case_mutes_what_belongs_to_it_and_nothing_else() -> None:
    group = pending(1, member(10, case_id=7), member(11, case_id=8), member(12))
    assert flush(group, silences=(silence(case_id=7),)) == (Mute((10,), MUTED), Send((1,), (11, 12), is_ping=True))


def test_a_silence_with_a_case_and_a_query_mutes_what_either_means() -> None:
    group = pending(1, member(10, case_id=7), member(11, brand="A"), member(12, brand="B"))
    assert flush(group, silences=(silence("brand:A", case_id=7),))[0] == Mute((10, 11), MUTED)


def test_of_several_silences_the_first_that_matches_is_named() -> None:
    both = (silence("brand:A", number=4), silence("*", number=5))
    found = flush(pending(1, member(10, brand="B"), member(11, brand="A")), silences=both)
    assert [(act.members, act.reason[:9]) for act in found if isinstance(act, Mute)] == [
        ((10,), "silence 5"),
        ((11,), "silence 4"),
    ]


@pytest.mark.parametrize(("minutes", "is_muted"), [(-1, False), (0, True), (59, True), (60, False)])
def test_a_silence_holds_from_its_begin_until_its_end(minutes: int, *, is_muted: bool) -> None:
    stored, holds = silence()
    hour = (replace(stored, starts_at=DAY, ends_at=DAY + timedelta(hours=1)), holds)
    found = flush(pending(1), silences=(hour,), now=DAY + timedelta(minutes=minutes))
    assert any(isinstance(act, Mute) for act in found) is is_muted


def test_a_silence_mutes_what_is_urgent_too() -> None:
    found = flush(pending(1, urgent=True), silences=(silence(),))
    assert found == (Mute((10,), MUTED), Send((1,), (), is_ping=False))


HELD = Hold(1, MORNING, "quiet hours until 2026-11-23 08:00 UTC")


def test_quiet_hours_hold_a_group_until_they_end() -> None:
    assert flush(pending(1), receiver=ASLEEP, now=NIGHT) == (HELD,)
    assert flush(pending(1, held=True), receiver=ASLEEP, now=MORNING) == (Send((1,), (10,), is_ping=True),)


def test_what_one_member_is_worth_waking_somebody_for_wakes_them_for_its_group() -> None:
    grave = pending(1, member(10, priority=95), member(11, priority=20))
    assert flush(grave, receiver=ASLEEP, now=NIGHT) == (Send((1,), (10, 11), is_ping=True),)
    assert flush(pending(1, member(11, priority=20)), receiver=ASLEEP, now=NIGHT) == (HELD,)


def test_nobody_is_woken_for_what_is_muted() -> None:
    grave = pending(1, member(10, priority=95, brand="A"), member(11, priority=20))
    found = flush(grave, receiver=ASLEEP, now=NIGHT, silences=(silence("brand:A"),))
    assert found == (Mute((10,), MUTED), HELD)


@pytest.mark.parametrize("case", sorted(URGENT))
def test_R32_rude_treatment_ignores_quiet_hours(case: str) -> None:
    """So does everything urgent: it leaves at night, with the budget spent, and counts as no interruption."""
    receiver = replace(ASLEEP, budget=TWO)
    found = flush(
        pending(1, member(10, case=[case]), urgent=True),
        pending(2, member(20, case=["price"])),
        receiver=receiver,
        pings=(NIGHT, NIGHT),
        now=NIGHT,
    )
    assert found == (Send((1,), (10,), is_ping=False), replace_group(HELD, 2))


def replace_group(held: Hold, number: int) -> Hold:
    return held._replace(group=number)


def test_when_the_budget_is_spent_the_rest_waits_for_the_next_ping() -> None:
    later = "more than 2 pings at once; the next one at 2026-11-23 12:15 UTC"
    assert flush(pending(1), pending(2), pending(3), pending(4), receiver=BUSY) == (
        Send((1,), (10,), is_ping=True),
        Send((2,), (20,), is_ping=True),
        Hold(3, DAY + timedelta(minutes=15), later),
        Hold(4, DAY + timedelta(minutes=15), later),
    )


def test_what_was_held_leaves_together_before_anything_new() -> None:
    groups = (pending(1), pending(2, held=True), pending(3, held=True))
    found = flush(*groups, receiver=BUSY, pings=(DAY,))
    later = Hold(1, DAY + timedelta(minutes=15), "more than 2 pings at once; the next one at 2026-11-23 12:15 UTC")
    assert found == (Send((2, 3), (20, 30), is_ping=True), later)


def test_the_summary_of_a_night_is_one_ping() -> None:
    groups = [pending(number, held=True) for number in range(1, 21)]
    found = flush(*groups, receiver=replace(ASLEEP, budget=TWO), now=MORNING)
    assert found == (Send(tuple(range(1, 21)), tuple(range(10, 210, 10)), is_ping=True),)


def test_what_comes_due_while_others_wait_for_a_ping_joins_their_summary() -> None:
    receiver = replace(PLAIN, budget=Budget(pings=6, per=timedelta(hours=1), burst=2))
    first = flush(*map(pending, range(1, 6)), receiver=receiver)
    assert [type(act) for act in first] == [Send, Send, Hold, Hold, Hold]
    (later,) = flush(pending(6), receiver=receiver, pings=(DAY, DAY), now=DAY + timedelta(minutes=5))
    due = DAY + timedelta(minutes=10)
    assert later == Hold(6, due, "more than 2 pings at once; the next one at 2026-11-23 12:10 UTC")
    waiting = [pending(number, held=True) for number in range(3, 7)]
    assert flush(*waiting, receiver=receiver, pings=(DAY, DAY), now=due) == (
        Send((3, 4, 5, 6), (30, 40, 50, 60), is_ping=True),
    )


def test_quiet_hours_come_before_the_budget() -> None:
    found = flush(pending(1), receiver=replace(ASLEEP, budget=TWO), pings=(NIGHT, NIGHT), now=NIGHT)
    assert found == (HELD,)


def test_a_receiver_without_a_budget_is_told_as_often_as_there_is_something() -> None:
    groups = [pending(number) for number in range(50)]
    assert len(flush(*groups, pings=(DAY,) * 100)) == 50


@dataclass
class Desk:
    """One receiver's groups over time, with what `decide_flush` does to them."""

    receiver: Receiver
    silences: tuple[tuple[Silence, Predicate], ...]
    now: datetime = DAY
    groups: dict[int, Pending] = field(default_factory=dict)
    due: dict[int, datetime] = field(default_factory=dict)
    pings: list[datetime] = field(default_factory=list)
    settled: dict[int, datetime] = field(default_factory=dict)  # delivery: when it was sent or muted
    came: dict[int, datetime] = field(default_factory=dict)
    urgent: set[int] = field(default_factory=set)

    def arrive(self, number: int, found: Candidate, *, urgent: bool) -> None:
        there = self.groups.get(number)
        if there is None:
            self.groups[number] = Pending(id=number, urgent=urgent, held=False, members=(found,))
            self.due[number] = self.now
        else:
            self.groups[number] = replace(there, members=(*there.members, found))
        self.came[found.delivery] = self.now
        if self.groups[number].urgent:
            self.urgent.add(found.delivery)

    def tick(self) -> None:
        due = [self.groups[number] for number in sorted(self.due) if self.due[number] <= self.now]
        unless = self.receiver.quiet.unless if self.receiver.quiet else None
        acts = decide_flush(
            due,
            receiver=self.receiver,
            silences=self.silences,
            unless=compile_query(parse(unless)) if unless else None,
            pings=self.pings,
            now=self.now,
        )
        assert sorted(self._finish(acts)) == sorted(group.id for group in due)  # each group once, in one act

    def _finish(self, acts: tuple[Act, ...]) -> list[int]:
        done: list[int] = []
        for act in acts:
            match act:
                case Mute(members, reason):
                    assert reason
                    self._settle(members)
                case Hold(number, until, reason):
                    assert reason
                    assert until > self.now
                    assert not self.groups[number].urgent
                    left = tuple(one for one in self.groups[number].members if one.delivery not in self.settled)
                    self.groups[number] = replace(self.groups[number], held=True, members=left)
                    self.due[number] = until
                    done.append(number)
                case Send(numbers, members, is_ping):
                    if is_ping and members:
                        self.pings.append(self.now)
                    self._settle(members)
                    for number in numbers:
                        assert all(one.delivery in self.settled for one in self.groups.pop(number).members)
                        del self.due[number]
                    done += numbers
        return done

    def _settle(self, members: tuple[int, ...]) -> None:
        for delivery in members:
            assert delivery not in self.settled, "told twice"
            self.settled[delivery] = self.now


hours = st.builds(
    QuietHours,
    zone=st.sampled_from(["UTC", "Europe/Moscow", "America/New_York"]),
    begin=st.integers(0, 23).map(time),
    end=st.integers(0, 23).map(time),
    days=st.frozensets(st.integers(0, 6)),
    unless=st.sampled_from([None, "priority>=90"]),
)
budgets = st.builds(
    Budget,
    pings=st.integers(1, 12),
    per=st.sampled_from([timedelta(hours=1), timedelta(days=1)]),
    burst=st.integers(1, 4),
)
receivers = st.builds(
    lambda quiet, budget: replace(PLAIN, quiet=quiet, budget=budget), st.none() | hours, st.none() | budgets
)
arrivals = st.lists(
    st.tuples(
        st.integers(0, 60 * 12),  # minutes since the one before
        st.integers(0, 5),  # the group
        st.sampled_from([0, 50, 95]),  # priority
        st.integers(0, 9),  # 0 is urgent
        st.integers(1, 3),  # the case
    ),
    max_size=40,
)
quelled = st.lists(st.sampled_from([silence("priority>=90"), silence(case_id=2), silence("priority=0")]), max_size=2)


@settings(max_examples=300, deadline=None)
@given(receivers, arrivals, quelled)
def test_whatever_comes_each_delivery_is_settled_once_and_within_the_bounds(
    receiver: Receiver,
    coming: list[tuple[int, int, int, int, int]],
    silences: list[tuple[Silence, Predicate]],
) -> None:
    desk = Desk(receiver=receiver, silences=tuple(silences))
    for delivery, (minutes, number, priority, die, case_id) in enumerate(coming):
        until = desk.now + timedelta(minutes=minutes)
        while (next_due := min(desk.due.values(), default=until)) < until:
            desk.now = max(desk.now, next_due)
            desk.tick()
        desk.now = until
        urgent = die == 0
        desk.arrive(
            number + (100 if urgent else 0), member(delivery, case_id=case_id, priority=priority), urgent=urgent
        )
        desk.tick()
    for _ in range(200):  # no group needs more than to wait for its hours and its token
        if not desk.due:
            break
        desk.now = max(desk.now, *desk.due.values())
        desk.tick()

    assert desk.settled.keys() == desk.came.keys()
    assert all(desk.settled[delivery] == desk.came[delivery] for delivery in desk.urgent)
    longest = timedelta(days=16)  # quiet hours of nearly a week twice, and a token between
    assert all(desk.settled[delivery] - came <= longest for delivery, came in desk.came.items())
    if receiver.budget is not None:
        budget = receiver.budget
        for first in desk.pings:
            assert sum(first <= ping < first + budget.per for ping in desk.pings) <= budget.pings
        assert all(desk.pings.count(moment) <= budget.burst for moment in desk.pings)
