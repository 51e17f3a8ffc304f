"""Trying a configuration on the stored history: who would have been told of what, and who was. Nothing is written.

Stored mentions go through the routes again, each at the time at which it was found. Where brands differ, posts are
judged again first: what is known of an author and a story by then is what is stored now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from monitor.alerting.routes import decide
from monitor.flows.context import History
from monitor.flows.reassessing import is_silent
from monitor.flows.rescoring import assessed, judge_again
from monitor.flows.subscribing import routes_of
from monitor.models import Backfill, Decision, Lemmas, Mention

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from monitor.alerting.routes import CompiledRoute
    from monitor.flows.ports import Plan
    from monitor.models import JSON
    from monitor.store.replay import Replay
    from monitor.store.rescore import Kept
    from monitor.worker import WorkerPool

HISTORY: Final = "what a first poll or an import brings"
_Said: TypeAlias = list[tuple[Mention, Lemmas]]
"""The mentions of a post, each with its words in their dictionary forms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A mention and a receiver who was told of it, or would be; `mention` is None for one that is not stored.

    `reason` is that of the tried configuration, for either.
    """

    receiver: str
    was_told: bool
    is_told: bool
    post: int
    mention: int | None
    brand: str
    title: str
    url: str | None
    found_at: datetime
    reason: str

    @property
    def change(self) -> str | None:
        """`new` or `gone`; None where it is as it was."""
        if self.was_told == self.is_told:
            return None
        return "new" if self.is_told else "gone"

    def to_json(self) -> dict[str, JSON]:
        """One line for programs."""
        return {
            "change": self.change,
            "receiver": self.receiver,
            "mention": self.mention,
            "post": self.post,
            "brand": self.brand,
            "title": self.title,
            "url": self.url,
            "found_at": self.found_at.isoformat(),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What came of some posts: `mentions` were looked at, `silent` of them are history of which nobody is told.

    `skipped` posts were too much for the judge.
    """

    posts: int
    mentions: int
    silent: int
    skipped: int
    heard: tuple[Heard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A configuration made ready, and how it is tried: `worker` judges posts again, None takes them as they are stored.

    `with_silent` treats what was recorded silently as if it had come as news.
    """

    plan: Plan
    stored: Replay
    worker: WorkerPool | None = None
    with_silent: bool = False

    async def batches(self, posts: Iterable[Sequence[int]]) -> AsyncIterator[Batch]:
        """What would come of some posts at a time."""
        subscriptions = routes_of(self.stored, self.plan)
        for ids in posts:
            yield await self._batch(ids, subscriptions)

    async def _batch(self, ids: Sequence[int], subscriptions: Sequence[CompiledRoute]) -> Batch:
        kept = self.stored.kept_posts(ids)
        stored = [view.id for one in kept for view in one.mentions]
        told, history = self.stored.receivers_of(stored), self.stored.found_as_history(ids)
        said = self._as_stored(kept, stored) if self.worker is None else await self._judged(kept, self.worker)
        mentions = silent = 0
        heard: list[Heard] = []
        for one in kept:
            if one.id not in said:
                continue
            was_told = any(view.id in told for view in one.mentions)
            is_left_out = not (was_told or self.with_silent) and self._is_history(one, history)
            for decided in self._decided(one, said[one.id], subscriptions, silent=HISTORY if is_left_out else None):
                mentions, silent = mentions + 1, silent + is_left_out
                heard += _heard(one, decided, told)
        skipped = len(ids) - len(said)
        return Batch(posts=len(said), mentions=mentions, silent=silent, skipped=skipped, heard=tuple(heard))

    def _is_history(self, kept: Kept, history: Collection[int]) -> bool:
        """Whether nobody was to be woken for a post, because it was there before it was watched."""
        source = self.plan.sources.get(kept.source)
        is_alerted = source is not None and source.backfill is Backfill.ALERT
        return (kept.id in history and not is_alerted) or any(is_silent(view.mention) for view in kept.mentions)

    def _as_stored(self, kept: Sequence[Kept], stored: Sequence[int]) -> dict[int, _Said]:
        lemmas = self.stored.lemmas_of(stored)
        return {one.id: [(view.mention, lemmas.get(view.id, Lemmas())) for view in one.mentions] for one in kept}

    async def _judged(self, kept: Sequence[Kept], worker: WorkerPool) -> dict[int, _Said]:
        """What the judge says now, each post as if it had been found when it was."""
        said: dict[int, _Said] = {}
        for one, judgement in (await judge_again(kept, worker=worker, plan=self.plan)).values():
            history = History(stored=self.stored, plan=self.plan, now=one.discovered_at)
            found = assessed(one, judgement, history=history)
            said[one.id] = [(mention, found.lemmas) for mention in found.mentions] if found else []
        return said

    def _decided(
        self, kept: Kept, said: _Said, subscriptions: Sequence[CompiledRoute], *, silent: str | None
    ) -> Iterator[tuple[str, Decision]]:
        """What is decided of each brand that the post names, or named: by routes, and by what persons subscribed to."""
        watched = {brand.name for brand in self.plan.config.brands}
        now = {mention.brand: (mention, lemmas) for mention, lemmas in said}
        for brand in dict.fromkeys((*(view.mention.brand for view in kept.mentions), *now)):
            if brand not in watched:
                yield brand, Decision(alert=None, reason="recorded only: the brand is not watched")
            elif brand not in now:
                yield brand, Decision(alert=None, reason="the brand is not named")
            else:
                mention, lemmas = now[brand]
                yield (
                    brand,
                    decide(
                        kept.post,
                        mention,
                        lemmas=lemmas,
                        source=kept.source,
                        key=kept.key,
                        silent=silent,
                        competitor=brand in self.plan.competitors,
                        routes=self.plan.routes,
                        now=kept.discovered_at,
                        subscriptions=subscriptions,
                    ),
                )


def _heard(kept: Kept, decided: tuple[str, Decision], told: Mapping[int, Sequence[str]]) -> Iterator[Heard]:
    """Who was told of a mention, and who would be."""
    brand, decision = decided
    number = next((view.id for view in kept.mentions if view.mention.brand == brand), None)
    now = {one.receiver.name: one.reason for one in decision.alert.to} if decision.alert else {}
    then = told.get(number, ()) if number is not None else ()
    for receiver in dict.fromkeys((*then, *now)):
        yield Heard(
            receiver=receiver,
            was_told=receiver in then,
            is_told=receiver in now,
            post=kept.id,
            mention=number,
            brand=brand,
            title=kept.post.title or kept.post.text[:100],
            url=kept.post.url,
            found_at=kept.discovered_at,
            reason=now.get(receiver, decision.reason),
        )
