"""The evidence of one run: the web's own log and the database file, read with plain json and sqlite3.

Moments in the log are true ones; those in the database are what the monitor's clock said, which was off by what the
log says of each moment.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

KEY: Final = re.compile(r"[a-z]+\d\dk\d{5}")
EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(slots=True)
class Watched:
    """What the log says of one site and its source."""

    name: str
    host: str
    every: timedelta
    learns: bool
    window: int
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    visits: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)  # answers to the list itself
    asked: list[datetime] = field(default_factory=list)  # each request to the source's own address that was answered
    tried: list[datetime] = field(default_factory=list)  # each request that is the beginning of a visit
    health: list[tuple[datetime, str]] = field(default_factory=list)

    @property
    def honest(self) -> list[datetime]:
        """Moments of true answers."""
        return [at for at, line in self.visits if line["honest"]]


@dataclass(slots=True)
class Case:
    """All that is known of one run."""

    sources: dict[str, Watched] = field(default_factory=dict)
    requests: dict[str, list[tuple[datetime, dict[str, Any]]]] = field(default_factory=lambda: defaultdict(list))
    faults: list[dict[str, Any]] = field(default_factory=list)
    received: Counter[str] = field(default_factory=Counter)
    restarts: list[datetime] = field(default_factory=list)
    steps: list[tuple[datetime, float]] = field(default_factory=list)
    broken: list[dict[str, Any]] = field(default_factory=list)
    ends: datetime = EPOCH
    rows: dict[str, list[sqlite3.Row]] = field(default_factory=dict)

    def on_host(self, host: str) -> list[Watched]:
        """The sources whose site is there; a page's robots.txt is asked for before the page."""
        return [source for source in self.sources.values() if source.host == host]

    def slack(self, since: datetime, until: datetime) -> timedelta:
        """By how much the monitor's clock was off between two moments, at most."""
        offset, worst = 0.0, 0.0
        for at, hours in self.steps:
            if at > until:
                break
            if at > since:
                worst = max(worst, abs(offset))
            offset += hours
            if at > since:
                worst = max(worst, abs(offset))
        return timedelta(hours=max(worst, abs(offset)))

    def true(self, text: str) -> datetime:
        """A moment of the database, put right by the offset of the monitor's clock at about that time."""
        said = datetime.fromisoformat(text)
        offset = timedelta()
        for at, hours in self.steps:
            if at + offset <= said:
                offset += timedelta(hours=hours)
        return said - offset


def read(log: Path, database: Path) -> Case:
    case = Case()
    with log.open(encoding="utf-8") as lines:
        for text in lines:
            _note(case, json.loads(text))
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        queries = {
            "sources": "SELECT * FROM sources",
            "posts": "SELECT posts.*, sources.name AS source FROM posts JOIN sources ON sources.id = posts.source_id",
            "gaps": "SELECT gaps.*, sources.name AS source FROM gaps JOIN sources ON sources.id = gaps.source_id",
            "mentions": "SELECT * FROM mentions",
            "alerts": "SELECT * FROM alerts",
            "alarms": "SELECT alarms.*, sources.name AS source FROM alarms LEFT JOIN sources ON sources.id = source_id",
            "deliveries": "SELECT * FROM deliveries",
            "messages": "SELECT * FROM messages",
        }
        case.rows = {name: connection.execute(query).fetchall() for name, query in queries.items()}
    return case


def _note(case: Case, line: dict[str, Any]) -> None:
    at = case.ends = datetime.fromisoformat(line["at"])
    match line["event"]:
        case "site":
            every = timedelta(seconds=line["every"])
            case.sources[line["source"]] = Watched(line["source"], line["host"], every, line["learns"], line["window"])
        case "publish":
            case.sources[line["source"]].posts[line["key"]] = line
        case "request":
            _note_request(case, at, line)
        case "health":
            case.sources[line["source"]].health.append((at, line["health"]))
        case "fault":
            case.faults.append(line)
        case "received":
            case.received[line["id"]] += 1
        case "restart":
            case.restarts.append(at)
        case "clock-step":
            case.steps.append((at, line["hours"]))
        case "broken":
            case.broken.append(line)


def _note_request(case: Case, at: datetime, line: dict[str, Any]) -> None:
    # A host with two schemes has two queues, as it has two ports.
    case.requests[f"{line['url'].partition(':')[0]}://{line['host']}"].append((at, line))
    source = case.sources.get(line["source"] or "")
    if line.get("until"):  # whoever of the host waits for its turn then is told the same, without a request
        for one in case.on_host(line["host"].removeprefix("mirror-")):
            one.tried.append(at)
    elif line["step"] in ("list", "login", "robots"):
        for one in [source] if source else case.on_host(line["host"]):
            one.tried.append(at)
    if source is not None and line["step"] == "list" and line["status"]:
        source.asked.append(at)
    if source is not None and line["step"] in ("list", "moved") and line["status"] not in (301, 302):
        source.visits.append((at, line))


def key_of(row: sqlite3.Row) -> str | None:
    found = next((match for name in ("url", "native_id", "text") if (match := KEY.search(row[name] or ""))), None)
    return found[0] if found else None


def figures(log: Path, database: Path) -> dict[str, int]:
    """Counts for the summary line."""
    case = read(log, database)
    return {
        "requests": sum(map(len, case.requests.values())),
        "published": sum(len(source.posts) for source in case.sources.values()),
        "stored": len(case.rows["posts"]),
        "gaps": len(case.rows["gaps"]),
        "alerts": len(case.rows["alerts"]),
        "messages": sum(case.received.values()),
        "faults": len(case.faults),
        "restarts": len(case.restarts),
    }
