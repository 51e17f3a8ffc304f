"""The always-on process: composition root, ticks over rows, lifecycle. It decides nothing about posts or people.

A handful of fixed jobs run under APScheduler; *which* source is due is written in its row, so that a restart, a
Retry-After, a back-off and a reload are updates of rows.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor import control, logs, notify, systemd
from monitor.clock import SystemClock
from monitor.config import load
from monitor.errors import ConfigError, InputError, MonitorError, SourceError, WorkerKilled, WorkersStopped
from monitor.fetching.address import host_of
from monitor.fetching.fetcher import Fetcher
from monitor.flows import desk
from monitor.flows.forgetting import retain
from monitor.flows.lexicon import learn_entered
from monitor.flows.poll import PollReport, poll
from monitor.flows.ports import Plan, Ports, kept_sessions, make_plan, make_workers
from monitor.flows.sending import Sending
from monitor.flows.settling import settle
from monitor.flows.ticks import deadlines, flush_groups, follow_playbooks, look_around, reindex, watch
from monitor.store import Writer, lock_database
from monitor.tracking.health import after_failure
from monitor.understanding.tiers import chosen
from monitor.web import metrics
from monitor.web.app import STUCK_AFTER, WebServer, make_app
from monitor.worker import WORKERS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from monitor.clock import Clock
    from monitor.config import Config
    from monitor.models import JSON, HostState
    from monitor.store import LeasedSource, PendingMessage

POLL_TICK: Final = 0.5  # seconds
DELIVER_TICK: Final = 1.0
DEADLINE_TICK: Final = 5.0
STORM_TICK: Final = 15.0  # a storm is seen before the first group of its posts has waited
LOOK_TICK: Final = 60.0
CLOCK_TICK: Final = 10.0
LONG_WORK_TICK: Final = 10.0
HOUSEKEEPING_AFTER: Final = timedelta(seconds=30)
CLOCK_STEP: Final = 60.0  # seconds by which the wall clock may drift between two looks before it counts as a step
TRUSTED_AFTER: Final = 600.0  # seconds for which no deadline is told by a clock that was stepped
DRAIN: Final = 8.0  # seconds that a stop waits for what is on its way

log = structlog.get_logger()


async def make_ports(
    config: Config, *, clock: Clock, writer: Writer, workers: int = WORKERS, known: Sequence[HostState] = ()
) -> Ports:
    """The outside world for this configuration; host politeness comes from the database, or is `known` from another."""
    hosts = known or await writer.run(lambda store: store.hosts())
    taught = await writer.run(lambda store: store.adaptation())
    return Ports(
        clock=clock,
        fetcher=Fetcher(config.fetch, clock=clock, hosts=hosts),
        worker=make_workers(config, taught, workers=workers),
        writer=writer,
    )


async def sync_sources(plan: Plan, ports: Ports) -> None:
    """Make the rows follow the configuration, of sources and of what is due in cases; learn words people entered."""
    for source in plan.config.sources:
        if not source.robots:
            log.warning("robots.txt is not asked, as the configuration says", source=source.name)
    hosts = {source.name: host_of(plan.config.reveal(source.url)) for source in plan.config.sources}
    now = ports.clock.now()
    await ports.writer.run(lambda store: store.sync_sources(plan.config.sources, hosts, now))
    await ports.writer.run(lambda store: store.ask_again(now))  # quiet hours and budgets may be others now
    await follow_playbooks(ports, plan)
    await learn_entered(ports, plan)


async def close_ports(ports: Ports) -> None:
    """Let go of the network and stop the workers; the writer is its owner's to close."""
    await asyncio.to_thread(ports.worker.close)
    await ports.fetcher.close()


class Daemon:
    """One running monitor."""

    def __init__(self, config_path: Path, database: Path, *, environ: Mapping[str, str]) -> None:
        self._config_path = config_path
        self._database = database
        self._environ = environ
        self._clock = SystemClock()
        self._writer = Writer(database)
        self._scheduler = AsyncIOScheduler(
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._sending = Sending()
        self._polls: set[asyncio.Task[None]] = set()
        self._deliveries: set[asyncio.Task[None]] = set()
        self._chores: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._taking = asyncio.Lock()
        self._reloading = asyncio.Lock()
        self._last_tick = self._clock.monotonic()
        self._clock_offset = self._offset()
        self._trusted_from = 0.0  # on the monotonic clock
        self._plan: Plan
        self._ports: Ports

    async def run(self, config: Config) -> None:
        """Run until SIGTERM or SIGINT, then drain and return.

        Raises AlreadyRunning, StoreError and its kin before anything is polled.
        """
        with lock_database(self._database):
            await self._writer.start()
            self._ports = await make_ports(config, clock=self._clock, writer=self._writer)
            self._plan = await make_plan(config, self._ports.worker)
            now = self._clock.now()
            await self._writer.run(lambda store: store.start_over(now))
            await sync_sources(self._plan, self._ports)
            server = await control.serve(control.socket_path(self._database), self._handlers())
            web = self._start_web(config)
            self._keep(self._chores, self._warm_up())
            self._listen_for_signals()
            self._start_jobs()
            systemd.tell("READY=1")
            log.info("started", pid=os.getpid(), sources=len(config.sources), database=str(self._database))
            await self._stopping.wait()
            systemd.tell("STOPPING=1")
            log.info("stopping")
            server.close()
            if web is not None:
                web.should_exit = True
            await self._drain()
            control.socket_path(self._database).unlink(missing_ok=True)
            await self._writer.close()
            log.info("stopped")

    def _handlers(self) -> Mapping[str, control.Handler]:
        def handler(name: str, verb: desk.Verb) -> control.Handler:
            async def handle(arguments: Mapping[str, JSON]) -> JSON:
                work = verb(self._ports, self._plan, arguments)  # of the moment: a reload replaces both
                return await (self._paused_for(work) if name in desk.LONG else work)

            return handle

        async def reload(_arguments: Mapping[str, JSON]) -> JSON:
            try:
                await self._reload()
            except ConfigError as error:
                raise InputError(str(error)) from error
            return "reloaded"

        return {"reload": reload, **{name: handler(name, verb) for name, verb in desk.VERBS.items()}}

    async def _paused_for(self, work: Awaitable[JSON]) -> JSON:
        """Do what holds the writer for long: the ticks wait for it, and systemd is told that it is no standstill."""
        self._scheduler.pause()
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=LONG_WORK_TICK))[0]:
                self._last_tick = self._clock.monotonic()
                systemd.tell("WATCHDOG=1")
            return task.result()
        finally:
            self._scheduler.resume()

    # ── lifecycle ──

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._keep(self._chores, self._reload_and_log()))

    async def _warm_up(self) -> None:
        # A worker that cannot start is seen, with its reason, by the first poll; one that is stopped early by nobody.
        with suppress(WorkerKilled, WorkersStopped):
            await self._ports.worker.start()
        for receiver in self._plan.config.receivers:
            for target in receiver.targets:
                # Said now, and not when the first alert has died of it.
                if not await asyncio.to_thread(notify.usable, target):
                    log.error("Apprise does not understand an address", receiver=receiver.name, target=target.key)

    def _start_jobs(self) -> None:
        every = self._scheduler.add_job
        every(self._poll_tick, "interval", seconds=POLL_TICK, next_run_time=self._clock.now())
        every(self._deliver_tick, "interval", seconds=DELIVER_TICK)
        every(self._look_tick, "interval", seconds=DEADLINE_TICK, args=[deadlines])
        every(self._look_tick, "interval", seconds=STORM_TICK, args=[watch])
        every(self._look_tick, "interval", seconds=LOOK_TICK, args=[look_around])
        every(self._clock_tick, "interval", seconds=CLOCK_TICK)
        for job in (self._reindex, self._retain):
            every(job, "interval", hours=6, next_run_time=self._clock.now() + HOUSEKEEPING_AFTER)
        if watchdog := int(self._environ.get("WATCHDOG_USEC", "0")):
            every(self._watchdog_tick, "interval", seconds=watchdog / 3e6)
        self._scheduler.add_listener(_count_missed, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_ERROR)
        self._scheduler.start()

    def _start_web(self, config: Config) -> WebServer | None:
        host, port = config.web.host, config.web.port
        try:
            listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError as error:
            # Watching goes on without its status page; a daemon that stopped for it would watch nothing.
            words = "the web address cannot be used, /healthz is not served"
            log.error(words, listen=f"{host}:{port}", error=str(error))  # noqa: TRY400 - the reason is the message
            return None
        server = WebServer(make_app(self._database, lambda: self._clock.monotonic() - self._last_tick))
        self._web = asyncio.create_task(server.run_on(listener))
        log.info("web", listen="{}:{}".format(*listener.getsockname()[:2]))
        return server

    async def _drain(self) -> None:
        """Let what is on its way arrive, for DRAIN seconds; what does not is polled or sent again after the start."""
        self._scheduler.remove_all_jobs()
        async with self._taking:  # a tick under way has handed out what it took
            self._scheduler.shutdown(wait=False)
        tasks = self._polls | self._deliveries
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=DRAIN)
            for task in late:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*late, return_exceptions=True)
        await close_ports(self._ports)
        self._sending.close()

    async def _reload(self) -> None:
        """Take over a changed configuration as a whole; one that is wrong changes nothing: ConfigError, InputError."""
        async with self._reloading:
            config = await asyncio.to_thread(load, self._config_path, environ=self._environ)
            logs.hide(config.secrets)
            former = self._ports.worker
            worker = former.beside(config.brands, chosen(config.sentiment))
            plan = await make_plan(config, former)
            # While the rows and the plan change together, nothing is leased that only one of them knows.
            async with self._taking:
                await sync_sources(plan, self._ports)
                if config.brands != self._plan.config.brands or worker.tier is not former.tier:
                    # Polls under way go on with the brands that they began with.
                    self._ports = replace(self._ports, worker=worker)
                    worker.keep()
                # A new dict: polls under way put the sessions of the old configuration into theirs.
                self._ports = replace(self._ports, sessions=kept_sessions(self._ports.sessions, self._plan, plan))
                # One Fetcher for life: two would not know of each other's queues.
                self._ports.fetcher.apply(config.fetch)
                self._plan = plan
        tier = self._ports.worker.tier.value
        log.info("reloaded", sources=len(config.sources), brands=len(config.brands), sentiment=tier)

    async def _reload_and_log(self) -> None:
        systemd.tell("RELOADING=1")
        try:
            await self._reload()
        except ConfigError as error:
            words = "the changed configuration is wrong, the old one stays"
            for fault in error.faults:
                log.error(words, fault=str(fault))  # noqa: TRY400 - a fault of the file has no traceback
        except MonitorError as error:
            log.error("the reload failed, the old configuration stays", error=str(error))  # noqa: TRY400 - as above
        systemd.tell("READY=1")

    # ── ticks ──

    async def _poll_tick(self) -> None:
        """Take what is due, as far as there is room, and poll it."""
        async with self._taking:
            if self._stopping.is_set():
                return
            room = self._plan.config.fetch.parallel - len(self._polls)
            now = self._clock.now()
            leased = await self._writer.run(lambda store: store.lease_due(now, max(room, 0)))
            self._last_tick = self._clock.monotonic()
            for source in leased:
                self._keep(self._polls, self._poll(source, plan=self._plan, ports=self._ports))

    async def _poll(self, leased: LeasedSource, *, plan: Plan, ports: Ports) -> None:
        name = leased.state.name
        started = self._clock.monotonic()
        try:
            report = await poll(plan.sources[name], leased, ports=ports, plan=plan)
        except Exception as error:
            log.exception("poll broke", source=name)
            now = self._clock.now()
            broke = SourceError(f"internal: {error!r}")
            state = after_failure(leased.state, broke, every=plan.sources[name].every, now=now)
            await self._writer.run(lambda store: settle(store, leased, state, plan=plan, now=now))
            metrics.POLLS.labels(outcome="internal").inc()
            return
        metrics.POLL_SECONDS.observe(self._clock.monotonic() - started)
        self._note(report)
        if report.alerts:
            await self._deliver_tick()

    def _note(self, report: PollReport) -> None:
        outcome = report.error.reason if report.error else "not-modified" if report.not_modified else "ok"
        metrics.POLLS.labels(outcome=outcome).inc()
        metrics.POSTS.inc(report.new)
        metrics.MENTIONS.inc(report.mentions)
        metrics.ALERTS.inc(report.alerts)
        if report.error:
            log.warning("poll failed", source=report.source, reason=report.error.reason, error=str(report.error))
        elif report.new:
            log.info("polled", source=report.source, new=report.new, mentions=report.mentions, alerts=report.alerts)

    async def _deliver_tick(self) -> None:
        """Make messages of groups whose time has come, take messages whose time has come, and send them."""
        async with self._taking:
            if self._stopping.is_set():
                return
            await flush_groups(self._ports, self._plan)
            for message in await self._sending.claim(self._ports):
                self._keep(self._deliveries, self._deliver(message))

    async def _deliver(self, message: PendingMessage) -> None:
        outcome = await self._sending.send(message, ports=self._ports, plan=self._plan)
        metrics.MESSAGES.labels(outcome=outcome).inc()
        level = log.info if outcome == "sent" else log.warning
        level("message", outcome=outcome, id=message.id, receiver=message.receiver, attempt=message.attempts + 1)
        if outcome == "sent":
            await self._deliver_tick()

    async def _look_tick(self, look: Callable[[Ports, Plan], Awaitable[int]]) -> None:
        """Tell what time brings about: deadlines, storms, what stands open, digests."""
        if not self._is_stepped() and (told := await look(self._ports, self._plan)):
            log.info("told", by=look.__name__, steps=told)

    def _is_stepped(self) -> bool:
        """Whether the clock was just set: it may be set back, so nothing is told by it yet."""
        drift = abs(self._offset() - self._clock_offset)
        return drift > CLOCK_STEP or self._clock.monotonic() < self._trusted_from

    async def _clock_tick(self) -> None:
        """A stepped wall clock must neither stall the polls nor start them all."""
        offset = self._offset()
        if abs(offset - self._clock_offset) > CLOCK_STEP:
            log.warning("the clock was stepped", seconds=round(offset - self._clock_offset))
            now = self._clock.now()
            await self._writer.run(lambda store: store.clamp_schedule(now))
            self._trusted_from = self._clock.monotonic() + TRUSTED_AFTER
        self._clock_offset = offset

    async def _reindex(self) -> None:
        """Index what is not indexed yet."""
        with suppress(WorkersStopped):  # the program ends; the next one goes on
            if done := await reindex(self._ports):
                log.info("indexed", mentions=done)

    async def _retain(self) -> None:
        """Let go of what has had its time."""
        await retain(self._plan.config.retention, ports=self._ports)

    def _offset(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

    async def _watchdog_tick(self) -> None:
        """Tell systemd that we live, only while looking for due sources succeeds: it needs loop, writer and disk."""
        if self._clock.monotonic() - self._last_tick < STUCK_AFTER / 2:
            systemd.tell("WATCHDOG=1")

    def _keep(self, tasks: set[asyncio.Task[None]], work: Any) -> asyncio.Task[None]:
        """Run `work` as a task that is held until it ends; an exception in it is logged, not lost."""
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(_log_failure)
        return task


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("a task broke", exc_info=error)


def _count_missed(event: object) -> None:
    metrics.JOBS_MISSED.inc()
    if error := getattr(event, "exception", None):
        log.error("a fixed job broke", exc_info=error)
