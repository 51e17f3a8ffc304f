"""The routing tree, from Alertmanager's documentation of route, continue, matchers and group_by: input and expected.

What it says, in our words: a route that holds asks its children; the first child that holds takes the alert, unless it
continues; an alert that no child takes is the node's own; children inherit what they do not say; group_by names the
labels by which alerts come together, "..." stands for all of them, a label that is missing counts as empty.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any

import pytest

from monitor.alerting.routes import (
    CompiledRoute,
    Tried,
    compile_routes,
    decide,
    explain,
    facts_of,
    group_of,
    receivers_of,
    walk,
)
from monitor.config import load
from monitor.models import (
    AlertIntent,
    Author,
    Dispatch,
    Group,
    Label,
    Lemmas,
    Level,
    Post,
    Receiver,
    Sentiment,
    SpecialCase,
    Target,
    Timing,
)
from monitor.query import parse
from tests.alerting.alerts import make_mention

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
A, B, C, D = (Receiver(name=name, targets=(Target(key=name, url=f"json://{name}"),)) for name in "abcd")
RECEIVERS = {receiver.name: receiver for receiver in (A, B, C, D)}
FACTS: dict[str, object] = {"brand": "Shop", "source": "forum", "lang": "ru", "sentiment": "negative", "priority": 50}


def route(match: str, to: Receiver | None, *routes: CompiledRoute, **how: Any) -> CompiledRoute:
    return CompiledRoute(parse(match), to, routes=routes, **how)


def on(match: str, to: Receiver | None, *routes: CompiledRoute, **how: Any) -> CompiledRoute:
    """A route that continues."""
    return route(match, to, *routes, continues=True, **how)


def told(*routes: CompiledRoute, **facts: object) -> str:
    return "".join(dispatch.receiver.name for dispatch in walk(routes, FACTS | facts))


YES, NO = "lang:ru", "lang:en"


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        # siblings: the first that holds
        ([route(YES, A)], "a"),
        ([route(NO, A)], ""),
        ([route(YES, A), route(YES, B)], "a"),
        ([route(NO, A), route(YES, B)], "b"),
        ([route(YES, A), route(NO, B)], "a"),
        ([route(NO, A), route(NO, B)], ""),
        # continue: the next ones are asked, too, and only then
        ([on(YES, A), route(YES, B)], "ab"),
        ([on(YES, A), route(YES, B), route(YES, C)], "ab"),
        ([on(YES, A), on(YES, B), route(YES, C)], "abc"),
        ([on(YES, A), route(NO, B), route(YES, C)], "ac"),
        ([on(NO, A), route(YES, B), route(YES, C)], "b"),
        ([on(NO, A), on(NO, B)], ""),
        ([route(YES, A), on(YES, B)], "a"),
        # children first, and the parent itself where none of them takes it
        ([route(YES, A, route(YES, B))], "b"),
        ([route(YES, A, route(NO, B))], "a"),
        ([route(NO, A, route(YES, B))], ""),
        ([route(YES, A, route(YES, B), route(YES, C))], "b"),
        ([route(YES, A, route(NO, B), route(YES, C))], "c"),
        ([route(YES, A, on(YES, B), route(YES, C))], "bc"),
        ([route(YES, A, on(YES, B), route(NO, C))], "b"),
        ([route(YES, A, route(YES, B, route(YES, C)))], "c"),
        ([route(YES, A, route(YES, B, route(NO, C)))], "b"),
        ([route(YES, A, route(NO, B, route(YES, C)))], "a"),
        # continue of a child goes on among its siblings, not among those of its parent
        ([route(YES, A, on(YES, B)), route(YES, C)], "b"),
        ([on(YES, A, route(YES, B)), route(YES, C)], "bc"),
        ([on(YES, A, route(NO, B)), route(YES, C)], "ac"),
        ([on(YES, A, on(YES, B), route(YES, C)), route(YES, D)], "bcd"),
        ([route(YES, A, route(YES, B)), route(YES, C)], "b"),
        # a route that names nobody takes only what the routes below it take
        ([route(YES, None, route(YES, A))], "a"),
        ([route(YES, None, route(NO, A))], ""),
        ([route(YES, None, route(NO, A)), route(YES, B)], "b"),
        ([route(YES, None, route(YES, A)), route(YES, B)], "a"),
        ([on(YES, None, route(YES, A)), route(YES, B)], "ab"),
        # each receiver once
        ([on(YES, A), route(YES, A)], "a"),
        ([on(YES, A), on(YES, B), route(YES, A)], "ab"),
        ([on(YES, A, route(YES, B)), route(YES, B)], "b"),
        ([], ""),
    ],
)
def test_who_is_told(routes: list[CompiledRoute], expected: str) -> None:
    assert told(*routes) == expected


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("*", "a"),
        ("lang:ru sentiment:negative", "a"),
        ("lang:ru sentiment:positive", ""),
        ("lang:en OR sentiment:negative", "a"),
        ("NOT lang:en", "a"),
        ("NOT lang:ru", ""),
        ("priority>=50", "a"),
        ("priority>50", ""),
        ("brand:shop", "a"),
        ("rating<=2", ""),  # what is not known does not hold
        ("NOT rating<=2", "a"),
        ("influence>=70", ""),
        ("case:legal_threat", ""),
    ],
)
def test_matchers_are_filters_and_what_is_missing_is_not_known(match: str, expected: str) -> None:
    assert told(route(match, A)) == expected


def test_a_mention_that_two_routes_give_to_one_receiver_waits_in_the_group_of_the_first() -> None:
    first = on(YES, A)
    (dispatch,) = walk([replace(first, name="first"), route(YES, A, name="second")], FACTS)
    assert dispatch == Dispatch(A, "route matches: lang:ru", Group(key="first {}"))


@pytest.mark.parametrize(
    ("group_by", "facts", "labels"),
    [
        ((), {}, {}),
        (("brand",), {}, {"brand": "Shop"}),
        (("brand", "story"), {"story": 7}, {"brand": "Shop", "story": "7"}),
        (("brand", "story"), {"story": None}, {"brand": "Shop"}),
        (("brand", "story"), {}, {"brand": "Shop"}),
        (("source", "lang"), {}, {"source": "forum", "lang": "ru"}),
        (("author",), {"author": "Ольга"}, {"author": "Ольга"}),
        (("author",), {"author": ""}, {}),
        (("site",), {"site": "https://www.shop.test:8443/a?b"}, {"site": "shop.test"}),
        (("site",), {"site": "https://[broken"}, {"site": "https://[broken"}),
        (("sentiment",), {}, {"sentiment": "negative"}),
        (("case",), {"case": []}, {}),
        (("case",), {"case": ["vip", "refund"]}, {"case": "refund, vip"}),
    ],
)
def test_a_group_is_named_by_what_its_members_share(
    group_by: tuple[str, ...], facts: dict[str, object], labels: dict[str, str]
) -> None:
    asked = route("*", A, timing=Timing(group_by=group_by), name="routes[3]")
    group = group_of(asked, FACTS | facts, key="post:1")
    assert group.labels == labels
    assert group.key.startswith("routes[3] ")


@pytest.mark.parametrize(
    ("group_by", "first", "second", "together"),
    [
        ((), {}, {"brand": "Other", "source": "blog"}, True),
        (("brand",), {}, {"source": "blog"}, True),
        (("brand",), {}, {"brand": "Other"}, False),
        (("brand", "story"), {"story": 1}, {"story": 2}, False),
        (("brand", "story"), {"story": 1}, {"story": 1, "source": "blog"}, True),
        (("brand", "story"), {"story": 1}, {"story": 1, "brand": "Other"}, False),
        (("brand", "story"), {}, {"author": "other"}, True),  # of neither a story is known
        (("brand", "story"), {}, {"story": 1}, False),
        (("brand", "source"), {"brand": "a", "source": "b"}, {"brand": "b", "source": "a"}, False),
        (("case",), {"case": ["a", "b"]}, {"case": ["b", "a"]}, True),
        (("case",), {"case": ["a"]}, {"case": ["a", "b"]}, False),
        (("author",), {"author": 'x", "brand": "y'}, {"author": "x"}, False),
    ],
)
def test_what_shares_the_labels_is_one_group(
    group_by: tuple[str, ...], first: dict[str, object], second: dict[str, object], together: bool
) -> None:
    asked = route("*", A, timing=Timing(group_by=group_by))
    keys = {group_of(asked, FACTS | facts, key=key).key for facts, key in ((first, "1"), (second, "2"))}
    assert (len(keys) == 1) is together


def test_three_dots_leave_every_post_alone() -> None:
    asked = route("*", A, timing=Timing(group_by=("...",)))
    assert group_of(asked, FACTS, key="1").key != group_of(asked, FACTS, key="2").key
    assert group_of(asked, FACTS, key="1").key == group_of(asked, FACTS, key="1").key


def test_two_routes_never_share_a_group() -> None:
    one, other = (route("*", A, name=name) for name in ("routes[0]", "routes[0].routes[0]"))
    assert group_of(one, FACTS, key="1").key != group_of(other, FACTS, key="1").key


SLOW = Timing(group_by=("brand",), wait=timedelta(minutes=2), interval=timedelta(hours=1))


@pytest.mark.parametrize(
    ("cases", "urgent"),
    [
        ([], False),
        (["vip", "refund"], False),
        (["rude_staff"], True),
        (["legal_threat", "vip"], True),
        (["health_safety"], True),
    ],
)
def test_grave_special_cases_wait_for_nobody_in_a_group_of_their_own(cases: list[str], urgent: bool) -> None:
    group = group_of(route("*", A, timing=SLOW), FACTS | {"case": cases}, key="1")
    assert group == Group(
        key=f'{"urgent" if urgent else "routes[0]"} {{"brand": "Shop"}}',
        labels={"brand": "Shop"},
        wait=timedelta() if urgent else SLOW.wait,
        interval=SLOW.interval,
        urgent=urgent,
    )


# ── what the file says ──

TREE = """
contact: watch@shop.test
brands: [{name: Shop}]
sources: [{name: forum, kind: feed, url: "https://forum.test/feed"}]
receivers: {a: {urls: ["json://a"]}, b: {urls: ["json://b"]}, c: {urls: ["json://c"]}}
routes:
  - match: sentiment:negative
    to: a
    group_by: [brand]
    group_wait: 1m
    continue: true
    routes:
      - {match: "lang:ru", group_by: [...]}
      - {match: "priority>=90", to: b, group_interval: 0s}
  - {to: c}
"""


def test_a_file_becomes_a_tree_with_receivers_and_timing_from_above(tmp_path: Any) -> None:
    (tmp_path / "sources.yaml").write_text(TREE, encoding="utf-8")
    config = load(tmp_path / "sources.yaml", environ={})
    tree = compile_routes(config.routes, receivers=RECEIVERS)
    russian, pressing = tree[0].routes
    assert [each.name for each in (tree[0], russian, pressing, tree[1])] == [
        "routes[0]",
        "routes[0].routes[0]",
        "routes[0].routes[1]",
        "routes[1]",
    ]
    assert [each.receiver for each in (tree[0], russian, pressing, tree[1])] == [A, A, B, C]
    assert (russian.timing.group_by, russian.timing.wait) == (("...",), timedelta(minutes=1))
    assert (pressing.timing.group_by, pressing.timing.interval) == (("brand",), timedelta())
    assert tree[0].continues
    assert receivers_of(tree) == (A, B, C)
    assert told(*tree) == "ac"
    assert told(*tree, lang="en", priority=95) == "bc"
    assert told(*tree, sentiment="positive") == "c"


# ── mentions, subscriptions, explanations ──


def decided(routes: list[CompiledRoute], *, subscriptions: list[CompiledRoute] | None = None) -> AlertIntent | None:
    return decide(
        Post(text="x", lang="ru", author=Author(name="Ольга")),
        make_mention(),
        lemmas=Lemmas(),
        source="forum",
        key="forum:id:1",
        silent=None,
        competitor=False,
        routes=routes,
        now=NOW,
        story=7,
        subscriptions=subscriptions or [],
    ).alert


def test_an_alert_waits_in_the_group_of_its_story() -> None:
    alert = decided([route("*", A, timing=Timing(group_by=("brand", "story")))])
    assert alert is not None
    assert alert.to[0].group == Group(
        key='routes[0] {"brand": "МойСклад", "story": "7"}', labels={"brand": "МойСклад", "story": "7"}
    )


def test_subscriptions_are_asked_each_for_itself_whatever_the_tree_took() -> None:
    wanted = [route(YES, B, name="subscription 1"), route(YES, C, name="subscription 2"), route(NO, D)]
    alert = decided([route(YES, A), route(YES, D)], subscriptions=wanted)
    assert alert is not None
    assert [(one.receiver.name, one.reason) for one in alert.to] == [
        ("a", "route matches: lang:ru"),
        ("b", "subscription 1: lang:ru"),
        ("c", "subscription 2: lang:ru"),
    ]


def test_whoever_the_tree_told_is_not_told_again_by_a_subscription() -> None:
    alert = decided([route(YES, A)], subscriptions=[route("*", A, name="subscription 1")])
    assert alert is not None
    assert [one.reason for one in alert.to] == ["route matches: lang:ru"]


def test_a_subscription_alone_makes_an_alert() -> None:
    alert = decided([], subscriptions=[route(YES, A, name="subscription 1")])
    assert alert is not None
    assert alert.reason == "alert to a (subscription 1: lang:ru)"
    assert decided([], subscriptions=[route(NO, A)]) is None


def test_facts_of_something_that_is_no_mention_are_routed_too() -> None:
    assert "".join(one.receiver.name for one in walk([route("brand:Shop", A)], {"brand": "Shop"})) == "a"
    assert walk([route("sentiment:negative", A)], {"brand": "Shop"}) == ()


def test_each_route_says_what_became_of_it() -> None:
    tree = [
        route(NO, A, route(YES, B, name="0.0"), name="0"),
        route(YES, None, route(NO, B, name="1.0"), name="1"),
        on(YES, A, on(YES, B, name="2.0"), route(NO, C, name="2.1"), name="2"),
        route(YES, C, route(NO, A, name="3.0"), name="3"),
        route(YES, D, route(YES, A, name="4.0"), name="4"),
    ]
    assert [(one.name, one.holds, one.is_taken, one.reason) for one in explain(tree, FACTS)] == [
        ("0", False, False, "asked: does not hold"),
        ("0.0", None, False, "not asked: 0 above it does not hold"),
        ("1", True, False, "asked: holds, but it leads to nobody, and no route below it holds"),
        ("1.0", False, False, "asked: does not hold"),
        ("2", True, False, "asked: holds, and a route below it took it"),
        ("2.0", True, True, "taken: to b"),
        ("2.1", False, False, "asked: does not hold"),
        ("3", True, True, "taken: to c"),
        ("3.0", False, False, "asked: does not hold"),
        ("4", None, False, "not asked: 3 took it and does not continue"),
        ("4.0", None, False, "not asked: 3 took it and does not continue"),
    ]
    assert explain([route(YES, A)], FACTS) == (
        Tried(name="routes[0]", query=YES, receiver="a", holds=True, is_taken=True, reason="taken: to a"),
    )


def random_tree(random: Random, depth: int) -> tuple[CompiledRoute, ...]:
    return tuple(
        route(
            random.choice([YES, NO]),
            random.choice([A, B, C, D, None]),
            *random_tree(random, depth - 1),
            continues=random.random() < 0.4,
        )
        for _ in range(random.randrange(3 if depth else 1))
    )


@pytest.mark.parametrize("seed", range(200))
def test_what_is_explained_is_what_is_done(seed: int) -> None:
    tree = random_tree(Random(seed), 3)
    taken = dict.fromkeys(one.receiver for one in explain(tree, FACTS) if one.is_taken)
    assert list(taken) == [one.receiver.name for one in walk(tree, FACTS)]


POSITIVE = Sentiment(label=Label.POSITIVE, negative=0.0, neutral=0.1, positive=0.9)


@pytest.mark.parametrize(("influence", "positive"), list(product((30, 80), (False, True))))
def test_R29_an_influential_post_is_told_when_it_praises_too(influence: int, positive: bool) -> None:
    mention = replace(make_mention(), influence=influence)
    if positive:
        mention = replace(mention, sentiment=POSITIVE)
    facts = facts_of(Post(text="x"), mention, lemmas=Lemmas(), source="forum", now=NOW)
    found = walk([route("sentiment:negative OR influence>=70", A)], facts)
    assert bool(found) is (influence >= 70 or not positive)


@pytest.mark.parametrize("case", ["rude_staff", "legal_threat", "health_safety"])
def test_R32_what_is_urgent_is_marked_so_whatever_the_route_waits_for(case: str) -> None:
    special = SpecialCase(name=case, level=Level.HIGH, rule="r", field="text", start=0, end=1)
    mention = replace(make_mention(), special_cases=(special,))
    facts = facts_of(Post(text="x"), mention, lemmas=Lemmas(), source="forum", now=NOW)
    (dispatch,) = walk([route("*", A, timing=SLOW)], facts)
    assert dispatch.group is not None
    assert (dispatch.group.urgent, dispatch.group.wait) == (True, timedelta())
