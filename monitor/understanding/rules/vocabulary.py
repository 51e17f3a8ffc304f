"""What the patterns of one language ask of a token, so that each word of a text is compared once with everything.

A choice is a list of words, spellings, beginnings, ends and classes: the single words of a group, or those of an item.
A node asks for a token of one of several choices, with marks; or for one of several phrases, and then it is met where
a phrase's rarest word is. Words become keys of `monitor.lemmas`, as the reader gives them to tokens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from monitor.lemmas import is_own_lemma, lemmatise
from monitor.understanding.rules.patterns import Atom, AtomKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from monitor.understanding.reading import Token
    from monitor.understanding.rules.graphs import Graph
    from monitor.understanding.rules.patterns import Marks
    from monitor.understanding.rules.views import View

_REMEMBERED: Final = 1 << 15  # words of which it is known what asks for them; about 5 MB
_AFFIX_COST: Final = 20.0
_CLASS_COST: Final[Mapping[str, float]] = {"any": 10_000.0, "number": 300.0, "name": 300.0, "brand": 200.0}
_SIGN_COST: Final = 50.0
_WORD_COSTS: Final = (400.0, 400.0, 200.0, 60.0, 15.0, 5.0)
"""How often words of 0, 1, 2 … letters may be met; only the order matters. Longer ones cost 1."""


class Index:
    """Patterns by the rarest words that each needs: of hundreds only those are looked at whose words occur."""

    __slots__ = ("_always", "_by_node", "graphs")

    def __init__(self, graphs: Sequence[Graph]) -> None:
        self.graphs = tuple(graphs)
        self._always = [number for number, graph in enumerate(graphs) if not graph.cuts]
        self._by_node: dict[int, list[int]] = {}
        for number, graph in enumerate(graphs):
            for node in graph.cuts[0] if graph.cuts else ():
                self._by_node.setdefault(node, []).append(number)

    def possible(self, view: View) -> list[int]:
        """The numbers of those patterns all of whose items are met."""
        due = set(self._always)
        for node in self._by_node.keys() & view.met:
            due.update(self._by_node[node])
        return [number for number in sorted(due) if view.possible(self.graphs[number])]


@dataclass(slots=True)
class Vocabulary:
    """The nodes of one language by their numbers, and which of them a word or a class of token meets.

    `phrases` are those of the nodes that ask for phrases; `anywhere` are nodes that every token meets. All
    nodes are added before the first word is asked for. The dictionaries are asked when it comes: a process that
    sees no Spanish has no Spanish loaded.
    """

    lang: str
    phrases: dict[int, Index] = field(default_factory=dict)
    anywhere: set[int] = field(default_factory=set)
    _choice_costs: list[float] = field(default_factory=list)
    _users: list[list[int]] = field(default_factory=list)
    _marks: list[tuple[Marks, ...]] = field(default_factory=list)
    _costs: list[float] = field(default_factory=list)
    _vague: set[int] = field(default_factory=set)
    _hints: dict[int, list[int]] = field(default_factory=dict)
    _words: dict[str, list[int]] = field(default_factory=dict)
    _by_key: dict[str, list[int]] = field(default_factory=dict)
    _by_text: dict[str, list[int]] = field(default_factory=dict)
    _by_class: dict[str, list[int]] = field(default_factory=dict)
    _beginnings: dict[str, list[int]] = field(default_factory=dict)
    _ends: dict[str, list[int]] = field(default_factory=dict)
    _affix_sizes: set[int] = field(default_factory=set)
    _met: dict[tuple[str, frozenset[str], frozenset[str], str], frozenset[int]] = field(default_factory=dict)
    _distinct: dict[frozenset[int], frozenset[int]] = field(default_factory=dict)

    def choice(self, atoms: Iterable[Atom]) -> int:
        """The number of a new choice of atoms of one word each."""
        number = len(self._users)
        tables = {
            AtomKind.WORD: self._words,
            AtomKind.EXACT: self._by_text,
            AtomKind.PREFIX: self._beginnings,
            AtomKind.SUFFIX: self._ends,
            AtomKind.CLASS: self._by_class,
        }
        cost = 0.0
        for kind, text in dict.fromkeys(atoms):
            tables[kind].setdefault(text, []).append(number)
            if kind is AtomKind.CLASS:
                cost += _CLASS_COST.get(text, _SIGN_COST)
            elif kind is AtomKind.PREFIX or kind is AtomKind.SUFFIX:
                cost += _AFFIX_COST
                self._affix_sizes.add(len(text))
            else:
                cost += _WORD_COSTS[len(text)] if len(text) < len(_WORD_COSTS) else 1.0
        self._users.append([])
        self._choice_costs.append(cost)
        return number

    def node(self, choices: Collection[int], marks: tuple[Marks, ...]) -> int:
        """The number of a new node that asks for a token of one of these choices with all these marks."""
        number = self._add(marks, sum(self._choice_costs[choice] for choice in choices))
        for choice in choices:
            self._users[choice].append(number)
        if not set(choices).isdisjoint(self._by_class.get("any", ())):
            self._vague.add(number)
            if not marks:
                self.anywhere.add(number)
        return number

    def phrase_node(self, graphs: Sequence[Graph]) -> int:
        """The number of a new node that asks for one of these patterns."""
        rarest = [graph.cuts[0] if graph.cuts else frozenset[int]() for graph in graphs]
        number = self._add((), sum(self.cost(cut) for cut in rarest))
        self.phrases[number] = Index(graphs)
        if not all(rarest):
            self._vague.add(number)
        for node in frozenset[int]().union(*rarest):
            self._hints.setdefault(node, []).append(number)
        return number

    def _add(self, marks: tuple[Marks, ...], cost: float) -> int:
        self._marks.append(marks)
        self._costs.append(cost)
        return len(self._costs) - 1

    def tells(self, cut: Collection[int]) -> bool:
        """Whether not any token will do for one of these nodes."""
        return self._vague.isdisjoint(cut)

    def cost(self, cut: Iterable[int]) -> float:
        """About how often one of these nodes is met, in no unit."""
        return sum([self._costs[number] for number in cut])

    def met_by(self, token: Token, kind: str, spelt: str = "") -> frozenset[int]:
        """Nodes that take a token of a class, spelt as it is or so; the answer is remembered."""
        asked = (spelt or token.text, token.lemmas, token.marks, kind)
        met = self._met.get(asked)
        if met is None:
            if self._words:
                self.index_words()
            choices = {choice for name in (kind, "any") for choice in self._by_class.get(name, ())}
            choices.update(self._by_text.get(asked[0], ()))
            for word in {spelt} if spelt else token.lemmas:
                choices.update(self._by_key.get(word, ()))
                for size in self._affix_sizes:
                    if size <= len(word):
                        choices.update(self._beginnings.get(word[:size], ()))
                        choices.update(self._ends.get(word[-size:], ()))
            if len(self._met) >= _REMEMBERED:
                self._met.clear()
                self._distinct.clear()
            met = self._met[asked] = self._nodes(choices, token.marks)
        return met

    def _nodes(self, choices: Iterable[int], marks: frozenset[str]) -> frozenset[int]:
        """The nodes that a token with these marks meets; those that any token meets are left out."""
        found: set[int] = set()
        for choice in choices:
            for number in self._users[choice]:
                if number not in self.anywhere and all(asked.fit(marks) for asked in self._marks[number]):
                    self._note(number, found)
        met = frozenset(found)
        return self._distinct.setdefault(met, met)

    def _note(self, number: int, found: set[int]) -> None:
        """Note a node, and those of phrases for which it is a hint."""
        if number not in found:
            found.add(number)
            for phrase in self._hints.get(number, ()):
                self._note(phrase, found)

    def index_words(self) -> None:
        """Put words under the key of their dictionary form: themselves where they are one, else the likeliest."""
        for word, choices in self._words.items():
            own = word.startswith("+") or is_own_lemma(word, self.lang)
            self._by_key.setdefault(word if own else lemmatise(word, self.lang) or word, []).extend(choices)
        self._words = {}
