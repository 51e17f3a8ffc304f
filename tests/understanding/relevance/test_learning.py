"""What answers teach: when it is learned, that it helps and generalises, and that it knows when it does not."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.models import Label, Lemmas, Mention, Post, PostType, Sentiment, Span, Why
from monitor.understanding.relevance.learning import (
    Answer,
    Learned,
    features,
    from_record,
    is_due,
    is_worse,
    probability,
    to_record,
    train,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ABOUT_US = ("w:касса", "w:чек", "w:хлеб", "w:очередь", "w:скидка")
NOT_US = ("w:гора", "w:река", "w:тропа", "w:палатка", "w:костёр")
NOISE = tuple(f"w:слово{number}" for number in range(40))


def answers(n: int, *, rule: float = 0.5, seed: int = 1, turned: int = 0) -> list[Answer]:
    """Half yes, half no; of the newest `turned` the words mean the opposite."""
    chance = random.Random(seed)
    made = []
    for number in range(n):
        yes = number % 2 == 0
        told = ABOUT_US if yes != (number >= n - turned) else NOT_US
        words = frozenset({chance.choice(told), *chance.sample(NOISE, 5)})
        made.append(Answer(features=words, rule=rule, relevant=yes, at=NOW + timedelta(minutes=number)))
    return made


def blend(learned: Learned, found: frozenset[str], rule: float) -> float:
    """As `assess` does it."""
    return (1 - learned.share) * rule + learned.share * probability(learned, found, rule)


def learned_from(given: list[Answer]) -> Learned:
    learned = train(given, now=NOW)
    assert learned is not None
    return learned


def test_nothing_is_learned_from_too_few_answers_of_a_kind() -> None:
    assert train(answers(38), now=NOW) is None
    assert train([a for a in answers(200) if a.relevant], now=NOW) is None
    assert train(answers(40), now=NOW) is not None


@pytest.mark.parametrize(("before", "n_yes", "n_no", "due"), [(0, 19, 90, False), (0, 20, 20, True)])
def test_learning_begins_at_twenty_of_both_kinds(before: int, n_yes: int, n_no: int, due: bool) -> None:
    assert is_due(None, n_yes=n_yes, n_no=n_no) is due


def test_learning_is_due_again_after_ten_answers() -> None:
    assert not is_due(40, n_yes=25, n_no=24)
    assert is_due(40, n_yes=25, n_no=25)


@pytest.mark.parametrize(
    ("accuracy", "drift", "worse"),
    [(1.0, None, False), (0.99, None, False), (0.9, None, True), (0.9, 0.3, False)],
)
def test_a_version_is_worse_only_beyond_chance_and_while_the_talk_is_the_same(
    accuracy: float, drift: float | None, worse: bool
) -> None:
    active = replace(learned_from(answers(40)), accuracy=1.0)
    assert is_worse(replace(active, accuracy=accuracy, drift=drift), active) is worse


def test_what_was_learned_holds_for_answers_it_has_not_seen() -> None:
    learned = learned_from(answers(100))
    fresh = answers(60, seed=2)
    right = sum((blend(learned, a.features, a.rule) >= 0.5) == a.relevant for a in fresh)
    assert right >= 54
    assert learned.accuracy > 0.9 > learned.rules_accuracy
    assert learned.f1 > 0.9


def test_the_share_of_what_was_learned_grows_with_answers() -> None:
    assert 0 < learned_from(answers(40)).share < learned_from(answers(200)).share < 1


def test_rules_that_do_as_well_keep_the_say() -> None:
    given = [
        Answer(features=a.features, rule=0.95 if a.relevant else 0.05, relevant=a.relevant, at=a.at)
        for a in answers(60)
    ]
    learned = learned_from(given)
    assert learned.share == 0
    assert blend(learned, frozenset(NOT_US), 0.9) == pytest.approx(0.9)


def test_no_wall_of_words_is_learned_from_noise() -> None:
    chance = random.Random(5)
    given = [
        Answer(features=frozenset(chance.sample(NOISE, 6)), rule=0.9, relevant=n % 3 > 0, at=NOW + timedelta(minutes=n))
        for n in range(90)
    ]
    assert learned_from(given).share == 0


def test_drift_is_seen_in_the_newest_answers() -> None:
    assert not learned_from(answers(100)).drifting
    assert learned_from(answers(100, turned=20)).drifting
    assert learned_from(answers(38 + 1 + 1)).drift is not None
    assert not learned_from(answers(40)).drifting


def test_the_words_that_tell_most_can_be_shown() -> None:
    speaking, against = learned_from(answers(200)).telling(5)
    assert {f"w:{word}" for word, _ in speaking} == set(ABOUT_US)
    assert {f"w:{word}" for word, _ in against} == set(NOT_US)


def test_what_was_learned_survives_as_plain_data() -> None:
    learned = learned_from(answers(60))
    again = from_record(json.loads(json.dumps(to_record(learned))))
    assert again == learned
    assert probability(again, frozenset(ABOUT_US), 0.5) == probability(learned, frozenset(ABOUT_US), 0.5)


def mention_of() -> Mention:
    return Mention(
        brand="Лента",
        relevance=0.5,
        doubtful=False,
        spans=(Span(field="text", start=8, end=13, text="Ленте", kind="inflected"),),
        sentiment=Sentiment(label=Label.NEUTRAL, negative=0, neutral=1, positive=0),
        special_cases=(),
        influence=0,
        priority=0,
        why=(Why(code="context", text="", weight=1), Why(code="match", text="")),
    )


def test_its_opinion_is_what_assess_wants() -> None:
    learned = learned_from(answers(60))
    opinion = learned.opinion(Post(text="Вчера в Ленте касса"), mention_of(), Lemmas(text="вчера в лента касса"))
    assert opinion.probability > 0.5
    assert (opinion.share, opinion.answers) == (learned.share, 60)


def test_features_are_the_words_around_the_name_and_the_evidence() -> None:
    text = "Вчера в Ленте снова очередь"
    found = features(Post(text=text), mention_of(), Lemmas(text="вчера в лента снова очередь"))
    assert found == {
        "e:context",
        "w:вчера",
        "w:в",
        "before:в",
        "after:снова",
        "w:снова",
        "w:очередь",
    }


def test_words_of_a_quotation_are_not_counted_as_those_of_the_reply() -> None:
    quoted = "> а вот вчера мы ходили в кино\n"
    text = f"{quoted}Вчера в Ленте снова очередь"
    (span,) = mention_of().spans
    moved = replace(span, start=span.start + len(quoted), end=span.end + len(quoted))
    lemmas = Lemmas(text="вчера в лента снова очередь")
    found = features(Post(text=text, type=PostType.COMMENT), replace(mention_of(), spans=(moved,)), lemmas)
    assert found == features(Post(text=text[len(quoted) :]), mention_of(), lemmas)
    assert "before:в" in found


def test_what_history_reckons_anew_is_no_evidence() -> None:
    reckoned = tuple(Why(code=code, text="", weight=1) for code in ("influence", "priority-floor"))
    mention = mention_of()
    lemmas = Lemmas(text="вчера в лента")
    assert features(Post(text="Вчера в Ленте"), replace(mention, why=(*mention.why, *reckoned)), lemmas) == features(
        Post(text="Вчера в Ленте"), mention, lemmas
    )


def test_lemmas_of_the_whole_text_are_counted_in_the_whole_text() -> None:
    quoted = "> а вот вчера мы ходили в кино\n"
    (span,) = mention_of().spans
    moved = replace(span, start=span.start + len(quoted), end=span.end + len(quoted))
    post = Post(text=f"{quoted}Вчера в Ленте снова очередь", type=PostType.COMMENT)
    lemmas = Lemmas(text="а вот вчера мы ходить в кино вчера в лента снова очередь")
    assert {"before:в", "after:снова"} <= features(post, replace(mention_of(), spans=(moved,)), lemmas)
