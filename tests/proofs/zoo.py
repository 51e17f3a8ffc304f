"""Bad neighbours delay nobody: five healthy feeds are watched alone, and then beside sources that do their worst.

    python -m tests.proofs.zoo [--break one-at-a-time] [--keep DIR]

Garbage, a login page, 500, 429, drips, bombs, silence, slammed doors and markup that takes long to read. The delay from
a post's appearance to its row must not grow, every bad source must be shown with its reason by `monitor sources`, and a
host that asked to be left alone must be left alone. `--break one-at-a-time` allows one exchange at once. The watch
beside the beasts ends early where so many posts are late that the rest could not bring the delay down again.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.demo.evidence import DATABASE, look, open_database
from monitor.demo.texts import Text
from monitor.demo.web import Feed
from monitor.demo.world import DUTY, Settings, World, running_daemon
from tests.proofs.beasts import BEASTS, Beast
from tests.proofs.verdict import CannotProveError, conclude, impossible

HEALTHY = tuple((Feed(name=f"healthy{number}", style="rss", window=100),) for number in range(5))
POSTS = 100
PACE = 0.25  # seconds between two posts
TIMEOUT = "4s"  # for a whole exchange; a reader that waits for its neighbours waits for this
GRACE = 60.0  # seconds for the daemon's start, and for the last post to be stored
GROWTH_AT_MOST = 3.0  # times; it was about 1 when this was written
LATE_AT_MOST = (
    POSTS // 10
)  # posts, twice what the 95th percentile leaves out: with more of them it has grown for certain
FAULTS = ("one-at-a-time",)


@dataclass(frozen=True)
class Watch:
    """Seconds from a post's appearance to its row, by key; what `monitor sources` shows; the requests of the beasts."""

    delays: dict[str, float]
    shown: dict[str, dict[str, Any]]
    asked: dict[str, list[float]]
    late: int
    """Posts whose delay had grown too much when the watch was ended for them; 0 where it went on to its end."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--break", dest="fault", choices=FAULTS, help="plant this fault; the proof must then fail")
    parser.add_argument("--keep", type=Path, help="an empty or absent folder for what the watches leave")
    options = parser.parse_args()
    settings = Settings(timeout=TIMEOUT, parallel=1 if options.fault else 64)
    try:
        with tempfile.TemporaryDirectory(prefix="proof-zoo-") as temporary:
            folder = options.keep or Path(temporary)
            alone = watch(folder / "alone", settings, beasts=False)
            if not alone.delays:
                raise CannotProveError("nothing was stored even without the beasts")
            beside = watch(folder / "beside", settings, beasts=True, bearable=GROWTH_AT_MOST * figures(alone)["p95"])
            return judge(alone, beside)
    except CannotProveError as error:
        return impossible("zoo", error)


def watch(folder: Path, settings: Settings, *, beasts: bool, bearable: float = GRACE) -> Watch:
    """Let posts appear from the daemon's first request on, and see when each of them is stored.

    A post that took more than `bearable` seconds is late.
    """
    folder.mkdir(parents=True)
    DUTY.save(folder)
    with ExitStack() as stack:
        inmates: dict[str, Beast] = {}
        addresses: dict[str, str] = {}
        for name, (behave, many, _) in BEASTS.items() if beasts else ():
            for number in range(many):
                inmate = inmates[f"{name}{number}"] = stack.enter_context(Beast(behave))
                addresses[f"{name}{number}"] = inmate.url("feed")
            if name == "busy":
                addresses["busy-too"] = inmates["busy0"].url("another-feed-of-the-same-host")
        world = stack.enter_context(World(folder, HEALTHY, settings=settings, strangers=addresses))
        for (feed,) in HEALTHY:
            world.publish(feed.name, {f"old{feed.name}": Text(text="Было раньше", author="А")})
        daemon = stack.enter_context(running_daemon(folder))
        delays, late = appear_and_wait(folder, world, daemon, bearable=bearable)
        shown = sources(folder)
    return Watch(delays=delays, shown=shown, asked={name: beast.asked for name, beast in inmates.items()}, late=late)


def appear_and_wait(
    folder: Path, world: World, daemon: subprocess.Popen[bytes], *, bearable: float
) -> tuple[dict[str, float], int]:
    """The delays by key, and how many posts were late when that ended it."""
    started = time.monotonic()
    while not look(folder).requests:
        if daemon.poll() is not None or time.monotonic() - started > GRACE:
            raise CannotProveError(f"the daemon asks for nothing, see {folder}/daemon.log")
        time.sleep(0.05)
    start = time.monotonic()
    published: dict[str, float] = {}
    delays: dict[str, float] = {}
    with closing(open_database(folder / DATABASE)) as database:
        while len(delays) < POSTS and time.monotonic() < start + POSTS * PACE + GRACE:
            number = len(published)
            if number < POSTS and time.monotonic() >= start + number * PACE:
                key = f"z{number:03d}"
                published[key] = time.monotonic()
                text = Text(title=f"Запись {number}", text=f"Пост номер {number}", author="А")
                world.publish(HEALTHY[number % len(HEALTHY)][0].name, {key: text})
            now = time.monotonic()
            for (url,) in database.execute("SELECT url FROM posts WHERE url LIKE '%/p/z%'").fetchall():
                key = url.rpartition("/")[2]
                delays.setdefault(key, now - published[key])
            late = sum(delays.get(key, now - at) > bearable for key, at in published.items())
            if late > LATE_AT_MOST:
                return delays, late
            time.sleep(0.03)
    return delays, 0


def sources(folder: Path) -> dict[str, dict[str, Any]]:
    """What `monitor sources --json` says of each source."""
    command = [sys.executable, "-m", "monitor", "sources", "--json", "--db", str(folder / DATABASE)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if run.returncode:
        raise CannotProveError(f"`monitor sources` ended with exit status {run.returncode}: {run.stderr[-1000:]}")
    return {row["name"]: row for row in map(json.loads, run.stdout.splitlines())}


def judge(alone: Watch, beside: Watch) -> int:
    if beside.late:  # what had not appeared yet is missed by nobody, and no beast has been heard to its end
        grown = f"the p95 delay grew more than {GROWTH_AT_MOST} times: {beside.late} of {POSTS} posts are late already"
        return conclude("zoo", {"alone": figures(alone), "beside": sorted(beside.delays.values())}, [grown])
    faults = [f"{POSTS - len(watch.delays)} posts were not stored {where} the beasts"
              for where, watch in (("without", alone), ("beside", beside)) if len(watch.delays) < POSTS]  # fmt: skip
    quiet, loud = figures(alone), figures(beside)
    growth = {name: round(loud[name] / quiet[name], 2) for name in quiet}
    faults += [f"the {name} delay grew {times} times" for name, times in growth.items() if times > GROWTH_AT_MOST]
    for (feed,) in HEALTHY:
        if beside.shown.get(feed.name, {}).get("error"):
            faults.append(f"{feed.name} is shown as ill: {beside.shown[feed.name]['error']}")
    reasons: dict[str, str] = {}
    for name, (_, many, wanted) in BEASTS.items():
        for source in (f"{name}{number}" for number in range(many)):
            error = str(beside.shown.get(source, {}).get("error") or "nothing")
            reasons[name] = error.partition(":")[0]
            if wanted and reasons[name] not in wanted:
                faults.append(f"{source} is shown with {error!r} instead of {', '.join(wanted)}")
    if not beside.shown.get("busy-too", {}).get("retry_at"):
        faults.append("it is not shown that the host of busy-too asked to be left alone")
    if (requests := len(beside.asked["busy0"])) != 1:
        faults.append(f"the host that answered 429 with Retry-After was asked {requests} times")
    faults += [f"{name} was never asked" for name, asked in beside.asked.items() if not asked]
    seen = {"alone": quiet, "beside": loud, "growth": growth, "reasons": reasons}
    return conclude("zoo", seen, faults)


def figures(watch: Watch) -> dict[str, float]:
    """Median and 95th percentile in seconds; a post that was never stored counts as GRACE."""
    delays = [*watch.delays.values()] + [GRACE] * (POSTS - len(watch.delays))
    return {"median": round(statistics.median(delays), 2), "p95": round(statistics.quantiles(delays, n=20)[-1], 2)}


if __name__ == "__main__":
    sys.exit(main())
