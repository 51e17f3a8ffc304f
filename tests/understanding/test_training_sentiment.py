"""Training is reproducible and makes what inference reads; on a small corpus of our own."""

from __future__ import annotations

import gzip
import hashlib
import sys
from importlib.util import find_spec
from itertools import product
from typing import TYPE_CHECKING, Any

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


def corpus(folder: Path) -> None:
    for name, part in product(trainer().SHIPPED + trainer().MEASURED_ONLY, ("train", "dev")):
        with gzip.open(folder / f"{name}.{part}.tsv.gz", "wt", encoding="utf-8") as file:
            file.write("lang\tdomain\tlabel\ttext\n")
            for label, words in WORDS.items():
                for word, thing in product(words, THINGS):
                    lang = "en" if word.isascii() else "ru"
                    file.write(f"{lang}\town\t{label}\t{thing} {word} {part} {name}\n")
                # One text of the dev part that the train part holds too.
                file.write("ru\town\tpositive\tДве КОПИИ\n" if part == "dev" else "ru\town\tnegative\tдве копии!\n")


def run(folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    monkeypatch.setattr(sys, "argv", ["training.sentiment", "--data", str(folder), "--out", str(out), *options])
    trainer().main()
    return hashlib.sha256(out.read_bytes()).hexdigest() if out.exists() else ""


def test_the_same_data_and_seed_give_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus(tmp_path)
    first = run(tmp_path, tmp_path / "a.npz", monkeypatch)
    assert run(tmp_path, tmp_path / "b.npz", monkeypatch) == first
    assert run(tmp_path, tmp_path / "c.npz", monkeypatch, "--without", "cedr") != first
    model = Model.load(tmp_path / "a.npz")
    labels = [said.label.value for said in model.judge(["phone awful", "office hotel", "банк отлично"])]
    assert labels == ["negative", "neutral", "positive"]


def test_no_dev_text_is_trained_on(tmp_path: Path) -> None:
    corpus(tmp_path)
    for found in trainer().read_corpora(tmp_path).values():
        assert "Две КОПИИ" in found.dev.texts
        assert not any("копии" in text for text in found.train.texts)
        assert len(found.train.texts) == len(found.train.labels) == len(found.train.languages) == 90


def test_the_table_has_a_row_for_each_corpus_and_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus(tmp_path)
    assert run(tmp_path, tmp_path / "none.npz", monkeypatch, "--evaluate") == ""
    table = capsys.readouterr().out
    for name in trainer().SHIPPED + trainer().MEASURED_ONLY:
        assert f"| {name} |" in table
        assert f"| {name}, ru |" in table
    assert table.count("never trained on") == 3 * len(trainer().MEASURED_ONLY)
