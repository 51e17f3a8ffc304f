"""The fixed script: posts appear on the little web, the real daemon works, the observer counts until all is settled."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.demo.evidence import look
from monitor.demo.observer import count
from monitor.demo.stage import BASELINE, HOSTS, Stage, folder_for, last_words
from monitor.demo.world import DUTY, Settings, World, running_daemon

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.demo.evidence import Evidence
    from monitor.demo.observer import Count

# (seconds after the baseline, feed, how many posts appear at once); the forum's burst does not fit on its first page.
SCRIPT: Final = (
    (0.0, "news", 1),
    (0.5, "comments", 2),
    (1.0, "forum", 1),
    (1.6, "reviews", 3),
    (2.5, "forum", 24),
    (3.0, "news", 3),
    (4.0, "comments", 4),
    (5.0, "reviews", 4),
    (5.5, "news", 3),
    (6.3, "comments", 4),
    (7.0, "reviews", 3),
    (7.5, "news", 3),
    (8.0, "forum", 1),
)
DEADLINE: Final = 45.0  # seconds for everything, the daemon's start and end included
QUIET: Final = 8.0  # seconds without any change after which nothing more is waited for
LOOK_EVERY: Final = 0.3  # seconds
POLLS_AFTER: Final = 3  # each feed is asked so often after all is settled, so that repetitions can show themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a play ended; `last_words` are the end of the daemon's log when it did not live to the end, else empty."""

    count: Count
    seconds: float
    last_words: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was lost or repeated and the daemon lived to the end."""
        return not (self.count.lost or self.count.repeated or self.last_words)

    def to_json(self) -> dict[str, object]:
        """The figures that other programs read."""
        return self.count.to_json()

    def summary(self) -> str:
        """For people: what came of the play, and all that went wrong, one line each."""
        count = self.count
        figures = (
            f"{count.posts} posts, {count.mentions} mentions, {count.negative} negative, {count.alerts} alerts;"
            f" delivered {', '.join(f'{number} by {sink}' for sink, number in count.delivered.items())};"
            f" {len(count.lost)} lost, {len(count.repeated)} repeated; {self.seconds:.0f} s"
        )
        lost = (f"lost: {fault}" for fault in count.lost)
        repeated = (f"repeated: {fault}" for fault in count.repeated)
        return "\n".join((figures, *lost, *repeated, *(f"daemon: {line}" for line in self.last_words)))


def play_once(*, break_fault: str | None = None, keep: Path | None = None) -> Result:
    """Play the script once and count what came of it; at most DEADLINE seconds and the daemon's end.

    `break_fault` plants one of the faults of `monitor.demo.faults`; `keep` is a folder that all evidence is left in.
    Raises FileExistsError when `keep` holds something already.
    """
    started = time.monotonic()
    with folder_for(keep) as folder:
        DUTY.save(folder)
        with World(folder, HOSTS, settings=Settings()) as world:
            stage = Stage(world)
            for feed, number in BASELINE.items():
                stage.publish(feed, number)
            with running_daemon(folder, break_fault=break_fault) as daemon:
                _wait_for_baseline(folder, daemon, until=started + DEADLINE)
                for seconds, feed, number in _schedule():
                    time.sleep(max(0.0, seconds - time.monotonic()))
                    stage.publish(feed, number)
                _wait_for_the_end(folder, daemon, until=started + DEADLINE)
                words = last_words(folder, daemon)
        return Result(count=count(look(folder)), seconds=time.monotonic() - started, last_words=words)


def _schedule() -> Iterator[tuple[float, str, int]]:
    start = time.monotonic()
    yield from ((start + seconds, feed, number) for seconds, feed, number in SCRIPT)


def _wait_for_baseline(folder: Path, daemon: subprocess.Popen[bytes], *, until: float) -> None:
    """Until every feed's baseline is stored, or was asked for so often that it never will be."""
    due = sum(BASELINE.values())
    while daemon.poll() is None and time.monotonic() < until:
        evidence = look(folder)
        if len(evidence.stored) >= due or _polls(evidence, since=0.0) > POLLS_AFTER:
            return
        time.sleep(LOOK_EVERY)


def _wait_for_the_end(folder: Path, daemon: subprocess.Popen[bytes], *, until: float) -> None:
    """Until nothing is missing and every feed was asked again after that, or nothing has changed for long."""
    seen: Count | None = None
    changed, wall = time.monotonic(), time.time()
    while daemon.poll() is None and time.monotonic() < until:
        evidence = look(folder)
        now = count(evidence)
        if now != seen:
            seen, changed, wall = now, time.monotonic(), time.time()
        elif (not now.lost and _polls(evidence, since=wall) >= POLLS_AFTER) or time.monotonic() - changed > QUIET:
            return
        time.sleep(LOOK_EVERY)


def _polls(evidence: Evidence, *, since: float) -> int:
    """How often the least asked feed was asked after the moment `since` (Unix seconds)."""
    asked = dict.fromkeys(BASELINE, 0)
    for request in evidence.requests:
        feed = request.path.removeprefix("/").removesuffix(".xml")
        if feed in asked and request.at > since and not request.query:
            asked[feed] += 1
    return min(asked.values())
