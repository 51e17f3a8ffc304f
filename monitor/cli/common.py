"""What commands share: the options with their search order, and two ways of printing."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.config import Config
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


def config_path(given: Path | None) -> Path:
    """The configuration file to use."""
    if given is not None:
        return given
    local = Path("sources.yaml")
    return local if local.exists() else Path("/etc/monitor/sources.yaml")


def database_path(given: Path | None) -> Path:
    """The database file to use."""
    return given if given is not None else Path(os.environ.get("STATE_DIRECTORY", ".")) / "monitor.db"


def load_config(given: Path | None) -> Config:
    """The configuration, or ConfigError with every fault in it."""
    from monitor.config import load

    return load(config_path(given), environ=os.environ)


def reader(given: Path | None) -> Reader:
    """The database for reading."""
    from monitor.store import Reader, open_reader

    return Reader(open_reader(database_path(given)))


def print_json(value: object) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def short_time(moment: object) -> str:
    """A stored time for a table: month, day, hour and minute in UTC; empty for none."""
    return str(moment)[5:16].replace("T", " ") if moment else ""


def print_line(text: str = "") -> None:
    """One line for a person, cleaned of control characters that posts may bring."""
    sys.stdout.write(safe_text(text) + "\n")


def print_table(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """A table for a person; cells are cleaned as in `print_line`."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for line in lines:
        table.add_row(*(Text("" if cell is None else safe_text(str(cell))) for cell in line))
    Console().print(table)
