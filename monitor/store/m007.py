"""The seventh schema: groups, silences, subscriptions, storms, signals, digests; an alert may be about the last two.

A delivery waits in a group until the group's message leaves; `deliveries.note` says why it waits longer, or why it was
muted. For the two new subjects `alerts` and its children are made anew, as in the sixth schema. Never edited once
released.
"""

from __future__ import annotations

from typing import Final

STATEMENTS: Final = """
CREATE TABLE groups (
    id INTEGER PRIMARY KEY,
    receiver TEXT NOT NULL,
    key TEXT NOT NULL,
    labels TEXT NOT NULL,
    urgent INTEGER NOT NULL DEFAULT 0,
    pressing INTEGER NOT NULL DEFAULT 0,
    due_at TEXT,
    held INTEGER NOT NULL DEFAULT 0,
    told_at TEXT,
    UNIQUE (receiver, key)
);
CREATE INDEX groups_due ON groups (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX mentions_negative ON mentions (brand, at) WHERE sentiment = 'negative' AND NOT doubtful;

CREATE TABLE pings (
    receiver TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX pings_by_receiver ON pings (receiver, at);

CREATE TABLE silences (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    match TEXT NOT NULL,
    case_id INTEGER REFERENCES cases (id),
    starts_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    person TEXT NOT NULL,
    comment TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX silences_by_end ON silences (ends_at);

CREATE TABLE subscriptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person TEXT NOT NULL REFERENCES persons (name),
    match TEXT NOT NULL,
    cadence TEXT NOT NULL,
    time_of_day TEXT NOT NULL,
    day INTEGER NOT NULL,
    zone TEXT NOT NULL,
    language TEXT,
    always INTEGER NOT NULL,
    added_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE INDEX subscriptions_by_person ON subscriptions (person) WHERE ended_at IS NULL;

CREATE TABLE storms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    brand TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    told_at TEXT NOT NULL,
    closed_at TEXT,
    figures TEXT NOT NULL
);
CREATE UNIQUE INDEX storms_open ON storms (brand) WHERE closed_at IS NULL;
CREATE INDEX storms_by_brand ON storms (brand, opened_at);

CREATE TABLE rating_lines (
    brand TEXT NOT NULL,
    source_id INTEGER NOT NULL REFERENCES sources (id),
    below INTEGER NOT NULL,
    mean REAL NOT NULL,
    ratings INTEGER NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (brand, source_id)
) WITHOUT ROWID;

CREATE TABLE signals (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    brand TEXT,
    source_id INTEGER REFERENCES sources (id),
    storm_id INTEGER REFERENCES storms (id),
    mention_id INTEGER REFERENCES mentions (id),
    case_id INTEGER REFERENCES cases (id),
    alarm_id INTEGER REFERENCES alarms (id),
    reason TEXT NOT NULL,
    figures TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX signals_by_mention ON signals (mention_id) WHERE mention_id IS NOT NULL;
CREATE INDEX signals_by_case ON signals (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX signals_by_alarm ON signals (alarm_id) WHERE alarm_id IS NOT NULL;
CREATE INDEX signals_by_storm ON signals (storm_id) WHERE storm_id IS NOT NULL;

CREATE TABLE digests (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    cadence TEXT NOT NULL,
    zone TEXT NOT NULL,
    language TEXT,
    from_at TEXT NOT NULL,
    to_at TEXT NOT NULL,
    figures TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (name, to_at)
);

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
    notice_id INTEGER REFERENCES case_notices (id),
    signal_id INTEGER REFERENCES signals (id),
    digest_id INTEGER REFERENCES digests (id),
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CHECK ((mention_id IS NOT NULL) + (alarm_id IS NOT NULL) + (notice_id IS NOT NULL)
        + (signal_id IS NOT NULL) + (digest_id IS NOT NULL) = 1)
);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    alert_id INTEGER NOT NULL REFERENCES alerts (id),
    receiver TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    reason TEXT NOT NULL,
    group_id INTEGER REFERENCES groups (id),
    note TEXT,
    created_at TEXT NOT NULL,
    settled_at TEXT,
    UNIQUE (alert_id, receiver)
);
CREATE TABLE message_deliveries (
    message_id TEXT NOT NULL REFERENCES messages (id),
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id),
    PRIMARY KEY (message_id, delivery_id)
) WITHOUT ROWID;
INSERT INTO alerts SELECT id, key, mention_id, alarm_id, notice_id, NULL, NULL, reason, created_at FROM old_alerts
    WHERE mention_id IN (SELECT id FROM mentions) OR alarm_id IN (SELECT id FROM alarms)
        OR notice_id IN (SELECT id FROM case_notices);
INSERT INTO deliveries SELECT id, alert_id, receiver, state, reason, NULL, NULL, created_at, settled_at
    FROM old_deliveries WHERE alert_id IN (SELECT id FROM alerts);
INSERT INTO message_deliveries SELECT message_id, delivery_id FROM old_message_deliveries
    WHERE message_id IN (SELECT id FROM messages) AND delivery_id IN (SELECT id FROM deliveries);
DELETE FROM messages WHERE state = 'pending' AND id NOT IN (SELECT message_id FROM message_deliveries);
DROP TABLE old_message_deliveries;
DROP TABLE old_deliveries;
DROP TABLE old_alerts;
CREATE INDEX alerts_by_mention ON alerts (mention_id) WHERE mention_id IS NOT NULL;
CREATE INDEX alerts_by_alarm ON alerts (alarm_id) WHERE alarm_id IS NOT NULL;
CREATE INDEX alerts_by_notice ON alerts (notice_id) WHERE notice_id IS NOT NULL;
CREATE INDEX alerts_by_signal ON alerts (signal_id) WHERE signal_id IS NOT NULL;
CREATE INDEX alerts_by_digest ON alerts (digest_id) WHERE digest_id IS NOT NULL;
CREATE INDEX deliveries_by_state ON deliveries (state, id);
CREATE INDEX deliveries_by_group ON deliveries (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX message_deliveries_by_delivery ON message_deliveries (delivery_id);
"""
