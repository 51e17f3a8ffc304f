"""The live view: posts appear on the little web, the daemon stores and judges them, mails and chat messages arrive.

All that it shows is read from outside, several times a second; delays are those that this onlooker sees.
"""

from __future__ import annotations

import random
import signal
import statistics
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text as Words

from monitor.demo.evidence import look
from monitor.demo.observer import baseline, count
from monitor.demo.stage import BASELINE, HOSTS, Stage, folder_for, last_words
from monitor.demo.world import DUTY, Settings, World, running_daemon

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import RenderableType

    from monitor.demo.evidence import Evidence, Published
    from monitor.demo.observer import Count

COLUMNS: Final = {
    "web": "the little web: posts",
    "monitor": "stored and judged",
    "inbox": "mail and chat",
}
_COLOURS: Final = {"negative": "red", "neutral": "default", "positive": "green"}
_LOOK_EVERY: Final = 0.4  # seconds
_PAUSES: Final = (1.2, 3.2)  # seconds between two posts, at least and at most
_BURST: Final = (15, 14)  # every so many posts, so many at once at the forum


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that the onlooker saw for the first time: in which column, about which post, in which words."""

    column: str
    key: str
    words: str
    colour: str = "default"
    delay: float | None = None


class Onlooker:
    """Knows what it has seen already; `delays` are seconds from a post's appearance, by where it was seen then.

    Posts of the baseline have none: they were there before the daemon.
    """

    def __init__(self) -> None:
        self.delays: dict[str, list[float]] = {"stored": [], "mail": [], "chat": []}
        self._seen: set[tuple[str, str]] = set()

    def see(self, evidence: Evidence, *, now: float) -> list[Event]:
        """What is new in the evidence; `now` in Unix seconds."""
        posts = {post.key: post for post in evidence.published}
        old = baseline(evidence)
        fresh = [
            Event(column="web", key=post.key, words=_said(post))
            for post in evidence.published
            if self._first("web", post.key)
        ]
        verdicts = _verdicts(evidence)
        for row in evidence.stored:
            if row.key in posts and self._first("stored", row.key):
                words, colour = verdicts.get(row.id, ("names no brand", "bright_black"))
                delay = None if row.key in old else self._delay("stored", posts[row.key], now)
                fresh.append(Event(column="monitor", key=row.key, words=words, colour=colour, delay=delay))
        for sink, messages in evidence.arrived.items():
            for key in sorted({key for message in messages for key in message.links} & posts.keys()):
                if self._first(sink, key):
                    words = f"{sink} {_said(posts[key])}"
                    delay = self._delay(sink, posts[key], now)
                    fresh.append(Event(column="inbox", key=key, words=words, colour="yellow", delay=delay))
        return fresh

    def _first(self, where: str, key: str) -> bool:
        new = (where, key) not in self._seen
        self._seen.add((where, key))
        return new

    def _delay(self, where: str, post: Published, now: float) -> float:
        delay = max(0.0, now - post.at)
        self.delays[where].append(delay)
        return delay


def play_live(*, break_fault: str | None = None, keep: Path | None = None, console: Console | None = None) -> int:
    """Run the demo until Ctrl-C; returns the exit status: 1 when the daemon ended by itself, else 0.

    Shows panels on a terminal and plain lines elsewhere. `break_fault` and `keep` are those of `play_once`.
    """
    console = console or Console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with folder_for(keep) as folder:
        DUTY.save(folder)
        with World(folder, HOSTS, settings=Settings()) as world:
            stage = Stage(world)
            for feed, number in BASELINE.items():
                stage.publish(feed, number)
            with running_daemon(folder, break_fault=break_fault) as daemon:
                try:
                    _show(folder, stage, daemon, console)
                except KeyboardInterrupt:
                    console.print("Stopping: the daemon finishes what it has in hand.")
                words = last_words(folder, daemon)
            console.print(*words, _counts(count(look(folder))), sep="\n", markup=False, highlight=False)
    return 1 if words else 0


def _show(folder: Path, stage: Stage, daemon: subprocess.Popen[bytes], console: Console) -> None:
    onlooker = Onlooker()
    pace = _pace(stage)
    if not console.is_terminal:
        for events, _ in _looks(folder, daemon, onlooker, pace):
            for event in events:
                delay = "" if event.delay is None else f" (after {event.delay:.1f} s)"
                console.print(
                    f"{event.column}: {event.key} {event.words}{delay}", markup=False, highlight=False, soft_wrap=True
                )
        return
    recent: dict[str, deque[Event]] = {column: deque(maxlen=60) for column in COLUMNS}
    with Live(console=console, screen=True, auto_refresh=False) as live:
        for events, figures in _looks(folder, daemon, onlooker, pace):
            for event in events:
                recent[event.column].appendleft(event)
            live.update(_view(recent, figures, onlooker, height=console.height), refresh=True)


def _looks(
    folder: Path, daemon: subprocess.Popen[bytes], onlooker: Onlooker, pace: Iterator[float]
) -> Iterator[tuple[list[Event], Count]]:
    next_post = time.monotonic() + 4.0  # the daemon needs a moment to start and to make its baseline
    while daemon.poll() is None:
        evidence = look(folder)
        yield onlooker.see(evidence, now=time.time()), count(evidence)
        if time.monotonic() >= next_post:
            next_post = time.monotonic() + next(pace)
        time.sleep(_LOOK_EVERY)


def _pace(stage: Stage) -> Iterator[float]:
    """Publishes one post, now and then a burst, each time it is asked; yields the seconds until the next."""
    places = random.Random(7)
    every, many = _BURST
    number = 0
    while True:
        number += 1
        if number % every == 0:
            stage.publish("forum", many)
        else:
            stage.publish(places.choice(list(BASELINE)), 1)
        yield places.uniform(*_PAUSES)


def _view(recent: dict[str, deque[Event]], figures: Count, onlooker: Onlooker, *, height: int) -> RenderableType:
    layout = Layout()
    layout.split_column(Layout(name="columns"), Layout(_summary(figures, onlooker), size=5))
    room = max(1, height - 7)
    layout["columns"].split_row(
        *(Layout(Panel(_rows(list(recent[name])[:room]), title=title)) for name, title in COLUMNS.items())
    )
    return layout


def _rows(events: list[Event]) -> RenderableType:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", style="bright_black", no_wrap=True)
    for event in events:
        delay = "" if event.delay is None else f"{event.delay:.1f}s"
        table.add_row(Words(event.key), Words(event.words, style=event.colour), delay)
    return table


def _summary(figures: Count, onlooker: Onlooker) -> RenderableType:
    medians = " · ".join(
        f"{where} {statistics.median(delays[-40:]):.1f} s" for where, delays in onlooker.delays.items() if delays
    )
    delays = Words(f"median delay after a post appeared: {medians or '…'}")
    return Panel(Group(_counts(figures), delays, Words("Ctrl-C stops it.")))


def _counts(figures: Count) -> Words:
    return Words.assemble(
        (f"{figures.posts} posts", "bold"),
        f" · {figures.mentions} mentions · {figures.negative} negative · {figures.alerts} alerts",
        f" · mail {figures.delivered['mail']} · chat {figures.delivered['chat']} · on the way {len(figures.lost)} · ",
        (f"repeated {len(figures.repeated)}", "red" if figures.repeated else "default"),
    )


def _verdicts(evidence: Evidence) -> dict[int, tuple[str, str]]:
    return {
        mention.post: (f"{mention.sentiment} {mention.priority} {mention.brand}", _COLOURS[mention.sentiment])
        for mention in reversed(evidence.mentioned)
    }


def _said(post: Published) -> str:
    return post.title or post.text
