"""Finds where brands are named in a text.

The index proposes word sequences; each proposal is then checked against the text: what stands between the words,
capitals, whether it is part of a handle, a hashtag, an address or a configured exclusion. A word is matched whole, so
that the number of brands hardly matters and nothing is found inside another word.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from monitor.models import Span
from monitor.understanding.matching.names import Entry, Index, Role
from monitor.understanding.matching.normalise import WORD, Folded, fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.models import Post

MOST_PLACES = 1_000
"""What a field proposes after this many places is not looked at: such a text is no post."""

_TAG = re.compile(r"(?<![\w.@#])[@#]\w+")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_BREAKS = {
    " ": re.compile(r"(?:[^\w,;:!?().\n]|\.(?!\s)){0,3}\n?[^\w,;:!?().\n]{0,3}|_+"),
    "*": re.compile(r"\W{1,4}|_+"),
    ".": re.compile(r"\s?[\[(]?\.[\])]?\s?"),
    "-": re.compile("[-\u2010-\u2015]"),
    "_": re.compile("_+"),
}
_NAMING = frozenset({Role.NAME, Role.PERSON, Role.HANDLE, Role.HASHTAG, Role.DOMAIN})
_TAG_KINDS = {"@": "handle", "#": "hashtag"}
_TAG_ROLES = {Role.HANDLE: "@", Role.HASHTAG: "#"}


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
    """An entry at start..end of the folded text."""

    entry: Entry
    start: int
    end: int


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
        places = list(_proposed(folded, index))
        tagged = "@" in folded.text or "#" in folded.text
        tags = [_Range(*found.span()) for found in _TAG.finditer(folded.text)] if tagged else []
        if places or tags:
            hits.extend(_Field(name, folded, tags).hits(places, index))
            cues.extend(_cues(name, folded, places))
    return Found(tuple(hits), tuple(cues))


def _proposed(folded: Folded, index: Index) -> Iterator[_Place]:
    """Places where the words of an entry stand in a row and the conditions of its form hold."""
    words = WORD.findall(folded.text)
    met = index.words.iter(f" {' '.join(words)} ") if index.words is not None else ()
    proposals = list(islice(met, MOST_PLACES))
    if not proposals:
        return
    number_at: dict[int, int] = {}
    end = 0
    for number, word in enumerate(words):
        end += len(word) + 1
        number_at[end] = number
    for at, (_, entries) in proposals:
        last = number_at[at]
        for entry in entries:
            spans = folded.words[last - len(entry.form.words) + 1 : last + 1]
            if _fits(entry, folded, spans):
                yield _Place(entry, spans[0][0], spans[-1][1])


def _fits(entry: Entry, folded: Folded, spans: Sequence[tuple[int, int]]) -> bool:
    original = folded.original
    if entry.form.capitals and not all(original[folded.span(*span)[0]].isupper() for span in spans):
        return False
    for kind, (_, end), (start, _) in zip(entry.form.breaks, spans, spans[1:], strict=False):
        if not _BREAKS[kind].fullmatch(folded.text, end, start):
            return False
        if kind == "." and start - end > 1 and folded.text[start - 1].isspace():
            # "Bay. ru" is an address, "a bay. Ru ..." begins a sentence.
            before, after = original[folded.span(end - 1, end)[0]], original[folded.span(start, start + 1)[0]]
            if after.isupper() and not before.isupper():
                return False
    return True


def _cues(name: str, folded: Folded, places: Sequence[_Place]) -> Iterator[Cue]:
    for place in places:
        if place.entry.role in {Role.FOR, Role.AGAINST}:
            start, end = folded.span(place.start, place.end)
            yield Cue(place.entry.brand, name, start, end, place.entry.alias, place.entry.role is Role.FOR)


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a post, with its handles and hashtags."""

    name: str
    folded: Folded
    tags: Sequence[_Range]

    def hits(self, places: Sequence[_Place], index: Index) -> list[Hit]:
        """What names a brand here; of overlapping hits of one brand the longest."""
        addresses = [_Range(*found.span()) for found in _ADDRESS.finditer(self.folded.text)]
        excluded = [(p.entry.brand, _Range(p.start, p.end)) for p in places if p.entry.role is Role.EXCLUDE]
        found: list[Hit] = []
        for place in places:
            entry = place.entry
            barred = any(entry.brand == brand and area.holds(place.start, place.end) for brand, area in excluded)
            if entry.role in _NAMING and not barred:
                found.extend(self._hit(place, addresses))
        found.extend(islice(self._inside_tags(index), MOST_PLACES))
        return _longest(found)

    def _hit(self, place: _Place, addresses: Sequence[_Range]) -> Iterator[Hit]:
        entry, start, end = place
        tag = _holding(self.tags, start, end)
        if entry.role in _TAG_ROLES:
            if tag == (start - 1, end) and self.folded.text[start - 1] == _TAG_ROLES[entry.role]:
                yield self._made(entry, tag, _TAG_KINDS[self.folded.text[tag.start]])
            return
        if tag:
            yield self._made(entry, tag, _TAG_KINDS[self.folded.text[tag.start]])
            return
        kind: str = entry.form.kind
        if entry.role is not Role.NAME:
            kind = entry.role.value
        elif _holding(addresses, start, end):
            kind = "url"
        elif self.folded.respelt(start, end):
            kind = "folded"
        yield self._made(entry, _Range(start, end), kind)

    def _inside_tags(self, index: Index) -> Iterator[Hit]:
        """Long names glued with other words in a handle or a hashtag."""
        if index.inside is None:
            return
        for tag in self.tags:
            glued = self.folded.text[tag.start + 1 : tag.end].replace("_", "")
            for _, (_, entries) in index.inside.iter(glued):
                for entry in entries:
                    yield self._made(entry, tag, _TAG_KINDS[self.folded.text[tag.start]])

    def _made(self, entry: Entry, area: _Range, kind: str) -> Hit:
        start, end = self.folded.span(area.start, area.end)
        span = Span(field=self.name, start=start, end=end, text=self.folded.original[start:end], kind=kind)
        return Hit(entry.brand, span, entry.alias, entry.common)


def _holding(areas: Sequence[_Range], start: int, end: int) -> _Range | None:
    """The one of some rising, separate ranges that holds start..end, if any."""
    at = bisect_right(areas, start, key=_Range.begin) - 1
    return areas[at] if at >= 0 and areas[at].holds(start, end) else None


def _longest(found: list[Hit]) -> list[Hit]:
    """Of hits of one brand that overlap the longest; of equals one that is no ordinary word."""
    kept: list[Hit] = []
    for hit in sorted(found, key=lambda hit: (hit.brand, hit.span.start, hit.span.end)):
        last = kept[-1] if kept else None
        if last is None or last.brand != hit.brand or last.span.end <= hit.span.start:
            kept.append(hit)
        elif _worth(hit) > _worth(last):
            kept[-1] = hit
    return sorted(kept, key=lambda hit: (hit.span.start, hit.brand))


def _worth(hit: Hit) -> tuple[int, bool]:
    return hit.span.end - hit.span.start, not hit.common
