"""The second schema: history that can be searched, counted by day, corrected and erased; never edited once released.

Identities in `sightings` become hashes, so that what remains of an erased post tells nothing: a row without a post is
a tombstone, by which the post is known again if a source still serves it.

`mentions.search_version` says with which lemmas a mention was indexed; 0 is not yet.
"""

from __future__ import annotations

from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlite_utils import Database


def identity_hash(identity: str) -> str:
    """What of an identity is kept: 32 hexadecimal digits."""
    return blake2b(identity.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def text_hash(title: str, text: str) -> str:
    """What says whether a post still reads as it was stored: SHA-256 of title, newline and text, in hex."""
    return sha256(f"{title}\n{text}".encode(errors="surrogatepass")).hexdigest()


def register(db: Database) -> None:
    """Make the two hashes known to SQL; only the migration needs them."""
    db.conn.create_function("identity_hash", 1, identity_hash, deterministic=True)
    db.conn.create_function("text_hash", 2, text_hash, deterministic=True)


STATEMENTS: Final = """
ALTER TABLE posts ADD COLUMN hash TEXT NOT NULL DEFAULT '';
UPDATE posts SET hash = text_hash(title, text);
CREATE INDEX posts_by_thread ON posts (source_id, thread) WHERE thread IS NOT NULL;
CREATE INDEX posts_by_native_id ON posts (source_id, native_id) WHERE native_id IS NOT NULL;
CREATE INDEX posts_by_url ON posts (url) WHERE url IS NOT NULL;
CREATE INDEX posts_by_author ON posts (author) WHERE author IS NOT NULL;

CREATE TABLE hashed_sightings (
    source_id INTEGER NOT NULL REFERENCES sources (id),
    identity TEXT NOT NULL,
    post_id INTEGER REFERENCES posts (id),
    seen_at TEXT NOT NULL,
    PRIMARY KEY (source_id, identity)
) WITHOUT ROWID;
INSERT INTO hashed_sightings SELECT source_id, identity_hash(identity), post_id, seen_at FROM sightings;
DROP TABLE sightings;
ALTER TABLE hashed_sightings RENAME TO sightings;
CREATE INDEX sightings_by_post ON sightings (post_id) WHERE post_id IS NOT NULL;

ALTER TABLE hosts ADD COLUMN robots TEXT;
ALTER TABLE hosts ADD COLUMN robots_at TEXT;

ALTER TABLE mentions ADD COLUMN source_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mentions ADD COLUMN at TEXT NOT NULL DEFAULT '';
ALTER TABLE mentions ADD COLUMN rating REAL;
ALTER TABLE mentions ADD COLUMN search_version INTEGER NOT NULL DEFAULT 0;
UPDATE mentions SET (source_id, at, rating) = (
    SELECT source_id, coalesce(published_at, discovered_at), rating FROM posts WHERE posts.id = mentions.post_id
);
CREATE INDEX mentions_by_brand ON mentions (brand, id);
CREATE INDEX mentions_by_time ON mentions (at);
CREATE INDEX mentions_by_facts ON mentions (id, at, priority, influence, relevance, rating, post_id);
CREATE INDEX mentions_by_day ON mentions (substr(at, 1, 10));
CREATE INDEX mentions_by_search_version ON mentions (search_version);

CREATE VIRTUAL TABLE mention_search USING fts5 (
    title, text, title_lemmas, text_lemmas, facets, tokenize = 'ascii'
);

CREATE TABLE revisions (
    id INTEGER PRIMARY KEY,
    post_id INTEGER NOT NULL REFERENCES posts (id),
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    hash TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    replaced_at TEXT NOT NULL
);
CREATE INDEX revisions_by_post ON revisions (post_id);

CREATE TABLE gaps (
    id INTEGER PRIMARY KEY,
    source_id INTEGER NOT NULL REFERENCES sources (id),
    from_at TEXT NOT NULL,
    to_at TEXT NOT NULL,
    reason TEXT NOT NULL,
    recorded_at TEXT NOT NULL
);
CREATE INDEX gaps_by_source ON gaps (source_id, to_at);

CREATE TABLE answers (
    answer_id INTEGER PRIMARY KEY REFERENCES posts (id),
    post_id INTEGER NOT NULL REFERENCES posts (id),
    brand TEXT NOT NULL,
    answered_at TEXT NOT NULL
);
CREATE INDEX answers_by_post ON answers (post_id);
CREATE INDEX answers_by_time ON answers (answered_at);

CREATE TABLE forgotten (
    kind TEXT NOT NULL,
    hash TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (kind, hash)
) WITHOUT ROWID;

CREATE TABLE day_counts (
    day TEXT NOT NULL,
    brand TEXT NOT NULL,
    source_id INTEGER NOT NULL,
    sentiment TEXT NOT NULL,
    doubtful INTEGER NOT NULL,
    mentions INTEGER NOT NULL,
    ratings INTEGER NOT NULL,
    rating_sum REAL NOT NULL,
    PRIMARY KEY (day, brand, source_id, sentiment, doubtful)
) WITHOUT ROWID;
INSERT INTO day_counts
    SELECT substr(at, 1, 10), brand, source_id, sentiment, doubtful, count(*), count(rating), total(rating)
    FROM mentions GROUP BY 1, 2, 3, 4, 5;
CREATE TRIGGER mention_counted AFTER INSERT ON mentions BEGIN
    INSERT INTO day_counts VALUES (
        substr(new.at, 1, 10), new.brand, new.source_id, new.sentiment, new.doubtful,
        1, new.rating IS NOT NULL, coalesce(new.rating, 0)
    ) ON CONFLICT DO UPDATE SET
        mentions = mentions + 1, ratings = ratings + excluded.ratings, rating_sum = rating_sum + excluded.rating_sum;
  END;
CREATE TRIGGER mention_uncounted AFTER DELETE ON mentions BEGIN
    UPDATE day_counts SET
        mentions = mentions - 1, ratings = ratings - (old.rating IS NOT NULL),
        rating_sum = rating_sum - coalesce(old.rating, 0)
    WHERE (day, brand, source_id, sentiment, doubtful)
        = (substr(old.at, 1, 10), old.brand, old.source_id, old.sentiment, old.doubtful);
  END;
CREATE TRIGGER mention_recounted AFTER UPDATE OF at, brand, source_id, sentiment, doubtful, rating ON mentions BEGIN
    UPDATE day_counts SET
        mentions = mentions - 1, ratings = ratings - (old.rating IS NOT NULL),
        rating_sum = rating_sum - coalesce(old.rating, 0)
    WHERE (day, brand, source_id, sentiment, doubtful)
        = (substr(old.at, 1, 10), old.brand, old.source_id, old.sentiment, old.doubtful);
    INSERT INTO day_counts VALUES (
        substr(new.at, 1, 10), new.brand, new.source_id, new.sentiment, new.doubtful,
        1, new.rating IS NOT NULL, coalesce(new.rating, 0)
    ) ON CONFLICT DO UPDATE SET
        mentions = mentions + 1, ratings = ratings + excluded.ratings, rating_sum = rating_sum + excluded.rating_sum;
  END;
"""
