"""What ails an installation: pure checks over facts, each finding with what to do about it.

The facts are gathered in `examining.py`; here nothing is read, dialled or changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from monitor.models import Duty, Role
from monitor.store.condition import WAL_RESET_MENDED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from monitor.fetching.reaching import Reached
    from monitor.models import Person, Playbook
    from monitor.store.condition import Condition

CERTIFICATE: Final = timedelta(days=14)  # what renews itself does so earlier
CLOCK: Final = timedelta(minutes=5)
BUILT: Final = 2025  # no clock that is right says an earlier year
STUCK: Final = 60.0  # seconds without a look for work
MEGABYTE: Final = 2**20
ADVICE: Final = {
    "failing": "see its error; if its address has changed, change it in the configuration, then: monitor poll {name}",
    "stale": "open the page: if there are new posts, its layout has changed and the selectors need care",
    "blocked": "the site shows a page for people (login, captcha): poll it less often, or use its feed or API",
    "degraded": "nothing yet: it is tried again by itself",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether it is well, what was seen, and what to do where it is not."""

    level: Literal["ok", "note", "problem"]
    area: str
    what: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Mode:
    """A file or folder and its permission bits; `allowed` are those that it may have."""

    path: Path
    bits: int
    allowed: int


def versions(
    *, python: tuple[int, ...], sqlite: tuple[int, ...], differing: Sequence[str], lock: Path | None
) -> Iterator[Finding]:
    """Python, SQLite with the fault that matters here, and the packages against the lock file."""
    yield Finding("ok", "versions", f"Python {_dotted(python)}")
    if sqlite >= WAL_RESET_MENDED:
        yield Finding("ok", "versions", f"SQLite {_dotted(sqlite)}")
    else:
        yield Finding(
            "note",
            "versions",
            f"SQLite {_dotted(sqlite)} has the WAL-reset fault (mended in {_dotted(WAL_RESET_MENDED)}): "
            "two programs that write to the file at once may spoil it",
            "nothing, while only this program writes: its daemon is the one writer, all else reads or asks it",
        )
    if lock is None:
        yield Finding("note", "versions", "there is no requirements.lock to compare the packages with")
    elif differing:
        what = f"packages that are not as locked: {', '.join(differing[:8])}"
        yield Finding("note", "versions", what, f"not tested together; pip install --require-hashes -r {lock}")
    else:
        yield Finding("ok", "versions", "the packages are those of requirements.lock")


def database(path: Path, condition: Condition | None, *, disk_free: int, disk_total: int) -> Iterator[Finding]:
    """The file itself and the room that it has."""
    if condition is None:
        yield Finding("note", "database", f"{path} does not exist yet", "monitor run makes it")
    elif condition.error:
        advice = "stop the daemon, then: monitor restore FILE, with the newest backup"
        yield Finding("problem", "database", f"{path}: {condition.error}", advice)
    else:
        yield from _sound(path, condition)
    held = condition.size + condition.wal if condition else 0
    room = f"{disk_free // MEGABYTE} MB are free where the database is"
    if disk_free < max(disk_total // 20, 100 * MEGABYTE):
        yield Finding("problem", "disk", room, "make room: a full disk stops everything; see also the key retention")
    elif disk_free < held * 5 // 4:
        yield Finding("note", "disk", f"{room}, too few for a backup beside it", "monitor backup --to ANOTHER_DISK")
    else:
        yield Finding("ok", "disk", room)


def _sound(path: Path, condition: Condition) -> Iterator[Finding]:
    size = f"{condition.size // MEGABYTE} MB, {condition.free // MEGABYTE} MB of it free pages"
    yield Finding("ok", "database", f"{path}: sound, {size}, WAL {condition.wal // MEGABYTE} MB")
    if condition.missing_steps:
        what = f"its schema lacks {', '.join(condition.missing_steps)}"
        yield Finding("note", "database", what, "monitor run adds them; make a backup first: monitor backup")
    if condition.strange:
        yield Finding("note", "database", condition.strange, "a backup with it cannot be restored")
    if condition.wal > 256 * MEGABYTE:
        advice = "restart the daemon; a program that reads for hours keeps it from shrinking"
        yield Finding("note", "database", f"the WAL has grown to {condition.wal // MEGABYTE} MB", advice)


def clock(now: datetime, *, newest: datetime | None, synchronised: bool | None) -> Iterator[Finding]:
    """Whether the machine knows what time it is."""
    advice = "timedatectl set-ntp true, or start chrony; then: systemctl restart monitor"
    if now.year < BUILT:
        yield Finding("problem", "clock", f"it says {now:%Y-%m-%d}, which cannot be", advice)
    elif newest is not None and now < newest - CLOCK:
        what = f"it says {now:%Y-%m-%d %H:%M} UTC, but the database holds {newest:%Y-%m-%d %H:%M} UTC"
        yield Finding("problem", "clock", what, advice)
    elif synchronised is False:
        yield Finding("note", "clock", "the kernel says that nothing keeps it right", advice)
    else:
        yield Finding("ok", "clock", f"{now:%Y-%m-%d %H:%M} UTC")


def hosts(reached: Mapping[str, Reached], now: datetime) -> Iterator[Finding]:
    """Names, addresses and certificates, by host."""
    for host, found in reached.items():
        if found.error:
            yield Finding("problem", "network", f"{host}: {found.error}", "check the address, DNS and the firewall")
        elif found.expires is not None and found.expires - now < CERTIFICATE:
            days = (found.expires - now).days
            advice = "its owner has to renew it; polls fail from that day on"
            yield Finding("note", "network", f"{host}: its certificate ends in {days} days", advice)
    if reached and not any(found.error for found in reached.values()):
        yield Finding("ok", "network", f"{len(reached)} hosts can be reached")


def permissions(modes: Sequence[Mode]) -> Iterator[Finding]:
    """Who else on the machine may read what people wrote, or the secrets."""
    wrong = [mode for mode in modes if mode.bits & ~mode.allowed]
    for mode in wrong:
        what = f"{mode.path} is open to others ({mode.bits:o})"
        yield Finding(
            "problem", "permissions", what, f"chmod {mode.bits & mode.allowed:o} {mode.path}, or --fix-permissions"
        )
    if modes and not wrong:
        yield Finding("ok", "permissions", "the database and its companions are for their owner alone")


def daemon(*, answers: bool, tick_age: float | None) -> Finding:
    """Whether it runs and works."""
    if not answers:
        return Finding("note", "daemon", "none runs on this database", "systemctl start monitor, or: monitor run")
    if tick_age is not None and tick_age > STUCK:
        what = f"it runs, but last looked for work {tick_age:.0f} s ago"
        return Finding("problem", "daemon", what, "systemctl restart monitor; journalctl -u monitor says why")
    return Finding(
        "ok", "daemon", "it runs" + ("" if tick_age is None else f" and looked for work {tick_age:.0f} s ago")
    )


def sources(rows: Sequence[Mapping[str, object]]) -> Iterator[Finding]:
    """Sources that yield nothing, each with what its state means."""
    well = 0
    for row in rows:
        name, health = str(row["name"]), str(row["health"])
        if health in ADVICE:
            level: Literal["note", "problem"] = "note" if health == "degraded" else "problem"
            what = f"{name} is {health}: {row['error'] or 'no reason was noted'}"
            yield Finding(level, "sources", what, ADVICE[health].format(name=name))
        elif row["last_polled_at"] and not row["last_success_at"]:
            yield Finding("problem", "sources", f"{name} has never been read", f"monitor poll {name}")
        else:
            well += 1
    if well or not rows:
        yield Finding("ok" if rows else "note", "sources", f"{well} of {len(rows)} sources are well")


def receivers(refused: Mapping[str, str], *, configured: int, dead: int) -> Iterator[Finding]:
    """Whether alerts have somewhere to go, and whether they got there."""
    for name, reason in refused.items():
        yield Finding("problem", "receivers", f"{name}: {reason}", "monitor check shows the line")
    if dead:
        advice = "monitor deliveries --state dead shows why; then: monitor deliveries retry --all-dead"
        yield Finding("problem", "receivers", f"{dead} deliveries were given up", advice)
    if not configured:
        yield Finding("note", "receivers", "there are none: nobody is told", "add receivers and routes")
    elif not refused and not dead:
        yield Finding("ok", "receivers", f"{configured} receivers, no delivery was given up")


def people(persons: Sequence[Person], playbooks: Mapping[str, Playbook], known: Collection[str]) -> Iterator[Finding]:
    """Whether somebody is there for what playbooks ask; `known` are the receivers. A shop without persons is well."""
    if not persons:
        yield Finding("ok", "people", "nobody is named: whoever has this account does everything")
    roles = {person.role for person in persons}
    locked = sorted(name for name, playbook in playbooks.items() if Duty.LEGAL in playbook.duties)
    if locked and Role.LEGAL not in roles:
        what = f"nobody has the role legal: cases of {', '.join(locked)} cannot be answered until somebody clears them"
        yield Finding("note", "people", what, "monitor people add NAME --role legal --receiver RECEIVER")
    for person in persons:
        if person.receiver is not None and person.receiver not in known:
            what = f"{person.name} is told through {person.receiver!r}, which the configuration does not have"
            yield Finding("problem", "people", what, f"monitor people change {person.name} --receiver RECEIVER")
    if persons:
        yield Finding("ok", "people", f"{len(persons)} persons")


def dictionaries(missing: Sequence[str]) -> Finding:
    """Whether the words' forms are there; without them the first search waits for them."""
    if missing:
        what = f"the dictionaries of {', '.join(missing)} are not prepared"
        return Finding("note", "dictionaries", what, "python -m monitor.lemmas prepares them, in 20 seconds")
    return Finding("ok", "dictionaries", "prepared")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
