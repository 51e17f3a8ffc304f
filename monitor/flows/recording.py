"""The write transaction of a poll: all that some posts lead to, or nothing of it.

┌ posts, revisions ─► assess ─► decide ─► mentions, cases, alerts, deliveries, messages, answers, alarms, cursor, host ┐
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from monitor.flows.casebook import Said
from monitor.flows.casework import CaseWork
from monitor.flows.context import History, New, Place, remember
from monitor.flows.dispatching import Dispatching, decide_on
from monitor.flows.following import begin_following, sooner
from monitor.flows.reassessing import reassess, take_stance
from monitor.flows.settling import NO_CONTACT, settle
from monitor.flows.storming import spread
from monitor.models import Backfill, Judgement, Label, Lemmas, Why
from monitor.tracking.health import Answered, after_success
from monitor.tracking.identity import Identified, is_same
from monitor.understanding.assess import assess

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from monitor.flows.ports import Plan
    from monitor.flows.visit import Visit
    from monitor.models import Decision, HostState, Mention, Post, Sentiment, Source
    from monitor.store import LeasedSource, Store
    from monitor.store.posts import StoredPost
    from monitor.tracking.network import Contact

BEFORE_WATCH: Final = timedelta(days=1)  # a site's clock and its moderators may be this late
FIRST_POLL: Final = "first poll of this source"
LAST: Final = 3  # posts at the bottom of what was read, of which the newest date ends a gap
SPREADS: Final = 32  # posts of a story from which on another one hardly raises the first
HISTORY: Final = timedelta(days=365)  # an article of years ago that is found today wakes nobody


Judged: TypeAlias = tuple[Identified, Judgement | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one write transaction is given: new posts and known ones with a new wording, and with the last the visit.

    `history` are keys of new posts of which the visit saw that they are older than the watch.
    """

    source: Source
    leased: LeasedSource
    new: Sequence[Judged]
    changed: Sequence[Judged] = ()
    visit: Visit | None = None
    hosts: Sequence[HostState] = ()
    history: Collection[str] = ()
    added: Collection[str] = ()
    contact: Contact = NO_CONTACT


class Recorded(NamedTuple):
    """What a write transaction led to."""

    mentions: int
    alerts: int


def record(store: Store, batch: Batch, *, plan: Plan, now: datetime) -> Recorded:
    """Store a batch with all that follows from it."""
    transaction = _Transaction(store, batch, plan, now)
    with store.transaction():
        alerted = [alert for judged in batch.new for alert in transaction.add(*judged)]
        alerted += [alert for judged in batch.changed for alert in transaction.revise(*judged)]
        if batch.visit is not None:
            transaction.finish(batch.visit)
    return Recorded(mentions=len(alerted), alerts=sum(alerted))


@dataclass(frozen=True, slots=True)
class _Transaction:
    """The steps; what they return says of each new mention whether it became an alert."""

    store: Store
    batch: Batch
    plan: Plan
    now: datetime

    def add(self, found: Identified, judgement: Judgement | None) -> list[bool]:
        """A post that was never seen."""
        source_id = self.batch.leased.id
        post = replace(found.post, lang=found.post.lang or (judgement.lang if judgement else None))
        if (stored := self._elsewhere(found)) is not None:
            return self._sight(stored, found, judgement)
        post_id = self.store.add_post(source_id, post, identities=found.identities, now=self.now)
        if post_id is None:
            return []
        if (brand := self.plan.brand_of_account(post.author)) and self.store.link_answer(post_id, brand=brand):
            self._cases.answered(post_id, brand)
        silent = self._why_silent(post, key=found.key)
        if silent is None and brand is None and not (judgement and judgement.mentions):
            self._reply(post_id, post, judgement)
        if judgement is None:
            return []
        told = [] if brand else self._take_stance(post_id, judgement, silent=silent)
        if not judgement.mentions:
            return told
        new = New.of(post_id, post, judgement.lemmas, now=self.now)
        context = self._history.of_new(new, judgement, place=self._place, silent=silent)
        assessed = assess(judgement, post, context=context, now=self.now)
        remember(self.store, new, assessed)  # its story decides to which case it belongs
        alerted = [
            self._mention(post_id, post, mention, key=found.key, lemmas=judgement.lemmas, silent=silent)
            for mention in assessed.mentions
        ]
        if assessed.story.nearest is not None:
            self._reassess_origin(post_id)
            for mention in assessed.mentions if silent is None else ():
                if mention.sentiment.label is Label.NEGATIVE and not mention.doubtful:
                    spread(self.store, self.plan, post_id=post_id, brand=mention.brand, now=self.now)
        return told + alerted

    def _reply(self, post_id: int, post: Post, judgement: Judgement | None) -> None:
        """What names no brand may still be of a customer whose case stands in that thread."""
        said = self._said(post_id, post, judgement.sentiment if judgement else None)
        cases = judgement.special_cases if judgement else ()
        self._cases.replied(said, self.batch.leased.id, post.thread or post.parent, special_cases=cases)

    def _take_stance(self, post_id: int, judgement: Judgement | None, *, silent: str | None) -> list[bool]:
        anew = silent is None
        return take_stance(self.store, post_id, judgement, plan=self.plan, now=self.now, decide_anew=anew)

    def _reassess_origin(self, post_id: int) -> None:
        """A story that grows matters more, and so does the post that began it; the newest was just assessed."""
        origin, posts = self.store.origin_of(post_id)
        if origin != post_id and (posts <= SPREADS or posts % SPREADS == 0):
            reassess(self.store, [origin], plan=self.plan, now=self.now, decide_anew=False)

    @property
    def _cases(self) -> CaseWork:
        return CaseWork(self.store, self.plan, self.now)

    def _said(self, post_id: int, post: Post, felt: Sentiment | None, *, mention_id: int | None = None) -> Said:
        return Said(
            post_id=post_id,
            author=post.author,
            source=self.batch.source.name,
            found_at=self.now,
            published_at=post.published,
            label=felt.label if felt else Label.NEUTRAL,
            mention_id=mention_id,
        )

    @property
    def _history(self) -> History:
        return History(stored=self.store, plan=self.plan, now=self.now)

    @property
    def _place(self) -> Place:
        return Place(source=self.batch.source.name, weight=self.batch.source.weight)

    def _assessed(
        self, post_id: int, post: Post, judgement: Judgement | None, silent: str | None
    ) -> tuple[Mention, ...]:
        """The mentions of a post that is stored under this id already, whose story is known."""
        if judgement is None or not judgement.mentions:
            return ()
        context = self._history.of_stored(post_id, post, judgement, place=self._place, silent=silent)
        return assess(judgement, post, context=context, now=self.now).mentions

    def _elsewhere(self, found: Identified) -> StoredPost | None:
        """The same post as another source showed it."""
        others = self.store.posts_elsewhere(self.batch.leased.id, found.link) if found.link else ()
        same = (one for one in others if is_same(found.post, title=one.title, text=one.text, author=one.author))
        return next(same, None)

    def _sight(self, stored: StoredPost, found: Identified, judgement: Judgement | None) -> list[bool]:
        """A post that another source showed before: one more sighting.

        It is news only where it says more, of a brand, or where nobody heard of it because it stood in the other
        source's first poll.
        """
        self.store.add_sightings(self.batch.leased.id, stored.id, identities=found.identities, now=self.now)
        silent = self._why_silent(found.post, key=found.key)
        mentions = self._assessed(stored.id, found.post, judgement, silent)
        lemmas = judgement.lemmas if judgement else Lemmas()
        unheard = self.store.silenced(stored.id, FIRST_POLL) if silent is None and stored.mentions else set()
        alerted = [
            self._alert(stored.id, stored.mentions[mention.brand], found.post, mention, key=found.key, lemmas=lemmas)
            for mention in mentions
            if mention.brand in unheard
        ]
        gained = [mention for mention in mentions if mention.brand not in stored.mentions]
        if gained:
            self.store.revise_post(stored.id, title=found.post.title, text=found.post.text, now=self.now)
        return alerted + [
            self._mention(stored.id, found.post, mention, key=found.key, lemmas=lemmas, silent=silent)
            for mention in gained
        ]

    def _alert(self, post_id: int, mention_id: int, post: Post, mention: Mention, *, key: str, lemmas: Lemmas) -> bool:
        """Decide anew on a stored mention of which nobody was told."""
        decision = self._decision(post_id, post, mention, key=key, lemmas=lemmas, silent=None)
        self.store.rejudge_mention(mention_id, mention, lemmas=lemmas, decision=decision.reason)
        return self._tell(post_id, post, mention, mention_id, decision)

    def _tell(self, post_id: int, post: Post, mention: Mention, mention_id: int, decision: Decision) -> bool:
        """What follows from a mention that is no history: a case comes before the alert, so that the alert names it."""
        said = self._said(post_id, post, mention.sentiment, mention_id=mention_id)
        self._cases.mentioned(replace(said, is_told=decision.alert is not None), mention)
        if decision.alert is not None:
            told = Dispatching(self.store, self.plan, self.now).mention(decision.alert, post, mention, post_id=post_id)
            self.store.add_alert(mention_id, told, now=self.now)
        return decision.alert is not None

    def revise(self, found: Identified, judgement: Judgement | None) -> list[bool]:
        """A post that was known and reads differently now: an edit is no news, unless it gains a brand."""
        source_id, post = self.batch.leased.id, found.post
        stored = self.store.find_post(source_id, found.key)
        if stored is None:  # erased since the visit: what was erased stays so, however it is worded
            return []
        if stored.source_id != source_id:  # how another source cuts it is no edit
            return self._sight(stored, found, judgement)
        self.store.add_sightings(source_id, stored.id, identities=found.identities, now=self.now)
        silent = self._why_silent(post, key=found.key)
        mentions = self._assessed(stored.id, post, judgement, silent)
        if (post.title, post.text) == (stored.title, stored.text):
            return []
        told = [] if self.plan.brand_of_account(post.author) else self._take_stance(stored.id, judgement, silent=silent)
        if not (mentions or stored.mentions):
            return told
        self.store.revise_post(stored.id, title=post.title, text=post.text, now=self.now)
        lemmas = judgement.lemmas if judgement else Lemmas()
        gained: list[bool] = []
        for mention in mentions:
            if mention.brand in stored.mentions:
                self.store.rejudge_mention(stored.mentions[mention.brand], mention, lemmas=lemmas)
                self._cases.reclassed(stored.id, mention)
            else:
                gained.append(self._mention(stored.id, post, mention, key=found.key, lemmas=lemmas, silent=silent))
        for brand in stored.mentions.keys() - {mention.brand for mention in mentions}:
            self.store.unname_mention(stored.mentions[brand], Why(code="edited", text="an edit took the brand out"))
        return told + gained

    def _mention(
        self, post_id: int, post: Post, mention: Mention, *, key: str, lemmas: Lemmas, silent: str | None
    ) -> bool:
        """Store a mention with what is decided of it."""
        decision = self._decision(post_id, post, mention, key=key, lemmas=lemmas, silent=silent)
        mention_id = self.store.add_mention(post_id, mention, decision=decision.reason, lemmas=lemmas, now=self.now)
        interval = self.batch.leased.state.interval or self.batch.source.every
        if silent is not None:  # history: nobody waits for answers, and it makes no case
            return False
        begin_following(self.store, self.batch.leased.id, post_id, post, mention, every=interval, now=self.now)
        return self._tell(post_id, post, mention, mention_id, decision)

    def _decision(
        self, post_id: int, post: Post, mention: Mention, *, key: str, lemmas: Lemmas, silent: str | None
    ) -> Decision:
        source = self.batch.source.name
        return decide_on(
            self.store,
            self.plan,
            post,
            mention,
            post_id=post_id,
            source=source,
            key=f"{source}:{key}",
            lemmas=lemmas,
            silent=silent,
            now=self.now,
        )

    def _why_silent(self, post: Post, *, key: str) -> str | None:
        """Why nobody is woken for a post whatever it says; None where somebody may be."""
        if self.batch.source.backfill is Backfill.ALERT:
            return None
        baseline = self.batch.leased.state.baseline_at
        if baseline is None:
            return FIRST_POLL
        return self._why_history(post, key=key, baseline=baseline)

    def _why_history(self, post: Post, *, key: str, baseline: datetime) -> str | None:
        """Why a post is no news, by its age or its place."""
        # A thread that is read for the first time shows what stood in it before its forum was watched.
        if post.thread is not None and post.published and post.published < baseline - BEFORE_WATCH:
            return f"published {post.published:%Y-%m-%d}, before this source was watched"
        if post.published is not None and post.published < self.now - HISTORY:
            return f"published {post.published:%Y-%m-%d}, long ago"
        if key in self.batch.added:
            return "it stood in a list that is read for the first time"
        if post.published is None and key in self.batch.history:
            return "it has no date and stood in a thread that is read for the first time"
        return None

    def finish(self, visit: Visit) -> None:
        """The row of the source, of its hosts, and the time that the visit could not cover."""
        leased = self.batch.leased
        answered = Answered(
            validators=visit.validators,
            cursor=visit.cursor,
            begun_at=visit.begun_at,
            new_posts=sum(found.key not in visit.replies for found in visit.new),
            shown=visit.shown,
            emptied=not (visit.not_modified or visit.is_delta or visit.shown) and self.store.has_posts(leased.id),
            not_modified=visit.not_modified,
            overrun=visit.overrun,
            whole=visit.whole,
            note=visit.note,
            hint=visit.every,
            quiet_hours=visit.quiet_hours,
        )
        source = self.batch.source
        state = after_success(
            leased.state,
            answered,
            every=source.every,
            learns=source.learns,
            now=self.now,
            jitter=random.random(),
        )
        for outcome in visit.outcomes:
            outcome(self.store)
        if source.learns:  # an interval that somebody decided on is kept
            state = sooner(self.store, leased.id, state, now=self.now)
        held = settle(
            self.store,
            leased,
            state,
            hosts=self.batch.hosts,
            plan=self.plan,
            now=self.now,
            gap=visit.overrun,
            contact=self.batch.contact,
        )
        if held and visit.overrun:
            since = min(leased.state.covered_at or leased.state.last_success_at or self.now, self.now)
            dates = (found.post.published for found in visit.new if found.key not in visit.replies)
            # What is missing came before the last of what was read; a date that lies there is no advertisement's.
            last = [date for date in dates if date and since < date <= self.now][-LAST:]
            until = max(last, default=self.now)
            self.store.add_gap(leased.id, since=since, until=until, reason=visit.note or "overrun", now=self.now)
