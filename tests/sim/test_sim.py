"""The simulator itself: a sound monitor passes its judge, a planted fault does not, a seed is always the same."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from tests.sim import judge, world
from tests.sim.faults import BREAKS
from tests.sim.small import SEEN, small_scene

if TYPE_CHECKING:
    from pathlib import Path


def judged(folder: Path, fault: str | None = None) -> list[str]:
    with BREAKS[fault]() if fault else nullcontext():
        evidence = world.run(small_scene(7), folder)
    return judge.judge(evidence.log, evidence.database)


def test_a_sound_monitor_keeps_its_promises(tmp_path: Path) -> None:
    assert judged(tmp_path) == []


@pytest.mark.parametrize("fault", sorted(BREAKS))
def test_a_planted_fault_is_seen(tmp_path: Path, fault: str) -> None:
    problems = judged(tmp_path, fault)
    assert [problem for problem in problems if problem.startswith(SEEN[fault])], problems


def test_the_scene_of_a_seed_is_read_by_every_kind_that_it_has(tmp_path: Path) -> None:
    evidence = world.run(world.scene_of(4, days=0.5, sources=60), tmp_path)
    assert judge.judge(evidence.log, evidence.database) == []


def test_a_seed_is_the_same_each_time(tmp_path: Path) -> None:
    logs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        logs.append(world.run(world.scene_of(5, days=1, sources=6), tmp_path / name).log.read_text(encoding="utf-8"))
    assert logs[0] == logs[1]
