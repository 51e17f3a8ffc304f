"""When to look again for answers to a mention: often while people answer, ever more rarely after that, not for ever.

A confirmation or an escalation comes within hours, a brand's own answer within days. A thread that has been silent for
a week is over, and one that goes on for a month is no longer about what was said at its beginning.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

SILENT: Final = timedelta(days=7)  # without an answer, and a thread is over
LONGEST: Final = timedelta(days=30)
HOT: Final = timedelta(minutes=5)
BACKOFF: Final = timedelta(hours=24)  # the most that failures put a look off

# How long a thread has been silent, and how soon it is looked at again.
_STEPS: Final = (
    (timedelta(hours=1), HOT),
    (timedelta(hours=3), timedelta(minutes=15)),
    (timedelta(hours=12), timedelta(minutes=30)),
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=3), timedelta(hours=3)),
    (SILENT, timedelta(hours=12)),
)
_OFTEN: Final = 2  # visits for threads in each interval of the source


def soonest(every: timedelta) -> timedelta:
    """How long a source whose interval is `every` is left alone at least, whatever its threads are due."""
    return max(every / _OFTEN, HOT)


def next_look(
    *, last_new_at: datetime, since: datetime, every: timedelta, now: datetime, failures: int = 0
) -> datetime | None:
    """The moment of the next look, or None where the thread is over.

    `last_new_at` is when an answer was last seen (or the mention published), `since` when the thread was first
    followed, `every` the interval of its source, `failures` how many looks in a row have failed.
    """
    silence = max(now - last_new_at, timedelta())
    step = next((step for until, step in _STEPS if silence < until), None)
    if step is None or now - since >= LONGEST:
        return None
    step = max(step, soonest(every))
    if failures:
        # 2**10 times five minutes exceed the bound; a larger exponent would only overflow timedelta.
        step = max(step, min(step * 2 ** min(failures, 10), BACKOFF))
    return now + step
