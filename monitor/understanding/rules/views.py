"""A post as the rules of one language see it: its units, and where each node is met.

A unit is a token, or all tokens of one place where a brand is named; punctuation is none. Units run on through title
and text; only the sentences in the language of the rules have any. Matching asks the view, never the tokens.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from monitor.models import Span
    from monitor.understanding.reading import Reading, Sentence, Token
    from monitor.understanding.rules.graphs import Graph
    from monitor.understanding.rules.vocabulary import Index, Vocabulary

MOST_MATCHES: Final = 200
"""What one pattern meets after this many places is not looked at: such a text is no post."""
MOST_TOKENS: Final = 4_000
"""Of a longer field the rules of a brand see so many, from a quarter of them before it is named: an article has fewer,
and each brand of a post looks anew."""


class _Place(NamedTuple):
    kind: str
    start: int
    end: int


class _Places(NamedTuple):
    """Places in order, and up to each the furthest end: by it the first one is found that reaches a token."""

    ordered: Sequence[_Place]
    ends: Sequence[int]

    @classmethod
    def of(cls, kind: str, spans: Iterable[Span]) -> _Places:
        ordered = sorted(_Place(kind, span.start, span.end) for span in spans)
        return cls(ordered, list(accumulate((place.end for place in ordered), max)))

    def at(self, token: Token) -> _Place | None:
        """The first place that a token stands in."""
        number = bisect_right(self.ends, token.start)
        found = self.ordered[number] if number < len(self.ordered) else None
        return found if found is not None and found.start < token.end else None


class Stretch(NamedTuple):
    """A sentence of the rules' language: the number of its reading, and its first and last unit."""

    sentence: Sentence
    reading: int
    first: int
    last: int


class View:
    """Units, each with its first token in `tokens`, and the running numbers of its sentence and clause.

    `stretches` are the sentences by those numbers; `names` are units that are capitalised inside a sentence and name no
    brand; `met` are the nodes that some unit meets.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        readings: Sequence[Reading],
        *,
        spans: Sequence[Span],
        others: Sequence[Span],
        sentences: Container[tuple[int, int]],
    ) -> None:
        self.readings = readings
        self.tokens: list[Token] = []
        self.sentence: list[int] = []
        self.clause: list[int] = []
        self.names: set[int] = set()
        self.stretches: list[Stretch] = []
        self.met: set[int] = set()
        self._by_nodes: dict[frozenset[int], list[int]] = {}
        self._vocabulary = vocabulary
        self._bounds: dict[int, tuple[int, int]] = {}
        self._found: dict[int, tuple[tuple[int, ...], ...]] = {}
        self._placed: dict[int, list[tuple[int, ...]]] = {}
        self._covered: dict[int, frozenset[int]] = {}
        clauses = 0
        for number, reading in enumerate(readings):
            places = _named(reading.field, spans, others)
            seen = _window(reading, spans)
            for place, sentence in enumerate(reading.sentences):
                if (number, place) in sentences:
                    first = len(self.tokens)
                    inside = reading.tokens[max(sentence.first, seen.start) : min(sentence.last, seen.stop)]
                    self._read(reading.text, inside, places=places, clauses=clauses)
                    if len(self.tokens) > first:
                        self.stretches.append(Stretch(sentence, number, first, len(self.tokens) - 1))
            if reading.tokens:
                clauses += reading.tokens[-1].clause + 1

    def __len__(self) -> int:
        return len(self.tokens)

    def bounds(self, at: int) -> tuple[int, int]:
        """Code points of a unit in its field."""
        return self._bounds.get(at) or (self.tokens[at].start, self.tokens[at].end)

    def stretch(self, at: int) -> Stretch:
        """The sentence of a unit."""
        return self.stretches[self.sentence[at]]

    def _read(self, text: str, tokens: Sequence[Token], *, places: Sequence[_Places], clauses: int) -> None:
        """Take in the tokens of one sentence."""
        running, first = len(self.stretches), len(self.tokens)
        named: _Place | None = None
        for token in tokens:
            kind = token.kind
            if kind == "punct":
                continue
            at = len(self.tokens)
            if places:
                before, named = named, _at(places, token)
                if named is not None and named is before:
                    self._bounds[at - 1] = (self.bounds(at - 1)[0], token.end)
                    self._meet(token, at - 1, kind)
                    continue
            self.tokens.append(token)
            self.sentence.append(running)
            self.clause.append(clauses + token.clause)
            if named is not None:
                kind = named.kind
            elif kind == "word":
                if at > first and text[token.start].isupper():
                    self.names.add(at)
                    kind = "name"
            elif kind == "number" and token.start and text[token.start - 1] == "+":
                kind = "plus"
            self._meet(token, at, kind)

    def _meet(self, token: Token, at: int, kind: str) -> None:
        """Note which nodes a token meets; `kind` is its class."""
        if kind == "plus":
            self._bounds[at] = (token.start - 1, token.end)
            kind = "number"
            self._note(self._vocabulary.met_by(token, kind, f"+{token.text}"), at)
        self._note(self._vocabulary.met_by(token, kind), at)

    def _note(self, nodes: frozenset[int], at: int) -> None:
        if nodes:
            self.met |= nodes
            self._by_nodes.setdefault(nodes, []).append(at)

    def possible(self, graph: Graph) -> bool:
        """Whether each item of a pattern is met somewhere."""
        met = self.met
        for cut in graph.cuts:  # a generator would take as long as the work  # noqa: SIM110
            if met.isdisjoint(cut):
                return False
        return True

    def matches(self, graph: Graph) -> tuple[tuple[int, ...], ...]:
        """The first places where a pattern stands, as numbers of its units, from the start on and nearest first."""
        found = self._found.get(id(graph))
        if found is None:
            if not self.possible(graph):
                found = ()
            elif graph.is_single:
                found = tuple(self._places(graph.nodes[0])[:MOST_MATCHES])
            else:
                found = tuple(islice(self._matches(graph), MOST_MATCHES))
            self._found[id(graph)] = found
        return found

    def _matches(self, graph: Graph) -> Iterator[tuple[int, ...]]:
        dead: set[tuple[int, int]] = set()
        starts = [(units[0], edge, units) for edge in graph.starts for units in self._places(graph.nodes[edge.place])]
        if len(graph.starts) > 1:
            starts.sort()
        for at, edge, units in starts:
            if not graph.anchored or at - self.stretch(at).first <= edge.gap:
                yield from self._extended(graph, edge.place, units, dead)

    def _extended(
        self, graph: Graph, place: int, path: tuple[int, ...], dead: set[tuple[int, int]]
    ) -> Iterator[tuple[int, ...]]:
        """Paths that go on from a place whose unit is the last of `path`; `dead` are known to lead nowhere."""
        at = path[-1]
        if (place, at) in dead:
            return
        alive = False
        last = self.stretch(at).last
        if place in graph.ends:
            most = graph.ends[place]
            if most is None or last - at <= most:
                alive = True
                yield path
        for edge in graph.edges[place]:
            places = self._places(graph.nodes[edge.place])
            limit = min(at + 1 + edge.gap, last)
            for units in places[bisect_left(places, (at + 1,)) : bisect_left(places, (limit + 1,))]:
                if edge.clause and self.clause[units[0]] != self.clause[at]:
                    break
                for whole in self._extended(graph, edge.place, path + units, dead):
                    alive = True
                    yield whole
        if not alive:
            dead.add((place, at))

    def _places(self, node: int) -> Sequence[tuple[int, ...]]:
        """Where a node stands, in order: the units of each place."""
        places = self._placed.get(node)
        if places is None:
            phrases = self._vocabulary.phrases.get(node)
            if phrases is not None:
                graphs = [phrases.graphs[number] for number in phrases.possible(self)]
                places = sorted({match for graph in graphs for match in self.matches(graph)}) if graphs else []
            elif node in self._vocabulary.anywhere:
                places = [(at,) for at in range(len(self.tokens))]
            else:
                units = {at for nodes, listed in self._by_nodes.items() if node in nodes for at in listed}
                places = [(at,) for at in sorted(units)]
            self._placed[node] = places
        return places

    def covered(self, listed: Index) -> frozenset[int]:
        """Units of all matches of the patterns of a word list."""
        covered = self._covered.get(id(listed))
        if covered is None:
            graphs = [listed.graphs[number] for number in listed.possible(self)]
            covered = frozenset(at for graph in graphs for match in self.matches(graph) for at in match)
            self._covered[id(listed)] = covered
        return covered

    def sentences_with(self, graph: Graph) -> set[int]:
        """Numbers of the sentences in which a pattern stands."""
        return {self.sentence[match[0]] for match in self.matches(graph)}


def _window(reading: Reading, spans: Sequence[Span]) -> range:
    """The numbers of those tokens of a field that are looked at."""
    tokens = reading.tokens
    if len(tokens) <= MOST_TOKENS:
        return range(len(tokens))
    named = min((span.start for span in spans if span.field == reading.field), default=0)
    at = bisect_left(tokens, named, key=attrgetter("start"))
    first = max(0, min(at - MOST_TOKENS // 4, len(tokens) - MOST_TOKENS))
    return range(first, first + MOST_TOKENS)


def _named(field: str, spans: Sequence[Span], others: Sequence[Span]) -> list[_Places]:
    """Places of a field where a brand is named; of two in one place the brand in question's comes first."""
    kinds = {"brand": spans, "other": others}
    places = [_Places.of(kind, (span for span in listed if span.field == field)) for kind, listed in kinds.items()]
    return [listed for listed in places if listed.ordered]


def _at(places: Iterable[_Places], token: Token) -> _Place | None:
    return next((place for listed in places if (place := listed.at(token)) is not None), None)
