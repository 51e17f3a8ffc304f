"""Which rules of a language fire in a post, and on which words; for those that do not, what stopped them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, pairwise, product
from typing import TYPE_CHECKING, Final

from monitor.understanding.rules.conditions import Figures
from monitor.understanding.rules.guards import GUARDS, Place
from monitor.understanding.rules.records import Evidence
from monitor.understanding.rules.views import View
from monitor.understanding.rules.vocabulary import Index

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from monitor.models import Post, Span
    from monitor.understanding.reading import Reading
    from monitor.understanding.rules.files import RuleFile
    from monitor.understanding.rules.graphs import Graph
    from monitor.understanding.rules.records import Rule
    from monitor.understanding.toward import Role

MOST_TOGETHER: Final = 2_000
"""Combinations of the members of one rule that are looked at."""

_Match = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A post as one brand sees it; `role` is what the author does with the brand, where that is known."""

    post: Post
    readings: Sequence[Reading]
    spans: Sequence[Span]
    others: Sequence[Span]
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Chance:
    """A rule all of whose words are met in a post, in whatever order: `members` are the patterns that may stand."""

    finder: Finder
    rule: Rule
    members: Sequence[Sequence[Graph]]
    seen: Seen
    figures: Figures

    def may_count(self) -> bool:
        """Whether the conditions of the rule hold."""
        return all(map(self.figures.hold, self.rule.when))

    def evidence(self) -> Evidence | None:
        """Where it stands indeed, also if something stops it there; None for nowhere."""
        return self.finder.evidence(self)


class Finder:
    """Finds the rules of one file; only those whose rarest words occur are looked at."""

    def __init__(self, file: RuleFile) -> None:
        self._file = file
        self._wordless = [number for number, rule in enumerate(file.rules) if not rule.members]
        self._places = [
            (number, member)
            for number, rule in enumerate(file.rules)
            for member, graphs in enumerate(rule.members)
            for _ in graphs
        ]
        self._index = Index([graph for rule in file.rules for graphs in rule.members for graph in graphs])

    def chances(self, seen: Seen, sentences: Container[tuple[int, int]]) -> list[Chance]:
        """The rules whose words stand in these (reading, sentence), in the order of the file."""
        view = View(self._file.vocabulary, seen.readings, spans=seen.spans, others=seen.others, sentences=sentences)
        figures = Figures(seen.post, seen.readings, seen.spans, seen.others, view, self._file.words)
        possible = self._possible(view)
        possible.update((number, {}) for number in self._wordless)
        rules = self._file.rules
        return [
            Chance(self, rules[number], [members[at] for at in sorted(members)], seen, figures)
            for number, members in sorted(possible.items())
            if len(members) == len(rules[number].members)
        ]

    def _possible(self, view: View) -> dict[int, dict[int, list[Graph]]]:
        """Patterns all of whose items are met, by rule and member; asked only of those whose rarest item is."""
        possible: dict[int, dict[int, list[Graph]]] = {}
        for number in self._index.possible(view):
            rule, member = self._places[number]
            possible.setdefault(rule, {}).setdefault(member, []).append(self._index.graphs[number])
        return possible

    def evidence(self, chance: Chance) -> Evidence | None:
        """Where the words of a rule stand as it wants them, a place that counts before others; None for nowhere."""
        rule, members, seen, figures = chance.rule, chance.members, chance.seen, chance.figures
        view = figures.view
        stopped, first = "", None
        for parts in _together(rule, members, view):
            units = parts[0] if len(parts) == 1 else sorted(at for part in parts for at in part)
            place = Place(view, parts, units, self._file.words, seen.role)
            problem = _problem(rule, place, figures)
            if problem is None:
                return self._told(rule, view, parts, None)
            if first is None:
                stopped, first = problem, parts
        return None if first is None else self._told(rule, view, first, stopped)

    def _told(self, rule: Rule, view: View, parts: Sequence[_Match], stopped: str | None) -> Evidence:
        """The evidence from the first to the last unit, those of another field left aside; without units, the whole."""
        units = sorted(at for part in parts for at in part)
        if units:
            number = view.stretch(units[0]).reading
            reading = view.readings[number]
            units = [at for at in units if view.stretch(at).reading == number]
            start, end = view.bounds(units[0])[0], view.bounds(units[-1])[1]
        else:
            reading = view.readings[-1]
            start, end = 0, len(reading.text)
        return Evidence(
            rule=f"{self._file.lang}:{rule.id}",
            case=rule.case,
            weight=rule.weight,
            field=reading.field,
            start=start,
            end=end,
            stopped=stopped,
        )


def _problem(rule: Rule, place: Place, figures: Figures) -> str | None:
    """What speaks against a place that has all words of a rule, or None."""
    view = place.view
    for guard in rule.guards:
        if place.parts and GUARDS[guard](place):
            return guard
    sentences = {view.sentence[at] for at in place.units}
    for graph in rule.unless:
        if not sentences.isdisjoint(view.sentences_with(graph)):
            return f"unless {graph.source}"
    for graph in rule.unless_text:
        if view.matches(graph):
            return f"unless_text {graph.source}"
    return next((str(condition) for condition in rule.when if not figures.hold(condition)), None)


def _together(rule: Rule, members: Sequence[Sequence[Graph]], view: View) -> Iterator[tuple[_Match, ...]]:
    """Places that have all members of a rule in its scope, earlier ones first; one empty place without members."""
    if len(members) < 2:
        yield from ((match,) for member in members for match in _matches(member, view))
        if not members:
            yield ()
        return
    scopes = [_by_scope(rule.scope, _matches(member, view), view) for member in members]
    for scope in sorted(scopes[0].keys() & set.intersection(*(set(found) for found in scopes))):
        for parts in islice(product(*(found[scope] for found in scopes)), MOST_TOGETHER):
            if _is_apart(parts) and _is_near(parts, rule.within):
                yield parts


def _matches(member: Sequence[Graph], view: View) -> Sequence[_Match]:
    if len(member) == 1:
        return view.matches(member[0])
    return sorted({match for graph in member for match in view.matches(graph)}, key=lambda match: (match[0], match[-1]))


def _by_scope(scope: str, matches: Iterable[_Match], view: View) -> dict[int, list[_Match]]:
    found: dict[int, list[_Match]] = {}
    for match in matches:
        number = {"clause": view.clause, "sentence": view.sentence}[scope][match[0]] if scope != "text" else 0
        found.setdefault(number, []).append(match)
    return found


def _is_apart(parts: Sequence[_Match]) -> bool:
    """No unit serves two members."""
    units = [at for part in parts for at in part]
    return len(set(units)) == len(units)


def _is_near(parts: Sequence[_Match], within: int | None) -> bool:
    if within is None:
        return True
    ranges = sorted((part[0], part[-1]) for part in parts)
    return all(start - end - 1 <= within for (_, end), (start, _) in pairwise(ranges))
