"""What the observer sees: the little web's journal, the bytes that the receivers kept, and the database's rows.

Read with the standard library alone; the database is opened read-only, and all its tables are read in one snapshot.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

JOURNAL: Final = "web.jsonl"
MAILS: Final = "mail"
CHAT: Final = "chat.jsonl"
DATABASE: Final = "monitor.db"
DUTY: Final = "duty.json"

_LINK: Final = re.compile(r"/p/(\w+)")
_MESSAGE: Final = re.compile(r"^monitor-message: (\S+)", re.MULTILINE)
_ALERT: Final = re.compile(r"^monitor-alert: (\S+)", re.MULTILINE)
_TABLES: Final = frozenset({"sources", "posts", "mentions", "alerts", "deliveries"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What the configuration that is played asks for.

    `sinks` maps a sink to the receiver that feeds it; mentions of `brands` with a sentiment in `sentiments` are due in
    all of them; `silent_first` says whether what the first poll of a source finds is recorded silently.
    """

    sinks: Mapping[str, str]
    brands: tuple[str, ...]
    sentiments: tuple[str, ...]
    silent_first: bool = True

    def save(self, folder: Path) -> None:
        """Lay the duty beside the evidence."""
        (folder / DUTY).write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A post that appeared on the little web; `at` in Unix seconds."""

    feed: str
    key: str
    title: str
    text: str
    names: tuple[str, ...]
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that the little web answered; `posts` are the keys in the body; `at` in Unix seconds."""

    host: str
    path: str
    query: str
    status: int
    posts: tuple[str, ...]
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A row of posts; `key` is the post's id on the little web, None when the row's address names none."""

    id: int
    key: str | None
    source: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentioned:
    """A row of mentions."""

    id: int
    post: int
    brand: str
    sentiment: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A message in a sink: its marks, and the keys of the posts whose addresses it holds.

    `message` is its id, or words that say where it stands when it carries none. A message of many alerts tells some of
    them by their numbers alone, which are `listed`; there may be numbers of alarms among these.
    """

    message: str
    alerts: tuple[str, ...]
    links: frozenset[str]
    listed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that there is to see at one moment.

    `alerts` maps an alert's id to its mention's, `deliveries` an alert's id and a receiver to the delivery's state;
    alarms are left out.
    """

    duty: Duty
    published: tuple[Published, ...] = ()
    requests: tuple[Request, ...] = ()
    stored: tuple[Stored, ...] = ()
    mentioned: tuple[Mentioned, ...] = ()
    alerts: Mapping[int, int] = field(default_factory=dict)
    deliveries: Mapping[tuple[int, str], str] = field(default_factory=dict)
    arrived: Mapping[str, tuple[Arrived, ...]] = field(default_factory=dict)


def look(folder: Path) -> Evidence:
    """Read all evidence in a folder, effects before their causes; what does not exist yet is empty."""
    duty = json.loads((folder / DUTY).read_text(encoding="utf-8"))
    arrived = {"mail": tuple(_mails(folder / MAILS)), "chat": tuple(_chat(folder / CHAT))}
    rows = _database(folder / DATABASE)
    journal = list(lines_of(folder / JOURNAL))
    return Evidence(
        duty=Duty(
            sinks=duty["sinks"],
            brands=tuple(duty["brands"]),
            sentiments=tuple(duty["sentiments"]),
            silent_first=duty["silent_first"],
        ),
        published=tuple(
            Published(
                feed=line["feed"],
                key=line["key"],
                title=line["title"],
                text=line["text"],
                names=tuple(line["names"]),
                at=line["time"],
            )
            for line in journal
            if line["event"] == "publish"
        ),
        requests=tuple(
            Request(
                host=line["host"],
                path=line["path"],
                query=line["query"],
                status=line["status"],
                posts=tuple(line["posts"]),
                at=line["time"],
            )
            for line in journal
            if line["event"] == "request"
        ),
        stored=tuple(
            Stored(id=id_, key=_key_of(url), source=source, text=f"{title}\n{text}")
            for id_, url, source, title, text in rows["posts"]
        ),
        mentioned=tuple(
            Mentioned(id=id_, post=post, brand=brand, sentiment=sentiment, priority=priority)
            for id_, post, brand, sentiment, priority in rows["mentions"]
        ),
        alerts=dict(rows["alerts"]),
        deliveries={(alert, receiver): state for alert, receiver, state in rows["deliveries"]},
        arrived=arrived,
    )


def _key_of(url: str | None) -> str | None:
    found = _LINK.search(url or "")
    return found[1] if found else None


def open_database(path: Path) -> sqlite3.Connection:
    """A read-only connection; the file must exist."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)


def _database(path: Path) -> Mapping[str, list[tuple[Any, ...]]]:
    queries = {
        "posts": "SELECT p.id, p.url, s.name, p.title, p.text FROM posts p JOIN sources s ON s.id = p.source_id",
        "mentions": "SELECT id, post_id, brand, sentiment, priority FROM mentions",
        "alerts": "SELECT id, mention_id FROM alerts WHERE mention_id IS NOT NULL",
        "deliveries": "SELECT alert_id, receiver, state FROM deliveries JOIN alerts ON alerts.id = alert_id "
        "WHERE mention_id IS NOT NULL",
    }
    if not path.exists():
        return {name: [] for name in queries}
    with closing(open_database(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables >= _TABLES:
            return {name: [] for name in queries}
        connection.execute("BEGIN")  # one snapshot for all four
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines, without a last line that is not whole; none when there is no file."""
    if path.exists():
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file if line.endswith("\n"))


def _mails(folder: Path) -> Iterator[Arrived]:
    for path in sorted(folder.glob("*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = mail.get_body(("plain", "html"))
        header = str(mail["X-Monitor-Alert"] or "")
        yield _arrived("" if body is None else body.get_content(), place=path.name, header=header)


def _chat(path: Path) -> Iterator[Arrived]:
    for number, line in enumerate(lines_of(path), start=1):
        if line["status"] == 200:
            yield _arrived(line["text"], place=f"line {number}")


def _arrived(text: str, *, place: str, header: str = "") -> Arrived:
    message, marks = _MESSAGE.search(text), _ALERT.findall(text)
    alerts = tuple(mark for mark in marks if "," not in mark and mark + " +" not in text)
    told = {number for mark in (*marks, header) for number in re.findall(r"\d+", mark)}
    return Arrived(
        message=message[1] if message else f"without an id at {place}",
        alerts=alerts,
        links=frozenset(_LINK.findall(text)),
        listed=frozenset(told - {*alerts}),
    )
