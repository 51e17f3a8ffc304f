"""Records to columns and back: the only place that knows how a time or a list is spelt in the file."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from monitor.models import (
    Author,
    Case,
    CaseEvent,
    CaseState,
    EventKind,
    Health,
    HostState,
    Outcome,
    Post,
    PostType,
    SourceState,
    Span,
    SpecialCase,
    Validators,
    Verdict,
    Why,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_NAMES: Final = {record: tuple(field.name for field in fields(record)) for record in (Span, SpecialCase, Why)}


def to_text(moment: datetime) -> str:
    """UTC with milliseconds, as in 2026-11-21T21:33:19.123Z: sorts as text, reads as ISO 8601."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


def to_text_or_none(moment: datetime | None) -> str | None:
    """As `to_text`; None stays None."""
    return None if moment is None else to_text(moment)


def to_moment(text: str | None) -> datetime | None:
    """The inverse of `to_text`; None stays None."""
    return None if text is None else datetime.fromisoformat(text)


def moment(value: object) -> datetime:
    """As `to_moment`, of a column that is never NULL."""
    return datetime.fromisoformat(str(value))


def records_to_json(records: Sequence[Span | SpecialCase | Why]) -> str:
    """A list of records as JSON, Cyrillic readable."""
    # A mention has a score of reasons, and `asdict` copies each of them deeply.
    flat = [{name: getattr(record, name) for name in _NAMES[type(record)]} for record in records]
    return json.dumps(flat, ensure_ascii=False)


def host_state(row: Mapping[str, object]) -> HostState:
    """A row of `hosts`."""
    return HostState(
        host=str(row["host"]),
        next_at=to_moment(_text(row["next_at"])),
        retry_at=to_moment(_text(row["retry_at"])),
        robots=_text(row["robots"]),
        robots_at=to_moment(_text(row["robots_at"])),
    )


def source_state(row: Mapping[str, object]) -> SourceState:
    """The part of a `sources` row that polling works with."""
    next_at = to_moment(str(row["next_at"]))
    assert next_at is not None  # noqa: S101 - the column is NOT NULL
    return SourceState(
        name=str(row["name"]),
        next_at=next_at,
        cursor=json.loads(str(row["cursor"])),
        validators=Validators(etag=_text(row["etag"]), last_modified=_text(row["last_modified"])),
        baseline_at=to_moment(_text(row["baseline_at"])),
        last_polled_at=to_moment(_text(row["last_polled_at"])),
        last_success_at=to_moment(_text(row["last_success_at"])),
        last_new_at=to_moment(_text(row["last_new_at"])),
        failures=int(str(row["failures"])),
        health=Health(str(row["health"])),
        error=_text(row["error"]),
        covered_at=to_moment(_text(row["covered_at"])),
        rhythm=json.loads(str(row["rhythm"])),
        interval=None if row["interval_seconds"] is None else timedelta(seconds=float(str(row["interval_seconds"]))),
    )


def post_columns(post: Post) -> tuple[object, ...]:
    """A post's own columns in the order of POST_COLUMNS."""
    return (
        post.native_id,
        post.url,
        post.title,
        post.text,
        post.author.name,
        post.author.url,
        _fitting(post.author.followers),
        to_text_or_none(post.published),
        post.lang,
        post.rating,
        _fitting(post.likes),
        _fitting(post.replies),
        _fitting(post.views),
        post.thread,
        post.parent,
        post.type.value,
        post.follow,
    )


def _fitting(count: int | None) -> int | None:
    """A count that SQLite can hold; one post's nonsense must not keep its neighbours out."""
    return count if count is not None and -(2**63) <= count < 2**63 else None


POST_COLUMNS = (
    "native_id, url, title, text, author, author_url, followers, published_at, lang, rating, likes, replies, views, "
    "thread, parent, type, follow"
)


def post_of(row: Mapping[str, object]) -> Post:
    """A post from a row that holds POST_COLUMNS."""
    return Post(
        native_id=_text(row["native_id"]),
        url=_text(row["url"]),
        title=str(row["title"]),
        text=str(row["text"]),
        author=Author(name=_text(row["author"]), url=_text(row["author_url"]), followers=_whole(row["followers"])),
        published=to_moment(_text(row["published_at"])),
        lang=_text(row["lang"]),
        rating=None if row["rating"] is None else float(str(row["rating"])),
        likes=_whole(row["likes"]),
        replies=_whole(row["replies"]),
        views=_whole(row["views"]),
        thread=_text(row["thread"]),
        parent=_text(row["parent"]),
        type=PostType(str(row["type"])),
        follow=_text(row["follow"]),
    )


CASE_COLUMNS: Final = (
    *("brand", "state", "classes", "round", "owner", "verdict", "opened_at", "found_at", "published_at"),
    *("acknowledged_at", "answered_at", "resolved_at", "waiting_at", "waited_seconds", "attempts", "failed"),
    *("public_replies", "cleared_by", "findings", "offered", "silent_reason", "ticket", "outcome", "closed_at"),
    *("merged_into", "seq"),
)
"""The columns of `cases` besides its number."""


def case_columns(case: Case) -> dict[str, object]:
    """A case's columns by name, without its number."""
    return {
        "brand": case.brand,
        "state": case.state.value,
        "classes": json.dumps(case.classes, ensure_ascii=False),
        "round": case.round,
        "owner": case.owner,
        "verdict": case.verdict and case.verdict.value,
        "opened_at": to_text(case.opened_at),
        "found_at": to_text(case.found_at),
        "published_at": to_text_or_none(case.published_at),
        "acknowledged_at": to_text_or_none(case.acknowledged_at),
        "answered_at": to_text_or_none(case.answered_at),
        "resolved_at": to_text_or_none(case.resolved_at),
        "waiting_at": to_text_or_none(case.waiting_at),
        "waited_seconds": case.waited.total_seconds(),
        "attempts": case.attempts,
        "failed": case.failed,
        "public_replies": case.public_replies,
        "cleared_by": case.cleared_by,
        "findings": case.findings,
        "offered": int(case.offered),
        "silent_reason": case.silent_reason,
        "ticket": case.ticket,
        "outcome": case.outcome and case.outcome.value,
        "closed_at": to_text_or_none(case.closed_at),
        "merged_into": case.merged_into,
        "seq": case.seq,
    }


def event_of(row: Mapping[str, Any]) -> CaseEvent:
    """A row of `case_events`."""
    return CaseEvent(
        kind=EventKind(row["kind"]),
        at=moment(row["at"]),
        person=row["person"],
        body=json.loads(row["body"]),
        before=None if row["before_state"] is None else CaseState(row["before_state"]),
        after=None if row["after_state"] is None else CaseState(row["after_state"]),
        seq=row["seq"],
    )


def case_of(row: Mapping[str, Any], *, prefix: str = "") -> Case:
    """A case from a row that holds its number and CASE_COLUMNS, each after `prefix`."""

    def at(name: str) -> datetime | None:
        return to_moment(row[f"{prefix}{name}"])

    return Case(
        id=row[f"{prefix}id"],
        brand=row[f"{prefix}brand"],
        state=CaseState(row[f"{prefix}state"]),
        classes=tuple(json.loads(row[f"{prefix}classes"])),
        opened_at=moment(row[f"{prefix}opened_at"]),
        found_at=moment(row[f"{prefix}found_at"]),
        published_at=at("published_at"),
        round=row[f"{prefix}round"],
        owner=row[f"{prefix}owner"],
        verdict=None if row[f"{prefix}verdict"] is None else Verdict(row[f"{prefix}verdict"]),
        acknowledged_at=at("acknowledged_at"),
        answered_at=at("answered_at"),
        resolved_at=at("resolved_at"),
        waiting_at=at("waiting_at"),
        waited=timedelta(seconds=row[f"{prefix}waited_seconds"]),
        attempts=row[f"{prefix}attempts"],
        failed=row[f"{prefix}failed"],
        public_replies=row[f"{prefix}public_replies"],
        cleared_by=row[f"{prefix}cleared_by"],
        findings=row[f"{prefix}findings"],
        offered=bool(row[f"{prefix}offered"]),
        silent_reason=row[f"{prefix}silent_reason"],
        ticket=row[f"{prefix}ticket"],
        outcome=None if row[f"{prefix}outcome"] is None else Outcome(row[f"{prefix}outcome"]),
        closed_at=at("closed_at"),
        merged_into=row[f"{prefix}merged_into"],
        seq=row[f"{prefix}seq"],
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _whole(value: object) -> int | None:
    return None if value is None else int(str(value))
