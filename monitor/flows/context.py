"""What history knows of a post, read inside the write transaction and made ready for `assess`.

Everything is bounded: a story of thousands of copies, an author of thousands of posts and a phrase that everybody uses
cost one more post no more than a few would.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypedDict
from urllib.parse import urlsplit

from monitor.store.authors import Known
from monitor.store.stances import CONFIRMS
from monitor.store.stories import KEYED
from monitor.understanding.assess import Context
from monitor.understanding.authors import AuthorHistory, AuthorPost, author_key
from monitor.understanding.history import Confirmations
from monitor.understanding.relevance import learning
from monitor.understanding.stories import (
    CANDIDATES,
    SHARED_KEYS,
    WINDOW,
    Earlier,
    Member,
    StoryDecision,
    StoryFigures,
    StoryKind,
    decide,
    figures,
    keys,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.flows.ports import Plan
    from monitor.models import Author, Judgement, Lemmas, Mention, Post
    from monitor.store import HistoryReading, Store
    from monitor.store.stories import Told
    from monitor.understanding.assess import Assessed, Learned
    from monitor.understanding.authors import AuthorKey

KEYS_OF_SHORT: Final = 64  # keys of a short text; a longer one has as many as words, up to what `keys` gives
MEMBERS: Final = 200  # newest posts of a story whose authors are counted
POSTS: Final = 300  # newest posts of an author that are looked at
MENTIONS: Final = 100  # newest mentions among them
STANCES: Final = 500  # answers to a mention that are counted
NOBODY: Final = "nobody in particular"  # «Гость» may be one person all along, and counts as one
ENOUGH: Final = 200  # authors of a platform from which on a place among them says something


class _Before(TypedDict):
    figures: StoryFigures | None
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a post stands: its source by name, with the weight that is configured for it; None without one."""

    source: str
    weight: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """A post that was just stored, and the keys by which its story is found."""

    id: int
    post: Post
    keys: tuple[int, ...]

    @classmethod
    def of(cls, post_id: int, post: Post, lemmas: Lemmas, *, now: datetime) -> New:
        """With keys where the next ones may tell the same: history that is shown late is no news to join."""
        is_recent = post.published is None or post.published > now - WINDOW
        # They rise, and the lowest of a short text are those that it has in common with a long one.
        most = max(KEYS_OF_SHORT, len(lemmas.text.split()))
        return cls(id=post_id, post=post, keys=keys(lemmas)[:most] if is_recent else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known besides a post, over one connection, with the configuration of the moment."""

    stored: HistoryReading
    plan: Plan
    now: datetime

    def of_new(self, new: New, judgement: Judgement, *, place: Place, silent: str | None) -> Context:
        """Of a post that was just stored: its story is still to be found."""
        post_id, post = new.id, new.post
        story = self._find_story(new, judgement.lemmas)
        context = self._of(post_id, post, judgement, place=place, silent=silent)
        if story.nearest is None:
            return context
        told = (
            self.stored.told([story.nearest.earlier.post_id])
            if story.story is None
            else self.stored.members(story.story, limit=MEMBERS)
        )
        return replace(context, story=story, **self._before(told, without=post_id, now=self.now))

    def of_stored(self, post_id: int, post: Post, judgement: Judgement, *, place: Place, silent: str | None) -> Context:
        """Of a post whose story was found when it was stored."""
        context = self._with_story(
            post_id, judgement.lemmas, self._of(post_id, post, judgement, place=place, silent=silent)
        )
        confirmations = self._confirmations(post_id, context.key)
        corrected, felt = self.stored.corrected(post_id), self.stored.felt(post_id)
        return replace(context, confirmations=confirmations, corrected=corrected, felt=felt)

    def _of(self, post_id: int, post: Post, judgement: Judgement, *, place: Place, silent: str | None) -> Context:
        key = author_key(post.author, place.source)
        return Context(
            silent=silent,
            source=place.source,
            source_weight=place.weight,
            key=key,
            author=self.author(post.author, place.source, key, without=post_id),
            learned=self._learned(judgement.mentions),
            known_issues=self.plan.known_issues,
            listed=self.plan.brands_of_customer(post.author),
            percentile=self._percentile(post, place.source),
            domain_rank=self._domain_rank(post.url),
        )

    # ── story ──

    def _find_story(self, new: New, lemmas: Lemmas) -> StoryDecision:
        if len(new.keys) < SHARED_KEYS:
            return StoryDecision()
        found = self.stored.sharing(new.keys, at_least=SHARED_KEYS, limit=CANDIDATES, without=new.id)
        return decide(lemmas, [self._earlier(told) for told in found])

    def _with_story(self, post_id: int, lemmas: Lemmas, context: Context) -> Context:
        """With the story of a stored post: what it told again when it was found, and who tells it by now."""
        (told,) = self.stored.told([post_id])
        if told.story_id is None:
            return context
        members = self._members(self.stored.members(told.story_id, limit=MEMBERS), without=post_id)
        context = replace(context, grown=figures(members, now=self.now))
        if told.kind is None:
            return context
        earlier = self.stored.told_before(told.story_id, post_id, limit=CANDIDATES)
        story = decide(lemmas, [self._earlier(one) for one in earlier])
        before = self.stored.members(told.story_id, limit=MEMBERS, before=post_id)
        then = max([told.at, *(one.at for one in before)])
        return replace(context, story=story, **self._before(before, without=post_id, now=then))

    def _before(self, told: Sequence[Told], *, without: int, now: datetime) -> _Before:
        return {"figures": figures(self._members(told, without=without), now=now), "is_cut": len(told) >= MEMBERS}

    def _members(self, told: Sequence[Told], *, without: int) -> list[Member]:
        return [
            Member(
                post_id=one.post_id,
                author=_key(one.author, one.source),
                source=one.source,
                at=one.at,
                negative=one.negative,
                own=bool(self.plan.own_accounts) and self.plan.brand_of_account(one.author) is not None,
            )
            for one in told
            if one.post_id != without
        ]

    def _earlier(self, told: Told) -> Earlier:
        return Earlier(
            post_id=told.post_id,
            story_id=told.story_id,
            lemmas=told.lemmas,
            author=_key(told.author, told.source),
            source=told.source,
            at=told.at,
            negative=told.negative,
        )

    # ── people ──

    def author(self, author: Author, source: str, key: AuthorKey | None, *, without: int) -> AuthorHistory | None:
        """What is stored of an author besides the post `without`; None where nobody in particular wrote it."""
        return None if key is None else author_history(self.stored, author, source, key, without=without)

    def _confirmations(self, post_id: int, key: AuthorKey | None) -> Confirmations | None:
        by_stance: dict[bool, set[str]] = {True: set(), False: set()}
        for stance in self.stored.stances_on(post_id, limit=STANCES):
            replier = author_key(stance.author, stance.source)
            is_author = key is not None and replier is not None and replier.is_same(key)
            if is_author or self.plan.brand_of_account(stance.author) is not None:
                continue
            by_stance[stance.stance == CONFIRMS].add(replier.key if replier else NOBODY)
        if not any(by_stance.values()):
            return None
        return Confirmations(confirming=frozenset(by_stance[True]), rebutting=frozenset(by_stance[False]))

    # ── places and answers ──

    def _percentile(self, post: Post, source: str) -> float | None:
        if post.author.followers is None:
            return None
        below, everybody = self.stored.reach_below(source, post.author.followers)
        return below / everybody if everybody >= ENOUGH else None

    def _domain_rank(self, url: str | None) -> int | None:
        try:
            host = urlsplit(url or "").hostname
        except ValueError:  # a broken address has no rank
            return None
        return self.stored.domain_rank(host) if host else None

    def _learned(self, mentions: Sequence[Mention]) -> dict[str, Learned]:
        active = self.stored.active_learned()
        found = {brand: self.stored.learned_record(active[brand]) for brand in active if brand in _brands(mentions)}
        return {brand: _learned(record) for brand, record in found.items() if record is not None}


def author_history(
    stored: HistoryReading, author: Author, source: str, key: AuthorKey, *, without: int = 0
) -> AuthorHistory:
    """What is stored of an author who is known by `key` at `source`, besides the post `without`."""
    named = key.key != key.link
    known = Known(
        name=author.name if named else None,
        source=None if key.distinctive else source,
        link=author.url if key.link else None,
    )
    wrote = stored.wrote(known, without=without, posts=POSTS, mentions=MENTIONS)
    return AuthorHistory(
        key=key.key,
        names=wrote.names,
        mentions=tuple(
            AuthorPost(
                post_id=said.post_id,
                brand=said.brand,
                source=said.source,
                at=said.at,
                negative=said.negative,
                thread=said.thread,
                url=said.url,
            )
            for said in wrote.mentions
        ),
        posts=wrote.posts,
        first_seen=wrote.first_seen,
    )


def remember(store: Store, new: New, assessed: Assessed) -> None:
    """Store what was decided of the story of a new post, and by what later ones find it.

    A copy is found by the keys of what it copies, and of a long story only the first posts keep theirs.
    """
    nearest, posts = assessed.story.nearest, 1
    if nearest is not None:
        kind, share = nearest.likeness.kind, nearest.likeness.share
        posts = store.join_story(new.id, like=nearest.earlier.post_id, kind=kind.value, share=share)
        if kind is StoryKind.REPOST:
            return
    if posts <= KEYED:
        store.add_story_keys(new.id, new.keys)


def _brands(mentions: Sequence[Mention]) -> set[str]:
    return {mention.brand for mention in mentions}


@lru_cache(maxsize=32)  # by its text: reading one takes some milliseconds, and every poll asks for the same few
def _learned(record: str) -> Learned:
    return learning.from_record(json.loads(record))


@lru_cache(maxsize=4096)  # the authors of a story that grows are asked for again with each post
def _key(author: Author, source: str) -> str | None:
    key = author_key(author, source)
    return key.key if key else None
