from __future__ import annotations

from monitor.models import Author, Post
from monitor.tracking.identity import identify, is_new


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
    assert identified[39].key == "url:https://example.org/39"


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
    assert not is_new(item, set(item.identities) - {item.key})
    assert is_new(item, set(item.identities))


def test_a_regenerated_id_over_the_same_address_and_words_is_not_new() -> None:
    item = identify([post(1, native="fresh")])[0]
    assert not is_new(item, {item.key})


def test_a_new_id_with_the_same_words_elsewhere_is_new() -> None:
    item = identify([post(1, native="fresh")])[0]
    known = {identity for identity in item.identities if identity.startswith("text:")}
    assert is_new(item, set(item.identities) - known)
