"""Measures sentiment the way it will be used: on corpora that the model has not seen.

    python -m training.left_out [--tier fast|quality] [--without CORPUS] [--all]

Each corpus of the data folder is left out of training and calibration once, and its dev part measured; the corpora that
are never trained on are measured with all others trained. `--all` adds what all corpora trained together say of each.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import f1_score, recall_score

from monitor.models import ALERT_BIAS, Tier
from monitor.understanding.measuring import calibration_error
from monitor.understanding.sentiment import Model, softmax
from training.corpora import DATA, MEASURED_ONLY, OWN, SHIPPED, own_corpus, read_corpora, taken
from training.sentiment import Part, logits, part_of, train

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Figures:
    """How well a model did on some texts.

    `negative_recall` is that of the label, `alarming_recall` with the bias for alerts; `error` is the expected
    calibration error as `measuring` has it.
    """

    macro_f1: float
    negative_recall: float
    alarming_recall: float
    error: float

    def __str__(self) -> str:
        return f"{self.macro_f1:.3f} / {self.negative_recall:.2f} / {self.alarming_recall:.2f} / {self.error:.2f}"


def measure(model: Model, part: Part) -> Figures:
    """Macro F1 over the classes that occur, recalls of negative, and the calibration error."""
    labels = part.rows.labels
    scores = logits(model, part)
    probabilities = softmax(scores)
    guesses = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    sure = list(zip(confidence.tolist(), (guesses == labels).tolist(), strict=True))
    biased = (scores + np.array([ALERT_BIAS, 0, 0])).argmax(axis=1)
    recalls = [recall_score(labels, told, average="macro", labels=[0]) for told in (guesses, biased)]
    return Figures(
        macro_f1=f1_score(labels, guesses, average="macro", labels=sorted(set(labels.tolist()))),
        negative_recall=recalls[0],
        alarming_recall=recalls[1],
        error=calibration_error(sure),
    )


def languages_of(part: Part) -> Iterator[tuple[str, Part]]:
    """The parts of each language, where there are several."""
    languages = np.array(part.rows.languages)
    for lang in sorted(set(part.rows.languages)) if len(set(part.rows.languages)) > 1 else ():
        wanted: NDArray[np.bool_] = languages == lang
        vectors = None if part.vectors is None else part.vectors[wanted]
        yield lang, Part(taken(part.rows, wanted.tolist()), vectors)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.left_out", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the corpora")
    parser.add_argument("--tier", type=Tier, default=Tier.FAST, choices=[Tier.FAST, Tier.QUALITY])
    parser.add_argument("--without", action="append", default=[], choices=(*SHIPPED, OWN), help="never train on it")
    parser.add_argument("--all", action="store_true", help="also measure with all corpora trained together")
    options = parser.parse_args()
    corpora = read_corpora(options.data) | {OWN: own_corpus()}
    names = [name for name in (*SHIPPED, OWN) if name not in options.without]
    parts = {name: part_of(name, corpora[name].train, options.tier) for name in names}
    dev = {name: part_of(name, corpus.dev, options.tier) for name, corpus in corpora.items()}

    def trained(*, left_out: str) -> Model:
        kept = [name for name in names if name != left_out]
        arrays = train([parts[name] for name in kept], [dev[name] for name in kept], tier=options.tier, seed=0)
        return Model.from_arrays(arrays)

    everything = trained(left_out="")
    print("| corpus | dev texts | left out: mF1 / negR / negR alarming / ECE | all trained |\n|---|---|---|---|")
    found: list[Figures] = []
    for name in (*SHIPPED, *MEASURED_ONLY, OWN):
        model = trained(left_out=name) if name in names else everything
        for label, part in ((name, dev[name]), *((f"{name}, {lang}", few) for lang, few in languages_of(dev[name]))):
            left = measure(model, part)
            seen = measure(everything, part) if options.all and name in names else "–"
            print(f"| {label} | {len(part.rows.texts)} | {left} | {seen} |", flush=True)
            if label in (*SHIPPED, *MEASURED_ONLY):
                found.append(left)
    print(f"| mean of {len(found)} | | {np.mean([one.macro_f1 for one in found]):.3f} | |")


if __name__ == "__main__":
    main()
