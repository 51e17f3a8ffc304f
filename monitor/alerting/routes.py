"""The routing tree: which mention becomes an alert, for whom, and in which group; the decision carries its reason.

The walk is Alertmanager's. Siblings are asked in their order. A route that holds asks the routes below it first; where
none of them takes the mention, it is the route's own. After a route that took it, its siblings are asked only where it
continues.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from monitor.models import URGENT, AlertIntent, Decision, Dispatch, Group, Label, Level, Receiver, Timing
from monitor.query import Predicate, Query, Variants, compile_query, known_variants, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from monitor.models import Lemmas, Mention, Post, Route, SpecialCase

GROUP_WORDS: Final = ("brand", "source", "author", "site", "lang", "story", "sentiment", "case")
"""What the members of a group may have to share."""
ALONE: Final = "..."
"""Alertmanager's word for no grouping at all: every post is a group of its own."""
AT_ONCE: Final = Timing()
"""Nothing is grouped, and nothing waits."""
SILENTLY: Final = "recorded silently: "
"""How the decision on history begins."""
_GRAVE: Final = frozenset({Level.HIGH, Level.CRITICAL})


@dataclass(frozen=True, slots=True)
class CompiledRoute:
    """A route whose query is read and whose receiver is known, with the routes below it.

    `receiver` None leads nowhere by itself: only the routes below may take anything. `name` is its place in the file.
    `variants` is asked once, here, for the words of the query: a daemon gives those that its worker looked up.
    """

    query: Query
    receiver: Receiver | None
    variants: Variants = field(default=known_variants, repr=False, compare=False)
    continues: bool = False
    timing: Timing = AT_ONCE
    routes: tuple[CompiledRoute, ...] = ()
    name: str = "routes[0]"
    holds: Predicate = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "holds", compile_query(self.query, self.variants))


def compile_routes(
    routes: Sequence[Route],
    *,
    receivers: Mapping[str, Receiver],
    variants: Variants = known_variants,
    above: str = "",
    to: str | None = None,
) -> tuple[CompiledRoute, ...]:
    """The tree made ready; a route that names no receiver has that of the route `above`, which leads `to` it."""
    compiled = []
    for number, route in enumerate(routes):
        name, leads = f"{above}routes[{number}]", route.to or to
        below = compile_routes(route.routes, receivers=receivers, variants=variants, above=f"{name}.", to=leads)
        compiled.append(
            CompiledRoute(
                parse(route.match),
                receivers[leads] if leads is not None else None,
                variants,
                continues=route.continues,
                timing=route.timing,
                routes=below,
                name=name,
            )
        )
    return tuple(compiled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A route as it was asked: whether its query `holds`, None where it was not asked; `reason` says what followed."""

    name: str
    query: str
    receiver: str | None
    holds: bool | None
    is_taken: bool
    reason: str


def every_route(routes: Sequence[CompiledRoute]) -> Iterator[CompiledRoute]:
    """All routes of a tree, each before those below it."""
    for route in routes:
        yield route
        yield from every_route(route.routes)


def receivers_of(routes: Sequence[CompiledRoute]) -> tuple[Receiver, ...]:
    """Those whom any route of a tree leads to, each once."""
    named = {route.receiver.name: route.receiver for route in every_route(routes) if route.receiver is not None}
    return tuple(named.values())


def taking(routes: Sequence[CompiledRoute], facts: Mapping[str, object]) -> tuple[CompiledRoute, ...]:
    """The routes that take what these facts tell of, each with a receiver; what no fact tells is not known."""
    taken: list[CompiledRoute] = []
    for route in routes:
        if not route.holds(facts):
            continue
        below = taking(route.routes, facts)
        if not below and route.receiver is None:
            continue
        taken += below or (route,)
        if not route.continues:
            break
    return tuple(taken)


def explain(routes: Sequence[CompiledRoute], facts: Mapping[str, object]) -> tuple[Tried, ...]:
    """Each route of the tree in its order: whether it was asked, whether it holds, and why it took or did not take."""
    found: list[Tried] = []
    _explain(routes, facts, found, unasked=None)
    return tuple(found)


def _explain(
    routes: Sequence[CompiledRoute], facts: Mapping[str, object], found: list[Tried], *, unasked: str | None
) -> bool:
    """Add what is said of some siblings; returns whether one of them, or one below, took it."""
    any_taken = False
    for route in routes:
        if unasked is not None:
            found.append(_tried(route, None, reason=f"not asked: {unasked}"))
            _explain(route.routes, facts, found, unasked=unasked)
            continue
        holds = route.holds(facts)
        place = len(found)
        below = _explain(route.routes, facts, found, unasked=None if holds else f"{route.name} above it does not hold")
        is_taken = holds and not below and route.receiver is not None
        found.insert(place, _tried(route, holds, reason=_outcome(route, holds, below=below), is_taken=is_taken))
        if is_taken or below:
            any_taken = True
            unasked = None if route.continues else f"{route.name} took it and does not continue"
    return any_taken


def _tried(route: CompiledRoute, holds: bool | None, *, reason: str, is_taken: bool = False) -> Tried:
    return Tried(
        name=route.name,
        query=str(route.query),
        receiver=route.receiver.name if route.receiver else None,
        holds=holds,
        is_taken=is_taken,
        reason=reason,
    )


def _outcome(route: CompiledRoute, holds: bool, *, below: bool) -> str:
    if not holds:
        return "asked: does not hold"
    if below:
        return "asked: holds, and a route below it took it"
    if route.receiver is None:
        return "asked: holds, but it leads to nobody, and no route below it holds"
    return f"taken: to {route.receiver.name}"


def group_of(route: CompiledRoute, facts: Mapping[str, object], *, key: str) -> Group:
    """The group in which what a route took waits; `key` tells it from all else, where every post is alone.

    What is not known of it is left out: all of that kind share a group. Special cases that wait for nobody make groups
    of their own, which collect nothing before their first message.
    """
    timing = route.timing
    is_alone = ALONE in timing.group_by
    shared = GROUP_WORDS if is_alone else timing.group_by
    labels = {word: text for word in shared if (text := _label(word, facts))}
    cases = facts.get("case")
    urgent = isinstance(cases, list | tuple) and not URGENT.isdisjoint(cases)
    spelt = json.dumps(labels, ensure_ascii=False, sort_keys=True)
    return Group(
        key=f"{'urgent' if urgent else route.name} {spelt}{f' {key}' if is_alone else ''}",
        labels=labels,
        wait=timedelta() if urgent else timing.wait,
        interval=timing.interval,
        urgent=urgent,
    )


def _label(word: str, facts: Mapping[str, object]) -> str:
    known = facts.get(word)
    match known:
        case None:
            return ""
        case list() | tuple() | set() | frozenset():
            return ", ".join(sorted(map(str, known)))
        case _:
            return _host(str(known)) if word == "site" else str(known)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or url).removeprefix("www.")
    except ValueError:  # an address that cannot be read is a site of its own
        return url


def walk(
    routes: Sequence[CompiledRoute],
    facts: Mapping[str, object],
    *,
    key: str = "",
    subscriptions: Sequence[CompiledRoute] = (),
) -> tuple[Dispatch, ...]:
    """Who is told what these facts tell of, each receiver once, by the first route that took it for them.

    Subscriptions are asked each for itself, whatever the tree took. `key` is as in `group_of`.
    """
    to: dict[str, Dispatch] = {}
    asked = [(taking(routes, facts), "route matches")]
    asked += [(taking((subscription,), facts), subscription.name) for subscription in subscriptions]
    for taken, why in asked:
        for route in taken:
            if route.receiver is not None and route.receiver.name not in to:
                group = group_of(route, facts, key=key)
                to[route.receiver.name] = Dispatch(route.receiver, f"{why}: {route.query}", group)
    return tuple(to.values())


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
    story: int | None = None,
    subscriptions: Sequence[CompiledRoute] = (),
) -> Decision:
    """Whether people must see this mention now.

    `key` is the natural key of the post; `silent` says why nobody is to be woken for it, None if somebody may be.
    Mentions of competitors, doubtful ones and spam that complains of nothing are recorded and searchable, and nobody
    is woken for them. `story` is the number of the story that the post tells; subscriptions are routes of persons,
    each asked for itself.
    """
    if silent is not None:
        return Decision(alert=None, reason=f"{SILENTLY}{silent}")
    if competitor:
        return Decision(alert=None, reason="recorded only: the brand is a competitor")
    if mention.doubtful:
        return Decision(alert=None, reason=f"recorded only: doubtful that the brand is meant ({mention.relevance:.2f})")
    if (hiding := _hiding(mention)) is not None:
        return Decision(alert=None, reason=f"recorded only: {hiding.name} (rule {hiding.rule})")
    facts = facts_of(post, mention, lemmas=lemmas, source=source, now=now, story=story)
    alert = f"mention:{key}:{mention.brand}"
    to = walk(routes, facts, key=alert, subscriptions=subscriptions)
    if not to:
        return Decision(alert=None, reason="no route matches" if routes else "no routes are configured")
    reason = f"alert to {', '.join(dispatch.receiver.name for dispatch in to)} ({to[0].reason})"
    return Decision(alert=AlertIntent(key=alert, reason=reason, to=to), reason=reason)


def _hiding(mention: Mention) -> SpecialCase | None:
    """What says that the post is not worth an alert; nothing does where it is felt as bad, or is grave besides."""
    if mention.sentiment.label is Label.NEGATIVE or any(case.level in _GRAVE for case in mention.special_cases):
        return None
    return next((case for case in mention.special_cases if case.hides), None)


def facts_of(
    post: Post, mention: Mention, *, lemmas: Lemmas, source: str, now: datetime, story: int | None = None
) -> Mapping[str, object]:
    """A mention as the flat record that queries look at; its time is when it was published, else `now`.

    The number of its `story` is no field of a query: groups are made by it.
    """
    return {
        "brand": mention.brand,
        "source": source,
        "author": post.author.name,
        "site": post.url,
        "lang": post.lang,
        "story": story,
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
