"""The machine that the monitor runs on: its daemon under virtual time, its crashes and restarts.

The daemon, the flows, the store and the fetcher with its queues are the real ones. Replaced are what waits for real
things: the exchange of one request (the scripted web answers), the writer's thread, the worker processes, the timers
of APScheduler (whose jobs run when something is due instead of twice a second), and Apprise.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import httpx

from benchmarks.alerting.setting import Inline, InlineWriter
from monitor.daemon import Daemon, sync_sources
from monitor.fetching.fetcher import Fetcher, _Answer
from monitor.flows.ports import Ports, make_plan
from monitor.flows.sending import Sending
from monitor.models import Judgement, Label, Lemmas, Mention, Sentiment, Why
from monitor.sources.article import Article, read_article
from monitor.sources.permalink import holds
from tests.sim.site import BRAND

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from monitor.config import Config
    from monitor.fetching.redirects import Hop
    from monitor.models import JSON, HostState, Page, Post, Request, Response
    from monitor.sources.protocol import Kind
    from monitor.store import Store
    from monitor.worker import WorkerPool
    from tests.sim.clock import SimClock
    from tests.sim.people import Actor
    from tests.sim.web import Log, Web

T = TypeVar("T")

LOOK: Final = timedelta(seconds=0.5)  # between two looks at what is due
LONGEST: Final = timedelta(minutes=30)  # without a look at what is due
GRID: Final = timedelta(minutes=10)  # what is due within it is looked at together
CLOCK_LOOK: Final = timedelta(seconds=10)  # after which the daemon notices that its clock was stepped
DRIVEN: Final = frozenset({"_poll_tick", "_deliver_tick", "_clock_tick"})
SHORT: Final = timedelta(minutes=1)  # jobs that are more frequent run at each look
_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_NEUTRAL: Final = Sentiment(label=Label.NEUTRAL, negative=0.0, neutral=1.0, positive=0.0)
_NEGATIVE: Final = Sentiment(label=Label.NEGATIVE, negative=1.0, neutral=0.0, positive=0.0)


class CrashedError(Exception):
    """The daemon is gone: nothing of it does anything any more."""


class SimFetcher(Fetcher):
    """The real fetcher with its queues, robots and redirects; only what goes over the wire is scripted."""

    def __init__(self, config: Config, *, clock: SimClock, hosts: Sequence[HostState], machine: Machine) -> None:
        super().__init__(config.fetch, clock=clock, hosts=hosts, tls=_NO_TLS)
        self._machine = machine

    async def _exchange(self, hop: Hop, **how: Any) -> _Answer:
        header = {name.lower(): value for name, value in hop.headers}
        if hop.method in ("GET", "HEAD"):
            known = {"if-none-match": how["validators"].etag, "if-modified-since": how["validators"].last_modified}
            header |= {name: value for name, value in known.items() if value is not None}
        await self._machine.on_the_wire()
        answer = self._machine.web.answer(str(hop.url), header, hop.body)
        return _Answer(status=answer.status, headers=httpx.Headers(answer.headers), body=answer.body)


class MortalWriter(InlineWriter):
    """The writer without its thread; after a crash nothing is written."""

    is_dead = False

    async def run(self, function: Callable[[Store], T]) -> T:
        if self.is_dead or self._store is None:
            raise CrashedError
        return self.at_once(function)

    def crash(self) -> None:
        """As if the process were gone."""
        self.is_dead = True
        if self._store is not None:
            self._store._db.close()


class InlineWorker:
    """Reads in place; whatever names the brand is a mention, negative where it says "плохо"."""

    def __init__(self, read: dict[str, tuple[bytes, Page]]) -> None:
        self._read = read  # the last answer of each address, which outlives a crash

    async def read(self, kind: Kind, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """What the kind reads; an answer that a site repeats word by word is not read again, which takes most time."""
        known = self._read.get(request.url)
        if known is not None and known[0] == response.body:
            return replace(known[1], cursor=dict(cursor))
        page = kind.read(request, response, dict(cursor))
        # Only a page that follows from its body alone: no cursor of its own, no threads, no login.
        if dict(page.cursor) == dict(cursor) and page.posts and not page.threads and page.onward is None:
            self._read[request.url] = response.body, page
        return page

    async def article(self, response: Response) -> Article:
        return read_article(response)

    async def holds(self, response: Response, beginning: str) -> bool | None:
        return holds(response, beginning)

    async def lemmatise(self, texts: Sequence[tuple[str, str, str | None]]) -> list[Lemmas]:
        return [Lemmas() for _ in texts]

    async def variants(self, words: Collection[str]) -> dict[str, frozenset[str]]:
        return {word: frozenset({word}) for word in words}

    async def judge(self, posts: Sequence[Post], *, site_weight: float | None) -> list[Judgement | None]:
        return [_judgement(post) if BRAND in post.text else None for post in posts]

    def close(self) -> None:
        """Nothing was started."""


def _judgement(post: Post) -> Judgement:
    sentiment = _NEGATIVE if "плохо" in post.text else _NEUTRAL
    why = (Why(code="match", text=BRAND),)
    facts: dict[str, Any] = {"relevance": 1.0, "doubtful": False, "spans": (), "influence": 10, "priority": 50}
    mention = Mention(brand=BRAND, sentiment=sentiment, special_cases=(), why=why, **facts)
    return Judgement(lang="ru", sentiment=sentiment, special_cases=(), mentions=(mention,))


class Jobs:
    """Stands where APScheduler does, and remembers what the daemon wants done how often."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Callable[[], Any], timedelta]] = []

    def add_job(self, job: Callable[..., Any], _trigger: str, *, args: Sequence[Any] = (), **how: Any) -> None:
        how.pop("next_run_time", None)

        async def run() -> None:
            await job(*args)

        run.__name__ = args[0].__name__ if args else job.__name__
        self.jobs.append((run, timedelta(**how)))

    def add_listener(self, *_: object) -> None:
        """Nothing is missed here."""

    def start(self) -> None:
        """The machine runs the jobs."""


class Machine:
    """Runs the daemon until a moment, through crashes, clock steps and whatever people do."""

    def __init__(
        self, config: Config, path: Path, *, clock: SimClock, web: Web, log: Log, actors: Sequence[Actor] = ()
    ) -> None:
        self.web = web
        self._config = config
        self._path = path
        self._clock = clock
        self._log = log
        self._actors = actors
        self._crashes: list[datetime] = []
        self._steps: list[tuple[datetime, timedelta]] = []
        self._crash = asyncio.Event()
        self._housekeeping: dict[str, datetime] = {}
        self._ill: dict[str, str] = {}
        self._read: dict[str, tuple[bytes, Page]] = {}
        self._looked = self._began = clock.true_now()

    async def run(
        self, until: datetime, *, crashes: Sequence[datetime], steps: Sequence[tuple[datetime, timedelta]]
    ) -> None:
        """Until the true moment `until`; the daemon crashes in the first request after each of `crashes`."""
        self._crashes, self._steps = sorted(crashes), sorted(steps)
        while self._clock.true_now() < until:
            self._crash = asyncio.Event()
            daemon, jobs, eyes = await self._start()
            await self._live(daemon, jobs, eyes, until)
            await _kill(daemon)
            self._log.write("restart" if self._crash.is_set() else "end")

    async def on_the_wire(self) -> None:
        """How long an exchange takes; a crash that is due happens meanwhile."""
        await self._clock.sleep(0.4)
        if self._crashes and self._crashes[0] <= self._clock.true_now():
            self._crashes.pop(0)
            self._crash.set()
        if self._crash.is_set():
            raise asyncio.CancelledError

    async def _start(self) -> tuple[Daemon, Jobs, sqlite3.Connection]:
        daemon = Daemon(self._path.with_suffix(".yaml"), self._path, environ={})
        jobs, clock = Jobs(), self._clock
        writer = MortalWriter(self._path)
        await writer.start()
        hosts = await writer.run(lambda store: store.hosts())
        worker = InlineWorker(self._read)
        fetcher = SimFetcher(self._config, clock=clock, hosts=hosts, machine=self)
        ports = Ports(clock=clock, fetcher=fetcher, worker=cast("WorkerPool", worker), writer=writer)
        inside: Any = daemon
        inside._clock, inside._writer, inside._scheduler, inside._sending = clock, writer, jobs, Sending(Inline())
        inside._clock_offset, inside._last_tick = inside._offset(), clock.monotonic()
        inside._ports = ports
        inside._plan = await make_plan(self._config, ports.worker)
        # What Daemon.run does, without socket, signals and web.
        now = clock.now()
        await writer.run(lambda store: store.start_over(now))
        await sync_sources(inside._plan, ports)
        inside._start_jobs()
        self._housekeeping = {job.__name__: clock.true_now() + every for job, every in jobs.jobs}
        return daemon, jobs, writer.connection

    async def _live(self, daemon: Daemon, jobs: Jobs, eyes: sqlite3.Connection, until: datetime) -> None:
        crashed = asyncio.ensure_future(self._crash.wait())
        least = LOOK
        while self._clock.true_now() < until and not self._crash.is_set():
            due = self._due(eyes)
            await self._look(daemon, jobs, due)
            if tasks := daemon._polls | daemon._deliveries:
                await asyncio.wait({*tasks, crashed}, return_when=asyncio.FIRST_COMPLETED)
                self._watch_health(eyes)
                least = LOOK
                continue
            pause = min(self._on_the_grid(self._next_due(due)), until) - self._clock.true_now()
            await self._clock.sleep(max(pause, least).total_seconds())
            least = min(2 * least, LONGEST)  # what seems due and is not taken is not looked at twice a second
        crashed.cancel()

    async def _look(self, daemon: Daemon, jobs: Jobs, due: tuple[datetime, datetime]) -> None:
        """What the daemon's timers would do by now."""
        now = self._clock.true_now()
        stepped = [(at, by) for at, by in self._steps if at <= now]
        for step in stepped:
            self._steps.remove(step)
            self._clock.step(step[1])
            self._log.write("clock-step", hours=step[1] / timedelta(hours=1))
            self._housekeeping["_clock_tick"] = now + CLOCK_LOOK
        if self._housekeeping["_clock_tick"] <= now:
            self._housekeeping["_clock_tick"] = now + timedelta(hours=1)
            await daemon._clock_tick()
        sources, messages = due
        idle = now - self._looked >= LONGEST
        if idle or sources <= now:
            self._looked = now
            await daemon._poll_tick()
        if idle or messages <= now:
            await daemon._deliver_tick()
        for job, every in jobs.jobs:
            name = job.__name__
            if name not in DRIVEN and (every < SHORT or self._housekeeping[name] <= now):
                self._housekeeping[name] = now + every
                await job()
        for actor in self._actors:
            at = actor.next_at()
            if at is not None and at <= now:
                await actor.act(daemon._ports, daemon._plan)

    def _on_the_grid(self, moment: datetime) -> datetime:
        """A little later, so that what is due at nearly the same time is looked at together."""
        return self._began - ((self._began - moment) // GRID) * GRID

    def _next_due(self, due: tuple[datetime, datetime]) -> datetime:
        """The next true moment at which there is something to do."""
        moments = [self._looked + LONGEST, *due]
        moments += [at for at, _ in self._steps[:1]] + [self._housekeeping["_clock_tick"]]
        moments += [at for actor in self._actors if (at := actor.next_at())]
        return min(moments)

    def _due(self, eyes: sqlite3.Connection) -> tuple[datetime, datetime]:
        """The true moments at which the next source and the next message are due; far away where none is."""
        never = self._clock.true_now() + timedelta(days=365)
        (sources,), (messages,) = eyes.execute(
            """
            SELECT min(max(sources.next_at, coalesce(leased_until, ''), coalesce(retry_at, ''),
                           coalesce(hosts.next_at, '')))
            FROM sources LEFT JOIN hosts USING (host) WHERE active
            UNION ALL SELECT min(at) FROM (
                SELECT min(next_at) AS at FROM messages WHERE state = 'pending' AND claimed_at IS NULL
                UNION ALL SELECT min(due_at) FROM groups)
            """
        ).fetchall()
        return (
            datetime.fromisoformat(sources) - self._clock.offset if sources else never,
            datetime.fromisoformat(messages) - self._clock.offset if messages else never,
        )

    def _watch_health(self, eyes: sqlite3.Connection) -> None:
        """Log each change of health; what the daemon knew earlier is nowhere else."""
        ill = dict(eyes.execute("SELECT name, health FROM sources WHERE health <> 'ok'").fetchall())
        if ill != self._ill:
            for name in sorted(ill.keys() | self._ill.keys()):
                if ill.get(name) != self._ill.get(name):
                    self._log.write("health", source=name, health=ill.get(name, "ok"))
            self._ill = ill


async def _kill(daemon: Daemon) -> None:
    """The process is gone: whatever it was doing is dropped."""
    cast("MortalWriter", daemon._writer).crash()
    tasks = daemon._polls | daemon._deliveries | daemon._chores
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
