"""Who would be told of a stored mention if it came now, and why; and who was told of it in fact."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from monitor.alerting import routes
from monitor.alerting.routes import SILENTLY
from monitor.alerting.silences import first_match
from monitor.alerting.stages import Candidate, Hold, Mute, Pending, decide_flush
from monitor.errors import InputError
from monitor.flows.dispatching import Dispatching, decide_on, silences_at, story_of
from monitor.flows.silencing import silence_json
from monitor.flows.subscribing import routes_of
from monitor.models import Lemmas

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from monitor.alerting.silences import CompiledSilence
    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON, Dispatch, MentionView
    from monitor.store import Store
    from monitor.store.rescore import Kept


async def explain(ports: Ports, plan: Plan, arguments: Mapping[str, JSON]) -> JSON:
    """The verb: what the present configuration makes of the stored `mention`, and what happened to its deliveries.

    Returns the `decision` that was stored and the one of `now`; all `routes` and subscriptions as they were asked; whom
    it would be `told` to now, in which group, and what would keep the message back; the `silences` that are about it;
    and its `deliveries`. Stores nothing. Raises InputError where there is no such mention.
    """
    number = arguments.get("mention")
    if not isinstance(number, int):
        raise InputError(f"a mention is named by its number, not {number!r}")
    return await ports.writer.run(partial(_explain, number, plan, ports.clock.now()))


def _explain(number: int, plan: Plan, now: datetime, store: Store) -> JSON:
    place = store.place_of(number)
    if place is None:
        raise InputError(f"there is no mention {number}")
    (kept,) = store.kept_posts([place[0]])
    view = next(view for view in kept.mentions if view.id == number)
    return _Explaining(store, plan, silences_at(store, now), now).mention(kept, view)


@dataclass(frozen=True, slots=True)
class _Explaining:
    """Over one transaction of the caller's, which reads only."""

    store: Store
    plan: Plan
    silences: Sequence[CompiledSilence]
    now: datetime

    def mention(self, kept: Kept, view: MentionView) -> JSON:
        mention, case_id = view.mention, self.store.case_of(kept.id, view.mention.brand)
        lemmas, story = self.store.lemmas_of(view.id) or Lemmas(), story_of(self.store, kept.id)
        post, source, found_at = kept.post, kept.source, kept.discovered_at
        facts = routes.facts_of(post, mention, lemmas=lemmas, source=source, now=found_at, story=story)
        # What was history when it was found is not news by being asked for.
        history = view.decision.removeprefix(SILENTLY) if view.decision.startswith(SILENTLY) else None
        decision = decide_on(
            self.store,
            self.plan,
            post,
            mention,
            post_id=kept.id,
            source=source,
            key=kept.key,
            lemmas=lemmas,
            silent=history,
            now=found_at,
        )
        told: Sequence[Dispatch] = ()
        if decision.alert is not None:
            dispatching = Dispatching(self.store, self.plan, found_at)
            told = dispatching.mention(decision.alert, post, mention, post_id=kept.id).to
        trees = [self.plan.routes, *((one,) for one in routes_of(self.store, self.plan))]
        candidate = Candidate(delivery=0, facts=facts, case_id=case_id)
        answer = {
            "mention": view.id,
            "brand": mention.brand,
            "source": source,
            "case": case_id,
            "decision": view.decision,
            "now": decision.reason,
            "routes": [asdict(tried) for tree in trees for tried in routes.explain(tree, facts)],
            "told": [self._told(one, candidate) for one in told],
            "silences": [silence_json(one[0]) for one in self.silences if self._is_about(candidate, one)],
            "deliveries": self.store.told_of(view.id),
        }
        return cast("JSON", answer)

    def _is_about(self, candidate: Candidate, silence: CompiledSilence) -> bool:
        return first_match([silence], candidate.facts, case_id=candidate.case_id, now=self.now) is not None

    def _told(self, dispatch: Dispatch, candidate: Candidate) -> dict[str, JSON]:
        """Who would be told and why, in which group, and what would keep its message from leaving now."""
        receiver, reason, group = dispatch
        pings = self.store.pings(receiver.name, self.now - receiver.budget.per) if receiver.budget else ()
        act, *_ = decide_flush(
            [Pending(id=0, urgent=group is not None and group.urgent, held=False, members=(candidate,))],
            receiver=receiver,
            silences=self.silences,
            unless=self.plan.unless.get(receiver.name),
            pings=pings,
            now=self.now,
        )
        return {
            "receiver": receiver.name,
            "reason": reason,
            "group": None if group is None else group.key,
            "urgent": group is not None and group.urgent,
            "wait_seconds": 0 if group is None else group.wait.total_seconds(),
            "kept_back": act.reason if isinstance(act, Hold | Mute) else None,
        }
