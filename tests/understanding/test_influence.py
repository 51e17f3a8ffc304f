"""Influence: what is known, what is not, and its parts."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib.resources import files

import pytest

from monitor.models import Author, Post
from monitor.understanding.influence import influence, site_weight


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


@pytest.mark.parametrize(
    ("percentile", "value"),
    [(None, 30), (1.0, 30), (0.5, 30), (0.2, 12), (0.0, 0)],
)
def test_an_audience_counts_no_more_than_its_place_on_the_platform(percentile: float | None, value: int) -> None:
    assert influence(post(followers=999), percentile=percentile).value == value


def test_a_place_on_the_platform_is_told() -> None:
    (why,) = influence(post(followers=999), percentile=0.2).why
    assert why.text == "the author has 999 followers, more than 20 % of the known authors there"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://www.bbc.com/news/1", ("bbc.com", 0.9)),
        ("https://msk.kp.ru/1", ("kp.ru", 0.8)),
        ("https://my.mail.ru/a", ("my.mail.ru", 0.3)),
        ("https://abbc.com/", None),
        ("https://com/", None),
        ("http://[broken", None),
        (None, None),
    ],
)
def test_the_shipped_list_is_asked_by_host(url: str | None, found: tuple[str, float] | None) -> None:
    assert site_weight(url) == found


@pytest.mark.parametrize(
    ("url", "weight", "rank", "value"),
    [
        ("https://vk.com/wall1", None, None, 18),
        ("https://vk.com/wall1", None, 1, 18),  # the list before the rank: everybody writes there
        ("https://vk.com/wall1", 1.0, 1, 60),  # what the administrator says before both
        ("https://unlisted.example/1", None, 1, 60),
        ("https://unlisted.example/1", None, 1000, 30),
        ("https://unlisted.example/1", None, 10**9, 0),
        ("https://unlisted.example/1", None, None, 18),
    ],
)
def test_the_place_is_known_from_settings_list_or_rank(
    url: str, weight: float | None, rank: int | None, value: int
) -> None:
    assert influence(Post(url=url), weight, domain_rank=rank).value == value


def test_the_shipped_list_is_dated_and_within_bounds() -> None:
    text = files("monitor.understanding").joinpath("data", "site_weights.toml").read_text(encoding="utf-8")
    listed = tomllib.loads(text)
    hosts = [host for site in listed["sites"] for host in site["hosts"]]
    assert listed["date"] >= date(2026, 11, 1)
    assert len(hosts) == len(set(hosts)) >= 150
    assert all(host == host.lower() and "." in host and "/" not in host for host in hosts)
    assert all(0 < site["weight"] <= 1 for site in listed["sites"])
