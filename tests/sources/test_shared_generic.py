"""Kinds `json`, `schemaorg` and `html` on the answers and pages of other projects that lie beside this one.

Every file of the folders in FOLDERS is read by one of them or refused with a reason; which one stands in the tables.
What is expected is computed here from the raw file, by other means than the program uses.
"""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from monitor.config import kind_options
from monitor.errors import Malformed
from monitor.models import HttpRequest, Page, Post, PostType, Response
from monitor.sources import KINDS
from monitor.sources.schemaposts import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHARED = Path(__file__).resolve().parents[3] / "shared" / "fixtures"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
URL = "https://site.example/page"
WORDPRESS = "http://127.0.0.1:18082/wp-json/wp/v2/"

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the captured answers do not lie beside the project")


def files(folder: str, pattern: str) -> list[Path]:
    return sorted((SHARED / folder).glob(pattern)) if SHARED.is_dir() else []


def only(folder: str, pattern: str) -> Path:
    (found,) = files(folder, pattern)
    return found


def read(kind: str, path: Path, options: Mapping[str, Any] | None = None, url: str = URL) -> Page:
    beside = path.with_name(f"{path.name}.headers")
    lines = beside.read_text(encoding="utf-8").splitlines() if beside.exists() else []
    headers = tuple((name.lower(), value) for name, _, value in (line.partition(": ") for line in lines) if value)
    reader = KINDS[kind](url, kind_options(kind, json.dumps(options or {})))
    request = reader.start({}, NOW)
    assert isinstance(request, HttpRequest)
    return reader.read(request, Response(url=url, status=200, headers=headers, body=path.read_bytes()), {})


def words(text: str) -> str:
    """A text without markup and white space, for comparing."""
    return "".join(html.unescape(re.sub(r"<[^<>]+>", " ", text)).split()).replace(">", "")


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────────────────────────

REVIEWS: dict[str, dict[str, object]] = {
    "g2": {
        "fields": {
            "title": "review.reviewTitle",
            "text": "{review.reviewLikes}\n{review.reviewDislikes}",
            "author": "author.authorName",
            "author_url": "author.authorProfile",
            "rating": "review.reviewRate",
            "published": "review.reviewData",
        }
    },
    "glassdoor": {
        "fields": {
            "id": "reviewId",
            "title": "summary",
            "text": "{pros}\n{cons}",
            "rating": "ratingOverall",
            "published": "reviewDateTime",
            "likes": "countHelpful",
        }
    },
    "capterra": {
        "languages": ["en"],
        "fields": {
            "title": "title",
            "text": "{review_body}\n{pros}\n{cons}",
            "author": "reviewer_name",
            "rating": "ratings.overall",
            "published": "date",
        },
    },
    "tripadvisor": {
        "items": "reviews",
        "type": "review",
        "fields": {"title": "title", "text": "text", "rating": "rate", "published": "tripDate"},
    },
    "yelp": {
        "fields": {
            "id": "encid",
            "url": "https://www.yelp.example/biz/{business.alias}?hrid={encid}",
            "text": "text.full",
            "lang": "text.language",
            "author": "author.displayName",
            "rating": "rating",
            "published": "createdAt",
            "likes": "feedback.usefulCount",
        }
    },
    "aliexpress": {
        "items": "reviews",
        "rating_best": 100,
        "languages": ["en"],
        "fields": {
            "id": "evaluationIdStr",
            "text": "buyerFeedback",
            "author": "buyerName",
            "rating": "buyerEval",
            "published": "evalDate",
            "likes": "upVoteCount",
        },
    },
}
FILES = {
    "g2": ("*__reviews.json", "utf-8"),
    "glassdoor": ("*__reviews.json", "cp1252"),
    "capterra": ("*__reviews.json", "utf-8"),
    "tripadvisor": ("*__hotels.json", "utf-8"),
    "yelp": ("*__reviews.json", "utf-8"),
    "aliexpress": ("*__reviews.json", "utf-8"),
}


def looked_up(record: Any, place: str) -> Any:
    for key in place.split("."):
        record = record.get(key) if isinstance(record, dict) else None
    return record


def said(record: Any, options: dict[str, Any]) -> list[str]:
    """The title of a review and the parts of its text."""
    given = options["fields"]
    parts = re.findall(r"\{([^{}]+)\}", given["text"]) or [given["text"]]
    return [looked_up(record, place) or "" for place in (given.get("title", "-"), *parts)]


@pytest.mark.parametrize("folder", REVIEWS)
def test_reviews_of_other_sites_are_read(folder: str) -> None:
    pattern, encoding = FILES[folder]
    path, options = only(folder, pattern), REVIEWS[folder]
    raw = json.loads(path.read_bytes().decode(encoding))
    records = raw["reviews"] if isinstance(raw, dict) else raw
    records = [one for one in records if any(said(one, options))]
    posts = read("json", path, options).posts
    fields = options["fields"]
    assert isinstance(fields, dict)
    assert len(posts) == len(records)
    assert {post.type for post in posts} == {PostType.REVIEW}
    best = float(str(options.get("rating_best", 5)))
    for post, record in zip(posts, records, strict=True):
        title, *texts = said(record, options)
        assert words(post.title) == words(title)
        assert words(post.text) == words("\n".join(texts))
        given = looked_up(record, fields["rating"])
        assert post.rating == (pytest.approx(max(1.0, given * 5 / best), abs=0.01) if given else None)
        assert post.author.name == (looked_up(record, fields["author"]).strip() if "author" in fields else None)
        assert (post.native_id or "") == (str(looked_up(record, fields["id"])) if "id" in fields else "")
        assert post.likes == (looked_up(record, fields["likes"]) if "likes" in fields else None)


@pytest.mark.parametrize(
    ("folder", "index", "published"),
    [
        ("g2", 0, "2025-11-03T00:00:00+00:00"),
        ("glassdoor", 0, "2025-06-02T16:45:56.643000+00:00"),
        ("capterra", 0, "2026-05-25T00:00:00+00:00"),
        ("yelp", 0, "2025-08-17T01:08:14+00:00"),
        ("aliexpress", 0, "2025-11-22T00:00:00+00:00"),
    ],
)
def test_their_dates_are_read(folder: str, index: int, published: str) -> None:
    posts = read("json", only(folder, FILES[folder][0]), REVIEWS[folder]).posts
    assert posts[index].published == datetime.fromisoformat(published)
    assert sum(post.published is not None for post in posts) >= len(posts) - 1


@pytest.mark.parametrize(
    ("folder", "pattern"),
    [("g2", "*__alternatives.json"), ("tripadvisor", "*__location.json"), ("yelp", "*__business_pages.json")],
)
def test_what_holds_no_reviews_is_refused(folder: str, pattern: str) -> None:
    with pytest.raises(Malformed, match="nothing stands at reviews"):
        read("json", only(folder, pattern), {"items": "reviews", "fields": {"text": "text"}})


def test_a_review_page_of_another_site_is_read_by_selectors() -> None:
    options = {
        "item": ".review-item",
        "languages": "en",
        "fields": {
            "id": "@data-review-id",
            "author": ".reviewer-name",
            "published": ".review-date",
            "rating": ".star-rating@data-rating",
            "text": ".review-text",
        },
    }
    path = only("yelp", "*bbb_page1.html")
    raw = path.read_text(encoding="utf-8")
    posts = read("html", path, options).posts
    assert [post.native_id for post in posts] == re.findall(r'data-review-id="(.*?)"', raw)
    assert [post.rating for post in posts] == [float(one) for one in re.findall(r'data-rating="(\d)"', raw)]
    dates = [datetime.strptime(one, "%m/%d/%Y").replace(tzinfo=UTC) for one in re.findall(r'review-date">(.*?)<', raw)]
    assert [post.published for post in posts] == dates


def test_wordpress_gives_its_posts() -> None:
    fields = {"id": "id", "url": "link", "title": "title.rendered", "text": "content.rendered", "published": "date_gmt"}
    path = only("boards/wordpress", "posts.json")
    records = json.loads(path.read_bytes())
    page = read("json", path, {"fields": fields, "link_header": True}, url=f"{WORDPRESS}posts?per_page=20")
    assert [(post.native_id, post.url) for post in page.posts] == [(str(one["id"]), one["link"]) for one in records]
    for post, one in zip(page.posts, records, strict=True):
        assert words(post.title) == words(one["title"]["rendered"])
        assert words(post.text) == words(one["content"]["rendered"])
        assert post.published == datetime.fromisoformat(f"{one['date_gmt']}+00:00")
    assert [request.url for request in page.more] == [f"{WORDPRESS}posts?per_page=20&page=2"]


def test_wordpress_gives_its_comments() -> None:
    fields = {"id": "id", "url": "link", "text": "content.rendered", "published": "date_gmt", "parent": "parent"}
    options = {"fields": {**fields, "author": "author_name", "thread": "post"}, "type": "comment", "link_header": True}
    path = only("boards/wordpress", "comments.json")
    records = [one for one in json.loads(path.read_bytes()) if words(one["content"]["rendered"])]
    page = read("json", path, options, url=f"{WORDPRESS}comments?per_page=50")
    assert [post.native_id for post in page.posts] == [str(one["id"]) for one in records]
    for post, one in zip(page.posts, records, strict=True):
        assert words(post.text) == words(one["content"]["rendered"])
        assert words(post.author.name or "") == words(one["author_name"])
        assert (post.parent, post.thread) == (str(one["parent"]) if one["parent"] else None, str(one["post"]))
    assert [request.url for request in page.more] == [f"{WORDPRESS}comments?per_page=50&page=2"]


# ── schema.org ──────────────────────────────────────────────────────────────────────────────────────────────────────


def records_of(value: Any) -> Iterator[dict[str, Any]]:
    """The records that are posts in what extruct makes of a page: JSON-LD, or types and properties of microdata."""
    for one in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        yield from records_of(one)
    if isinstance(value, dict):
        types = value.get("@type", value.get("type"))
        names = {str(one).rpartition("/")[2] for one in (types if isinstance(types, list) else [types])}
        properties = value.get("properties", value)
        if names & TYPES.keys() and {"headline", "name", "reviewBody", "text"} & properties.keys():
            yield properties


def posts_or_none(path: Path) -> tuple[Post, ...]:
    """The posts of a page; none where it is refused because it tells of nothing."""
    try:
        return read("schemaorg", path).posts
    except Malformed as error:
        if "says nothing in schema.org's words" not in str(error):
            raise
        return ()


@pytest.mark.parametrize("path", files("structured", "*.html"), ids=lambda path: path.stem[-50:])
def test_structured_pages_hold_what_extruct_finds_in_them(path: Path) -> None:
    beside = [path.with_suffix(suffix) for suffix in (".jsonld", ".json")]
    expected = [record for one in beside if one.exists() for record in records_of(json.loads(one.read_bytes()))]
    posts = posts_or_none(path)
    assert len(posts) == len(expected)
    titles = sorted(
        words(str(one.get("headline") or one["name"])) for one in expected if "[" not in str(one.get("headline"))
    )
    assert not titles or sorted(words(post.title) for post in posts) == titles
    if any("reviewRating" in one for one in expected):
        assert any(post.rating for post in posts)


@pytest.mark.parametrize(
    "path", [*files("structured", "*.json"), *files("structured", "*.jsonld")], ids=lambda path: path.name[-50:]
)
def test_what_extruct_expects_is_no_list_of_posts(path: Path) -> None:
    with pytest.raises(Malformed, match=r"stands at reviews|not JSON"):
        read("json", path, {"items": "reviews", "fields": {"text": "text"}})


# Pages of newspapers that tell search engines of something; all others are refused. One article each, but:
TOLD = {"dailystar.co.uk1": 39, "dailystar.co.uk2": 21, "newyorker.com1": 3}
TOLD |= dict.fromkeys(("spanish_article", "technologyreview.com1", "thedailybeast.com2", "thekitchn.com1"), 0)
TOLD |= dict.fromkeys(("vanityfair.com1", "fool.com1"), 0)


@pytest.mark.parametrize("path", files("pages", "*.html"), ids=lambda path: path.stem.rpartition("__")[2])
def test_pages_of_newspapers_hold_the_articles_they_tell_of(path: Path) -> None:
    raw = path.read_bytes().decode("utf-8", "replace")
    name = path.stem.rpartition("__")[2]
    if not re.search(r"application/ld\+json|itemtype", raw):
        with pytest.raises(Exception, match=r"says nothing in schema\.org's words|a challenge came"):
            read("schemaorg", path)
        return
    posts = read("schemaorg", path).posts
    assert len(posts) == TOLD.get(name, 1)
    assert {post.type for post in posts} <= {PostType.ARTICLE}
    if headline := re.search(r'"headline"\s*:\s*("(?:[^"\\]|\\.)*")', raw):
        assert words(posts[0].title) == words(json.loads(headline[1], strict=False))[: len(words(posts[0].title))]


@pytest.mark.parametrize(
    ("name", "count", "type_"),
    [
        ("katzen-forum", 1, PostType.POST),
        ("villagersandheroes", 1, PostType.POST),
        ("werkzeugforum", 1, PostType.ARTICLE),
        ("anglerboard", 0, None),
        ("wolfsrebellen", 0, None),
    ],
)
def test_forums_tell_of_the_opening_post_at_most(name: str, count: int, type_: PostType | None) -> None:
    path = only("forums", f"*{name}*")
    posts = read("schemaorg", path).posts
    assert [post.type for post in posts] == [type_] * count
    if type_ is PostType.POST:
        raw = path.read_text(encoding="utf-8")
        (number,) = re.findall(r'"userInteractionCount"\s*:\s*"?(\d+)', raw)
        assert posts[0].replies == int(number)
        assert words(posts[0].title) == words(str(json.loads(re.findall(r'"headline"\s*:\s*(".*?[^\\]")', raw)[0])))


@pytest.mark.parametrize(
    "path",
    [*files("boards", "*/*.html"), *files("forums", "*bmel*"), *files("yelp", "*.html")],
    ids=lambda path: path.stem[-30:],
)
def test_pages_without_schema_org_are_refused(path: Path) -> None:
    with pytest.raises(Malformed, match=r"says nothing in schema\.org's words"):
        read("schemaorg", path)
