"""What people wrote into cases, and how an erasure takes a person out of it: blanked, while the course of a case stays.

Whether a case went well is ours to keep; what names the person, or quotes what they wrote, is not. An event keeps its
kind, its moment and what the state follows from.
"""

from __future__ import annotations

import json
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from monitor.text import fold, words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sqlite_utils import Database

    from monitor.models import JSON

BLANK: Final = "(forgotten)"
"""What stands in place of a text that named somebody; the trigger of `case_events` lets nothing else through."""

# Keys of an event's body that its case follows from, none of which is written freely.
_COURSE: Final = frozenset(
    (
        *("brand", "classes", "found_at", "published_at", "post", "to", "into", "owner", "outcome", "truth", "verdict"),
        *("full", "public", "template", "answer", "at", "deadline", "clock", "due_at", "step", "name", "language"),
        *("value", "currency"),
    )
)
_COLUMNS: Final = (
    ("cases", "silent_reason"),
    ("cases", "findings"),
    ("cases", "ticket"),
    ("case_notices", "reason"),
)
_QUOTED: Final = 4  # words in a row that a text shares with a post are a quotation


def blank_notes(
    db: Database, ids: Sequence[int], is_named: Callable[[str], bool], *, cases: Collection[int] | None = None
) -> None:
    """Before posts go: blank what names their authors in any case, and in those that held them what quotes them.

    With `cases` both in these only.
    """
    held = set(cases or ())
    if cases is None:
        held = {int(row[0]) for row in db.execute(_HELD, {"ids": json.dumps(ids)}).fetchall()}
    quotations = _quotations(db, ids) if held else set()
    among = {"cases": None if cases is None else json.dumps(sorted(cases))}

    @cache  # thousands of posts came into a case for the same few reasons
    def is_theirs(case_id: int, text: str) -> bool:
        return is_named(text) or (case_id in held and _quotes(text, quotations))

    for case_id, seq, body in db.execute(
        f"SELECT case_id, seq, body FROM case_events{_among('case_id', cases)}",  # noqa: S608 - constants
        among,
    ).fetchall():
        before = json.loads(body)
        if (kept := _blanked(before, partial(is_theirs, case_id))) != before:
            _put_body(db, case_id, seq, kept)
    for table, column in _COLUMNS:
        number = "id" if table == "cases" else "case_id"
        found = db.execute(f"SELECT id, {number}, {column} FROM {table}{_among(number, cases)}", among)  # noqa: S608
        theirs = [row for row, case_id, text in found.fetchall() if text and is_theirs(case_id, text)]
        _put(db, f"UPDATE {table} SET {column} = ? WHERE id IN (SELECT value FROM json_each(?))", theirs)  # noqa: S608
    _blank_reasons(db, is_named, cases=cases)


def forget_colleague(db: Database, name: str, is_named: Callable[[str], bool]) -> bool:
    """Whoever worked cases off under a folded name, and does no more, did it as nobody in particular.

    Returns False where somebody of that name works here: one of ours is not forgotten while they do.
    """
    here = db.execute("SELECT name FROM persons WHERE left_at IS NULL").fetchall()
    if any(_folded(person) == name for (person,) in here):
        return False
    left = [person for (person,) in db.execute("SELECT name FROM persons").fetchall() if _folded(person) == name]
    db.execute("DELETE FROM subscriptions WHERE person IN (SELECT value FROM json_each(?))", (json.dumps(left),))
    db.execute("DELETE FROM persons WHERE name IN (SELECT value FROM json_each(?))", (json.dumps(left),))
    for case_id, seq, person, body in db.execute("SELECT case_id, seq, person, body FROM case_events").fetchall():
        before = json.loads(body)
        owner = before.get("owner")
        kept = {**before, "owner": BLANK} if isinstance(owner, str) and _folded(owner) == name else before
        if _folded(person) == name:
            db.execute("UPDATE case_events SET person = ? WHERE case_id = ? AND seq = ?", (BLANK, case_id, seq))
        if (kept := _blanked(kept, is_named)) != before:
            _put_body(db, case_id, seq, kept)
    for column in ("owner", "cleared_by"):
        found = db.execute(f"SELECT id, {column} FROM cases WHERE {column} IS NOT NULL").fetchall()  # noqa: S608
        theirs = [case_id for case_id, person in found if _folded(person) == name]
        _put(db, f"UPDATE cases SET {column} = ? WHERE id IN (SELECT value FROM json_each(?))", theirs)  # noqa: S608
    for table, column in _COLUMNS:
        noted = db.execute(f"SELECT id, {column} FROM {table} WHERE {column} <> ''").fetchall()  # noqa: S608 - constants
        theirs = [row for row, text in noted if is_named(text)]
        _put(db, f"UPDATE {table} SET {column} = ? WHERE id IN (SELECT value FROM json_each(?))", theirs)  # noqa: S608
    _blank_reasons(db, is_named)
    return True


# The cases that hold these posts or held them, and those that went on in them.
_HELD: Final = """
    WITH RECURSIVE held (id) AS (
        SELECT case_id FROM case_posts WHERE post_id IN (SELECT value FROM json_each(:ids))
        UNION SELECT case_id FROM case_events WHERE kind IN ('joined', 'left')
            AND body ->> 'post' IN (SELECT value FROM json_each(:ids))
        UNION SELECT cases.id FROM held JOIN cases ON cases.merged_into = held.id
    ) SELECT id FROM held
"""


def _blank_reasons(db: Database, is_named: Callable[[str], bool], *, cases: Collection[int] | None = None) -> None:
    """Why a post is in a case, and why somebody was told of it."""
    among = {"cases": None if cases is None else json.dumps(sorted(cases))}
    where = _among("case_id", cases)
    reasons = db.execute(f"SELECT DISTINCT case_id, why FROM case_posts{where}", among).fetchall()  # noqa: S608
    for case_id, why in reasons:
        if is_named(why):
            db.execute("UPDATE case_posts SET why = ? WHERE case_id = ? AND why = ?", (BLANK, case_id, why))
    told = f"""
        SELECT deliveries.id, deliveries.reason FROM case_notices JOIN alerts ON notice_id = case_notices.id
        JOIN deliveries ON alert_id = alerts.id{where}
    """  # noqa: S608 - constants
    theirs = [delivery for delivery, reason in db.execute(told, among).fetchall() if is_named(reason)]
    _put(db, "UPDATE deliveries SET reason = ? WHERE id IN (SELECT value FROM json_each(?))", theirs)


def _among(column: str, cases: Collection[int] | None) -> str:
    return "" if cases is None else f" WHERE {column} IN (SELECT value FROM json_each(:cases))"  # noqa: S608 - a constant


def _put(db: Database, statement: str, which: Sequence[object]) -> None:
    if which:
        db.execute(statement, (BLANK, json.dumps(which, ensure_ascii=False)))


def _put_body(db: Database, case_id: int, seq: int, body: JSON) -> None:
    db.execute(
        "UPDATE case_events SET body = ? WHERE case_id = ? AND seq = ?",
        (json.dumps(body, ensure_ascii=False), case_id, seq),
    )


def _blanked(value: JSON, is_theirs: Callable[[str], bool]) -> JSON:
    """`value` with BLANK for each text that is theirs, but for what the course of the case follows from."""
    if isinstance(value, str):
        return BLANK if is_theirs(value) else value
    if isinstance(value, list):
        return [_blanked(item, is_theirs) for item in value]
    if isinstance(value, dict):
        return {key: item if key in _COURSE else _blanked(item, is_theirs) for key, item in value.items()}
    return value


def _folded(name: str) -> str:
    return fold(name).strip()


def _quotations(db: Database, ids: Sequence[int]) -> set[tuple[str, ...]]:
    """Each run of words of these posts, as they read and as they ever did; all of a shorter one."""
    found = db.execute(
        "SELECT title, text FROM posts WHERE id IN (SELECT value FROM json_each(:ids)) UNION "
        "SELECT title, text FROM revisions WHERE post_id IN (SELECT value FROM json_each(:ids))",
        {"ids": json.dumps(ids)},
    )
    return {run for row in found.fetchall() for text in row for run in _runs(words(text))}


def _quotes(text: str, quotations: set[tuple[str, ...]]) -> bool:
    said = words(text)
    return any(
        tuple(said[start : start + length]) in quotations
        for length in range(2, _QUOTED + 1)
        for start in range(len(said) - length + 1)
    )


def _runs(said: Sequence[str]) -> list[tuple[str, ...]]:
    length = min(_QUOTED, len(said))
    return [tuple(said[start : start + length]) for start in range(len(said) - length + 1)] if length > 1 else []
