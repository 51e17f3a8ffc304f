"""An answer's body as JSON: by itself, or in an element of a web page. Shared by all kinds that read JSON.

What it is made of is not checked here, only that it can be read: no deeper than Python's parser goes, and with null
for what is no JSON (NaN, Infinity).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, cast

from monitor.errors import Blocked, Malformed
from monitor.sources.css import compiled
from monitor.sources.decoding import charset_of, decode
from monitor.sources.webpage import read_webpage
from monitor.text import safe_text

if TYPE_CHECKING:
    from monitor.models import JSON, Response

# What sites write before JSON, so that no other site can load it as a script.
_GUARD: Final = re.compile(r"\s*(?:\)\]\}'?,?|for\s*\(;;\);|while\s*\((?:1|true)\);)\s*")
_XML: Final = re.compile(r"\s*<(?:\?xml|rss|feed)\b", re.IGNORECASE)
_MARKUP: Final = re.compile(r"\s*<(?:[a-zA-Z]|!)")
_ATTRIBUTE: Final = re.compile(r"(.+?)@([A-Za-z_][\w:.-]*)\s*", re.DOTALL)
_BEGINNING: Final = re.compile(r"[\[{]")
_DECODER: Final = json.JSONDecoder(parse_constant=lambda _: None, strict=False)


def read_json(response: Response) -> JSON:
    """The JSON that an answer's body is.

    Raises `errors.Blocked` for a web page and `errors.Malformed` for an empty body and all else that is no JSON.
    """
    if not response.body.strip():
        raise Malformed("empty body")
    # JSON is UTF-8; what is not comes from Windows more often than the bytes alone would let one guess.
    text = decode(response.body, charset_of(response.header("content-type")) or "cp1252").strip("\ufeff \t\r\n\0")
    if _MARKUP.match(text) and not _XML.match(text):
        page = read_webpage(response)
        named = f": {title}" if (title := page.title()) else ""
        raise Blocked(f"a web page came where JSON was due{named}")
    guard = _GUARD.match(text)
    return _parsed(text[guard.end() :] if guard else text, whole=True)


def read_embedded_json(response: Response, selector: str) -> JSON:
    """The JSON in the first element of a web page that `selector` selects, or in an attribute (`selector@name`) of it.

    Around it may stand a script that assigns it. Raises `errors.Blocked` for a challenge, captcha, login or consent
    page, and `errors.Malformed` where there is no such element, or no JSON in it.
    """
    page = read_webpage(response)
    css, attribute = split_selector(selector)
    for match in compiled((css,)).walk(page.root):
        if not match.done & 1:
            continue
        text = match.element.get(attribute, "") if attribute else match.element.text or ""
        if beginning := _BEGINNING.search(text):
            return _parsed(text[beginning.start() :], whole=False)
    if barrier := page.barrier():
        raise Blocked(barrier)
    raise Malformed(f"no JSON in an element {safe_text(selector)!r} of the page{f': {page.title()}'.rstrip(': ')}")


def split_selector(selector: str) -> tuple[str, str | None]:
    """The CSS selector and the attribute in `selector@attribute`. Raises ValueError where it cannot be used."""
    found = _ATTRIBUTE.fullmatch(selector.strip())
    css, attribute = (found[1], found[2].lower()) if found else (selector, None)
    compiled((css,))
    return css, attribute


def _parsed(text: str, *, whole: bool) -> JSON:
    text = text.lstrip()
    try:
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {safe_text(str(error)[:120])}") from error
    if whole and text[end:].strip():
        raise Malformed(f"not JSON: more follows after its end, {safe_text(text[end:].strip()[:40])!r}")
    return cast("JSON", value)
