"""The sorts of value that stand in playbooks, office hours, quiet hours and digests.

As in `fields`, a reader raises through `mistake`.
"""

import re
from datetime import date, time
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from monitor.config import fields

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS_HINT = "write mon-fri, or mon, wed, sat"
_HOURS = re.compile(r"(\d{1,2}):(\d\d) ?[-–] ?(\d{1,2}):(\d\d)")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)")
_HOURS_HINT = "write 9:00-18:00, 22:00-6:00 over midnight, or 0:00-24:00"
_SLOT = re.compile(r"\{\w+\}")


def _class_name(text: str) -> str:
    if re.fullmatch(r"\w{1,64}", text) is None:
        raise fields.mistake("is no class of cases", "a special case such as rude_staff, or negative, story, manual")
    return text


def _short(day: str) -> str:
    return day[:3] if day in _WEEKDAYS else day


def _days(value: object) -> frozenset[int]:
    """Days of the week, 0 is Monday, from `mon-fri`, `mon, wed` or a list of such; a range may pass the Sunday."""
    listed = value if isinstance(value, list) else [value]
    texts = [text for text in listed if isinstance(text, str)]
    if not texts or len(texts) < len(listed):
        raise fields.mistake("names no day", _DAYS_HINT)
    named: set[int] = set()
    for part in ",".join(texts).split(","):
        first, dash, last = (_short(word.strip().lower()) for word in part.partition("-"))
        if first not in _DAYS or (dash and last not in _DAYS):
            raise fields.mistake(f"there is no day {part.strip()!r}", _DAYS_HINT)
        begin, end = _DAYS.index(first), _DAYS.index(last if dash else first)
        named |= {day % 7 for day in range(begin, (end if end >= begin else end + 7) + 1)}
    return frozenset(named)


def _spell_days(days: frozenset[int]) -> str:
    whole = {frozenset(range(5)): "mon-fri", frozenset(range(7)): "mon-sun"}
    return whole.get(days) or ", ".join(_DAYS[day] for day in sorted(days))


def _weekday(value: object) -> int:
    """A day of the week, 0 is Monday, by its name or the first three letters of it."""
    if isinstance(value, str) and (day := _short(value.lower())) in _DAYS:
        return _DAYS.index(day)
    raise fields.mistake("is no day of the week", "write monday, or mon")


def _clock(value: object) -> time:
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    try:
        return time.fromisoformat(f"{found[1]:0>2}:{found[2]}" if found else "")
    except ValueError:
        raise fields.mistake("is no time of day", 'write "9:00", in quotes') from None


def _hours(value: object) -> tuple[time, time]:
    """Begin and end of a shift; one that ends at 24:00 ends at 0:00 of the next day."""
    found = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise fields.mistake("are no hours", _HOURS_HINT)
    begin, end = f"{found[1]:0>2}:{found[2]}", f"{found[3]:0>2}:{found[4]}"
    if begin == end:
        raise fields.mistake("end as they begin", _HOURS_HINT)
    try:
        return time.fromisoformat(begin), time.fromisoformat("00:00" if end == "24:00" else end)
    except ValueError:
        raise fields.mistake("are no hours", _HOURS_HINT) from None


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise fields.mistake(f"there is no time zone {name!r}", "write it as in Europe/Moscow") from None
    return name


def _day(value: object) -> date:
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise fields.mistake("is no day", "write 2026-12-31")


def _template(text: str) -> str:
    if not text.replace("\n", "").isprintable():
        raise fields.mistake("holds a control character")
    left = _SLOT.sub("", text)
    if "{" in left or "}" in left:
        raise fields.mistake("a brace stands alone", "a slot is one word in braces, as in {name}")
    return text


ClassName = Annotated[str, AfterValidator(_class_name)]
Days = Annotated[
    frozenset[int],
    BeforeValidator(_days),
    PlainSerializer(_spell_days, return_type=str, when_used="json"),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}], "examples": ["mon-fri"]}
    ),
]
Hours = Annotated[
    tuple[time, time],
    BeforeValidator(_hours),
    WithJsonSchema({"type": "string", "pattern": f"^{_HOURS.pattern}$", "examples": ["9:00-18:00"]}),
]
Weekday = Annotated[
    int,
    BeforeValidator(_weekday),
    PlainSerializer(lambda day: _WEEKDAYS[day], return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "enum": [*_WEEKDAYS, *_DAYS]}),
]
Clock = Annotated[
    time,
    BeforeValidator(_clock),
    PlainSerializer(lambda at: f"{at:%H:%M}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK.pattern}$", "examples": ["9:00"]}),
]
Zone = Annotated[str, AfterValidator(_zone)]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Template = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000), AfterValidator(_template)
]
