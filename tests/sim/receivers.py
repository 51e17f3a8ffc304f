"""The far end of deliveries: a sink that stands where Apprise does, notes each message id, and is down now and then."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest import mock

from monitor.errors import DeliveryError

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from monitor.alerting.messages import RenderedMessage
    from monitor.models import Target
    from tests.sim.web import Log


class Sink:
    """Takes messages, or refuses one in `refuses` of them for now."""

    def __init__(self, log: Log, dice: random.Random, *, refuses: float = 0.1) -> None:
        self._log = log
        self._dice = dice
        self._refuses = refuses

    def send(self, target: Target, _message: RenderedMessage, *, message_id: str) -> None:
        """What `notify.send` does."""
        if self._dice.random() < self._refuses:
            self._log.write("refused", id=message_id)
            raise DeliveryError("not now", retry=True, reason_word="server")
        self._log.write("received", id=message_id, target=target.key)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """While this lasts, deliveries end here."""
        with mock.patch("monitor.notify.send", self.send):
            yield
