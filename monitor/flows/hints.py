"""What the head of an answer says of how often it is worth asking."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from monitor.models import Response

_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,8})\b", re.IGNORECASE)
_UNCACHED: Final = re.compile(r"no-cache|no-store|must-revalidate", re.IGNORECASE)


def pace_of(response: Response) -> timedelta | None:
    """The max-age of Cache-Control, less the Age that the answer already has; None where nothing is asked for."""
    said = response.header("cache-control") or ""
    found = _MAX_AGE.search(said)
    if found is None or _UNCACHED.search(said):
        return None
    age = response.header("age") or ""
    left = int(found[1]) - (int(age) if age.isdecimal() and len(age) < 9 else 0)
    return timedelta(seconds=left) if left > 0 else None
