"""What the tests of kinds with an API share: answers, and the files of other projects that lie beside this one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.config import kind_options
from monitor.models import HttpRequest, Response
from monitor.sources import KINDS
from tests.sources.shared import SHARED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON, Page, Request
    from monitor.sources.protocol import Kind

DATA = Path(__file__).parent / "data"
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)


def kept_kind(name: str, path: Path) -> Kind:
    """The kind with the options that lie beside an answer of our own."""
    options = path.parent / f"{path.stem}.options.json"
    return KINDS[name](
        "https://served.example/dir/", kind_options(name, options.read_text("utf-8") if options.exists() else "{}")
    )


def kept_cursor(path: Path) -> dict[str, JSON]:
    """The cursor that lies beside an answer of our own."""
    kept = path.parent / f"{path.stem}.cursor.json"
    cursor: dict[str, JSON] = json.loads(kept.read_bytes()) if kept.exists() else {}
    return cursor


def answer(body: object, **headers: str) -> Response:
    """An answer with a body of bytes, of text, or of JSON."""
    if not isinstance(body, bytes | str):
        body = json.dumps(body, ensure_ascii=False)
    raw = body.encode() if isinstance(body, str) else body
    given = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(url="https://served.example/api", status=200, headers=given, body=raw)


def visit(kind: Kind, body: object, cursor: Mapping[str, JSON] | None = None, **headers: str) -> Page:
    """What the kind makes of an answer to its first request."""
    cursor = cursor or {}
    return kind.read(kind.start(cursor, NOW), answer(body, **headers), cursor)


def http(request: Request | None) -> HttpRequest:
    """The request, which has to be one of HTTP."""
    assert isinstance(request, HttpRequest)
    return request


def shared_file(platform: str, name: str) -> Path:
    """A file of another project; the test is skipped where they are not at hand."""
    path = SHARED / platform / name
    if not path.exists():
        pytest.skip(f"{platform}/{name} is not beside this project")
    return path


def shared_names(platform: str, suffix: str = "") -> list[str]:
    """The files of a platform, or one that is missing where they are not at hand."""
    folder = SHARED / platform
    names = sorted(path.name for path in folder.glob(f"*{suffix}")) if folder.is_dir() else []
    return [name for name in names if name != "README.tsv"] or ["fixtures"]
