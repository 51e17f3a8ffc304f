"""From an answer of VK to Posts: posts and comments joined with the people and communities that it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from monitor.models import Author, Post, PostType
from monitor.sources import answers, fields
from monitor.sources.paging import quoted
from monitor.text import FIELD_CAP, plain_text

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.models import JSON

NAME: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)
"""What stands after vk.com/ in the address of a wall."""

_SITE: Final = "https://vk.com"
# A name with a link behind it, as VK spells it in a text.
_NAMED: Final = re.compile(
    r"\[(?:(?:id|club|public|event)\d{1,12}(?::[^|\[\]]{1,60})?|https?://[^\s|\[\]]+)\|([^\[\]|]+)\]"
)


class VkReader:
    """Makes Posts of the items in one answer, joined with the people and communities that it names."""

    def __init__(self, home: str, said: dict[str, JSON], latest: datetime | None) -> None:
        self._home = home
        self._latest = latest
        self._people = {
            number: one for one in answers.records(said, "profiles") if (number := answers.number(one, "id"))
        }
        self._groups = {number: one for one in answers.records(said, "groups") if (number := answers.number(one, "id"))}

    def post(self, item: dict[str, JSON]) -> Post | None:
        """The post on a wall; None for what was deleted or says nothing."""
        owner, number = answers.number(item, "owner_id"), answers.number(item, "id")
        if answers.text(item, "post_type") == "reply":
            return self._comment(item, owner, answers.number(item, "post_id"))
        reposted = answers.records(item, "copy_history")[:5]
        text = plain_text("\n".join(filter(None, [_text(item), *map(_quoted, reposted)])))
        if owner is None or number is None or not text or item.get("is_deleted") is True:
            return None
        return Post(
            native_id=f"{owner}_{number}",
            url=f"{_SITE}/wall{owner}_{number}",
            text=text,
            author=self._author(answers.number(item, "from_id") or owner),
            published=answers.moment(item, "date", latest=self._latest),
            likes=answers.count(item, "likes", "count"),
            replies=answers.count(item, "comments", "count"),
            views=answers.count(item, "views", "count"),
            follow=answers.query(f"{self._home}/method/wall.getComments", {}, {"owner_id": owner, "post_id": number}),
        )

    def comments(self, listed: list[dict[str, JSON]]) -> tuple[Post, ...]:
        """The comments on a post with those below them."""
        found = []
        for item in listed:
            for one in (item, *answers.records(item, "thread", "items")):
                owner, post = answers.number(one, "owner_id"), answers.number(one, "post_id")
                if comment := self._comment(one, owner, post):
                    found.append(comment)
        return tuple(found)

    def _comment(self, item: dict[str, JSON], owner: int | None, post: int | None) -> Post | None:
        number, text = answers.number(item, "id"), _text(item)
        if owner is None or post is None or number is None or not text or item.get("deleted") is True:
            return None
        thread, above = f"{owner}_{post}", answers.number(item, "reply_to_comment")
        return Post(
            native_id=f"{thread}_r{number}",
            url=f"{_SITE}/wall{thread}?reply={number}",
            text=text,
            author=self._author(answers.number(item, "from_id") or 0),
            published=answers.moment(item, "date", latest=self._latest),
            likes=answers.count(item, "likes", "count"),
            thread=thread,
            parent=f"{thread}_r{above}" if above else thread,
            type=PostType.COMMENT,
        )

    def _author(self, number: int) -> Author:
        """Who that is; communities have negative numbers."""
        known = (self._people if number > 0 else self._groups).get(abs(number), {})
        names = (answers.line(known, key) for key in ("name", "first_name", "last_name"))
        screen = answers.identifier(known, "screen_name")
        home = screen if NAME.fullmatch(screen) else f"{'id' if number > 0 else 'club'}{abs(number)}"
        followers = answers.count(known, "followers_count")
        return Author(
            name=" ".join(filter(None, names)) or (home if number else None),
            url=f"{_SITE}/{quoted(home)}" if number else None,
            followers=followers if followers is not None else answers.count(known, "members_count"),
        )


def _text(item: dict[str, JSON]) -> str:
    """What somebody wrote, with names where VK writes [id1|Name]."""
    return fields.prose(_NAMED.sub(r"\1", answers.text(item, "text")[:FIELD_CAP]), markup=False)


def _quoted(item: dict[str, JSON]) -> str:
    """The words of a post that was reposted."""
    return "\n".join(f"> {line}" for line in _text(item).splitlines())
