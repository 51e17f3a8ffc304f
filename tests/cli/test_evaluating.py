"""`monitor evaluate` on files of labelled texts: one line a file for programs, a table for people."""

from __future__ import annotations

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
    assert "wrong.jsonl: 1 texts, macro F1 0.000" in shown
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
