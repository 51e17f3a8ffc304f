"""In which order a message tells what it carries, and what that has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.models import URGENT, AlarmView, AlertView, DigestView, NoticeView, SignalKind, SignalView

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.alerting.messages import Carried

_STORMS: Final = frozenset({SignalKind.STORM_OPENED, SignalKind.STORM_UPDATED, SignalKind.STORM_CLOSED})
_STORM, _URGENT, _OTHERS = range(3)
_HIGHEST: Final = 100


def ordered(carried: Sequence[Carried]) -> tuple[Carried, ...]:
    """Storms first, then what is urgent, then by priority; of equals, those that were found first."""
    return tuple(sorted(carried, key=lambda one: (_rank(one), -_priority(one), found_at(one))))


def is_storm(one: Carried) -> bool:
    """Whether it tells of a storm."""
    return isinstance(one, SignalView) and one.kind in _STORMS


def is_urgent(one: Carried) -> bool:
    """Whether it is about one of the special cases that wake people."""
    match one:
        case AlertView():
            return any(case.name in URGENT for case in one.view.mention.special_cases)
        case NoticeView():
            return not URGENT.isdisjoint(one.case.classes)
    return False


def _rank(one: Carried) -> int:
    return _STORM if is_storm(one) else _URGENT if is_urgent(one) else _OTHERS


def _priority(one: Carried) -> int:
    """Of a mention its own; what waits for somebody is above all mentions, what is only to be known below."""
    match one:
        case AlertView():
            return one.view.mention.priority
        case NoticeView() | SignalView():
            return _HIGHEST
    return 0


def found_at(one: Carried) -> datetime:
    """When it was decided that people are told."""
    match one:
        case AlertView():
            return one.created_at
        case AlarmView():
            return one.opened_at
        case DigestView():
            return one.to_at
    return one.at


def ids_of(one: Carried) -> tuple[int, ...]:
    """The number of its alert."""
    match one:
        case AlertView():
            return (one.id,)
    return (one.alert_id,)


def case_of(one: Carried) -> int | None:
    """The case that it is about."""
    match one:
        case AlertView() | SignalView():
            return one.case_id
        case NoticeView():
            return one.case.id
    return None


def common_case(carried: Sequence[Carried]) -> int | None:
    """The one case that all are about, None where there is none."""
    cases = {case_of(one) for one in carried}
    return cases.pop() if len(cases) == 1 else None
