"""The third schema: coverage, learned rhythm, followed threads, removal, alarms; never edited once released.

An alert is about a mention or about an alarm: what was NOT NULL in `alerts` becomes one of two. Its children are made
anew with it, from the leaves up, because SQLite checks foreign keys when a parent is dropped. Rows whose parent is
missing, which other programs can leave, stay behind.
"""

from __future__ import annotations

from typing import Final

STATEMENTS: Final = """
ALTER TABLE sources ADD COLUMN covered_at TEXT;
ALTER TABLE sources ADD COLUMN rhythm TEXT NOT NULL DEFAULT '{}';
ALTER TABLE sources ADD COLUMN interval_seconds REAL;
UPDATE sources SET covered_at = last_success_at;

ALTER TABLE posts ADD COLUMN follow TEXT;
ALTER TABLE posts ADD COLUMN missing_at TEXT;
ALTER TABLE posts ADD COLUMN removed_at TEXT;
ALTER TABLE posts ADD COLUMN page_lacked INTEGER NOT NULL DEFAULT 0;
CREATE INDEX posts_missing ON posts (source_id, missing_at) WHERE missing_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX mentions_by_source ON mentions (source_id, at);
CREATE INDEX sightings_by_identity ON sightings (identity);

CREATE TABLE followed (
    post_id INTEGER PRIMARY KEY REFERENCES posts (id),
    source_id INTEGER NOT NULL REFERENCES sources (id),
    address TEXT NOT NULL,
    next_at TEXT NOT NULL,
    last_new_at TEXT NOT NULL,
    until_at TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    UNIQUE (source_id, address)
);
CREATE INDEX followed_due ON followed (source_id, next_at);

CREATE TABLE alarms (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    source_id INTEGER REFERENCES sources (id),
    reason TEXT NOT NULL,
    since_at TEXT,
    affected INTEGER,
    opened_at TEXT NOT NULL,
    closed_at TEXT
);
CREATE INDEX alarms_open ON alarms (kind, source_id) WHERE closed_at IS NULL;

CREATE TABLE old_message_deliveries AS SELECT * FROM message_deliveries;
CREATE TABLE old_deliveries AS SELECT * FROM deliveries;
CREATE TABLE old_alerts AS SELECT * FROM alerts;
DROP TABLE message_deliveries;
DROP TABLE deliveries;
DROP TABLE alerts;
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    mention_id INTEGER REFERENCES mentions (id),
    alarm_id INTEGER REFERENCES alarms (id),
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CHECK ((mention_id IS NULL) <> (alarm_id IS NULL))
);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    alert_id INTEGER NOT NULL REFERENCES alerts (id),
    receiver TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL,
    settled_at TEXT,
    UNIQUE (alert_id, receiver)
);
CREATE TABLE message_deliveries (
    message_id TEXT NOT NULL REFERENCES messages (id),
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id),
    PRIMARY KEY (message_id, delivery_id)
) WITHOUT ROWID;
INSERT INTO alerts SELECT id, key, mention_id, NULL, reason, created_at FROM old_alerts
    WHERE mention_id IN (SELECT id FROM mentions);
INSERT INTO deliveries SELECT id, alert_id, receiver, state, reason, created_at, settled_at FROM old_deliveries
    WHERE alert_id IN (SELECT id FROM alerts);
INSERT INTO message_deliveries SELECT message_id, delivery_id FROM old_message_deliveries
    WHERE message_id IN (SELECT id FROM messages) AND delivery_id IN (SELECT id FROM deliveries);
DELETE FROM messages WHERE state = 'pending' AND id NOT IN (SELECT message_id FROM message_deliveries);
DROP TABLE old_message_deliveries;
DROP TABLE old_deliveries;
DROP TABLE old_alerts;
CREATE INDEX alerts_by_mention ON alerts (mention_id) WHERE mention_id IS NOT NULL;
CREATE INDEX alerts_by_alarm ON alerts (alarm_id) WHERE alarm_id IS NOT NULL;
CREATE INDEX deliveries_by_state ON deliveries (state, id);
CREATE INDEX message_deliveries_by_delivery ON message_deliveries (delivery_id);
"""
