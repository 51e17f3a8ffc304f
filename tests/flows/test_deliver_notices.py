from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor import notify
from monitor.cases.playbooks import known
from monitor.cases.states import advance
from monitor.flows.deliver import deliver
from monitor.models import (
    JSON,
    CaseClock,
    CaseEvent,
    Deadline,
    DeadlineKind,
    Dispatch,
    Duty,
    EventKind,
    NoticeIntent,
    NoticeKind,
    PlaybookSettings,
)
from tests.flows.world import BRAND, NOW, SUPPORT, World, play, post

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from monitor.alerting.messages import RenderedMessage
    from monitor.models import Playbook, Target
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


async def sent(
    world: World, monkeypatch: pytest.MonkeyPatch, *, playbooks: Mapping[str, Playbook] | None = None
) -> list[RenderedMessage]:
    """What is due now, as its target gets it, in Russian."""
    taken: list[RenderedMessage] = []

    def take(_target: Target, message: RenderedMessage, *, message_id: str) -> None:
        assert message.body.endswith(message_id)
        taken.append(message)

    monkeypatch.setattr(notify, "send", take)
    plan = replace(
        world.plan, receivers={SUPPORT.name: replace(SUPPORT, language="ru")}, playbooks=playbooks or known({})
    )
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
            store.add_notice(intent, [Dispatch(SUPPORT, "a receiver of the routes")], now=now)
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


@pytest.mark.parametrize(
    ("duties", "classes", "cleared", "is_locked"),
    [
        ({"refund": {Duty.LEGAL}}, ["refund"], False, True),
        ({"refund": {Duty.LEGAL}}, ["negative", "refund"], True, False),
        ({"refund": {Duty.LEGAL}}, ["negative"], False, False),
        ({}, ["legal_threat"], False, True),
        ({"legal_threat": {Duty.VERDICT}}, ["legal_threat"], False, False),
    ],
)
def test_a_notice_advises_no_answer_where_the_playbooks_ask_for_the_word_of_legal(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    duties: dict[str, set[Duty]],
    classes: list[str],
    cleared: bool,
    is_locked: bool,
) -> None:
    playbooks = known({name: PlaybookSettings(duties=frozenset(wanted)) for name, wanted in duties.items()})

    def tell(store: Store) -> None:
        opened: dict[str, JSON] = {"brand": BRAND, "classes": [*classes], "found_at": NOW.isoformat()}
        case = store.add_case(CaseEvent(kind=EventKind.OPENED, at=NOW, body=opened))
        if cleared:
            event = CaseEvent(kind=EventKind.CLEARED, at=NOW, person="vera", body={"text": "можно"})
            store.save_case(*advance(case, [event], case_id=case.id))
        intent = NoticeIntent(
            key="case:reminder",
            kind=NoticeKind.REMINDER,
            case_id=case.id,
            reason="",
            to=((SUPPORT.name, "owner"),),
            deadline=DeadlineKind.ACKNOWLEDGE,
            due_at=DUE,
        )
        store.add_notice(intent, [Dispatch(SUPPORT, "owner")], now=NOW)

    async def story(world: World) -> None:
        await world.writer.run(tell)
        [message] = await sent(world, monkeypatch, playbooks=playbooks)
        assert ("monitor cases clear" in message.body) is is_locked
        assert ("monitor cases answer" in message.body) is not is_locked

    play(tmp_path, story)
