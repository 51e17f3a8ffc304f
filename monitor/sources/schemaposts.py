"""From the schema.org records of a page to Posts: reviews, comments, postings, questions with answers, articles."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from monitor.models import Author, Post, PostType
from monitor.sources import fields, figures
from monitor.sources.markup import ITEM_CAP
from monitor.sources.structured import Thing, local_name
from monitor.text import FIELD_CAP, clean_url, fold, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from monitor.sources.dates import Clock
    from monitor.sources.structured import Structured, Value

_ARTICLES: Final = ("Article", "NewsArticle", "BlogPosting", "TechArticle", "Report", "ReportageNewsArticle")
_SORTS: Final = {
    PostType.REVIEW: ("Review", "UserReview", "EmployerReview", "CriticReview", "Recommendation"),
    PostType.COMMENT: ("Comment", "UserComments", "Answer", "CorrectionComment"),
    PostType.POST: ("DiscussionForumPosting", "SocialMediaPosting", "Question"),
    PostType.ARTICLE: (*_ARTICLES, "OpinionNewsArticle", "AnalysisNewsArticle", "LiveBlogPosting"),
}

TYPES: Final = {name: sort for sort, names in _SORTS.items() for name in names}
"""The types of schema.org that are posts, and what sort of post each is."""

# Properties that lead away from what is said on this page.
_AWAY: Final = frozenset(
    {"author", "creator", "publisher", "ispartof", "about", "mentions", "itemreviewed", "parentitem", "citation"}
    | {"isbasedon", "sharedcontent", "image", "video", "editor", "breadcrumb", "relatedlink", "sameas"}
)
_STEPS: Final = 20_000
_NAME_CAP: Final = 160
_TITLE_CAP: Final = 500
_ID_CAP: Final = 256
_ALIKE: Final = 200  # letters by which two records of one post are told
# Pages number what they list: such an id is a place in the list and not a name.
_PLACE: Final = re.compile(r"#[^#]*?(?<!\d)\d{1,2}$|^_:")
_LANGUAGE: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z]{2,4}){0,2}")
_LIKES: Final = frozenset({"LikeAction", "VoteAction", "AgreeAction", "UserLikes"})
_REPLIES: Final = frozenset({"CommentAction", "ReplyAction", "UserComments"})
_VIEWS: Final = frozenset({"ViewAction", "ReadAction", "UserPageVisits"})
_FOLLOWERS: Final = frozenset({"FollowAction", "SubscribeAction"})


@dataclass(slots=True)
class SchemaReader:
    """Reads the posts of one page at `url`, of the types that are `wanted`."""

    wanted: frozenset[str]
    url: str
    base: str
    clock: Clock
    best: float | None
    _posts: list[Post] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    def posts(self, found: Structured) -> list[Post]:
        """The posts in the page's order; what several syntaxes say of one post is put together."""
        merged: list[Post] = []
        for roots in found.syntaxes:
            self._posts = []
            self._read(roots)
            known = {key: place for place, post in enumerate(merged) for key in _keys(post)}
            for post in self._posts:
                place = next((known[key] for key in _keys(post) if key in known), None)
                if place is None:
                    known |= dict.fromkeys(_keys(post), len(merged))
                    merged.append(post)
                else:
                    merged[place] = _both(merged[place], post)
        return merged[:ITEM_CAP]

    def _read(self, roots: Iterable[Thing]) -> None:
        stack: list[tuple[Thing, Post | None, Post | None]] = []
        stack += [(root, None, None) for root in roots][::-1]
        steps = 0
        while stack and len(self._posts) < ITEM_CAP and steps < _STEPS:
            thing, above, opening = stack.pop()
            steps += 1
            if id(thing.properties) in self._seen:
                continue
            self._seen.add(id(thing.properties))
            if self.wanted.intersection(thing.types) and (post := self._post(thing, above, opening)):
                self._posts.append(post)
                above, opening = post, opening or post
            inner = [
                (value, above, opening)
                for name, values in thing.properties.items()
                if name not in _AWAY
                for value in values
                if isinstance(value, Thing)
            ]
            stack += inner[::-1]

    def _post(self, thing: Thing, above: Post | None, opening: Post | None) -> Post | None:
        kind = next(TYPES[one] for one in thing.types if one in self.wanted)
        title = self._prose(thing, "headline", "name", "title", one_line=True)[:_TITLE_CAP]
        text = self._prose(thing, "reviewbody", "articlebody", "text", "commenttext", "description", "summary")
        if not title and not text:
            return None
        is_answer = kind is PostType.COMMENT or (above is not None and kind is PostType.POST)
        parent = self._address(thing, "parentitem") or (_reference(above) if above and is_answer else None)
        url, name = self._address(thing, "url", "mainentityofpage"), thing.id or ""
        named = clean_url(name, self.url if name.startswith("#") else self.base) if not _PLACE.search(name) else None
        return Post(
            native_id=self._identifier(thing) or named,
            url=url or (named if named != self.url else None),
            title="" if is_answer and text else title,
            text=text,
            author=self._author(thing),
            published=self._published(thing),
            rating=self._rating(thing) if kind is PostType.REVIEW else None,
            likes=self._count(thing, _LIKES, "upvotecount"),
            replies=self._count(thing, _REPLIES, "commentcount", "answercount"),
            views=self._count(thing, _VIEWS),
            thread=(_reference(opening) if opening and is_answer else None) or parent,
            parent=parent,
            type=PostType.COMMENT if is_answer else kind,
            lang=self._language(thing),
        )

    def _lines(self, thing: Thing, *names: str) -> Iterator[str]:
        """The texts of properties, and what records there are called or stand for."""
        for value in thing.all(*names):
            if isinstance(value, Thing):
                yield from self._plain(value.all("value", "name", "url"))
                if value.id:
                    yield value.id
            else:
                yield from self._plain([value])

    @staticmethod
    def _plain(values: Iterable[Value]) -> Iterator[str]:
        for value in values:
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                text = str(value) if not isinstance(value, int) or value.bit_length() < 256 else ""
                if line := plain_text(text, one_line=True):
                    yield line

    def _prose(self, thing: Thing, *names: str, one_line: bool = False) -> str:
        for value in thing.all(*names):
            if isinstance(value, str):
                said = value[:FIELD_CAP]
                if text := fields.prose(said, markup=fields.looks_like_html(said), one_line=one_line):
                    return text
        return ""

    def _identifier(self, thing: Thing) -> str | None:
        found = fields.identifier(next(self._lines(thing, "identifier", "postid"), ""))
        return found if found and len(found) <= _ID_CAP else None

    def _address(self, thing: Thing, *names: str) -> str | None:
        for value in thing.all(*names):
            links = [value] if isinstance(value, str) else []
            if isinstance(value, Thing):
                links = [*(one for one in value.all("url") if isinstance(one, str)), value.id or ""]
            for link in links:
                if len(link.split()) != 1:  # a name where an address was due
                    continue
                if url := fields.address(link, self.base):
                    return url
        return None

    def _author(self, thing: Thing) -> Author:
        for value in thing.all("author", "creator", "reviewer"):
            if isinstance(value, Thing):
                name = self._prose(value, "name", "alternatename", one_line=True)
                known = Author(
                    name=name[:_NAME_CAP] or None,
                    url=self._address(value, "url") or (clean_url(value.id) if value.id else None),
                    followers=self._interactions(value, _FOLLOWERS),
                )
            elif isinstance(value, str) and value.startswith(("http://", "https://")):
                known = Author(url=clean_url(value))
            else:
                known = Author(name=(fields.name(value) or "")[:_NAME_CAP] or None if isinstance(value, str) else None)
            if known.name or known.url:
                return known
        return Author()

    def _published(self, thing: Thing) -> datetime | None:
        names = ("datepublished", "datecreated", "uploaddate", "commenttime", "dtreviewed")
        return next(filter(None, map(self.clock.moment, self._lines(thing, *names))), None)

    def _rating(self, thing: Thing) -> float | None:
        for value in thing.all("reviewrating", "rating", "ratingvalue"):
            scale = value if isinstance(value, Thing) else thing
            best = next(self._lines(scale, "bestrating", "best"), "")
            given = (
                self._lines(value, "ratingvalue", "value", "name") if isinstance(value, Thing) else self._plain([value])
            )
            top = _number(best) or self.best
            for line in given:
                if known := figures.rating(line, top):
                    return known
        return None

    def _count(self, thing: Thing, actions: frozenset[str], *names: str) -> int | None:
        """A count that is a property by itself, or one of the interactions."""
        counts = (figures.count(line) for line in self._lines(thing, *names))
        return next(
            (known for known in counts if known is not None),
            None if not actions else self._interactions(thing, actions),
        )

    def _interactions(self, thing: Thing, actions: frozenset[str]) -> int | None:
        for counter in thing.all("interactionstatistic", "interactioncount", "agentinteractionstatistic"):
            if isinstance(counter, str):  # UserComments:34, as it was before schema.org 2
                what, _, number = counter.partition(":")
                if what.strip() in actions:
                    return figures.count(number)
            elif isinstance(counter, Thing):
                told = [local_name(one) for one in self._lines(counter, "interactiontype")]
                told += [
                    one for value in counter.all("interactiontype") if isinstance(value, Thing) for one in value.types
                ]
                if actions.intersection(told):
                    return self._count(counter, frozenset(), "userinteractioncount", "interactioncount")
        return None

    def _language(self, thing: Thing) -> str | None:
        for value in thing.all("inlanguage"):
            line = (
                value
                if isinstance(value, str)
                else next(value.all("alternatename"), "")
                if isinstance(value, Thing)
                else ""
            )
            if isinstance(line, str) and (found := _LANGUAGE.fullmatch(line.strip())):
                return found[1].lower()
        return None


def _number(text: str) -> float | None:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if 1 <= number <= 1000 else None


def _reference(post: Post) -> str | None:
    return post.url or post.native_id


def _keys(post: Post) -> list[tuple[str, str]]:
    """What tells that two records are of one post: the id, a headline, or the beginning of the text."""
    keys = [("id", post.native_id)] if post.native_id else []
    if post.text:
        keys.append((post.author.name or "", fold(post.text)[:_ALIKE]))
    if post.title and post.type in (PostType.ARTICLE, PostType.POST):
        keys.append((post.type, fold(post.title)))
    return keys


def _both(one: Post, other: Post) -> Post:
    """A post with what another record of it says besides."""
    missing = {
        name: getattr(other, name)
        for name in (part.name for part in dataclasses.fields(Post))
        if getattr(one, name) in (None, "", Author())
    }
    return dataclasses.replace(one, **{**missing, "text": fields.richest([one.text, other.text])})
