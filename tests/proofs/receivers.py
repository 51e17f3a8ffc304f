"""Receivers that fail, hang, ask to be left alone or die, and come back: each delivery made once, others on time.

    python -m tests.proofs.receivers [--short] [--break NAME] [--keep DIR]

A real daemon watches a feed that grows and tells of each post at a receiver that is well and at many that are not: one
fails, one answers 429 with Retry-After, one is dead, and more hang than there once were senders. After a while all
come back. Retries, hang-ups and alarms are hastened (tests/proofs/hastened.py), so that seconds stand for hours.

No line of the observer comes from `monitor`: it reads the bytes that the receivers kept, and the database through plain
sqlite3. Each alert must have come exactly once to each receiver, in order; no request before Retry-After had passed;
to the receiver that is well as soon as it was stored; it must have heard once of each that was ill.
"""

import argparse
import json
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.proofs.verdict import CannotProveError, conclude, impossible

BRAND = "Лампомат"
HANGING = 24
RETRY_AFTER = 5  # seconds
HASTE = {"first_retry": 0.5, "last_retry": 3.0, "backlog_after": 1.0, "alarm_after": 5.0, "hang_up": 3.0}
PACE = 0.4  # seconds between two posts
BEFORE, TROUBLE, AFTER = 4.0, 20.0, 4.0  # seconds
SHORT_TROUBLE = 12.0
SETTLING = 20.0
LATE, LATE_AT_MOST = 1.5, 3.0  # seconds: of 19 in 20, and of all; a second, and what a busy machine adds to it
DRAIN = 15.0
ALERT, ALARM = re.compile(r"monitor-alert: ([\d,]+)"), re.compile(r"monitor-alarm: (\d+)")


@dataclass
class Place:
    """A receiver on loopback; `mood` is well, fails, limits, hangs or dead. Requests are kept: time, status, text."""

    name: str
    ill: str
    mood: str = "well"
    kept: list[tuple[float, int, str]] = field(default_factory=list)
    port: int = 0
    server: ThreadingHTTPServer | None = None

    def opens(self) -> None:
        place = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                at, mood = time.time(), place.mood
                status = {"well": 200, "fails": 503, "limits": 429, "hangs": 0}[mood]
                place.kept.append((at, status, text))
                if mood == "hangs":
                    while place.mood == "hangs":
                        time.sleep(0.05)
                    return
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", str(RETRY_AFTER))
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                pass

        self.server = QuietServer(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def closes(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def falls_ill(self) -> None:
        if self.ill == "dead":
            self.closes()
        self.mood = self.ill

    def recovers(self) -> None:
        if self.server is None:
            self.opens()
        self.mood = "well"

    @property
    def yaml(self) -> str:
        if self.ill == "limits":
            return f'{{webhooks: [{{url: "http://127.0.0.1:{self.port}/"}}], budget: off}}'
        return f'{{urls: ["mmost://127.0.0.1:{self.port}/token"], budget: off}}'

    @property
    def taken(self) -> list[str]:
        return [text for _, status, text in self.kept if status == 200]


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Who hung is not waited for."""


class Feed:
    """An RSS feed that grows."""

    def __init__(self) -> None:
        self.items: list[str] = []
        feed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = (
                    '<?xml version="1.0"?><rss version="2.0"><channel><title>Новости</title>'
                    f"{''.join(reversed(feed.items))}</channel></rss>"
                ).encode()
                found = self.path == "/feed.xml"
                self.send_response(200 if found else 404)
                self.send_header("Content-Length", str(len(body) if found else 0))
                self.end_headers()
                self.wfile.write(body if found else b"")

            def log_message(self, *_: object) -> None:
                pass

        self.server = QuietServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def publish(self, name: str = BRAND) -> None:
        number = len(self.items)
        self.items.append(
            f"<item><guid>p{number}</guid><link>http://127.0.0.1:{self.server.server_port}/p/{number}</link>"
            f"<author>Корреспондент</author><pubDate>{formatdate()}</pubDate><title>Заметка {number}</title>"
            f"<description>{name} открыл {number}-й зал в городе номер {number * 7 % 100}.</description></item>"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="trouble lasts less long")
    parser.add_argument("--break", dest="fault", help="plant this fault; the proof must then fail")
    parser.add_argument("--keep", type=Path, help="an empty or absent folder for what the play leaves")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="proof-receivers-") as temporary:
            folder = options.keep or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            return prove(folder, options.fault, SHORT_TROUBLE if options.short else TROUBLE)
    except CannotProveError as error:
        return impossible("receivers", error)


def prove(folder: Path, fault: str | None, trouble: float) -> int:
    started = time.monotonic()
    well = Place("well", "well")
    ill = [Place("fails", "fails"), Place("limits", "limits"), Place("dies", "dead")]
    ill += [Place(f"hangs{number}", "hangs") for number in range(HANGING)]
    feed = Feed()
    feed.publish("Погода")
    with ExitStack() as stack:
        stack.callback(feed.server.server_close)
        stack.callback(feed.server.shutdown)
        for place in (well, *ill):
            place.opens()
            stack.callback(place.closes)
        (folder / "sources.yaml").write_text(configuration(feed, [well, *ill]), encoding="utf-8")
        with running(folder, fault) as daemon:
            wait_for_baseline(folder, daemon)
            grow(feed, BEFORE)
            for place in ill:
                place.falls_ill()
            fell = time.time()
            grow(feed, trouble)
            for place in ill:
                place.recovers()
            grow(feed, AFTER)
            settle(folder, feed)
    faults, seen = judge(folder, well, ill, fell=fell, posts=len(feed.items) - 1)
    return conclude("receivers", {**seen, "seconds": round(time.monotonic() - started)}, faults)


def configuration(feed: Feed, places: list[Place]) -> str:
    receivers = "\n".join(f"  {place.name}: {place.yaml}" for place in places)
    timing = 'continue: true, group_by: ["..."], group_wait: 0s, group_interval: 0s'
    routes = "\n".join(f'  - {{match: "*", to: {place.name}, {timing}}}' for place in places)
    return f"""\
contact: support@littleweb.example
sentiment: fast
brands: [{{name: {BRAND}}}]
sources:
  - name: news
    kind: feed
    url: "http://127.0.0.1:{feed.server.server_port}/feed.xml"
    every: 1s
    allow: [127.0.0.0/8]
receivers:
{receivers}
routes:
{routes}
alarms: {{to: [well]}}
fetch: {{gap: 0s}}
web: {{listen: "127.0.0.1:0"}}
"""


@contextmanager
def running(folder: Path, fault: str | None) -> Iterator[subprocess.Popen[bytes]]:
    facts = json.dumps({**HASTE, "fault": fault})
    paths = ["--config", str(folder / "sources.yaml"), "--db", str(folder / "monitor.db")]
    with (folder / "daemon.log").open("ab") as log:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "tests.proofs.hastened", facts, "run", *paths], stdout=log, stderr=log
        )
    try:
        yield daemon
    finally:
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(DRAIN)
        except subprocess.TimeoutExpired:
            daemon.kill()


def wait_for_baseline(folder: Path, daemon: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    while not rows(folder, "SELECT 1 FROM sources WHERE baseline_at IS NOT NULL"):
        if daemon.poll() is not None or time.monotonic() - began > 60:
            tail = (folder / "daemon.log").read_text(encoding="utf-8", errors="replace")[-2000:]
            raise CannotProveError(f"the daemon does not begin:\n{tail}")
        time.sleep(0.1)


def grow(feed: Feed, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        feed.publish()
        time.sleep(PACE)


def settle(folder: Path, feed: Feed) -> None:
    """Until nothing is pending, or nothing will change any more."""
    until = time.monotonic() + SETTLING
    while time.monotonic() < until:
        told = rows(folder, "SELECT count(*) FROM alerts WHERE mention_id IS NOT NULL")[0][0]
        open_alarms = rows(folder, "SELECT 1 FROM alarms WHERE closed_at IS NULL")
        waiting = rows(folder, "SELECT 1 FROM deliveries WHERE state = 'pending'")
        if told >= len(feed.items) - 1 and not waiting and not open_alarms:
            time.sleep(1.0)  # what comes again comes now
            return
        time.sleep(0.2)


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    path = folder / "monitor.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as db:
        try:
            return db.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []  # the schema is being made


# ── the observer ──


def judge(folder: Path, well: Place, ill: list[Place], *, fell: float, posts: int) -> tuple[list[str], dict[str, Any]]:
    query = "SELECT id, created_at FROM alerts WHERE mention_id IS NOT NULL"
    stored = {int(number): datetime.fromisoformat(at).timestamp() for number, at in rows(folder, query)}
    faults = [] if len(stored) == posts else [f"{posts} posts, but {len(stored)} alerts"]
    messages = {}
    for place in (well, *ill):
        told = [ids for ids in (alerts_in(text) & stored.keys() for text in place.taken) if ids]
        messages[place.name] = len(told)
        times = Counter(number for ids in told for number in ids)
        faults += [f"{place.name}: alert {number} never came" for number in sorted(stored.keys() - times.keys())]
        faults += [f"{place.name}: alert {number} came {many} times" for number, many in times.items() if many > 1]
        firsts = [min(ids) for ids in told]
        if firsts != sorted(firsts):
            faults.append(f"{place.name}: not in order: {firsts}")
    delays = [
        at - stored[number]
        for at, status, text in well.kept
        for number in alerts_in(text) & stored.keys()
        if status == 200 and stored[number] >= fell
    ]
    ranked = sorted(delays) or [0.0]
    often = ranked[int(0.95 * (len(ranked) - 1))]
    if often > LATE or ranked[-1] > LATE_AT_MOST:
        faults.append(f"the one that is well waited {often:.1f} s (95 %), {ranked[-1]:.1f} s at the most")
    early = sum(too_early(place) for place in ill)
    faults += [f"{early} requests before Retry-After had passed"] if early else []
    states = dict(rows(folder, "SELECT state, count(*) FROM deliveries GROUP BY state"))
    faults += [f"deliveries are {states}"] if set(states) - {"sent"} else []
    faults += alarms(folder, well, ill)
    seen = {
        "posts": posts,
        "receivers": 1 + len(ill),
        "messages": {name: messages[name] for name in ("well", "fails", "limits", "dies", "hangs0")},
        "refused": sum(status != 200 for place in ill for _, status, _ in place.kept),
        "delay_median": round(statistics.median(ranked), 2),
        "delay_p95": round(often, 2),
        "delay_max": round(ranked[-1], 2),
        "early": early,
    }
    # Only where much piled up is there anything to fold.
    if messages["fails"] > 0.8 * messages["well"]:
        faults.append(f"the backlog came as {messages['fails']} messages of {messages['well']}")
    return faults, seen


def alerts_in(text: str) -> set[int]:
    """The alerts that a message names; what it names twice in itself is one message all the same."""
    body = json.loads(text)
    if "sent_for" in body:
        return {one["ids"]["alert"] for one in body["sent_for"] if one["ids"].get("alert") is not None}
    return {int(number) for listed in ALERT.findall(body["text"]) for number in listed.split(",") if number}


def too_early(place: Place) -> int:
    asked = [at for at, status, _ in place.kept if status == 429]
    return sum(any(before < at < before + RETRY_AFTER - 0.05 for before in asked) for at, _, _ in place.kept)


def alarms(folder: Path, well: Place, ill: list[Place]) -> Iterator[str]:
    """Each that was ill is told of once at the one that is well, and once that it is over."""
    found = rows(folder, "SELECT id, kind, reason, closed_at FROM alarms")
    heard = Counter(int(number) for text in well.taken for number in ALARM.findall(json.loads(text)["text"]))
    for place in ill:
        own = [(number, kind, at) for number, kind, reason, at in found if reason.startswith(f"{place.name} (")]
        if sorted(kind for _, kind, _ in own) != ["receiver", "recovered"]:
            yield f"{place.name}: the alarms are {[kind for _, kind, _ in own]}"
        yield from (f"{place.name}: alarm {number} is still open" for number, _, at in own if at is None)
        yield from (f"{place.name}: alarm {number} was heard {heard[number]} times" for number, _, _ in own
                    if heard[number] != 1)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
