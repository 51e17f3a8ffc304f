from __future__ import annotations

from datetime import UTC, datetime

from monitor.models import Author, Post, PostType
from monitor.sources.render import post_to_json


def test_what_is_not_known_is_null() -> None:
    assert post_to_json(Post()) == {
        "native_id": None,
        "url": None,
        "title": "",
        "text": "",
        "author": {"name": None, "url": None},
        "published": None,
        "rating": None,
        "likes": None,
        "replies": None,
        "views": None,
        "thread": None,
        "parent": None,
        "type": "post",
    }


def test_times_are_iso_8601_in_utc_and_followers_show_where_known() -> None:
    post = Post(
        author=Author(name="Ада", followers=12),
        published=datetime(2026, 11, 18, 9, 30, tzinfo=UTC),
        type=PostType.REVIEW,
    )
    rendered = post_to_json(post)
    assert rendered["published"] == "2026-11-18T09:30:00Z"
    assert rendered["author"] == {"name": "Ада", "url": None, "followers": 12}
    assert rendered["type"] == "review"
