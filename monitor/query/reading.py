"""Text to nodes, by recursive descent; every fault points at the character."""

from __future__ import annotations

import difflib
import re

from monitor.errors import QueryError
from monitor.query.asking import Query, tokens
from monitor.query.nodes import (
    BARE,
    NUMBER_FIELDS,
    TEXT_FIELDS,
    And,
    Compare,
    Everything,
    Is,
    Node,
    Not,
    Or,
    Phrase,
    Word,
)

MAX_LENGTH = 4000
MAX_DEPTH = 40

_FIELD = re.compile(r"([^\W\d]\w*)(?:(:)|\s*(>=|<=|!=|=|>|<))\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\])')
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_SPACE = re.compile(r"\s*")


def parse(text: str) -> Query:
    """Read a filter. Raises `errors.QueryError` that points at the character, and nothing else."""
    return _Reader(text).query()


class _Reader:
    """A text and how far it has been read; `position` always stands on something other than space, or at the end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.depth = 0

    def query(self) -> Query:
        if len(self.text) > MAX_LENGTH:
            raise self.fault(f"the filter is longer than {MAX_LENGTH} characters", MAX_LENGTH)
        self.step(0)
        if not self.ahead():
            raise self.fault("the filter is empty (write * for everything)")
        root = self.either()
        if self.ahead():
            raise self.fault("a ) without its (")
        return Query(root)

    def fault(self, message: str, position: int | None = None) -> QueryError:
        return QueryError(message, query=self.text, position=self.position if position is None else position)

    def step(self, to: int) -> None:
        """Go to a place and over the space that follows it."""
        space = _SPACE.match(self.text, to)
        self.position = to if space is None else space.end()

    def ahead(self) -> str:
        """The next character, or nothing at the end."""
        return self.text[self.position : self.position + 1]

    def bare(self) -> str:
        """What stands here up to the next space, quote or parenthesis; may be nothing."""
        found = BARE.match(self.text, self.position)
        return "" if found is None else found[0]

    def take(self, word: str) -> bool:
        """Step over an operator if it stands here."""
        if self.bare() != word:
            return False
        self.step(self.position + len(word))
        return True

    def either(self) -> Node:
        terms = [self.all()]
        while self.take("OR"):
            terms.append(self.all())
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def all(self) -> Node:
        terms = [self.one()]
        while self.take("AND") or (self.ahead() not in {"", ")"} and self.bare() != "OR"):
            terms.append(self.one())
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def one(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fault(f"more than {MAX_DEPTH} levels of parentheses and NOT")
        if self.take("NOT"):
            node: Node = Not(self.one())
        elif self.ahead() == "(":
            node = self.group()
        else:
            node = self.term()
        self.depth -= 1
        return node

    def group(self) -> Node:
        opened = self.position
        self.step(opened + 1)
        node = self.either()
        if self.ahead() != ")":
            raise self.fault("a ( that is never closed", opened)
        self.step(self.position + 1)
        return node

    def term(self) -> Node:
        start, bare = self.position, self.bare()
        if self.ahead() in {"", ")"}:
            raise self.fault("a term is missing here")
        if bare in {"AND", "OR"}:
            raise self.fault(f"{bare} has nothing to its left")
        if not bare:
            phrase = Phrase(self.quoted())
            self.must_say(phrase.text, start)
            return phrase
        field = _FIELD.match(self.text, start)
        return self.word() if field is None else self.field(field)

    def word(self) -> Node:
        start, text = self.position, self.value()
        if text == "*":
            return Everything()
        if text.lower() in {"and", "or", "not"}:
            raise self.fault(f'operators are written {text.upper()}; to search the word, write "{text}"', start)
        if text[0] in "-!":
            raise self.fault(f"to exclude a word, write NOT {text[1:] or 'word'}", start)
        if "*" in text:
            raise self.fault("* stands alone, for everything; there are no wildcards", start)
        self.must_say(text, start)
        return Word(text)

    def must_say(self, text: str, start: int) -> None:
        if not tokens(text):
            raise self.fault("there is no letter or digit to look for", start)

    def field(self, found: re.Match[str]) -> Node:
        start, name, operator = self.position, found[1].lower(), found[2] or found[3]
        if name not in TEXT_FIELDS and name not in NUMBER_FIELDS:
            raise self.fault(f"there is no field {found[1]!r} ({_hint_of_field(name)})")
        self.step(found.end())
        at = self.position
        if self.ahead() in {"", "(", ")"}:
            raise self.fault(f"{name}{operator} needs a value")
        value = self.value()
        if name in NUMBER_FIELDS:
            return self.compare(name, "=" if operator == ":" else operator, value, at)
        if operator != ":":
            raise self.fault(f"{name} is text; write {name}:{value}", start)
        if not value.strip():
            raise self.fault(f"{name}: needs a value", at)
        allowed = TEXT_FIELDS[name]
        if allowed and value.lower() not in allowed:
            raise self.fault(f"{name} cannot be {value!r} (it is one of {', '.join(allowed)})", at)
        return Is(name, value.lower() if allowed else value)

    def compare(self, name: str, operator: str, value: str, at: int) -> Compare:
        if _NUMBER.fullmatch(value) is None:
            raise self.fault(f"{name} compares with a number, not with {value!r}", at)
        low, high = NUMBER_FIELDS[name]
        if not low <= float(value) <= high:
            raise self.fault(f"{name} runs from {low} to {high}", at)
        return Compare(name, operator, float(value))

    def value(self) -> str:
        """Step over a quoted or a bare value and return it."""
        bare = self.bare()
        if not bare:
            return self.quoted()
        end = self.position + len(bare)
        if self.text.startswith('"', end):
            raise self.fault("a quote inside a word; put a space before it or quote the whole value", end)
        self.step(end)
        return bare

    def quoted(self) -> str:
        found = _QUOTED.match(self.text, self.position)
        if found is None:
            raise self.fault("a quote that is never closed")
        self.step(found.end())
        return _ESCAPE.sub(r"\1", found[1])


def _hint_of_field(name: str) -> str:
    known = [*TEXT_FIELDS, *NUMBER_FIELDS]
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"fields are {', '.join(known)}; quote it to search the words"
