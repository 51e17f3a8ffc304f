"""When a message that was not taken is tried again, and when it is given up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

SHORTEST: Final = timedelta(seconds=10)
LONGEST: Final = timedelta(minutes=15)
LEFT_ALONE: Final = timedelta(days=1)  # the longest time for which a target may ask to be left alone
GIVEN_UP_AFTER: Final = timedelta(days=7)


def next_attempt(
    *, attempts: int, created_at: datetime, now: datetime, jitter: float, retry_after: timedelta | None = None
) -> datetime | None:
    """The moment of the next attempt, or None when the message is a week old and dead.

    `attempts` counts this failed one too; `jitter` is a random number from 0 to 1 that spreads the attempts by ±20 %.
    `retry_after` is for how long the target asked to be left alone: there is no attempt before that.
    """
    if now - created_at >= GIVEN_UP_AFTER:
        return None
    wait = LONGEST if attempts > 10 else min(SHORTEST * 2 ** (attempts - 1), LONGEST)
    pause = wait * (0.8 + 0.4 * jitter)
    return now + (pause if retry_after is None else max(pause, min(retry_after, LEFT_ALONE)))
