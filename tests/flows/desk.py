"""A shop that works cases off: its people with a receiver each, what they do, time that passes, who was told when."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest

from monitor.errors import Refused
from monitor.flows.desk import VERBS
from monitor.flows.ticks import deadlines
from monitor.models import Author, Brand, PostType, Receiver, Source, Target
from monitor.understanding.judge import Judge
from tests.flows.world import BRAND, NOW, FakeWeb, FakeWorker, World, begin, post

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.flows.ports import Plan
    from monitor.models import JSON, Judgement, OfficeHours, Post
    from monitor.store import Store

PARTY = "Свалка"
"""The brand of 001; the others tell of BRAND."""
STAFF = (("boris", "lead"), ("anna", "agent"), ("nina", "agent"), ("vera", "legal"), ("oleg", "analyst"))
FOUNDER = "gleb"
EACH = {name: Receiver(name=name, targets=(Target(key=name, url="json://127.0.0.1:9/"),)) for name, _ in STAFF}
LOST = f"{BRAND} потерял мою посылку, трекер стоит на месте десять дней, отвратительно"
HOURS = 60
GIRL, GUEST, BUYER = "katya_orlova_1987", "lights_fan_88", "marina_petrova_4711"
"""Names of people whom nobody else is called."""


class RealJudge(FakeWorker):
    """Judges as the program does, in place."""

    async def judge(self, posts: Sequence[Post], *, site_weight: float | None) -> list[Judgement | None]:
        return [*_judge().judge(posts, site_weight=site_weight)]


@cache
def _judge() -> Judge:
    return Judge([Brand(name=BRAND), Brand(name=PARTY)])


@dataclass
class Shop(World):
    """A world whose plan knows a receiver for each person."""

    office: OfficeHours | None = None
    receivers: Mapping[str, Receiver] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        return replace(super().plan, receivers={**super().plan.receivers, **self.receivers}, office=self.office)


async def shop(world: World, *, office: OfficeHours | None = None) -> Shop:
    """The world with a real judge and a staff; its source was visited before."""
    founder = Receiver(name=FOUNDER, targets=(Target(key=FOUNDER, url="json://127.0.0.1:9/"),))
    opened = Shop(
        writer=world.writer,
        reader=world.reader,
        source=world.source,
        web=world.web,
        clock=world.clock,
        worker=RealJudge(),
        own_accounts=world.own_accounts,
        office=office,
        receivers={**EACH, FOUNDER: founder},
    )
    for name, role in STAFF:
        await people(opened, "add", by="boris", name=name, role=role, receiver=name)
    await people(opened, "add", by="boris", name=FOUNDER, role="admin", receiver=FOUNDER, founder=True)
    await begin(opened)
    return opened


async def elsewhere(first: Shop, name: str) -> Shop:
    """Another source of the same shop, visited before."""
    source = Source(name=name, kind="feed", url="1", options=None, every=timedelta(minutes=10))

    def sync(store: Store) -> None:
        hosts = {first.source.name: "forum.example:443", name: f"{name}.example:443"}
        store.sync_sources([first.source, source], hosts, NOW)

    await first.writer.run(sync)
    other = replace(first, source=source, web=FakeWeb())
    await begin(other)
    return other


def said(native: str, text: str, *, by: str, at: datetime, under: str | None = None, site: str = "forum") -> Post:
    """Somebody's post, or with `under` their comment in the thread that the post with this id began."""
    return replace(
        post(0),
        native_id=native,
        url=f"https://{site}.example/{native}",
        text=text,
        author=Author(name=by),
        published=at,
        thread=under,
        parent=under,
        type=PostType.POST if under is None else PostType.COMMENT,
    )


def by(who: str, native: str, text: str, *, world: World, under: str | None = None, site: str = "forum") -> Post:
    """Somebody's post of a minute ago, as it were found."""
    return said(native, text, by=who, at=world.clock.moment, under=under, site=site)


async def shown(world: World, *posts: Post) -> int:
    """A visit at which these stand above what stood there before; returns its minute."""
    world.web.shows(*posts, *world.web.pages["1"])
    world.web.articles |= {str(one.url): one.text for one in posts}
    report = await world.poll()
    assert (report.error, report.new) == (None, len(posts))
    return minute(world)


async def lost(world: World) -> tuple[Shop, int]:
    """A complaint that anna takes, and the minute in which it was found."""
    desk = await shop(world)
    found = await shown(desk, by(BUYER, "lost", LOST, world=desk))
    await act(desk, "take", person="anna")
    return desk, found


# ── what people do ──


async def act(world: World, what: str, /, *, case: int = 1, person: str, **body: object) -> dict[str, Any]:
    """Somebody does something with a case: the case as it is now, and what the verb says besides."""
    arguments = {"act": what, "case": case, "person": person, "body": body}
    done = await VERBS["case"](world.ports, world.plan, cast("dict[str, JSON]", arguments))
    assert isinstance(done, dict)
    now = done["case"]
    assert isinstance(now, dict)
    return {**now, **{key: value for key, value in done.items() if key != "case"}}


async def refused(world: World, what: str, /, *, case: int = 1, person: str, **body: object) -> set[str]:
    """Why somebody may not do something; each reason says what is missing, and nothing is stored."""
    before = events(world, case)
    with pytest.raises(Refused) as caught:
        await act(world, what, case=case, person=person, **body)
    assert all(refusal.why and refusal.missing for refusal in caught.value.refusals)
    assert events(world, case) == before
    return {refusal.code for refusal in caught.value.refusals}


async def people(world: World, do: str, /, **who: object) -> JSON:
    """Somebody is added, changed or removed."""
    return await VERBS["people"](world.ports, world.plan, cast("dict[str, JSON]", {"do": do, **who}))


# ── time ──


def minute(world: World, at: object = None) -> int:
    """Minutes since the world began; of now, or of a stored time."""
    moment = world.clock.moment if at is None else datetime.fromisoformat(str(at))
    return round((moment - NOW) / timedelta(minutes=1))


async def ticks(world: World) -> int:
    """What time brings about at this moment."""
    return await deadlines(world.ports, world.plan)


async def until(world: World, wanted: int) -> None:
    """Time passes up to this minute; every minute is looked at, or every hour while it is far off."""
    assert wanted >= minute(world)
    while minute(world) < wanted:
        step = 60 if wanted - minute(world) > 3 * HOURS else 1
        world.clock.moment += timedelta(minutes=step)
        await ticks(world)


# ── what is on record ──


class Told(NamedTuple):
    """Who was told what, and in which minute: a `mention` by a route, or a notice of a case with what was due."""

    minute: int
    receiver: str
    what: str


def told(world: World, *, since: int = 0, routes: bool = False) -> list[Told]:
    """Whom the monitor told since a minute, in its order; by `routes`, too, or only of cases."""
    rows = world.rows(
        "SELECT coalesce(case_notices.at, alerts.created_at) AS at, receiver, kind, "
        "CASE WHEN kind IN ('reminder', 'breach') THEN deadline END AS deadline FROM deliveries "
        "JOIN alerts ON alerts.id = alert_id LEFT JOIN case_notices ON case_notices.id = notice_id "
        "ORDER BY deliveries.id"
    )
    heard = [
        Told(
            minute(world, row["at"]),
            str(row["receiver"]),
            " ".join(str(word) for word in (row["kind"] or "mention", row["deadline"]) if word),
        )
        for row in rows
    ]
    return [one for one in heard if one.minute >= since and (routes or one.what != "mention")]


def events(world: World, case: int = 1) -> list[str]:
    """All that happened to a case, in order."""
    rows = world.rows(f"SELECT kind FROM case_events WHERE case_id = {case} ORDER BY seq")
    return [str(row["kind"]) for row in rows]


def body_of(world: World, kind: str, case: int = 1) -> list[dict[str, Any]]:
    """What the events of a kind say, in order."""
    rows = world.rows(f"SELECT body FROM case_events WHERE case_id = {case} AND kind = '{kind}' ORDER BY seq")
    return [json.loads(str(row["body"])) for row in rows]


def case_row(world: World, case: int = 1) -> dict[str, Any]:
    """A case as it is stored, and whether that is what its events say: the states of its last one."""
    (row,) = world.rows(f"SELECT * FROM cases WHERE id = {case}")
    (last,) = world.rows(f"SELECT after_state FROM case_events WHERE case_id = {case} ORDER BY seq DESC LIMIT 1")
    assert last["after_state"] == row["state"]
    return {**row, "classes": json.loads(str(row["classes"]))}


def posts_of(world: World, case: int = 1) -> list[str]:
    """The posts of a case by their ids at their sites."""
    rows = world.rows(
        f"SELECT native_id FROM case_posts JOIN posts ON posts.id = post_id WHERE case_id = {case} ORDER BY post_id"
    )
    return [str(row["native_id"]) for row in rows]
