"""What is worked out once for all processes: made again where it is missing, broken, older or not ours."""

from __future__ import annotations

import os
import pickle
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from monitor.caches import remembered

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files of a kind called «things» lie."""
    prefix = tmp_path / "prefix"
    prefix.mkdir()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    return prefix / "share" / "brand-mention-monitor" / "things"


def made(times: list[int]) -> list[int]:
    times.append(1)
    return [len(times)]


def test_it_is_made_once(place: Path) -> None:
    times: list[int] = []
    assert [remembered("things", "one", "key", lambda: made(times)) for _ in range(3)] == [[1], [1], [1]]
    assert [path.name for path in place.iterdir()] == ["one-key"]


def test_another_key_makes_it_anew_and_the_older_is_forgotten(place: Path) -> None:
    times: list[int] = []
    assert [remembered("things", "one", key, lambda: made(times)) for key in ("old", "new")] == [[1], [2]]
    assert [path.name for path in place.iterdir()] == ["one-new"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x05",
        pickle.dumps([7])[:-3],
        b"no pickle at all",
        pytest.param(b"cbuiltins\nint\n(]tR.", id="TypeError"),
        pytest.param(b"(cos\nenviron\nS'no such'\ni_operator\ngetitem\n.", id="KeyError"),
        pytest.param(b"\x8e" + (2**62).to_bytes(8, "little"), id="MemoryError"),
        pytest.param(b"\x80\x04c_struct\nunpack\n(S'<i'\nC\x00tR.", id="struct.error"),
    ],
)
def test_a_broken_file_is_made_anew(place: Path, content: bytes) -> None:
    place.mkdir(parents=True)
    (place / "one-key").write_bytes(content)
    assert remembered("things", "one", "key", lambda: [1]) == [1]
    assert pickle.loads((place / "one-key").read_bytes()) == [1]


@pytest.mark.parametrize("mode", [0o666, 0o664])
def test_a_file_that_others_may_write_is_not_read(place: Path, mode: int) -> None:
    place.mkdir(parents=True)
    (place / "one-key").write_bytes(pickle.dumps(["from a stranger"]))
    (place / "one-key").chmod(mode)
    assert remembered("things", "one", "key", lambda: ["ours"]) == ["ours"]


def test_a_folder_that_others_may_write_is_not_trusted(place: Path) -> None:
    place.mkdir(parents=True)
    (place / "one-key").write_bytes(pickle.dumps(["from a stranger"]))
    place.chmod(0o777)
    assert remembered("things", "one", "key", lambda: ["ours"]) == ["ours"]


def test_what_root_makes_under_a_strict_umask_others_may_read(place: Path) -> None:
    before = os.umask(0o077)
    try:
        remembered("things", "one", "key", lambda: [1])
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (place.parent, place, place / "one-key")]
    assert modes == [0o755, 0o755, 0o644]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look everywhere")
def test_a_folder_into_which_this_user_may_not_look_is_passed_over(place: Path) -> None:
    place.mkdir(parents=True)
    place.parent.chmod(0)
    assert remembered("things", "one", "key", lambda: [1]) == [1]


def test_where_nothing_can_be_written_it_is_made_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "share").touch()  # a file where the folder would be: root could not write there either
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "share"))
    for name in ("CACHE_DIRECTORY", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert remembered("things", "one", "key", lambda: [1]) == [1]
