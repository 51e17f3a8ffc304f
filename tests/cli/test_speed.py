"""`monitor --help` is there at once: by what is loaded for it, which does not depend on how busy the machine is."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer

from monitor.cli import COMMANDS, application

HEAVY = {
    *("apprise", "asyncio", "httpx", "lxml", "matplotlib", "numpy", "pydantic", "pymorphy3", "rich", "simplemma"),
    *("sqlite3", "sqlite_utils", "structlog", "uvicorn"),
}
# Ours that --help may load; the modules of commands come on top.
LIGHT = {"monitor", "monitor.errors"}
PROGRAM = """
import json, sys
from monitor.cli import main
sys.argv = ["monitor", *sys.argv[1:]]
try:
    main()
except SystemExit as ended:
    code = ended.code
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""
TYPER_ALONE = "import json, sys, typer; print(json.dumps([0, sorted(sys.modules)]), file=sys.stderr)"


def loaded(program: str, *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert not code
    return set(modules)


def commands() -> list[str]:
    group = typer.main.get_command(application())
    return sorted(group.commands)  # type: ignore[attr-defined]  # it is a group


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in commands())], ids=" ".join)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    modules = loaded(PROGRAM, *arguments)
    assert not {name.partition(".")[0] for name in modules} & HEAVY
    ours = {name for name in modules if name.partition(".")[0] == "monitor"}
    assert not {name for name in ours - LIGHT if not name.startswith("monitor.cli")}


def test_help_loads_little_more_than_typer_itself() -> None:
    alone, ours = loaded(TYPER_ALONE), loaded(PROGRAM, "--help")
    assert len(ours - alone) <= 40


def test_the_help_lists_each_command_with_its_whole_line() -> None:
    shown = subprocess.run([sys.executable, "-m", "monitor", "--help"], capture_output=True, text=True, check=True)
    listed = shown.stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split(maxsplit=1) for line in listed] == [[name, line] for name, (_, line) in COMMANDS.items()]
    assert commands() == sorted(COMMANDS)


def test_the_version_is_told() -> None:
    from monitor import __version__

    told = subprocess.run(
        [sys.executable, "-m", "monitor", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout == f"monitor {__version__}\n"
