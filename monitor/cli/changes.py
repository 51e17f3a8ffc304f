"""Adding somebody else's history: `monitor import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from monitor.cli import app
from monitor.cli.acting import doing
from monitor.cli.common import (
    ConfigOption,
    DatabaseOption,
    JsonOption,
    print_json,
    print_line,
    print_nothing,
    progress,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from monitor.flows.importing import Portion
    from monitor.flows.tables import Reading, Row

SHOWN = 20  # bad rows that are listed on a terminal


@app.command("import")
def import_history(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="CSV or JSON lines.")],
    *,
    source: Annotated[str | None, typer.Option(help="Source that the posts belong to; else a column says it.")] = None,
    format: Annotated[  # noqa: A002 - the option's name
        Literal["csv", "jsonl"] | None, typer.Option(help="What the files are; else their names say it.")
    ] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--map", metavar="COLUMN=FIELD", help="What a column is that is not known.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be stored; store nothing.")] = False,
    encoding: Annotated[str | None, typer.Option(help="Encoding of the files; else told by their letters.")] = None,
    timezone: Annotated[str, typer.Option(help="Zone of dates without one, as in Europe/Moscow.")] = "UTC",
    dates: Annotated[
        Literal["day-first", "month-first"] | None, typer.Option(help="What 3/4/2026 means: 3 April, or March 4.")
    ] = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add an existing history: posts of CSV or JSON lines are judged and stored; nobody is alerted."""
    import asyncio

    reading = _reading(columns or (), timezone, dates)
    report = asyncio.run(
        _import(files, reading, source=source, kind=format, encoding=encoding, dry_run=dry_run, config=config, db=db)
    )
    if as_json:
        print_json(report)
    else:
        _show_import(report)
    if report["bad"]:
        raise typer.Exit(65)
    if not report["new"] and not report["known"]:
        print_nothing("the files hold no posts")


def _reading(columns: Sequence[str], timezone: str, dates: Any) -> Reading:
    from zoneinfo import ZoneInfo

    from monitor.clock import SystemClock
    from monitor.flows.tables import FIELDS, Reading
    from monitor.text import fold

    mapped: dict[str, str] = {}
    for given in columns:
        column, _, field = given.rpartition("=")
        if not column or field not in FIELDS:
            raise typer.BadParameter(f"--map {given!r}: write column=field; fields are {', '.join(FIELDS)}")
        mapped[fold(column)] = field
    try:
        zone = ZoneInfo(timezone)
    except (OSError, ValueError, LookupError):
        raise typer.BadParameter(f"there is no time zone {timezone!r}; write it as in Europe/Moscow") from None
    return Reading(columns=mapped, zone=zone, dates=dates, latest=SystemClock().now())


async def _import(
    files: Sequence[Path],
    reading: Reading,
    *,
    source: str | None,
    kind: Literal["csv", "jsonl"] | None,
    encoding: str | None,
    dry_run: bool,
    config: Path | None,
    db: Path | None,
) -> dict[str, Any]:
    from monitor.flows.importing import Imported, portions

    imported, sources = Imported(), set[str]()
    report: dict[str, Any] = {"dry_run": dry_run, "bad": 0, "undated": 0, "columns": {}, "unused": [], "faults": []}
    opened = [_open(file, reading, kind=kind, encoding=encoding) for file in files]
    with progress("import", sum(file.stat().st_size for file in files)) as advance:
        async with doing(config=config, db=db) as do:
            for file, (used, unused, rows) in zip(files, opened, strict=True):
                report["columns"] |= used
                report["unused"] += unused
                for portion in portions(rows(advance), source=source):
                    _note_faults(report, file, portion)
                    if portion.posts:
                        found = await do("import", source=portion.source, posts=list(portion.posts), dry_run=dry_run)
                        imported = imported.plus(Imported(**found))
                        report["undated"] += portion.undated
                        sources.add(portion.source)
            for name in sorted(sources) if not dry_run else ():
                imported = imported.plus(Imported(**await do("import", source=name, posts=[], finish=True)))
    if source is not None:
        given = [column for column, field in report["columns"].items() if field == "source"]
        report["unused"] += [f"{report['columns'].pop(column) and column} (--source was given)" for column in given]
    return {**imported.to_json(), **report}


def _note_faults(report: dict[str, Any], file: Path, portion: Portion) -> None:
    report["bad"] += len(portion.faults)
    room = max(1000 - len(report["faults"]), 0)
    report["faults"] += [{"file": str(file), "line": line, "reason": reason} for line, reason in portion.faults[:room]]


def _open(
    file: Path,
    reading: Reading,
    *,
    kind: Literal["csv", "jsonl"] | None,
    encoding: str | None,
) -> tuple[dict[str, str], list[str], Callable[[Callable[[int], None]], Iterator[Row]]]:
    """The columns that are understood, those that are not, and the rows of a file."""
    from io import TextIOWrapper

    from monitor.errors import InputError
    from monitor.flows import tables

    encoding = encoding or tables.encoding_of(file)
    kind = kind or tables.format_of(file, encoding)
    try:
        with file.open(encoding=encoding, errors="surrogateescape", newline="") as opened:
            names = tables.open_csv(opened)[0] if kind == "csv" else tables.columns_of_json(file, encoding)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from error
    except LookupError:
        raise typer.BadParameter(f"there is no encoding {encoding!r}") from None
    used = reading.fields_of(names)
    unused = [name for name in names if name not in used and not (kind == "jsonl" and name == "post")]
    if kind == "csv" and not {"text", "title"} & set(used.values()):
        raise InputError(f"{file}: no column is understood as the text; say it with --map COLUMN=text")

    def rows(advance: Callable[[int], None]) -> Iterator[Row]:
        with file.open("rb") as raw, TextIOWrapper(raw, encoding, "surrogateescape", newline="") as opened:
            told = 0
            found = (
                tables.read_csv(*tables.open_csv(opened), reading)
                if kind == "csv"
                else tables.read_json(opened, reading)
            )
            for row in found:
                yield row
                advance(raw.tell() - told)
                told = raw.tell()

    return used, unused, rows


def _show_import(report: Mapping[str, Any]) -> None:
    print_line(
        "understood: " + (", ".join(f"{name} as {field}" for name, field in report["columns"].items()) or "nothing")
    )
    if report["unused"]:
        print_line(f"not used: {', '.join(dict.fromkeys(report['unused']))}")
    for fault in report["faults"][:SHOWN]:
        print_line(f"{fault['file']}:{fault['line']}: {fault['reason']}")
    if report["bad"] > SHOWN:
        print_line(f"… and {report['bad'] - SHOWN} more bad rows (--json names them)")
    verb = "would be stored" if report["dry_run"] else "stored"
    line = f"{report['new']} posts {verb} with {report['mentions']} mentions, {report['known']} were known already"
    extra = {
        "bad": "bad rows",
        "undated": "without a date",
        "refused": "erased on request before",
        "unjudged": "too much for the judge",
        "answers": "answers linked",
    }
    print_line(line + "".join(f", {report[name]} {words}" for name, words in extra.items() if report[name]))
