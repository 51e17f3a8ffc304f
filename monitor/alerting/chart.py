"""Small charts as PNG, drawn by Pillow alone: the daemon has no room for a plotting library.

Pillow is imported by the first chart: it takes 7 MB, and many a daemon draws none.
"""

from __future__ import annotations

import io
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from PIL import ImageDraw, ImageFont

_SCALE: Final = 2  # pixels a unit: sharp on dense displays
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 8, 12, 20
_FONT_SIZE: Final = 11
_PAPER, _INK, _GRID = "#ffffff", "#57606a", "#d8dee4"
_BAR, _MARKED = "#8c959f", "#cf222e"
_STEPS: Final = (1, 2, 5)


def bars(
    values: Sequence[float],
    *,
    labels: Sequence[str],
    marked: Collection[int] = (),
    width: int = 560,
    height: int = 140,
) -> bytes:
    """A bar for each value, as a PNG that is the same for the same input; negative values count as 0.

    `labels` stand below the bars, as many of them as there is room for; an empty one is passed over. The bars whose
    numbers, from 0, are in `marked` have another colour. `width` and `height` are in CSS pixels, the image has twice as
    many, so show it at that width. Raises ValueError where values and labels are not equally many.
    """
    if len(values) != len(labels):
        raise ValueError(f"{len(values)} values, {len(labels)} labels")
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (width * _SCALE, height * _SCALE), _PAPER)
    draw = ImageDraw.Draw(image)
    top = _ceiling(max(values, default=0.0))
    bottom, high = height - _BOTTOM, height - _BOTTOM - _TOP
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * high
        draw.line((_at(_LEFT, y), _at(width - _RIGHT, y)), fill=_GRID, width=_SCALE)
        draw.text(_at(_LEFT - 6, y), f"{top * share:g}", fill=_INK, font=_font(), anchor="rm")
    step = (width - _LEFT - _RIGHT) / max(len(values), 1)
    for number, value in enumerate(values):
        if value > 0:
            left = _LEFT + number * step
            corner = _at(left + step * 0.12, bottom - max(value / top * high, 1))
            draw.rectangle((corner, _at(left + step * 0.88, bottom)), fill=_MARKED if number in marked else _BAR)
    _write_labels(draw, labels, step=step, below=bottom, right=width - _RIGHT)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _write_labels(draw: ImageDraw.ImageDraw, labels: Sequence[str], *, step: float, below: float, right: float) -> None:
    """Each label in the middle of its bar, unless that would touch the one before or leave the image."""
    free_from = 0.0
    for number, label in enumerate(labels):
        middle, half = _LEFT + (number + 0.5) * step, draw.textlength(label, font=_font()) / _SCALE / 2
        if label and middle - half >= free_from and middle + half <= right + _RIGHT:
            draw.text(_at(middle, below + 5), label, fill=_INK, font=_font(), anchor="mt")
            free_from = middle + half + 10


def _ceiling(most: float) -> float:
    """The end of the axis: 2, or the next of 10, 20, 50, 100 … that is not less; its half is worth a line, too."""
    top, power = 2.0, 1
    while top < most:
        for step in _STEPS:
            top = float(step * 10**power)
            if top >= most:
                break
        power += 1
    return top


def _at(x: float, y: float) -> tuple[int, int]:
    return round(x * _SCALE), round(y * _SCALE)


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that comes with matplotlib, which is not imported: Pillow's own has no Cyrillic letters."""
    from PIL import ImageFont

    spec = find_spec("matplotlib")
    if spec is not None and spec.origin:
        path = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if path.exists():
            return ImageFont.truetype(path, _FONT_SIZE * _SCALE)
    return ImageFont.load_default(_FONT_SIZE * _SCALE)
