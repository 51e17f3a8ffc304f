"""Where this program keeps what it works out once for all its processes: never data, always made again.

Beside the installed program, in the unit's cache or in the user's. Where none will do, in a folder that lives as long
as this process: slow starts are better than none.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import stat
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile, mkdtemp
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM: Final = "brand-mention-monitor"

_UNREADABLE: Final = (OSError, EOFError, ValueError, pickle.UnpicklingError, AttributeError, ImportError, IndexError)
"""What a file says that was broken off, or written by another version."""


def folder(name: str, *, complete: Callable[[Path], bool] = Path.is_dir) -> Path:
    """The first place whose folder of this name is complete, else the first where it can be written."""
    caches = [os.environ.get("CACHE_DIRECTORY", "").split(":")[0], os.environ.get("XDG_CACHE_HOME", "")]
    places = [Path(sys.prefix, "share", PROGRAM, name)]
    places += [Path(cache, PROGRAM, name) for cache in caches if cache]
    if "HOME" in os.environ:
        places.append(Path(os.environ["HOME"], ".cache", PROGRAM, name))
    whole = (place for place in places if complete(place))
    writable = (place for place in places if _can_write(place))
    return next(whole, None) or next(writable, None) or Path(mkdtemp(prefix=f"{PROGRAM}-"))


def _can_write(place: Path) -> bool:
    existing = next(parent for parent in (place, *place.parents) if parent.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def remembered(kind: str, name: str, key: str, make: Callable[[], Any]) -> Any:
    """What `make` returns, pickled under `key`, in which all stands that it depends on; older keys are forgotten.

    Files that somebody else may have written are not read: a pickle may hold any program.
    """
    for place in {folder(kind, complete=lambda place: (place / f"{name}-{key}").is_file()), folder(kind)}:
        kept = place / f"{name}-{key}"
        with contextlib.suppress(*_UNREADABLE), kept.open("rb") as file:
            if _is_ours(os.fstat(file.fileno())) and _is_ours(place.stat()):
                return pickle.load(file)  # noqa: S301 - written by ourselves, see above
    made = make()
    with contextlib.suppress(OSError):
        _keep(folder(kind), name, key, made)
    return made


def _is_ours(status: os.stat_result) -> bool:
    """Whether only root or this user may have written a file or into a folder."""
    return status.st_uid in {0, os.geteuid()} and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _keep(place: Path, name: str, key: str, made: object) -> None:
    place.mkdir(parents=True, exist_ok=True, mode=0o755)
    with NamedTemporaryFile(dir=place, prefix=".", delete=False) as file:
        pickle.dump(made, file, protocol=pickle.HIGHEST_PROTOCOL)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(place / f"{name}-{key}")
    for older in place.glob(f"{name}-*"):
        if older.name != f"{name}-{key}":
            older.unlink(missing_ok=True)
