"""Silences: what somebody wants nobody to be told of, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from monitor.models import Silence
    from monitor.query import Predicate

    CompiledSilence: TypeAlias = tuple[Silence, Predicate]

EVERYTHING: Final = "*"
"""The query of a silence that is about its case alone."""


def first_match(
    silences: Iterable[CompiledSilence], facts: Mapping[str, object], *, case_id: int | None, now: datetime
) -> Silence | None:
    """The first silence that holds now for what has these facts and belongs to this case, None where none does.

    One that names a case is about what belongs to it, and where it has a query, too, about what satisfies that besides.
    """
    for silence, holds in silences:
        if not silence.starts_at <= now < silence.ends_at:
            continue
        if silence.case_id is not None and silence.case_id == case_id:
            return silence
        if (silence.case_id is None or silence.match != EVERYTHING) and holds(facts):
            return silence
    return None


def why_muted(silence: Silence) -> str:
    """What is noted with a delivery that it mutes, such as "silence 3 by Anna until 2026-11-23 09:00 UTC: campaign"."""
    return f"silence {silence.id} by {silence.person} until {silence.ends_at:%Y-%m-%d %H:%M} UTC: {silence.comment}"
