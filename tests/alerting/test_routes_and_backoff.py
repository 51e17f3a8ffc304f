from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerting.backoff import GIVEN_UP_AFTER, next_attempt
from monitor.alerting.routes import CompiledRoute, decide, facts_of
from monitor.models import (
    Author,
    Decision,
    Label,
    Lemmas,
    Level,
    Mention,
    Post,
    Receiver,
    Sentiment,
    SpecialCase,
    Target,
)
from monitor.query import parse
from tests.alerting.alerts import make_mention

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SUPPORT = Receiver(name="support", targets=(Target(key="k", url="json://x"),))
LEAD = Receiver(name="lead", targets=(Target(key="l", url="json://y"),))


def route(match: str, receiver: Receiver) -> CompiledRoute:
    return CompiledRoute(parse(match), receiver)


ROUTES = [
    CompiledRoute(parse("sentiment:negative OR influence>=70"), SUPPORT, continues=True),
    route("priority>=80", LEAD),
]


def decision(
    mention: Mention, routes: list[CompiledRoute] = ROUTES, *, silent: str | None = None, competitor: bool = False
) -> Decision:
    return decide(
        Post(text="x"),
        mention,
        source="forum",
        key="forum:id:1",
        lemmas=Lemmas(),
        silent=silent,
        competitor=competitor,
        routes=routes,
        now=NOW,
    )


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("склад", True),
        ("складами", True),
        ("касса", False),
        ("title:склад", False),
        ("=Складе", True),
        ("case:legal_threat", True),
        ("case:vip", False),
        ("since:1d", True),
        ("before:1h", False),
        ("author:ольга site:example.org source:forum", True),
    ],
)
def test_a_route_sees_words_cases_and_time(match: str, expected: bool) -> None:
    asked: list[str] = []

    def variants(word: str) -> frozenset[str]:
        asked.append(word)
        return frozenset({"склад"} if word.startswith("склад") else {word})

    legal = SpecialCase(name="legal_threat", level=Level.CRITICAL, rule="r", field="text", start=0, end=1)
    asking = CompiledRoute(parse(match), SUPPORT, variants)
    once = list(asked)
    made = decide(
        Post(text="На Складе пусто", url="https://www.example.org/1", author=Author(name="Ольга")),
        replace(make_mention(), special_cases=(legal,)),
        source="forum",
        key="forum:id:1",
        lemmas=Lemmas(text="на склад пусто"),
        silent=None,
        competitor=False,
        routes=[asking],
        now=NOW,
    )
    assert (told(made) == ["support"]) is expected
    assert asked == once  # words are looked up when the plan is made, not for each mention


NEARLY = Sentiment(label=Label.NEUTRAL, negative=0.41, neutral=0.5, positive=0.09)
TORN = Sentiment(label=Label.NEUTRAL, negative=0.3, neutral=0.46, positive=0.24)


@pytest.mark.parametrize(
    ("sentiment", "match", "expected"),
    [
        (NEARLY, "sentiment:negative", False),
        (NEARLY, "alarming:yes", True),
        (NEARLY, "unsure:yes", False),
        (TORN, "alarming:yes", False),
        (TORN, "unsure:yes", True),
        (TORN, "NOT alarming:yes unsure:yes", True),
    ],
)
def test_a_route_may_ask_for_less_than_the_label(sentiment: Sentiment, match: str, expected: bool) -> None:
    made = decide(
        Post(text="x"),
        replace(make_mention(), sentiment=sentiment),
        source="forum",
        key="forum:id:1",
        lemmas=Lemmas(),
        silent=None,
        competitor=False,
        routes=[CompiledRoute(parse(match), SUPPORT)],
        now=NOW,
    )
    assert told(made) == (["support"] if expected else [])


def test_the_time_of_a_mention_is_when_it_was_published_else_now() -> None:
    for published in (None, NOW - timedelta(days=3)):
        facts = facts_of(Post(published=published), make_mention(), lemmas=Lemmas(), source="forum", now=NOW)
        assert (facts["at"], facts["now"]) == (published or NOW, NOW)


def told(decision: Decision) -> list[str]:
    return [dispatch.receiver.name for dispatch in decision.alert.to] if decision.alert else []


def test_each_route_that_is_asked_and_holds_tells_its_receiver_and_says_why() -> None:
    made = decision(replace(make_mention(), priority=90))
    assert told(made) == ["support", "lead"]
    assert made.alert is not None
    assert made.alert.to[0].reason == "route matches: sentiment:negative OR influence>=70"
    assert made.alert.key == "mention:forum:id:1:МойСклад"


def test_the_reason_is_one_line_without_the_comments_of_the_file() -> None:
    made = decision(make_mention(), [route("sentiment:negative # bad\nOR priority>=90 # or urgent\n", SUPPORT)])
    assert made.reason == "alert to support (route matches: sentiment:negative OR priority>=90)"


def test_a_receiver_is_told_once_though_two_routes_match() -> None:
    first = CompiledRoute(parse("priority>=1"), SUPPORT, continues=True)
    assert told(decision(make_mention(), [first, route("sentiment:negative", SUPPORT)])) == ["support"]


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (decision(make_mention(), silent="first poll of this source"), "recorded silently: first poll of this source"),
        (decision(make_mention(), competitor=True), "recorded only: the brand is a competitor"),
        (
            decision(replace(make_mention(), doubtful=True, relevance=0.25)),
            "recorded only: doubtful that the brand is meant (0.25)",
        ),
        (decision(make_mention(), [route("priority>=99", LEAD)]), "no route matches"),
        (decision(make_mention(), []), "no routes are configured"),
    ],
)
def test_nobody_is_told_and_the_reason_says_why(made: Decision, reason: str) -> None:
    assert made == Decision(alert=None, reason=reason)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 10), (2, 20), (5, 160), (7, 640), (8, 900), (500, 900)])
def test_a_message_is_tried_again_after_a_growing_pause(attempts: int, seconds: int) -> None:
    assert next_attempt(attempts=attempts, created_at=NOW, now=NOW, jitter=0.5) == NOW + timedelta(seconds=seconds)


def test_the_pause_is_spread_by_a_fifth() -> None:
    waits = [next_attempt(attempts=1, created_at=NOW, now=NOW, jitter=jitter) for jitter in (0.0, 1.0)]
    assert waits == [NOW + timedelta(seconds=8), NOW + timedelta(seconds=12)]


def test_a_message_is_given_up_after_a_week() -> None:
    assert next_attempt(attempts=9, created_at=NOW - GIVEN_UP_AFTER, now=NOW, jitter=0.5) is None


SPAM = SpecialCase(name="spam", level=Level.INFO, rule="en:promo", field="text", start=0, end=4, hides=True)
LEGAL = SpecialCase(name="legal_threat", level=Level.HIGH, rule="en:sue", field="text", start=0, end=4)
CALM = Sentiment(label=Label.NEUTRAL, negative=0.1, neutral=0.8, positive=0.1)
EVERYTHING = [route("*", SUPPORT)]


def test_nobody_is_woken_for_spam() -> None:
    said = decision(replace(make_mention(), sentiment=CALM, special_cases=(SPAM,)), EVERYTHING)
    assert said == Decision(alert=None, reason="recorded only: spam (rule en:promo)")


def test_spam_that_complains_or_is_grave_is_no_reason_to_be_silent() -> None:
    assert decision(replace(make_mention(), special_cases=(SPAM,)), EVERYTHING).alert is not None
    assert decision(replace(make_mention(), sentiment=CALM, special_cases=(SPAM, LEGAL)), EVERYTHING).alert is not None
