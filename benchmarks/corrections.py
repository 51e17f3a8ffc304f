"""What corrections of sentiment are worth: corpora that the model was not trained on play the customer.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.corrections [--tier fast] [--seeds 5] [--mistakes] [CORPUS…]

So many texts of a corpus' train file become corrections, by chance or (--mistakes) by chance among those that the model
judges wrongly; its dev file is judged before and after. Prints macro F1 and recall of negative as mean ± standard
deviation over the seeds, the same of what the training itself expected on left-out corrections and on the shipped
texts, how often the training would count (`is_better`), and its seconds of CPU. Settings were chosen on nc_rusentiment.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from monitor.understanding.adapting import Figures, Training

import numpy as np

from monitor.models import Tier
from monitor.understanding.adapting import Lesson, figures, train
from monitor.understanding.sentiment import LABELS, Model
from training.corpora import DATA, read_rows

CORPORA = ("crowdflower_brands", "nc_rusentiment", "rusentitweet")
"""The last is among what the model was trained on (other texts of it): it shows how little is left to learn there."""
COUNTS = (50, 100, 200, 400)
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
_BATCH = 512


class Run(NamedTuple):
    """One seed: the dev file after, what the training says of itself, and its seconds."""

    after: Figures
    training: Training
    seconds: float


def said(model: Model, texts: Sequence[str]) -> NDArray[np.int64]:
    """The label of each text, as it stands in LABELS."""
    parts = [model.probabilities(texts[at : at + _BATCH]).argmax(axis=1) for at in range(0, len(texts), _BATCH)]
    return np.concatenate(parts)


def measure(model: Model, corpus: str, *, seeds: int, mistakes: bool) -> None:
    drawn_from, held_out = (read_rows(DATA / f"{corpus}.{part}.tsv.gz") for part in ("train", "dev"))
    texts, labels = drawn_from.texts, drawn_from.labels
    dev, wanted = held_out.texts, held_out.labels
    held = set(dev)
    usable = np.array([at for at, text in enumerate(texts) if text not in held])
    if mistakes:
        drawn = np.sort(np.random.default_rng(0).permutation(usable)[:4_000])
        usable = drawn[said(model, [texts[at] for at in drawn]) != labels[drawn]]
    before = figures(wanted, said(model, dev))
    print(f"\n{corpus}, {model.tier.value}, {len(dev)} dev texts, {np.bincount(wanted)[0]} of them negative")
    print(
        "| corrections | macro F1 | negative recall | accuracy | expected gain | shipped macro F1 | counts | seconds |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    print(
        f"| none | {before.macro_f1:.3f} | {before.negative_recall:.3f} | {before.accuracy:.3f} | | | | |", flush=True
    )
    for count in COUNTS:
        runs = []
        for seed in range(seeds):
            at = np.random.default_rng(seed).permutation(usable)[:count]
            lessons = [
                Lesson(text=texts[row], label=LABELS[labels[row]], at=WHEN + timedelta(minutes=nth))
                for nth, row in enumerate(at)
            ]
            began = time.process_time()
            training = train(model, lessons, now=WHEN)
            seconds = time.process_time() - began
            if training is None:
                raise SystemExit(f"{corpus}: nothing was learned from {count} corrections")
            adapted = model.adapted(training.adaptation)
            runs.append(Run(figures(wanted, said(adapted, dev)), training, seconds))
        show(count, runs)


def show(count: int, runs: Sequence[Run]) -> None:
    columns = (
        [run.after.macro_f1 for run in runs],
        [run.after.negative_recall for run in runs],
        [run.after.accuracy for run in runs],
        [run.training.after.macro_f1 - run.training.before.macro_f1 for run in runs],
    )
    shipped = [
        np.mean([getattr(run.training, name).macro_f1 for run in runs]) for name in ("shipped_before", "shipped_after")
    ]
    told = " | ".join(f"{np.mean(column):.3f} ± {np.std(column):.3f}" for column in columns)
    counts = sum(run.training.is_better for run in runs)
    seconds = np.mean([run.seconds for run in runs])
    print(
        f"| {count} | {told} | {shipped[0]:.3f} → {shipped[1]:.3f} | {counts} of {len(runs)} | {seconds:.1f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("corpora", nargs="*", default=CORPORA)
    parser.add_argument("--tier", type=Tier, choices=list(Tier), default=Tier.FAST)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--mistakes", action="store_true")
    arguments = parser.parse_args()
    model = Model.load(arguments.tier)
    for corpus in arguments.corpora:
        measure(model, corpus, seeds=arguments.seeds, mistakes=arguments.mistakes)


if __name__ == "__main__":
    main()
