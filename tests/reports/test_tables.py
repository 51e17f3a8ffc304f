from __future__ import annotations

import csv
import io
import json
import tracemalloc
from typing import TYPE_CHECKING

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.reports import tables
from monitor.reports.tables import Written, harmless, write_csv, write_jsonl, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS = ["id", "text", "rating"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+7 999 000", "'+7 999 000"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("   =1", "'   =1"),
        ("\u00a0=1", "'\u00a0=1"),
        ("＝1", "'＝1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\0=1", "'=1"),
        ("a=1", "a=1"),
        ("чай", "чай"),
        ("", ""),
        (-2.5, -2.5),
        (None, None),
    ],
)
def test_what_may_be_a_formula_gets_an_apostrophe(value: object, expected: object) -> None:
    assert harmless(value) == expected


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4))
def test_R61_a_csv_file_reads_back_and_no_cell_begins_as_a_formula(texts: list[str]) -> None:
    stream = io.StringIO(newline="")
    assert write_csv(stream, [str(place) for place in range(len(texts))], [texts]) == Written(1)
    stream.seek(0)
    _, row = csv.reader(stream)
    assert row == [harmless(text) for text in texts]
    assert not [cell for cell in row if cell.lstrip()[:1] in tuple("=+-@＝＋－＠")]


def test_json_lines_keep_values_as_they_are() -> None:
    stream = io.StringIO()
    assert write_jsonl(stream, COLUMNS, [(1, "=чай\n", 2.5), (2, "", None)]) == Written(2)
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [
        {"id": 1, "text": "=чай\n", "rating": 2.5},
        {"id": 2, "text": "", "rating": None},
    ]


def test_R61_a_workbook_holds_texts_as_texts(tmp_path: Path) -> None:
    texts = [
        "=1+1",
        "https://example.org/" + "x" * 3000,
        "007",
        "+1",
        "чай 🙂",
        "_x0041_",
        "a\x07b",
        "{=1}",
        "mailto:x@y.z",
    ]
    path = tmp_path / "m.xlsx"
    assert write_xlsx(path, COLUMNS, [(place, text, 1.5) for place, text in enumerate(texts)]) == Written(len(texts))
    sheet = openpyxl.load_workbook(path)["mentions"]
    assert [cell.value for cell in sheet[1]] == COLUMNS
    cells = [sheet.cell(row=place + 2, column=2) for place in range(len(texts))]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.hyperlink for cell in cells] == [None] * len(texts)
    kept = [cell.value for cell in cells]
    assert kept[:5] == texts[:5]
    assert kept[7:] == texts[7:]
    assert [cell.quotePrefix for cell in cells][:4] == [True, False, False, True]
    assert sheet["C2"].value == 1.5
    assert sheet["C2"].data_type == "n"


def test_a_cell_that_excel_cannot_hold_is_cut_and_counted(tmp_path: Path) -> None:
    texts = ["a" * 32_767, "a" * 32_768, "🙂" * 16_383, "🙂" * 16_384]
    path = tmp_path / "m.xlsx"
    assert write_xlsx(path, ["text"], [(text,) for text in texts]) == Written(4, cells_cut=2)
    sheet = openpyxl.load_workbook(path)["mentions"]
    assert [sheet.cell(row=place, column=1).value for place in range(2, 6)] == [
        texts[0],
        "a" * 32_767,
        texts[2],
        "🙂" * 16_383,
    ]


def test_rows_that_a_sheet_cannot_hold_are_left_out_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "EXCEL_ROWS", 4)
    path = tmp_path / "m.xlsx"
    assert write_xlsx(path, ["id"], [(number,) for number in range(5)]) == Written(3, rows_left_out=2)
    assert openpyxl.load_workbook(path)["mentions"].max_row == 4


@pytest.mark.parametrize("format_", ["csv", "jsonl", "xlsx"])
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, format_: str) -> None:
    def rows(count: int) -> Iterator[tuple[int, str, float]]:
        return ((number, f"{number} " + "x" * 2000, 1.0) for number in range(count))

    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            if format_ == "xlsx":
                write_xlsx(tmp_path / "m.xlsx", COLUMNS, rows(count))
            else:
                write = write_csv if format_ == "csv" else write_jsonl
                with (tmp_path / "m").open("w", encoding="utf-8", newline="") as stream:
                    write(stream, COLUMNS, rows(count))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(5000) - peak(100) < 1_000_000  # 5,000 rows are 10 MB
