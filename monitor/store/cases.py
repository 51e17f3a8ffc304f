"""Cases: what happened to them, what is due, what people were told; the events are the truth, the row follows them.

What an event means is decided in `monitor.cases`, which a store does not know: here a case is written as it is given,
but never over one that others have changed meanwhile.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.errors import StoreError
from monitor.models import (
    AlertIntent,
    Author,
    Case,
    CaseEvent,
    CaseState,
    Label,
)
from monitor.store import rows
from monitor.store.casedeadlines import OVER, DeadlineReading, DeadlineVerbs
from monitor.store.queries import DUE, FIRST

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlite_utils import Database

    from monitor.models import JSON, Dispatch, NoticeIntent


class CasePost(NamedTuple):
    """A post of a case, and why it is one; `sentiment` is that of its mention, None where it mentions nobody."""

    post_id: int
    mention_id: int | None
    why: str
    joined_at: datetime
    author: Author
    title: str
    text: str
    url: str | None
    source: str
    at: datetime
    sentiment: Label | None
    removed_at: datetime | None
    lang: str | None


_LIST: Final = f"""
    SELECT * FROM (
        SELECT cases.*, ({DUE}) AS due_at,
            (SELECT count(*) FROM case_posts WHERE case_posts.case_id = cases.id) AS posts, ({FIRST}) AS first_post
        FROM cases WHERE (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
            AND (:owner IS NULL OR owner = :owner) AND (:brand IS NULL OR brand = :brand)
            AND (:class IS NULL OR EXISTS (SELECT 1 FROM json_each(classes) WHERE value = :class))
    ) WHERE :due_before IS NULL OR due_at < :due_before
    ORDER BY due_at IS NULL, due_at, id DESC LIMIT :limit
"""  # noqa: S608 - constants
_LISTED: Final = f"""
    SELECT listed.*, posts.title, substr(posts.text, 1, 300) AS excerpt, posts.author, posts.url,
        sources.name AS source
    FROM ({_LIST}) AS listed LEFT JOIN posts ON posts.id = first_post LEFT JOIN sources ON sources.id = source_id
    ORDER BY due_at IS NULL, due_at, listed.id DESC
"""  # noqa: S608


class CaseReading(DeadlineReading):
    """What is asked of cases."""

    _db: Database

    def case(self, case_id: int) -> Case | None:
        """One case as it stands, or None."""
        row = next(self._db.query("SELECT * FROM cases WHERE id = ?", (case_id,)), None)
        return None if row is None else rows.case_of(row)

    def events_of(self, case_id: int, *, since: int = 0) -> list[CaseEvent]:
        """All that happened to a case after the event with this number, in order."""
        found = self._db.query("SELECT * FROM case_events WHERE case_id = ? AND seq > ? ORDER BY seq", (case_id, since))
        return [rows.event_of(row) for row in found]

    def cases_list(
        self,
        *,
        limit: int,
        states: Collection[CaseState] | None = None,
        open_only: bool = False,
        owner: str | None = None,
        brand: str | None = None,
        of_class: str | None = None,
        due_before: datetime | None = None,
    ) -> list[dict[str, object]]:
        """Cases as rows, the most urgent first, those with nothing due last, the newest of them first.

        Besides the columns of `cases`, `classes` as a list: `due_at`, the next deadline on the clock of detection, or
        the one that has passed and is not met; `posts`, their number; title, excerpt, author, url and source of the
        first of them. `open_only` leaves out closed and merged ones.
        """
        wanted = set(CaseState if states is None else states)
        if open_only:
            wanted -= {CaseState(state) for state in OVER}
        found = self._db.query(
            _LISTED,
            {
                "states": json.dumps(sorted(wanted)),
                "owner": owner,
                "brand": brand,
                "class": of_class,
                "due_before": rows.to_text_or_none(due_before),
                "limit": limit,
            },
        )
        return [{**row, "classes": json.loads(row["classes"])} for row in found]

    def case_posts(self, case_id: int) -> list[CasePost]:
        """The posts of a case, by when they were published, or else found."""
        found = self._db.execute(
            """
            SELECT case_posts.post_id, case_posts.mention_id, case_posts.why, case_posts.joined_at, posts.author,
                posts.author_url, posts.title, posts.text, posts.url, sources.name,
                coalesce(posts.published_at, posts.discovered_at), mentions.sentiment, posts.removed_at, posts.lang
            FROM case_posts CROSS JOIN posts ON posts.id = case_posts.post_id
                JOIN sources ON sources.id = posts.source_id LEFT JOIN mentions ON mentions.id = case_posts.mention_id
            WHERE case_posts.case_id = ? ORDER BY 11, 1
            """,
            (case_id,),
        )
        return [
            CasePost(
                post_id=row[0],
                mention_id=row[1],
                why=row[2],
                joined_at=rows.moment(row[3]),
                author=Author(name=row[4], url=row[5]),
                title=row[6],
                text=row[7],
                url=row[8],
                source=row[9],
                at=rows.moment(row[10]),
                sentiment=None if row[11] is None else Label(row[11]),
                removed_at=rows.to_moment(row[12]),
                lang=row[13],
            )
            for row in found.fetchall()
        ]

    def told_of_case(self, case_id: int) -> list[dict[str, object]]:
        """Who was told of a case besides its mentions, in order: `at`, `kind`, `deadline`, `receiver`, `state`."""
        found = self._db.query(
            """
            SELECT case_notices.at, kind, deadline, receiver, deliveries.state FROM case_notices
                JOIN alerts ON notice_id = case_notices.id JOIN deliveries ON alert_id = alerts.id
            WHERE case_id = ? ORDER BY deliveries.id
            """,
            (case_id,),
        )
        return list(found)

    def case_of(self, post_id: int, brand: str) -> int | None:
        """The case that a post belongs to as a complaint to a brand; None where to none."""
        row = self._db.execute(
            "SELECT case_id FROM case_posts WHERE post_id = ? AND brand = ?", (post_id, brand)
        ).fetchone()
        return None if row is None else int(row[0])

    def language_of_case(self, case_id: int) -> str | None:
        """The language of the first post of a case that has one, as a two-letter code."""
        row = self._db.execute(
            "SELECT lang FROM case_posts JOIN posts ON posts.id = post_id WHERE case_id = ? AND lang IS NOT NULL "
            "ORDER BY coalesce(published_at, discovered_at), posts.id LIMIT 1",
            (case_id,),
        ).fetchone()
        return None if row is None else str(row[0])


class CaseVerbs(CaseReading, DeadlineVerbs):
    """The part of `Store` that knows cases."""

    def add_case(self, event: CaseEvent) -> Case:
        """Open a case with its first event, whose body says brand, classes and the beginning of its clocks."""
        body = event.body
        classes = body["classes"]
        assert isinstance(classes, list)  # noqa: S101 - see EventKind.OPENED
        case = Case(
            id=0,
            brand=str(body["brand"]),
            state=CaseState.NEW,
            classes=tuple(sorted({str(one) for one in classes})),
            opened_at=event.at,
            found_at=_time(body.get("found_at")) or event.at,
            published_at=_time(body.get("published_at")),
            seq=1,
        )
        columns = rows.case_columns(case)
        with self._in_transaction():
            case_id = self._insert(
                f"INSERT INTO cases ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)}) "  # noqa: S608 - constants
                "RETURNING id",
                columns,
            )
            assert case_id is not None  # noqa: S101 - nothing can conflict
            self._add_events(case_id, [replace(event, after=CaseState.NEW, seq=1)])
        stored = self.case(case_id)
        assert stored is not None  # noqa: S101 - it was just written
        return stored

    def save_case(self, case: Case, events: Sequence[CaseEvent]) -> None:
        """Append events to a case, which they have made what it is now.

        Raises StoreError where they do not follow the last stored one: somebody else was faster.
        """
        if not events:
            return
        columns = rows.case_columns(case)
        with self.transaction():
            stored = self._db.execute("SELECT seq FROM cases WHERE id = ?", (case.id,)).fetchone()
            numbers = [event.seq for event in events]
            if stored is None or numbers != list(range(stored[0] + 1, case.seq + 1)):
                raise StoreError(
                    f"case {case.id} was changed meanwhile: it has {stored and stored[0]} events, "
                    f"and {numbers[0]} to {numbers[-1]} were to follow"
                )
            self._add_events(case.id, events)
            self._db.execute(
                f"UPDATE cases SET {', '.join(f'{name} = :{name}' for name in columns)} WHERE id = :id",  # noqa: S608 - constants
                {**columns, "id": case.id},
            )

    def _add_events(self, case_id: int, events: Iterable[CaseEvent]) -> None:
        self._db.conn.executemany(
            "INSERT INTO case_events (case_id, seq, at, person, kind, before_state, after_state, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    case_id,
                    event.seq,
                    rows.to_text(event.at),
                    event.person,
                    event.kind.value,
                    event.before and event.before.value,
                    event.after and event.after.value,
                    json.dumps(event.body, ensure_ascii=False),
                )
                for event in events
            ],
        )

    def put_post(
        self,
        case_id: int,
        *,
        post_id: int,
        brand: str,
        mention_id: int | None,
        why: str,
        now: datetime,
        by_hand: bool = False,
    ) -> None:
        """A post belongs to a case, `by_hand` if a person said so; one of another case of that brand moves."""
        self._db.execute(
            """
            INSERT INTO case_posts (post_id, brand, case_id, mention_id, why, joined_at, by_hand)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (post_id, brand) DO UPDATE SET
                why = iif(case_id = excluded.case_id, why, excluded.why),
                joined_at = iif(case_id = excluded.case_id, joined_at, excluded.joined_at),
                mention_id = coalesce(excluded.mention_id, mention_id), case_id = excluded.case_id,
                by_hand = max(by_hand, excluded.by_hand)
            """,
            (post_id, brand, case_id, mention_id, why, rows.to_text(now), int(by_hand)),
        )

    def move_post(self, case_id: int, *, post_id: int, brand: str, why: str, now: datetime) -> None:
        """A post of a case goes over to another."""
        self.put_post(case_id, post_id=post_id, brand=brand, mention_id=None, why=why, now=now)

    # ── notices ──

    def add_notice(self, intent: NoticeIntent, to: Sequence[Dispatch], *, now: datetime) -> int | None:
        """Store what people must hear of a case, with an alert where there is somebody `to` hear it.

        Returns its number; None where the same intent was stored before, which tells nobody again.
        """
        with self._in_transaction():
            notice = self._insert(
                "INSERT INTO case_notices (key, case_id, kind, reason, deadline, clock, due_at, post_id, at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id",
                (
                    intent.key,
                    intent.case_id,
                    intent.kind.value,
                    intent.reason,
                    intent.deadline and intent.deadline.value,
                    intent.clock and intent.clock.value,
                    rows.to_text_or_none(intent.due_at),
                    intent.post_id,
                    rows.to_text(now),
                ),
            )
            if notice is not None and to:
                told = AlertIntent(key=intent.key, reason=f"case: {intent.kind.value}", to=tuple(to))
                self._add_alert(told, notice_id=notice, now=now)
        return notice


def _time(value: JSON) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
