"""Which mention becomes an alert, and for whom: the decision carries its reason either way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from monitor.models import AlertIntent, Decision, Label, Level, Receiver
from monitor.query import Predicate, Query, Variants, compile_query, known_variants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from monitor.models import Lemmas, Mention, Post, SpecialCase

_GRAVE: Final = frozenset({Level.HIGH, Level.CRITICAL})


@dataclass(frozen=True, slots=True)
class CompiledRoute:
    """A route whose query is read and whose receiver is known.

    `variants` is asked once, here, for the words of the query: a daemon gives those that its worker looked up.
    """

    query: Query
    receiver: Receiver
    variants: Variants = field(default=known_variants, repr=False, compare=False)
    holds: Predicate = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "holds", compile_query(self.query, self.variants))


def decide(
    post: Post,
    mention: Mention,
    *,
    lemmas: Lemmas,
    source: str,
    key: str,
    silent: str | None,
    competitor: bool,
    routes: Sequence[CompiledRoute],
    now: datetime,
) -> Decision:
    """Whether people must see this mention now.

    `key` is the natural key of the post; `silent` says why nobody is to be woken for it, None if somebody may be.
    Mentions of competitors, doubtful ones and spam that complains of nothing are recorded and searchable, and nobody
    is woken for them.
    """
    if silent is not None:
        return Decision(alert=None, reason=f"recorded silently: {silent}")
    if competitor:
        return Decision(alert=None, reason="recorded only: the brand is a competitor")
    if mention.doubtful:
        return Decision(alert=None, reason=f"recorded only: doubtful that the brand is meant ({mention.relevance:.2f})")
    if (hiding := _hiding(mention)) is not None:
        return Decision(alert=None, reason=f"recorded only: {hiding.name} (rule {hiding.rule})")
    facts = facts_of(post, mention, lemmas=lemmas, source=source, now=now)
    matching: dict[str, tuple[Receiver, str]] = {}
    for route in routes:
        if route.receiver.name not in matching and route.holds(facts):
            matching[route.receiver.name] = (route.receiver, f"route matches: {route.query}")
    if not matching:
        return Decision(alert=None, reason="no route matches" if routes else "no routes are configured")
    to = tuple(matching.values())
    reason = f"alert to {', '.join(matching)} ({to[0][1]})"
    return Decision(alert=AlertIntent(key=f"mention:{key}:{mention.brand}", reason=reason, to=to), reason=reason)


def _hiding(mention: Mention) -> SpecialCase | None:
    """What says that the post is not worth an alert; nothing does where it is felt as bad, or is grave besides."""
    if mention.sentiment.label is Label.NEGATIVE or any(case.level in _GRAVE for case in mention.special_cases):
        return None
    return next((case for case in mention.special_cases if case.hides), None)


def facts_of(post: Post, mention: Mention, *, lemmas: Lemmas, source: str, now: datetime) -> Mapping[str, object]:
    """A mention as the flat record that queries look at; its time is when it was published, else `now`."""
    return {
        "brand": mention.brand,
        "source": source,
        "author": post.author.name,
        "site": post.url,
        "lang": post.lang,
        "type": post.type.value,
        "sentiment": mention.sentiment.label.value,
        "case": [case.name for case in mention.special_cases],
        "influence": mention.influence,
        "priority": mention.priority,
        "rating": post.rating,
        "relevance": mention.relevance,
        "doubtful": mention.doubtful,
        "unsure": mention.sentiment.unsure,
        "alarming": mention.sentiment.alarming,
        "title": post.title,
        "text": post.text,
        "title_lemmas": lemmas.title,
        "text_lemmas": lemmas.text,
        "at": post.published or now,
        "now": now,
    }
