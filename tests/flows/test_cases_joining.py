"""Which posts are one case, through real visits: copies, one person in two places, links by hand, all at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.flows.desk import (
    BUYER,
    GIRL,
    GUEST,
    PARTY,
    act,
    by,
    case_row,
    elsewhere,
    events,
    lost,
    posts_of,
    said,
    shop,
    shown,
    told,
)
from tests.flows.world import BRAND, NOW, World, play

if TYPE_CHECKING:
    from pathlib import Path

TALE = (
    f"{BRAND} привёз разбитую посуду: курьер не дождался осмотра, оператор полчаса переключал звонок между отделами, "
    "потом попросил снимки осколков, заявку закрыли без объяснений, деньги за сервиз до сих пор удерживают, ужас"
)


@pytest.mark.parametrize(
    "order", ["tale copy own more", "own copy more tale", "copy more own tale", "more tale own copy"]
)
@pytest.mark.parametrize("together", [True, False], ids=["one visit", "four visits"])
def test_R24_copies_belong_to_who_told_it_first_in_whatever_order_they_are_found(
    tmp_path: Path, order: str, together: bool
) -> None:
    at = NOW - timedelta(hours=3)
    posts = {
        "tale": said("tale", TALE, by=BUYER, at=at),
        "copy": said("copy", f"{TALE}!!", by=GUEST, at=at + timedelta(minutes=10)),
        "own": said("own", f"{BRAND} прислал битую чашку, ужас", by=GUEST, at=at + timedelta(minutes=20)),
        "more": said("more", f"{BRAND} и на звонки не отвечает, ужас", by=BUYER, at=at + timedelta(minutes=30)),
    }

    async def story(world: World) -> None:
        desk = await shop(world)
        found = [posts[name] for name in order.split()]
        for visit in [found] if together else [[one] for one in found]:
            await shown(desk, *reversed(visit))
        cases = [int(str(row["id"])) for row in desk.rows("SELECT id FROM cases WHERE state <> 'merged'")]
        assert sorted(sorted(posts_of(desk, case)) for case in cases) == [["copy", "more", "tale"], ["own"]]

    play(tmp_path, story)


def test_R24_what_a_person_linked_to_a_case_stays_there(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk, _ = await lost(world)
        hours = f"В {BRAND} с понедельника новые часы работы: с девяти до восьми"
        await shown(desk, by(GUEST, "hours", hours, world=desk))
        assert desk.count("cases") == 1
        await act(desk, "join", person="anna", mention=2)
        await shown(desk, by(BUYER, "more", f"{BRAND} и на звонки не отвечает, ужас", world=desk))
        assert (desk.count("cases"), posts_of(desk)) == (1, ["lost", "hours", "more"])

    play(tmp_path, story)


def test_R25_only_the_customer_opens_a_case_again_not_who_copied_them(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        desk = await shop(world)
        await shown(desk, by(BUYER, "tale", TALE, world=desk))
        await shown(desk, by(GUEST, "copy", f"{TALE}!!", world=desk))
        await act(desk, "silent", person="boris", text="Решили в другом обращении")
        await shown(desk, by(GUEST, "bump", "жду ответа", world=desk, under="copy"))
        assert case_row(desk)["state"] == "silent"
        back = await shown(desk, by(BUYER, "mine", "жду ответа", world=desk, under="tale"))
        assert (case_row(desk)["state"], case_row(desk)["round"]) == ("checking", 2)
        assert told(desk) == [(back, agent, "reopened") for agent in ("anna", "nina")]

    play(tmp_path, story)


def test_two_visits_and_a_person_at_once_make_one_case_and_lose_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        page = await shop(world)
        wall = await elsewhere(page, "wall")
        both = [
            shown(
                page, by(GIRL, "queue", f"А у меня со «{PARTY}» плохо: вещи не вывозят вторую неделю, ужас", world=page)
            ),
            shown(
                wall,
                by(GIRL, "wall", f"Напишу и здесь: «{PARTY}» так ничего и не вывезла, ужас", world=page, site="wall"),
            ),
        ]
        await asyncio.gather(*both)
        assert (page.count("cases"), sorted(posts_of(page))) == (1, ["queue", "wall"])
        third = shown(page, by(GIRL, "third", f"«{PARTY}» и сегодня молчит, ужас", world=page))
        notes = [act(page, "note", person=who, text=f"звонит {who}") for who in ("anna", "nina", "boris")]
        await asyncio.gather(third, act(page, "take", person="anna"), *notes)
        kinds = events(page)
        assert {kind: kinds.count(kind) for kind in ("opened", "joined", "assigned", "noted")} == {
            "opened": 1,
            "joined": 2,
            "assigned": 1,
            "noted": 3,
        }
        numbers = [row["seq"] for row in page.rows("SELECT seq FROM case_events WHERE case_id = 1 ORDER BY seq")]
        assert numbers == [*range(1, len(kinds) + 1)]
        assert (case_row(page)["state"], case_row(page)["owner"]) == ("checking", "anna")

    play(tmp_path, story)
