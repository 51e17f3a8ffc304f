"""A town of receivers on loopback under a virtual clock: some of them fail, hang, ask to be left alone, or die."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from monitor import notify
from monitor.demo.receivers import ChatSink, MailSink
from monitor.flows.sending import Sending
from monitor.models import AlertIntent, Dispatch, Lemmas, Receiver, Target
from monitor.notify import listening as wire
from tests.flows.world import NOW, FakeWorker, World, post

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    from monitor.alerting.messages import RenderedMessage
    from monitor.demo.receivers import Temper
    from monitor.flows.ports import Plan
    from monitor.store import Store

HANG_UP = 0.15  # seconds
_IDS = re.compile(r"monitor-alerts?: ([\d, ]+)")


@dataclass
class Town:
    """Receivers by name, each with one target of its own, and what each of them got."""

    world: World
    folder: Path
    patch: pytest.MonkeyPatch
    chats: dict[str, ChatSink] = field(default_factory=dict)
    mails: dict[str, MailSink] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    told_at: dict[int, datetime] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)
    _tasks: dict[asyncio.Task[str], str] = field(default_factory=dict)
    _number: int = 0

    def __post_init__(self) -> None:
        self.sending = Sending()
        self._give_up_soon()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for sink in self._sinks.values():
            sink.temper.hangs = False
        self._stack.close()
        self.sending.close()

    def _give_up_soon(self) -> None:
        """A target that hangs is given up after a moment, the others as late as ever: this machine may be slow."""
        send, listening, thread = notify.send, wire.listening, threading.local()

        def sent(target: Target, message: RenderedMessage, *, message_id: str) -> None:
            thread.hangs = any(one.url == target.url and one.temper.hangs for one in self._sinks.values())
            send(target, message, message_id=message_id)

        self.patch.setattr(notify, "send", sent)
        self.patch.setattr(wire, "listening", lambda seconds: listening(HANG_UP if thread.hangs else seconds))

    @property
    def _sinks(self) -> dict[str, Any]:
        return {**self.chats, **self.mails}

    # ── what happens ──

    def chat(self, name: str, *, port: int = 0) -> Temper:
        """A chat comes up; its temper is how it behaves."""
        path = self.folder / f"{name}.jsonl"
        self.chats[name] = self._stack.enter_context(ChatSink(path, port=port, now=self._now))
        return self.chats[name].temper

    def _now(self) -> float:
        return self.world.clock.moment.timestamp()

    def mail(self, name: str, *, port: int = 0) -> Temper:
        """A mail server comes up."""
        self.mails[name] = self._stack.enter_context(MailSink(self.folder / name, port=port))
        return self.mails[name].temper

    def dies(self, name: str) -> int:
        """It is gone; the port at which it may come back."""
        sink = self._sinks[name]
        sink.__exit__(None, None, None)
        self._stack.pop_all()  # what is gone is not closed again
        for other, one in self._sinks.items():
            if other != name:
                self._stack.push(one)
        return int(sink.port)

    async def tell(self, *names: str) -> int:
        """An alert that is due now at these receivers; its number."""
        self._number += 1
        alert = await self.world.writer.run(
            partial(tell, self._number, [self.plan.receivers[name] for name in names], self.world.clock.moment)
        )
        self.told_at[alert] = self.world.clock.moment
        return alert

    @property
    def plan(self) -> Plan:
        """The configuration as it stands."""
        receivers = {
            name: Receiver(name=name, targets=(Target(key=f"{name}-1", url=sink.url),))
            for name, sink in self._sinks.items()
        }
        return replace(self.world.plan, receivers=receivers, told=tuple(receivers[name] for name in self.told))

    async def run(self, until: timedelta, events: Mapping[timedelta, Callable[[], Any]] | None = None) -> None:
        """Let time pass until a moment after the beginning, with what happens meanwhile.

        As the daemon does, each second and after each message that was taken: what is due is sent. Time goes on while
        receivers hang, and stands still for the others.
        """
        waiting = sorted((events or {}).items(), key=lambda event: event[0])
        while self.world.clock.moment < NOW + until:
            while waiting and NOW + waiting[0][0] <= self.world.clock.moment:
                happened = waiting.pop(0)[1]()
                if asyncio.iscoroutine(happened):
                    await happened
            while claimed := await self.sending.claim(self.world.ports):
                for message in claimed:
                    work = self.sending.send(message, ports=self.world.ports, plan=self.plan)
                    self._tasks[asyncio.ensure_future(work)] = message.receiver
                await self._others_are_done()
            await self._others_are_done()
            step = self.world.clock.moment + timedelta(seconds=1)
            if not self._tasks:
                due = [NOW + at for at, _ in waiting[:1]] + await self.world.writer.run(_next_due) + [NOW + until]
                step = max(step, min(due))
            self.world.clock.moment = step
        while self._tasks:
            await self._done(set(self._tasks))

    async def _others_are_done(self) -> None:
        while well := {task for task, name in self._tasks.items() if not self._sinks[name].temper.hangs}:
            await self._done(well)
        await asyncio.sleep(0)
        await self._done({task for task in self._tasks if task.done()})

    async def _done(self, tasks: set[asyncio.Task[str]]) -> None:
        if tasks:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                del self._tasks[task]
                task.result()

    # ── what was got ──

    def lines(self, name: str) -> list[dict[str, Any]]:
        """What a chat was asked, in order."""
        text = (self.folder / f"{name}.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def got(self, name: str) -> list[list[int]]:
        """The alerts in each message that a receiver took, in the order of arrival."""
        if name in self.chats:
            return [ids_in(line["text"]) for line in self.lines(name) if line["status"] == 200]
        mails = sorted((self.folder / name).glob("*.eml"))
        return [_ids_of_mail(path) for path in mails]

    def delays(self, name: str) -> list[timedelta]:
        """How long each alert took to a chat."""
        return [
            datetime.fromtimestamp(line["time"], NOW.tzinfo) - self.told_at[alert]
            for line in self.lines(name)
            if line["status"] == 200
            for alert in ids_in(line["text"])
        ]

    def alarms(self) -> list[tuple[str, str, bool]]:
        """Alarms as kind, reason and whether they are over."""
        rows = self.world.rows("SELECT kind, reason, closed_at IS NOT NULL AS over FROM alarms ORDER BY id")
        return [(str(row["kind"]), str(row["reason"]), bool(row["over"])) for row in rows]


def ids_in(text: str) -> list[int]:
    """The alerts that a message names."""
    return [int(number) for listed in _IDS.findall(text) for number in re.findall(r"\d+", listed)]


def _ids_of_mail(path: Path) -> list[int]:
    """By the header, which names all of them; the text must not name others."""
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    ids = [int(number) for number in re.findall(r"\d+", str(mail["X-Monitor-Alert"] or ""))]
    assert set(ids_in(str(body.get_content()))) <= set(ids)
    return ids


def tell(number: int, to: list[Receiver], now: datetime, store: Store) -> int:
    one = post(number)
    with store.transaction():
        post_id = store.add_post(1, one, identities=[f"id:{number}"], now=now)
        assert post_id is not None
        mention = FakeWorker()._judge(one).mentions[0]
        mention_id = store.add_mention(post_id, mention, decision="alert", lemmas=Lemmas(), now=now)
        intent = AlertIntent(key=f"n{number}", reason="r", to=tuple(Dispatch(one, "because") for one in to))
        store.add_alert(mention_id, intent, now=now)
        return int(store._db.execute("SELECT max(id) FROM alerts").fetchone()[0])


def _next_due(store: Store) -> list[datetime]:
    (at,) = store._db.execute(
        "SELECT min(next_at) FROM messages WHERE rowid IN (SELECT min(rowid) FROM messages WHERE state = 'pending' "
        "GROUP BY receiver, target)"
    ).fetchone()
    return [datetime.fromisoformat(at)] if at else []
