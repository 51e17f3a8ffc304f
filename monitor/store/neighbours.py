"""Which posts of cases may belong together: by author, by story, by thread; whether they do is decided elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from monitor.models import Author
from monitor.store import rows
from monitor.store.queries import FIRST

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import datetime

    from sqlite_utils import Database

NEIGHBOURS: Final = 500
"""Posts at most that are looked at together."""
_NEWEST: Final = 1_000  # posts of one author or thread that are looked at, newest first: some never end


class Neighbour(NamedTuple):
    """A post of a case, or one that may join one; `at` is when it was published, or else found.

    `by_hand` says that a person put it into its case.
    """

    post_id: int
    author: Author
    source: str
    story_id: int | None
    at: datetime
    case_id: int | None
    by_hand: bool = False


class InThread(NamedTuple):
    """A post of a case in a thread."""

    case_id: int
    brand: str
    post_id: int
    author: Author


# Posts of cases that may be neighbours of `posts`, each way by its index. The oldest of a story come first, because its
# first tells whose it is; of an author the newest are looked at, because a robot has 100,000.
_WAYS: Final = (
    """
    SELECT DISTINCT near.id FROM posts CROSS JOIN posts AS near ON near.story_id = posts.story_id
        CROSS JOIN case_posts ON post_id = near.id AND brand = :brand
    WHERE posts.id IN (SELECT value FROM json_each(:posts)) ORDER BY near.id LIMIT :limit
    """,
    """
    SELECT near.post_id FROM case_posts CROSS JOIN case_posts AS near ON near.case_id = case_posts.case_id
    WHERE (case_posts.post_id, case_posts.brand) IN (SELECT value, :brand FROM json_each(:posts))
    ORDER BY near.post_id LIMIT :limit
    """,
    *(
        f"""
        SELECT near.value FROM (
            SELECT (SELECT json_group_array(id) FROM (
                SELECT id FROM posts WHERE {column} = wanted.value ORDER BY id DESC LIMIT {_NEWEST}
            )) AS ids FROM (SELECT DISTINCT {column} AS value FROM posts
                WHERE id IN (SELECT value FROM json_each(:posts)) AND {column} IS NOT NULL) AS wanted
        ) JOIN json_each(ids) AS near CROSS JOIN case_posts ON post_id = near.value AND brand = :brand LIMIT :limit
        """  # noqa: S608 - one of two constants
        for column in ("author_link", "author_key")
    ),
)
_PLACED: Final = """
    SELECT posts.id, author, author_url, sources.name, story_id, coalesce(published_at, discovered_at), case_id,
        coalesce(by_hand, 0)
    FROM json_each(?) AS wanted CROSS JOIN posts ON posts.id = wanted.value JOIN sources ON sources.id = source_id
        LEFT JOIN case_posts ON case_posts.post_id = posts.id AND case_posts.brand = ?
    ORDER BY posts.id
"""
# The posts of the threads of `place`, and those that open them.
_PLACE: Final = f"""
    SELECT id FROM (SELECT posts.id FROM place
        CROSS JOIN posts ON posts.source_id = place.source_id AND posts.thread = place.name
        ORDER BY posts.id DESC LIMIT {_NEWEST})
    UNION SELECT posts.id FROM place
        CROSS JOIN posts ON posts.source_id = place.source_id AND posts.native_id = place.name
    UNION SELECT posts.id FROM place
        CROSS JOIN posts ON posts.url = place.name AND +posts.source_id = place.source_id
"""  # noqa: S608 - constants


class NeighbourReading:
    """What is asked of posts that stand close to a case."""

    _db: Database

    def neighbours(
        self, brand: str, post_ids: Sequence[int], *, keys: Callable[[Author, str], Collection[str]] | None = None
    ) -> list[Neighbour]:
        """These posts, and those of cases of the brand that hang together with them, NEIGHBOURS at most.

        What shares a case, a story or an author does, and what does with that: a copy leads to who told it first, and
        that one to all that they told. `keys` says what an author at a source is known by; without it all of one name
        are one.
        """
        circle = {one.post_id: one for one in self._placed(brand, post_ids)}
        waiting: dict[int, Neighbour] = {}
        frontier = list(circle)
        while frontier and len(circle) < NEIGHBOURS:
            near = self._near(brand, frontier) - circle.keys() - waiting.keys()
            waiting |= {one.post_id: one for one in self._placed(brand, sorted(near))}
            # Of authors only the names were compared so far.
            close = _close(circle.values(), waiting.values(), keys)[: NEIGHBOURS - len(circle)]
            circle |= {one.post_id: waiting.pop(one.post_id) for one in close}
            frontier = [one.post_id for one in close]
        return [circle[post_id] for post_id in sorted(circle)]

    def _near(self, brand: str, post_ids: Sequence[int]) -> set[int]:
        values = {"brand": brand, "posts": json.dumps(list(post_ids)), "limit": NEIGHBOURS}
        return {int(post_id) for way in _WAYS for (post_id,) in self._db.execute(way, values).fetchall()}

    def _placed(self, brand: str, post_ids: Sequence[int]) -> list[Neighbour]:
        found = self._db.execute(_PLACED, (json.dumps(list(post_ids)), brand))
        return [
            Neighbour(
                row[0], Author(name=row[1], url=row[2]), row[3], row[4], rows.moment(row[5]), row[6], bool(row[7])
            )
            for row in found.fetchall()
        ]

    def customer_of(self, case_id: int) -> tuple[Author, str] | None:
        """Who wrote the first post of a case, and at which source; None where it has no posts."""
        row = self._db.execute(
            f"SELECT author, author_url, sources.name FROM cases JOIN posts ON posts.id = ({FIRST}) "  # noqa: S608 - constants
            "JOIN sources ON sources.id = posts.source_id WHERE cases.id = ?",
            (case_id,),
        ).fetchone()
        return None if row is None else (Author(name=row[0], url=row[1]), str(row[2]))

    def beside(self, post_id: int) -> list[int]:
        """What the author of a post wrote in its thread that mentions nobody and is in no case, oldest first."""
        found = self._db.execute(
            f"""
            WITH mine AS (SELECT * FROM posts WHERE id = :post), place (source_id, name) AS (
                SELECT source_id, thread FROM mine WHERE thread IS NOT NULL
                UNION SELECT source_id, native_id FROM mine WHERE thread IS NULL AND native_id IS NOT NULL
                UNION SELECT source_id, url FROM mine WHERE thread IS NULL AND url IS NOT NULL
            )
            SELECT there.id FROM mine CROSS JOIN ({_PLACE}) AS near CROSS JOIN posts AS there ON there.id = near.id
            WHERE there.id <> mine.id AND (there.author_key = mine.author_key OR there.author_link = mine.author_link)
                AND NOT EXISTS (SELECT 1 FROM mentions WHERE mentions.post_id = there.id)
                AND NOT EXISTS (SELECT 1 FROM case_posts WHERE case_posts.post_id = there.id)
            ORDER BY there.id LIMIT {NEIGHBOURS}
            """,  # noqa: S608 - constants
            {"post": post_id},
        )
        return [int(row[0]) for row in found.fetchall()]

    def cases_in_thread(self, source_id: int, thread: str, *, limit: int = NEIGHBOURS) -> list[InThread]:
        """The posts of cases that stand in a thread or open it, newest first."""
        found = self._db.execute(
            f"""
            WITH place (source_id, name) AS (SELECT :source, :thread)
            SELECT case_id, case_posts.brand, posts.id, author, author_url FROM ({_PLACE}) AS near
                CROSS JOIN case_posts ON case_posts.post_id = near.id CROSS JOIN posts ON posts.id = near.id
            ORDER BY posts.id DESC, case_posts.brand LIMIT :limit
            """,  # noqa: S608 - constants
            {"source": source_id, "thread": thread, "limit": limit},
        )
        return [InThread(row[0], row[1], row[2], Author(name=row[3], url=row[4])) for row in found.fetchall()]


def _close(
    circle: Iterable[Neighbour], others: Iterable[Neighbour], keys: Callable[[Author, str], Collection[str]] | None
) -> list[Neighbour]:
    """Those of others that share a case, a story or an author with one of the circle, oldest first."""
    if keys is None:
        return sorted(others, key=_number)
    cases, stories, names = set(), set(), set[str]()
    for one in circle:
        cases.add(one.case_id)
        stories.add(one.story_id)
        names.update(keys(one.author, one.source))
    cases.discard(None)
    stories.discard(None)
    close = (
        one
        for one in others
        if one.case_id in cases or one.story_id in stories or not names.isdisjoint(keys(one.author, one.source))
    )
    return sorted(close, key=_number)


def _number(one: Neighbour) -> int:
    return one.post_id
