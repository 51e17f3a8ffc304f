"""What people read of an alarm: what cannot be seen or reached, since when, what was said, what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.alerting.styles import duration
from monitor.models import AlarmKind
from monitor.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.alerting.frame import Frame
    from monitor.models import AlarmView

_SAID_LIMIT: Final = 400


def alarm_title(alarm: AlarmView, words: Mapping[str, str]) -> str:
    """The subject, not yet disarmed."""
    return words[f"alarm-{_sort_of(alarm)}"].format(source=_subject_of(alarm))


def alarm_body(alarm: AlarmView, frame: Frame, *, room: int, is_brief: bool = False) -> str:
    """What cannot be seen, since when, what was said, what that means and what can be done."""
    words, escape = frame.words, frame.style.escape
    sort, source = _sort_of(alarm), escape(safe_text(_subject_of(alarm)))
    lines = [frame.led(words[f"alarm-{sort}"].format(source=source)), *([] if is_brief else [""])]
    if alarm.source is not None:
        kind, host = escape(safe_text(alarm.source_kind or "")), escape(safe_text(alarm.host or ""))
        lines.append(words["place"].format(source=source, kind=kind, host=host))
    since, at = frame.at(alarm.since) if alarm.since else words["never"], frame.at(alarm.opened_at)
    if alarm.kind is AlarmKind.RECOVERED and alarm.since is not None:
        span = duration(max(alarm.opened_at - alarm.since, timedelta()), words)
        lines.append(words["taken" if sort == "takes" else "unseen"].format(since=since, at=at, span=span))
    else:
        lines.append(words["untaken" if sort == "receiver" else "since"].format(since=since, at=at))
    if alarm.affected is not None:
        lines.append(words[f"count-{sort}"].format(count=alarm.affected))
    if sort == "recovered":
        was = ", ".join(words[f"was-{kind}"] for kind in alarm.reason.split(", "))
        lines.append(words["was"].format(was=was))
    advice = [words[f"means-{sort}"], words[f"do-{sort}"].format(source=source)]
    tail = [*([] if is_brief else ["", *advice]), frame.quiet(f"monitor-alarm: {alarm.id}")]
    if alarm.reason and alarm.kind is not AlarmKind.RECOVERED:
        left = room - len("\n".join((*lines, words["said"], *tail)))
        said = safe_text(alarm.reason)[: max(40, min(_SAID_LIMIT, left // 2))]  # escaping may double each
        lines.append(words["said"].format(reason=escape(said)))
    return "\n".join((*lines, *tail))


def _sort_of(alarm: AlarmView) -> str:
    """By what an alarm's words are known in the catalogue."""
    if alarm.kind is not AlarmKind.RECOVERED or alarm.source is not None:
        return alarm.kind.value
    # Only the network says how many sources it hid.
    return "takes" if alarm.affected is None else "back"


def _subject_of(alarm: AlarmView) -> str:
    """What an alarm is about: a source, a receiver with its service as in "support (mailto)", or nothing."""
    if alarm.source is not None:
        return alarm.source
    match _sort_of(alarm):
        case "receiver":
            return alarm.reason.rpartition(": ")[0]
        case "takes":
            return alarm.reason
    return ""
