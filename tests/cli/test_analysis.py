"""stats, export and report, as an analyst runs them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import monitor.cli.analysis  # noqa: F401 - registers its commands
from monitor.cli import main
from monitor.models import Label, PostType
from tests.reports.history import DAY, HOUR, MONDAY, OTHER, OURS, RIVAL, fill, open_history

ROOT = Path(__file__).resolve().parents[2]
CONFIG = f"""
contact: watch@shop.test
sentiment: fast
brands:
  - name: {OURS}
  - name: {OTHER}
  - {{name: {RIVAL}, competitor: true}}
sources:
  - {{name: forum, kind: feed, url: "https://forum.example.org/feed"}}
"""


class Cli:
    """Runs commands in a folder that holds a database."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys = capsys
        self.monkeypatch = monkeypatch

    def __call__(self, *arguments: str, code: int = 0) -> str:
        self.monkeypatch.setattr(sys, "argv", ["monitor", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, self.err = self.capsys.readouterr()
        assert ended.value.code == code, (out, self.err)
        return out

    def json(self, *arguments: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self(*arguments).splitlines()]


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, filled: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    shutil.copy(filled, tmp_path / "monitor.db")
    return Cli(capsys, monkeypatch)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "monitor.db"
    history = open_history(path)
    fill(history)
    history.store.close()
    return path


def write_config() -> None:
    Path("sources.yaml").write_text(CONFIG, encoding="utf-8")


W46 = ("--since", "2026-11-09", "--until", "2026-11-16")


# ── stats ──


def test_R59_share_of_voice_meets_competitors_with_the_same_filter(cli: Cli) -> None:
    write_config()
    found = {row["brand"]: row for row in cli.json("stats", "--json", *W46)}
    assert {name: (row["mentions"], row.get("share")) for name, row in found.items()} == {
        OURS: (10, 0.5556),
        OTHER: (4, 0.2222),
        RIVAL: (4, 0.2222),
        "total": (18, None),
    }
    assert [name for name, row in found.items() if row.get("competitor")] == [RIVAL]
    filtered = {row["brand"]: row["mentions"] for row in cli.json("stats", "source:forum", "--json", *W46)}
    assert filtered == {OURS: 1, RIVAL: 4, "total": 5}


def test_R59_the_table_marks_competitors_and_says_totals_and_time(cli: Cli) -> None:
    write_config()
    lines = [" ".join(line.split()) for line in cli("stats", *W46).splitlines()]
    assert f"{OURS} 10 55.6% 4 3 3 40.0% 2.78" in lines
    assert f"{RIVAL} (competitor) 4 22.2% 0 4 0 0.0%" in lines
    assert "total 18 100.0% 4 11 3 22.2% 2.78" in lines
    assert lines[-1] == "from 2026-11-09 00:00 to 2026-11-16 00:00; times are UTC; doubtful mentions are left out"


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("day", {"2026-11-09": 4, "2026-11-10": 5, "2026-11-11": 4, "2026-11-12": 4, "2026-11-13": 1}),
        ("week", {"2026-W46": 18}),
        ("month", {"2026-11": 18}),
        ("source", {"reviews": 9, "forum": 5, "news": 4}),
        ("sentiment", {"neutral": 11, "negative": 4, "positive": 3}),
        ("lang", {"ru": 14, "en": 4}),
        ("site", {"reviews.example.org": 9, "forum.example.org": 5, "news.example.org": 4}),
        ("type", {"review": 9, "post": 5, "article": 4}),
    ],
)
def test_R58_mentions_are_counted_by(cli: Cli, by: str, expected: dict[str, int]) -> None:
    found = {row[by]: row["mentions"] for row in cli.json("stats", "--by", by, "--json", *W46)}
    assert list(found.items()) == [*expected.items(), ("total", 18)]


def test_a_configuration_that_was_not_named_may_be_unreadable(cli: Cli) -> None:
    Path("sources.yaml").write_text("brands: []", encoding="utf-8")
    assert cli.json("stats", "--json", *W46)[-1]["mentions"] == 18
    assert "sources.yaml cannot be used" in cli.err
    cli("stats", "--config", "sources.yaml", code=78)


def test_doubtful_mentions_count_when_asked_for(cli: Cli) -> None:
    assert cli.json("stats", "--json", "--doubtful", *W46)[-1]["mentions"] == 19


def test_R60_response_rate_goes_by_the_review_and_replies_by_the_reply(cli: Cli) -> None:
    history = open_history(Path("monitor.db"))
    late = MONDAY + 40 * DAY
    asked, _ = history.say(MONDAY + 20 * DAY, source="reviews", kind=PostType.REVIEW, label=Label.NEGATIVE)
    history.answer(asked, late, source="reviews")
    history.store.close()
    found = {
        row["month"]: row
        for row in cli.json("stats", "--answers", "--by", "month", "--json", "type:review", "--since", "2026-11-16")
    }
    assert found["2026-11"] == {
        "month": "2026-11",
        "mentions": 1,
        "answered": 1,
        "replies": 0,
        "response_rate": 1.0,
        "median_hours": 20 * 24,
    }
    assert (found["2026-12"]["mentions"], found["2026-12"]["replies"], found["2026-12"]["response_rate"]) == (
        0,
        1,
        None,
    )
    assert "by the mention's date, replies by the reply's date" in cli("stats", "--answers", "--by", "type")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("stats", "--since", "2030-01-01"), "no mention from 2030-01-01 00:00 to now; doubtful ones are left out"),
        (("stats", "brand:nobody"), "no mention from the first to now matches"),
        (("export", "brand:nobody"), "no mention"),
        (("export", "brand:nobody", "--out", "x.csv"), "no mention"),
    ],
)
def test_nothing_is_said_with_its_reason(cli: Cli, arguments: tuple[str, ...], says: str) -> None:
    assert cli(*arguments, code=1) == ""
    assert says in cli.err
    assert not Path("x.csv").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("stats", "rating<<2"),
        ("stats", "--since", "yesterday"),
        ("stats", "--by", "author"),
        ("export", "--format", "xlsx"),
        ("report", "--out", "r.html"),
        ("report", "--week", "--month", "--out", "r.html"),
        ("report", "--week", "2026-W60", "--out", "r.html"),
        ("report", "2026-13", "--out", "r.html"),
        ("report", "--since", "2026-11-10", "--until", "2026-11-10", "--out", "r.html"),
    ],
)
def test_wrong_usage_is_said_without_a_traceback(cli: Cli, arguments: tuple[str, ...]) -> None:
    cli(*arguments, code=2)
    assert cli.err
    assert "Traceback" not in cli.err
    assert not Path("r.html").exists()


def test_a_missing_database_is_said(cli: Cli) -> None:
    cli("stats", "--db", "nowhere.db", code=78)
    assert "no database yet" in cli.err


# ── export ──


def test_R61_csv_holds_every_column_and_no_formula(cli: Cli) -> None:
    history = open_history(Path("monitor.db"))
    history.say(MONDAY + 30 * DAY, title="=HYPERLINK(1)", text="@SUM(A1)")
    history.store.close()
    rows = list(csv.DictReader(io.StringIO(cli("export", "--limit", "3"))))
    assert [row["day"] for row in rows] == ["2026-12-09", "2026-11-13", "2026-11-12"]
    assert (rows[0]["title"], rows[0]["text"]) == ("'=HYPERLINK(1)", "'@SUM(A1)")
    assert len(rows[0]) == 43


def test_R61_json_lines_filter_and_bound(cli: Cli) -> None:
    assert "24" not in cli("export", "--format", "jsonl", "--out", "m.jsonl", "rating<=2", *W46)
    rows = [json.loads(line) for line in Path("m.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["rating"] for row in rows} == {1.0, 2.0}
    assert Path("m.jsonl").stat().st_mode & 0o077 == 0


def test_R61_a_workbook_opens(cli: Cli) -> None:
    assert cli("export", "--format", "xlsx", "--out", "m.xlsx") == "m.xlsx: 24 mentions\n"
    sheet = openpyxl.load_workbook("m.xlsx")["mentions"]
    assert sheet.max_row == 25
    assert sheet["C2"].value == OURS


def test_what_a_workbook_cannot_hold_is_said(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.reports.tables.EXCEL_ROWS", 11)
    assert cli("export", "--format", "xlsx", "--out", "m.xlsx", code=1) == "m.xlsx: 10 mentions\n"
    assert "14 mentions did not fit" in cli.err


def test_an_export_that_fails_leaves_the_former_file_and_nothing_else(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("m.csv").write_text("former", encoding="utf-8")

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("monitor.reports.tables.write_csv", full)
    monkeypatch.setattr(sys, "argv", ["monitor", "export", "--out", "m.csv"])
    with pytest.raises((OSError, SystemExit)):
        main()
    assert Path("m.csv").read_text(encoding="utf-8") == "former"
    assert {path.name for path in Path().iterdir() if "m.csv" in path.name} == {"m.csv"}


def test_a_folder_that_is_not_there_is_said(cli: Cli) -> None:
    cli("export", "--out", "nowhere/m.csv", code=65)
    assert "nowhere/m.csv" in cli.err


def test_R62_the_metadata_of_datasette_is_written(cli: Cli) -> None:
    text = (ROOT / "monitor" / "reports" / "datasette.yaml").read_text(encoding="utf-8")
    assert cli("export", "--format", "datasette") == text
    cli("export", "--format", "datasette", "--out", "metadata.yaml")
    assert Path("metadata.yaml").read_text(encoding="utf-8") == text


# ── report ──


def body(name: str = "r.html") -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", Path(name).read_text(encoding="utf-8")).split())


def test_R61_a_report_of_a_week_is_one_page(cli: Cli) -> None:
    write_config()
    assert cli("report", "--week", "2026-W46", "--out", "r.html") == (
        "r.html: 14 mentions from 2026-11-09 to 2026-11-15 (UTC)\n"
    )
    text = body()
    assert f"Brand mentions: {OTHER}, {OURS}" in text
    assert f"{RIVAL} competitor" in text
    assert "Верните деньги!" in text
    assert "legal" in text
    assert "silent failing HTTP 503 never" in text


def test_R58_a_gap_is_a_band(cli: Cli) -> None:
    cli("report", "--week", "2026-W46", "--out", "r.html")
    assert "url(#h" in Path("r.html").read_text(encoding="utf-8")
    cli("report", "--week", "2026-W45", "--out", "r.html")
    assert "url(#h" not in Path("r.html").read_text(encoding="utf-8")


def test_R53_a_report_says_what_could_not_be_covered(cli: Cli) -> None:
    cli("report", "--week", "2026-W46", "--out", "r.html")
    assert "Sources watched: 4 · In trouble now: 1 · Gaps in this time: 1" in body()
    assert "reviews ok 16 Nov 2026, 00:00 1.2 h 18 h" in body()


def test_R60_a_report_tells_how_mentions_were_answered(cli: Cli) -> None:
    cli("report", "2026-W46", "--out", "r.html", "--language", "ru", "--brand", OURS.lower())
    assert "отзывы 9 33 % 2 ч 3" in body()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--month", "2026-11"), "24 mentions from 2026-11-01 to 2026-11-30"),
        (("2026-11",), "24 mentions from 2026-11-01 to 2026-11-30"),
        (("--since", "2026-11-10", "--until", "2026-11-12"), "9 mentions from 2026-11-10 to 2026-11-11"),
        (("2026-W46", "--brand", RIVAL), "4 mentions from"),
        (("2026-W30",), "0 mentions from"),
    ],
)
def test_the_days_are_those_asked_for(cli: Cli, arguments: tuple[str, ...], says: str) -> None:
    assert says in cli("report", *arguments, "--out", "r.html")


@pytest.mark.parametrize("which", ["--week", "--month"])
def test_without_a_name_it_is_the_last_that_is_over(cli: Cli, which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.clock.SystemClock.now", lambda _self: MONDAY + 8 * DAY + HOUR)
    said = cli("report", which, "--out", "r.html")
    assert ("from 2026-11-09 to 2026-11-15" if which == "--week" else "from 2026-10-01 to 2026-10-31") in said


def test_changes_need_a_time_that_is_over_and_a_history_that_reaches_back(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.clock.SystemClock.now", lambda _self: MONDAY + 8 * DAY)
    cli("report", "2026-W46", "--out", "r.html")
    assert "Changes are against 2–8 Nov" in body()
    cli("report", "2026-W41", "--out", "r.html")
    assert "Not compared" in body()
    assert "Watching began on 10 Oct 2026" in body()
    monkeypatch.setattr("monitor.clock.SystemClock.now", lambda _self: MONDAY + 3 * DAY)
    cli("report", "2026-W46", "--out", "r.html")
    assert "Not compared" in body()


def test_an_unknown_brand_is_said(cli: Cli) -> None:
    cli("report", "2026-W46", "--brand", "nobody", "--out", "r.html", code=65)
    assert OURS in cli.err


# ── recipes ──

RECIPES = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "history.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("recipe", RECIPES)
def test_R62_the_recipes_of_the_page_run(filled: Path, tmp_path: Path, recipe: str) -> None:
    if recipe.startswith("sqlite3") and shutil.which("sqlite3") is None:
        pytest.skip("there is no sqlite3 on this machine")
    shutil.copy(filled, tmp_path / "monitor.db")
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", recipe],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) > 1 or "copied" in done.stdout


@pytest.mark.parametrize(
    "period",
    [
        ("--month", "9999-12"),
        ("--week", "9999-W52"),
        ("--week", "0001-W01"),
        ("--month", "0001-01"),
        ("9999-W52",),
        ("--since", "0001-01-01", "--until", "0001-01-03"),
        ("--since", "2026-11-01", "--until", "9999-12-31"),
        ("--since", '7d" OR "x'),
        ("--since", "7"),
    ],
)
def test_a_period_that_no_report_can_be_of_is_wrong_usage(cli: Cli, period: tuple[str, ...]) -> None:
    cli("report", "--out", "r.html", *period, code=2)
    assert "Invalid value" in cli.err


def test_the_days_of_everything_are_those_without_a_filter_and_end_before_the_last(cli: Cli) -> None:
    bounds = ("--by", "day", "--since", "2026-11-10", "--until", "2026-11-13", "--json")
    found = cli.json("stats", "*", *bounds)
    assert found == cli.json("stats", *bounds)
    assert [row["day"] for row in found] == ["2026-11-10", "2026-11-11", "2026-11-12", "total"]
