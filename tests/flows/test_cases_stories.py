"""The work that the four seed texts describe, played as scripts: who is told in which minute, and how a case ends.

The texts are ours; the seeds are only named. A real judge reads them, and a hand sets the clock.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from monitor.models import OfficeHours
from tests.flows.desk import (
    BUYER,
    GIRL,
    GUEST,
    HOURS,
    LOST,
    PARTY,
    Shop,
    act,
    body_of,
    by,
    case_row,
    elsewhere,
    events,
    lost,
    minute,
    posts_of,
    refused,
    shop,
    shown,
    ticks,
    told,
    until,
)
from tests.flows.world import BRAND, NOW, World, play

if TYPE_CHECKING:
    from pathlib import Path


DAY = 24 * HOURS
OFFICE = OfficeHours(zone="Europe/Moscow", days=frozenset(range(5)), begin=time(9), end=time(18))
CHECKING = "Спасибо, что написали. Мы проверяем, что случилось, и вернёмся с ответом сегодня"


# ── 001: the guest of a party ──

PRAISE = f"Была вчера на вечеринке «{PARTY}»: музыка, гирлянды, чудесные люди. Спасибо, обязательно приду ещё!"
COMPLAINT = (
    f"А у меня со «{PARTY}» всё плохо: вывоза вещей жду вторую неделю, "
    "а оператор по телефону мне нахамила и бросила трубку"
)
AGAIN = f"Напишу и здесь. «{PARTY}» так и не извинилась: оператор мне нахамила, вещи до сих пор не вывезли, ужас"
SORTED_OUT = (
    "Спасибо, что написали. Очередь на вывоз правда длинная: машин пока две, третья выйдет в декабре. "
    "Запись звонка мы прослушали и готовы дать её послушать вам"
)


def test_001_a_guest_complains_under_praise_is_left_alone_comes_back_and_shrugs(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        page = await shop(world)
        wall = await elsewhere(page, "wall")
        await shown(page, by(GUEST, "party", PRAISE, world=page))
        assert page.count("cases") == 0

        found = await shown(page, by(GIRL, "queue", COMPLAINT, world=page, under="party"))
        assert case_row(page)["state"] == "new"
        assert {"negative", "rude_staff"} == set(case_row(page)["classes"])
        # The lead is told of it before those whom a route tells of every complaint.
        assert told(page, routes=True) == [(found, "boris", "opened"), (found, "support", "mention")]

        await left_alone(page, found)
        await until(page, found + 26 * HOURS)
        assert told(page, since=found + 1) == []

        back = await shown(wall, by(GIRL, "wall", AGAIN, world=page, site="wall"))
        assert (page.count("cases"), posts_of(page)) == (1, ["queue", "wall"])
        opened_again = case_row(page)
        assert (opened_again["state"], opened_again["round"], opened_again["owner"]) == ("checking", 2, "anna")
        assert told(page, since=back) == [(back, "anna", "reopened")]

        await sorted_out(page, back)
        shrug = await shown(wall, by(GIRL, "shrug", "ну и ладно", world=page, under="wall", site="wall"))
        assert posts_of(page) == ["queue", "wall", "shrug"]
        assert told(page, since=back + 1) == [(shrug, "anna", "reopened")]
        await act(page, "silent", person="boris", text="Она всё услышала и закончила разговор сама")
        closed = await act(page, "close", person="anna", outcome="quiet")
        assert (closed["state"], closed["verdict"], closed["outcome"]) == ("closed", "partly", "quiet")
        await until(page, shrug + 5 * DAY)
        assert told(page, since=shrug + 1) == []
        assert events(page) == [
            *("opened", "assigned", "evidence", "claim", "claim", "silent"),
            *("joined", "reopened", "evidence", "findings", "verdict", "answered"),
            *("joined", "reopened", "silent", "closed"),
        ]

    play(tmp_path, story)


async def left_alone(page: Shop, found: int) -> None:
    """The letters are looked up; the lead decides that nobody answers her."""
    await until(page, found + 6)
    assert (await act(page, "take", person="anna"))["state"] == "checking"
    await act(page, "evidence", person="anna", what="переписка за две недели", url="https://desk.example/letters/77")
    await act(page, "claim", person="anna", text="очередь на вывоз длинная", truth="true")
    await act(page, "claim", person="anna", text="в переписке ей грубили", truth="false")
    assert [(one["truth"]) for one in body_of(page, "claim")] == ["true", "false"]
    assert await refused(page, "silent", person="anna", text="грубит она сама") == {"too_few_attempts"}
    assert await refused(page, "silent", person="boris") == {"needs_text"}
    await until(page, found + 10)
    silent = await act(page, "silent", person="boris", text="В письмах грубит она сама, спорить на виду не о чем")
    assert silent["state"] == "silent"
    assert silent["silent_reason"].startswith("В письмах")


async def sorted_out(page: Shop, back: int) -> None:
    """A recording is found; she is answered in public, before anybody has to be reminded."""
    await act(page, "evidence", person="anna", what="запись звонка", url="https://desk.example/calls/1204")
    assert await refused(page, "close", person="anna") == {"not_answered", "open_verdict", "open_findings"}
    await act(page, "findings", person="boris", text="Оператор говорит неуверенно, но не грубит; учим новичков")
    assert await refused(page, "verdict", person="anna", verdict="partly") == {"needs_text"}
    await act(page, "verdict", person="anna", verdict="partly", text="Очередь есть, грубости на записи нет")
    await until(page, back + 40)
    answered = await act(page, "answer", person="anna", text=SORTED_OUT, url="https://wall.example/wall#2")
    assert (answered["state"], minute(page, answered["answered_at"]), answered["duties"]) == ("answered", back + 40, [])
    assert answered["warnings"] == []
    await until(page, back + 70)
    assert told(page, since=back + 1) == []


# ── 003: three classes that need care ──

RUDE = f"В {BRAND} продавщица на меня наорала и обозвала при детях, хамство"
LEGAL = f"{BRAND} не вернул деньги за диван. Завтра отнесу иск в суд, мой адвокат уже готовит бумаги"
VIP = (
    f"Покупаю в {BRAND} одиннадцать лет, постоянный клиент, золотая карта, "
    "а в этот раз привезли разбитый стол, очень обидно"
)


def test_R31_R32_R51_003_rude_staff_wakes_the_lead_at_night_and_goes_up_to_the_founder(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk = await shop(world, office=OFFICE)
        desk.clock.moment = NOW + timedelta(hours=11, minutes=30)  # half past two on a Sunday night in Moscow
        post = by(BUYER, "rude", RUDE, world=desk)
        found = await shown(desk, replace(post, published=desk.clock.moment - timedelta(minutes=20)))
        assert told(desk) == [(found, "boris", "opened")]

        await until(desk, found + 3 * HOURS)
        assert told(desk, since=found + 1) == [
            *[(found + 45, agent, "reminder acknowledge") for agent in ("anna", "nina")],
            (found + 60, "boris", "breach acknowledge"),
            (found + 120, "gleb", "breach acknowledge"),
        ]
        # The monitor was 21 minutes late: on record, and nobody's fault.
        assert [(one["clock"], one["step"]) for one in body_of(desk, "breached")] == [
            ("published", 1),
            ("found", 1),
            ("found", 2),
        ]

        await act(desk, "take", person="anna")
        seen = await act(desk, "answer", person="anna", text=CHECKING)
        assert (seen["state"], seen["answered_at"]) == ("checking", None)
        assert minute(desk, seen["acknowledged_at"]) == found + 3 * HOURS
        await act(desk, "verdict", person="anna", verdict="justified", text="Две коллеги и камера подтверждают")
        await act(desk, "answer", person="anna", text="Спасибо, что рассказали. Так быть не должно, мы разбираемся")
        assert await refused(desk, "close", person="anna") == {"open_findings"}

        # The answer is given, the inquiry is not done: that deadline goes on.
        await until(desk, found + 74 * HOURS)
        assert told(desk, since=found + 121) == [
            (found + 72 * HOURS - 15, "anna", "reminder resolve"),
            (found + 72 * HOURS, "boris", "breach resolve"),
            (found + 73 * HOURS, "gleb", "breach resolve"),
        ]
        await act(desk, "findings", person="boris", text="Смена была без старшей; составили график и учим")
        closed = await act(desk, "close", person="anna", outcome="content")
        assert (closed["state"], closed["duties"]) == ("closed", [])
        await until(desk, found + 80 * HOURS)
        assert told(desk, since=found + 74 * HOURS) == []

    play(tmp_path, story)


def test_R35_R36_003_a_legal_threat_goes_to_the_lawyer_first_and_nothing_is_answered_before(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk = await shop(world)
        found = await shown(desk, by(BUYER, "court", LEGAL, world=desk))
        assert told(desk, routes=True) == [(found, "vera", "opened"), (found, "support", "mention")]
        await until(desk, found + 5)
        await act(desk, "take", person="anna")
        await act(desk, "note", person="anna", text="Заказ 7781, деньги ушли на старую карту")

        for person in ("anna", "boris", "gleb"):
            assert await refused(desk, "template", person=person, name="legal_neutral") == {"legal_gate"}
            assert await refused(desk, "answer", person=person, text=CHECKING) == {"legal_gate"}
            assert await refused(desk, "offline", person=person, channel="phone") == {"legal_gate"}
            assert await refused(desk, "clear", person=person, text="можно") == {"role"}
        assert case_row(desk)["acknowledged_at"] is None

        await until(desk, found + 20)
        cleared = await act(desk, "clear", person="vera", text="Отвечать можно, о суде и о вине ни слова")
        assert cleared["cleared_by"] == "vera"
        assert BUYER in (await act(desk, "template", person="anna", name="legal_neutral"))["text"]
        await until(desk, found + 30)
        offline = await act(desk, "offline", person="anna", channel="phone", id="call-9")
        assert (offline["state"], minute(desk, offline["acknowledged_at"])) == ("offline", found + 30)
        assert await refused(desk, "close", person="anna") == {"open_verdict"}
        await until(desk, found + 26 * HOURS)
        await act(desk, "verdict", person="anna", verdict="justified", text="Возврат ушёл на закрытую карту")
        await act(desk, "attempt", person="anna", channel="phone", outcome="reached", text="договорились о переводе")
        closed = await act(desk, "close", person="anna", outcome="content")
        assert (closed["state"], closed["attempts"], closed["failed"]) == ("closed", 1, 0)
        await until(desk, found + 80 * HOURS)
        assert told(desk, since=found + 1) == []

    play(tmp_path, story)


@pytest.mark.parametrize("holidays", [0, 1])
def test_R39_003_a_regular_customer_is_answered_in_person_with_an_offer(tmp_path: Path, holidays: int) -> None:
    async def story(world: World) -> None:
        free = frozenset({date(2026, 11, 23)} if holidays else set[date]())
        desk = await shop(world, office=replace(OFFICE, holidays=free))
        found = await shown(desk, by(BUYER, "table", VIP, world=desk))
        assert set(case_row(desk)["classes"]) == {"negative", "vip"}
        assert told(desk) == [(found, "boris", "opened")]

        # Found on a Saturday: the hour to acknowledge begins at nine on Monday, or on the day after the holiday.
        opening = minute(desk, NOW.replace(day=23 + holidays, hour=9, tzinfo=ZoneInfo("Europe/Moscow")).isoformat())
        await until(desk, opening + 50)
        assert told(desk, since=found + 1) == [
            *[(opening + 45, agent, "reminder acknowledge") for agent in ("anna", "nina")]
        ]
        await act(desk, "assign", person="boris", owner="anna")
        draft = await act(desk, "template", person="anna", name="vip")
        assert draft["unfilled"] == ["step", "deadline", "contact"]
        assert await refused(desk, "answer", person="anna", text=draft["text"]) == {"slot"}
        known = {"step": "собираем новый стол", "deadline": "завтра", "contact": "салон на Садовой"}
        ready = await act(desk, "template", person="anna", name="vip", set=known)
        assert (BUYER in ready["text"], "anna" in ready["text"], ready["unfilled"]) == (True, True, [])
        seen = await act(desk, "answer", person="anna", text=ready["text"], template="vip")
        assert (seen["state"], seen["warnings"]) == ("checking", [])
        await act(desk, "verdict", person="anna", verdict="justified", text="Бой при доставке, есть снимки")
        await act(desk, "offline", person="anna", channel="phone")
        assert await refused(desk, "close", person="anna") == {"open_offer"}
        gift = "новый стол и сертификат"
        offered = await act(desk, "compensate", person="anna", what=gift, value=3000, currency="RUB")
        assert offered["offered"] is True
        closed = await act(desk, "close", person="anna", outcome="advocate")
        assert (closed["state"], closed["outcome"]) == ("closed", "advocate")
        await until(desk, opening + 4 * DAY)
        assert told(desk, since=opening + 46) == [(opening + 50, "anna", "assigned")]

    play(tmp_path, story)


# ── 000: an official answer on a forum ──

FORUM = f"{BRAND} прислал не тот чайник, обмен тянут третью неделю, ужас"
OURS = "Спасибо, что написали. Чайник вы выбрали сами, вот снимок заказа; обменять его можно до пятницы"
US = "testomarket_help"


async def forum(world: World) -> tuple[Shop, int]:
    """A complaint on a forum, which anna looks into; our account there is known."""
    world.own_accounts = {US: BRAND}
    desk = await shop(world)
    found = await shown(desk, by(BUYER, "kettle", FORUM, world=desk))
    await act(desk, "take", person="anna")
    await act(desk, "verdict", person="anna", verdict="not", text="В заказе стоит именно этот чайник")
    return desk, found


def test_R4_R30_000_our_answer_in_the_thread_is_seen_and_its_time_measured(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk, found = await forum(world)
        await until(desk, found + 40)
        ours = by(US, "ours", OURS, world=desk, under="kettle")
        desk.clock.moment += timedelta(minutes=14)
        seen = await shown(desk, ours)
        assert seen == found + 55
        answered = case_row(desk)
        assert (answered["state"], answered["public_replies"]) == ("answered", 1)
        # What counts is when it was written, not when it was seen.
        assert minute(desk, answered["answered_at"]) == minute(desk, answered["acknowledged_at"]) == found + 40
        assert told(desk) == []
        assert events(desk) == ["opened", "assigned", "verdict", "answer_seen"]
        closed = await act(desk, "close", person="anna", outcome="quiet")
        assert closed["state"] == "closed"

    play(tmp_path, story)


def test_R4_R30_000_an_answer_that_the_forum_takes_down_is_told_to_the_owner_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk, _ = await forum(world)
        ours = by(US, "ours", OURS, world=desk, under="kettle")
        await shown(desk, ours)
        assert case_row(desk)["state"] == "answered"
        await visited(desk, hours=3)
        assert told(desk) == []

        desk.web.shows(*(one for one in desk.web.pages["1"] if one.native_id != "ours"))
        del desk.web.articles[str(ours.url)]
        await visited(desk, hours=30)
        (gone,) = desk.rows("SELECT removed_at FROM posts WHERE native_id = 'ours'")
        assert told(desk) == [(minute(desk, gone["removed_at"]), "anna", "answer_gone")]
        assert events(desk).count("answer_gone") == 1

        desk.web.shows(ours, *desk.web.pages["1"])
        desk.web.articles[str(ours.url)] = OURS
        await visited(desk, hours=1)
        assert events(desk)[-1] == "answer_back"
        assert len(told(desk)) == 1

    play(tmp_path, story)


def test_R1_000_an_answer_before_the_verdict_only_says_that_we_are_at_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.own_accounts = {US: BRAND}
        desk = await shop(world)
        found = await shown(desk, by(BUYER, "kettle", FORUM, world=desk))
        await until(desk, found + 30)
        await shown(desk, by(US, "seen", CHECKING, world=desk, under="kettle"))
        answered = case_row(desk)
        assert (answered["state"], answered["answered_at"]) == ("checking", None)
        assert minute(desk, answered["acknowledged_at"]) == found + 30
        # Acknowledged in time; to resolve it is due all the same.
        await until(desk, found + 73 * HOURS)
        assert told(desk) == [
            *[(found + 71 * HOURS, agent, "reminder resolve") for agent in ("anna", "nina")],
            (found + 72 * HOURS, "boris", "breach resolve"),
        ]

    play(tmp_path, story)


async def visited(world: World, *, hours: int) -> None:
    """Visits every half an hour."""
    for _ in range(2 * hours):
        world.clock.moment += timedelta(minutes=29)
        await world.poll()


def test_R4_000_every_complaint_ends_answered_offline_or_silent_with_a_reason(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk = await shop(world)
        bad = ("потерял посылку", "прислал битую чашку", "не отвечает на звонки", "списал деньги дважды")
        for n, what in enumerate(bad, start=1):
            await shown(desk, by(f"{BUYER}{n}", f"bad{n}", f"{BRAND} {what}, ужас", world=desk))
        assert desk.count("cases") == 4
        for case in range(1, 5):
            await act(desk, "verdict", case=case, person="anna", verdict="justified", text="Посылка и правда пропала")
        await act(desk, "answer", case=1, person="anna", text="Спасибо, что написали: посылка нашлась, везём завтра")
        await act(desk, "offline", case=2, person="anna", channel="email")
        await act(desk, "silent", case=3, person="boris", text="Уже решено в другом обращении")
        assert open_complaints(desk) == ["bad4"]
        await act(desk, "answer", case=4, person="nina", url="https://forum.example/bad4#2")
        assert open_complaints(desk) == []

    play(tmp_path, story)


def open_complaints(world: World) -> list[object]:
    """Negative mentions of which nobody has answered yet, nor said why not."""
    rows = world.rows(
        "SELECT native_id FROM mentions JOIN posts ON posts.id = mentions.post_id "
        "LEFT JOIN case_posts ON case_posts.post_id = posts.id LEFT JOIN cases ON cases.id = case_id "
        "WHERE sentiment = 'negative' AND NOT doubtful AND (cases.state IS NULL OR NOT (cases.state = 'silent' AND "
        "silent_reason IS NOT NULL OR cases.state IN ('answered', 'offline', 'closed'))) ORDER BY posts.id"
    )
    return [row["native_id"] for row in rows]


# ── 002: the steps of an answer ──

FAKE = f"{BRAND} хуже всех, сплошной обман, идите лучше в лавку напротив"
HAPPY = f"Спасибо {BRAND}: посылку нашли, деньги вернули, всё понравилось, буду заказывать ещё"


def test_R1_R47_R49_R50_002_thanked_in_hours_asked_for_details_made_good_and_won_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk, found = await lost(world)
        await until(desk, found + 150)
        assert codes(await act(desk, "answer", person="anna", dry_run=True, text="Проверяем вашу посылку")) == [
            "thanks"
        ]
        seen = await act(desk, "answer", person="anna", text=CHECKING)
        assert (seen["state"], codes(seen)) == ("checking", [])
        assert minute(desk, seen["acknowledged_at"]) == found + 150
        await shown(
            desk,
            *(by(f"other_{n}_x", f"same{n}", "У меня то же самое!", world=desk, under="lost") for n in (1, 2)),
        )
        assert (desk.count("cases"), posts_of(desk)) == (1, ["lost"])

        asked = minute(desk)
        await act(desk, "wait", person="anna", text="номер заказа и день, когда обещали привезти")
        await until(desk, asked + 10 * HOURS - 1)
        told_us = await shown(desk, by(BUYER, "number", "Заказ 5512, обещали во вторник", world=desk, under="lost"))
        assert events(desk)[-2:] == ["joined", "resumed"]
        assert posts_of(desk) == ["lost", "number"]
        due = desk.rows("SELECT due_at FROM case_deadlines WHERE kind = 'resolve' AND clock = 'found' AND step = 1")
        assert [minute(desk, row["due_at"]) for row in due] == [found + 72 * HOURS + told_us - asked]

        await act(desk, "ticket", person="anna", id="T-5512")
        await act(desk, "attempt", person="anna", channel="phone", outcome="reached")
        await act(desk, "verdict", person="anna", verdict="justified", text="Пачку 5512 забыли на складе")
        await act(desk, "compensate", person="anna", what="сертификат", value=300, currency="RUB")
        good = await act(desk, "answer", person="anna", text="Спасибо за терпение: посылка у курьера, привезёт завтра")
        assert (good["state"], good["ticket"], good["offered"]) == ("answered", "T-5512", True)
        assert (await act(desk, "close", person="anna", outcome="content"))["state"] == "closed"

        await until(desk, minute(desk) + 3 * DAY)
        await shown(desk, by(BUYER, "happy", HAPPY, world=desk))
        # Praise is on record with the case, opens nothing and wakes nobody.
        assert (posts_of(desk), case_row(desk)["state"]) == (["lost", "number", "happy"], "closed")
        labels = desk.rows("SELECT sentiment FROM mentions ORDER BY id")
        assert [row["sentiment"] for row in labels] == ["negative", "positive"]
        assert told(desk) == [(told_us, "anna", "wrote")]  # what was waited for

    play(tmp_path, story)


def codes(done: dict[str, Any]) -> list[str]:
    """What the reply check warned of."""
    return [one["code"] for one in done["warnings"]]


def test_R2_R3_002_a_complaint_that_nobody_takes_goes_up_the_ladder_in_its_hours(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk = await shop(world)
        found = await shown(desk, by(BUYER, "lost", LOST, world=desk))
        await until(desk, found + 9 * HOURS)
        assert told(desk) == [
            *[(found + 180, agent, "reminder acknowledge") for agent in ("anna", "nina")],
            (found + 240, "boris", "breach acknowledge"),
            (found + 480, "gleb", "breach acknowledge"),
        ]
        # Neither a restart nor a clock that is set back tells anybody again.
        before = told(desk)
        desk.clock.moment -= timedelta(hours=8)
        assert await ticks(desk) == 0
        desk.clock.moment += timedelta(hours=8)
        assert await ticks(desk) == 0
        assert told(desk) == before

    play(tmp_path, story)


@pytest.mark.parametrize("verdict", ["fake", "wrong_business"])
def test_R41_R43_002_a_fake_and_another_firms_customer_are_checked_noted_and_answered(
    tmp_path: Path, verdict: str
) -> None:
    async def story(world: World) -> None:
        desk = await shop(world)
        found = await shown(desk, by("rival_shop_01", "lies", FAKE, world=desk))
        await act(desk, "take", person="anna")
        await act(desk, "answer", person="anna", text="Спасибо, что написали. Подскажите номер заказа и день покупки?")
        await act(desk, "wait", person="anna", text="номер заказа")
        # While the customer has the word nothing is missed, however long they are silent; after a while anna is asked.
        await until(desk, found + 5 * DAY)
        assert told(desk) == [(found + 72 * HOURS, "anna", "reminder wait")]
        assert await refused(desk, "verdict", person="anna", verdict=verdict) == {"needs_text"}
        await act(desk, "evidence", person="anna", what="такого покупателя в кассе нет")
        judged = await act(desk, "verdict", person="anna", verdict=verdict, text="Ни заказа, ни имени у нас нет")
        assert (judged["state"], judged["waiting_at"]) == ("verdict", None)
        text = "Спасибо. Такого заказа у нас нет; если он найдётся, пришлите номер, и мы поможем"
        await act(desk, "answer", person="anna", text=text)
        closed = await act(desk, "close", person="anna")
        assert (closed["state"], closed["verdict"], closed["outcome"]) == ("closed", verdict, "unknown")

    play(tmp_path, story)


def test_R9_R22_R38_002_who_will_not_talk_gets_a_balanced_answer(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk, _ = await lost(world)
        for number, outcome in enumerate(("failed", "failed", "refused"), start=1):
            assert await refused(desk, "silent", person="anna", text="не отвечает") == {"too_few_attempts"}
            tried = await act(desk, "attempt", person="anna", channel="phone", outcome=outcome, text="днём")
            assert (tried["attempts"], tried["failed"], tried["acknowledged_at"]) == (number, number, None)
            desk.clock.moment += timedelta(minutes=20)
        # By now anybody may give up; a word in public is better.
        await act(desk, "verdict", person="anna", verdict="partly", text="Посылка ждёт в пункте, о чём писали в почту")
        text = "Спасибо, что написали. Мы звонили вам трижды и будем рады помочь; посылка ждёт вас на Садовой"
        assert (await act(desk, "answer", person="anna", text=text))["state"] == "answered"
        await act(desk, "answer", person="anna", text="Спасибо, ждём вас до воскресенья")
        third = await act(desk, "answer", person="anna", dry_run=True, text="Спасибо, но мы всё сказали")
        assert "quarrel" in codes(third)
        closed = await act(desk, "close", person="anna", outcome="unreachable")
        assert (closed["state"], closed["public_replies"]) == ("closed", 2)

    play(tmp_path, story)
