"""Authors: who is one and the same, who is nobody in particular, and what the dossier says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.models import Author
from monitor.store.m004 import author_link
from monitor.understanding.authors import (
    AuthorHistory,
    AuthorPost,
    Tally,
    author_key,
    dossier,
    is_distinctive,
    profile_link,
    recent_negatives,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "kotofey_77",
            "@Kotofey_77",
            "IvanPetrov1987",
            "anna_smith_1987",
            "grumblebadger",
            "night-owl",
            "SunnyBadger",
        ),
        *("Мурзилка77", "badger@example.org", "badger@mastodon.example"),
    ],
)
def test_a_handle_that_hardly_two_people_have(name: str) -> None:
    assert is_distinctive(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "Гость", "гость", "guest", "Guest_1234", "admin", "Администратор", "user", "user12345", "Аноним"),
        *("Анна", "анна2010", "Alexander", "alexander1985", "anna_smith", "Мария Иванова", "John Smith", "J. Smith"),
        *("id123456789", "u461430", "ник", "badger", "Покупатель", "info@example.org", "Недовольный клиент"),
        *("user_admin", "Настя_Юля", "deleted", "хомяк"),
    ],
)
def test_a_name_that_many_have(name: str) -> None:
    assert not is_distinctive(name)


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://www.example.org/Users/Badger/", "example.org/users/badger"),
        ("http://m.example.org/users/badger?utm_source=x#posts", "example.org/users/badger"),
        ("https://twitter.com/Badger", "x.com/badger"),
        ("https://vk.ru/id1", "vk.com/id1"),
        ("https://example.org/profile.php?id=7", "example.org/profile.php?id=7"),
        ("https://badger.example.org/", "badger.example.org"),
        ("https://example.org/", None),
        ("https://example.org", None),
        ("https://m.ru/Badger", "m.ru/badger"),
        ("https://new.org/badger", "new.org/badger"),
        ("https://m.vk.ru/id1", "vk.com/id1"),
        ("https://m.ru/", None),
        ("javascript:alert(1)", None),
        ("", None),
        (None, None),
    ],
)
def test_the_one_spelling_of_a_profile(url: str | None, link: str | None) -> None:
    assert profile_link(url) == link
    assert author_link(url) == link  # by which the database finds it


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((Author(name="Kotofey_77"), "a"), (Author(name="@kotofey_77"), "b"), True),
        ((Author(name="Анна"), "a"), (Author(name="Анна"), "b"), False),
        ((Author(name="Анна"), "a"), (Author(name="АННА"), "a"), True),
        (
            (Author(name="Анна", url="https://vk.com/id1"), "a"),
            (Author(name="Аня", url="https://m.vk.ru/id1"), "b"),
            True,
        ),
        ((Author(url="https://vk.com/id1"), "a"), (Author(name="Гость", url="https://vk.com/id1/"), "b"), True),
        ((Author(name="Kotofey_77"), "a"), (Author(name="Kotofey_78"), "a"), False),
    ],
)
def test_who_is_one_author(one: tuple[Author, str], other: tuple[Author, str], *, same: bool) -> None:
    first, second = author_key(*one), author_key(*other)
    assert first is not None
    assert second is not None
    assert (first.key == second.key or (first.link is not None and first.link == second.link)) is same


@pytest.mark.parametrize("name", ["Гость", "anonymous", "Guest123", None, ""])
def test_nobody_in_particular_has_no_key(name: str | None) -> None:
    assert author_key(Author(name=name), "a") is None


def said(
    post_id: int, brand: str = "Рассвет", *, days: float = 1, negative: bool = True, source: str = "a", thread: str = ""
) -> AuthorPost:
    at = NOW - timedelta(days=days)
    return AuthorPost(post_id=post_id, brand=brand, source=source, at=at, negative=negative, thread=thread or None)


HISTORY = AuthorHistory(
    key="@kotofey_77",
    names=("Kotofey_77",),
    mentions=(
        said(5, days=1, thread="t1"),
        said(5, "Закат", days=1, thread="t1", negative=False),
        said(4, days=3, source="b", thread="t1"),
        said(3, "Закат", days=20),
        said(2, days=29, negative=False, thread="t2"),
        said(1, days=31),
    ),
    posts=7,
    first_seen=NOW - timedelta(days=400),
)


def test_recent_negatives_are_of_the_brand_and_of_thirty_days() -> None:
    assert [post.post_id for post in recent_negatives(HISTORY, brand="Рассвет", now=NOW)] == [5, 4]


def test_the_dossier_counts_posts_once_for_each_brand_and_place() -> None:
    found = dossier(HISTORY, brand="Рассвет", now=NOW)
    assert found.about_us == Tally(name="Рассвет", posts=4, negative=3)
    assert found.about_others == (Tally(name="Закат", posts=2, negative=1),)
    assert [(place.name, place.posts) for place in found.places] == [("a", 4), ("b", 1)]
    assert (found.posts, found.recent_negative, found.threads) == (7, 2, 3)
    assert found.first_seen == NOW - timedelta(days=400)


def test_the_dossier_of_somebody_new_is_empty() -> None:
    found = dossier(AuthorHistory(key="@new_one_1"), brand="Рассвет", now=NOW)
    assert (found.posts, found.about_us.posts, found.about_others, found.places) == (0, 0, (), ())
