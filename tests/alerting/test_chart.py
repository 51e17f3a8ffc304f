from __future__ import annotations

import io

import pytest
from PIL import Image

from monitor.alerting.chart import bars

GREY, RED = (140, 149, 159), (207, 34, 46)


def drawn(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def pixels(image: Image.Image, colour: tuple[int, int, int]) -> list[tuple[int, int]]:
    return [(x, y) for x in range(image.width) for y in range(image.height) if image.getpixel((x, y)) == colour]


def test_a_bar_is_as_high_as_its_value_and_marked_bars_have_another_colour() -> None:
    image = drawn(bars([10, 20, 0], labels=["a", "b", "c"], marked=[1]))
    assert image.size == (1120, 280)
    low, high = ({y for _, y in pixels(image, colour)} for colour in (GREY, RED))
    assert len(high) == pytest.approx(2 * len(low), abs=3)
    assert max(x for x, _ in pixels(image, GREY)) < min(x for x, _ in pixels(image, RED))


def test_the_same_input_makes_the_same_bytes() -> None:
    values, labels = [1, 5, 3], ["пн", "вт", "ср"]
    assert bars(values, labels=labels) == bars(tuple(values), labels=tuple(labels))
    assert bars(values, labels=labels) != bars(values, labels=labels, marked={0})
    assert bars(values, labels=labels) != bars(values, labels=["mo", "tu", "we"])


@pytest.mark.parametrize("values", [[], [0, 0], [0.2], [-5, 3], [1_000_000, 1], [1e-9]])
def test_any_values_can_be_drawn(values: list[float]) -> None:
    assert drawn(bars(values, labels=[""] * len(values), width=300, height=80)).size == (600, 160)


def test_labels_that_would_touch_are_left_out_and_none_leaves_the_image() -> None:
    many = drawn(bars([1] * 200, labels=["2026-11-21"] * 200))
    below = [many.getpixel((x, 262)) != (255, 255, 255) for x in range(many.width)]
    gaps = "".join("x" if ink else " " for ink in below).split(" " * 16)
    assert 3 < len([gap for gap in gaps if gap.strip()]) < 20
    assert not below[-1]


def test_values_without_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="2 values, 1 labels"):
        bars([1, 2], labels=["a"])
