"""Trains the sentiment models that ship in the package.

    python -m training.sentiment                 train, calibrate, write monitor/understanding/data/sentiment_*.npz
    python -m training.left_out                  how good they are on corpora that they have not seen

Features and inference are the package's own (`monitor.understanding.ngrams`, `.encoder`, `.sentiment`); scikit-learn
is needed here only. The same script, data, seed and package versions give the same sha256; other versions of BLAS may
move a probability by 0.01.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from monitor.models import Tier
from monitor.understanding.encoder import WIDTH
from monitor.understanding.ngrams import BLOCK, BUCKETS, features, tokens
from monitor.understanding.sentiment import ARTIFACTS, LABELS, Model
from training.corpora import DATA, MEASURED_ONLY, OWN, SHIPPED, Rows, joined, own_corpus, read_corpora
from training.vectors import vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.corpora import Corpus

    Floats = NDArray[np.float64]

MARGIN: Final = 0.1
"""C of the support vector machine."""
LOUDNESS: Final = 2 / WIDTH**0.5
"""What standardised vectors are multiplied by, to weigh as much as the n-grams do."""
OWN_SHARE: Final = 0.5
"""How much a text of our own counts beside others: they were written to be told apart, and are."""
SOFTER: Final = 0.75
"""What calibrated logits are multiplied by: so much too sure was the model of corpora that were left out."""
LESSONS: Final = ARTIFACTS[Tier.FAST].with_name("sentiment_lessons.jsonl.gz")
"""What ships of our own texts for `monitor train` to check itself by: kept out of training."""


@dataclass(frozen=True, slots=True)
class Part:
    """Labelled texts, their vectors (texts, WIDTH) on the quality tier, and how much a text counts."""

    rows: Rows
    vectors: NDArray[np.float32] | None
    share: float = 1.0


def part_of(name: str, rows: Rows, tier: Tier) -> Part:
    """The texts of a corpus, ready for training a tier."""
    read = vectors(name, rows.texts) if tier is Tier.QUALITY else None
    return Part(rows, read, OWN_SHARE if name == OWN else 1.0)


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


def train(parts: Sequence[Part], dev: Sequence[Part], *, tier: Tier, seed: int) -> dict[str, NDArray[np.generic]]:
    """The arrays of the artifact, trained on the one and calibrated on the other."""
    rows = joined([part.rows for part in parts])
    idf, step = quantised_idf(rows.texts)
    read = inputs(idf.astype(np.float32) * step, rows.texts)
    seen = _stacked(parts) if tier is Tier.QUALITY else np.zeros((len(rows.texts), 0), np.float32)
    centre, spread = seen.mean(axis=0), seen.std(axis=0)
    if tier is Tier.QUALITY:
        read = sparse.hstack([read, sparse.csr_matrix((seen - centre) / spread * LOUDNESS)]).tocsr()
    machine = LinearSVC(C=MARGIN, dual=True, random_state=seed)
    shares = np.concatenate([np.full(len(part.rows.texts), part.share) for part in parts])
    machine.fit(read, rows.labels, sample_weight=row_weights(rows) * shares)
    weights, scales = quantised_weights(machine.coef_[:, :BUCKETS].T)
    arrays: dict[str, NDArray[np.generic]] = {
        "weights": weights,
        "scales": scales,
        "idf": idf,
        "idf_step": np.array(step),
        "matrix": np.eye(len(LABELS)),
        "offset": np.zeros(len(LABELS)),
    }
    if tier is Tier.QUALITY:
        heard = machine.coef_[:, BUCKETS:].T * LOUDNESS
        arrays |= {
            name: array.astype(np.float32)
            for name, array in (("meaning", heard), ("centre", centre), ("spread", spread))
        }
    return arrays | calibration(Model.from_arrays(arrays), dev, bias=machine.intercept_)


def _stacked(parts: Sequence[Part]) -> NDArray[np.float32]:
    return np.concatenate([part.vectors for part in parts if part.vectors is not None])


def calibration(model: Model, parts: Sequence[Part], *, bias: Floats) -> dict[str, NDArray[np.generic]]:
    """Matrix scaling of the decision values; each corpus counts the same, however large its dev file is."""
    decisions = np.concatenate([logits(model, part) for part in parts]) + bias
    weights = np.concatenate([np.full(len(part.rows.labels), 1 / len(part.rows.labels)) for part in parts])
    labels = np.concatenate([part.rows.labels for part in parts])
    scaling = LogisticRegression(C=1.0, max_iter=1000)
    scaling.fit(decisions, labels, sample_weight=weights * (len(weights) / weights.sum()))
    # Four places hide the last bits, in which BLAS libraries differ.
    matrix = np.round(SOFTER * scaling.coef_.T, 4)
    return {"matrix": matrix, "offset": np.round(SOFTER * scaling.intercept_ + bias @ matrix, 4)}


def logits(model: Model, part: Part) -> Floats:
    """What the model says of the texts, before it is made a probability."""
    found = features([tokens(text) for text in part.rows.texts])
    if model.meaning is None or part.vectors is None:
        return model.logits(found, None)
    return model.logits(found, (part.vectors - model.meaning.centre) / model.meaning.spread)


def written(arrays: dict[str, NDArray[np.generic]]) -> bytes:
    """The artifact's bytes."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def write_lessons(own: Corpus) -> None:
    """The texts of our own that were kept out of training, as they ship."""
    rows = zip(own.dev.texts, own.dev.languages, own.dev.labels.tolist(), strict=True)
    lines = [
        json.dumps({"text": text, "lang": lang, "label": LABELS[label].value}, ensure_ascii=False)
        for text, lang, label in rows
    ]
    LESSONS.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.sentiment", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the corpora")
    parser.add_argument("--out", type=Path, default=ARTIFACTS[Tier.FAST].parent, help="folder to write into")
    parser.add_argument("--tier", type=Tier, action="append", default=[], choices=[Tier.FAST, Tier.QUALITY])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without", action="append", default=[], choices=(*SHIPPED, OWN), help="do not train on it")
    options = parser.parse_args()
    corpora = read_corpora(options.data) | {OWN: own_corpus()}
    names = [name for name in (*SHIPPED, OWN) if name not in options.without]
    for tier in options.tier or [Tier.FAST, Tier.QUALITY]:
        started = time.perf_counter()
        parts = [part_of(name, corpora[name].train, tier) for name in names]
        dev = [part_of(name, corpora[name].dev, tier) for name in names if name not in MEASURED_ONLY]
        arrays = train(parts, dev, tier=tier, seed=options.seed)
        content = hashlib.sha256(b"".join(key.encode() + arrays[key].tobytes() for key in sorted(arrays))).hexdigest()
        data = written(arrays)
        out = options.out / ARTIFACTS[tier].name
        out.write_bytes(data)
        print(f"{out.name}: {len(data):,} bytes, trained on {sum(len(part.rows.texts) for part in parts):,} texts")
        print(f"sha256 of the file    {hashlib.sha256(data).hexdigest()}\nsha256 of the content {content}")
        print(f"{time.perf_counter() - started:.0f} s")
    if options.out == LESSONS.parent:
        write_lessons(corpora[OWN])


if __name__ == "__main__":
    main()
