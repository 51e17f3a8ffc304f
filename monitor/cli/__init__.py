"""The command `monitor`: a face without decisions. Each command imports what it needs when it runs.

Exit codes: 0 ok · 1 found faults or nothing · 2 usage · 65 bad input data · 69 daemon unreachable · 75 already running
· 78 bad configuration or corrupt database.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from monitor.errors import (
    AlreadyRunning,
    ConfigError,
    DaemonUnreachable,
    InputError,
    MonitorError,
    QueryError,
    StoreError,
)


class Group(TyperGroup):
    """The commands' group; it needs no pydantic, so that the help of a command is there at once."""

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
    from monitor.cli import (  # noqa: F401 - importing registers the commands
        analysis,
        care,
        changes,
        forgetting,
        history,
        install,
        operate,
        rescoring,
        searching,
        tools,
    )

    return app


def main() -> None:
    """Entry point: errors of ours become one line on stderr and an exit code, never a traceback."""
    try:
        application()(prog_name="monitor")
    except MonitorError as error:
        from monitor.text import safe_text

        print(f"monitor: {safe_text(str(error), one_line=False)}", file=sys.stderr)  # noqa: T201 - the command's voice
        sys.exit(next(code for kind, code in EXIT_CODES if isinstance(error, kind)))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
