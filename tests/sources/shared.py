"""The feeds of other projects that lie beside this one, as answers of a web server, and what we make of them."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import urljoin

from monitor.errors import ReadError
from monitor.models import Page, Response
from monitor.sources.feed import FeedKind, FeedOptions

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "fixtures"
FEEDS = SHARED / "feeds"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@cache
def origins() -> dict[str, str]:
    with (FEEDS / "README.tsv").open(encoding="utf-8") as lines:
        return {row["file"]: row["path"] for row in csv.DictReader(lines, delimiter="\t")}


def response(path: Path, origin: str) -> Response:
    """The answer that the other project's test server would give: feedparser's files spell headers in a comment."""
    body = path.read_bytes()
    url = f"http://127.0.0.1:8097/{origin}"
    headers = []
    if "kurtmckee" in path.name:
        for name, value in re.findall(rb"^\s*Header:\s+([\w-]+):\s*(.+?)\s*$", body[:2000], re.MULTILINE):
            headers.append((name.decode().lower(), value.decode()))
    location = dict(headers).get("content-location", "")
    return Response(
        url=urljoin(url, location) if "script" not in location else url, status=200, headers=tuple(headers), body=body
    )


@cache
def answers() -> dict[str, Response]:
    origin = origins()
    return {path.name: response(path, origin[path.name]) for path in sorted(FEEDS.iterdir()) if path.name in origin}


def read(answer: Response) -> Page | ReadError:
    kind = FeedKind("http://127.0.0.1:8097/", FeedOptions())
    try:
        return kind.read(kind.start({}, NOW), answer, {})
    except ReadError as error:
        return error


@cache
def outcomes() -> dict[str, Page | ReadError]:
    return {name: read(answer) for name, answer in answers().items()}


# ── feedparser's own expectations: an expression in a comment ───────────────────────────────────────────────────────
