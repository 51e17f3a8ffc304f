"""A tiny history end to end: sound alerting meets every target, and a planted fault is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.alert_quarter import figures_of, run
from benchmarks.alerting.faults import FAULTS, SOUND
from benchmarks.alerting.histories import Scene, write
from benchmarks.alerting.records import load

if TYPE_CHECKING:
    from pathlib import Path

SCENE = Scene(
    name="tiny",
    seed=3,
    days=8,
    rate=0.3,
    crises=((60, 8, 15, True),),
    outages=((110, 6),),
    flood=(155, 10, 200, 40),
    small=2,
    special=0.03,
)
SEEN = {
    "lose-delivery": "lost is",
    "repeat-message": "repeated is",
    "no-grouping": "outage_messages is",
    "no-storms": "floods_without_storm is",
    "late-crisis": "crisis_minutes_max is",
}


def test_sound_alerting_meets_every_target(tmp_path: Path) -> None:
    assert figures_of(load(write(SCENE, tmp_path)))["missed"] == []


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_planted_fault_is_seen(tmp_path: Path, fault: str) -> None:
    missed = figures_of(load(write(SCENE, tmp_path)), fault=FAULTS[fault])["missed"]
    assert [one for one in missed if one.startswith(SEEN[fault])], missed  # type: ignore[attr-defined]


def test_a_missed_target_is_told_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(SCENE, tmp_path)
    assert not run([path], fault=FAULTS["lose-delivery"], is_json=False)
    assert "tiny: lost is" in capsys.readouterr().out
    assert run([], fault=SOUND, is_json=True)
