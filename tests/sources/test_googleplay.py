"""Google Play's call for reviews: what is asked, its envelope, its tokens, and what breaks it."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from monitor.errors import Blocked, Malformed, ReadError
from monitor.models import HttpRequest, Page, Request
from monitor.sources.googleplay import GooglePlayKind, GooglePlayOptions
from tests.sources.shared import SHARED
from tests.sources.social import NOW, answer

KIND = GooglePlayKind(
    "https://play.google.com",
    GooglePlayOptions(app="org.example.samovar", languages=("en", "ru"), countries=("us", "de")),
)
NORMALISED = SHARED / "googleplay" / "scrapfly__scrapfly-scrapers__google-play-scraper__results__reviews.json"


def review(key: str = "aa-1", text: Any = "Does not start.", score: Any = 2, **places: Any) -> list[Any]:
    made = [key, ["Oleg", None], score, None, text, [1794900000, 5], 7, None, None, None, "2.1"]
    for place, value in places.items():
        made[int(place.removeprefix("at"))] = value
    return made


def enveloped(inner: object, *, call: str = "oCPfdb") -> str:
    packed = inner if inner is None else json.dumps(inner)
    return ")]}'\n\n" + json.dumps([["wrb.fr", call, packed, None, None, None, "generic"], ["di", 12]])


def read(body: object, request: Request | None = None) -> Page:
    return KIND.read(request or KIND.start({}, NOW), answer(body), {})


def call_of(request: Request | None) -> Any:
    """What a request asks for, taken out of its three wrappings."""
    assert isinstance(request, HttpRequest)
    assert request.body is not None
    ((frame,),) = json.loads(parse_qs(request.body.decode("ascii"))["f.req"][0])
    assert (frame[0], frame[2:]) == ("oCPfdb", [None, "generic"])
    return json.loads(frame[1])


def test_what_is_asked() -> None:
    request = KIND.start({}, NOW)
    assert isinstance(request, HttpRequest)
    assert (request.method, request.url) == (
        "POST",
        "https://play.google.com/_/PlayStoreUi/data/batchexecute?hl=en&gl=us",
    )
    assert call_of(request) == [None, [2, 2, [100], None, [None] * 9], ["org.example.samovar", 7]]
    assert KIND.replies("https://play.google.com/x", {}, NOW) is None


def test_a_token_leads_to_older_reviews_of_the_same_store() -> None:
    page = read(enveloped([[review()], [None, 'to"ken=']]))
    (older,) = page.more
    assert call_of(older)[1][2] == [100, None, 'to"ken=']
    assert isinstance(older, HttpRequest)
    assert older.url.endswith("hl=en&gl=us")
    last = read(enveloped([[review()], [None, None]]), older)
    assert (len(last.posts), last.more, last.onward) == (1, (), None)


def test_each_language_of_each_country_is_read() -> None:
    asked, request = [], KIND.start({}, NOW)
    while request is not None:
        assert isinstance(request, HttpRequest)
        page = read(enveloped([[review()], [None, None]]), request)
        asked.append((request.url.partition("?")[2], page.posts[0].lang))
        request = page.onward  # type: ignore[assignment]
    assert asked == [("hl=en&gl=us", "en"), ("hl=en&gl=de", "en"), ("hl=ru&gl=us", "ru"), ("hl=ru&gl=de", "ru")]


def test_no_reviews_is_an_empty_page_that_leads_on() -> None:
    page = read(enveloped([]))
    assert (page.posts, page.more) == ((), ())
    assert page.onward is not None


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("<html><head><title>Sorry</title></head></html>", Blocked),
        ("", Malformed),
        (")]}'\n\n", Malformed),
        (")]}'\n\n[]", Malformed),
        (enveloped([[review()]], call="UsvDTd"), Malformed),
        (enveloped(None), Malformed),
        (enveloped({"a": 1}), Malformed),
        (")]}'\n\n" + json.dumps([["wrb.fr", "oCPfdb", "[" * 50_000]]), Malformed),
        (")]}'\n\n" + json.dumps([["wrb.fr", "oCPfdb", "<html>"]]), ReadError),
        (enveloped([[["Oleg", 3, "Does not start.", "aa-1"]] * 3, [None, "t"]]), Malformed),
    ],
)
def test_what_is_no_answer_to_the_call(body: str, error: type[ReadError]) -> None:
    with pytest.raises(error):
        read(body)


@pytest.mark.parametrize("place", range(11))
@pytest.mark.parametrize(
    "wrong", [None, True, 0, 6, -1, 1e308, 10**40, "\ud83d \0 <p>", [], {}, [[None]], {"a": 1}, "x" * 10**6]
)
def test_a_review_whose_places_have_shifted_is_left_out_or_read_as_far_as_it_goes(place: int, wrong: Any) -> None:
    listed = [review("good-1"), review("bad-1")]
    listed[1][place] = copy.deepcopy(wrong)
    posts = read(enveloped([listed, [None, None]])).posts
    assert posts[0].native_id == "good-1"
    for post in posts:
        assert post.rating in (1, 2, 3, 4, 5)
        assert post.likes is None or post.likes >= 0
        assert post.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"app": "samovar"},
        {"app": 'a.b"]'},
        {"languages": ()},
        {"languages": ("english",)},
        {"countries": ("USA",)},
        {"languages": ("en",) * 6, "countries": ("us",) * 5},
    ],
)
def test_options_that_cannot_work(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"app:|languages|countries"):
        GooglePlayOptions(**({"app": "org.example.samovar"} | wrong))


@pytest.mark.skipif(not NORMALISED.exists(), reason="../shared/fixtures/googleplay is not there")
def test_reviews_of_another_project() -> None:
    kept = json.loads(NORMALISED.read_bytes())
    raw = [
        review(one["reviewId"], one["content"], one["score"], at1=[one["userName"]], at5=[one["at"]]) for one in kept
    ]
    for made, one in zip(raw, kept, strict=True):
        made[6] = one["thumbsUpCount"]
    posts = read(enveloped([raw, [None, None]])).posts
    assert [post.native_id for post in posts] == [one["reviewId"] for one in kept]
    for post, one in zip(posts, kept, strict=True):
        assert (post.rating, post.likes) == (one["score"], one["thumbsUpCount"])
        assert "".join(post.text.split()) == "".join(one["content"].split())
        assert post.published == datetime.fromtimestamp(one["at"], UTC)
