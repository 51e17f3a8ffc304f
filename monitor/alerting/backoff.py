"""When a message that was not taken is tried again, and when it is given up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

SHORTEST: Final = timedelta(seconds=10)
LONGEST: Final = timedelta(minutes=15)
GIVEN_UP_AFTER: Final = timedelta(days=7)


def next_attempt(*, attempts: int, created_at: datetime, now: datetime, jitter: float) -> datetime | None:
    """The moment of the next attempt, or None when the message is a week old and dead.

    `attempts` counts this failed one too; `jitter` is a random number from 0 to 1 that spreads the attempts by ±20 %.
    """
    if now - created_at >= GIVEN_UP_AFTER:
        return None
    wait = LONGEST if attempts > 10 else min(SHORTEST * 2 ** (attempts - 1), LONGEST)
    return now + wait * (0.8 + 0.4 * jitter)
