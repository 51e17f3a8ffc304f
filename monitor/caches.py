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


def folder(name: str, *, complete: Callable[[Path], bool] = Path.is_dir) -> Path:
    """The first place whose folder of this name is complete, else the first where it can be written, else a new one."""
    return _there(name, complete) or _writable(name) or Path(mkdtemp(prefix=f"{PROGRAM}-"))


def _places(name: str) -> list[Path]:
    caches = [os.environ.get("CACHE_DIRECTORY", "").split(":")[0], os.environ.get("XDG_CACHE_HOME", "")]
    places = [Path(sys.prefix, "share", PROGRAM, name)]
    places += [Path(cache, PROGRAM, name) for cache in caches if cache]
    return [*places, Path(os.environ["HOME"], ".cache", PROGRAM, name)] if "HOME" in os.environ else places


def _there(name: str, complete: Callable[[Path], bool]) -> Path | None:
    for place in _places(name):
        with contextlib.suppress(OSError):  # a folder of somebody else, into which this user may not even look
            if complete(place):
                return place
    return None


def _writable(name: str) -> Path | None:
    for place in _places(name):
        with contextlib.suppress(OSError):
            existing = next(parent for parent in (place, *place.parents) if parent.exists())
            if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
                return place
    return None


def remembered(kind: str, name: str, key: str, make: Callable[[], Any]) -> Any:
    """What `make` returns, pickled under `key`, in which all stands that it depends on; older keys are forgotten.

    Files that somebody else may have written are not read, nor is anything written where somebody else may write: a
    pickle may hold any program. Where no place will do, it is made each time.
    """
    place = _there(kind, lambda place: (place / f"{name}-{key}").is_file())
    if place is not None:
        # Damaged bytes, or those of another version, are read as any program: it may fail with whatever there is.
        with contextlib.suppress(Exception), (place / f"{name}-{key}").open("rb") as file:
            if _is_ours(os.fstat(file.fileno())) and _is_ours(place.stat()):
                return pickle.load(file)  # noqa: S301 - written by ourselves, see above
    made = make()
    place = _writable(kind)
    if place is not None:
        with contextlib.suppress(OSError):
            _keep(place, name, key, made)
    return made


def _is_ours(status: os.stat_result) -> bool:
    """Whether only root or this user may have written a file or into a folder."""
    return status.st_uid in {0, os.geteuid()} and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _keep(place: Path, name: str, key: str, made: object) -> None:
    for missing in [each for each in (place.parent, place) if not each.exists()]:
        missing.mkdir(parents=True)
        missing.chmod(0o755)  # whatever the umask: other users of this installation may read what root has made
    if not _is_ours(place.stat()):
        return
    with NamedTemporaryFile(dir=place, prefix=".", delete=False) as file:
        try:
            pickle.dump(made, file, protocol=pickle.HIGHEST_PROTOCOL)
            os.fchmod(file.fileno(), 0o644)
            file.flush()
            os.fsync(file.fileno())  # else a failing machine may keep the name without the content
            Path(file.name).replace(place / f"{name}-{key}")
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    for older in place.glob(f"{name}-*"):
        if older.name != f"{name}-{key}":
            older.unlink(missing_ok=True)
