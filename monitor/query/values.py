"""Values of fields as they are written: numbers in range, moments, and the hints for what is no value.

A reader raises `Unfit`, which says what is wrong in plain words; `reading` adds where.
"""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from monitor.query.facets import domain
from monitor.query.nodes import DURATIONS, NUMBER_FIELDS, TEXT_FIELDS, TIME_FIELDS, TITLE, Compare, Is, Time
from monitor.text import fold

LONGEST_AGO: Final = timedelta(days=100 * 365)

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_DURATION = re.compile("".join(rf"(?:([0-9]{{1,8}}){unit})?" for unit in DURATIONS))
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(Z|[+-][0-9]{2}:[0-9]{2})?)?")
_PORT = re.compile(r"[^:]*:[0-9]+")

FIELDS: Final = (*TEXT_FIELDS, TITLE, *NUMBER_FIELDS, *TIME_FIELDS)
# What people write for a field that is called otherwise here.
_OTHER_NAMES: Final = {
    "special": "case:",
    "url": "site:",
    "domain": "site:",
    "language": "lang:",
    "stars": "rating=",
    "after": "since:",
    "until": "before:",
}


class Unfit(Exception):
    """A value that its field cannot have; the message is for people."""


def no_field(written: str) -> str:
    """What to say of a field that does not exist."""
    name = written.lower()
    close = difflib.get_close_matches(name, FIELDS, n=1)
    if name in _OTHER_NAMES:
        hint = f"write {_OTHER_NAMES[name]}"
    elif name == "text":
        hint = "a word without a field is looked for in title and text"
    else:
        hint = f"did you mean {close[0]}?" if close else f"fields are {', '.join(FIELDS)}; quote it to search the words"
    return f"there is no field {written!r} ({hint})"


def is_value(name: str, value: str) -> Is:
    """A term on a text field. Raises Unfit."""
    allowed = TEXT_FIELDS[name]
    if allowed and value.lower() not in allowed:
        raise Unfit(f"{name} cannot be {value!r} (it is one of {', '.join(allowed)})")
    if name == "site" and ("/" in value or _PORT.fullmatch(value)):
        raise Unfit("site takes a domain alone, as in site:example.org")
    if not (domain(value) if name == "site" else fold(value)):
        raise Unfit(f"{name}: needs a value")
    return Is(name, value.lower() if allowed else value)


def compared(name: str, operator: str, value: str) -> Compare:
    """A term on a number. Raises Unfit."""
    if _NUMBER.fullmatch(value) is None:
        raise Unfit(f"{name} compares with a number, not with {value!r}")
    low, high = NUMBER_FIELDS[name]
    if not low <= float(value) <= high:
        raise Unfit(f"{name} runs from {low} to {high}")
    return Compare(name, operator, float(value))


def timed(name: str, value: str) -> Time:
    """A term on time: so long ago, or a moment. Raises Unfit."""
    if value and (found := _DURATION.fullmatch(value)):
        return Time(name, _ago(found))
    if found := _DATE.fullmatch(value):
        return Time(name, _moment(value, found))
    if value.isdecimal():
        raise Unfit(f"a duration needs a unit; write {name}:{value}d (one of {', '.join(DURATIONS)})")
    raise Unfit(f"{name} takes 7d (units {', '.join(DURATIONS)}), 2026-01-31 or 2026-01-31T10:00Z, not {value!r}")


def _ago(found: re.Match[str]) -> timedelta:
    counted = zip(found.groups(), DURATIONS.values(), strict=True)
    minutes = sum(int(count or 0) * (unit // timedelta(minutes=1)) for count, unit in counted)
    if minutes > LONGEST_AGO // timedelta(minutes=1):
        raise Unfit("100y is the longest duration")
    return timedelta(minutes=minutes)


def _moment(value: str, found: re.Match[str]) -> datetime:
    """A date is its midnight in UTC."""
    date, time, zone = found.groups()
    if time and not zone:
        raise Unfit(f"a time needs its zone; write {value}Z for UTC, or an offset such as +03:00")
    try:
        return datetime.fromisoformat(value if time else f"{date}T00:00Z").astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unfit(f"there is no such moment as {value}") from None
