"""The simulator itself: a sound monitor passes its judge, a planted fault does not, a seed is always the same."""

from __future__ import annotations

import random
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.sim import judge, world
from tests.sim.faults import BREAKS
from tests.sim.site import Site
from tests.sim.weather import Fault

if TYPE_CHECKING:
    from pathlib import Path

BEGAN = datetime.fromisoformat("2026-03-14T00:00:00+00:00")
DAY = timedelta(days=1)

# A word with which the judge's line about a planted fault begins.
SEEN = {
    "lose-cursor": "missed",
    "no-gap": "missed",
    "ignore-retry-after": "early",
    "forget-identity": "duplicate",
    "never-stale": "layout",
    "lose-post": "missed",
    "drop-message": "message",
    "starve": "starving",
}


def _site(name: str, style: str, *, host: str | None = None) -> Site:
    return Site(
        name=name,
        host=host or f"{name}.example",
        style=style,
        rhythm="busy",
        rate=8.0,
        window=8,
        paged=False,
        every=timedelta(hours=2),
        validators=frozenset({"etag"}),
    )


def scene(days: float = 3) -> world.Scene:
    """Two feeds on one host that wants peace for a while, one that is overrun, and a page that changes its layout."""
    dice, ends = random.Random(7), BEGAN + days * DAY
    sites = [_site("jsonfeed00", "jsonfeed", host="shared.example"), _site("json01", "json", host="shared.example")]
    sites += [_site("rss02", "rss"), _site("list03", "list")]
    bursts = {"rss02": [(BEGAN + DAY, 20)]}
    for site in sites:
        site.plan(dice, BEGAN, ends, bursts=bursts.get(site.name, ()))
    faults = [
        Fault(name="429-seconds", where="shared.example", since=BEGAN + DAY, until=BEGAN + 1.5 * DAY),
        Fault(name="layout", where="list03", since=BEGAN + 2 * DAY, until=ends),
        Fault(name="crash", where="us", since=BEGAN + 1.2 * DAY, until=BEGAN + 1.2 * DAY),
    ]
    return world.Scene(seed=7, began=BEGAN, ends=ends, sites=sites, faults=faults)


def judged(folder: Path, fault: str | None = None) -> list[str]:
    with BREAKS[fault]() if fault else nullcontext():
        evidence = world.run(scene(), folder)
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
