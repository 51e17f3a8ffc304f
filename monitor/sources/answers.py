"""What is in a site's JSON answer, whatever it really is: typed getters that never raise. Shared by kinds with an API.

`keys` lead from record to record; where one is missing or holds something of another type, the getter says so with an
empty value. A kind that needs a part to be there raises `errors.Malformed` itself.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from monitor.sources import fields
from monitor.sources.jsonbody import read_json
from monitor.sources.paging import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON, Request, Response

__all__ = ["count", "identifier", "latest_of", "line", "moment", "number", "query", "read_json", "record", "records"]
__all__ += ["items", "language", "own_quoted", "text"]

ITEM_CAP: Final = 1_000
"""Records of one list that are read; no API gives more on a page."""

LINE_CAP: Final = 500
_ID: Final = re.compile(r"[\w:./@~-]{1,256}", re.ASCII)
_DIGITS: Final = re.compile(r"-?\d{1,15}")
_REFERENCE: Final = re.compile(r"(\$\{[^{}]*\})")
_LANGUAGE: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{2,8}){0,2}")


def _at(value: JSON, keys: tuple[str, ...]) -> JSON:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def record(value: JSON, *keys: str) -> dict[str, JSON]:
    """The record at `keys`; empty where there is none."""
    found = _at(value, keys)
    return found if isinstance(found, dict) else {}


def items(value: JSON, *keys: str) -> list[JSON]:
    """The first `ITEM_CAP` elements of the list at `keys`; empty where there is none."""
    found = _at(value, keys)
    return found[:ITEM_CAP] if isinstance(found, list) else []


def records(value: JSON, *keys: str) -> list[dict[str, JSON]]:
    """The records in the list at `keys`, up to `ITEM_CAP`; empty where there is none."""
    return [part for part in items(value, *keys) if isinstance(part, dict)]


def text(value: JSON, *keys: str) -> str:
    """The string at `keys` as it stands; "" where there is none."""
    found = _at(value, keys)
    return found if isinstance(found, str) else ""


def line(value: JSON, *keys: str) -> str:
    """The string at `keys` as plain text on one line, at most `LINE_CAP` code points; "" where there is none."""
    return fields.prose(text(value, *keys)[: 4 * LINE_CAP], markup=False, one_line=True)[:LINE_CAP]


def identifier(value: JSON, *keys: str) -> str:
    """The id at `keys`, a number or a string that may stand in a path; "" for anything else."""
    found = _at(value, keys)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found) if abs(found) < 10**30 else ""
    return found if isinstance(found, str) and _ID.fullmatch(found) and ".." not in found else ""


def number(value: JSON, *keys: str) -> int | None:
    """The whole number at `keys`, perhaps spelt as a string, perhaps negative; None where there is none."""
    found = _at(value, keys)
    if isinstance(found, str) and _DIGITS.fullmatch(found):
        return int(found)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int):
        return None
    return found if abs(found) <= fields.LARGEST else None


def count(value: JSON, *keys: str) -> int | None:
    """The count at `keys`; None where there is none, and for negative ones."""
    found = number(value, *keys)
    return found if found is not None and found >= 0 else None


def moment(value: JSON, *keys: str, latest: datetime | None = None) -> datetime | None:
    """The moment at `keys` in UTC, from ISO 8601 or seconds since 1970; None where `fields.instant` refuses it."""
    found = _at(value, keys)
    try:
        if isinstance(found, str):
            return fields.instant(datetime.fromisoformat(found.strip()[:40]), latest)
        if isinstance(found, int | float) and not isinstance(found, bool):
            return fields.instant(datetime.fromtimestamp(found, UTC), latest)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def language(value: JSON, *keys: str) -> str | None:
    """The language at `keys` as its code of two or three letters, without a country; None where there is none."""
    found = _LANGUAGE.fullmatch(text(value, *keys))
    return found[1].lower() if found else None


def latest_of(request: Request, response: Response) -> datetime | None:
    """When the answer came: the ISO moment in the request's `carry["asked"]`, and how long it took."""
    asked = request.carry.get("asked")
    try:
        return datetime.fromisoformat(asked) + response.elapsed if isinstance(asked, str) else None
    except ValueError:
        return None


def query(url: str, own: Mapping[str, str | int], given: Mapping[str, str | int] | None = None) -> str:
    """`url` with parameters: `own` from the configuration, whose secret references stay as they are spelt.

    What an answer gave goes into `given`, in which nothing can be taken for a reference. Empty values are left out.
    """
    pairs = [(name, own_quoted(str(value))) for name, value in own.items() if value != ""]
    pairs += [(name, quoted(str(value))) for name, value in (given or {}).items() if value != ""]
    return f"{url}?{'&'.join(f'{name}={value}' for name, value in pairs)}" if pairs else url


def own_quoted(value: str) -> str:
    """What the configuration says as it stands in an address; its secret references stay as they are spelt."""
    return "".join(part if _REFERENCE.fullmatch(part) else quoted(part) for part in _REFERENCE.split(value))
