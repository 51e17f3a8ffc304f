"""Training is reproducible and makes what inference reads; on a small corpus of our own."""

from __future__ import annotations

import gzip
import hashlib
import sys
from collections import Counter
from importlib.util import find_spec
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from monitor.understanding.sentiment import Model

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(find_spec("sklearn") is None, reason="scikit-learn (extra dev) is not installed")

WORDS = {
    "negative": ["ужасно", "сломалось", "обман", "awful", "broken"],
    "neutral": ["филиал", "адрес", "расписание", "office", "monday"],
    "positive": ["отлично", "спасибо", "прекрасно", "great", "thanks"],
}
THINGS = ["банк", "касса", "поезд", "phone", "hotel", "заказ"]


def trainer() -> Any:
    """The program; what it imports takes seconds, which only the process that runs these tests must spend."""
    from training import sentiment

    return sentiment


def corpora() -> Any:
    from training import corpora

    return corpora


def corpus(folder: Path) -> None:
    for name, part in product(corpora().SHIPPED + corpora().MEASURED_ONLY, ("train", "dev")):
        with gzip.open(folder / f"{name}.{part}.tsv.gz", "wt", encoding="utf-8") as file:
            file.write("lang\tdomain\tlabel\ttext\n")
            for label, words in WORDS.items():
                for word, thing in product(words, THINGS):
                    lang = "en" if word.isascii() else "ru"
                    file.write(f"{lang}\town\t{label}\t{thing} {word} {part} {name}\n")
                # One text of the dev part that the train part holds too.
                file.write("ru\town\tpositive\tДве КОПИИ\n" if part == "dev" else "ru\town\tnegative\tдве копии!\n")


def run(folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    """Train the fast tier without our own texts, which would take half a minute."""
    out.mkdir()
    fixed = ["--data", str(folder), "--out", str(out), "--tier", "fast", "--without", "authored"]
    monkeypatch.setattr(sys, "argv", ["training.sentiment", *fixed, *options])
    trainer().main()
    return hashlib.sha256((out / "sentiment_fast.npz").read_bytes()).hexdigest()


def test_the_same_data_and_seed_give_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus(tmp_path)
    first = run(tmp_path, tmp_path / "a", monkeypatch)
    assert run(tmp_path, tmp_path / "b", monkeypatch) == first
    assert run(tmp_path, tmp_path / "c", monkeypatch, "--without", "cedr") != first
    with np.load(tmp_path / "a" / "sentiment_fast.npz", allow_pickle=False) as arrays:
        model = Model.from_arrays(arrays)
    labels = [said.label.value for said in model.judge(["phone awful", "office hotel", "банк отлично"])]
    assert labels == ["negative", "neutral", "positive"]


def test_no_dev_text_is_trained_on(tmp_path: Path) -> None:
    corpus(tmp_path)
    for found in corpora().read_corpora(tmp_path).values():
        assert "Две КОПИИ" in found.dev.texts
        assert not any("копии" in text for text in found.train.texts)
        assert len(found.train.texts) == len(found.train.labels) == len(found.train.languages) == 90


def test_the_table_has_a_row_for_each_corpus_and_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from training import left_out

    corpus(tmp_path)
    monkeypatch.setattr(sys, "argv", ["training.left_out", "--data", str(tmp_path), "--without", "authored", "--all"])
    left_out.main()
    table = capsys.readouterr().out
    for name in corpora().SHIPPED + corpora().MEASURED_ONLY:
        assert f"| {name} |" in table
        assert f"| {name}, ru |" in table
    assert "| mean of 8 |" in table


def test_our_own_texts_are_many_varied_and_alike_to_two_labellers(capsys: pytest.CaptureFixture[str]) -> None:
    listed = corpora().authored()
    languages = Counter(one["lang"] for one in listed)
    assert len(listed) >= 6000
    assert languages["ru"] >= 2000
    assert languages["en"] >= 1000
    assert min(languages[lang] for lang in ("de", "es", "fr", "it", "pt", "uk")) >= 500
    assert len({one["sector"] for one in listed}) >= 20
    assert len(corpora().alike([one["text"] for one in listed])) < 0.05 * len(listed)
    corpora().main()
    assert "Cohen's kappa 0.9" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("first", "second", "kappa"),
    [("nnpp", "nnpp", 1.0), ("nnpp", "npnp", 0.0), ("nnppuu", "nnppup", 0.75)],
)
def test_agreement_is_what_chance_does_not_explain(first: str, second: str, kappa: float) -> None:
    assert corpora().agreement(first, second)[1] == pytest.approx(kappa)
