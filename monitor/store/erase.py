"""What takes posts out of the database again: a person's data on request, and what is past its time.

A post goes with all that hangs on it: mentions, index rows, revisions, answers, alerts, deliveries, and messages that
carry nothing else. Its sightings stay as tombstones, 16-byte hashes, so that a source that still serves it brings
nothing back; `forgotten` holds hashes of the persons and addresses that no source may bring back.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from sqlite_utils import Database

from monitor.store import rows
from monitor.store.m002 import identity_hash
from monitor.store.outbox import OutboxVerbs
from monitor.store.schema import APPLICATION_ID
from monitor.text import canonical_url, fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from monitor.models import JSON, Post

WINDOW: Final = 500  # posts that are looked at in one go for being past their time: some milliseconds
MERGE_PAGES: Final = 500  # of the search index, rewritten in one go: some tens of milliseconds
FORGOTTEN: Final = "forgotten:"  # what stands in other posts' thread and parent for a post that was erased


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """What is to be forgotten: an author by folded name or canonical address, or one canonical address of a post.

    `source` is the id of the only source that it concerns, None for all.
    """

    kind: Literal["author", "url"]
    value: str
    source: int | None = None

    @property
    def hash(self) -> bytes:
        """What is kept of it."""
        return _mark(self.value, self.source)


class Erased(NamedTuple):
    """How many rows went."""

    posts: int = 0
    mentions: int = 0
    revisions: int = 0
    answers: int = 0
    alerts: int = 0
    deliveries: int = 0
    messages: int = 0
    cursors: int = 0

    def plus(self, other: Erased) -> Erased:
        """Both together."""
        return Erased(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class Window(NamedTuple):
    """Posts that are past their time, and the id to go on after, None where the rest is younger."""

    ids: list[int]
    after: int | None


def _mark(value: str, source_id: int | None) -> bytes:
    return blake2b(
        f"{'' if source_id is None else source_id}\0{value}".encode(errors="surrogatepass"), digest_size=16
    ).digest()


def is_forgotten(db: Database, source_id: int | None, post: Post) -> bool:
    """Whether the author of `post`, or its address, was erased on request: then it may not be stored."""
    author, author_url = post.author.name, canonical_url(post.author.url) if post.author.url else None
    named = [("author", value) for value in (author and fold(author), author_url) if value]
    if post.url and (address := canonical_url(post.url)):
        named.append(("url", address))
    marks = [(kind, _mark(value, source)) for kind, value in named for source in (None, source_id)]
    return any(
        db.execute("SELECT 1 FROM forgotten WHERE kind = ? AND hash = ?", mark).fetchone() is not None for mark in marks
    )


# ── reading: what an erasure would take; for a read-only connection, because it looks at every author ──


def posts_of(db: Database, whom: Whom) -> list[int]:
    """The posts that are to be forgotten, oldest first."""
    if whom.kind == "url":
        found = set(_at_address(db, whom.value))
    else:
        column = "author_url" if whom.value.startswith(("http://", "https://")) else "author"
        spelt = [
            str(value)
            for (value,) in db.execute(f"SELECT DISTINCT {column} FROM posts WHERE {column} IS NOT NULL")  # noqa: S608 - one of two names
            if (canonical_url(value) if column == "author_url" else fold(value)) == whom.value
        ]
        chosen = f"SELECT id FROM posts WHERE {column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - as above
        found = {int(post_id) for (post_id,) in db.execute(chosen, (json.dumps(spelt),))}
    if whom.source is not None:
        mine = "SELECT id FROM posts WHERE source_id = ? AND id IN (SELECT value FROM json_each(?))"
        found = {int(post_id) for (post_id,) in db.execute(mine, (whom.source, json.dumps(list(found))))}
    return sorted(found)


def _at_address(db: Database, address: str) -> Iterator[int]:
    """Posts at a canonical address, however a source spelt it."""
    seen = "SELECT post_id FROM sightings WHERE source_id = sources.id AND identity = ?"
    for (post_id,) in db.execute(f"SELECT ({seen}) FROM sources", (identity_hash(f"url:{address}"),)):  # noqa: S608 - constant
        if post_id is not None:
            yield int(post_id)
    # Tracking parameters, sessions and fragments stand behind the path, so all spellings begin alike.
    beginning = address.partition("?")[0]
    spelt = db.execute("SELECT id, url FROM posts WHERE url >= ? AND url < ?", (beginning, beginning + "\U0010ffff"))
    yield from (int(post_id) for post_id, url in spelt.fetchall() if canonical_url(url) == address)


def standing_under(db: Database, ids: Sequence[int]) -> list[int]:
    """Other posts that name one of these as their thread or parent, by its id or address."""
    return [
        int(post_id)
        for (post_id,) in db.execute(
            """
            WITH gone AS MATERIALIZED (
                SELECT source_id, native_id, url FROM posts WHERE id IN (SELECT value FROM json_each(:ids))
            ), names AS MATERIALIZED (
                SELECT source_id, native_id AS name FROM gone WHERE native_id IS NOT NULL
                UNION SELECT source_id, url FROM gone WHERE url IS NOT NULL
            )
            SELECT id FROM posts WHERE ((source_id, thread) IN names OR (source_id, parent) IN names)
                AND id NOT IN (SELECT value FROM json_each(:ids)) ORDER BY id
            """,
            {"ids": json.dumps(ids)},
        )
    ]


def source_id_of(db: Database, name: str) -> int | None:
    """The row of a source, configured or not."""
    found = db.execute("SELECT id FROM sources WHERE name = ?", (name,)).fetchone()
    return None if found is None else int(found[0])


def weigh(db: Database, ids: Sequence[int]) -> Erased:
    """What would go with these posts; cursors and grouped messages are only known when it happens."""
    wanted = json.dumps(ids)
    posts = "SELECT value FROM json_each(:ids)"
    mentions = f"SELECT id FROM mentions WHERE post_id IN ({posts})"  # noqa: S608 - constants, here and below
    alerts = f"SELECT id FROM alerts WHERE mention_id IN ({mentions})"  # noqa: S608
    deliveries = f"SELECT id FROM deliveries WHERE alert_id IN ({alerts})"  # noqa: S608
    messages = f"SELECT DISTINCT message_id FROM message_deliveries WHERE delivery_id IN ({deliveries})"  # noqa: S608
    revisions = f"SELECT id FROM revisions WHERE post_id IN ({posts})"  # noqa: S608
    answers = f"SELECT 1 FROM answers WHERE answer_id IN ({posts}) OR post_id IN ({posts})"  # noqa: S608

    def count(query: str) -> int:
        return int(db.execute(f"SELECT count(*) FROM ({query})", {"ids": wanted}).fetchone()[0])  # noqa: S608 - as above

    return Erased(
        posts=len(ids),
        mentions=count(mentions),
        revisions=count(revisions),
        answers=count(answers),
        alerts=count(alerts),
        deliveries=count(deliveries),
        messages=count(messages),
    )


class EraseVerbs(OutboxVerbs):
    """The part of `Store` that takes away."""

    def forget(self, whom: Whom, *, now: datetime) -> bool:
        """From now on no source brings this back; False where it was so before."""
        at = rows.to_text(now)
        added = self._db.execute(
            "INSERT INTO forgotten (kind, hash, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (whom.kind, whom.hash, at)
        )
        return added.rowcount > 0

    def source_id_of(self, name: str) -> int | None:
        """The row of a source, configured or not."""
        return source_id_of(self._db, name)

    def is_forgotten(self, source_id: int | None, post: Post) -> bool:
        """Whether this may not be stored: see the function of this name."""
        return is_forgotten(self._db, source_id, post)

    def erase(self, ids: Sequence[int], *, standing_under: Sequence[int] = ()) -> Erased:
        """Take these posts away with all that hangs on them, in one transaction.

        `standing_under` are posts of others that name them as thread or parent: they keep a hash in that place, so
        that a thread stays together.
        """
        self._db.execute("PRAGMA secure_delete = ON")
        with self.transaction():
            names = self._names_of(ids)
            self._detach(standing_under, names)
            cursors = self._prune_cursors(names)
            gone = self._delete(ids)
        return gone._replace(cursors=cursors)

    def retire(self, ids: Sequence[int]) -> Erased:
        """The same for posts that are past their time; the figures of each day keep counting their mentions."""
        wanted = json.dumps(ids)
        with self.transaction():
            counted = self._db.execute(
                """
                SELECT substr(at, 1, 10), brand, source_id, sentiment, doubtful, count(*), count(rating), total(rating)
                FROM mentions WHERE post_id IN (SELECT value FROM json_each(?)) GROUP BY 1, 2, 3, 4, 5
                """,
                (wanted,),
            ).fetchall()
            gone = self._delete(ids)
            # The trigger of mentions has subtracted them.
            self._db.conn.executemany(
                """
                INSERT INTO day_counts VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
                    mentions = mentions + excluded.mentions, ratings = ratings + excluded.ratings,
                    rating_sum = rating_sum + excluded.rating_sum
                """,
                counted,
            )
        return gone

    def past_their_time(self, after: int, *, mentions_before: datetime, others_before: datetime) -> Window:
        """Of the next WINDOW posts those that were found before their limit and that no alert is still on its way for.

        An answer of ours counts as a mention: response figures live as long as what was answered.
        """
        latest = rows.to_text(max(mentions_before, others_before))
        looked_at = self._db.execute(
            """
            SELECT id, discovered_at < CASE
                WHEN EXISTS (SELECT 1 FROM mentions WHERE post_id = posts.id)
                  OR EXISTS (SELECT 1 FROM answers WHERE answer_id = posts.id) THEN :mentions ELSE :others END,
                discovered_at < :latest
            FROM posts WHERE id > :after ORDER BY id LIMIT :window
            """,
            {
                "after": after,
                "mentions": rows.to_text(mentions_before),
                "others": rows.to_text(others_before),
                "latest": latest,
                "window": WINDOW,
            },
        ).fetchall()
        past = [int(post_id) for post_id, is_past, _ in looked_at if is_past]
        waiting = self._with_pending_alerts(past)
        more = len(looked_at) == WINDOW and any(is_old for _, _, is_old in looked_at)
        return Window([post_id for post_id in past if post_id not in waiting], looked_at[-1][0] if more else None)

    def _with_pending_alerts(self, ids: Sequence[int]) -> set[int]:
        found = self._db.execute(
            """
            SELECT DISTINCT mentions.post_id FROM mentions JOIN alerts ON alerts.mention_id = mentions.id
            JOIN deliveries ON deliveries.alert_id = alerts.id
            WHERE deliveries.state = 'pending' AND mentions.post_id IN (SELECT value FROM json_each(?))
            """,
            (json.dumps(ids),),
        )
        return {int(post_id) for (post_id,) in found.fetchall()}

    def _delete(self, ids: Sequence[int]) -> Erased:
        posts = self._ids("SELECT value FROM json_each(?)", ids)
        mentions = self._ids("SELECT id FROM mentions WHERE post_id IN (SELECT value FROM json_each(?))", posts)
        alerts = self._ids("SELECT id FROM alerts WHERE mention_id IN (SELECT value FROM json_each(?))", mentions)
        deliveries = self._ids("SELECT id FROM deliveries WHERE alert_id IN (SELECT value FROM json_each(?))", alerts)
        messages = self._ids(
            "SELECT DISTINCT message_id FROM message_deliveries WHERE delivery_id IN (SELECT value FROM json_each(?))",
            deliveries,
        )
        self._remove("message_deliveries", "delivery_id", deliveries)
        messages_gone = self._db.execute(
            "DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?)) "
            "AND NOT EXISTS (SELECT 1 FROM message_deliveries WHERE message_id = messages.id)",
            (json.dumps(messages),),
        ).rowcount
        answers = self._remove("answers", "answer_id", posts) + self._remove("answers", "post_id", posts)
        self._remove("mention_search", "rowid", mentions)
        self._db.execute(
            "UPDATE sightings SET post_id = NULL WHERE post_id IN (SELECT value FROM json_each(?))",
            (json.dumps(posts),),
        )
        return Erased(
            messages=messages_gone,
            answers=answers,
            deliveries=self._remove("deliveries", "id", deliveries),
            alerts=self._remove("alerts", "id", alerts),
            mentions=self._remove("mentions", "id", mentions),
            revisions=self._remove("revisions", "post_id", posts),
            posts=self._remove("posts", "id", posts),
        )

    def _ids(self, query: str, among: Collection[int | str]) -> list[int | str]:
        return [row[0] for row in self._db.execute(query, (json.dumps(list(among)),)).fetchall()]

    def _remove(self, table: str, column: str, among: Collection[int | str]) -> int:
        statement = f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
        return int(self._db.execute(statement, (json.dumps(list(among)),)).rowcount)

    def _names_of(self, ids: Sequence[int]) -> set[str]:
        """By what else these posts and their authors may be named in other rows."""
        found = self._db.execute(
            "SELECT native_id, url, author, author_url FROM posts WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(ids),),
        )
        return {str(name) for row in found.fetchall() for name in row if name}

    def _detach(self, ids: Sequence[int], names: Collection[str]) -> None:
        for column in ("thread", "parent"):
            self._db.conn.executemany(
                f"UPDATE posts SET {column} = ? WHERE {column} = ? AND id IN (SELECT value FROM json_each(?))",  # noqa: S608 - constants
                [(FORGOTTEN + _mark(name, None).hex(), name, json.dumps(ids)) for name in names] if ids else [],
            )

    def _prune_cursors(self, names: Collection[str]) -> int:
        """Take what names the forgotten out of cursors and errors of sources; identity knows again what comes twice."""
        pruned = 0
        for source_id, cursor, error in self._db.execute("SELECT id, cursor, error FROM sources").fetchall():
            kept = json.dumps(_without(json.loads(cursor), names), ensure_ascii=False)
            if kept != json.dumps(json.loads(cursor), ensure_ascii=False):
                self._db.execute("UPDATE sources SET cursor = ? WHERE id = ?", (kept, source_id))
                pruned += 1
            if error and any(name in error for name in names):
                self._db.execute("UPDATE sources SET error = NULL WHERE id = ?", (source_id,))
        return pruned

    # ── afterwards: no byte of it may stay in a freed page, an index segment or the WAL ──

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


def _without(value: JSON, names: Collection[str]) -> JSON:
    """`value` without the entries and items in which one of `names` stands."""
    if isinstance(value, dict):
        return {
            key: _without(item, names)
            for key, item in value.items()
            if not _names(key, names) and not _names(item, names)
        }
    if isinstance(value, list):
        return [_without(item, names) for item in value if not _names(item, names)]
    return value


def _names(value: JSON, names: Collection[str]) -> bool:
    return isinstance(value, str) and any(name in value for name in names)


def still_in(path: Path, whom: Whom) -> int:
    """How many of the posts another database file of ours holds, such as a backup; 0 where it is none of ours."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(b"SQLite format 3\0") or int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        return 0
    db = Database(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True))
    try:
        return len(posts_of(db, whom))
    finally:
        db.close()
