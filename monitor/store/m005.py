"""The fifth schema: people may correct a sentiment too, and what was learned of that has versions, by tier.

An answer says whether a mention is about its brand, how it is felt, or both: what was NOT NULL in `corrections` becomes
one of two, for which the table is made anew. `judged` is the sentiment that a mention had before anybody corrected it;
until now nobody could. `posts` are the ids of those that a version learned from: it goes with any of them that is
erased on request. Never edited once released.
"""

from __future__ import annotations

from typing import Final

STATEMENTS: Final = """
CREATE TABLE old_corrections AS SELECT * FROM corrections;
DROP TABLE corrections;
CREATE TABLE corrections (
    id INTEGER PRIMARY KEY,
    mention_id INTEGER NOT NULL REFERENCES mentions (id),
    about INTEGER,
    sentiment TEXT,
    relevance REAL NOT NULL,
    doubtful INTEGER NOT NULL,
    judged TEXT NOT NULL,
    note TEXT NOT NULL,
    person TEXT NOT NULL,
    at TEXT NOT NULL,
    CHECK (about IS NOT NULL OR sentiment IS NOT NULL)
);
INSERT INTO corrections
    SELECT old.id, old.mention_id, old.about, NULL, old.relevance, old.doubtful, mentions.sentiment, old.note,
        old.person, old.at
    FROM old_corrections AS old JOIN mentions ON mentions.id = old.mention_id;
DROP TABLE old_corrections;
CREATE INDEX corrections_by_mention ON corrections (mention_id);

CREATE TABLE adaptations (
    id INTEGER PRIMARY KEY,
    tier TEXT NOT NULL,
    made_at TEXT NOT NULL,
    answers INTEGER NOT NULL,
    posts TEXT NOT NULL,
    figures TEXT NOT NULL,
    adaptation TEXT NOT NULL,
    state TEXT NOT NULL
);
CREATE UNIQUE INDEX adaptations_active ON adaptations (tier) WHERE state = 'active';
"""
