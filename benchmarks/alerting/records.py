"""Histories of judged mentions, the truth about them, and the messages that people got; nothing of the program."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ENDINGS: Final = (".jsonl", ".jsonl.gz")
INFLUENTIAL: Final = 70
NEGATIVE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One judged mention: published `at`, found at `seen_at`; `negative` is a probability, `influence` of 100."""

    id: str
    at: datetime
    seen_at: datetime
    author: str
    source: str
    story: str | None
    negative: float
    influence: float
    special_cases: tuple[str, ...]
    rating: float | None

    @property
    def is_negative(self) -> bool:
        """Whether it complains."""
        return self.negative >= NEGATIVE

    @property
    def is_wanted(self) -> bool:
        """Whether the benchmark's route asks for it."""
        return self.is_negative or self.influence >= INFLUENTIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time in which something was going on; `story` where the truth or the history names one."""

    begin: datetime
    end: datetime
    story: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What really happened."""

    crises: tuple[Span, ...] = ()
    outages: tuple[Span, ...] = ()
    floods: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The mentions of one brand in the order in which they were found; without a truth only some figures exist."""

    name: str
    rows: tuple[Row, ...]
    truth: Truth | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that arrived: the mentions that it carries, those of the cases that it is about, and its storms.

    `opened` and `closed` are the storms of which it says so, `storms` all that it speaks of. `network` says that it
    tells that the network is lost, or back.
    """

    id: str
    at: datetime
    mentions: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    opened: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()
    storms: tuple[int, ...] = ()
    network: bool = False


def load(path: Path) -> History:
    """Read a history, and the truth NAME.truth.json beside it where there is one."""
    name = name_of(path)
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = filter(None, data.decode().splitlines())
    rows = sorted(map(_row, map(json.loads, lines)), key=lambda row: row.seen_at)
    beside = path.with_name(f"{name}.truth.json")
    truth = truth_of(json.loads(beside.read_text(encoding="utf-8")), rows) if beside.exists() else None
    return History(name=name, rows=tuple(rows), truth=truth)


def name_of(path: Path) -> str:
    """The name of a history without the endings of its file."""
    return path.name.removesuffix(".gz").removesuffix(".jsonl")


def truth_of(said: dict[str, Any], rows: Sequence[Row]) -> Truth:
    """A truth as its file says it; `outage` and `flood` may be one, several or none."""
    stories = {row.story for row in rows}
    crises = [(one, f"crisis-{one.get('kind')}") for one in _list(said, "crises", "crisis")]
    floods = [_span(one, one.get("story")) for one in _list(said, "floods", "flood")]
    return Truth(
        crises=tuple(_span(one, one.get("story", usual if usual in stories else None)) for one, usual in crises),
        outages=tuple(_span(one, None) for one in _list(said, "outages", "outage")),
        floods=tuple(one if one.story else replace(one, story=_commonest(one, rows)) for one in floods),
    )


def _commonest(span: Span, rows: Sequence[Row]) -> str | None:
    """The story of most of what was published in a time; None where most of it is of none."""
    stories = Counter(row.story for row in rows if span.begin <= row.at <= span.end)
    story, mentions = stories.most_common(1)[0] if stories else (None, 0)
    return story if 2 * mentions > stories.total() else None


def _list(said: dict[str, Any], *names: str) -> list[dict[str, Any]]:
    found = [said[name] for name in names if said.get(name)]
    return [one for some in found for one in (some if isinstance(some, list) else [some])]


def _span(said: dict[str, Any], story: str | None) -> Span:
    begin = datetime.fromisoformat(said["start"])
    length = timedelta(hours=said.get("hours", 0), minutes=said.get("minutes", 0))
    return Span(begin=begin, end=begin + length, story=story)


def _row(said: dict[str, Any]) -> Row:
    return Row(
        id=said["id"],
        at=datetime.fromisoformat(said["at"]),
        seen_at=datetime.fromisoformat(said["seen_at"]),
        author=said["author"],
        source=said["source"],
        story=said.get("story"),
        negative=said["negative"],
        influence=said["influence"],
        special_cases=tuple(said.get("special_cases", ())),
        rating=said.get("rating"),
    )
