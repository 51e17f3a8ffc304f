"""What the dialects of feeds have in common: from a value as a feed spells it to the field of a Post."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

from monitor.text import FIELD_CAP, clean_url, html_to_text, plain_text, unwrap_url

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No feed is older; an earlier date is a mistake of its software."""

LARGEST = 10**15
"""No count is larger; a larger one is a mistake or an attack, and does not fit into a database."""

_AHEAD = timedelta(hours=1)
_ESCAPED_TAG = re.compile(r"&lt;(?:p|br|a|div|img|b|i|em|strong|ul|li|span)\b[^<>]{0,2000}?&gt;", re.IGNORECASE)
_MAIL = re.compile(r"(?:mailto:)?[\w.+-]{1,64}@[\w.-]+")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|&#?\w{1,32};")
_HTML = re.compile(
    r"</?(?:p|br|a|div|img|b|i|u|em|strong|ul|ol|li|span|blockquote|pre|code|h[1-6]|table|tr|td|hr|s|sub|sup|font)\b"
    r"[^<>]{0,2000}>|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,31}\d{0,2});",
    re.IGNORECASE,
)
_RATING = re.compile(r"(\d{1,3}(?:[.,]\d{1,4})?)(?:\s*(?:/|из|of|out of)\s*(\d{1,3}))?")
_COUNT = re.compile(r"\d{1,3}(?:[ ,]?\d{3})*|\d{1,15}")


def prose(value: str, *, markup: bool, one_line: bool = False) -> str:
    """A title or a text as plain text; `markup` says that the feed declares it HTML.

    HTML that was escaped twice (all of its tags, not some) is taken for HTML.
    """
    value = value[:FIELD_CAP]
    if not markup:
        return plain_text(value, one_line=one_line)
    text = html_to_text(value)
    if "<" not in value and _ESCAPED_TAG.search(value):
        text = html_to_text(text)
    return plain_text(text, one_line=True) if one_line else text


def richest(texts: list[str]) -> str:
    """The text that says most; the earlier one unless a later one is a tenth longer."""
    best = ""
    for text in texts:
        if len(text) > len(best) * 1.1:
            best = text
    return best


def name(value: str) -> str | None:
    """An author's name, from which some forums make a link; None where it is empty."""
    literal = plain_text(value, one_line=True)
    if _MARKUP.search(literal):
        return plain_text(html_to_text(literal), one_line=True) or literal
    return literal or None


def signed(value: str) -> str | None:
    """The name in an author's line of RSS, `mail@host (Name)` or `Name <mail@host>`; the address where it is alone."""
    literal = plain_text(value, one_line=True)
    return name(_MAIL.sub("", literal).strip(" ()<>[],;\"'")) or literal or None


def identifier(value: str) -> str | None:
    """An id as the source spells it, without white space around and control characters within."""
    return plain_text(value, one_line=True) or None


def address(value: str, base: str) -> str | None:
    """A post's address: absolute, http(s), out of the redirect wrappers of alert services; None where it is none."""
    url = clean_url(value, base)
    return unwrap_url(url) if url else None


def instant(moment: datetime | None, latest: datetime | None) -> datetime | None:
    """`moment` in UTC (a naive one is taken as UTC), or None outside of 2000 to an hour after `latest`."""
    if moment is None:
        return None
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    if moment < EARLIEST or (latest is not None and moment > latest + _AHEAD):
        return None
    return moment


def count(value: object) -> int | None:
    """A count such as `17` or `1,234`; None for anything else, and for what nobody can have counted."""
    text = str(value).strip()
    number = int(text.replace(",", "").replace(" ", "")) if len(text) < 30 and _COUNT.fullmatch(text) else None
    return number if number is not None and number <= LARGEST else None


def rating(value: object, best: object = None) -> float | None:
    """A rating on the scale 1 to 5, from `4`, `4,5`, `8/10` or `8` with `best` 10; None where it is none.

    Without a scale, 5 is taken to be the best, or 10 or 100 where the value exceeds 5 or 10. Nought means "not rated".
    """
    found = _RATING.fullmatch(str(value).strip())
    if not found:
        return None
    given = float(found[1].replace(",", "."))
    scale = _RATING.fullmatch(str(best).strip()) if best is not None else None
    top = float(found[2] or (scale[1].replace(",", ".") if scale else 0))
    if not top:
        top = next(limit for limit in (5.0, 10.0, 100.0, math.inf) if given <= limit)
    if not 0 < given <= top < math.inf:
        return None
    return round(max(1.0, given * 5 / top), 2)


def looks_like_html(value: str) -> bool:
    """Whether a text whose source does not say so holds HTML's own tags or references."""
    return _HTML.search(value) is not None
