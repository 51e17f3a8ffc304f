"""What all parts of a message share: the reader's language and clock, the target's style, and where our pages stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.alerting.styles import link, moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor.alerting.styles import Style


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How one target is told something.

    `now` decides what is overdue; `base_url` is where this monitor's web pages stand, None where people have the
    command line only. `templates` are the receiver's own.
    """

    style: Style
    words: Mapping[str, str]
    zone: str
    now: datetime
    base_url: str | None = None
    templates: tuple[tuple[str, str], ...] = ()

    def at(self, moment_: datetime) -> str:
        """A time as the reader's clock shows it."""
        return moment(moment_, self.zone)

    def case(self, number: int) -> str:
        """The way to a case: its page, or the command that shows it."""
        page = self.base_url and link(f"{self.base_url.rstrip('/')}/cases/{number}", style=self.style)
        return page or f"monitor cases show {number}"

    def led(self, text: str) -> str:
        """The first line of what is told."""
        return self.style.lead[0] + text + self.style.lead[1]

    def quiet(self, text: str) -> str:
        """A line for machines and the curious."""
        return self.style.quiet[0] + text + self.style.quiet[1]
