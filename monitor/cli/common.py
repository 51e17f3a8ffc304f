"""What commands share: the options with their search order, ways of printing, and the progress of long work."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from monitor.config import Config
    from monitor.models import HostState
    from monitor.store import Reader

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration file. Default: ./sources.yaml, then /etc/monitor/sources.yaml."),
]
DatabaseOption = Annotated[
    Path | None,
    typer.Option("--db", help="Database file. Default: $STATE_DIRECTORY/monitor.db, else ./monitor.db."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
AllowOption = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="NETWORK", help="A private network that may be dialled for this site; may repeat."),
]

LARGEST: Final = 2**63 - 1
"""The largest number that the database can be asked for."""
SYSTEM_CONFIG: Final = Path("/etc/monitor/sources.yaml")
_GAP: Final = 2  # cells between two columns
_SHORT: Final = 11  # cells: a column no wider than this is never cut; a time is as wide
_LEAST: Final = 8  # cells that a wider one keeps
_ROOM: Final = 24  # cells that the last column should have


def config_path(given: Path | None) -> Path:
    """The configuration file to use."""
    if given is not None:
        return given
    local = Path("sources.yaml")
    return local if local.exists() else SYSTEM_CONFIG


def database_path(given: Path | None) -> Path:
    """The database file to use."""
    return given if given is not None else Path(os.environ.get("STATE_DIRECTORY", ".")) / "monitor.db"


def load_config(given: Path | None) -> Config:
    """The configuration, or ConfigError with every fault in it."""
    from monitor.config import load

    return load(found_config(given), environ=os.environ)


def found_config(given: Path | None) -> Path:
    """The configuration file, looked for. Raises ConfigError naming both places where none is."""
    path = config_path(given)
    if given is None and not path.exists():
        from monitor.errors import ConfigError, Fault

        message = f"there is no such file here ({Path.cwd()}), nor {SYSTEM_CONFIG}"
        raise ConfigError([Fault("sources.yaml", 1, 1, "", message, "write one, or name it with --config FILE")])
    return path


def reader(given: Path | None) -> Reader:
    """The database for reading."""
    from monitor.store import Reader, open_reader

    return Reader(open_reader(database_path(given)))


def stored_hosts(given: Path | None) -> list[HostState]:
    """What the hosts asked for, as a daemon noted it; none where there is no database yet, unless one was named."""
    if given is None and not database_path(None).exists():
        return []
    found = reader(given)
    try:
        return found.hosts()
    finally:
        found.close()


def brand_as_stored(brand: str, store: Reader) -> str:
    """The brand as it is written in the database, whatever the case and however its ё are typed."""
    from monitor.text import fold

    known = store.brands()
    same = [name for name in known if fold(name) == fold(brand)]
    if not same:
        others = f"; there are some of {', '.join(known[:10])}" if known else ""
        print_nothing(f"no mentions of {brand!r}{others}")
    return brand if brand in same else same[0]


def print_json(value: object) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def short_time(moment: object) -> str:
    """A stored time for a table: month, day, hour and minute in UTC; empty for none."""
    return str(moment)[5:16].replace("T", " ") if moment else ""


def counted(number: int, thing: str) -> str:
    """A number of things, the thing as it is spelt for one: 1 brand, 2 brands."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def print_line(text: str = "") -> None:
    """One line for a person, cleaned of control characters that posts may bring."""
    from monitor.text import safe_text

    sys.stdout.write(safe_text(text) + "\n")


def print_nothing(reason: str) -> NoReturn:
    """Say on stderr why there is nothing to show, and end with exit code 1."""
    from monitor.text import safe_text

    sys.stderr.write(f"monitor: {safe_text(reason)}\n")
    raise typer.Exit(1)


def print_table(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """A table for a person; cells are cleaned as in `print_line`.

    Where it is too wide for the terminal (80 cells where there is none), long cells are cut with an ellipsis, and the
    last column is wrapped.
    """
    from shutil import get_terminal_size

    from rich.box import SIMPLE_HEAD
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from monitor.text import safe_text

    cells = [["" if cell is None else safe_text(str(cell)) for cell in line] for line in lines]
    natural = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    widths = column_widths(columns, natural, get_terminal_size().columns)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for number, (column, width) in enumerate(zip(columns, widths, strict=True), start=1):
        last = number == len(columns)
        table.add_column(column, width=width, no_wrap=not last, overflow="fold" if last else "ellipsis")
    for line in cells:
        table.add_row(*map(Text, line))
    # Wider than a narrow terminal rather than in columns of one letter; the terminal then breaks the lines.
    Console(width=sum(widths) + _GAP * (len(widths) - 1)).print(table)


def column_widths(columns: Sequence[str], natural: Sequence[int], total: int) -> list[int]:
    """A width for each column: what it wants, if all fit into `total` cells; else the widest give way to the last."""
    *widths, last = natural
    room = total - _GAP * len(widths)
    least = [
        want if want <= _SHORT else max(_LEAST, len(column)) for want, column in zip(widths, columns, strict=False)
    ]
    wanted = min(last, max(_ROOM, len(columns[-1])))
    while sum(widths) + wanted > room:
        excess, place = max(
            (width - floor, place) for place, (width, floor) in enumerate(zip(widths, least, strict=True))
        )
        if excess == 0:
            break
        widths[place] -= 1
    return [*widths, min(last, max(room - sum(widths), len(columns[-1]), _SHORT))]


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show on stderr how far work has come: gives `advance(n)`, to be called for each n done out of `total`.

    A `total` of None is one that nobody knows. Silent where stderr is no terminal.
    """
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from monitor.text import safe_text

    # No markup: a label may hold the name of a source or a file.
    shown = TextColumn("{task.description}", markup=False)
    console = Console(stderr=True)
    with Progress(shown, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task(safe_text(label), total=total)
        yield lambda done: bar.advance(task, done)
