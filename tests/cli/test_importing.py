"""`monitor import` of histories that come in an order of their own."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.cli.inprocess import run_command

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """\
contact: tests@monitor.test
sentiment: fast
brands: [{name: Тестомаркет, own: {accounts: [helpdesk]}}]
sources: [{name: news, kind: feed, url: "http://127.0.0.1:9/feed", allow: [127.0.0.0/8]}]
"""


def test_an_answer_that_comes_before_its_question_is_linked(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(CONFIG, encoding="utf-8")
    lines = [
        {"id": "2", "text": "Разберёмся", "author": "HelpDesk", "date": "2026-11-16T12:00:00Z", "thread": "t"},
        {"id": "1", "text": "Тестомаркет обманул", "author": "Иван", "date": "2026-11-16T10:00:00Z", "thread": "t"},
    ]
    (tmp_path / "new.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    command = ("import", "new.jsonl", "--source", "reviews")
    assert "answers" not in run_command(tmp_path, *command, "--dry-run").stdout
    assert "1 answers linked" in run_command(tmp_path, *command).stdout
    linked = (
        "SELECT (SELECT native_id FROM posts WHERE id = answer_id), native_id FROM answers JOIN posts ON id = post_id"
    )
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as db:
        assert db.execute(linked).fetchall() == [("2", "1")]
    # What was imported is judged again by any query, also one for an exact spelling.
    found = run_command(tmp_path, "rescore", '="Тестомаркет обманул"', "--json")
    assert json.loads(found.stdout)["posts"] == 1
