"""The report as one HTML page: no scripts, nothing from elsewhere, every text of a post escaped; prints on A4."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from monitor.reports import words
from monitor.reports.figures import Report, total_answered
from monitor.text import clean_url, excerpt, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.reports.figures import Row

_FOLDER: Final = Path(__file__).parent
_EXCERPT, _REASON, _TITLE = 320, 200, 160  # code points
_SOURCES: Final = 30  # lines of the table of coverage
_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def render(report: Report, *, language: words.Language) -> str:
    """The page; `language` is that of its own words."""
    from monitor.reports.charts import mentions_chart, ratings_chart

    gaps = [_stretch(gap) for gap in report.gaps]
    drawn = bool(report.now.mentions or gaps)
    return _ENVIRONMENT.get_template("report.html.jinja").render(
        report=report,
        language=language,
        # Our own files and drawings, the only things that are not escaped; no text of a post gets into them.
        style=Markup((_FOLDER / "report.css").read_text(encoding="utf-8")),  # noqa: S704
        mentions_chart=Markup(mentions_chart(report.days, gaps, language=language)) if drawn else "",  # noqa: S704
        ratings_chart=Markup(ratings_chart(report.days, language=language)) if report.now.ratings else "",  # noqa: S704
        figures=_head_figures(report, language),
        gravest=[_grave(row) for row in report.gravest],
        authors=[
            {**row, "author": safe_text(row["author"]), "url": clean_url(row["url"] or "")} for row in report.authors
        ],
        answered=total_answered(report.answers),
        coverage=_coverage(report),
        most=max((source.mentions for source in report.sources), default=0),
        **_tools(language),
    )


def _tools(language: words.Language) -> dict[str, Callable[..., str] | dict[str, str]]:
    """What the template formats with."""

    def moment(text: str | None) -> str:
        return words.moment(datetime.fromisoformat(text), language) if text else words.WORDS[language]["never"]

    return {
        "w": words.WORDS[language],
        "number": lambda value, digits=0: words.number(value, language, digits),
        "percent": lambda share: "–" if share is None else words.percent(share, language),
        "rating": lambda mean: "–" if mean is None else words.number(mean, language, 1),
        "hours": lambda hours: "–" if hours is None else words.duration(hours * 60, language),
        "minutes": lambda minutes: words.duration(minutes, language),
        "day": lambda day: words.long_date(day, language),
        "days": lambda period: words.date_range(period.since.date(), period.last_day, language),
        "moment": moment,
        "made": lambda at: words.moment(at, language),
        "safe": safe_text,
    }


def _stretch(gap: Row) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(gap["from_at"]), datetime.fromisoformat(gap["to_at"])


def _head_figures(report: Report, language: words.Language) -> list[dict[str, object]]:
    """The cards at the top: label, value, change and whether the change is good news (None: neither)."""
    now, before, answered, said = report.now, report.before, total_answered(report.answers), words.WORDS[language]
    cards: list[dict[str, object]] = []

    def add(label: str, value: str, change: str = "", *, rise_is_good: bool | None = None) -> None:
        good = (change[0] == "+") == rise_is_good if change and change[0] in "+−" and rise_is_good is not None else None
        cards.append({"label": said[label], "value": value, "change": change, "good": good})

    def points(value: float | None, former: float | None) -> str:
        if value is None or former is None:
            return ""
        return _signed((value - former) * 100, language, digits=1, unit=f"\u00a0{said['points']}")

    growth = now.mentions / before.mentions - 1 if before and before.mentions else None
    percent = "%" if language == "en" else "\u00a0%"
    grown = "" if growth is None else _signed(growth * 100, language, digits=0, unit=percent)
    add("mentions", words.number(now.mentions, language), grown)
    share, former = now.negative_share, before.negative_share if before else None
    add(
        "negative_share",
        "–" if share is None else words.percent(share, language),
        points(share, former),
        rise_is_good=False,
    )
    if now.mean_rating is not None:
        former = before.mean_rating if before else None
        change = "" if former is None else _signed(now.mean_rating - former, language, digits=1, unit="")
        add("mean_rating", words.number(now.mean_rating, language, 1), change, rise_is_good=True)
    if any(voice.competitor for voice in report.voices):
        ours = sum(voice.share for voice in report.voices if not voice.competitor)
        add("share_of_voice", words.percent(ours, language), points(ours, report.share_before), rise_is_good=True)
    if answered.rate is not None and answered.median_hours is not None:
        former = report.answers_before.rate if report.answers_before else None
        add("answered", words.percent(answered.rate, language), points(answered.rate, former), rise_is_good=True)
        add("time_to_answer", words.duration(answered.median_hours * 60, language))
    return cards


def _signed(value: float, language: words.Language, *, digits: int, unit: str) -> str:
    """A change with its sign, ± where rounding leaves nothing of it."""
    text = words.number(abs(value), language, digits)
    sign = "±" if not text.strip("0.,") else "+" if value > 0 else "−"
    return f"{sign}{text}{unit}"


def _grave(row: Row) -> dict[str, object]:
    """One mention: its words with the brand marked, and why it is here, in one line."""
    spans = [(span["start"], span["end"]) for span in json.loads(row["spans"]) if span["field"] == "text"]
    text, marked = excerpt(row["text"], spans, _EXCERPT)
    reasons = " · ".join(reason["text"] for reason in json.loads(row["why"]))
    if len(reasons) > _REASON:
        reasons = reasons[: _REASON - 1] + "…"
    return {
        **row,
        "title": safe_text(excerpt(row["title"], (), _TITLE)[0]),
        "author": safe_text(row["author"] or ""),
        "url": clean_url(row["url"] or ""),
        "pieces": _pieces(text, marked),
        "cases": [item["name"] for item in json.loads(row["special_cases"])],
        "why": safe_text(reasons),
    }


def _pieces(text: str, marked: tuple[tuple[int, int], ...]) -> list[tuple[str, bool]]:
    """A text cut into what is marked and what is not."""
    pieces: list[tuple[str, bool]] = []
    done = 0
    for start, end in sorted(marked):
        if start >= done:
            pieces += [(text[done:start], False), (text[start:end], True)]
            done = end
    pieces.append((text[done:], False))
    return [(safe_text(piece, one_line=False), is_brand) for piece, is_brand in pieces if piece]


def _coverage(report: Report) -> dict[str, object]:
    """How many sources were watched and which were in trouble; those with trouble or gaps come first."""
    lost: dict[str, list[timedelta]] = {}
    for gap in report.gaps:
        since, until = _stretch(gap)
        stretch = min(until, report.period.until) - max(since, report.period.since)
        lost.setdefault(gap["source"], []).append(stretch)
    sources: list[dict[str, Any]] = [
        {
            **source,
            "source": safe_text(source["source"]),
            "error": safe_text(source["error"] or ""),
            "gaps": len(lost.get(source["source"], ())),
            "gap_minutes": sum((item / timedelta(minutes=1) for item in lost.get(source["source"], ())), 0.0),
        }
        for source in report.coverage
    ]
    sources.sort(key=lambda source: (source["health"] == "ok", -source["gap_minutes"], source["source"]))
    troubled = sum(source["health"] != "ok" for source in sources)
    shown = sources[: max(_SOURCES, sum(source["health"] != "ok" or source["gaps"] for source in sources))]
    return {
        "watched": len(sources),
        "troubled": troubled,
        "gaps": len(report.gaps),
        "shown": shown,
        "more": len(sources) - len(shown),
    }
