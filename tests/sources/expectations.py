"""What other projects expect of their feeds: expressions in feedparser's comments, JSON files beside the others.

Read is every expectation about an entry that a Post has a word for: count of entries, id, address, title, text, name
and address of the author, date, replies, parent, rating, views. Left out is what a feed says of itself, rights,
categories, enclosures, languages, bases and declared types. Sanitised markup is compared as text, with all white
space taken out, with a text made by means of this file only.
"""

from __future__ import annotations

import ast
import html
import json
import re
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from monitor.errors import ReadError
from tests.sources.shared import FEEDS, answers, outcomes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.models import Page


@dataclass(frozen=True)
class Expected:
    """One value that another project expects of the entry `index` of `file`; `field` is ours."""

    file: str
    index: int
    field: str
    value: object


EXPECT = re.compile(rb"^\s*Expect:\s+(.*?)\s*$", re.MULTILINE)
OURS = {
    "title": "title",
    "title_detail.value": "title",
    "link": "url",
    "id": "native_id",
    "guid": "native_id",
    "author": "author.name",
    "author_detail.name": "author.name",
    "author_detail.url": "author.url",
    "author_detail.href": "author.url",
    "authors.0.name": "author.name",
    "authors.0.url": "author.url",
    "authors.0.href": "author.url",
    "summary": "text",
    "description": "text",
    "summary_detail.value": "text",
    "content.0.value": "text",
    "links.0.href": "url",
    "published": "published",
    "published_parsed": "published",
    "updated": "published",
    "updated_parsed": "published",
    "created": "published",
    "created_parsed": "published",
    "slash_comments": "replies",
    "thr_total": "replies",
    "thr_in-reply-to.ref": "parent",
    "media_starrating.average": "rating",
    "media_statistics.views": "views",
}


def steps(node: ast.expr) -> list[object] | None:
    """`entries[0]['a'].b` as [0, 'a', 'b']; None for an expression about something else."""
    if isinstance(node, ast.Name):
        return [] if node.id == "entries" else None
    if isinstance(node, ast.Attribute):
        before, key = steps(node.value), node.attr
    elif isinstance(node, ast.Subscript):
        before, key = steps(node.value), ast.literal_eval(node.slice)
    else:
        return None
    return None if before is None else [*before, key]


def constant(node: ast.expr) -> object:
    """A literal, or literals joined by +; None for anything else."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = constant(node.left), constant(node.right)
        return left + right if isinstance(left, str) and isinstance(right, str) else None
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def comparisons(node: ast.expr) -> Iterator[tuple[list[object], object]]:
    """Each (path into entries, value it must have) that the expression demands."""
    if isinstance(node, ast.BoolOp):
        for part in node.values:
            yield from comparisons(part)
    elif isinstance(node, ast.UnaryOp):
        if path := steps(node.operand):
            yield path, ""
    elif isinstance(node, ast.Compare):
        operands = [node.left, *node.comparators]
        value = constant(operands[-1])
        for operand in operands[:-1]:
            if isinstance(operand, ast.Call) and ast.unparse(operand.func) == "ord" and isinstance(value, int):
                operand, value = operand.args[0], chr(value)  # noqa: PLW2901 - ord(x) == n says x == chr(n)
            if path := steps(operand):
                yield path, value


def from_comments() -> Iterator[Expected]:
    for name in sorted(outcomes()):
        found = EXPECT.search((FEEDS / name).read_bytes()) if name.startswith("kurtmckee") else None
        if not found:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the files' own literals hold escapes that Python no longer likes
            expression = ast.parse(found[1].decode("utf-8").strip(), mode="eval").body
        texts: dict[int, list[object]] = {}
        demands = list(comparisons(expression))
        alternate = all(value == "alternate" for path, value in demands if path[-1:] == ["rel"])
        for path, value in demands:
            ours = OURS.get(".".join(map(str, path[1:])))
            index = path[0] if isinstance(path[0], int) else 0
            if ours == "text":
                texts.setdefault(index, []).append(value)
            elif ours and (path[1] != "links" or alternate):
                yield Expected(name, index, ours, value)
        for index, values in texts.items():
            yield Expected(name, index, "text", richest(values))


def first(*values: object) -> object:
    return next((value for value in values if value), None)


def gofeed_item(item: dict[str, Any]) -> dict[str, object]:
    guid = item.get("guid")
    authors = [author for author in [*item.get("authors", []), item.get("author")] if author]
    author = authors[0] if authors else None
    named = author if isinstance(author, dict) else {"name": author}
    links = [
        link for link in item.get("links", []) if isinstance(link, str) or link.get("rel", "alternate") == "alternate"
    ]
    link = links[0] if links else None
    content = item.get("content")
    return {
        "native_id": guid.get("value") if isinstance(guid, dict) else first(guid, item.get("id")),
        "url": first(item.get("link"), link.get("href") if isinstance(link, dict) else link),
        "title": item.get("title"),
        "text": [
            content.get("value") if isinstance(content, dict) else content,
            item.get("description"),
            item.get("summary"),
        ],
        "author.name": first(named.get("name"), named.get("email")),
        "author.url": named.get("uri"),
        "published": first(
            item.get("publishedParsed"),
            item.get("published"),
            item.get("pubDateParsed"),
            item.get("updatedParsed"),
            item.get("updated"),
        ),
    }


def rbren_item(item: dict[str, Any]) -> dict[str, object]:
    return {
        "native_id": first(item.get("guid"), item.get("id")),
        "url": item.get("link"),
        "title": item.get("title"),
        "text": [
            item.get("content:encoded"),
            item.get("content"),
            item.get("summary"),
            item.get("itunes", {}).get("summary"),
        ],
        "author.name": first(item.get("creator"), item.get("dc:creator"), item.get("author")),
        "published": first(item.get("isoDate"), item.get("pubDate")),
    }


def bridge_item(item: dict[str, Any]) -> dict[str, object]:
    moment = item.get("timestamp")
    return {
        "title": item.get("title"),
        "url": item.get("uri"),
        "text": [item.get("content")],
        "author.name": item.get("author"),
        "published": datetime.fromtimestamp(moment, UTC).isoformat() if moment else None,
    }


def reddit_item(item: dict[str, Any]) -> dict[str, object]:
    return {
        "native_id": item["id"],
        "url": item["url"],
        "title": item["title"],
        "text": [item["body"]],
        "author.name": item["author"],
        "published": item["created_utc"],
    }


def pairs() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """(feed, its items as another project reads them)."""
    names = set(outcomes())
    for name in sorted(names):
        stem, _, suffix = name.rpartition(".")
        if name.startswith("mmcdole__gofeed") and (suffix != "json" or "_expected" not in name):
            expected = f"{stem}_expected.json" if suffix == "json" else f"{stem}.json"
            if expected in names:
                value = load(expected)
                yield name, [gofeed_item(item) for item in value.get("items") or value.get("entries") or []]
        elif name.startswith("rbren") and "__input__" in name:
            expected = f"{stem.replace('__input__', '__output__')}.json"
            if expected in names:
                yield name, [rbren_item(item) for item in load(expected)["feed"]["items"]]
        elif name.startswith("RSS-Bridge") and "__expected" in name:
            sample = re.sub(r"__expected\w+Format__(.*)\.\w+$", r"__\1.json", name)
            yield name, [bridge_item(item) for item in load(sample)["items"]]
        elif name.startswith("KulluPraveenKumar") and suffix == "xml":
            yield name, [reddit_item(item) for item in load(f"{stem}.expected.json")["posts"]]


def load(name: str) -> dict[str, Any]:
    body = (FEEDS / name).read_bytes()
    try:
        value = json.loads(body)
    except UnicodeDecodeError:  # one project wrote its expectation in the feed's own encoding
        value = json.loads(body.decode("iso-8859-1"))
    return value if isinstance(value, dict) else {}


def from_pairs() -> Iterator[Expected]:
    for name, items in pairs():
        yield Expected(name, 0, "count", len(items))
        for index, item in enumerate(items):
            for field, value in item.items():
                wanted = richest(value) if isinstance(value, list) else value
                if wanted:
                    yield Expected(name, index, field, wanted)


def richest(texts: list[Any]) -> object:
    """A Post has one text, where feeds have summaries and contents: the longest of what is expected."""
    return max((text for text in texts if text is not None), key=lambda text: len(bare(text)), default=None)


def bare(value: object) -> str:
    """A text without markup and white space, by no means that the program uses."""
    text = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->", "", str(value))
    text = re.sub(r"</?[A-Za-z][^<>]*>", "", text)
    return "".join(html.unescape(text).split())


def moment(value: object) -> datetime | None:
    if isinstance(value, tuple):
        return datetime(*value[:6]).replace(tzinfo=UTC)  # noqa: DTZ001 - the tuples are in UTC
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            parsed = parse(str(value))
        except ValueError:
            continue
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    return None


def actual(page: Page, expected: Expected) -> object:
    if expected.field == "count":
        return len(page.posts)
    if expected.index >= len(page.posts):
        return None
    value: object = page.posts[expected.index]
    for part in expected.field.split("."):
        value = getattr(value, part)
    return value


def agrees(expected: Expected) -> bool:
    outcome = outcomes()[expected.file]
    if isinstance(outcome, ReadError):
        return False
    value, wanted = actual(outcome, expected), expected.value
    if expected.field == "url":
        wanted = urljoin(answers()[expected.file].url, str(wanted).strip())
    if expected.field == "author.name":
        wanted = re.sub(r"\s*\(\S+@\S+\)$", "", str(wanted))  # feedparser joins the address to the name
    if expected.field == "published":
        then = moment(wanted)
        return isinstance(value, datetime) and then is not None and abs(value - then) < timedelta(seconds=1)
    if isinstance(value, int | float):
        return value == float(str(wanted))
    found = "".join(str(value or "").split())
    if expected.file.startswith("rbren") and expected.field == "text" and sorted(found) == sorted(bare(wanted or "")):
        return True  # xml2js, which made that expectation, puts the text of an element before that of its children
    return found in {"".join(str(wanted or "").split()), bare(wanted or "")}
