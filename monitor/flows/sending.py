"""The senders: threads that hand messages to targets, so many that a target that hangs keeps nobody waiting.

A target has one message on its way at a time. Those that refused their last one get at most half of the threads, so
that however many of them hang, the others find a thread free.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from monitor.flows.deliver import deliver

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from monitor.flows.ports import Plan, Ports
    from monitor.store import PendingMessage

SENDERS: Final = 64  # messages on their way at once; a thread is made when it is needed
FOR_REFUSED: Final = SENDERS // 2


class Sending:
    """What is on its way, and by whom; used by one event loop."""

    def __init__(self, senders: Executor | None = None) -> None:
        self._senders = senders or ThreadPoolExecutor(max_workers=SENDERS, thread_name_prefix="sender")
        self._out: dict[str, bool] = {}  # of each message on its way: was it refused before?

    async def claim(self, ports: Ports) -> list[PendingMessage]:
        """The messages that are due and find a thread free; each of them must be given to `send`."""
        room = SENDERS - len(self._out)
        for_refused = FOR_REFUSED - sum(self._out.values())
        if room <= 0:
            return []
        now = ports.clock.now()
        due = await ports.writer.run(lambda store: store.claim_messages(now, room, refused=max(for_refused, 0)))
        # A claim is void after a while; what is still on its way is not sent twice for that.
        claimed = [message for message in due if message.id not in self._out]
        self._out |= {message.id: message.attempts > 0 for message in claimed}
        return claimed

    async def send(self, message: PendingMessage, *, ports: Ports, plan: Plan) -> str:
        """Send one message and settle it; returns sent, retry or dead."""
        try:
            return await deliver(message, ports=ports, plan=plan, senders=self._senders)
        finally:
            del self._out[message.id]

    def close(self) -> None:
        """Take nothing more; a thread that hangs in a socket is not waited for."""
        self._senders.shutdown(wait=False, cancel_futures=True)
