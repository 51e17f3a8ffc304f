"""Whom the last polls reached, kept for as long as the process lives; what follows from it is tracking's to say.

That the network is lost survives a restart as an open alarm. What is kept here is only the evidence for the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.tracking.network import Contact, Outcomes, Reach, answered, is_answer, is_unreached, look, unanswered

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from monitor.errors import SourceError
    from monitor.models import Source


class Contacts:
    """The outcomes of the last polls; not thread-safe."""

    def __init__(self) -> None:
        self._outcomes = Outcomes()
        self._was_down = False

    def note(
        self,
        source: Source,
        error: SourceError | None,
        *,
        among: Collection[Source],
        begun_at: datetime,
        now: datetime,
        was_failing: bool,
    ) -> Contact:
        """What a poll of `source`, one `among` those that are configured, says of the network.

        A source in the user's own network says nothing of the internet, nor one that asks nobody. `was_failing` before
        this poll began.
        """
        watched = [one for one in among if one.enabled]
        speaks = not source.allow or all(one.allow for one in watched)
        if speaks and is_answer(error):
            self._outcomes = answered(self._outcomes, _host_of(source), now=now, was_down=self._was_down)
            self._was_down = False
            return Contact(Reach.UP)
        if error is None or not is_unreached(error):
            return Contact(Reach.UNSURE)
        if not speaks:
            return Contact(Reach.UNSURE)
        self._outcomes = unanswered(
            self._outcomes, _host_of(source), begun_at=begun_at, now=now, known_before=was_failing
        )
        hosts = {_host_of(one) for one in watched if not one.allow or source.allow}
        contact = look(self._outcomes, hosts=len(hosts), now=now)
        self._was_down = self._was_down or contact.reach is Reach.DOWN
        return contact


def _host_of(source: Source) -> str:
    """Whom a poll of the source speaks to: a host with its port, or its proxy; secrets stay as they are spelt."""
    place = urlsplit(source.proxy or source.url).netloc.rpartition("@")[2]
    return place or source.proxy or source.name
