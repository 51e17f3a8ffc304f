"""Afterwards no byte of what was erased may stay in a freed page, an index segment or the WAL.

`secure_delete` alone does not do it: it zeroes what is deleted, but a page whose rows were moved to a neighbour keeps
them in its unused middle (measured: one of 383 erased names after 20,000 inserts, edits and deletions). So the file is
written anew.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from collections.abc import Iterator

MERGE_PAGES: Final = 500  # of the search index, rewritten in one go: some tens of milliseconds


class TidyVerbs(OutboxVerbs):
    """The part of `Store` that leaves no remains."""

    def merge_search(self, *, first: bool) -> bool:
        """One step of making the search index one segment, in which no deleted word lingers; True when it is done."""
        before = self._db.conn.total_changes
        # A negative number starts a merge of everything, a positive one goes on with it.
        pages = -MERGE_PAGES if first else MERGE_PAGES
        self._db.execute("INSERT INTO mention_search (mention_search, rank) VALUES ('merge', ?)", (pages,))
        return self._db.conn.total_changes - before < 2

    def compact(self) -> None:
        """Write the whole file anew; needs as much free space again, and nothing else is written meanwhile."""
        self._db.execute("VACUUM")

    def empty_wal(self) -> bool:
        """Cut the WAL to nothing; False while a reader still reads from it."""
        with self._waiting(milliseconds=50):
            busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy

    @contextmanager
    def _waiting(self, *, milliseconds: int) -> Iterator[None]:
        """Wait only so long for other connections; the writer has more to do."""
        before = self._db.execute("PRAGMA busy_timeout").fetchone()[0]
        self._db.execute(f"PRAGMA busy_timeout = {milliseconds}")
        try:
            yield
        finally:
            self._db.execute(f"PRAGMA busy_timeout = {before}")
