"""Text and addresses: HTML to plain text, folding, excerpts, canonical URLs, and text that is safe to print.

Everything here is pure and linear in its input, and takes hostile input: fields are cut to `FIELD_CAP` before any
parser sees them, and HTML is read by lxml (libxml2's HTML5 tokenizer), because html.parser and html5lib can be made
to hang by half a megabyte of `<!--` or `<div>`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urljoin, urlsplit, urlunsplit

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELD_CAP = 64 * 1024
"""Code points of one field that are looked at; the rest is dropped."""

URL_CAP = 8 * 1024
"""Code points that an address may have; longer ones are refused."""

_CONTROLS = dict.fromkeys([*range(10), *range(11, 32), *range(0x7F, 0xA0), *range(0xD800, 0xE000)])


def plain_text(text: str, *, one_line: bool = False) -> str:
    """Text that holds no markup, made tidy: no control characters, single spaces, no empty lines.

    At most `FIELD_CAP` code points of `text` are kept. With `one_line`, line breaks become spaces.
    """
    lines = [line for line in (" ".join(line.split()) for line in text[:FIELD_CAP].splitlines()) if line]
    tidy = (" " if one_line else "\n").join(lines)
    return tidy if all(map(str.isprintable, lines)) else tidy.translate(_CONTROLS).strip()


_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DROPPED = ("script", "style", "head", "template", "iframe", "noframes", "select")
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details", "dialog", "dir", "div"}
    | {"dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"}
    | {"hr", "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tr", "ul"}
)
_EDGES = dict.fromkeys(_BLOCKS, "\n") | {"td": " ", "th": " "}
# huge_tree raises libxml2's depth limit from 256 to 2048; FIELD_CAP bounds the size.
_HTML = etree.HTMLParser(encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True)
# To an HTML parser these open a comment, which swallows what people wrote; Word's conditions are comments indeed.
_NO_DECLARATION = re.compile(r"<!(?!--|doctype\s[^<>]*>|\[(?:end)?if\b)", re.IGNORECASE)
# XHTML closes these in the tag itself; to an HTML parser the tag then opens, and swallows the rest of the text.
_SELF_CLOSED = re.compile(r"<(script|style|iframe|noframes|title|textarea|xmp)\b([^<>]*)/>", re.IGNORECASE)


def _parsed(markup: str) -> etree._Element | None:
    """The page that `markup` makes; None for nothing but comments and the like."""
    try:
        return etree.fromstring(markup.encode("utf-8", "replace"), _HTML)
    except etree.XMLSyntaxError:
        return None


# Noncharacters: no text has a use for them, and lxml takes them.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_MARK = re.compile(f"([{_OPEN}{_CLOSE}])")
_DEEPEST = 4  # quotes in quotes that are told apart
_CONTAINERS = ("blockquote", "div", "td", "aside", "section", "fieldset")
_QUOTING = frozenset(
    {"quote", "quotetitle", "quotecontent", "quoteheader", "quotefooter", "quotebox", "quotemain", "postquote"}
    | {"bbcode_quote", "bbCodeQuote", "bbCodeBlock--quote", "ipsQuote", "quote-container", "forum-quote"}
)
_BBCODE = re.compile(r"\[(/?)quote(?:[ =:][^\[\]\n]{0,300})?\]", re.IGNORECASE)


def html_to_text(markup: str) -> str:
    """What a reader of an HTML fragment sees: paragraphs and line breaks as newlines, entities decoded.

    What stands in a quote, by its element, its class or its BBCode, becomes lines that begin with "> ". Scripts,
    styles, frames and comments are dropped. Only `FIELD_CAP` code points are read. Text without `<` or `&` meets no
    parser.
    """
    markup = markup[:FIELD_CAP].replace("\0", "")
    may_quote = "quote" in markup or "Quote" in markup or "QUOTE" in markup
    if "<" not in markup:
        text = html.unescape(markup) if "&" in markup else markup
        return _with_quotes(text) if may_quote else plain_text(text)
    if "<!" in markup:
        markup = _NO_DECLARATION.sub("&lt;!", markup)
    if "/>" in markup:
        markup = _SELF_CLOSED.sub(r"<\1\2></\1>", markup)
    if "<pre" not in markup and "<PRE" not in markup:
        markup = markup.replace("\n", " ")
    page = _parsed(markup)
    if page is None:
        return ""
    etree.strip_elements(page, *_DROPPED, with_tail=False)
    for element in page.iter():
        if edge := _EDGES.get(element.tag):
            element.text = edge + _legal(element.text)
            element.tail = edge + _legal(element.tail)
        elif element.tag == "img" and not any(map(str.isalnum, element.get("alt", ""))):
            # WordPress and forums send emoji as pictures; their alternative text is the character itself.
            element.text = _legal(element.get("alt", "")[:16])
    if may_quote:
        _mark_quotes(page)
    text = str(page.xpath("string()"))
    return _with_quotes(text) if may_quote else plain_text(text)


def _mark_quotes(page: etree._Element) -> None:
    """Put a mark at both ends of each quote; call it when all text is legal."""
    boxes: set[etree._Element] = set()
    for element in page.iter(*_CONTAINERS):
        is_box = not _QUOTING.isdisjoint(element.get("class", "").split())
        if not is_box and element.tag != "blockquote":
            continue
        parent = element.getparent()
        if parent in boxes or (parent is not None and parent.getparent() in boxes):
            continue  # many a forum wraps a quote in a box with the name of who is quoted
        if element.tag != "blockquote":
            boxes.add(element)
        element.text = f"{_OPEN}{element.text or ''}"
        element.tail = f"{_CLOSE}{element.tail or ''}"


def _with_quotes(text: str) -> str:
    """Plain text of a text in which quotes are marked, or written as BBCode that nobody has rendered."""
    if "[" in text:
        text = _bbcode_marked(text)
    if _OPEN not in text:
        return plain_text(text)
    lines, depth = list[str](), 0
    for part in _MARK.split(text):
        if part == _OPEN:
            depth += 1
        elif part == _CLOSE:
            depth = max(depth - 1, 0)
        elif tidy := plain_text(part):
            before = "> " * min(depth, _DEEPEST)
            lines += [before + line for line in tidy.split("\n")]
    return "\n".join(lines)[:FIELD_CAP].rstrip()


def _bbcode_marked(text: str) -> str:
    """The text with marks in place of each [quote] that is closed; one that is not would swallow the rest."""
    open_at, paired = list[int](), set[int]()
    for tag in _BBCODE.finditer(text):
        if not tag[1]:
            open_at.append(tag.start())
        elif open_at:
            paired |= {open_at.pop(), tag.start()}

    def mark(tag: re.Match[str]) -> str:
        return (_CLOSE if tag[1] else _OPEN) if tag.start() in paired else tag[0]

    return _BBCODE.sub(mark, text) if paired else text


def _legal(text: str | None) -> str:
    """`text` without the characters that references put into a tree and that lxml will not take back into it."""
    return _ILLEGAL.sub("", text) if text and not text.isprintable() else text or ""


_UNSAFE: dict[int, str] = dict.fromkeys(
    [
        *range(0x20),
        *range(0x7F, 0xA0),
        0xAD,
        0x61C,
        0x180E,
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
        *range(0xFFF9, 0xFFFC),
        *range(0xD800, 0xE000),
        *range(0xE0000, 0xE0080),
    ],
    "\ufffd",
)
_ONE_LINE = _UNSAFE | {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): " ", 0x85: "\\n", 0x2028: "\\n", 0x2029: "\\n"}
_MANY_LINES = _UNSAFE | {ord("\n"): "\n", ord("\t"): " ", 0x85: "\n", 0x2028: "\n", 0x2029: "\n"}


def safe_text(text: str, *, one_line: bool = True) -> str:
    r"""`text` for a terminal or a log: nothing in it moves the cursor, reorders the line or hides.

    Control, escape, bidirectional, zero-width and tag characters and lone surrogates become U+FFFD, tabs become
    spaces; newlines are written as `\n`, or kept where `one_line` is False.
    """
    return text.translate(_ONE_LINE if one_line else _MANY_LINES)


_INVISIBLE: dict[int, None] = dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])


def fold(text: str) -> str:
    """`text` as search and identity compare it: NFKC, no case, ё as е, nothing invisible, single spaces."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    return " ".join(folded.casefold().replace("ё", "е").split())


_WORD = re.compile(r"[^\W_]+")
# Part of the word in Ukrainian (м'яч), however it is typed; one of them, U+02BC, would be a letter besides.
_APOSTROPHE = re.compile(r"(?<=[\u0430-\u0491])['`\u2018\u2019\u02bc](?=[\u0430-\u0491])")


def words(text: str) -> tuple[str, ...]:
    """The words of `text` as search compares them: runs of letters and digits of the folded text.

    An apostrophe between two Cyrillic letters is left out, not a gap; elsewhere it is one (l'entrega is l, entrega).
    """
    return tuple(_WORD.findall(_APOSTROPHE.sub("", fold(text))))


FORMULA = re.compile(r"[\s\ufeff]*[=+\-@\t\r＝＋－＠]")
"""What makes Excel, LibreOffice or Google Sheets compute a cell (OWASP, CSV injection), also after blanks."""

_SENTENCE_END = re.compile(r"[.!?…]+[\"»”’)\]]*\s+|\n+")
_WORD_GAP = re.compile(r"\s+")


def _cut_start(text: str, low: int, high: int) -> int:
    """Where an excerpt begins within [low, high]: after a sentence end, else after a gap between words, else `low`."""
    for pattern in (_SENTENCE_END, _WORD_GAP):
        if found := pattern.search(text, max(low - 1, 0), high):
            return found.end()
    return low


def _cut_end(text: str, low: int, high: int) -> int:
    """Where an excerpt ends within [low, high]: after the last sentence, unless that wastes half, else after a word."""
    sentences = [found.end() for found in _SENTENCE_END.finditer(text, low, high)]
    if sentences and sentences[-1] - low >= (high - low) // 2:
        return max(low, len(text[: sentences[-1]].rstrip()))
    gaps = [found.start() for found in _WORD_GAP.finditer(text, low, min(high + 1, len(text)))]
    return gaps[-1] if gaps else high


def excerpt(text: str, spans: Sequence[tuple[int, int]], width: int) -> tuple[str, tuple[tuple[int, int], ...]]:
    """At most `width` code points of `text` around the first of `spans`, cut where sentences or words end.

    `spans` are (start, end) offsets in code points. Returns the excerpt, with `…` where something was left out, and
    the spans that lie in it, as offsets into it; a first span that is longer than the excerpt is clipped.
    """
    if len(text) <= width:
        return text, tuple(spans)
    room = max(width - 2, 1)  # two ellipses
    first_start, first_end = min(spans, default=(0, 0))
    first_end = min(first_end, first_start + room)
    start = max(0, min(first_start - (room - (first_end - first_start)) // 3, len(text) - room))
    end = start + room
    if start:
        start = _cut_start(text, start, first_start)
    if end < len(text):
        end = _cut_end(text, first_end, end)
    before, after = "…" if start else "", "…" if end < len(text) else ""
    shift = len(before) - start
    kept = [span for span in sorted(spans) if start <= span[0] and (span[1] <= end or span[0] == first_start)]
    return before + text[start:end] + after, tuple((low + shift, min(high, end) + shift) for low, high in kept)


_URL_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BAD_HOST = re.compile(r"[\s\\<>\"^`{|}%]")
_TRACKING = frozenset(
    {"fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "yclid", "ysclid", "msclkid", "twclid", "ttclid"}
    | {"igshid", "igsh", "mc_cid", "mc_eid", "mkt_tok", "_openstat", "_hsenc", "_hsmi", "li_fat_id", "rb_clickid"}
    | {"oly_anon_id", "oly_enc_id", "vero_id", "wickedid", "phpsessid", "jsessionid"}
)
_MD5 = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_PATH_SESSION = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
_DEFAULT_PORT = {"http": ":80", "https": ":443"}
_WRAPPERS = (
    (re.compile(r"(?:www\.)?google\.[a-z]{2,3}(?:\.[a-z]{2})?"), "/url", ("url", "q")),
    (re.compile(r"(?:www\.|cn\.)?bing\.com"), "/news/apiclick.aspx", ("url",)),
    (re.compile(r"(?:www\.|m\.)?(?:vk\.com|vk\.ru|vkontakte\.ru)"), "/away.php", ("to",)),
)


@lru_cache(maxsize=1024)
def clean_url(url: str, base: str = "") -> str | None:
    """`url`, resolved against `base`, as an absolute http or https address, or None where it is none.

    Refused are other schemes (javascript:, data:, mailto:), control characters, hosts that no resolver takes and
    addresses over `URL_CAP`. Spaces are written %20. A user name and password are dropped: they would be shown.
    """
    url = url.strip()
    if not url or len(url) > URL_CAP or _URL_CONTROLS.search(url):
        return None
    try:
        parts = urlsplit(urljoin(base, url))
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or _BAD_HOST.search(host) or "\\" in parts.netloc:
        return None
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).replace(" ", "%20")


def unwrap_url(url: str) -> str:
    """The target of a redirect page of Google (Alerts), Bing (News) or VK, else `url` itself; one layer only."""
    parts = urlsplit(url)
    for host, path, names in _WRAPPERS:
        if parts.path == path and host.fullmatch(parts.hostname or ""):
            query = parse_qs(parts.query, max_num_fields=100) if parts.query.count("&") < 100 else {}
            targets = (clean_url(query[name][0]) for name in names if name in query)
            return next((target for target in targets if target), url)
    return url


def _is_noise(parameter: str) -> bool:
    """Whether a query parameter only says who came from where, or holds a session.

    `sid` and `s` are sessions on phpBB and vBulletin, where they are MD5 sums; elsewhere they name stories.
    """
    name, _, value = parameter.partition("=")
    name = name.lower()
    return name.startswith("utm_") or name in _TRACKING or (name in ("s", "sid") and bool(_MD5.fullmatch(value)))


@lru_cache(maxsize=1024)
def canonical_url(url: str) -> str | None:
    """The one spelling of an http(s) address under which a post is known, or None where `url` is none.

    Redirect wrappers are taken off once; host in lower case, no default port, no fragment, no tracking or session
    parameters; the order of the rest is kept, because some sites give it a meaning.
    """
    cleaned = clean_url(url)
    if cleaned is None:
        return None
    parts = urlsplit(unwrap_url(cleaned))
    query = "&".join(parameter for parameter in parts.query.split("&") if parameter and not _is_noise(parameter))
    netloc = parts.netloc.lower().removesuffix(_DEFAULT_PORT[parts.scheme])
    return urlunsplit((parts.scheme, netloc, _PATH_SESSION.sub("", parts.path) or "/", query, ""))
