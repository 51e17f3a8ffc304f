"""Text to nodes, by recursive descent; every fault points at the character."""

from __future__ import annotations

import re
from typing import Final

from monitor.errors import QueryError
from monitor.query.asking import Query
from monitor.query.nodes import (
    BARE,
    NUMBER_FIELDS,
    TEXT_FIELDS,
    TIME_FIELDS,
    TITLE,
    And,
    Everything,
    Exact,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Word,
)
from monitor.query.values import FIELDS, Unfit, compared, is_value, no_field, timed
from monitor.text import words

MAX_LENGTH: Final = 4000
MAX_DEPTH: Final = 40
MAX_NEAR: Final = 100

_FIELD = re.compile(r"([^\W\d]\w*)(?:(:)|\s*(>=|<=|!=|=|>|<))\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\])')
_NEAR = re.compile(r"near(/(.*))?", re.IGNORECASE | re.DOTALL)
_SPACE = re.compile(r"\s*")
_COMMENT = re.compile(r"#(?![^\s])[^\r\n]*")
_NEAR_TAKES = "near stands between two single words, as in late near/5 delivery"
_HALF = re.compile("[\ud800-\udfff]")


def parse(text: str) -> Query:
    """Read a filter. Raises `errors.QueryError` that points at the character, and nothing else."""
    return _Reader(text).query()


class _Reader:
    """A text and how far it has been read; `position` always stands on something that is read, or at the end.

    `comment` is where the comment begins that was stepped over last, -1 where there was none.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.depth = 0
        self.comment = -1

    def query(self) -> Query:
        if len(self.text) > MAX_LENGTH:
            raise self.fault(f"the filter is longer than {MAX_LENGTH} characters", MAX_LENGTH)
        if half := _HALF.search(self.text):
            raise self.fault("half a character: the text is no UTF-8", half.start())
        self.step(0)
        if not self.ahead():
            raise self.missing("the filter is empty (write * for everything)")
        root = self.either()
        if self.ahead():
            raise self.fault("a ) without its (")
        return Query(root)

    def fault(self, message: str, position: int | None = None) -> QueryError:
        return QueryError(message, query=self.text, position=self.position if position is None else position)

    def missing(self, message: str, position: int | None = None) -> QueryError:
        """A fault where something should follow, which a comment may have swallowed."""
        if self.comment >= 0 and not self.ahead():
            message += f"; the comment at character {self.comment + 1} runs to the end of the line"
        return self.fault(message, position)

    def step(self, to: int) -> None:
        """Go to a place and over the space and the comments that follow it."""
        self.comment, self.position = -1, self.over_space(to)
        while comment := _COMMENT.match(self.text, self.position):
            self.comment = comment.start()
            self.position = self.over_space(comment.end())

    def over_space(self, start: int) -> int:
        space = _SPACE.match(self.text, start)
        return start if space is None else space.end()

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
            node = self.near_or_term()
        self.depth -= 1
        return node

    def group(self) -> Node:
        opened = self.position
        self.step(opened + 1)
        node = self.either()
        if self.ahead() != ")":
            raise self.missing("a ( that is never closed", opened)
        self.step(self.position + 1)
        return node

    def near_or_term(self) -> Node:
        """A term, or two words that stand near each other."""
        start, left = self.position, self.term()
        operator = self.near_ahead()
        if operator is None:
            return left
        most, first = self.distance(operator), self.single(left, start)
        self.step(self.position + len(operator[0]))
        start = self.position
        if self.ahead() == "(" or self.bare() == "NOT":
            raise self.fault(_NEAR_TAKES)
        second = self.single(self.term(), start)
        if self.near_ahead() is not None:
            raise self.fault("near joins two words; join the next pair by AND: a near/5 b AND b near/5 c")
        if words(first) == words(second):
            raise self.fault("near takes two different words", start)
        return Near(first, second, most)

    def near_ahead(self) -> re.Match[str] | None:
        return _NEAR.fullmatch(self.bare())

    def distance(self, operator: re.Match[str]) -> int:
        number = operator[2] or ""
        if operator[1] is None:
            raise self.fault('near needs a number of words, as in near/5; to search the word, write "near"')
        if not (number.isascii() and number.isdecimal() and len(number) < 9):
            raise self.fault("near needs a number of words, as in near/5")
        if int(number) == 0:
            raise self.fault('near/0 leaves no room; for words side by side write "two words", for any order near/1')
        if int(number) > MAX_NEAR:
            raise self.fault(f"near reaches over {MAX_NEAR} words at most")
        return int(number)

    def single(self, operand: Node, start: int) -> str:
        if isinstance(operand, Word) and not operand.field and len(words(operand.text)) == 1:
            return operand.text
        raise self.fault(_NEAR_TAKES, start)

    def term(self) -> Node:
        start, bare = self.position, self.bare()
        if self.ahead() in {"", ")"}:
            raise self.missing("a term is missing here")
        if bare in {"AND", "OR"} or bare.lower().startswith("near/"):
            raise self.fault(f"{bare} has nothing to its left")
        if not bare or bare[0] == "=":
            return self.saying("")
        field = _FIELD.match(self.text, start)
        if field is not None and not self.is_word_before_exact(field):
            return self.field(field)
        if bare == "*" and not self.text.startswith('"', start + 1):
            self.step(start + 1)
            return Everything()
        if bare.lower() in {"and", "or", "not", "near"}:
            written = "near/5" if bare.lower() == "near" else bare.upper()
            raise self.fault(f'operators are written {written}; to search the word, write "{bare}"')
        if bare[0] in "-!":
            raise self.fault(f"to exclude a word, write NOT {bare[1:] or 'word'}")
        return self.saying("")

    def is_word_before_exact(self, field: re.Match[str]) -> bool:
        """Whether what looks like a comparison is a word and an exact spelling, as in `late =Kassolet`."""
        apart, at_once = field.end(1) < field.start(3), field.end(3) == field.end()
        return field[3] == "=" and apart and at_once and field[1].lower() not in NUMBER_FIELDS

    def saying(self, field: str) -> Node:
        """A word, a phrase or an exact spelling, in a field or anywhere."""
        start, exact = self.position, self.ahead() == "="
        if exact:
            self.position += 1
        quoted = self.ahead() == '"'
        if exact and not quoted and not self.bare():
            raise self.fault('= needs what it looks for at once, as in =Word or ="Two Words"', start)
        text = self.value()
        if "*" in text and not quoted and not exact:
            raise self.fault("* stands alone, for everything; there are no wildcards", start)
        if not words(text):
            raise self.fault("there is no letter or digit to look for", start)
        if exact:
            return Exact(text, field)
        return Phrase(text, field) if quoted else Word(text, field)

    def field(self, found: re.Match[str]) -> Node:
        start, name, operator = self.position, found[1].lower(), found[2] or found[3]
        if name not in FIELDS:
            raise self.fault(no_field(found[1]))
        self.step(found.end())
        at = self.position
        if self.ahead() in {"", "(", ")"}:
            raise self.missing(f"{name}{operator} needs a value")
        if name == TITLE and operator == ":":
            return self.saying(name)
        value = self.value()
        if name not in NUMBER_FIELDS and operator != ":":
            sort = "time" if name in TIME_FIELDS else "text"
            raise self.fault(f"{name} is {sort}; write {name}:{value}", start)
        try:
            if name in TEXT_FIELDS:
                return is_value(name, value)
            if name in TIME_FIELDS:
                return timed(name, value)
            return compared(name, "=" if operator == ":" else operator, value)
        except Unfit as unfit:
            raise self.fault(str(unfit), at) from None

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
