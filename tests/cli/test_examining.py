"""What `doctor` compares with the installed packages: those lines of the lock file that are for this machine."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from monitor.cli.examining import _differing

if TYPE_CHECKING:
    from pathlib import Path

HERE = version("packaging")


@pytest.mark.parametrize(
    ("lines", "differing"),
    [
        (f"packaging=={HERE} \\\n    --hash=sha256:00", []),
        ("packaging==0.1 \\\n    --hash=sha256:00", [f"packaging {HERE} (locked: 0.1)"]),
        ("packaging==0.1 ; python_full_version < '3' \\\n    --hash=sha256:00", []),
        ("packaging==0.1 ; python_full_version >= '3.11' \\", [f"packaging {HERE} (locked: 0.1)"]),
        (f"packaging==0.1 ; python_full_version < '3'\npackaging=={HERE} ; python_full_version >= '3'", []),
        ("packaging==0.1 ; sys_platform == 'none' or (python_version < '3' and os_name == 'none')", []),
        ("not-there-at-all==1", ["not-there-at-all is missing"]),
        ("not-there-at-all==1 ; sys_platform == 'none' \\", []),
        ("# packaging==0.1\n--index-url https://packages.example/", []),
    ],
)
def test_only_lines_for_this_python_and_machine_count(tmp_path: Path, lines: str, differing: list[str]) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"{lines}\n", encoding="utf-8")
    assert _differing(lock) == differing
