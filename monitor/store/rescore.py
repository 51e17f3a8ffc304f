"""What judging the stored history again, and adding somebody else's to it, asks of the database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.models import Lemmas
from monitor.store import rows
from monitor.store.m002 import identity_hash
from monitor.store.outbox import OutboxVerbs
from monitor.store.queries import MENTION_VIEW, mention_view
from monitor.store.search import index_mention, register, unindexed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlite_utils import Database

    from monitor.models import MentionView, Post
    from monitor.query import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A stored post as it is judged again; `key` is what its alerts are known by."""

    id: int
    source: str
    key: str
    post: Post
    hash: str
    discovered_at: datetime
    mentions: tuple[MentionView, ...]


def candidates(
    db: Database, *, query: Query | None, since: datetime | None, mentions_only: bool, now: datetime
) -> list[int]:
    """The posts to judge again, oldest first: published since `since`, and with a mention that matches `query`."""
    conditions, parameters = ["1"], dict[str, object]()
    if since is not None:
        conditions.append("coalesce(published_at, discovered_at) >= :candidates_since")
        parameters["candidates_since"] = rows.to_text(since)
    if mentions_only:
        conditions.append("EXISTS (SELECT 1 FROM mentions WHERE post_id = posts.id)")
    if query is not None:
        from monitor.query.sql import compile_sql  # the dictionaries of eight languages come with it

        register(db)
        compiled = compile_sql(query, now=now)
        matching = f"SELECT post_id FROM mentions WHERE ({compiled.condition})"  # noqa: S608 - compiled from a checked query
        parameters.update(compiled.parameters)
        if compiled.match is not None:
            matching += " AND id IN (SELECT rowid FROM mention_search WHERE mention_search MATCH :candidates_match)"
            parameters["candidates_match"] = compiled.match
        conditions.append(f"id IN ({matching})")
    statement = f"SELECT id FROM posts WHERE {' AND '.join(conditions)} ORDER BY id"  # noqa: S608 - as above
    return [int(post_id) for (post_id,) in db.execute(statement, parameters)]


def kept_posts(db: Database, ids: Sequence[int]) -> list[Kept]:
    """These posts with their mentions, in the order of their ids; those that are gone are left out."""
    wanted = (json.dumps(list(ids)),)
    mentions: dict[int, list[MentionView]] = {}
    for row in db.query(f"{MENTION_VIEW} WHERE mentions.post_id IN (SELECT value FROM json_each(?))", wanted):  # noqa: S608
        view = mention_view(row)
        mentions.setdefault(view.post_id, []).append(view)
    found = db.query(
        f"SELECT posts.id, posts.source_id, posts.key, posts.hash, posts.discovered_at, sources.name AS source, "  # noqa: S608 - constants
        f"{', '.join(f'posts.{name.strip()}' for name in rows.POST_COLUMNS.split(','))} "
        "FROM posts JOIN sources ON sources.id = posts.source_id "
        "WHERE posts.id IN (SELECT value FROM json_each(?)) ORDER BY posts.id",
        wanted,
    )
    return [
        Kept(
            id=int(row["id"]),
            source=str(row["source"]),
            key=f"{row['source']}:{str(row['key']).removeprefix(str(row['source_id']) + ':')}",
            post=rows.post_of(row),
            hash=str(row["hash"]),
            discovered_at=_moment(row["discovered_at"]),
            mentions=tuple(mentions.get(int(row["id"]), ())),
        )
        for row in found
    ]


def _moment(text: object) -> datetime:
    moment = rows.to_moment(str(text))
    assert moment is not None  # noqa: S101 - the column is NOT NULL
    return moment


class RescoreVerbs(OutboxVerbs):
    """The part of `Store` that changes history."""

    def kept_posts(self, ids: Sequence[int]) -> list[Kept]:
        """See the function of this name."""
        return kept_posts(self._db, ids)

    def unindexed(self) -> int:
        """How many mentions no search finds yet; mostly none."""
        return unindexed(self._db)

    def lemmas_of(self, mention_id: int) -> Lemmas | None:
        """The lemmas that a mention is found by; None where it is not indexed."""
        found = self._db.execute(
            "SELECT title_lemmas, text_lemmas FROM mention_search WHERE rowid = ?", (mention_id,)
        ).fetchone()
        return None if found is None else Lemmas(title=found[0], text=found[1])

    def note_decision(self, mention_id: int, decision: str, *, lemmas: Lemmas | None) -> None:
        """What was decided of a mention, in words; with its lemmas, where they are known, its index row follows."""
        with self._in_transaction():
            self._db.execute("UPDATE mentions SET decision = ? WHERE id = ?", (decision, mention_id))
            if lemmas is not None:
                index_mention(self._db, mention_id, lemmas)

    def import_source(self, name: str, now: datetime) -> int:
        """The row of the source that imported posts belong to; made where there is none, never polled."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO sources (name, kind, url, host, active, every_seconds, next_at) "
                "VALUES (?, 'import', '', '', 0, 86400, ?) ON CONFLICT (name) DO NOTHING",
                (name, rows.to_text(now)),
            )
            return int(self._db.execute("SELECT id FROM sources WHERE name = ?", (name,)).fetchone()[0])

    def seen_anywhere(self, identities: Collection[str]) -> set[str]:
        """Those of `identities` that any source has shown."""
        by_hash = {identity_hash(identity): identity for identity in identities}
        if not by_hash:
            return set()
        wanted = ", ".join(["(?)"] * len(by_hash))
        found = self._db.execute(
            f"WITH wanted (identity) AS (VALUES {wanted}) SELECT DISTINCT wanted.identity FROM wanted "  # noqa: S608 - question marks
            "CROSS JOIN sources CROSS JOIN sightings "
            "ON sightings.source_id = sources.id AND sightings.identity = wanted.identity",
            list(by_hash),
        )
        return {by_hash[identity] for (identity,) in found.fetchall()}
