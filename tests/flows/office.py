"""A receiver with settings over a real store: posts come in, time passes, and what leaves is written down."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from monitor.alerting.routes import CompiledRoute
from monitor.flows.dispatching import flush
from monitor.flows.poll import poll
from monitor.flows.standing import tell_standing
from monitor.models import Author, Level, Post, SpecialCase, Timing
from monitor.query import parse
from monitor.store import Store
from tests.flows.world import BRAND, NOW, SUPPORT, FakeWorker, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.flows.ports import Plan
    from monitor.models import Judgement, Receiver
    from monitor.store import PendingMessage

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CLASSES = {
    "суд": ("legal_threat", Level.CRITICAL),
    "хам": ("rude_staff", Level.HIGH),
    "яд": ("health_safety", Level.CRITICAL),
}


class Judging(FakeWorker):
    """As FakeWorker, and each word of CLASSES is a special case."""

    def _judge(self, post: Post) -> Judgement:
        judged = super()._judge(post)
        cases = tuple(
            SpecialCase(name=name, level=level, rule="word", field="text", start=0, end=1)
            for word, (name, level) in CLASSES.items()
            if word in post.text
        )
        mentions = tuple(replace(mention, special_cases=cases) for mention in judged.mentions)
        return replace(judged, special_cases=cases, mentions=mentions)


@dataclass
class Office:
    """What `receiver` gets by routes of one timing; `sent` is when what left, by the first words of its posts."""

    world: World
    receiver: Receiver = SUPPORT
    timing: Timing = field(default_factory=Timing)
    match: str = "sentiment:negative"
    settings: dict[str, object] = field(default_factory=dict)
    sent: list[tuple[datetime, list[str]]] = field(default_factory=list)
    numbers: int = 100

    async def open(self) -> Office:
        self.world.worker = Judging()
        self.world.web.shows()
        await self.world.poll()
        return self

    @property
    def plan(self) -> Plan:
        query = parse(self.match)
        route = CompiledRoute(query, self.receiver, timing=self.timing)
        others = {
            "receivers": {self.receiver.name: self.receiver},
            "routes": (route,),
            "told": (self.receiver,),
            "max_age": DAY,
            **self.settings,
        }
        return replace(self.world.plan, **others)  # type: ignore[arg-type] # as given

    @property
    def now(self) -> datetime:
        return self.world.clock.moment

    async def says(self, *texts: str, author: str | None = None, ago: timedelta = MINUTE, about: str = BRAND) -> None:
        """Posts that were published `ago` are found now; time stands still."""
        posts = []
        for text in texts:
            self.numbers += 1
            who = Author(name=author or f"клиент {self.numbers}")
            url = f"https://forum.example/{self.numbers}"
            posts.append(
                Post(
                    native_id=f"n{self.numbers}",
                    url=url,
                    text=f"{text} {about} плохо",
                    author=who,
                    published=self.now - ago,
                )
            )
        self.world.web.shows(*posts)
        leased = await self.world.writer.run(partial(Store.lease_named, name=self.world.source.name, now=self.now))
        assert leased is not None
        await poll(self.world.source, leased, ports=self.world.ports, plan=self.plan)
        await self.leave()

    async def leave(self) -> None:
        """What is due leaves and is taken."""
        now, plan = self.now, self.plan
        await self.world.writer.run(lambda store: flush(store, plan, now))
        while claimed := await self.world.writer.run(lambda store: store.claim_messages(now, 100)):
            for message in claimed:
                self.sent.append((now, named(message)))
                await self.world.writer.run(partial(Store.message_sent, message_id=message.id, now=now))

    async def passes(self, span: timedelta, *, step: timedelta = timedelta(seconds=10)) -> None:
        """Time passes, and what becomes due leaves."""
        until = self.now + span
        while self.now < until:
            self.world.clock.moment = min(self.now + step, until)
            await self.leave()

    async def stands(self) -> None:
        """What stands open is told again where its time has come."""
        now, plan = self.now, self.plan
        await self.world.writer.run(lambda store: tell_standing(store, plan, now))
        await self.leave()

    def told(self) -> list[tuple[int, list[str]]]:
        """Minutes since the beginning, rounded down, and what left then."""
        begun = NOW + MINUTE
        return [(int((at - begun) / MINUTE), words) for at, words in self.sent]

    def deliveries(self) -> Sequence[dict[str, object]]:
        return self.world.rows("SELECT state, note, reason FROM deliveries ORDER BY id")


def named(message: PendingMessage) -> list[str]:
    """What a message carries: the first words of posts, kinds of the others."""
    return [
        *(alert.view.post.text.split()[0] for alert in message.alerts),
        *(f"alarm {alarm.kind.value}" for alarm in message.alarms),
        *(f"case {notice.kind.value}" for notice in message.notices),
        *(f"signal {signal.kind.value}" for signal in message.signals),
        *(f"digest {digest.name}" for digest in message.digests),
    ]
