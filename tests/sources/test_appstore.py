"""The App Store's feed of reviews: countries, pages, its odd shapes, and what breaks it."""

from __future__ import annotations

import copy
import json
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.errors import Blocked, Malformed, ReadError
from monitor.models import HttpRequest, Page
from monitor.sources.appstore import AppStoreKind, AppStoreOptions
from tests.sources.shared import SHARED
from tests.sources.social import DATA, NOW, answer

KIND = AppStoreKind("https://itunes.apple.com", AppStoreOptions(app="id1234567890", countries=("us", "de", "ru")))
REVIEWS = json.loads((DATA / "appstore" / "reviews.json").read_bytes())
NORMALISED = SHARED / "appstore" / "scrapfly__scrapfly-scrapers__app-store-scraper__results__reviews.json"


def read(body: object, *, country: str = "us", page: int = 1) -> Page:
    request = HttpRequest(
        url="https://itunes.apple.com/x",
        step="page" if page > 1 else "list",
        carry={"country": country, "page": page, "asked": NOW.isoformat()},
    )
    return KIND.read(request, answer(body), {})


def path_of(country: str, page: int) -> str:
    return f"https://itunes.apple.com/{country}/rss/customerreviews/page={page}/id=1234567890/sortBy=mostRecent/json"


def test_the_first_request_is_for_the_first_country() -> None:
    assert KIND.start({}, NOW).url == path_of("us", 1)
    assert KIND.replies("https://itunes.apple.com/x", {}, NOW) is None


def test_one_country_leads_to_the_next_and_one_page_to_an_older_one() -> None:
    asked, request = [], KIND.start({}, NOW)
    while request is not None:
        asked.append(request.url)
        page = KIND.read(request, answer(REVIEWS), {})
        assert [older.url for older in page.more] == [request.url.replace("page=1/", "page=2/")]
        request = page.onward  # type: ignore[assignment]
    assert asked == [path_of("us", 1), path_of("de", 1), path_of("ru", 1)]


def test_pages_end_at_the_tenth_and_lead_to_no_country() -> None:
    nine, ten = read(REVIEWS, page=9), read(REVIEWS, page=10)
    assert [request.url for request in nine.more] == [path_of("us", 10)]
    assert (ten.more, nine.onward, ten.onward) == ((), None, None)


@pytest.mark.parametrize("entry", [None, [], "", 7])
def test_a_feed_without_reviews_is_an_empty_page_that_still_leads_on(entry: object) -> None:
    body = {"feed": {"title": {"label": "x"}, **({} if entry is None else {"entry": entry})}}
    page = read(body)
    assert (page.posts, page.more) == ((), ())
    assert page.onward is not None


def test_the_app_itself_is_no_review() -> None:
    assert [post.native_id for post in read(REVIEWS).posts] == ["9100000002", "9100000001"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("<html><head><title>Sign in</title></head></html>", Blocked),
        ("", Malformed),
        ("[]", Malformed),
        ('{"feed": []}', Malformed),
        ('{"errorMessage": "x"}', Malformed),
        ('{"feed": {"entry": [', Malformed),
        ("[" * 100_000, Malformed),
    ],
)
def test_what_is_no_feed(body: str, error: type[ReadError]) -> None:
    with pytest.raises(error):
        read(body)


WRONG: list[Any] = [
    None,
    True,
    -1,
    1e308,
    10**40,
    "\ud83d \0 <p>",
    [],
    {},
    [[None]],
    {"label": {"label": 1}},
    "x" * 10**6,
]


def test_wrong_types_anywhere_give_posts_or_a_reason() -> None:
    chance = random.Random(4)
    for wrong in WRONG:
        for key in ("id", "author", "title", "content", "updated", "im:rating", "im:voteSum"):
            body = copy.deepcopy(REVIEWS)
            body["feed"]["entry"][1][key] = wrong
            body["feed"]["entry"][2][key] = {"label": wrong}
            chance.shuffle(body["feed"]["entry"])
            for post in read(json.dumps(body)).posts:
                assert post.rating is not None
                assert 1 <= post.rating <= 5
                assert post.likes is None or post.likes >= 0
                assert "\n" not in post.title
                json.dumps(post.author.name)


@pytest.mark.parametrize(
    ("app", "countries"),
    [("", ("us",)), ("ChatGPT", ("us",)), ("1234567890", ()), ("1234567890", ("US",)), ("1234567890", ("us/../x",))],
)
def test_options_that_cannot_work(app: str, countries: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"app:|countries:"):
        AppStoreOptions(app=app, countries=countries)


def raw_of(review: dict[str, Any]) -> dict[str, Any]:
    """The entry of which the other project made its record."""
    spelt = {"id": "reviewId", "title": "title", "content": "content", "im:rating": "score", "updated": "updated"}
    entry: dict[str, Any] = {name: {"label": str(review[key])} for name, key in spelt.items()}
    entry["im:voteSum"] = {"label": str(review["voteSum"])}
    entry["author"] = {"name": {"label": review["userName"]}, "uri": {"label": review["userUrl"]}}
    return entry


@pytest.mark.skipif(not NORMALISED.exists(), reason="../shared/fixtures/appstore is not there")
def test_reviews_of_another_project() -> None:
    reviews = json.loads(NORMALISED.read_bytes())
    posts = read({"feed": {"entry": [raw_of(review) for review in reviews]}}).posts
    assert [post.native_id for post in posts] == [review["reviewId"] for review in reviews]
    for post, review in zip(posts, reviews, strict=True):
        assert post.rating == review["score"]
        assert post.author.url == review["userUrl"]
        assert post.likes == max(review["voteSum"], 0)
        assert "".join(post.text.split()) == "".join(review["content"].split())
        assert post.published is not None
        assert post.published.utcoffset() == timedelta()
        assert post.published == datetime.fromisoformat(review["updated"])
