"""`monitor parse` and `monitor judge`, run as other programs run them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.inprocess import run_command

if TYPE_CHECKING:
    from pathlib import Path

FEED = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>t</title><link>https://forum.example/</link>
<item><guid isPermaLink="false">g1</guid><title>Склад</title><link>/t/1</link>
<author>o@example.org (Ольга)</author>
<pubDate>Sat, 21 Nov 2026 10:00:00 GMT</pubDate>
<description>&lt;p&gt;Не &lt;b&gt;работает&lt;/b&gt;&lt;/p&gt;</description></item>
<item><guid isPermaLink="false">g2</guid><title>Второй</title></item>
</channel></rss>"""
KEYS = [
    "file",
    "native_id",
    "url",
    "title",
    "text",
    "author",
    "published",
    "rating",
    "likes",
    "replies",
    "views",
    "thread",
    "parent",
    "type",
]


def run(*arguments: str, folder: Path, stdin: str | bytes = "") -> tuple[int, list[dict[str, object]], str]:
    done = run_command(folder, *arguments, stdin=stdin)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_parse_prints_one_line_for_each_post(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(FEED, encoding="utf-8")
    code, posts, _ = run("parse", "--kind", "feed", "--url", "https://forum.example/feed", "a.xml", folder=tmp_path)
    assert code == 0
    assert [list(post) for post in posts] == [KEYS, KEYS]
    assert posts[0] == {
        "file": "a.xml",
        "native_id": "g1",
        "url": "https://forum.example/t/1",
        "title": "Склад",
        "text": "Не работает",
        "author": {"name": "Ольга", "url": None},
        "published": "2026-11-21T10:00:00Z",
        "rating": None,
        "likes": None,
        "replies": None,
        "views": None,
        "thread": None,
        "parent": None,
        "type": "article",
    }
    assert posts[1]["published"] is None


def test_a_file_that_cannot_be_read_gives_its_error_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "good.xml").write_text(FEED, encoding="utf-8")
    (tmp_path / "bad.xml").write_text("no feed at all", encoding="utf-8")
    arguments = ("parse", "--kind", "feed", "--url", "https://forum.example/feed", "bad.xml", "missing.xml", "good.xml")
    code, lines, stderr = run(*arguments, folder=tmp_path)
    assert code == 65
    assert [(line["file"], "error" in line) for line in lines] == [
        ("bad.xml", True),
        ("missing.xml", True),
        ("good.xml", False),
        ("good.xml", False),
    ]
    assert "Traceback" not in stderr


def test_parse_uses_the_content_type_that_came_with_the_file(tmp_path: Path) -> None:
    undeclared = FEED.replace(' encoding="utf-8"', "").encode("koi8-r")
    (tmp_path / "k.xml").write_bytes(undeclared)
    arguments = (
        "--url",
        "https://forum.example/feed",
        "--content-type",
        "application/rss+xml; charset=koi8-r",
        "k.xml",
    )
    _, posts, _ = run("parse", "--kind", "feed", *arguments, folder=tmp_path)
    assert [post["title"] for post in posts] == ["Склад", "Второй"]


def test_parse_refuses_an_unknown_kind_or_option_in_words(tmp_path: Path) -> None:
    code, _, stderr = run("parse", "--kind", "fede", "--url", "https://x.example/", "a.xml", folder=tmp_path)
    assert (code, "fede" in stderr, "feed" in stderr) == (65, True, True)
    options = ("--options", '{"nonsense": 1}')
    code, _, stderr = run("parse", "--kind", "feed", "--url", "https://x.example/", *options, "a.xml", folder=tmp_path)
    assert (code, "nonsense" in stderr) == (65, True)


def test_judge_answers_every_line_in_order(tmp_path: Path) -> None:
    lines = [
        {"id": 1, "text": "В МоёмСкладе всё ужасно: обманули и нахамили", "title": None},
        {"id": "two", "text": "Weather is fine"},
        {"id": 3, "text": "Отличный сервис", "title": "МойСклад", "rating": 5, "author": "ivan", "lang": "ru"},
    ]
    stdin = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    code, judged, _ = run("judge", "--brand", "МойСклад", folder=tmp_path, stdin=stdin)
    assert code == 0
    assert [line["id"] for line in judged] == [1, "two", 3]
    first = judged[0]
    assert set(first) == {"id", "lang", "sentiment", "special_cases", "mentions"}
    assert isinstance(first["mentions"], list)
    mention = first["mentions"][0]
    assert mention["brand"] == "МойСклад"
    span = mention["spans"][0]
    assert lines[0]["text"][span["start"] : span["end"]] == span["text"] == "МоёмСкладе"  # type: ignore[index]
    assert mention["sentiment"]["label"] == "negative"
    assert judged[1]["mentions"] == []
    assert judged[2]["sentiment"]["label"] == "positive"  # type: ignore[index]


def test_judge_uses_the_brands_of_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(
        "contact: t@monitor.test\nbrands: [{name: Кассолёт, aliases: [Kassolet]}]\n"
        'sources: [{name: a, kind: feed, url: "https://forum.example/feed"}]\n',
        encoding="utf-8",
    )
    _, judged, _ = run("judge", folder=tmp_path, stdin='{"id": 1, "text": "Kassolet is down"}')
    assert judged[0]["mentions"][0]["brand"] == "Кассолёт"  # type: ignore[index]


def test_a_bad_line_is_answered_in_its_place_and_remembered_in_the_exit_code(tmp_path: Path) -> None:
    stdin = b'{"id": 1, "text": "a"}\nnonsense\n{"id": 3}\n\xff\xfe\n{"id": 5, "text": "b"}\n'
    code, judged, stderr = run("judge", "--brand", "X-Mart", folder=tmp_path, stdin=stdin)
    assert code == 65
    assert [("error" in line, line.get("id")) for line in judged] == [
        (False, 1),
        (True, None),
        (True, 3),
        (True, None),
        (False, 5),
    ]
    assert "Traceback" not in stderr


def test_judge_streams_more_than_a_batch(tmp_path: Path) -> None:
    stdin = "".join(f'{{"id": {number}, "text": "post {number}"}}\n' for number in range(1000))
    code, judged, _ = run("judge", "--brand", "X-Mart", folder=tmp_path, stdin=stdin)
    assert code == 0
    assert [line["id"] for line in judged] == list(range(1000))
