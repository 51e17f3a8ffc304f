"""What trying a configuration on the stored history asks of the database: reading only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from monitor.models import Lemmas
from monitor.store.reader import Reader
from monitor.store.rescore import candidates, kept_posts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.store.rescore import Kept


class Replay(Reader):
    """A reader of whole stretches of history."""

    def posts_since(self, since: datetime | None, *, mentions_only: bool, now: datetime) -> list[int]:
        """The posts published since then, oldest first; where `mentions_only` those that mention somebody."""
        return candidates(self._db, query=None, since=since, mentions_only=mentions_only, now=now)

    def kept_posts(self, posts: Sequence[int]) -> list[Kept]:
        """These posts with their mentions; those that are gone are left out."""
        return kept_posts(self._db, posts)

    def lemmas_of(self, mentions: Sequence[int]) -> dict[int, Lemmas]:
        """The lemmas that some mentions are found by; those that are not indexed are left out."""
        found = self._db.execute(
            "SELECT rowid, title_lemmas, text_lemmas FROM mention_search "
            "WHERE rowid IN (SELECT value FROM json_each(?))",
            (json.dumps(list(mentions)),),
        )
        return {int(number): Lemmas(title=title, text=text) for number, title, text in found.fetchall()}

    def receivers_of(self, mentions: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """Which receivers an alert about each of some mentions was made for, whatever became of it."""
        found = self._db.execute(
            """
            SELECT DISTINCT mention_id, receiver FROM alerts JOIN deliveries ON alert_id = alerts.id
            WHERE mention_id IN (SELECT value FROM json_each(?)) ORDER BY deliveries.id
            """,
            (json.dumps(list(mentions)),),
        )
        told: dict[int, tuple[str, ...]] = {}
        for number, receiver in found.fetchall():
            told[int(number)] = (*told.get(int(number), ()), str(receiver))
        return told

    def found_as_history(self, posts: Sequence[int]) -> frozenset[int]:
        """Those of some posts that an import brought, or the first poll of their source."""
        found = self._db.execute(
            """
            SELECT posts.id FROM posts JOIN sources ON sources.id = source_id
            WHERE posts.id IN (SELECT value FROM json_each(?))
                AND (kind = 'import' OR posts.discovered_at <= baseline_at)
            """,
            (json.dumps(list(posts)),),
        )
        return frozenset(int(number) for (number,) in found.fetchall())
