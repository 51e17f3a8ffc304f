"""The main text of a page for people, where a source gives only the beginning of a post, or nothing but its address.

trafilatura tells the text from menus, lists of other articles and advertisements. It is given a tree that was parsed
here, never bytes or an address: its helpers would guess at the first and fetch the second. It is imported only when a
page is read, which happens in a worker; half a second and some 27 MB there.
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from lxml import etree
from lxml.html import HTMLParser

from monitor.errors import Malformed
from monitor.sources import fields
from monitor.sources.decoding import charset_of_page, decode
from monitor.text import plain_text

if TYPE_CHECKING:
    from trafilatura.settings import Document

    from monitor.models import Response

SIZE: Final = 4 * 1024 * 1024  # bytes of a page that are read; the text of an article ends long before
# trafilatura takes some 0.3 ms an element, and far more in deep trees. Real pages have up to 1,500, 32 deep.
ELEMENTS: Final = 10_000
DEPTH: Final = 200

_HTML_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})
_NAME_CAP: Final = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What a page says in its main part; `text` may be empty, `published` is a day or None."""

    text: str
    author: str | None = None
    published: datetime | None = None


def read_article(response: Response) -> Article:
    """The main text of a page, with its author and day where the page names them.

    Raises `errors.Malformed` for what is no web page or cannot be read as one.
    """
    media = (response.header("content-type") or "").partition(";")[0].strip().lower()
    if media and media not in _HTML_TYPES:
        raise Malformed(f"not a web page: {media[:60]!r}")
    body = response.body[:SIZE]
    markup = decode(body, charset_of_page(response.header("content-type"), body)).replace("\0", "")
    if "<" not in markup:
        raise Malformed("not a web page: it holds no markup")
    return _article(_extracted(markup))


def _extracted(markup: str) -> Document | None:
    from trafilatura import bare_extraction

    for name in ("trafilatura", "htmldate"):  # they quote pages, and call for help where nothing is wrong
        logging.getLogger(name).setLevel(logging.CRITICAL)
    parser = HTMLParser(encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about time zones that pages invent
            page = etree.fromstring(markup.encode("utf-8", "replace"), parser)
            _check_bounds(page)
            found = bare_extraction(
                page,
                favor_recall=True,
                include_comments=False,
                with_metadata=True,
                date_extraction_params={"extensive_search": False, "original_date": True},
            )
    except Malformed:
        raise
    except Exception as error:  # trafilatura and its helpers raise whatever the page provokes
        raise Malformed(f"trafilatura: {type(error).__name__}") from error
    return None if isinstance(found, dict) else found


def _check_bounds(page: etree._Element) -> None:
    depth = 0
    for number, (event, _) in enumerate(etree.iterwalk(page, events=("start", "end"))):
        depth += 1 if event == "start" else -1
        if number > 2 * ELEMENTS or depth > DEPTH:
            raise Malformed("the page has more elements, or deeper ones, than can be read")


def _article(found: Document | None) -> Article:
    if found is None:
        return Article(text="")
    author = fields.name(found.author or "")
    try:
        day = datetime.fromisoformat(found.date or "").replace(tzinfo=UTC)
    except ValueError:
        day = None
    return Article(
        text=plain_text(found.text or ""),
        author=author[:_NAME_CAP] if author else None,
        published=fields.instant(day, None),
    )
