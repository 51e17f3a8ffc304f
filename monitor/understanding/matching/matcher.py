"""Finds where brands are named in a text.

The lexicon says of each word which words of names it may be; rows of such words are then checked against the text:
what stands between them, capitals, whether they are part of a handle, a hashtag, an address or a configured exclusion.
A word is matched whole, so that the number of brands hardly matters and nothing is found inside another word.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from monitor.models import Span
from monitor.understanding.matching.lexicon import DOUBTFUL, IN_ROWS, SURE
from monitor.understanding.matching.names import CONTAINED_LETTERS, Entry, Index, Role
from monitor.understanding.matching.normalise import WORD, Folded, fold
from monitor.understanding.matching.paradigms import ANY_SLOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.models import Post
    from monitor.understanding.matching.lexicon import Way

MOST_PLACES = 1_000
"""What a field proposes after this many places is not looked at: such a text is no post."""
ROW_LETTERS = 8
"""Ordinary words of the other script are a name together, if it has this many letters."""
ORDINARY_INSIDE_LETTERS = 6
"""An ordinary word of no more letters is not looked for inside handles, hashtags and addresses."""

TAG_LETTERS = 60
"""What stands after this many letters of a handle, a hashtag or the name of a site is not read."""

CONFIDENCE = {
    "exact": 1.0, "handle": 1.0, "hashtag": 1.0, "domain": 1.0, "inflected": 0.98, "derived": 0.95, "person": 0.95,
    "url": 0.9, "translit": 0.9, "folded": 0.9, "spaced": 0.85, "inside": 0.8, "typo": 0.7,
}  # fmt: skip
"""How sure a kind of match is that the words are the name; "inside" is a part of a handle, a hashtag or an address."""

_TAG = re.compile(r"(?<![\w.@#])[@#]\w+")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_HOST = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}")
_DOTTED = re.compile(r"\w\.[^\W\d_]{2}")
_GLUED = re.compile(r"[^\W_]{6,}")
_DOT_WORDS = frozenset({"dot", "точка", "тчк", "punkt", "punto", "point", "крапка"})
_BREAKS = {
    " ": re.compile(r"(?:[^\w,;:!?().\n]|\.(?!\s)){0,3}\n?[^\w,;:!?().\n]{0,3}|_+"),
    "*": re.compile(r"\W{1,4}|_+"),
    ".": re.compile(r"\s?[\[({]?\s?\.\s?[\])}]?\s?"),
    "-": re.compile("[-\u2010-\u2015]"),
    "_": re.compile("_+"),
    "~": re.compile(r"[^\S\n]?[^\w\s,:!?()]?[^\S\n]?|_"),
    "+": re.compile(r"[^\S\n]?[^\w\s,;:!?().]{1,2}[^\S\n]?|_"),
}
_SPELT_DOT = re.compile(r"[^\w\n]{0,3}\w+[^\w\n]{0,3}")
_SPACED = re.compile(r"(?<!\w)[^\W_](?:([\s._*|/·•~-])\1{0,2}[^\W_])(?:\1{1,3}[^\W_])+(?![^\W_]|[._*|/·•~-]\w)")
_SINGLE_LETTERS = b"\1\1\1"
_SPACED_LETTERS = 40
_ONE_LETTER_WORDS = frozenset("вскуоияаi")
_NAMING = frozenset({Role.NAME, Role.PERSON, Role.HANDLE, Role.HASHTAG, Role.DOMAIN})
_TAG_KINDS = {"@": "handle", "#": "hashtag"}
_TAG_ROLES = {Role.HANDLE: "@", Role.HASHTAG: "#"}
_PLAIN_KINDS = frozenset({"exact", "inflected", "folded", "spaced"})


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a brand is named: by which alias, and whether that alias is an ordinary word too."""

    brand: int
    span: Span
    alias: str
    common: bool


@dataclass(frozen=True, slots=True)
class Cue:
    """A configured context word that was met, for its brand or against it; `word` is as it was configured."""

    brand: int
    field: str
    start: int
    end: int
    word: str
    supports: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What a post holds of all brands, in the order of fields and places."""

    hits: tuple[Hit, ...]
    cues: tuple[Cue, ...]


class _Place(NamedTuple):
    """An entry at start..end of the folded text; `doubtful` where its word is an ordinary one."""

    entry: Entry
    start: int
    end: int
    kind: str
    doubtful: bool = False


class _Range(NamedTuple):
    start: int
    end: int

    def begin(self) -> int:
        return self.start

    def holds(self, start: int, end: int) -> bool:
        return self.start <= start and end <= self.end


def find(post: Post, index: Index) -> Found:
    """Every brand of the index that the title or the text of a post names."""
    hits: list[Hit] = []
    cues: list[Cue] = []
    for name, text in (("title", post.title), ("text", post.text)):
        if not text:
            continue
        folded = fold(text)
        places = list(islice(_places(folded, index), MOST_PLACES))
        contained = list(islice(_contained(folded, index), MOST_PLACES))
        if places or contained:
            hits.extend(_Field(name, folded).hits(places, contained))
            cues.extend(_cues(name, folded, places))
    return Found(tuple(hits), tuple(cues))


def _places(folded: Folded, index: Index) -> Iterator[_Place]:
    words = WORD.findall(folded.text)
    ways = list(map(index.lexicon.__getitem__, words))
    if any(ways):
        for at, found in enumerate(ways):
            for way in found:
                for entry in index.names.get(way.word, ()):
                    row = _row(entry, words, ways, at=at)
                    if row:
                        yield from _checked(entry, folded, row)
    if not index.literals.keys().isdisjoint(words):
        for at, word in enumerate(words):
            for entry in index.literals.get(word, ()):
                if tuple(words[at : at + len(entry.words)]) == entry.words:
                    yield from _checked(entry, folded, (list(range(at, at + len(entry.words))), "exact", False))
    if _SINGLE_LETTERS in bytes([len(word) == 1 for word in words]):
        for spaced in _SPACED.finditer(folded.text):
            yield from _spaced(folded, spaced, index)


def _row(
    entry: Entry, words: Sequence[str], ways: Sequence[Sequence[Way]], *, at: int
) -> tuple[list[int], str, bool] | None:
    """Numbers of the words that are the words of an entry from `at` on, the least sure kind, whether it is doubtful."""
    places: list[int] = []
    kind, slots, doubt, letters = "exact", ANY_SLOT, IN_ROWS, 0
    for number, wanted in enumerate(entry.words):
        if number and entry.breaks[number - 1] == "." and at < len(words) and words[at] in _DOT_WORDS:
            at += 1
        way = next((way for way in ways[at] if way.word == wanted), None) if at < len(ways) else None
        if way is None:
            return None
        slots &= ANY_SLOT if way.kind == "exact" else way.slots
        kind = min(kind, way.kind, key=CONFIDENCE.__getitem__)
        doubt = min(doubt, way.doubt)
        letters += len(words[at])
        places.append(at)
        at += 1
    if not slots or (doubt == IN_ROWS and (len(places) == 1 or letters < ROW_LETTERS)):
        return None
    return places, kind, doubt == DOUBTFUL and len(places) == 1


def _checked(entry: Entry, folded: Folded, row: tuple[list[int], str, bool]) -> Iterator[_Place]:
    """The place of a row, if the conditions of the entry hold there."""
    numbers, kind, doubtful = row
    spans = [folded.words[number] for number in numbers]
    original = folded.original
    if entry.capitals and not all(original[folded.span(*span)[0]].isupper() for span in spans):
        return
    if kind != "exact" or len(spans) > 1:
        for gap, first, second in zip(entry.breaks, range(len(spans)), range(1, len(spans)), strict=False):
            if not _stand_together(gap, folded, spans[first][1], spans[second][0], numbers[second] - numbers[first]):
                return
    yield _Place(entry, spans[0][0], spans[-1][1], kind, doubtful)


def _stand_together(gap: str, folded: Folded, end: int, start: int, apart: int) -> bool:
    """Whether what is between two words, `apart` words apart, is what the name has there."""
    if apart > 1:
        return _SPELT_DOT.fullmatch(folded.text, end, start) is not None
    if not _BREAKS[gap].fullmatch(folded.text, end, start):
        return False
    if gap == "." and start - end > 1 and folded.text[start - 1].isspace():
        # "Bay. ru" is an address, "a bay. Ru ..." begins a sentence.
        before, after = folded.original[folded.span(end - 1, end)[0]], folded.original[folded.span(start, start + 1)[0]]
        return not (after.isupper() and not before.isupper())
    return True


def _spaced(folded: Folded, spaced: re.Match[str], index: Index) -> Iterator[_Place]:
    """A name whose letters stand apart; little words of one letter may stand around it in the same way."""
    places = [at for at in range(spaced.start(), spaced.end()) if folded.text[at].isalnum()]
    if len(places) > _SPACED_LETTERS:
        return
    letters = "".join(folded.text[at] for at in places)
    for first in range(min(3, len(letters) - 2)):
        if first and letters[first - 1] not in _ONE_LETTER_WORDS:
            return
        for last in range(len(letters), max(first + 2, len(letters) - 3), -1):
            if last < len(letters) and letters[last] not in _ONE_LETTER_WORDS:
                continue
            for way in index.lexicon.spelt(letters[first:last]):
                for entry in index.names.get(way.word, ()):
                    if len(entry.words) == 1 and way.doubt == SURE and not entry.capitals:
                        yield _Place(entry, places[first], places[last - 1] + 1, "spaced")


def _contained(folded: Folded, index: Index) -> Iterator[tuple[Entry, _Range, str]]:
    """Long names glued with other words in a handle, a hashtag or the name of a site."""
    text = folded.text
    if "@" in text or "#" in text:
        for tag in _TAG.finditer(text):
            for entry, _ in _parts(tag[0][1 : TAG_LETTERS + 1].replace("_", ""), index):
                yield entry, _Range(*tag.span()), _TAG_KINDS[tag[0][0]]
    if _DOTTED.search(text):
        for host in _HOST.finditer(text):
            if text[host.start() - 1 : host.start()] == "/" and text[host.start() - 3 : host.start()] != "://":
                continue
            for label in _GLUED.finditer(text, host.start(), min(host.end(), host.start() + TAG_LETTERS)):
                for entry, area in _parts(label[0], index):
                    if area.end - area.start < len(label[0]):  # a whole word is found as a word
                        yield entry, _Range(label.start() + area.start, label.start() + area.end), "url"


def _parts(glued: str, index: Index) -> Iterator[tuple[Entry, _Range]]:
    """The names that stand inside a word."""
    inside, longest = index.inside, index.longest_inside
    for start in range(len(glued) - CONTAINED_LETTERS + 1):
        for end in range(start + CONTAINED_LETTERS, min(len(glued), start + longest) + 1):
            if glued[start:end] in inside:
                yield from ((entry, _Range(start, end)) for entry in inside[glued[start:end]])


def _cues(name: str, folded: Folded, places: Sequence[_Place]) -> Iterator[Cue]:
    for place in places:
        if place.entry.name.role in {Role.FOR, Role.AGAINST}:
            start, end = folded.span(place.start, place.end)
            about = place.entry.name
            yield Cue(about.brand, name, start, end, about.alias, about.role is Role.FOR)


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a post."""

    name: str
    folded: Folded

    def hits(self, places: Sequence[_Place], contained: Sequence[tuple[Entry, _Range, str]]) -> list[Hit]:
        """What names a brand here; of overlapping hits of one brand the longest."""
        tags = [_Range(*found.span()) for found in _TAG.finditer(self.folded.text)]
        addresses = [_Range(*found.span()) for found in _ADDRESS.finditer(self.folded.text)]
        excluded = [(p.entry.name.brand, _Range(p.start, p.end)) for p in places if p.entry.name.role is Role.EXCLUDE]
        found: list[Hit] = []
        for place in places:
            about = place.entry.name
            barred = any(about.brand == brand and area.holds(place.start, place.end) for brand, area in excluded)
            if about.role in _NAMING and not barred:
                found.extend(self._hit(place, tags, addresses))
        for entry, area, kind in contained:
            if not entry.name.ordinary or len(entry.name.alias) > ORDINARY_INSIDE_LETTERS:
                found.append(self._made(entry, area, kind, sure="inside"))
        return _longest(found)

    def _hit(self, place: _Place, tags: Sequence[_Range], addresses: Sequence[_Range]) -> Iterator[Hit]:
        entry, start, end, kind, doubtful = place
        role = entry.name.role
        tag = _holding(tags, start, end)
        if role in _TAG_ROLES:
            if tag == (start - 1, end) and self.folded.text[start - 1] == _TAG_ROLES[role]:
                yield self._made(entry, tag, _TAG_KINDS[self.folded.text[tag.start]])
            return
        if tag:
            if kind == "typo":
                return
            whole = tag == (start - 1, end)
            yield self._made(entry, tag, _TAG_KINDS[self.folded.text[tag.start]], sure=kind if whole else "inside")
            return
        if role is not Role.NAME:
            yield self._made(entry, _Range(start, end), role.value)
        elif _holding(addresses, start, end):
            if kind not in {"typo", "folded"}:
                yield self._made(entry, _Range(start, end), "url")
        else:
            hidden = kind in {"exact", "inflected", "derived"} and self.folded.respelt(start, end)
            hit = self._made(entry, _Range(start, end), "folded" if hidden else kind)
            yield replace(hit, common=True) if doubtful else hit

    def _made(self, entry: Entry, area: _Range, kind: str, *, sure: str = "exact") -> Hit:
        start, end = self.folded.span(area.start, area.end)
        span = Span(
            field=self.name,
            start=start,
            end=end,
            text=self.folded.original[start:end],
            kind=kind,
            confidence=min(CONFIDENCE[kind], CONFIDENCE[sure]),
        )
        about = entry.name
        plain = entry.plain or about.role is Role.PERSON
        common = entry.ordinary or ((kind in _PLAIN_KINDS or sure == "inside") and plain and about.ordinary)
        return Hit(about.brand, span, about.alias, common)


def _holding(areas: Sequence[_Range], start: int, end: int) -> _Range | None:
    """The one of some rising, separate ranges that holds start..end, if any."""
    at = bisect_right(areas, start, key=_Range.begin) - 1
    return areas[at] if at >= 0 and areas[at].holds(start, end) else None


def _longest(found: list[Hit]) -> list[Hit]:
    """Of hits of one brand that overlap the longest; of equals the surest, and one that is no ordinary word."""
    kept: list[Hit] = []
    for hit in sorted(found, key=lambda hit: (hit.brand, hit.span.start, hit.span.end)):
        last = kept[-1] if kept else None
        if last is None or last.brand != hit.brand or last.span.end <= hit.span.start:
            kept.append(hit)
        elif _worth(hit) > _worth(last):
            kept[-1] = hit
    return sorted(kept, key=lambda hit: (hit.span.start, hit.brand))


def _worth(hit: Hit) -> tuple[int, bool, float]:
    return hit.span.end - hit.span.start, not hit.common, hit.span.confidence
