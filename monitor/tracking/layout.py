"""What the posts of a page used to say of themselves, and no longer do: a layout that changed in part.

A page of which nothing can be read any more is noticed by its emptiness; one whose dates or authors have moved away
still yields posts, which are worth less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from monitor.models import Post

_PARTS: Final[Mapping[str, Callable[[Post], object]]] = {
    "authors": lambda post: post.author.name,
    "dates": lambda post: post.published,
    "addresses": lambda post: post.url,
    "texts": lambda post: post.text,
    "ratings": lambda post: post.rating,
}
_ENOUGH: Final = 3  # posts of a page from which can be told


def told_by(posts: Sequence[Post]) -> frozenset[str]:
    """What most posts of a page have."""
    return frozenset(name for name, part in _PARTS.items() if 2 * sum(bool(part(post)) for post in posts) > len(posts))


def lost_by(posts: Sequence[Post], before: Collection[str]) -> list[str]:
    """What most posts had `before` and none has now; nothing where there are too few to tell."""
    if len(posts) < _ENOUGH:
        return []
    return sorted(name for name, part in _PARTS.items() if name in before and not any(map(part, posts)))
