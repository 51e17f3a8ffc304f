"""Digests: what was said in an hour, a day or a week, counted when its time has come and told once.

Each digest that is due leaves a row, told or not, in the transaction that makes its message: a crash before it makes
the digest again, one after it finds it made. A digest that is new begins to count; it is told at its next moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

from monitor.alerting.digests import (
    LATE,
    Before,
    Due,
    Figures,
    Minute,
    Stretch,
    Told,
    chart,
    due,
    edges,
    first_stretch,
    is_news,
    last_at,
    names_a_brand,
    of_subscription,
    tally,
    voices,
)
from monitor.flows.lexicon import forms
from monitor.models import Cadence, Dispatch
from monitor.query import Everything, known_variants, parse
from monitor.query.sql import compile_sql
from monitor.store.stats import Scope

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from monitor.flows.ports import Plan
    from monitor.models import JSON, DigestSettings, Receiver, Subscription
    from monitor.query import Variants
    from monitor.query.sql import Sql
    from monitor.store import Store
    from monitor.store.digests import Digested, DigestReading

TOGETHER: Final = 4  # digests of one minute: with a million mentions each takes up to half a second of the writer
TOP: Final = 5  # stories, and mentions besides, that a digest names
CASES: Final = 5  # of the open cases
LATE_ONES: Final = 3
SOURCES: Final = 8  # in trouble, or with gaps


def send_digests(store: Store, plan: Plan, now: datetime) -> int:
    """Make digests whose time has come, configured or subscribed to, TOGETHER at the most; returns how many were told.

    Call it once a minute: where nothing is due it costs one look at a row for each digest. A digest whose receiver is
    not configured waits for one, and covers then what was missed.
    """
    made, told = 0, 0
    with store.transaction():
        for settings, whose in wanted(plan.digests, store.subscriptions()):
            receiver = plan.receivers.get(settings.to)
            if receiver is not None and made < TOGETHER:
                making = Making(settings=settings, competitors=plan.competitors, whose=whose, variants=forms)
                is_told = _make(store, making, receiver=receiver, now=now)
                made += is_told is not None
                told += is_told is True
    return told


def wanted(
    digests: Sequence[DigestSettings], subscriptions: Sequence[Subscription]
) -> list[tuple[DigestSettings, str | None]]:
    """All digests, each with the receiver whose deliveries it counts: a subscriber's own, None for everybody's."""
    subscribed = [
        (of_subscription(one, one.receiver), one.receiver)
        for one in subscriptions
        if one.cadence is not Cadence.NOW and one.receiver is not None
    ]
    return [*((settings, None) for settings in digests), *subscribed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """A digest and how it counts: mentions of `competitors` only where its query names a brand, and for the voice.

    `whose` deliveries are counted; None means everybody's.
    """

    settings: DigestSettings
    competitors: Collection[str]
    whose: str | None = None
    variants: Variants = known_variants

    def count(self, store: DigestReading, stretch: Stretch, *, last: Digested | None) -> Figures:
        """What it says of a stretch of time.

        What was found since the digest before it, `last`, but is older than the stretch, is late.
        """
        query, bounds = parse(self.settings.match), edges(self.settings, stretch.until)
        everything = isinstance(query.root, Everything)
        sql = None if everything else compile_sql(query, now=stretch.until, variants=self.variants)
        since = min(bounds[0], stretch.before().since)
        minutes = _minutes(store, Scope(since=since, until=stretch.until, sql=sql))
        everybody = minutes if everything else _minutes(store, Scope(since=stretch.since, until=stretch.until))
        rivals = frozenset[str]() if names_a_brand(query.root) else frozenset(self.competitors)
        ours = [one for one in minutes if one.brand not in rivals]
        now = tally(ours, stretch)
        late = _late(store, Scope(since=stretch.since - LATE, until=stretch.since, sql=sql), last=last, rivals=rivals)
        figures = Figures(
            about=self.settings.name if self.whose is None else str(query),
            mentions=now.mentions,
            negative=now.negative,
            positive=now.positive,
            ratings=now.ratings,
            mean=now.mean,
            before=_before(store, ours, stretch=stretch),
            late=len(late),
            found_late=late[:LATE_ONES],
            voices=voices(everybody, stretch, competitors=self.competitors),
            chart=chart(ours, bounds, stretch=stretch, hourly=self.settings.cadence is Cadence.HOURLY),
            upto=[*store.newest()],
        )
        brands = tuple(sorted({one.brand for one in ours}))
        told = Scope(since=stretch.since, until=stretch.until, sql=sql, brands=brands)
        figures |= _told(store, told) if now.mentions else Figures(stories=[], top=[])
        figures |= _work(store, sql, stretch=stretch, last=last, whose=self.whose)
        figures |= _sources(store, stretch)
        of_stories = [one["mention"] for one in figures["stories"]]
        figures["mention_ids"] = [*of_stories, *figures["top"], *figures["found_late"]]
        figures["case_ids"] = [one["id"] for one in figures["cases"]]
        return figures


def _make(store: Store, making: Making, *, receiver: Receiver, now: datetime) -> bool | None:
    """Make one digest: whether somebody was told of it; None where it is not due."""
    settings = replace(making.settings, language=making.settings.language or receiver.language)
    last = store.digested(settings.name, now)
    if last is None:
        begun = first_stretch(settings, last_at(settings, now))
        noted: dict[str, JSON] = {"upto": [*store.newest()]}
        store.add_digest(settings, noted, since=begun.since, until=begun.until, to=None, now=now)
        return None
    stretch = due(settings, last.until, now)
    if stretch is None:
        return None
    figures = making.count(store, stretch, last=last)
    to = Dispatch(receiver, f"digest {settings.name}") if settings.always or is_news(figures) else None
    stored = cast("Mapping[str, JSON]", figures)
    store.add_digest(settings, stored, since=stretch.since, until=stretch.until, to=to, now=now)
    return to is not None


def _minutes(store: DigestReading, scope: Scope) -> list[Minute]:
    return [Minute(**row) for row in store.mentions_by_minute(scope)]


def _before(store: DigestReading, minutes: Sequence[Minute], *, stretch: Stretch) -> Before | None:
    """The time before, where it was watched: else there is nothing to compare with."""
    before, watched = stretch.before(), store.watched_since()
    if watched is None or watched > before.since:
        return None
    counted = tally(minutes, before)
    return Before(mentions=counted.mentions, negative=counted.negative, mean=counted.mean)


def _late(store: DigestReading, scope: Scope, *, last: Digested | None, rivals: Collection[str]) -> list[int]:
    if last is None:
        return []
    return [mention for mention, brand in store.found_late(scope, after=last.mention_id) if brand not in rivals]


def _told(store: DigestReading, scope: Scope) -> Figures:
    """Stories, and mentions of the highest priority that tell another."""
    rows = store.spreading(scope, limit=TOP)
    stories = [
        Told(story=row["story"], mention=row["mention"], posts=row["posts"], authors=row["authors"]) for row in rows
    ]
    top = store.foremost(scope, without=[one["story"] for one in stories], limit=TOP)
    return Figures(stories=stories, top=top)


def _work(store: DigestReading, sql: Sql | None, stretch: Stretch, last: Digested | None, whose: str | None) -> Figures:
    """Open cases, and what became of the alerts."""
    cases = [
        Due(id=row["id"], brand=row["brand"], classes=row["classes"], due_at=row["due_at"])
        for row in store.open_cases(sql)
    ]
    until = stretch.until.isoformat()
    after = 0 if last is None else last.delivery_id
    return Figures(
        open_cases=len(cases),
        overdue=sum(one["due_at"] is not None and one["due_at"] < until for one in cases),
        cases=cases[:CASES],
        alerts=store.deliveries_by_state(after=after, since=stretch.since, receiver=whose),
    )


def _sources(store: DigestReading, stretch: Stretch) -> Figures:
    """Which sources are in trouble now, and what could not be seen in the time."""
    states = store.source_states()
    troubled = [[name, health] for name, health in states if health not in ("ok", "degraded")]
    found = store.gaps_of_all(since=stretch.since, until=stretch.until)
    gaps = [[row["source"], row["from_at"], row["to_at"]] for row in found]
    return Figures(watched=len(states), troubled=troubled, gaps=gaps[:SOURCES], more_gaps=max(0, len(gaps) - SOURCES))
