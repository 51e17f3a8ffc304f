"""Runs the command line in this process: what it imports is imported once for all tests."""

from __future__ import annotations

import io
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import typer.main

from monitor.cli import application, main

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


def run_command(
    folder: Path, *arguments: str, stdin: str | bytes = "", environ: Mapping[str, str] | None = None
) -> Done:
    """`monitor ARGUMENTS` in `folder`; an exception that is none of ours comes through, as a traceback would."""
    out, err = Stream(), Stream()
    given = stdin if isinstance(stdin, bytes) else stdin.encode()
    umask = os.umask(0o022)
    os.umask(umask)
    code: object = 0
    with (
        chdir(folder),
        redirect_stdout(out),
        redirect_stderr(err),
        patch.dict(os.environ, environ or {}),
        patch.object(sys, "argv", ["monitor", *arguments]),
        patch.object(typer.main, "get_command", lambda _app: _built()),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8")),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        finally:
            os.umask(umask)
    return Done(code if isinstance(code, int) else int(code is not None), out.text(), err.text())


@cache
def _built() -> Any:
    """The command line as typer builds it, which takes longer than most commands."""
    return typer.main.get_command(application())


_built()  # before anything is patched


class Stream(io.TextIOWrapper):
    """A standard stream that is no terminal; programs may write bytes to its buffer."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def text(self) -> str:
        """All that was written."""
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode()
