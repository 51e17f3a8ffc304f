"""People of a simulation: whoever does something at moments of their own. Nobody does yet; later issues add actors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.flows.ports import Plan, Ports


class Actor(Protocol):
    """Somebody who acts through `monitor.flows.desk`, as the faces do."""

    def next_at(self) -> datetime | None:
        """The true moment at which they act next; None for never again."""
        ...

    async def act(self, ports: Ports, plan: Plan) -> None:
        """What they do then; the next call of `next_at` names a later moment."""
        ...
