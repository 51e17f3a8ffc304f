"""A brand's rule decides what counts as a mention of it; what breaks it is doubtful, and says which term failed."""

from __future__ import annotations

import pytest

from monitor.models import Brand, Post
from monitor.understanding.relevance import DOUBTFUL_BELOW, Relevance
from monitor.understanding.relevance.ruling import BROKEN, Rule

SURE = Relevance(1.0, doubtful=False, why=())


def _ruled(query: str, post: Post, *, about: Relevance = SURE) -> Relevance:
    rule = Rule.of(Brand(name="Кассолёт", rule=query))
    assert rule is not None
    return rule.applied(about, post, "ru")


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("касса", True),
        ("касса OR терминал", True),
        ("чек", False),
        ("касса AND NOT аэропорт", False),
        ("lang:ru", True),
        ("site:example.org", True),
        ("type:review", False),
        ("rating<=2", False),
        ("title:касса", False),
    ],
)
def test_a_rule_asks_for_words_in_any_form_and_for_what_is_known_of_the_post(query: str, *, holds: bool) -> None:
    post = Post(text="Кассы «Кассолёт» стоят в аэропорту", url="https://forum.example.org/t/1")
    assert _ruled(query, post).doubtful is not holds


def test_what_breaks_the_rule_is_kept_as_doubtful_with_the_term_that_failed() -> None:
    about = _ruled("type:review AND касса", Post(text="Кассы «Кассолёт» сломались"))
    assert about.value == BROKEN < DOUBTFUL_BELOW
    assert [why.code for why in about.why] == ["brand-rule"]
    assert "type:review" in about.why[0].text


def test_a_rule_makes_nothing_surer_than_it_was() -> None:
    doubtful = Relevance(0.1, doubtful=True, why=())
    assert _ruled("касса", Post(text="касса"), about=doubtful) is doubtful
    assert _ruled("чек", Post(text="касса"), about=doubtful).value == 0.1


def test_a_brand_without_a_rule_has_none() -> None:
    assert Rule.of(Brand(name="Кассолёт")) is None
