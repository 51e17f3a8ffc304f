"""What alarms are called in messages; one that is about no source is about the network or about a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.models import AlarmKind

if TYPE_CHECKING:
    from monitor.models import AlarmView


def sort_of(alarm: AlarmView) -> str:
    """By what an alarm's words are known in the catalogue."""
    if alarm.kind is not AlarmKind.RECOVERED or alarm.source is not None:
        return alarm.kind.value
    # Only the network says how many sources it hid.
    return "takes" if alarm.affected is None else "back"


def subject_of(alarm: AlarmView) -> str:
    """What an alarm is about: a source, a receiver with its service as in "support (mailto)", or nothing."""
    if alarm.source is not None:
        return alarm.source
    match sort_of(alarm):
        case "receiver":
            return alarm.reason.rpartition(": ")[0]
        case "takes":
            return alarm.reason
    return ""
