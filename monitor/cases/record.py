"""Cases and their events as JSON: what commands print, what the socket carries, what pages will ask for."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.models import JSON, Case, CaseEvent


def case_json(case: Case) -> dict[str, JSON]:
    """A case as an object: times in ISO 8601, durations in seconds."""
    return {field.name: _value(getattr(case, field.name)) for field in fields(case)}


def event_json(event: CaseEvent) -> dict[str, JSON]:
    """An event as an object, with its body as it is stored."""
    return {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "person": event.person,
        "kind": event.kind.value,
        "before": event.before.value if event.before else None,
        "after": event.after.value if event.after else None,
        "body": dict(event.body),
    }


def _value(value: object) -> JSON:
    match value:
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case tuple():
            return [_value(item) for item in value]
        case None | bool() | int() | float():
            return value
    return str(value)
