"""pydantic's errors as faults: the place in the file, plain words, and a hint.

What pydantic says is written for programmers; the table below says the same for whoever edits sources.yaml. An error of
a sort that is not in the table still comes through in pydantic's words.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from monitor.config.kindshapes import shape_of, shape_within
from monitor.config.shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from monitor.config.document import Document, Place, Step
    from monitor.errors import Fault

_WORDS: Mapping[str, str] = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping of keys to values",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than_equal": "must be at least {ge:g}",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "less_than_equal": "must be at most {le:g}",
    "list_type": "must be a list",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "missing": "is missing",
    "model_type": "must be a mapping of keys to values",
    "string_too_long": "is longer than {max_length} characters",
    "string_too_short": "must not be empty",
    "string_type": "must be text",
    "too_short": "must not be empty",
    "tuple_type": "must be a list",
}
_HINTS: Mapping[str, str] = {
    "string_type": "put it in quotes",
    "list_type": "write [one, two], or a line with - for each",
    "tuple_type": "write [one, two], or a line with - for each",
}
# What a missing key is for, where its name alone does not say it.
_NEEDED: Mapping[tuple[str, ...], str] = {
    ("brands", "known_issues", "words"): "the words that point at it",
    ("contact",): "an e-mail address or page where the owner of a site can reach you",
    ("office", "hours"): "from when to when, as in 9:00-18:00",
    ("office", "zone"): "the time zone of the hours, as in Europe/Moscow",
    ("receivers", "quiet", "hours"): "from when to when, as in 22:00-8:00",
    ("receivers", "webhooks", "url"): "where it is sent",
    ("digests", "name"): "what tells it from the others",
    ("digests", "to"): "the name of a receiver",
}
# What people write who come from other tools.
_OTHER_NAMES: Mapping[str, str] = {
    "channels": "receivers",
    "email": "contact",
    "feeds": "sources",
    "interval": "every",
    "keywords": "aliases",
    "link": "url",
    "query": "match",
    "receiver": "to",
    "matchers": "match",
    "type": "kind",
}
_TAGS = frozenset({"list", "mapping"})  # names that pydantic puts into a place to say which form it tried


def translate(
    errors: Iterable[ErrorDetails],
    document: Document,
    *,
    under: Place = (),
    kind: str = "",
    also: tuple[str, ...] = (),
) -> list[Fault]:
    """Faults for pydantic's errors about what stands `under` a place.

    `kind` is that of a source; `also` are keys that may stand there beside those of its kind.
    """
    return [_fault(error, document, under, kind, also) for error in errors]


def closest(word: str, known: Sequence[str]) -> str:
    """A hint on what was meant: the nearest of the known words, or all of them."""
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"known are {', '.join(known)}" if known else ""


def _fault(error: ErrorDetails, document: Document, under: Place, kind: str, also: tuple[str, ...]) -> Fault:
    sort, facts = error["type"], error.get("ctx", {})
    place, at_key = _place((*under, *error["loc"]), document)
    if sort == "extra_forbidden":
        return document.fault(place, "there is no such key", _hint_on_key(place, under, kind, also), at_key=True)
    if sort == "mistake":
        return document.fault(place, facts["message"], facts["hint"], at_key=at_key)
    words = _WORDS[sort].format_map(facts) if sort in _WORDS else _lowered(error["msg"])
    return document.fault(place, words, _hint(sort, place), at_key=at_key)


def _place(loc: Sequence[Step], document: Document) -> tuple[Place, bool]:
    """The place in the file that pydantic means, and whether it means the key there."""
    place: Place = ()
    for step in loc:
        if step == "[key]":
            return place, True
        here = document.at(place)
        if step in _TAGS and not (isinstance(here, dict) and step in here):
            continue
        place = (*place, step)
    return place, False


def _structure(place: Place) -> tuple[str, ...]:
    """The keys of a place without indexes and the names that people gave; routes may stand within routes."""
    given = {1} if place and place[0] in {"receivers", "playbooks"} else set()
    if place[2:3] == ("known_issues",):
        given.add(3)
    keys = tuple(str(step) for index, step in enumerate(place) if index not in given and not isinstance(step, int))
    below = next((number for number, key in enumerate(keys) if key != "routes"), len(keys))
    return keys if below < 2 else keys[below - 1 :]


def _hint(sort: str, place: Place) -> str:
    if sort == "missing":
        return _NEEDED.get(_structure(place), "")
    return _HINTS.get(sort, "")


def _hint_on_key(place: Place, under: Place, kind: str, also: tuple[str, ...]) -> str:
    """What may have been meant by an unknown key."""
    shape = shape_within(shape_of(kind), place[len(under) : -1]) if kind else SHAPES[_structure(place)[:-1]]
    known = sorted({*shape.written_keys(), *(also if len(place) == len(under) + 1 else ())})
    word = str(place[-1])
    other = _OTHER_NAMES.get(word, "")
    return f"did you mean {other}?" if other in known else closest(word, known)


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]
