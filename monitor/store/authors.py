"""Authors across sources: their earlier posts, how far others of their platform reach, and what hosts are worth.

By which name or address two posts are of one author is decided elsewhere; here they are looked up. `reach` holds
counts of authors by followers, which say nothing of anybody; an author is counted once for a platform.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.errors import InputError
from monitor.store import rows
from monitor.store.m004 import author_key, author_link, reach_step
from monitor.store.outbox import OutboxVerbs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlite_utils import Database

    from monitor.models import Post


_COMING: Final = "CREATE TEMP TABLE coming_ranks (domain TEXT PRIMARY KEY, rank INTEGER NOT NULL) WITHOUT ROWID"
# Of the same shape as `domain_ranks`: then SQLite copies it whole, which holds others up for less.


class Known(NamedTuple):
    """By what an author's posts are found: a name, at one source or at all, and the address of a profile, as spelt."""

    name: str | None
    source: str | None = None
    link: str | None = None


class Said(NamedTuple):
    """A mention in an earlier post of an author; `negative` where it is and is not doubtful."""

    post_id: int
    mention_id: int
    brand: str
    source: str
    at: datetime
    negative: bool
    thread: str | None
    url: str | None


class Wrote(NamedTuple):
    """What an author wrote: names as they were spelt, mentions newest first, the number of posts and the first one."""

    names: tuple[str, ...] = ()
    mentions: tuple[Said, ...] = ()
    posts: int = 0
    first_seen: datetime | None = None


class AuthorReading:
    """What is asked of authors."""

    _db: Database

    def wrote(self, known: Known, *, without: int, posts: int, mentions: int) -> Wrote:
        """What an author wrote besides the post `without`: of the newest `posts` the newest `mentions`."""
        where, values = _where(known)
        if not where:
            return Wrote()
        values |= {"without": without, "posts": posts, "mentions": mentions}
        # An index for each way in, and each stops by itself: an OR would walk every post, a robot has 100,000.
        mine = f"SELECT id FROM ({' UNION '.join(where)}) ORDER BY id DESC LIMIT :posts"  # noqa: S608 - constants, here and below
        found = self._db.execute(
            f"SELECT count(*), min(discovered_at), json_group_array(DISTINCT author) FILTER (WHERE author IS NOT NULL) "  # noqa: S608
            f"FROM ({mine}) AS mine CROSS JOIN posts ON posts.id = mine.id",
            values,
        ).fetchone()
        if not found[0]:
            return Wrote()
        said = self._db.execute(
            f"""
            SELECT mentions.post_id, mentions.id, brand, sources.name, mentions.at,
                sentiment = 'negative' AND NOT doubtful, thread, posts.url
            FROM ({mine}) AS mine CROSS JOIN mentions ON mentions.post_id = mine.id
            JOIN posts ON posts.id = mine.id JOIN sources ON sources.id = mentions.source_id
            ORDER BY mentions.at DESC, mentions.id DESC LIMIT :mentions
            """,  # noqa: S608
            values,
        ).fetchall()
        return Wrote(
            names=tuple(json.loads(found[2])),
            mentions=tuple(
                Said(row[0], row[1], row[2], row[3], rows.moment(row[4]), bool(row[5]), row[6], row[7]) for row in said
            ),
            posts=int(found[0]),
            first_seen=rows.moment(found[1]),
        )

    def author_of(self, mention_id: int) -> tuple[str | None, str | None, str] | None:
        """Name and profile of the author of a mention's post, and the source; None where there is no such mention."""
        row = self._db.execute(
            "SELECT author, author_url, sources.name FROM mentions JOIN posts ON posts.id = post_id "
            "JOIN sources ON sources.id = posts.source_id WHERE mentions.id = ?",
            (mention_id,),
        ).fetchone()
        return None if row is None else (row[0], row[1], str(row[2]))

    def reach_below(self, source: str, followers: int) -> tuple[int, int]:
        """Of the authors of a source's platform: how many have fewer followers, counting half of the like, and all."""
        below, alike, everybody = self._db.execute(
            "SELECT total(authors) FILTER (WHERE step < :step), total(authors) FILTER (WHERE step = :step), "
            "total(authors) FROM reach WHERE platform = "
            "(SELECT coalesce(nullif(host, ''), kind) FROM sources WHERE name = :source)",
            {"step": reach_step(followers), "source": source},
        ).fetchone()
        return round(below + alike / 2), int(everybody)

    def domain_rank(self, host: str) -> int | None:
        """The imported rank of a host, or of the nearest domain above it; None where none is known."""
        labels = host.lower().strip(".").split(".")
        domains = [".".join(labels[start:]) for start in range(len(labels) - 1)]
        for domain in domains:
            if found := self._db.execute("SELECT rank FROM domain_ranks WHERE domain = ?", (domain,)).fetchone():
                return int(found[0])
        return None

    def domain_ranks(self) -> int:
        """How many domains have an imported rank."""
        return int(self._db.execute("SELECT count(*) FROM domain_ranks").fetchone()[0])


class AuthorVerbs(AuthorReading, OutboxVerbs):
    """The part of `Store` that knows authors."""

    _coming: str | None = None  # the list of ranks whose parts come in now

    def count_reach(self, source_id: int, post: Post) -> None:
        """Count an author's followers, once for each author and platform; call it before the post is stored."""
        key, followers = author_key(post.author.name), post.author.followers
        if key is None or followers is None or self._is_counted(key, source_id):
            return
        self._db.execute(
            "INSERT INTO reach SELECT coalesce(nullif(host, ''), kind), ?, 1 FROM sources WHERE id = ? "
            "ON CONFLICT DO UPDATE SET authors = authors + 1",
            (reach_step(followers), source_id),
        )

    def _is_counted(self, key: str, source_id: int) -> bool:
        found = self._db.execute(
            "SELECT 1 FROM posts INDEXED BY posts_by_reach CROSS JOIN sources ON sources.id = posts.source_id "
            "WHERE author_key = ? AND followers IS NOT NULL AND (coalesce(nullif(host, ''), kind)) = "
            "(SELECT coalesce(nullif(host, ''), kind) FROM sources WHERE id = ?) LIMIT 1",
            (key, source_id),
        )
        return found.fetchone() is not None

    def rank_domains(self, ranks: Iterable[tuple[str, int]], *, of: str, first: bool, last: bool) -> int:
        """Take in a part of a list of ranks, which `of` tells from any other; the `last` puts it in the former's place.

        Returns how many domains have a rank now. Until the last part is here nothing of the list counts. Raises
        InputError for a part whose beginning is not here: another list came between, or the daemon was started anew.
        """
        if not first and of != self._coming:
            raise InputError("the beginning of this list of ranks is gone, nothing was taken over: start it again")
        with self.transaction():
            if first:
                self._db.execute("DROP TABLE IF EXISTS temp.coming_ranks")
                self._db.execute(_COMING)
            self._db.conn.executemany(
                "INSERT INTO temp.coming_ranks VALUES (?, ?) ON CONFLICT DO UPDATE SET rank = min(rank, excluded.rank)",
                ranks,
            )
            if last:
                self._db.execute("DELETE FROM domain_ranks")
                self._db.execute("INSERT INTO domain_ranks SELECT * FROM temp.coming_ranks")
                self._db.execute("DROP TABLE temp.coming_ranks")
        self._coming = None if last else of
        return self.domain_ranks()


def _where(known: Known) -> tuple[list[str], dict[str, object]]:
    """The ways to an author's posts, each by its index, and their values."""
    ways: list[str] = []
    name, link = author_key(known.name), author_link(known.link)
    if name is not None:
        here = " AND source_id = (SELECT id FROM sources WHERE name = :source)" if known.source is not None else ""
        ways.append(f"author_key = :name{here}")
    if link is not None:
        ways.append("author_link = :link")
    newest = "SELECT id FROM (SELECT id FROM posts WHERE {} AND id <> :without ORDER BY id DESC LIMIT :posts)"
    return [newest.format(way) for way in ways], {"name": name, "source": known.source, "link": link}
