from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cases.joining import Intent, Join, Merge, Move, Open, Placed, arrange, moves

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def placed(number: int, keys: str = "", *, story: int | None = None, at: int = 0, case: int | None = None) -> Placed:
    """A post of whoever is known by these letters, found so many minutes after noon."""
    return Placed(
        post_id=number, keys=frozenset(keys), story=story, at=NOW + timedelta(minutes=at or number), case_id=case
    )


def parts(*posts: Placed) -> list[list[int]]:
    return [sorted(part) for part in arrange(posts)]


# ── the arrangement ──


def test_a_persons_posts_are_one_case_and_those_of_nobody_in_particular_are_each_their_own() -> None:
    assert parts(placed(1, "a"), placed(2, "b"), placed(3, "a"), placed(4), placed(5)) == [[1, 3], [2], [4], [5]]
    assert parts() == []


def test_R24_an_author_is_the_same_where_a_key_or_a_link_agrees_through_others_too() -> None:
    assert parts(placed(1, "ax"), placed(2, "by"), placed(3, "xy"), placed(4, "c")) == [[1, 2, 3], [4]]


def test_copies_belong_to_who_told_it_first_and_nothing_else_of_the_copyist_does() -> None:
    told, copied, own = placed(1, "a", story=7), placed(2, "b", story=7), placed(3, "b")
    assert parts(told, copied, own) == [[1, 2], [3]]
    # What the teller says besides is the same customer's.
    assert parts(told, copied, own, placed(4, "a")) == [[1, 2, 4], [3]]


def test_two_stories_of_one_teller_are_one_case() -> None:
    posts = [placed(1, "a", story=1), placed(2, "b", story=1), placed(3, "a", story=2), placed(4, "c", story=2)]
    assert parts(*posts) == [[1, 2, 3, 4]]


def test_a_story_is_the_earliest_posts_by_time_and_then_by_number() -> None:
    late, early = placed(1, "a", story=7, at=9), placed(2, "b", story=7, at=3)
    assert parts(late, early, placed(3, "a"), placed(4, "b")) == [[1, 2, 4], [3]]
    same = [placed(1, "a", story=7, at=3), placed(2, "b", story=7, at=3), placed(3, "a"), placed(4, "b")]
    assert parts(*same) == [[1, 2, 3], [4]]


def test_a_story_that_nobody_in_particular_began_holds_its_posts_only() -> None:
    assert parts(placed(1, story=7), placed(2, "b", story=7), placed(3, "b"), placed(4, story=8)) == [[1, 2], [3], [4]]


def test_the_arrangement_is_that_of_the_set_of_posts() -> None:
    posts = [
        placed(1, "ax", story=1, at=5),
        placed(2, "by", story=1, at=4),
        placed(3, "xz"),
        placed(4, story=2),
        placed(5, "y", story=2),
    ]
    assert {arrange(order) for order in permutations(posts)} == {arrange(posts)}


# ── what must change ──


@pytest.mark.parametrize(
    ("posts", "expected"),
    [
        ([], ()),
        ([placed(1, "a"), placed(2, "a"), placed(3, "b")], (Open((1, 2)), Open((3,)))),
        ([placed(1, "a", case=4), placed(2, "a")], (Join(4, (2,)),)),
        ([placed(1, "a", case=4), placed(2, "a", case=4), placed(3, "b", case=5)], ()),
    ],
)
def test_posts_open_a_case_or_join_that_of_their_author(posts: list[Placed], expected: tuple[Intent, ...]) -> None:
    assert moves(posts) == expected


def test_two_authors_who_turn_out_to_be_one_go_on_under_the_lower_number() -> None:
    posts = [placed(1, "a", case=4), placed(2, "b", case=3), placed(3, "ab")]
    assert moves(posts) == (Join(3, (3,)), Move(1, 4, 3), Merge(4, 3))


def test_a_case_that_two_parts_hold_goes_with_the_earliest_post_it_holds() -> None:
    # An earlier post of the story comes to light: what was told by a is retold, and what a says besides is a's own.
    posts = [
        placed(1, "a", story=7, at=5, case=1),
        placed(2, "b", story=7, at=6, case=1),
        placed(3, "a", at=7, case=1),
        placed(4, "c", story=7, at=1),
    ]
    assert moves(posts) == (Open((3,)), Join(1, (4,)))


def test_a_part_that_loses_its_lowest_case_takes_the_next_of_its_own() -> None:
    posts = [placed(1, "a", case=1), placed(2, "b", case=1), placed(3, "b", case=2), placed(4, "b", case=3)]
    assert moves(posts) == (Move(2, 1, 2), Move(4, 3, 2), Merge(3, 2))


def test_a_case_without_posts_is_merged_into_where_its_first_post_went() -> None:
    posts = [
        placed(1, "a", at=1, case=1),
        placed(2, "b", at=2, case=2),
        placed(3, "a", at=9, case=3),
        placed(4, "b", at=8, case=3),
    ]
    assert moves(posts) == (Move(3, 3, 1), Move(4, 3, 2), Merge(3, 2))


def test_what_a_person_linked_stays_and_goes_on_only_with_its_case() -> None:
    linked = replace(placed(2, "z", at=1, case=4), by_hand=True)
    own = placed(3, "z", case=5)
    assert moves([placed(1, "a", case=4), linked, own]) == ()
    assert parts(placed(1, "a", case=4), linked, own) == [[1], [3]]
    merging = [placed(1, "a", case=4), linked, own, placed(4, "b", case=3), placed(5, "ab")]
    assert moves(merging) == (Join(3, (5,)), Move(1, 4, 3), Move(2, 4, 3), Merge(4, 3))
    # A case that holds nothing else is nobody's to empty.
    assert moves([linked, placed(1, "z")]) == (Open((1,)),)


# ── whatever comes, in whatever order ──


def oracle(posts: list[Placed]) -> set[frozenset[int]]:
    """The arrangement in another way: people are sets of keys, put together while any two have one in common."""
    people: list[frozenset[str]] = []
    for post in posts:
        same = [keys for keys in people if keys & post.keys]
        people = [keys for keys in people if keys not in same] + [post.keys.union(*same)]
    owner: dict[int, object] = {}
    for post in posts:
        telling = [one for one in posts if one.story == post.story] if post.story is not None else [post]
        teller = min(telling, key=lambda one: (one.at, one.post_id))
        owner[post.post_id] = next((keys for keys in people if keys & teller.keys), teller.post_id)
    return {frozenset(one for one in owner if owner[one] == owner[post_id]) for post_id in owner}


class Cases:
    """Posts as they arrive, in the cases that the moves have made; it notices whatever must never be."""

    def __init__(self) -> None:
        self.arrived: list[Placed] = []
        self.case_of: dict[int, int] = {}
        self.linked = set[int]()
        self.opened = 0
        self.gone: dict[int, int] = {}

    def known(self) -> list[Placed]:
        """A story is one from its second post on, for its first one too."""
        told = [post.story for post in self.arrived]
        return [
            Placed(
                post_id=post.post_id,
                keys=post.keys,
                story=post.story if told.count(post.story) > 1 else None,
                at=post.at,
                case_id=self.case_of.get(post.post_id),
                by_hand=post.post_id in self.linked,
            )
            for post in self.arrived
        ]

    def arrive(self, *posts: Placed) -> None:
        """What one poll brings."""
        self.arrived += posts
        before = set(self.case_of.values())
        for move in moves(self.known()):
            self.apply(move)
        after = set(self.case_of.values())
        assert len(self.case_of) == len(self.arrived), "a post is in no case"
        assert not after & self.gone.keys(), "a number came back"
        assert before - after <= self.gone.keys(), "a case ended without a word"

    def link(self, post: Placed) -> None:
        """A person puts a post into the oldest case there is."""
        self.arrived.append(post)
        self.linked.add(post.post_id)
        self.case_of[post.post_id] = min(self.case_of.values())

    def apply(self, move: Intent) -> None:
        if isinstance(move, Open):
            self.opened += 1
            self.case_of |= dict.fromkeys(move.posts, self.opened)
        elif isinstance(move, Join):
            assert not set(move.posts) & set(self.case_of)
            assert move.case_id in self.case_of.values()
            self.case_of |= dict.fromkeys(move.posts, move.case_id)
        elif isinstance(move, Move):
            assert self.case_of[move.post] == move.from_case != move.to_case
            assert move.to_case in self.case_of.values()
            self.case_of[move.post] = move.to_case
        else:
            assert move.case_id not in self.case_of.values()
            assert move.into in self.case_of.values()
            # What is merged goes to a lower number, so that no chain of merges comes back to where it began.
            assert move.into < move.case_id
            assert move.case_id not in self.gone
            self.gone[move.case_id] = move.into

    def partition(self) -> set[frozenset[int]]:
        arranged = {post: case for post, case in self.case_of.items() if post not in self.linked}
        cases = set(arranged.values())
        return {frozenset(post for post, held in arranged.items() if held == case) for case in cases}


KEYS = [frozenset(keys) for keys in ("", "", "a", "b", "c", "x", "ax", "bx", "by", "cy", "cz", "dz")]
STORIES = [None, None, None, 1, 2, 3]
POLLS = 6
TOGETHER = 10  # sets of posts that are drawn at once: what a draw costs is the draw, not its length


def decoded(number: int, who: int, when: int) -> tuple[Placed, int]:
    """A post and the poll that brings it, out of two bytes: bytes are drawn quickly."""
    what, who = divmod(who, len(KEYS))
    poll, minute = divmod(when, 5)
    at = NOW + timedelta(minutes=minute)
    post = Placed(post_id=number, keys=KEYS[who], story=STORIES[what % len(STORIES)], at=at, case_id=None)
    return post, poll % POLLS


def same_whatever_the_order(drawn: bytes) -> None:
    pairs = zip(drawn[::2], drawn[1::2], strict=False)
    posts = [decoded(number, who, when) for number, (who, when) in enumerate(pairs, start=1)]
    cases = Cases()
    for poll in range(POLLS):
        if brought := [post for post, when in posts if when == poll]:
            cases.arrive(*brought)
        if poll == 1 and cases.arrived:
            cases.link(placed(99, "ax", at=1))
    assert moves(cases.known()) == ()
    assert cases.case_of.get(99) in {None, *(case for post, case in cases.case_of.items() if post != 99)}
    at_once = Cases()
    at_once.arrive(*(post for post, _ in posts))
    assert cases.partition() == at_once.partition() == oracle([post for post in cases.known() if not post.by_hand])


@settings(max_examples=10_000 // TOGETHER, deadline=None, derandomize=True, database=None)
@given(st.binary(min_size=4 * TOGETHER, max_size=16 * TOGETHER))
def test_R24_the_cases_are_the_same_whatever_the_order_of_arrival(drawn: bytes) -> None:
    for number in range(TOGETHER):
        same_whatever_the_order(drawn[number::TOGETHER])
