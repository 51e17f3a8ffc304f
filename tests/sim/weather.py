"""The seeded scheduler of faults: what goes wrong in a month, where, from when until when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tests.sim import apis

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from tests.sim.site import Site

DATA: Final = frozenset({"login-page", "truncated"})  # faults of sites that serve data
PAGES: Final = frozenset({"layout"})  # faults of sites that serve pages for people
HARMLESS: Final = frozenset(
    {"new-ids", "tracking", "sessions", "http-links", "moved", "moved-for-good", "other-host", "pinned", "ads"}
)
"""Faults under which an answer still tells the truth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong at a site, a host, everywhere (`where` is "*") or at our own machine ("us")."""

    name: str
    where: str
    since: datetime
    until: datetime
    how: Mapping[str, float] = field(default_factory=dict)


# name, mean hours that it lasts, how many there are in a month
SITE_FAULTS: Final = (
    ("new-ids", 9999, 3),
    ("tracking", 9999, 4),
    ("sessions", 240, 2),
    ("http-links", 48, 3),
    ("moved", 48, 2),
    ("moved-for-good", 9999, 2),
    ("other-host", 96, 2),
    ("not-modified", 72, 3),
    ("truncated", 10, 5),
    ("login-page", 20, 4),
    ("empty", 8, 6),
    ("says-no", 4, 2),
    ("layout", 60, 2),
    ("layout", 9999, 1),
    ("pinned", 300, 6),
    ("ads", 9999, 4),  # a site whose daily advertisement ends would rightly be missed
)
HOST_FAULTS: Final = (
    ("429-seconds", 9, 6),
    ("429-date", 9, 5),
    ("503", 4, 5),
    ("503-seconds", 8, 3),
    ("outage", 12, 4),
)
LONGEST_PEACE: Final = timedelta(hours=14)  # that a host asks for: see the hours above


def forecast(dice: random.Random, sites: Sequence[Site], began: datetime, ends: datetime) -> list[Fault]:
    """The faults of one seed; the first day is fair, so that every source has its first visit."""
    days = (ends - began) / timedelta(days=1)
    share = min(days / 30, 1.0) * max(len(sites) / 60, 0.2)
    fair = began + timedelta(days=min(1.0, days / 3))

    def moment() -> datetime:
        return fair + (ends - fair) * dice.uniform(0, 0.9)

    faults = []
    for name, hours, count in SITE_FAULTS:
        able = [site for site in sites if _befalls(name, site)]
        for _ in range(_some(dice, count * share) if able else 0):
            since = moment()
            faults.append(_fault(dice, name, dice.choice(able).name, since, since + _lasting(dice, hours), ends))
    hosts = sorted({site.host for site in sites})
    for name, hours, count in HOST_FAULTS:
        for _ in range(_some(dice, count * share)):
            since = moment()
            faults.append(_fault(dice, name, dice.choice(hosts), since, since + _lasting(dice, hours), ends))
    for _ in range(_some(dice, min(days / 30, 1.0))):
        since = moment()
        faults.append(_fault(dice, "outage", "*", since, since + timedelta(hours=12), ends))
    for _ in range(_some(dice, 2 * min(days / 30, 1.0))):
        since, step = moment(), dice.choice((-2.0, 2.0)) * dice.uniform(0.3, 1)
        until = min(since + _lasting(dice, 30), ends)
        faults.append(Fault(name="clock-step", where="us", since=since, until=until, how={"hours": step}))
    forward = [one.since if one.how["hours"] > 0 else one.until for one in faults if one.name == "clock-step"]
    for _ in range(max(1, round(8 * days / 30))):
        since = moment()
        # No monotonic time survives a restart: after a step forward and a restart nobody can know how much of what a
        # host asked for is left, so the two do not fall into one such time.
        if not any(at - LONGEST_PEACE / 10 <= since <= at + LONGEST_PEACE for at in forward):
            faults.append(Fault(name="crash", where="us", since=since, until=since))
    return sorted(faults, key=lambda fault: (fault.since, fault.name, fault.where))


def bursts(
    dice: random.Random, sites: Sequence[Site], began: datetime, ends: datetime
) -> dict[str, list[tuple[datetime, int]]]:
    """When more is published within an hour than a page shows."""
    planned: dict[str, list[tuple[datetime, int]]] = {}
    days = (ends - began) / timedelta(days=1)
    for _ in range(max(1, round(len(sites) * days / 30 / 4))):
        site = dice.choice(sites)
        start = began + (ends - began) * dice.uniform(0.1, 0.95)
        planned.setdefault(site.name, []).append((start, round(site.window * dice.uniform(1.1, 2.5))))
    return planned


def _befalls(name: str, site: Site) -> bool:
    is_page = site.style in ("list", "threads", "schemaorg")
    if name in PAGES:
        return site.style in ("list", "threads")
    if name in DATA:
        return not is_page
    if name == "says-no":
        return site.style in apis.THROTTLING
    if name in ("moved", "moved-for-good", "other-host"):
        return site.style not in apis.BODIES or site.style in ("json", "schemaorg")
    if name == "new-ids":
        return site.guids and site.style in ("rss", "atom", "jsonfeed")
    if name in ("tracking", "sessions", "http-links", "pinned", "ads"):
        return site.style in ("rss", "atom", "jsonfeed", "list")
    return name != "not-modified" or bool(site.validators)


def _fault(dice: random.Random, name: str, where: str, since: datetime, until: datetime, ends: datetime) -> Fault:
    return Fault(name=name, where=where, since=since, until=min(until, ends), how={"dice": round(dice.random(), 6)})


def _lasting(dice: random.Random, hours: float) -> timedelta:
    return timedelta(hours=hours * dice.uniform(0.5, 1.5))


def _some(dice: random.Random, mean: float) -> int:
    """A whole number of this mean."""
    return int(mean) + (dice.random() < mean % 1)
