"""Priority against the checks that came with the formula."""

from __future__ import annotations

import pytest

from monitor.models import Level, Post, PostType, Span, SpecialCase
from monitor.understanding.priority import FLOORS, is_addressed, priority
from monitor.understanding.rules import FOLDER
from monitor.understanding.rules.files import cases_of


def case(name: str, level: Level) -> SpecialCase:
    return SpecialCase(name=name, level=level, rule="r", field="text", start=0, end=1)


THREAT, RUDE = case("legal_threat", Level.HIGH), case("rude_staff", Level.HIGH)


def test_the_floors_are_those_of_the_cases() -> None:
    assert {one.name: one.floor for one in cases_of(FOLDER).values() if one.floor is not None} == FLOORS


@pytest.mark.parametrize(
    ("negative", "influence", "authors", "cases", "value"),
    [
        (1.0, 0, 1, (), 56),
        (1.0, 0, 15, (), 81),
        (1.0, 0, 1, (THREAT, RUDE), 69),
        (0.1, 100, 1, (), 10),
        (0.0, 100, 1, (), 0),
        (1.0, 0, 10**6, (), 85),  # spread is capped
        (0.0, 0, 1, (case("vip", Level.INFO),), 0),
        (0.0, 0, 1, (case("health_safety", Level.CRITICAL),), 75),
        (0.0, 0, 1, (THREAT,), 60),
        (1.0, 0, 1, (THREAT, case("vip", Level.INFO), case("missing_details", Level.INFO)), 68),  # as without those
        (1.0, 0, 1, (THREAT, THREAT), 68),
    ],
)
def test_the_formula(negative: float, influence: int, authors: int, cases: tuple[SpecialCase, ...], value: int) -> None:
    rank = priority(
        negative=negative,
        relevance=1.0,
        doubtful=False,
        influence=influence,
        addressed=True,
        special_cases=cases,
        authors=authors,
    )
    assert rank.value == value


def test_what_is_hardly_about_us_or_not_said_to_us_is_lower() -> None:
    values = [
        priority(negative=0.9, relevance=relevance, doubtful=relevance < 0.5, influence=0, addressed=addressed).value
        for relevance, addressed in ((1.0, True), (1.0, False), (0.3, True), (0.3, False), (0.0, True))
    ]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == len(values)
    assert values[-1] == 0


def test_a_doubtful_mention_has_no_floor() -> None:
    rank = priority(negative=0.5, relevance=0.3, doubtful=True, influence=0, addressed=True, special_cases=(THREAT,))
    assert rank.value < 60


def test_every_term_is_told() -> None:
    rank = priority(negative=0.1, relevance=1.0, doubtful=False, influence=20, addressed=False, special_cases=(THREAT,))
    assert [why.code.removeprefix("priority-") for why in rank.why] == [
        "negative",
        "authors",
        "reach",
        "relevance",
        "addressed",
        "severity",
        "floor",
    ]
    assert [why.weight for why in rank.why][:5] == [0.1, 1.0, 0.2, 1.0, 0.8]


@pytest.mark.parametrize(
    ("post", "kind", "addressed"),
    [
        (Post(type=PostType.REVIEW), "exact", True),
        (Post(rating=3.0), "exact", True),
        (Post(), "handle", True),
        (Post(), "exact", False),
    ],
)
def test_who_speaks_to_the_brand(post: Post, kind: str, *, addressed: bool) -> None:
    span = Span(field="text", start=0, end=1, text="x", kind=kind)
    assert is_addressed(post, [span]) is addressed


@pytest.mark.parametrize(
    ("authors", "said"), [(1, "told by 1 author"), (4, "told as something bad by 4 authors in 7 days")]
)
def test_the_spread_is_told_in_authors(authors: int, said: str) -> None:
    rank = priority(
        negative=0.9, relevance=1.0, doubtful=False, influence=0, addressed=True, special_cases=(), authors=authors
    )
    assert said in [why.text for why in rank.why]


@pytest.mark.parametrize(("level", "floored"), [(Level.HIGH, True), (Level.MEDIUM, False)])
def test_what_is_not_sure_has_no_floor(level: Level, *, floored: bool) -> None:
    case = SpecialCase(name="legal_threat", level=level, rule="r", field="text", start=0, end=1)
    ranked = priority(negative=0.3, relevance=1.0, doubtful=False, influence=0, addressed=False, special_cases=(case,))
    assert any(why.code == "priority-floor" for why in ranked.why) is floored
