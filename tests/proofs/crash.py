"""The daemon is killed again and again, and nothing is lost: every post stored once, every delivery made.

    python -m tests.proofs.crash [--kills 50] [--posts 2000] [--seed 1] [--break NAME] [--keep DIR]

Feeds grow while the daemon is killed with SIGKILL at random moments: some in its start, some right after it asked for a
feed, some right after it sent a message, some whenever. At the end it is left alone until all is settled, and then the
demo's observer counts. A message that was on its way when the daemon died may come again under the same id: at most one
for each kill.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from monitor.demo.evidence import CHAT, DATABASE, JOURNAL, MAILS, Duty, Evidence, lines_of, look, open_database
from monitor.demo.observer import Count, count, integrity
from monitor.demo.texts import BRAND, COMPETITOR, Text
from monitor.demo.web import Feed
from monitor.demo.world import DUTY, Settings, World, start_daemon, stop_daemon
from tests.proofs.verdict import CannotProveError, conclude, impossible

# The unpaged windows hold all that ever appears there: what is missing at the end was lost by nobody but the daemon.
HOSTS = tuple(
    (
        Feed(name=f"news{number}", style="rss", window=600),
        Feed(name=f"reviews{number}", style="reviews", window=600, validators=frozenset({"etag"})),
        Feed(name=f"paged{number}", style="forum", window=10, paged=True),
    )
    for number in range(3)
)
PLAIN = tuple(feed.name for feeds in HOSTS for feed in feeds if not feed.paged)
PAGED = tuple(feed.name for feeds in HOSTS for feed in feeds if feed.paged)
BURST = 30  # posts at once on a paged feed: more than its first page, less than the five that one visit may read
AIMS = ("start", "asked", "sent", "any")  # each kill aims at one of them, drawn at random
LIFE = 5.0  # seconds after the start until a kill that aims at nothing, at most
PATIENCE = 12.0  # seconds that a kill waits for what it aims at
AFTER = 0.25  # seconds from what it aims at to the kill, at most
NEAR = 0.2  # seconds around a kill that say what it struck
SETTLING = 300.0  # seconds that the last daemon has to settle everything
QUIET = 25.0  # seconds without any change after which nothing more is waited for; longer than the first retry
ALERTS_AT_LEAST, BURSTS_AT_LEAST = 50, 2

PLACES = ("в Твери", "на рынке", "в ларьке", "у вокзала", "в Narva", "на ярмарке", "в подвале", "на углу")
PLEASANT = ("Всё работает", "Отчёт готов за минуту", "Касса помогла", "The receipts are fine", "Прислали видео")
HARSH = ("Чеки пропали", "Завис посреди дня", "Деньги списали дважды", "Support never answered", "Отчёт исчез")


@dataclass
class Life:
    """One run of the daemon, from its start to its kill, in Unix seconds."""

    session: int
    start: float
    kill: float


@dataclass
class Growth:
    """Lets posts appear, numbered, in small groups at plain feeds and in bursts at paged ones."""

    world: World
    database: Path
    total: int
    chance: random.Random
    published: Counter[str] = field(default_factory=Counter)
    number: int = 0
    bursts: int = 0

    def some(self, number: int) -> None:
        """Up to `number` posts, spread over plain feeds."""
        for _ in range(min(number, self.total - self.number)):
            self._publish(self.chance.choice(PLAIN), 1)

    def burst(self) -> None:
        """A burst at one paged feed whose posts are all stored, so that no visit has more to page back than it may."""
        stored = self._stored()
        ready = [feed for feed in PAGED if stored[feed] == self.published[feed]]
        if ready and self.total - self.number >= BURST:
            self.bursts += 1
            self._publish(self.chance.choice(ready), BURST)

    def first(self) -> None:
        """What is there before the first visit."""
        for feed in (*PLAIN, *PAGED):
            self._publish(feed, 2)

    def _publish(self, feed: str, number: int) -> None:
        posts = {}
        for _ in range(number):
            self.number += 1
            posts[f"k{self.number:05d}"] = self._text(feed)
        self.published[feed] += number
        self.world.publish(feed, posts)

    def _text(self, feed: str) -> Text:
        place, chance = self.chance.choice(PLACES), self.chance
        if feed.startswith("reviews"):
            stars = chance.choice((1, 1, 4, 5))
            words = chance.choice(HARSH if stars == 1 else PLEASANT)
            return Text(
                title=f"Отзыв {self.number}",
                text=f"{BRAND} {place}. {words}, номер {self.number}.",
                author=f"Гость {self.number % 97}",
                names=(BRAND,),
                stars=stars,
            )
        name = chance.choice((BRAND, COMPETITOR, None, None))
        what = f"о {name}е" if name == BRAND else "о Торгуше" if name else "о погоде"
        return Text(
            title=f"Заметка {self.number}",
            text=f"Разговор {what} {place}: {chance.choice(PLEASANT).lower()}. Запись {self.number}.",
            author=f"Автор {self.number % 89}",
            names=(name,) if name else (),
        )

    def _stored(self) -> Counter[str]:
        if not self.database.exists():
            return Counter()
        connection = open_database(self.database)
        try:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'posts'").fetchone():
                return Counter()
            query = "SELECT s.name, count(*) FROM posts p JOIN sources s ON s.id = p.source_id GROUP BY s.name"
            return Counter(dict(connection.execute(query).fetchall()))
        finally:
            connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--posts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--break", dest="fault", help="plant this fault; the proof must then fail")
    parser.add_argument("--keep", type=Path, help="an empty or absent folder for what the test leaves")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="proof-crash-") as temporary:
            folder = options.keep or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            return prove(folder, options)
    except CannotProveError as error:
        return impossible("crash", error)


def prove(folder: Path, options: argparse.Namespace) -> int:
    started = time.monotonic()
    duty = Duty(sinks=DUTY.sinks, brands=DUTY.brands, sentiments=DUTY.sentiments, silent_first=False)
    duty.save(folder)
    with World(folder, HOSTS, settings=Settings(backfill="alert")) as world:
        growth = Growth(world, folder / DATABASE, options.posts, random.Random(options.seed))
        growth.first()
        lives = list(kill_again_and_again(folder, growth, options))
        while growth.number < growth.total:
            growth.some(50)
        daemon = start_daemon(folder, break_fault=options.fault)
        try:
            settle(folder, daemon)
        finally:
            status = stop_daemon(daemon)
        left_over = end_sessions(lives)
    evidence = look(folder)
    figures = {"bursts": growth.bursts, "left_over": left_over, "seconds": round(time.monotonic() - started)}
    return judge(folder, evidence, lives=lives, status=status, figures=figures)


def kill_again_and_again(folder: Path, growth: Growth, options: argparse.Namespace) -> Iterator[Life]:
    chance = random.Random(options.seed + 1)
    warm_up = measure_start(folder, options.fault)
    each = max(1, options.posts // options.kills - BURST // 2)
    for _ in range(options.kills):
        start = time.time()
        daemon = start_daemon(folder, break_fault=options.fault)
        try:
            growth.burst()
            growth.some(each)
            wait_for_the_moment(folder, chance, warm_up)
            if daemon.poll() is not None:
                words = tail(folder)
                raise CannotProveError(f"the daemon ended by itself (exit {daemon.returncode}), see its log:\n{words}")
        finally:
            daemon.kill()
        yield Life(session=daemon.pid, start=start, kill=time.time())
        daemon.wait()


def wait_for_the_moment(folder: Path, chance: random.Random, warm_up: float) -> None:
    aim = chance.choice(AIMS)
    if aim == "start":
        time.sleep(chance.uniform(0.05, warm_up))
        return
    if aim == "any":
        time.sleep(warm_up + chance.uniform(0.0, LIFE))
        return
    path = folder / (JOURNAL if aim == "asked" else CHAT)
    before = path.stat().st_size
    deadline = time.monotonic() + PATIENCE
    while path.stat().st_size == before and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(chance.uniform(0.0, AFTER))


def measure_start(folder: Path, fault: str | None) -> float:
    """Seconds from the daemon's start to its first request, on this machine, now."""
    started = time.monotonic()
    daemon = start_daemon(folder, break_fault=fault)
    try:
        while not look(folder).requests:
            if daemon.poll() is not None or time.monotonic() - started > 60:
                raise CannotProveError(f"the daemon asks for nothing, see its log:\n{tail(folder)}")
            time.sleep(0.05)
        return time.monotonic() - started
    finally:
        stop_daemon(daemon)


def settle(folder: Path, daemon: subprocess.Popen[bytes]) -> None:
    """Wait until nothing is missing and stays so for three seconds, or nothing has changed for long."""
    seen: Count | None = None
    started = changed = time.monotonic()
    while daemon.poll() is None and time.monotonic() - started < SETTLING:
        now = count(look(folder))
        if now != seen:
            seen, changed = now, time.monotonic()
        elif time.monotonic() - changed > (QUIET if now.lost else 3.0):
            return
        time.sleep(0.5)


def end_sessions(lives: list[Life]) -> int:
    """Processes of killed daemons that are still there; they are ended."""
    time.sleep(2.0)
    ours = {life.session for life in lives}
    alive = [session for path in Path("/proc").glob("[0-9]*") if (session := session_of(path)) in ours]
    for session in set(alive):
        os.killpg(session, signal.SIGKILL)
    return len(alive)


def session_of(process: Path) -> int | None:
    try:
        state, _, _, session = (process / "stat").read_text().rpartition(")")[2].split()[:4]
    except OSError:
        return None  # it has ended meanwhile
    return None if state == "Z" else int(session)


def judge(folder: Path, evidence: Evidence, *, lives: list[Life], status: int, figures: dict[str, int]) -> int:
    counted = count(evidence)
    struck = Counter(what_was_struck(folder, evidence, lives))
    check = integrity(folder / DATABASE)
    others = len(counted.repeated) - counted.copies
    faults = [*counted.lost, *(fault for fault in counted.repeated if others)]
    conditions = {
        f"{counted.copies} messages came again, after {len(lives)} kills": counted.copies <= len(lives),
        f"the database is broken: {check}": check == "ok",
        f"only {counted.alerts} alerts": counted.alerts >= ALERTS_AT_LEAST,
        f"the last daemon ended with exit status {status}": status == 0,
        f"{figures['left_over']} processes outlived their killed daemon": not figures["left_over"],
        f"only {figures['bursts']} bursts": figures["bursts"] >= BURSTS_AT_LEAST,
        f"the kills struck only {dict(struck)}": {"start", "poll", "deliver"} <= set(struck),
    }
    faults += [fault for fault, holds in conditions.items() if not holds]
    seen = {
        "kills": len(lives),
        "struck": dict(struck),
        "published": len(evidence.published),
        **counted.to_json(),
        "copies": counted.copies,
        "integrity": check,
        **figures,
    }
    return conclude("crash", seen, faults)


def what_was_struck(folder: Path, evidence: Evidence, lives: list[Life]) -> Iterator[str]:
    """What each kill struck, by what was going on right before and after it: sending, polling, starting, or nothing."""
    requests = [request.at for request in evidence.requests]
    arrivals = [path.stat().st_mtime for path in (folder / MAILS).glob("*.eml")]
    arrivals += [line["time"] for line in lines_of(folder / CHAT)]
    for life in lives:
        if not any(life.start < at < life.kill for at in requests):
            yield "start"
        elif any(abs(at - life.kill) < NEAR for at in arrivals):
            yield "deliver"
        elif any(life.kill - NEAR < at <= life.kill for at in requests):
            yield "poll"
        else:
            yield "idle"


def tail(folder: Path) -> str:
    return "\n".join((folder / "daemon.log").read_text(encoding="utf-8", errors="replace").splitlines()[-12:])


if __name__ == "__main__":
    sys.exit(main())
