from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.models import Silence
from monitor.store import Reader, open_reader
from tests.store.cases import HOUR, MINUTE, NOW, open_case, open_store, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.store import Store

RELEASE = Silence(
    id=0, match="brand:A", starts_at=NOW, ends_at=NOW + 2 * HOUR, person="Анна", comment="a planned release"
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "monitor.db")
    yield store
    store.close()


def test_a_silence_is_kept_as_it_was_said(store: Store, tmp_path: Path) -> None:
    assert (store.active_silences(NOW), store.silences(10), store.silence(1)) == ([], [], None)
    case = open_case(store, say(store, "late"))
    number = store.add_silence(RELEASE, NOW)
    of_case = store.add_silence(replace(RELEASE, match="*", case_id=case.id), NOW)
    assert store.silence(number) == replace(RELEASE, id=number)
    reader = Reader(open_reader(tmp_path / "monitor.db"))
    assert reader.silences(10) == [
        replace(RELEASE, id=of_case, match="*", case_id=case.id),
        replace(RELEASE, id=number),
    ]
    assert reader.silences(1) == reader.silences(10)[:1]
    reader.close()


def test_it_holds_from_its_begin_until_its_end(store: Store) -> None:
    number = store.add_silence(replace(RELEASE, starts_at=NOW + HOUR), NOW)
    held = [
        bool(store.active_silences(moment))
        for moment in (NOW, NOW + HOUR, NOW + 2 * HOUR - MINUTE, NOW + 2 * HOUR, NOW + 9 * HOUR)
    ]
    assert held == [False, True, True, False, False]
    assert [one.id for one in store.silences(10)] == [number]  # and stays on record


def test_ended_it_holds_no_more_and_cannot_be_ended_again(store: Store) -> None:
    number = store.add_silence(RELEASE, NOW)
    assert not store.end_silence(number + 1, NOW + HOUR)
    assert store.end_silence(number, NOW + HOUR)
    assert store.active_silences(NOW + HOUR) == []
    assert not store.end_silence(number, NOW + HOUR)
    assert store.silence(number) == replace(RELEASE, id=number, ends_at=NOW + HOUR)


def test_one_that_ran_out_keeps_its_end(store: Store) -> None:
    number = store.add_silence(RELEASE, NOW)
    assert not store.end_silence(number, NOW + 3 * HOUR)
    assert store.silence(number) == replace(RELEASE, id=number)
