"""The fourth schema: stories, authors across sources, stances of replies, corrections and what was learned of them.

A story has a row once a second post tells it; `story_keys` are the sampled hashes by which the next one finds it.
`author_key` and `author_link` are by what an author's posts are found: a folded name and a profile's address; whether
a name means the same person at another source is not decided here.
`reach` counts authors by followers, without saying who they are. Never edited once released.
"""

from __future__ import annotations

import re
from math import log10
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from monitor.text import canonical_url, fold

if TYPE_CHECKING:
    from sqlite_utils import Database

_LONGEST: Final = 200  # code points of a name that count
_PREFIX: Final = re.compile(r"^(?:www|m|mobile|old|new)\.(?=[^.]+\.)")  # m.ru is a name of its own

_SAME_HOST: Final = {"twitter.com": "x.com", "vk.ru": "vk.com", "fb.com": "facebook.com", "telegram.me": "t.me"}


def author_key(name: str | None) -> str | None:
    """An author's name as it is compared between sources: folded, without the @ of a handle; None where it is blank."""
    return fold(name or "").lstrip("@").strip()[:_LONGEST] or None


def author_link(url: str | None) -> str | None:
    """The address of an author's page as it is looked up: canonical and folded, without scheme, `www.`, `m.`.

    The same as `monitor.understanding.authors.profile_link`, which a schema cannot import: None for a front page too.
    """
    if not url or (address := canonical_url(url)) is None:
        return None
    parts = urlsplit(address)
    host = _PREFIX.sub("", parts.netloc.lower())
    host, path = _SAME_HOST.get(host, host), parts.path.rstrip("/").casefold()
    if not path and not parts.query and host.count(".") < 2:
        return None
    return f"{host}{path}?{parts.query}" if parts.query else f"{host}{path}"


def reach_step(followers: int) -> int:
    """The step of a number of followers in the counts of a platform: ten to each tenfold."""
    return round(10 * log10(1 + max(0, followers)))


def register(db: Database) -> None:
    """Make the three functions known to SQL; only the migration needs them."""
    db.conn.create_function("author_key", 1, author_key, deterministic=True)
    db.conn.create_function("author_link", 1, author_link, deterministic=True)
    db.conn.create_function("reach_step", 1, reach_step, deterministic=True)


STATEMENTS: Final = """
CREATE TABLE stories (
    id INTEGER PRIMARY KEY,
    origin_id INTEGER NOT NULL REFERENCES posts (id),
    posts INTEGER NOT NULL,
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL
);
CREATE INDEX stories_by_origin ON stories (origin_id);
CREATE INDEX stories_by_time ON stories (last_at);

ALTER TABLE posts ADD COLUMN story_id INTEGER REFERENCES stories (id);
ALTER TABLE posts ADD COLUMN story_kind TEXT;
ALTER TABLE posts ADD COLUMN story_share REAL;
ALTER TABLE posts ADD COLUMN author_key TEXT;
ALTER TABLE posts ADD COLUMN author_link TEXT;
UPDATE posts SET author_key = author_key(author), author_link = author_link(author_url);
CREATE INDEX posts_by_story ON posts (story_id) WHERE story_id IS NOT NULL;
CREATE INDEX posts_by_author_key ON posts (author_key, source_id) WHERE author_key IS NOT NULL;
CREATE INDEX posts_by_author_anywhere ON posts (author_key) WHERE author_key IS NOT NULL;
CREATE INDEX posts_by_reach ON posts (author_key, source_id) WHERE followers IS NOT NULL AND author_key IS NOT NULL;
CREATE INDEX posts_by_author_link ON posts (author_link) WHERE author_link IS NOT NULL;

CREATE TABLE story_keys (
    hash INTEGER NOT NULL,
    post_id INTEGER NOT NULL REFERENCES posts (id),
    PRIMARY KEY (hash, post_id)
) WITHOUT ROWID;
CREATE INDEX story_keys_by_post ON story_keys (post_id);

CREATE TABLE stances (
    reply_id INTEGER PRIMARY KEY REFERENCES posts (id),
    post_id INTEGER NOT NULL REFERENCES posts (id),
    stance TEXT NOT NULL,
    said_at TEXT NOT NULL
);
CREATE INDEX stances_by_post ON stances (post_id);

CREATE TABLE corrections (
    id INTEGER PRIMARY KEY,
    mention_id INTEGER NOT NULL REFERENCES mentions (id),
    about INTEGER NOT NULL,
    relevance REAL NOT NULL,
    doubtful INTEGER NOT NULL,
    note TEXT NOT NULL,
    person TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX corrections_by_mention ON corrections (mention_id);

CREATE TABLE learned (
    id INTEGER PRIMARY KEY,
    brand TEXT NOT NULL,
    made_at TEXT NOT NULL,
    answers INTEGER NOT NULL,
    record TEXT NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL,
    undone_at TEXT
);
CREATE INDEX learned_by_brand ON learned (brand, id);
CREATE UNIQUE INDEX learned_active ON learned (brand) WHERE state = 'active';

CREATE TABLE domain_ranks (
    domain TEXT PRIMARY KEY,
    rank INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE reach (
    platform TEXT NOT NULL,
    step INTEGER NOT NULL,
    authors INTEGER NOT NULL,
    PRIMARY KEY (platform, step)
) WITHOUT ROWID;
INSERT INTO reach
    SELECT platform, step, count(*) FROM (
        SELECT coalesce(nullif(sources.host, ''), sources.kind) AS platform, reach_step(max(followers)) AS step
        FROM posts JOIN sources ON sources.id = source_id
        WHERE followers IS NOT NULL AND author_key IS NOT NULL GROUP BY 1, author_key
    ) GROUP BY 1, 2;
"""
