"""Makes further histories of the form of the given ones, from a seed: nothing of them is tuned to what is played.

Complaints come in bursts (negative binomial), with the rhythm of days and weeks; over them lie crises, an outage or
two, a flood, small stories of a few people, and special cases anywhere.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import cos, pi
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEGIN: Final = datetime(2026, 3, 2, tzinfo=UTC)
DAYS: Final = 91
SOURCES: Final = ("reviews-a", "reviews-b", "forum", "feed", "reddit", "telegram", "mastodon")
REVIEWS: Final = SOURCES[:2]
SPECIAL: Final = ("rude_staff", "legal_threat", "health_safety", "fraud_leak", "refund", "churn")
RATES: Final = (0.05, 0.2, 0.5, 1.0, 2.0, 4.0, 10.0)  # complaints an hour
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a history is made of: `rate` is complaints an hour, `burst` the shape of their number (small is bursty).

    Each crisis is (first hour, hours, authors, whether its posts tell one story), each outage (first hour, hours), the
    flood (first hour, minutes, mentions, accounts). `small` stories are told by two to five people each.
    """

    name: str
    seed: int
    days: int = DAYS
    rate: float = 1.0
    burst: float = 2.0
    crises: tuple[tuple[int, int, int, bool], ...] = ()
    outages: tuple[tuple[int, int], ...] = ()
    flood: tuple[int, int, int, int] | None = None
    small: int = 0
    special: float = 0.01


def scenes(count: int) -> list[Scene]:
    """So many scenes; each rate in turn, and everything else as a seed says."""
    return [_scene(number) for number in range(count)]


def _scene(number: int) -> Scene:
    dice = random.Random(f"scene {number}")
    rate = RATES[number % len(RATES)]
    # Weeks apart: what one leaves behind is not the next one's.
    slots = [24 * (33 + 9 * slot) + dice.randrange(24) for slot in range(6)]
    dice.shuffle(slots)
    size = max(1.0, rate) ** 0.5
    crises = (
        (slots[0], 20, round(dice.randint(18, 30) * size), dice.random() < 0.5),
        (slots[1], 10, round(dice.randint(25, 40) * size), dice.random() < 0.5),
    )
    outages = tuple((slot, dice.choice((4, 8, 12, 30))) for slot in slots[2 : 3 + number % 2])
    flood = (slots[4], dice.choice((30, 60)), dice.choice((400, 1000)), dice.choice((40, 200)))
    return Scene(
        name=f"made-{number + 1}",
        seed=number,
        rate=rate,
        burst=dice.choice((1.0, 2.0, 5.0)),
        crises=crises,
        outages=outages,
        flood=flood,
        small=dice.randint(3, 15),
        special=dice.choice((0.005, 0.01, 0.03)),
    )


def write(scene: Scene, folder: Path) -> Path:
    """Write a history and its truth; returns the path of the history."""
    rows, truth = make(scene)
    path = folder / f"{scene.name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    path.with_name(f"{scene.name}.truth.json").write_text(json.dumps(truth), encoding="utf-8")
    return path


def make(scene: Scene) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows of a history in the order in which they are found, and its truth."""
    dice = random.Random(f"history {scene.seed}")
    told = [*_calm(scene, dice), *_small(scene, dice)]
    truth: dict[str, Any] = {"name": scene.name, "crises": [], "outages": [], "floods": []}
    for number, (first, hours, authors, is_story) in enumerate(scene.crises):
        kind = ("slow", "sharp")[number % 2]
        story = f"crisis-{kind}" if is_story else None
        told += _crisis(first, hours, authors, story, dice)
        said = {"kind": kind, "start": _hour(first).isoformat(), "hours": hours}
        truth["crises"].append(said | ({"story": story} if story else {}))
    if scene.flood:
        first, minutes, mentions, accounts = scene.flood
        told += _flood(scene.flood, dice)
        truth["floods"].append(
            {"start": _hour(first).isoformat(), "minutes": minutes, "mentions": mentions, "accounts": accounts}
        )
    for first, hours in scene.outages:
        truth["outages"].append({"start": _hour(first).isoformat(), "hours": hours})
    rows = [_row(scene, number, one, dice) for number, one in enumerate(sorted(told, key=lambda one: one["at"]))]
    return sorted(rows, key=lambda row: row["seen_at"]), truth


def _hour(number: float) -> datetime:
    return BEGIN + number * HOUR


def _calm(scene: Scene, dice: random.Random) -> Iterator[dict[str, Any]]:
    for hour in range(24 * scene.days):
        at = _hour(hour)
        rhythm = (1 - 0.8 * cos(2 * pi * (at.hour - 3) / 24)) * (0.7 if at.weekday() > 4 else 1.12)
        mean = scene.rate * rhythm
        for _ in range(_poisson(dice.gammavariate(scene.burst, mean / scene.burst), dice)):
            yield {"at": at + dice.random() * HOUR, "negative": dice.uniform(0.55, 0.98), "author": _author(dice)}
        for _ in range(_poisson(1.5 * mean, dice)):
            yield {"at": at + dice.random() * HOUR, "negative": dice.betavariate(1, 7) * 0.49, "author": _author(dice)}


def _small(scene: Scene, dice: random.Random) -> Iterator[dict[str, Any]]:
    """A few people tell the same, within hours: no crisis."""
    for number in range(scene.small):
        begin = dice.uniform(48, 24 * scene.days - 24)
        for _ in range(dice.randint(2, 5)):
            at = _hour(begin + dice.uniform(0, 8))
            negative = dice.uniform(0.55, 0.95)
            yield {"at": at, "negative": negative, "author": _author(dice), "story": f"small-{number}"}


def _crisis(first: int, hours: int, authors: int, story: str | None, dice: random.Random) -> Iterator[dict[str, Any]]:
    for _ in range(authors):
        at = _hour(first + dice.triangular(0, hours, hours / 4))
        yield {"at": at, "negative": dice.uniform(0.6, 0.99), "author": f"u{dice.randrange(10**6)}", "story": story}


def _flood(flood: tuple[int, int, int, int], dice: random.Random) -> Iterator[dict[str, Any]]:
    first, minutes, mentions, accounts = flood
    for number in range(mentions):
        at = _hour(first) + timedelta(minutes=dice.uniform(0, minutes))
        author = f"bot{number % accounts}"
        negative = dice.uniform(0.45, 0.99)
        yield {"at": at, "negative": negative, "author": author, "story": "flood", "source": "reviews-b"}


def _row(scene: Scene, number: int, told: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    at = told["at"]
    seen = at + timedelta(seconds=dice.uniform(20, 400))
    for first, hours in scene.outages:
        begin, end = _hour(first), _hour(first + hours)
        if begin <= seen < end:
            seen = end + timedelta(seconds=dice.uniform(5, 300))
    negative = round(told["negative"], 3)
    source = told.get("source") or dice.choice(SOURCES)
    rating = None
    if source in REVIEWS:
        rating = dice.choice((1, 2)) if negative >= 0.5 else dice.choice((4, 5))
    is_special = negative >= 0.5 and dice.random() < scene.special
    return {
        "id": f"{scene.name}-{number + 1}",
        "at": at.isoformat(),
        "seen_at": seen.isoformat(),
        "author": told["author"],
        "source": source,
        "story": told.get("story"),
        "negative": negative,
        "influence": round(min(100.0, dice.expovariate(1 / 12)) if dice.random() > 0.01 else dice.uniform(60, 100), 1),
        "special_cases": [dice.choice(SPECIAL)] if is_special else [],
        "rating": rating,
    }


def _author(dice: random.Random) -> str:
    return f"regular{dice.randrange(40)}" if dice.random() < 0.1 else f"u{dice.randrange(10**6)}"


def _poisson(mean: float, dice: random.Random) -> int:
    """A number of independent events of which so many come on average."""
    count, at = 0, dice.expovariate(1.0)
    while at < mean:
        count += 1
        at += dice.expovariate(1.0)
    return count
