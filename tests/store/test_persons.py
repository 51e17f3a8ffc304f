from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.models import Person, Role
from monitor.store import Reader, open_reader
from tests.store.cases import HOUR, NOW, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.store import Store

ANNA = Person(name="Анна", role=Role.LEAD, receiver="support", founder=True)
OLEG = Person(name="Олег", role=Role.AGENT)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "monitor.db")
    yield store
    store.close()


def test_persons_are_kept_as_they_were_described_last(store: Store, tmp_path: Path) -> None:
    assert store.persons() == []
    store.put_person(OLEG, NOW)
    store.put_person(ANNA, NOW)
    assert store.persons() == [ANNA, OLEG]
    legal = Person(name="Олег", role=Role.LEGAL, receiver="law")
    store.put_person(legal, NOW + HOUR)
    reader = Reader(open_reader(tmp_path / "monitor.db"))
    assert reader.persons() == [ANNA, legal]
    reader.close()


def test_one_who_left_is_here_no_more_and_may_come_back(store: Store) -> None:
    store.put_person(OLEG, NOW)
    assert store.remove_person("Олег", NOW + HOUR)
    assert not store.remove_person("Олег", NOW + HOUR)
    assert not store.remove_person("никто", NOW)
    assert store.persons() == []
    assert store._db.execute("SELECT name, left_at FROM persons").fetchall() == [("Олег", "2026-11-21T13:00:00.000Z")]
    store.put_person(OLEG, NOW + 2 * HOUR)
    assert store.persons() == [OLEG]
    assert store._db.execute("SELECT added_at FROM persons").fetchone() == ("2026-11-21T14:00:00.000Z",)
