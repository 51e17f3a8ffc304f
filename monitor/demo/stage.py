"""The stage that the script and the live view play on: its hosts and feeds, and where the texts wait for their turn."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from monitor.demo.texts import load
from monitor.demo.web import Feed
from monitor.demo.world import DAEMON_LOG

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping

    from monitor.demo.world import World

HOSTS: Final = (
    (
        Feed(name="news", style="rss"),
        Feed(name="comments", style="comments", validators=frozenset({"last-modified"})),
    ),
    (
        Feed(name="reviews", style="reviews", validators=frozenset()),
        Feed(name="forum", style="forum", window=10, paged=True),
    ),
)
BASELINE: Final[Mapping[str, int]] = {"news": 4, "comments": 4, "reviews": 4, "forum": 6}


class Stage:
    """Where the texts wait for their turn; each gets its key when it appears: the feed's letter and a number."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._texts = load()
        self._next = dict.fromkeys(self._texts, 0)

    def publish(self, feed: str, number: int) -> None:
        """Let the next posts of a feed appear together; after the last text the first comes again as a new post."""
        start = self._next[feed]
        self._next[feed] += number
        texts = self._texts[feed]
        self._world.publish(
            feed, {f"{feed[0]}{index + 1:02d}": texts[index % len(texts)] for index in range(start, start + number)}
        )


@contextmanager
def folder_for(keep: Path | None) -> Iterator[Path]:
    """The folder for what a play leaves behind: `keep`, which must be empty or absent, or one that goes away."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="monitor-demo-") as name:
            yield Path(name)
        return
    keep.mkdir(parents=True, exist_ok=True)
    if any(keep.iterdir()):
        raise FileExistsError(f"{keep} is not empty")
    yield keep


def last_words(folder: Path, daemon: subprocess.Popen[bytes]) -> tuple[str, ...]:
    """The end of the daemon's log and its exit status when it is no longer there; empty while it lives."""
    if daemon.poll() is None:
        return ()
    log = (folder / DAEMON_LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    return (*log[-12:], f"it ended by itself with exit status {daemon.returncode}")
