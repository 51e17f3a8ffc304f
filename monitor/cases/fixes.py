"""Complaints of a known issue before and after its fix, with how sure the difference is.

Pure arithmetic over four counts. Both sides have as many days, so that neither is favoured.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from monitor.cases.intervals import Estimate, rate_ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Equal numbers of whole days before the fix, and from its day on."""

    fixed: date
    days: int

    @property
    def before(self) -> date:
        """The first day before."""
        return self.fixed - timedelta(days=self.days)

    @property
    def after(self) -> date:
        """The day after the last one."""
        return self.fixed + timedelta(days=self.days)


def window(fixed: date, *, wanted: int, first: date | None, today: date) -> Window:
    """As many days as wanted, fewer where `first`, the first day watched, or today is nearer; maybe none."""
    known = 0 if first is None else (fixed - first).days
    return Window(fixed=fixed, days=max(0, min(wanted, known, (today - fixed).days)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Complaints of a known issue, and mentions of the brand, on as many days before its fix as after."""

    brand: str
    issue: str
    window: Window
    complaints: tuple[int, int]
    mentions: tuple[int, int]

    @property
    def per_thousand(self) -> tuple[float | None, float | None]:
        """Complaints for each 1,000 mentions before and after."""
        before, after = (
            1000 * part / whole if whole else None for part, whole in zip(self.complaints, self.mentions, strict=True)
        )
        return before, after

    @property
    def per_day(self) -> tuple[float | None, float | None]:
        """Complaints a day before and after."""
        days = self.window.days
        return (self.complaints[0] / days, self.complaints[1] / days) if days else (None, None)

    @property
    def ratio_of_mentions(self) -> Estimate | None:
        """The rate per mention after by that before."""
        return rate_ratio(self.complaints[0], self.mentions[0], self.complaints[1], self.mentions[1])

    @property
    def ratio_of_days(self) -> Estimate | None:
        """The rate per day after by that before."""
        return rate_ratio(self.complaints[0], self.window.days, self.complaints[1], self.window.days)

    @property
    def finding(self) -> str:
        """What that says, in a sentence."""
        if not self.window.days:
            return "no day to compare: the watch begins with the fix, or the fix is of today or later"
        ratio = self.ratio_of_mentions
        if ratio is None:
            return "nobody complained of it, before or after"
        if ratio.holds(1):
            return "no difference can be told"
        return "complaints became rarer" if ratio.high < 1 else "complaints became more frequent"
