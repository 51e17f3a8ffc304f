"""How good sentiment is on labelled texts: what each label's figures are, and what its probabilities are worth.

Labels come as a table, one text a line. Texts are judged by themselves, stars and brands play no part; nothing is
learned from them, and nothing of them is kept.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.errors import InputError
from monitor.models import Label, Sentiment, Tier
from monitor.understanding.evaluation import BATCH, Evaluation, scores
from monitor.understanding.sentiment import LABELS, as_sentiment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from monitor.models import JSON
    from monitor.understanding.sentiment import Model

COLUMNS: Final = ("lang", "domain", "label", "text")
"""The columns that a table must have, in any order and among others."""
BINS: Final = 10
"""Equally wide ranges of confidence over which the calibration error is summed."""

_HEADER: Final = f"a header with the columns {' '.join(COLUMNS)}, tab separated"


class LabelledText(NamedTuple):
    """One line of a table; `domain` is what kind of texts it was taken from."""

    lang: str
    domain: str
    label: Label
    text: str


def read_table(lines: Iterable[bytes]) -> list[LabelledText]:
    """The labelled texts of a tab separated table in UTF-8, without quoting; blank lines are passed over.

    Only a line feed ends a line. Raises InputError that names the line, what is wrong with it and what is expected.
    """
    rows = ((number, _decoded(number, line).rstrip("\r\n")) for number, line in enumerate(lines, start=1))
    filled = ((number, row.split("\t")) for number, row in rows if row)
    number, header = next(filled, (1, []))
    if absent := [name for name in COLUMNS if header.count(name) != 1]:
        raise InputError(f"line {number}: expected {_HEADER}; {', '.join(absent)} missing or repeated")
    places = [header.index(name) for name in COLUMNS]
    found = [_labelled(number, fields, width=len(header), places=places) for number, fields in filled]
    if not found:
        raise InputError("holds no labelled text")
    return found


def _decoded(number: int, line: bytes) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"line {number}: expected UTF-8: {error.reason} at byte {error.start + 1}") from None


def _labelled(number: int, fields: Sequence[str], *, width: int, places: Sequence[int]) -> LabelledText:
    if len(fields) != width:
        raise InputError(f"line {number}: expected {width} tab separated fields as in the header, found {len(fields)}")
    lang, domain, label, text = (fields[place] for place in places)
    if label not in LABELS:
        raise InputError(f"line {number}: label: expected {', '.join(LABELS[:-1])} or {LABELS[-1]}, found {label!r}")
    return LabelledText(lang, domain, Label(label), text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a table came to.

    `ece` is the expected calibration error: how far, on average, the share of right labels lies from the confidence
    (the largest probability) with which they were told. `negative_recall_alarming` is the recall of negative where an
    alarming sentiment counts as negative, None where no text is; `unsure` the share of texts that are unsure.
    """

    evaluation: Evaluation
    tier: Tier
    ece: float
    negative_recall_alarming: float | None
    unsure: float

    def to_json(self, file: str) -> dict[str, JSON]:
        """As the one line of `monitor evaluate sentiment --json`; figures are rounded to four places."""
        recall = self.negative_recall_alarming
        return {
            **self.evaluation.to_json(file),
            "tier": self.tier.value,
            "ece": round(self.ece, 4),
            "negative_recall_alarming": None if recall is None else round(recall, 4),
            "unsure": round(self.unsure, 4),
        }


def measure(
    texts: Sequence[LabelledText], model: Model, *, advance: Callable[[int], None] = lambda _done: None
) -> Measured:
    """Judge labelled texts and compare; `advance` hears of each batch how many texts it held."""
    model.probabilities([""])  # the first text loads the encoder, which is no part of the speed
    told: list[Sentiment] = []
    seconds = 0.0
    for start in range(0, len(texts), BATCH):
        batch = [one.text for one in texts[start : start + BATCH]]
        started = time.process_time()
        rows = model.probabilities(batch).tolist()
        seconds += time.process_time() - started
        told += [as_sentiment(row[0], row[2]) for row in rows]
        advance(len(batch))
    return measured(texts, told, tier=model.tier, seconds=seconds)


def measured(texts: Sequence[LabelledText], told: Sequence[Sentiment], *, tier: Tier, seconds: float = 0.0) -> Measured:
    """How sentiments that were told stand against the labels; `seconds` is what telling them took."""
    pairs = list(zip(texts, told, strict=True))
    alarming = [said.alarming for one, said in pairs if one.label is Label.NEGATIVE]
    found = scores([{one.label.value} for one in texts], [{said.label.value} for said in told], always=LABELS)
    missed = [(one, said) for one, said in pairs if one.label is not said.label]
    missed.sort(key=lambda pair: confidence(pair[1]), reverse=True)
    return Measured(
        evaluation=Evaluation(
            n=len(texts),
            per_class=found,
            accuracy=1 - len(missed) / len(texts),
            seconds=seconds,
            wrong=tuple(_wrong(one, said) for one, said in missed),
        ),
        tier=tier,
        ece=calibration_error([(confidence(said), one.label is said.label) for one, said in pairs]),
        negative_recall_alarming=sum(alarming) / len(alarming) if alarming else None,
        unsure=sum(said.unsure for said in told) / len(told),
    )


def confidence(sentiment: Sentiment) -> float:
    """The largest of the three probabilities."""
    return max(sentiment.negative, sentiment.neutral, sentiment.positive)


def calibration_error(told: Sequence[tuple[float, bool]]) -> float:
    """The expected calibration error of (confidence, whether it was right), from 0 to 1, over BINS equal ranges."""
    surplus = [0.0] * BINS
    for sure, right in told:
        surplus[min(BINS - 1, int(sure * BINS))] += sure - right
    return sum(map(abs, surplus)) / len(told)


def _wrong(one: LabelledText, said: Sentiment) -> dict[str, JSON]:
    return {
        "text": one.text,
        "lang": one.lang,
        "domain": one.domain,
        "wanted": [one.label.value],
        "told": [said.label.value],
        "confidence": confidence(said),
    }
