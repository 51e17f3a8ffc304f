"""Mentions that are stored and now mean something else: others confirmed them, their story grew, a person answered.

What the judge said stays; what history adds is read and reckoned anew, in the transaction of what changed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.flows.casebook import Said
from monitor.flows.casework import CaseWork
from monitor.flows.context import History, Place
from monitor.flows.dispatching import Dispatching, decide_on
from monitor.flows.storming import confirmed
from monitor.models import Judgement, Lemmas
from monitor.store.stances import CONFIRMS, REBUTS
from monitor.understanding.assess import assess, is_unnamed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.flows.ports import Plan
    from monitor.models import Decision, Mention, MentionView
    from monitor.store import Store
    from monitor.store.rescore import Kept
    from monitor.understanding.assess import Context

CONFIRMED: Final = "confirmed_by_others"
NEWS: Final = timedelta(days=7)  # whatever is learned of an older post wakes nobody
_STANCES: Final = {"confirmed": CONFIRMS, "rebuts": REBUTS}
"""Special cases of a reply that say what it thinks of the post that it answers."""


def stance_of(judgement: Judgement) -> str | None:
    """What a reply says of what it answers; None where it says nothing of it, or both."""
    cases = [*judgement.special_cases, *(case for mention in judgement.mentions for case in mention.special_cases)]
    stances = {_STANCES[case.name] for case in cases if case.name in _STANCES}
    return stances.pop() if len(stances) == 1 else None


def take_stance(
    store: Store, reply_id: int, judgement: Judgement | None, *, plan: Plan, now: datetime, decide_anew: bool
) -> list[bool]:
    """A stored reply that says the same of its author, or that it is not so, counts for the mention above it.

    What it said before an edit counts no more. Returns True for each mention that became an alert by it.
    """
    before = store.drop_stance(reply_id)
    stance = stance_of(judgement) if judgement is not None else None
    about = store.note_stance(reply_id, stance) if stance else None
    posts = sorted({post_id for post_id in (before, about) if post_id is not None})
    return reassess(store, posts, plan=plan, now=now, decide_anew=decide_anew) if posts else []


def reassess(
    store: Store,
    posts: Sequence[int],
    *,
    plan: Plan,
    now: datetime,
    decide_anew: bool,
    brand: str | None = None,
) -> list[bool]:
    """Assess the mentions of stored posts with what history knows by now, only those of `brand` if it is given.

    With `decide_anew` those of which nobody was told are decided anew, unless history recorded them silently or they
    are older than NEWS. Returns True for each that became an alert.
    """
    alerted: list[bool] = []
    work = _Reassessing(store, plan, now)
    for kept in store.kept_posts(posts):
        for view in kept.mentions:
            if brand in (None, view.mention.brand):
                alerted += work.look_again(kept, view, decide_anew=decide_anew)
    return alerted


@dataclass(frozen=True, slots=True)
class _Reassessing:
    """Over one transaction of the caller's."""

    store: Store
    plan: Plan
    now: datetime

    def look_again(self, kept: Kept, view: MentionView, *, decide_anew: bool) -> list[bool]:
        """Assess one mention anew, with what follows for its case and for people; True where it became an alert."""
        source = self.plan.sources.get(kept.source)
        place = Place(source=kept.source, weight=source.weight if source else None)
        lemmas = self.store.lemmas_of(view.id)
        judgement = judgement_of(view, lemmas or Lemmas())
        history = History(stored=self.store, plan=self.plan, now=self.now)
        context = history.of_stored(kept.id, kept.post, judgement, place=place, silent=None)
        if lemmas is None and _awaits_words(view.mention, context):
            return []
        (mention,) = assess(judgement, kept.post, context=context, now=self.now).mentions
        is_recent = self.now - (kept.post.published or kept.discovered_at) <= NEWS
        anew = decide_anew and is_recent and not is_silent(view.mention)
        is_heard = self.store.is_alerted(view.id)
        decision = self._decide(kept, mention, judgement.lemmas) if anew and not is_heard else None
        _write(self.store, view, mention, decision, lemmas=lemmas)
        alert = None if decision is None else decision.alert
        cases = CaseWork(self.store, self.plan, self.now)
        if anew:
            is_told = is_heard or alert is not None
            cases.mentioned(said_of(kept, view.id, mention, is_told=is_told, now=self.now), mention)
        else:
            cases.reclassed(kept.id, mention)
        if alert is not None:
            told = Dispatching(self.store, self.plan, self.now).mention(alert, kept.post, mention, post_id=kept.id)
            self.store.add_alert(view.id, told, now=self.now)
            return [True]
        if anew and is_heard and _names(mention, CONFIRMED) and not _names(view.mention, CONFIRMED):
            others = len(context.confirmations.confirming) if context.confirmations else 0
            confirmed(self.store, self.plan, mention_id=view.id, others=others, now=self.now)
        return []

    def _decide(self, kept: Kept, mention: Mention, lemmas: Lemmas) -> Decision:
        return decide_on(
            self.store,
            self.plan,
            kept.post,
            mention,
            post_id=kept.id,
            source=kept.source,
            key=kept.key,
            lemmas=lemmas,
            silent=None,
            now=self.now,
        )


def said_of(kept: Kept, mention_id: int, mention: Mention, *, is_told: bool, now: datetime) -> Said:
    """A stored mention as cases see it; `is_told` says whether people hear of it anyhow.

    That it is a complaint is found out now, whenever the post was: nobody can have been late with it.
    """
    return Said(
        post_id=kept.id,
        author=kept.post.author,
        source=kept.source,
        found_at=now,
        published_at=kept.post.published or kept.discovered_at,
        label=mention.sentiment.label,
        mention_id=mention_id,
        is_told=is_told,
    )


def _awaits_words(mention: Mention, context: Context) -> bool:
    """Whether what was learned has a say, which needs the words: without them a mention stays as it is."""
    return mention.brand in context.learned.keys() - context.corrected and not is_unnamed(mention)


def judgement_of(view: MentionView, lemmas: Lemmas) -> Judgement:
    """A stored mention as a judgement, to be assessed anew: `assess` takes away what history had added."""
    mention = view.mention
    return Judgement(
        lang=view.post.lang, sentiment=mention.sentiment, special_cases=(), mentions=(mention,), lemmas=lemmas
    )


def _names(mention: Mention, name: str) -> bool:
    return any(case.name == name for case in mention.special_cases)


def is_silent(mention: Mention) -> bool:
    """Whether history recorded a mention silently."""
    return any(why.code in ("silent", "baseline") for why in mention.why)


def _write(
    store: Store,
    view: MentionView,
    mention: Mention,
    decision: Decision | None,
    *,
    lemmas: Lemmas | None,
) -> None:
    if mention != view.mention or (decision is not None and decision.reason != view.decision):
        reason = decision.reason if decision else None
        store.rejudge_mention(view.id, mention, lemmas=lemmas, decision=reason)
