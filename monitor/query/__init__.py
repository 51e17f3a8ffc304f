"""The one filter language: text to an AST; the AST to a predicate over facts, to SQL, and back to text.

    filter  := all ("OR" all)*
    all     := one (["AND"] one)*                       terms side by side are AND
    one     := "NOT" one | "(" filter ")" | "*" | term
    term    := saying | word "near/5" word | "title:" saying | field ":" value | number ">=" 70 | "since:" 7d
    saying  := word | "as spelt" | =Exactly | ="Exactly So"

A `#` with a space, where a term could begin, opens a comment up to the end of the line. Brand rules, routes, silences,
searches and saved searches are written in it, so that a person learns it once; docs/query-language.md teaches it.

Facts are a flat mapping from the names of fields to what is known: a text, several, a number, a truth; `title` and
`text` with `title_lemmas` and `text_lemmas` (one lemma for each word; looked up where missing), `at` (when it was
published, else discovered) and `now`. What is missing or None is not known, and nothing but NOT holds for it.
"""

from monitor.query.asking import Predicate, Query, compile_query, explain
from monitor.query.facets import Facts
from monitor.query.meaning import Variants, known_variants, spelt, words_of
from monitor.query.nodes import And, Compare, Everything, Exact, Is, Near, Node, Not, Or, Phrase, Time, Word
from monitor.query.reading import parse

__all__ = [
    "And",
    "Compare",
    "Everything",
    "Exact",
    "Facts",
    "Is",
    "Near",
    "Node",
    "Not",
    "Or",
    "Phrase",
    "Predicate",
    "Query",
    "Time",
    "Variants",
    "Word",
    "compile_query",
    "explain",
    "known_variants",
    "parse",
    "spelt",
    "words_of",
]
