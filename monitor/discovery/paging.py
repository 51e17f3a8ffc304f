"""Links from a page of a list to the others, as selectors: by their rel, by the class around them, by their words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from monitor.discovery.naming import classes
from monitor.text import clean_url, plain_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from lxml import etree

Way = Literal["next", "prev", "last"]

WAYS: Final[tuple[Way, ...]] = ("next", "prev", "last")
"""Where links of a list lead: to what follows, to what comes before, to its end."""

_NAMES: Final = {
    "next": re.compile(r"(?:[\w-]*[-_])?(?:next|nextpage|forward|older)(?:[-_]\w+)?", re.IGNORECASE),
    "prev": re.compile(r"(?:[\w-]*[-_])?(?:prev|previous|prevpage|back|newer)(?:[-_]\w+)?", re.IGNORECASE),
    "last": re.compile(r"(?:[\w-]*[-_])?(?:last|lastpage|end)", re.IGNORECASE),
}
_WORDS: Final = {
    "next": re.compile(
        r"(?:next(?: page)?|older(?: posts)?|далее|вперёд|вперед|след(?:ующая)?\.?|weiter|nächste|siguiente|suivante?|"
        r"далі)?\s*[»›>→]?",
        re.IGNORECASE,
    ),
    "prev": re.compile(
        r"[«‹<←]?\s*(?:prev(?:ious)?(?: page)?|назад|пред(?:ыдущая)?\.?|zurück|vorherige|anterior|précédente?)?",
        re.IGNORECASE,
    ),
    "last": re.compile(r"(?:last(?: page)?|последняя|letzte|última|dernière|»»|>>|⇥)\s*[»>]*", re.IGNORECASE),
}
_PAGER: Final = re.compile(r"pag(?:er|ination|enav|e-?nav|es|ing)|nav-?links", re.IGNORECASE)


def link_to(root: etree._Element, way: Way, *, base: str, items: Collection[etree._Element]) -> str:
    """A selector of the link to another page; empty where the page shows none outside of its items."""
    found = [link for link in root.iter("a", "link") if _leads(link, base)]
    found = [link for link in found if not any(above in items for above in link.iterancestors())]
    if any(way in (link.get("rel") or "").lower().split() for link in found):
        return f"[rel~={way}]"
    links = [link for link in found if link.tag == "a"]
    for link in links:
        if named := _named(link, way):
            return f"a.{named}"
        if (named := _named(link.getparent(), way)) is not None:
            return f".{named} a"
    for link in links:
        words = plain_text(link.text or "", one_line=True)
        pager = _pager(link)
        if (
            words
            and '"' not in words
            and pager
            and _WORDS[way].fullmatch(words)
            and (way != "next" or _leads_on(link, base))
        ):
            return f'{pager} a:-soup-contains-own("{words}")'
    return ""


def _named(element: etree._Element | None, way: Way) -> str | None:
    """The class of an element that says which way it leads, and no other way."""
    fit = (name for name in (classes(element) if element is not None else ()) if _NAMES[way].fullmatch(name))
    return next((name for name in fit if not ("next" in name.lower() and "prev" in name.lower())), None)


def _leads(link: etree._Element, base: str) -> bool:
    href = link.get("href") or ""
    return bool(href) and not href.startswith(("#", "javascript:")) and clean_url(href, base) is not None


def _leads_on(link: etree._Element, base: str) -> bool:
    """Not to the page where it stands."""
    return (clean_url(link.get("href") or "", base) or "").partition("#")[0] != base.partition("#")[0]


def _pager(link: etree._Element) -> str | None:
    """What the list of pages around a link is called."""
    for above in link.iterancestors():
        if named := next(filter(_PAGER.search, classes(above)), None):
            return f".{named}"
    return None
