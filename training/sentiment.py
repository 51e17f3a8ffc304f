"""Trains the sentiment head that ships in the package, and measures it on corpora that it has not seen.

    python -m training.sentiment                 train, calibrate, write monitor/understanding/data/sentiment_fast.npz
    python -m training.sentiment --evaluate      leave one corpus out; print the table of docs/sentiment-model-card.md

Features and inference are the package's own (`monitor.understanding.ngrams`, `.sentiment`); scikit-learn is needed here
only. The same script, data, seed and package versions give the same sha256.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, recall_score
from sklearn.svm import LinearSVC

from monitor.models import Tier
from monitor.understanding.ngrams import BLOCK, BUCKETS, features, tokens
from monitor.understanding.sentiment import ARTIFACTS, LABELS, Model

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = REPOSITORY.parent / "shared" / "data" / "sentiment"
SHIPPED = ("amazon_sentences", "cedr", "rusentitweet", "rusentne", "semeval1316", "umsab")
"""What the model in the package is trained on; docs/sentiment-model-card.md says why."""
MEASURED_ONLY = ("crowdflower_brands", "nc_rusentiment")
"""Corpora whose licence does not allow it, or could not be verified: never trained on."""
MARGIN = 0.1
"""C of the support vector machine."""
BINS = 10


@dataclass(frozen=True, slots=True)
class Rows:
    """Labelled texts: `labels` index LABELS."""

    languages: tuple[str, ...]
    labels: Ints
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus of the data folder."""

    name: str
    train: Rows
    dev: Rows


def read_rows(path: Path) -> Rows:
    """Rows of a gzipped file with the columns lang, domain, label, text."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        next(lines)
        rows = [line.rstrip("\n").split("\t", 3) for line in lines]
    labels = np.array([LABELS.index(row[2]) for row in rows], dtype=np.int64)
    return Rows(tuple(row[0] for row in rows), labels, tuple(row[3] for row in rows))


def read_corpora(folder: Path) -> dict[str, Corpus]:
    """All corpora; what stands in any dev part is left out of every train part, for corpora share sources."""
    dev = {name: read_rows(folder / f"{name}.dev.tsv.gz") for name in (*SHIPPED, *MEASURED_ONLY)}
    seen = {spelling(text) for rows in dev.values() for text in rows.texts}
    corpora: dict[str, Corpus] = {}
    for name, rows in dev.items():
        train_rows = read_rows(folder / f"{name}.train.tsv.gz")
        corpora[name] = Corpus(name, taken(train_rows, [spelling(text) not in seen for text in train_rows.texts]), rows)
    return corpora


def spelling(text: str) -> str:
    """A text without what two copies of it may differ in."""
    return " ".join(token for token in tokens(text) if token.isalnum())


def taken(rows: Rows, wanted: Sequence[bool]) -> Rows:
    """The wanted ones of some rows."""
    at = [place for place, keep in enumerate(wanted) if keep]
    return Rows(tuple(rows.languages[place] for place in at), rows.labels[at], tuple(rows.texts[place] for place in at))


def joined(parts: Iterable[Rows]) -> Rows:
    """Several files as one."""
    listed = list(parts)
    return Rows(
        tuple(language for rows in listed for language in rows.languages),
        np.concatenate([rows.labels for rows in listed]),
        tuple(text for rows in listed for text in rows.texts),
    )


def document_frequencies(texts: Sequence[str]) -> Floats:
    """In how many texts each bucket stands."""
    found = features([tokens(text) for text in texts])
    return np.bincount(found.buckets, minlength=BUCKETS).astype(np.float64)


def quantised_idf(texts: Sequence[str]) -> tuple[NDArray[np.uint8], np.float32]:
    """Inverse document frequencies as bytes, and what one step is worth; training uses these very values."""
    idf = np.log((1 + len(texts)) / (1 + document_frequencies(texts))) + 1
    step = np.float32(idf.max() / 255)
    return np.round(idf / step).astype(np.uint8), step


def quantised_weights(weights: Floats) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Weights of shape (BUCKETS, 3) as int8, with a scale for each block and class."""
    blocks = weights.reshape(2, BLOCK, len(LABELS))
    scales = (np.abs(blocks).max(axis=1) / 127).astype(np.float32)
    return np.round(blocks / scales[:, None, :]).astype(np.int8).reshape(BUCKETS, len(LABELS)), scales


def inputs(idf: NDArray[np.float32], texts: Sequence[str]) -> sparse.csr_matrix:
    """The texts as the model sees them: idf where a bucket is lit, unit length in each block."""
    found = features([tokens(text) for text in texts])
    values = idf[found.buckets].astype(np.float64)
    norm_rows = found.rows * 2 + (found.buckets >= BLOCK)
    values /= np.sqrt(np.bincount(norm_rows, values * values, minlength=2 * found.texts))[norm_rows]
    return sparse.csr_matrix((values, (found.rows, found.buckets)), shape=(found.texts, BUCKETS))


def row_weights(rows: Rows) -> Floats:
    """Weight of each text, so that frequent (language, class) pairs do not drown the others; 1 on average."""
    pairs = list(zip(rows.languages, rows.labels.tolist(), strict=True))
    counts = Counter(pairs)
    weights = np.array([counts[pair] ** -0.5 for pair in pairs])
    balanced: Floats = weights * (len(weights) / weights.sum())
    return balanced


def train(train_parts: Sequence[Rows], dev_parts: Sequence[Rows], *, seed: int) -> dict[str, NDArray[np.generic]]:
    """The arrays of the artifact, trained on the one and calibrated on the other."""
    rows = joined(train_parts)
    idf, step = quantised_idf(rows.texts)
    machine = LinearSVC(C=MARGIN, dual=True, random_state=seed)
    machine.fit(inputs(idf.astype(np.float32) * step, rows.texts), rows.labels, sample_weight=row_weights(rows))
    weights, scales = quantised_weights(machine.coef_.T)
    arrays: dict[str, NDArray[np.generic]] = {
        "weights": weights,
        "scales": scales,
        "idf": idf,
        "idf_step": np.array(step),
        "matrix": np.eye(len(LABELS)),
        "offset": np.zeros(len(LABELS)),
    }
    return arrays | calibration(Model.from_arrays(arrays), dev_parts, bias=machine.intercept_)


def calibration(model: Model, parts: Sequence[Rows], *, bias: Floats) -> dict[str, NDArray[np.generic]]:
    """Matrix scaling of the decision values; each corpus counts the same, however large its dev file is."""
    decisions = (
        np.concatenate([model.head.decisions(features([tokens(t) for t in rows.texts])) for rows in parts]) + bias
    )
    weights = np.concatenate([np.full(len(rows.labels), 1 / len(rows.labels)) for rows in parts])
    labels = np.concatenate([rows.labels for rows in parts])
    scaling = LogisticRegression(C=1.0, max_iter=1000)
    scaling.fit(decisions, labels, sample_weight=weights * (len(weights) / weights.sum()))
    # Four places hide the last bits, in which BLAS libraries differ.
    matrix = np.round(scaling.coef_.T, 4)
    return {"matrix": matrix, "offset": np.round(scaling.intercept_ + bias @ matrix, 4)}


@dataclass(frozen=True, slots=True)
class Figures:
    """How well a model did on some texts."""

    macro_f1: float
    negative_recall: float
    error: float

    def __str__(self) -> str:
        return f"{self.macro_f1:.2f} / {self.negative_recall:.2f} / {self.error:.2f}"


def measure(model: Model, rows: Rows) -> Figures:
    """Macro F1 over the classes that occur, recall of negative, and expected calibration error in ten bins."""
    probabilities = model.probabilities(rows.texts)
    guesses = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    right = guesses == rows.labels
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, confidence - right, minlength=BINS)
    classes = sorted(set(rows.labels.tolist()))
    return Figures(
        f1_score(rows.labels, guesses, average="macro", labels=classes),
        recall_score(rows.labels, guesses, average="macro", labels=[0]),
        float(np.abs(gaps).sum() / len(rows.labels)),
    )


def by_language(rows: Rows) -> dict[str, Rows]:
    """The rows of each language."""
    return {lang: taken(rows, [other == lang for other in rows.languages]) for lang in sorted(set(rows.languages))}


def evaluate(folder: Path, *, names: Sequence[str], seed: int) -> None:
    """Print the table: each corpus' dev file under the model of all, and under the model without that corpus."""
    corpora = read_corpora(folder)
    kept = [corpora[name] for name in names]
    whole = Model.from_arrays(train([c.train for c in kept], [c.dev for c in kept], seed=seed))
    print("| corpus | dev texts | all trained: mF1 / negR / ECE | left out: mF1 / negR / ECE |\n|---|---|---|---|")
    for name in (*names, *MEASURED_ONLY):
        corpus = corpora[name]
        others = [other for other in kept if other.name != name]
        without = (
            Model.from_arrays(train([c.train for c in others], [c.dev for c in others], seed=seed))
            if name in names
            else whole
        )
        parts = {name: corpus.dev}
        languages = by_language(corpus.dev)
        if len(languages) > 1:
            parts |= {f"{name}, {lang}": rows for lang, rows in languages.items()}
        for label, rows in parts.items():
            seen = measure(whole, rows) if name in names else "(never trained on)"
            print(f"| {label} | {len(rows.texts)} | {seen} | {measure(without, rows)} |", flush=True)


def written(arrays: dict[str, NDArray[np.generic]]) -> bytes:
    """The artifact's bytes."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.sentiment", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the corpora")
    parser.add_argument("--out", type=Path, default=ARTIFACTS[Tier.FAST], help="artifact to write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without", action="append", default=[], choices=SHIPPED, help="do not train on it")
    parser.add_argument("--evaluate", action="store_true", help="print the leave-one-corpus-out table instead")
    options = parser.parse_args()
    names = [name for name in SHIPPED if name not in options.without]
    started = time.perf_counter()
    if options.evaluate:
        evaluate(options.data, names=names, seed=options.seed)
        return
    every = read_corpora(options.data)
    corpora = [every[name] for name in names]
    arrays = train([c.train for c in corpora], [c.dev for c in corpora], seed=options.seed)
    content = hashlib.sha256(b"".join(key.encode() + arrays[key].tobytes() for key in sorted(arrays))).hexdigest()
    data = written(arrays)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(data)
    print(f"{options.out.name}: {len(data):,} bytes, trained on {sum(len(c.train.texts) for c in corpora):,} texts")
    print(f"sha256 of the file    {hashlib.sha256(data).hexdigest()}\nsha256 of the content {content}")
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
