"""What is told of a target that takes nothing, and what becomes of a message that is refused for its content."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from monitor import notify
from monitor.alerting.rendering import render
from monitor.errors import DeliveryError
from monitor.flows import deliver as delivery
from monitor.flows.sending import Sending
from monitor.models import Receiver, Target
from tests.flows.outages import tell
from tests.flows.world import World, play

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from monitor.alerting.messages import RenderedMessage
    from monitor.flows.ports import Plan

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def receiver(name: str, *keys: str) -> Receiver:
    return Receiver(name=name, targets=tuple(Target(key=key, url=f"json://{key}.example/secret") for key in keys))


@dataclass
class Office:
    """Targets that take messages or refuse them; `got` is what arrived, as (target, title, body)."""

    world: World
    patch: pytest.MonkeyPatch
    receivers: tuple[Receiver, ...]
    told: tuple[str, ...] = ()
    refusals: dict[str, DeliveryError | Callable[[RenderedMessage], DeliveryError | None]] = field(default_factory=dict)
    got: list[tuple[str, str, str]] = field(default_factory=list)
    _number: int = 0

    def __post_init__(self) -> None:
        self.sending = Sending()
        self.patch.setattr(notify, "send", self._send)

    def _send(self, target: Target, message: RenderedMessage, *, message_id: str) -> None:
        assert message_id in message.body
        refusal = self.refusals.get(target.key)
        if refusal is not None and not isinstance(refusal, DeliveryError):
            refusal = refusal(message)
        if refusal:
            raise refusal
        self.got.append((target.key, message.title, message.body))

    @property
    def plan(self) -> Plan:
        by_name = {one.name: one for one in self.receivers}
        return replace(self.world.plan, receivers=by_name, told=tuple(by_name[name] for name in self.told))

    def down(self, *keys: str) -> None:
        for key in keys:
            self.refusals[key] = DeliveryError("HTTP 500", retry=True, reason_word="server")

    async def tell(self, *names: str) -> None:
        self._number += 1
        to = [self.plan.receivers[name] for name in names]
        await self.world.writer.run(partial(tell, self._number, to, self.world.clock.moment))

    async def run(self, span: timedelta) -> None:
        """Look once a minute at what is due."""
        until = self.world.clock.moment + span
        while self.world.clock.moment < until:
            while claimed := await self.sending.claim(self.world.ports):
                for message in claimed:
                    await self.sending.send(message, ports=self.world.ports, plan=self.plan)
            self.world.clock.moment += MINUTE

    def alarms(self) -> list[tuple[object, ...]]:
        """Kind, reason, and whether it is over."""
        rows = self.world.rows("SELECT kind, reason, closed_at IS NOT NULL AS over FROM alarms ORDER BY id")
        return [tuple(row.values()) for row in rows]

    def heard(self) -> list[tuple[str, str]]:
        """What was told of alarms: target and title."""
        return [(key, title) for key, title, body in self.got if "monitor-alarm:" in body]


def test_a_target_that_takes_nothing_for_an_hour_is_told_of_once_elsewhere_and_again_when_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        office = Office(world, monkeypatch, (receiver("support", "mail", "chat"), receiver("boss", "pager")), ("boss",))
        office.down("mail")
        await office.tell("support")
        await office.run(59 * MINUTE)
        assert office.alarms() == []
        await office.run(8 * HOUR)
        assert office.alarms() == [("receiver", "support (json): server", 0)]
        told = "support (json) takes no messages"
        assert sorted(office.heard()) == [("chat", told), ("pager", told)]
        assert all("secret" not in body for _, _, body in office.got)
        office.refusals.clear()
        await office.run(HOUR)
        assert office.alarms() == [("receiver", "support (json): server", 1), ("recovered", "support (json)", 1)]
        over = "support (json) takes messages again"
        assert sorted(office.heard()) == sorted([("chat", told), ("pager", told), ("chat", over), ("pager", over)])

    play(tmp_path, story)


def test_a_second_outage_is_a_second_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        office = Office(world, monkeypatch, (receiver("support", "mail"), receiver("boss", "pager")), ("boss",))
        for _ in range(2):
            office.down("mail")
            await office.tell("support")
            await office.run(3 * HOUR)
            office.refusals.clear()
            await office.run(HOUR)
        assert [kind for kind, _, _ in office.alarms()] == ["receiver", "recovered"] * 2
        assert len(office.heard()) == 4

    play(tmp_path, story)


def test_an_alarm_never_goes_to_targets_that_take_nothing_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        office = Office(world, monkeypatch, (receiver("support", "mail", "chat"), receiver("boss", "mail")), ("boss",))
        office.down("mail")
        await office.tell("support", "boss")
        await office.run(2 * HOUR)
        assert [target for target, _ in office.heard()] == ["chat", "chat"]  # of two receivers with one address
        office.down("chat")
        await office.tell("support")
        await office.run(2 * HOUR)
        first, second, third = (reason for _, reason, _ in office.alarms())
        assert {first, second} == {"support (json): server", "boss (json): server"}  # of the same second
        assert third == "support (json): server"
        # By then nobody is left who could be told.
        assert world.rows("SELECT count(*) AS alerts FROM alerts WHERE alarm_id = 3") == [{"alerts": 0}]

    play(tmp_path, story)


def test_with_nobody_else_to_tell_the_log_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(world: World) -> None:
        office = Office(world, monkeypatch, (receiver("support", "mail"),), ("support",))
        office.down("mail")
        await office.tell("support")
        await office.run(3 * HOUR)
        assert office.alarms() == [("receiver", "support (json): server", 0)]
        assert world.rows("SELECT count(*) AS alerts FROM alerts") == [{"alerts": 1}]
        office.refusals.clear()
        await office.run(HOUR)
        assert office.alarms() == [("receiver", "support (json): server", 1)]

    play(tmp_path, story)
    said = capsys.readouterr()
    # Which of them depends on whether a test before this one set the log up.
    assert (said.out + said.err or caplog.text).count(
        "a target takes no messages, and there is nobody else to tell"
    ) == 1


def test_a_message_that_is_given_up_is_told_of_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        office = Office(world, monkeypatch, (receiver("support", "mail"), receiver("boss", "pager")), ("boss",))
        office.refusals["mail"] = DeliveryError("no such address", retry=False, reason_word="refused")
        await office.tell("support")
        await office.run(2 * MINUTE)
        assert office.heard() == [("pager", "support (json) takes no messages")]
        assert world.rows("SELECT state, error FROM messages WHERE target = 'mail'") == [
            {"state": "dead", "error": "refused: no such address"}
        ]

    play(tmp_path, story)


def test_an_address_that_left_the_configuration_is_told_of_when_something_is_lost_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        office = Office(world, monkeypatch, (receiver("support", "mail"), receiver("boss", "pager")), ("boss",))
        await office.tell("support")
        office.receivers = office.receivers[1:]
        await office.run(6 * DAY)
        assert office.alarms() == []
        await office.run(2 * DAY)
        assert office.alarms() == [("receiver", "support (no longer configured): refused", 0)]

    play(tmp_path, story)


def test_a_message_refused_for_its_content_comes_once_more_reduced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        office = Office(world, monkeypatch, (receiver("support", "mail"),))
        office.refusals["mail"] = lambda message: (
            DeliveryError("HTTP 422", retry=False, reason_word="content") if "плохо" in message.body else None
        )
        await office.tell("support")
        await office.run(2 * MINUTE)
        ((_, _, body),) = office.got
        assert "monitor-alert: 1" in body
        assert world.rows("SELECT state, attempts FROM messages") == [{"state": "sent", "attempts": 1}]

    play(tmp_path, story)


def test_a_message_refused_for_its_content_twice_is_dead_and_the_next_one_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        tried: list[str] = []

        def refuse(message: RenderedMessage) -> DeliveryError | None:
            tried.append(message.body)
            is_first = "monitor-alert: 1" in message.body
            return DeliveryError("HTTP 400", retry=False, reason_word="content") if is_first else None

        office = Office(world, monkeypatch, (receiver("support", "mail"),))
        office.refusals["mail"] = refuse
        await office.tell("support")
        await office.tell("support")
        await office.run(2 * MINUTE)
        assert len(tried) == 3
        assert len(tried[1]) < len(tried[0])
        states = [row["state"] for row in world.rows("SELECT state FROM messages ORDER BY rowid")]
        assert states == ["dead", "sent"]

    play(tmp_path, story)


def test_a_message_that_cannot_be_written_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        def broken(message_id: str, carried: tuple[object, ...], **how: object) -> RenderedMessage:
            if any(getattr(one, "id", None) == 1 for one in carried):
                raise KeyError("a word that is missing")
            return render(message_id, carried, **how)  # type: ignore[arg-type]

        monkeypatch.setattr(delivery, "render", broken)
        office = Office(world, monkeypatch, (receiver("support", "mail"),))
        await office.tell("support")
        await office.tell("support")
        await office.run(2 * MINUTE)
        states = [
            (row["state"], row["error"]) for row in world.rows("SELECT state, error FROM messages ORDER BY rowid")
        ]
        assert states == [("dead", "internal: it cannot be written"), ("sent", None)]

    play(tmp_path, story)


def test_a_fault_of_our_own_costs_a_try_and_not_the_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        faults = [ZeroDivisionError("ours")]

        def breaks(_message: RenderedMessage) -> None:
            if faults:
                raise faults.pop()

        office = Office(world, monkeypatch, (receiver("support", "mail"),))
        office.refusals["mail"] = breaks
        await office.tell("support")
        await office.run(2 * MINUTE)
        assert world.rows("SELECT state, attempts FROM messages") == [{"state": "sent", "attempts": 2}]

    play(tmp_path, story)


def test_a_target_that_names_a_time_is_limited_whatever_it_calls_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(world: World) -> None:
        office = Office(world, monkeypatch, (receiver("support", "mail"),))
        office.refusals["mail"] = DeliveryError("HTTP 503", retry=True, reason_word="server", retry_after=5 * HOUR)
        await office.tell("support")
        began = world.clock.moment
        await office.run(MINUTE)
        (row,) = world.rows("SELECT error, next_at FROM messages")
        assert row["error"] == "rate-limited: HTTP 503"
        assert str(row["next_at"]) >= (began + 5 * HOUR).strftime("%Y-%m-%dT%H:%M")
        office.refusals.clear()
        await office.run(5 * HOUR - 2 * MINUTE)
        assert office.got == []
        await office.run(5 * MINUTE)
        assert len(office.got) == 1

    play(tmp_path, story)
