"""An answer to a parsed page for people, its base address, and whether it is a barrier instead of the page.

A barrier (a challenge, a captcha, a login, a consent page) is looked for only where the page has none of what was
due: many a page with posts also holds a login form or a captcha for its comment form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree

from monitor.errors import Malformed
from monitor.sources.decoding import charset_of_page, decode
from monitor.text import clean_url, plain_text, safe_text

if TYPE_CHECKING:
    from monitor.models import Response

TAG_CAP: Final = 150_000
"""Tags of a page that is read; a parsed element takes some 200 bytes, a walk over it some microseconds."""

_TAG: Final = re.compile(r"<(?:[a-zA-Z]|!doctype\b)", re.IGNORECASE)
_LITTLE: Final = 1_500  # letters of a page that is nothing but a barrier
_UNSEEN: Final = frozenset({"script", "style", "noscript", "template", "title"})

# What only challenges hold, whatever stands around it.
_CHALLENGE: Final = re.compile(
    r"_cf_chl_opt|/cdn-cgi/challenge-platform/h/|id=[\"']challenge-(?:form|running)|ddos-guard/js-challenge|"
    r"/\.well-known/ddos-guard|__qrator|awswaf\.com|_Incapsula_Resource|captcha-delivery\.com|px-captcha",
    re.IGNORECASE,
)
_CHALLENGE_TITLE: Final = re.compile(
    r"just a moment|один момент|einen moment|un instant|un momento|attention required|ddos-guard|access denied|"
    r"checking your browser|проверка браузера|are you (?:a )?(?:human|robot)|not a robot|не робот|captcha|капч",
    re.IGNORECASE,
)
_CAPTCHA: Final = re.compile(r"g-recaptcha|h-captcha|cf-turnstile|smart-?captcha|captcha", re.IGNORECASE)
_PASSWORD: Final = re.compile(
    r"<input[^<>]{0,500}?(?:type\s*=\s*[\"']?password|name\s*=\s*[\"']?pass(?:word|wd)?\b)", re.IGNORECASE
)
_CONSENT: Final = re.compile(
    r"consent\.(?:google|yahoo|youtube)\.|id=[\"'](?:consent-page|cookie-wall|sp_message_container)|"
    r"before you continue",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class WebPage:
    """A parsed page; `base` is what its addresses are relative to."""

    root: etree._Element
    base: str
    markup: str

    def barrier(self) -> str | None:
        """What bars the way where a page was due, with the title of the page; None for a page like any other."""
        title = self.title()
        what = self._what(title)
        return f"{what} came where a page was due{f': {title}' if title else ''}" if what else None

    def _what(self, title: str) -> str | None:
        if _CHALLENGE.search(self.markup) or _CHALLENGE_TITLE.search(title):
            return "a challenge"
        if not self._says_little():
            return None
        if _PASSWORD.search(self.markup):
            return "a login page"
        if _CAPTCHA.search(self.markup):
            return "a captcha"
        return "a consent page" if _CONSENT.search(self.markup) else None

    def _says_little(self) -> bool:
        letters = 0
        for element in self.root.iter():
            if element.tag not in _UNSEEN:
                letters += len((element.text or "").strip())
            letters += len((element.tail or "").strip())
            if letters > _LITTLE:
                return False
        return True

    def title(self) -> str:
        """What the page calls itself, safe to print; may be empty."""
        title = next(self.root.iter("title"), None)
        return safe_text(plain_text((title.text or "")[:200], one_line=True)) if title is not None else ""


def read_webpage(response: Response) -> WebPage:
    """The page in an answer.

    Raises `errors.Malformed` for an empty body, for what is no HTML, and for a page that is too much to be read.
    """
    if not response.body.strip():
        raise Malformed("empty body")
    markup = (
        decode(response.body, charset_of_page(response.header("content-type"), response.body))
        .lstrip("\ufeff")
        .replace("\0", "")
    )
    if not _TAG.search(markup):
        beginning = safe_text(markup[:60].strip())
        raise Malformed(f"not a web page: begins with {beginning!r}" if beginning else "not a web page: empty")
    if markup.count("<") > TAG_CAP:
        raise Malformed(f"more than {TAG_CAP} tags")
    root = _parsed(markup)
    return WebPage(root, _base(root, response.url), markup)


def _parsed(markup: str) -> etree._Element:
    # huge_tree raises libxml2's depth limit from 256 to 2048; no page that is read is deeper.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(markup.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise Malformed(f"not a web page: {error.msg}") from error
    if root is None:
        raise Malformed("not a web page: no element can be read")
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log.filter_from_fatals()):
        raise Malformed("nested too deeply to be read")
    return root


def _base(root: etree._Element, url: str) -> str:
    named = next((base.get("href", "") for base in root.iter("base") if base.get("href")), "")
    return clean_url(named, url) or url if named else url
