"""A database of the first release becomes one of this, with nothing lost and nothing told twice."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlite_utils import Database

from monitor.errors import DatabaseTooNew, StoreError
from monitor.models import AlarmIntent, AlarmKind, AlertIntent, Dispatch, Receiver, Target
from monitor.store import Reader, Store, m001, open_reader, open_writer
from monitor.store.schema import APPLICATION_ID, MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

AT = "2026-10-01T10:00:00.000Z"
OF_THE_FIRST_RELEASE = f"""
INSERT INTO sources (id, name, kind, url, host, every_seconds, next_at, baseline_at)
    VALUES (1, 'forum', 'feed', 'https://f.example/', 'f.example:443', 60, '{AT}', '{AT}');
INSERT INTO hosts VALUES ('f.example:443', '{AT}', NULL);
INSERT INTO posts (id, key, source_id, native_id, url, title, text, published_at, discovered_at, rating, type)
    VALUES (1, '1:id:p1', 1, 'p1', 'https://f.example/1', 'Склад', 'Ужас', '2026-09-30T22:00:00.000Z', '{AT}', 2,
            'review'),
           (2, '1:id:p2', 1, 'p2', NULL, '', 'Ничего', NULL, '{AT}', NULL, 'post');
INSERT INTO sightings
    VALUES (1, 'id:p1', 1, '{AT}'), (1, 'url:https://f.example/1', 1, '{AT}'), (1, 'id:p2', 2, '{AT}');
INSERT INTO mentions
    VALUES (1, 1, 'МойСклад', 1.0, 0, 'negative', 0.9, 0.05, 0.05, 18, 70, '[]', '[]', '[]', 'told', '{AT}');
INSERT INTO alerts VALUES (1, 'k', 1, 'r', '{AT}');
INSERT INTO deliveries VALUES (1, 1, 'support', 'pending', 'because', '{AT}', NULL);
INSERT INTO messages VALUES ('m', 'support', 't', 'pending', 3, '{AT}', NULL, '{AT}', NULL, 'refused: no');
INSERT INTO message_deliveries VALUES ('m', 1);
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file as version 0.1.0 left it."""
    path = tmp_path / "monitor.db"
    connection = sqlite3.connect(path)
    connection.executescript(m001.STATEMENTS + OF_THE_FIRST_RELEASE)
    connection.executescript(
        f"""
        PRAGMA application_id = {APPLICATION_ID};
        CREATE TABLE _sqlite_migrations (
            migration_set TEXT, name TEXT, applied_at TEXT, PRIMARY KEY (migration_set, name)
        );
        INSERT INTO _sqlite_migrations VALUES ('monitor', 'm001_first_schema', '{AT}');
        """
    )
    connection.close()
    return path


def test_what_was_there_is_there(old: Path) -> None:
    Store(open_writer(old)).close()
    reader = Reader(open_reader(old))
    (view,) = reader.mentions(limit=10)
    assert (view.id, view.post.title, view.decision) == (1, "Склад", "told")
    assert [row["state"] for row in reader.deliveries(limit=10)] == ["pending"]
    assert reader.wordings(1)[0]["seen_at"] == AT
    assert len(str(reader.wordings(1)[0]["hash"])) == 64
    reader.close()


def test_what_people_were_to_be_told_is_told_and_nothing_twice(old: Path) -> None:
    connection = sqlite3.connect(old)
    connection.executescript(
        f"""
        INSERT INTO alerts VALUES (7, 'k7', 1, 'r7', '{AT}');
        INSERT INTO deliveries VALUES (9, 7, 'support', 'sent', 'b9', '{AT}', '{AT}'),
                                      (8, 7, 'legal', 'dead', 'b8', '{AT}', '{AT}');
        INSERT INTO messages VALUES ('m9', 'support', 't', 'sent', 1, '{AT}', NULL, '{AT}', '{AT}', NULL),
                                    ('m8', 'legal', 't', 'dead', 40, '{AT}', NULL, '{AT}', '{AT}', 'refused: no');
        INSERT INTO message_deliveries VALUES ('m9', 9), ('m9', 1), ('m8', 8);
        """
    )
    kept = {
        table: connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1, 2").fetchall()
        for table, columns in {
            "alerts": "id, key, mention_id, reason, created_at",
            "deliveries": "*",
            "messages": "*",
            "message_deliveries": "*",
        }.items()
    }
    connection.close()
    store = Store(open_writer(old))
    for table, before in kept.items():
        columns = {
            "alerts": "id, key, mention_id, reason, created_at",
            "deliveries": "id, alert_id, receiver, state, reason, created_at, settled_at",
        }.get(table, "*")
        assert store._db.execute(f"SELECT {columns} FROM {table} ORDER BY 1, 2").fetchall() == before
    assert store._db.execute("PRAGMA foreign_key_check").fetchall() == []
    claimed = store.claim_messages(datetime.fromisoformat(AT), 10)
    assert [(message.id, message.attempts) for message in claimed] == [("m", 3)]
    assert [alert.view.post.title for alert in claimed[0].alerts] == ["Склад"]
    # The same mention is not told again, and the numbers go on where they were.
    intent = AlertIntent(key="k7", reason="r7", to=(Dispatch(Receiver(name="support", targets=()), "b"),))
    store.add_alert(1, intent, now=datetime.fromisoformat(AT))
    store.add_alert(1, replace(intent, key="new"), now=datetime.fromisoformat(AT))
    assert store._db.execute("SELECT id, key FROM alerts ORDER BY id").fetchall() == [(1, "k"), (7, "k7"), (8, "new")]
    store.close()


def test_what_lost_its_parent_stays_behind_and_hinders_nothing(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    database = Database(path)
    MIGRATIONS.apply(database, stop_before="m003_coverage")
    database.close()
    connection = sqlite3.connect(path)  # foreign keys are off, as in most programs that open a file
    connection.executescript(
        f"""
        INSERT INTO alerts VALUES (5, 'k', 99, 'r', '{AT}');
        INSERT INTO deliveries VALUES (6, 5, 'support', 'pending', 'b', '{AT}', NULL),
                                      (7, 98, 'support', 'sent', 'b', '{AT}', '{AT}');
        INSERT INTO messages VALUES ('m', 'support', 't', 'pending', 0, '{AT}', NULL, '{AT}', NULL, NULL);
        INSERT INTO message_deliveries VALUES ('m', 6), ('gone', 7);
        """
    )
    connection.close()
    store = Store(open_writer(path))
    assert store._db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert store._db.execute("SELECT id FROM alerts UNION ALL SELECT id FROM deliveries").fetchall() == []
    assert store.claim_messages(datetime.fromisoformat(AT), 10) == []
    store.close()


def test_rows_that_no_migration_can_take_over_are_an_error_of_the_store(old: Path) -> None:
    connection = sqlite3.connect(old)
    connection.execute(f"INSERT INTO alerts VALUES (5, 'k5', 99, 'r', '{AT}')")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="FOREIGN KEY constraint failed"):
        open_writer(old)


def test_an_alert_is_about_a_mention_an_alarm_or_a_notice(old: Path) -> None:
    store = Store(open_writer(old))
    at = datetime.fromisoformat(AT)
    alarm = AlarmIntent(key="gap:forum:x", kind=AlarmKind.GAP, source="forum", reason="more was new", since=None)
    store.open_alarm(
        alarm,
        source_id=1,
        to=[Dispatch(Receiver(name="support", targets=(Target(key="t", url="x://"),)), "alarm")],
        now=at,
    )
    assert [(row["mention_id"], row["alarm"]) for row in store._db.query("SELECT * FROM v_alerts ORDER BY id")] == [
        (1, None),
        (None, "gap"),
    ]
    for both in ("NULL, NULL, NULL, NULL, NULL", "1, 1, NULL, NULL, NULL", "1, NULL, 1, NULL, NULL", "1, 1, 1, 1, 1"):
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            store._db.execute(f"INSERT INTO alerts VALUES (99, 'x', {both}, 'r', '{AT}')")
    store.close()


def test_a_source_of_the_first_release_counts_as_covered_until_its_last_success(old: Path) -> None:
    connection = sqlite3.connect(old)
    connection.execute(f"UPDATE sources SET last_success_at = '{AT}'")
    connection.commit()
    connection.close()
    store = Store(open_writer(old))
    leased = store.lease_named("forum", datetime.fromisoformat(AT))
    assert leased is not None
    assert (leased.state.covered_at, leased.state.interval) == (datetime.fromisoformat(AT), None)
    store.close()


def test_answers_from_before_sentiments_could_be_corrected_are_kept_with_what_was_judged(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    database = Database(path)
    MIGRATIONS.apply(database, stop_before="m005_sentiment")
    database.close()
    connection = sqlite3.connect(path)  # foreign keys are off: one of the answers lost its mention
    connection.executescript(
        f"""
        INSERT INTO sources (id, name, kind, url, host, every_seconds, next_at)
            VALUES (1, 'forum', 'feed', 'https://f.example/', 'f.example:443', 60, '{AT}');
        INSERT INTO posts (id, key, source_id, title, text, discovered_at, type)
            VALUES (1, '1:id:p1', 1, '', 'Склад', '{AT}', 'post');
        INSERT INTO mentions (id, post_id, brand, relevance, doubtful, sentiment, negative, neutral, positive,
                influence, priority, spans, special_cases, why, decision, created_at, at, source_id)
            VALUES (1, 1, 'МойСклад', 1.0, 0, 'positive', 0.1, 0.1, 0.8, 18, 70, '[]', '[]', '[]', 'told', '{AT}',
                '{AT}', 1);
        INSERT INTO corrections VALUES (4, 1, 1, 0.4, 1, 'note', 'Ирина', '{AT}'), (5, 99, 0, 0.4, 1, '', '', '{AT}');
        """
    )
    connection.close()
    store = Store(open_writer(path))
    (kept,) = store.corrections(limit=9)
    assert {
        name: kept[name] for name in ("id", "mention_id", "about", "sentiment", "relevance", "judged", "person")
    } == {
        "id": 4,
        "mention_id": 1,
        "about": 1,
        "sentiment": None,
        "relevance": 0.4,
        "judged": "positive",
        "person": "Ирина",
    }
    assert (kept["counts"], store.corrected(1), store.felt(1)) == (1, {"МойСклад": True}, {})
    assert store._db.execute("PRAGMA foreign_key_check").fetchall() == []
    store.close()


def test_alerts_of_before_there_were_cases_are_kept_with_all_that_was_told(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    database = Database(path)
    MIGRATIONS.apply(database, stop_before="m006_cases")
    database.close()
    connection = sqlite3.connect(path)  # foreign keys are off: something lost its parent
    connection.executescript(
        f"""
        INSERT INTO sources (id, name, kind, url, host, every_seconds, next_at)
            VALUES (1, 'forum', 'feed', 'https://f.example/', 'f.example:443', 60, '{AT}');
        INSERT INTO posts (id, key, source_id, title, text, discovered_at, type)
            VALUES (1, '1:id:p1', 1, '', 'Склад', '{AT}', 'post'), (2, '1:id:p2', 1, '', 'Ответ', '{AT}', 'comment');
        INSERT INTO mentions (id, post_id, brand, relevance, doubtful, sentiment, negative, neutral, positive,
                influence, priority, spans, special_cases, why, decision, created_at, at, source_id)
            VALUES (1, 1, 'МойСклад', 1.0, 0, 'negative', 0.8, 0.1, 0.1, 18, 70, '[]', '[]', '[]', 'told', '{AT}',
                '{AT}', 1);
        INSERT INTO answers VALUES (2, 1, 'МойСклад', '{AT}');
        INSERT INTO alarms (id, key, kind, source_id, reason, opened_at) VALUES (3, 'a', 'gap', 1, 'more', '{AT}');
        INSERT INTO alerts VALUES (4, 'mention', 1, NULL, 'r', '{AT}'), (5, 'alarm', NULL, 3, 'r', '{AT}'),
            (6, 'lost', 99, NULL, 'r', '{AT}');
        INSERT INTO deliveries VALUES (7, 4, 'support', 'pending', 'b', '{AT}', NULL),
            (8, 5, 'support', 'sent', 'b', '{AT}', '{AT}'), (9, 6, 'support', 'pending', 'b', '{AT}', NULL);
        INSERT INTO messages VALUES ('m7', 'support', 't', 'pending', 2, '{AT}', NULL, '{AT}', NULL, 'no'),
            ('m8', 'support', 't', 'sent', 1, '{AT}', NULL, '{AT}', '{AT}', NULL),
            ('m9', 'support', 'u', 'pending', 0, '{AT}', NULL, '{AT}', NULL, NULL);
        INSERT INTO message_deliveries VALUES ('m7', 7), ('m8', 8), ('m9', 9);
        """
    )
    connection.close()
    store = Store(open_writer(path))
    assert store._db.execute("PRAGMA foreign_key_check").fetchall() == []
    alerts = store._db.execute("SELECT id, key, mention_id, alarm_id, notice_id FROM alerts ORDER BY id").fetchall()
    assert alerts == [(4, "mention", 1, None, None), (5, "alarm", None, 3, None)]
    assert store._db.execute("SELECT id, state FROM deliveries ORDER BY id").fetchall() == [(7, "pending"), (8, "sent")]
    claimed = store.claim_messages(datetime.fromisoformat(AT), 10)
    assert [(message.id, message.attempts, message.notices) for message in claimed] == [("m7", 2, ())]
    assert store._db.execute("SELECT answer_id, seen_at, gone_at FROM answers").fetchall() == [(2, None, None)]
    assert store.cases_list(limit=9) == []
    assert store._db.execute("SELECT outcome, case_id FROM v_coverage").fetchall() == [("answered", None)]
    store.close()


def test_known_posts_stay_known(old: Path) -> None:
    store = Store(open_writer(old))
    assert store.unseen(1, ["id:p1", "url:https://f.example/1", "id:p2", "id:p3"]) == {"id:p3"}
    store.close()


def test_history_is_counted_by_the_day_of_publication_and_waits_for_its_index(old: Path) -> None:
    store = Store(open_writer(old))
    assert list(store._db.query("SELECT day, brand, sentiment, mentions, rating_sum FROM day_counts")) == [
        {"day": "2026-09-30", "brand": "МойСклад", "sentiment": "negative", "mentions": 1, "rating_sum": 2.0}
    ]
    assert [stale.id for stale in store.stale_mentions(10)] == [1]
    store.close()


def test_authors_of_old_posts_are_found_by_their_folded_names_and_profiles_and_counted_once(old: Path) -> None:
    connection = sqlite3.connect(old)
    connection.executescript(
        f"""
        UPDATE posts SET author = ' @Анна  К.', author_url = 'HTTPS://M.Example.org/U/Anna/?utm_source=x',
            followers = id * 100;
        INSERT INTO posts (id, key, source_id, title, text, author, discovered_at, followers, type)
            VALUES (3, '1:id:p3', 1, '', '', 'Олег', '{AT}', 150, 'post'),
                   (4, '1:id:p4', 1, '', '', NULL, '{AT}', 99, 'post');
        """
    )
    connection.close()
    store = Store(open_writer(old))
    assert store._db.execute("SELECT DISTINCT author_key, author_link FROM posts WHERE id < 3").fetchall() == [
        ("анна к.", "example.org/u/anna")
    ]
    assert store._db.execute("SELECT platform, step, authors FROM reach ORDER BY step").fetchall() == [
        ("f.example:443", 22, 1),
        ("f.example:443", 23, 1),
    ]
    assert store.reach_below("forum", 10**6) == (2, 2)
    store.close()


def test_identities_are_kept_as_hashes_only(old: Path) -> None:
    Store(open_writer(old)).close()
    connection = sqlite3.connect(old)
    identities = [row[0] for row in connection.execute("SELECT identity FROM sightings")]
    connection.close()
    assert len(identities) == 3
    assert all(len(identity) == 32 and set(identity) <= set("0123456789abcdef") for identity in identities)


def test_a_file_of_a_later_version_is_left_alone(old: Path) -> None:
    connection = sqlite3.connect(old)
    connection.execute(f"INSERT INTO _sqlite_migrations VALUES ('monitor', 'm999_of_the_future', '{AT}')")
    connection.commit()
    connection.close()
    with pytest.raises(DatabaseTooNew, match="m999_of_the_future"):
        open_writer(old)
