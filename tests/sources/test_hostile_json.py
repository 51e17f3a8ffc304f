"""Kind `json` on answers that are made to break it: wrong types anywhere, huge values, deep nesting."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from monitor.errors import ReadError
from tests.sources.test_json import answered, kind, read, started

NASTY: list[object] = [None, True, -1, 1 << 200, 1e308, "", "x" * 2_000_000, "\ud800\0\x1b", [], {}, [[[]]]]
NASTY += [{"type": {}, "id": []}, "${KEY}", "<" * 50_000, "https://[", "&#xd800;" * 10]
WHOLE: dict[str, object] = {
    "data": [{"type": "posts", "id": "1", "text": "t", "at": "2026-11-18", "n": 3, "user": {"type": "u", "id": "1"}}],
    "included": [{"type": "u", "id": "1", "name": "Ann", "url": "/u/1"}],
    "next": "/search?page=2",
    "error": None,
    "wait": 1,
}


def places(value: object, before: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [before, *(place for key, one in inner for place in places(one, (*before, key)))]


@pytest.mark.parametrize("place", places(WHOLE), ids=lambda place: ".".join(map(str, place)) or "root")
def test_whatever_stands_anywhere_makes_a_page_or_a_read_error(place: tuple[str | int, ...]) -> None:
    fields = dict.fromkeys(("author", "title"), "user.name") | {
        "id": "id",
        "text": "text",
        "published": "at",
        "rating": "n",
        "likes": "n",
        "url": "https://a.example/{id}",
        "author_url": "user.url",
        "thread": "id",
        "parent": "n",
        "lang": "text",
        "follow": "/x/{id}",
    }
    reader = kind(
        items="data", fields=fields, join="included", next="next", error="error", backoff="wait", nested="user"
    )
    request = started(reader)
    for nasty in NASTY:
        answer: Any = copy.deepcopy(WHOLE)
        inside = answer
        for key in place[:-1]:
            inside = inside[key]
        if place:
            inside[place[-1]] = nasty
        else:
            answer = nasty
        try:
            page = reader.read(request, answered(answer), {})
        except ReadError:
            continue
        assert all(len(post.text) <= 64 * 1024 and len(post.native_id or "") <= 256 for post in page.posts)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"[NaN, Infinity]",
        b"[" + b"9" * 10_000 + b"]",
        b'["\xff\xfe"',
        b'[{"id": 1, "id": 2}, 1e999]',
        b"\x00" * 1000,
    ],
)
def test_no_body_is_too_odd(body: bytes) -> None:
    try:
        page = read(kind(), body)
    except ReadError:
        return
    assert page.posts == ()
