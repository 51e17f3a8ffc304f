"""Moments as pages for people spell them, from machine-readable ones to "yesterday at 14:05" in eight languages.

Numbers are read here, because their order is a matter of the source's language and not of chance; words are read by
dateparser, restricted to the source's languages, on short input, and imported only when the first words come (0.2 s).
What is relative is resolved against the moment when the page was asked for, in the source's time zone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from monitor.sources import fields

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from dateparser.date import DateDataParser

LANGUAGES: Final = ("ru", "en", "de", "es", "fr", "it", "pt", "uk")
"""Languages whose words for dates are read."""

CAP: Final = 64
"""Code points of a date that are looked at; dateparser takes seconds on some thousands."""

WORDS_CAP: Final = 300
"""Different dates in words of one page that are read; each takes some milliseconds."""

_AHEAD: Final = timedelta(hours=1)
_EPOCH: Final = re.compile(r"(\d{9,10})(?:\.\d{1,6})?|(\d{12,13})|(\d{15,16})")
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d")
_RFC2822: Final = re.compile(r"(?:[A-Z][a-z]{2},? )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d.*")
_OFFSET: Final = re.compile(r" (?=[+-]\d\d:?\d\d$)")
_TIME: Final = r"(\d{1,2})[:hч](\d\d)(?::(\d\d))?\s*([ap]\.?m\.?)?(?: ?(?:uhr|h|ч\.?))?"
_CLOCK: Final = re.compile(_TIME, re.IGNORECASE)
_BEFORE_TIME: Final = r"(?:[\s,|·•—–-]|\b(?:at|в|о|об|um|a las|à|alle|às|kl)\b)*"
_NUMERIC: Final = re.compile(
    rf"(?:(?P<first>\d{{1,2}})(?P<sep>[./-])(?P<second>\d{{1,2}})(?:(?P=sep)(?P<year>\d{{4}}|\d\d)|\.?)|"
    rf"(?P<lead>\d{{4}})[./-](?P<month>\d{{1,2}})[./-](?P<day>\d{{1,2}}))"
    rf"(?:\s*(?:г|р|года?|року)\b\.?)?(?:{_BEFORE_TIME}(?P<time>{_TIME}))?",
    re.IGNORECASE,
)
_PARTS: Final = re.compile(r"\s*[»«|•·]\s*|\s[–—-]\s")
# What means this very minute, and what dateparser does not know.
_NOW: Final = re.compile(
    r"(?:только что|(?:менее|меньше) (?:минуты|часа) назад|несколько секунд назад|щойно|кілька секунд тому|"
    r"(?:less than )?a (?:minute|moment|few (?:seconds|moments)) ago|just now|moments ago|"
    r"gerade(?: eben)?|soeben|jetzt|vor (?:wenigen|einigen|ein paar) sekunden|"
    r"hace (?:un momento|instantes|unos segundos)|ahora(?: mismo)?|"
    r"à l['’]instant|il y a (?:un instant|quelques secondes)|poco fa|adesso|ora|pochi secondi fa|"
    r"agora(?: mesmo)?|há (?:pouco|instantes|um momento|alguns segundos))\.?",
    re.IGNORECASE,
)


class Clock:
    """Reads the dates of one page.

    `asked` is when the page was asked for, `zone` that of the site, `languages` those of its words, perhaps with a
    country (`en-GB`), which decides how 3/4/2026 is read.
    """

    def __init__(self, *, asked: datetime, zone: ZoneInfo, languages: tuple[str, ...] = LANGUAGES) -> None:
        self._asked = asked
        self._zone = zone
        self._local = asked.astimezone(zone).replace(tzinfo=None)
        self._codes = tuple(code.partition("-")[0] for code in languages)
        self._month_first = languages[0] in ("en", "en-US")
        self._in_words: dict[str, datetime | None] = {}

    def moment(self, text: str) -> datetime | None:
        """The moment that `text` means, in UTC; None where it means none, or one before 2000 or after `asked`.

        A date without a year, or a time without a date, is the latest past one.
        """
        spelt = " ".join(text[: CAP * 4].split())[:CAP].strip(" ,;|·•—–")
        if not any(map(str.isalnum, spelt)):
            return None
        try:
            found = _by_machines(spelt) or self._by_people(spelt) or self._by_parts(spelt)
            return found and fields.instant(found if found.tzinfo else found.replace(tzinfo=self._zone), self._asked)
        except (OverflowError, ValueError, OSError):
            return None

    def _by_people(self, text: str) -> datetime | None:
        """A naive moment on the site's clock, or an aware one where the text names a zone."""
        if found := _NUMERIC.fullmatch(text):
            return _numeric(found, self._local, month_first=self._month_first)
        if found := _CLOCK.fullmatch(text):
            today = _at(self._local, found.groups())
            return today if today <= self._local + _AHEAD else today - timedelta(days=1)
        if _NOW.fullmatch(text):
            return self._local
        if text not in self._in_words and len(self._in_words) < WORDS_CAP:
            self._in_words[text] = self._read_words(text)
        return self._in_words.get(text)

    def _by_parts(self, text: str) -> datetime | None:
        """The same of a part that is a date, where others say who wrote what: boards put all into one line."""
        parts = _PARTS.split(text)[-4:][::-1]
        if clock := _CLOCK.search(text):
            parts.append(" ".join(text[: clock.end()].split()[-6:]))  # day of the week, month, day, year, time, half
        dated = (part for part in parts if part != text and any(map(str.isdigit, part)))
        return next(filter(None, map(self._by_people, dated)), None)

    def _read_words(self, text: str) -> datetime | None:
        try:
            found = self._parser.get_date_data(text)
        except Exception:  # noqa: BLE001 - dateparser and what it is made of raise whatever a text provokes
            return None
        date: datetime | None = found.date_obj
        if date is None or "month" not in found.parts or not {"year", "day"} & set(found.parts):
            return None
        if "year" not in found.parts and date.tzinfo is None and (date.month, date.day) != (2, 29):
            # Of a moment just ahead (clocks differ) the latest past one is a year ago; that is not what is meant.
            ahead = date.replace(year=date.year + 1)
            return ahead if ahead <= self._local + _AHEAD else date
        return date

    @cached_property
    def _parser(self) -> DateDataParser:
        from dateparser.date import DateDataParser

        settings = {
            "RELATIVE_BASE": self._local,
            "PREFER_DATES_FROM": "past",
            "PREFER_DAY_OF_MONTH": "first",
            "IGNORE_SURROUNDING_TEXT": True,
            "PARSERS": ["relative-time", "absolute-time"],
        }
        return DateDataParser(languages=list(self._codes), settings=settings)


def _by_machines(text: str) -> datetime | None:
    if epoch := _EPOCH.fullmatch(text):
        scale = 1 if epoch[1] else 10**3 if epoch[2] else 10**6
        return datetime.fromtimestamp(float(text) / scale, UTC)
    if _RFC2822.fullmatch(text):
        return parsedate_to_datetime(text)
    if _ISO.match(text):
        return datetime.fromisoformat(_OFFSET.sub("", text.replace(" UTC", "+00:00").replace(" GMT", "+00:00")))
    return None


def _numeric(found: re.Match[str], local: datetime, *, month_first: bool) -> datetime:
    if found["lead"]:
        day, month = int(found["day"]), int(found["month"])
    else:
        day, month = int(found["first"]), int(found["second"])
        if (month_first and found["sep"] != "." and day <= 12) or month > 12:
            day, month = month, day
    spelt = found["lead"] or found["year"]
    year = int(spelt or local.year) + (2000 if spelt and len(spelt) == 2 else 0)
    clock = _CLOCK.fullmatch(found["time"] or "")
    date = _at(datetime(year, month, day), clock.groups() if clock else ())  # noqa: DTZ001 - on the site's clock
    return date if spelt or date <= local + _AHEAD else date.replace(year=year - 1)


def _at(day: datetime, clock: tuple[str | None, ...]) -> datetime:
    hour, minute, second, half = clock or (None,) * 4
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower().startswith("p") else 0)
    return day.replace(hour=hours, minute=int(minute or 0), second=int(second or 0), microsecond=0)
