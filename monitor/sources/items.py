"""The items of a parsed page, and what the selectors of fields find in each.

An item within an item (an answer below a comment) is an item of its own: nothing in it is read as part of the outer
one, so that each element is read once, however deep a page nests. What `remove` selects is emptied before reading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

from monitor.sources.css import Selectors, compiled
from monitor.text import html_to_text, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SPEC: Final = re.compile(r"(.*?)(?:@([A-Za-z_][\w:.-]*))?\s*", re.DOTALL)
_TRIED: Final = 4  # elements of one selector that are looked at until one says something
_JOINED: Final = 200  # elements of one selector that a text is made of
# Where a value stands that is not in the text of an element.
_SILENT: Final = ("content", "value", "title", "aria-label", "alt")


class _Spec(NamedTuple):
    """One alternative of a field: the number of its selector, None for the item itself; and an attribute, or None."""

    selector: int | None
    attribute: str | None


@dataclass(slots=True)
class Item:
    """An item with the elements in it that the selectors found, outermost ones first, by selector."""

    element: etree._Element
    found: dict[int, list[etree._Element]] = field(default_factory=dict)

    def note(self, done: int, element: etree._Element, *, within: int) -> None:
        """The selectors of `done` select the element; those of `within` already selected one around it."""
        rest = done & ~within
        while rest:
            number = (rest & -rest).bit_length() - 1
            elements = self.found.setdefault(number, [])
            if len(elements) < _JOINED:
                elements.append(element)
            rest &= rest - 1


@dataclass(frozen=True, slots=True)
class Found:
    """What a page holds: its items in its order, and elements that stand once on it, by selector."""

    items: tuple[Item, ...]
    once: Mapping[int, etree._Element]


class Reader:
    """Compiled selectors for one sort of page.

    They are those of an item, of its fields and of what is configured `beside` them, of what is removed from it, and
    of links that stand once on the page; of those in `last` the last one counts that is selected. Raises ValueError,
    naming the key, for a selector that cannot be used.
    """

    def __init__(
        self,
        item: str,
        *,
        fields: Mapping[str, tuple[str, ...]],
        beside: Mapping[str, tuple[str, ...]],
        remove: tuple[str, ...],
        once: Mapping[str, str],
        last: frozenset[str] = frozenset(),
    ) -> None:
        self._texts = [item]
        _checked("item", item)
        self._fields = {name: self._specs(f"fields.{name}", given) for name, given in fields.items()}
        self._fields |= {name: self._specs(name, given) for name, given in beside.items()}
        self._removed = sum(1 << self._number("remove", selector) for selector in remove)
        self._once = {name: self._spec(name, given) for name, given in once.items() if given}
        for name, spec in self._once.items():
            if spec.selector is None:
                raise ValueError(f"{name}: needs a selector before the attribute")
        self._last = {self._once[name].selector for name in last & self._once.keys()}
        self._selectors: Selectors = compiled(tuple(self._texts))

    def _specs(self, name: str, given: tuple[str, ...]) -> tuple[_Spec, ...]:
        return tuple(self._spec(name, spec) for spec in given)

    def _spec(self, name: str, given: str) -> _Spec:
        found = _SPEC.fullmatch(given.strip())
        selector, attribute = (found[1], found[2]) if found else (given, None)
        if not selector.strip() and attribute is None:
            raise ValueError(f"{name}: is empty (write :scope for the item itself)")
        number = self._number(name, selector) if selector.strip() else None
        return _Spec(number, attribute.lower() if attribute else None)

    def _number(self, name: str, selector: str) -> int:
        _checked(name, selector)
        if selector not in self._texts[1:]:
            self._texts.append(selector)
        return self._texts.index(selector, 1)

    def find(self, root: etree._Element, *, limit: int) -> Found:
        """The first `limit` items of a page, each cut free of the items in it and of what is removed."""
        once = {spec.selector for spec in self._once.values() if spec.selector is not None}
        items: list[Item] = []
        singles: dict[int, etree._Element] = {}
        inner: list[etree._Element] = []
        cut: list[etree._Element] = []
        # Of each open match the item that it belongs to, and whether it is cut out of it.
        around: list[tuple[Item | None, bool]] = []
        for match in self._selectors.walk(root):
            del around[match.within :]
            for number in once:
                if match.done >> number & 1 and (number in self._last or number not in singles):
                    singles[number] = match.element
            current, is_cut = around[-1] if around else (None, False)
            if not is_cut and match.done & 1:
                if current is not None:
                    inner.append(match.element)
                current = Item(match.element)
                items.append(current)
            elif not is_cut and current is not None and match.done & self._removed:
                cut.append(match.element)
                is_cut = True
            if current is not None and not is_cut:
                current.note(match.done, match.element, within=0 if match.done & 1 else match.around)
            around.append((current, is_cut))
        _free(inner)
        for element in cut:
            tail = element.tail
            element.clear()
            element.tag, element.tail = "template", tail  # which is not part of any text
        return Found(tuple(items[:limit]), singles)

    def values(self, item: Item, name: str, *, attributes: tuple[str, ...] = (), text: bool = True) -> Iterator[str]:
        """What a field may be, best first.

        Where its selector names no attribute, `attributes` are tried, and then the text unless `text` is False.
        """
        for spec in self._fields.get(name, ()):
            elements = [item.element] if spec.selector is None else item.found.get(spec.selector, [])[:_TRIED]
            for element in elements:
                for attribute in (spec.attribute,) if spec.attribute else attributes:
                    if value := plain_text(element.get(attribute) or "", one_line=True):
                        yield value
                if text and not spec.attribute:
                    yield from _said(element)

    def prose(self, item: Item, name: str) -> str:
        """The text of all elements that the first fruitful alternative of a field selects, in the page's order."""
        for spec in self._fields.get(name, ()):
            elements = [item.element] if spec.selector is None else item.found.get(spec.selector, [])
            if spec.attribute is not None:
                texts = [html_to_text(element.get(spec.attribute, "")) for element in elements[:_TRIED]]
            else:
                texts = [text_of(element) for element in elements]
            if text := plain_text("\n".join(filter(None, texts))):
                return text
        return ""

    def has(self, name: str) -> bool:
        """Whether a field is configured."""
        return bool(self._fields.get(name))

    def once(self, found: Found, name: str, *, attribute: str) -> str | None:
        """A value that stands once on the page, such as the address of the next one."""
        spec = self._once.get(name)
        element = found.once.get(spec.selector) if spec and spec.selector is not None else None
        return element.get((spec and spec.attribute) or attribute) if element is not None else None


def _checked(name: str, selector: str) -> None:
    try:
        compiled((selector,))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _free(inner: list[etree._Element]) -> None:
    """Takes items out of those around them."""
    for element in inner:
        parent = element.getparent()
        if parent is not None:
            place = etree.Element("template")
            place.tail, element.tail = element.tail, None
            parent.replace(element, place)


def _said(element: etree._Element) -> Iterator[str]:
    if text := text_of(element):
        yield text
        return
    for name in _SILENT:
        if value := plain_text(element.get(name) or "", one_line=True):
            yield value


def text_of(element: etree._Element) -> str:
    """What a reader sees of an element."""
    if not len(element):
        return plain_text(element.text or "")
    if element.tag == "blockquote":
        element.tag = "div"  # what is selected as a text is no quotation; vBulletin 4 writes its posts so
    markup = etree.tostring(element, encoding="unicode", method="html", with_tail=False)
    return html_to_text(markup)
