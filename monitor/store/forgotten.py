"""Whom a request to be forgotten concerns, what of theirs is stored, and the marks by which nothing of it comes back.

Reading only, over a connection of the caller's: finding an author's posts looks at every author. The marks are 16-byte
hashes; one for a single source is made with the source's name, because its number differs after a restore.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Literal

from sqlite_utils import Database

from monitor.store.adaptations import count_unlearned
from monitor.store.m002 import identity_hash
from monitor.store.removal import Erased
from monitor.store.schema import APPLICATION_ID
from monitor.text import canonical_url, fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from monitor.models import Post

_MAGIC: Final = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """What is to be forgotten: an author by folded name or canonical address, or one canonical address of a post.

    `source` is the name of the only source that it concerns, None for all.
    """

    kind: Literal["author", "url"]
    value: str
    source: str | None = None

    @property
    def hash(self) -> bytes:
        """What is kept of it."""
        return mark(self.value, self.source)


def mark(value: str, source: str | None = None) -> bytes:
    """What is kept of a name or an address, at one source or at all."""
    return blake2b(f"{source or ''}\0{value}".encode(errors="surrogatepass"), digest_size=16).digest()


def is_forgotten(db: Database, source_id: int | None, post: Post) -> bool:
    """Whether the author of `post`, or its address, was erased on request: then it may not be stored."""
    author, author_url = post.author.name, canonical_url(post.author.url) if post.author.url else None
    named = [("author", value) for value in (author and fold(author), author_url) if value]
    if post.url and (address := canonical_url(post.url)):
        named.append(("url", address))
    row = db.execute("SELECT name FROM sources WHERE id = ?", (source_id,)).fetchone()
    sources = {None, str(row[0])} if row else {None}
    marks = [(kind, mark(value, source)) for kind, value in named for source in sources]
    return any(
        db.execute("SELECT 1 FROM forgotten WHERE kind = ? AND hash = ?", one).fetchone() is not None for one in marks
    )


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
        mine = (
            "SELECT posts.id FROM posts JOIN sources ON sources.id = source_id "
            "WHERE sources.name = ? AND posts.id IN (SELECT value FROM json_each(?))"
        )
        found = {int(post_id) for (post_id,) in db.execute(mine, (whom.source, json.dumps(list(found))))}
    return sorted(found)


def _at_address(db: Database, address: str) -> Iterator[int]:
    """Posts at a canonical address, however a source spelt it."""
    rest = address[address.index(":") :]
    spellings = (f"url:{address}", f"url{rest}", f"link{rest}")
    seen = "SELECT DISTINCT post_id FROM sightings WHERE identity IN (?, ?, ?) AND post_id IS NOT NULL"
    yield from (int(post_id) for (post_id,) in db.execute(seen, tuple(map(identity_hash, spellings))).fetchall())
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
    emptied = (
        f"SELECT DISTINCT case_id FROM case_posts AS held WHERE post_id IN ({posts}) AND NOT EXISTS (SELECT 1 "  # noqa: S608
        f"FROM case_posts WHERE case_posts.case_id = held.case_id AND case_posts.post_id NOT IN ({posts}))"
    )
    cases = (
        f"WITH RECURSIVE gone (id) AS ({emptied} UNION SELECT cases.id FROM gone JOIN cases ON merged_into = gone.id) "  # noqa: S608
        "SELECT id FROM gone"
    )
    notices = f"SELECT id FROM case_notices WHERE case_id IN ({cases})"  # noqa: S608
    alerts = f"SELECT id FROM alerts WHERE mention_id IN ({mentions}) OR notice_id IN ({notices})"  # noqa: S608
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
        unlearned=count_unlearned(db, ids),
        cases=count(cases),
    )


def still_in(path: Path, whom: Whom) -> int | None:
    """How many of the posts another database file of ours holds, such as a backup; 0 where it is none of ours.

    None where that cannot be known: the file cannot be read, or a part of it lies in a -wal beside it.
    """
    try:
        with path.open("rb") as file:
            header = file.read(100)
        if not header.startswith(_MAGIC) or int.from_bytes(header[68:72], "big") != APPLICATION_ID:
            return 0
        wal = path.with_name(path.name + "-wal")
        if wal.exists() and wal.stat().st_size:
            return None
        # immutable: it leaves no files beside a backup, and reads one from which others may take away the right to.
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                return None
            return len(posts_of(Database(connection), whom))
    except (OSError, sqlite3.DatabaseError):
        return None
