"""What each kind in KINDS must do; a new kind passes by laying pairs of files into tests/sources/data/<kind>/.

NAME.options.json beside a pair holds the options that it is read with; without it they are the kind's defaults.
NAME.cursor.json holds the cursor, for kinds whose first request is a login where the cursor holds no session.
"""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from monitor.config import kind_options
from monitor.errors import Blocked, ReadError
from monitor.models import HttpRequest, ImapRequest, Page, Response
from monitor.sources import KINDS
from monitor.sources.render import post_to_json
from tests.sources.social import kept_cursor

if TYPE_CHECKING:
    from monitor.sources.protocol import Kind

DATA = Path(__file__).parent / "data"
URL = "https://served.example/dir/"
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
PAIRS = [
    (kind, path)
    for kind in KINDS
    for path in sorted((DATA / kind).iterdir())
    if not path.name.endswith(("expected.json", "options.json", "cursor.json"))
]
FIRST = dict(reversed(PAIRS))
# What comes out of a mailbox is never a page of the web; a kind that reads one says so by its schemes.
MAIL = {kind for kind in KINDS if "imaps" in getattr(KINDS[kind], "schemes", ())}
WEB = sorted({*KINDS} - MAIL)
LOGIN_PAGE = """<!DOCTYPE html>
<html><head><title>Sign in, please</title></head><body><form><input name="password"></form></body></html>"""


def reader_of(kind: str, path: Path, url: str = URL) -> Kind:
    options = path.parent / f"{path.stem}.options.json"
    if kind in MAIL:
        url = url.replace("https:", "imaps:")
    return KINDS[kind](url, kind_options(kind, options.read_text(encoding="utf-8") if options.exists() else "{}"))


def read(kind: str, body: bytes, path: Path, url: str = URL) -> Page:
    reader = reader_of(kind, path, url)
    cursor, answer = kept_cursor(path), Response(url=url, status=200, headers=(), body=body)
    request = reader.start(cursor, NOW)
    if isinstance(request, ImapRequest):
        answer = replace(answer, headers=(("uidvalidity", "1"),), body=b"", messages=((1, body),))
    return reader.read(request, answer, cursor)


@pytest.mark.parametrize(("kind", "path"), PAIRS, ids=lambda value: getattr(value, "name", value))
def test_reads_its_fixtures(kind: str, path: Path) -> None:
    expected = json.loads((path.parent / f"{path.stem}.expected.json").read_bytes())
    page = read(kind, path.read_bytes(), path, url=URL + path.name)
    assert [post_to_json(post) for post in page.posts] == expected["posts"]
    assert [request.url for request in page.more] == expected["more"]
    assert [request.url for request in page.threads] == expected.get("threads", [])


@pytest.mark.parametrize("kind", KINDS)
def test_each_fixture_has_an_expectation_and_the_reverse(kind: str) -> None:
    stems = [path.name.removesuffix(".expected.json") for path in (DATA / kind).glob("*.expected.json")]
    assert sorted(stems) == sorted(path.stem for of, path in PAIRS if of == kind)
    assert stems


@pytest.mark.parametrize("kind", KINDS)
def test_is_sent_to_a_worker_and_back(kind: str) -> None:
    reader = reader_of(kind, FIRST[kind])
    assert pickle.loads(pickle.dumps(reader)) == reader
    request = reader.start({}, NOW)
    assert pickle.loads(pickle.dumps(request)) == request
    page = read(kind, FIRST[kind].read_bytes(), FIRST[kind])
    assert pickle.loads(pickle.dumps(page)) == page


@pytest.mark.parametrize("kind", KINDS)
def test_starts_with_a_request_that_survives_json(kind: str) -> None:
    request = reader_of(kind, FIRST[kind]).start({}, NOW)
    assert isinstance(request, ImapRequest if kind in MAIL else HttpRequest)
    assert urlsplit(request.url).scheme == ("imaps" if kind in MAIL else "https")
    assert request.step
    assert isinstance(request, ImapRequest) or all(name == name.lower() for name, _ in request.headers)
    assert json.loads(json.dumps(dict(request.carry))) == request.carry


@pytest.mark.parametrize("kind", KINDS)
def test_gives_back_a_cursor_that_survives_json(kind: str) -> None:
    page = read(kind, FIRST[kind].read_bytes(), FIRST[kind])
    assert json.loads(json.dumps(dict(page.cursor))) == page.cursor


@pytest.mark.parametrize("kind", WEB)
@pytest.mark.parametrize("body", [b"", b" \r\n\t ", b"\xef\xbb\xbf", b"\0\0\0\0", bytes(range(256)) * 8])
def test_refuses_what_is_no_answer(kind: str, body: bytes) -> None:
    with pytest.raises(ReadError):
        read(kind, body, FIRST[kind])


@pytest.mark.parametrize("kind", WEB)
def test_says_that_a_page_for_people_blocks_it(kind: str) -> None:
    with pytest.raises(Blocked, match="Sign in, please"):
        read(kind, LOGIN_PAGE.encode(), FIRST[kind])
