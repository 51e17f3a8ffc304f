"""Which posts belong to one case: the partition of a brand's posts, and what must change to come to it.

Pure. A post belongs to the author who told its story first, without a story to its own author, without an author to
itself. So a copy joins the case of the one it was copied from, and what the copyist complains of on their own account
does not. The partition is a function of the set of posts: whichever arrived first, it comes out the same. What a person
of ours linked to a case is not arranged: it stays where it was put, and goes on only with that case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A post that a case holds or should hold; `at` is when it was published, else found.

    `keys` are what its author is known by, a key and a link; none means nobody in particular. `case_id` is None while
    no case holds it, and `by_hand` says that a person put it into that one.
    """

    post_id: int
    keys: frozenset[str]
    story: int | None
    at: datetime
    case_id: int | None
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Open:
    """A case is opened for these posts; those of them that a case holds leave it."""

    posts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """Posts that no case holds join one."""

    case_id: int
    posts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A post goes from one case to another."""

    post: int
    from_case: int
    to_case: int


@dataclass(frozen=True, slots=True)
class Merge:
    """A case that is left without posts goes on under a lower number, where its first post went."""

    case_id: int
    into: int


Intent = Open | Join | Move | Merge


def arrange(posts: Sequence[Placed]) -> tuple[frozenset[int], ...]:
    """The posts of each case by their ids, sorted by the smallest, but for those that were linked by hand.

    Authors are the same where any of their keys agree, through others too. The teller of a story is the author of its
    earliest post, by time and then by id.
    """
    posts = [post for post in posts if not post.by_hand]
    authors = _authors(posts)
    first: dict[int, Placed] = {}
    for post in sorted(posts, key=_age):
        if post.story is not None:
            first.setdefault(post.story, post)
    parts: dict[tuple[str, str | int], set[int]] = {}
    for post in posts:
        teller = post if post.story is None else first[post.story]
        parts.setdefault(_owner(teller, authors), set()).add(post.post_id)
    return tuple(sorted(map(frozenset, parts.values()), key=min))


def moves(posts: Sequence[Placed]) -> tuple[Intent, ...]:
    """What must change so that the posts' cases become the arrangement; nothing once they are.

    They are to be done in this order: opened, joined, moved, merged. Of the cases that hold posts of a part the lowest
    survives. Where two parts would have it, it goes with the earliest post it holds, and the other part takes the next
    of its own cases, or a new one.
    """
    parts = arrange(posts)
    part_of = {post_id: number for number, part in enumerate(parts) for post_id in part}
    held: dict[int, list[Placed]] = {}
    for post in sorted(posts, key=_age):
        if post.case_id is not None and not post.by_hand:
            held.setdefault(post.case_id, []).append(post)
    # By rising number, a part that has no case yet has lost every lower one that held a post of it.
    case_of: dict[int, int] = {}
    for case_id in sorted(held):
        free = (part_of[post.post_id] for post in held[case_id] if part_of[post.post_id] not in case_of)
        if (number := next(free, None)) is not None:
            case_of[number] = case_id
    placed = {post.post_id: post for post in posts}
    opened: list[Intent] = [Open(tuple(sorted(part))) for number, part in enumerate(parts) if number not in case_of]
    joined: list[Intent] = []
    moved: list[Intent] = []
    for number, case_id in sorted(case_of.items()):
        was = {post_id: placed[post_id].case_id for post_id in sorted(parts[number])}
        if new := tuple(post_id for post_id, before in was.items() if before is None):
            joined.append(Join(case_id, new))
        moved += [Move(post_id, before, case_id) for post_id, before in was.items() if before not in (None, case_id)]
    # What an emptied case held went to lower ones: a part that a case holds posts of is without one only if that case
    # went elsewhere, and then it is not empty.
    emptied = sorted(held.keys() - set(case_of.values()))
    into = {case_id: case_of[part_of[held[case_id][0].post_id]] for case_id in emptied}
    linked = sorted((post.post_id, post.case_id) for post in posts if post.by_hand and post.case_id in into)
    moved += [Move(post_id, case_id, into[case_id]) for post_id, case_id in linked]
    return (*opened, *joined, *moved, *(Merge(case_id, into[case_id]) for case_id in emptied))


def _age(post: Placed) -> tuple[datetime, int]:
    return post.at, post.post_id


def _authors(posts: Iterable[Placed]) -> dict[str, str]:
    """For each key one that stands for its author, the same for all keys of one author."""
    parents: dict[str, str] = {}

    def find(key: str) -> str:
        root = key
        while parents[root] != root:
            root = parents[root]
        while parents[key] != root:
            parents[key], key = root, parents[key]
        return root

    for post in posts:
        known = sorted(post.keys)
        for key in known:
            parents.setdefault(key, key)
            parents[find(key)] = find(known[0])
    return {key: find(key) for key in parents}


def _owner(teller: Placed, authors: Mapping[str, str]) -> tuple[str, str | int]:
    """What the posts of one case have in common."""
    if teller.keys:
        return "author", authors[min(teller.keys)]
    return ("post", teller.post_id) if teller.story is None else ("story", teller.story)
