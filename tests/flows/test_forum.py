"""A forum without feeds, end to end: real pages over real HTTP, the kind `html`, a real worker and database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

from monitor.cli.acting import holding
from monitor.flows import desk
from monitor.store import Reader, open_reader
from tests.site import serving

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CONFIG = """
contact: watch@shop.test
brands: [{{name: Тестомаркет}}]
sources:
  - name: board
    kind: html
    url: "http://127.0.0.1:{port}/"
    every: 1s
    allow: [127.0.0.0/8]
    item: .topic
    follow: a.title
    mark: .replies
    thread:
      item: .post
      remove: [blockquote]
      fields: {{id: "@id", author: .who, published: time@datetime, text: .said}}
receivers: {{support: {{urls: ["json://127.0.0.1:9/"], budget: off}}}}
routes: [{{match: "*", to: support, group_wait: 0s, group_interval: 0s}}]
fetch: {{gap: 0s}}
"""
SAID = datetime.now(UTC) - timedelta(hours=1)


class Forum(ThreadingHTTPServer):
    """`threads` are lists of what was said; `asked` is the access log."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.threads: list[list[str]] = []
        self.robots = ""
        self.asked: list[str] = []

    def page(self, path: str) -> str | None:
        if path == "/robots.txt":
            return self.robots
        if path == "/":
            topics = (
                f'<div class=topic><a class=title href="/t/{number}">тема {number}</a>'
                f"<span class=replies>{len(posts) - 1} ответов</span></div>"
                for number, posts in enumerate(self.threads)
            )
            return "".join(topics)
        number = int(path.removeprefix("/t/"))
        return "".join(
            f'<div class=post id="p{number}-{place}"><b class=who>Участник {place}</b>'
            f'<time datetime="{SAID.isoformat()}">час назад</time><div class=said>{text}</div></div>'
            for place, text in enumerate(self.threads[number])
        )


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        forum = cast("Forum", self.server)
        forum.asked.append(self.path)
        body = (forum.page(self.path) or "").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


def test_a_reply_in_a_thread_is_found_and_what_stood_there_before_is_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = tmp_path / "monitor.db"

    async def visits(forum: Forum) -> list[tuple[int, int, int]]:
        counted = []
        async with holding(config=None, db=database, follow=True, workers=1) as (ports, plan):

            async def visit() -> None:
                report = await desk.poll_now("board", ports=ports, plan=plan)
                assert report.error is None, report.error
                counted.append((report.new, report.mentions, report.alerts))

            await visit()
            forum.asked.clear()
            await visit()
            assert forum.asked == ["/"]  # no thread grew, robots.txt is known
            forum.threads[1].append("<blockquote>Тестомаркет!</blockquote>согласен")
            forum.threads[0].append("А Тестомаркет так и не ответил")
            await visit()
            assert sorted(forum.asked) == ["/", "/", "/t/0", "/t/1"]
        return counted

    forum = Forum()
    with serving(forum):
        forum.threads = [["Купил в Тестомаркете, жду"], ["О погоде"]]
        (tmp_path / "sources.yaml").write_text(CONFIG.format(port=forum.server_address[1]), encoding="utf-8")
        counted = asyncio.run(visits(forum))
    assert counted == [(2, 1, 0), (0, 0, 0), (2, 1, 1)]
    reader = Reader(open_reader(database))
    newest = next(iter(reader.mentions(limit=1)))
    assert (newest.post.text, newest.post.author.name) == ("А Тестомаркет так и не ответил", "Участник 1")
    assert newest.post.thread == f"http://127.0.0.1:{forum.server_address[1]}/t/0"
    reader.close()


def test_a_forum_whose_robots_txt_says_no_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def visit() -> str:
        async with holding(config=None, db=tmp_path / "monitor.db", follow=True, workers=1) as (ports, plan):
            report = await desk.poll_now("board", ports=ports, plan=plan)
        return report.error.reason if report.error else "ok"

    forum = Forum()
    with serving(forum):
        forum.robots = "User-agent: *\nDisallow: /\n"
        (tmp_path / "sources.yaml").write_text(CONFIG.format(port=forum.server_address[1]), encoding="utf-8")
        assert asyncio.run(visit()) == "robots"
    assert forum.asked == ["/robots.txt"]
