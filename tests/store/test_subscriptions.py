from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import TYPE_CHECKING

import pytest

from monitor.models import Cadence, Person, Role, Subscription
from monitor.store import Reader, open_reader
from tests.store.cases import HOUR, NOW, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.store import Store

ANNA = Person(name="Анна", role=Role.LEAD, receiver="anna")
WANTED = Subscription(
    id=0,
    person="Анна",
    receiver="anna",
    match="brand:A rating<=2",
    cadence=Cadence.WEEKLY,
    at=time(8, 30),
    day=4,
    zone="Europe/Moscow",
    language="ru",
    always=True,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "monitor.db")
    store.put_person(ANNA, NOW)
    yield store
    store.close()


def test_a_subscription_is_kept_as_it_was_asked_for(store: Store, tmp_path: Path) -> None:
    assert store.subscriptions() == []
    number = store.add_subscription(WANTED, NOW)
    plain = Subscription(id=0, person="Анна", receiver="anna", match="*", cadence=Cadence.NOW)
    other = store.add_subscription(plain, NOW)
    reader = Reader(open_reader(tmp_path / "monitor.db"))
    assert reader.subscriptions() == [replace(WANTED, id=number), replace(plain, id=other)]
    reader.close()


def test_it_leads_to_where_the_person_is_told_now(store: Store) -> None:
    store.add_subscription(WANTED, NOW)
    store.put_person(replace(ANNA, receiver="pager"), NOW + HOUR)
    assert [one.receiver for one in store.subscriptions()] == ["pager"]
    store.put_person(replace(ANNA, receiver=None), NOW + HOUR)
    assert [one.receiver for one in store.subscriptions()] == [None]


def test_one_that_ended_is_over_and_stays_on_record(store: Store) -> None:
    number = store.add_subscription(WANTED, NOW)
    assert store.end_subscription(number, NOW + HOUR)
    assert not store.end_subscription(number, NOW + HOUR)
    assert not store.end_subscription(99, NOW)
    assert store.subscriptions() == []
    kept = store._db.execute("SELECT person, ended_at FROM subscriptions").fetchall()
    assert kept == [("Анна", "2026-11-21T13:00:00.000Z")]
    assert store.add_subscription(WANTED, NOW) > number


def test_of_one_who_left_none_counts_until_they_are_back(store: Store) -> None:
    store.add_subscription(WANTED, NOW)
    store.remove_person("Анна", NOW + HOUR)
    assert store.subscriptions() == []
    store.put_person(ANNA, NOW + 2 * HOUR)
    assert len(store.subscriptions()) == 1
