"""An explanation answers six questions, and rests on nothing but the stored judgement."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.models import Label, Level, Mention, MentionView, Post, Sentiment, Span, SpecialCase, Why
from monitor.reports.explanation import Answer, denied, explain, told_of_posts

FOUND = datetime(2026, 11, 22, 10, 3, tzinfo=UTC)
MENTION = Mention(
    brand="Кассолёт",
    relevance=0.95,
    doubtful=False,
    spans=(Span(field="text", start=8, end=17, text="Кассолёту", kind="inflected"),),
    sentiment=Sentiment(label=Label.NEGATIVE, negative=0.9, neutral=0.08, positive=0.02),
    special_cases=(SpecialCase(name="refund", level=Level.MEDIUM, rule="ru:back", field="text", start=0, end=7),),
    influence=41,
    priority=81,
    why=(
        Why(code="match", text="«Кассолёту» is «Кассолёт» (inflected)", field="text", start=8, end=17, weight=0.98),
        Why(code="context", text="«касса» stands near", field="text", start=30, end=35, weight=1),
        Why(code="sentiment", text="reads negative (0.90)", weight=0.9),
        Why(
            code="special-case",
            text="wants money back: «верните» (rule ru:back)",
            field="text",
            start=0,
            end=7,
            weight=0.44,
        ),
        Why(code="influence", text="the author has 1,200 followers", weight=0.3),
        Why(code="priority-negative", text="negative with probability 0.90", weight=0.9),
        Why(code="silent", text="recorded silently: first poll of this source"),
    ),
)
VIEW = MentionView(
    id=7,
    source="habr",
    post_id=3,
    post=Post(text="Верните Кассолёту …"),
    discovered_at=FOUND,
    mention=MENTION,
    decision="no route matches",
)


def _answer(question: str, mention: Mention = MENTION, **besides: Any) -> Answer:
    view = replace(VIEW, mention=mention)
    return next(one for one in explain(view, **besides) if question in one.question)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Is it about Кассолёт?", "Yes: relevance 0.95 of 1."),
        ("How is it felt?", "Negative toward Кассолёт, with probability 0.90 (neutral 0.08, positive 0.02)."),
        ("Is it a special case?", "Yes: refund (medium)."),
        ("How far does it reach?", "Influence 41 of 100."),
        ("How soon should somebody look?", "Now: priority 81 of 100."),
        ("Who was told, and why?", "No route matches."),
    ],
)
def test_each_question_has_its_answer(question: str, answer: str) -> None:
    assert _answer(question).answer == answer


@pytest.mark.parametrize(
    ("label", "shares", "answer"),
    [
        (Label.NEGATIVE, (0.44, 0.38, 0.18), "Unsure: negative 44 %, neutral 38 %, positive 18 % toward Кассолёт."),
        (Label.POSITIVE, (0.25, 0.26, 0.49), "Unsure: positive 49 %, neutral 26 %, negative 25 % toward Кассолёт."),
        (
            Label.NEUTRAL,
            (0.4, 0.45, 0.15),
            (
                "Unsure: neutral 45 %, negative 40 %, positive 15 % toward Кассолёт. "
                "That is nearly negative: alarming:yes finds it."
            ),
        ),
        (
            Label.NEUTRAL,
            (0.41, 0.54, 0.05),
            (
                "Neutral toward Кассолёт, with probability 0.54 (negative 0.41, positive 0.05). "
                "That is nearly negative: alarming:yes finds it."
            ),
        ),
        (
            Label.NEUTRAL,
            (0.2, 0.5, 0.3),
            "Neutral toward Кассолёт, with probability 0.50 (negative 0.20, positive 0.30).",
        ),
    ],
)
def test_what_is_unsure_or_nearly_negative_is_said_so(
    label: Label, shares: tuple[float, float, float], answer: str
) -> None:
    negative, neutral, positive = shares
    felt = Sentiment(label=label, negative=negative, neutral=neutral, positive=positive)
    assert _answer("How is it felt?", replace(MENTION, sentiment=felt)).answer == answer


def test_a_text_against_its_stars_is_among_the_reasons_of_how_it_is_felt() -> None:
    against = Why(code="contradiction", text="the text alone reads negative (0.83), against its stars", weight=0.83)
    stars = Why(code="rating", text="5 of 5 stars", weight=5.0)
    assert _answer("How is it felt?", replace(MENTION, why=(stars, against))).reasons == (
        "5 of 5 stars. [5]",
        "The text alone reads negative (0.83), against its stars. [0.83]",
    )


def test_a_reason_stands_where_its_question_is_with_its_place_and_weight() -> None:
    assert _answer("Is it about").reasons == (
        "«Кассолёту» is «Кассолёт» (inflected). [text 8-17, 0.98]",
        "«касса» stands near. [text 30-35, +1]",
    )
    assert _answer("special case").reasons == ("Wants money back: «верните» (rule ru:back). [text 0-7, chance 0.44]",)


def test_a_case_that_is_not_counted_shows_its_chance_too() -> None:
    unlike = Why(code="special-case-unlike", text="refund is not counted", weight=0.0)
    assert _answer("special case", replace(MENTION, why=(unlike,))).reasons == ("Refund is not counted. [chance 0.00]",)


def test_every_reason_is_told_once() -> None:
    told = [reason for one in explain(VIEW) for reason in one.reasons]
    assert len(told) == len(MENTION.why)
    for why in MENTION.why:
        assert sum(why.text[1:] in reason for reason in told) == 1


def test_a_doubtful_mention_says_how_to_answer() -> None:
    about = _answer("Is it about", replace(MENTION, relevance=0.3, doubtful=True)).answer
    assert about.startswith("That is doubtful: relevance 0.30 of 1, below 0.50.")
    assert "monitor correct 7 --about yes|no" in about


@pytest.mark.parametrize(
    ("weight", "said", "answer"),
    [
        (0.0, {"about": "Ada said so on 2026-11-23"}, "No: Ada said so on 2026-11-23."),
        (1.0, {"about": "a person said so on 2026-11-23"}, "Yes: a person said so on 2026-11-23."),
        (0.0, {"sentiment": "Ada said so on 2026-11-23"}, "No: a person said so."),
    ],
)
def test_what_a_person_answered_is_the_answer_and_asks_for_none(
    weight: float, said: dict[str, str], answer: str
) -> None:
    answered = (
        Why(code="match", text="«Кассолёту» is «Кассолёт» (inflected)", weight=0.98),
        Why(code="relevance-by-rules", text="by the rules alone the relevance is 0.30", weight=0.3),
        Why(code="corrected", text="a person answered that this is …", weight=weight),
    )
    mention = replace(MENTION, relevance=weight, doubtful=not weight, why=answered)
    about = _answer("Is it about", mention, answered=said)
    assert about.answer == answer
    assert about.reasons == ("«Кассолёту» is «Кассолёт» (inflected). [0.98]", "Before: relevance 0.30.")
    assert denied(mention) is (weight == 0)


def test_a_mention_that_nobody_answered_is_not_denied() -> None:
    assert not denied(replace(MENTION, relevance=0.0, doubtful=True))


CORRECTED = Why(code="sentiment-corrected", text="felt as negative: somebody said so on 2026-11-23")
STARS = Why(code="rating", text="5 of 5 stars", weight=5.0)
READS = Why(code="sentiment", text="reads neutral (0.88)", weight=0.881)


def _by_itself(**chances: float) -> tuple[Why, ...]:
    return tuple(
        Why(code=f"sentiment-by-itself-{name}", text=f"by itself it is {name} with …", weight=chance)
        for name, chance in chances.items()
    )


@pytest.mark.parametrize(
    ("why", "reasons"),
    [
        ((READS, CORRECTED, *_by_itself(neutral=0.881, negative=0.1, positive=0.019)), ("Before: neutral 88 %.",)),
        (
            (CORRECTED, *_by_itself(neutral=0.45, negative=0.4, positive=0.15)),
            ("Before: unsure, neutral 45 %, negative 40 %, positive 15 %.",),
        ),
        # What it was felt by stays, unless it is the same figure: here the way it points had turned what it reads.
        (
            (READS, STARS, CORRECTED, *_by_itself(positive=0.9, negative=0.06, neutral=0.04)),
            ("Before: positive 90 %.", "Reads neutral (0.88). [0.881]", "5 of 5 stars. [5]"),
        ),
    ],
)
def test_what_was_felt_before_a_correction_is_told_once(why: tuple[Why, ...], reasons: tuple[str, ...]) -> None:
    felt = _answer("How is it felt?", replace(MENTION, why=why), answered={"sentiment": "Ada said so on 2026-11-23"})
    assert felt.answer == "Negative toward Кассолёт: Ada said so on 2026-11-23."
    assert felt.reasons == reasons


def _speaks(word: str, start: int, weight: float) -> Why:
    end = start + len(word)
    return Why(
        code="sentiment-word", text=f"«{word}» speaks for negative", field="text", start=start, end=end, weight=weight
    )


def test_forms_of_one_word_are_one_reason() -> None:
    sad = Why(code="sentiment-word", text="a sad emoticon speaks for negative", weight=0.1)
    why = (_speaks("списали", 0, 0.233), _speaks("дважды", 34, 0.113), _speaks("списал", 12, 0.161), sad)
    mention = replace(MENTION, why=why)
    apart = _answer("How is it felt?", mention).reasons
    assert len(apart) == 4
    forms = {"списали": "списать", "списал": "списать"}
    assert _answer("How is it felt?", mention, lemma=lambda word: forms.get(word, word)).reasons == (
        "«списали», «списал» speak for negative. [text 0-7, 0.394]",
        "«дважды» speaks for negative. [text 34-40, 0.113]",
        "A sad emoticon speaks for negative. [0.1]",
    )


def test_a_post_of_the_same_story_is_named_with_its_mention() -> None:
    copy = Why(code="story", text="a copy of post 28 at post-29, 2026-11-20: 97 % of its word pairs", weight=0.97)
    spread = Why(code="spread", text="before it 3 posts told this; first post 21 at talk, 2026-11-20", weight=2.0)
    mention = replace(MENTION, why=(copy, spread))
    assert told_of_posts(mention) == [28, 21]
    assert _answer("How far", mention, mentions={28: 31}).reasons == (
        "A copy of post 28 (mention 31) at post-29, 2026-11-20: 97 % of its word pairs. [0.97]",
        "Before it 3 posts told this; first post 21 (no mention) at talk, 2026-11-20. [2]",
    )
    assert "post 28 at post-29" in _answer("How far", mention).reasons[0]


@pytest.mark.parametrize(
    ("priority", "band"), [(100, "Now"), (75, "Now"), (74, "Today"), (49, "This week"), (24, "When there is time")]
)
def test_a_priority_is_put_in_words(priority: int, band: str) -> None:
    assert _answer("How soon", replace(MENTION, priority=priority)).answer.startswith(f"{band}:")


def test_who_was_told_and_who_was_missed() -> None:
    settled = "2026-11-22T10:04:09.000Z"
    deliveries = [{"receiver": "lead", "state": "sent", "settled_at": settled, "reason": "route matches: *"}]
    last = explain(VIEW, deliveries=deliveries, missed=["support, by the route “x”: no: x (missing)"])[-1]
    assert last.reasons == (
        "lead: sent on 2026-11-22 10:04 UTC, because route matches: *.",
        "Recorded silently: first poll of this source.",
        "Support, by the route “x”: no: x (missing).",
    )
