"""Which names on a page are worth being in a selector: those that say what a thing is, and stay when its looks change.

Left out are names of layout (col-md-2, clearfix), of a state (active, odd), those that a build tool made (css-1x2y3z),
and those that number a thing (post-28287).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lxml import etree

_IDENTIFIER: Final = re.compile(r"-?[A-Za-z_][\w-]*", re.ASCII)
_LAYOUT: Final = re.compile(
    r"(?:col|[dmpwhg]|[mp][tblrsexy]|gap|flex|grid|justify|align|text|font|bg|border|rounded|shadow|float|pull|push|order|"
    r"offset|is|has|js|u|xs|sm|md|lg|xl|wp-container|size|wp-block-\w+-is|has-text|visible|hidden)-[\w-]+|"
    r"(?:row|col|cf|fl|fr|flex|grid|clear|clearfix|container|wrapper|wrap|inner|outer|group|left|right|center|first|last|"
    r"odd|even|alt\d?|active|hover|hidden|visible|show|fade|open|closed|new|old|unread|read|link|links|small|big|large|"
    r"even_row|odd_row|bg\d|row\d|icon|fa|fas|far|block|inline|clickable|highlight|selected|current|sticky|pinned)",
    re.IGNORECASE,
)
_MADE: Final = re.compile(
    r"css-\w+|sc-\w+|jsx-\w+|jss\d+|svelte-\w+|_?[\w-]*__?[A-Za-z0-9]*\d[A-Za-z0-9]*[A-Za-z][\w-]*|\w*\d{2,}\w*|.*[-_]\d+"
)
_TELLING: Final = re.compile(
    r"post|message|comment|topic|thread|discussion|entry|item|review|article|story|reply|answer|question|row|card|"
    r"title|subject|author|user|date|time|text|content|body",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def is_stable(name: str) -> bool:
    """Whether a class may stand in a selector."""
    return (
        len(name) <= 48
        and _IDENTIFIER.fullmatch(name) is not None
        and _LAYOUT.fullmatch(name) is None
        and _MADE.fullmatch(name) is None
    )


def classes(element: etree._Element) -> list[str]:
    """The classes of an element that may stand in a selector, the most telling first."""
    return sorted(filter(is_stable, dict.fromkeys((element.get("class") or "").split())), key=cost)


def anchor(element: etree._Element) -> str | None:
    """A short selector that names an element for what it is; None where nothing about it says so."""
    if named := classes(element):
        return f".{named[0]}"
    if is_stable(ident := element.get("id") or ""):
        return f"#{ident}"
    return None


@lru_cache(maxsize=8192)
def cost(selector: str) -> float:
    """What a selector costs: long ones, and those that count or say little, cost more."""
    parts = selector.count(" ") + selector.count(">")
    silent = 0 if _TELLING.search(selector) else 8
    bare = 30 if re.fullmatch(r"[abp]|strong|t[dr]|dd|li", selector) else 0
    return len(selector) + 8 * parts + silent + bare + (30 if "nth" in selector else 0)
