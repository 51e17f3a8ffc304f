"""Backups made beside a writer, restores that tell nobody twice, and files that only look like backups."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from monitor.errors import AlreadyRunning, DatabaseCorrupt, DatabaseTooNew, InputError, StoreError
from monitor.models import (
    AlertIntent,
    Author,
    Dispatch,
    HostState,
    Lemmas,
    Post,
    Receiver,
    Source,
    SourceState,
    Target,
    Tier,
)
from monitor.store import Store, lock_database, open_writer
from monitor.store.backup import back_up, dated, dated_name, rotate
from monitor.store.forgotten import Whom
from monitor.store.restore import inspect, restore
from monitor.understanding.encoder import WIDTH
from monitor.understanding.sentiment import Adaptation
from tests.alerting.alerts import make_mention

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=6)
RECEIVER = Receiver(
    name="support",
    targets=(Target(key="mail", url="json://127.0.0.1:9/"), Target(key="chat", url="json://127.0.0.1:8/")),
)
MENTION = make_mention()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """An empty database with one source."""
    path = tmp_path / "monitor.db"
    with closing(Store(open_writer(path))) as store:
        source = Source(name="forum", kind="feed", url="https://forum.example/feed", options=None)
        store.sync_sources([source], {"forum": "forum.example:443"}, NOW)
        leased = store.lease_named("forum", NOW)
        assert leased is not None
        store.finish_poll(leased, SourceState(name="forum", next_at=NOW, baseline_at=NOW, last_polled_at=NOW))
    return path


def tell(store: Store, name: str, *, now: datetime = NOW, author: str = "Ольга") -> None:
    """What a poll does with a post that leads to an alert; with a post that is known it does nothing."""
    with store.transaction():
        post = Post(native_id=name, text=f"МойСклад {name}", author=Author(name=author))
        post_id = store.add_post(1, post, identities=[f"id:{name}"], now=now)
        if post_id is None:
            return
        mention = store.add_mention(post_id, MENTION, decision="alert", lemmas=Lemmas(), now=now)
        store.add_alert(
            mention, AlertIntent(key=f"forum:{name}", reason="r", to=(Dispatch(RECEIVER, "because"),)), now=now
        )


def send(store: Store, now: datetime, *, only: str | None = None) -> list[str]:
    """What the sinks get: every pending message, or those of one target."""
    got: list[str] = []
    while claimed := store.claim_messages(now, 50):
        mine = [m for m in claimed if only in (None, m.target)]
        for message in claimed:
            if message not in mine:
                store.message_retry(message.id, error="down", next_at=now)
        for message in mine:
            store.message_sent(message.id, now)
            got.append(f"{message.target} {message.alerts[0].view.post.native_id}")
        if not mine:
            break
    return sorted(got)


def states(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT native_id, deliveries.state, deliveries.reason FROM deliveries JOIN alerts ON alerts.id = alert_id "
            "JOIN mentions ON mentions.id = mention_id JOIN posts ON posts.id = post_id ORDER BY 1"
        ).fetchall()


# ── backup ──


def test_a_backup_is_whole_private_and_one_file(database: Path, tmp_path: Path) -> None:
    with closing(Store(open_writer(database))) as store:  # still open: what was just written lies in the WAL
        tell(store, "a")
        made = back_up(database, tmp_path / "new" / "copy.db")
    assert made.rows["mentions"] == made.rows["posts"] == 1
    assert made.rows["messages"] == 2
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["copy.db"]
    assert inspect(made.path).mentions == 1


def test_a_backup_under_write_load_is_whole_and_holds_what_was_there_before(database: Path, tmp_path: Path) -> None:
    stop, written = threading.Event(), [0]

    def write() -> None:
        with closing(Store(open_writer(database))) as store:
            while not stop.is_set():
                tell(store, f"n{written[0]}")
                written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(4):
            while written[0] < 20 * (number + 1):
                stop.wait(0.001)
            before = written[0]
            made = back_up(database, tmp_path / f"{number}.db")
            assert before <= made.rows["posts"] <= written[0] + 1
            # A transaction is in it as a whole or not at all.
            assert made.rows["posts"] == made.rows["mentions"] == made.rows["alerts"] == made.rows["messages"] // 2
    finally:
        stop.set()
        writer.join()
    assert inspect(tmp_path / "3.db").posts >= 80


def test_a_backup_replaces_a_backup_and_nothing_else(database: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy.db"
    back_up(database, out)
    assert back_up(database, out).path == out
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    for wrong, words in ((tmp_path / "letter.txt", "no backup"), (database, "database itself"), (tmp_path, "a folder")):
        with pytest.raises(InputError, match=words):
            back_up(database, wrong)
    assert (tmp_path / "letter.txt").read_text(encoding="utf-8") == "dear"
    with pytest.raises(StoreError, match="no database yet"):
        back_up(tmp_path / "absent.db", tmp_path / "x.db")


def test_a_broken_database_gives_no_backup_and_leaves_nothing_behind(database: Path, tmp_path: Path) -> None:
    with closing(Store(open_writer(database))) as store:
        for number in range(50):
            tell(store, f"n{number}")
    spoil(database)
    folder = tmp_path / "backups"
    with pytest.raises(DatabaseCorrupt):
        back_up(database, folder / "copy.db")
    assert list(folder.iterdir()) == []


def test_rotation_keeps_the_newest_and_touches_nothing_else(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    names = [dated_name(database, NOW + timedelta(days=day)) for day in range(5)]
    for name in names:
        back_up(database, folder / name)
    (folder / "monitor-notes.db").write_text("mine", encoding="utf-8")
    assert [path.name for path in rotate(folder, database, keep=2)] == [names[2], names[1], names[0]]
    assert [path.name for path in dated(folder, database)] == [names[4], names[3]]
    assert (folder / "monitor-notes.db").exists()


# ── restore ──


def test_after_a_restore_no_sink_gets_anything_twice_and_nothing_is_lost(database: Path, tmp_path: Path) -> None:
    with closing(Store(open_writer(database))) as store:
        tell(store, "pending in the backup, sent since")
        tell(store, "pending in the backup, half of it sent since")
        back_up(database, tmp_path / "copy.db")
        got = send(store, NOW, only="mail")
        tell(store, "new since, half of it sent", now=LATER)
        got += send(store, LATER, only="mail")
        tell(store, "new since, not sent", now=LATER)
        message = next(message for message in store.claim_messages(LATER, 9) if message.target == "chat")
        store.message_sent(message.id, LATER)
        got.append(f"chat {message.alerts[0].view.post.native_id}")

    done = restore(tmp_path / "copy.db", database, now=LATER)
    assert (done.former_readable, done.quiet.silent, done.quiet.muted) == (True, False, 0)
    assert done.former is not None
    assert inspect(done.former).posts == 4

    with closing(Store(open_writer(database))) as store:
        store.start_over(LATER)
        for name in (
            "pending in the backup, sent since",
            "new since, half of it sent",
            "new since, not sent",
            "newest",
        ):
            tell(store, name, now=LATER)  # the source still shows them
        got += send(store, LATER)
    names = (
        "pending in the backup, sent since",
        "pending in the backup, half of it sent since",
        "new since, half of it sent",
        "new since, not sent",
        "newest",
    )
    assert sorted(got) == sorted(f"{target} {name}" for target in ("mail", "chat") for name in names)
    assert {state for _, state, _ in states(database)} == {"sent"}


def test_what_was_sent_whole_is_recorded_again_as_sent(database: Path, tmp_path: Path) -> None:
    with closing(Store(open_writer(database))) as store:
        back_up(database, tmp_path / "copy.db")
        tell(store, "a")
        send(store, NOW)
    restore(tmp_path / "copy.db", database, now=LATER)
    with closing(Store(open_writer(database))) as store:
        tell(store, "a", now=LATER)
        assert send(store, LATER) == []
    assert states(database) == [("a", "sent", "because")]


@pytest.mark.parametrize("former", ["absent", "spoilt", "no database"])
def test_without_a_readable_former_database_nothing_old_is_told(database: Path, tmp_path: Path, former: str) -> None:
    with closing(Store(open_writer(database))) as store:
        tell(store, "a")
        for number in range(50):
            tell(store, f"n{number}")
        back_up(database, tmp_path / "copy.db")
        send(store, NOW)
    if former == "absent":
        database.unlink()
    elif former == "spoilt":
        spoil(database)
    else:
        database.write_bytes(b"\xff" * 8192)
    done = restore(tmp_path / "copy.db", database, now=LATER)
    assert (done.former_readable, done.former is None, done.quiet.silent) == (False, former == "absent", True)
    assert done.quiet.muted == 102
    with closing(Store(open_writer(database))) as store:
        assert send(store, LATER) == []
        leased = store.lease_named("forum", LATER)
        assert leased is not None
        assert leased.state.baseline_at is None  # the first poll records silently
    reason = "restored from backup of 2026-11-21 12:00 UTC: may have been sent before"
    assert states(database)[0] == ("a", "muted", reason)


def test_alert_again_tells_rather_twice_than_not_at_all(database: Path, tmp_path: Path) -> None:
    with closing(Store(open_writer(database))) as store:
        tell(store, "a")
        back_up(database, tmp_path / "copy.db")
    database.unlink()
    done = restore(tmp_path / "copy.db", database, now=LATER, alert_again=True)
    assert (done.quiet.muted, done.quiet.silent) == (0, False)
    with closing(Store(open_writer(database))) as store:
        assert send(store, LATER) == ["chat a", "mail a"]


def test_the_wal_of_the_former_database_never_meets_the_new_file(database: Path, tmp_path: Path) -> None:
    back_up(database, tmp_path / "copy.db")
    store = Store(open_writer(database))
    tell(store, "in the wal")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for path in tmp_path.glob("monitor.db*"):
        shutil.copy(path, crashed / path.name)
    store.close()
    done = restore(tmp_path / "copy.db", crashed / "monitor.db", now=LATER)
    assert done.former is not None
    assert inspect(done.former).posts == 1
    assert inspect(crashed / "monitor.db").posts == 0


def test_a_host_that_asked_to_be_left_alone_is_left_alone_after_a_restore(database: Path, tmp_path: Path) -> None:
    back_up(database, tmp_path / "copy.db")
    with closing(Store(open_writer(database))) as store:
        leased = store.lease_named("forum", NOW)
        assert leased is not None
        host = HostState(host="forum.example:443", retry_at=LATER)
        store.finish_poll(leased, leased.state, [host])
    restore(tmp_path / "copy.db", database, now=NOW)
    with closing(Store(open_writer(database))) as store:
        assert [found.retry_at for found in store.hosts()] == [LATER]


def test_who_was_forgotten_since_the_backup_stays_forgotten(database: Path, tmp_path: Path) -> None:
    with closing(Store(open_writer(database))) as store:
        tell(store, "a", author="Канарейка")
        tell(store, "b")
        back_up(database, tmp_path / "copy.db")
        store.forget(Whom(kind="author", value="канарейка"), now=NOW)
        store.erase([1], now=NOW)
    done = restore(tmp_path / "copy.db", database, now=LATER)
    assert done.quiet.forgotten == 1
    assert [name for name, *_ in states(database)] == ["b"]
    assert "Канарейка".encode() not in database.read_bytes()


def test_who_was_forgotten_at_one_source_is_so_whatever_number_it_has(database: Path, tmp_path: Path) -> None:
    person = Post(text="МойСклад", author=Author(name="Канарейка"))

    def sources(*names: str) -> list[Source]:
        return [Source(name=name, kind="feed", url="https://forum.example/feed", options=None) for name in names]

    back_up(database, tmp_path / "copy.db")
    with closing(Store(open_writer(database))) as store:
        store.sync_sources(sources("forum", "club"), {"forum": "f", "club": "f"}, NOW)
        store.forget(Whom(kind="author", value="канарейка", source="club"), now=NOW)
    restore(tmp_path / "copy.db", database, now=LATER)
    with closing(Store(open_writer(database))) as store:
        store.sync_sources(sources("forum", "arena", "club"), dict.fromkeys(("forum", "arena", "club"), "f"), LATER)
        refused = {name: store.is_forgotten(store.source_id_of(name), person) for name in ("forum", "arena", "club")}
    assert refused == {"forum": False, "arena": False, "club": True}


def test_a_damaged_search_index_is_made_again(database: Path, tmp_path: Path) -> None:
    with closing(Store(open_writer(database))) as store:
        tell(store, "n1")
        tell(store, "n2")
        back_up(database, tmp_path / "copy.db")
    statement("UPDATE mention_search_data SET block = x'00' WHERE id > 10")(tmp_path / "copy.db")
    restore(tmp_path / "copy.db", database, now=LATER)
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT rowid FROM mention_search WHERE mention_search MATCH 'n2'").fetchall()
    assert found == [(2,)]


def test_a_restore_is_refused_while_a_daemon_holds_the_database(database: Path, tmp_path: Path) -> None:
    back_up(database, tmp_path / "copy.db")
    before = database.read_bytes()
    with lock_database(database), pytest.raises(AlreadyRunning, match="pid"):
        restore(tmp_path / "copy.db", database, now=LATER)
    assert database.read_bytes() == before


# ── files that only look like backups ──


def spoil(path: Path) -> None:
    """Overwrite a page of the posts."""
    with closing(sqlite3.connect(path)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'posts'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


def statement(sql: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(sql)

    return change


ADAPTATION = '{"tier": "fast", "offset": "AAAAAAAAAAAAAAAA", "buckets": "", "weights": "", "meaning": null}'


def learned(adaptation: str, *, tier: str = "fast", posts: str = "[1, 2]") -> Callable[[Path], None]:
    """A version of what corrections taught."""
    return statement(
        "INSERT INTO adaptations (tier, made_at, answers, posts, figures, adaptation, state) "
        f"VALUES ('{tier}', '2026-11-21T12:00:00.000Z', 20, '{posts}', '{{}}', '{adaptation}', 'active')"
    )


def become_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


HOSTILE: dict[str, tuple[Callable[[Path], object], type[Exception], str]] = {
    "an archive": (lambda path: path.write_bytes(b"PK\x03\x04" + b"\0" * 200), InputError, "no SQLite database"),
    "an empty file": (lambda path: path.write_bytes(b""), InputError, "no SQLite database"),
    "another program's": (statement("PRAGMA application_id = 7"), InputError, "another program"),
    "a later version's": (
        statement("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('monitor', 'm999_x', '')"),
        DatabaseTooNew,
        "later version .*m999_x",
    ),
    "one that skipped a step": (
        statement("DELETE FROM _sqlite_migrations WHERE name LIKE 'm001%'"),
        InputError,
        "lacks a step",
    ),
    "one without steps": (statement("DROP TABLE _sqlite_migrations"), InputError, "which schema"),
    "a trigger more": (
        statement("CREATE TRIGGER t AFTER INSERT ON posts BEGIN DELETE FROM mentions; END"),
        InputError,
        "a trigger that is not ours, 't'",
    ),
    "a changed trigger": (
        statement(
            "DROP TRIGGER mention_counted;"
            "CREATE TRIGGER mention_counted AFTER INSERT ON mentions BEGIN DELETE FROM posts; END"
        ),
        InputError,
        "a trigger that is not ours, 'mention_counted'",
    ),
    "a view more": (statement("CREATE VIEW v AS SELECT 1"), InputError, "a view that is not ours, 'v'"),
    "a virtual table more": (
        statement("CREATE VIRTUAL TABLE x USING fts5(y)"),
        InputError,
        "a table that is not ours, 'x'",
    ),
    "an index more": (
        statement("CREATE UNIQUE INDEX one_each ON posts (text)"),
        InputError,
        "index that is not ours, 'one_each'",
    ),
    "a table more": (statement("CREATE TABLE x (y REFERENCES posts)"), InputError, "a table that is not ours, 'x'"),
    "a changed index": (
        statement("DROP INDEX posts_by_url; CREATE UNIQUE INDEX posts_by_url ON posts (text)"),
        InputError,
        "not ours, 'posts_by_url': ours of that name is another",
    ),
    "a changed table": (
        statement("DROP TABLE answers; CREATE TABLE answers (answer_id, post_id, brand, answered_at, CHECK (false))"),
        InputError,
        "not ours, 'answers': ours of that name is another",
    ),
    "an index less": (statement("DROP INDEX posts_by_thread"), InputError, r"lacks posts_by_thread \(index\)"),
    "a time that is none": (
        statement("UPDATE posts SET discovered_at = '2026-02-30T00:00:00.000Z' WHERE id = 7"),
        InputError,
        "row of posts .the one of 7. whose discovered_at",
    ),
    "a time in other words": (statement("UPDATE messages SET next_at = 'soon'"), InputError, "messages .* next_at"),
    "a list that is none": (statement("UPDATE mentions SET spans = '{'"), InputError, "mentions .* spans"),
    "a list of others": (
        statement("""UPDATE mentions SET why = '[{"code": "x", "text": 1}]'"""),
        InputError,
        "mentions .* why",
    ),
    "a cursor that is none": (statement("UPDATE sources SET cursor = '[]'"), InputError, "sources .* cursor"),
    "an unknown word": (statement("UPDATE mentions SET sentiment = 'angry'"), InputError, "mentions .* sentiment"),
    "a text for a number": (statement("UPDATE posts SET followers = 'many'"), InputError, "posts .* followers"),
    "what was learned, and is empty": (learned("{}"), InputError, "row of adaptations .the one of 1. whose adaptation"),
    "what was learned, cut": (learned(ADAPTATION.replace("AAAA", "", 1)), InputError, "adaptations .* adaptation"),
    "what was learned, of another tier": (
        learned(ADAPTATION.replace("fast", "quality")),
        InputError,
        "adaptations .* adaptation",
    ),
    "what was learned, for no tier": (learned(ADAPTATION, tier="auto"), InputError, "adaptations .* tier"),
    **{
        f"what was learned, from {posts}": (learned(ADAPTATION, posts=posts), InputError, "adaptations .* posts")
        for posts in ("[1", '{"1": 1}', '["1"]', "[1.5]")
    },
    "bytes for a text": (statement("UPDATE posts SET title = x'ff'"), InputError, "posts .* title"),
    "no UTF-8": (statement("UPDATE posts SET title = CAST(x'ff' AS TEXT)"), InputError, "posts .* not UTF-8"),
    "a table less": (statement("DROP TABLE answers"), InputError, "lacks answers"),
    "a reference to nothing": (
        statement("INSERT INTO answers (answer_id, post_id, brand, answered_at) VALUES (777, 888, 'x', '')"),
        DatabaseCorrupt,
        "refers to",
    ),
    "a spoilt page": (spoil, DatabaseCorrupt, "copy.db"),
    "a cut file": (lambda path: path.write_bytes(path.read_bytes()[:9000]), DatabaseCorrupt, "copy.db"),
    "a folder": (become_folder, InputError, "is no file"),
    "nothing": (Path.unlink, InputError, "does not exist"),
    "one in use": (lambda path: path.with_name(path.name + "-wal").write_bytes(b"x"), InputError, "in use"),
}


@pytest.mark.parametrize("tier", ["fast", "quality"])
def test_what_was_learned_is_restored_as_the_model_reads_it(database: Path, tmp_path: Path, tier: str) -> None:
    made = Adaptation(
        tier=Tier(tier),
        offset=np.array([0.5, 0.0, -0.5]),
        buckets=np.array([3, 8]),
        weights=np.ones((2, 3)),
        meaning=np.ones((WIDTH, 3)) if tier == "quality" else None,
    )
    with closing(Store(open_writer(database))):
        copy = tmp_path / "copy.db"
        back_up(database, copy)
    learned(json.dumps(made.to_json()), tier=tier)(copy)
    restore(copy, database, now=LATER)
    with closing(Store(open_writer(database))) as store:
        assert Adaptation.from_json(store.adaptation()[tier]).to_json() == made.to_json()


@pytest.mark.parametrize("name", HOSTILE)
def test_s19_a_file_that_is_no_sound_backup_is_refused_and_changes_nothing(
    database: Path, tmp_path: Path, name: str
) -> None:
    with closing(Store(open_writer(database))) as store:
        for number in range(50):
            tell(store, f"n{number}")
    copy = tmp_path / "copy.db"
    back_up(database, copy)
    change, error, words = HOSTILE[name]
    change(copy)
    before = database.read_bytes()
    with pytest.raises(error, match=words):
        restore(copy, database, now=LATER)
    assert database.read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if ".part" in path.name or "before-restore" in path.name]
