"""Kind vk: its lists, its errors inside a 200, reposts and comments; the shapes agree with VK's own schema."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from monitor.errors import Blocked, LoginRefused, Malformed, Throttled
from monitor.models import PostType
from monitor.sources.vk import VkKind, VkOptions
from tests.sources.social import DATA, NOW, answer, http, shared_file, shared_names, visit

if TYPE_CHECKING:
    from monitor.models import JSON, Request

HOME = "https://api.vk.com"


def kind(**options: Any) -> VkKind:
    return VkKind(HOME, VkOptions(**{"token": "${VK}", **options}))


def item(number: int, **said: Any) -> dict[str, Any]:
    return {"id": number, "owner_id": -5, "from_id": -5, "date": 1794996000, "text": "words", **said}


def response(*items: object, **said: Any) -> dict[str, Any]:
    return {"response": {"items": list(items), **said}}


def query(request: Request) -> dict[str, str]:
    known = {"access_token", "v", "extended", "fields", "count"}
    asked = parse_qs(urlsplit(http(request).url).query)
    assert asked["access_token"] == ["${VK}"]
    assert http(request).with_secrets
    return {name: values[0] for name, values in asked.items() if name not in known}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"token": ""}, "token"),
        ({}, "query or domains"),
        ({"domains": ("vk.com/shop",)}, "no name of a wall"),
        ({"domains": tuple(f"d{number}" for number in range(26))}, "at most"),
    ],
)
def test_refuses_options_that_cannot_work(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        VkOptions(**{"token": "${VK}", **options})


def test_reads_walls_and_the_search_one_after_the_other() -> None:
    reader = kind(query="brand", domains=("shop", "club7"))
    cursor: dict[str, JSON] = {"newest": "2026-11-18T10:00:00+00:00"}
    request: Request | None = reader.start(cursor, NOW)
    asked, is_joined = [], False
    while request is not None:
        asked.append((urlsplit(http(request).url).path, query(request)))
        page = reader.read(request, answer(response(item(1), count=1)), cursor)
        cursor, request, is_joined = dict(page.cursor), page.onward, page.joined
    since = "1794992400"  # 2026-11-18T09:00Z
    assert asked == [
        ("/method/wall.get", {"domain": "shop"}),
        ("/method/wall.get", {"domain": "club7"}),
        ("/method/newsfeed.search", {"q": "brand", "start_time": since}),
    ]
    assert is_joined
    assert cursor == {"newest": "2026-11-18T10:00:00+00:00"}


def test_pages_back() -> None:
    searching = kind(query="brand")
    page = visit(searching, response(item(2), next_from="100/-5_2"))
    assert query(page.more[0]) == {"q": "brand", "start_from": "100/-5_2"}
    assert searching.read(page.more[0], answer(response(item(1))), {}).more == ()
    wall = kind(domains=("shop",))
    page = visit(wall, response(item(3), item(2), count=3))
    assert query(page.more[0]) == {"domain": "shop", "offset": "2"}
    assert wall.read(page.more[0], answer(response(item(1), count=3)), {}).more == ()
    assert wall.read(page.more[0], answer(response(count=300)), {}).more == ()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (5, LoginRefused),
        (27, LoginRefused),
        (6, Throttled),
        (9, Throttled),
        (29, Throttled),
        (14, Blocked),
        (15, Malformed),
        (100, Malformed),
        (None, Malformed),
    ],
)
def test_errors_come_in_good_answers(code: int | None, error: type[Exception]) -> None:
    body: dict[str, Any] = {"error": {"error_code": code, "error_msg": "What VK says", "request_params": []}}
    with pytest.raises(error, match=r"about shop: error .*, What VK says") as raised:
        visit(kind(domains=("shop",)), body)
    if isinstance(raised.value, Throttled):
        assert timedelta(seconds=1) < raised.value.wait <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("[id1|Olga], hello", "Olga, hello"),
        ("[club7:bp-5_2|Shop] is back", "Shop is back"),
        ("see [https://x.example/a|here]", "see here"),
        ("[not|one] a < b", "[not|one] a < b"),
    ],
)
def test_names_with_links_are_names(text: str, plain: str) -> None:
    assert visit(kind(query="q"), response(item(1, text=text))).posts[0].text == plain


def test_a_repost_quotes() -> None:
    post = visit(kind(query="q"), response(item(1, text="", copy_history=[item(2, text="a\nb")]))).posts[0]
    assert post.text == "> a\n> b"


def test_comments_with_those_below_them() -> None:
    reader = kind(query="q")
    follow = visit(reader, response(item(8))).posts[0].follow
    assert follow == f"{HOME}/method/wall.getComments?owner_id=-5&post_id=8"
    request = http(reader.replies(follow, {}, NOW))
    assert query(request) == {
        "owner_id": "-5",
        "post_id": "8",
        "sort": "desc",
        "need_likes": "1",
        "thread_items_count": "10",
    }
    below = item(21, post_id=8, from_id=77, reply_to_comment=20, text="below", likes={"count": 2})
    listed = [item(20, post_id=8, thread={"count": 1, "items": [below]}), item(19, post_id=8, deleted=True, text="")]
    posts = reader.read(request, answer(response(*listed, count=2)), {}).posts
    assert [(post.native_id, post.thread, post.parent, post.type) for post in posts] == [
        ("-5_8_r20", "-5_8", "-5_8", PostType.COMMENT),
        ("-5_8_r21", "-5_8", "-5_8_r20", PostType.COMMENT),
    ]
    assert posts[1].url == "https://vk.com/wall-5_8?reply=21"
    assert reader.read(request, answer(response(count=0)), {}).posts == ()


@pytest.mark.parametrize(
    "address", [f"{HOME}/method/wall.getComments?owner_id=x&post_id=1", f"{HOME}/", f"{HOME}/?post_id=1"]
)
def test_only_a_post_has_comments(address: str) -> None:
    assert kind(query="q").replies(address, {}, NOW) is None


# ── VK's own schema ─────────────────────────────────────────────────────────────────────────────────────────────────


def properties(definitions: dict[str, Any], name: str) -> set[str]:
    """The names of the fields of an object of the schema, with those of what it is made of within the same file."""
    found: set[str] = set()
    waiting: list[Any] = [definitions[name]]
    while waiting:
        part = waiting.pop()
        found |= set(part.get("properties", {}))
        waiting += part.get("allOf", [])
        reference = part.get("$ref", "")
        if reference and reference.rpartition("/")[2] in definitions:
            waiting.append(definitions[reference.rpartition("/")[2]])
    return found


def test_our_answers_have_the_fields_of_the_schema() -> None:
    posts = json.loads(shared_file("vk", "VKCOM__vk-api-schema__wall__objects.json").read_bytes())["definitions"]
    answers = json.loads(shared_file("vk", "VKCOM__vk-api-schema__newsfeed__responses.json").read_bytes())[
        "definitions"
    ]
    ours = json.loads((DATA / "vk" / "search.json").read_bytes())["response"]
    assert set(ours) <= set(answers["newsfeed_search_extended_response"]["properties"]["response"]["properties"])
    for one in ours["items"]:
        name = "wall_wall_comment" if one["post_type"] == "reply" else "wall_wallpost_full"
        assert set(one) - {"post_type"} <= properties(posts, name) | {"likes", "comments", "views", "reposts"}
    read = {"id", "owner_id", "post_id", "from_id", "date", "text", "likes", "reply_to_comment", "thread", "deleted"}
    assert read <= properties(posts, "wall_wall_comment")


@pytest.mark.parametrize("name", shared_names("vk", ".json"))
def test_refuses_what_is_a_schema_and_no_answer(name: str) -> None:
    with pytest.raises(Malformed, match="no list of posts"):
        visit(kind(query="q"), shared_file("vk", name).read_bytes())
