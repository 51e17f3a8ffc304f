"""`monitor import`, `rescore` and `forget`, as an administrator runs them: real files, a real judge, a real daemon."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from monitor.models import Author, Lemmas, Post, PostType
from monitor.store import Store, open_writer
from tests.alerting.alerts import make_mention
from tests.cli.inprocess import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.site import Site


NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WHEN = "2026-11-21T12:00:00.000Z"
PATIENCE = 120.0  # seconds; generous, because nothing here is about speed
CANARY = "Канарейкина-Зяблик"
CONFIG = """\
contact: tests@monitor.test
sentiment: fast
brands: [{brands}]
sources:
  - {{name: news, kind: feed, url: "{url}/feed", every: {every}, allow: [127.0.0.0/8], backfill: alert}}
receivers: {{support: {{urls: ["json://127.0.0.1:{port}/hook"], budget: off}}}}
routes: [{{match: "sentiment:negative", to: support, group_wait: 0s, group_interval: 0s}}]
fetch: {{gap: 0s}}
web: {{listen: "127.0.0.1:0"}}
"""
HISTORY = """\
Дата;Автор;Текст;Ссылка;Оценка;Тональность
01.02.2026 10:00;Ольга;В Тестомаркете всё ужасно, обманули и нахамили;https://reviews.example/1;1;негатив
02.02.2026 11:00;Иван;Тестомаркет доставил вовремя, отличный сервис;https://reviews.example/2;5;позитив
03.02.2026 12:00;Пётр;Погода сегодня хорошая;https://reviews.example/3;;
99.02.2026 12:00;Пётр;Тестомаркет;https://reviews.example/4;;
04.02.2026 13:00;Анна;Новомаркет опять ужасно нахамил, верните деньги;https://reviews.example/5;1;
"""


def configure(folder: Path, *brands: str, site: Site | None = None, every: str = "1h") -> None:
    url, port = (site.url, site.port) if site else ("http://127.0.0.1:9", 9)
    named = ", ".join(f"{{name: {brand}}}" for brand in brands or ("Тестомаркет",))
    (folder / "sources.yaml").write_text(CONFIG.format(brands=named, url=url, port=port, every=every), encoding="utf-8")


def monitor(folder: Path, *arguments: str, code: int = 0) -> list[dict[str, object]]:
    """The JSON lines that a command printed; fails unless it ended with `code`."""
    done = run_command(folder, *arguments, "--json")
    assert done.returncode == code, (done.stdout, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def text_of(folder: Path, *arguments: str, code: int = 0) -> str:
    """What a command says to a person."""
    done = run_command(folder, *arguments)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@contextmanager
def running(folder: Path) -> Iterator[list[str]]:
    """A daemon that is up while the block runs; gives its log lines."""
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "run"], cwd=folder, env=os.environ, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    lines: list[str] = []
    started = threading.Event()

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line)
            if '"started"' in line:
                started.set()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        assert started.wait(PATIENCE), lines
        yield lines
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            thread.join(timeout=PATIENCE)
            assert not thread.is_alive(), "a process of the daemon outlives it"  # closing would wait for it
            process.stderr.close()


def rows(folder: Path, sql: str, name: str = "monitor.db") -> list[tuple[object, ...]]:
    connection = sqlite3.connect(f"{(folder / name).as_uri()}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    configure(tmp_path)
    (tmp_path / "old.csv").write_text(HISTORY, encoding="cp1251")
    return tmp_path


def store_posts(folder: Path, posts: Sequence[Post], *, mentioned: bool) -> None:
    """Put posts into the database, as found by the source `reviews`."""
    store = Store(open_writer(folder / "monitor.db"))
    source = store.import_source("reviews", NOW)
    for number, post in enumerate(posts):
        post_id = store.add_post(source, post, identities=[f"id:{post.native_id or number}"], now=NOW)
        if post_id is not None and mentioned:
            lemmas = Lemmas(title=post.title.lower(), text=post.text.lower())
            store.add_mention(
                post_id,
                replace(make_mention(), brand="Тестомаркет"),
                decision="no route matches",
                lemmas=lemmas,
                now=NOW,
            )
    store.close()


def history() -> list[Post]:
    texts = ("В Тестомаркете всё ужасно, обманули", "Новомаркет опять ужасно нахамил", "Погода хорошая")
    return [
        Post(native_id=f"n{number}", url=f"https://reviews.example/{number}", text=text, author=Author(name="Ольга"))
        for number, text in enumerate(texts, start=1)
    ]


# ── import ──


@pytest.mark.parametrize("with_daemon", [False, True])
def test_R65_an_existing_history_is_imported_once(with_daemon: bool, folder: Path) -> None:
    def steps() -> None:
        (report,) = monitor(folder, "import", "old.csv", "--source", "reviews", "--timezone", "Europe/Moscow", code=65)
        assert {name: report[name] for name in ("new", "known", "mentions", "bad", "undated")} == {
            "new": 4,
            "known": 0,
            "mentions": 2,
            "bad": 1,
            "undated": 0,
        }
        assert report["unused"] == ["Тональность"]
        reason = "'99.02.2026 12:00' is no date: day is out of range for month"
        assert report["faults"] == [{"file": "old.csv", "line": 5, "reason": reason}]
        (again,) = monitor(folder, "import", "old.csv", "--source", "reviews", code=65)
        assert (again["new"], again["known"]) == (0, 4)

    if with_daemon:
        with running(folder):
            steps()
    else:
        steps()
    found = monitor(folder, "mentions")
    assert [(line["brand"], line["decision"]) for line in found] == [("Тестомаркет", "found by import")] * 2
    assert rows(folder, "SELECT published_at FROM posts WHERE rating = 1 AND author = 'Ольга'") == [
        ("2026-02-01T07:00:00.000Z",)
    ]
    assert rows(folder, "SELECT count(*) FROM alerts") == [(0,)]
    assert rows(folder, "SELECT count(*) FROM mention_search") == [(2,)]


def test_a_dry_run_says_what_would_be_stored(folder: Path) -> None:
    said = text_of(folder, "import", "old.csv", "--source", "reviews", "--dry-run", code=65)
    assert "Дата as published, Автор as author, Текст as text, Ссылка as url, Оценка as rating" in said
    assert "not used: Тональность" in said
    assert "old.csv:5: '99.02.2026 12:00' is no date: day is out of range for month" in said
    assert "4 posts would be stored with 2 mentions, 0 were known already, 1 bad rows" in said
    assert rows(folder, "SELECT count(*) FROM posts") == [(0,)]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_R65_what_was_exported_is_read_back(form: str, folder: Path) -> None:
    posts = [
        *history(),
        Post(
            url="https://reviews.example/9",
            title="-50% в Тестомаркете",
            text='Первая, строка\n"вторая"; третья',
            author=Author(name="@ivan", url="https://reviews.example/u/9", followers=5),
            published=NOW,
            rating=2.5,
            likes=0,
            views=12,
            thread="t9",
            type=PostType.REVIEW,
            lang="ru",
        ),
    ]
    store_posts(folder, posts, mentioned=True)
    text_of(folder, "export", "--format", form, "--out", f"all.{form}")
    (report,) = monitor(folder, "import", f"all.{form}", "--db", "new.db")
    assert (report["new"], report["bad"]) == (4, 0)
    columns = "posts.url, title, text, author, author_url, followers, published_at, rating, likes, views, thread, type"
    same = f"SELECT sources.name, {columns} FROM posts JOIN sources ON sources.id = source_id ORDER BY posts.url"
    assert rows(folder, same, "new.db") == rows(folder, same)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("import", "old.csv", "--source", "a", "--map", "Когда=never"), 2, "fields are native_id"),
        (("import", "old.csv", "--source", "a", "--timezone", "Mars/Phobos"), 2, "time zone"),
        (("import", "old.csv", "--source", "a", "--encoding", "klingon"), 2, "encoding"),
        (("import", "none.csv", "--source", "a"), 65, "none.csv"),
        (("import", "odd.csv", "--source", "a"), 65, "--map COLUMN=text"),
        (("import", "odd.csv", "--source", "a", "--map", "was=text", "--db", "sources.yaml"), 78, "sources.yaml"),
        (("rescore", "--alert"), 2, "--apply"),
        (("rescore", "--brand", "Никто"), 2, "no brand"),
        (("rescore", "sentiment:awful"), 2, "sentiment"),
        (("rescore", "--since", "soon"), 2, "since"),
        (("forget",), 65, "either whose posts"),
        (("forget", "--author", "x", "--source", "nowhere"), 65, "no source"),
        (("forget", "--author", "x"), 2, "--yes"),
    ],
)
def test_wrong_usage_is_said_in_words(arguments: tuple[str, ...], code: int, words: str, folder: Path) -> None:
    (folder / "odd.csv").write_text("wer,was\nich,das\n", encoding="utf-8")
    store_posts(folder, history(), mentioned=False)
    said = text_of(folder, *arguments, code=code)
    assert words in said
    assert "Traceback" not in said


# ── rescore ──


@pytest.mark.parametrize("with_daemon", [False, True])
def test_R63_history_is_rescored_after_a_change_and_the_difference_is_seen_first(
    with_daemon: bool, folder: Path
) -> None:
    store_posts(folder, history(), mentioned=False)

    def steps() -> None:
        (seen,) = monitor(folder, "rescore")
        assert (seen["posts"], seen["brands"], seen["applied"]) == (3, {"Тестомаркет": {"gained": 1}}, False)
        assert rows(folder, "SELECT count(*) FROM mentions") == [(0,)]
        (done,) = monitor(folder, "rescore", "--apply")
        assert (done["brands"], done["applied"], done["alerts"]) == (seen["brands"], True, 0)
        (again,) = monitor(folder, "rescore", "--apply")
        assert again["brands"] == {}

    if with_daemon:
        with running(folder):
            steps()
    else:
        steps()
        configure(folder, "Тестомаркет", "Новомаркет")
        said = text_of(folder, "rescore", "--since", "100y")
        assert "3 posts judged again" in said
        assert "1 mention would change, none is written" in said
    (gained,) = monitor(folder, "mentions")
    assert (gained["brand"], str(gained["decision"])[:10]) == ("Тестомаркет", "re-scored ")
    assert rows(folder, "SELECT count(*) FROM mention_search") == [(1,)]
    assert rows(folder, "SELECT count(*) FROM alerts") == [(0,)]


def test_a_daemon_with_another_configuration_rescores_nothing(folder: Path) -> None:
    store_posts(folder, history(), mentioned=False)
    with running(folder):
        configure(folder, "Новомаркет")
        assert "another configuration" in text_of(folder, "rescore", "--apply", code=65)
    assert rows(folder, "SELECT count(*) FROM mentions") == [(0,)]


# ── forget ──


def files_with(text: str, folder: Path) -> list[str]:
    """The files of a folder in whose bytes `text` stands, in UTF-8 or UTF-16, as it is or folded."""
    spelt = {text, text.lower(), text.upper(), *text.replace("-", " ").split()}
    spelt |= {word.lower() for word in spelt}
    needles = [needle.encode(encoding) for needle in spelt for encoding in ("utf-8", "utf-16-le")]
    files = [file for file in sorted(folder.iterdir()) if file.is_file()]
    return [file.name for file in files if any(needle in file.read_bytes() for needle in needles)]


def plant(folder: Path) -> None:
    """A history in which the canary stands in every place that a post can leave something."""
    url = f"https://reviews.example/{CANARY}"
    posts = [
        Post(
            native_id=f"{CANARY}-{number}",
            url=f"{url}/{number}",
            title=f"{CANARY} жалуется",
            text=f"Я, {CANARY}, в Тестомаркете {number}: всё ужасно. " + "слово " * 2000,
            author=Author(name=CANARY, url=f"{url}/profile"),
            thread=f"{CANARY}-0",
        )
        for number in range(30)
    ]
    posts.append(Post(text="Тестомаркет: да", author=Author(name="Иван"), parent=f"{url}/0", thread=f"{CANARY}-0"))
    store_posts(folder, posts, mentioned=True)
    with closing(sqlite3.connect(folder / "monitor.db")) as connection, connection:
        # What a daemon would have left: alerts, messages in each state, a former wording, a cursor, an error.
        connection.executescript(
            f"""
            INSERT INTO alerts SELECT id, '{CANARY}-' || id, id, NULL, NULL, NULL, NULL, '{CANARY}', '2026'
                FROM mentions WHERE id < 31;
            INSERT INTO alarms (key, kind, source_id, reason, opened_at)
                SELECT 'gap:x', 'gap', id, 'at {CANARY}-0', '2026' FROM sources LIMIT 1;
            INSERT INTO cases (brand, state, classes, round, opened_at, found_at, findings, silent_reason, ticket, seq)
                VALUES ('Тестомаркет', 'checking', '["negative"]', 1, '{WHEN}', '{WHEN}', '{CANARY} прав', '{CANARY}',
                    'T-{CANARY}', 2),
                    ('Тестомаркет', 'new', '["negative"]', 1, '{WHEN}', '{WHEN}', NULL, NULL, NULL, 1);
            INSERT INTO case_posts (post_id, brand, case_id, mention_id, why, joined_at)
                SELECT id, 'Тестомаркет', iif(id < 6 OR id = 31, 1, 2), NULL,
                '{CANARY}, in the same thread', '{WHEN}' FROM posts;
            INSERT INTO case_events VALUES
                (1, 1, '{WHEN}', '', 'opened', NULL, 'new', '{{"brand": "Тестомаркет", "post": 1}}'),
                (1, 2, '{WHEN}', 'Ирина', 'noted', 'new', 'checking', '{{"text": "Звонил: {CANARY}, злится."}}'),
                (2, 1, '{WHEN}', '', 'opened', NULL, 'new', '{{"why": "{CANARY}"}}');
            INSERT INTO case_notices (key, case_id, kind, reason, post_id, at) SELECT 'case:' || id, id, 'breach',
                'ждёт {CANARY}', id, '{WHEN}' FROM cases;
            INSERT INTO alerts SELECT 100 + id, key, NULL, NULL, id, NULL, NULL, 'case: breach', '2026'
                FROM case_notices;
            INSERT INTO deliveries SELECT id, id, 'support', iif(id % 2, 'pending', 'sent'), '{CANARY}', NULL,
                '{CANARY}', '2026', NULL FROM alerts;
            INSERT INTO messages SELECT 'm' || id, 'support', 'k', iif(id % 2, 'pending', 'sent'), 1, '9999', NULL,
                '2026', NULL, 'said {CANARY}' FROM deliveries;
            INSERT INTO message_deliveries SELECT 'm' || id, id FROM deliveries;
            INSERT INTO revisions (post_id, title, text, hash, seen_at, replaced_at)
                SELECT id, '{CANARY} раньше', text, 'h', '2026', '2026' FROM posts WHERE id < 31;
            UPDATE sources SET cursor = '{{"threads": {{"{CANARY}-0": "m", "other": "n"}}}}', error = 'at {CANARY}-0';
            """
        )


@pytest.mark.parametrize("with_daemon", [False, True])
def test_R65_a_persons_data_is_erased_from_every_byte_of_the_database(
    with_daemon: bool, folder: Path, site: Site
) -> None:
    configure(folder, site=site)
    plant(folder)
    assert "monitor.db" in files_with(CANARY, folder)
    watching = sqlite3.connect(f"{(folder / 'monitor.db').as_uri()}?mode=ro", uri=True)
    watching.execute("SELECT count(*) FROM posts").fetchall()

    def steps() -> None:
        (shown,) = monitor(folder, "forget", "--author", CANARY.upper(), "--dry-run")
        assert (shown["posts"], shown["mentions"], shown["revisions"], shown["alerts"]) == (30, 30, 30, 31)
        assert rows(folder, "SELECT count(*) FROM posts") == [(31,)]
        (done,) = monitor(folder, "forget", "--author", CANARY.upper(), "--yes")
        assert (done["posts"], done["messages"], done["cursors"], done["clean"]) == (30, 31, 1, True)
        assert shown["cases"] == done["cases"] == 1
        # What the daemon's next write leaves in the WAL is not of the person either.
        assert files_with(CANARY, folder) == []

    if with_daemon:
        with running(folder) as log:
            steps()
        assert not [line for line in log if CANARY.lower() in line.lower()]
        assert any('"forgotten"' in line and '"posts": 30' in line for line in log)
    else:
        steps()
    watching.close()
    assert files_with(CANARY, folder) == []
    assert rows(folder, "SELECT author FROM posts") == [("Иван",)]
    assert rows(folder, "SELECT count(*) FROM mentions") == [(1,)]
    # The case that others share stays, with what was done.
    assert rows(folder, "SELECT id, ticket FROM cases") == [(1, "(forgotten)")]
    assert rows(folder, "SELECT person, body ->> 'text' FROM case_events WHERE seq = 2") == [("Ирина", "(forgotten)")]
    assert rows(folder, "SELECT sum(mentions) FROM day_counts") == [(1,)]
    # It does not come back, and asking again is no mistake.
    (again,) = monitor(folder, "forget", "--author", CANARY, "--yes")
    assert (again["posts"], again["new"]) == (0, False)
    store_posts(folder, [Post(text="Тестомаркет снова", author=Author(name=CANARY))], mentioned=False)
    assert files_with(CANARY, folder) == []


def test_R65_one_address_is_erased_and_backups_that_still_hold_it_are_named(folder: Path) -> None:
    store_posts(folder, history(), mentioned=True)
    (folder / "kept").mkdir()
    (folder / "backups").mkdir()
    with closing(sqlite3.connect(folder / "monitor.db")) as source:
        for name in ("kept/monday.db", "backups/daily.db"):
            source.execute("VACUUM INTO ?", (str(folder / name),))
    (done,) = monitor(folder, "forget", "--url", "https://reviews.example/1#x", "--yes", "--backups", "kept")
    assert (done["posts"], done["backups"]) == (1, {"backups/daily.db": 1, "kept/monday.db": 1})
    assert rows(folder, "SELECT url FROM posts ORDER BY id") == [
        (f"https://reviews.example/{number}",) for number in (2, 3)
    ]
    said = text_of(folder, "forget", "--url", "https://reviews.example/1", "--dry-run", "--backups", "kept")
    assert "kept/monday.db still holds 1 of these posts" in said


def test_a_file_that_cannot_be_read_is_named_and_stops_no_erasure(folder: Path) -> None:
    store_posts(folder, history(), mentioned=True)
    damaged = folder / "monitor.db.before-restore-20261101T000000Z"
    content = (folder / "monitor.db").read_bytes()
    damaged.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    unsettled = folder / "older.db"
    unsettled.write_bytes(content)
    (folder / "older.db-wal").write_bytes(b"x")
    unread = {str(file.relative_to(folder)): None for file in (damaged, unsettled)}
    (done,) = monitor(folder, "forget", "--url", "https://reviews.example/1", "--yes", code=1)
    assert (done["posts"], done["clean"], done["backups"]) == (1, True, unread)
    said = text_of(folder, "forget", "--url", "https://reviews.example/2", "--dry-run", code=1)
    assert f"{damaged.name} cannot be read and may hold some of these posts: delete it" in said
