"""`make install`, `upgrade`, `uninstall` in a DESTDIR, with a small program in the monitor's place.

What is tested is the order of things and their undoing; the real program is installed by `tests.proofs.admin_day`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = [
    pytest.mark.slow,  # the administrator's day, which CI runs, goes the same way with the real program
    pytest.mark.skipif(shutil.which("make", path=os.defpath) is None, reason="make is not installed"),
]

# Stands for monitor/__main__.py: the same commands and options, over a database of one table.
PROGRAM = """\
import argparse, fcntl, json, os, pathlib, sqlite3, sys

VERSION, SCHEMA, FAULTS = "{version}", {schema}, {faults!r}
parser = argparse.ArgumentParser()
parser.add_argument("--version", action="version", version="monitor " + VERSION)
parser.add_argument("command", choices=("check", "doctor", "migrate", "backup", "restore"))
parser.add_argument("file", nargs="?")
for option in ("--config", "--db", "--out"):
    parser.add_argument(option)
for option in ("--yes", "--alert-again", "--no-index", "--json"):
    parser.add_argument(option, action="store_true")
options = parser.parse_args()
if options.command in ("check", "doctor"):
    assert pathlib.Path(os.environ["CREDENTIALS_DIRECTORY"], "contact").is_file()
    open(options.config).close()
elif options.command == "restore":
    pathlib.Path(options.db).write_bytes(pathlib.Path(options.file).read_bytes())
else:
    lock = open(options.db + ".lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    db = sqlite3.connect(options.db)
    if options.command == "backup":
        db.execute("VACUUM INTO ?", (options.out,))
    else:
        db.execute("PRAGMA user_version = %d" % SCHEMA)
        if "migrate" in FAULTS:
            db.execute("DELETE FROM posts")
            db.commit()
if options.command == "doctor":
    areas = ("versions", "database", "configuration", "permissions", "dictionaries", "network", "sources", "receivers")
    for area in areas:
        level = "problem" if area in FAULTS else "note" if area + "?" in FAULTS else "ok"
        print(json.dumps(dict(level=level, area=area, what="planted: " + area)))
    sys.exit(bool(set(FAULTS) & set(areas)))
if options.command in FAULTS:
    sys.exit("planted: " + options.command)
"""
# Builds the wheel without asking an index for a build tool.
BACKEND = """\
import pathlib, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "brand_mention_monitor-{version}"
    with zipfile.ZipFile(pathlib.Path(folder, name + "-py3-none-any.whl"), "w") as wheel:
        for path in pathlib.Path("monitor").rglob("*.py"):
            wheel.write(path)
        info = name + ".dist-info/"
        metadata = "Metadata-Version: 2.1\\nName: brand-mention-monitor\\nVersion: {version}\\n"
        wheel.writestr(info + "METADATA", metadata)
        kind = "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr(info + "WHEEL", kind)
        wheel.writestr(info + "RECORD", "")
    return name + "-py3-none-any.whl"
"""
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@dataclass(frozen=True)
class Server:
    """A tree to install from and a folder that stands for the server's root."""

    tree: Path
    root: Path

    def release(self, version: str, *, schema: int = 1, faults: tuple[str, ...] = ()) -> None:
        """Put this version into the tree."""
        program = self.tree / "monitor"
        program.mkdir(exist_ok=True)
        (program / "__init__.py").touch()
        (program / "__main__.py").write_text(
            PROGRAM.format(version=version, schema=schema, faults=faults), encoding="utf-8"
        )
        (program / "lemmas.py").touch()
        backend = BACKEND.format(version=version) if "build" not in faults else "raise SystemExit('planted: build')\n"
        (self.tree / "backend.py").write_text(backend, encoding="utf-8")

    def make(self, target: str, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", "--silent", target, f"DESTDIR={self.root}", f"PYTHON={sys.executable}", *more],
            cwd=self.tree,
            # pip asks what compilers there are, and rustup would answer by settling into the home.
            env={**os.environ, "HOME": str(self.tree.parent / "home"), "PATH": os.defpath},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def monitor(self, *arguments: str) -> str:
        command = self.root / "usr/local/bin/monitor"
        return subprocess.run([command, *arguments], capture_output=True, text=True, check=True).stdout.strip()

    @property
    def database(self) -> Path:
        return self.root / "var/lib/monitor/monitor.db"

    def write_history(self) -> None:
        self.database.parent.mkdir(parents=True)
        with closing(sqlite3.connect(self.database)) as db:
            db.execute("CREATE TABLE posts (text)")
            db.execute("INSERT INTO posts VALUES ('kept')")
            db.execute("PRAGMA user_version = 1")
            db.commit()

    def history(self) -> tuple[list[str], int]:
        with closing(sqlite3.connect(self.database)) as db:
            texts = [text for (text,) in db.execute("SELECT text FROM posts")]
            return texts, db.execute("PRAGMA user_version").fetchone()[0]


def make_tree(folder: Path) -> Path:
    tree = folder / "tree"
    (tree / "systemd").mkdir(parents=True)
    (folder / "home").mkdir()
    for name in ("Makefile", "sources.yaml", *(f"systemd/{path.name}" for path in (ROOT / "systemd").glob("*.*"))):
        shutil.copy(ROOT / name, tree / name)
    (tree / "requirements.lock").write_text("# none\n", encoding="utf-8")
    (tree / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    return tree


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """One fresh installation of 1.0, with a contact address. Copy it before changing it."""
    folder = tmp_path_factory.mktemp("install")
    server = Server(make_tree(folder), folder / "a server")
    server.release("1.0")
    before = outside(server)
    done = server.make("install", "CONTACT=we@monitor.test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(set(before.items()) ^ set(outside(server).items())) == [], "something outside DESTDIR was written"
    return server


def outside(server: Server) -> dict[str, tuple[int, int]]:
    """Where an installer that forgets DESTDIR would write: the system, the caller's home, the tree itself."""
    tops = {str(path): (0, 0) for top in ("/opt", "/usr/local/bin", "/var/lib") for path in Path(top).glob("*")}
    return listing(Path("/etc"), server.tree.parent / "home", server.tree) | tops


@pytest.fixture
def server(installed: Server, tmp_path: Path) -> Server:
    """A copy that a test may change; it is as far from where it was installed as a package from its build."""
    shutil.copytree(installed.root.parent, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Server(tmp_path / "tree", tmp_path / "a server")


def listing(*folders: Path) -> dict[str, tuple[int, int]]:
    """Every path below with its size and time of change."""
    found = {}
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink() and path.is_file():
                found[str(path)] = (path.stat().st_size, path.stat().st_mtime_ns)
            else:
                found[str(path)] = (0, 0)
    return found


def test_an_installation_is_complete_and_private_where_it_must_be(installed: Server) -> None:
    root = installed.root
    assert installed.monitor("--version") == "monitor 1.0"
    assert (root / "opt/monitor").readlink() == Path("monitor-a")
    assert (root / "etc/monitor/credentials/contact").read_text(encoding="utf-8") == "we@monitor.test\n"
    modes = {path: (root / path).stat().st_mode & 0o777 for path in ("etc/monitor/credentials", "etc/monitor")}
    assert modes == {"etc/monitor/credentials": 0o700, "etc/monitor": 0o755}
    assert (root / "etc/monitor/credentials/contact").stat().st_mode & 0o777 == 0o600
    assert "contact: ${credential:contact}" in (root / "etc/monitor/sources.yaml").read_text(encoding="utf-8")
    units = sorted(path.name for path in (root / "etc/systemd/system").iterdir())
    assert units == ["monitor-backup.service", "monitor-backup.timer", "monitor.service"]


def test_every_path_in_it_is_that_of_the_system_where_it_will_stand(installed: Server) -> None:
    inside = os.fsencode(installed.root)
    files = [path for path in installed.root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 500
    assert not [path for path in files if inside in path.read_bytes()]
    assert b"/opt/monitor-a/bin/python" in (installed.root / "opt/monitor-a/bin/pip").read_bytes()


def test_the_folder_of_the_caller_is_never_imported_from(server: Server, tmp_path: Path) -> None:
    (tmp_path / "monitor.py").write_text("raise SystemExit('imported from the wrong place')\n", encoding="utf-8")
    command = [str(server.root / "usr/local/bin/monitor"), "--version"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("monitor 1.0\n", "")


def test_installing_twice_changes_nothing(server: Server) -> None:
    (server.root / "etc/monitor/sources.yaml").write_text("mine: yes\n", encoding="utf-8")
    (server.root / "etc/monitor/credentials/contact").write_text("other@monitor.test\n", encoding="utf-8")
    before = listing(server.root)
    assert server.make("install").returncode == 0
    assert listing(server.root) == before


# The installer, which says which environment it would make in place of making it, which takes a quarter of a minute.
WITHOUT_MAKING = """\
import sys
sys.path.insert(0, {folder!r})
import install
install.make_environment = lambda places, slot: print("made anew:", slot)
install.main()
"""


@pytest.mark.parametrize(("kept", "made"), [(200, False), (100, True), (0, True), (None, True)])
def test_an_environment_whose_mark_is_missing_or_was_cut_short_is_made_anew(
    server: Server, kept: int | None, made: bool
) -> None:
    mark = server.root / "opt/monitor-a/installed-from"
    whole = mark.read_text(encoding="ascii")
    mark.unlink()
    if kept is not None:
        mark.write_text(whole[:kept], encoding="ascii")  # of 100 the first hash is whole, the second is not
    done = subprocess.run(
        [sys.executable, "-B", "-c", WITHOUT_MAKING.format(folder=str(server.tree / "systemd")), "install"],
        env={**os.environ, "DESTDIR": str(server.root), "PREFIX": "", "CONTACT": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("made anew: /opt/monitor-a\n" in done.stdout) is made
    assert ("/opt/monitor-a is complete already." in done.stdout) is not made


def test_a_new_version_is_no_install(server: Server) -> None:
    server.release("2.0")
    done = server.make("install")
    assert done.returncode != 0
    assert "use `make upgrade`" in done.stderr
    assert server.monitor("--version") == "monitor 1.0"


def test_an_upgrade_takes_the_history_along_and_keeps_it_as_it_was_beside(server: Server) -> None:
    server.write_history()
    server.release("2.0", schema=2)
    done = server.make("upgrade")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "Upgraded: monitor 1.0 to monitor 2.0."
    assert server.monitor("--version") == "monitor 2.0"
    assert server.history() == (["kept"], 2)
    with closing(sqlite3.connect(server.database.with_name("before-upgrade.db"))) as backup:
        assert backup.execute("SELECT * FROM posts").fetchall() == [("kept",)]
        assert backup.execute("PRAGMA user_version").fetchone() == (1,)
    assert [path.name for path in sorted((server.root / "opt").iterdir())] == ["monitor", "monitor-b"]
    again = server.make("upgrade")
    assert (again.returncode, again.stdout) == (0, "/opt/monitor-b is this version already.\n")


def test_other_packages_make_a_new_environment_in_place_of_an_unfinished_one_and_a_prefix_is_everywhere(
    server: Server,
) -> None:
    (server.root / "opt").rename(server.root / "srv")
    (server.root / "srv/monitor-a").rename(server.root / "srv/watch-a")
    (server.root / "srv/monitor").unlink()
    assert server.make("install", "PREFIX=/srv/watch").returncode == 0
    assert (server.root / "srv/watch").readlink() == Path("watch-a")
    (server.root / "srv/watch-b").mkdir()
    (server.root / "srv/watch-b/left-over").touch()
    (server.tree / "requirements.lock").write_text("# still none\n", encoding="utf-8")
    server.release("2.0")
    done = server.make("upgrade", "PREFIX=/srv/watch")
    assert done.returncode == 0, done.stderr
    assert "Installing packages into /srv/watch-b" in done.stdout
    assert "There is no database yet" in done.stdout
    assert server.monitor("--version") == "monitor 2.0"
    assert "/srv/watch-b/" in (server.root / "srv/watch/bin/pip").read_text(encoding="utf-8")
    assert not (server.root / "srv/watch/left-over").exists()
    assert not (server.root / "srv/watch-a").exists()
    unit = (server.root / "etc/systemd/system/monitor.service").read_text(encoding="utf-8")
    assert "ExecStart=/srv/watch/bin/monitor run" in unit
    assert not (server.root / "opt").exists()
    assert server.make("uninstall", "PREFIX=/srv/watch").returncode == 0
    assert not any((server.root / "srv").iterdir())


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("migrate", "the database could not be brought to the new version"),
        ("check", "`monitor check` found nothing wrong before, and does now"),
        ("database", "`monitor doctor` (database) found nothing wrong before, and does now"),
        ("dictionaries?", "`monitor doctor` (dictionaries) found nothing wrong before, and does now"),
        ("build", "the monitor itself could not be installed"),
    ],
)
def test_a_failed_upgrade_leaves_the_old_version_and_its_history(server: Server, fault: str, words: str) -> None:
    server.write_history()
    unit = server.root / "etc/systemd/system/monitor.service"
    before = unit.read_bytes()
    (server.tree / "systemd/monitor.service").write_text("# of the new version\n", encoding="utf-8")
    server.release("2.0", schema=2, faults=(fault,))
    done = server.make("upgrade")
    assert done.returncode != 0
    assert words in done.stderr
    assert f"planted: {fault.strip('?')}" in done.stderr
    assert server.monitor("--version") == "monitor 1.0"
    assert server.history() == (["kept"], 1)
    assert unit.read_bytes() == before
    assert [path.name for path in sorted((server.root / "opt").iterdir())] == ["monitor", "monitor-a"]


def test_what_was_wrong_before_is_no_fault_of_an_upgrade(server: Server) -> None:
    server.write_history()
    (server.root / "etc/monitor/sources.yaml").unlink()
    server.release("2.0")
    assert server.make("upgrade").returncode == 0


def test_what_no_upgrade_can_break_undoes_none(server: Server) -> None:
    """A name that is not resolved between two runs of doctor, a receiver that was given up meanwhile."""
    server.write_history()
    server.release("2.0", schema=2, faults=("network", "sources", "receivers", "versions?"))
    done = server.make("upgrade")
    assert done.returncode == 0, done.stderr
    assert server.history() == (["kept"], 2)


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("/opt/my monitor", "absolute path of letters"),
        ("/opt/100%", "absolute path of letters"),
        ("opt/monitor", "absolute path of letters"),
        ("/opt/../etc", "absolute path of letters"),
        ("/", "absolute path of letters"),
        ('/opt/"; touch planted; "', "absolute path of letters"),
        ("/home/ann/monitor", "does not see /home/"),
        ("/root", "does not see /root/"),
        ("/tmp/monitor", "does not see /tmp/"),
    ],
)
def test_a_prefix_that_the_service_could_not_live_at_is_refused(installed: Server, prefix: str, words: str) -> None:
    before = listing(installed.root, installed.tree)
    for target in ("install", "upgrade"):
        done = installed.make(target, f"PREFIX={prefix}")
        assert done.returncode != 0
        assert words in done.stderr
    assert listing(installed.root, installed.tree) == before


def test_no_shell_reads_what_is_given(installed: Server, tmp_path: Path) -> None:
    shutil.copytree(installed.root.parent, tmp_path, symlinks=True, dirs_exist_ok=True)
    (tmp_path / "a server").rename(tmp_path / 'a "server" `touch planted`')
    server = Server(tmp_path / "tree", tmp_path / 'a "server" `touch planted`')
    before = listing(server.tree)
    done = server.make("install", """CONTACT=a"; touch planted; `touch planted` ' @monitor.test""")
    assert done.returncode == 0, done.stderr
    contact = (server.root / "etc/monitor/credentials/contact").read_text(encoding="utf-8")
    assert contact == """a"; touch planted; `touch planted` ' @monitor.test\n"""
    assert listing(server.tree) == before


def test_no_upgrade_without_a_backup(server: Server) -> None:
    server.write_history()
    server.database.write_bytes(b"no database" * 500)
    server.release("2.0", schema=2)
    done = server.make("upgrade")
    assert done.returncode != 0
    assert "the database cannot be had" in done.stderr
    assert server.database.read_bytes() == b"no database" * 500
    assert server.monitor("--version") == "monitor 1.0"


def test_no_upgrade_under_a_daemon_that_systemd_does_not_know(server: Server) -> None:
    import fcntl

    server.write_history()
    server.release("2.0", schema=2)
    with server.database.with_name("monitor.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = server.make("upgrade")
    assert done.returncode != 0
    assert "the database cannot be had" in done.stderr
    assert server.history() == (["kept"], 1)


def test_uninstalling_keeps_what_people_wrote_and_says_where_it_is(server: Server) -> None:
    server.write_history()
    done = server.make("uninstall")
    assert done.returncode == 0
    assert "Kept: /etc/monitor, /var/lib/monitor" in done.stdout
    left = [path.relative_to(server.root) for path in sorted(server.root.rglob("*")) if path.is_file()]
    assert [str(path) for path in left] == [
        "etc/monitor/credentials/contact",
        "etc/monitor/sources.yaml",
        "var/lib/monitor/monitor.db",
    ]
    assert server.history() == (["kept"], 1)
    assert "Nothing was installed." in server.make("uninstall").stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may install")
def test_without_root_it_says_what_to_do(server: Server) -> None:
    command = [sys.executable, "-B", str(server.tree / "systemd/install.py"), "install"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "install: this needs root: sudo make install\n")
