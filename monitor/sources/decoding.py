"""Bytes to text, before any parser sees them.

Feeds lie about their encoding, and a parser that believes them turns Russian into mojibake without a word; a brand is
then missed silently. So the order is: byte order mark or the pattern of NULs, UTF-8 if the bytes are (nearly) valid,
what was declared, and a guess; and a declared or guessed code page must yield letters that look like a language.
"""

from __future__ import annotations

import codecs
import re

from monitor.errors import Malformed

_SAMPLE = 64 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NUL_PATTERNS: dict[tuple[bool, ...], str] = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}
_EBCDIC_PROLOG = b"\x4c\x6f\xa7\x94"
_PROLOG = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_META = re.compile(rb"<meta\s[^>]{0,300}?charset[^>]{0,100}>", re.IGNORECASE)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)

# What pages call an encoding, and the superset that browsers read them as.
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "tis-620": "cp874",
}
# Python also knows codecs that are no page's encoding (idna, punycode, unicode_escape); some are slow or warn.
_CODECS: tuple[str, ...] = ("ascii", "utf", "iso8859", "iso2022", "cp", "koi8", "mac", "gb", "big5", "euc", "shift")
_CODECS += ("hz", "johab", "tis", "ptcp154", "kz1048")
_SEVEN_BIT = ("iso2022", "hz", "utf-7")
_CYRILLIC = ("cp1251", "koi8-u", "cp866", "iso8859-5", "mac-cyrillic")

_FREQUENT = re.compile("[оеаинтсрвлОЕАИНТСРВЛ]")
_RUSSIAN = re.compile("[а-яёА-ЯЁ]")
# Letters and signs that cp1252 makes of the bytes of other code pages; dashes and quotes do run together in real text.
_WESTERN = re.compile(r"[\x80-\x9f\xa1-\xaa\xac-\xba\xbc-\xffƒˆ‰Š‹ŒŽ˜™š›œžŸ†‡€]+")
_MIXED = re.compile("[A-Za-z][а-яёА-ЯЁ]|[а-яёА-ЯЁ][A-Za-z]")
_TAG = re.compile(rb"<[^<>]*>")
_ENOUGH = 8
"""Letters from which a wrong code page can be told."""


def charset_of(content_type: str | None) -> str | None:
    """The charset parameter of a Content-Type header, or None."""
    found = _CHARSET.search(content_type or "")
    return found[1] if found else None


def charset_of_page(content_type: str | None, body: bytes) -> str | None:
    """What a web page says of its encoding: in its Content-Type header, else in its first `meta` elements, or None."""
    meta = _META.search(body, 0, 4096)
    return charset_of(content_type) or (charset_of(meta[0].decode("latin-1")) if meta else None)


def decode(body: bytes, charset: str | None) -> str:
    """The text of `body`; `charset` is what the HTTP header declares, and an XML prolog is read from the body itself.

    Raises `errors.Malformed` when nothing declared fits and the letters cannot be told: never guesses silently wrong.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    if wide := _NUL_PATTERNS.get(tuple(byte == 0 for byte in body[:4])):
        return body.decode(wide, "replace")
    if body.startswith(_EBCDIC_PROLOG):
        return body.decode("cp037")
    prolog = _PROLOG.search(body, 0, 1024)
    declared = [codec for codec in (_codec(charset), _codec(prolog and prolog[1].decode("ascii"))) if codec]
    # Seven-bit encodings are valid UTF-8 too, so for them the declaration comes first.
    for codec in (*(codec for codec in declared if codec.startswith(_SEVEN_BIT)), "utf-8"):
        if (text := _decode_nearly(body, codec)) is not None:
            return text
    return _decode_code_page(body, declared)


def _codec(label: str | None) -> str | None:
    """Python's name for the encoding that `label` means to a browser; None for unknown and unsuitable ones."""
    try:
        name = codecs.lookup(label).name if label else ""
    except (LookupError, ValueError):
        return None
    return _SUPERSETS.get(name, name) if name.startswith(_CODECS) else None


def _decode_nearly(body: bytes, codec: str) -> str | None:
    """`body` in `codec`, tolerating a cut tail and some stray bytes among the non-ASCII characters.

    A third of them in UTF-8, whose sequences hardly come about by chance; a fiftieth in a code page.
    """
    try:
        return body.decode(codec)
    except UnicodeDecodeError:
        text = body.decode(codec, "replace")
    bad = text.count("\ufffd")
    high = len(text) - len(text.encode("ascii", "ignore"))
    cut_tail = bad == 1 and text.endswith("\ufffd")
    return text if cut_tail or bad * (3 if codec == "utf-8" else 50) <= high else None


def _decode_code_page(body: bytes, declared: list[str]) -> str:
    trusted = None
    # The detector is misled by kilobytes of ASCII, and believes an encoding that it finds declared in markup.
    lines = _TAG.sub(b" ", body[: 4 * _SAMPLE]).splitlines()
    telling = b"\n".join(line for line in lines if not line.isascii())[:_SAMPLE]
    for codec in declared:
        text = _decode_nearly(body, codec)
        if text is not None and not _is_mojibake(telling, codec):
            return text
        trusted = trusted or text
    for guess in (_guess(telling), "cp1252"):
        text = _decode_nearly(body, guess) if guess and not _is_mojibake(telling, guess) else None
        if text is not None:
            return text
    if trusted is None:
        raise Malformed("the encoding is not declared, or wrongly, and cannot be told from the text")
    return trusted


def _guess(telling: bytes) -> str | None:
    import chardet  # half of what this package costs to import, and hardly ever needed

    guess = _codec(chardet.detect(telling)["encoding"])
    if guess in _CYRILLIC or guess in ("koi8-r", "cp855"):
        return max(_CYRILLIC, key=lambda codec: _russian(telling, codec))
    return guess


def _russian(telling: bytes, codec: str) -> float:
    """How much of what `codec` makes of the bytes is Russian: 1.5 in real text, up to 1.4 in mojibake.

    It is the share of Russian letters among the characters beyond ASCII, and that of the ten commonest.
    """
    letters = [letter for letter in telling.decode(codec, "replace") if letter > "\x7f"]
    text = "".join(letters)
    return (len(_RUSSIAN.findall(text)) + len(_FREQUENT.findall(text))) / max(len(letters), 1)


def _is_mojibake(telling: bytes, codec: str) -> bool:
    """Whether the letters that `codec` makes of the bytes can be no language.

    Western ones stand among ASCII letters, never in rows; Cyrillic ones never do. And no Cyrillic code page makes
    better Russian than the right one, even of Ukrainian and Bulgarian.
    """
    text = telling.decode(codec, "replace")
    rows = _WESTERN.findall(text)
    western = sum(map(len, rows))
    cyrillic = len(_RUSSIAN.findall(text))
    if cyrillic > western:
        best = max(_russian(telling, other) for other in _CYRILLIC)
        mixed = len(_MIXED.findall(text))
        return mixed * 5 > cyrillic or (cyrillic >= _ENOUGH and best - _russian(telling, codec) > 0.1)
    return western >= _ENOUGH and sum(len(row) for row in rows if len(row) > 2) * 2 > western
