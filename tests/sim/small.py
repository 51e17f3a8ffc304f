"""A small scene in which each planted fault shows: two feeds on one host that wants peace for a while, one that is
overrun, and a page whose layout changes, for three days."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final

from tests.sim.site import Site
from tests.sim.weather import Fault
from tests.sim.world import Scene

BEGAN: Final = datetime.fromisoformat("2026-03-14T00:00:00+00:00")
DAY: Final = timedelta(days=1)

SEEN: Final = {
    "lose-cursor": "missed",
    "no-gap": "missed",
    "ignore-retry-after": "early",
    "forget-identity": "duplicate",
    "never-stale": "layout",
    "lose-post": "missed",
    "drop-message": "message",
    "starve": "starving",
}
"""The word with which the judge's line about a planted fault begins."""


def small_scene(seed: int) -> Scene:
    """The scene; the posts follow from the seed."""
    dice, ends = random.Random(seed), BEGAN + 3 * DAY
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
    return Scene(seed=seed, began=BEGAN, ends=ends, sites=sites, faults=faults)


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
