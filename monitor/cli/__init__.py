"""The command `monitor`: a face without decisions. Each command imports what it needs when it runs.

`COMMANDS` is the list: the module of each command, and its line in `monitor --help`. Only the module of the command
that was asked for is imported, so that the help is there at once.

Exit codes: 0 ok · 1 found faults or nothing · 2 usage · 65 bad input data · 69 daemon unreachable · 75 already running
· 78 bad configuration or corrupt database.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from monitor.errors import (
    AlreadyRunning,
    ConfigError,
    DaemonUnreachable,
    InputError,
    MonitorError,
    QueryError,
    StoreError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "run": ("operate", "Run the daemon: poll, judge, store, alert"),
    "check": ("operate", "Check the configuration"),
    "schema": ("operate", "Print the JSON Schema of sources.yaml"),
    "poll": ("operate", "Poll one source now"),
    "sources": ("sources", "Health, delay and gaps of every source; add one"),
    "discover": ("discovering", "Find out how an address can be watched"),
    "receivers": ("care", "Who is told; test one with a real message"),
    "deliveries": ("operate", "Who was told, who could not be"),
    "routes": ("routes", "Who would be told of a mention, and why"),
    "silence": ("silences", "Let nobody be told of something for a time"),
    "mentions": ("history", "The newest mentions"),
    "search": ("searching", "Search all that was ever found"),
    "why": ("explaining", "Explain a mention"),
    "correct": ("correcting", "Answer: is a mention about its brand, how is it felt?"),
    "train": ("training", "Learn from corrected sentiments"),
    "cases": ("cases", "The cases to work off"),
    "people": ("people", "Who works here, in which role, told where"),
    "subscriptions": ("subscriptions", "What each person wants to hear of, and how often"),
    "digests": ("digests", "Regular overviews: when they leave, what they would say"),
    "brands": ("brands", "Names of each brand, what is matched, what was learned"),
    "author": ("authors", "What somebody wrote before, about us and others"),
    "stories": ("stories", "What several posts tell"),
    "story": ("stories", "One story: its origin, its copies, its growth"),
    "stats": ("analysis", "Figures, share of voice, answers"),
    "export": ("analysis", "Write mentions as CSV, JSON lines or XLSX"),
    "report": ("casereport", "Write a report as one HTML page; figures of cases"),
    "import": ("changes", "Add an existing history"),
    "domain-ranks": ("ranking", "Take over a list of domains by rank"),
    "rescore": ("rescoring", "Judge the stored history again"),
    "forget": ("forgetting", "Erase a person's data on request"),
    "backup": ("care", "Make a checked copy of the database"),
    "restore": ("care", "Put a backup in the place of the database"),
    "migrate": ("install", "Bring the database to this version"),
    "doctor": ("care", "Look at everything, and say what to do"),
    "parse": ("tools", "Read files as a kind of source would"),
    "judge": ("tools", "Judge posts from standard input"),
    "evaluate": ("evaluating", "Compare the judgement with labelled texts"),
    "demo": ("tools", "See it at work on this machine"),
}


class Group(TyperGroup):
    """The commands' group: those that are not loaded are in the help all the same."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override] # typer's own context
        """Every command, by subject."""
        del ctx
        return [*COMMANDS]

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override] # as above
        """A command; for one that is not loaded, what the help needs of it."""
        known = super().get_command(ctx, cmd_name)
        if known is not None:
            known.short_help = COMMANDS[cmd_name][1]
        elif cmd_name in COMMANDS:
            return TyperCommand(cmd_name, short_help=COMMANDS[cmd_name][1])
        return known

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        """The group's own options; typer would load pydantic (0.1 s) only to coerce the None of those not given."""
        found: list[Any] = super().get_params(ctx)
        for parameter in found:
            if parameter.default is None:
                parameter.default = False
        return found


app = typer.Typer(
    name="monitor",
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

EXIT_CODES: Final[tuple[tuple[type[MonitorError], int], ...]] = (
    (ConfigError, 78),
    (StoreError, 78),
    (AlreadyRunning, 75),
    (DaemonUnreachable, 69),
    (InputError, 65),
    (QueryError, 2),
    (MonitorError, 1),
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from monitor import __version__

        typer.echo(f"monitor {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Finds what people say about your brands, judges it and tells the right people."""


def application() -> typer.Typer:
    """The command line with all its commands."""
    for module, _ in COMMANDS.values():
        import_module(f"monitor.cli.{module}")
    return app


def main() -> None:
    """Entry point: errors of ours become one line on stderr and an exit code, never a traceback."""
    try:
        command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
        if command in COMMANDS:
            import_module(f"monitor.cli.{COMMANDS[command][0]}")
        app(prog_name="monitor")
    except MonitorError as error:
        from monitor.text import safe_text

        print(f"monitor: {safe_text(str(error), one_line=False)}", file=sys.stderr)  # noqa: T201 - the command's voice
        sys.exit(next(code for kind, code in EXIT_CODES if isinstance(error, kind)))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
