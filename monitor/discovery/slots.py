"""What repeats within the items of a list: places that most items have, and what stands in each of them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

from monitor.discovery.naming import classes, cost
from monitor.text import plain_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from lxml import etree

LOOKED_AT: Final = 40
"""Items of a list that are looked into."""

_WITHIN: Final = 400  # elements of one item that are looked at
_KEPT: Final = 4  # elements of one place and item
_MOST: Final = 0.6  # of the items must have a place for it to count
_BY_TAG: Final = frozenset(
    {"time", "abbr", "h1", "h2", "h3", "h4", "h5", "a", "p", "cite", "strong", "b", "blockquote", "td", "dd"}
)
_BY_ATTRIBUTE: Final = ("itemprop", "data-role", "rel")
_UNSEEN: Final = frozenset({"script", "style", "noscript", "template", "svg", "head", "button", "select", "textarea"})
_LONG: Final = 20_000


def text_of(element: etree._Element) -> str:
    """The words in an element, on one line; the first of them where they are many."""
    return plain_text("".join(_words(element))[:_LONG], one_line=True)


def _words(element: etree._Element) -> Iterator[str]:
    if element.tag in _UNSEEN:
        return
    yield element.text or ""
    for child in element:
        yield " "
        yield from _words(child)
        yield child.tail or ""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place within items: its selector, and per item the elements there (none where an item lacks it)."""

    selector: str
    found: tuple[tuple[etree._Element, ...], ...]

    @property
    def share(self) -> float:
        """In how many of the items it is, 0 to 1."""
        return sum(1 for elements in self.found if elements) / len(self.found)

    @property
    def firsts(self) -> list[etree._Element]:
        """The first element of each item that has one."""
        return [elements[0] for elements in self.found if elements]

    def texts(self) -> list[str]:
        """The words of the first element of each item that has one."""
        return [text_of(element) for element in self.firsts]

    def size(self) -> float:
        """The median length of all that stands there."""
        return median(sum(len(text_of(element)) for element in elements) for elements in self.found)

    def values(self, attribute: str) -> list[str]:
        """What an attribute of the first elements says; empty where one lacks it."""
        return [element.get(attribute) or "" for element in self.firsts]


@dataclass(slots=True)
class _Gathered:
    by_item: list[dict[str, list[etree._Element]]] = field(default_factory=list)

    def note(self, selector: str, element: etree._Element) -> None:
        kept = self.by_item[-1].setdefault(selector, [])
        # Of nested elements the outermost counts, as when a page is read.
        if len(kept) < _KEPT and not (kept and _is_within(element, kept[-1])):
            kept.append(element)


def _is_within(element: etree._Element, other: etree._Element) -> bool:
    return any(above is other for above in element.iterancestors())


def slots_of(items: Sequence[etree._Element], members: Collection[etree._Element]) -> list[Slot]:
    """The places that most of the items have, by what their selectors cost; of several for one place the cheapest."""
    gathered = _Gathered()
    for item in items[:LOOKED_AT]:
        gathered.by_item.append({})
        _gather(item, members, gathered)
    counted = Counter(selector for places in gathered.by_item for selector in places)
    best: dict[tuple[tuple[int, ...], ...], Slot] = {}
    for selector, number in counted.items():
        if number < _MOST * len(gathered.by_item):
            continue
        found = tuple(tuple(places.get(selector, ())) for places in gathered.by_item)
        place = tuple(tuple(map(id, elements)) for elements in found)
        if place not in best or cost(selector) < cost(best[place].selector):
            best[place] = Slot(selector, found)
    return sorted(best.values(), key=lambda slot: cost(slot.selector))


def _gather(item: etree._Element, members: Collection[etree._Element], gathered: _Gathered) -> None:
    """Notes what stands in an item, but not in the items within it."""
    stack: list[tuple[etree._Element, str | None]] = [(child, None) for child in reversed(item)]
    left = _WITHIN
    while stack and left:
        element, around = stack.pop()
        if element.tag in _UNSEEN or element in members:
            continue
        left -= 1
        named = classes(element)
        for selector in _selectors(element, named, around):
            gathered.note(selector, element)
        inner = f".{named[0]}" if named else (_cell(element) or around)
        stack += [(child, inner) for child in reversed(element)]


def _selectors(element: etree._Element, named: list[str], around: str | None) -> Iterator[str]:
    for name in named[:3]:
        yield f".{name}"
        if around:
            yield f"{around} .{name}"
    for attribute in _BY_ATTRIBUTE:
        if re.fullmatch(r"(?!no|external|ugc)[A-Za-z][\w-]*", value := element.get(attribute) or ""):
            yield f'[{attribute}="{value}"]'
    if element.tag in _BY_TAG:
        yield element.tag
    if around and not named:
        yield f"{around} {element.tag}"
    if not named and (cell := _cell(element)):
        yield cell


def _cell(element: etree._Element) -> str | None:
    """A cell of a table that has no name is called by its number: nothing else tells it from its neighbours."""
    if element.tag != "td":
        return None
    before = sum(1 for sibling in element.itersiblings("td", preceding=True))
    return f"td:nth-of-type({before + 1})"
