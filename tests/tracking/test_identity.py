from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.models import Author, Post
from monitor.tracking.identity import identify, known_as


def post(number: int, *, native: str | None = "", url: str | None = "", text: str = "") -> Post:
    return Post(
        native_id=f"n{number}" if native == "" else native,
        url=f"https://example.org/{number}" if url == "" else url,
        text=text or f"words of post {number}",
    )


def keys(posts: list[Post]) -> list[str]:
    return [item.key.partition(":")[0] for item in identify(posts)]


def test_the_native_id_decides_where_every_post_has_its_own() -> None:
    assert keys([post(1), post(2)]) == ["id", "id"]


def test_a_page_of_repeated_ids_is_known_by_addresses() -> None:
    assert keys([post(n, native="same") for n in range(4)]) == ["url"] * 4


def test_a_page_of_repeated_ids_and_addresses_is_known_by_words() -> None:
    posts = [post(n, native="same", url="https://example.org/") for n in range(4)]
    assert keys(posts) == ["text"] * 4
    assert len({item.key for item in identify(posts)}) == 4


def test_a_single_repetition_within_the_tolerance_hides_no_post() -> None:
    posts = [post(n) for n in range(39)] + [post(39, native="n0")]
    identified = identify(posts)
    assert len({item.key for item in identified}) == 40
    assert identified[39].key == "url://example.org/39"


def test_an_exact_repetition_on_a_page_is_one_post() -> None:
    assert len(identify([post(1), post(1), post(2)])) == 2


def test_tracking_parameters_do_not_make_a_new_post() -> None:
    plain = identify([post(1, native=None)])[0]
    tracked = identify([post(1, native=None, url="https://example.org/1?utm_source=rss")])[0]
    assert plain.key == tracked.key


def test_authors_keep_equal_words_apart() -> None:
    posts = [Post(text="+1", author=Author(name=name)) for name in ("anna", "boris")]
    assert len({item.key for item in identify(posts)}) == 2


def test_a_known_deciding_identity_is_not_new() -> None:
    item = identify([post(1)])[0]
    assert known_as(item, set(item.identities) - {item.key}) == item.key
    assert known_as(item, set(item.identities)) is None


NOW = datetime(2026, 11, 21, tzinfo=UTC)
TITLED = Post(native_id="n1", url="https://example.org/a/1?utm_source=x", title="Where is it", text="words of a post")


@pytest.mark.parametrize(
    ("change", "known"),
    [
        ({"native_id": "fresh"}, True),
        ({"native_id": "fresh", "url": "http://example.org/a/1"}, True),  # the scheme is not the post's
        ({"native_id": "fresh", "text": "edited meanwhile"}, True),  # the headline is the same
        ({"native_id": "fresh", "title": "Found it"}, False),
        ({"native_id": "fresh", "text": "another's words", "author": Author(name="boris")}, False),  # a topic's address
        ({"native_id": "fresh", "text": "the next words", "published": NOW}, False),
        ({"native_id": "fresh", "title": "Found it", "text": "other words"}, False),  # a page that is used again
        ({"native_id": "fresh", "url": "https://example.org/a/2"}, False),  # the same words elsewhere
        ({"native_id": "fresh", "url": None}, False),
        ({"native_id": "n1", "url": "https://example.org/b", "title": "", "text": "all else changed"}, True),
    ],
)
def test_a_post_whose_id_changed_is_known_by_its_address_and_what_it_says(
    change: dict[str, Any],
    known: bool,
) -> None:
    before = set(identify([TITLED])[0].identities)
    item = identify([replace(TITLED, **change)])[0]
    assert (known_as(item, set(item.identities) - before) is not None) is known


def test_an_address_is_known_as_earlier_versions_noted_it() -> None:
    item = identify([post(1, native=None)])[0]
    assert item.key == "url://example.org/1"
    assert known_as(item, set(item.identities) - {"url:https://example.org/1"}) == "url:https://example.org/1"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("http://example.org/1", "https://example.org/1"),
        ("https://example.org/1?utm_source=rss", "https://example.org/1"),
        ("https://example.org/t?id=1&sid=0123456789abcdef0123456789abcdef", "https://example.org/t?id=1"),
    ],
)
def test_an_id_that_is_an_address_loses_what_belongs_to_the_visit(first: str, second: str) -> None:
    assert identify([post(1, native=first)])[0].key == identify([post(2, native=second)])[0].key


def test_an_id_is_known_as_earlier_versions_noted_it() -> None:
    item = identify([post(1, native="https://Example.org/1?utm_source=rss")])[0]
    assert item.key == "id://example.org/1"
    noted = "id:https://Example.org/1?utm_source=rss"
    assert known_as(item, set(item.identities) - {noted}) == noted


def test_ids_that_differ_in_a_fragment_or_in_case_are_two() -> None:
    natives = ["https://example.org/p#comment-1", "https://example.org/p#comment-2", "tag:a", "TAG:a"]
    assert len({identify([post(number, native=native)])[0].key for number, native in enumerate(natives)}) == 4


def test_comments_below_one_page_have_links_of_their_own_and_a_shared_address_is_nobodys() -> None:
    comments = [post(n, url=f"https://example.org/p#comment-{n}") for n in range(2)]
    assert len({item.link for item in identify(comments)}) == 2
    shared = [post(n, url="https://example.org/forum") for n in range(2)]
    assert [item.link for item in identify(shared)] == [None, None]
