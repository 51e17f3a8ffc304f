"""Nodes to a predicate over facts, and the reason for its answer."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import urlsplit

from monitor.query.nodes import And, Compare, Is, Node, Not, Or, Phrase, Word, leaves
from monitor.text import fold

Facts: TypeAlias = Mapping[str, object]
Predicate: TypeAlias = Callable[[Facts], bool]

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_TOKEN = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Query:
    """A filter that was read; `str` gives a text that reads back as the same filter."""

    root: Node

    def __str__(self) -> str:
        return str(self.root)

    def matches(self, facts: Facts) -> bool:
        """Whether it holds."""
        return compile_query(self)(facts)

    def terms(self) -> tuple[Node, ...]:
        """Its terms without AND, OR and NOT, in the order of the text."""
        return leaves(self.root)


@lru_cache(maxsize=1024)  # a route is asked for each mention
def compile_query(query: Query) -> Predicate:
    """The filter as a predicate over facts; the filter's own words are folded here, once."""
    return _predicate(query.root)


def explain(query: Query, facts: Facts) -> str:
    """One line on which terms decided, such as `no: influence>=70 (it is 12)`."""
    holds, terms = _decisive(query.root, facts)
    return f"{'yes' if holds else 'no'}: {', '.join(terms)}"


def tokens(text: str) -> tuple[str, ...]:
    """Runs of letters and digits, folded."""
    return tuple(_TOKEN.findall(fold(text)))


@lru_cache(maxsize=16)  # every word of a filter, and every route, asks the same few texts in turn
def _padded(text: str) -> str:
    return f" {' '.join(tokens(text))} "


def _predicate(node: Node) -> Predicate:
    match node:
        case Word(text) | Phrase(text):
            holds = _says(text)
        case Is(field, value):
            holds = _is(field, value)
        case Compare(field, comparison, number):
            holds = _compares(field, _OPERATORS[comparison], number)
        case Not(term):
            holds = _not(_predicate(term))
        case Or(terms):
            holds = _any_of(tuple(map(_predicate, terms)))
        case And(terms):
            holds = _all_of(tuple(map(_predicate, terms)))
        case _:  # Everything
            holds = _all_of(())
    return holds


def _not(inner: Predicate) -> Predicate:
    return lambda facts: not inner(facts)


def _all_of(inner: tuple[Predicate, ...]) -> Predicate:
    return lambda facts: all(holds(facts) for holds in inner)


def _any_of(inner: tuple[Predicate, ...]) -> Predicate:
    return lambda facts: any(holds(facts) for holds in inner)


def _says(text: str) -> Predicate:
    wanted = _padded(text)
    return lambda facts: any(wanted in _padded(known) for known in _texts(facts, "title", "text"))


def _is(field: str, value: str) -> Predicate:
    wanted = fold(value)
    if field == "site":
        domain = f".{wanted.removeprefix('www.')}"
        return lambda facts: any(f".{_host(known)}".endswith(domain) for known in _texts(facts, field))
    return lambda facts: any(fold(known) == wanted for known in _texts(facts, field))


def _compares(field: str, compare: Callable[[float, float], bool], number: float) -> Predicate:
    def holds(facts: Facts) -> bool:
        known = facts.get(field)
        return isinstance(known, int | float) and compare(known, number)

    return holds


def _host(site: str) -> str:
    """The host of an address; a host is taken as it is."""
    try:
        return urlsplit(site).hostname or fold(site)
    except ValueError:  # an address that cannot be read is on no site
        return ""


def _texts(facts: Facts, *fields: str) -> tuple[str, ...]:
    """The texts of some facts; a fact may be one text or several, a truth is yes or no."""
    found: list[str] = []
    for known in map(facts.get, fields):
        match known:
            case str():
                found.append(known)
            case bool():
                found.append("yes" if known else "no")
            case list() | tuple() | frozenset():
                found.extend(known)
    return tuple(found)


def _decisive(node: Node, facts: Facts) -> tuple[bool, tuple[str, ...]]:
    """Whether it holds, and the terms that are enough to say so."""
    if isinstance(node, Not):
        holds, why = _decisive(node.term, facts)
        return not holds, why
    if isinstance(node, And | Or):
        deciding = isinstance(node, Or)  # one term that holds decides an OR, one that does not decides an AND
        verdicts = [_decisive(term, facts) for term in node.terms]
        decided = [why for holds, why in verdicts if holds is deciding][:1]
        whys = decided or [why for _, why in verdicts]
        return deciding is bool(decided), tuple(term for why in whys for term in why)
    return _predicate(node)(facts), (_described(node, facts),)


def _described(node: Node, facts: Facts) -> str:
    """A term with what is known of it, as in `influence>=70 (it is 12)`."""
    match node:
        case Is(field) | Compare(field):
            known = _texts(facts, field) or (facts.get(field),)
            said = ", ".join(str(value) for value in known if value is not None)
            return f"{node} ({f'it is {said}' if said else 'not known'})"
        case Word() | Phrase():
            return f"{node} ({'said' if _predicate(node)(facts) else 'not said'})"
    return str(node)
