"""The fences of the house: who may import what, read from the source with `ast`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "monitor"

# What each place may import of this project besides itself; errors and models' own package are everyone's.
_PURE = {"errors", "models"}
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "models": {"errors"},
    "clock": set(),
    "text": _PURE,
    "caches": set(),
    "lemmas": _PURE | {"caches", "text"},
    "query": _PURE | {"text", "lemmas"},
    "config": _PURE | {"query", "sources", "text"},
    "sources": _PURE | {"text"},
    "discovery": _PURE | {"text", "sources"},
    "understanding": _PURE | {"caches", "text", "query", "lemmas"},
    "tracking": _PURE | {"text"},
    "cases": _PURE | {"text", "zones"},
    "alerting": _PURE | {"text", "query", "zones"},
    "fetching": _PURE | {"tracking", "clock", "text"},
    "store": _PURE | {"query", "lemmas", "text"},
    "reports": _PURE | {"text"},
    "notify": _PURE | {"alerting", "text"},
    "logs": {"text"},
    "control": _PURE,
    "systemd": set(),
    "zones": set(),
    "flows": _PURE
    | {
        "alerting",
        "cases",
        "clock",
        "config",
        "discovery",
        "fetching",
        "notify",
        "query",
        "sources",
        "store",
        "tracking",
    }
    | {"text", "understanding", "worker"},
    "worker": _PURE | {"lemmas", "processes", "sources", "understanding"},
    "processes": _PURE,
    "web": _PURE | {"config", "flows", "store"},
    "demo": set(),
}
# The composition root and the command line that starts it see everything; faults.py breaks what it likes on purpose.
EVERYTHING = {"daemon", "cli", "__main__"}
BREAKS_THINGS = PACKAGE / "demo" / "faults.py"

FOREIGN: dict[str, set[str]] = {
    "httpx": {"fetching"},
    "h11": {"fetching"},
    "feedparser": {"sources"},
    "bs4": {"text", "sources"},
    "lxml": {"text", "sources", "discovery"},
    "sqlite_utils": {"store"},
    "sqlite3": {"store", "demo"},  # the demo's observer shares no code with the store, on purpose
    "apprise": {"notify"},
    "requests": {"notify"},
    "urllib3": {"notify"},
    "apscheduler": {"daemon"},
    "ruamel": {"config"},
    "yaml": set(),
    "pydantic": {"config", "understanding"},
    "starlette": {"web", "demo"},
    "uvicorn": {"web", "demo"},
    "typer": {"cli"},
    "pymorphy3": {"lemmas", "understanding"},
    "simplemma": {"lemmas"},
    "Stemmer": {"lemmas"},
    "trafilatura": {"sources"},
    "dateparser": {"sources"},
    "soupsieve": {"sources"},
    "protego": {"fetching"},
    "matplotlib": {"reports"},
    "PIL": {"alerting"},
    "xlsxwriter": {"reports"},
    "jinja2": {"reports", "alerting"},
}


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found |= {f"monitor.{alias.name}" for alias in node.names} if module == "monitor" else {module}
    return found


def _place(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_place_imports_only_what_its_charter_allows(path: Path) -> None:
    place = _place(path)
    if place in EVERYTHING or path == BREAKS_THINGS:
        return
    ours = {name.split(".")[1] for name in _imports(path) if name.startswith("monitor.")}
    ours -= {"__version__"}
    assert ours - {place} <= ALLOWED[place]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_foreign_package_is_used_in_one_place(path: Path) -> None:
    place = _place(path)
    foreign = {name.split(".")[0] for name in _imports(path)}
    trespassers = {name for name in foreign if name in FOREIGN and place not in FOREIGN[name]}
    assert not trespassers


def test_every_place_has_a_charter() -> None:
    assert {_place(path) for path in FILES} == set(ALLOWED) | EVERYTHING
    for path in FILES:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path} has no docstring"


def test_files_and_functions_stay_readable() -> None:
    too_long = []
    for path in FILES:
        source = path.read_text(encoding="utf-8")
        if source.count("\n") > 400:
            too_long.append(str(path))
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno
                if length > 50:
                    too_long.append(f"{path}:{node.name} ({length})")
    assert not too_long


def test_transactions_use_the_one_helper() -> None:
    # `with db.conn:` around sqlite-utils calls does not roll back what they committed by themselves.
    for path in (PACKAGE / "store").glob("*.py"):
        assert "with db.conn" not in path.read_text(encoding="utf-8")
        assert "with self._db.conn" not in path.read_text(encoding="utf-8")
