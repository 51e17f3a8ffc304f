from __future__ import annotations

from datetime import UTC, datetime

from monitor.models import Author, Post
from monitor.tracking.layout import lost_by, told_by

DATE = datetime(2026, 11, 1, tzinfo=UTC)
WHOLE = Post(text="word", author=Author(name="Anna"), published=DATE, url="https://site.example/1")


def test_what_most_posts_have_is_what_a_page_tells() -> None:
    assert told_by([WHOLE, WHOLE, Post(text="word")]) == {"authors", "dates", "addresses", "texts"}
    assert told_by([]) == frozenset()


def test_what_none_has_any_more_was_lost() -> None:
    before = told_by([WHOLE])
    bare = Post(text="word", url="https://site.example/2")
    assert lost_by([bare] * 3, before) == ["authors", "dates"]
    assert lost_by([bare, bare, WHOLE], before) == []
    assert lost_by([bare] * 2, before) == []  # two anonymous posts are no new layout
    assert lost_by([bare] * 3, frozenset()) == []
