from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.errors import AlreadyRunning, DatabaseCorrupt, DatabaseTooNew, StoreError
from monitor.models import (
    AlertIntent,
    Author,
    Dispatch,
    Health,
    HostState,
    Label,
    Lemmas,
    Level,
    Mention,
    Post,
    PostType,
    Receiver,
    Sentiment,
    Source,
    SourceState,
    Span,
    SpecialCase,
    Target,
    Validators,
    Why,
)
from monitor.store import Reader, Store, lock_database, open_reader, open_writer
from monitor.store.outbox import message_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MAIL, CHAT = Target(key="m", url="mailto://x"), Target(key="c", url="slack://x")
SUPPORT = Receiver(name="support", targets=(MAIL, CHAT), language="ru")
POST = Post(
    native_id="n1",
    url="https://example.org/1",
    title="Заголовок",
    text="текст",
    author=Author(name="Ольга", url="https://example.org/olga", followers=7),
    published=NOW - MINUTE,
    rating=1.0,
    likes=1,
    replies=2,
    views=3,
    thread="t",
    parent="p",
    type=PostType.REVIEW,
    lang="ru",
)
MENTION = Mention(
    brand="МойСклад",
    relevance=0.9,
    doubtful=False,
    spans=(Span(field="text", start=0, end=5, text="текст", kind="exact"),),
    sentiment=Sentiment(label=Label.NEGATIVE, negative=0.8, neutral=0.1, positive=0.1),
    special_cases=(SpecialCase(name="refund", level=Level.MEDIUM, rule="r1", field="text", start=0, end=5),),
    influence=30,
    priority=56,
    why=(Why(code="match", text="слово", field="text", start=0, end=5, weight=1.0),),
)
INTENT = AlertIntent(key="mention:forum:id:n1:МойСклад", reason="route", to=(Dispatch(SUPPORT, "route matches"),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store(open_writer(path))
    yield store
    store.close()


@pytest.fixture
def reader(store: Store, path: Path) -> Iterator[Reader]:
    reader = Reader(open_reader(path))
    yield reader
    reader.close()


def source(name: str, *, url: str = "https://example.org/feed", every: timedelta = 10 * MINUTE) -> Source:
    return Source(name=name, kind="feed", url=url, options=None, every=every)


def sync(store: Store, *sources: Source, host: str = "") -> None:
    store.sync_sources(sources, {item.name: host or f"{item.name}.example:443" for item in sources}, NOW)


def names(store: Store, now: datetime, *, limit: int = 10, per_host: int = 2) -> list[str]:
    return [leased.state.name for leased in store.lease_due(now, limit, per_host=per_host)]


def add_mention(store: Store) -> int:
    post_id = store.add_post(1, POST, identities=["id:n1", "url:https://example.org/1"], now=NOW)
    assert post_id is not None
    return store.add_mention(post_id, MENTION, decision="route matches", lemmas=Lemmas(), now=NOW)


def test_a_new_source_is_due_at_once_and_leased_once(store: Store) -> None:
    sync(store, source("a"), source("b"))
    assert names(store, NOW) == ["a", "b"]
    assert names(store, NOW) == []


def test_a_poll_whose_lease_was_lost_leaves_no_state(store: Store) -> None:
    sync(store, source("a"))
    leased = store.lease_due(NOW, 1)[0]
    sync(store, source("a", url="https://example.org/other"))
    state = SourceState(name="a", next_at=NOW + MINUTE, validators=Validators(etag="e"), baseline_at=NOW)
    store.finish_poll(leased, state)
    assert store.lease_due(NOW, 1)[0].state == SourceState(name="a", next_at=NOW)


def test_a_shorter_interval_counts_from_the_reload(store: Store) -> None:
    sync(store, source("a", every=timedelta(hours=6)))
    store.finish_poll(store.lease_due(NOW, 1)[0], SourceState(name="a", next_at=NOW + timedelta(hours=6)))
    sync(store, source("a", every=MINUTE))
    assert names(store, NOW + MINUTE) == ["a"]


def test_a_claim_that_was_never_settled_is_void_after_a_while(store: Store) -> None:
    sync(store, source("a"))
    store.add_alert(add_mention(store), INTENT, now=NOW)
    claimed = {message.id for message in store.claim_messages(NOW, 10)}
    assert store.claim_messages(NOW + 4 * MINUTE, 10) == []
    assert {message.id for message in store.claim_messages(NOW + 6 * MINUTE, 10)} == claimed


def test_the_longest_waiting_comes_first_and_no_more_than_asked(store: Store) -> None:
    sync(store, source("a"), source("b"))
    first, second = store.lease_due(NOW, 2)
    store.finish_poll(first, SourceState(name="a", next_at=NOW + 2 * MINUTE))
    store.finish_poll(second, SourceState(name="b", next_at=NOW + MINUTE))
    assert names(store, NOW + 3 * MINUTE, limit=1) == ["b"]


def test_one_host_never_takes_more_than_its_places(store: Store) -> None:
    sync(store, *(source(name) for name in "abcd"), host="one.example:443")
    assert names(store, NOW) == ["a", "b"]
    assert names(store, NOW) == []


def test_a_host_that_asked_to_be_left_alone_is(store: Store) -> None:
    sync(store, source("a"))
    leased = store.lease_due(NOW, 1)[0]
    host = HostState(host="a.example:443", retry_at=NOW + 60 * MINUTE)
    store.finish_poll(leased, SourceState(name="a", next_at=NOW + MINUTE), [host])
    assert names(store, NOW + 59 * MINUTE) == []
    assert names(store, NOW + 60 * MINUTE) == ["a"]
    assert store.hosts() == [host]


def test_a_source_that_left_the_configuration_is_polled_no_more(store: Store) -> None:
    sync(store, source("a"), source("b"))
    sync(store, source("b"))
    assert names(store, NOW) == ["b"]


def test_the_row_of_a_source_survives_as_it_was(store: Store) -> None:
    sync(store, source("a"))
    state = SourceState(
        name="a",
        next_at=NOW + MINUTE,
        cursor={"since": 7},
        validators=Validators(etag='W/"x-gzip"', last_modified="yesterday"),
        baseline_at=NOW,
        last_polled_at=NOW,
        last_success_at=NOW,
        last_new_at=NOW,
        failures=2,
        health=Health.BLOCKED,
        error="blocked: login",
    )
    store.finish_poll(store.lease_due(NOW, 1)[0], state)
    sync(store, source("a"))
    assert store.lease_due(NOW + MINUTE, 1)[0].state == state


def test_a_changed_address_starts_over_silently(store: Store) -> None:
    sync(store, source("a"))
    state = SourceState(name="a", next_at=NOW + MINUTE, validators=Validators(etag="e"), baseline_at=NOW)
    store.finish_poll(store.lease_due(NOW, 1)[0], state)
    sync(store, source("a", url="https://example.org/other"))
    assert store.lease_due(NOW, 1)[0].state == SourceState(name="a", next_at=NOW)


def test_a_start_drops_leases_and_claims(store: Store) -> None:
    sync(store, source("a"))
    store.lease_due(NOW, 1)
    store.add_alert(add_mention(store), INTENT, now=NOW)
    assert len(store.claim_messages(NOW, 10)) == 2
    store.start_over(NOW)
    assert names(store, NOW) == ["a"]
    assert len(store.claim_messages(NOW, 10)) == 2


def test_a_clock_that_was_set_back_stalls_neither_polls_nor_messages(store: Store) -> None:
    sync(store, source("a"), source("b"))
    a, b = store.lease_due(NOW, 2)
    later = NOW + timedelta(days=30)
    store.finish_poll(a, SourceState(name="a", next_at=later))
    store.finish_poll(b, SourceState(name="b", next_at=NOW + timedelta(hours=5), failures=3))
    store.add_alert(add_mention(store), INTENT, now=later)
    store.clamp_schedule(NOW)
    assert names(store, NOW + 10 * MINUTE) == ["a"]
    # A back-off is a promise and stays; the lease of "a" has run out by then.
    assert names(store, NOW + timedelta(hours=5)) == ["a", "b"]
    assert len(store.claim_messages(NOW + 15 * MINUTE, 10)) == 2


def test_unseen_are_those_that_the_source_never_showed(store: Store) -> None:
    sync(store, source("a"), source("b"))
    store.add_post(1, POST, identities=["id:n1", "url:u"], now=NOW)
    assert store.unseen(1, ["id:n1", "url:u", "id:n2"]) == {"id:n2"}
    assert store.unseen(2, ["id:n1"]) == {"id:n1"}


def test_a_post_is_stored_once(store: Store) -> None:
    sync(store, source("a"))
    assert not store.has_posts(1)
    assert store.add_post(1, POST, identities=["id:n1"], now=NOW) == 1
    assert store.add_post(1, POST, identities=["id:n1"], now=NOW) is None
    assert store.has_posts(1)


def test_a_transaction_is_all_or_nothing(store: Store, reader: Reader) -> None:
    sync(store, source("a"))

    def broken_off() -> None:
        with store.transaction():
            store.add_alert(add_mention(store), INTENT, now=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken_off()
    assert list(reader.mentions(limit=10)) == []
    assert store.unseen(1, ["id:n1"]) == {"id:n1"}
    assert store.claim_messages(NOW, 10) == []


def test_a_mention_is_read_back_as_it_was_judged(store: Store, reader: Reader) -> None:
    sync(store, source("a"))
    number = add_mention(store)
    view = reader.mention(number)
    assert view is not None
    assert (view.post, view.mention, view.source, view.decision) == (POST, MENTION, "a", "route matches")
    assert reader.mention(99) is None


def test_mentions_are_filtered_and_newest_first(store: Store, reader: Reader) -> None:
    sync(store, source("a"))
    first = add_mention(store)
    post_id = store.add_post(1, POST, identities=["id:n2"], now=NOW)
    assert post_id is not None
    calm = Sentiment(label=Label.NEUTRAL, negative=0.1, neutral=0.8, positive=0.1)
    second = store.add_mention(post_id, replace(MENTION, sentiment=calm), decision="-", lemmas=Lemmas(), now=NOW)
    assert [view.id for view in reader.mentions(limit=10)] == [second, first]
    assert [view.id for view in reader.mentions(limit=10, sentiment=Label.NEGATIVE)] == [first]
    assert [view.id for view in reader.mentions(limit=10, brand="other")] == []


def test_an_alert_makes_one_delivery_for_a_receiver_and_one_message_for_each_target(
    store: Store, reader: Reader
) -> None:
    sync(store, source("a"))
    number = add_mention(store)
    store.add_alert(number, INTENT, now=NOW)
    store.add_alert(number, INTENT, now=NOW)
    claimed = store.claim_messages(NOW, 10)
    assert {message.target for message in claimed} == {"m", "c"}
    assert [len(message.alerts) for message in claimed] == [1, 1]
    assert claimed[0].alerts[0].view.post == POST
    assert [row["state"] for row in reader.deliveries(limit=10)] == ["pending"]


def test_a_delivery_is_sent_when_each_of_its_messages_is(store: Store, reader: Reader) -> None:
    sync(store, source("a"))
    store.add_alert(add_mention(store), INTENT, now=NOW)
    first, second = store.claim_messages(NOW, 10)
    store.message_sent(first.id, NOW)
    assert reader.deliveries(limit=1)[0]["state"] == "pending"
    store.message_sent(second.id, NOW)
    assert reader.deliveries(limit=1)[0]["state"] == "sent"


def test_a_target_has_one_message_on_its_way_the_oldest_and_nothing_overtakes_it(store: Store) -> None:
    sync(store, source("a"))
    number = add_mention(store)
    for key in ("one", "two", "three"):
        intent = AlertIntent(key=key, reason="r", to=(Dispatch(Receiver(name="support", targets=(MAIL,)), "r"),))
        store.add_alert(number, intent, now=NOW)
    ids = [message_id(key, "support", "m") for key in ("one", "two", "three")]
    assert [message.id for message in store.claim_messages(NOW, 10)] == [ids[0]]
    assert store.claim_messages(NOW, 10) == []
    store.message_retry(ids[0], error="timeout", next_at=NOW + MINUTE)
    assert store.claim_messages(NOW, 10) == []
    retried = store.claim_messages(NOW + MINUTE, 10)
    assert [(message.id, message.attempts) for message in retried] == [(ids[0], 1)]
    store.message_sent(ids[0], NOW + MINUTE)
    assert [message.id for message in store.claim_messages(NOW + MINUTE, 10)] == [ids[1]]


def test_a_dead_message_makes_the_delivery_dead_and_can_be_revived(store: Store, reader: Reader) -> None:
    sync(store, source("a"))
    store.add_alert(add_mention(store), INTENT, now=NOW)
    first, second = store.claim_messages(NOW, 10)
    store.message_dead(first.id, "refused: no such channel", NOW)
    store.message_sent(second.id, NOW)
    row = reader.deliveries(limit=1)[0]
    assert (row["state"], row["error"]) == ("dead", "refused: no such channel")
    assert store.revive_delivery(1, NOW) == 1
    assert reader.deliveries(limit=1)[0]["state"] == "pending"
    assert [message.id for message in store.claim_messages(NOW, 10)] == [first.id]
    assert store.revive_delivery(1, NOW) == 0


def test_message_ids_are_stable_and_apart() -> None:
    assert message_id("k", "support", "m") == message_id("k", "support", "m")
    assert (
        len({message_id("k", "support", "m"), message_id("k", "support", "c"), message_id("k2", "support", "m")}) == 3
    )
    assert len(message_id("k", "support", "m")) == 26


def test_counts_for_the_status_page(store: Store, reader: Reader) -> None:
    sync(store, source("a"), source("b"))
    leased = store.lease_due(NOW, 1)[0]
    store.finish_poll(leased, SourceState(name="a", next_at=NOW, health=Health.FAILING))
    store.add_alert(add_mention(store), INTENT, now=NOW)
    assert reader.health() == {"failing": 1, "ok": 1}
    assert reader.counts() == {
        "messages_pending": 2,
        "deliveries_waiting": 0,
        "deliveries_dead": 0,
        "sources": 2,
        "sources_bad": 1,
    }


# ── the file ──


def test_the_file_is_for_its_owner_alone(store: Store, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_commit_is_durable(store: Store) -> None:
    pragma = {
        name: store._db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_reader_cannot_write(reader: Reader) -> None:
    with pytest.raises(sqlite3.OperationalError):
        reader._db.execute("DELETE FROM posts")


def test_there_is_nothing_to_read_before_the_first_run(path: Path) -> None:
    with pytest.raises(StoreError, match="no database yet"):
        open_reader(path)


def test_a_second_holder_is_told_the_pid_of_the_first(path: Path) -> None:
    with lock_database(path), pytest.raises(AlreadyRunning, match=r"pid \d+") as caught, lock_database(path):
        pass
    assert caught.value.pid > 0


def test_a_broken_file_is_refused(path: Path) -> None:
    Store(open_writer(path)).close()
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)
    with pytest.raises(DatabaseCorrupt):
        open_writer(path)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"hello" * 1000)
    with pytest.raises(DatabaseCorrupt):
        open_writer(path)


def test_a_file_of_a_later_version_is_refused(path: Path) -> None:
    Store(open_writer(path)).close()
    with sqlite3.connect(path) as later:
        later.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('monitor', 'm999', '')")
    later.close()
    with pytest.raises(DatabaseTooNew, match="m999"):
        open_writer(path)


@pytest.mark.parametrize("count", [10**20, -(10**20)])
def test_a_count_that_no_database_can_hold_is_not_known(store: Store, count: int) -> None:
    sync(store, source("a"))
    post_id = store.add_post(1, Post(text="x", likes=count, views=3), identities=["id:big"], now=NOW)
    assert list(store._db.query("SELECT likes, views FROM posts WHERE id = ?", (post_id,))) == [
        {"likes": None, "views": 3}
    ]
