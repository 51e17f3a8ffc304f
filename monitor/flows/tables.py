"""Files of other tools, and our own exports: rows of CSV or JSON lines to posts.

Memory is bounded by a row; a bad row is told with its line and its reason, and the next one is read. Columns are known
by the names that exports give them in English and Russian, anything else is said with `--map`.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from monitor.errors import InputError, Malformed
from monitor.flows.csvrows import TOO_LONG, Lines, read_header, read_rows
from monitor.models import JSON, Author, Post, PostType
from monitor.sources import decoding, fields
from monitor.text import FIELD_CAP, FORMULA, clean_url, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import TextIO

DateOrder: TypeAlias = Literal["day-first", "month-first"]

_SAMPLE: Final = 64 * 1024
_ENCODINGS: Final = ("cp1251", "koi8-u", "koi8-r", "cp866", "cp1252", "iso8859-5", "mac-cyrillic")
_NAMES: Final = """
native_id: id; post id; message id; review id; номер; id сообщения; id поста
url: link; permalink; address; post url; review url; ссылка; адрес; ссылка на сообщение; ссылка на пост; url сообщения
title: headline; subject; заголовок; тема; название
text: content; message; body; snippet; review; comment; full text; mention text; post text; текст; сообщение; отзыв
text: содержание; комментарий; текст сообщения; полный текст; текст отзыва
author: author name; username; user; nickname; автор; имя автора; пользователь; ник
author_url: author url; author link; profile; profile url; профиль; ссылка на автора; профиль автора; url автора
followers: audience; reach; subscribers; author followers; подписчики; аудитория; охват; количество подписчиков
published: date; published at; published_at; publication date; datetime; timestamp; created; created at; created_at
published: дата; дата публикации; дата и время; опубликовано; дата создания; дата сообщения
time: время; время публикации
rating: stars; score; оценка; рейтинг; звезды; балл
likes: reactions; лайки; нравится; реакции; количество лайков
replies: comments; reply count; ответы; комментарии; комментариев; количество комментариев
views: impressions; view count; просмотры; показы; количество просмотров
thread: thread id; topic; обсуждение; тред
parent: parent id; in reply to; родитель
type: post type; тип; тип сообщения; тип поста
lang: language; язык
source: site; resource; platform; источник; площадка; сайт; ресурс
"""
_KNOWN: Final[Mapping[str, str]] = {
    name: known
    for line in _NAMES.strip().splitlines()
    for known, _, names in (line.partition(": "),)
    for name in (known, *names.split("; "))
}
FIELDS: Final = tuple(dict.fromkeys(_KNOWN.values()))
"""What a column may be mapped to."""
_TYPES: Final = {
    "пост": PostType.POST,
    "комментарий": PostType.COMMENT,
    "reply": PostType.COMMENT,
    "отзыв": PostType.REVIEW,
    "статья": PostType.ARTICLE,
    "видео": PostType.VIDEO,
    "письмо": PostType.EMAIL,
}
_DATE: Final = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})"
    r"(?:[\sT,]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?\s*([AaPp][Mm])?"
)
_UNDECODED: Final = re.compile("[\udc80-\udcff]")  # what `surrogateescape` makes of bytes that are no text
_OURS: Final = frozenset({"post_id", "brand", "decision", "published_at"})
_NOT_OURS: Final = frozenset({"id", "post_id", "site"})


class Row(NamedTuple):
    """One row of a file: a post and the name of its source where the row says one, or why it is none."""

    line: int
    post: Post | None
    source: str | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How to read: fields of columns that are not known by name, the zone of dates without one, what 3/4 means."""

    columns: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = UTC
    dates: DateOrder | None = None
    latest: datetime | None = None

    def fields_of(self, columns: Iterable[str]) -> dict[str, str]:
        """The columns that are understood, each with its field; of several for one the first filled counts."""
        names = {column: fold(column).strip("\ufeff \"'*:") for column in columns}
        # In our own export these number mentions and posts of another database, and the site is not the source.
        ignored = _NOT_OURS if set(names.values()) >= _OURS else frozenset[str]()
        found = {column: self._field_of(name) for column, name in names.items() if name not in ignored}
        return {column: known for column, known in found.items() if known is not None}

    def _field_of(self, name: str) -> str | None:
        return self.columns.get(name) or _KNOWN.get(name) or _KNOWN.get(name.replace("_", " "))


def encoding_of(path: Path) -> str:
    """The encoding of a file: UTF-8 where all of it is valid, else told by its letters. Raises InputError."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                return "utf-16"
            file.seek(0)
            for block in iter(lambda: file.read(_SAMPLE), b""):
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    return _guessed(block, path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    return "utf-8-sig"


def _guessed(block: bytes, path: Path) -> str:
    try:
        text = decoding.decode(block, None)
    except Malformed as error:
        raise InputError(f"{path}: the encoding cannot be told; say it with --encoding") from error
    told = next((name for name in _ENCODINGS if block.decode(name, "replace") == text), None)
    if told is None:
        raise InputError(f"{path}: the encoding cannot be told; say it with --encoding")
    return told


def format_of(path: Path, encoding: str) -> Literal["csv", "jsonl"]:
    """What a file is, by its name and, where that says nothing, its first character. Raises InputError."""
    suffix = path.suffix.lower()
    if suffix in (".jsonl", ".ndjson", ".csv", ".tsv"):
        return "csv" if suffix in (".csv", ".tsv") else "jsonl"
    try:
        with path.open(encoding=encoding, errors="replace") as file:
            return "jsonl" if file.read(_SAMPLE).lstrip().startswith("{") else "csv"
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


# ── CSV ──


def open_csv(file: TextIO) -> tuple[list[str], Iterator[tuple[int, list[str] | str]]]:
    """The header and the rows of a CSV file (opened with newline=""), each with its line; a text says why it is none.

    Raises InputError where the header cannot be read.
    """
    lines = Lines(file)
    header, delimiter = read_header(lines)
    if isinstance(header, str):
        raise InputError(f"the header cannot be read: {header}")
    return [column.strip() for column in header], read_rows(lines, delimiter, len(header))


def read_csv(header: Iterable[str], rows: Iterable[tuple[int, list[str] | str]], reading: Reading) -> Iterator[Row]:
    """The posts of the rows of a CSV file."""
    names = list(header)
    understood = reading.fields_of(names)
    columns = [understood.get(name) for name in names]
    for line, row in rows:
        if isinstance(row, str):
            yield Row(line, None, fault=row)
        else:
            cells: dict[str, JSON] = {}
            for name, cell in zip(columns, row, strict=False):
                if name is not None and cell.strip():
                    cells.setdefault(name, cell[1:] if cell.startswith("'") and FORMULA.match(cell, 1) else cell)
            yield _row(line, cells, reading)


# ── JSON lines ──


def read_json(file: TextIO, reading: Reading) -> Iterator[Row]:
    """The posts of a file of JSON lines; one that stands in several lines, as a mention each, is one post each time."""
    for line, text in enumerate(Lines(file), start=1):
        if text is None:
            yield Row(line, None, fault=TOO_LONG)
            continue
        if not text.strip():
            continue
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            yield Row(line, None, fault="it is no JSON")
            continue
        if isinstance(record, dict):
            yield _row(line, _flat(record, reading), reading)
        else:
            yield Row(line, None, fault="it is no JSON object")


def _flat(record: Mapping[str, JSON], reading: Reading) -> dict[str, JSON]:
    """A record by fields; our own export keeps the post, and its author, as objects of their own."""
    own = record.get("post")
    post = {**record, "native_id": None, "id": None, **own} if isinstance(own, dict) else dict(record)
    author = post.pop("author", None)
    if isinstance(author, dict):
        post |= {"author": author.get("name"), "author_url": author.get("url"), "followers": author.get("followers")}
    elif author is not None:
        post["author"] = author
    cells: dict[str, JSON] = {}
    for column, name in reading.fields_of(post).items():
        if post[column] not in (None, "", [], {}):
            cells.setdefault(name, post[column])
    return cells


def columns_of_json(path: Path, encoding: str) -> list[str]:
    """The names that the first records of a file have, for saying which are understood."""
    names: dict[str, None] = {}
    with path.open(encoding=encoding, errors="replace") as file:
        for text in islice(Lines(file), 100):
            try:
                record = json.loads(text or "")
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict):
                own = record.get("post")
                names |= dict.fromkeys([*record, *(own if isinstance(own, dict) else ())])
    return [name for name in names if name != "post"]


def post_from_json(record: Mapping[str, JSON]) -> Post:
    """The inverse of `sources.render.post_to_json`. Raises InputError."""
    row = _row(0, _flat(record, Reading()), Reading())
    if row.post is None:
        raise InputError(f"a post cannot be read: {row.fault}")
    return row.post


# ── fields ──


def _row(line: int, cells: Mapping[str, JSON], reading: Reading) -> Row:
    try:
        if any(isinstance(value, str) and _UNDECODED.search(value) for value in cells.values()):
            raise ValueError("it has bytes that are not in the encoding of the file")
        return Row(line, _post(cells, reading), source=_name(cells, "source"))
    except (ValueError, OverflowError) as error:
        return Row(line, None, fault=str(error))


def _post(cells: Mapping[str, JSON], reading: Reading) -> Post:
    title = fields.prose(_text(cells, "title"), markup=False, one_line=True)
    text = fields.prose(_text(cells, "text"), markup=False)
    if not title and not text:
        raise ValueError("it has neither a text nor a title")
    url = clean_url(_text(cells, "url"))
    if url is None and _text(cells, "url"):
        raise ValueError(f"{_text(cells, 'url')[:80]!r} is no http(s) address")
    return Post(
        native_id=fields.identifier(_text(cells, "native_id")[:1000]),
        url=url,
        title=title,
        text=text,
        author=Author(
            name=fields.name(_text(cells, "author")),
            url=clean_url(_text(cells, "author_url")),
            followers=_count(cells, "followers"),
        ),
        published=_moment(cells, reading),
        rating=_rating(cells),
        likes=_count(cells, "likes"),
        replies=_count(cells, "replies"),
        views=_count(cells, "views"),
        thread=_name(cells, "thread"),
        parent=_name(cells, "parent"),
        type=_type(_text(cells, "type")),
        lang=_text(cells, "lang").strip().lower()[:20] or None,
    )


def _text(cells: Mapping[str, JSON], name: str) -> str:
    value = cells.get(name)
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value)[:FIELD_CAP]


def _name(cells: Mapping[str, JSON], name: str) -> str | None:
    return fields.identifier(_text(cells, name)[:1000])


def _count(cells: Mapping[str, JSON], name: str) -> int | None:
    text = _text(cells, name).strip().replace("\xa0", " ").removesuffix(".0")
    if not text:
        return None
    if (count := fields.count(text)) is None:
        raise ValueError(f"{text[:40]!r} is no number ({name})")
    return count


def _rating(cells: Mapping[str, JSON]) -> float | None:
    text = _text(cells, "rating").strip()
    if not text or text in ("0", "0.0", "-"):
        return None
    if (rating := fields.rating(text)) is None:
        raise ValueError(f"{text[:40]!r} is no rating")
    return rating


def _type(text: str) -> PostType:
    folded = fold(text)
    if folded in _TYPES:
        return _TYPES[folded]
    return PostType(folded) if folded in set(PostType) else PostType.POST


def _moment(cells: Mapping[str, JSON], reading: Reading) -> datetime | None:
    text = " ".join(filter(None, (_text(cells, "published").strip(), _text(cells, "time").strip())))
    if not text:
        return None
    naive = _read_moment(text, reading.dates)
    moment = naive.replace(tzinfo=reading.zone) if naive.tzinfo is None else naive
    known = fields.instant(moment, reading.latest)
    if known is None:
        raise ValueError(f"{text[:40]!r} lies before 2000 or in the future")
    return known


def _read_moment(text: str, order: DateOrder | None) -> datetime:
    """A date as exports spell it. Raises ValueError."""
    if re.fullmatch(r"\d{10}(?:\d{3})?(?:\.\d+)?", text):
        return datetime.fromtimestamp(float(text) / (1000 if len(text.partition(".")[0]) == 13 else 1), UTC)
    if found := _DATE.fullmatch(text):
        return _read_numbers(found, text, order)
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return read(text)
        except (ValueError, TypeError):
            continue
    raise ValueError(f"{text[:40]!r} is no date that is understood")


def _read_numbers(found: re.Match[str], text: str, order: DateOrder | None) -> datetime:
    first, mark, middle, last, *clock, half = found.groups()
    a, b, c = int(first), int(middle), int(last)
    if len(first) == 4:
        year, month, day = a, b, c
    else:
        year = c if c > 99 else 2000 + c
        if mark == "." or a > 12:
            day, month = a, b
        elif b > 12 or order == "month-first":
            month, day = a, b
        elif order == "day-first" or a == b:
            day, month = a, b
        else:
            raise ValueError(f"{text[:40]!r} may be two days; say --dates day-first or month-first")
    hour, minute, second = (int(part or 0) for part in clock)
    if half:
        hour = hour % 12 + (12 if half.lower() == "pm" else 0)
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the caller knows the zone
    except ValueError as error:
        raise ValueError(f"{text[:40]!r} is no date: {error}") from error
