"""Records to columns and back: the only place that knows how a time or a list is spelt in the file."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from monitor.models import Author, Health, HostState, Post, PostType, SourceState, Span, SpecialCase, Validators, Why

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


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _whole(value: object) -> int | None:
    return None if value is None else int(str(value))
