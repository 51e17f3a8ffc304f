"""Judging the stored history again, after the brands, the rules or the model changed.

Stored posts go through the same judge as new ones; what differs is counted and shown, and written only when that is
asked for. Nothing is deleted: a mention whose post names the brand no longer stays, marked as doubtful, because alerts
and figures refer to it. A mention of a brand that is no longer configured is left as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final

from monitor.errors import InputError, WorkerKilled
from monitor.flows.casework import CaseWork
from monitor.flows.context import History, Place
from monitor.flows.dispatching import Dispatching, decide_on
from monitor.flows.judging import judge_posts
from monitor.flows.reassessing import NEWS, said_of
from monitor.models import Mention, Tier, Why
from monitor.understanding.assess import assess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON, Decision, Judgement, MentionView
    from monitor.store import Store
    from monitor.store.rescore import Kept
    from monitor.worker import WorkerPool

EXAMPLES: Final = 20  # changes that are shown, of each batch and in all
MOVED: Final = 10  # points of priority that count as moved
NOISE: Final = 0.0002  # by which a probability may differ where a text is judged alone, or in another batch
_DETAILS: Final = "details"  # what changed where it is nothing of more weight
UNNAMED: Final = "no-longer-matches"  # the code of the reason why a kept mention is doubtful
SILENT: Final = frozenset({"silent", "baseline"})  # reasons that no judge gives and none may take away
_DECIMAL: Final = re.compile(r"\d+\.\d\d\b")
_EARLIER: Final = re.compile(r"re-scored \d{4}-\d\d-\d\d: .*?; before: ", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One mention that is judged differently now: `old` is None for one that is gained, `new` for one that is lost.

    `id` is the mention's number, None for one that is gained and not written.
    """

    id: int | None
    kept: Kept
    brand: str
    old: MentionView | None
    new: Mention | None
    words: tuple[str, ...]

    @property
    def is_worse(self) -> bool:
        """Whether somebody may have to know: a new mention, or one that turned negative or certain."""
        if self.new is None:
            return False
        return self.old is None or any(word.endswith("→negative") or word == "certain" for word in self.words)

    def to_json(self) -> dict[str, JSON]:
        """The change as an example for people."""
        post = self.kept.post
        return {
            "post": self.kept.id,
            "mention": self.id,
            "brand": self.brand,
            "change": list(self.words),
            "details": self._details(),
            "source": self.kept.source,
            "what": (post.title or post.text)[:100],
        }

    def _details(self) -> list[JSON]:
        """The details, where nothing of more weight changed."""
        if self.old is None or self.new is None or self.words != (_DETAILS,):
            return []
        return [*_details(self.old.mention, self.new)]


@dataclass(frozen=True, slots=True)
class Difference:
    """What judging again came to: `counts` says of each brand how often what changed, `mentions` how many did.

    Of one mention more than one thing may change. Of the examples those that differ in details only come last.
    """

    posts: int = 0
    skipped: int = 0
    alerts: int = 0
    mentions: int = 0
    counts: Mapping[tuple[str, str], int] = field(default_factory=Counter)
    examples: tuple[Mapping[str, JSON], ...] = ()

    def plus(self, other: Difference) -> Difference:
        """Both together."""
        return Difference(
            self.posts + other.posts,
            self.skipped + other.skipped,
            self.alerts + other.alerts,
            self.mentions + other.mentions,
            Counter(self.counts) + Counter(other.counts),
            tuple(sorted(self.examples + other.examples, key=lambda one: one["change"] == [_DETAILS])[:EXAMPLES]),
        )

    def to_json(self) -> dict[str, JSON]:
        """As an object of JSON; the counts by brand and change."""
        brands: dict[str, JSON] = {}
        for (brand, word), count in sorted(self.counts.items()):
            of_brand = brands.setdefault(brand, {})
            assert isinstance(of_brand, dict)  # noqa: S101 - made in the line before
            of_brand[word] = count
        return {
            "posts": self.posts,
            "skipped": self.skipped,
            "alerts": self.alerts,
            "mentions": self.mentions,
            "brands": brands,
            "examples": [dict(example) for example in self.examples],
        }

    @staticmethod
    def from_json(value: Mapping[str, JSON]) -> Difference:
        """The inverse of `to_json`."""
        brands, examples = value["brands"], value["examples"]
        assert isinstance(brands, dict)  # noqa: S101 - to_json made it
        assert isinstance(examples, list)  # noqa: S101 - as above
        counts = {
            (brand, word): int(str(count))
            for brand, words in brands.items()
            if isinstance(words, dict)
            for word, count in words.items()
        }
        return Difference(
            int(str(value["posts"])),
            int(str(value["skipped"])),
            int(str(value["alerts"])),
            int(str(value["mentions"])),
            counts,
            tuple(example for example in examples if isinstance(example, dict)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is asked for: only one brand's mentions; changes written; people told of what got worse."""

    brand: str | None = None
    apply: bool = False
    alert: bool = False


async def rescore(ports: Ports, plan: Plan, arguments: Mapping[str, JSON]) -> JSON:
    """The verb: judge `posts` (ids) again with this daemon's configuration and write what differs.

    Without posts it only makes ready. Raises InputError where `fingerprint` says that the asker looked at another
    configuration, or where `sentiment` asks for another tier than this daemon has loaded.
    """
    if arguments["fingerprint"] != plan.config.fingerprint:
        raise InputError("the running daemon has another configuration: `systemctl reload` it (SIGHUP), then try again")
    if (wanted := arguments.get("sentiment")) is not None:
        _refuse_other_tier(Tier(str(wanted)), loaded=ports.worker.tier)
    brand = arguments.get("brand")
    orders = Orders(brand=None if brand is None else str(brand), apply=True, alert=bool(arguments.get("alert")))
    ids = arguments["posts"]
    posts = [int(str(post_id)) for post_id in ids] if isinstance(ids, list) else []
    if not posts:
        await ports.worker.start_judges()
        return Difference().to_json()
    kept = await ports.writer.run(lambda store: store.kept_posts(posts))
    return (await rescore_posts(kept, ports=ports, plan=plan, orders=orders)).to_json()


def _refuse_other_tier(wanted: Tier, *, loaded: Tier) -> None:
    from monitor.understanding.tiers import chosen

    if chosen(wanted) is not loaded:
        raise InputError(
            f"the running daemon reads sentiment with the tier {loaded.value}, and has no room for a second one: "
            f"set `sentiment: {wanted.value}` and `systemctl reload` it (SIGHUP), or stop it for this run"
        )


async def rescore_posts(kept: Sequence[Kept], *, ports: Ports, plan: Plan, orders: Orders) -> Difference:
    """Judge stored posts again and write what differs, in one transaction."""
    judged = await judge_again(kept, worker=ports.worker, plan=plan)
    difference = await ports.writer.run(partial(_apply, judged, plan, orders, ports.clock.now()))
    return difference.plus(Difference(skipped=len(kept) - difference.posts))


async def preview_posts(
    kept: Sequence[Kept], *, worker: WorkerPool, plan: Plan, orders: Orders, history: History
) -> Difference:
    """What `rescore_posts` would change; nothing is written."""
    difference = Difference()
    for one, judgement in (await judge_again(kept, worker=worker, plan=plan)).values():
        changes = compare(one, assessed(one, judgement, history=history), plan=plan, orders=orders)
        difference = difference.plus(_difference(changes))
    return difference.plus(Difference(skipped=len(kept) - difference.posts))


async def judge_again(
    kept: Sequence[Kept], *, worker: WorkerPool, plan: Plan
) -> dict[int, tuple[Kept, Judgement | None]]:
    """The judgement of each post, by its id; a post that is too much for a worker is left out."""
    judged: dict[int, tuple[Kept, Judgement | None]] = {}
    for source, group in groupby(sorted(kept, key=lambda one: one.source), key=lambda one: one.source):
        configured, posts = plan.sources.get(source), list(group)
        weight = configured.weight if configured else None
        for start in range(0, len(posts), 50):
            some = posts[start : start + 50]
            for one, judgement in await _judge(some, weight, worker=worker):
                judged[one.id] = (one, judgement)
    return judged


async def _judge(
    kept: Sequence[Kept], weight: float | None, *, worker: WorkerPool
) -> list[tuple[Kept, Judgement | None]]:
    said = await judge_posts([one.post for one in kept], weight=weight, worker=worker)
    return [(one, what) for one, what in zip(kept, said, strict=True) if not isinstance(what, WorkerKilled)]


def assessed(kept: Kept, judgement: Judgement | None, *, history: History) -> Judgement | None:
    """The judgement with what history knows of the post: its story, its author, who confirmed it, what was answered."""
    if judgement is None or not judgement.mentions:
        return judgement
    source = history.plan.sources.get(kept.source)
    place = Place(source=kept.source, weight=source.weight if source else None)
    context = history.of_stored(kept.id, kept.post, judgement, place=place, silent=None)
    return replace(judgement, mentions=assess(judgement, kept.post, context=context, now=history.now).mentions)


def compare(kept: Kept, judgement: Judgement | None, *, plan: Plan, orders: Orders) -> list[Change]:
    """How a post is judged differently now, brand by brand."""
    new = {mention.brand: mention for mention in judgement.mentions} if judgement else {}
    old = {view.mention.brand: view for view in kept.mentions}
    watched = {brand.name for brand in plan.config.brands}
    changes = (
        _change(kept, brand, old.get(brand), new.get(brand))
        for brand in dict.fromkeys((*old, *new))
        if orders.brand in (None, brand) and brand in watched
    )
    return [change for change in changes if change is not None]


def _change(kept: Kept, brand: str, old: MentionView | None, new: Mention | None) -> Change | None:
    if old is None:
        return Change(id=None, kept=kept, brand=brand, old=None, new=new, words=("gained",))
    was, of_old = old.mention, partial(Change, id=old.id, kept=kept, brand=brand, old=old)
    if new is None:
        is_marked = any(why.code in (UNNAMED, "edited") for why in was.why) and was.doubtful
        return None if is_marked else of_old(new=None, words=("lost",))
    # Why history recorded it as it did is no judgement: it stays.
    new = replace(new, why=(*new.why, *(why for why in was.why if why.code in SILENT)))
    if _is_same(was, new):
        return None
    words = []
    if was.sentiment.label is not new.sentiment.label:
        words.append(f"{was.sentiment.label.value}→{new.sentiment.label.value}")
    if was.doubtful != new.doubtful:
        words.append("doubtful" if new.doubtful else "certain")
    if abs(was.priority - new.priority) >= MOVED:
        words.append("priority")
    return of_old(new=new, words=tuple(words) or (_DETAILS,))


def _details(was: Mention, new: Mention) -> Iterator[str]:
    """What differs, as people can check it: figures and special cases; where none of them does, it is the reasons."""
    figures = (
        ("relevance", f"{was.relevance:.2f}", f"{new.relevance:.2f}"),
        ("negative", f"{was.sentiment.negative:.2f}", f"{new.sentiment.negative:.2f}"),
        ("influence", was.influence, new.influence),
        ("priority", was.priority, new.priority),
    )
    before, after = ({case.name for case in mention.special_cases} for mention in (was, new))
    moved = [f"{name} {old}→{now}" for name, old, now in figures if old != now]
    found = [*moved, *(f"+{case}" for case in sorted(after - before)), *(f"-{case}" for case in sorted(before - after))]
    yield from found or ["reasons"]


def _is_same(was: Mention, new: Mention) -> bool:
    """Whether mentions differ in no more than the last digits of their probabilities, in which two runs may differ.

    What follows from those is no difference either: a point of priority, the last digit in a reason.
    """
    apart = max(abs(a - b) for a, b in zip(_probabilities(was), _probabilities(new), strict=True))
    moved = abs(was.priority - new.priority)
    texts = zip(was.why, new.why, strict=False)  # as many as their places, which are compared before
    return (
        apart <= NOISE
        and moved <= (1 if apart else 0)
        and _exact(was) == _exact(new)
        and all(a.code == "sentiment" or _read_alike(a.text, b.text) for a, b in texts)  # that tells the probabilities
    )


def _probabilities(mention: Mention) -> tuple[float, ...]:
    sentiment = mention.sentiment
    return (mention.relevance, sentiment.negative, sentiment.neutral, sentiment.positive)


def _exact(mention: Mention) -> tuple[object, ...]:
    """What two runs agree on."""
    places = [(why.code, why.field, why.start, why.end) for why in mention.why]
    label = mention.sentiment.label
    return (label, mention.doubtful, mention.influence, mention.spans, mention.special_cases, places)


def _read_alike(one: str, other: str) -> bool:
    """Whether texts are the same but for the last of two decimals."""
    if one == other:
        return True
    pairs = zip(_DECIMAL.findall(one), _DECIMAL.findall(other), strict=False)
    return _DECIMAL.sub("", one) == _DECIMAL.sub("", other) and all(abs(float(a) - float(b)) < 0.015 for a, b in pairs)


def _difference(changes: Sequence[Change]) -> Difference:
    counts = Counter((change.brand, word) for change in changes for word in change.words)
    shown = (change.to_json() for change in changes[:EXAMPLES])
    return Difference(posts=1, mentions=len(changes), counts=counts, examples=tuple(shown))


def _apply(
    judged: Mapping[int, tuple[Kept, Judgement | None]], plan: Plan, orders: Orders, now: datetime, store: Store
) -> Difference:
    difference = Difference()
    history = History(stored=store, plan=plan, now=now)
    with store.transaction():
        for kept in store.kept_posts(list(judged)):
            before, judgement = judged[kept.id]
            if kept.hash != before.hash:  # edited meanwhile, and judged with its new wording
                continue
            judgement = assessed(kept, judgement, history=history)
            changes = compare(kept, judgement, plan=plan, orders=orders)
            written = [_write(change, judgement, plan=plan, orders=orders, store=store, now=now) for change in changes]
            alerts = sum(is_alert for _, is_alert in written)
            difference = difference.plus(replace(_difference([change for change, _ in written]), alerts=alerts))
    return difference


def _write(
    change: Change, judgement: Judgement | None, *, plan: Plan, orders: Orders, store: Store, now: datetime
) -> tuple[Change, bool]:
    """Store one change; with the mention's number, and whether it became an alert."""
    old, new, kept = change.old, change.new, change.kept
    decision = None
    if new is not None and judgement is not None and orders.alert and change.is_worse:
        age = now - (kept.post.published or kept.discovered_at)
        decision = decide_on(
            store,
            plan,
            kept.post,
            new,
            post_id=kept.id,
            source=kept.source,
            key=kept.key,
            lemmas=judgement.lemmas,
            silent="older than a week" if age > NEWS else None,
            now=now,
        )
    text = _words(change, decision, now)
    if new is None or judgement is None:
        assert old is not None  # noqa: S101 - what was not there cannot be lost
        lemmas = store.lemmas_of(old.id)  # those of the same wording
        store.unname_mention(old.id, Why(code=UNNAMED, text=f"no longer matches, since {now:%Y-%m-%d}"))
        store.note_decision(old.id, text, lemmas=lemmas)
        return change, False
    if old is None:
        mention_id = store.add_mention(change.kept.id, new, decision=text, lemmas=judgement.lemmas, now=now)
    else:
        mention_id = old.id
        store.rejudge_mention(mention_id, new, lemmas=judgement.lemmas, decision=text)
    if decision is None or decision.alert is None:
        CaseWork(store, plan, now).reclassed(change.kept.id, new)
        return replace(change, id=mention_id), False
    CaseWork(store, plan, now).mentioned(said_of(change.kept, mention_id, new, is_told=True, now=now), new)
    told = Dispatching(store, plan, now).mention(decision.alert, kept.post, new, post_id=kept.id)
    store.add_alert(mention_id, told, now=now)
    return replace(change, id=mention_id), True


def _words(change: Change, decision: Decision | None, now: datetime) -> str:
    """What `monitor why` says of it afterwards; the first decision stays readable."""
    judged = f"re-scored {now:%Y-%m-%d}: {', '.join(change.words)}"
    decided = f": {decision.reason}" if decision else ""
    before = f"; before: {_EARLIER.sub('', change.old.decision)}" if change.old else ""
    return judged + decided + before
