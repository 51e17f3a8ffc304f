"""Where the dictionaries lie, and that two who build them at once do not disturb each other."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from monitor.lemmas import dictionaries
from monitor.lemmas.dictionaries import LATIN, prepare

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _ask_again() -> None:
    dictionaries._folder.cache_clear()


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation without dictionaries, and a user without a cache."""
    prefix = tmp_path / "prefix"
    prefix.mkdir()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("CACHE_DIRECTORY", raising=False)
    return prefix


def test_they_lie_beside_the_program_where_that_can_be_written(prefix: Path) -> None:
    assert dictionaries._folder().parent == prefix / "share" / "brand-mention-monitor"
    assert dictionaries._folder().name.startswith("lemmas-")


def test_else_in_the_cache_of_the_unit(prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (prefix / "share").touch()  # a folder that root could not write either
    monkeypatch.setenv("CACHE_DIRECTORY", f"{tmp_path}/cache:{tmp_path}/other")
    assert dictionaries._folder().is_relative_to(tmp_path / "cache")


def test_those_that_are_there_win(prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = dictionaries._folder().name
    dictionaries._folder.cache_clear()
    cache = tmp_path / "cache" / "brand-mention-monitor" / name
    cache.mkdir(parents=True)
    for lang in LATIN:
        (cache / f"{lang}.dic").touch()
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path / "cache"))
    assert dictionaries._folder() == cache


def test_two_who_prepare_at_once_leave_whole_files(tmp_path: Path) -> None:
    folder = tmp_path / "lemmas"
    folder.mkdir()
    for lang in set(LATIN) - {"fr"}:  # the smallest takes a few seconds
        (folder / f"{lang}.dic").touch()
    small = [sys.executable, "-m", "monitor.lemmas", str(folder)]
    running = [subprocess.Popen(small, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=300)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert sum("building the dictionaries" in words for words in said) == 1
    assert {path.name for path in folder.iterdir()} == {*(f"{lang}.dic" for lang in LATIN), "lock"}
    assert dictionaries._Tries(folder).get_dictionary("fr")["vendu"] == "vendre"


def test_what_is_there_is_not_built_again(tmp_path: Path) -> None:
    for lang in LATIN:
        (tmp_path / f"{lang}.dic").write_bytes(b"mine")
    assert prepare(tmp_path) == tmp_path
    assert (tmp_path / "en.dic").read_bytes() == b"mine"
