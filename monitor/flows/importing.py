"""Adding an existing history: posts that another tool, or this one elsewhere, has collected.

They are judged and stored like a poll's posts, some at a time, and wake nobody. Their identities know them again, so
an import that is broken off or repeated stores nothing twice; what any source has shown already is left out too.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, astuple, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from monitor.errors import InputError, WorkerKilled
from monitor.flows.context import History, New, Place, remember
from monitor.flows.judging import judge_posts
from monitor.flows.reassessing import take_stance
from monitor.flows.tables import post_from_json
from monitor.sources.render import post_to_json
from monitor.tracking.identity import Identified, identify
from monitor.understanding.assess import assess

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from monitor.flows.ports import Plan, Ports
    from monitor.flows.tables import Row
    from monitor.models import JSON, Judgement, Post
    from monitor.store import Store
    from monitor.store.answers import Reply

FOUND: Final = "found by import"  # the decision that stands at each imported mention
TOGETHER: Final = 50  # posts that are judged, and stored in one transaction
PORTION: Final = 200  # posts that are sent to the daemon at once
PORTION_BYTES: Final = 256 * 1024  # and their size as JSON, unless one alone has more: a line may have a megabyte
LINKED_TOGETHER: Final = 1000  # posts that are looked through for answers, or linked, in one transaction


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of some posts: stored, known before, erased on request and so refused, too much for the judge.

    `answers` are links of answers by the brands' accounts to what they answer.
    """

    new: int = 0
    known: int = 0
    refused: int = 0
    unjudged: int = 0
    mentions: int = 0
    answers: int = 0

    def plus(self, other: Imported) -> Imported:
        """Both together."""
        return Imported(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    def to_json(self) -> dict[str, JSON]:
        """As an object of JSON."""
        return {name: int(count) for name, count in asdict(self).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Some rows of a file: posts of one source, ready to be sent; `faults` are the bad rows by line and reason."""

    source: str
    posts: tuple[JSON, ...] = ()
    undated: int = 0
    faults: tuple[tuple[int, str], ...] = ()


def portions(rows: Iterable[Row], *, source: str | None) -> Iterator[Portion]:
    """The rows of a file in portions, each of one source: `source`, or where that is None the one that a row names."""
    waiting: dict[str, list[JSON]] = {}
    undated: Counter[str] = Counter()
    faults: list[tuple[int, str]] = []
    count = size = 0
    for row in rows:
        name = source or row.source
        if row.post is None or name is None:
            faults.append((row.line, row.fault or "it names no source, and --source was not given"))
        else:
            post: dict[str, JSON] = {**post_to_json(row.post), "lang": row.post.lang}
            more = len(json.dumps(post, ensure_ascii=False).encode(errors="replace")) + 2
            if size + more > PORTION_BYTES - 100:  # what goes around them
                yield from _portions(waiting, undated, faults)
                waiting, undated, faults, count, size = {}, Counter(), [], 0, 0
            waiting.setdefault(name, []).append(post)
            undated[name] += row.post.published is None
            size += more
        count += 1
        if count >= PORTION:
            yield from _portions(waiting, undated, faults)
            waiting, undated, faults, count, size = {}, Counter(), [], 0, 0
    yield from _portions(waiting, undated, faults)


def _portions(
    waiting: Mapping[str, Sequence[JSON]], undated: Mapping[str, int], faults: Sequence[tuple[int, str]]
) -> Iterator[Portion]:
    if faults:
        yield Portion(source="", faults=tuple(faults))
    for source, posts in waiting.items():
        yield Portion(source=source, posts=tuple(posts), undated=undated[source])


async def import_verb(ports: Ports, plan: Plan, arguments: Mapping[str, JSON]) -> JSON:
    """The verb: `posts` (as `post_to_json` prints them) of the source `source`; `dry_run` stores nothing.

    With `finish`, once all posts of a source are there, answers are linked to what they answer.
    """
    posts = arguments["posts"]
    if not isinstance(posts, list):
        raise InputError("posts must be a list")
    read = [post_from_json(item) for item in posts if isinstance(item, dict)]
    source, dry_run = str(arguments["source"]), bool(arguments.get("dry_run"))
    imported = await import_posts(source, read, ports=ports, plan=plan, dry_run=dry_run)
    if arguments.get("finish") and not dry_run:
        imported = imported.plus(Imported(answers=await link_answers(source, ports=ports, plan=plan)))
    return imported.to_json()


async def import_posts(source: str, posts: Sequence[Post], *, ports: Ports, plan: Plan, dry_run: bool) -> Imported:
    """Judge and store the posts that are not known yet; with `dry_run` only say what would be stored."""
    identified = identify(posts)
    imported = Imported(known=len(posts) - len(identified))  # the same line twice
    for start in range(0, len(identified), TOGETHER):
        batch = identified[start : start + TOGETHER]
        imported = imported.plus(await _import_some(source, batch, ports=ports, plan=plan, dry_run=dry_run))
    return imported


async def _import_some(
    source: str, batch: Sequence[Identified], *, ports: Ports, plan: Plan, dry_run: bool
) -> Imported:
    new, refused = await ports.writer.run(partial(_sift, source, batch))
    weight = plan.sources[source].weight if source in plan.sources else None
    judged, unjudged = await _judge(new, weight, ports=ports)
    counted = Imported(known=len(batch) - len(new), unjudged=unjudged)
    if dry_run:
        mentions = sum(len(judgement.mentions) for _, judgement in judged if judgement)
        return counted.plus(Imported(new=len(judged) - refused, refused=refused, mentions=mentions))
    return counted.plus(await ports.writer.run(partial(_store, source, judged, plan, ports.clock.now())))


def _sift(source: str, batch: Sequence[Identified], store: Store) -> tuple[list[Identified], int]:
    """Those of a batch that are not known, and how many of them were erased on request."""
    identities = {identity for found in batch for identity in found.identities}
    source_id = store.source_id_of(source)
    here = identities - store.unseen(source_id, identities) if source_id is not None else set()
    anywhere = store.seen_anywhere(identities)
    new = [found for found in batch if not is_known(found, here=here, anywhere=anywhere)]
    return new, sum(store.is_forgotten(source_id, found.post) for found in new)


def is_known(found: Identified, *, here: Collection[str], anywhere: Collection[str]) -> bool:
    """Whether this source has shown the post, or another one has at the same address or in the same author's words.

    Ids are only unique within a source. Words of nobody in particular ("great!") are no identity between sources,
    unless there is nothing else to tell a post by.
    """
    if found.key in here:
        return True
    telling = {"link"} if found.key.startswith("id:") else {found.key.partition(":")[0], "link"}
    if found.post.author.name:
        telling.add("text")
    return any(identity in anywhere for identity in found.identities if identity.partition(":")[0] in telling)


async def _judge(
    found: Sequence[Identified], weight: float | None, *, ports: Ports
) -> tuple[list[tuple[Identified, Judgement | None]], int]:
    """Each post with its judgement, and how many were too much for a worker."""
    said = await judge_posts([one.post for one in found], weight=weight, worker=ports.worker)
    judged = [(one, what) for one, what in zip(found, said, strict=True) if not isinstance(what, WorkerKilled)]
    return judged, len(found) - len(judged)


def _store(
    source: str, judged: Sequence[tuple[Identified, Judgement | None]], plan: Plan, now: datetime, store: Store
) -> Imported:
    """The write transaction: all that these posts lead to, or nothing of it."""
    new = mentions = refused = 0
    history = History(stored=store, plan=plan, now=now)
    place = Place(source=source, weight=plan.sources[source].weight if source in plan.sources else None)
    with store.transaction():
        source_id = store.import_source(source, now)
        for found, judgement in judged:
            post = replace(found.post, lang=found.post.lang or (judgement.lang if judgement else None))
            if store.is_forgotten(source_id, post):
                refused += 1
                continue
            post_id = store.add_post(source_id, post, identities=found.identities, now=now)
            if post_id is None:
                continue
            new += 1
            if judgement is None:
                continue
            if plan.brand_of_account(post.author) is None:
                take_stance(store, post_id, judgement, plan=plan, now=now, decide_anew=False)
            if judgement.mentions:
                mentions += _add_mentions(store, post_id, post, judgement, history=history, place=place)
    return Imported(new=new, known=len(judged) - new - refused, refused=refused, mentions=mentions)


def _add_mentions(
    store: Store, post_id: int, post: Post, judgement: Judgement, *, history: History, place: Place
) -> int:
    """The mentions of a post, with what history knows; a story of the last month may be joined. Returns how many."""
    new = New.of(post_id, post, judgement.lemmas, now=history.now)
    context = history.of_new(new, judgement, place=place, silent=FOUND)
    assessed = assess(judgement, post, context=context, now=history.now)
    for mention in assessed.mentions:
        store.add_mention(post_id, mention, decision=FOUND, lemmas=judgement.lemmas, now=history.now)
    remember(store, new, assessed)
    return len(assessed.mentions)


async def link_answers(source: str, *, ports: Ports, plan: Plan) -> int:
    """Link the answers of the brands' accounts that are linked to nothing yet; returns how many were.

    A history may come in any order, and an answer before what it answers, so this is for the end.
    """
    source_id = await ports.writer.run(lambda store: store.source_id_of(source))
    if source_id is None or not plan.own_accounts:
        return 0
    answers: list[tuple[Reply, str]] = []
    after = 0
    while replies := await ports.writer.run(partial(_replies, source_id, after)):
        after = replies[-1].id
        answers += [(reply, brand) for reply in replies if (brand := plan.brand_of_account(reply.author))]
    answers.sort(key=lambda answer: (answer[0].at, answer[0].id))  # each takes the newest that has no answer yet
    linked = 0
    for start in range(0, len(answers), LINKED_TOGETHER):
        linked += await ports.writer.run(partial(_link, answers[start : start + LINKED_TOGETHER]))
    return linked


def _replies(source_id: int, after: int, store: Store) -> list[Reply]:
    return store.unlinked_replies(source_id, after=after, limit=LINKED_TOGETHER)


def _link(answers: Sequence[tuple[Reply, str]], store: Store) -> int:
    with store.transaction():
        return sum(store.link_answer(reply.id, brand=brand) for reply, brand in answers)
