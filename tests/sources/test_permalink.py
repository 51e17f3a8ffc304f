"""Whether a page still holds what a post said."""

from __future__ import annotations

import json

import pytest

from monitor.models import Response
from monitor.sources.permalink import holds

TEXT = "Тихий Причал опять закрыт, очередь на час"
BEGINNING = "тихийпричалопятьзакрыточередьначас"
REST = "<p>" + "Другие люди пишут здесь о погоде и о рыбе. " * 8 + "</p>"


def page(body: str, *, title: str = "Форум") -> Response:
    markup = f"<html><head><meta charset=utf-8><title>{title}</title></head><body>{body}</body></html>"
    return Response(url="https://f.example/1", status=200, headers=(), body=markup.encode())


@pytest.mark.parametrize(
    ("body", "held"),
    [
        (f"<p>{TEXT}</p>", True),
        ("<p>Тихий <b>При</b>чал опять<br>закрыт &mdash; ОЧЕРЕДЬ на час</p>" + REST, True),
        (f"<script>var posts = {json.dumps([TEXT])}</script>", True),
        (f"<script>var posts = {json.dumps([TEXT], ensure_ascii=False)}</script>" + REST, True),
        (REST, False),
        (f"<p>Сообщение удалено</p>{REST}<script>var x = {{}}</script>", False),
        ("<h1>Ошибка</h1><p>Темы нет</p>", False),
        ("<div id=app></div><script>" + "start(1); " * 200 + "</script>", None),
        ("<form><input type=password></form>", None),
    ],
)
def test_a_page_holds_a_text_or_not_or_does_not_tell(body: str, held: bool | None) -> None:
    assert holds(page(body), BEGINNING) is held


def test_a_barrier_tells_nothing() -> None:
    assert holds(page(REST, title="Just a moment..."), BEGINNING) is None


@pytest.mark.parametrize("body", [b"", b"no markup", b"\x89PNG\r\n\x1a\n", b"<div>" * 5000])
def test_what_is_no_page_tells_nothing(body: bytes) -> None:
    response = Response(url="https://f.example/1", status=200, headers=(), body=body)
    assert holds(response, BEGINNING) is None
