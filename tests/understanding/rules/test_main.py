"""The runner, as people start it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
[[rule]]
id = "sue"
case = "threat"
guards = ["negation"]
any = ["подать ~3 суд"]
[words]
negation = ["не"]
"""
LINES = [
    {"text": "Подам на вас в суд", "brand": "Ёлка", "lang": "ru", "labels": ["threat"]},
    {"text": "Не подам я в суд", "brand": "Ёлка", "lang": "ru", "labels": ["threat"]},
    {"text": "Ёлка хочет подать в суд", "brand": "Ёлка", "lang": "ru", "labels": [], "near": "threat"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cases.toml").write_text('[threat]\nlevel = "high"\nsays = {en = "A threat"}\n', encoding="utf-8")
    (tmp_path / "ru.toml").write_text(RULES, encoding="utf-8")
    lines = "\n".join(json.dumps(line, ensure_ascii=False) for line in LINES)
    (tmp_path / "lines.jsonl").write_text(f"{lines}\n\n", encoding="utf-8")
    return tmp_path


def run(*arguments: object) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "monitor.understanding.rules", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, check=False, encoding="utf-8", timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_figures_and_what_is_wrong(folder: Path) -> None:
    code, out, _ = run("--rules", folder, "--wrong", folder / "lines.jsonl")
    assert code == 0
    assert out.splitlines() == [
        "case                  n   prec.  recall      F1  false  missed",
        "threat                2   0.500   0.500   0.500      1       1",
        "FALSE threat",
        "  lines.jsonl:3: Ёлка хочет подать в суд",
        "      ru:sue (1) «подать в суд»",
        "      labels: none (near threat)",
        "MISSED threat",
        "  lines.jsonl:2: Не подам я в суд",
        "      ru:sue (1) «подам я в суд» stopped by negation",
    ]


def test_one_text(folder: Path) -> None:
    code, out, _ = run("--rules", folder, "--text", "Подам на вас в суд", "--lang", "ru")
    assert (code, out) == (0, "threat\nthreat:\n      ru:sue (1) «Подам на вас в суд»\n")
    assert run("--rules", folder, "--text", "Подам заявление", "--lang", "ru")[:2] == (0, "none\n")


def test_what_cannot_be_read_is_told(folder: Path) -> None:
    (folder / "lines.jsonl").write_text('{"text": "а"}\n', encoding="utf-8")
    code, out, told = run("--rules", folder, folder / "lines.jsonl")
    assert (code, out) == (65, "")
    assert "lines.jsonl:1: is no labelled line: KeyError('labels')" in told
    (folder / "ru.toml").write_text("[[rule]]\nid = 'x'\ncase = 'no'\n", encoding="utf-8")
    code, _, told = run("--rules", folder, "--text", "а")
    assert code == 65
    assert told.splitlines()[0] == "ru.toml:2: x: unknown case «no»; known: threat"
