"""What takes a person's data out of the database on request, wherever it stands.

A post goes with all that hangs on it: mentions, index rows, revisions, answers, alerts, deliveries, messages that
carry nothing else, and the case that was about nothing else. Its sightings stay as tombstones, 16-byte hashes, so that
a source that still serves it brings nothing back; `forgotten` holds hashes of the persons, addresses and hosts that may
not be stored again.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from monitor.store import rows
from monitor.store.adaptations import unlearn_sentiment
from monitor.store.alertnotes import blank_alerting
from monitor.store.casenotes import blank_notes, forget_colleague
from monitor.store.corrections import forget_answerer
from monitor.store.forgotten import is_forgotten, mark, source_id_of
from monitor.store.learned import unlearn
from monitor.store.removal import RemovalVerbs
from monitor.text import canonical_url, fold

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from monitor.models import JSON, Post
    from monitor.store.forgotten import Whom
    from monitor.store.removal import Erased

_NOTES: Final = (
    ("sources", "error", None),
    ("gaps", "reason", ""),
    ("alarms", "reason", ""),
    ("corrections", "note", ""),
)
FORGOTTEN: Final = "forgotten:"  # what stands in other posts' thread and parent for a post that was erased


class EraseVerbs(RemovalVerbs):
    """The part of `Store` that forgets."""

    def forget(self, whom: Whom, *, now: datetime) -> bool:
        """From now on no source brings this back; False where it was so before."""
        return self._mark(whom.kind, whom.hash, now)

    def _mark(self, kind: str, value: bytes, now: datetime) -> bool:
        added = self._db.execute(
            "INSERT INTO forgotten (kind, hash, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (kind, value, rows.to_text(now)),
        )
        return added.rowcount > 0

    def forget_person(self, name: str) -> None:
        """Whoever answered or worked under this name, folded, did it as nobody in particular; what they did stays."""
        forget_answerer(self._db, name)
        is_named = Names.of([], [name]).stand_in
        if forget_colleague(self._db, name, is_named):
            blank_alerting(self._db, is_named)

    def source_id_of(self, name: str) -> int | None:
        """The row of a source, configured or not."""
        return source_id_of(self._db, name)

    def is_forgotten(self, source_id: int | None, post: Post) -> bool:
        """Whether this may not be stored: see the function of this name."""
        return is_forgotten(self._db, source_id, post)

    def erase(self, ids: Sequence[int], *, now: datetime, standing_under: Sequence[int] = ()) -> Erased:
        """Take these posts away with all that hangs on them, in one transaction.

        `standing_under` are posts of others that name them as thread or parent: they keep a hash in that place, so
        that a thread stays together.
        """
        self._db.execute("PRAGMA secure_delete = ON")
        with self.transaction():
            names = self._names_of(ids)
            self._detach(standing_under, names)
            self._void_leases(ids)
            cursors = self._prune_cursors(names)
            self._blank_notes(names)
            self._blank_messages(ids)
            self._blank_reasons(ids, names)
            blank_notes(self._db, ids, names.stand_in)
            blank_alerting(self._db, names.stand_in)
            unlearn(self._db, ids)
            unlearned = unlearn_sentiment(self._db, ids)
            sites = self._sites_of(ids)
            gone = self._remove_posts(ids)
            self._forget_sites(sites, now)
        return gone._replace(cursors=cursors, unlearned=unlearned)

    def _names_of(self, ids: Sequence[int]) -> Names:
        """By what else these posts and their authors may be named in other rows."""
        found = self._db.execute(
            "SELECT native_id, url, author, author_url FROM posts WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(ids),),
        ).fetchall()
        return Names.of([row[0] for row in found if row[0]], [name for row in found for name in row[1:] if name])

    def _detach(self, ids: Sequence[int], names: Names) -> None:
        for column in ("thread", "parent"):
            self._db.conn.executemany(
                f"UPDATE posts SET {column} = ? WHERE {column} = ? AND id IN (SELECT value FROM json_each(?))",  # noqa: S608 - constants
                [(FORGOTTEN + mark(name).hex(), name, json.dumps(ids)) for name in names.spelt] if ids else [],
            )

    def _void_leases(self, ids: Sequence[int]) -> None:
        """A poll that is under way may have seen these posts: what it leaves of its source is not stored."""
        self._db.execute(
            "UPDATE sources SET leased_until = NULL WHERE id IN "
            "(SELECT source_id FROM posts WHERE id IN (SELECT value FROM json_each(?)))",
            (json.dumps(ids),),
        )

    def _prune_cursors(self, names: Names) -> int:
        """Take what names the forgotten out of cursors; a poll under way must not bring it back."""
        pruned = 0
        for source_id, cursor in self._db.execute("SELECT id, cursor FROM sources").fetchall():
            before = json.loads(cursor)
            if (kept := _without(before, names)) != before:
                self._db.execute(
                    "UPDATE sources SET cursor = ?, leased_until = NULL WHERE id = ?",
                    (json.dumps(kept, ensure_ascii=False), source_id),
                )
                pruned += 1
        return pruned

    def _blank_notes(self, names: Names) -> None:
        """Errors of sources and the reasons of gaps and alarms may quote an address, answers of people anything."""
        for table, column, blank in _NOTES:
            found = self._db.execute(f"SELECT rowid, {column} FROM {table} WHERE {column} <> ''")  # noqa: S608 - constants
            self._db.conn.executemany(
                f"UPDATE {table} SET {column} = ? WHERE rowid = ?",  # noqa: S608 - constants
                [(blank, row) for row, text in found.fetchall() if names.stand_in(text)],
            )

    def _blank_reasons(self, ids: Sequence[int], names: Names) -> None:
        """Mentions of the same story, and those that were answered, may say who told it or confirmed it."""
        found = self._db.execute(
            """
            WITH gone AS MATERIALIZED (SELECT value AS id FROM json_each(?)), beside AS (
                SELECT other.id FROM gone JOIN posts ON posts.id = gone.id JOIN posts AS other USING (story_id)
                UNION SELECT post_id FROM gone JOIN stances ON reply_id = gone.id
            ) SELECT mentions.id, why FROM beside CROSS JOIN mentions ON mentions.post_id = beside.id
            """,
            (json.dumps(ids),),
        )
        for mention_id, why in found.fetchall():
            reasons = json.loads(why)
            if any(names.stand_in(reason["text"]) for reason in reasons):
                kept = [
                    {**reason, "text": "(forgotten)"} if names.stand_in(reason["text"]) else reason
                    for reason in reasons
                ]
                self._db.execute(
                    "UPDATE mentions SET why = ? WHERE id = ?", (json.dumps(kept, ensure_ascii=False), mention_id)
                )

    def _sites_of(self, ids: Sequence[int]) -> set[Site]:
        """Where these posts stand, and their authors' profiles."""
        found = self._db.execute(
            "SELECT url, author_url FROM posts WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(ids),)
        )
        return {site for row in found.fetchall() for url in row if url and (site := _site_of(url))}

    def _blank_messages(self, ids: Sequence[int]) -> None:
        """A message that carries others too stays; what its receiver answered may quote what it said of these."""
        self._db.execute(
            """
            UPDATE messages SET error = NULL WHERE id IN (
                SELECT message_id FROM mentions JOIN alerts ON alerts.mention_id = mentions.id
                JOIN deliveries ON deliveries.alert_id = alerts.id
                JOIN message_deliveries ON message_deliveries.delivery_id = deliveries.id
                WHERE mentions.post_id IN (SELECT value FROM json_each(:ids))
                UNION SELECT message_id FROM case_posts JOIN case_notices USING (case_id)
                JOIN alerts ON alerts.notice_id = case_notices.id JOIN deliveries ON deliveries.alert_id = alerts.id
                JOIN message_deliveries ON message_deliveries.delivery_id = deliveries.id
                WHERE case_posts.post_id IN (SELECT value FROM json_each(:ids)))
            """,
            {"ids": json.dumps(ids)},
        )

    def _forget_sites(self, sites: Collection[Site], now: datetime) -> None:
        """A site where nothing is left may be the person's own: its rows go, and none is stored again.

        A site that is polled stays: it stands in the configuration.
        """
        for site in sites:
            hosts = json.dumps(sorted(site.hosts))
            polled = "SELECT 1 FROM sources WHERE active AND host IN (SELECT value FROM json_each(?))"
            if self._db.execute(polled, (hosts,)).fetchone() or any(map(self._has_posts_at, site.addresses)):
                continue
            self._db.execute("DELETE FROM hosts WHERE host IN (SELECT value FROM json_each(?))", (hosts,))
            for host in site.hosts:
                self._mark("host", mark(host), now)

    def _has_posts_at(self, address: str) -> bool:
        found = self._db.execute(
            "SELECT 1 FROM posts WHERE url >= ? AND url < ? LIMIT 1", (address, address + "\U0010ffff")
        )
        return found.fetchone() is not None


class Site(NamedTuple):
    """How a site stands in `hosts`, and how the addresses of its posts begin; with www. and without."""

    hosts: frozenset[str]
    addresses: frozenset[str]


def _site_of(url: str) -> Site | None:
    """The site of an address; None where it is none."""
    if (address := canonical_url(url)) is None:
        return None
    try:
        parts = urlsplit(address)
        port, bare = parts.port, (parts.hostname or "").rstrip(".").removeprefix("www.")
    except ValueError:
        return None  # what a redirect page leads to need not be an address
    try:
        written = bare.encode("idna").decode("ascii")  # as a host is asked for
    except UnicodeError:
        written = bare
    ports = {port} if port else {80, 443}
    places = {f"[{name}]" if ":" in name else name for one in (bare, written) for name in (one, f"www.{one}")}
    suffix = f":{port}" if port else ""
    return Site(
        hosts=frozenset(f"{place}:{port}" for place in places for port in ports),
        addresses=frozenset(f"{scheme}://{place}{suffix}/" for place in places for scheme in ("http", "https")),
    )


class Names(NamedTuple):
    """What names an erased post: its ids and the names and addresses of it and its author.

    Ids are short and mean something only where an id stands; names count wherever they stand as words of their own.
    """

    spelt: frozenset[str]
    ids: frozenset[str]
    words: re.Pattern[str]
    addresses: frozenset[str]

    @classmethod
    def of(cls, ids: Sequence[str], others: Sequence[str]) -> Names:
        """Of native ids and of names and addresses."""
        words = "|".join(sorted(re.escape(word) for word in {*map(fold, others)} if word))
        return cls(
            spelt=frozenset([*ids, *others]),
            ids=frozenset(map(fold, ids)),
            words=re.compile(rf"(?<!\w)(?:{words})(?!\w)" if words else r"(?!)"),
            addresses=frozenset(address for name in others if (address := canonical_url(name))),
        )

    def stand_in(self, text: str) -> bool:
        """Whether a text for people names it."""
        return self.words.search(fold(text)) is not None

    def are_meant(self, text: str, *, is_key: bool) -> bool:
        """Whether a part of a cursor names it; a mark that stands at a key may look like an id and is none."""
        address = canonical_url(text)
        if address is None:
            return self.stand_in(text) or (is_key and fold(text) in self.ids)
        parts = urlsplit(text)
        # The site is named by its host, whoever writes there.
        path = unquote(f"{parts.path}?{parts.query}#{parts.fragment}")
        values = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query)), parts.fragment]
        named = self.stand_in(path) or not self.ids.isdisjoint(fold(unquote(value)) for value in values)
        return named or address in self.addresses


def _without(value: JSON, names: Names) -> JSON:
    """`value` without the entries and items that name an erased post."""

    def goes(item: JSON, *, is_key: bool) -> bool:
        return isinstance(item, str) and names.are_meant(item, is_key=is_key)

    if isinstance(value, dict):
        return {
            key: _without(item, names)
            for key, item in value.items()
            if not goes(key, is_key=True) and not goes(item, is_key=False)
        }
    if isinstance(value, list):
        return [_without(item, names) for item in value if not goes(item, is_key=True)]
    return value
