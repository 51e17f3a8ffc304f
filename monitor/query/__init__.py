"""The one filter language: text to an AST, an AST to a predicate over facts, and back to text.

    filter     := all ("OR" all)*
    all        := one (["AND"] one)*              terms side by side are AND
    one        := "NOT" one | "(" filter ")" | "*" | field ":" value | number ">=" 70 | word | "a phrase"

Brand rules, routes, silences and searches are written in it, so that a person learns it once. Facts are a flat mapping
from the names of fields, and `title` and `text`, to what is known: a text, several, a number, a truth. What is missing
or None is not known, and nothing but NOT holds for it. The nodes are
plain records, ready to be compiled to something else than a predicate.
"""

from monitor.query.asking import Facts, Predicate, Query, compile_query, explain
from monitor.query.nodes import And, Compare, Everything, Is, Node, Not, Or, Phrase, Word
from monitor.query.reading import parse

__all__ = [
    "And",
    "Compare",
    "Everything",
    "Facts",
    "Is",
    "Node",
    "Not",
    "Or",
    "Phrase",
    "Predicate",
    "Query",
    "Word",
    "compile_query",
    "explain",
    "parse",
]
