"""JSON Feed 1.x (https://www.jsonfeed.org/version/1.1/), which feedparser does not read."""

from __future__ import annotations

import json
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from monitor.errors import Malformed
from monitor.models import Author, Post, PostType
from monitor.sources import fields
from monitor.text import clean_url, safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSIONS = ("https://jsonfeed.org/version/1", "http://jsonfeed.org/version/1")
_KNOWN = frozenset(f"{version}{minor}" for version in _VERSIONS for minor in ("", ".0", ".1")) | {"1", "1.0", "1.1"}


def read_json_feed(text: str, *, base: str, latest: datetime | None, limit: int) -> tuple[tuple[Post, ...], str | None]:
    """The posts of a JSON Feed and the address of its next page, if any.

    `base` resolves relative addresses, `latest` is the moment of the answer. Raises `errors.Malformed` for JSON that
    is cut off or is no JSON Feed.
    """
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {safe_text(str(error)[:120])}") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list) or feed.get("version") not in _KNOWN:
        raise Malformed("JSON, but not a JSON Feed 1.x")
    everyone = _author(feed, base) or Author()
    posts = tuple(_post(item, base, latest, everyone) for item in items[:limit] if isinstance(item, dict))
    following = _text(feed, "next_url")
    return posts, clean_url(following, base) if following else None


def _text(record: Mapping[str, object], key: str) -> str:
    """A string, or "" where the key is absent or holds something else."""
    value = record.get(key)
    return value if isinstance(value, str) else ""


def _post(item: Mapping[str, object], base: str, latest: datetime | None, everyone: Author) -> Post:
    title = fields.prose(_text(item, "title"), markup=False, one_line=True)
    plain = fields.prose(_text(item, "content_text"), markup=False)
    rich = fields.prose(_text(item, "content_html"), markup=True)
    teaser = fields.prose(_text(item, "summary"), markup=False)
    number = item.get("id")  # the specification asks readers to take numbers for strings here
    ident = str(number) if isinstance(number, int | float) and not isinstance(number, bool) else _text(item, "id")
    urls = (fields.address(_text(item, key), base) for key in ("url", "external_url"))
    dates = (_moment(_text(item, key), latest) for key in ("date_published", "date_modified"))
    return Post(
        native_id=fields.identifier(ident),
        url=next(filter(None, urls), None),
        title=title,
        text=fields.richest([rich, plain, teaser]),
        author=_author(item, base) or everyone,
        published=next(filter(None, dates), None),
        type=PostType.ARTICLE if title else PostType.POST,
    )


def _moment(value: str, latest: datetime | None) -> datetime | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return fields.instant(parse(value.strip()[:64]), latest)
        except ValueError:
            continue
    return None


def _author(record: Mapping[str, object], base: str) -> Author | None:
    """The first author with a name or an address, of version 1.1 (`authors`) or 1.0 (`author`)."""
    listed = record.get("authors")
    for author in [*(listed if isinstance(listed, list) else []), record.get("author")]:
        if not isinstance(author, dict):
            continue
        known = Author(name=fields.name(_text(author, "name")), url=clean_url(_text(author, "url"), base))
        if known.name or known.url:
            return known
    return None
