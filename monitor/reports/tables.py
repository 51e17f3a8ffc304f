"""Rows as CSV, JSON lines or XLSX, streaming: what a spreadsheet would take for a formula leaves as text."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from monitor.text import FORMULA

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

EXCEL_ROWS: Final = 1_048_576  # of a sheet, the header included
EXCEL_CELL: Final = 32_767  # UTF-16 units in one cell


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows went out; how many did not fit, and how many cells were cut."""

    rows: int
    rows_left_out: int = 0
    cells_cut: int = 0


def harmless(value: object) -> object:
    """A cell of a CSV file that no spreadsheet computes: what might be a formula gets an apostrophe in front."""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")  # for most readers a NUL ends the file
    return "'" + text if FORMULA.match(text) else text


def write_csv(stream: IO[str], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Written:
    """CSV as RFC 4180 has it, every field quoted, formulas made harmless; open `stream` with newline=""."""
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow([harmless(value) for value in row])
        count += 1
    return Written(count)


def write_jsonl(stream: IO[str], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Written:
    """One JSON object a line, values as they are stored."""
    count = 0
    for row in rows:
        stream.write(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n")
        count += 1
    return Written(count)


def write_xlsx(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Written:
    """One sheet; texts are written as texts, so that no formula and no link comes to be. Memory stays bounded.

    What Excel cannot hold is left out and counted: rows beyond EXCEL_ROWS, the end of cells beyond EXCEL_CELL.
    """
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "tmpdir": str(path.parent),
    }
    written = left_out = cut = 0
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet("mentions")
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, columns, book.add_format({"bold": True}))
        plain, quoted = book.add_format(), book.add_format({"quote_prefix": True})
        for row in rows:
            if written + 1 >= EXCEL_ROWS:
                left_out += 1
                continue
            written += 1
            for place, value in enumerate(row):
                if isinstance(value, str):
                    text = _cell(value)
                    cut += len(text) < len(value)
                    # The prefix keeps a text a text even when somebody edits the cell.
                    sheet.write_string(written, place, text, quoted if FORMULA.match(text) else plain)
                elif value is not None:
                    sheet.write_number(written, place, float(str(value)))
    return Written(written, left_out, cut)


def _cell(text: str) -> str:
    """As much of a text as a cell holds; Excel counts what lies beyond the Basic Multilingual Plane twice."""
    if len(text) * 2 <= EXCEL_CELL:
        return text
    units = text.encode("utf-16-le", "replace")
    return text if len(units) <= 2 * EXCEL_CELL else units[: 2 * EXCEL_CELL].decode("utf-16-le", "ignore")
