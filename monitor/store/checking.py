"""Whether a database file holds our schema, all of it and nothing else, and rows that this program can read.

SQLite's own checks say that a file is whole. These say that it is ours: an index more may refuse what we store, a table
more may hold on to what we erase, and a time or a list that cannot be read stops whoever meets it.
"""

from __future__ import annotations

import json
import re
import sqlite3
from base64 import b64decode
from contextlib import closing
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sqlite_utils import Database

from monitor.errors import DatabaseTooNew, InputError
from monitor.models import (
    AlarmKind,
    Cadence,
    CaseClock,
    CaseState,
    DeadlineKind,
    EventKind,
    Health,
    Label,
    Level,
    NoticeKind,
    Outcome,
    PostType,
    Role,
    SignalKind,
    Span,
    SpecialCase,
    Tier,
    Verdict,
    Why,
)
from monitor.store.backup import migrations_of
from monitor.store.schema import MIGRATIONS
from monitor.store.stances import CONFIRMS, REBUTS
from monitor.store.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_VIRTUAL: Final = re.compile(r"\s*create\s+virtual\b", re.IGNORECASE)
# SQLite's own, and the steps taken, which sqlite-utils spells as it likes.
_THEIRS: Final = frozenset({"sqlite_sequence", "sqlite_stat1", "sqlite_stat4", "_sqlite_migrations"})
_TIMES: Final = re.compile(r"at|\w+_at|leased_until")  # columns that hold a time, as rows.to_text spells it
_TIME: Final = "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]Z"
_AGAIN: Final = "date(julianday(substr({0}, 1, 10))) IS NOT substr({0}, 1, 10) OR substr({0}, 12, 2) > '23'"
_NUMBER: Final = 4  # bytes of a number of an adaptation
_ROW: Final = _NUMBER * len(Label)
_MEANING: Final = _ROW * 384  # of what one learned of the encoder's vector
_TYPES: Final = {"INTEGER": "'integer'", "REAL": "'real', 'integer'", "TEXT": "'text'"}


# ── Schema ──


def check_schema(connection: sqlite3.Connection, name: Path) -> None:
    """The schema is what our own steps make. Raises InputError, DatabaseTooNew."""
    taken = _steps_taken(connection, name)
    with closing(sqlite3.connect(":memory:")) as memory:
        expected_db = Database(memory)
        known = [migration.name for migration in MIGRATIONS.pending(expected_db)]
        if unknown := [step for step in taken if step not in known]:
            raise DatabaseTooNew(f"{name} was written by a later version (it has {', '.join(unknown)})")
        if not taken or list(taken) != known[: len(taken)]:
            raise InputError(f"{name} lacks a step of the schema: it has {', '.join(taken) or 'none'}")
        MIGRATIONS.apply(expected_db, stop_before=known[len(taken) :])
        expected = _objects(memory)
    found = _objects(connection)
    for (kind, thing), sql in found.items():
        if (kind, thing) not in expected:
            remedy = f'if it is yours: sqlite3 {name} "DROP {kind.upper()} {thing}"'
            raise InputError(f"{name} holds a {kind} that is not ours, {thing!r} ({remedy})")
        if expected[kind, thing] != sql:
            raise InputError(f"{name} holds a {kind} that is not ours, {thing!r}: ours of that name is another")
    if lost := expected.keys() - found.keys():
        kind, thing = min(lost)
        raise InputError(f"{name} lacks {thing} ({kind})")


def _steps_taken(connection: sqlite3.Connection, name: Path) -> tuple[str, ...]:
    try:
        return migrations_of(connection)
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        raise InputError(f"{name} does not say which schema it has") from None


def _objects(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """What the schema says of each part, without its spaces and quotes, which differ between versions of SQLite.

    Left out are what cannot do harm, SQLite's own tables and the indexes of UNIQUE, and our views, which are made anew
    whenever the file is opened.
    """
    found = connection.execute("SELECT type, name, sql FROM sqlite_master")
    return {
        (str(kind), str(name)): re.sub(r"""[\s"']+""", " ", str(sql)).strip()
        for kind, name, sql in found
        if not (kind == "index" and sql is None)
        and not (kind == "table" and name in _THEIRS and not _VIRTUAL.match(str(sql)))
        and not (kind == "view" and name in VIEWS)
    }


# ── Rows ──


def check_rows(connection: sqlite3.Connection, name: Path) -> None:
    """Every value can be read as what its column is for. Raises InputError that names the first that cannot.

    Looks at each row: up to a minute a gigabyte (measured: 89 MB in 3 to 4 s).
    """
    for number, (_, is_sound) in enumerate(_SOUND):
        connection.create_function(f"is_sound_{number}", 1, is_sound, deterministic=True)
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'create virtual%'"
    )
    for (table,) in tables.fetchall():
        if table in _THEIRS or table.startswith("mention_search"):
            continue
        columns = connection.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
        faults = " ".join(
            f"WHEN {fault} THEN '{column}'" for column, kind in columns for fault in _faults(table, column, kind)
        )
        bad = connection.execute(
            f"SELECT CASE {faults} END AS fault, * FROM {table} WHERE fault IS NOT NULL LIMIT 1"  # noqa: S608 - our own schema
        ).fetchone()
        if bad is not None:
            raise InputError(f"{name} holds a row of {table} (the one of {bad[1]!r}) whose {bad[0]} cannot be read")
        _check_texts(connection, table, name)


def _check_texts(connection: sqlite3.Connection, table: str, name: Path) -> None:
    """Every text is UTF-8; SQLite takes any bytes for one."""
    try:
        for _ in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 - our own schema
            pass
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
        raise InputError(f"{name} holds a row of {table} with a text that is not UTF-8") from None


def _faults(table: str, column: str, kind: str) -> list[str]:
    """Conditions that hold where a value of a column of a table cannot be read."""
    typed = f"typeof({column}) NOT IN ('null', {_TYPES[kind]})"
    if _TIMES.fullmatch(column):
        # A day that is in no calendar becomes another; nothing before the year 1 can be read.
        read = [f"{column} NOT GLOB '{_TIME}' OR {column} < '0001' OR {_AGAIN.format(column)}"]
    else:
        read = [
            f"NOT is_sound_{number}({column})"
            for number, (one, _) in enumerate(_SOUND)
            if one in (column, f"{table}.{column}")
        ]
    return [typed, *(f"{column} IS NOT NULL AND ({fault})" for fault in read)]


def _one_of(*known: str) -> Callable[[str], bool]:
    return frozenset(known).__contains__


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _is_ids(text: str) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, list) and all(type(item) is int for item in found)


def _is_texts(text: str) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, list) and all(isinstance(item, str) for item in found)


def _is_span(seconds: object) -> bool:
    return isinstance(seconds, int | float) and 0 <= seconds <= timedelta.max.total_seconds()


def _is_adaptation(text: str) -> bool:
    """Whether `understanding.sentiment`, which is not for the store to ask, can read what a model is to add."""
    try:
        found = json.loads(text)
        tier, meaning = Tier(found["tier"]), found["meaning"]
        offset, buckets, weights = (_bytes(found[name]) for name in ("offset", "buckets", "weights"))
        width = 0 if meaning is None else _bytes(meaning)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    is_of_tier = (width == _MEANING) if tier is Tier.QUALITY else (tier is Tier.FAST and meaning is None)
    return offset == _ROW and not buckets % _NUMBER and weights == len(Label) * buckets and is_of_tier


def _bytes(packed: str) -> int:
    return len(b64decode(packed.encode("ascii"), validate=True))


def _records(build: Callable[..., object], **others: object) -> Callable[[str], bool]:
    """Whether a text is a list of such records; all their fields are texts but those in `others`."""
    kinds: Mapping[str, object] = {"start": int, "end": int, **others}

    @lru_cache(maxsize=10_000)
    def is_sound(text: str) -> bool:
        try:
            for item in json.loads(text):
                build(**item)
                if not all(isinstance(value, kinds.get(key, str)) for key, value in item.items()):  # type: ignore[arg-type] # classes
                    return False
        except (ValueError, TypeError, RecursionError, AttributeError):
            return False
        return True

    return is_sound


def _case(**item: str) -> object:
    return SpecialCase(**{**item, "level": Level(item.get("level", ""))})  # type: ignore[arg-type] # checked by the caller


_WHY: Final = {"field": str | None, "start": int | None, "end": int | None, "weight": int | float | None}

# Which columns hold what, whatever table they stand in unless it is named; types of sources are called kind, too.
_SOUND: Final[tuple[tuple[str, Callable[[str], bool]], ...]] = (
    ("cursor", _is_object),
    ("spans", _records(Span, confidence=int | float)),
    ("special_cases", _records(_case, hides=bool)),
    ("mentions.why", _records(Why, **_WHY)),
    ("health", _one_of(*Health)),
    ("sentiment", _one_of(*Label)),
    ("type", _one_of(*PostType)),
    ("rhythm", _is_object),
    ("alarms.kind", _one_of(*AlarmKind)),
    ("stance", _one_of(CONFIRMS, REBUTS)),
    ("judged", _one_of(*Label)),
    ("learned.record", _is_object),
    ("figures", _is_object),
    ("adaptations.posts", _is_ids),
    ("tier", _one_of(Tier.QUALITY, Tier.FAST)),
    ("adaptation", _is_adaptation),
    ("role", _one_of(*Role)),
    ("cases.state", _one_of(*CaseState)),
    ("classes", _is_texts),
    ("verdict", _one_of(*Verdict)),
    ("outcome", _one_of(*Outcome)),
    ("waited_seconds", _is_span),
    ("case_events.kind", _one_of(*EventKind)),
    ("before_state", _one_of(*CaseState)),
    ("after_state", _one_of(*CaseState)),
    ("body", _is_object),
    ("case_deadlines.kind", _one_of(*DeadlineKind)),
    ("deadline", _one_of(*DeadlineKind)),
    ("clock", _one_of(*CaseClock)),
    ("case_notices.kind", _one_of(*NoticeKind)),
    ("signals.kind", _one_of(*SignalKind)),
    ("cadence", _one_of(*Cadence)),
    ("labels", _is_object),
)
