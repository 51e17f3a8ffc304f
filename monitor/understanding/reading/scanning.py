"""Where tokens, sentences and quotes of a text begin and end, by its characters alone.

Works on the folded text, so that hidden characters and mixed scripts split no word, and answers in places of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from monitor.understanding.reading.vocabulary import ABBREVIATIONS

if TYPE_CHECKING:
    from monitor.understanding.matching.normalise import Folded

MOST_TOKENS: Final = 50_000
"""Tokens of a text that are read, some 300 KB: the longest articles have a fifth; what goes on longer is a flood."""

NONE: Final = 0
COMMA: Final = 1
BREAK: Final = 2

_ZONES: Final = (
    "com|ru|net|org|info|biz|io|me|by|kz|ua|de|es|uk|eu|shop|online|site|store|app|pro|club|su|cc|xyz|top|co|tv|gg|ly"
    "|to|ai|dev|at|ch|fr|it|pl|us|ca|in|br|mx|ar|link|click|live|space|fun|bank|cash"
)
_CURRENCY: Final = (
    r"(?:р(?:уб(?:л(?:ей|я|ь|ями|ях|ям|е))?)?|коп|грн|гривн[яиіь]|гривень|долл(?:ар(?:ов|а|ы)?)?|доларів|бакс(?:ов|а)?"
    r"|евро|євро|тенге|usd|eur|gbp|rub|uah|dollars?|bucks|euros?|pounds?|quid|pesos?)\b"
)
_SCALE: Final = r"(?:\s?(?:тыс|тис|млн|млрд|k|к|mio|million|тысяч[аи]?|тисяч[аі]?)\b\.?)"
_EMOJI: Final = (
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u2300-\u23ff]"
    r"|(?<!\w)[:;=8x][-'^o]?(?:\)+|\(+|[dpзp/|](?!\w))|<3|\^_*\^|(?<!\w)[xх]d+(?!\w)|\){2,}|\({2,}"
)
_PHONE: Final = (
    r"(?<![\w.,+-])(?:\+\d[\d() -]{7,17}\d|[78][ (-]{0,2}\d{3}[) -]{0,2}\d{3}[ -]?\d{2}[ -]?\d{2}"
    r"|\(\d{3,5}\) ?\d{2,3}[ -]?\d{2,4}(?:[ -]?\d{2})?|\d{3}-\d{3}-\d{4}|0\d{2,4}[ /-]?\d{3}[ -]?\d{2}[ -]?\d{2}"
    r"|0800[ -]?\d{3}[ -]?\d{3,4})(?![\w-])"
)
_TOKEN: Final = re.compile(
    rf"""[ ]{{0,4}}+(?:(?P<plain>(?:[\u0430-\u045f]++|[a-z]++)(?![\w@'`\u2018\u2019\u02bc]|[.-]\w|://))
    |(?P<email>[\w.+-]{{1,64}}@[\w-]{{1,63}}(?:\.[\w-]{{1,63}})+)
    |(?P<url>(?:https?://|www\.)[^\s<>«»"]+|(?<![\w.@])(?:[a-z0-9][a-z0-9-]{{,62}}\.){{1,6}}(?:{_ZONES})(?![\w-])(?:/[^\s<>«»"]*)?)
    |(?P<handle>(?<![\w@])@\w(?:[\w.]*\w)?)
    |(?P<hashtag>(?<!\w)\#\w+)
    |(?P<phone>{_PHONE})
    |(?P<money>[$€£₽₴¥]\s?\d+(?:[.,\s]\d{{3}}){{,6}}(?:[.,]\d+)?{_SCALE}?
        |(?<![\w.,])\d+(?:[.,\s]\d{{3}}){{,6}}(?:[.,]\d+)?{_SCALE}?\s?(?:[$€£₽₴¥]|{_CURRENCY}))
    |(?P<number>\d+(?:[.,:/]\d+)*%?(?![^\W_]))
    |(?P<emoji>{_EMOJI})
    |(?P<word>[^\W_]+(?:(?<=[\u0430-\u0491])['`\u2018\u2019\u02bc](?=[\u0430-\u0491])[^\W_]+)*)
    |(?P<line>\n\s*+)
    |(?P<stop>[.!?…]+)
    |(?P<quote>["«»“”„])
    |(?P<comma>,)
    |(?P<gap>[;:()\[\]—–]|(?<=\s)-(?=\s)))""",
    re.VERBOSE,
)
_MARKS: Final = '"«»“”„'
_ZONE_APART: Final = re.compile(r"\.\s(?:ru|com|net|org|ру|рф)\b")
"""«Bay. ru», as word processors make it."""
_SPACE: Final = re.compile(r"\s*")
_MAY_END: Final = frozenset({"д", "п", "др", "пр", "etc", "usw", "m"})
"""Abbreviations that may end a sentence."""
_STOP: Final = re.compile(r"[.!?…]+")
_CLOSERS: Final = re.compile(r"[\"»”“’)\]]*")
_QUOTES: Final = re.compile(
    r"«[^«»]{1,3000}(?:«[^«»]*»[^«»]{0,3000})*»|“[^“”]{1,3000}”|„[^„“”]{1,3000}[“”]"
    r"|(?<![^\s(\[—–-])\"(?=\S)[^\"]{1,3000}?(?<=\S)\"(?!\w)"
)
_OPENER: Final = re.compile('[«“„"]')
_QUOTED_LINE: Final = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_WORD: Final = re.compile(r"[^\W_]+")
_QUOTED_WORDS: Final = 3


@dataclass(slots=True)
class Scanned:
    """Places in a folded text.

    `pieces` are (kind, start, end) of the tokens; `before` says what stands before each: NONE, COMMA or BREAK; `ends`
    are, for each sentence, the number of tokens so far, the place where it ends, and whether it asks.
    """

    pieces: list[tuple[str, int, int]] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    ends: list[tuple[int, int, bool]] = field(default_factory=list)


def scan(folded: Folded) -> Scanned:
    """Tokens, what stands between them, and sentences."""
    return _Scanner(folded).scanned


class _Scanner:
    """One pass over a text; `gap` is what stands since the last token, `open` how many brackets are."""

    def __init__(self, folded: Folded) -> None:
        self.scanned = Scanned()
        self._folded = folded
        self._gap = NONE
        self._asks = False
        self._open = 0
        self._skipped = 0
        signs = {"line": self._line, "stop": self._stop, "gap": self._break, "emoji": self._emoji, "url": self._url}
        for found in _TOKEN.finditer(folded.text):
            kind = found.lastgroup or ""
            start, end = found.span(kind)
            if kind == "plain":
                self._add("word", start, end)
            elif start < self._skipped:
                continue
            elif kind in signs:
                signs[kind](start, end)
            elif kind == "comma":
                self._gap = max(self._gap, COMMA)
            else:
                self._add("punct" if kind == "quote" else kind, start, end)
            if len(self.scanned.pieces) >= MOST_TOKENS:
                self._end(self.scanned.pieces[-1][2])
                return
        self._end(len(folded.text))

    def _add(self, kind: str, start: int, end: int) -> None:
        self.scanned.pieces.append((kind, start, end))
        self.scanned.before.append(self._gap)
        self._gap = NONE

    def _end(self, place: int) -> None:
        """End the sentence, if it has begun."""
        if len(self.scanned.pieces) > self._since():
            self.scanned.ends.append((len(self.scanned.pieces), place, self._asks))
        self._asks, self._gap = False, NONE

    def _since(self) -> int:
        """How many tokens stand before this sentence."""
        return self.scanned.ends[-1][0] if self.scanned.ends else 0

    def _line(self, start: int, _end: int) -> None:
        self._end(start)

    def _break(self, start: int, _end: int) -> None:
        sign = self._folded.text[start]
        self._open = max(0, self._open + (sign == "(") - (sign == ")"))
        self._gap = BREAK

    def _emoji(self, start: int, end: int) -> None:
        text = self._folded.text
        if text[start] == ")" and self._open:  # brackets that close, no smile
            self._open = max(0, self._open - (end - start))
        elif text[start:end].startswith("((") and ")" in text[end : end + 200]:
            self._open += end - start
        else:
            self._add("emoji", start, end)
        self._gap = BREAK

    def _url(self, start: int, end: int) -> None:
        """An address, without the punctuation of the sentence around it."""
        text = self._folded.text
        trimmed = end
        while text[trimmed - 1] in ".,;:!?)…]'":
            trimmed -= 1
        self._add("url", start, trimmed)
        if stop := _STOP.search(text, trimmed, end):
            self._stop(*stop.span())
        elif trimmed < end:
            self._gap = COMMA

    def _stop(self, start: int, end: int) -> None:
        text = self._folded.text
        for at in range(start, min(end, start + MOST_TOKENS)):
            if text[at] in "?!":
                self._add("punct", at, at + 1)
        self._asks = self._asks or "?" in text[start:end]
        found = _CLOSERS.match(text, end)
        closed = found.end() if found else end
        if len(self.scanned.pieces) > self._since() and self._ends(start, end, closed=closed):
            for at in range(end, closed):
                if text[at] in _MARKS:
                    self._add("punct", at, at + 1)
            self._skipped = closed
            self._end(closed)
        elif text[start:end] != ".":
            self._gap = BREAK

    def _ends(self, start: int, end: int, *, closed: int) -> bool:
        """Whether the run of . ! ? … from `start` to `end`, and the brackets up to `closed`, end a sentence."""
        text = self._folded.text
        after = _SPACE.match(text, closed)
        following = self._original(after.end() if after else closed)
        run = text[start:end]
        if run != ".":
            return not following.islower() or (closed == end and ("?" in run or "!" in run))
        if closed < len(text) and not text[closed].isspace():
            return self._is_glued(start, following)
        return self._is_full_stop(start, following)

    def _is_glued(self, start: int, following: str) -> bool:
        """Whether a full stop without a blank behind it ends a sentence: «пришло.Звонил»."""
        kind, first, last = self.scanned.pieces[-1]
        return kind == "word" and last - first > 1 and following.isupper() and self._original(start - 1).islower()

    def _is_full_stop(self, start: int, following: str) -> bool:
        """Whether a full stop before a blank is none of an abbreviation, an initial or the number of a list."""
        kind, first, last = self.scanned.pieces[-1]
        if last != start or not following:
            return True
        word = self._folded.text[first:last]
        if _ZONE_APART.match(self._folded.text, start):
            return False
        if kind == "word" and (len(word) == 1 or word in ABBREVIATIONS):
            return word in _MAY_END and following.isupper()
        if kind == "money":
            return following.isupper()
        if kind == "number" and len(word) <= 2:
            return not (following.islower() or len(self.scanned.pieces) == self._since() + 1)
        return True

    def _original(self, place: int) -> str:
        """The original character at a place of the folded text, "" behind its end."""
        folded = self._folded
        if place >= len(folded.text):
            return ""
        return folded.original[place if folded.offsets is None else folded.offsets[place]]


def quotes(text: str) -> list[tuple[int, int]]:
    """What stands in quotation marks and has three words or more, and lines that begin with ">"; in order."""
    found = [place.span() for place in _QUOTES.finditer(text) if _long(place[0])] if _OPENER.search(text) else []
    if ">" in text:
        found += [line.span() for line in _QUOTED_LINE.finditer(text)]
        found.sort()
    return found


def _long(quote: str) -> bool:
    return len(_WORD.findall(quote)) >= _QUOTED_WORDS
