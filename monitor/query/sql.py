"""Nodes to SQL: one FTS5 expression for what the search index can answer, a condition for the rest.

Words and text fields are tokens in the index, and so are priority and influence (see `ranges`): any combination of them
is one MATCH. Ratings, relevances, times, exact spellings and what is reckoned from probabilities are conditions. A
query is first written with NOT on its leaves only and then split at its top AND: what is tokens alone goes into `match`
as it is; from what is mixed, `match` gets the tokens that must be there anyway, and the condition says it all.
Conditions are never NULL, so that NOT means what it means for the predicate. FTS5 expressions consist of quoted tokens,
fixed column names and operators; everything else is a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import exp
from typing import TYPE_CHECKING, Final, TypeAlias

from monitor.models import ALERT_BIAS, UNSURE_BELOW
from monitor.query.facets import ALL, facet
from monitor.query.meaning import Variants, known_variants, readings, sides, stamp
from monitor.query.nodes import (
    RECKONED_FIELDS,
    And,
    Compare,
    Everything,
    Exact,
    Is,
    Leaf,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Time,
    Word,
)
from monitor.query.ranges import WHOLE, inverse, of_step, of_time, of_whole
from monitor.text import words

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from monitor.query.asking import Query

_Mixed: TypeAlias = Exact | Compare | Time
"""What the index alone cannot answer, with Is on one of RECKONED_FIELDS."""

_SPELT: Final = "(SELECT {says} FROM posts WHERE posts.id = mentions.post_id)"
# As the properties of `models.Sentiment` say it.
_RECKONED: Final = {
    "unsure": ("max(mentions.negative, mentions.neutral, mentions.positive) < {bound}", UNSURE_BELOW),
    "alarming": ("mentions.negative * {bound} >= max(mentions.neutral, mentions.positive)", exp(ALERT_BIAS)),
}
_FOUND: Final = "mentions.id IN (SELECT rowid FROM mention_search WHERE mention_search MATCH {name})"


@dataclass(frozen=True, slots=True)
class Sql:
    """A query for the database.

    `match` is the FTS5 expression that every hit matches, None where the index cannot narrow the search; `condition`
    is what must hold besides, over the table `mentions`; `parameters` are the condition's, named q0, q1, …
    """

    match: str | None
    condition: str
    parameters: dict[str, object]


def compile_sql(query: Query, *, now: datetime, variants: Variants = known_variants) -> Sql:
    """`query` for the database, as of `now`.

    The connection must know the SQL function `spelt` (`monitor.query.spelt`) where exact spellings are asked for.
    """
    return _Compiler(now, variants).sql(_flat(query.root))


def _flat(node: Node, *, negated: bool = False) -> Node:
    """The same with NOT on leaves only and no AND directly in an AND, no OR directly in an OR."""
    if isinstance(node, Not):
        return _flat(node.term, negated=not negated)
    if isinstance(node, Compare) and node.field in WHOLE:
        return of_whole(inverse(node) if negated else node)
    if not isinstance(node, And | Or):
        return Not(node) if negated else node
    kind = And if isinstance(node, And) is not negated else Or
    terms = (_flat(term, negated=negated) for term in node.terms)
    return kind(tuple(inner for term in terms for inner in (term.terms if isinstance(term, kind) else (term,))))


def _is_tokens(node: Node) -> bool:
    """Whether the index alone can answer."""
    if isinstance(node, Not):
        return _is_tokens(node.term)
    if isinstance(node, And | Or):
        return all(map(_is_tokens, node.terms))
    return node.field not in RECKONED_FIELDS if isinstance(node, Is) else not isinstance(node, _Mixed)


def _depth(node: Node) -> int:
    return 1 + max(map(_depth, node.terms)) if isinstance(node, And | Or) else 0


class _Compiler:
    def __init__(self, now: datetime, variants: Variants) -> None:
        self.now = now
        self.variants = variants
        self.parameters: dict[str, object] = {}

    def sql(self, root: Node) -> Sql:
        parts = root.terms if isinstance(root, And) else (root,)
        parts = tuple(part for part in parts if not isinstance(part, Everything))
        needed = [found for part in parts if (found := self.needed(part)) is not None]
        conditions = [self.at_top(part) for part in parts if not _is_tokens(part)]
        match = self.match(And(tuple(needed))) if needed else None
        return Sql(match, " AND ".join(conditions) or "1", self.parameters)

    def at_top(self, part: Node) -> str:
        """A part's condition where `match` holds already."""
        return self.spelt(part) if isinstance(part, Exact) else self.condition(part)

    def needed(self, node: Node) -> Node | None:
        """The part that is tokens alone and must hold wherever `node` does; None where there is none."""
        if _is_tokens(node):
            return node
        if isinstance(node, And | Or):
            found = [self.needed(term) for term in node.terms]
            narrowing = [term for term in found if term is not None]
            if isinstance(node, And):
                return And(tuple(narrowing)) if narrowing else None
            return Or(tuple(narrowing)) if len(narrowing) == len(found) else None
        return self.narrowing(node)

    def narrowing(self, leaf: Node) -> Node | None:
        """The tokens that must be there wherever a mixed leaf, or NOT a mixed leaf, holds."""
        match leaf:
            case Exact(text, field):
                return Phrase(text, field)
            case Compare():
                return of_step(leaf)
            case Time(field):
                return of_time(self.bound(leaf), since=field == "since")
            case Not(Time(field) as time):
                return of_time(self.bound(time), since=field != "since")
        return None

    # ── For the index ───────────────────────────────────────────────────────────────────────────────────────────────

    def match(self, node: Node) -> str:
        """The FTS5 expression of a node that is tokens alone."""
        if isinstance(node, And | Or):
            # FTS5's parser keeps 100 symbols and three for each level that is opened on the right: deepest first.
            terms = sorted(node.terms, key=_depth, reverse=True)
            wanted = [self.match(term) for term in terms if not isinstance(term, Not)]
            unwanted = [self.match(term.term) for term in terms if isinstance(term, Not)]
            return _all_of(wanted, unwanted) if isinstance(node, And) else _any_of(wanted, unwanted)
        if isinstance(node, Not):
            return _all_of([], [self.match(node.term)])
        return self.token(node)

    def token(self, leaf: Leaf) -> str:
        match leaf:
            case Word(text, field):
                found = readings(text, self.variants)
                if found is None:
                    return _phrase(text, field)
                columns = f"{field}_lemmas" if field else "{title_lemmas text_lemmas}"
                return f"{columns} : {_joined('OR', map(_quoted, found))}"
            case Phrase(text, field):
                return _phrase(text, field)
            case Near():
                return self.near(leaf)
            case Is(field, value):
                return f"facets : {_quoted(facet(field, value))}"
            case _:  # Everything
                return f'"{ALL}"'

    def near(self, near: Near) -> str:
        found = sides(near, self.variants)
        if found is None:
            pair = " ".join(map(_quoted, words(f"{near.left} {near.right}")))
            return f"{{title text}} : NEAR({pair}, {near.most})"
        pairs = [f"NEAR({_quoted(a)} {_quoted(b)}, {near.most})" for a in sorted(found[0]) for b in sorted(found[1])]
        return f"{{title_lemmas text_lemmas}} : {_joined('OR', pairs)}"

    # ── For the columns ─────────────────────────────────────────────────────────────────────────────────────────────

    def condition(self, node: Node) -> str:
        """SQL for any node, true or false and never NULL."""
        if isinstance(node, Not) and not _is_tokens(node):
            return f"NOT {self.condition(node.term)}"
        if isinstance(node, And | Or) and not _is_tokens(node):
            kind = type(node)
            tokens = tuple(term for term in node.terms if _is_tokens(term))
            found = [self.found(kind(tokens))] if tokens else []
            mixed = [self.condition(term) for term in node.terms if not _is_tokens(term)]
            return _joined(kind.__name__.upper(), found + mixed)
        return self.term(node)

    def term(self, node: Node) -> str:
        """SQL for a leaf, or for what is tokens alone."""
        match node:
            case Exact(text, field):
                return f"({self.found(Phrase(text, field))} AND {self.spelt(node)})"
            case Compare(field, operator, number):
                compared = f"mentions.{field} {operator} {self.parameter(number)}"
                return f"(mentions.{field} IS NOT NULL AND {compared})" if field == "rating" else compared
            case Time(field):
                return f"mentions.at {'>=' if field == 'since' else '<'} {self.parameter(stamp(self.bound(node)))}"
            case Is(field, value) if field in RECKONED_FIELDS:
                expression, bound = _RECKONED[field]
                return f"{'' if value == 'yes' else 'NOT '}{expression.format(bound=self.parameter(bound))}"
        return self.found(node)

    def found(self, node: Node) -> str:
        """Tokens in the midst of a condition."""
        return _FOUND.format(name=self.parameter(self.match(node)))

    def spelt(self, exact: Exact) -> str:
        name = self.parameter(exact.text)
        fields = (exact.field,) if exact.field else ("title", "text")
        return _SPELT.format(says=" OR ".join(f"spelt(posts.{field}, {name})" for field in fields))

    def bound(self, time: Time) -> datetime:
        return self.now - time.moment if isinstance(time.moment, timedelta) else time.moment

    def parameter(self, value: object) -> str:
        name = f"q{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"


def _quoted(token: str) -> str:
    return '"' + token.replace('"', '""') + '"'


def _phrase(text: str, field: str) -> str:
    return f"{field or '{title text}'} : {_quoted(' '.join(words(text)))}"


def _all_of(wanted: list[str], unwanted: list[str]) -> str:
    holds = _joined("AND", wanted or [f'"{ALL}"'])
    return f"({holds} NOT {_joined('OR', unwanted)})" if unwanted else holds


def _any_of(wanted: list[str], unwanted: list[str]) -> str:
    lacking = [f'("{ALL}" NOT {_joined("AND", unwanted)})'] if unwanted else []
    return _joined("OR", wanted + lacking)


def _joined(operator: str, expressions: Iterable[str]) -> str:
    several = list(expressions)
    return several[0] if len(several) == 1 else f"({f' {operator} '.join(several)})"
