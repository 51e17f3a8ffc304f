"""Answers of sites with an API that were made to break their reader: always posts or a reason, never another error."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from monitor.errors import ReadError
from monitor.models import Page
from monitor.sources.fields import LARGEST
from monitor.text import FIELD_CAP
from tests.sources.social import DATA, NOW, answer, kept_cursor, kept_kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = ("bluesky", "discourse", "mastodon", "reddit", "vk")
ANSWERS = [
    (kind, path)
    for kind in KINDS
    for path in sorted((DATA / kind).glob("*.json"))
    if not path.name.endswith(("expected.json", "options.json", "cursor.json"))
]
WRONG: list[Any] = [None, True, -1, 1e308, 10**40, "\ud83d \0 <p>", [], {}, [[None]], {"a": {"b": 1}}]
IDS = [f"{kind}-{path.stem}" for kind, path in ANSWERS]


def outcome(kind: str, path: Path, body: object, *, step: str = "list") -> Page | ReadError:
    reader, cursor = kept_kind(kind, path), kept_cursor(path)
    address = "https://served.example/dir/method/x?owner_id=-1&post_id=2"
    request = reader.replies(address, cursor, NOW) if step == "replies" else reader.start(cursor, NOW)
    assert request is not None
    try:
        page = reader.read(request, answer(body), cursor)
    except ReadError as error:
        return error
    for post in page.posts:
        assert post.published is None or post.published.tzinfo is not None
        assert all(value is None or 0 <= value <= LARGEST for value in (post.likes, post.replies, post.views))
        assert len(post.text) <= 2 * FIELD_CAP
        assert "\n" not in post.title
        assert all(url is None or url.startswith("http") for url in (post.url, post.author.url, post.follow))
    for request in page.more + page.threads:
        assert json.loads(json.dumps(dict(request.carry))) == request.carry
    json.dumps(dict(page.cursor))
    return page


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    changed = copy.copy(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], new)
    return changed


@pytest.mark.parametrize(("kind", "path"), ANSWERS, ids=IDS)
def test_takes_anything_anywhere(kind: str, path: Path) -> None:
    whole = json.loads(path.read_bytes())
    chosen = random.Random(4)  # each place meets three wrong values
    for place in places(whole):
        for wrong in chosen.sample(WRONG, 3):
            body = json.dumps(replaced(whole, place, wrong)).encode()
            assert isinstance(outcome(kind, path, body), Page | ReadError)
        body = json.dumps(replaced(whole, place, chosen.choice(WRONG))).encode()
        assert isinstance(outcome(kind, path, body, step="replies"), Page | ReadError)


@pytest.mark.parametrize(("kind", "path"), ANSWERS, ids=IDS)
@pytest.mark.parametrize("filler", ["<b>", "[id1|", "\n>", "submitted by /u/", "<aside>"])
def test_takes_long_texts(kind: str, path: Path, filler: str) -> None:
    def grown(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: grown(part) for key, part in value.items()}
        if isinstance(value, list):
            return [grown(part) for part in value[:2]]
        return value + filler * (200_000 // len(filler)) if isinstance(value, str) else value

    assert isinstance(outcome(kind, path, grown(json.loads(path.read_bytes()))), Page | ReadError)


@pytest.mark.parametrize(("kind", "path"), ANSWERS, ids=IDS)
@pytest.mark.parametrize(
    "body", ["[" * 200_000, '{"posts":' * 50_000, "9" * 5_000, '{"a":1', "[]", "{}", "null", '"x"', "7"]
)
def test_refuses_what_is_no_answer(kind: str, path: Path, body: str) -> None:
    result = outcome(kind, path, body)
    if (kind, body) == ("mastodon", "[]"):
        assert isinstance(result, Page)
        assert result.posts == ()
    else:
        assert isinstance(result, ReadError)


@pytest.mark.parametrize(("kind", "path"), ANSWERS, ids=IDS)
def test_reads_no_more_items_than_an_answer_can_have(kind: str, path: Path) -> None:
    def multiplied(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: multiplied(part) for key, part in value.items()}
        return value * (6_000 // max(len(value), 1)) if isinstance(value, list) else value

    page = outcome(kind, path, multiplied(json.loads(path.read_bytes())))
    assert isinstance(page, Page)
    assert 0 < len(page.posts) + len(page.threads) <= 1_000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/x",
        "javascript:alert(1)",
        "",
        "https://served.example:81/",
        "https://served.example/?a=${SECRET}",
    ],
)
def test_asks_for_answers_only_at_the_site_itself(kind: str, address: str) -> None:
    path = next(path for of, path in ANSWERS if of == kind)
    assert kept_kind(kind, path).replies(address, kept_cursor(path), NOW) is None
