"""A file's lines and the rows of CSV that they make, each with its line; what is none costs no other row.

The quotes of other tools are not always closed. A row that ends elsewhere than where a cell ends, that has more cells
than the header, or that is longer than any post, is no row: only its first line is lost, and the next one is read anew.
"""

from __future__ import annotations

import csv
from collections import deque
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST: Final = 1024 * 1024  # characters of one row; what is longer is no post
MOST_LINES: Final = 1000  # of one row: no post has so many, but rows that an open quote has swallowed soon do
TOO_LONG: Final = f"it is longer than {LONGEST:,} characters"
OPEN_QUOTE: Final = "a quote is opened here and not closed where a cell ends"


class Lines:
    """The lines of a file; one that is too long to be a row is None. They may be put back, to be read again."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._again: deque[str | None] = deque()
        self.number = 0  # of the line that was given last

    def __iter__(self) -> Iterator[str | None]:
        return self

    def __next__(self) -> str | None:
        line = self._again.popleft() if self._again else self._read()
        self.number += 1
        return line

    @property
    def is_again(self) -> bool:
        """Whether the next line was put back."""
        return bool(self._again)

    def put_back(self, lines: Sequence[str | None]) -> None:
        """The lines that were given last are the next ones."""
        self._again.extendleft(reversed(lines))
        self.number -= len(lines)

    def _read(self) -> str | None:
        line = self._file.readline(LONGEST)
        if not line:
            raise StopIteration
        if len(line) < LONGEST:
            return line
        while line and not line.endswith(("\n", "\r")):
            line = self._file.readline(LONGEST)
        return None


def read_header(lines: Lines) -> tuple[list[str] | str, str]:
    """The first row that is not blank, and the delimiter: the one of comma, semicolon, tab and bar it has most of."""
    for line in lines:
        if line is None:
            return TOO_LONG, ","
        if line.strip():
            delimiter = max(",;\t|", key=line.count)
            lines.put_back([line])
            return _row(lines, delimiter, None) or [], delimiter
    return [], ","


def read_rows(lines: Lines, delimiter: str, width: int) -> Iterator[tuple[int, list[str] | str]]:
    """The rows that are not blank, each with its line; a text says why there is none."""
    while True:
        line, was_swallowed = lines.number + 1, lines.is_again
        row = _row(lines, delimiter, width)
        if row is None:
            return
        if isinstance(row, str):
            yield line, row
        elif not any(cell.strip() for cell in row):
            continue
        elif len(row) > width or (was_swallowed and len(row) < width):
            # A line out of the midst of a text seldom has as many cells as a row.
            yield line, f"it has {len(row)} cells, the header has {width}"
        else:
            yield line, row


def _row(lines: Lines, delimiter: str, width: int | None) -> list[str] | str | None:
    """The next row, or why there is none; None at the end of the file."""
    csv.field_size_limit(LONGEST)
    taken: list[str | None] = []
    try:
        row = next(csv.reader(_taking(lines, taken), delimiter=delimiter, strict=True))
    except StopIteration:
        return None
    except csv.Error:
        lines.put_back(taken[1:])
    else:
        if len(taken) == 1 or width is None or len(row) <= width:
            return row
        lines.put_back(taken[1:])
    first = taken[0]
    if first is None:
        return TOO_LONG
    try:
        # Quotes amid a quoted cell are a common mistake, and harmless within a line.
        return next(csv.reader(_alone(first), delimiter=delimiter))
    except csv.Error as error:
        return str(error)


def _taking(lines: Lines, taken: list[str | None]) -> Iterator[str]:
    size = 0
    for line in lines:
        taken.append(line)
        size += LONGEST if line is None else len(line)
        if line is None or size > LONGEST or len(taken) > MOST_LINES:
            raise csv.Error(TOO_LONG)
        yield line


def _alone(line: str) -> Iterator[str]:
    yield line
    raise csv.Error(OPEN_QUOTE)
