"""Real forum software, watched by what `monitor discover` found, loses nothing: seeded posts, news, an edit, a removal.

    python -m tests.proofs.live wordpress|flaskbb [--break NAME] [--keep DIR]

The site is installed, seeded and started by the scripts in ../shared/live; the configuration's sources are the entries
that `monitor discover` prints for its address, with a short interval and nothing else. What the site holds is read from
its own database, what was found from ours by plain sqlite3; both are compared by the markers in the texts. The daemon
is killed and started again in between, and the site is broken for a while.

Where the site cannot be installed the proof is skipped with the reason, and says so.
"""

import argparse
import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from monitor.demo.evidence import DATABASE
from monitor.demo.world import CONFIG, start_daemon, stop_daemon
from tests.proofs.sites import MARKER, SITES, NotHereError, Site, until
from tests.proofs.verdict import CannotProveError, conclude, impossible

EVERY = 3.0  # seconds between two polls
MARGIN = 3.0  # times the interval within which news must be found
BASELINE, FINDING, REMOVAL = 120.0, 60.0, 120.0  # seconds
BRAND = "Нордвика"
LOCK = Path(tempfile.gettempdir()) / "live-sites.lock"


@dataclass
class Watch:
    """A site, and the folder of the daemon that watches it."""

    site: Site
    folder: Path
    faults: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)

    def configure(self) -> None:
        """Take the sources from what `discover` prints."""
        command = [sys.executable, "-m", "monitor", "discover", self.site.url, "--allow", "127.0.0.0/8", "--json"]
        said = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False)
        found = [json.loads(line) for line in said.stdout.splitlines()]
        entries = [one["entry"] for one in found if one["posts"] and one["sure"] >= 0.8]
        if not entries:
            raise CannotProveError(f"discover found nothing: {said.stderr.strip()[-300:]}")
        self.figures["entries"] = [entry["recipe"] for entry in entries]
        sources = "\n".join(f"  - {json.dumps({**entry, 'every': f'{EVERY:.0f}s'})}" for entry in entries)
        (self.folder / CONFIG).write_text(
            f"contact: proof@littleweb.example\nsentiment: fast\nbrands:\n  - {{name: {BRAND}, aliases: [Nordvika]}}\n"
            f"sources:\n{sources}\nfetch: {{gap: 100ms}}\nweb: {{listen: '127.0.0.1:0'}}\n",
            encoding="utf-8",
        )

    def rows(self, sql: str) -> list[sqlite3.Row]:
        """What the database of the daemon holds."""
        path = self.folder / DATABASE
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as db:
            db.row_factory = sqlite3.Row
            try:
                return db.execute(sql).fetchall()
            except sqlite3.OperationalError:  # the daemon has not made the tables yet
                return []

    def stored(self) -> Counter[str]:
        """How often each marker was stored."""
        texts = [str(row["text"]) for row in self.rows("SELECT text FROM posts")]
        return Counter(marker for text in texts for marker in MARKER.findall(text))

    def compare(self, when: str) -> None:
        """Each marker of the site must be stored exactly once."""
        expected, stored = set(self.site.markers()), self.stored()
        lost = sorted(expected - stored.keys())
        repeated = sorted(marker for marker, times in stored.items() if times > 1)
        self.figures[when] = len(expected)
        self.faults += [f"{when}: {marker} was never stored" for marker in lost]
        self.faults += [f"{when}: {marker} was stored {stored[marker]} times" for marker in repeated]

    def wait(self, condition: object, *, seconds: float, what: str) -> None:
        """Wait for something that must come; a fault where it does not."""
        try:
            until(condition, seconds=seconds, what=what)
        except TimeoutError as error:
            self.faults.append(str(error))

    def polled_since(self, moment: float) -> bool:
        """Whether each source was polled with success after a moment, in Unix seconds."""
        rows = self.rows("SELECT last_success_at FROM sources WHERE active")
        return bool(rows) and all(row[0] and datetime.fromisoformat(row[0]).timestamp() > moment for row in rows)

    def found(self, *markers: str) -> bool:
        """Whether all of them are stored."""
        return set(markers) <= self.stored().keys()

    def delay(self, marker: str, published: float) -> float:
        """Seconds from publication to discovery."""
        (row,) = self.rows(f"SELECT discovered_at FROM posts WHERE text LIKE '%{marker}%' LIMIT 1")
        return datetime.fromisoformat(row["discovered_at"]).timestamp() - published


def play(watch: Watch, fault: str | None) -> None:
    """The story, from the first poll to the last comparison."""
    site = watch.site
    daemon = start_daemon(watch.folder, break_fault=fault)
    try:
        watch.wait(lambda: watch.polled_since(0), seconds=BASELINE, what="a first poll of each source")
        watch.compare("seeded")
        if watch.faults:
            return
        _news(watch)
        _edit_and_removal(watch)
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
        site.publish("While nobody watched", f"{BRAND}: nobody watched then (#dark.1)")
        daemon = start_daemon(watch.folder, break_fault=fault)
        watch.wait(lambda: watch.found("(#dark.1)"), seconds=FINDING, what="what came while the daemon was dead")
        site.break_down()
        time.sleep(2 * EVERY)  # some polls meet the broken site
        site.publish("On a broken site", f"{BRAND}: written while the pages were broken (#broken.1)")
        site.recover()
        watch.wait(lambda: watch.found("(#broken.1)"), seconds=FINDING, what="what came while the site was broken")
        moment = time.time()
        watch.wait(lambda: watch.polled_since(moment), seconds=FINDING, what="another poll of each source")
    finally:
        stop_daemon(daemon)
    watch.compare("at the end")
    if watch.rows("SELECT 1 FROM gaps"):
        watch.faults.append("a gap was recorded where nothing was missed")


def _news(watch: Watch) -> None:
    published = {}
    watch.site.publish("A new topic", f"{BRAND} снова не отвечает (#new.1)")
    published["#new.1"] = time.time()
    watch.site.answer("(#new.1)", f"У меня {BRAND} тоже молчит (#new.2)")
    published["#new.2"] = time.time()
    watch.wait(lambda: watch.found("(#new.1)", "(#new.2)"), seconds=FINDING, what="a new post and a comment")
    if watch.found("(#new.1)", "(#new.2)"):
        delay = max(watch.delay(marker, moment) for marker, moment in published.items())
        watch.figures["delay_seconds"] = round(delay, 1)
        if delay > MARGIN * EVERY:
            watch.faults.append(f"news took {delay:.1f} s, the interval is {EVERY:.0f} s")


def _edit_and_removal(watch: Watch) -> None:
    """An edit and a removal, each with an answer after it: a list of topics shows only that a thread grew."""
    watch.site.edit("(#new.1)", f"{BRAND} ответила, вопрос решён (#new.1)")
    watch.site.answer("(#new.1)", f"Ещё одно слово о {BRAND} (#new.3)")
    watch.wait(
        lambda: bool(watch.rows("SELECT 1 FROM revisions WHERE text LIKE '%#new.1%'")),
        seconds=FINDING,
        what="the edit as a revision",
    )
    watch.wait(lambda: watch.found("(#new.3)"), seconds=FINDING, what="a comment after the one that goes")
    watch.site.delete("(#new.2)")
    watch.site.answer("(#new.1)", f"И ещё одно о {BRAND} (#new.4)")
    watch.wait(
        lambda: bool(watch.rows("SELECT 1 FROM posts WHERE removed_at IS NOT NULL AND text LIKE '%#new.2%'")),
        seconds=REMOVAL,
        what="the removal",
    )
    if any("#new.2" not in row["text"] for row in watch.rows("SELECT text FROM posts WHERE removed_at IS NOT NULL")):
        watch.faults.append("a post that is still there was marked as removed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", choices=SITES)
    parser.add_argument("--break", dest="fault", help="plant this fault; the proof must then fail")
    parser.add_argument("--keep", type=Path, help="an empty or absent folder for what is left behind")
    arguments = parser.parse_args()
    name = f"live {arguments.site}"
    with tempfile.TemporaryDirectory() as passing:
        folder = arguments.keep or Path(passing)
        watched = folder / "watch"
        watched.mkdir(parents=True)
        try:
            site = SITES[arguments.site](Path(os.environ.get("LIVE_DIR", folder / "site")))
            with LOCK.open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # two installations by apt at once end in a quarrel
                site.install()
        except (NotHereError, subprocess.SubprocessError) as error:
            print(f"PROOF {name}: skipped: {error}")
            sys.exit(0)
        site.start()
        try:
            watch = Watch(site, watched)
            watch.configure()
            play(watch, arguments.fault)
        except CannotProveError as error:
            sys.exit(impossible(name, error))
        finally:
            site.stop()
    sys.exit(conclude(name, watch.figures, watch.faults))


if __name__ == "__main__":
    main()
