"""Nodes to a predicate over facts, and the reason for its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from monitor.query.facets import Facts, facet, texts, tokens
from monitor.query.meaning import OPERATORS, Variants, known_variants, readings, sides, spelt, stamp
from monitor.query.nodes import And, Compare, Exact, Is, Leaf, Near, Node, Not, Or, Phrase, Time, Word, leaves
from monitor.text import words

if TYPE_CHECKING:
    from collections.abc import Iterator

Predicate: TypeAlias = Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """A filter that was read; `str` gives a text that reads back as the same filter."""

    root: Node

    def __str__(self) -> str:
        return str(self.root)

    def matches(self, facts: Facts) -> bool:
        """Whether it holds; words are looked up in the dictionaries, which are loaded if there are any."""
        return _compiled(self)(facts)

    def terms(self) -> tuple[Leaf, ...]:
        """Its terms without AND, OR and NOT, in the order of the text."""
        return leaves(self.root)


def compile_query(query: Query, variants: Variants = known_variants) -> Predicate:
    """The filter as a predicate over facts; its words are folded and looked up here, once."""
    return _predicate(query.root, variants)


@lru_cache(maxsize=1024)
def _compiled(query: Query) -> Predicate:
    return compile_query(query)


def explain(query: Query, facts: Facts, variants: Variants = known_variants) -> str:
    """One line on which terms decided, such as `no: influence>=70 (it is 12)`."""
    holds, terms = _decisive(query.root, facts, variants)
    return f"{'yes' if holds else 'no'}: {', '.join(terms)}"


def _predicate(node: Node, variants: Variants) -> Predicate:
    match node:
        case Not(term):
            return _not(_predicate(term, variants))
        case Or(terms):
            return _any_of(tuple(_predicate(term, variants) for term in terms))
        case And(terms):
            return _all_of(tuple(_predicate(term, variants) for term in terms))
        case _:
            return _leaf(node, variants)


def _leaf(leaf: Leaf, variants: Variants) -> Predicate:
    match leaf:
        case Word(text, field):
            holds = _says_inflected(text, _fields(field), variants)
        case Phrase(text, field):
            holds = _says(text, _fields(field))
        case Exact(text, field):
            holds = _all_of((_says(text, _fields(field)), _is_spelt(text, _fields(field))))
        case Near():
            holds = _is_near(leaf, variants)
        case Is(field, value):
            holds = _is(field, value)
        case Compare(field, comparison, number):
            holds = _compares(field, OPERATORS[comparison], number)
        case Time(field, moment):
            holds = _is_then(field, moment)
        case _:  # Everything
            holds = _all_of(())
    return holds


def _not(inner: Predicate) -> Predicate:
    return lambda facts: not inner(facts)


def _all_of(inner: tuple[Predicate, ...]) -> Predicate:
    return lambda facts: all(holds(facts) for holds in inner)


def _any_of(inner: tuple[Predicate, ...]) -> Predicate:
    return lambda facts: any(holds(facts) for holds in inner)


def _fields(field: str) -> tuple[str, ...]:
    return (field,) if field else ("title", "text")


def _says_inflected(text: str, fields: tuple[str, ...], variants: Variants) -> Predicate:
    found = readings(text, variants)
    if found is None:
        return _says(text, fields)
    wanted = tuple(f" {reading} " for reading in found)
    return lambda facts: any(reading in known for known in _lemmas(facts, fields) for reading in wanted)


def _says(text: str, fields: tuple[str, ...]) -> Predicate:
    wanted = _padded(text)
    return lambda facts: any(wanted in known for known in _words(facts, fields))


def _is_spelt(text: str, fields: tuple[str, ...]) -> Predicate:
    return lambda facts: any(spelt(known, text) for known in _known(facts, fields))


def _is_near(near: Near, variants: Variants) -> Predicate:
    found = sides(near, variants)
    left, right = found or tuple(map(frozenset, map(words, (near.left, near.right))))
    known_in = _lemmas if found else _words
    return lambda facts: any(_meet(known, left, right, near.most + 1) for known in known_in(facts, ("title", "text")))


def _meet(line: str, left: frozenset[str], right: frozenset[str], most: int) -> bool:
    """Whether a word of each side stands at most so many places apart; one word may be both, as in FTS5's NEAR."""
    if not all(any(f" {word} " in line for word in side) for side in (left, right)):
        return False
    last_left = last_right = -most - 1
    for place, word in enumerate(line.split()):
        if word in left:
            last_left = place
        if word in right:
            last_right = place
        if place in (last_left, last_right) and abs(last_left - last_right) <= most and min(last_left, last_right) >= 0:
            return True
    return False


def _is(field: str, value: str) -> Predicate:
    wanted = facet(field, value)
    return lambda facts: wanted in tokens(field, facts)


def _compares(field: str, compare: Callable[[float, float], bool], number: float) -> Predicate:
    def holds(facts: Facts) -> bool:
        known = facts.get(field)
        return isinstance(known, int | float) and compare(known, number)

    return holds


def _is_then(field: str, moment: datetime | timedelta) -> Predicate:
    def holds(facts: Facts) -> bool:
        at, now = facts.get("at"), facts.get("now")
        bound = moment if isinstance(moment, datetime) else now - moment if isinstance(now, datetime) else None
        if bound is None or not isinstance(at, datetime):
            return False
        return (stamp(at) >= stamp(bound)) is (field == "since")

    return holds


def _known(facts: Facts, fields: tuple[str, ...]) -> Iterator[str]:
    return (known for field in fields if isinstance(known := facts.get(field), str))


def _words(facts: Facts, fields: tuple[str, ...]) -> Iterator[str]:
    return map(_padded, _known(facts, fields))


@lru_cache(maxsize=16)  # every phrase of a filter, and every route, asks the same few texts in turn
def _padded(text: str) -> str:
    return f" {' '.join(words(text))} "


def _lemmas(facts: Facts, fields: tuple[str, ...]) -> Iterator[str]:
    """The dictionary forms of what is known, looked up where they are not given."""
    for field in fields:
        given, known, lang = facts.get(f"{field}_lemmas"), facts.get(field), facts.get("lang")
        if isinstance(given, str):
            yield f" {given} "
        elif isinstance(known, str):
            yield _lemmatised(known, lang if isinstance(lang, str) else None)


@lru_cache(maxsize=16)
def _lemmatised(text: str, lang: str | None) -> str:
    from monitor.lemmas import lemmatise

    return f" {lemmatise(text, lang)} "


def _decisive(node: Node, facts: Facts, variants: Variants) -> tuple[bool, tuple[str, ...]]:
    """Whether it holds, and the terms that are enough to say so."""
    if isinstance(node, Not):
        holds, why = _decisive(node.term, facts, variants)
        return not holds, why
    if isinstance(node, And | Or):
        deciding = isinstance(node, Or)  # one term that holds decides an OR, one that does not decides an AND
        verdicts = [_decisive(term, facts, variants) for term in node.terms]
        decided = [why for holds, why in verdicts if holds is deciding][:1]
        whys = decided or [why for _, why in verdicts]
        return deciding is bool(decided), tuple(term for why in whys for term in why)
    holds = _leaf(node, variants)(facts)
    return holds, (_described(node, facts, holds=holds),)


def _described(leaf: Leaf, facts: Facts, *, holds: bool) -> str:
    """A term with what is known of it, as in `influence>=70 (it is 12)`."""
    match leaf:
        case Is(field) | Compare(field):
            known = facts.get(field)
            said = ", ".join(texts(known)) or ("" if known is None else str(known))
            return f"{leaf} ({f'it is {said}' if said else 'not known'})"
        case Time():
            at = facts.get("at")
            return f"{leaf} ({f'it is {stamp(at)}' if isinstance(at, datetime) else 'not known'})"
        case Word() | Phrase() | Exact() | Near():
            return f"{leaf} ({'said' if holds else 'not said'})"
    return str(leaf)
