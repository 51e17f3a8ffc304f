"""Each shared setting as Alertmanager's documentation describes it: what comes when, and which messages leave then.

A line of a table is (when each post was found) → (when each message left, with how many), in minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.stages import Candidate, Hold, Pending, Send, decide_flush
from monitor.models import Group, QuietHours, Receiver, Silence, Target
from monitor.query import compile_query, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.query import Predicate

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SUPPORT = Receiver(name="support", targets=(Target(key="k", url="json://x"),))
USUAL = Group(key="g", wait=timedelta(minutes=1), interval=timedelta(minutes=5))


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def minute(moment: datetime) -> float:
    return (moment - START) / timedelta(minutes=1)


@dataclass
class Waiting:
    """One group of one receiver, as the store keeps it."""

    group: Group
    receiver: Receiver = SUPPORT
    silences: Sequence[tuple[Silence, Predicate]] = ()
    due: datetime | None = None
    told: datetime | None = None
    held: bool = False
    members: list[Candidate] = field(default_factory=list)
    messages: list[tuple[float, int]] = field(default_factory=list)

    def play(self, arrivals: Sequence[float], until: float = 10_000) -> list[tuple[float, int]]:
        """What comes when, then only time: the messages that left."""
        for number, came in enumerate(arrivals):
            self._flush_until(at(came))
            self.due = self.group.due(waiting=self.due, told=self.told, now=at(came))
            self.members.append(Candidate(delivery=number, facts={"brand": "A"}))
        self._flush_until(at(until))
        return self.messages

    def _flush_until(self, end: datetime) -> None:
        while self.due is not None and self.due <= end:
            now = self.due
            pending = Pending(id=1, urgent=self.group.urgent, held=self.held, members=tuple(self.members))
            for act in decide_flush(
                [pending], receiver=self.receiver, silences=self.silences, unless=None, pings=(), now=now
            ):
                match act:
                    case Hold(_, until, _):
                        self.due, self.held = until, True
                    case Send(_, members, _):
                        self.due, self.held, self.members = None, False, []
                        if members:
                            self.told = now
                            self.messages.append((minute(now), len(members)))


@pytest.mark.parametrize(
    ("wait", "arrivals", "messages"),
    [
        (1, [0], [(1, 1)]),  # how long to wait before the first message of a group
        (1, [0, 0.5, 0.9], [(1, 3)]),  # to collect more of the same group
        (0, [0], [(0, 1)]),  # no wait: at once
        (2, [0, 1, 3], [(2, 2), (7, 1)]),
        (10, [0, 9], [(10, 2)]),  # counted from the first, whatever comes later
    ],
)
def test_group_wait(wait: float, arrivals: list[float], messages: list[tuple[float, int]]) -> None:
    assert Waiting(replace(USUAL, wait=timedelta(minutes=wait))).play(arrivals) == messages


@pytest.mark.parametrize(
    ("arrivals", "messages"),
    [
        # How long to wait before a message about what is added to a group that was told of already.
        ([0, 2], [(1, 1), (6, 1)]),
        ([0, 2, 3, 5.9], [(1, 1), (6, 3)]),
        ([0, 2, 7, 12], [(1, 1), (6, 1), (11, 1), (16, 1)]),
        ([0, 2, 3, 40], [(1, 1), (6, 2), (41, 1)]),
        ([0, 5.5], [(1, 1), (6, 1)]),  # the interval, not the wait on top of it
        ([0, 30], [(1, 1), (31, 1)]),  # a group that was quiet for longer begins anew, with its wait
    ],
)
def test_group_interval(arrivals: list[float], messages: list[tuple[float, int]]) -> None:
    assert Waiting(USUAL).play(arrivals) == messages


def test_without_an_interval_each_message_takes_its_wait_only() -> None:
    group = replace(USUAL, interval=timedelta())
    assert Waiting(group).play([0, 1.5, 1.7, 4]) == [(1, 1), (2.5, 2), (5, 1)]


def test_repeat_interval_repeats_nothing_that_was_told_unless_it_is_an_open_state() -> None:
    """A mention is told once; a storm, a failing source or a case nobody took comes again as something new."""
    assert Waiting(USUAL).play([0], until=60 * 24 * 30) == [(1, 1)]


def test_a_new_group_counts_its_interval_from_when_people_were_told_of_the_same_matter() -> None:
    told_of_the_case = replace(USUAL, after=at(-2))
    assert Waiting(told_of_the_case).play([0, 1]) == [(3, 2)]
    long_ago = replace(USUAL, after=at(-60))
    assert Waiting(long_ago).play([0]) == [(1, 1)]


def test_a_group_that_collects_for_an_occasion_leaves_then() -> None:
    occasion = replace(USUAL, until=at(45))
    assert Waiting(occasion).play([0, 10, 44]) == [(45, 3)]
    assert Waiting(replace(USUAL, until=at(-5))).play([0]) == [(0, 1)]


NOON = QuietHours(zone="UTC", begin=time(12, 0), end=time(13, 0))


@pytest.mark.parametrize(
    ("arrivals", "messages"),
    [
        ([10], [(60, 1)]),  # nothing is sent while it is muted; what came is not lost
        ([10, 30, 50], [(60, 3)]),  # and otherwise it acts as always: a group stays a group
        ([58.5], [(60, 1)]),  # its wait would have ended within
        ([59.5], [(60.5, 1)]),  # or ends after it
        ([10, 61], [(60, 1), (65, 1)]),  # the interval counts from the message
    ],
)
def test_mute_time_intervals_hold_messages_back(arrivals: list[float], messages: list[tuple[float, int]]) -> None:
    assert Waiting(USUAL, receiver=replace(SUPPORT, quiet=NOON)).play(arrivals) == messages


@pytest.mark.parametrize(
    ("match", "starts", "ends", "messages"),
    [
        ("brand:A", -10, 30, [(41, 1)]),  # no notification for what it matches
        ("brand:B", -10, 30, [(1, 1), (6, 1), (41, 1)]),  # and every one for what it does not
        ("brand:A", 1.5, 5, [(1, 1), (6, 1), (41, 1)]),  # what counts is the moment of the message
        ("brand:A", 3, 8, [(1, 1), (41, 1)]),
        ("brand:A", -10, 40, [(41, 1)]),  # found while it held, to leave when it has ended
        ("brand:A", 30, 60, [(1, 1), (6, 1)]),
        ("brand:A", 50, 60, [(1, 1), (6, 1), (41, 1)]),  # one that begins later, or has ended, says nothing
    ],
)
def test_silences(match: str, starts: float, ends: float, messages: list[tuple[float, int]]) -> None:
    silence = Silence(
        id=1, match=match, starts_at=at(starts), ends_at=at(ends), person="Anna", comment="a planned release"
    )
    there = [(silence, compile_query(parse(match)))]
    assert Waiting(USUAL, silences=there).play([0, 2, 40]) == messages


spans = st.integers(0, 30).map(lambda minutes: timedelta(minutes=minutes))


@given(spans, spans, st.lists(st.integers(0, 600), max_size=30).map(sorted))
def test_two_messages_of_a_group_are_an_interval_apart_and_nothing_is_left_behind(
    wait: timedelta, interval: timedelta, arrivals: list[int]
) -> None:
    messages = Waiting(Group(key="g", wait=wait, interval=interval)).play(arrivals)
    assert sum(count for _, count in messages) == len(arrivals)
    least = max(interval, timedelta()) / timedelta(minutes=1)
    moments = [moment for moment, _ in messages]
    assert all(later - earlier >= least for earlier, later in pairwise(moments))
    longest = max(wait, interval) / timedelta(minutes=1)
    assert all(any(came <= moment <= came + longest for moment in moments) for came in arrivals)
