import http.client
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import feedparser
import pytest

from monitor.demo.texts import Text
from monitor.demo.web import Feed, Journal, LittleWeb

FEEDS = (
    Feed(name="news", style="rss"),
    Feed(name="comments", style="comments", validators=frozenset({"last-modified"})),
    Feed(name="reviews", style="reviews", validators=frozenset()),
    Feed(name="forum", style="forum", window=10, paged=True),
)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "web.jsonl"


@pytest.fixture
def web(journal: Path) -> Iterator[LittleWeb]:
    book = Journal(journal)
    with LittleWeb(FEEDS, book) as web:
        yield web
    book.close()


def get(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def posts(prefix: str, first: int, last: int) -> dict[str, Text]:
    return {f"{prefix}{n:02d}": Text(title=f"Заголовок {n}", text=f"Текст {n}", author="A") for n in range(first, last)}


def keys(body: bytes) -> list[str]:
    return [entry.link.rpartition("/")[2] for entry in feedparser.parse(io.BytesIO(body)).entries]


def test_an_etag_answers_304_until_something_appears(web: LittleWeb) -> None:
    web.publish("news", posts("n", 1, 3))
    status, headers, body = get(web.url("news"))
    assert (status, keys(body)) == (200, ["n02", "n01"])

    assert get(web.url("news"), **{"if-none-match": headers["etag"]})[::2] == (304, b"")

    web.publish("news", posts("n", 3, 4))
    status, fresh, body = get(web.url("news"), **{"If-None-Match": headers["etag"]})
    assert (status, keys(body)[0]) == (200, "n03")
    assert fresh["etag"] != headers["etag"]


def test_last_modified_answers_304_until_something_appears(web: LittleWeb) -> None:
    web.publish("comments", posts("c", 1, 3))
    web._changed["comments"] = datetime.now(UTC) - timedelta(seconds=30)
    _, headers, _ = get(web.url("comments"))
    assert "etag" not in headers

    assert get(web.url("comments"), **{"If-Modified-Since": headers["last-modified"]})[0] == 304

    web.publish("comments", posts("c", 3, 4))
    assert get(web.url("comments"), **{"If-Modified-Since": headers["last-modified"]})[0] == 200


def test_last_modified_is_not_said_while_its_second_runs(web: LittleWeb) -> None:
    web.publish("comments", posts("c", 1, 2))
    web._changed["comments"] = datetime.now(UTC) + timedelta(seconds=30)
    assert "last-modified" not in get(web.url("comments"))[1]


def test_a_paged_feed_leads_to_every_post(web: LittleWeb) -> None:
    web.publish("forum", posts("f", 1, 25))
    url, seen, pages = web.url("forum"), list[str](), 0
    while url:
        body = get(url)[2]
        seen += keys(body)
        pages += 1
        links = feedparser.parse(io.BytesIO(body)).feed.get("links", [])
        url = next((link.href for link in links if link.rel == "next"), "")
    assert pages == 3
    assert seen == [f"f{n:02d}" for n in range(24, 0, -1)]


def test_an_unpaged_feed_shows_its_window_and_no_more(web: LittleWeb) -> None:
    web.publish("news", posts("n", 1, 26))
    body = get(web.url("news"))[2]
    assert len(keys(body)) == 20
    assert b"rel=" not in body


@pytest.mark.parametrize("feed", [feed.name for feed in FEEDS])
def test_each_feed_is_well_formed_and_says_what_was_written(web: LittleWeb, feed: str) -> None:
    written = Text(title="Кассолёт & <весы>", text='Врут на "10" граммов <b>', author="Люда", stars=2)
    web.publish(feed, {"x01": written})
    read = feedparser.parse(io.BytesIO(get(web.url(feed))[2]))
    assert not read.bozo
    (entry,) = read.entries
    text = entry.content[0].value if "content" in entry else entry.summary
    assert (entry.title, entry.author) == (written.title, written.author)
    assert text.startswith('Врут на "10" граммов')
    assert entry.link == f"{web.base}/p/x01"
    assert entry.id == "tag:littleweb.example,2026:x01"


def test_reviews_carry_stars_and_comments_what_they_answer(web: LittleWeb) -> None:
    web.publish("reviews", {"r01": Text(text="Плохо", author="A", stars=1)})
    web.publish("comments", {"c01": Text(text="Да", author="A")})
    assert b"<im:rating>1</im:rating>" in get(web.url("reviews"))[2]
    assert b'<thr:in-reply-to ref="tag:littleweb.example,2026:blog"' in get(web.url("comments"))[2]


def test_every_link_has_a_page(web: LittleWeb) -> None:
    web.publish("news", {"n01": Text(title="О <b>", text="Текст", author="A")})
    status, headers, body = get(f"{web.base}/p/n01")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>О &lt;b&gt;</h1>" in body.decode()
    assert get(f"{web.base}/p/n02")[0] == 404
    assert get(f"{web.base}/nothing")[0] == 404
    assert get(f"{web.base}/robots.txt")[2] == b"User-agent: *\nAllow: /\n"


def test_the_journal_holds_what_appeared_and_what_was_asked(web: LittleWeb, journal: Path) -> None:
    web.publish("news", posts("n", 1, 3))
    etag = get(web.url("news"))[1]["etag"]
    get(web.url("news"), **{"If-None-Match": etag})
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert [(line["event"], line.get("key")) for line in lines[:2]] == [("publish", "n01"), ("publish", "n02")]
    requests = [(line["path"], line["status"], line["posts"], line["if_none_match"]) for line in lines[2:]]
    assert requests == [("/news.xml", 200, ["n02", "n01"], None), ("/news.xml", 304, [], etag)]
    assert all(line["time"] > 0 for line in lines)
