"""When the mean of a brand's ratings at a source crosses the line that was drawn for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.models import SignalKind

if TYPE_CHECKING:
    from monitor.models import RatingSettings

MARGIN: Final = 0.1
"""Stars above the line that a mean must reach before it is told that it rose: else one rating more or less is news."""


def decide_rating(mean: float, *, below: bool | None, settings: RatingSettings) -> tuple[bool, SignalKind | None]:
    """On which side of the line a mean is, and what people hear of it.

    `below` is where it was; None where nothing is known of it yet, of which nobody hears.
    """
    if below is None:
        return mean < settings.line, None
    if not below and mean < settings.line:
        return True, SignalKind.RATING_FELL
    # Nobody is rated better than with five stars.
    if below and mean >= min(settings.line + MARGIN, 5.0):
        return False, SignalKind.RATING_ROSE
    return below, None
