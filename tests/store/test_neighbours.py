"""What is looked at to place a post: the answer is that of all posts, and the work does not grow with them."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from monitor.cases.joining import Intent, Join, Merge, Move, Open, Placed, moves
from monitor.models import Author
from tests.store.cases import BRAND, MINUTE, NOW, open_case, open_store, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from monitor.store import Store
    from monitor.store.neighbours import Neighbour

NAMES = (None, "гость", "anna", "boris", "vera", "gleb", "dina")
LINKS = (None, None, None, "https://one.example/u/1", "https://one.example/u/2", "https://one.example/u/3")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "monitor.db")
    yield store
    store.close()


def keys(author: Author, _: str) -> frozenset[str]:
    """A guest is nobody in particular."""
    known = {author.name, author.url} - {None, "гость"}
    return frozenset(str(one) for one in known)


def placed(one: Neighbour) -> Placed:
    return Placed(
        post_id=one.post_id,
        keys=keys(one.author, one.source),
        story=one.story_id,
        at=one.at,
        case_id=one.case_id,
        by_hand=one.by_hand,
    )


class Shop:
    """Posts as they come, in the cases that all posts together say; `past` are cases that take no more."""

    def __init__(self, store: Store, seed: int, *, past: bool) -> None:
        self.store, self.random, self.has_past = store, Random(seed), past
        self.past: set[int] = set()
        self.posts: list[int] = []

    def arranged(self, found: Sequence[Neighbour]) -> tuple[Intent, ...]:
        return moves([placed(one) for one in found if one.case_id not in self.past])

    def places_only(self, post_id: int) -> Callable[[Sequence[Neighbour]], bool]:
        """Whether nothing but this post finds its place."""
        alone = (post_id,)
        return lambda found: all(isinstance(one, Join | Open) and one.posts == alone for one in self.arranged(found))

    def arrive(self) -> int:
        pick = self.random
        (post_id, _) = say(
            self.store,
            f"p{len(self.posts)}",
            at=NOW + pick.randrange(9) * MINUTE,
            source=pick.choice((1, 2)),
            author=Author(name=pick.choice(NAMES), url=pick.choice(LINKS)),
        )
        if self.posts and pick.random() < 0.5:
            self.store.join_story(post_id, like=pick.choice(self.posts), kind="repost", share=1.0)
        self.posts.append(post_id)
        return post_id

    def everything(self, post_id: int) -> list[Neighbour]:
        held = self.store._db.execute("SELECT post_id FROM case_posts WHERE brand = ?", (BRAND,)).fetchall()
        ids = sorted({post_id, *(int(one) for (one,) in held)})
        return [one for one, *_ in self.store._placed(BRAND, ids)]

    def apply(self, move: Intent) -> None:
        match move:
            case Open(posts=posts):
                number = open_case(self.store).id
                for post_id in posts:
                    self._put(number, post_id)
            case Join(case_id=number, posts=posts):
                for post_id in posts:
                    self._put(number, post_id)
            case Move(post=post_id, to_case=number):
                self._put(number, post_id)
            case Merge():
                pass
        if self.has_past and self.random.random() < 0.05:
            self.past.add(self.random.randrange(1, 9))

    def link(self) -> None:
        """A person puts a post into a case that is not its own."""
        post_id, held = self.arrive(), self.store._db.execute("SELECT min(case_id) FROM case_posts").fetchone()
        self._put(held[0], post_id, by_hand=True)

    def _put(self, number: int, post_id: int, *, by_hand: bool = False) -> None:
        self.store.put_post(number, post_id=post_id, brand=BRAND, mention_id=None, why="", now=NOW, by_hand=by_hand)


class _Over(Exception):
    pass


def places(found: Sequence[Intent], post_id: int) -> Intent | None:
    """Where a post goes."""
    return next((one for one in found if isinstance(one, Join | Open) and post_id in one.posts), None)


@pytest.mark.parametrize("of_each", [1, 3])
@pytest.mark.parametrize("past", [False, True], ids=["all cases go on", "some are past"])
def test_a_post_finds_the_place_that_it_has_among_all_posts(
    store: Store, past: bool, of_each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.store.neighbours._OF_EACH", of_each)
    few_sufficed = few_might = 0

    def story(seed: int) -> None:
        nonlocal few_sufficed, few_might
        shop = Shop(store, seed, past=past)
        for number in range(30):
            if number == 10:
                shop.link()
            post_id = shop.arrive()
            expected = shop.arranged(shop.everything(post_id))
            whole = shop.arranged(store.neighbours(BRAND, [post_id], keys=keys))
            answer = shop.arranged(store.neighbours(BRAND, [post_id], keys=keys, suffice=shop.places_only(post_id)))
            assert places(whole, post_id) == places(answer, post_id) == places(expected, post_id)
            # Where cases are past, what else is to be mended is found when its turn comes.
            assert whole == answer == expected or past
            few = store._few(BRAND, store._placed(BRAND, [post_id]), keys)
            few_might += shop.places_only(post_id)(shop.everything(post_id))
            few_sufficed += bool(few) and shop.places_only(post_id)(few)
            for move in expected:
                shop.apply(move)
        raise _Over

    for seed in range(12):
        with pytest.raises(_Over), store.transaction():
            story(seed)
    assert few_sufficed > 0.6 * few_might > 100


# ── the work ──

_FILL = """
    WITH RECURSIVE n (i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
    INSERT INTO posts (id, key, source_id, native_id, title, text, author, author_key, published_at, discovered_at,
        type, story_id)
    SELECT i, 'k' || i, 1, 'p' || i, '', 'текст', coalesce(:author, 'author ' || i), coalesce(:author, 'author ' || i),
        '2026-11-21T12:00:00.000Z', '2026-11-21T12:00:00.000Z', 'post', :story FROM n
"""


def filled(store: Store, count: int, *, author: str | None = None) -> int:
    """A case of so many posts: of an author, or of all that copied one post. Returns the next post."""
    (first, _) = say(store, "first", by=author or "first")
    story = None
    with store.transaction():
        case = open_case(store, (first, None))
        if author is None:
            story = store.join_story(say(store, "second", by="second")[0], like=first, kind="repost", share=1.0) - 1
        values = {"first": 100, "last": 99 + count, "author": author, "story": story}
        store._db.execute(_FILL, values)
        store._db.execute(
            "INSERT INTO case_posts (post_id, brand, case_id, why, joined_at) SELECT id, ?, ?, '', '' FROM posts "
            "WHERE id BETWEEN 100 AND ?",
            (BRAND, case.id, 98 + count),
        )
    return 99 + count


def looked_at(store: Store, post_id: int, *, whole: bool) -> tuple[int, int]:
    """How many posts the next one sees, and hundreds of steps of SQLite's machine that it takes."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    store._db.conn.set_progress_handler(step, 100)
    found = store.neighbours(BRAND, [post_id], keys=keys, suffice=None if whole else lambda _: True)
    store._db.conn.set_progress_handler(None, 0)
    return len(found), count


@pytest.mark.parametrize(("author", "posts", "steps"), [("anna", 7, 400), (None, 2, 100)], ids=["one author", "copies"])
def test_a_post_costs_a_case_of_thousands_no_more(store: Store, author: str | None, posts: int, steps: int) -> None:
    found, taken = looked_at(store, filled(store, 5_000, author=author), whole=False)
    assert found <= posts
    assert taken < steps


@pytest.mark.parametrize("author", ["anna", None], ids=["one author", "copies"])
def test_all_that_hang_together_are_asked_for_once(tmp_path: Path, author: str | None) -> None:
    taken = []
    for count in (400, 1600):
        store = open_store(tmp_path / f"{count}.db")
        found, steps = looked_at(store, filled(store, count, author=author), whole=True)
        assert found >= count
        taken.append(steps)
        store.close()
    assert taken[1] < 6 * taken[0]
