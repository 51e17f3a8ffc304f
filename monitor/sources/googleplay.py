"""Reviews of an app in Google Play, by the call with which the store's own page loads them.

No recipe can do this: the request is a POST with JSON within JSON, the answer JSON within JSON behind a guard, and
what is in it has places and no names. They shift now and then; so each is checked, and where no review is left of
many the answer counts as malformed and not as empty.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote_plus

from monitor.errors import Malformed
from monitor.models import Author, HttpRequest, Page, Post, PostType
from monitor.sources import answers, fields
from monitor.sources.protocol import OneOrMore
from monitor.text import URL_CAP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import JSON, Request, Response

_CALL: Final = "oCPfdb"
_NEWEST: Final = 2
_COUNT: Final = 100
_STORES: Final = 25  # languages by countries that one visit reads
_APP: Final = re.compile(r"[A-Za-z]\w*(?:\.\w+)+", re.ASCII)
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?")
_COUNTRY: Final = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class GooglePlayOptions:
    """Which app, and the reviews of which languages and countries."""

    app: str = field(metadata={"description": "Package of the app, as in play.google.com/…?id=org.example.app."})
    languages: OneOrMore = field(default=("en",), metadata={"description": "Languages of the reviews, such as en, ru."})
    countries: OneOrMore = field(
        default=("us",), metadata={"description": "Two-letter codes of the stores' countries."}
    )

    def __post_init__(self) -> None:
        if not _APP.fullmatch(self.app):
            raise ValueError("app: the package after id= in the app's address, such as org.example.app")
        if not 1 <= len(self.languages) * len(self.countries) <= _STORES:
            raise ValueError(f"languages and countries: between 1 and {_STORES} pairs of both")
        if wrong := [one for one in self.languages if not _LANGUAGE.fullmatch(one)]:
            raise ValueError(f"languages: {wrong[0]!r} is no code such as en or pt-BR")
        if wrong := [one for one in self.countries if not _COUNTRY.fullmatch(one)]:
            raise ValueError(f"countries: {wrong[0]!r} is no two-letter code in small letters, such as de")


@dataclass(frozen=True, slots=True)
class GooglePlayKind:
    """Reads the newest reviews of each pair of language and country, one pair after the other."""

    Options: ClassVar[type] = GooglePlayOptions
    address: ClassVar[str] = "https://play.google.com"

    url: str
    options: Any  # GooglePlayOptions; a KindClass takes any object

    def start(self, cursor: Mapping[str, JSON], now: datetime) -> Request:  # noqa: ARG002 - the protocol's
        """The newest reviews of the first pair."""
        return self._asked(0, asked=now.isoformat())

    def replies(self, address: str, cursor: Mapping[str, JSON], now: datetime) -> Request | None:  # noqa: ARG002
        """Only the maker can answer a review."""
        return None

    def read(self, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """The reviews of one page, newest first; more of this pair, and on to the next one.

        Raises `errors.Malformed` where the answer's places hold something else than they did.
        """
        inner = _inner(response)
        store, asked = answers.number(request.carry.get("store")) or 0, str(request.carry.get("asked", ""))
        latest = answers.latest_of(request, response)
        listed = answers.items(_at(inner, 0))
        language = self._stores[store][0] if store < len(self._stores) else ""
        posts = tuple(post for item in listed if (post := self._post(item, language, latest)))
        if listed and not posts:
            raise Malformed("no review stands where reviews have stood: the store's answers have changed")
        token = next((last for part in answers.items(inner)[1:] if isinstance(last := _at(part, -1), str)), "")
        more: tuple[Request, ...] = ()
        if posts and 0 < len(token) <= URL_CAP:
            more = (self._asked(store, asked=asked, token=token),)
        goes_on = request.step == "list" and store + 1 < len(self._stores)
        return Page(
            posts=posts, more=more, cursor=cursor, onward=self._asked(store + 1, asked=asked) if goes_on else None
        )

    @property
    def _stores(self) -> list[tuple[str, str]]:
        return list(product(self.options.languages, self.options.countries))

    def _asked(self, store: int, *, asked: str, token: str = "") -> HttpRequest:
        language, country = self._stores[store]
        window: list[JSON] = [_COUNT, None, token] if token else [_COUNT]
        call = json.dumps([None, [2, _NEWEST, window, None, [None] * 9], [self.options.app, 7]])
        frame = json.dumps([[[_CALL, call, None, "generic"]]])
        home = self.url.partition("?")[0].rstrip("/")
        return HttpRequest(
            url=answers.query(f"{home}/_/PlayStoreUi/data/batchexecute", {}, {"hl": language, "gl": country}),
            method="POST",
            headers=(("content-type", "application/x-www-form-urlencoded;charset=utf-8"),),
            body=f"f.req={quote_plus(frame)}".encode("ascii"),
            step="page" if token else "list",
            carry={"store": store, "asked": asked, "list": str(store)},
        )

    def _post(self, item: JSON, language: str, latest: datetime | None) -> Post | None:
        key, score, text = answers.identifier(_at(item, 0)), _at(item, 2), _at(item, 4)
        if not key or isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= 5:
            return None
        body = fields.prose(text, markup=False) if isinstance(text, str) else ""
        if not body:
            return None
        return Post(
            native_id=key,
            url=f"https://play.google.com/store/apps/details?id={self.options.app}&reviewId={key}",
            text=body,
            author=Author(name=answers.line(_at(item, 1, 0)) or None),
            published=answers.moment(_at(item, 5, 0), latest=latest),
            rating=float(score),
            likes=answers.count(_at(item, 6)),
            replies=1 if isinstance(_at(item, 7, 1), str) else 0,
            type=PostType.REVIEW,
            lang=answers.language(language),
        )


def _inner(response: Response) -> JSON:
    """What the call gave, out of its envelope."""
    frames = answers.items(answers.read_json(response))
    frame = next((one for one in frames if _at(one, 0) == "wrb.fr" and _at(one, 1) == _CALL), None)
    if frame is None:
        raise Malformed("the answer is not that of the call")
    packed = _at(frame, 2)
    if not isinstance(packed, str) or not packed:
        raise Malformed("the store gave no reviews: there is no such app in this country, or its calls have changed")
    inner = answers.read_json(replace(response, headers=(), body=packed.encode("utf-8", "replace")))
    if not isinstance(inner, list):
        raise Malformed("what the call gave is no list")
    return inner


def _at(value: JSON, *places: int) -> JSON:
    """What stands at these places of lists within lists; None where there is nothing."""
    for place in places:
        value = value[place] if isinstance(value, list) and -len(value) <= place < len(value) else None
    return value
