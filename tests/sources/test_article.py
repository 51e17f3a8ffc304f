"""The main text of a page: what is kept, what is refused, what a hostile one cannot do; and how much is found."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import html

from monitor.errors import Malformed
from monitor.models import Response
from monitor.sources.article import read_article
from monitor.sources.decoding import decode
from monitor.text import FIELD_CAP, fold

SHARED = Path(__file__).resolve().parents[3] / "shared" / "fixtures" / "pages"

LEAD = "В субботу мы перенесли учёт магазина на новую программу, и вот что из этого вышло за первую неделю работы."
MIDDLE = "Касса печатала чеки без задержки, остатки сходились, а выгрузка в Кассолёт ломалась каждый вечер в девять."
END = "Поддержка ответила через сутки, извинилась и прислала исправление, после которого ошибка больше не появлялась."
MENU = "".join(f'<li><a href="/{number}">Раздел {number}</a></li>' for number in range(12))
PAGE = f"""<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>Неделя с новой программой</title>
<meta name="author" content="Анна Ветрова"><meta property="article:published_time" content="2026-11-20T09:30:00+03:00">
<script>var tracked = "tracker";</script></head><body><nav><ul>{MENU}</ul></nav>
<main><article><h1>Неделя с новой программой</h1><p>{LEAD}</p><p>{MIDDLE}</p><p>{END}</p></article></main>
<aside><h3>Читайте также</h3><ul>{MENU}</ul></aside><footer>Все права защищены, ООО Пример</footer></body></html>"""


def answered(body: str | bytes, content_type: str | None = "text/html; charset=utf-8") -> Response:
    headers = (("content-type", content_type),) if content_type else ()
    raw = body.encode() if isinstance(body, str) else body
    return Response(url="https://news.example/1", status=200, headers=headers, body=raw)


def test_the_text_is_kept_and_what_stands_around_it_is_not() -> None:
    article = read_article(answered(PAGE))
    for paragraph in (LEAD, MIDDLE, END):
        assert paragraph in article.text
    for noise in ("Раздел 3", "Читайте также", "Все права", "tracker"):
        assert noise not in article.text
    assert article.author == "Анна Ветрова"
    assert article.published == datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("codec", "content_type", "meta"),
    [
        ("utf-8", None, "utf-8"),
        ("cp1251", "text/html", "windows-1251"),
        ("cp1251", "text/html; charset=windows-1251", ""),
        ("koi8-r", "application/xhtml+xml", "koi8-r"),
        ("utf-16", "text/html", "utf-8"),
    ],
)
def test_every_encoding_that_is_declared_somewhere(codec: str, content_type: str | None, meta: str) -> None:
    body = PAGE.replace('<meta charset="utf-8">', f'<meta charset="{meta}">' if meta else "")
    assert MIDDLE in read_article(answered(body.encode(codec), content_type)).text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"%PDF-1.7 ...", "application/pdf"),
        (PAGE.encode(), "application/json"),
        (b"\x89PNG\r\n", "image/png"),
        (b"only words", "text/html"),
        (b"", "text/html"),
        (b"https://news.example/2", None),
    ],
)
def test_what_is_no_web_page_is_refused(body: bytes, content_type: str | None) -> None:
    with pytest.raises(Malformed):
        read_article(answered(body, content_type))


@pytest.mark.parametrize(
    "body",
    [
        "<",
        "<!doctype html>",
        "<!-- nothing -->",
        "<html></html>",
        "<html><body><script>alert(1)</script></body></html>",
        "<p>http://127.0.0.1:9/</p>",
        '<html><head><meta name="date" content="9999999"></head><body></body></html>',
        '<html><head><script type="application/ld+json">{"@type": [[[</script></head><body></body></html>',
    ],
)
def test_a_page_without_a_text_gives_none_and_no_error(body: str) -> None:
    try:
        article = read_article(answered(body))
    except Malformed:
        return
    assert len(article.text) < 50
    assert article.published is None


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 200_000,
        "<p>" + "слово " * 200_000,
        "<a href=x>" * 100_000,
        "<table><tr>" + "<td>x" * 100_000,
        "<!--" * 200_000,
        "<b><i>" * 50_000,
        "&amp;" * 200_000 + "<p>",
        "<html><body>" + "".join(f"<div class=c{number}><p>Слово {number}</p></div>" for number in range(20_000)),
    ],
    ids=["deep", "long", "links", "cells", "comments", "overlapping", "entities", "many"],
)
def test_no_page_yields_more_than_a_field_holds_nor_takes_long(body: str) -> None:
    started = time.process_time()
    with contextlib.suppress(Malformed):
        assert len(read_article(answered(body)).text) <= FIELD_CAP
    assert time.process_time() - started < 10  # the worker's deadline; without the bounds some take minutes


def test_neither_the_network_nor_a_file_is_touched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read_article(answered(PAGE))  # imports open files
    secret = tmp_path / "secret.txt"
    secret.write_text("canary-7", encoding="utf-8")

    def forbidden(*args: object, **_: object) -> None:
        raise AssertionError(f"touched {args}")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    doctype = f'<!DOCTYPE html [<!ENTITY x SYSTEM "file://{secret}">]>'
    links = '<link rel="canonical" href="http://127.0.0.1:9/"><iframe src="http://127.0.0.1:9/"></iframe>'
    body = PAGE.replace("<!doctype html>", doctype).replace("<main>", f"{links}<main><p>&x;</p>")
    article = read_article(answered(body))
    assert MIDDLE in article.text
    assert "canary-7" not in article.text


# ── How much of real pages is found ─────────────────────────────────────────────────────────────────────────────────

_AROUND = {"footer", "aside", "nav", "form", "noscript", "header"}


def _paragraphs(body: bytes) -> list[str]:
    """Paragraphs of 25 words and more that are not mostly links: what a reader would call the text, comments too."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True)
    found = []
    for element in html.document_fromstring(decode(body, None).encode(), parser=parser).iter("p"):
        text = str(element.xpath("string()"))
        linked = sum(len(str(link.xpath("string()"))) for link in element.iter("a"))
        outside = any(parent.tag in _AROUND for parent in element.iterancestors())
        if not outside and len(text.split()) >= 25 and linked < 0.3 * len(text):
            found.append(_letters(text))
    return list(dict.fromkeys(found))


def _letters(text: str) -> str:
    return re.sub(r"\W", "", fold(text))


def test_how_much_of_real_pages_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    if not SHARED.is_dir():
        pytest.skip(f"no pages at {SHARED}")
    shares, found, there, seconds = [], 0, 0, []
    for path in sorted(SHARED.glob("*.html")):
        body = path.read_bytes()
        started = time.process_time()
        text = _letters(read_article(answered(body, None)).text)
        seconds.append(time.process_time() - started)
        paragraphs = _paragraphs(body)
        hits = sum(paragraph in text for paragraph in paragraphs)
        found, there = found + hits, there + len(paragraphs)
        if paragraphs:
            shares.append(hits / len(paragraphs))
    recall = sum(shares) / len(shares)
    seconds.sort()
    with capsys.disabled():
        print(
            f"\narticles: {len(seconds)} pages, {recall:.1%} of a page's paragraphs found on average, "
            f"{found} of {there} in all; {1000 * seconds[len(seconds) // 2]:.0f} ms a page, at most "
            f"{1000 * seconds[-1]:.0f} ms"
        )
    assert len(shares) >= 50
    assert recall >= 0.9
    assert found / there >= 0.85
