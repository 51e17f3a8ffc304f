"""Each file in data/broken holds one mistake; data/broken.expected holds what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import load
from monitor.errors import ConfigError, Fault

DATA = Path(__file__).parent / "data"
BROKEN = sorted((DATA / "broken").glob("*.yaml"))
EXPECTED = dict(
    line.split(" ", 1) for line in (DATA / "broken.expected").read_text(encoding="utf-8").splitlines() if line
)


def faults_of(path: Path) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path, environ={})
    assert str(caught.value) == "\n".join(map(str, caught.value.faults))
    return caught.value.faults


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_one_mistake_is_told_with_its_line_and_a_hint(path: Path) -> None:
    assert [str(fault) for fault in faults_of(path)] == [f"{path}:{EXPECTED[path.stem]}"]


def test_the_table_and_the_files_name_the_same_mistakes() -> None:
    assert set(EXPECTED) == {path.stem for path in BROKEN}
    assert len(BROKEN) >= 30


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_the_place_is_where_the_key_or_its_holder_is_written(path: Path) -> None:
    lines = path.read_bytes().splitlines() or [b""]
    for fault in faults_of(path):
        assert fault.file == str(path)
        assert 1 <= fault.line <= len(lines)
        assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    path = DATA / "many-mistakes.yaml"
    expected = (DATA / "many-mistakes.expected").read_text(encoding="utf-8").splitlines()
    assert [str(fault) for fault in faults_of(path)] == [f"{path}:{line}" for line in expected]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert [str(fault) for fault in faults_of(path)] == [f"{path}:1:1: cannot be read: No such file or directory"]


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    assert [str(fault) for fault in faults_of(tmp_path)] == [f"{tmp_path}:1:1: cannot be read: Is a directory"]


def test_a_file_beyond_all_reason(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_text("# " + "x" * (2 * 1024 * 1024), encoding="utf-8")
    assert [str(fault) for fault in faults_of(path)] == [f"{path}:1:1: is larger than 2048 kB"]
