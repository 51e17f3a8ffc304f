"""Times of cases as sections: by class, source and influence, whether they are the same for all, and deadlines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.cases import figures
from monitor.cases.course import Kept, Span
from monitor.cli.casetables import Row, Section
from monitor.models import CaseClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from monitor.cases.course import Course
    from monitor.cases.figures import Began, Deciles, Times

_BY: Final = {
    "all": "Hours of cases that began in this time",
    "class": "Hours by class",
    "source": "Hours by source",
    "decile": "Hours by decile of influence",
}


def times(rounds: Sequence[Began], deciles: Deciles) -> list[Section]:
    """3: times by class, source and influence, with the deadlines by kind and clock."""

    def decile(one: Course) -> list[str]:
        found = deciles.of(one.case.brand, one.first.influence if one.first else None)
        return [] if found is None else [f"{found:02}"]

    ways: dict[str, Callable[[Course], Iterable[str]]] = {
        "all": lambda _: ["all"],
        "class": lambda one: one.case.classes,
        "source": lambda one: [one.first.source] if one.first else [],
        "decile": decile,
    }
    return [
        *(_times(by, figures.times(rounds, keys)) for by, keys in ways.items()),
        _fairness(rounds, deciles),
        _deadlines(figures.times(rounds, ways["all"]).get("all", [])),
    ]


def _times(by: str, found: Mapping[str, Sequence[Times]]) -> Section:
    rows: list[Row] = []
    for key, taken in found.items():
        clocks = {(one.span, one.clock): one for one in taken}
        for span in Span:
            detected, published = clocks[span, CaseClock.FOUND], clocks[span, CaseClock.PUBLISHED]
            row: Row = {"by": by, "key": key, "span": span.value}
            for suffix, one in (("", detected), ("_published", published)):
                row |= {
                    f"cases{suffix}": len(one.hours),
                    f"median_hours{suffix}": one.median,
                    f"p90_hours{suffix}": one.p90,
                    f"in_time{suffix}": one.in_time,
                }
            rows.append(row)
    return Section(
        figure="times",
        title=f"{_BY[by]}, from detection and from publication",
        columns={
            "key": by,
            "span": "to",
            "cases": "cases",
            "median_hours": "median",
            "p90_hours": "p90",
            "in_time": "in time",
            "median_hours_published": "median pub.",
            "p90_hours_published": "p90 pub.",
            "in_time_published": "in time pub.",
        },
        rows=rows,
    )


def _fairness(rounds: Sequence[Began], deciles: Deciles) -> Section:
    found = [figures.fairness(rounds, deciles, span) for span in (Span.ACKNOWLEDGE, Span.ANSWER)] if rounds else []
    return Section(
        figure="fairness",
        title="Is everybody answered as soon, whatever their influence?",
        columns={
            "span": "to",
            "cases": "cases",
            "correlation": "correlation",
            "cases_least": "deciles 1–3",
            "cases_most": "deciles 8–10",
            "ratio": "ratio",
            "finding": "",
        },
        rows=[
            {
                "span": one.span.value,
                "cases": one.cases,
                "correlation": one.correlation,
                "cases_least": len(one.least),
                "cases_most": len(one.most),
                "ratio": one.ratio,
                "finding": one.finding,
            }
            for one in found
        ],
    )


def _deadlines(found: Sequence[Times]) -> Section:
    return Section(
        figure="deadlines",
        title="Deadlines of cases that began in this time",
        columns={
            "kind": "kind",
            "clock": "clock",
            "met": "met",
            "breached": "breached",
            "running": "running",
            "in_time": "in time",
        },
        rows=[
            {
                "kind": one.span.value,
                "clock": one.clock.value,
                **{kept.value: one.kept.get(kept, 0) for kept in Kept},
                "in_time": one.in_time,
            }
            for one in found
            if one.kept
        ],
    )
