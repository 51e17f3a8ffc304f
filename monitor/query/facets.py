"""Facts as search tokens: one token says that a field has a value, for the predicate and for the search index alike.

FTS5's `ascii` tokenizer splits at every ASCII character that is no letter or digit and nowhere else. Those characters
are therefore moved into the private use area, and a whole value such as `author:Anna K.` stays one token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

from monitor.query.nodes import TEXT_FIELDS
from monitor.text import fold

if TYPE_CHECKING:
    from collections.abc import Iterator

Facts: TypeAlias = Mapping[str, object]

ALL: Final = "all"
"""The token that every row has."""

_MOVED: Final = {code: chr(0xE000 + code) for code in range(128) if not chr(code).isalnum()} | dict.fromkeys(
    range(0xD800, 0xE000), "\ufffd"
)
_LONGEST: Final = 4000  # code points of a value that count; FTS5 cuts tokens at 32768 bytes
_DEEPEST: Final = 8  # labels of a domain that count


@lru_cache(maxsize=1024)  # routes ask for the same brands, sources and languages again and again
def facet(field: str, value: str) -> str:
    """The token of one value of a text field."""
    return f"{field}\ue03a{(domain(value) if field == 'site' else fold(value))[:_LONGEST].translate(_MOVED)}"


def facets_of(facts: Facts) -> str:
    """All tokens of a mention, with single spaces: `all`, and one for each value of each text field that is known."""
    return " ".join([ALL, *(token for field in TEXT_FIELDS for token in tokens(field, facts))])


def tokens(field: str, facts: Facts) -> frozenset[str]:
    """The tokens of what is known of a text field; blank texts are not known."""
    parts = _PARTS.get(field, _whole)
    known = (part for value in texts(facts.get(field)) for part in parts(value))
    return frozenset(facet(field, value) for value in known if fold(value))


def texts(known: object) -> tuple[str, ...]:
    """A fact as texts: it may be one or several, and a truth is yes or no."""
    match known:
        case str():
            return (known,)
        case bool():
            return ("yes" if known else "no",)
        case list() | tuple() | set() | frozenset():
            return tuple(map(str, known))
    return ()


def domain(value: str) -> str:
    """A domain as it is compared: folded, without `www.`, letters instead of punycode."""
    folded = fold(value).strip(".").removeprefix("www.")
    return ".".join(map(_letters, folded.split("."))) if "xn--" in folded else folded


def _whole(value: str) -> Iterator[str]:
    yield value


def _languages(tag: str) -> Iterator[str]:
    """A language's tag, and its code alone: pt-BR is pt."""
    yield tag
    yield tag.replace("_", "-").partition("-")[0]


def _domains(site: str) -> Iterator[str]:
    """The host of an address, or a host as it is, and every domain that it belongs to."""
    try:
        labels = domain(urlsplit(site).hostname or site).split(".")
    except ValueError:  # an address that cannot be read is on no site
        return
    for start in range(max(0, len(labels) - _DEEPEST), len(labels)):
        yield ".".join(labels[start:])


def _letters(label: str) -> str:
    try:
        return label.encode("ascii").decode("idna")
    except UnicodeError:  # what is no punycode stays as it is
        return label


_PARTS: Final[Mapping[str, Callable[[str], Iterator[str]]]] = {"site": _domains, "lang": _languages}
"""Fields of which a value is also known by less."""
