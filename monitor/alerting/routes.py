"""Which mention becomes an alert, and for whom: the decision carries its reason either way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.models import AlertIntent, Decision, Receiver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.models import Mention, Post
    from monitor.query import Query


@dataclass(frozen=True, slots=True)
class CompiledRoute:
    """A route whose query is parsed and whose receiver is known."""

    match: str
    query: Query
    receiver: Receiver


def decide(
    post: Post,
    mention: Mention,
    *,
    source: str,
    key: str,
    baseline: bool,
    competitor: bool,
    routes: Sequence[CompiledRoute],
) -> Decision:
    """Whether people must see this mention now.

    `key` is the natural key of the post; `baseline` says that this is a source's silent first poll. Mentions of
    competitors and doubtful ones are recorded and searchable, and nobody is woken for them.
    """
    if baseline:
        return Decision(alert=None, reason="recorded silently: first poll of this source")
    if competitor:
        return Decision(alert=None, reason="recorded only: the brand is a competitor")
    if mention.doubtful:
        return Decision(alert=None, reason=f"recorded only: doubtful that the brand is meant ({mention.relevance:.2f})")
    facts = facts_of(post, mention, source=source)
    matching: dict[str, tuple[Receiver, str]] = {}
    for route in routes:
        if route.receiver.name not in matching and route.query.matches(facts):
            matching[route.receiver.name] = (route.receiver, f"route matches: {route.match}")
    if not matching:
        return Decision(alert=None, reason="no route matches" if routes else "no routes are configured")
    to = tuple(matching.values())
    reason = f"alert to {', '.join(matching)} ({to[0][1]})"
    return Decision(alert=AlertIntent(key=f"mention:{key}:{mention.brand}", reason=reason, to=to), reason=reason)


def facts_of(post: Post, mention: Mention, *, source: str) -> Mapping[str, object]:
    """A mention as the flat record that queries look at."""
    return {
        "brand": mention.brand,
        "source": source,
        "author": post.author.name,
        "site": post.url,
        "lang": post.lang,
        "type": post.type.value,
        "sentiment": mention.sentiment.label.value,
        "special": [case.name for case in mention.special_cases],
        "influence": mention.influence,
        "priority": mention.priority,
        "rating": post.rating,
        "relevance": mention.relevance,
        "doubtful": mention.doubtful,
        "title": post.title,
        "text": post.text,
    }
