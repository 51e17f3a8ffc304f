"""Influence: what is known, what is not, and its parts."""

from __future__ import annotations

import pytest

from monitor.models import Author, Post
from monitor.understanding.influence import influence


def post(*, followers: int | None = None, **counts: int | None) -> Post:
    return Post(author=Author(followers=followers), **counts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "weight", "value"),
    [
        (post(), None, 18),  # nothing known: the place counts as middling
        (post(followers=0), None, 0),
        (post(followers=999_999), None, 60),
        (post(followers=999), None, 30),
        (post(likes=9_999), None, 80),
        (post(views=0, likes=0, replies=0), None, 0),
        (post(views=4_950), None, 40),
        (post(replies=1), None, 10),
        (post(), 1.0, 60),
        (post(), 0.0, 0),
        (post(followers=999_999, likes=9_999), 1.0, 97),
        (post(followers=-5, likes=-3), None, 0),
        (post(followers=10**30, likes=10**30), 7.0, 97),
    ],
)
def test_influence_is_bounded_and_grows_with_what_is_known(given: Post, weight: float | None, value: int) -> None:
    assert influence(given, weight).value == value


def test_the_parts_are_told() -> None:
    why = influence(post(followers=1_000, likes=3, replies=None), 0.5).why
    assert [part.text for part in why] == ["the author has 1,000 followers", "3 likes", "the source has weight 0.5"]
    assert all(part.code == "influence" and part.weight for part in why)


def test_the_unknown_is_said_to_be_unknown() -> None:
    (why,) = influence(post()).why
    assert "known" in why.text


def test_counts_of_any_size_are_taken() -> None:
    assert influence(post(views=10**400)).value == 80
