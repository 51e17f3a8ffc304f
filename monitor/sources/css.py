"""CSS selectors over an lxml tree, in time linear in the page whatever the page looks like.

soupsieve (bs4's own package) reads the selectors; it would match them on bs4's trees, which take many times the time
and memory of lxml's. The other way to match on lxml, XPath made by cssselect, is quadratic to cubic in libxml2 on
nested elements and on long rows: `div div` took 5 s on 2,000 nested `<div>`, `div ~ div` 42 s on 4,000 in a row. Here
one walk over the page carries, for each open element, which parts of which selectors it, its ancestors and its elder
siblings match.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Sequence

    from soupsieve.css_types import Selector, SelectorAttribute, SelectorList, SelectorNth, SelectorTag

# soupsieve's own values. It is imported where a selector is compiled, because importing it takes a tenth of a second.
SEL_EMPTY, SEL_ROOT, SEL_SCOPE = 0x1, 0x2, 0x10


class Match(NamedTuple):
    """An element that some of the selectors select: bit i of `done` stands for selector i.

    `around` are the selectors that elements around it select, up to the nearest one that selector 0 selects; `within`
    is how many of the matches before it are still open: those in which it stands.
    """

    element: etree._Element
    done: int
    around: int
    within: int


@dataclass(frozen=True, slots=True)
class _Attribute:
    name: str
    pattern: re.Pattern[str] | None
    absent_too: bool
    lower: bool


@dataclass(frozen=True, slots=True)
class _Nth:
    step: int
    start: int
    of_type: bool
    from_end: bool

    def holds(self, position: int) -> bool:
        ahead = position - self.start
        return ahead % self.step == 0 and ahead // self.step >= 0 if self.step else ahead == 0


@dataclass(frozen=True, slots=True)
class _Part:
    """What stands between two combinators; masks name other parts by their bits."""

    tag: str | None
    ids: tuple[str, ...]
    classes: frozenset[str]
    attributes: tuple[_Attribute, ...]
    nth: tuple[_Nth, ...]
    own_text: tuple[tuple[str, ...], ...]
    alternatives: tuple[tuple[int, bool], ...]
    left: int
    combinator: str
    flags: int


@dataclass(slots=True)
class _Open:
    """An open element: the parts it matches, those of its ancestors, and those of its children so far."""

    own: int = 0
    above: int = 0
    around: int = 0
    elder: int = 0
    last: int = 0
    within: int = 0
    children: int = 0
    of_type: Counter[str] = field(default_factory=Counter)
    total: int | None = None
    total_of_type: Counter[str] | None = None


class Selectors:
    """Compiled selectors; selector 0 is the scope that `:scope` means in the others.

    Raises ValueError, with the selector and what is wrong with it, for one that cannot be read or matched in one walk.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._parts: list[_Part] = []
        self._ends = [_Compiler(text, self._parts).ends() for text in texts]
        self._by_id: dict[str, list[int]] = {}
        self._by_class: dict[str, list[int]] = {}
        self._by_tag: dict[str, list[int]] = {}
        self._any: list[int] = []
        for number, part in enumerate(self._parts):
            if part.ids:
                self._by_id.setdefault(part.ids[0], []).append(number)
            elif part.classes:
                self._by_class.setdefault(min(part.classes), []).append(number)
            elif part.tag:
                self._by_tag.setdefault(part.tag, []).append(number)
            else:
                self._any.append(number)

    def walk(self, root: etree._Element) -> Iterator[Match]:
        """The selected elements in the order of the page; the tree must not change meanwhile."""
        scope = self._ends[0] if self._ends else 0
        stack = [_Open()]
        for event, element in etree.iterwalk(root, events=("start", "end")):
            if event == "end":
                stack.pop()
                continue
            parent = stack[-1]
            parent.children += 1
            parent.of_type[element.tag] += 1
            own = self._matched(element, stack, scope)
            done = sum(1 << number for number, ends in enumerate(self._ends) if own & ends) if own else 0
            if done:
                yield Match(element, done, parent.around, parent.within)
            around = done if done & 1 else parent.around | done
            parent.last = own
            parent.elder |= own
            within = parent.within + bool(done)
            stack.append(_Open(own=own, above=parent.above | parent.own, around=around, within=within))

    def _matched(self, element: etree._Element, stack: list[_Open], scope: int) -> int:
        """The parts that an element matches; what a part refers to within the element has a lower number."""
        classes = set((element.get("class") or "").split())
        numbers = [*self._any, *self._by_tag.get(element.tag, ()), *self._by_id.get(element.get("id") or "", ())]
        for name in classes & self._by_class.keys():
            numbers += self._by_class[name]
        own = 0
        for number in sorted(numbers):
            if _holds(self._parts[number], element, classes, own=own, stack=stack, scope=scope):
                own |= 1 << number
        return own


@lru_cache(maxsize=256)
def compiled(texts: tuple[str, ...]) -> Selectors:
    """The same selectors again and again; raises ValueError as `Selectors` does."""
    return Selectors(texts)


def _holds(
    part: _Part, element: etree._Element, classes: set[str], *, own: int, stack: list[_Open], scope: int
) -> bool:
    parent = stack[-1]
    return (
        part.tag in (None, element.tag)
        and part.classes <= classes
        and all(element.get("id") == ident for ident in part.ids)
        and (not part.left or bool(part.left & _beside(part.combinator, parent)))
        and all(_has(attribute, element) for attribute in part.attributes)
        and all(bool(own & mask) != negated for mask, negated in part.alternatives)
        and (not part.flags or _flagged(part.flags, element, own=own, scope=scope, is_root=len(stack) == 1))
        and all(nth.holds(_position(nth, element, parent)) for nth in part.nth)
        and (not part.own_text or _says(part.own_text, element))
    )


def _beside(combinator: str, parent: _Open) -> int:
    if combinator == " ":
        return parent.above | parent.own
    if combinator == ">":
        return parent.own
    return parent.last if combinator == "+" else parent.elder


def _has(attribute: _Attribute, element: etree._Element) -> bool:
    value = element.get(attribute.name)
    if value is None:
        return attribute.absent_too
    given = value.lower() if attribute.lower else value
    return attribute.pattern is None or attribute.pattern.search(given) is not None


def _flagged(flags: int, element: etree._Element, *, own: int, scope: int, is_root: bool) -> bool:
    if flags & SEL_EMPTY and (len(element) or (element.text or "").strip()):
        return False
    if flags & SEL_ROOT and not is_root:
        return False
    return not flags & SEL_SCOPE or bool(own & scope)


def _position(nth: _Nth, element: etree._Element, parent: _Open) -> int:
    position = parent.of_type[element.tag] if nth.of_type else parent.children
    if not nth.from_end:
        return position
    siblings = element.getparent()
    if siblings is None:
        return 1
    if not nth.of_type:
        if parent.total is None:
            parent.total = len(siblings)
        return parent.total - position + 1
    if parent.total_of_type is None:
        parent.total_of_type = Counter(sibling.tag for sibling in siblings)
    return parent.total_of_type[element.tag] - position + 1


def _says(own_text: tuple[tuple[str, ...], ...], element: etree._Element) -> bool:
    text = (element.text or "") + "".join(child.tail or "" for child in element)
    return all(any(wanted in text for wanted in wanteds) for wanteds in own_text)


class _Compiler:
    """Lays the parts of one selector behind those of the ones before."""

    def __init__(self, text: str, parts: list[_Part]) -> None:
        self._text = text
        self._parts = parts

    def ends(self) -> int:
        """The parts with which the selector ends."""
        import soupsieve

        try:
            selectors = soupsieve.compile(self._text).selectors
        except (soupsieve.SelectorSyntaxError, NotImplementedError) as error:
            raise ValueError(f"selector {self._text!r}: {str(error).splitlines()[0]}") from None
        return self._list(selectors)

    def _list(self, selectors: SelectorList) -> int:
        from soupsieve.css_types import SelectorNull

        mask = 0
        for selector in selectors.selectors:
            if not isinstance(selector, SelectorNull):
                mask |= 1 << self._part(selector)
        return mask

    def _part(self, selector: Selector) -> int:
        """Adds a part, and those that it refers to before it; its number."""
        alternatives = tuple((self._list(inner), inner.is_not) for inner in selector.selectors)
        left, combinator = 0, ""
        for before in selector.relation.selectors:
            combinator = getattr(before, "rel_type", None) or ""
            left = self._list(selector.relation)
        if combinator.startswith(":"):
            raise self._refused(":has() would need a second walk over the page; select the inner element itself")
        if selector.lang or selector.flags & ~(SEL_EMPTY | SEL_ROOT | SEL_SCOPE):
            raise self._refused("this pseudo-class says nothing about a page that is only read")
        if any(not contains.own for contains in selector.contains):
            raise self._refused(":-soup-contains() may look at a page many times; use :-soup-contains-own()")
        self._parts.append(
            _Part(
                tag=self._tag(selector.tag),
                ids=selector.ids,
                classes=frozenset(selector.classes),
                attributes=tuple(map(self._attribute, selector.attributes)),
                nth=tuple(map(self._nth, selector.nth)),
                own_text=tuple(contains.text for contains in selector.contains),
                alternatives=alternatives,
                left=left,
                combinator=combinator,
                flags=selector.flags,
            )
        )
        return len(self._parts) - 1

    def _refused(self, why: str) -> ValueError:
        return ValueError(f"selector {self._text!r}: {why}")

    def _tag(self, tag: SelectorTag | None) -> str | None:
        if tag is not None and tag.prefix not in (None, "", "*", "html"):
            raise self._refused(f"HTML has no namespaces, write {tag.name} for {tag.prefix}|{tag.name}")
        return None if tag is None or tag.name == "*" else tag.name.lower()

    def _attribute(self, attribute: SelectorAttribute) -> _Attribute:
        if attribute.prefix not in ("", "*"):
            raise self._refused(f"HTML has no namespaces, write [{attribute.attribute}]")
        name = attribute.attribute.lower()
        return _Attribute(name, attribute.pattern, absent_too=attribute.inverse, lower=attribute.ignore_case)

    def _nth(self, nth: SelectorNth) -> _Nth:
        of = nth.selectors.selectors
        # Without an "of" it is spelt as "of *|*", or not at all.
        tags = [getattr(part, "tag", None) for part in of]
        if any(tag is None or (tag.prefix, tag.name) != ("*", "*") for tag in tags):
            raise self._refused(":nth-child(… of …) is not supported; count all children")
        return _Nth(nth.a if nth.n else 0, nth.b, nth.of_type, nth.last)
