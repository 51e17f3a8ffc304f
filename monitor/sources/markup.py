"""Text of an XML feed to well-formed, bounded XML: what stands between a stranger's bytes and feedparser.

feedparser takes seconds to minutes on some small documents (an element with 40,000 attributes, 16,000 categories, an
author of 400 KB), expands what a DOCTYPE declares and guesses its way through ill-formed markup. So the document is
read by lxml first, mended where it is ill-formed, trimmed, and written out again; feedparser then only ever sees
well-formed XML without a DOCTYPE. Here also falls the decision what is no feed at all.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin

from lxml import etree

from monitor.errors import Blocked, Malformed
from monitor.sources.mending import mend
from monitor.text import FIELD_CAP, html_to_text, safe_text

ITEM_CAP = 2_000
"""Items of one document that are read; the rest is dropped."""

_ATTRIBUTE_CAP = 64
_CHILD_CAP = ITEM_CAP + 500
_AUTHOR_CAP = 160

_HEAD = re.compile(
    r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE(?!\s+html)[^\[>]*(?:\[(?P<subset>.*?)\]\s*)?>", re.DOTALL | re.IGNORECASE
)
_ENTITY = re.compile(r"""<!ENTITY\s+(\w+)\s+(?:"([^"<&%]*)"|'([^'<&%]*)')\s*>""")
_ROOT = re.compile(r"<((?:[A-Za-z_][\w.-]*:)?(?:rss|rdf|feed|channel|entry))(?=[\s/>])", re.IGNORECASE)
_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|script|meta|h1|form)\b", re.IGNORECASE)
_PAGE_TITLE = re.compile(r"<title[^>]*>(.{1,200}?)</title", re.IGNORECASE | re.DOTALL)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_UNUSED: tuple[str, ...] = (
    "{*}category",
    "{*}keywords",
    "{*}tags",
    "{*}subject",
    "{*}chapters",
    "{*}where",
    "{*}rights",
)
_UNUSED += ("{*}contributor", "{*}thumbnail", "comments")
# Elements of these names would stand where feedparser keeps its lists.
_SHADOWS = ("{*}authors", "{*}links")
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_ADDRESSES = frozenset({"link", "url", "uri", "homepage", "comments"})
_AUTHORS = frozenset({"author", "creator", "managingeditor", "webmaster", "publisher", "name", "email"})


def feed_xml(text: str) -> bytes:
    """The feed in `text` as well-formed UTF-8 XML without a DOCTYPE, trimmed to what a post can hold.

    Raises `errors.Blocked` for a web page and `errors.Malformed` for anything else that is no feed, for a document
    that was cut off before its end, and for one that is nested too deeply to be read.
    """
    entities, start = _skip_head(text)
    root = _ROOT.match(text, start) or _find_root(text, start)
    document = _ILLEGAL.sub("", _to_end_of_root(text[root.start() :], root[1]))
    try:
        tree = etree.fromstring(document.encode(), _parser(recover=False))
    except etree.XMLSyntaxError:
        tree = _recover(mend(document, root=root[1], entities=entities))
    if "base" in document:
        _resolve(tree)
    _trim(tree)
    return etree.tostring(tree, encoding="utf-8")


def _skip_head(text: str) -> tuple[dict[str, str], int]:
    """Entities that a DOCTYPE declares as plain text, and where the head (prolog, comments, DOCTYPE) ends."""
    entities: dict[str, str] = {}
    start = 0
    while found := _HEAD.match(text, start):
        for name, double, single in _ENTITY.findall(found["subset"] or ""):
            entities[name] = double or single
        start = found.end()
    return entities, start


def _find_root(text: str, start: int) -> re.Match[str]:
    """The feed's root after junk that a server put before it, such as a PHP warning."""
    root = _ROOT.search(text, start)
    if page := _PAGE.search(text, start, root.start() if root else len(text)):
        title = _PAGE_TITLE.search(text, page.start())
        named = f": {safe_text(html_to_text(title[1]))}" if title else ""
        raise Blocked(f"a web page came where a feed was due{named}")
    if not root:
        beginning = safe_text(text[start : start + 60].strip())
        raise Malformed(f"not a feed: begins with {beginning!r}" if beginning else "not a feed: empty")
    return root


def _to_end_of_root(document: str, root: str) -> str:
    """`document` up to the end tag of its root element; what servers add behind it is dropped."""
    end = document.rfind(f"</{root}")
    if end < 0:
        end = max((found.start() for found in re.finditer(f"</{re.escape(root)}", document, re.IGNORECASE)), default=-1)
    if end >= 0:
        return f"{document[:end]}</{root}>"
    if re.fullmatch(r"<[^<>]*/>\s*", document):
        return document
    raise Malformed(f"cut off: the document ends before </{root}>")


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        recover=recover,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )


def _recover(document: str) -> etree._Element:
    parser = _parser(recover=True)
    try:
        tree = etree.fromstring(document.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise Malformed(f"not XML: {error.msg}") from error
    if tree is None:
        raise Malformed("not XML: no element can be read")
    for entry in parser.error_log:
        if entry.type_name == "ERR_RESOURCE_LIMIT":
            raise Malformed(f"too deep or too large to be read: {entry.message}")
    return tree


def _resolve(tree: etree._Element) -> None:
    """Applies `xml:base` to addresses and takes it away: feedparser would apply it to ids, which it must not touch."""
    for element in tree.iter("*"):
        base = element.base or ""
        if base and "href" in element.attrib:
            element.set("href", _joined(base, element.get("href", "")))
        elif base and element.text and etree.QName(element).localname.lower() in _ADDRESSES:
            element.text = _joined(base, element.text.strip())
    etree.strip_attributes(tree, _XML_BASE, "base")


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def _trim(tree: etree._Element) -> None:
    """Takes from `tree` what no post holds, and what costs feedparser more than linear time."""
    etree.strip_elements(tree, *_UNUSED, with_tail=False)
    etree.strip_tags(tree, *_SHADOWS)
    for surplus in list(tree.iter("{*}item", "{*}entry"))[ITEM_CAP:]:
        parent = surplus.getparent()
        if parent is not None:
            parent.remove(surplus)
    for element in tree.iter("*"):
        for surplus in list(element)[_CHILD_CAP:]:
            element.remove(surplus)
        if len(element.attrib) > _ATTRIBUTE_CAP:
            for name in element.attrib.keys()[_ATTRIBUTE_CAP:]:
                del element.attrib[name]
        text = element.text
        if text and len(text) > _AUTHOR_CAP:
            author = etree.QName(element).localname.lower() in _AUTHORS
            element.text = text[: _AUTHOR_CAP if author else FIELD_CAP]
