"""What a web page says of itself in schema.org's words, from JSON-LD, microdata and RDFa, as one sort of record.

Pages are hand-made: JSON-LD stands in comments, has trailing commas and raw line breaks, is escaped as if it were
text. All of it is read over the lxml tree in bounded work; text of an element is taken only for the few properties
that a post is made of, and no more of it in all than a few times the page.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from monitor.sources.items import text_of
from monitor.sources.webpage import TAG_CAP
from monitor.text import clean_url, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lxml import etree

    from monitor.models import JSON
    from monitor.sources.webpage import WebPage

_DEPTH: Final = 40
_NODES: Final = 50_000
_TYPES: Final = 10
_MENDED: Final = 1_000_000  # code points of JSON-LD that are mended; that takes a microsecond for each
_LD_TYPE: Final = re.compile(r"\s*application/ld\+json\b", re.IGNORECASE)
_OPENING: Final = re.compile(r"\s*(?:<!--|(?://|/\*)?\s{0,9}<!\[CDATA\[(?:\s{0,9}\*/)?)")
_CLOSING: Final = re.compile(r"(?:-->|(?://|/\*)?\s{0,9}\]\]>(?:\s{0,9}\*/)?)$")
# An end that is missing is the end of the text: what is searched for again from each beginning would be quadratic.
_STRING: Final = r'("[^"\\]*+(?:\\.[^"\\]*+)*+"?)'
_COMMENT: Final = re.compile(_STRING + r"|/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/)?|//[^\n]*", re.DOTALL)
_COMMA: Final = re.compile(_STRING + r"|,(?=\s*+[\]}])", re.DOTALL)
_DECODER: Final = json.JSONDecoder(parse_constant=lambda _: None, strict=False)
_SCHEMA: Final = re.compile(r"(?:https?://(?:www\.)?(?:schema|data-vocabulary)\.org/|schema:|v:)(\w+)", re.IGNORECASE)
_BARE: Final = re.compile(r"\w+")
_LINKED: Final = {"a": "href", "area": "href", "link": "href", "object": "data"} | dict.fromkeys(
    ("img", "video", "audio", "source", "iframe", "embed"), "src"
)
_VALUED: Final = {"meta": "content", "data": "value", "meter": "value", "time": "datetime"}
_READ: Final = frozenset(  # properties whose text is taken from elements
    {"name", "headline", "alternativeheadline", "title", "text", "reviewbody", "articlebody", "description"}
    | {"commenttext", "commenttime", "datepublished", "datecreated", "dtreviewed", "author", "creator", "reviewer"}
    | {
        "ratingvalue",
        "bestrating",
        "worstrating",
        "reviewrating",
        "rating",
        "value",
        "best",
        "identifier",
        "upvotecount",
    }
    | {"commentcount", "answercount", "userinteractioncount", "interactiontype", "inlanguage", "url", "summary"}
)

Value: TypeAlias = "Thing | str | int | float | bool"


@dataclass(eq=False, slots=True)
class Thing:
    """A record: its types and properties (in lower case, without a vocabulary), and the id by which others name it."""

    types: tuple[str, ...] = ()
    id: str | None = None
    properties: dict[str, list[Value]] = field(default_factory=dict)

    def add(self, name: str, value: Value) -> None:
        """Notes one more value of a property."""
        self.properties.setdefault(name.lower(), []).append(value)

    def all(self, *names: str) -> Iterator[Value]:
        """The values of the properties, in the order of their names."""
        for name in names:
            yield from self.properties.get(name, ())


@dataclass(frozen=True, slots=True)
class Structured:
    """What a page says: records of each syntax that stand in no other; `unread` JSON-LD that cannot be read."""

    syntaxes: tuple[tuple[Thing, ...], ...]
    unread: int


def structured(page: WebPage) -> Structured:
    """The records of a page."""
    linked, unread = _linked_data(page)
    reader = _ElementReader(page)
    return Structured((linked, reader.microdata(), reader.rdfa()), unread)


def local_name(name: str) -> str:
    """A name without its vocabulary: `Review` of `https://schema.org/Review` and of `schema:Review`."""
    return re.split(r"[/#:]", name.strip())[-1]


# ── JSON-LD ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _linked_data(page: WebPage) -> tuple[tuple[Thing, ...], int]:
    roots: list[Thing] = []
    maker, unread = _ThingMaker(), 0
    for script in page.root.iter("script"):
        if not _LD_TYPE.match(script.get("type", "")):
            continue
        text = (script.text or "").strip()
        value = parse_linked_data(text) if text else []
        if value is None:
            unread += 1
        roots += [one for one in maker.values(value, 0) if isinstance(one, Thing)]
    maker.resolve()
    return tuple(roots), unread


def parse_linked_data(text: str) -> JSON:
    """JSON as pages spell it: in comments, with comments and trailing commas, or escaped; None where it is none."""
    for attempt in (str, _mended, lambda one: _mended(html.unescape(one))):
        try:
            return cast("JSON", _DECODER.decode(attempt(text).strip()))
        except (ValueError, RecursionError):
            continue
    return None


def _mended(text: str) -> str:
    if len(text) > _MENDED:
        return text
    for _ in range(2):
        text = _CLOSING.sub("", _OPENING.sub("", text, count=1).rstrip())
    for surplus in (_COMMENT, _COMMA):
        text = surplus.sub(lambda found: found[1] or "", text)
    return text.strip().rstrip(";")


class _ThingMaker:
    """Makes records of JSON-LD; those that only name another one by its id get its properties."""

    def __init__(self) -> None:
        self._named: dict[str, Thing] = {}
        self._naming: list[Thing] = []
        self._left = _NODES

    def values(self, node: JSON, depth: int) -> Iterator[Value]:
        """The values that a node stands for."""
        self._left -= 1
        if node is None or depth > _DEPTH or self._left < 0:
            return
        if isinstance(node, list):
            for one in node:
                yield from self.values(one, depth + 1)
        elif isinstance(node, dict):
            for wrapper in ("@value", "@list", "@set", "@graph"):
                if wrapper in node:
                    yield from self.values(node[wrapper], depth + 1)
            if not {"@value", "@list", "@set"} & node.keys() and node.keys() - {"@context", "@graph"}:
                yield self._thing(node, depth)
        else:
            yield node

    def _thing(self, node: Mapping[str, JSON], depth: int) -> Thing:
        given, name = node.get("@type", node.get("type")), node.get("@id")
        types = given if isinstance(given, list) else [given]
        thing = Thing(tuple(local_name(one) for one in types[:_TYPES] if isinstance(one, str)))
        if isinstance(name, str) and name:
            thing.id = name
        for key, value in node.items():
            if not key.startswith("@"):
                for one in self.values(value, depth + 1):
                    thing.add(local_name(key), one)
        if thing.id and thing.properties:
            self._named.setdefault(thing.id, thing)
        elif thing.id:
            self._naming.append(thing)
        return thing

    def resolve(self) -> None:
        """Gives those that only name another one what that one is."""
        for thing in self._naming:
            if other := self._named.get(thing.id or ""):
                thing.types, thing.properties = other.types, other.properties


# ── Microdata and RDFa ──────────────────────────────────────────────────────────────────────────────────────────────


class _ElementReader:
    """Reads the attributes of a page's elements; `left` is how much text may still be taken from it."""

    def __init__(self, page: WebPage) -> None:
        self._page = page
        self._left = 4 * len(page.markup) + 100_000
        self._steps = 4 * TAG_CAP
        self._made: dict[etree._Element, Thing] = {}

    def microdata(self) -> tuple[Thing, ...]:
        """The items of a page that are no property of another."""
        roots: list[Thing] = []
        references: list[tuple[Thing, list[str]]] = []
        self._items(self._page.root, None, roots, references)
        wanted = {name for _, names in references for name in names}
        found = {element.get("id"): element for element in self._page.root.iter() if element.get("id") in wanted}
        for thing, names in references[:200]:
            for element in (found[name] for name in names[:20] if name in found):
                self._items(element, thing, roots, [])
        return tuple(roots)

    def _items(
        self, start: etree._Element, item: Thing | None, roots: list[Thing], references: list[tuple[Thing, list[str]]]
    ) -> None:
        """Walks a tree, whose top belongs to `item`."""
        stack: list[tuple[etree._Element, Thing | None]] = [(start, item)]
        while stack:
            element, around = stack.pop()
            self._steps -= 1
            if self._steps < 0:
                return
            names = element.get("itemprop", "").split()
            inner = around
            if known := self._made.get(element):  # referred to from elsewhere
                if around is not None and names and known is not around:
                    self._note(around, names, element, known)
                continue
            if element.get("itemscope") is not None:
                types = element.get("itemtype", "").split()[:_TYPES]
                inner = self._made[element] = Thing(tuple(map(local_name, types)), element.get("itemid"))
                if refs := element.get("itemref", "").split():
                    references.append((inner, refs))
                if around is None or not names:
                    roots.append(inner)
            if around is not None and names:
                self._note(around, names, element, inner if inner is not around else None)
            stack += [(child, inner) for child in reversed(element)]

    def _note(self, thing: Thing, names: list[str], element: etree._Element, inner: Thing | None) -> None:
        for name in map(local_name, names[:_TYPES]):
            value = inner or self._value(element, name)
            if value != "":
                thing.add(name, value)

    def rdfa(self) -> tuple[Thing, ...]:
        """The records of schema.org's vocabulary that are no property of another."""
        roots: list[Thing] = []
        stack: list[tuple[etree._Element, Thing | None, bool, list[str]]] = [(self._page.root, None, True, [])]
        while stack:
            element, around, is_ours, pending = stack.pop()
            if (vocab := element.get("vocab")) is not None:
                is_ours = _SCHEMA.match(f"{vocab.rstrip('/')}/x") is not None
            names = _terms(element.get("property"), is_ours=is_ours)
            types = _terms(element.get("typeof"), is_ours=is_ours)
            relations = _terms(element.get("rel"), is_ours=False)
            inner, waiting = around, [] if names else pending
            if types:
                inner = Thing(tuple(types), element.get("resource") or element.get("about"))
                if around is None or not (names or pending or relations):
                    roots.append(inner)
                else:
                    self._note(around, names or relations or pending, element, inner)
                waiting = []
            elif around is not None and names:
                self._note(around, names, element, None)
            elif relations and element.get("href") is None:
                waiting = relations
            stack += [(child, inner, is_ours, waiting) for child in reversed(element)]
        return tuple(roots)

    def _value(self, element: etree._Element, name: str) -> str | Thing:
        tag = element.tag
        for attribute in ("content", _VALUED.get(tag)):
            if attribute and (value := element.get(attribute)) is not None:
                return plain_text(value)
        if (attribute := _LINKED.get(tag)) and (link := element.get(attribute)) is not None:
            url = clean_url(link, self._page.base) or ""
            if name.lower() in ("author", "creator", "reviewer"):  # a link to an author is the author's name too
                return Thing(properties={"name": [self._text(element)], "url": [url]})
            return url if name.lower() not in ("name", "headline") else self._text(element)
        return self._text(element) if name.lower() in _READ else ""

    def _text(self, element: etree._Element) -> str:
        if self._left <= 0:
            return ""
        self._left -= sum(len(text) for text in element.itertext()) + 100
        return text_of(element)


def _terms(given: str | None, *, is_ours: bool) -> list[str]:
    """Those of the names that are schema.org's; bare ones are where the vocabulary in force is."""
    terms = []
    for name in (given or "").split()[:_TYPES]:
        if found := _SCHEMA.fullmatch(name):
            terms.append(found[1])
        elif is_ours and _BARE.fullmatch(name):
            terms.append(name)
    return terms
