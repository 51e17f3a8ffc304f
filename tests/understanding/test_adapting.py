"""What corrections teach: a sector's slang is learned, noise is not, and nothing depends on luck."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest

from monitor.models import Label, Tier
from monitor.understanding import encoder
from monitor.understanding.adapting import LEAST, Figures, Lesson, Training, figures, newest, train
from monitor.understanding.encoder import WIDTH
from monitor.understanding.sentiment import LABELS, Adaptation, Meaning, Model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NOW = datetime(2026, 5, 1, tzinfo=UTC)

# Players of a game, whose words for good and bad are nowhere else.
_SAID = {
    Label.NEGATIVE: (
        "рак на миде",
        "тиммейты руинят катку",
        "опять лоускилл в пати",
        "матчмейкинг снова в инт",
        "дизбаланс",
    ),
    Label.POSITIVE: ("катка имба", "разнесли изи", "скилл апнулся", "хайлайт года", "тащит имбовый герой"),
    Label.NEUTRAL: ("катка в девять", "пати на троих", "герой на миде", "патч на сервере", "скилл второго уровня"),
}
_BEFORE = ("Вчера", "Сегодня с друзьями", "Третий вечер", "После работы", "На выходных", "В рейтинге")
_AFTER = ("в этой игре", "на евро-сервере", "у нас в клане", "после обновления")


def _lesson(text: str, label: Label, minutes: int = 0) -> Lesson:
    return Lesson(text=text, label=label, at=NOW + timedelta(minutes=minutes))


def _slang(count: int, *, seed: int = 0) -> list[Lesson]:
    made = [
        (f"{before}: {said} {after}", label)
        for label, saids in _SAID.items()
        for said, before, after in product(saids, _BEFORE, _AFTER)
    ]
    random.Random(seed).shuffle(made)
    return [_lesson(text, label, minutes) for minutes, (text, label) in enumerate(made[:count])]


def _macro_f1(model: Model, lessons: Sequence[Lesson]) -> float:
    said = model.probabilities([one.text for one in lessons]).argmax(axis=1)
    return figures(np.array([LABELS.index(one.label) for one in lessons]), said).macro_f1


@pytest.fixture(scope="module")
def slang(model: Model) -> Training:
    training = train(model, _slang(60), now=NOW)
    assert training is not None
    return training


def test_the_slang_of_a_sector_is_learned_from_sixty_corrections(slang: Training, model: Model) -> None:
    unseen = _slang(360)[60:]
    assert slang.is_better
    assert slang.answers == slang.before.n == 60
    assert slang.after.macro_f1 > slang.before.macro_f1 + 0.2
    assert _macro_f1(model.adapted(slang.adaptation), unseen) > _macro_f1(model, unseen) + 0.2


def test_what_is_measured_on_left_out_corrections_comes_true(slang: Training, model: Model) -> None:
    found = _macro_f1(model.adapted(slang.adaptation), _slang(360)[60:])
    assert found == pytest.approx(slang.after.macro_f1, abs=0.1)


def test_what_was_known_before_is_not_unlearned(slang: Training, model: Model) -> None:
    assert slang.shipped_after.macro_f1 >= slang.shipped_before.macro_f1 - 0.01
    texts = ["Ужасное обслуживание, больше никогда не приду", "Great service, thank you so much!"]
    assert [one.label for one in model.adapted(slang.adaptation).judge(texts)] == [Label.NEGATIVE, Label.POSITIVE]


@pytest.mark.slow
def test_random_labels_hardly_ever_count(model: Model) -> None:
    def counts(seed: int) -> bool:
        rng = random.Random(seed)
        noise = [replace(one, label=rng.choice(LABELS)) for one in _slang(60)]
        training = train(model, noise, now=NOW)
        assert training is not None
        return training.is_better

    assert sum(map(counts, range(5))) <= 1  # chance is let through one time in twenty


@pytest.mark.parametrize(
    ("count", "labels"), [(LEAST - 1, LABELS), (0, LABELS), (60, (Label.NEGATIVE,))], ids=["few", "none", "one label"]
)
def test_nothing_is_learned_of_too_little(count: int, labels: Sequence[Label], model: Model) -> None:
    lessons = [one for one in _slang(360) if one.label in labels][:count]
    assert len(lessons) == count
    assert train(model, lessons, now=NOW) is None


def test_the_newer_answer_of_the_same_text_wins(slang: Training, model: Model) -> None:
    lessons = _slang(60)
    wrong = [
        replace(one, text=one.text.lower().replace(":", "  :"), label=Label.NEUTRAL, at=one.at - timedelta(days=9))
        for one in lessons
    ]
    assert newest([*lessons, *wrong]) == lessons
    again = train(model, [*lessons, *wrong], now=NOW)
    assert again is not None
    assert again.answers == 60
    assert again.after == slang.after


def test_the_same_lessons_teach_the_same_in_any_order(slang: Training, model: Model) -> None:
    lessons = _slang(60)
    random.Random(7).shuffle(lessons)
    again = train(model.adapted(slang.adaptation), lessons, now=NOW)
    assert again is not None
    assert again.to_json() == slang.to_json()


def test_what_was_learned_survives_json(slang: Training, model: Model) -> None:
    read = Adaptation.from_json(json.loads(json.dumps(slang.to_json()))["adaptation"])
    assert read.to_json() == slang.adaptation.to_json()
    texts = [one.text for one in _slang(20, seed=3)]
    said = model.adapted(slang.adaptation).probabilities(texts)
    assert np.array_equal(model.adapted(read).probabilities(texts), said)


def test_what_another_tier_learned_is_left_out(slang: Training, model: Model) -> None:
    other = replace(slang.adaptation, tier=Tier.QUALITY)
    assert model.adapted(other).adaptation is None
    assert model.adapted(slang.adaptation).adaptation is slang.adaptation


@pytest.mark.parametrize(
    ("after", "shipped", "certainty", "reason"),
    [
        (0.6, 0.8, 0.99, None),
        (0.6, 0.79, 0.99, None),
        (0.6, 0.7899, 0.99, "worse on the shipped texts"),
        (0.6, 0.8, 0.949, "not surely better on the corrections (in 94.9% of samples of them)"),
        (0.5, 0.8, 0.99, "no better on the corrections"),
    ],
    ids=["gains", "loses a little", "unlearns", "may be chance", "does not gain"],
)
def test_it_counts_where_it_gains_and_nothing_general_is_lost(
    after: float, shipped: float, certainty: float, reason: str | None, slang: Training
) -> None:
    def of(macro_f1: float) -> Figures:
        return Figures(macro_f1=macro_f1, accuracy=0.5, negative_recall=0.5, n=100)

    training = replace(
        slang,
        before=of(0.5),
        after=of(after),
        shipped_before=of(0.8),
        shipped_after=of(shipped),
        certainty=certainty,
    )
    assert (training.is_better, training.reason) == (reason is None, reason)
    assert (training.to_json()["is_better"], training.to_json()["reason"]) == (reason is None, reason)


def test_figures_are_those_of_the_labels_that_occur() -> None:
    # negative: 1 of 2 found, one too many; neutral: 1 of 2 found; nobody is positive, one is called so.
    found = figures(np.array([0, 0, 1, 1]), np.array([0, 2, 0, 1]))
    assert found == Figures(macro_f1=round((1 / 2 + 2 / 3) / 2, 4), accuracy=0.5, negative_recall=0.5, n=4)
    assert figures(np.array([1, 1]), np.array([1, 1])).negative_recall == 0


class _Meanings:
    """An encoder that knows one thing: whether a word of the game's praise is in the text."""

    read: ClassVar[list[int]] = []
    """How many texts at once, of all calls."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float64]:
        self.read.append(len(texts))
        vectors = np.zeros((len(texts), WIDTH))
        for row, text in enumerate(texts):
            vectors[row, 0] = any(word in text for word in _SAID[Label.POSITIVE])
        return vectors


def test_the_quality_tier_learns_of_meaning_too(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "loaded", _Meanings)
    nothing = Meaning(weights=np.zeros((WIDTH, 3)), centre=np.zeros(WIDTH), spread=np.full(WIDTH, 0.1))
    quality = replace(model, meaning=nothing)
    training = train(quality, _slang(60), now=NOW)
    assert training is not None
    _Meanings.read.clear()
    assert train(quality.adapted(training.adaptation), _slang(60), now=NOW) is not None
    assert _Meanings.read == [60]  # the texts that come with the program are read once
    assert training.adaptation.tier is Tier.QUALITY
    meaning = training.adaptation.meaning
    assert meaning is not None
    assert meaning[0].argmax() == LABELS.index(Label.POSITIVE)
    assert not meaning[1:].any()
