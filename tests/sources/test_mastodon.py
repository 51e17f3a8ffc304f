"""Kind mastodon: tags that are read one after the other, where each goes on, and recorded answers of real servers."""

from __future__ import annotations

import gzip
import html
import json
import re
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ruamel.yaml import YAML

from monitor.errors import LoginRefused, Malformed
from monitor.models import PostType
from monitor.sources.mastodon import MastodonKind, MastodonOptions
from tests.sources.social import NOW, answer, http, shared_file, shared_names, visit

if TYPE_CHECKING:
    from monitor.models import JSON, Page, Request

HOME = "https://social.example"


def kind(**options: Any) -> MastodonKind:
    return MastodonKind(HOME, MastodonOptions(**options))


def status(number: int, at: str = "2026-11-18T10:00:00.000Z", **said: Any) -> dict[str, Any]:
    url = f"{HOME}/@olga/{number}"
    account = {"acct": "olga", "url": f"{HOME}/@olga", "followers_count": 3}
    return {"id": str(number), "created_at": at, "content": "<p>words</p>", "url": url, "account": account, **said}


def query(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(http(request).url).query).items()}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "give tags"),
        ({"query": "x"}, "needs a token"),
        ({"tags": ("my brand",)}, "no hashtag"),
        ({"tags": ("a/b",)}, "no hashtag"),
        ({"tags": tuple(f"t{number}" for number in range(26))}, "at most"),
    ],
)
def test_refuses_options_that_cannot_work(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MastodonOptions(**options)


def test_each_list_is_asked_for_and_goes_on_where_it_ended() -> None:
    reader = kind(tags=("#Brand", "склад"), query="my brand", public=True, token="${TOKEN}")
    cursor: dict[str, JSON] = {"since": {"Brand": "70"}}
    request: Request | None = reader.start(cursor, NOW)
    asked, page = [], None
    while request is not None:
        asked.append((urlsplit(http(request).url).path, query(request)))
        assert dict(http(request).headers)["authorization"] == "Bearer ${TOKEN}"
        assert http(request).with_secrets
        body: object = [status(99), status(88, "2026-11-18T08:59:00.000Z")]
        page = reader.read(request, answer({"statuses": body} if "search" in http(request).url else body), cursor)
        cursor, request = dict(page.cursor), page.onward
    assert asked == [
        ("/api/v1/timelines/tag/Brand", {"limit": "40", "since_id": "70"}),
        ("/api/v1/timelines/tag/%D1%81%D0%BA%D0%BB%D0%B0%D0%B4", {"limit": "40"}),
        ("/api/v2/search", {"q": "my brand", "type": "statuses", "limit": "40"}),
        ("/api/v1/timelines/public", {"local": "true", "limit": "40"}),
    ]
    assert set(cursor["since"]) == {"Brand", "склад", "?", "."}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("dates", "since"),
    [
        (["11:00", "10:30", "10:00", "09:00"], "2"),
        (["11:00", "10:30"], "70"),  # all within the hour: it goes on from where it was
        (["2031", "11:00", "10:30", "09:59"], "3"),  # one that lies about its date does not push on
    ],
)
def test_the_next_visit_begins_an_hour_before_the_newest(dates: list[str], since: str) -> None:
    listed = [
        status(number, "2031-01-01T00:00:00Z" if at == "2031" else f"2026-11-18T{at}:00Z")
        for number, at in enumerate(dates)
    ]
    page = visit(kind(tags=("a",)), listed, {"since": {"a": "70", "other": "5"}})
    assert page.cursor["since"] == {"a": since, "other": "5"}


def test_pages_back_from_the_same_beginning_while_the_server_has_more() -> None:
    reader = kind(tags=("a",))
    cursor: dict[str, JSON] = {"since": {"a": "10"}}
    link = f'<{HOME}/api/v1/timelines/tag/a?max_id=1>; rel="next", <{HOME}/x>; rel="prev"'
    page = visit(reader, [status(90), status(80)], cursor, link=link)
    assert query(page.more[0]) == {"limit": "40", "since_id": "10", "max_id": "80"}
    assert not page.joined
    last = reader.read(page.more[0], answer([status(70)]), page.cursor)
    assert (last.more, last.joined, last.cursor) == ((), True, page.cursor)
    full = visit(reader, [status(number) for number in range(140, 100, -1)], cursor)
    assert query(full.more[0])["max_id"] == "101"


def test_a_search_pages_by_what_it_has_passed() -> None:
    reader = kind(query="a", token="t")
    found = {"statuses": [status(number) for number in range(40)], "accounts": [], "hashtags": []}
    page = visit(reader, found)
    assert query(page.more[0])["offset"] == "40"
    assert query(reader.read(page.more[0], answer(found), {}).more[0])["offset"] == "80"
    assert not page.joined


def test_boosts_and_silent_pictures_are_no_posts() -> None:
    assert visit(kind(tags=("a",)), [status(1, reblog=status(2)), status(3, content="")]).posts == ()


def test_answers_are_comments() -> None:
    reader = kind(tags=("a",), token="${TOKEN}")
    follow = visit(reader, [status(5)]).posts[0].follow
    assert follow == f"{HOME}/api/v1/statuses/5/context"
    request = http(reader.replies(follow, {}, NOW))
    assert (request.step, request.with_secrets) == ("replies", True)
    context = {"ancestors": [status(1)], "descendants": [status(6, in_reply_to_id="5"), status(7, in_reply_to_id="6")]}
    posts = reader.read(request, answer(context), {}).posts
    assert [(post.native_id, post.parent, post.type) for post in posts] == [
        ("7", "6", PostType.COMMENT),
        ("6", "5", PostType.COMMENT),
    ]
    assert reader.read(request, answer({"ancestors": [], "descendants": []}), {}).posts == ()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": "This method requires an authenticated user"}, LoginRefused),
        ({"error": "The access token is invalid"}, LoginRefused),
        ({"error": "Record not found"}, Malformed),
        ([{"title": "not a status"}], Malformed),
        ({"posts": []}, Malformed),
    ],
)
def test_says_what_the_server_says(body: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        visit(kind(tags=("a",)), body)


# ── Recorded answers ────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def recorded(name: str) -> list[tuple[str, str, Any]]:
    """Address, Link header and JSON of each answer in a cassette."""
    found = []
    for one in YAML(typ="safe").load(shared_file("mastodon", name).read_text(encoding="utf-8"))["interactions"]:
        body = one["response"]["body"]["string"]
        if isinstance(body, bytes):
            body = (gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body).decode()
        link = next((values for key, values in one["response"]["headers"].items() if key.lower() == "link"), [""])
        found.append((one["request"]["uri"], link[0], json.loads(body)))
    return found


def read_recorded(uri: str, link: str, body: Any) -> Page:
    path = urlsplit(uri).path
    home = uri.partition("/api/")[0]
    if path.endswith("/context"):
        reader = MastodonKind(home, MastodonOptions(tags=("a",)))
        request: Request | None = reader.replies(uri, {}, NOW)
        assert request is not None
        return reader.read(request, answer(body), {})
    options = MastodonOptions(query="a", token="t") if "search" in path else MastodonOptions(public=True)
    return visit(MastodonKind(home, options), body, link=link)


@pytest.mark.parametrize("name", shared_names("mastodon", ".yaml"))
def test_reads_recorded_answers(name: str) -> None:
    """Timelines, searches and conversations are read; accounts, single posts, edits and the rest are refused."""
    for uri, link, body in recorded(name):
        given = body if isinstance(body, list) else body.get("statuses", body.get("descendants"))
        is_list = isinstance(given, list) and all("content" in one and "id" in one for one in given)
        if not is_list:
            with pytest.raises(Malformed, match="list"):
                read_recorded(uri, link, body)
            continue
        # Their clocks run ahead of the test's: what is dated after it stays without a date.
        wanted = [one for one in given if not one.get("reblog") and (re.sub(r"<[^>]*>", "", one["content"]).strip())]
        page = read_recorded(uri, link, body)
        posts = {post.native_id: post for post in page.posts}
        assert posts.keys() == {one["id"] for one in wanted}
        assert bool(page.more) == ('rel="next"' in link)
        for one in wanted:
            post = posts[one["id"]]
            said = datetime.fromisoformat(one["created_at"])
            assert post.published == (said if said <= NOW else None)
            assert (post.url, post.author.name, post.likes) == (
                one["url"],
                one["account"]["acct"],
                one["favourites_count"],
            )
            assert (post.parent, post.author.followers) == (one["in_reply_to_id"], one["account"]["followers_count"])
            words = html.unescape(re.sub(r"<[^>]*>", " ", one["content"])).split()
            assert all(word in post.text for word in words)
