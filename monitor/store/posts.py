"""The verbs of posts and mentions: what is new, what reads differently now, what was said of whom, who answered."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.store import rows
from monitor.store.authors import AuthorVerbs
from monitor.store.forgotten import is_forgotten
from monitor.store.m002 import identity_hash, text_hash
from monitor.store.m004 import author_key, author_link
from monitor.store.search import StaleMention, index_mention, index_stale, stale_mentions, unindex_mention

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from monitor.models import Lemmas, Mention, Post, Why

REVISIONS: Final = 20  # wordings of one post that are kept; a counter in the text must not fill the disk


class StoredPost(NamedTuple):
    """A post as it stands: its id, its present wording and the brands that it mentions, with the mentions' ids."""

    id: int
    source_id: int
    title: str
    text: str
    author: str | None
    mentions: dict[str, int]


class PostVerbs(AuthorVerbs):
    """The part of `Store` that knows posts."""

    def unseen(self, source_id: int, identities: Collection[str]) -> set[str]:
        """Those of `identities` that this source has not shown before."""
        by_hash = {identity_hash(identity): identity for identity in identities}
        found = self._db.query(
            """
            SELECT value FROM json_each(?) AS wanted
            WHERE NOT EXISTS (SELECT 1 FROM sightings WHERE source_id = ? AND identity = wanted.value)
            """,
            (json.dumps(list(by_hash)), source_id),
        )
        return {by_hash[str(row["value"])] for row in found}

    def has_posts(self, source_id: int) -> bool:
        """Whether this source has ever yielded a post."""
        return bool(self._db.execute("SELECT 1 FROM posts WHERE source_id = ? LIMIT 1", (source_id,)).fetchall())

    def add_post(self, source_id: int, post: Post, *, identities: Sequence[str], now: datetime) -> int | None:
        """Store a post under its first identity and note every identity it can be known by.

        Returns its id, or None when the source has shown it before: two polls in flight cannot store it twice. Of what
        was erased on request only the tombstone is stored.
        """
        with self._in_transaction():
            if is_forgotten(self._db, source_id, post):
                self.add_sightings(source_id, None, identities=identities, now=now)
                return None
            self.count_reach(source_id, post)
            post_id = self._insert(
                f"""
                INSERT INTO posts (key, source_id, discovered_at, hash, author_key, author_link, {rows.POST_COLUMNS})
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (key) DO NOTHING RETURNING id
                """,  # noqa: S608 - POST_COLUMNS is a constant
                (
                    f"{source_id}:{identities[0]}",
                    source_id,
                    rows.to_text(now),
                    text_hash(post.title, post.text),
                    author_key(post.author.name),
                    author_link(post.author.url),
                    *rows.post_columns(post),
                ),
            )
            if post_id is not None:
                self.add_sightings(source_id, post_id, identities=identities, now=now)
        return post_id

    def add_sightings(self, source_id: int, post_id: int | None, *, identities: Sequence[str], now: datetime) -> None:
        """Note that a post, or the tombstone of one, is known by these identities too."""
        at = rows.to_text(now)
        self._db.conn.executemany(
            "INSERT INTO sightings (source_id, identity, post_id, seen_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(source_id, identity_hash(identity), post_id, at) for identity in identities],
        )

    def find_post(self, source_id: int, identity: str) -> StoredPost | None:
        """The post that a source showed under this identity; None where there is none, or only its tombstone."""
        found = self._stored_posts("sightings.source_id = ? AND identity = ?", (source_id, identity_hash(identity)))
        return next(iter(found), None)

    def posts_elsewhere(self, source_id: int, link: str) -> list[StoredPost]:
        """Posts that other sources showed under a link, a few at most: one page may be the link of several."""
        where = "identity = ? AND sightings.source_id <> ? LIMIT 5"
        return self._stored_posts(where, (identity_hash(link), source_id))

    def _stored_posts(self, where: str, values: tuple[object, ...]) -> list[StoredPost]:
        found = self._db.query(
            "SELECT DISTINCT posts.id, posts.source_id, title, text, author FROM sightings "  # noqa: S608 - constants of this class
            f"JOIN posts ON posts.id = post_id WHERE {where}",
            values,
        )
        return [
            StoredPost(
                id=int(row["id"]),
                source_id=int(row["source_id"]),
                title=row["title"],
                text=row["text"],
                author=row["author"],
                mentions=self._mentions_of(int(row["id"])),
            )
            for row in found
        ]

    def _mentions_of(self, post_id: int) -> dict[str, int]:
        found = self._db.query("SELECT id, brand FROM mentions WHERE post_id = ?", (post_id,))
        return {row["brand"]: int(row["id"]) for row in found}

    def silenced(self, post_id: int, why: str) -> set[str]:
        """The brands of whose mentions in a post nobody was told, for this reason."""
        found = self._db.query(
            "SELECT brand FROM mentions WHERE post_id = ? AND decision = ?", (post_id, f"recorded silently: {why}")
        )
        return {str(row["brand"]) for row in found}

    def wordings(self, source_id: int, identities: Collection[str]) -> dict[str, int]:
        """By how many identities each of these posts is known, by the given one; without tombstones."""
        by_hash = {identity_hash(identity): identity for identity in identities}
        found = self._db.query(
            """
            SELECT wanted.value, (SELECT count(*) FROM sightings AS other WHERE other.post_id = own.post_id) AS known
            FROM json_each(?) AS wanted JOIN sightings AS own ON own.source_id = ? AND own.identity = wanted.value
            WHERE own.post_id IS NOT NULL
            """,
            (json.dumps(list(by_hash)), source_id),
        )
        return {by_hash[str(row["value"])]: int(row["known"]) for row in found}

    def revise_post(self, post_id: int, *, title: str, text: str, now: datetime) -> None:
        """A post reads differently now: its former wording becomes a revision, the newest REVISIONS are kept."""
        at = rows.to_text(now)
        with self._in_transaction():
            self._db.execute(
                """
                INSERT INTO revisions (post_id, title, text, hash, seen_at, replaced_at)
                SELECT id, title, text, hash,
                       coalesce((SELECT max(replaced_at) FROM revisions WHERE post_id = posts.id), discovered_at), ?
                FROM posts WHERE id = ?
                """,
                (at, post_id),
            )
            self._db.execute(
                "DELETE FROM revisions WHERE id IN "
                "(SELECT id FROM revisions WHERE post_id = ? ORDER BY id DESC LIMIT -1 OFFSET ?)",
                (post_id, REVISIONS),
            )
            self._db.execute(
                "UPDATE posts SET title = ?, text = ?, hash = ? WHERE id = ?",
                (title, text, text_hash(title, text), post_id),
            )

    def add_mention(self, post_id: int, mention: Mention, *, decision: str, lemmas: Lemmas, now: datetime) -> int:
        """Store a post seen from one brand, with the reason why it did or did not become an alert; returns its id."""
        columns = _mention_columns(mention)
        mention_id = self._insert(
            f"""
            INSERT INTO mentions (post_id, brand, decision, created_at, {", ".join(columns)}, source_id, at, rating)
            SELECT :post_id, :brand, :decision, :now, {", ".join(f":{name}" for name in columns)},
                   source_id, coalesce(published_at, discovered_at), rating
            FROM posts WHERE id = :post_id RETURNING id
            """,  # noqa: S608 - the names are constants
            {
                **columns,
                "post_id": post_id,
                "brand": mention.brand,
                "decision": decision,
                "now": rows.to_text(now),
            },
        )
        assert mention_id is not None  # noqa: S101 - the post is there: the caller just stored it
        index_mention(self._db, mention_id, lemmas)
        return mention_id

    def rejudge_mention(
        self, mention_id: int, mention: Mention, *, lemmas: Lemmas | None, decision: str | None = None
    ) -> None:
        """A stored mention is judged anew, because its post, the rules or what is known changed; its id stays.

        Without lemmas it is found by no search until the next tick has looked them up.
        """
        columns = _mention_columns(mention)
        with self._in_transaction():
            self._db.execute(
                f"UPDATE mentions SET {', '.join(f'{name} = :{name}' for name in columns)}, "  # noqa: S608 - constants
                "decision = coalesce(:decision, decision) WHERE id = :id",
                {**columns, "id": mention_id, "decision": decision},
            )
            if lemmas is not None:
                index_mention(self._db, mention_id, lemmas)
            else:
                unindex_mention(self._db, mention_id)
                self._db.execute("UPDATE mentions SET search_version = 0 WHERE id = ?", (mention_id,))

    def unname_mention(self, mention_id: int, why: Why) -> None:
        """The post no longer names the brand: the mention stays as doubtful, with the reason, and marks no place."""
        # Its row of the index says what is no longer so; the next tick writes another.
        unindex_mention(self._db, mention_id)
        self._db.execute(
            "UPDATE mentions SET doubtful = 1, spans = '[]', search_version = 0, "
            "why = json_insert(why, '$[#]', json(?)) WHERE id = ?",
            (json.dumps(asdict(why), ensure_ascii=False), mention_id),
        )

    def stale_mentions(self, limit: int) -> list[StaleMention]:
        """Up to `limit` mentions that the search index does not know as they are; mostly none."""
        return stale_mentions(self._db, limit)

    def index_stale(self, lemmas: Sequence[tuple[StaleMention, Lemmas]]) -> None:
        """Index mentions that `stale_mentions` gave; one that was changed meanwhile is stale again."""
        with self.transaction():
            index_stale(self._db, lemmas)

    def add_gap(self, source_id: int, *, since: datetime, until: datetime, reason: str, now: datetime) -> None:
        """A stretch of time that a source could not cover."""
        self._db.execute(
            "INSERT INTO gaps (source_id, from_at, to_at, reason, recorded_at) VALUES (?, ?, ?, ?, ?)",
            (source_id, rows.to_text(since), rows.to_text(until), reason, rows.to_text(now)),
        )


def _mention_columns(mention: Mention) -> dict[str, object]:
    """What a judgement says of a mention, as columns."""
    sentiment = mention.sentiment
    return {
        "relevance": mention.relevance,
        "doubtful": int(mention.doubtful),
        "sentiment": sentiment.label.value,
        "negative": sentiment.negative,
        "neutral": sentiment.neutral,
        "positive": sentiment.positive,
        "influence": mention.influence,
        "priority": mention.priority,
        "spans": rows.records_to_json(mention.spans),
        "special_cases": rows.records_to_json(mention.special_cases),
        "why": rows.records_to_json(mention.why),
    }
