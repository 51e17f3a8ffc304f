"""Plays a history through the real recording, routing, grouping, storms and delivery, on a virtual clock.

The store, the flows and the rendering are the program's own. Replaced are what judges posts (the history says how they
are felt), the timers (time jumps to the next moment at which something is due), and Apprise: a sink notes what arrives.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, cast
from unittest import mock

from benchmarks.alerting.faults import SOUND
from benchmarks.alerting.judged import judged
from benchmarks.alerting.outages import outages_of
from benchmarks.alerting.reading import messages_of, muted_in
from benchmarks.alerting.setting import Dictionaries, Inline, InlineWriter, VirtualClock, sources_yaml
from benchmarks.alerting.visits import Visit, visit, visits_of
from monitor.config import load
from monitor.fetching.address import host_of
from monitor.flows import ticks
from monitor.flows.deliver import deliver
from monitor.flows.ports import Plan, Ports, make_plan
from monitor.flows.recording import Batch, record
from monitor.tracking.network import Contact, Reach

if TYPE_CHECKING:
    from benchmarks.alerting.faults import Fault
    from benchmarks.alerting.records import History, Message, Row
    from monitor.alerting.messages import RenderedMessage
    from monitor.config import Config
    from monitor.fetching.fetcher import Fetcher
    from monitor.models import Target
    from monitor.store import LeasedSource
    from monitor.worker import WorkerPool

TICK: Final = timedelta(seconds=1)  # of groups and messages
LOOK: Final = timedelta(seconds=15)  # between two looks around while something is new
CHORES: Final = timedelta(minutes=10)  # a daemon does them each minute, which tells no more
IDLE: Final = timedelta(hours=1)  # and while nothing is
AFTERWARDS: Final = timedelta(days=2)  # in which what was held back comes
AT_ONCE: Final = 8  # messages that are taken in one go
NEXT_DUE: Final = """
    SELECT min(at) FROM (
        SELECT min(due_at) AS at FROM groups WHERE due_at IS NOT NULL
        UNION ALL SELECT min(next_at) FROM messages WHERE state = 'pending' AND claimed_at IS NULL)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a history: the messages that arrived, and the mentions of which it is stored why nobody was told."""

    messages: tuple[Message, ...]
    muted: frozenset[str]


@dataclass(slots=True)
class Sink:
    """Stands where Apprise does: notes when each message arrived."""

    clock: VirtualClock
    fault: Fault
    taken: int = 0
    arrived: list[tuple[str, datetime]] = field(default_factory=list)

    def send(self, _target: Target, _message: RenderedMessage, *, message_id: str) -> None:
        """See `notify.send`."""
        self.taken += 1
        if self.fault.lost and self.taken % self.fault.lost == 0:
            return
        times = 2 if self.fault.repeated and self.taken % self.fault.repeated == 0 else 1
        self.arrived += [(message_id, self.clock.moment)] * times


async def play(history: History, *, folder: Path | None = None, fault: Fault = SOUND) -> Played:
    """Play a history from its first to its last mention, and a little longer; `folder` keeps the database."""
    with ExitStack() as stack:
        place = folder or Path(stack.enter_context(TemporaryDirectory()))
        begin = history.rows[0].seen_at - LOOK
        clock = VirtualClock(begin)
        player = Player(
            history=history, clock=clock, sink=Sink(clock, fault), writer=InlineWriter(place / "monitor.db")
        )
        stack.enter_context(fault.patched())
        stack.enter_context(mock.patch("monitor.notify.send", player.sink.send))
        sources = sorted({row.source for row in history.rows})
        (place / "sources.yaml").write_text(sources_yaml(sources), encoding="utf-8")
        await player.start(load(place / "sources.yaml", environ={}))
        try:
            await player.run()
            connection = player.writer.connection
            return Played(messages=messages_of(player.sink.arrived, connection), muted=muted_in(connection))
        finally:
            await player.writer.close()


@dataclass(slots=True, kw_only=True)
class Player:
    """One history under way; `leased` are its sources as the last poll left them."""

    history: History
    clock: VirtualClock
    sink: Sink
    writer: InlineWriter
    leased: dict[str, LeasedSource] = field(default_factory=dict)
    senders: Inline = field(default_factory=Inline)
    ports: Ports = field(init=False)
    plan: Plan = field(init=False)

    async def start(self, config: Config) -> None:
        """What the daemon does at its start, with a first poll of every source."""
        worker = cast("WorkerPool", Dictionaries())
        await self.writer.start()
        self.ports = Ports(
            clock=self.clock,
            fetcher=cast("Fetcher", None),
            worker=worker,
            writer=self.writer,  # nothing is fetched
        )
        self.plan = await make_plan(config, worker)
        hosts = {source.name: host_of(source.url) for source in config.sources}
        self.writer.at_once(lambda store: store.sync_sources(config.sources, hosts, self.clock.moment))
        for name in hosts:
            self._visit(Visit(at=self.clock.moment, source=name, fails=False))

    async def run(self) -> None:
        """Jump from one moment at which something is due to the next, until nothing more can come."""
        rows = list(reversed(self.history.rows))
        visits = visits_of(sorted(self.leased), outages_of(self.history.rows))[::-1]
        end = rows[0].seen_at + AFTERWARDS
        look, chores, handed_on, fault = self.clock.moment, self.clock.moment, self.clock.moment, self.sink.fault
        while True:
            moments = [
                look,
                chores,
                *(row.seen_at for row in rows[-1:]),
                *(one.at for one in visits[-1:]),
                self._due(handed_on),
            ]
            self.clock.moment = max(self.clock.moment, min(filter(None, moments)))
            if self.clock.moment > end:
                return
            while visits and visits[-1].at <= self.clock.moment:
                self._visit(visits.pop())
            is_new = False
            while rows and rows[-1].seen_at <= self.clock.moment:
                self._record(rows.pop())
                is_new = True
            if look <= self.clock.moment:
                await ticks.watch(self.ports, self.plan)
                look = self.clock.moment + IDLE
            if chores <= self.clock.moment:
                await ticks.look_around(self.ports, self.plan)
                await ticks.deadlines(self.ports, self.plan)
                chores = self.clock.moment + CHORES
            if is_new:
                look = min(look, self.clock.moment + LOOK)
            if fault.pause is None or self.clock.moment - handed_on >= fault.pause:
                handed_on = self.clock.moment
                await self._deliver()

    def _due(self, before: datetime) -> datetime | None:
        """When the next group or message can be handed on, after it was done `before`; None where nothing waits."""
        ((at,),) = self.writer.connection.execute(NEXT_DUE).fetchall()
        if at is None:
            return None
        pause = self.sink.fault.pause
        # What is still due was too much for one go.
        return max(datetime.fromisoformat(at), self.clock.moment + TICK if pause is None else before + pause)

    def _visit(self, one: Visit) -> None:
        self.leased[one.source] = self.writer.at_once(lambda store: visit(store, one, plan=self.plan, ports=self.ports))

    def _record(self, row: Row) -> None:
        """One mention is found by a poll of its source."""
        batch = Batch(
            source=self.plan.sources[row.source],
            leased=self.leased[row.source],
            new=[judged(row, self.history.name)],
            contact=Contact(Reach.UP),
        )
        self.writer.at_once(lambda store: record(store, batch, plan=self.plan, now=self.clock.moment))

    async def _deliver(self) -> None:
        """What two ticks of a second do: messages of groups are made, and all that is due is sent."""
        await ticks.flush_groups(self.ports, self.plan)
        while messages := self.writer.at_once(lambda store: store.claim_messages(self.clock.moment, AT_ONCE)):
            for message in messages:
                outcome = await deliver(message, ports=self.ports, plan=self.plan, senders=self.senders)
                assert outcome == "sent", f"{message.id} was not taken: {outcome}"
