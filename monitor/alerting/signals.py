"""What people read of signals: storms, stories that spread, what others confirm, mean ratings, and what stands open.

`figures` hold, by kind. Storms: what `monitor.alerting.storms` reckoned, and `again`. Spreading: authors, mentions,
since, story. Confirmed: others. Ratings: mean, ratings, line, days. Standing: what (case or alarm), since.

What comes from posts is data: it is disarmed for the target's class, kept on one line and cut. Where there is little
room the post is cut first, then what it means and what to do are left out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from monitor.alerting.styles import duration, link, moment
from monitor.models import SignalKind
from monitor.text import excerpt, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from monitor.alerting.styles import Style
    from monitor.models import SignalView

_NAME_LIMIT: Final = 60
_READ: Final = 4_000  # of a text of a hundred kilobytes
_EXCERPT_LIMIT: Final = 500
_LEAST: Final = 20  # a shorter piece of a text says nothing
_LABEL: Final = 20  # characters that stand around a text
_SELDOM: Final = 24.0  # months; what chance brings more seldom is not told to the month
_MAY_GO: Final = ("link", "means", "do", "author", "share")
_OUTLINE: Final = ("what", "count", "share", "since", "", "post", "author", "link", "", "means", "do")
_STORMS: Final = frozenset({SignalKind.STORM_OPENED, SignalKind.STORM_UPDATED, SignalKind.STORM_CLOSED})
_RATINGS: Final = frozenset({SignalKind.RATING_FELL, SignalKind.RATING_ROSE})


def signal_title(view: SignalView, words: Mapping[str, str]) -> str:
    """The subject, not yet disarmed."""
    return words[f"signal-title-{_name_of(view)}"].format(**_slots(view, words, style=None, zone="UTC"))


def signal_body(view: SignalView, *, style: Style, words: Mapping[str, str], room: int, zone: str = "UTC") -> str:
    """The message itself, at most `room` characters long where a target leaves at least 300."""
    name, slots = _name_of(view), _slots(view, words, style=style, zone=zone)
    said = {
        "what": [style.lead[0] + words[f"signal-{name}"].format(**slots) + style.lead[1]],
        **{part: list(_part(part, view, words, slots)) for part in ("count", "share", "since", "means", "do")},
        "author": [words["author"].format(author=slots["author"], source=slots["source"])] if view.text else [],
        "link": [words["link"].format(url=url)] if (url := link(view.url, style=style)) else [],
    }
    for part in _MAY_GO:
        if len(_joined(said)) > room:
            said[part] = []
    if post := _post(view, room - len(_joined(said)) - _LABEL, style):
        said["post"] = [f"{style.quote[0]}«{post}»{style.quote[1]}"]
    return _joined(said)


def _name_of(view: SignalView) -> str:
    """What the words of a signal are called."""
    if view.kind is SignalKind.STANDING:
        return f"standing-{'case' if view.figures.get('what') == 'case' else 'alarm'}"
    if view.kind is SignalKind.STORM_OPENED and view.figures.get("again"):
        return "storm_again"
    return view.kind.value


def _part(part: str, view: SignalView, words: Mapping[str, str], slots: Mapping[str, object]) -> Iterator[str]:
    """A line that signals of some kinds have."""
    kind, key = view.kind, ""
    match part:
        case "count" if kind in _STORMS and kind is not SignalKind.STORM_CLOSED:
            key = "signal-count"
        case "count" if kind in _RATINGS:
            key = "signal-mean"
        case "share" if kind in _STORMS and kind is not SignalKind.STORM_CLOSED:
            key = "signal-share"
        case "since" if kind is SignalKind.STORM_CLOSED:
            key = "signal-total"
        case "since" if kind in _STORMS or kind is SignalKind.SPREADING:
            key = "signal-so-far"
        case "since" if kind is SignalKind.STANDING:
            key = "signal-open-for"
        case "means" if kind in _STORMS:
            key = f"signal-means-{_means(view, slots)}"
        case "means" | "do":
            key = f"signal-{part}-{_name_of(view)}"
        case _:
            return
    yield words[key].format(**slots)


def _means(view: SignalView, slots: Mapping[str, object]) -> str:
    if view.kind is SignalKind.STORM_CLOSED:
        return "over"
    if view.figures.get("by") == "share":
        return "share"
    return "seldom" if slots["months"] is None else "chance"


def _slots(view: SignalView, words: Mapping[str, str], *, style: Style | None, zone: str) -> dict[str, object]:
    """All that the words may name; `style` disarms what comes from outside, None where somebody else does."""
    figures = view.figures
    since = _moment(figures.get("since")) or view.at
    monthly = _number(figures.get("monthly"))
    months = round(1 / monthly) if monthly > 1 / _SELDOM else None
    low, high = int(_number(figures.get("low"))), int(_number(figures.get("high")))
    source = _safe(view.source or words["unknown"], style)
    return {
        "brand": _safe(view.brand or "", style),
        "source": source,
        "author": _safe(view.author or words["unknown"], style),
        "case": view.case_id,
        "mention": view.mention_id,
        "story": figures.get("story"),
        "authors": figures.get("authors"),
        "mentions": figures.get("mentions"),
        "others": figures.get("others"),
        "all_authors": figures.get("total_authors", figures.get("authors")),
        "all_mentions": figures.get("total_mentions", figures.get("mentions")),
        "usual": f"{low}–{high}" if low != high else f"{low}",
        "window": duration(timedelta(hours=_number(figures.get("window"))), words),
        "share": round(100 * _number(figures.get("share"))),
        "usual_share": round(100 * _number(figures.get("usual_share"))),
        "months": months and max(months, 1),
        "since": moment(since, zone),
        "until": moment(view.at, zone),
        "span": duration(max(view.at - since, timedelta()), words, parts=2),
        "mean": f"{_number(figures.get('mean')):.2f}",
        "ratings": figures.get("ratings"),
        "line": f"{_number(figures.get('line')):g}",
        "days": f"{_number(figures.get('days')):g}",
        "alarm": words.get(f"alarm-{view.reason}", "{source}").format(source=source),
    }


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _safe(text: str, style: Style | None) -> str:
    tidy = _one_line(text)[:_NAME_LIMIT]
    return tidy if style is None else style.escape(tidy)


def _one_line(text: str) -> str:
    return safe_text(" ".join(text[:_READ].split()))


def _post(view: SignalView, left: int, style: Style) -> str:
    """As much of the post as fits into `left` characters, disarmed; nothing rather than a word of it."""
    title, text = _one_line(view.title), _one_line(view.text)
    whole = text if text.startswith(title.rstrip(".…")) else f"{title} · {text}".removesuffix(" · ")
    for width in (left, left // 2):  # escaping may double each character, and seldom does
        if width >= _LEAST and len(cut := style.escape(excerpt(whole, (), min(_EXCERPT_LIMIT, width))[0])) <= left:
            return cut
    return ""


def _joined(said: Mapping[str, list[str]]) -> str:
    """The parts in their order; where nothing stands between two gaps, there is one."""
    lines: list[str] = []
    for part in _OUTLINE:
        lines += said.get(part, []) if part else [""] if lines and lines[-1] else []
    return "\n".join(lines).rstrip("\n")
