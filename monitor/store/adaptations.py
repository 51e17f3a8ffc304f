"""Versions of what corrections of sentiment taught the model: one of a tier counts at most, and can be taken back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.store import rows
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlite_utils import Database

    from monitor.models import JSON, Tier

KEPT: Final = 10  # versions of a tier that can be gone back to, and of each other state

_LEARNED_FROM: Final = (
    "EXISTS (SELECT 1 FROM json_each(adaptations.posts) WHERE value IN (SELECT value FROM json_each(?)))"
)


class AdaptationVersion(NamedTuple):
    """A version without its weights: of how many corrections it was made, whether it counts, and how well it does.

    `state` is active (it counts), former (a later one does), worse (than the model as it came) or undone.
    """

    id: int
    tier: str
    made_at: datetime
    answers: int
    state: str
    figures: Mapping[str, JSON]


class AdaptationReading:
    """What is asked of what corrections of sentiment taught."""

    _db: Database

    def active_adaptation(self, tier: Tier) -> int | None:
        """The version that counts."""
        row = self._db.execute("SELECT id FROM adaptations WHERE tier = ? AND state = 'active'", (tier,)).fetchone()
        return None if row is None else int(row[0])

    def adaptation(self) -> dict[str, dict[str, JSON]]:
        """What the version that counts adds to the model, as `Adaptation.to_json` gave it, by tier."""
        found = self._db.execute("SELECT tier, adaptation FROM adaptations WHERE state = 'active'")
        return {str(tier): json.loads(adaptation) for tier, adaptation in found.fetchall()}

    def adaptation_versions(self) -> list[AdaptationVersion]:
        """The versions of all tiers, newest first."""
        found = self._db.execute("SELECT id, tier, made_at, answers, state, figures FROM adaptations ORDER BY id DESC")
        return [
            AdaptationVersion(row[0], row[1], rows.moment(row[2]), row[3], row[4], json.loads(row[5]))
            for row in found.fetchall()
        ]


class AdaptationVerbs(AdaptationReading, OutboxVerbs):
    """The part of `Store` that keeps what corrections of sentiment taught."""

    def add_adaptation(
        self,
        adaptation: Mapping[str, JSON],
        *,
        tier: Tier,
        figures: Mapping[str, JSON],
        answers: int,
        posts: Iterable[int],
        is_better: bool,
        now: datetime,
    ) -> int:
        """Store a version of a tier, learned from `posts`; where `is_better` it counts from now on.

        The oldest beyond KEPT of a state go.
        """
        with self._in_transaction():
            if is_better:
                self._withdraw(tier, "former")
            version = self._insert(
                "INSERT INTO adaptations (tier, made_at, answers, posts, figures, adaptation, state) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    tier,
                    rows.to_text(now),
                    answers,
                    json.dumps(sorted(set(posts))),
                    json.dumps(dict(figures)),
                    json.dumps(dict(adaptation)),
                    "active" if is_better else "worse",
                ),
            )
            self._db.execute(
                "DELETE FROM adaptations WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER "
                "(PARTITION BY state ORDER BY id DESC) AS nth FROM adaptations WHERE tier = ?) WHERE nth > ?)",
                (tier, KEPT),
            )
        assert version is not None  # noqa: S101 - nothing conflicts with a new number
        return version

    def undo_adaptation(self, tier: Tier) -> tuple[int, int | None] | None:
        """The version that counts counts no more, the one before it does; returns both, None where none counts."""
        with self._in_transaction():
            undone = self._withdraw(tier, "undone")
            if undone is None:
                return None
            return undone, self._insert(
                "UPDATE adaptations SET state = 'active' WHERE id = "
                "(SELECT max(id) FROM adaptations WHERE tier = ? AND id < ? AND state = 'former') RETURNING id",
                (tier, undone),
            )

    def _withdraw(self, tier: Tier, state: str) -> int | None:
        return self._insert(
            "UPDATE adaptations SET state = ? WHERE tier = ? AND state = 'active' RETURNING id", (state, tier)
        )


def count_unlearned(db: Database, posts: Sequence[int]) -> int:
    """How many versions that count would go with these posts: one of a tier at most."""
    found = db.execute(
        f"SELECT count(*) FROM adaptations WHERE state = 'active' AND {_LEARNED_FROM}",  # noqa: S608 - constants
        (json.dumps(list(posts)),),
    )
    return int(found.fetchone()[0])


def unlearn_sentiment(db: Database, posts: Sequence[int]) -> int:
    """Before posts are erased on request: versions that learned from them go too; returns how many of them counted."""
    gone = db.execute(
        f"DELETE FROM adaptations WHERE {_LEARNED_FROM} RETURNING state",  # noqa: S608 - constants
        (json.dumps(list(posts)),),
    )
    return sum(state == "active" for (state,) in gone.fetchall())
