"""One installed environment: the Python, the packages and the program of one version, and the places around it.

Only the standard library is used here: nothing is installed yet. An environment is written below DESTDIR and works
there, but every path in it is that of the system where it will stand.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
MARK: Final = "installed-from"  # in an environment: hashes of what it was made from; written when it is complete
# What the units hide from the service (ProtectHome=, PrivateTmp=, PrivateDevices=), or the kernel fills.
HIDDEN: Final = ("/home/", "/root/", "/run/", "/tmp/", "/var/tmp/", "/dev/", "/proc/", "/sys/")  # noqa: S108 - refused
COMMAND: Final = """\
#!/bin/sh
# By hand it looks where the service does; -I keeps the folder that you stand in out of Python's imports.
: "${STATE_DIRECTORY:=/var/lib/monitor}" "${CREDENTIALS_DIRECTORY:=/etc/monitor/credentials}"
export STATE_DIRECTORY CREDENTIALS_DIRECTORY
exec "$(dirname "$(readlink -f "$0")")/python" -I -m monitor "$@"
"""


class Failure(Exception):
    """Why it did not work; nothing half-done is left behind unless the words say so."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything goes. Paths with `destdir` in front are where it is written, `prefix` is where it will stand."""

    destdir: str
    prefix: str

    def at(self, path: str) -> Path:
        """Where `path` of the target system is now."""
        return Path(self.destdir + path)

    @property
    def link(self) -> Path:
        """PREFIX: a link to the environment in use."""
        return self.at(self.prefix)

    @property
    def command(self) -> Path:
        """The link in everybody's PATH."""
        return self.at("/usr/local/bin/monitor")

    @property
    def units(self) -> Path:
        """The administrator's units."""
        return self.at("/etc/systemd/system")

    @property
    def settings(self) -> Path:
        """sources.yaml and the folder of credentials."""
        return self.at("/etc/monitor")

    @property
    def state(self) -> Path:
        """The database and its backups."""
        return self.at("/var/lib/monitor")

    def slots(self) -> tuple[str, str]:
        """Where environments may stand, as the target system names them."""
        return f"{self.prefix}-a", f"{self.prefix}-b"

    def current(self) -> str | None:
        """The environment in use, as the target system names it."""
        if not self.link.is_symlink():
            return None
        return str(Path(self.prefix).parent / self.link.readlink())

    def free(self) -> str:
        """The other one."""
        return next(slot for slot in self.slots() if slot != self.current())


def say(text: str) -> None:
    """One line for the administrator."""
    print(text, flush=True)  # noqa: T201 - this program's own voice


def run(*command: str | Path, why: str, codes: tuple[int, ...] = (0,), **options: object) -> str:
    """Run a program to its end; its output. Raises Failure with its last words where it ended with none of `codes`."""
    done = subprocess.run(  # type: ignore[call-overload] # noqa: S603 - our own commands
        [str(word) for word in command], text=True, capture_output=True, check=False, cwd="/", **options
    )
    if done.returncode not in codes:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-12:]
        raise Failure("\n  ".join([f"{why} (exit code {done.returncode})", *said]))
    return str(done.stdout)


def remove(path: Path) -> bool:
    """Remove a file, link or folder; whether there was one."""
    there = path.is_symlink() or path.exists()
    if there and path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif there:
        path.unlink()
    return there


def check_places(places: Places) -> None:
    """Refuse a PREFIX that a unit could not name, or that the service could not see."""
    if not re.fullmatch(r"(/[A-Za-z0-9_+-][A-Za-z0-9._+-]*)+", places.prefix):
        raise Failure(
            f"PREFIX is {places.prefix!r}: write an absolute path of letters, digits and . _ + -, as in /opt/monitor"
        )
    if hidden := next((place for place in HIDDEN if f"{places.prefix}/".startswith(place)), None):
        raise Failure(f"PREFIX is {places.prefix}, but the service does not see {hidden}: choose another")


def check_python(places: Places) -> None:
    """Refuse a Python that could not carry the service."""
    for module in ("venv", "ensurepip"):
        try:
            __import__(module)
        except ImportError:
            raise Failure(f"this Python has no module {module}; on Debian: apt install python3-venv") from None
    home = next((place for place in HIDDEN if sys.base_prefix.startswith(place)), None)
    if home and not places.destdir:
        raise Failure(
            f"this Python stands under {home}, where the service may not read: make PYTHON=/usr/bin/python3 …"
        )


def make_environment(places: Places, slot: str, *, old: str | None = None) -> None:
    """Everything that runs, as it will stand at `slot`; what was left unfinished there is replaced.

    Where the packages are those of the `old` environment they are taken from there, which takes seconds.
    """
    place = places.at(slot)
    remove(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    pip = (place / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-compile")
    if copied := old is not None and made_from(places, old)[0] == packages():
        # Hard links: nobody writes into these files, pip and compileall put new ones in their place.
        shutil.copytree(places.at(str(old)), place, symlinks=True, copy_function=os.link)
        (place / MARK).unlink()
    else:
        say(f"Installing packages into {slot}: a minute or two.")
        run(sys.executable, "-m", "venv", place, why="the virtual environment could not be made")
        lock = ROOT / "requirements.lock"
        run(*pip, "--require-hashes", "-r", lock, why="the packages of requirements.lock could not be installed")
    # What builds it runs in this tree, and leaves nothing there.
    environ = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    why = "the monitor itself could not be installed"
    run(*pip, "--no-deps", "--force-reinstall", ROOT, why=why, env=environ)
    _make_at_home(places, slot, old=old or slot)
    python, library = place / "bin" / "python", place / "lib"
    # The service may not write here, so what Python would keep is made now; the paths in it are those of the target.
    # A package may hold a file that this Python cannot compile: it is not ours to import.
    compile_all = [str(python), "-m", "compileall", "-qq", "-j", "0", "-s", places.destdir or "/", "-p", "/", library]
    if not copied:
        compile_all += ["-f"]  # venv has compiled pip already, for the place where it is now
    subprocess.run(compile_all, check=False, cwd="/")  # noqa: S603 - our own command
    # Without a home, so that they come into the environment and not from root's cache.
    run(python, "-I", "-m", "monitor.lemmas", why="the dictionaries could not be prepared", env={"PATH": os.defpath})
    (place / MARK).write_text(f"{packages()}\n{program()}\n", encoding="ascii")


def _make_at_home(places: Places, slot: str, *, old: str) -> None:
    """Let programs name the place where they will stand, and put our command in."""
    for path in (*places.at(slot).glob("bin/*"), places.at(slot) / "pyvenv.cfg"):
        if path.is_file() and not path.is_symlink():
            text = path.read_bytes()
            for now in (places.at(slot), old):
                text = text.replace(os.fsencode(now), os.fsencode(slot))
            mode = path.stat().st_mode
            path.unlink()  # it may be a link to the file of the old environment
            path.write_bytes(text)
            path.chmod(mode)
    command = places.at(slot) / "bin" / "monitor"
    command.unlink(missing_ok=True)
    command.write_text(COMMAND, encoding="ascii")
    command.chmod(0o755)


def made_from(places: Places, slot: str) -> tuple[str, str]:
    """The packages and the program that an environment was made from; empty where it is not complete."""
    mark = places.at(slot) / MARK
    hashes = mark.read_text(encoding="ascii", errors="replace").split() if mark.is_file() else []
    # One that a full disk or a lost power left half-written says nothing.
    return (hashes[0], hashes[1]) if [len(one) for one in hashes] == [64, 64] else ("", "")


def packages() -> str:
    """Names the Python and the packages that this tree needs."""
    lock = (ROOT / "requirements.lock").read_bytes()
    return hashlib.sha256(f"{sys.version} {sys.base_prefix}".encode() + lock).hexdigest()


def program() -> str:
    """Names the program and the units in this tree."""
    digest = hashlib.sha256()
    folders = (ROOT / "monitor", ROOT / "systemd")
    for path in (ROOT / "pyproject.toml", *sorted(path for folder in folders for path in folder.rglob("*"))):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()
