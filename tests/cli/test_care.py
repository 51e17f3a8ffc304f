"""Care of an installation through the command line: backup, restore, doctor, receivers, and what tables say."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from monitor.cli.common import column_widths, print_table, progress
from monitor.models import Author, Lemmas, Post, Source
from monitor.store import Store, lock_database, open_writer
from tests.alerting.alerts import make_mention
from tests.cli.inprocess import run_command
from tests.site import running_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.inprocess import Done
    from tests.site import Site

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CONFIG = """\
contact: t@monitor.test
sentiment: fast
brands: [{{name: Тестомаркет}}]
sources:
  - {{name: news, kind: feed, url: "http://127.0.0.1:{port}/feed", every: 1s, allow: [127.0.0.0/8], backfill: alert}}
receivers: {{support: {{urls: ["json://127.0.0.1:{port}/hook/${{TOKEN}}"], budget: off}}}}
routes: [{{match: "sentiment:negative", to: support, group_wait: 0s, group_interval: 0s}}]
fetch: {{gap: 0s}}
web: {{listen: "127.0.0.1:0"}}
"""
TOKEN = "canary5token8secret"
COMPLAINT = "Тестомаркет ужасен: обманули, деньги не вернули, отвратительно"


def run(folder: Path, *arguments: str, stdin: str = "") -> Done:
    return run_command(folder, *arguments, stdin=stdin, environ={"TOKEN": TOKEN, "COLUMNS": "80"})


@pytest.fixture(scope="module")
def one_site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture
def site(one_site: Site) -> Site:
    """One address for the whole module, so that `polled` stays true of it; as new for each test."""
    one_site.posts, one_site.status = [COMPLAINT], 200
    one_site.hooks.clear()
    one_site.polled.clear()
    one_site.arrived.clear()
    return one_site


@pytest.fixture(scope="module")
def polled(tmp_path_factory: pytest.TempPathFactory, one_site: Site) -> Path:
    """A configuration, and a database whose one mention led to an alert that is still to be sent. To be copied."""
    folder = tmp_path_factory.mktemp("polled")
    (folder / "sources.yaml").write_text(CONFIG.format(port=one_site.port), encoding="utf-8")
    one_site.posts = [COMPLAINT]
    report = json.loads(run(folder, "poll", "news", "--json").stdout)
    assert (report["mentions"], report["alerts"]) == (1, 1)
    return folder


@pytest.fixture
def installed(polled: Path, site: Site, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    shutil.copytree(polled, tmp_path, dirs_exist_ok=True)
    return tmp_path


def fill(path: Path, number: int, stop: threading.Event, begun: threading.Event | None = None) -> int:
    """Write mentions, as a daemon would, until `number` or told to stop; `begun` is set after the first."""
    mention = replace(make_mention(), brand="Тестомаркет")
    with closing(Store(open_writer(path))) as store:
        store.sync_sources([Source(name="news", kind="feed", url="http://x.test/", options=None)], {"news": "x"}, NOW)
        for written in range(number):
            if stop.is_set():
                return written
            with store.transaction():
                post = Post(native_id=f"w{written}", text="Тестомаркет", author=Author())
                post_id = store.add_post(1, post, identities=[f"id:w{written}"], now=NOW)
                assert post_id is not None
                store.add_mention(post_id, mention, decision="none", lemmas=Lemmas(), now=NOW)
            if begun is not None:
                begun.set()
    return number


# ── backup and restore ──


def test_backup_through_the_command_line_under_write_load(tmp_path: Path) -> None:
    stop, begun = threading.Event(), threading.Event()
    writer = threading.Thread(target=fill, args=(tmp_path / "load.db", 1_000_000, stop, begun))
    writer.start()
    try:
        assert begun.wait(60)
        made = [json.loads(run(tmp_path, "backup", "--db", "load.db", "--to", "b", "--keep", "2", "--json").stdout)]
        made.append(json.loads(run(tmp_path, "backup", "--db", "load.db", "--out", "one.db", "--json").stdout))
    finally:
        stop.set()
        writer.join()
    assert made[0]["rows"]["mentions"] == made[0]["rows"]["posts"] < made[1]["rows"]["posts"]
    restored = run(tmp_path, "restore", "one.db", "--db", "new.db", "--yes", "--json")
    assert json.loads(restored.stdout)["mentions"] == made[1]["rows"]["mentions"]


def test_the_restore_drill_repeats_no_message_that_the_sink_has_got(installed: Path, site: Site) -> None:
    assert run(installed, "backup", "--out", "saved.db").returncode == 0
    daemon = start(installed)
    assert site.arrived.wait(60)
    site.arrived.clear()
    settled(installed, 1)
    site.posts.append("Тестомаркет снова обманул, ужасно, отвратительно")
    assert site.arrived.wait(60)
    settled(installed, 2)
    busy = run(installed, "restore", "saved.db", "--yes")
    assert (busy.returncode, f"pid {daemon.pid}" in busy.stderr) == (75, True)
    stop(daemon)
    done = json.loads(run(installed, "restore", "saved.db", "--yes", "--json").stdout)
    assert (done["carried"], done["former_readable"], done["posts"]) == (2, True, 1)
    site.arrived.clear()
    daemon = start(installed)
    site.posts.append("Тестомаркет и третий раз обманул, ужасно, отвратительно")
    assert site.arrived.wait(60)
    settled(installed, 3)
    stop(daemon)
    assert len(site.hooks) == 3
    assert json.loads(run(installed, "mentions", "--json").stdout.splitlines()[-1])["id"] == 1
    assert len(run(installed, "mentions", "--json").stdout.splitlines()) == 3  # nothing is missing from the history


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "monitor", "run"]
    return subprocess.Popen(command, cwd=folder, env={**os.environ, "TOKEN": TOKEN}, stderr=subprocess.DEVNULL)


def settled(folder: Path, sent: int) -> None:
    """Wait until so many deliveries are sent."""
    waiting = threading.Event()
    for _ in range(600):
        with closing(sqlite3.connect(f"file:{folder}/monitor.db?mode=ro", uri=True)) as connection:
            if connection.execute("SELECT count(*) FROM deliveries WHERE state = 'sent'").fetchone()[0] >= sent:
                return
        waiting.wait(0.1)
    raise AssertionError(f"{sent} deliveries were never sent")


def stop(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    assert daemon.wait(60) == 0


def test_restore_asks_first_and_refuses_what_is_no_backup(installed: Path) -> None:
    run(installed, "backup", "--out", "saved.db")
    before = (installed / "monitor.db").read_bytes()
    asked = run(installed, "restore", "saved.db", stdin="n\n")
    assert (asked.returncode, "1 mentions" in asked.stdout) == (1, True)
    refused = run(installed, "restore", "sources.yaml", "--yes")
    assert (refused.returncode, "no SQLite database" in refused.stderr) == (65, True)
    with closing(sqlite3.connect(installed / "saved.db")) as connection:
        connection.execute("CREATE TRIGGER evil AFTER INSERT ON posts BEGIN DELETE FROM mentions; END")
    refused = run(installed, "restore", "saved.db", "--yes")
    assert (refused.returncode, "a trigger that is not ours, 'evil'" in refused.stderr) == (65, True)
    assert (installed / "monitor.db").read_bytes() == before


def test_backup_refuses_what_does_not_go_together(installed: Path) -> None:
    assert run(installed, "backup", "--out", "x.db", "--keep", "3").returncode == 2
    assert run(installed, "backup", "--out", "sources.yaml").returncode == 65


# ── receivers, deliveries ──


def test_receivers_test_sends_a_real_message_and_says_what_happened(installed: Path, site: Site) -> None:
    told = run(installed, "receivers", "test", "support", "--json")
    assert json.loads(told.stdout) == {
        "receiver": "support",
        "address": 1,
        "service": "json",
        "sent": True,
        "error": None,
    }
    assert b"Test message" in site.hooks[0]
    site.status = 403
    told = run(installed, "receivers", "test", "support")
    assert (told.returncode, told.stdout) == (1, "support, address 1 (json): auth: HTTP 403\n")
    assert TOKEN not in told.stdout + told.stderr
    assert "configured are: support" in run(installed, "receivers", "test", "nobody").stderr


def test_receivers_are_listed_without_their_secrets(installed: Path) -> None:
    listed = run(installed, "receivers")
    assert listed.stdout.splitlines()[-1].split() == ["support", "json", "en"]
    assert TOKEN not in listed.stdout


def test_dead_deliveries_are_sent_again_without_a_daemon(installed: Path) -> None:
    with closing(Store(open_writer(installed / "monitor.db"))) as store:
        (message,) = store.claim_messages(datetime.now(UTC), 5)
        store.message_dead(message.id, "gone", datetime.now(UTC))
    assert run(installed, "deliveries", "retry").returncode == 2
    assert run(installed, "deliveries", "retry", "--all-dead").stdout == "delivery 1: 1 messages are pending again\n"
    again = run(installed, "deliveries", "retry", "--all-dead")
    assert (again.returncode, again.stderr) == (1, "monitor: no delivery is dead\n")


# ── doctor ──


def findings(folder: Path, *arguments: str) -> tuple[int, list[dict[str, str]]]:
    done = run(folder, "doctor", "--json", *arguments)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_doctor_finds_nothing_wrong_with_a_sound_installation(installed: Path) -> None:
    code, found = findings(installed)
    assert [item for item in found if item["level"] == "problem"] == []
    assert code == 0
    areas = {item["area"] for item in found}
    assert areas >= {"versions", "database", "disk", "clock", "permissions", "configuration", "network", "daemon"}
    assert areas >= {"sources", "receivers", "dictionaries"}
    assert all(item["advice"] for item in found if item["level"] != "ok" and "requirements.lock to" not in item["what"])


def test_doctor_names_each_problem_and_mends_permissions(installed: Path, site: Site) -> None:
    (installed / "monitor.db").chmod(0o644)
    config = CONFIG.format(port=site.port).replace("json://", "jsn://").replace('url: "http:', 'url: "https:')
    (installed / "sources.yaml").write_text(config, encoding="utf-8")
    with closing(sqlite3.connect(installed / "monitor.db")) as connection:
        connection.execute("UPDATE sources SET health = 'stale', error = 'stale: nothing', failures = 4")
        connection.execute("UPDATE deliveries SET state = 'dead'")
        connection.commit()
    code, found = findings(installed)
    problems = {(item["area"], item["what"]) for item in found if item["level"] == "problem"}
    assert code == 1
    assert ("permissions", "monitor.db is open to others (644)") in problems
    assert ("sources", "news is stale: stale: nothing") in problems
    assert ("receivers", "1 deliveries were given up") in problems
    assert ("receivers", "support, address 1: Apprise knows no service 'jsn'; did you mean 'json'?") in problems
    assert any(area == "network" and what.startswith(f"127.0.0.1:{site.port}: ") for area, what in problems)
    _, mended = findings(installed, "--fix-permissions")
    assert "permissions" not in {item["area"] for item in mended if item["level"] == "problem"}
    assert (installed / "monitor.db").stat().st_mode & 0o777 == 0o600


def test_doctor_reports_a_spoilt_database_and_a_wrong_configuration(installed: Path) -> None:
    (installed / "monitor.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    (installed / "sources.yaml").write_text("nonsense: 1\n", encoding="utf-8")
    code, found = findings(installed)
    problems = {item["area"]: item["advice"] for item in found if item["level"] == "problem"}
    assert (code, set(problems)) == (1, {"database", "configuration"})
    assert "monitor restore" in problems["database"]


# ── what a person sees ──


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("mentions",), "no mentions yet"),
        (("mentions", "--sentiment", "positive"), "no positive mentions yet"),
        (("mentions", "--brand", "Никто"), "no mentions of 'Никто'"),
        (("sources",), "no source yet"),
        (("deliveries",), "no deliveries yet"),
        (("deliveries", "--state", "dead"), "no delivery is dead"),
    ],
)
def test_an_empty_answer_says_why_on_stderr(tmp_path: Path, command: tuple[str, ...], reason: str) -> None:
    open_writer(tmp_path / "monitor.db").close()
    shown = run(tmp_path, *command)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr.startswith(f"monitor: {reason}")


def test_a_brand_is_found_whatever_its_case_and_its_yo(tmp_path: Path) -> None:
    fill(tmp_path / "monitor.db", 1, threading.Event())
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as connection:
        connection.execute("UPDATE mentions SET brand = 'Берёзка'")
        connection.commit()
    assert len(run(tmp_path, "mentions", "--json", "--brand", "БЕРЕЗКА").stdout.splitlines()) == 1
    assert "there are some of Берёзка" in run(tmp_path, "mentions", "--brand", "Ольха").stderr


def test_without_a_configuration_both_places_are_named(tmp_path: Path) -> None:
    refused = run(tmp_path, "check")
    assert refused.returncode == 78
    assert str(tmp_path) in refused.stderr
    assert "/etc/monitor/sources.yaml" in refused.stderr


def test_a_poll_of_what_has_not_changed_says_so(installed: Path) -> None:
    with closing(sqlite3.connect(installed / "monitor.db")) as connection:
        connection.execute("UPDATE sources SET leased_until = NULL")
        connection.commit()
    again = run(installed, "poll", "news")
    assert again.stdout == "news: 1 shown, 0 new, 0 mentions, 0 alerts\n"


def test_judge_needs_no_secret_and_names_the_bad_line(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(
        'contact: "${NOT_SET}"\nbrands: [{name: Лента}]\nsources: []\n', encoding="utf-8"
    )
    judged = run(tmp_path, "judge", stdin='{"id": 1, "text": "x"}\n\nnonsense\n')
    assert judged.returncode == 65
    assert json.loads(judged.stdout.splitlines()[1])["error"].startswith("line 3: not JSON")
    (tmp_path / "sources.yaml").write_text("brands: [3]\n", encoding="utf-8")
    assert run(tmp_path, "judge").returncode == 78


@pytest.mark.parametrize("url", ["notaurl", "ftp://x.test/", "https://", "http:///x", "//x.test/"])
def test_parse_refuses_what_is_no_address(tmp_path: Path, url: str) -> None:
    assert run(tmp_path, "parse", "--kind", "feed", "--url", url, "x.xml").returncode == 2


@pytest.mark.parametrize(
    ("natural", "total", "expected"),
    [
        ([3, 11, 10], 80, [3, 11, 10]),  # room for all
        ([3, 11, 200], 80, [3, 11, 62]),  # the last is wrapped
        ([3, 11, 60, 200], 80, [3, 11, 36, 24]),  # a long one gives way to the last, down to 24
        ([6, 11, 30, 9, 8, 30, 60], 80, [6, 11, 8, 9, 8, 8, 18]),
        ([6, 11, 9, 8, 60], 30, [6, 11, 9, 8, 11]),  # too narrow: wider than the terminal, no column of one letter
    ],
)
def test_columns_share_the_terminal(natural: list[int], total: int, expected: list[int]) -> None:
    assert column_widths(["x"] * len(natural), natural, total) == expected


def test_a_table_stays_within_80_cells_and_cuts_with_an_ellipsis(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_table(("id", "source", "what"), [(1, "очень-длинное-имя-источника-" * 3, "слово " * 30 + "\x1b[2J")])
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert "…" in text
    assert "\x1b" not in text
    assert " ".join(text.split()).count("слово") == 30


def test_progress_is_silent_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("counting", 3) as advance:
        for _ in range(3):
            advance(1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(shutil.which("script") is None, reason="the program `script`, which makes a terminal, is missing")
def test_progress_shows_in_a_terminal_and_no_control_character_of_its_label(tmp_path: Path) -> None:
    program = "from monitor.cli.common import progress\nwith progress('copy \\x07\\x1b]0;x', 3) as a: a(3)"
    (tmp_path / "p.py").write_text(program, encoding="utf-8")
    command = ["script", "-qec", f"{sys.executable} p.py", "/dev/null"]
    shown = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm"},
    )
    assert "3/3" in shown.stdout
    assert "\x07" not in shown.stdout
    assert "\x1b]0;" not in shown.stdout


def test_a_second_daemon_is_named_with_its_pid(installed: Path) -> None:
    run(installed, "backup", "--out", "saved.db")
    with lock_database(installed / "monitor.db"):
        refused = run(installed, "restore", "saved.db", "--yes")
    assert (refused.returncode, f"pid {os.getpid()}" in refused.stderr) == (75, True)
