"""The interruption budget: how often a receiver may be pinged.

It is a bucket of `burst` tokens, into which one more falls each `per / pings`; and, so that a full bucket is not spent
on top of what falls into it, there are never more than `pings` in any stretch of `per`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from monitor.models import Budget

_HOUR: Final = timedelta(hours=1)


def next_ping(budget: Budget, pings: Iterable[datetime], now: datetime) -> datetime:
    """When a receiver may be pinged next: `now` if it may, given when it was before.

    Pings that are older than `per` matter no more, and those that a clock which was set back left in the future do not
    count.
    """
    recent = _recent(budget, pings, now)
    # With the ping to come, those since one of them may be `burst` and what fell into the bucket meanwhile.
    filled = (
        ping + budget.per * (count + 1 - budget.burst) / budget.pings for count, ping in enumerate(recent, start=1)
    )
    passed = (ping + budget.per for ping in recent[budget.pings - 1 :])
    return max((now, *filled, *passed))


def why_later(budget: Budget, pings: Iterable[datetime], now: datetime) -> str:
    """What a receiver was pinged too often for, as in "more than 3 pings at once"; it is for a budget that is spent."""
    if len(_recent(budget, pings, now)) >= budget.pings:
        return f"more than {_counted(budget.pings)} in {budget.per / _HOUR:g} h"
    return f"more than {_counted(budget.burst)} at once"


def _counted(pings: int) -> str:
    return "1 ping" if pings == 1 else f"{pings} pings"


def _recent(budget: Budget, pings: Iterable[datetime], now: datetime) -> Sequence[datetime]:
    """The pings that matter, newest first."""
    return sorted((ping for ping in pings if now - budget.per < ping <= now), reverse=True)
