from __future__ import annotations

import pytest

from monitor.errors import Malformed
from monitor.sources.decoding import charset_of, decode

RUSSIAN = "Съешь ещё этих мягких французских булок, да выпей чаю. Сервис опять не работает."
FRENCH = "Le café était déjà fermé à cause de la grève générale."
GREEK = "Το ξενοδοχείο ήταν πολύ καλό και το προσωπικό ευγενικό."
JAPANESE = "このサービスはとても良いです。また使いたいと思います。"


def document(text: str, prolog: str = "") -> str:
    declared = f' encoding="{prolog}"' if prolog else ""
    return f'<?xml version="1.0"{declared}?><rss><item><title>{text}</title></item></rss>'


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic", "utf-8"])
@pytest.mark.parametrize("prolog", ["", "utf-8", "iso-8859-1", "windows-1252", "nonsense-7", "punycode"])
@pytest.mark.parametrize("charset", [None, "utf-8", "ISO-8859-1"])
def test_russian_comes_out_right_whatever_is_declared(encoding: str, prolog: str, charset: str | None) -> None:
    text = document(RUSSIAN, prolog)
    assert decode(text.encode(encoding), charset) == text


@pytest.mark.parametrize(
    ("encoding", "declared"), [("cp1251", "koi8-r"), ("koi8-r", "windows-1251"), ("cp866", "koi8-r")]
)
def test_one_russian_code_page_declared_for_another(encoding: str, declared: str) -> None:
    text = document(RUSSIAN, declared)
    assert decode(text.encode(encoding), declared) == text


@pytest.mark.parametrize(
    ("text", "encoding"), [(FRENCH, "cp1252"), (GREEK, "cp1253"), (JAPANESE, "shift_jis"), (JAPANESE, "euc-jp")]
)
def test_other_languages_declared_or_not(text: str, encoding: str) -> None:
    body = document(text * 3).encode(encoding)
    assert decode(body, encoding) == document(text * 3)
    assert decode(body, None) == document(text * 3)


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_marks_and_patterns_of_nuls_outrank_declarations(encoding: str) -> None:
    text = document(RUSSIAN, "windows-1251")
    assert decode(text.encode(encoding), "koi8-r") == text


def test_the_header_outranks_the_prolog_where_both_fit() -> None:
    text = document("żółć gęśl", "windows-1250")
    assert decode(text.encode("iso8859-2"), "iso-8859-2") == text


@pytest.mark.parametrize("encoding", ["iso2022_jp", "hz"])
def test_seven_bit_encodings_are_not_taken_for_utf_8(encoding: str) -> None:
    text = document(JAPANESE if encoding == "iso2022_jp" else "服务非常好", encoding)
    assert decode(text.encode(encoding), None) == text


def test_utf_8_with_a_cut_tail_or_a_stray_byte_stays_utf_8() -> None:
    body = document(RUSSIAN).encode()
    cut = body[: body.index("французских".encode()) + 3]
    assert decode(cut, "windows-1251").endswith("мягких ф\ufffd")
    stray = body.replace("мягких".encode(), b"\xe9")
    assert decode(stray, None) == document(RUSSIAN).replace("мягких", "\ufffd")


def test_a_stray_byte_in_a_code_page_costs_that_byte_only() -> None:
    text = document(RUSSIAN, "windows-1251")
    body = text.encode("cp1251").replace("мягких".encode("cp1251"), b"\x98")
    assert decode(body, None) == text.replace("мягких", "\ufffd")


def test_says_so_rather_than_guess_wrong() -> None:
    with pytest.raises(Malformed, match="encoding"):
        decode(b"\x1f\x8b\x08\x00" + bytes(range(127, 256)) * 40, None)


@pytest.mark.parametrize(
    ("header", "charset"),
    [
        ("text/xml; charset=Windows-1251", "Windows-1251"),
        ('application/rss+xml;charset = "utf-8"', "utf-8"),
        ("text/xml", None),
        (None, None),
    ],
)
def test_charset_of_a_header(header: str | None, charset: str | None) -> None:
    assert charset_of(header) == charset
