"""Does a page join up with what was seen before? Pages are words; capitals are new posts."""

from __future__ import annotations

import pytest

from monitor.tracking.overlap import Recall, joins_up, name_of, note, recall, turned_over


def remembered(page: str, stuck: str = "") -> Recall:
    return Recall(shown=tuple(map(name_of, page.split())), stuck=frozenset(map(name_of, stuck.split())))


def fresh(page: str) -> set[str]:
    return {word for word in page.split() if word.isupper()}


@pytest.mark.parametrize(
    ("before", "stuck", "page", "joins"),
    [
        ("a b c d", "", "a b c d", True),
        ("a b c d", "", "E F a b", True),
        ("a b c d", "", "E F G H", False),
        ("p a b c d e", "", "p F G H I J", False),  # only what is pinned is left
        ("p a b c", "p", "p E F G", False),
        ("p q a b", "", "p q C D E F G", False),  # half of it is left, and all of that is pinned
        ("p a b c", "p", "p E F a", True),
        ("p q a b c d e f", "", "p q G H I J K L", False),
        ("p a b c", "p", "A B C p", False),  # it moved, and proves nothing for that
        ("a b c d e f", "", "G H I J K f", False),  # it stays at the bottom, and proves nothing either
        ("a b c d e f", "", "G H I J c d", True),  # some were deleted meanwhile
        ("a b c d", "", "a b c d E", True),  # the oldest first
        ("a b c d", "", "d b a c F", True),  # in no order
        ("", "", "A B", False),
        ("", "", "", True),
    ],
)
def test_a_page_joins_up_where_something_known_stands_below_what_is_new(
    before: str, stuck: str, page: str, joins: bool
) -> None:
    assert joins_up(page.split(), fresh(page), remembered(before, stuck)) is joins


def test_what_stays_above_new_posts_twice_is_remembered_as_stuck_while_it_is_shown() -> None:
    first = note(["p", "a", "b", "c"], set(), Recall())
    second = note(["p", "D", "a", "b"], {"D"}, first)
    assert second.stuck == frozenset()  # a late one may have come above it
    calm = note(["p", "d", "a", "b"], set(), second)
    third = note(["p", "E", "d", "a"], {"E"}, calm)
    assert third.stuck == {name_of("p")}
    assert note(["p", "e", "d", "a"], set(), third).stuck == {name_of("p")}
    assert note(["e", "d", "a", "b"], set(), third).stuck == frozenset()


def test_old_posts_that_slide_up_at_the_bottom_make_nothing_stuck() -> None:
    first = note(["a", "b", "c", "d"], set(), Recall())
    slid = note(["a", "b", "c", "E"], {"E"}, first)
    assert slid.stuck == frozenset()
    assert joins_up(["F", "a", "b", "c"], {"F"}, slid)


def test_a_post_that_comes_late_between_known_ones_makes_no_gap() -> None:
    before = note(["a", "b", "c", "d", "e", "f"], set(), Recall())
    late = note(["a", "b", "X", "c", "d", "e"], {"X"}, before)
    assert joins_up(["G", "H", "I", "a", "b", "X"], {"G", "H", "I"}, late)


def test_a_recall_survives_the_cursor_and_holds_no_names() -> None:
    kept = note(["url:https://forum.example/ivan", "b"], {"b"}, Recall())
    assert recall(kept.to_json()) == kept
    assert "ivan" not in str(kept.to_json())
    assert recall("damaged") == recall(None) == recall({"shown": 3}) == Recall()


@pytest.mark.parametrize(
    ("before", "page", "turned"),
    [("a b c", "D E F", True), ("a b c", "D E", False), ("a", "B", False), ("a", "B C", True), ("", "B C", False)],
)
def test_a_page_that_is_no_fuller_than_before_was_cleared_and_not_overrun(before: str, page: str, turned: bool) -> None:
    assert turned_over(page.split(), remembered(before)) is turned
