"""Patterns compiled for one language: graphs that say in which order nodes of its vocabulary are met.

What an item asks is a node that all patterns share which ask the same. The phrases of a group are one node too: where
they stand in a post is found once, however many patterns use the group.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from monitor.errors import InputError
from monitor.understanding.matching.normalise import fold
from monitor.understanding.rules.patterns import ANCHORS, Atom, AtomKind, Marks, Parser, Step, nearest
from monitor.understanding.rules.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

START: Final = -1
"""Where a graph begins, before its first node."""

_PLAIN: Final = re.compile("[a-z]+|[а-я]+")
"""Words that folding leaves as they are: nearly all."""

_Phrase = tuple[Step, ...]
_Made = TypeVar("_Made")


class Edge(NamedTuple):
    """A way to the node in `place`, with up to `gap` tokens between; `clause`: all in one clause."""

    place: int
    gap: int
    clause: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """A compiled pattern; places number its nodes.

    `edges` are those of each place; `starts` begin it and are bound to the start of the sentence where `anchored`.
    `ends` are places after which it may end: None, or the most tokens that the sentence may go on. Of each of `cuts`
    one node must be met; the first is the one that is met least. A pattern of %any alone has none.
    """

    source: str
    nodes: tuple[int, ...]
    starts: tuple[Edge, ...]
    anchored: bool
    edges: tuple[tuple[Edge, ...], ...]
    ends: Mapping[int, int | None]
    cuts: tuple[frozenset[int], ...]

    @property
    def is_single(self) -> bool:
        """Whether it stands wherever its only node does."""
        return len(self.nodes) == 1 and not self.anchored and self.ends[0] is None


class _Open(NamedTuple):
    """A place that the next item is joined to, with the gap so far."""

    place: int
    gap: int = 0
    clause: bool = True


@dataclass(slots=True)
class _Draft:
    """A graph while it is made."""

    nodes: list[int] = field(default_factory=list)
    edges: dict[int, list[Edge]] = field(default_factory=dict)


class _Alternatives(NamedTuple):
    """What a token may be, as choices of the vocabulary, and numbers of the sets of phrases that may stand instead."""

    choices: frozenset[int]
    sets: tuple[int, ...]


class Compiler:
    """Makes graphs of the patterns of one language; raises InputError with what is wrong with one."""

    def __init__(self, lang: str, groups: Mapping[str, Sequence[str]]) -> None:
        self.vocabulary = Vocabulary(lang)
        self._parser = Parser()
        self._groups = groups
        self._entries: dict[str, tuple[_Phrase, ...]] = {}
        self._opened: dict[str, _Alternatives] = {}
        self._known: dict[tuple[Atom, ...], _Alternatives] = {}
        self._sets: list[tuple[_Phrase, ...]] = []
        self._numbers: dict[tuple[frozenset[int] | int, tuple[Marks, ...]], int] = {}
        self._shared: dict[object, object] = {}

    def compile(self, pattern: str) -> Graph:
        """The graph of a pattern."""
        steps = list(self._parser.parse(pattern))
        start = steps.pop(0) if _is_anchor(steps[0]) else None
        end = steps.pop() if _is_anchor(steps[-1]) else None
        return self._graph(pattern, steps, start=start, end=end)

    def group(self, name: str, inside: tuple[str, ...] = ()) -> tuple[_Phrase, ...]:
        """The entries of a group; `inside` are the groups that led here."""
        if name in inside:
            raise InputError(f"group @{name} holds itself")
        if name not in self._groups:
            raise InputError(f"unknown group @{name}; {nearest(name, self._groups)}")
        if name not in self._entries:
            entries = []
            for entry in self._groups[name]:
                try:
                    entries.append(self._entry(entry, (*inside, name)))
                except InputError as fault:
                    raise InputError(f"group @{name}, entry «{entry}»: {fault}") from fault
            self._entries[name] = tuple(entries)
        return self._entries[name]

    def _entry(self, entry: str, inside: tuple[str, ...]) -> _Phrase:
        steps = self._parser.parse(entry)
        if _is_anchor(steps[0]) or _is_anchor(steps[-1]):
            raise InputError("%start and %end may stand in patterns only")
        if "@" in entry:
            for step in steps:
                for atom in step.atoms:
                    if atom.kind is AtomKind.GROUP:
                        self.group(atom.text, inside)
        return steps

    def _graph(
        self,
        source: str,
        steps: Sequence[Step],
        *,
        start: Step | None = None,
        end: Step | None = None,
        marks: tuple[Marks, ...] = (),
    ) -> Graph:
        """The graph of steps between anchors; `marks` are asked of the first step too."""
        draft, opened, cuts = _Draft(), [_Open(START)], []
        for at, step in enumerate(steps):
            before = [_widened(place, step) for place in opened] if step.gap else opened
            asked = step.marks if at else (*step.marks, *marks)
            numbers = self._nodes(step.atoms, asked)
            after = [self._joined(draft, number, before) for number in numbers]
            if step.optional:
                after = before + after
            else:
                cuts.append(frozenset(numbers))
            opened = after
        if any(place.place == START for place in opened):
            raise InputError("every item may be absent: nothing is left to find")
        ordered = sorted(filter(self.vocabulary.tells, cuts), key=self.vocabulary.cost)
        return Graph(
            source=source,
            nodes=self._one(tuple(draft.nodes)),
            starts=self._one(tuple(draft.edges[START])),
            anchored=start is not None,
            edges=self._one(tuple(tuple(draft.edges.get(place, ())) for place in range(len(draft.nodes)))),
            ends={place.place: None if end is None else place.gap + end.gap for place in opened},
            cuts=tuple(self._one(cut) for cut in ordered),
        )

    def _one(self, made: _Made) -> _Made:
        """The same object for what is equal: most patterns have one of a few shapes."""
        return self._shared.setdefault(made, made)  # type: ignore[return-value]  # equal, so of the same type

    def _joined(self, draft: _Draft, number: int, opened: Sequence[_Open]) -> _Open:
        """A place for a node, joined to the open ones."""
        place = len(draft.nodes)
        draft.nodes.append(number)
        for come in opened:
            edge = Edge(place, come.gap, come.clause and come.gap > 0)
            draft.edges.setdefault(come.place, []).append(self._one(edge))
        return _Open(place)

    def _nodes(self, atoms: tuple[Atom, ...], marks: tuple[Marks, ...]) -> list[int]:
        """The nodes of an item: one for all that is one token, and one for each set of phrases."""
        choices, sets = self._alternatives(atoms)
        numbers = [self._node(choices, marks)] if choices else []
        return numbers + [self._node(phrases, marks) for phrases in sets]

    def _node(self, asked: frozenset[int] | int, marks: tuple[Marks, ...]) -> int:
        number = self._numbers.get((asked, marks))
        if number is None:
            if isinstance(asked, int):
                graphs = [self._graph("", phrase, marks=marks) for phrase in self._sets[asked]]
                number = self.vocabulary.phrase_node(graphs)
            else:
                number = self.vocabulary.node(asked, marks)
            self._numbers[asked, marks] = number
        return number

    def _alternatives(self, atoms: tuple[Atom, ...]) -> _Alternatives:
        known = self._known.get(atoms)
        if known is None:
            known = self._known[atoms] = self._with_phrases(atoms, {})
        return known

    def _of_group(self, name: str) -> _Alternatives:
        if name not in self._opened:
            atoms: list[Atom] = []
            phrases: dict[_Phrase, None] = {}
            for entry in self.group(name):
                if len(entry) == 1 and not entry[0].marks:
                    atoms += entry[0].atoms
                else:
                    phrases[entry] = None
            self._opened[name] = self._with_phrases(atoms, phrases)
        return self._opened[name]

    def _with_phrases(self, atoms: Sequence[Atom], phrases: dict[_Phrase, None]) -> _Alternatives:
        """The atoms' alternatives with groups opened up; `phrases` stand beside them."""
        own: list[Atom] = []
        choices, sets = set[int](), dict[int, None]()
        for atom in atoms:
            if atom.kind is AtomKind.GROUP:
                opened = self._of_group(atom.text)
                choices |= opened.choices
                sets |= dict.fromkeys(opened.sets)
                continue
            words = self._spelt(atom)
            if len(words) == 1:
                own.append(atom if words[0] == atom.text else Atom(atom.kind, words[0]))
            else:
                # «e-mail», "don't": what the reader parts, the pattern parts too.
                kind = AtomKind.WORD if "-" in atom.text else AtomKind.EXACT
                kind = AtomKind.EXACT if atom.kind is AtomKind.EXACT else kind
                phrases[tuple(Step(atoms=(Atom(kind, word),)) for word in words)] = None
        if own:
            choices.add(self.vocabulary.choice(own))
        if phrases:
            sets[len(self._sets)] = None
            self._sets.append(tuple(phrases))
        return _Alternatives(frozenset(choices), tuple(sets))

    def _spelt(self, atom: Atom) -> tuple[str, ...]:
        """The words of an atom, folded and parted as the reader does."""
        words = (atom.text,) if atom.kind is AtomKind.CLASS else _parted(atom.text)
        if len(words) > 1 and atom.kind in {AtomKind.PREFIX, AtomKind.SUFFIX}:
            raise InputError(f"«{atom.text}» is {len(words)} words to the reader; write them apart")
        return words


def _parted(text: str) -> tuple[str, ...]:
    if _PLAIN.fullmatch(text):
        return (text,)
    folded = fold(text)
    words = tuple(folded.text[start:end] for start, end in folded.words)
    if not words:  # an emoji, an emoticon
        return (folded.text,)
    return (f"+{words[0]}",) if text.startswith("+") and len(words) == 1 else words


def _widened(place: _Open, step: Step) -> _Open:
    return _Open(place.place, place.gap + step.gap, place.clause and step.clause)


def _is_anchor(step: Step) -> bool:
    return any(atom.kind is AtomKind.CLASS and atom.text in ANCHORS for atom in step.atoms)
