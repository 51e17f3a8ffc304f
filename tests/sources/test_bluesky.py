"""Kind bluesky: the login before a search, when its token runs out, searches one after the other, and threads."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.errors import Blocked, LoginRefused, Malformed
from monitor.models import PostType
from monitor.sources.bluesky import BlueskyKind, BlueskyOptions
from tests.sources.social import NOW, answer, http, shared_file, shared_names

if TYPE_CHECKING:
    from monitor.models import JSON, Page, Request

HOME = "https://bsky.social"
TOKEN = "made-up-token-of-a-test"
CURSOR: dict[str, JSON] = {"session": {"token": TOKEN, "until": (NOW + timedelta(hours=1)).isoformat()}}


def kind(*queries: str) -> BlueskyKind:
    options = BlueskyOptions(query=queries or ("brand",), handle="@me.example", app_password="${BLUESKY}")
    return BlueskyKind(HOME, options)


def view(key: str = "3k", *, created: str = "2026-11-18T10:00:00Z", **said: Any) -> dict[str, Any]:
    record = {"text": "words", "createdAt": created, **said.pop("record", {})}
    author = {"handle": "olga.example", "did": "did:plc:olga"}
    return {"uri": f"at://did:plc:olga/app.bsky.feed.post/{key}", "author": author, "record": record, **said}


def search(reader: BlueskyKind, body: object, cursor: dict[str, JSON] | None = None) -> Page:
    cursor = cursor or CURSOR
    return reader.read(reader.start(cursor, NOW), answer(body), cursor)


def query(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(http(request).url).query).items()}


def token_until(seconds: float | str) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": seconds}).encode()).decode().rstrip("=")
    return f"header.{claims}.signature"


@pytest.mark.parametrize(
    "given", [{"query": ()}, {"query": (" ",)}, {"handle": ""}, {"app_password": " "}, {"query": ("a",) * 26}]
)
def test_refuses_options_that_cannot_work(given: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"query": ("a",), "handle": "h", "app_password": "p"}
    with pytest.raises(ValueError, match=r"query|handle"):
        BlueskyOptions(**{**whole, **given})


def test_logs_in_first_and_goes_on_with_the_token_that_it_was_given() -> None:
    reader = kind()
    login = http(reader.start({}, NOW))
    assert (login.method, login.step, login.with_secrets) == ("POST", "login", True)
    assert login.url == f"{HOME}/xrpc/com.atproto.server.createSession"
    assert json.loads(login.body or b"") == {"identifier": "me.example", "password": "${BLUESKY}"}
    token = token_until((NOW + timedelta(hours=2)).timestamp())
    page = reader.read(login, answer({"accessJwt": token, "did": "did:plc:me"}), {})
    assert (page.posts, page.more) == ((), ())
    onward = http(page.onward)
    assert dict(onward.headers)["authorization"] == f"Bearer {token}"
    assert (onward.step, query(onward)["q"]) == ("list", "brand")
    assert token not in onward.url
    assert token not in json.dumps(dict(onward.carry))
    assert set(page.cursor) == {"session"}
    assert reader.start(page.cursor, NOW) == onward


@pytest.mark.parametrize(
    ("token", "life"),
    [
        (token_until((NOW + timedelta(hours=2)).timestamp()), timedelta(hours=2)),
        ("opaque-token-of-a-server", timedelta(hours=1)),
        (token_until("never"), timedelta(hours=1)),
        (token_until(1e300), timedelta(hours=1)),
        ("a." + "[" * 3000 + ".b", timedelta(hours=1)),
    ],
)
def test_logs_in_again_before_the_token_runs_out(token: str, life: timedelta) -> None:
    reader = kind()
    page = reader.read(reader.start({}, NOW), answer({"accessJwt": token.replace("[", "x")}), {})
    assert reader.start(page.cursor, NOW + life - timedelta(minutes=5)).step == "list"
    assert reader.start(page.cursor, NOW + life).step == "login"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": "AuthenticationRequired", "message": "Invalid identifier or password"}, LoginRefused),
        ({"error": "AuthFactorTokenRequired", "message": "A sign in code was sent"}, LoginRefused),
        ({"accessJwt": None}, Malformed),
        ({"accessJwt": "has spaces and\nlines in it"}, Malformed),
        ("<html><title>403 Forbidden</title><body>no</body></html>", Blocked),
    ],
)
def test_says_that_the_login_is_refused(body: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        kind().read(kind().start({}, NOW), answer(body), {})


def test_an_expired_token_is_a_refused_login() -> None:
    with pytest.raises(LoginRefused, match="ExpiredToken"):
        search(kind(), {"error": "ExpiredToken", "message": "Token has expired"})


def test_searches_one_after_the_other_each_from_an_hour_before_its_newest() -> None:
    reader = kind("brand", "other brand")
    cursor: dict[str, JSON] = {**CURSOR, "newest": {"brand": "2026-11-18T09:30:00+00:00"}}
    first = reader.start(cursor, NOW)
    assert query(first) == {"q": "brand", "sort": "latest", "limit": "100", "since": "2026-11-18T08:30:00.000Z"}
    page = reader.read(first, answer({"posts": [view()], "cursor": "100"}), cursor)
    assert query(page.more[0]) == {**query(first), "cursor": "100"}
    assert not page.joined
    assert page.onward is not None
    assert query(page.onward) == {"q": "other brand", "sort": "latest", "limit": "100"}
    older = reader.read(page.more[0], answer({"posts": [view("3j", created="2026-11-18T08:40:00Z")]}), page.cursor)
    assert (older.more, older.onward, older.joined) == ((), None, True)
    last = reader.read(page.onward, answer({"posts": []}), older.cursor)
    assert (last.onward, last.joined) == (None, False)
    assert last.cursor["newest"] == {"brand": "2026-11-18T10:00:00+00:00"}


@pytest.mark.parametrize(
    ("created", "indexed", "published"),
    [
        ("2026-11-18T10:00:00Z", "2026-11-18T10:00:05Z", "2026-11-18T10:00:00+00:00"),
        ("2027-01-01T00:00:00Z", "2026-11-18T10:00:05Z", "2026-11-18T10:00:05+00:00"),
        ("2019-01-01T00:00:00Z", "2026-11-18T10:00:05Z", "2019-01-01T00:00:00+00:00"),
        ("lately", "2026-11-18T10:00:05Z", "2026-11-18T10:00:05+00:00"),
        ("1970-01-01T00:00:00Z", None, None),
    ],
)
def test_a_post_is_as_old_as_the_older_of_two_dates(created: str, indexed: str | None, published: str | None) -> None:
    post = search(kind(), {"posts": [view(created=created, indexedAt=indexed)]}).posts[0]
    assert (post.published.isoformat() if post.published else None) == published


@pytest.mark.parametrize(
    "uri",
    ["at://did:plc:x/app.bsky.feed.like/3k", "https://x.example/", "at://did:plc:x/app.bsky.feed.post/../x", None],
)
def test_what_is_no_post_is_left_out(uri: object) -> None:
    assert search(kind(), {"posts": [view(uri=uri)]}).posts == ()


def thread(*replies: dict[str, Any]) -> dict[str, Any]:
    return {"thread": {"$type": "app.bsky.feed.defs#threadViewPost", "post": view("root"), "replies": list(replies)}}


def test_answers_are_comments_however_deep() -> None:
    reader = kind()
    follow = search(reader, {"posts": [view("root")]}).posts[0].follow or ""
    request = http(reader.replies(follow, CURSOR, NOW))
    assert (request.url, request.step) == (follow, "replies")
    under = {"reply": {"root": {"uri": view("root")["uri"]}, "parent": {"uri": view("root")["uri"]}}}
    deeper = {"post": view("b", created="2026-11-18T11:00:00Z", record=under)}
    hidden = {"$type": "app.bsky.feed.defs#blockedPost", "uri": view("c")["uri"], "blocked": True}
    body = thread({"post": view("a", record=under), "replies": [deeper]}, hidden)
    posts = reader.read(request, answer(body), CURSOR).posts
    assert [(post.native_id, post.type) for post in posts] == [
        (view("b")["uri"], PostType.COMMENT),
        (view("a")["uri"], PostType.COMMENT),
    ]
    assert reader.read(request, answer(thread()), CURSOR).posts == ()


def test_answers_are_asked_for_after_a_login_where_there_is_no_token() -> None:
    reader = kind()
    address = f"{HOME}/xrpc/app.bsky.feed.getPostThread?uri=x"
    login = http(reader.replies(address, {}, NOW))
    assert (login.method, login.step) == ("POST", "replies")
    page = reader.read(login, answer({"accessJwt": TOKEN}), {})
    onward = http(page.onward)
    assert (onward.url, onward.step) == (address, "replies")
    assert reader.read(onward, answer(thread()), page.cursor).posts == ()


@pytest.mark.parametrize("name", shared_names("bluesky", ".json"))
def test_reads_records_of_another_project(name: str) -> None:
    """They are records and no answers, which are refused; the posts among them are read as a search shows them."""
    raw = json.loads(shared_file("bluesky", name).read_bytes())
    with pytest.raises(Malformed, match="no list of posts"):
        search(kind(), raw)
    record = raw.get("value") or {}
    posts = search(kind(), {"posts": [view(uri=raw.get("uri"), record={"text": None, **record})]}).posts
    if record.get("$type") != "app.bsky.feed.post":
        assert posts == ()
        return
    assert (posts[0].native_id, posts[0].text) == (raw["uri"], record["text"])
    assert posts[0].lang == (record.get("langs") or [None])[0]
    assert posts[0].published is not None
    assert posts[0].published.isoformat()[:19] == record["createdAt"][:19]
