"""Numbers as pages for people spell them: counts with thousands, units and words around, ratings on any scale."""

from __future__ import annotations

import math
import re
from typing import Final

from monitor.sources import fields

CAP: Final = 64
"""Code points of a number with the words around it that are looked at."""

# A space, also a thin or unbreakable one, a dot, a comma or an apostrophe stands between thousands.
_NUMBER: Final = re.compile(
    r"(?<![\w.,])(?:(?P<grouped>\d{1,3}(?:[ \u00a0\u2009\u202f.,'’]\d{3})+)|"
    r"(?P<whole>\d{1,15})(?:[.,](?P<part>\d{1,3}))?)(?!\d)\s*\+?\s*(?P<unit>[a-zа-яёіїõãéç]{0,10})",
    re.IGNORECASE,
)
_UNITS: Final = (
    (re.compile(r"k|к|тыс|тис|т|tsd|tausend|mil|mila|mille|thousand"), 10**3),
    (re.compile(r"m|м|млн|мільйон\w*|миллион\w*|mln|mio|mi|million\w*|mill|millon\w*|milhões|milhão|milion\w*"), 10**6),
    (re.compile(r"b|bn|млрд|мільярд\w*|миллиард\w*|mrd|mld|md|billion"), 10**9),
)
_FULL: Final = "★⭐🌟●"
_HALF: Final = "½⯨⯪"
_EMPTY: Final = "☆○"
_STARS: Final = re.compile(
    rf"[{_FULL}{_HALF}{_EMPTY}\ufe0f\s]*[{_FULL}{_HALF}{_EMPTY}][{_FULL}{_HALF}{_EMPTY}\ufe0f\s]*"
)
_OF: Final = re.compile(
    r"(?<![\d.,])(\d{1,3}(?:[.,]\d{1,4})?)\s*(?:/|из|з|із|of|out of|von|sur|su|de|di|até)\s*(\d{1,3})(?![\d.,]*\d)",
    re.IGNORECASE,
)
_PERCENT: Final = re.compile(r"(?<![\d.,])(\d{1,3}(?:[.,]\d{1,4})?)\s*%")
_CLASS: Final = re.compile(
    r"(?:^|[\s_-])(?:rating|rate|rated|stars?|score|grade|mark|val(?:ue)?|note)[a-z]{0,8}[_-]{0,2}(\d{1,3})(?:[_.,-](\d))?"
    r"(?![\d])|(?:^|\s)(\d)[_-]?stars?(?=\s|$)",
    re.IGNORECASE,
)
_PLAIN: Final = re.compile(r"(?<![\w.,])(\d{1,3}(?:[.,]\d{1,4})?)(?![\w%]|[.,]\d)")


def count(text: str) -> int | None:
    """The count in `17`, `1.234`, `1 234`, `1,2K`, `12 тыс.`, `3,4 млн`, `5 Tsd.`, `Replies: 17`; None in others."""
    found = _NUMBER.search(text[:CAP])
    if not found:
        return None
    factor = _factor(found["unit"])
    if found["grouped"] and factor == 1:
        return _bounded(float(re.sub(r"\D", "", found["grouped"])))
    # With a unit after it, what looks like thousands is a fraction: nobody writes 1 234 000 as 1.234K.
    spelt = found["grouped"] or f"{found['whole']}.{found['part'] or 0}"
    if factor == 1 and found["part"]:
        return None
    try:
        return _bounded(round(float(re.sub(r"[ \u00a0\u2009\u202f,'’]", ".", spelt)) * factor))
    except ValueError:
        return None


def _factor(unit: str) -> int:
    folded = unit.lower().rstrip(".")
    return next((factor for words, factor in _UNITS if words.fullmatch(folded)), 1)


def _bounded(number: float) -> int | None:
    return int(number) if number <= fields.LARGEST else None


def rating(text: str, best: float | None = None) -> float | None:
    """A rating on the scale 1 to 5; `best` is the site's highest.

    From numbers (`4`, `4,5`, `8/10`, `4 из 5`, `Rated 4.0 out of 5`), stars (`★★★☆☆`), shares (`width: 80%`) and
    names of classes (`rating-4`, `star-45`, `stars_3_5`). Without a scale anywhere it is taken as `fields.rating` does.
    """
    text = " ".join(text[: CAP * 2].split())
    if text and _STARS.fullmatch(text):
        return _of_stars(text, best)
    if found := _OF.search(text):
        return fields.rating(found[1], found[2])
    if found := _PERCENT.search(text):
        return fields.rating(found[1], 100)
    if found := _CLASS.search(text):
        return _of_class(found, best)
    found = _PLAIN.search(text)
    return fields.rating(found[1], _spelt(best)) if found else None


def _of_stars(text: str, best: float | None) -> float | None:
    full = sum(map(text.count, _FULL)) + 0.5 * sum(map(text.count, _HALF))
    empty = sum(map(text.count, _EMPTY))
    # Where empty ones are shown, all of them are the scale.
    top = full + empty if empty else best or max(5.0, full)
    return fields.rating(f"{full:g}", f"{math.ceil(top)}")


def _of_class(found: re.Match[str], best: float | None) -> float | None:
    top = best or 5.0
    value = float(f"{found[1] or found[3]}.{found[2] or 0}")
    if value > top and value / 10 <= top:
        value /= 10  # star-45 is four and a half
    return fields.rating(f"{value:g}", f"{top:g}")


def _spelt(best: float | None) -> str | None:
    return f"{best:g}" if best is not None else None
