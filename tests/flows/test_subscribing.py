"""Subscriptions: what somebody asked for reaches them, at once beside the tree or in a digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from monitor.alerting.routes import CompiledRoute, decide, facts_of
from monitor.errors import InputError, Refused
from monitor.flows.desk import VERBS
from monitor.flows.digesting import send_digests
from monitor.flows.lexicon import learn_entered
from monitor.flows.subscribing import routes_of
from monitor.models import (
    SHIPPED_TIMING,
    Author,
    Decision,
    Label,
    Lemmas,
    Level,
    Mention,
    Post,
    PostType,
    Receiver,
    Sentiment,
    SpecialCase,
    Target,
)
from monitor.query import parse
from tests.flows.world import NOW, SUPPORT, FakeWorker, World, play

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from monitor.flows.ports import Plan
    from monitor.store import Store

STAFF = {"Анна": "agent", "Борис": "agent", "Вера": "lead"}
EACH = {
    name: Receiver(name=name, targets=(Target(key=name, url="json://127.0.0.1:9/"),), zone="Europe/Moscow")
    for name in STAFF
}
RUDE = SpecialCase(name="rude_staff", level=Level.CRITICAL, rule="ru:x", field="text", start=0, end=2)


class Shop:
    """A world with a staff, each with a receiver."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def plan(self) -> Plan:
        return replace(self.world.plan, receivers={**EACH, SUPPORT.name: SUPPORT})

    async def do(self, verb: str, by: str = "Вера", **arguments: Any) -> Any:
        return await VERBS[verb](self.world.ports, self.plan, {"by": by, **arguments})

    async def staffed(self) -> Shop:
        for name, role in sorted(STAFF.items(), key=lambda one: one[1] != "lead"):
            await self.do("people", do="add", name=name, role=role, receiver=name)
        return self

    async def adds(self, person: str, match: str, by: str | None = None, **rest: Any) -> int:
        answer = await self.do("subscribe", by or person, do="add", person=person, match=match, **rest)
        return int(answer["id"])

    async def routes(self) -> tuple[CompiledRoute, ...]:
        return await self.world.writer.run(lambda store: routes_of(store, self.plan))


def said(
    *,
    brand: str = "A",
    rating: float | None = None,
    lang: str = "ru",
    label: Label = Label.NEGATIVE,
    cases: Sequence[SpecialCase] = (),
    priority: int = 50,
) -> tuple[Post, Mention]:
    post = Post(
        native_id="1", text="x", author=Author(name="a"), rating=rating, lang=lang, type=PostType.REVIEW, published=NOW
    )
    felt = Sentiment(label=label, negative=0.9, neutral=0.1, positive=0.0)
    mention = Mention(
        brand=brand,
        relevance=1.0,
        doubtful=False,
        spans=(),
        sentiment=felt,
        special_cases=tuple(cases),
        influence=10,
        priority=priority,
        why=(),
    )
    return post, mention


def decided(
    one: tuple[Post, Mention],
    subscriptions: Sequence[CompiledRoute],
    *,
    source: str = "forum",
    routes: Sequence[CompiledRoute] = (),
) -> Decision:
    post, mention = one
    return decide(
        post,
        mention,
        lemmas=Lemmas(),
        source=source,
        key="k",
        silent=None,
        competitor=False,
        routes=routes,
        now=NOW,
        subscriptions=subscriptions,
    )


def heard(decision: Decision) -> set[str]:
    return set() if decision.alert is None else {dispatch.receiver.name for dispatch in decision.alert.to}


WANTED = {
    "brand:B": {"brand": "B"},
    "rating<=2": {"rating": 2.0},
    "lang:uk": {"lang": "uk"},
    "case:rude_staff": {"cases": [RUDE]},
    "priority>=80": {"priority": 80},
    "sentiment:positive": {"label": Label.POSITIVE},
}


def test_R54_each_person_subscribes_to_what_concerns_them(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        shop = await Shop(world).staffed()
        # By brand, stars, language, class, priority: what holds is heard of at once, the rest is not.
        for match, fields in WANTED.items():
            number = await shop.adds("Анна", match)
            routes = await shop.routes()
            assert heard(decided(said(**cast("Any", fields)), routes)) == {"Анна"}, match
            assert heard(decided(said(), routes)) == set(), match
            await shop.do("subscribe", "Анна", do="end", id=number)
            assert await shop.routes() == ()
        # By source, and each for themselves.
        await shop.adds("Анна", "source:reviews")
        await shop.adds("Борис", "brand:A priority>=50")
        routes = await shop.routes()
        assert heard(decided(said(), routes, source="reviews")) == {"Анна", "Борис"}
        assert heard(decided(said(), routes)) == {"Борис"}
        assert heard(decided(said(priority=10), routes)) == set()
        # Whatever the tree took, and whoever it took it for.
        tree = (CompiledRoute(parse("*"), SUPPORT),)
        decision = decided(said(), routes, routes=tree)
        assert heard(decision) == {"support", "Борис"}
        assert decision.alert is not None
        reason = next(one.reason for one in decision.alert.to if one.receiver.name == "Борис")
        assert "of Борис" in reason
        # By cadence: a digest is no route, and comes by itself.
        await shop.adds("Вера", "brand:A", cadence="daily", at="12:30", zone="UTC", always=True)
        assert await shop.routes() == routes
        assert await world.writer.run(lambda store: _digests(store, shop.plan)) == [
            (timedelta(minutes=30), "Вера"),
            (timedelta(days=1, minutes=30), "Вера"),
        ]

    play(tmp_path, story)


def _digests(store: Store, plan: Plan) -> list[tuple[timedelta, str]]:
    """After how long which receivers get a digest, in two days."""
    found = []
    for number in range(2 * 48):
        now = NOW + number * timedelta(minutes=30)
        send_digests(store, plan, now)
        for message in store.claim_messages(now, 10):
            found.append((now - NOW, message.receiver))
            store.message_sent(message.id, now)
    return found


def test_a_route_of_a_subscription_groups_as_routes_do_and_is_read_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        shop = await Shop(world).staffed()
        number = await shop.adds("Анна", "brand:B")
        (route,) = await shop.routes()
        assert (route.name, route.timing, route.receiver) == (
            f"subscription {number} of Анна",
            SHIPPED_TIMING,
            EACH["Анна"],
        )
        assert (await shop.routes())[0] is route

    play(tmp_path, story)


def test_who_has_no_receiver_or_one_that_is_not_configured_is_no_route(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        shop = await Shop(world).staffed()
        await shop.adds("Анна", "*")
        await shop.do("people", do="change", name="Анна", receiver=None)
        assert await shop.routes() == ()
        await shop.do("people", do="change", name="Анна", receiver="Борис")
        assert len(await shop.routes()) == 1
        assert await world.writer.run(lambda store: routes_of(store, world.plan)) == ()

    play(tmp_path, story)


def test_the_time_zone_is_that_of_the_receiver_unless_another_is_given(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        shop = await Shop(world).staffed()
        asked = {"do": "add", "person": "анна", "match": "*", "cadence": "weekly", "day": "Friday", "at": "8:05"}
        answer = await shop.do("subscribe", "Анна", **asked)
        (one,) = answer["subscriptions"]
        assert one == {
            "id": 1,
            "person": "Анна",
            "receiver": "Анна",
            "match": "*",
            "cadence": "weekly",
            "at": "08:05",
            "day": "friday",
            "zone": "Europe/Moscow",
            "language": None,
            "always": False,
        }
        answer = await shop.do("subscribe", "Анна", **asked, zone="Asia/Tokyo", language="ru")
        assert [(one["zone"], one["language"]) for one in answer["subscriptions"]][1] == ("Asia/Tokyo", "ru")

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"match": "rating<="}, "the query cannot be read"),
        ({"person": "Глеб"}, "nobody here is called 'Глеб'"),
        ({"zone": "Europe/Atlantis"}, "there is no time zone"),
        ({"zone": "../../etc/passwd"}, "there is no time zone"),
        ({"cadence": "yearly"}, "a cadence is now, hourly, daily, weekly"),
        ({"day": "someday"}, "a day is monday"),
        ({"at": "25:00"}, "is no time of day"),
        ({"language": "xx"}, "not in 'xx'"),
        ({"do": "change"}, "are added or ended"),
        ({"do": "end", "id": 9}, "there is no subscription 9"),
        ({"do": "end", "id": "nine"}, "named by its number"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    async def story(world: World) -> None:
        shop = await Shop(world).staffed()
        with pytest.raises(InputError, match=message):
            await shop.do("subscribe", **{"do": "add", "person": "Анна", "match": "*", **arguments})
        assert world.count("subscriptions") == 0

    play(tmp_path, story)


def test_everybody_says_what_they_hear_of_themselves_and_leads_say_it_of_others(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        shop = await Shop(world).staffed()
        with pytest.raises(Refused, match="may not say what Анна hears of"):
            await shop.adds("Анна", "*", by="Борис")
        number = await shop.adds("Анна", "*", by="Вера")
        with pytest.raises(Refused, match="ask Анна or Вера"):
            await shop.do("subscribe", "Борис", do="end", id=number)
        await shop.do("subscribe", "анна", do="end", id=number)
        assert await shop.routes() == ()

    play(tmp_path, story)


def test_words_of_a_subscription_are_looked_up_by_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        shop = await Shop(world).staffed()
        world.worker = Dictionary()
        await shop.adds("Анна", "самовар brand:A")
        await learn_entered(world.ports, shop.plan)
        assert world.worker.asked == [{"самовар"}]  # once
        (route,) = await shop.routes()
        post, mention = said()
        bought = replace(post, text="два самовара")
        facts = facts_of(bought, mention, lemmas=Lemmas(text="два самовар"), source="forum", now=NOW)
        assert route.holds(facts)

    # The dictionaries are not for the daemon itself.
    monkeypatch.setattr("monitor.flows.lexicon.known_variants", None)
    play(tmp_path, story)


class Dictionary(FakeWorker):
    """A worker that knows words as they are spelt, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[set[str]] = []

    async def variants(self, words: Collection[str]) -> dict[str, frozenset[str]]:
        self.asked.append(set(words))
        return {word: frozenset({word}) for word in words}
