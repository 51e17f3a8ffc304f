"""What is due in cases: the rows of the present rounds, written anew with each change, each fired once and for all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.models import CaseClock, CaseState, Deadline, DeadlineKind
from monitor.store import rows
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from sqlite_utils import Database

    from monitor.models import Case

OVER: Final = (CaseState.CLOSED.value, CaseState.MERGED.value)
"""States in which nothing more is due."""


class Fired(NamedTuple):
    """A deadline, or a step before or after it, whose time has come."""

    case_id: int
    deadline: Deadline


class DeadlineReading:
    """What is asked of deadlines."""

    _db: Database

    def deadlines_of(self, case_id: int) -> list[tuple[Deadline, datetime | None]]:
        """What is or was due in the present round of a case, in order, and when each step was taken."""
        found = self._db.query(
            "SELECT case_deadlines.* FROM case_deadlines JOIN cases ON cases.id = case_id "
            "AND cases.round = case_deadlines.round WHERE case_id = ? ORDER BY case_deadlines.at, case_deadlines.id",
            (case_id,),
        )
        return [(_deadline(row), rows.to_moment(row["fired_at"])) for row in found]


class DeadlineVerbs(DeadlineReading, OutboxVerbs):
    """The part of `Store` that knows what is due."""

    def cases_under_way(self, after: int, *, limit: int) -> list[int]:
        """The numbers of cases that are not resolved, up to `limit` of those beyond `after`."""
        found = self._db.execute(
            f"SELECT id FROM cases WHERE id > ? AND state NOT IN {OVER} AND resolved_at IS NULL ORDER BY id LIMIT ?",  # noqa: S608 - constants
            (after, limit),
        )
        return [int(case_id) for (case_id,) in found.fetchall()]

    def set_deadlines(self, case: Case, deadlines: Sequence[Deadline]) -> None:
        """From now on these are due in the present round of a case; what has had its moment stays as it was."""
        listed = [(one.kind.value, one.clock.value, one.step) for one in deadlines]
        with self.transaction():
            self._db.execute(
                """
                DELETE FROM case_deadlines WHERE case_id = :case AND fired_at IS NULL AND (round <> :round
                    OR (kind, clock, step) NOT IN (
                        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(:listed)))
                """,
                {"case": case.id, "round": case.round, "listed": json.dumps(listed)},
            )
            self._db.conn.executemany(
                """
                INSERT INTO case_deadlines (case_id, round, kind, clock, step, at, due_at, step_to)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (case_id, round, kind, clock, step) DO UPDATE SET
                    at = excluded.at, due_at = excluded.due_at, step_to = excluded.step_to
                WHERE fired_at IS NULL
                """,
                [
                    (case.id, case.round, *key, rows.to_text(one.at), rows.to_text(one.due_at), one.to)
                    for key, one in zip(listed, deadlines, strict=True)
                ],
            )

    def fire_deadlines(self, now: datetime, limit: int) -> list[Fired]:
        """Up to `limit` steps whose time has come, oldest first; each is returned once, ever.

        Call it inside the transaction that writes down what follows from them: then a crash loses none. A case that is
        closed or was merged misses nothing.
        """
        with self._in_transaction():
            found = self._db.execute(
                f"""
                UPDATE case_deadlines SET fired_at = :now WHERE id IN (
                    SELECT case_deadlines.id FROM case_deadlines INDEXED BY case_deadlines_due
                    CROSS JOIN cases ON cases.id = case_id AND cases.round = case_deadlines.round
                    WHERE fired_at IS NULL AND at <= :now AND state NOT IN {OVER}
                    ORDER BY at, case_deadlines.id LIMIT :limit
                ) RETURNING *
                """,  # noqa: S608 - constants
                {"now": rows.to_text(now), "limit": limit},
            )
            names = [column[0] for column in found.description]
            fired = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        return [
            Fired(int(row["case_id"]), _deadline(row)) for row in sorted(fired, key=lambda row: (row["at"], row["id"]))
        ]


def _deadline(row: Mapping[str, Any]) -> Deadline:
    return Deadline(
        kind=DeadlineKind(row["kind"]),
        clock=CaseClock(row["clock"]),
        step=int(row["step"]),
        at=rows.moment(row["at"]),
        due_at=rows.moment(row["due_at"]),
        to=row["step_to"],
    )
