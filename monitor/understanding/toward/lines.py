"""Sentences in which brands stand as units: what the patterns are matched against, and how clauses part the brands."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from monitor.understanding.reading import chrome_sentences
from monitor.understanding.toward.patterns import COMPARATIVE, brand, encoded, is_comparative
from monitor.understanding.toward.pieces import Piece

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.models import Span
    from monitor.understanding.reading import Reading, Sentence, Token


@dataclass(frozen=True, slots=True)
class Unit:
    """A word, or a brand (`number` is not None) with all its words; `token` is the first."""

    token: Token
    number: int | None
    end: int


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence that names brands; `places` say where in `code` each unit begins."""

    field: str
    sentence: Sentence
    units: tuple[Unit, ...]
    code: str
    places: tuple[int, ...]
    words: frozenset[str]

    def brands(self) -> frozenset[int]:
        """The numbers of the brands that the sentence names."""
        return frozenset(unit.number for unit in self.units if unit.number is not None)


def lines(readings: Sequence[Reading], spans: Mapping[int, Sequence[Span]]) -> tuple[list[Line], list[Piece]]:
    """The sentences that name brands, and all pieces of the author's own text in their order."""
    found: list[Line] = []
    pieces: list[Piece] = []
    sentences = 0
    for reading in readings:
        named = _named(reading.field, spans)
        ignored = chrome_sentences(reading)
        for number, sentence in enumerate(reading.sentences):
            if number in ignored:
                continue
            first = bisect_left(named, sentence.start, key=itemgetter(0))
            here = named[first : bisect_left(named, sentence.end, key=itemgetter(0))]
            units = list(_units(reading.tokens[sentence.first : sentence.last], here))
            pieces += _pieces(reading.field, sentence, units, number=sentences)
            sentences += 1
            if here:
                found.append(_line(reading.field, sentence, units))
    return found, pieces


def _named(field: str, spans: Mapping[int, Sequence[Span]]) -> list[tuple[int, int, int]]:
    """Start, end and brand of all names in a field, in order; the longest first of those that begin together."""
    places = [(one.start, one.end, number) for number, listed in spans.items() for one in listed if one.field == field]
    return sorted(places, key=lambda place: (place[0], -place[1]))


def _units(tokens: Sequence[Token], named: Sequence[tuple[int, int, int]]) -> Iterator[Unit]:
    """The tokens, those of a brand as one; where brands overlap, the first and longest."""
    at, name = 0, 0
    while at < len(tokens):
        token = tokens[at]
        while name < len(named) and named[name][1] <= token.start:
            name += 1
        if name < len(named) and named[name][0] < token.end:
            _, end, number = named[name]
            yield Unit(token, number, end)
            while at < len(tokens) and tokens[at].start < end:
                at += 1
        else:
            yield Unit(token, None, token.end)
            at += 1


def _line(field: str, sentence: Sentence, units: Sequence[Unit]) -> Line:
    codes: list[str] = []
    places: list[int] = []
    length, clause = 0, None
    for unit in units:
        between = "/" if clause is not None and unit.token.clause != clause else ""
        clause = unit.token.clause
        code = encoded(unit.token) if unit.number is None else brand(unit.number)
        codes += (between, code)
        places.append(length + len(between))
        length += len(between) + len(code)
    words = {word for unit in units for word in unit.token.lemmas}
    if any(is_comparative(unit.token) for unit in units):
        words.add(COMPARATIVE)
    return Line(field, sentence, tuple(units), "".join(codes), tuple(places), frozenset(words))


def _pieces(field: str, sentence: Sentence, units: Sequence[Unit], *, number: int) -> Iterator[Piece]:
    """The sentence, parted between clauses where another brand's begins."""
    if units and all(unit.token.quoted and unit.number is None for unit in units):
        return
    start, brands = sentence.start, frozenset[int]()
    clauses: dict[int, list[Unit]] = {}
    for unit in units:
        clauses.setdefault(unit.token.clause, []).append(unit)
    for clause in clauses.values():
        named = frozenset(unit.number for unit in clause if unit.number is not None)
        if named and brands and named != brands:
            yield Piece(field, start, clause[0].token.start, number, brands)
            start, brands = clause[0].token.start, named
        else:
            brands |= named
    yield Piece(field, start, sentence.end, number, brands)
