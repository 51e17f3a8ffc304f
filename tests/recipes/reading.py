"""A recipe as a configuration makes it, and what it reads: shared by the tests of recipes."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.config import load
from monitor.config.recipes import recipe_of
from monitor.models import HttpRequest, Response
from monitor.sources import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.models import JSON, Page, Request, Source
    from monitor.sources.protocol import Kind

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "fixtures"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SITE = "https://site.example/"


def source_of(recipe: str, folder: Path, **given: object) -> Source:
    """The source that sources.yaml makes of a recipe, with examples where it needs something that is not given."""
    known = recipe_of(recipe)
    assert known is not None
    entry: dict[str, object] = {"name": recipe, "recipe": recipe}
    if known.needs_url:
        entry["url"] = SITE
    entry |= {name: needed.example for name, needed in known.needs.items() if needed.default is None} | given
    text = json.dumps({"contact": "a@watch.test", "brands": [{"name": "Kassolet"}], "sources": [entry]})
    path = folder / "sources.yaml"
    path.write_text(text, encoding="utf-8")
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "secret-7")
    return load(path, environ=environ).sources[0]


def reader_of(source: Source) -> Kind:
    """The kind that reads a source."""
    return KINDS[source.kind](source.url, source.options)


def read(
    kind: Kind,
    request: Request | None,
    path: Path,
    *,
    cursor: Mapping[str, JSON] | None = None,
    headers: Sequence[tuple[str, str]] = (),
) -> Page:
    """What a kind makes of a file as the answer to a request."""
    assert isinstance(request, HttpRequest)
    response = Response(url=request.url, status=200, headers=tuple(headers), body=path.read_bytes())
    return kind.read(request, response, cursor or {})
