"""What is wrong with a draft of a reply: blanks that nobody filled, and words that make a complaint worse.

Everything that is looked for is data in data/replies: `every.toml` holds what is the same in all languages, and a file
for each language the rest. A rule has `patterns` (regular expressions over whole words of the folded text), `many`
(what may stand `most` times, not oftener), `before` and `after` (what takes a match away when it stands there in the
same clause), `why`, as it is told to who writes the reply, and sentences that are `good` and `bad`, which the tests
run. What the customer is quoted with ("> " at the start of a line, «» or quotation marks) is nobody's own word and is
not looked at, except for blanks and personal data in quotation marks. Nothing here knows whether a statement is true.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TONE: Final = ("grovelling", "punishment", "admission", "blame")
"""The codes of rules that are words of a language."""
QUARREL: Final = 2
"""So many public replies make the next one a quarrel."""
LISTED: Final = 10
"""So many places of one rule are told; who mends these, sees the next."""
LONGEST: Final = 10_000
"""Code points of a reply; one that has more is refused, and the rest is not looked at."""


class Severity(StrEnum):
    """What a finding means: the reply cannot go out like that, or somebody should think again."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyFinding:
    """Something to mend in a reply; `start` and `end` are code points of it, `why` is told in its language.

    Codes: slot, too_long (refused); thanks, grovelling, punishment, admission, blame, personal_data, quarrel, shouting;
    unchecked (the language is none of ours, so the tone was not looked at; start and end are 0).
    """

    code: str
    severity: Severity
    start: int
    end: int
    why: str


def check(
    text: str, *, lang: str | None = None, first: bool = False, public: bool = True, public_replies: int = 0
) -> tuple[ReplyFinding, ...]:
    """What is to be mended in a reply, in the order of places.

    `lang` is a language tag; None is guessed by the script. `first`: it is the first answer to a complaint.
    `public_replies` counts those that the case already has.
    """
    length, text = len(text), text[:LONGEST]
    language = _language(text, lang)
    rules = _rules(language or "en")
    quoted = _quoted_lines(text)
    said = _blanked(text, quoted)
    own = _blanked(said, _in_marks(said))
    found = [_told(rules, "slot", place) for place in _slots(said)]
    found += [_told(rules, "shouting", place) for place in _shouts(own)]
    if public:
        found += [_told(rules, "personal_data", at, what=rules.what[kind]) for kind, at in _personal(text, _every())]
        if public_replies >= QUARREL:
            found.append(_told(rules, "quarrel", (0, len(text))))
    if length > LONGEST:
        found.append(_told(rules, "too_long", (LONGEST, length)))
    if language is None:
        found.append(ReplyFinding(code="unchecked", severity=Severity.WARN, start=0, end=0, why=rules.unchecked))
        return _in_order(found)
    folded = _fold(own)
    for code in TONE:
        places = [folded.place(start, end) for start, end in rules.tone[code].places(folded.text)]
        found += [_told(rules, code, place) for place in places[:LISTED]]
    if first and (missing := rules.thanks.missing(folded)):
        found.append(_told(rules, "thanks", missing))
    return _in_order(found)


def _in_order(found: Iterable[ReplyFinding]) -> tuple[ReplyFinding, ...]:
    return tuple(sorted(found, key=lambda one: (one.start, one.end, one.code)))


def _told(rules: _Rules, code: str, place: tuple[int, int], *, what: str = "") -> ReplyFinding:
    severity = Severity.REFUSE if code in ("slot", "too_long") else Severity.WARN
    why = rules.why[code].replace("{what}", what)
    return ReplyFinding(code=code, severity=severity, start=place[0], end=place[1], why=why)


# The language of a reply

LANGUAGES: Final = ("ru", "en")
_CYRILLIC: Final = re.compile("[\u0400-\u04ff]")
_LATIN: Final = re.compile("[a-z]", re.IGNORECASE)


def _language(text: str, lang: str | None) -> str | None:
    """One of LANGUAGES, or None where it is another one or nothing is written at all."""
    if lang:
        tag = re.split("[-_]", lang.lower(), maxsplit=1)[0]
        return tag if tag in LANGUAGES else None
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    if not cyrillic and not latin:
        return None
    return "ru" if 3 * cyrillic >= latin else "en"  # a Russian reply may hold names in Latin letters


# What is not the writer's own word

_QUOTED_LINE: Final = re.compile(r"^[ \t]*+>.*+", re.MULTILINE)
_PAIRS: Final = {"«": "»", "“": "”", "„": "“", '"': '"'}
_MARK: Final = re.compile('[«»“”„"]|\n[ \t]*+\n')
_BLANK: Final = "\ufdd0"  # a noncharacter: neither letter nor space, and no text has a use for it


def _quoted_lines(text: str) -> list[tuple[int, int]]:
    return [found.span() for found in _QUOTED_LINE.finditer(text)]


def _in_marks(text: str) -> list[tuple[int, int]]:
    """What stands in quotation marks, outermost pairs only, none across an empty line."""
    spans, closing, opened = list[tuple[int, int]](), "", 0
    for found in _MARK.finditer(text):
        mark = found[0]
        if mark[0] == "\n":
            closing = ""
        elif mark == closing:
            spans.append((opened, found.end()))
            closing = ""
        elif not closing and mark in _PAIRS:
            closing, opened = _PAIRS[mark], found.start()
    return spans


def _blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """`text` with another character in place of each of `spans`; offsets stay, and so do line breaks."""
    parts, at = list[str](), 0
    for start, end in sorted(spans):
        parts += [text[at:start], re.sub(r"[^\n]", _BLANK, text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


# The folded text

_INVISIBLE: Final = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\ufe0f")
_ALIKE: Final = {"ё": "е", "’": "'", "‘": "'", "`": "'", "ʼ": "'", "‐": "-", "‑": "-"}
_END: Final = re.compile(r"[.!?…]++(?=[\s\ufdd0)]|$)|\n")


@dataclass(frozen=True, slots=True)
class _Folded:
    """`text` as rules read it; `at` says of each of its code points where it stands in the reply."""

    text: str
    at: Sequence[int]

    def place(self, start: int, end: int) -> tuple[int, int]:
        return self.at[start], self.at[end - 1] + 1


def _fold(text: str) -> _Folded:
    """Small letters, ё as е, straight apostrophes, single spaces, nothing invisible; a wrapped line is one line.

    Unlike `text.fold` it knows where everything stood.
    """
    out, at = list[str](), list[int]()
    for i, char in enumerate(text):
        if char in _INVISIBLE:
            continue
        if char.isspace():
            gap = "\n" if char == "\n" else " "
            if out and out[-1] in " \n":
                out[-1] = "\n" if "\n" in (gap, out[-1]) else " "
            elif out:
                out.append(gap)
                at.append(i)
            continue
        if unicodedata.combining(char):
            whole = unicodedata.normalize("NFC", (out[-1] if out else "") + char)
            if out and len(whole) == 1:
                out[-1] = _ALIKE.get(whole, whole)
            continue
        if out and out[-1] == "\n" and char.islower():
            out[-1] = " "
        small = char.lower() if char.isascii() else unicodedata.normalize("NFKC", char).lower()
        for one in small:
            out.append(_ALIKE.get(one, one))
            at.append(i)
    return _Folded("".join(out), at)


# Rules of a language

_GAP: Final = re.compile(r" ~(\d) ")
_NEAR: Final = 160  # code points before a match in which its clause is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tone:
    """Words that a reply should not have, and what about them takes them back."""

    found: re.Pattern[str]
    denied: re.Pattern[str]
    after: re.Pattern[str] | None
    many: re.Pattern[str] | None
    most: int

    def places(self, text: str) -> list[tuple[int, int]]:
        places = [found.span() for found in self.found.finditer(text) if not self._taken_back(text, *found.span())]
        if self.many and len(often := [found.span() for found in self.many.finditer(text)]) > self.most:
            places += often[self.most : self.most + 1]
        return places

    def _taken_back(self, text: str, start: int, end: int) -> bool:
        ahead = text[max(0, start - _NEAR) : start]
        return bool(self.denied.search(ahead) or (self.after and self.after.match(text, end)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thanks:
    found: re.Pattern[str]
    greeting: re.Pattern[str]

    def missing(self, folded: _Folded) -> tuple[int, int] | None:
        """The two sentences after the greeting, where they hold no thanks; None where they do."""
        start, places = 0, list[tuple[int, int]]()
        ends = [*(found.span() for found in _END.finditer(folded.text)), (len(folded.text), len(folded.text))]
        for stop, end in ends:
            sentence = folded.text[start:stop].strip(f" ,\n{_BLANK}")
            if sentence and (places or not self.greeting.fullmatch(sentence)):
                places.append((start, max(end, start + 1)))
            elif sentence and self.found.search(sentence):
                return None
            start = end
            if len(places) == 2:
                break
        if not places:
            return (0, folded.at[-1] + 1) if folded.at else (0, 0)
        low, high = places[0][0], places[-1][1]
        if self.found.search(folded.text, low, high):
            return None
        while folded.text[low] in " \n":
            low += 1
        return folded.place(low, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    why: Mapping[str, str]
    what: Mapping[str, str]
    unchecked: str
    tone: Mapping[str, _Tone]
    thanks: _Thanks


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files("monitor.cases") / "data" / "replies" / f"{name}.toml").read_text(encoding="utf-8"))


def _whole_words(patterns: Iterable[str], stops: str) -> re.Pattern[str]:
    """Any of `patterns` between the edges of words; ` ~3 ` in them is a gap of at most three words."""
    gap = rf"(?:,?(?: [—–-])? (?!(?:{stops})(?!\\w))[\\w'-]{{1,40}}+){{0,\1}},?(?: [—–-])? "
    return re.compile(rf"(?<!\w)(?<!\w-)(?:{'|'.join(_GAP.sub(gap, one) for one in patterns)})(?!\w|-\w)")


def _tone(rule: Mapping[str, Any], negation: str, stops: str) -> _Tone:
    before = _GAP.sub(r"(?: [\\w'-]{1,40}+){0,\1} ", rule["before"])
    denied = (
        rf"(?<!\w)(?:(?:{negation})(?: [\w'-]{{1,40}}+){{0,2}}|(?:{before})(?:,? [\w'-]{{1,40}}+){{0,4}}),? [«\"(]?$"
    )
    many = rule.get("many")
    return _Tone(
        found=_whole_words(rule["patterns"], stops),
        denied=re.compile(denied),
        after=re.compile(rule["after"]) if "after" in rule else None,
        many=_whole_words(many, stops) if many else None,
        most=rule.get("most", 0),
    )


@cache
def _rules(language: str) -> _Rules:
    data = _read(language)
    stops, negation = data["stops"], data["negation"]
    thanks = data["thanks"]
    return _Rules(
        why={code: rule["why"] for code, rule in data.items() if isinstance(rule, dict)},
        what={kind: words for kind, words in data["personal_data"].items() if isinstance(words, str)},
        unchecked=data["unchecked"],
        tone={code: _tone(data[code], negation, stops) for code in TONE},
        thanks=_Thanks(
            found=_whole_words(thanks["patterns"], stops), greeting=re.compile("|".join(thanks["greeting"]))
        ),
    )


# What is the same in every language

_WEB: Final = re.compile(r"(?:https?://|www\.)\S++|(?<![\w.+-])[\w.+-]{1,64}+@[\w.-]{1,120}+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Every:
    slots: re.Pattern[str]
    blanks: re.Pattern[str]
    personal: Mapping[str, re.Pattern[str]]
    roles: frozenset[str]
    lines: re.Pattern[str]
    ours: re.Pattern[str]
    counted: re.Pattern[str]
    shouts: re.Pattern[str]
    most: int


@cache
def _every() -> _Every:
    data = _read("every")
    words = "(?:" + "|".join(data["words"]) + ")"

    def any_of(patterns: Iterable[str]) -> re.Pattern[str]:
        return re.compile("|".join(patterns).replace("WORD", words).replace("CAP", "[A-ZА-ЯЁ]"), re.MULTILINE)

    shouting = data["shouting"]
    emphasis = rf"(?<!\w)(?:{'|'.join(shouting['emphasis'])})(?!\w)"
    return _Every(
        slots=any_of(data["slots"]),
        blanks=any_of(data["blanks"]),
        personal={kind: any_of(patterns) for kind, patterns in data["personal"].items()},
        roles=frozenset(data["roles"]),
        lines=re.compile(data["lines"]),
        ours=re.compile(data["ours"]),
        counted=re.compile(data["counted"]),
        shouts=any_of([*shouting["marks"], *shouting["capitals"], emphasis]),
        most=shouting["most"],
    )


def _slots(text: str) -> list[tuple[int, int]]:
    """The blanks of a text, each place once."""
    every = _every()
    plain = _blanked(text, [found.span() for found in _WEB.finditer(text)])
    places = {found.span() for found in every.slots.finditer(text)}
    places |= {found.span() for found in every.blanks.finditer(plain)}
    ordered = sorted(places, key=lambda one: (one[0], -one[1]))
    return [one for n, one in enumerate(ordered) if not n or one[0] >= ordered[n - 1][1]][:LISTED]


def _shouts(text: str) -> list[tuple[int, int]]:
    every = _every()
    plain = _blanked(text, [found.span() for found in _WEB.finditer(text)])
    often = [found.span() for found in re.finditer("!", plain)][every.most :]
    return [found.span() for found in every.shouts.finditer(plain)][:LISTED] or often[:1]


def _personal(text: str, rules: _Every) -> list[tuple[str, tuple[int, int]]]:
    """What looks like somebody's data, each place once; who reads a number as a card does not read it as a phone."""
    taken, told = Counter[int](), list[tuple[str, tuple[int, int]]]()
    for kind in ("card", "document", "address", "email", "phone"):
        for found in rules.personal[kind].finditer(text):
            if taken[found.start()] or taken[found.end() - 1] or not _is_personal(found, kind, rules):
                continue
            taken.update(range(*found.span()))
            told.append((kind, found.span()))
            if len(told) == LISTED:
                return told
    return told


def _is_personal(found: re.Match[str], kind: str, rules: _Every) -> bool:
    ahead = found.string[max(0, found.start() - 80) : found.start()]
    if kind == "email":
        return rules.roles.isdisjoint(re.split("[._+-]", found[0].partition("@")[0].lower()))
    if kind == "card":
        return not found[0].isdigit() or (_luhn(found[0]) and not rules.counted.search(ahead))
    if kind == "phone":
        ours = rules.lines.fullmatch(found[0]) or rules.ours.search(ahead) or rules.counted.search(ahead)
        return not ours and sum(map(str.isdigit, found[0])) >= 9
    return True


def _luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of card numbers (ISO/IEC 7812-1, annex B)."""
    twice = [int(one) * 2 for one in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in twice)) % 10 == 0
