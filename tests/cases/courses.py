"""Courses of cases for tests: events an hour apart or where they are put, from a Monday on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.cases.course import CasePosting, Course, course
from monitor.models import CaseEvent, EventKind

if TYPE_CHECKING:
    from monitor.models import JSON

MONDAY = datetime(2026, 11, 9, tzinfo=UTC)
BRAND = "НордЧай"


def at(hours: float) -> datetime:
    """So many hours after the Monday began."""
    return MONDAY + timedelta(hours=hours)


def event(kind: EventKind, hours: float, *, person: str = "Ирина", **body: JSON) -> CaseEvent:
    return CaseEvent(kind=kind, at=at(hours), person=person, body=body)


def opened(hours: float = 0, *, published: float | None = None, classes: tuple[str, ...] = ("negative",)) -> CaseEvent:
    body: dict[str, JSON] = {"brand": BRAND, "classes": list(classes), "why": "", "found_at": at(hours).isoformat()}
    if published is not None:
        body["published_at"] = at(published).isoformat()
    return CaseEvent(kind=EventKind.OPENED, at=at(hours), body=body)


def breached(hours: float, *, due: float, kind: str = "acknowledge", clock: str = "found", step: int = 1) -> CaseEvent:
    body: dict[str, JSON] = {"deadline": kind, "clock": clock, "step": step, "due_at": at(due).isoformat()}
    return CaseEvent(kind=EventKind.BREACHED, at=at(hours), body=body)


def posting(
    number: int, hours: float, *, source: str = "forum", author: str = "оля", influence: int = 10
) -> CasePosting:
    return CasePosting(post_id=number, at=at(hours), source=source, keys=frozenset({author}), influence=influence)


def took(number: int, *events: CaseEvent, posts: tuple[CasePosting, ...] = ()) -> Course:
    return course(number, events, posts)
