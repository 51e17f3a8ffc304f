"""`monitor evaluate` on files of labelled texts: one line a file for programs, a table for people."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.inprocess import run_command

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
contact: watch@shop.test
brands:
  - {name: Кассолёт, aliases: [kassolet]}
sources:
  - {name: news, kind: feed, url: "https://news.test/feed"}
"""
FILES: dict[str, list[dict[str, object]]] = {
    "special-cases": [
        {"text": "Кассолёт, подаю на вас в суд!", "brand": "Кассолёт", "lang": "ru", "labels": ["legal_threat"]},
        {"text": "Кассолёт открыл новый офис", "brand": "Кассолёт", "lang": "ru", "labels": []},
    ],
    "relevance": [
        {"text": "Поддержка Кассолёта молчит", "brand": "Кассолёт", "lang": "ru", "relevant": True},
        {"text": "Сегодня тепло", "brand": "Кассолёт", "lang": "ru", "relevant": False},
    ],
    "matching": [{"text": "kassolet is down", "brands": ["Кассолёт"]}, {"text": "nothing", "brands": []}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources.yaml").write_text(CONFIG, encoding="utf-8")
    for name, lines in FILES.items():
        text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("subject", "name"), [("special-cases", "legal_threat"), ("relevance", "relevant"), ("matching", "Кассолёт")]
)
def test_a_file_is_one_line_with_the_figures_of_each_class(subject: str, name: str, folder: Path) -> None:
    done = run_command(folder, "evaluate", subject, f"{subject}.jsonl", "--config", "sources.yaml", "--json")
    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["file"], line["n"], line["macro_f1"], line["accuracy"]) == (f"{subject}.jsonl", 2, 1.0, 1.0)
    assert line["per_class"][name] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "n": 1}
    assert line["texts_per_second"] is None or line["texts_per_second"] > 0


def test_people_get_a_table_and_the_texts_that_are_wrong(folder: Path) -> None:
    wrong = {"text": "Кассолёт открыл офис", "brand": "Кассолёт", "lang": "ru", "labels": ["vip"]}
    (folder / "wrong.jsonl").write_text(json.dumps(wrong, ensure_ascii=False), encoding="utf-8")
    shown = run_command(folder, "evaluate", "special-cases", "wrong.jsonl", "--wrong", "5").stdout
    assert "wrong.jsonl: 1 text, 0.0 % right, macro F1 0.000" in shown
    assert "should be vip, is nothing" in shown


def test_a_bad_file_is_named(folder: Path) -> None:
    (folder / "bad.jsonl").write_text('{"text": "x"}\n', encoding="utf-8")
    done = run_command(folder, "evaluate", "relevance", "bad.jsonl")
    assert done.returncode == 65
    assert done.stderr == "monitor: bad.jsonl: line 1: brand, relevant missing\n"
    assert run_command(folder, "evaluate", "relevance", "none.jsonl").returncode == 65


def test_a_label_that_is_no_special_case_is_named_with_its_line(folder: Path) -> None:
    line = {"text": "Кассолёт не отвечает", "brand": "Кассолёт", "labels": ["refund", "no_such"]}
    (folder / "bad.jsonl").write_text("\n" + json.dumps(line, ensure_ascii=False), encoding="utf-8")
    done = run_command(folder, "evaluate", "special-cases", "bad.jsonl")
    assert done.returncode == 65
    assert done.stderr.startswith("monitor: bad.jsonl: line 2: there is no special case 'no_such'; there are: health_")


def test_a_file_may_begin_with_a_byte_order_mark(folder: Path) -> None:
    file = folder / "relevance.jsonl"
    file.write_text(file.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert run_command(folder, "evaluate", "relevance", "relevance.jsonl").returncode == 0


HEADER = "lang\tdomain\tlabel\ttext"
TABLE = (
    HEADER,
    "ru\tbanks\tnegative\tУжасное обслуживание, больше никогда не приду",
    "en\tsoftware\tpositive\tI love it, works perfectly",
    "en\tshops\tnegative\tThe store opens at nine on Monday",
)


def table(folder: Path, name: str, *lines: str) -> str:
    """Writes a file of labelled texts, packed where its name says so."""
    raw = "\n".join(lines).encode()
    (folder / name).write_bytes(gzip.compress(raw, mtime=0) if name.endswith(".gz") else raw)
    return name


def test_sentiment_is_one_line_a_file_packed_or_not(folder: Path) -> None:
    files = [table(folder, "brand.tsv", *TABLE), table(folder, "brand.tsv.gz", *TABLE)]
    done = run_command(folder, "evaluate", "sentiment", *files, "--tier", "fast", "--json")
    plain, packed = map(json.loads, done.stdout.splitlines())
    assert (plain.pop("file"), packed.pop("file")) == tuple(files)
    assert plain.pop("texts_per_second") > 0
    assert packed.pop("texts_per_second") > 0
    assert plain == packed
    assert plain.keys() == {
        *("n", "macro_f1", "accuracy", "per_class", "ece"),
        *("tier", "negative_recall_alarming", "unsure"),
    }
    assert (plain["n"], plain["accuracy"], plain["tier"]) == (3, 0.6667, "fast")
    assert plain["per_class"]["negative"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "n": 2}
    assert plain["per_class"]["neutral"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "n": 0}
    assert plain["macro_f1"] == 0.8333  # of negative and positive: no text is neutral
    assert 0 < plain["ece"] < 1


def test_people_get_the_sentiment_that_is_wrong_and_how_sure_it_was(folder: Path) -> None:
    file = table(folder, "brand.tsv", *TABLE)
    shown = run_command(folder, "evaluate", "sentiment", file, "--tier", "fast", "--wrong", "5").stdout
    assert "brand.tsv: 3 texts, 66.7 % right, macro F1 0.833" in shown
    assert "tier fast, calibration error 0." in shown
    assert "alarming in 50.0 % of the negative" in shown
    assert "  en: The store opens at nine on Monday\n    should be negative, is neutral (" in shown


def test_the_texts_that_are_wrong_come_surest_first(folder: Path) -> None:
    file = table(
        folder,
        "brand.tsv",
        HEADER,
        "en\tx\tneutral\tIt is okay I guess, not great",
        "en\tx\tneutral\tI love it, thank you so much, works perfectly!",
        "en\tx\tpositive\tTerrible, the worst delivery ever, I hate it",
    )
    options = ("--tier", "fast", "--json", "--wrong")
    _, *wrong = map(json.loads, run_command(folder, "evaluate", "sentiment", file, *options, "9").stdout.splitlines())
    sure = [one["confidence"] for one in wrong]
    assert len(wrong) >= 2
    assert sure == sorted(sure, reverse=True)
    _, first = map(json.loads, run_command(folder, "evaluate", "sentiment", file, *options, "1").stdout.splitlines())
    assert first == wrong[0]
    assert first["file"] == "brand.tsv"


def test_the_tier_is_the_configurations_where_none_is_named(folder: Path) -> None:
    file = table(folder, "brand.tsv", *TABLE)
    config = folder / "sources.yaml"
    # Where a secret is not at hand, what needs none can be had all the same.
    config.write_text(CONFIG.replace("watch@shop.test", "${NOT_SET_HERE}") + "sentiment: fast\n", encoding="utf-8")
    done = run_command(folder, "evaluate", "sentiment", file, "--json")
    assert json.loads(done.stdout)["tier"] == "fast"
    config.write_text(CONFIG + "sentiment: slow\n", encoding="utf-8")
    done = run_command(folder, "evaluate", "sentiment", file, "--config", "sources.yaml")
    assert done.returncode == 78
    assert "sources.yaml:7:12: sentiment: must be one of auto, quality, fast" in done.stderr
    assert run_command(folder, "evaluate", "sentiment", file, "--tier", "fast").returncode == 0


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"lang\tlabel\ttext\n", "line 1: expected a header with the columns lang domain label text, tab separated"),
        (f"{HEADER}\nen\tx\tgood\tNice\n".encode(), "line 2: label: expected negative, neutral or positive"),
        (
            gzip.compress(f"{HEADER}\nen\tx\n".encode(), mtime=0),
            "line 2: expected 4 tab separated fields as in the header",
        ),
        (f"{HEADER}\n".encode(), "holds no labelled text"),
        (gzip.compress(HEADER.encode() * 9, mtime=0)[:-12], "cannot be read: "),
        (b"\x1f\x8bnonsense that is not packed", "cannot be read: "),
        (None, "cannot be read: "),
    ],
)
def test_a_table_that_cannot_be_read_is_named_with_its_line(raw: bytes | None, said: str, folder: Path) -> None:
    if raw is not None:
        (folder / "bad.tsv").write_bytes(raw)
    done = run_command(folder, "evaluate", "sentiment", "bad.tsv", "--tier", "fast", "--json")
    assert done.returncode == 65
    assert done.stderr.startswith(f"monitor: bad.tsv: {said}")
    assert not done.stdout


@pytest.mark.parametrize(
    "arguments",
    [("matching", "matching.jsonl", "--tier", "fast"), ("sentiment",), ("sentiment", "x", "--tier", "no")],
)
def test_wrong_use_is_told(arguments: tuple[str, ...], folder: Path) -> None:
    assert run_command(folder, "evaluate", *arguments).returncode == 2
