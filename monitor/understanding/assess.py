"""What history adds to a judgement. Pure; runs inside the write transaction, on state that was read there.

So far history says only whether a source is being seen for the first time; stories, authors and learned relevance
join the Context as they are built.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from monitor.models import Why

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.models import Judgement, Mention


@dataclass(frozen=True, slots=True)
class Context:
    """What the store knows that the judge cannot: `baseline` is True while a source is recorded silently."""

    baseline: bool


def assess(judgement: Judgement, context: Context, now: datetime) -> tuple[Mention, ...]:
    """The mentions of a judgement with their final priority and reasons; `now` is the moment of the transaction."""
    if not context.baseline:
        return judgement.mentions
    first = Why(
        code="baseline", text=f"found by the first poll of its source, {now:%Y-%m-%d %H:%M} UTC: recorded silently"
    )
    return tuple(replace(mention, why=(*mention.why, first)) for mention in judgement.mentions)
