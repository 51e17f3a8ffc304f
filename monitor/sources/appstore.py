"""Reviews of an app in Apple's App Store, from the feed that the store gives for each country.

No recipe can do this: there is a feed for each country, a single review comes as a record and not as a list of one,
and a feed without any review is what the store gives when it is out of order as well as when there are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

from monitor.errors import Malformed
from monitor.models import Author, HttpRequest, Page, Post, PostType
from monitor.sources import answers, fields
from monitor.sources.protocol import OneOrMore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON, Request, Response

_PAGES: Final = 10  # of 50 reviews; the store gives no more
_COUNTRIES: Final = 30  # lists that one visit reads
_APP: Final = re.compile(r"(?:id)?([0-9]{4,15})")
_COUNTRY: Final = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class AppStoreOptions:
    """Which app, and in which countries' stores."""

    app: str = field(metadata={"description": "Number of the app, as in apps.apple.com/…/id6448311069."})
    countries: OneOrMore = field(
        default=("us",), metadata={"description": "Two-letter codes of the stores' countries."}
    )

    def __post_init__(self) -> None:
        if not _APP.fullmatch(self.app):
            raise ValueError("app: the number after id in the app's address, such as 6448311069")
        if not self.countries or len(self.countries) > _COUNTRIES:
            raise ValueError(f"countries: between 1 and {_COUNTRIES}")
        for country in self.countries:
            if not _COUNTRY.fullmatch(country):
                raise ValueError(f"countries: {country!r} is no two-letter code in small letters, such as de")


@dataclass(frozen=True, slots=True)
class AppStoreKind:
    """Reads the newest reviews of each country, one country after the other."""

    Options: ClassVar[type] = AppStoreOptions
    address: ClassVar[str] = "https://itunes.apple.com"

    url: str
    options: Any  # AppStoreOptions; a KindClass takes any object

    def start(self, cursor: Mapping[str, JSON], now: datetime) -> Request:  # noqa: ARG002 - the protocol's
        """The newest reviews of the first country."""
        return self._asked(self.options.countries[0], 1, asked=now.isoformat())

    def replies(self, address: str, cursor: Mapping[str, JSON], now: datetime) -> Request | None:  # noqa: ARG002
        """The store's feed holds no answers."""
        return None

    def read(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The reviews of one page, newest first; more of this country, and on to the next one.

        Raises `errors.Malformed` for what is no feed of reviews. A feed without reviews is a page without posts.
        """
        answer = answers.read_json(response)
        if not isinstance(answer, dict) or not isinstance(answer.get("feed"), dict):
            raise Malformed("no feed in the answer")
        country, asked = str(request.carry.get("country", "")), str(request.carry.get("asked", ""))
        page = answers.number(request.carry.get("page")) or 1
        entries = answers.record(answer, "feed").get("entry")
        # A feed of one review has a record where others have a list.
        listed = answers.records(entries) if isinstance(entries, list) else [answers.record(entries)]
        latest = answers.latest_of(request, response)
        posts = tuple(post for entry in listed if (post := self._post(entry, country, latest)))
        more: tuple[Request, ...] = ()
        if posts and page < _PAGES:
            more = (self._asked(country, page + 1, asked=asked),)
        countries = self.options.countries
        rest = countries[countries.index(country) + 1 :] if page == 1 and country in countries else ()
        return Page(
            posts=posts, more=more, cursor=cursor, onward=self._asked(rest[0], 1, asked=asked) if rest else None
        )

    @property
    def _app(self) -> str:
        found = _APP.fullmatch(self.options.app)
        return found[1] if found else ""

    def _asked(self, country: str, page: int, *, asked: str) -> HttpRequest:
        home = self.url.partition("?")[0].rstrip("/")
        return HttpRequest(
            url=f"{home}/{country}/rss/customerreviews/page={page}/id={self._app}/sortBy=mostRecent/json",
            step="page" if page > 1 else "list",
            carry={"country": country, "page": page, "asked": asked, "list": country},
        )

    def _post(self, entry: dict[str, JSON], country: str, latest: datetime | None) -> Post | None:
        """The review in an entry; None for the app itself, which stands first in some feeds, and for what is none."""
        key = answers.identifier(entry, "id", "label")
        rating = fields.rating(answers.text(entry, "im:rating", "label"), 5)
        text = fields.prose(answers.text(entry, "content", "label"), markup=False)
        title = fields.prose(answers.text(entry, "title", "label"), markup=False, one_line=True)
        if not key or rating is None or not (text or title):
            return None
        return Post(
            native_id=key,
            # The store has no page for one review; the number tells the addresses apart.
            url=f"https://apps.apple.com/{country}/app/id{self._app}?see-all=reviews&review={key}",
            title=title,
            text=text,
            author=Author(
                name=answers.line(entry, "author", "name", "label") or None,
                url=fields.address(answers.text(entry, "author", "uri", "label"), ""),
            ),
            published=answers.moment(entry, "updated", "label", latest=latest),
            rating=rating,
            likes=answers.count(entry, "im:voteSum", "label"),
            type=PostType.REVIEW,
        )
