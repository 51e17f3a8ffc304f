"""Commands of the analyst: stats, export, and the page of `report`, which casereport.py registers beside its own."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from monitor.cli import app
from monitor.cli.common import (
    ConfigOption,
    DatabaseOption,
    JsonOption,
    config_path,
    database_path,
    load_config,
    print_json,
    print_line,
    print_nothing,
    print_table,
    progress,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from monitor.models import Brand
    from monitor.reports.figures import Answered, Count
    from monitor.reports.tables import Written
    from monitor.store.stats import History, Scope

QueryArgument = Annotated[
    str,
    typer.Argument(
        metavar="[QUERY]", help="Filter, as `monitor search` has it; none: every mention.", show_default=False
    ),
]
SinceOption = Annotated[str | None, typer.Option(help="From then on: 7d, 2026-01-31 or 2026-01-31T10:00Z.")]
UntilOption = Annotated[str | None, typer.Option(help="Before then, written as --since is.")]
DoubtfulOption = Annotated[bool, typer.Option("--doubtful", help="Count doubtful mentions too.")]


@app.command()
def stats(
    *,
    query: QueryArgument = "",
    by: Annotated[
        Literal["brand", "day", "week", "month", "source", "sentiment", "lang", "site", "type"],
        typer.Option(help="What to count by. By brand, the share of voice is shown."),
    ] = "brand",
    answers: Annotated[
        bool, typer.Option("--answers", help="How mentions were answered, instead of how they sound.")
    ] = False,
    since: SinceOption = None,
    until: UntilOption = None,
    doubtful: DoubtfulOption = False,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count mentions, their sentiment and ratings, and each brand's share of voice; times are UTC."""
    from monitor.reports import figures
    from monitor.store import stats as store

    scope = _scope(query, since=since, until=until, doubtful=doubtful)
    with reading(db, scope) as database:
        rows = store.answers(database, by, scope) if answers else store.counts(database, by, scope)
        if not rows:
            print_nothing(_why_nothing(database, scope))
    if answers:
        _show_answers([figures.Answered(**row) for row in rows], by, as_json=as_json)
    else:
        counted = [figures.Count(**row) for row in rows]
        _show_counts(counted, by, _competitors(config) if by == "brand" else (), as_json=as_json)
    if not as_json:
        left_out = "" if doubtful else "; doubtful mentions are left out"
        print_line(f"{_bounds(scope)}; times are UTC{left_out}")


def _show_counts(counted: Sequence[Count], by: str, rivals: Sequence[str], *, as_json: bool) -> None:
    from monitor.reports import figures

    whole, voiced = figures.total(counted), by == "brand"
    timed = by in ("day", "week", "month")
    lines = counted if timed else sorted(counted, key=lambda count: (-count.mentions, count.key))
    if as_json:
        for count in (*lines, whole):
            share = {"share": _rounded(count.mentions / whole.mentions), "competitor": count.key in rivals}
            named = {name: getattr(count, name) for name in ("mentions", "negative", "neutral", "positive", "ratings")}
            means = {"negative_share": _rounded(count.negative_share), "mean_rating": _rounded(count.mean_rating)}
            print_json({by: count.key, **named, **means, **(share if voiced and count is not whole else {})})
        return
    print_table(
        (by, "mentions", *(["share"] if voiced else []), "negative", "neutral", "positive", "negative share", "rating"),
        (
            (
                f"{count.key} (competitor)" if count.key in rivals else count.key or "unknown",
                count.mentions,
                *([_percent(count.mentions / whole.mentions)] if voiced else []),
                count.negative,
                count.neutral,
                count.positive,
                _percent(count.negative_share),
                "" if count.mean_rating is None else f"{count.mean_rating:.2f}",
            )
            for count in (*lines, whole)
        ),
    )


def _show_answers(answered: Sequence[Answered], by: str, *, as_json: bool) -> None:
    from monitor.reports import figures

    lines = [*answered, figures.total_answered(answered)]
    if as_json:
        for row in lines:
            said = {name: getattr(row, name) for name in ("mentions", "answered", "replies")}
            waited = _rounded(row.median_hours)
            print_json({by: row.key, **said, "response_rate": _rounded(row.rate), "median_hours": waited})
        return
    print_table(
        (by, "mentions", "answered", "response rate", "median hours", "replies"),
        (
            (
                row.key or "unknown",
                row.mentions,
                row.answered,
                _percent(row.rate),
                "" if row.median_hours is None else f"{row.median_hours:.1f}",
                row.replies,
            )
            for row in lines
        ),
    )
    print_line("mentions, answered and the rate go by the mention's date, replies by the reply's date")


@app.command()
def export(
    *,
    query: QueryArgument = "",
    format_: Annotated[
        Literal["csv", "jsonl", "xlsx", "datasette"],
        typer.Option("--format", help="datasette: no mentions, but metadata with queries for Datasette."),
    ] = "csv",
    out: Annotated[Path | None, typer.Option(help="File to write; xlsx needs one. Default: standard output.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int | None, typer.Option(min=1, help="How many at the most, the newest.")] = None,
    doubtful: DoubtfulOption = False,
    db: DatabaseOption = None,
) -> None:
    """Write mentions with every column of the view v_mentions, newest first, times in UTC."""
    from itertools import chain

    from monitor.store import stats as store

    if format_ == "datasette":
        _write_metadata(out)
        return
    if format_ == "xlsx" and out is None:
        raise typer.BadParameter("a workbook needs a file: add --out FILE")
    scope = _scope(query, since=since, until=until, doubtful=doubtful)
    with reading(db, scope) as database, progress("exporting", limit) as advance:
        columns, found = store.mentions(database, scope, limit=limit)
        first = next(found, None)
        if first is None:
            print_nothing(_why_nothing(database, scope))
        written = _write_table(format_, out, columns, _counted(chain([first], found), advance))
    if out is not None:
        print_line(f"{out}: {written.rows} mentions")
    if written.rows_left_out or written.cells_cut:
        typer.echo(
            f"monitor: {written.rows_left_out} mentions did not fit into one sheet and {written.cells_cut} cells were "
            "cut: Excel takes 1,048,576 rows and 32,767 characters in a cell; --format csv has no such limits",
            err=True,
        )
        raise typer.Exit(1)


def _write_table(format_: str, out: Path | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Written:
    import sys

    from monitor.reports import tables

    write = tables.write_csv if format_ == "csv" else tables.write_jsonl
    if out is None:
        return write(sys.stdout, columns, rows)
    with _replacing(out) as temporary:
        if format_ == "xlsx":
            return tables.write_xlsx(temporary, columns, rows)
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            return write(stream, columns, rows)


def _write_metadata(out: Path | None) -> None:
    from importlib.resources import files

    metadata = files("monitor.reports").joinpath("datasette.yaml").read_text(encoding="utf-8")
    if out is None:
        typer.echo(metadata, nl=False)
        return
    with _replacing(out) as temporary:
        temporary.write_text(metadata, encoding="utf-8")


def report(
    *,
    out: Annotated[Path, typer.Option(help="HTML file to write.")],
    which: Annotated[
        str | None, typer.Argument(metavar="[PERIOD]", help="A week (2026-W46) or a month (2026-11).")
    ] = None,
    week: Annotated[bool, typer.Option("--week", help="The last week that is over, or the one named.")] = False,
    month: Annotated[bool, typer.Option("--month", help="The last month that is over, or the one named.")] = False,
    since: SinceOption = None,
    until: UntilOption = None,
    brand: Annotated[list[str] | None, typer.Option(help="Only this brand; may be repeated. Default: ours.")] = None,
    language: Annotated[Literal["en", "ru"], typer.Option(help="Language of the page.")] = "en",
    config: ConfigOption = None,
    db: DatabaseOption = None,
) -> None:
    """Write a report on a week, a month or any days as one HTML page that prints well."""
    from monitor.cli.reporting import gather, named_period
    from monitor.clock import SystemClock
    from monitor.reports.page import render

    now = SystemClock().now()
    period = named_period(which, week=week, month=month, since=since, until=until, now=now)
    with reading(db) as database, progress("reporting", None) as advance:
        gathered = gather(database, period, brands=brand or (), rivals=_competitors(config), now=now)
        advance(1)
    with _replacing(out) as temporary:
        temporary.write_text(render(gathered, language=language), encoding="utf-8")
    print_line(f"{out}: {gathered.now.mentions} mentions from {period.since:%Y-%m-%d} to {period.last_day} (UTC)")


@contextmanager
def reading(db: Path | None, scope: Scope | None = None) -> Iterator[History]:
    """The database for reading; what SQLite says against it becomes a StoreError.

    Where the filter of `scope` searches and the search does not know every mention, that is said.
    """
    from monitor.store import open_reader
    from monitor.store.connection import sqlite_errors
    from monitor.store.search import register, unindexed

    path = database_path(db)
    database = open_reader(path)
    register(database)
    try:
        with sqlite_errors(path):
            if scope is not None and scope.sql is not None and scope.sql.match is not None:
                from monitor.cli.searching import tell_unindexed

                tell_unindexed(unindexed(database))
            yield database
    finally:
        database.close()


def _scope(query: str, *, since: str | None, until: str | None, doubtful: bool) -> Scope:
    """What was asked for. Raises QueryError, and what typer shows as wrong usage."""
    from monitor.cli.reporting import moment_of
    from monitor.clock import SystemClock
    from monitor.query import parse
    from monitor.query.sql import compile_sql
    from monitor.store.search import is_everything
    from monitor.store.stats import Scope

    now = SystemClock().now()
    sql = compile_sql(parse(query), now=now) if query.strip() else None
    if sql is not None and is_everything(sql):
        sql = None  # what has no filter is answered from the counts by day
    begin, end = moment_of("since", since, now), moment_of("until", until, now)
    return Scope(sql=sql, since=begin, until=end, doubtful=doubtful)


def configured_brands(config: Path | None) -> tuple[Brand, ...]:
    """The brands of the configuration, where there is one.

    One that was not named may be for other eyes, with secrets that this user cannot read: then that is said.
    """
    from monitor.errors import ConfigError

    if config is None and not config_path(None).exists():
        return ()
    try:
        return load_config(config).brands
    except ConfigError:
        if config is not None:
            raise
        typer.echo(f"monitor: {config_path(None)} cannot be used, so no brand is marked as a competitor", err=True)
        return ()


def _competitors(config: Path | None) -> tuple[str, ...]:
    return tuple(brand.name for brand in configured_brands(config) if brand.competitor)


def _bounds(scope: Scope) -> str:
    since = f"from {scope.since:%Y-%m-%d %H:%M}" if scope.since else "from the first"
    return f"{since} to {scope.until:%Y-%m-%d %H:%M}" if scope.until else f"{since} to now"


def _why_nothing(database: History, scope: Scope) -> str:
    """Why there is nothing to show."""
    from monitor.store import stats as store

    if store.first_day(database) is None:
        return "no mention is stored yet"
    hint = "" if scope.doubtful else "; doubtful ones are left out (--doubtful)"
    return f"no mention {_bounds(scope)}{' matches' if scope.sql else ''}{hint}"


def _counted(rows: Iterable[Sequence[object]], advance: Callable[[int], None]) -> Iterator[Sequence[object]]:
    for row in rows:
        yield row
        advance(1)


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """A new file that takes the place of `out` once it is whole; readable by this user alone, as it holds posts."""
    from os import close
    from tempfile import mkstemp

    from monitor.errors import InputError

    try:
        handle, name = mkstemp(dir=out.parent, prefix=f".{out.name}.")
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}") from error
    close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
