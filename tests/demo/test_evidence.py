import json
import sqlite3
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

import pytest

from monitor.demo.evidence import Arrived, Duty, Mentioned, Published, Request, Stored, look
from monitor.demo.observer import integrity

DUTY = Duty(sinks={"mail": "support", "chat": "team"}, brands=("Кассолёт",), sentiments=("negative",))

# The columns that the observer relies on, of the tables as the store makes them.
SCHEMA = """
CREATE TABLE sources (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE posts (id INTEGER PRIMARY KEY, source_id INTEGER, url TEXT, title TEXT, text TEXT);
CREATE TABLE mentions (id INTEGER PRIMARY KEY, post_id INTEGER, brand TEXT, sentiment TEXT, priority INTEGER);
CREATE TABLE alerts (id INTEGER PRIMARY KEY, mention_id INTEGER);
CREATE TABLE deliveries (id INTEGER PRIMARY KEY, alert_id INTEGER, receiver TEXT, state TEXT);
INSERT INTO sources VALUES (1, 'news');
INSERT INTO posts VALUES (1, 1, 'http://127.0.0.1:1/p/n01', 'Тема', 'Текст'), (2, 1, NULL, '', 'Без адреса');
INSERT INTO mentions VALUES (5, 1, 'Кассолёт', 'negative', 61);
INSERT INTO alerts VALUES (7, 5);
INSERT INTO deliveries VALUES (1, 7, 'support', 'sent'), (2, 7, 'team', 'pending');
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    DUTY.save(tmp_path)
    (tmp_path / "mail").mkdir()
    return tmp_path


def write_lines(path: Path, *lines: object) -> None:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def test_an_empty_folder_is_empty_evidence(folder: Path) -> None:
    seen = look(folder)
    assert seen.duty == DUTY
    assert (seen.published, seen.requests, seen.stored, seen.mentioned) == ((), (), (), ())
    assert (seen.alerts, seen.deliveries, seen.arrived) == ({}, {}, {"mail": (), "chat": ()})


def test_a_database_that_is_being_made_is_empty_evidence(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "monitor.db")) as db:
        db.execute("CREATE TABLE sources (id INTEGER)")
    assert look(folder).stored == ()


def test_the_journal_is_read_up_to_the_last_whole_line(folder: Path) -> None:
    publish = {"time": 1.5, "event": "publish", "feed": "news", "key": "n01", "title": "Т", "text": "Ё", "names": ["К"]}
    request = {"time": 2, "event": "request", "host": "h", "path": "/", "query": "", "status": 200, "posts": ["n01"]}
    write_lines(folder / "web.jsonl", publish, request)
    with (folder / "web.jsonl").open("a") as file:
        file.write('{"time": 3, "event": "publ')
    seen = look(folder)
    assert seen.published == (Published(feed="news", key="n01", title="Т", text="Ё", names=("К",), at=1.5),)
    assert seen.requests == (Request(host="h", path="/", query="", status=200, posts=("n01",), at=2),)


def test_mails_are_decoded_before_their_marks_are_read(folder: Path) -> None:
    for number, encoding in enumerate(("base64", "quoted-printable", "8bit")):
        mail = EmailMessage()
        mail.set_content(
            f"Кассолёт\nhttp://h/p/n0{number}\nmonitor-alert: {number}\n\nmonitor-message: m{number}\n", cte=encoding
        )
        (folder / "mail" / f"{number}.eml").write_bytes(mail.as_bytes())
    (folder / "mail" / "3.part").write_bytes(b"not whole yet")
    assert look(folder).arrived["mail"] == tuple(
        Arrived(message=f"m{number}", alerts=(str(number),), links=frozenset({f"n0{number}"})) for number in range(3)
    )


def test_refused_chat_messages_did_not_arrive_and_unmarked_ones_are_told_apart(folder: Path) -> None:
    marked = "*http://h/p/n01\r\nmonitor-alert: 7\nmonitor-alert: 8\n\nmonitor-message: abc"
    write_lines(
        folder / "chat.jsonl",
        {"time": 1, "status": 503, "text": marked},
        {"time": 2, "status": 200, "text": marked},
        {"time": 3, "status": 200, "text": "monitor-message in the middle of a line: no mark"},
    )
    assert look(folder).arrived["chat"] == (
        Arrived(message="abc", alerts=("7", "8"), links=frozenset({"n01"})),
        Arrived(message="without an id at line 3", alerts=(), links=frozenset()),
    )


def test_the_database_is_read_as_it_stands(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "monitor.db")) as db:
        db.executescript(SCHEMA)
    seen = look(folder)
    assert seen.stored == (
        Stored(id=1, key="n01", source="news", text="Тема\nТекст"),
        Stored(id=2, key=None, source="news", text="\nБез адреса"),
    )
    assert seen.mentioned == (Mentioned(id=5, post=1, brand="Кассолёт", sentiment="negative", priority=61),)
    assert seen.alerts == {7: 5}
    assert seen.deliveries == {(7, "support"): "sent", (7, "team"): "pending"}


def test_a_broken_file_is_called_broken(folder: Path) -> None:
    path = folder / "monitor.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(SCHEMA)
        db.executemany("INSERT INTO posts (text) VALUES (?)", [("слово " * 100,)] * 200)
        db.commit()
    assert integrity(path) == "ok"
    pages = bytearray(path.read_bytes())
    pages[-4096:] = b"\xff" * 4096
    path.write_bytes(pages)
    assert integrity(path) != "ok"
