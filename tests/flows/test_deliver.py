from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor import notify
from monitor.errors import DeliveryError, InputError
from monitor.flows import desk
from monitor.flows.deliver import deliver
from monitor.models import AlarmIntent, AlarmKind, Dispatch
from tests.flows.world import SUPPORT, World, play, post

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.alerting.messages import RenderedMessage
    from monitor.flows.ports import Plan
    from monitor.models import Target


class FakeApprise:
    """Takes messages, or refuses them; `sent` is what arrived."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[str] = []
        self.titles: list[str] = []
        self.error: DeliveryError | None = None
        monkeypatch.setattr(notify, "send", self._send)

    def refuses(self, *, retry: bool = True) -> None:
        self.error = DeliveryError("HTTP 500", retry=retry, reason_word="server")

    def accepts(self) -> None:
        self.error = None

    def _send(self, _target: Target, message: RenderedMessage, *, message_id: str) -> None:
        if self.error:
            raise self.error
        self.sent.append(message_id)
        self.titles.append(message.title)


@pytest.fixture
def apprise(monkeypatch: pytest.MonkeyPatch) -> FakeApprise:
    return FakeApprise(monkeypatch)


async def alerted(world: World) -> None:
    await world.poll()
    world.web.shows(post(1))
    await world.poll()


async def deliver_due(world: World, plan: Plan | None = None) -> list[str]:
    now = world.clock.now()
    claimed = await world.writer.run(lambda store: store.claim_messages(now, 10))
    with ThreadPoolExecutor(1) as senders:
        return [
            await deliver(message, ports=world.ports, plan=plan or world.plan, senders=senders) for message in claimed
        ]


def state(world: World) -> dict[str, object]:
    return world.rows("SELECT messages.state, attempts, error, deliveries.state AS delivery FROM messages, deliveries")[
        0
    ]


def test_a_message_that_was_taken_is_sent_once(tmp_path: Path, apprise: FakeApprise) -> None:
    async def story(world: World) -> None:
        await alerted(world)
        assert await deliver_due(world) == ["sent"]
        assert await deliver_due(world) == []
        assert len(apprise.sent) == 1
        assert state(world) == {"state": "sent", "attempts": 1, "error": None, "delivery": "sent"}

    play(tmp_path, story)


def test_a_refused_message_is_tried_again_later_under_the_same_id(tmp_path: Path, apprise: FakeApprise) -> None:
    async def story(world: World) -> None:
        await alerted(world)
        apprise.refuses()
        assert await deliver_due(world) == ["retry"]
        assert await deliver_due(world) == []
        assert state(world) == {"state": "pending", "attempts": 1, "error": "server: HTTP 500", "delivery": "pending"}
        apprise.accepts()
        world.clock.moment += timedelta(seconds=13)
        assert await deliver_due(world) == ["sent"]
        assert apprise.sent == [row["id"] for row in world.rows("SELECT id FROM messages")]

    play(tmp_path, story)


def test_a_target_that_is_down_for_a_week_leaves_a_dead_letter_that_can_be_revived(
    tmp_path: Path, apprise: FakeApprise
) -> None:
    async def story(world: World) -> None:
        await alerted(world)
        apprise.refuses()
        outcomes: list[str] = []
        while "dead" not in outcomes:
            world.clock.moment += timedelta(minutes=30)
            outcomes += await deliver_due(world)
        assert len(outcomes) == 7 * 48
        assert state(world)["delivery"] == "dead"
        apprise.accepts()
        assert await desk.retry_delivery(1, ports=world.ports) == 1
        assert await deliver_due(world) == ["sent"]
        with pytest.raises(InputError):
            await desk.retry_delivery(1, ports=world.ports)

    play(tmp_path, story)


def test_an_address_that_is_none_is_given_up_at_once(tmp_path: Path, apprise: FakeApprise) -> None:
    async def story(world: World) -> None:
        await alerted(world)
        apprise.refuses(retry=False)
        assert await deliver_due(world) == ["dead"]

    play(tmp_path, story)


def test_a_message_for_a_target_that_left_the_configuration_waits(tmp_path: Path, apprise: FakeApprise) -> None:
    async def story(world: World) -> None:
        await alerted(world)
        assert await deliver_due(world, replace(world.plan, receivers={})) == ["retry"]
        world.clock.moment += timedelta(seconds=13)
        assert await deliver_due(world) == ["sent"]
        assert len(apprise.sent) == 1

    play(tmp_path, story)


def test_an_alarm_goes_the_way_of_a_mention(tmp_path: Path, apprise: FakeApprise) -> None:
    async def story(world: World) -> None:
        alarm = AlarmIntent(key="failing:forum:x", kind=AlarmKind.FAILING, source="forum", reason="no", since=None)
        now = world.clock.now()
        for _ in range(2):
            await world.writer.run(
                lambda store: store.open_alarm(alarm, source_id=1, to=[Dispatch(SUPPORT, "alarm")], now=now)
            )
        apprise.refuses()
        assert await deliver_due(world) == ["retry"]
        apprise.accepts()
        world.clock.moment += timedelta(minutes=1)
        assert await deliver_due(world) == ["sent"]
        assert apprise.titles == ["forum cannot be read"]
        assert state(world) == {"state": "sent", "attempts": 2, "error": None, "delivery": "sent"}

    play(tmp_path, story)
