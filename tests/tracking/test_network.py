from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import (
    AddressRefused,
    Blocked,
    BodyTooLarge,
    ConnectFailed,
    DeadlineExceeded,
    Malformed,
    RobotsRefused,
    SourceError,
    StatusError,
)
from monitor.tracking.network import (
    WINDOW,
    Contact,
    Outcomes,
    Reach,
    answered,
    is_answer,
    is_unreached,
    look,
    unanswered,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def at(seconds: float) -> datetime:
    return NOW + seconds * SECOND


def play(story: str, *, known_before: bool = False) -> Outcomes:
    """Polls of hosts, a second apart and half a second long each: a letter that is upper case got an answer."""
    outcomes = Outcomes()
    for second, host in enumerate(story.replace(" ", "")):
        end = at(second + 0.5)
        if host.isupper():
            outcomes = answered(outcomes, host.lower(), now=end, was_down=False)
        else:
            outcomes = unanswered(outcomes, host, begun_at=at(second), now=end, known_before=known_before)
    return outcomes


@pytest.mark.parametrize(
    ("story", "hosts", "down"),
    [
        ("abc", 50, True),
        ("ABC abc", 50, True),
        ("abca", 50, True),
        ("ab", 50, False),
        ("aaa", 50, False),  # one host, however often
        ("ab", 2, True),
        ("a", 1, False),  # a single host cannot be told from its network
        ("a", 2, False),
        ("abCc", 50, False),  # a and b were silent while c answered: that is their own trouble
        ("abC abdc", 50, False),
        ("abC dabef", 50, True),  # of the others three are silent, which counts without a and b
        ("abc A bc", 50, False),
        ("abC A abc", 50, False),
    ],
)
def test_a_network_is_lost_when_hosts_fell_silent_since_the_last_answer(story: str, hosts: int, down: bool) -> None:
    contact = look(play(story), hosts=hosts, now=at(60))
    assert contact.reach is (Reach.DOWN if down else Reach.LOST)
    assert (contact.since is not None, contact.hosts >= 2) == (down, down)


def test_it_is_lost_since_the_first_silence() -> None:
    assert look(play("ABC bcaB" + "cad"), hosts=9, now=at(60)) == Contact(Reach.LOST, doubtful=True)
    assert look(play("A bcd"), hosts=9, now=at(60)) == Contact(Reach.DOWN, since=at(1), hosts=3)


def test_hosts_that_were_silent_before_anything_is_known_prove_nothing() -> None:
    assert look(play("abcd", known_before=True), hosts=4, now=at(60)).reach is Reach.LOST


def test_a_silence_of_long_ago_proves_nothing() -> None:
    assert look(play("abc"), hosts=3, now=at(60) + WINDOW).reach is Reach.LOST


def test_a_poll_that_began_before_an_answer_proves_nothing() -> None:
    outcomes = answered(Outcomes(), "a", now=at(10), was_down=False)
    for host in "bcd":
        outcomes = unanswered(outcomes, host, begun_at=at(5), now=at(30), known_before=False)
    assert look(outcomes, hosts=4, now=at(31)).reach is Reach.LOST


def test_after_a_lost_network_every_silence_begins_anew() -> None:
    outcomes = answered(play("abcd"), "a", now=at(10), was_down=True)
    for second, host in enumerate("bcd", start=11):
        outcomes = unanswered(outcomes, host, begun_at=at(second), now=at(second), known_before=True)
    assert look(outcomes, hosts=4, now=at(20)) == Contact(Reach.DOWN, since=at(11), hosts=3)


@pytest.mark.parametrize(
    ("error", "unreached", "answer"),
    [
        (ConnectFailed("refused"), True, False),
        (DeadlineExceeded("30 s"), True, False),
        (RobotsRefused("cannot be read", retry_at=NOW), True, False),
        (RobotsRefused("says no"), False, False),
        (AddressRefused("private"), False, False),
        (SourceError("internal"), False, False),
        (StatusError(503), False, True),
        (BodyTooLarge("16 MB"), False, True),
        (Malformed("no feed"), False, True),
        (Blocked("captcha"), False, True),
    ],
)
def test_what_an_error_says_of_the_network(error: SourceError, unreached: bool, answer: bool) -> None:
    assert (is_unreached(error), is_answer(error)) == (unreached, answer)
