"""The command `monitor`: a face without decisions. Each command imports what it needs when it runs.

Exit codes: 0 ok · 1 found faults or nothing · 2 usage · 65 bad input data · 69 daemon unreachable · 75 already running
· 78 bad configuration or corrupt database.
"""

from __future__ import annotations

import sys
from typing import Final

import typer

from monitor.errors import (
    AlreadyRunning,
    ConfigError,
    DaemonUnreachable,
    InputError,
    MonitorError,
    QueryError,
    StoreError,
)

app = typer.Typer(
    name="monitor",
    help="Finds what people say about your brands, judges it and tells the right people.",
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


def application() -> typer.Typer:
    """The command line with all its commands."""
    from monitor.cli import history, operate, tools  # noqa: F401 - importing registers the commands

    return app


def main() -> None:
    """Entry point: errors of ours become one line on stderr and an exit code, never a traceback."""
    try:
        application()()
    except MonitorError as error:
        print(f"monitor: {error}", file=sys.stderr)  # noqa: T201 - this is the command's own voice
        sys.exit(next(code for kind, code in EXIT_CODES if isinstance(error, kind)))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
