"""What history adds to a judgement. Pure; runs inside the write transaction, on state that was read there.

So far history says only whether a post is news; stories, authors and learned relevance
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
    """What the store knows that the judge cannot: `silent` says why a post is recorded silently, None if it is not."""

    silent: str | None


def assess(judgement: Judgement, context: Context, now: datetime) -> tuple[Mention, ...]:
    """The mentions of a judgement with their final priority and reasons; `now` is the moment of the transaction."""
    if context.silent is None:
        return judgement.mentions
    why = Why(code="silent", text=f"recorded silently on {now:%Y-%m-%d %H:%M} UTC: {context.silent}")
    return tuple(replace(mention, why=(*mention.why, why)) for mention in judgement.mentions)
