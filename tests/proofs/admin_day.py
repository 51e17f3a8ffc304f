"""An administrator's day on a server of its own: install, first alert, backup, upgrades, disaster, restore, uninstall.

    python -m tests.proofs.admin_day [--write FILE | --check FILE] [--break NAME] [--keep DIR]

Everything is real but the machine: `make install` into a DESTDIR, the installed daemon started as the unit says, a web
server and a mail server on loopback. The commands and what they print are docs/administrators-day.md. Whether the day
went well is judged from the bytes that the mail server took and by the standard library's sqlite3.
"""

import argparse
import difflib
import email
import email.policy
import os
import re
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from monitor.demo.receivers import MailSink
from tests.proofs.transcript import Transcript
from tests.proofs.verdict import CannotProveError, conclude, impossible
from tests.site import Site, running_site

ROOT = Path(__file__).resolve().parents[2]
TREE = ("monitor", "systemd", "Makefile", "pyproject.toml", "requirements.lock", "sources.yaml", "README.md", "LICENSE")
PATIENCE = 90.0  # seconds; nothing here is about speed
FAULTS = ("forgetful-restore", "no-backup", "lost-history")

OLD = "Kettleworks opened a shop in Leeds"
POSTS = {
    "first": "Kettleworks support never answers, terrible service, I want my money back",
    "after the backup": "Kettleworks sent me a broken kettle, awful quality, do not buy",
    "after the upgrade": "Kettleworks lost my order and lied about it, the worst shop ever",
    "after the restore": "Kettleworks charged me twice, terrible, this is a scam",
}
CONFIG = """\
contact: ${{credential:contact}}
sentiment: fast
brands:
  - name: Kettleworks
sources:
  - {{name: reviews, kind: feed, url: "{site}/feed", every: 1s, allow: [127.0.0.0/8]}}
receivers:
  support: {{urls: ["${{credential:support}}"], budget: off}}
routes:
  - {{match: "sentiment:negative", to: support, group_wait: 0s, group_interval: 0s}}
fetch: {{gap: 0s}}
web: {{listen: "127.0.0.1:0"}}
"""
BROKEN_STEP = '''

@MIGRATIONS()
def m900_broken(db: Database) -> None:
    """A step that does damage and then fails."""
    from monitor.errors import StoreError

    db.execute("UPDATE posts SET text = ''")
    db.conn.commit()
    raise StoreError("m900_broken: the disk is full")
'''
INTRO = """\
# An administrator's day
Written by `python -m tests.proofs.admin_day --write docs/administrators-day.md`; CI runs it with `--check`. The
commands are real, and so is what they print. Only the machine is make-believe: all stands below a `DESTDIR`, which is
left out of the paths here; the watched site and the mail server are on loopback; where a line says `systemctl`, the
script does what the installed unit says. Times, sizes, ports and identifiers are masked.
"""


@dataclass
class Day:
    """One server and what the administrator does on it."""

    folder: Path
    site: Site
    mail: MailSink
    page: Transcript
    fault: str | None
    faults: list[str]

    @property
    def root(self) -> Path:
        return self.folder / "server"

    @property
    def tree(self) -> Path:
        return self.folder / "brand-mention-monitor"

    @property
    def state(self) -> Path:
        return self.root / "var/lib/monitor"

    @property
    def database(self) -> Path:
        return self.state / "monitor.db"

    # ── the administrator's hands ──

    def release(self, version: str, *, broken: bool = False) -> None:
        """The tree as a checkout of this version would be."""
        shutil.rmtree(self.tree, ignore_errors=True)
        shutil.copytree(self.folder / "source", self.tree)
        for path, pattern in (
            ("pyproject.toml", r'(?m)^version = ".*"'),
            ("monitor/__init__.py", r'__version__ = ".*"'),
        ):
            text = (self.tree / path).read_text(encoding="utf-8")
            name = pattern.removeprefix("(?m)^").partition(" = ")[0]
            (self.tree / path).write_text(re.sub(pattern, f'{name} = "{version}"', text), encoding="utf-8")
        if broken:
            with (self.tree / "monitor/store/schema.py").open("a", encoding="utf-8") as schema:
                schema.write(BROKEN_STEP)
        if self.fault == "no-backup":
            installer = self.tree / "systemd/install.py"
            text = installer.read_text(encoding="utf-8")
            planted = text.replace('act(places, old, "backup", "--out", copy', 'act(places, old, "migrate"')
            if planted == text:
                raise CannotProveError("the fault no-backup finds no place to be planted")
            installer.write_text(planted, encoding="utf-8")

    def make(self, target: str, *more: str, status: int = 0) -> None:
        shown = " ".join(("sudo make", target, *more))
        command = ["make", "--silent", target, *more, f"DESTDIR={self.root}", f"PYTHON={sys.executable}"]
        self._done(shown, self.page.run(shown, command, environ=os.environ, folder=self.tree), status)

    def monitor(self, *arguments: str, status: int = 0, shown: str = "") -> None:
        """The command that everybody has in the PATH, where its defaults are those of this server."""
        shown = shown or shlex.join(("sudo", "monitor", *arguments))
        command = [str(self.root / "usr/local/bin/monitor"), *arguments]
        # Below a DESTDIR the configuration is found as the one of the current folder.
        code = self.page.run(shown, command, environ=self._environ(), folder=self.root / "etc/monitor")
        self._done(shown, code, status)

    def doctor(self) -> None:
        """What `doctor` says about things that this day decides."""
        areas = "permissions|configuration|daemon|sources|receivers|dictionaries"
        script = f"'{self.root}/usr/local/bin/monitor' doctor | grep -E '({areas}):'"
        shown = f"sudo monitor doctor | grep -E '({areas}):'"
        code = self.page.run(shown, ["sh", "-c", script], environ=self._environ(), folder=self.root / "etc/monitor")
        self._done(shown, code, 0)

    def _environ(self) -> dict[str, str]:
        """That of a shell, where the command's defaults are those of this server."""
        credentials = self.root / "etc/monitor/credentials"
        return {
            **os.environ,
            "STATE_DIRECTORY": str(self.state),
            "CREDENTIALS_DIRECTORY": str(credentials),
            "COLUMNS": "120",
        }

    def _done(self, shown: str, code: int, status: int) -> None:
        if code != status:
            raise CannotProveError(f"`{shown}` ended with {code}:\n" + "\n".join(self.page.lines[-30:]))

    @contextmanager
    def service(self) -> Iterator["Service"]:
        """The daemon as the installed unit starts it; stopped as systemd would stop it."""
        service = Service(self)
        self.page.show("sudo systemctl start monitor", "")
        try:
            service.start()
            yield service
        finally:
            code = service.stop()
        self.page.show("sudo systemctl stop monitor", "")
        if code:
            raise CannotProveError(f"the daemon ended with {code}, see its log:\n{service.log()}")

    # ── what happens outside ──

    def publish(self, name: str) -> None:
        """A post appears; wait until its mail is there."""
        self.site.posts.append(POSTS[name])
        self.wait_for(lambda: self.mails_about(name) > 0, f"the mail about the post {name}")

    def wait_for(self, true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            if time.monotonic() > deadline:
                raise CannotProveError(f"never seen: {what}; the daemon's log:\n{Service(self).log()}")
            time.sleep(0.1)

    def wait_for_polls(self, number: int) -> None:
        for _ in range(number):
            self.site.polled.clear()
            if not self.site.polled.wait(PATIENCE):
                raise CannotProveError("the daemon does not poll")

    # ── the observer ──

    def mails(self) -> list[str]:
        return [_text(path.read_bytes()) for path in sorted((self.folder / "mail").glob("*.eml"))]

    def mails_about(self, name: str) -> int:
        return sum(POSTS[name] in text for text in self.mails())

    def query(self, database: Path, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(sql).fetchall()

    def must(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.faults.append(otherwise)

    def must_have_told_once(self, *names: str, when: str) -> None:
        for name in names:
            number = self.mails_about(name)
            self.must(number == 1, f"{when}: {number} mails about the post {name}")
        others = [name for name in POSTS if name not in names and self.mails_about(name)]
        self.must(not others, f"{when}: mails about {others}")


class Service:
    """monitor.service without systemd: its ExecStart, folders, credentials and notification."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._path = day.folder / "daemon.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until the daemon says that it is ready."""
        day = self._day
        unit = (day.root / "etc/systemd/system/monitor.service").read_text(encoding="utf-8")
        (line,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
        credentials = day.folder / "credentials"
        shutil.rmtree(credentials, ignore_errors=True)
        credentials.mkdir(mode=0o700)
        (name, place) = re.findall(r"^LoadCredential=(\w+):(.*)$", unit, re.MULTILINE)[0]
        for path in Path(f"{day.root}{place}").iterdir():
            shutil.copy(path, credentials / f"{name}_{path.name}")
        day.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            address = str(day.folder / "notify")
            Path(address).unlink(missing_ok=True)
            listener.bind(address)
            listener.settimeout(PATIENCE)
            environ = {
                "PATH": os.defpath,
                "LANG": "C.UTF-8",
                "STATE_DIRECTORY": str(day.state),
                "CREDENTIALS_DIRECTORY": str(credentials),
                "NOTIFY_SOCKET": address,
            }
            words = [f"{day.root}{word}" if word.startswith("/") else word for word in shlex.split(line)]
            with self._path.open("ab") as log:
                self._process = subprocess.Popen(words, cwd="/", env=environ, stdout=log, stderr=log, umask=0o077)
            try:
                if (heard := listener.recv(100)) != b"READY=1":
                    raise CannotProveError(f"the daemon says {heard!r} before READY=1")
            except TimeoutError:
                raise CannotProveError(f"the daemon is never ready, see its log:\n{self.log()}") from None

    def stop(self) -> int:
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def log(self) -> str:
        text = self._path.read_text(encoding="utf-8", errors="replace") if self._path.exists() else ""
        return "\n".join(text.splitlines()[-20:])


def _text(mail: bytes) -> str:
    """The subject and the words of a mail, unfolded."""
    message = email.message_from_bytes(mail, policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    words = body.get_content() if body is not None else ""
    return " ".join(f"{message['subject']} {words}".split())


def take_source(folder: Path) -> None:
    """What all versions of this day are made from: this tree, which somebody may be working in, as it is now."""
    folder.mkdir()
    for name in TREE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)


def install(day: Day) -> None:
    page = day.page
    page.heading("Installing")
    day.release("1.0.0")
    day.make("install", "CONTACT=support@kettleworks.example")
    page.words(
        "The address of the mail server is a secret: it goes into a file that only root reads, and systemd hands on."
    )
    credential = day.root / "etc/monitor/credentials/support"
    credential.touch(mode=0o600)
    credential.write_text(day.mail.url + "\n", encoding="utf-8")
    page.file("sudo install -m 600 /dev/stdin /etc/monitor/credentials/support", day.mail.url, language="text")
    config = CONFIG.format(site=day.site.url)
    (day.root / "etc/monitor/sources.yaml").write_text(config, encoding="utf-8")
    page.file("sudoedit /etc/monitor/sources.yaml", config, language="yaml")
    day.monitor("check")


def first_alert(day: Day) -> None:
    page = day.page
    page.heading("The first alert")
    day.site.posts.append(OLD)
    with day.service():
        day.wait_for(lambda: day.database.exists() and _stored(day) == 1, "the first poll")
        page.words(
            "What a site shows at the first visit is recorded silently. Then somebody writes, and the mail is there:"
        )
        day.publish("first")
        page.show("cat /var/mail/support", _mail_shown(day))
        day.monitor("mentions")
        day.monitor("search", "answered AND money")
        page.words("Is everything as it should be? (Here without the lines about this one machine.)")
        day.doctor()
        page.heading("A backup")
        page.words("The timer makes one each night; this one is made by hand, while the daemon is at work.")
        day.monitor("backup", "--out", str(day.state / "backups/noon.db"))
        day.publish("after the backup")
    day.must_have_told_once("first", "after the backup", when="before the upgrade")


def upgrade(day: Day) -> None:
    page = day.page
    page.heading("An upgrade that fails")
    page.words("For this page the version 1.1.0 was broken on purpose: its migration empties posts and then fails.")
    day.release("1.1.0", broken=True)
    said = (
        "SELECT mentions.id, brand, sentiment, text FROM mentions JOIN posts ON post_id = posts.id ORDER BY mentions.id"
    )
    before = day.query(day.database, said)
    page.show("cd brand-mention-monitor && git checkout --quiet v1.1.0", "")
    day.make("upgrade", status=2)
    after = day.query(day.database, said)
    day.must(before == after, f"the failed upgrade left {after} of {before}")
    day.monitor("--version", shown="monitor --version")
    page.heading("An upgrade that works")
    day.release("1.1.1")
    page.show("git checkout --quiet v1.1.1", "")
    day.make("upgrade")
    copy = day.state / "before-upgrade.db"
    kept = day.query(copy, "SELECT count(*) FROM mentions") if copy.exists() else []
    day.must(kept == [(len(before),)], f"the upgrade left no backup with the {len(before)} mentions: {kept}")
    with day.service():
        page.words("Nothing is told a second time; what is new is.")
        day.wait_for_polls(2)
        day.publish("after the upgrade")
        day.monitor("mentions")
    day.must_have_told_once("first", "after the backup", "after the upgrade", when="after the upgrade")


def disaster(day: Day) -> None:
    page = day.page
    page.heading("Disaster")
    page.words("The database is destroyed, and so is what SQLite keeps beside it.")
    page.show("sudo dd if=/dev/urandom of=/var/lib/monitor/monitor.db bs=4096 count=64 conv=notrunc", "")
    for path in day.state.glob("monitor.db-*"):
        path.unlink()
    day.database.write_bytes(b"\x9d\x1c\xe7\x55" * 16384)
    day.monitor("mentions", status=78)
    again = ("--alert-again",) if day.fault == "forgetful-restore" else ()
    shown = "sudo monitor restore --yes /var/lib/monitor/backups/noon.db"
    if day.fault != "lost-history":
        day.monitor("restore", "--yes", str(day.state / "backups/noon.db"), *again, shown=shown)
    else:
        day.database.unlink()
    with day.service():
        page.words(
            "The posts since the backup are found again, and recorded silently: their alerts went out before.",
            "What is new is told.",
        )
        day.wait_for(lambda: _stored(day) == 4, "the posts since the backup")
        day.wait_for_polls(2)
        day.publish("after the restore")
        day.monitor("mentions")
    day.must_have_told_once(*POSTS, when="after the restore")


def uninstall(day: Day) -> None:
    page = day.page
    page.heading("Uninstalling")
    day.make("uninstall")
    listed = sorted(path for path in day.root.rglob("*") if path.is_file() and not _volatile(path.name))
    page.show("find /etc/monitor /var/lib/monitor -type f", "\n".join(map(str, listed)))
    strays = [path for path in listed if not path.is_relative_to(day.root / "etc/monitor") and path.parent != day.state]
    day.must(all("backups" in path.parts for path in strays), f"uninstalling left {strays}")
    texts = [text for (text,) in day.query(day.database, "SELECT text FROM posts ORDER BY id")]
    day.must(texts == [OLD, *POSTS.values()], f"the history holds {texts}")
    # Of what was told, the backup knew the first and the daemon the last.
    told = day.query(day.database, "SELECT state, count(*) FROM deliveries GROUP BY state")
    day.must(told == [("sent", 2)], f"the deliveries in the history are {told}")


def _volatile(name: str) -> bool:
    return name.endswith(("-wal", "-shm", ".sock", ".lock")) or ".before-restore-" in name


def _stored(day: Day) -> int:
    try:
        return int(str(day.query(day.database, "SELECT count(*) FROM posts")[0][0]))
    except sqlite3.OperationalError:  # the daemon has just made the file
        return 0


def _mail_shown(day: Day) -> str:
    path = next(iter(sorted((day.folder / "mail").glob("*.eml"))))
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    words = body.get_content().strip() if body is not None else ""
    return f"Subject: {message['subject']}\n\n{words}"


def live(folder: Path, fault: str | None) -> tuple[str, list[str], dict[str, object]]:
    """The whole day: its page, what went wrong, and figures."""
    started = time.monotonic()
    with running_site() as site, MailSink(folder / "mail") as mail:
        page = Transcript(hidden={str(folder / "server"): "", str(folder): "/root", str(ROOT): "/root/monitor"})
        day = Day(folder=folder, site=site, mail=mail, page=page, fault=fault, faults=[])
        page.lines.append(INTRO.rstrip())
        take_source(folder / "source")
        install(day)
        first_alert(day)
        upgrade(day)
        disaster(day)
        uninstall(day)
        figures: dict[str, object] = {
            "mails": len(day.mails()),
            "posts": len(POSTS) + 1,
            "seconds": round(time.monotonic() - started),
        }
        return page.page(), day.faults, figures


def compared(page: str, file: Path) -> list[str]:
    """How the kept transcript differs from this one."""
    kept = file.read_text(encoding="utf-8") if file.exists() else ""
    lines = difflib.unified_diff(kept.splitlines(), page.splitlines(), str(file), "this run", lineterm="", n=0)
    return [f"the transcript is another: {line}" for line in lines]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, help="write the transcript here")
    parser.add_argument("--check", type=Path, help="compare the transcript with this file")
    parser.add_argument("--break", dest="fault", choices=FAULTS, help="plant this fault; the proof must then fail")
    parser.add_argument("--keep", type=Path, help="an empty or absent folder for what the day leaves")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="day-") as temporary:
            folder = (options.keep or Path(temporary)).absolute()
            folder.mkdir(parents=True, exist_ok=True)
            page, faults, figures = live(folder, options.fault)
    except CannotProveError as error:
        return impossible("admin_day", error)
    if options.write:
        options.write.write_text(page, encoding="utf-8")
    if options.check:
        faults += compared(page, options.check)
    return conclude("admin_day", figures, faults)


if __name__ == "__main__":
    sys.exit(main())
