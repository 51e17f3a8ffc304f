"""From a post as Discourse gives it, in a list of its own or in a topic, to a Post."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.models import Author, Post, PostType
from monitor.sources import answers, fields
from monitor.sources.paging import quoted
from monitor.text import FIELD_CAP

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor.models import JSON

_REGULAR: Final = 1  # what people wrote; other types are notes of the forum and whispers of its staff
_LIKE: Final = 2
_ASIDE: Final = re.compile(r"<(/?)aside\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DiscourseReader:
    """Makes Posts of the posts in one answer."""

    home: str
    latest: datetime | None

    def post(self, item: dict[str, JSON], topic: Mapping[str, JSON]) -> Post | None:
        """The post; None for notes of the forum, and for what was deleted or hidden."""
        native_id, place = answers.identifier(item, "id"), answers.count(item, "post_number") or 0
        number = answers.identifier(item, "topic_id")
        is_gone = any(item.get(name) for name in ("deleted_at", "user_deleted", "hidden"))
        if is_gone or not native_id or item.get("post_type", _REGULAR) != _REGULAR:
            return None
        # Onebox previews and quotes stand in <aside>: the words of others, both.
        markup = _ASIDE.sub(r"<\1blockquote", answers.text(item, "cooked")[:FIELD_CAP])
        text = fields.prose(markup or answers.text(item, "blurb"), markup=True)
        title = answers.line(item, "topic_title") or answers.line(dict(topic), "title")
        is_opening = place == 1
        if not text and not (is_opening and title):
            return None
        slug = answers.identifier(item, "topic_slug") or answers.identifier(dict(topic), "slug") or "-"
        thread = f"{self.home}/t/{quoted(number)}" if number else None
        address = f"{self.home}/t/{quoted(slug)}/{quoted(number)}" if number else None
        answered, name = answers.count(item, "reply_to_post_number"), answers.line(item, "username")
        return Post(
            native_id=native_id,
            url=f"{address}/{place}" if address and place else address,
            title=title if is_opening else "",
            text=text,
            author=Author(name=name or None, url=f"{self.home}/u/{quoted(name)}" if name else None),
            published=answers.moment(item, "created_at", latest=self.latest),
            likes=_likes(item),
            replies=_answered(topic) if is_opening and topic else answers.count(item, "reply_count"),
            views=answers.count(dict(topic), "views") if is_opening and topic else answers.count(item, "reads"),
            thread=thread,
            parent=f"{address}/{answered}" if address and answered else None,
            type=PostType.COMMENT if place > 1 else PostType.POST,
            follow=f"{thread}/{place}.json" if thread and place else None,
        )


def _answered(topic: Mapping[str, JSON]) -> int | None:
    """How many posts stand below the opening one."""
    posts = answers.count(dict(topic), "posts_count")
    return posts - 1 if posts else None


def _likes(item: dict[str, JSON]) -> int | None:
    """How many liked a post: forums leave the count out where nobody did."""
    if (given := answers.count(item, "like_count")) is not None:
        return given
    if "actions_summary" not in item:
        return None
    acts = answers.records(item, "actions_summary")
    return next((answers.count(act, "count") for act in acts if act.get("id") == _LIKE), 0) or 0
