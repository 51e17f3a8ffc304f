"""The verbs of threads that are followed: which mentions answers are read for, and when to look at them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from monitor.store import rows
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from datetime import datetime, timedelta


class Followed(NamedTuple):
    """A followed post of a source: `native_id` and `url` are the post's, `address` is where its answers are read."""

    post_id: int
    native_id: str | None
    url: str | None
    address: str
    last_new_at: datetime
    until: datetime
    failures: int


class FollowVerbs(OutboxVerbs):
    """The part of `Store` that knows followed threads."""

    def follow_post(
        self,
        post_id: int,
        source_id: int,
        address: str,
        *,
        next_at: datetime,
        last_new_at: datetime,
        until: datetime,
    ) -> None:
        """Let a source look at the answers to a stored post until it is settled; one that is followed already stays.

        A thread is followed once, for the first post that led to it; a further one keeps it going.
        """
        self._db.execute(
            """
            INSERT INTO followed (post_id, source_id, address, next_at, last_new_at, until_at) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (post_id) DO NOTHING
            ON CONFLICT (source_id, address) DO UPDATE SET
                next_at = min(next_at, excluded.next_at),
                last_new_at = max(last_new_at, excluded.last_new_at),
                until_at = max(until_at, excluded.until_at)
            """,
            (post_id, source_id, address, *map(rows.to_text, (next_at, last_new_at, until))),
        )

    def due_followed(self, source_id: int, now: datetime, limit: int) -> list[Followed]:
        """Up to `limit` threads of a source whose time has come, the longest waiting first."""
        found = self._db.query(
            "SELECT followed.*, native_id, url FROM followed JOIN posts ON posts.id = post_id "
            "WHERE followed.source_id = ? AND next_at <= ? ORDER BY next_at, post_id LIMIT ?",
            (source_id, rows.to_text(now), limit),
        )
        return [
            Followed(
                post_id=int(row["post_id"]),
                native_id=row["native_id"],
                url=row["url"],
                address=row["address"],
                last_new_at=rows.moment(row["last_new_at"]),
                until=rows.moment(row["until_at"]),
                failures=int(row["failures"]),
            )
            for row in found
        ]

    def settle_followed(
        self, followed: Followed, *, next_at: datetime | None, last_new_at: datetime, failures: int
    ) -> None:
        """A thread was looked at; without `next_at` it is over. One that was given more time meanwhile stays due."""
        which = (followed.post_id, rows.to_text(followed.until))
        if next_at is None:
            self._db.execute("DELETE FROM followed WHERE post_id = ? AND until_at = ?", which)
            return
        self._db.execute(
            "UPDATE followed SET next_at = ?, last_new_at = ?, failures = ? WHERE post_id = ? AND until_at = ?",
            (rows.to_text(next_at), rows.to_text(last_new_at), failures, *which),
        )

    def next_followed(self, source_id: int) -> datetime | None:
        """When the first of a source's followed threads is due; None where none is followed."""
        row = self._db.execute("SELECT min(next_at) FROM followed WHERE source_id = ?", (source_id,)).fetchone()
        return rows.to_moment(row[0])

    def clamp_followed(self, now: datetime, latest: timedelta) -> None:
        """After a clock step: no look is further ahead than `latest`."""
        at = rows.to_text(now + latest)
        self._db.execute("UPDATE followed SET next_at = ? WHERE next_at > ?", (at, at))

    def unfollow_moved(self, name: str, *, kind: str, url: str) -> None:
        """A source that is of another kind or at another address now reads no answers at the former addresses."""
        self._db.execute(
            "DELETE FROM followed WHERE source_id IN (SELECT id FROM sources WHERE name = ? AND (kind, url) <> (?, ?))",
            (name, kind, url),
        )
