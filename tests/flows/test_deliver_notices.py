from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor import notify
from monitor.flows.deliver import deliver
from monitor.models import (
    JSON,
    CaseClock,
    CaseEvent,
    Deadline,
    DeadlineKind,
    EventKind,
    NoticeIntent,
    NoticeKind,
)
from tests.flows.world import BRAND, NOW, SUPPORT, World, play, post

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import pytest

    from monitor.alerting.rendering import RenderedMessage
    from monitor.models import Target
    from monitor.store import Store

DUE = NOW + timedelta(hours=2)


def open_case(store: Store, now: datetime) -> int:
    """A case of the first mention, with a deadline that is told of."""
    body: dict[str, JSON] = {"brand": BRAND, "classes": ["negative"], "why": "by hand", "found_at": NOW.isoformat()}
    case = store.add_case(CaseEvent(kind=EventKind.OPENED, at=now, body=body))
    store.put_post(case.id, post_id=1, brand=BRAND, mention_id=1, why="by hand", now=now)
    due = Deadline(kind=DeadlineKind.ACKNOWLEDGE, clock=CaseClock.FOUND, step=1, at=DUE, due_at=DUE, to=SUPPORT.name)
    store.set_deadlines(case, [due])
    return case.id


async def sent(world: World, monkeypatch: pytest.MonkeyPatch) -> list[RenderedMessage]:
    """What is due now, as its target gets it, in Russian."""
    taken: list[RenderedMessage] = []

    def take(_target: Target, message: RenderedMessage, *, message_id: str) -> None:
        assert message.body.endswith(message_id)
        taken.append(message)

    monkeypatch.setattr(notify, "send", take)
    plan = replace(world.plan, receivers={SUPPORT.name: replace(SUPPORT, language="ru")})
    now = world.clock.now()
    claimed = await world.writer.run(lambda store: store.claim_messages(now, 10))
    with ThreadPoolExecutor(1) as senders:
        for message in claimed:
            assert await deliver(message, ports=world.ports, plan=plan, senders=senders) == "sent"
    return taken


def test_a_notice_goes_the_way_of_a_mention(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        world.web.shows(post(1))
        await world.poll()  # the first visit tells nobody
        assert await sent(world, monkeypatch) == []
        now = world.clock.now()

        def tell(store: Store) -> int:
            number = open_case(store, now)
            intent = NoticeIntent(
                key="case:reminder",
                kind=NoticeKind.REMINDER,
                case_id=number,
                reason="the deadline is near",
                to=((SUPPORT.name, "a receiver of the routes"),),
                deadline=DeadlineKind.ACKNOWLEDGE,
                clock=CaseClock.FOUND,
                due_at=now + timedelta(minutes=30),
            )
            store.add_notice(intent, [(SUPPORT, "a receiver of the routes")], now=now)
            return number

        number = await world.writer.run(tell)
        [message] = await sent(world, monkeypatch)
        assert message.title == f"{BRAND}: обращение {number}, первый ответ: осталось 30 мин"
        assert f"«В {BRAND} плохо (1)»" in message.body
        assert "https://forum.example/1" in message.body
        assert "сообщений: 1" in message.body
        assert await sent(world, monkeypatch) == []

    play(tmp_path, story)


def test_an_alert_says_what_is_due_in_the_case_of_its_post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        await world.poll()
        world.web.shows(post(1))
        await world.poll()
        now = world.clock.now()
        number = await world.writer.run(lambda store: open_case(store, now))
        mentioned = [message.body for message in await sent(world, monkeypatch) if "monitor-alert:" in message.body]
        assert [f"Обращение {number}: первый ответ до {DUE:%Y-%m-%d %H:%M} UTC" in body for body in mentioned] == [True]

    play(tmp_path, story)
