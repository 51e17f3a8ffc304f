"""What several mentions amount to: storms, stories that spread, what others confirm, mean ratings.

┌ load ─► decide ─► storm, signal, deliveries that wait go with it ┐
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.alerting.ratings import decide_rating
from monitor.alerting.routes import every_route, facts_of
from monitor.alerting.storms import Close, History, Open, Stay, decide_storm, since_of
from monitor.alerting.usual import Day, Heard
from monitor.flows.dispatching import GRAVE, STORM_EVERY, story_of, tell_signal
from monitor.models import Group, Label, Lemmas, SignalIntent, SignalKind, Storm, Timing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor.alerting.storms import Turn, Update
    from monitor.flows.ports import Plan
    from monitor.models import JSON
    from monitor.store import Store

LATELY: Final = timedelta(minutes=3)  # a storm opens by a mention that was just found, or not at all
RECENT: Final = timedelta(days=2)
HISTORY: Final = timedelta(days=31)  # the days of the baseline, with windows that begin before them
STEPS: Final = (3, 10, 30, 100)
"""Authors who tell a story against a brand: how many are worth telling, once each."""
SPREAD_WAIT: Final = timedelta(minutes=3)  # a flood becomes a storm within it, and is told as that alone
SPREAD_EVERY: Final = timedelta(minutes=30)


def watch_storms(store: Store, plan: Plan, now: datetime) -> int:
    """Open, tell again of, and close storms, in one transaction; returns how many of these steps there were."""
    told = 0
    with store.transaction():
        storms = {storm.brand: storm for storm in store.open_storms()}
        brands = storms.keys() | {*store.negative_brands(now - RECENT)} - plan.competitors
        for brand in sorted(brands):
            storm = storms.get(brand)
            if storm is None and ((found := store.last_found(brand)) is None or now - found > LATELY):
                continue
            told += _Watch(store, plan, now, brand).look(storm)
    return told


@dataclass(frozen=True, slots=True)
class _Watch:
    """Over one brand, in the transaction."""

    store: Store
    plan: Plan
    now: datetime
    brand: str

    def look(self, storm: Storm | None) -> bool:
        """Take the next step of the storm, or into one; returns whether there was one."""
        since = self.store.heard_since(self.brand)
        former = self.store.closed_storms(self.brand, self.now - HISTORY)
        border = self.now - RECENT
        history = History(
            since=since or self.now,
            complaints=[Heard(*row) for row in self.store.complaints(self.brand, self.now - HISTORY, border)],
            days=[Day(*row) for row in self.store.heard_by_day(self.brand, self.now - HISTORY, border)],
            storms=[(min(since_of(one), one.opened_at), end) for one, end in former],
        )
        recent = [Heard(*row) for row in self.store.heard(self.brand, border)]
        remind = min((route.timing.repeat for route in every_route(self.plan.routes)), default=Timing().repeat)
        turn = decide_storm(history, recent, storm, self.now, repeat=min(STORM_EVERY, remind), remind=remind)
        if isinstance(turn, Stay):
            return False
        if storm is not None:
            self._goes_on(storm, turn)
        elif isinstance(turn, Open):
            self._opens(turn, former[-1][0] if turn.again else None)
        return True

    def _opens(self, turn: Open, before: Storm | None) -> None:
        """A storm begins, or the one before goes on; what waits of the brand leaves with the word of it."""
        if before is not None:
            storm: int | None = before.id
            self.store.reopen_storm(before.id, turn.figures, now=self.now)
        else:
            storm = self.store.open_storm(self.brand, turn.figures, now=self.now)
        if storm is None:
            return
        figures: dict[str, JSON] = {**turn.figures, "again": before is not None}
        group = self._tell(SignalKind.STORM_OPENED, storm, figures, turn.reason)
        waiting: dict[str, list[int]] = {}
        for receiver, delivery in self.store.waiting_of_brand(self.brand):
            waiting.setdefault(receiver, []).append(delivery)
        for receiver, deliveries in waiting.items():
            if self.store.has_group(receiver, group.key):
                self.store.move_to_group(deliveries, receiver, group, now=self.now)

    def _goes_on(self, storm: Storm, turn: Turn) -> None:
        assert not isinstance(turn, Open | Stay)  # noqa: S101 - it is open already
        if isinstance(turn, Close):
            self.store.close_storm(storm.id, turn.figures, now=self.now)
            self._tell(SignalKind.STORM_CLOSED, storm.id, turn.figures, turn.reason)
        else:
            self._updated(storm, turn)

    def _updated(self, storm: Storm, turn: Update) -> None:
        self.store.update_storm(storm.id, turn.figures, now=self.now)
        self._tell(SignalKind.STORM_UPDATED, storm.id, turn.figures, turn.reason)

    def _tell(self, kind: SignalKind, storm_id: int, figures: Mapping[str, JSON], reason: str) -> Group:
        """Tell of a step at once, with all that waits for the next one."""
        key = f"storm:{storm_id}"
        group = Group(
            key=key,
            labels={"storm": str(storm_id)},
            interval=STORM_EVERY,
            urgent=kind is SignalKind.STORM_OPENED,
            pressing=True,
        )
        intent = SignalIntent(
            key=f"{key}:{kind.value}:{self.now.isoformat()}",
            kind=kind,
            reason=reason,
            brand=self.brand,
            storm_id=storm_id,
            figures=figures,
        )
        facts = {
            "brand": self.brand,
            "sentiment": Label.NEGATIVE.value,
            "priority": GRAVE,
            "at": self.now,
            "now": self.now,
        }
        tell_signal(self.store, self.plan, intent, facts=facts, now=self.now, group=group)
        self.store.hasten_groups(key, now=self.now)
        return group


def spread(store: Store, plan: Plan, *, post_id: int, brand: str, now: datetime) -> bool:
    """Tell that so many authors tell the story of a post against a brand by now, once a step; returns whether it did.

    Call it in the transaction that made the post one of the story.
    """
    story = store.story_number(post_id)
    name = f"spreading:{story}:{brand}"
    # Once the last step is told there is nothing left to count, however long the story gets.
    if story is None or brand in plan.competitors or store.has_signal(f"{name}:{STEPS[-1]}"):
        return False
    told = store.telling_story(story, brand)
    step = max((step for step in STEPS if told and told.authors >= step), default=None)
    if told is None or step is None or any(store.has_signal(f"{name}:{more}") for more in STEPS if more >= step):
        return False
    intent = SignalIntent(
        key=f"{name}:{step}",
        kind=SignalKind.SPREADING,
        reason=f"{told.authors} authors tell it",
        brand=brand,
        mention_id=told.mention_id,
        figures={"authors": told.authors, "mentions": told.mentions, "since": told.since.isoformat(), "story": story},
    )
    # It passes the budget, but not a storm: what opens while it waits takes it along.
    group = None
    if store.open_storm_of(brand) is None:
        group = Group(
            key=f"spreading:{brand}", labels={"brand": brand}, wait=SPREAD_WAIT, interval=SPREAD_EVERY, pressing=True
        )
    return tell_signal(store, plan, intent, facts=_facts(store, told.mention_id, now), now=now, group=group)


def confirmed(store: Store, plan: Plan, *, mention_id: int, others: int, now: datetime) -> bool:
    """Tell that others say the same of a mention of which people were told, once; returns whether it did.

    `others` is by how many of them. Call it in the transaction in which the mention became so.
    """
    view = store.mention_of(mention_id)
    if view.mention.brand in plan.competitors or view.mention.doubtful:
        return False
    intent = SignalIntent(
        key=f"confirmed:{mention_id}",
        kind=SignalKind.CONFIRMED,
        reason="others say the same",
        brand=view.mention.brand,
        mention_id=mention_id,
        figures={"others": others},
    )
    return tell_signal(store, plan, intent, facts=_facts(store, mention_id, now), now=now)


def _facts(store: Store, mention_id: int, now: datetime) -> Mapping[str, object]:
    """A stored mention as routes look at it."""
    view = store.mention_of(mention_id)
    lemmas = store.lemmas_of(mention_id) or Lemmas()
    story = story_of(store, view.post_id)
    return facts_of(view.post, view.mention, lemmas=lemmas, source=view.source, now=now, story=story)


def watch_ratings(store: Store, plan: Plan, now: datetime) -> int:
    """Tell of each brand whose mean rating at a source crossed the line, in one transaction; returns how many."""
    settings, told = plan.ratings, 0
    with store.transaction():
        for found in store.ratings(now - settings.span, least=settings.least):
            below, kind = decide_rating(found.mean, below=found.below, settings=settings)
            if (found.below is not None and kind is None) or found.brand in plan.competitors:
                continue
            store.note_rating(found, below=below, now=now)
            if kind is None:
                continue
            intent = SignalIntent(
                key=f"{kind.value}:{found.brand}:{found.source}:{now.isoformat()}",
                kind=kind,
                reason=f"{found.mean:.2f} over {settings.span.days} days, the line is {settings.line:g}",
                brand=found.brand,
                source=found.source,
                figures={
                    "mean": found.mean,
                    "ratings": found.ratings,
                    "line": settings.line,
                    "days": settings.span / timedelta(days=1),
                },
            )
            felt = Label.NEGATIVE if below else Label.POSITIVE
            facts = {
                "brand": found.brand,
                "source": found.source,
                "sentiment": felt.value,
                "rating": found.mean,
                "at": now,
                "now": now,
            }
            told += tell_signal(store, plan, intent, facts=facts, now=now)
    return told
