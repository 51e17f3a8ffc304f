"""The first schema, as it was released; never edited."""

from __future__ import annotations

from typing import Final

STATEMENTS: Final = """
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    url TEXT NOT NULL,
    host TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1,
    every_seconds REAL NOT NULL,
    next_at TEXT NOT NULL,
    leased_until TEXT,
    cursor TEXT NOT NULL DEFAULT '{}',
    etag TEXT,
    last_modified TEXT,
    baseline_at TEXT,
    last_polled_at TEXT,
    last_success_at TEXT,
    last_new_at TEXT,
    failures INTEGER NOT NULL DEFAULT 0,
    health TEXT NOT NULL DEFAULT 'ok',
    error TEXT
);
CREATE INDEX sources_due ON sources (next_at) WHERE active;

CREATE TABLE hosts (
    host TEXT PRIMARY KEY,
    next_at TEXT,
    retry_at TEXT
);

CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    source_id INTEGER NOT NULL REFERENCES sources (id),
    native_id TEXT,
    url TEXT,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    author TEXT,
    author_url TEXT,
    followers INTEGER,
    published_at TEXT,
    discovered_at TEXT NOT NULL,
    lang TEXT,
    rating REAL,
    likes INTEGER,
    replies INTEGER,
    views INTEGER,
    thread TEXT,
    parent TEXT,
    type TEXT NOT NULL
);
CREATE INDEX posts_by_source ON posts (source_id, id);

CREATE TABLE sightings (
    source_id INTEGER NOT NULL REFERENCES sources (id),
    identity TEXT NOT NULL,
    post_id INTEGER NOT NULL REFERENCES posts (id),
    seen_at TEXT NOT NULL,
    PRIMARY KEY (source_id, identity)
) WITHOUT ROWID;
CREATE INDEX sightings_by_post ON sightings (post_id);

CREATE TABLE mentions (
    id INTEGER PRIMARY KEY,
    post_id INTEGER NOT NULL REFERENCES posts (id),
    brand TEXT NOT NULL,
    relevance REAL NOT NULL,
    doubtful INTEGER NOT NULL,
    sentiment TEXT NOT NULL,
    negative REAL NOT NULL,
    neutral REAL NOT NULL,
    positive REAL NOT NULL,
    influence INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    spans TEXT NOT NULL,
    special_cases TEXT NOT NULL,
    why TEXT NOT NULL,
    decision TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (post_id, brand)
);

CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    mention_id INTEGER NOT NULL REFERENCES mentions (id),
    reason TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX alerts_by_mention ON alerts (mention_id);

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
CREATE INDEX deliveries_by_state ON deliveries (state, id);

CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    receiver TEXT NOT NULL,
    target TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at TEXT NOT NULL,
    claimed_at TEXT,
    created_at TEXT NOT NULL,
    settled_at TEXT,
    error TEXT
);
CREATE INDEX messages_pending ON messages (receiver, target, id) WHERE state = 'pending';

CREATE TABLE message_deliveries (
    message_id TEXT NOT NULL REFERENCES messages (id),
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id),
    PRIMARY KEY (message_id, delivery_id)
) WITHOUT ROWID;
CREATE INDEX message_deliveries_by_delivery ON message_deliveries (delivery_id);
"""
