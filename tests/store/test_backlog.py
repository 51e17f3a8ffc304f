"""Whose turn it is: order at each target, what piles up is folded, and a restore knows what was told in company."""

from __future__ import annotations

import itertools
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.models import AlarmIntent, AlarmKind, AlertIntent, Dispatch, Group, Lemmas, Post, Receiver, Target
from monitor.store import Store, open_writer
from monitor.store.backlog import FOLDED, PATIENCE, WAITING, packed
from monitor.store.backup import back_up
from monitor.store.outbox import message_id
from monitor.store.restore import restore
from tests.store.test_backup import MENTION, NOW, database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

__all__ = ["database"]

MINUTE = timedelta(minutes=1)
MAIL, CHAT = Target(key="mail", url="mailto://x"), Target(key="chat", url="slack://x")
BOTH = Receiver(name="support", targets=(MAIL, CHAT))
ONE = Receiver(name="support", targets=(MAIL,))
OTHER = Receiver(name="team", targets=(CHAT,))


@pytest.fixture
def store(database: Path) -> Iterator[Store]:
    with closing(Store(open_writer(database))) as opened:
        yield opened


def tell(store: Store, name: str, *to: Receiver, now: datetime = NOW, group: Group | None = None) -> None:
    """What a poll does with a post that leads to an alert."""
    with store.transaction():
        post = Post(native_id=name, text=f"МойСклад {name}")
        post_id = store.add_post(1, post, identities=[f"id:{name}"], now=now)
        if post_id is None:
            return
        mention = store.add_mention(post_id, MENTION, decision="alert", lemmas=Lemmas(), now=now)
        dispatches = tuple(Dispatch(one, "because", group) for one in to or (ONE,))
        store.add_alert(mention, AlertIntent(key=name, reason="r", to=dispatches), now=now)


def flush(store: Store, receiver: Receiver, now: datetime) -> None:
    """What the tick does with groups that are due."""
    for group in store.due_groups(now):
        with store.transaction():
            store.send_groups([group.id], group.waiting, receiver=receiver, is_ping=False, now=now)


def rows(store: Store, sql: str) -> list[tuple[Any, ...]]:
    return store._db.execute(sql).fetchall()


def live(store: Store, target: str = "mail") -> list[tuple[Any, ...]]:
    """Pending messages of a target in their order: id, attempts, number of deliveries."""
    found = rows(
        store,
        "SELECT id, attempts, (SELECT count(*) FROM message_deliveries WHERE message_id = messages.id), target "
        "FROM messages WHERE state = 'pending' ORDER BY rowid",
    )
    return [row[:3] for row in found if row[3] == target]


def take(store: Store, now: datetime, *, target: str = "mail") -> list[str]:
    """What a target gets that takes everything, by post, message after message."""
    got = []
    while claimed := [one for one in store.claim_messages(now, 9) if one.target == target]:
        for message in claimed:
            got.append("+".join(str(alert.view.post.native_id) for alert in message.alerts))
            store.message_sent(message.id, now)
    return got


def refuse(store: Store, now: datetime, *, until: datetime, target: str = "mail") -> str:
    """One attempt at a target that takes nothing; the id of the message."""
    (message,) = [one for one in store.claim_messages(now, 9) if one.target == target]
    store.message_retry(message.id, error="server: HTTP 500", next_at=until)
    return message.id


def test_what_piles_up_behind_a_refused_message_becomes_one_message(store: Store) -> None:
    for number in range(23):
        tell(store, f"n{number:02d}")
    head = refuse(store, NOW, until=NOW + MINUTE)
    refuse(store, NOW + MINUTE, until=NOW + 2 * MINUTE)
    ids = [message_id(f"n{number:02d}", "support", "mail") for number in range(23)]
    backlog = message_id("\n".join(ids[1:]), "support", "mail")
    assert head == ids[0]
    assert live(store) == [(ids[0], 2, 1), (backlog, 0, 22)]
    assert take(store, NOW + 2 * MINUTE) == ["n00", "+".join(f"n{number:02d}" for number in range(1, 23))]
    assert rows(store, "SELECT DISTINCT state FROM deliveries") == [("sent",)]


def test_few_messages_and_those_that_have_only_just_come_stay_as_they_are(store: Store) -> None:
    for number in range(WAITING):
        tell(store, f"n{number}")
    refuse(store, NOW, until=NOW + MINUTE)
    refuse(store, NOW + MINUTE, until=NOW + 2 * MINUTE)
    assert len(live(store)) == WAITING
    assert len(take(store, NOW + 2 * MINUTE)) == WAITING
    for number in range(20):
        tell(store, f"burst{number:02d}", now=NOW + 3 * MINUTE)
    assert len(take(store, NOW + 3 * MINUTE + PATIENCE / 2)) == 20


def test_what_comes_later_joins_the_backlog_and_the_order_stays(store: Store) -> None:
    names = [f"n{number:02d}" for number in range(16)]
    for number, name in enumerate(names):
        now = NOW + number * MINUTE
        tell(store, name, now=now)
        refuse(store, now, until=now + MINUTE)
    assert len(live(store)) <= WAITING + 1
    assert "+".join(take(store, NOW + 20 * MINUTE)).split("+") == names


def test_a_backlog_is_cut_where_no_chat_would_hold_it(store: Store) -> None:
    names = [f"n{number:03d}" for number in range(2 * FOLDED + 8)]
    for name in names:
        tell(store, name)
    refuse(store, NOW, until=NOW + MINUTE)
    refuse(store, NOW + MINUTE, until=NOW + 2 * MINUTE)
    assert [size for _, _, size in live(store)] == [1, FOLDED, FOLDED, 7]
    assert "+".join(take(store, NOW + 2 * MINUTE)).split("+") == names


def test_a_message_that_may_have_been_taken_keeps_its_id(store: Store) -> None:
    for number in range(9):
        tell(store, f"n{number}")
    (claimed,) = store.claim_messages(NOW, 9)
    store.start_over(NOW + MINUTE)  # the daemon was killed while it was on its way
    (again,) = store.claim_messages(NOW + MINUTE, 9)
    assert again.id == claimed.id
    assert [size for _, _, size in live(store)] == [1, 8]


def test_a_delivery_of_two_targets_is_sent_when_both_have_it_folded_or_not(store: Store) -> None:
    for number in range(8):
        tell(store, f"n{number}", BOTH)
    while messages := [one for one in store.claim_messages(NOW, 9) if one.target == "chat"]:
        store.message_sent(messages[0].id, NOW)
    store.start_over(NOW)
    refuse(store, NOW, until=NOW + MINUTE)
    assert rows(store, "SELECT DISTINCT state FROM deliveries") == [("pending",)]
    assert take(store, NOW + MINUTE) == ["n0", "n1+n2+n3+n4+n5+n6+n7"]
    assert rows(store, "SELECT state, count(*) FROM deliveries GROUP BY 1") == [("sent", 8)]


def test_other_targets_are_as_if_nothing_were_folded(store: Store) -> None:
    for number in range(8):
        tell(store, f"n{number}", ONE, OTHER)
    refuse(store, NOW, until=NOW + MINUTE)
    store.start_over(NOW)
    assert take(store, NOW, target="chat") == [f"n{number}" for number in range(8)]


def test_a_folded_message_that_is_given_up_can_be_revived_whole(store: Store) -> None:
    for number in range(7):
        tell(store, f"n{number}")
    refuse(store, NOW, until=NOW + MINUTE)
    (head,) = store.claim_messages(NOW + MINUTE, 9)
    store.message_sent(head.id, NOW + MINUTE)
    (backlog,) = store.claim_messages(NOW + MINUTE, 9)
    store.message_dead(backlog.id, "refused: no such address", NOW + MINUTE)
    assert rows(store, "SELECT count(*) FROM deliveries WHERE state = 'dead'") == [(6,)]
    store.revive_delivery(4, NOW + MINUTE)
    assert take(store, NOW + MINUTE) == ["n1+n2+n3+n4+n5+n6"]
    assert rows(store, "SELECT DISTINCT state FROM deliveries") == [("sent",)]


def test_targets_that_refused_get_their_share_and_come_after_the_others(store: Store) -> None:
    for number in range(6):
        tell(store, f"n{number}", Receiver(name=f"r{number}", targets=(MAIL,)))
    for message in store.claim_messages(NOW, 3):
        store.message_retry(message.id, error="timeout: -", next_at=NOW)
    assert [one.receiver for one in store.claim_messages(NOW, 9, refused=1)] == ["r3", "r4", "r5", "r0"]


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 12))
def test_neighbours_are_packed_whole_in_order_and_as_tightly_as_they_go(sizes: list[int], most: int) -> None:
    parts = [sizes[part] for part in packed(sizes, most=most)]
    assert [size for part in parts for size in part] == sizes
    assert all(part and (len(part) == 1 or sum(part) <= most) for part in parts)
    assert all(sum(part) + after[0] > most for part, after in itertools.pairwise(parts))


# ── targets that take nothing ──


def test_a_target_has_taken_nothing_since_its_last_message_or_since_there_was_one(store: Store) -> None:
    tell(store, "a")
    (first,) = store.claim_messages(NOW, 9)
    assert store.untaken_since(first) == NOW
    tell(store, "b", now=NOW + MINUTE)
    store.message_sent(first.id, NOW + 5 * MINUTE)
    (second,) = store.claim_messages(NOW + 5 * MINUTE, 9)
    assert store.untaken_since(second) == NOW + 5 * MINUTE


def test_open_alarms_of_targets_are_found_until_they_are_over(store: Store) -> None:
    alarm = AlarmIntent(key="receiver:x:1", kind=AlarmKind.RECEIVER, source=None, reason="support: timeout", since=NOW)
    store.open_alarm(alarm, source_id=None, to=[Dispatch(OTHER, "alarm")], now=NOW)
    (found,) = store.receiver_alarms()
    assert (found.key, found.since, found.told) == ("receiver:x:1", NOW, True)
    store.close_alarm(found.id, NOW)
    assert store.receiver_alarms() == []


# ── restore ──

GROUP = Group(key="brand=МойСклад", wait=MINUTE)


def test_what_was_told_in_a_group_is_not_told_again_in_another(database: Path, tmp_path: Path) -> None:
    with closing(Store(open_writer(database))) as store:
        tell(store, "a", BOTH, group=GROUP)
        back_up(database, tmp_path / "copy.db")
        tell(store, "b", BOTH, group=GROUP)
        flush(store, BOTH, NOW + MINUTE)
        assert take(store, NOW + MINUTE) == ["a+b"]
        store.start_over(NOW + MINUTE)
        assert take(store, NOW + MINUTE, target="chat") == ["a+b"]
    later = NOW + timedelta(hours=1)
    restore(tmp_path / "copy.db", database, now=later)
    with closing(Store(open_writer(database))) as store:
        tell(store, "b", BOTH, now=later, group=GROUP)  # the source still shows it
        tell(store, "c", BOTH, now=later, group=GROUP)
        flush(store, BOTH, later + 2 * MINUTE)
        assert take(store, later + 2 * MINUTE) == ["c"]
        store.start_over(later + 2 * MINUTE)
        assert take(store, later + 2 * MINUTE, target="chat") == ["c"]
        assert rows(store, "SELECT state, count(*) FROM deliveries GROUP BY 1") == [("sent", 3)]


def test_a_target_that_was_not_told_before_a_restore_is_told_after_it(database: Path, tmp_path: Path) -> None:
    with closing(Store(open_writer(database))) as store:
        back_up(database, tmp_path / "copy.db")
        for name in ("a", "b"):
            tell(store, name, BOTH, group=GROUP)
        flush(store, BOTH, NOW + MINUTE)
        assert take(store, NOW + MINUTE) == ["a+b"]
    restore(tmp_path / "copy.db", database, now=NOW + MINUTE)
    with closing(Store(open_writer(database))) as store:
        for name in ("a", "b"):
            tell(store, name, BOTH, group=GROUP)
        assert rows(store, "SELECT DISTINCT state FROM deliveries") == [("pending",)]
        flush(store, BOTH, NOW + 2 * MINUTE)
        assert take(store, NOW + 2 * MINUTE) == []
        store.start_over(NOW + 2 * MINUTE)
        assert take(store, NOW + 2 * MINUTE, target="chat") == ["a+b"]
        assert rows(store, "SELECT DISTINCT state FROM deliveries") == [("sent",)]


def test_what_was_folded_and_sent_since_the_backup_is_not_sent_again(database: Path, tmp_path: Path) -> None:
    with closing(Store(open_writer(database))) as store:
        for number in range(8):
            tell(store, f"n{number}")
        back_up(database, tmp_path / "copy.db")
        refuse(store, NOW, until=NOW + MINUTE)
        assert len(take(store, NOW + MINUTE)) == 2
    restore(tmp_path / "copy.db", database, now=NOW + MINUTE)
    with closing(Store(open_writer(database))) as store:
        assert take(store, NOW + 2 * MINUTE) == []
        assert rows(store, "SELECT state, count(*) FROM deliveries GROUP BY 1") == [("sent", 8)]


def test_a_restart_does_not_shorten_what_a_target_asked_for(store: Store) -> None:
    tell(store, "a")
    (message,) = store.claim_messages(NOW, 9)
    store.message_retry(message.id, error="rate-limited: HTTP 429", next_at=NOW + 300 * MINUTE)
    store.start_over(NOW + MINUTE)
    assert store.claim_messages(NOW + 299 * MINUTE, 9) == []
    assert len(store.claim_messages(NOW + 300 * MINUTE, 9)) == 1
