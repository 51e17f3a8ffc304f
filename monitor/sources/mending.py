"""Ill-formed XML made nearly well-formed, by undoing the mistakes that hand-made feeds make.

What remains is left to libxml2's recovery, which takes the next end tag for that of whatever is open: markup that
nobody escaped would swallow the rest of the feed. All of this is linear in the document.
"""

from __future__ import annotations

import re
from html.entities import html5
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PREFIX_CAP = 64
_CDATA = "<![CDATA["
_PROSE = re.compile(
    r"<((?:[A-Za-z_][\w.-]*:)?(?:title|description|summary|encoded|creator|name)|content)((?:\s[^<>]*)?)>",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?[A-Za-z]")
_STRAY_LESS = re.compile(r"<(?!/?[A-Za-z_]|!--|\?)")
_STRAY_AND = re.compile(r"&(?!#?\w{1,32};)")
_REFERENCE = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9A-Fa-f]{1,6})|(?!(?:lt|gt|amp|quot|apos);)(#?\w{1,32}));")
_TAG_PREFIX = re.compile(r"</?([A-Za-z_][\w.-]*):")
_ATTRIBUTE_PREFIX = re.compile(r"""\s([A-Za-z_][\w.-]*):[\w.-]+\s*=\s*["']""")
_DECLARED_PREFIX = re.compile(r"\sxmlns:([A-Za-z_][\w.-]*)\s*=")


def mend(document: str, *, root: str, entities: Mapping[str, str]) -> str:
    """`document`, which begins with the tag of `root`, with the usual mistakes undone.

    These are: HTML tags in titles and texts that were not escaped, stray < and &, HTML's named entities and those of
    a DOCTYPE (`entities`), references to characters that XML forbids, and prefixes never declared.
    """
    mended = "".join(_with_references(piece, entities) for piece in _sections("".join(_with_escaped_prose(document))))
    used = {*_TAG_PREFIX.findall(mended), *_ATTRIBUTE_PREFIX.findall(mended)} - {"xml", "xmlns"}
    missing = sorted(used - set(_DECLARED_PREFIX.findall(mended)))[:_PREFIX_CAP]
    declarations = "".join(f' xmlns:{prefix}="urn:undeclared:{prefix}"' for prefix in missing)
    return f"<{root}{declarations}{mended[len(root) + 1 :]}"


def _with_escaped_prose(document: str) -> Iterator[str]:
    """The pieces of `document`, in which the bodies of titles and texts that hold raw tags are CDATA sections."""
    done = 0
    never_closed: set[str] = set()
    while opening := _PROSE.search(document, done):
        name, attributes = opening.groups()
        yield document[done : opening.end()]
        done = opening.end()
        if name in never_closed or attributes.endswith("/") or "xhtml" in attributes:
            continue
        end = document.find(f"</{name}", done)
        if end < 0:
            never_closed.add(name)
            continue
        body = document[done:end]
        yield f"{_CDATA}{body}]]>" if _TAG.search(body) and "]]>" not in body else body
        done = end
    yield document[done:]


def _sections(document: str) -> Iterator[str]:
    """`document` in pieces, each of which is one whole CDATA section or holds none; one that never ends is text."""
    head, *rest = document.split(_CDATA)
    yield head
    for section in rest:
        inside, closed, outside = section.partition("]]>")
        if closed:
            yield f"{_CDATA}{inside}]]>"
            yield outside
        else:
            yield escape(section)


def _with_references(piece: str, entities: Mapping[str, str]) -> str:
    """A piece in which each & and < is markup; CDATA sections stay as they are."""

    def replace(found: re.Match[str]) -> str:
        decimal, hexadecimal, name = found.groups()
        if decimal or hexadecimal:
            code = int(decimal) if decimal else int(hexadecimal, 16)
            return f"&#{code};" if code < 0x110000 and (code > 31 or code in (9, 10, 13)) else ""
        return escape(entities.get(name) or html5.get(f"{name};") or found[0])

    if piece.startswith(_CDATA):
        return piece
    return _REFERENCE.sub(replace, _STRAY_AND.sub("&amp;", _STRAY_LESS.sub("&lt;", piece)))
