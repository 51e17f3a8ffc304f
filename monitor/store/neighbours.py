"""Which posts of cases may belong together: by author, by story, by thread; whether they do is decided elsewhere."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from monitor.models import Author
from monitor.store import rows
from monitor.store.m004 import author_key, author_link
from monitor.store.queries import FIRST

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from sqlite_utils import Database

NEIGHBOURS: Final = 5_000
"""Posts at most that are looked at together."""
_NEWEST: Final = 1_000  # posts of one author or thread that are looked at, newest first: some never end
_BESIDE: Final = 500  # what one author wrote beside a complaint
_OF_EACH: Final = 3  # oldest posts, and newest, by which it is known what of an author a case holds
_ENDS: Final = 100  # first and newest posts of a story by which its cases are known


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


class _Placed(NamedTuple):
    """A neighbour, and by which values of the database its author is found."""

    one: Neighbour
    name: str | None
    link: str | None


_Keys: TypeAlias = "Callable[[Author, str], Collection[str]]"
_Mark: TypeAlias = "tuple[str, int | str]"

# Posts of cases by what they share, each way by its index. The oldest of a story come first, because its first tells
# whose it is; of an author the newest are looked at, because a robot has 100,000.
_WAYS: Final = {
    "story": """
        SELECT posts.id FROM posts CROSS JOIN case_posts ON post_id = posts.id AND brand = :brand
        WHERE story_id IN (SELECT value FROM json_each(:values)) ORDER BY posts.id LIMIT :limit
    """,
    "case": """
        SELECT post_id FROM case_posts WHERE case_id IN (SELECT value FROM json_each(:values)) AND brand = :brand
        ORDER BY post_id LIMIT :limit
    """,
    **{
        way: f"""
        SELECT post_id, case_id, by_hand FROM (
            SELECT (SELECT json_group_array(id) FROM (
                SELECT id FROM posts WHERE {column} = wanted.value ORDER BY id DESC LIMIT {_NEWEST}
            )) AS ids FROM json_each(:values) AS wanted
        ) JOIN json_each(ids) AS near CROSS JOIN case_posts ON post_id = near.value AND brand = :brand LIMIT :limit
        """  # noqa: S608 - one of two constants
        for way, column in (("link", "author_link"), ("name", "author_key"))
    },
}
# The first post of each story, and its case.
_ORIGINS: Final = """
    SELECT stories.id, post_id, case_id FROM json_each(:stories) AS wanted CROSS JOIN stories ON stories.id = value
        CROSS JOIN case_posts ON post_id = origin_id AND brand = :brand WHERE by_hand = 0
"""
# The cases of the posts of a story that were found first and last.
_CASES_AT_ENDS: Final = f"""
    SELECT DISTINCT case_id FROM (
        SELECT * FROM (SELECT id FROM posts WHERE story_id = :story ORDER BY id LIMIT {_ENDS})
        UNION SELECT * FROM (SELECT id FROM posts WHERE story_id = :story ORDER BY id DESC LIMIT {_ENDS})
    ) AS ends CROSS JOIN case_posts ON post_id = ends.id AND brand = :brand WHERE by_hand = 0
"""  # noqa: S608 - constants
# Of each case that holds posts of a story the one that was written first.
_TELLERS: Final = """
    SELECT post_id FROM (
        SELECT post_id, min(coalesce(published_at, discovered_at) || printf(' %020d', posts.id))
        FROM posts CROSS JOIN case_posts ON post_id = posts.id AND brand = :brand
        WHERE story_id = :story AND by_hand = 0 GROUP BY case_id)
"""
_PLACED: Final = """
    SELECT posts.id, author, author_url, sources.name, story_id, coalesce(published_at, discovered_at), case_id,
        coalesce(by_hand, 0), author_key, author_link
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
        self,
        brand: str,
        post_ids: Sequence[int],
        *,
        keys: _Keys | None = None,
        suffice: Callable[[Sequence[Neighbour]], bool] | None = None,
    ) -> list[Neighbour]:
        """These posts, and those of cases of the brand that hang together with them, NEIGHBOURS at most.

        What shares a case, a story or an author does, and what does with that: a copy leads to who told it first, and
        that one to all that they told. `keys` says what an author at a source is known by; without it all of one name
        are one. Posts of cases that are arranged already are looked through in part first: whether the few `suffice`,
        because nothing but these posts finds its place by them, is for the caller to say. So a post that joins a case
        of thousands costs no more than one that joins a case of ten.
        """
        start = self._placed(brand, post_ids)
        if suffice is not None and (few := self._few(brand, start, keys or _same_name)) and suffice(few):
            return few
        near = _Near(keys or _same_name, start)
        while len(near.circle) < NEIGHBOURS and (asked := near.unasked()):
            near.offer(self._placed(brand, sorted(self._found(asked, brand) - near.known)))
        return near.sorted()

    def _few(self, brand: str, start: Sequence[_Placed], keys: _Keys) -> list[Neighbour]:
        """These posts, who told their stories, and what each case holds of those authors, _OF_EACH from either end.

        A case that is seen to be an author's own by these is. Of another, which holds what they copied or somebody else
        of their name wrote, all of it is looked at, and whom they copied. Nothing where one of these posts is the first
        of its story: then a case may be somebody else's from now on.
        """
        stories = {one.story_id for one, *_ in start if one.story_id is not None}
        tellers = self._placed(brand, sorted({post_id for story in stories for post_id in self._tellers(brand, story)}))
        if any(
            one.story_id is not None
            and one.story_id == told.story_id
            and (one.at, one.post_id) < (told.at, told.post_id)
            for one, *_ in start
            for told, *_ in tellers
        ):
            return []
        near = _Near(keys, [*start, *tellers], by_author=True)
        while asked := near.unasked():
            held = self._held_of(asked, brand)
            ends = [{*ids[:_OF_EACH], *ids[-_OF_EACH:]} for ids in held]
            near.offer(self._placed(brand, sorted(set().union(*ends) - near.known)))
            own = self._told_by(brand, near)
            rest = {post_id for ids, some in zip(held, ends, strict=True) if some.isdisjoint(own) for post_id in ids}
            near.offer(self._placed(brand, sorted(rest - near.known)))
        copied = {(one.story_id, one.case_id) for one in near.circle.values() if one.story_id is not None}
        copied = {(story, case_id) for story, case_id in copied if story not in stories}
        origins = self._origins(brand, {story for story, _ in copied})
        known = {story for story, case_id in copied if story in origins and origins[story][1] == case_id}
        first = {origins[story][0] for story in known}
        for story in {story for story, _ in copied} - known:
            first.update(self._tellers(brand, story))
        return sorted(
            [*near.circle.values(), *(one for one, *_ in self._placed(brand, sorted(first - near.circle.keys())))]
        )

    def _told_by(self, brand: str, near: _Near) -> set[int]:
        """Those of the circle that tell no story, or one that their own author told first."""
        told = self._origins(brand, {one.story_id for one in near.circle.values() if one.story_id is not None})
        return {
            one.post_id
            for one in near.circle.values()
            if one.story_id is None or (one.story_id in told and near.is_same(one.post_id, told[one.story_id][0]))
        }

    def _tellers(self, brand: str, story: int) -> list[int]:
        """Of each case that holds posts of a story the one that was written first.

        The story's own first post is that of its case; all others are read only where there is another case.
        """
        values = {"brand": brand, "story": story}
        cases = [int(case_id) for (case_id,) in self._db.execute(_CASES_AT_ENDS, values).fetchall()]
        origin, case_id = self._origins(brand, [story]).get(story, (None, None))
        if origin is not None and cases == [case_id]:
            return [origin]
        return [int(post_id) for (post_id,) in self._db.execute(_TELLERS, values).fetchall()]

    def _origins(self, brand: str, stories: Collection[int]) -> dict[int, tuple[int, int]]:
        """The first post of each of these stories and its case, of those that stand in one."""
        found = self._db.execute(_ORIGINS, {"brand": brand, "stories": json.dumps(list(stories))})
        return {int(story): (int(post_id), int(case_id)) for story, post_id, case_id in found.fetchall()}

    def _held_of(self, asked: Mapping[str, Collection[int | str]], brand: str) -> list[list[int]]:
        """What each case holds of each name and each link, oldest first."""
        query = "SELECT json_group_array(post_id) FROM ({}) WHERE by_hand = 0 GROUP BY case_id"
        return [
            sorted(json.loads(ids))
            for way, values in asked.items()
            for value in values
            for (ids,) in self._ask(query.format(_WAYS[way]), brand, [value])
        ]

    def _found(self, asked: Mapping[str, Collection[int | str]], brand: str) -> set[int]:
        return {row[0] for way, values in asked.items() for row in self._ask(_WAYS[way], brand, values)}

    def _ask(self, query: str, brand: str, values: Collection[int | str]) -> list[tuple[Any, ...]]:
        known = {"brand": brand, "values": json.dumps(list(values), ensure_ascii=False), "limit": NEIGHBOURS}
        return list(self._db.execute(query, known).fetchall())

    def _placed(self, brand: str, post_ids: Sequence[int]) -> list[_Placed]:
        found = self._db.execute(_PLACED, (json.dumps(list(post_ids)), brand))
        return [
            _Placed(
                Neighbour(
                    row[0], Author(name=row[1], url=row[2]), row[3], row[4], rows.moment(row[5]), row[6], bool(row[7])
                ),
                row[8],
                row[9],
            )
            for row in found.fetchall()
        ]

    def customer_of(self, case_id: int) -> tuple[Author, str] | None:
        """Who wrote the first post of a case, and at which source; None where it has no posts.

        What was linked by hand counts where there is nothing else; whether it was is asked of one post, not of all.
        """
        row = self._db.execute(
            """
            SELECT author, author_url, sources.name, by_hand FROM (
                SELECT posts.id FROM case_posts INDEXED BY case_posts_by_case
                    CROSS JOIN posts ON posts.id = case_posts.post_id
                WHERE case_posts.case_id = :case
                ORDER BY coalesce(posts.published_at, posts.discovered_at), posts.id LIMIT 1
            ) AS first CROSS JOIN case_posts ON post_id = first.id AND case_id = :case
                CROSS JOIN posts ON posts.id = first.id JOIN sources ON sources.id = posts.source_id
            """,
            {"case": case_id},
        ).fetchone()
        if row is not None and row[3]:
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
            ORDER BY there.id LIMIT {_BESIDE}
            """,  # noqa: S608 - constants
            {"post": post_id},
        )
        return [int(row[0]) for row in found.fetchall()]

    def cases_in_thread(self, source_id: int, thread: str, *, limit: int = _BESIDE) -> list[InThread]:
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


class _Near:
    """Posts that hang together as far as they were followed: each thing that they share is asked for once."""

    def __init__(self, keys: _Keys, start: Iterable[_Placed], *, by_author: bool = False) -> None:
        self.circle: dict[int, Neighbour] = {}
        self.known: set[int] = set()
        self._keys, self._by_author = cache(keys), by_author
        self._waiting: dict[int, _Placed] = {}  # of the same name, but perhaps not of the same author
        self._marks: set[_Mark] = set()
        self._asked: set[_Mark] = set()
        self._unasked: set[_Mark] = set()
        for placed in start:
            self._take(placed)

    def sorted(self) -> list[Neighbour]:
        """The circle, oldest first."""
        return [self.circle[post_id] for post_id in sorted(self.circle)]

    def is_same(self, post_id: int, other_id: int) -> bool:
        """Whether two posts are of one author, as far as these two tell; not where one is outside the circle."""
        pair = [self.circle[one] for one in (post_id, other_id) if one in self.circle]
        mine, *theirs = (set(self._keys(one.author, one.source)) for one in pair)
        return bool(theirs) and not mine.isdisjoint(*theirs)

    def unasked(self) -> dict[str, list[int | str]]:
        """What the circle shares with others that were not asked for yet, by the ways; they count as asked now."""
        asked: dict[str, list[int | str]] = {}
        for way, value in self._unasked:
            asked.setdefault(way, []).append(value)
        self._asked |= self._unasked
        self._unasked = set()
        return asked

    def offer(self, others: Iterable[_Placed]) -> None:
        """Others that may belong to the circle: those that do join it, oldest first, while there is room."""
        self._waiting |= {placed.one.post_id: placed for placed in others}
        self.known |= self._waiting.keys()
        while close := [one for one in self._waiting.values() if not self._marks.isdisjoint(self._shared(one))]:
            close.sort(key=lambda placed: placed.one.post_id)
            for placed in close[: NEIGHBOURS - len(self.circle)]:
                self._take(self._waiting.pop(placed.one.post_id))
            if len(self.circle) >= NEIGHBOURS:
                break

    def _take(self, placed: _Placed) -> None:
        one = placed.one
        self.circle[one.post_id] = one
        self.known.add(one.post_id)
        shared = self._shared(placed)
        self._marks |= shared
        self._unasked |= {mark for mark in shared if mark[0] != "key"} - self._asked
        if self._keys(one.author, one.source):
            named = {(way, value) for way, value in (("name", placed.name), ("link", placed.link)) if value is not None}
            self._unasked |= named - self._asked

    def _shared(self, placed: _Placed) -> set[_Mark]:
        one = placed.one
        shared: set[_Mark] = {("key", key) for key in self._keys(one.author, one.source)}
        if not self._by_author and one.case_id is not None:
            shared.add(("case", one.case_id))
        if not self._by_author and one.story_id is not None:
            shared.add(("story", one.story_id))
        return shared


def _same_name(author: Author, _: str) -> frozenset[str]:
    known = (("name", author_key(author.name)), ("link", author_link(author.url)))
    return frozenset(f"{way}:{value}" for way, value in known if value is not None)
