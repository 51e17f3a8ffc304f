"""Charts as SVG to stand inside a page: drawn by matplotlib, small, and the same for the same figures.

Text stays text, so that a browser sets it in the page's own letters and a reader can select it.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from monitor.reports.words import day_label, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from monitor.reports.figures import Count

COLOURS: Final = {"negative": "#c4574f", "neutral": "#c3c9d1", "positive": "#4f9483"}
_INK, _FAINT, _BAND = "#5d6673", "#e6e9ed", "#eceff3"
_BARS: Final = 45  # days; more than that are drawn as one outline
_TICKS: Final = 10
_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "hatch.color": "#b9c0ca",
    "hatch.linewidth": 0.6,
}


def mentions_chart(days: Sequence[Count], gaps: Sequence[tuple[datetime, datetime]], *, language: str) -> str:
    """Mentions by day and sentiment, one on the other; stretches that a source could not cover as hatched bands."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": "mentions"}):
        axes = _axes(days, language=language)
        for since, until in _merged(gaps):
            axes.axvspan(_place(since, days), _place(until, days), facecolor=_BAND, hatch="////", linewidth=0, zorder=0)
        base = [0] * len(days)
        for label, colour in COLOURS.items():
            heights = [int(getattr(day, label)) for day in days]
            if len(days) <= _BARS:
                # A bar of no height would still leave a hair.
                seen = [place for place, height in enumerate(heights) if height]
                tall, low = [heights[place] for place in seen], [base[place] for place in seen]
                axes.bar(seen, tall, bottom=low, width=0.72, color=colour, zorder=2)
            elif days:
                tops = [sum(pair) for pair in zip(base, heights, strict=True)]
                edges = [place - 0.5 for place in range(len(days) + 1)]
                axes.stairs(tops, edges, baseline=base, fill=True, color=colour, zorder=2)
            base = [sum(pair) for pair in zip(base, heights, strict=True)]
        axes.set_ylim(0, max([*base, 1]) * 1.08)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: number(value, language)))
        return _svg(axes)


def ratings_chart(days: Sequence[Count], *, language: str) -> str:
    """The mean rating of each day on which somebody rated, from 1 to 5; a dot's size says how many did."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": "ratings"}):
        axes = _axes(days, language=language, height=1.7)
        rated = [(place, day) for place, day in enumerate(days) if day.ratings]
        places = [place for place, _ in rated]
        means = [day.rating_sum / day.ratings for _, day in rated]
        axes.plot(places, means, color="#8a7a4f", linewidth=1.4, zorder=2)
        if len(days) <= _BARS:
            sizes = [14 + 4 * min(day.ratings, 30) for _, day in rated]
            axes.scatter(places, means, s=sizes, color="#c9a63d", edgecolor="white", linewidth=0.8, zorder=3)
        else:
            axes.plot(places, means, linestyle="", marker="o", markersize=2.5, color="#c9a63d", zorder=3)
        axes.set_ylim(0.8, 5.2)
        axes.set_yticks([1, 2, 3, 4, 5])
        return _svg(axes)


def _axes(days: Sequence[Count], *, language: str, height: float = 2.3) -> Axes:
    figure = Figure(figsize=(7.2, height))
    FigureCanvasSVG(figure)
    axes = figure.add_axes((0.065, 0.28 / height, 0.93, 1 - 0.38 / height))
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=_FAINT, linewidth=0.8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0, pad=5)
    axes.set_xlim(-0.6, max(len(days), 1) - 0.4)
    step = -(-len(days) // _TICKS) or 1
    places = range(0, len(days), step)
    axes.set_xticks(
        list(places), [day_label(date.fromisoformat(days[place].key), language, len(days)) for place in places]
    )
    return axes


def _place(moment: datetime, days: Sequence[Count]) -> float:
    """Where a moment lies on an axis on which a day's middle is its number; within the days shown."""
    first = date.fromisoformat(days[0].key)
    start = datetime(first.year, first.month, first.day, tzinfo=moment.tzinfo)
    return min(max((moment - start) / timedelta(days=1) - 0.5, -0.6), len(days) - 0.4)


def _merged(gaps: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Overlapping stretches as one."""
    merged: list[tuple[datetime, datetime]] = []
    for since, until in sorted(gaps):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((since, until))
    return merged


def _svg(axes: Axes) -> str:
    """The drawing as an <svg> that takes the width it is given; nothing in it tells when or with what it was made."""
    out = StringIO()
    figure = axes.get_figure(root=True)
    assert figure is not None  # noqa: S101 - the axes were just added to one
    figure.savefig(
        out, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
    )
    drawing = out.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"\s*<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r"<!--.*?-->\n?", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r'<g id="[^"]*"', "<g", drawing)  # two drawings on a page would share these names
    head, rest = drawing.split(">", 1)
    head = re.sub(r' (?:width|height|version)="[^"]*"', "", head)
    return f'{head} aria-hidden="true">' + re.sub(r"\n\s*", "\n", rest)
