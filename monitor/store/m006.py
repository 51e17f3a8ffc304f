"""The sixth schema: cases, their events, posts and deadlines, and the persons who work them off.

`case_events` is the truth, and nothing in it is overwritten: triggers refuse it, but for what an erasure takes
out. `cases` is what the events amount to. An alert may be about a notice of a case: what was one of two in `alerts`
becomes one of three, for which the table and its children are made anew, as in the third schema. Never edited once
released.
"""

from __future__ import annotations

from typing import Final

STATEMENTS: Final = """
CREATE TABLE persons (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    receiver TEXT,
    founder INTEGER NOT NULL DEFAULT 0,
    added_at TEXT NOT NULL,
    left_at TEXT
);

CREATE TABLE cases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    brand TEXT NOT NULL,
    state TEXT NOT NULL,
    classes TEXT NOT NULL,
    round INTEGER NOT NULL,
    owner TEXT,
    verdict TEXT,
    opened_at TEXT NOT NULL,
    found_at TEXT NOT NULL,
    published_at TEXT,
    acknowledged_at TEXT,
    answered_at TEXT,
    resolved_at TEXT,
    waiting_at TEXT,
    waited_seconds REAL NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    public_replies INTEGER NOT NULL DEFAULT 0,
    cleared_by TEXT,
    findings TEXT,
    offered INTEGER NOT NULL DEFAULT 0,
    silent_reason TEXT,
    ticket TEXT,
    outcome TEXT,
    closed_at TEXT,
    merged_into INTEGER REFERENCES cases (id),
    seq INTEGER NOT NULL
);
CREATE INDEX cases_by_state ON cases (state, id);
CREATE INDEX cases_by_brand ON cases (brand, opened_at);
CREATE INDEX cases_by_target ON cases (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE case_events (
    case_id INTEGER NOT NULL REFERENCES cases (id),
    seq INTEGER NOT NULL,
    at TEXT NOT NULL,
    person TEXT NOT NULL,
    kind TEXT NOT NULL,
    before_state TEXT,
    after_state TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (case_id, seq)
) WITHOUT ROWID;
CREATE INDEX case_events_by_kind ON case_events (kind, at);
CREATE TRIGGER case_events_stay BEFORE UPDATE ON case_events
WHEN (NEW.case_id, NEW.seq, NEW.at, NEW.kind, NEW.before_state, NEW.after_state)
        IS NOT (OLD.case_id, OLD.seq, OLD.at, OLD.kind, OLD.before_state, OLD.after_state)
    OR (NEW.body <> OLD.body AND NEW.body NOT LIKE '%(forgotten)%')
    OR (NEW.person <> OLD.person AND NEW.person <> '(forgotten)')
    BEGIN
        SELECT raise(ABORT, 'events of a case are not changed');
    END;
CREATE TRIGGER case_events_last BEFORE DELETE ON case_events
WHEN EXISTS (SELECT 1 FROM case_posts WHERE case_id = OLD.case_id)
    BEGIN
        SELECT raise(ABORT, 'events of a case are not deleted while it has posts');
    END;

CREATE TABLE case_posts (
    post_id INTEGER NOT NULL REFERENCES posts (id),
    brand TEXT NOT NULL,
    case_id INTEGER NOT NULL REFERENCES cases (id),
    mention_id INTEGER REFERENCES mentions (id),
    why TEXT NOT NULL,
    joined_at TEXT NOT NULL,
    by_hand INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (post_id, brand)
) WITHOUT ROWID;
CREATE INDEX case_posts_by_case ON case_posts (case_id, post_id);
CREATE INDEX case_posts_by_mention ON case_posts (mention_id) WHERE mention_id IS NOT NULL;

CREATE TABLE case_deadlines (
    id INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id),
    round INTEGER NOT NULL,
    kind TEXT NOT NULL,
    clock TEXT NOT NULL,
    step INTEGER NOT NULL,
    at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    step_to TEXT,
    fired_at TEXT,
    UNIQUE (case_id, round, kind, clock, step)
);
CREATE INDEX case_deadlines_due ON case_deadlines (at) WHERE fired_at IS NULL;

CREATE TABLE case_notices (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    case_id INTEGER NOT NULL REFERENCES cases (id),
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    deadline TEXT,
    clock TEXT,
    due_at TEXT,
    post_id INTEGER REFERENCES posts (id),
    at TEXT NOT NULL
);
CREATE INDEX case_notices_by_case ON case_notices (case_id);
CREATE INDEX case_notices_by_post ON case_notices (post_id) WHERE post_id IS NOT NULL;

ALTER TABLE answers ADD COLUMN seen_at TEXT;
ALTER TABLE answers ADD COLUMN gone_at TEXT;

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
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CHECK ((mention_id IS NOT NULL) + (alarm_id IS NOT NULL) + (notice_id IS NOT NULL) = 1)
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
INSERT INTO alerts SELECT id, key, mention_id, alarm_id, NULL, reason, created_at FROM old_alerts
    WHERE mention_id IN (SELECT id FROM mentions) OR alarm_id IN (SELECT id FROM alarms);
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
CREATE INDEX alerts_by_notice ON alerts (notice_id) WHERE notice_id IS NOT NULL;
CREATE INDEX deliveries_by_state ON deliveries (state, id);
CREATE INDEX message_deliveries_by_delivery ON message_deliveries (delivery_id);
"""
