"""`monitor discover` and `monitor sources add` through the command line, against a real server on loopback."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.cli.discovering import explain
from monitor.config import load
from monitor.fetching.address import host_of
from monitor.flows.discovering import Discovery
from monitor.store import Store, open_writer
from monitor.store.rows import to_text
from tests.board import Board, running_board
from tests.cli.inprocess import run_command
from tests.discovery import pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.inprocess import Done

RSS = "application/rss+xml"
FEED = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>Лента</title>'
    "<item><guid>{0}1</guid><title>Новый каталог \x1b[31m{0}</title><description>Каталог обновлён</description>"
    "<pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate></item></channel></rss>"
).replace("\x1b", "&#155;")
CONFIG = """\
# Что смотрим.
contact: t@monitor.test
brands: [{name: Нордвика}]
sources:
  - {name: first, kind: feed, url: "https://a.example/feed"}  # пока одна

fetch: {gap: 0s}  # здесь свой сервер
"""


@pytest.fixture
def board() -> Iterator[Board]:
    with running_board() as board:
        links = "".join(f"<link rel='alternate' type='{RSS}' href='/{name}.xml'>" for name in ("posts", "comments"))
        board.shows("/", pages.page(links))
        for name in ("posts", "comments"):
            board.shows(f"/{name}.xml", FEED.replace("{0}", name), RSS)
        yield board


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str) -> Done:
    return run_command(folder, *arguments, environ={"COLUMNS": "80"})


def test_discover_prints_what_can_be_pasted(folder: Path, board: Board) -> None:
    done = run(folder, "discover", f"{board.url}/", "--allow", "127.0.0.0/8")
    assert (done.returncode, done.stderr) == (0, "")
    assert "# tried: 1 posts (id 100%, date 100%, author 0%, text 100%), back to 2026-11-20 10:00 UTC" in done.stdout
    assert "2026-11-20 10:00  nobody: Новый каталог" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\x9b" not in done.stdout
    (folder / "pasted.yaml").write_text(
        f"contact: t@monitor.test\nbrands: [{{name: x}}]\nsources:\n{done.stdout}", encoding="utf-8"
    )
    sources = load(folder / "pasted.yaml", environ={}).sources
    assert [source.url for source in sources] == [f"{board.url}/posts.xml", f"{board.url}/comments.xml"]
    assert len({source.name for source in sources}) == 2


def test_discover_for_programs(folder: Path, board: Board) -> None:
    done = run(folder, "discover", f"{board.url}/", "--allow", "127.0.0.1", "--json")
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["entry"]["url"] == f"{board.url}/posts.xml"
    assert first["entry"]["allow"] == ["127.0.0.1/32"]
    assert (first["posts"], first["error"], first["oldest"]) == (1, None, "2026-11-20T10:00:00+00:00")
    assert first["first"][0]["text"] == "Каталог обновлён"
    assert second["sure"] < first["sure"]


@pytest.mark.parametrize(
    "command", [("discover",), ("sources", "add"), ("poll", "board", "--dry-run")], ids=["discover", "add", "dry-run"]
)
def test_a_host_that_asked_the_daemon_to_be_left_alone_is_not_asked(
    folder: Path, board: Board, command: tuple[str, ...]
) -> None:
    retry_at = datetime.now(UTC) + timedelta(hours=1)
    database = open_writer(folder / "monitor.db")
    Store(database).close()
    with sqlite3.connect(folder / "monitor.db") as connection:
        connection.execute("INSERT INTO hosts (host, retry_at) VALUES (?, ?)", (host_of(board.url), to_text(retry_at)))
    entry = f'  - {{name: board, kind: feed, url: "{board.url}/posts.xml", every: 1m, allow: [127.0.0.0/8]}}'
    (folder / "sources.yaml").write_text(CONFIG.replace("\n\n", f"\n{entry}\n\n"), encoding="utf-8")
    address = () if "--dry-run" in command else (f"{board.url}/posts.xml", "--allow", "127.0.0.0/8")
    done = run(folder, *command, *address)
    assert done.returncode != 0
    assert "HTTP 429" in done.stderr
    assert board.asked == []


def test_a_database_that_is_named_must_be_there(folder: Path, board: Board) -> None:
    done = run(folder, "discover", f"{board.url}/", "--allow", "127.0.0.0/8", "--db", "other.db")
    assert "other.db: there is no database yet" in done.stderr


def test_discover_needs_no_configuration(tmp_path: Path, board: Board) -> None:
    del board.pages["/posts.xml"], board.pages["/comments.xml"]
    board.shows("/lenta", FEED, RSS)
    done = run(tmp_path, "discover", f"{board.url}/lenta", "--allow", "127.0.0.0/8")
    assert done.returncode == 0
    assert f'url: "{board.url}/lenta"' in done.stdout


def test_discover_goes_without_a_wrong_configuration(folder: Path, board: Board) -> None:
    (folder / "sources.yaml").write_text(CONFIG + "nonsense: 1\n", encoding="utf-8")
    done = run(folder, "discover", f"{board.url}/posts.xml", "--allow", "127.0.0.0/8")
    assert done.returncode == 0
    assert done.stderr == "monitor: goes without the configuration, which has 1 faults\n"


def test_where_nothing_works_the_reasons_are_told(folder: Path, board: Board) -> None:
    board.pages.clear()
    board.shows("/", pages.page(f"<link rel='alternate' type='{RSS}' href='/gone.xml'>"))
    done = run(folder, "discover", f"{board.url}/", "--allow", "127.0.0.0/8")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the page names this feed: status: HTTP 404" in done.stderr
    assert f"nothing that can be watched was found at {board.url}/" in done.stderr
    all_of_it = run(folder, "discover", f"{board.url}/", "--allow", "127.0.0.0/8", "--all")
    assert all_of_it.returncode == 1
    assert "# status: HTTP 404" in all_of_it.stdout
    assert all(line.startswith("  #") for line in all_of_it.stdout.splitlines() if line.strip())


def test_a_private_address_is_refused_unless_it_was_allowed(folder: Path, board: Board) -> None:
    done = run(folder, "discover", f"{board.url}/")
    assert done.returncode == 1
    first, *_ = done.stderr.splitlines()
    assert first == "monitor: address: 127.0.0.1 is loopback (a private address: --allow 127.0.0.0/8 opens it)"
    assert board.asked == []
    assert first in run(folder, "discover", f"{board.url}/", "--all").stderr.splitlines()


@pytest.mark.parametrize(
    ("asked", "note", "said"),
    [
        (
            "http://localhost/",
            "address: localhost is ::1 (loopback), 127.0.0.1 (loopback)",
            " (a private address: --allow ::1 --allow 127.0.0.0/8 opens it)",
        ),
        ("http://wiki.example/", "address: wiki.example is 10.1.2.3 (private)", " (--allow 10.1.2.3 opens it)"),
        ("http://wiki.example/", "address: wiki.example is 169.254.169.254 (link-local)", ""),
        ("http://wiki.example/", "address: 10.1.2.3 is 10.1.2.3 (private)", ""),  # where a redirect led
        ("http://wiki.example/", "status: HTTP 404", ""),
    ],
)
def test_what_opens_a_private_address_is_said_of_the_host_that_was_asked_for(
    capsys: pytest.CaptureFixture[str], asked: str, note: str, said: str
) -> None:
    explain(Discovery(url=asked, trials=(), requests=1, note=note))
    assert capsys.readouterr().err == f"monitor: {note}{said}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["discover", "board.example"],
        ["discover", "file:///etc/passwd"],
        ["discover", "https://a.example/", "--allow", "somewhere"],
        ["sources", "add", "board.example"],
        ["sources", "add", "https://a.example/", "--pick", "0"],
        ["sources", "add", "https://a.example/", "--pick", "1", "--pick", "2", "--name", "one"],
    ],
)
def test_wrong_usage(folder: Path, arguments: list[str]) -> None:
    assert run(folder, *arguments).returncode == 2


def test_sources_add_keeps_the_file_and_adds_the_best_entry(folder: Path, board: Board) -> None:
    done = run(folder, "sources", "add", f"{board.url}/", "--allow", "127.0.0.0/8")
    assert (done.returncode, done.stderr) == (0, "")
    lines = (folder / "sources.yaml").read_text("utf-8").splitlines()
    added = lines.pop(5)
    assert "\n".join(lines) + "\n" == CONFIG
    assert added in done.stdout
    source = load(folder / "sources.yaml", environ={}).sources[1]
    assert (source.name, source.url) == ("127-0-0-1", f"{board.url}/posts.xml")


def test_sources_add_takes_the_entries_that_were_picked(folder: Path, board: Board) -> None:
    arguments = ("sources", "add", f"{board.url}/", "--allow", "127.0.0.0/8")
    assert run(folder, *arguments, "--pick", "2", "--name", "talk").returncode == 0
    assert run(folder, *arguments, "--pick", "3").returncode == 65
    again = run(folder, *arguments, "--pick", "1", "--pick", "2")
    assert again.returncode == 65
    assert "is watched already, as 'talk'" in again.stderr
    names = [source.name for source in load(folder / "sources.yaml", environ={}).sources]
    assert names == ["first", "talk", "127-0-0-1"]


def test_sources_add_refuses_a_name_that_is_taken(folder: Path, board: Board) -> None:
    done = run(folder, "sources", "add", f"{board.url}/", "--allow", "127.0.0.0/8", "--name", "first")
    assert done.returncode == 65
    assert "give another name with --name" in done.stderr
    assert (folder / "sources.yaml").read_text("utf-8") == CONFIG


def test_sources_add_without_anything_to_add(folder: Path, board: Board) -> None:
    board.pages.clear()
    board.shows("/", pages.page(body="<p>Пусто.</p>"))
    done = run(folder, "sources", "add", f"{board.url}/", "--allow", "127.0.0.0/8")
    assert done.returncode == 1
    assert "nothing was added" in done.stderr
    assert (folder / "sources.yaml").read_text("utf-8") == CONFIG


def test_sources_add_needs_a_configuration(tmp_path: Path, board: Board) -> None:
    done = run(tmp_path, "sources", "add", f"{board.url}/", "--allow", "127.0.0.0/8")
    assert done.returncode == 78
    assert "there is no such file" in done.stderr
    assert board.asked == []


def test_sources_still_lists_without_a_word_between(folder: Path) -> None:
    for arguments in (["sources"], ["sources", "first"], ["sources", "first", "--json"], ["sources", "show", "add"]):
        done = run(folder, *arguments)
        assert done.returncode == 78  # it looked for the database
        assert "there is no database yet" in done.stderr
