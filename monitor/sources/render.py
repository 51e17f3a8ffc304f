"""Posts as the command line prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.models import JSON, Post


def post_to_json(post: Post) -> dict[str, JSON]:
    """The post as a JSON object, with null for what is not known and an ISO 8601 time in UTC.

    `author.followers` is there only where the source says it.
    """
    author: dict[str, JSON] = {"name": post.author.name, "url": post.author.url}
    if post.author.followers is not None:
        author["followers"] = post.author.followers
    return {
        "native_id": post.native_id,
        "url": post.url,
        "title": post.title,
        "text": post.text,
        "author": author,
        "published": post.published.isoformat().replace("+00:00", "Z") if post.published else None,
        "rating": post.rating,
        "likes": post.likes,
        "replies": post.replies,
        "views": post.views,
        "thread": post.thread,
        "parent": post.parent,
        "type": post.type.value,
    }
