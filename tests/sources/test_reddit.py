"""Kind reddit: feeds with the user's token, the API with its login, headers that say wait, and recorded answers."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

import pytest

from monitor.errors import Blocked, LoginRefused, Malformed, ReadError, Throttled
from monitor.models import PostType
from monitor.sources.reddit import RedditKind, RedditOptions
from tests.sources.social import NOW, answer, http, shared_file, shared_names, visit

if TYPE_CHECKING:
    from monitor.models import JSON, Page

HOME = "https://www.reddit.com"
API = "https://oauth.reddit.com"
TOKEN = "made-up-token-of-a-test"
CURSOR: dict[str, JSON] = {"session": {"token": TOKEN, "until": (NOW + timedelta(hours=1)).isoformat()}}


def feed_kind(**options: Any) -> RedditKind:
    options = options or {"query": "brand"}
    return RedditKind(HOME, RedditOptions(user="me", feed_token="${FEED}", **options))


def api_kind(**options: Any) -> RedditKind:
    options = options or {"query": "brand"}
    return RedditKind(HOME, RedditOptions(client_id="${ID}", client_secret="${SECRET}", **options))


def entry(name: str, content: str, *, title: str = "A title", path: str = "/r/a/comments/1a/t/") -> str:
    return (
        f"<entry><id>{name}</id><title>{title}</title><link href='{HOME}{path}'/>"
        f"<author><name>/u/olga</name></author><content type='html'>{escape(content)}</content></entry>"
    )


def feed(*entries: str) -> str:
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>x</title>{''.join(entries)}</feed>"


def thing(kind: str, number: str, **said: Any) -> dict[str, Any]:
    text = {"body": "words"} if kind == "t1" else {"selftext": "words", "title": "A title"}
    return {"kind": kind, "data": {"name": f"{kind}_{number}", "created_utc": 1794996000.0, **text, **said}}


def listing(*things: object, after: str | None = None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"children": [*things], "after": after}}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "query or subreddits"),
        ({"query": "a", "comments": True}, "cannot search"),
        ({"subreddits": ("r/a",)}, "without r/"),
        ({"query": "a", "user": "me"}, "one needs the other"),
        ({"query": "a", "client_id": "x"}, "one needs the other"),
        ({"query": "a", "user": "u", "feed_token": "f", "client_id": "x", "client_secret": "y"}, "or client_id"),
    ],
)
def test_refuses_options_that_cannot_work(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        RedditOptions(**options)


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"query": '"my brand"'}, "/search{rss}?limit=100&q=%22my%20brand%22&sort=new"),
        ({"query": "b", "subreddits": ("a", "c")}, "/r/a+c/search{rss}?limit=100&q=b&sort=new&restrict_sr=1"),
        ({"subreddits": ("a", "c")}, "/r/a+c/new{rss}?limit=100"),
        ({"subreddits": ("a",), "comments": True}, "/r/a/comments{rss}?limit=100"),
    ],
)
def test_what_is_asked_for(options: dict[str, Any], path: str) -> None:
    request = http(feed_kind(**options).start({}, NOW))
    assert request.url == f"{HOME}{path.format(rss='.rss')}&feed=${{FEED}}&user=me"
    assert request.with_secrets
    request = http(api_kind(**options).start(CURSOR, NOW))
    assert request.url == f"{API}{path.format(rss='')}&raw_json=1"
    assert dict(request.headers)["authorization"] == f"Bearer {TOKEN}"


def test_feeds_without_an_account_hold_no_secret() -> None:
    request = http(RedditKind(HOME, RedditOptions(query="b")).start({}, NOW))
    assert (request.url, request.with_secrets) == (f"{HOME}/search.rss?limit=100&q=b&sort=new", False)


def test_logs_in_and_goes_on_with_the_token() -> None:
    reader = api_kind()
    login = http(reader.start({}, NOW))
    assert login.url == "https://${ID}:${SECRET}@www.reddit.com/api/v1/access_token"
    assert (login.method, login.body, login.step, login.with_secrets) == (
        "POST",
        b"grant_type=client_credentials",
        "login",
        True,
    )
    page = reader.read(login, answer({"access_token": TOKEN, "token_type": "bearer", "expires_in": 86400}), {})
    assert page.onward == reader.start(page.cursor, NOW)
    assert http(page.onward).step == "list"
    assert reader.start(page.cursor, NOW + timedelta(hours=23)).step == "list"
    assert reader.start(page.cursor, NOW + timedelta(hours=24)).step == "login"
    assert TOKEN not in json.dumps(dict(http(page.onward).carry)) + http(page.onward).url


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": "invalid_grant"}, LoginRefused),
        ({"message": "Forbidden", "error": 403}, LoginRefused),
        ({"message": "Too Many Requests", "error": 429}, Throttled),
        ({"error": 500}, Malformed),
        ({"access_token": 5}, Malformed),
    ],
)
def test_says_what_reddit_says(body: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        api_kind().read(api_kind().start({}, NOW), answer(body), {})


@pytest.mark.parametrize(
    ("left", "reset", "wait"),
    [
        ("0", "29", timedelta(seconds=29)),
        ("0.0", "31.5", timedelta(seconds=31.5)),
        ("97.0", "300", None),
        ("0", "0", None),
        ("0", "999999", timedelta(minutes=15)),
        ("nan", "nan", None),
        ("none", "soon", None),
    ],
)
def test_headers_of_a_good_answer_say_wait(left: str, reset: str, wait: timedelta | None) -> None:
    for reader, body in ((feed_kind(), feed()), (api_kind(), listing())):
        page = visit(reader, body, CURSOR, x_ratelimit_remaining=left, x_ratelimit_reset=reset)
        assert page.wait == wait


def test_cuts_what_nobody_wrote() -> None:
    tail = ' submitted by <a href="/u/olga"> /u/olga </a> to <a href="/r/a"> r/a </a> <br/>'
    tail += " <span><a>[link]</a></span> <span><a>[comments]</a></span>"
    texts = [f"<!-- SC_OFF --><div class='md'><p>submitted by hand [link]</p></div><!-- SC_ON -->{tail}", tail.strip()]
    posts = visit(feed_kind(), feed(*(entry(f"t3_{number}a", text) for number, text in enumerate(texts)))).posts
    assert [post.text for post in posts] == ["submitted by hand [link]", ""]


@pytest.mark.parametrize("text", ["[deleted]", "[removed]"])
def test_what_was_removed_is_no_post(text: str) -> None:
    assert visit(feed_kind(), feed(entry("t1_a", text), entry("t3_a", f"<p>{text}</p> submitted by /u/x"))).posts == ()
    things = [thing("t1", "a", body=text), thing("t3", "a", selftext=text)]
    assert visit(api_kind(), listing(*things), CURSOR).posts == ()


def test_a_full_feed_is_paged_back_from_its_last_post() -> None:
    reader = feed_kind()
    entries = [entry(f"t3_a{number}", "words") for number in range(25)]
    more = visit(reader, feed(*entries)).more
    assert [request.url for request in more] == [
        f"{HOME}/search.rss?limit=100&q=brand&sort=new&feed=${{FEED}}&user=me&after=t3_a24"
    ]
    assert reader.read(more[0], answer(feed(*entries[:24])), {}).more == ()


def test_the_api_is_paged_back_as_it_says() -> None:
    page = visit(api_kind(), listing(thing("t3", "b"), after="t3_b"), CURSOR)
    assert [request.url for request in page.more] == [f"{API}/search?limit=100&q=brand&sort=new&raw_json=1&after=t3_b"]
    assert visit(api_kind(), listing(thing("t3", "b"), after="${ID}"), CURSOR).more == ()


def test_quotes_of_markdown_begin_with_a_sign_and_a_space() -> None:
    text = ">>deep\n>near\n>!a spoiler!<\n5 > 3"
    post = visit(api_kind(), listing(thing("t1", "c", body=text)), CURSOR).posts[0]
    assert post.text == "> deep\n> near\n>!a spoiler!<\n5 > 3"


def test_answers_in_feeds() -> None:
    reader = feed_kind()
    follow = visit(reader, feed(entry("t3_1a", "words"))).posts[0].follow
    assert follow == f"{HOME}/r/a/comments/1a/t/.rss"
    request = http(reader.replies(follow, {}, NOW))
    assert request.url == f"{follow}?limit=100&sort=new&feed=${{FEED}}&user=me"
    below = feed(entry("t3_1a", "words"), entry("t1_9", "an answer", path="/r/a/comments/1a/t/9/"))
    posts = reader.read(request, answer(below), {}).posts
    assert [(post.native_id, post.thread, post.type, post.title) for post in posts] == [
        ("t1_9", "t3_1a", PostType.COMMENT, "")
    ]
    assert reader.read(request, answer(feed(entry("t3_1a", "words"))), {}).posts == ()


def test_answers_in_the_api_however_deep() -> None:
    reader = api_kind()
    follow = visit(reader, listing(thing("t3", "1a", permalink="/r/a/comments/1a/t/")), CURSOR).posts[0].follow
    assert follow == f"{API}/comments/1a"
    request = http(reader.replies(follow, CURSOR, NOW))
    assert request.url == f"{API}/comments/1a?limit=100&sort=new&raw_json=1"
    deeper = thing("t1", "d", link_id="t3_1a", parent_id="t1_c")
    above = thing("t1", "c", link_id="t3_1a", parent_id="t3_1a", replies=listing(deeper))
    unread = {"kind": "more", "data": {"count": 4, "name": "t1__", "children": ["x"]}}
    body = [listing(thing("t3", "1a")), listing(above, thing("t1", "e", replies=""), unread)]
    posts = reader.read(request, answer(body), CURSOR).posts
    assert [(post.native_id, post.parent) for post in posts] == [("t1_c", "t3_1a"), ("t1_d", "t1_c"), ("t1_e", None)]
    assert reader.read(request, answer([listing(thing("t3", "1a")), listing()]), CURSOR).posts == ()


def test_answers_are_asked_for_after_a_login_where_there_is_no_token() -> None:
    reader = api_kind()
    login = http(reader.replies(f"{API}/comments/1a", {}, NOW))
    assert (login.method, login.step) == ("POST", "replies")
    onward = http(reader.read(login, answer({"access_token": TOKEN}), {}).onward)
    assert (onward.url, onward.step) == (f"{API}/comments/1a?limit=100&sort=new&raw_json=1", "replies")


# ── Files of other projects ─────────────────────────────────────────────────────────────────────────────────────────


@cache
def recorded(name: str) -> list[tuple[str, int, Any]]:
    """Address, status and JSON of each answer in a cassette."""
    found = []
    for one in json.loads(shared_file("reddit", name).read_bytes())["interactions"]:
        body = one["response"]["body"]["string"]
        found.append((one["request"]["uri"], one["response"]["status"]["code"], json.loads(body)))
    return found


def read_recorded(uri: str, body: Any) -> Page | ReadError:
    reader = api_kind()
    is_login = uri.endswith("/access_token")
    cursor = {} if is_login else CURSOR
    try:
        return reader.read(reader.start(cursor, NOW), answer(body), cursor)
    except ReadError as error:
        return error


def agrees(post: Any, data: dict[str, Any]) -> None:
    """Whether a post says what the thing says."""
    is_comment = data["name"].startswith("t1_")
    assert post.native_id == data["name"]
    assert post.published == datetime.fromtimestamp(data["created_utc"], UTC)
    assert post.author.name == (None if data["author"] == "[deleted]" else data["author"])
    title = "" if is_comment else " ".join(data["title"].split())
    assert post.title == "".join(sign for sign in title if not 0x7F <= ord(sign) < 0xA0)  # one has a control character
    assert post.likes == (data["score"] if data["score"] >= 0 and not data.get("score_hidden") else None)
    assert post.replies == data.get("num_comments")
    assert (post.thread, post.parent) == ((data["link_id"], data["parent_id"]) if is_comment else (None, None))
    assert post.type is (PostType.COMMENT if is_comment else PostType.POST)
    assert f"/comments/{(data.get('link_id') or data['name'])[3:]}/" in post.url
    said = data["body" if is_comment else "selftext"]
    assert re.sub(r"[\s>]", "", post.text) == re.sub(r"[\s>]", "", said)


@pytest.mark.parametrize(
    "name", [name for name in shared_names("reddit", ".json") if name.startswith("praw")] or ["fixtures"]
)
def test_reads_recorded_answers_of_the_api(name: str) -> None:
    for uri, status, body in recorded(name):
        page = read_recorded(uri, body)
        if uri.endswith("/access_token"):
            # The recorded token is masked with signs that no token has.
            assert isinstance(page, Malformed) == ("<" in body["access_token"])
        elif status == 403:
            assert isinstance(page, LoginRefused)
        elif body.get("kind") != "Listing":
            assert isinstance(page, Malformed)
        else:
            children = [child["data"] for child in body["data"]["children"] if child["kind"] in ("t1", "t3")]
            removed = [
                data for data in children if data.get("body", data.get("selftext")) in ("[deleted]", "[removed]")
            ]
            kept = [data for data in children if data not in removed]
            assert not isinstance(page, ReadError)
            assert len(page.posts) == len(kept)
            for post, data in zip(page.posts, kept, strict=True):
                agrees(post, data)
            after = body["data"]["after"]
            assert [request.url.rpartition("after=")[2] for request in page.more] == ([after] if after else [])


def test_reads_a_feed_as_another_project_expects_it() -> None:
    name = "KulluPraveenKumar__reddit-lead-finder__tests__fixtures__atom__search"
    page = visit(feed_kind(), shared_file("reddit", f"{name}.xml").read_bytes())
    expected = json.loads(shared_file("reddit", f"{name}.expected.json").read_bytes())["posts"]
    assert [
        {
            "id": post.native_id,
            "title": post.title,
            "url": post.url,
            "author": post.author.name,
            "score": post.likes,
            "num_comments": post.replies,
            "body": post.text,
            "created_utc": post.published and f"{post.published:%Y-%m-%d %H:%M:%S}",
        }
        for post in page.posts
    ] == [{key: value for key, value in one.items() if key != "subreddit"} for one in expected]


@pytest.mark.parametrize("name", shared_names("reddit", ".html"))
def test_pages_for_people_block(name: str) -> None:
    body = shared_file("reddit", name).read_bytes()
    title = re.search(rb"<title>\s*([^<]*?)\s*</title>", body)
    assert title
    for reader in (feed_kind(), api_kind()):
        with pytest.raises(Blocked, match=re.escape(title[1].decode())):
            visit(reader, body, CURSOR)


@pytest.mark.parametrize("name", [name for name in shared_names("reddit", ".json") if not name.startswith("praw")])
def test_refuses_what_others_made_of_reddit(name: str) -> None:
    body = shared_file("reddit", name).read_bytes()
    with pytest.raises(Malformed, match="no listing"):
        visit(api_kind(), body, CURSOR)
    with pytest.raises(Malformed, match=r"not a JSON Feed|not a feed"):
        visit(feed_kind(), body)
