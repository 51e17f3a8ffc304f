"""The real process: started as a user would, spoken to by signals, socket and HTTP, watched from outside."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from monitor import daemon as module
from monitor.config import load
from monitor.errors import InputError
from monitor.flows.ports import make_plan
from monitor.models import Tier
from monitor.understanding import tiers
from tests.cli.inprocess import run_command
from tests.site import running_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from monitor.flows.ports import Plan, Ports
    from monitor.models import Brand
    from monitor.worker import WorkerPool
    from tests.site import Site

PATIENCE = 40.0  # seconds; generous, because nothing here is about speed
CONFIG = """\
contact: tests@monitor.test
sentiment: fast
brands: [{{name: Тестомаркет}}]
sources:
  - {{name: news, kind: feed, url: "{url}/feed", every: 1s, allow: [127.0.0.0/8]}}
receivers: {{support: {{urls: ["json://127.0.0.1:{port}/hook"], budget: off}}}}
routes: [{{match: "sentiment:negative", to: support, group_wait: 0s, group_interval: 0s}}]
fetch: {{gap: 0s}}
web: {{listen: "127.0.0.1:0"}}
"""


class Process:
    """A daemon process whose log lines can be waited for."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "monitor", "run", "--config", "sources.yaml", "--db", "monitor.db"],
            cwd=folder,
            env={**os.environ, **environ},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.events: list[dict[str, object]] = []
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._news:
                self.events.append(json.loads(line) if line.startswith("{") else {"event": line})
                self._news.notify_all()

    def wait_for(self, event: str) -> dict[str, object]:
        def seen() -> dict[str, object] | None:
            return next((item for item in self.events if item["event"] == event), None)

        with self._news:
            assert self._news.wait_for(seen, PATIENCE), f"no {event!r} in {self.events}"
        found = seen()
        assert found is not None
        return found

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """The exit code after a signal; fails when the process does not end within twice the promised ten seconds."""
        if self._process.poll() is None:
            self.send(number)
        code = self._process.wait(timeout=20)
        self._thread.join()
        assert self._process.stderr is not None
        self._process.stderr.close()
        return code


@pytest.fixture
def daemon(tmp_path: Path, site: Site) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(config: str | None = None, **environ: str) -> Process:
        text = config or CONFIG.format(url=site.url, port=site.port)
        (tmp_path / "sources.yaml").write_text(text, encoding="utf-8")
        started.append(Process(tmp_path, environ))
        return started[-1]

    yield start
    for process in started:
        process.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Path]]:
    """One daemon that has started, and its folder, for those who only ask it something."""
    folder = tmp_path_factory.mktemp("running")
    with running_site() as site:
        (folder / "sources.yaml").write_text(CONFIG.format(url=site.url, port=site.port), encoding="utf-8")
        process = Process(folder, {})
        try:
            process.wait_for("started")
            yield process, folder
        finally:
            process.stop(signal.SIGKILL)


def database(folder: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(f"{(folder / 'monitor.db').as_uri()}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def monitor(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_a_post_that_appears_becomes_an_alert_that_arrives(
    tmp_path: Path, site: Site, daemon: Callable[..., Process]
) -> None:
    site.posts = ["Вчера в Тестомаркете всё было ужасно"]
    process = daemon()
    process.wait_for("polled")
    site.posts.append("Тестомаркет опять обманул, деньги не вернули, отвратительный сервис")
    assert site.arrived.wait(PATIENCE)
    assert process.stop() == 0
    assert len(site.hooks) == 1
    message = json.loads(site.hooks[0])
    assert "отвратительный сервис" in message["message"]
    assert database(tmp_path, "SELECT count(*) FROM posts") == [(2,)]
    assert database(tmp_path, "SELECT state FROM deliveries") == [("sent",)]
    why = monitor(tmp_path, "why", "2")
    assert "support: sent on " in why.stdout
    assert "because route matches: sentiment:negative" in why.stdout
    first = monitor(tmp_path, "why", "1")
    assert ": first poll of this source" in first.stdout


def test_a_second_daemon_names_the_pid_of_the_first(running: tuple[Process, Path]) -> None:
    process, folder = running
    pid = process.wait_for("started")["pid"]
    second = monitor(folder, "run", "--db", "monitor.db")
    assert second.returncode == 75
    assert f"pid {pid}" in second.stderr


def test_a_wrong_configuration_never_replaces_a_good_one(
    tmp_path: Path, site: Site, daemon: Callable[..., Process]
) -> None:
    process = daemon()
    process.wait_for("started")
    good = (tmp_path / "sources.yaml").read_text(encoding="utf-8")
    (tmp_path / "sources.yaml").write_text(good + "nonsense: 1\n", encoding="utf-8")
    process.send(signal.SIGHUP)
    fault = process.wait_for("the changed configuration is wrong, the old one stays")["fault"]
    assert re.match(r"sources\.yaml:10:1: nonsense: ", str(fault))
    site.polled.clear()
    assert site.polled.wait(PATIENCE), "the old configuration is no longer polled"
    (tmp_path / "sources.yaml").write_text(good.replace("name: news", "name: other"), encoding="utf-8")
    process.send(signal.SIGHUP)
    process.wait_for("reloaded")
    assert process.stop() == 0
    assert database(tmp_path, "SELECT name FROM sources WHERE active") == [("other",)]


def test_a_command_that_writes_asks_the_running_daemon(running: tuple[Process, Path]) -> None:
    _, folder = running
    unknown = monitor(folder, "poll", "nowhere")
    assert unknown.returncode == 65
    assert "there is no source 'nowhere'" in unknown.stderr
    polled = monitor(folder, "poll", "news", "--json")
    # The daemon itself may be polling it at this very moment, and then says so.
    assert polled.returncode in (0, 65)
    if polled.returncode == 0:
        assert json.loads(polled.stdout)["source"] == "news"


def test_poll_works_alone_when_no_daemon_runs(tmp_path: Path, site: Site) -> None:
    site.posts = ["Тестомаркет молодец"]
    config = CONFIG.format(url=site.url, port=site.port)
    (tmp_path / "sources.yaml").write_text(config, encoding="utf-8")
    dry = run_command(tmp_path, "poll", "news", "--dry-run")
    assert dry.returncode == 0
    assert "Тестомаркет: " in dry.stdout
    assert not (tmp_path / "monitor.db").exists()
    report = json.loads(run_command(tmp_path, "poll", "news", "--json").stdout)
    assert (report["new"], report["mentions"], report["error"]) == (1, 1, None)
    assert database(tmp_path, "SELECT brand FROM mentions") == [("Тестомаркет",)]


@contextmanager
def systemd(folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(folder / "notify"))
        listener.settimeout(PATIENCE)
        yield listener


def test_systemd_is_told_when_it_is_ready_alive_reloading_and_stopping(
    tmp_path: Path, daemon: Callable[..., Process]
) -> None:
    with systemd(tmp_path) as listener:
        process = daemon(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="1000000")
        heard = [listener.recv(100)]
        while b"WATCHDOG=1" not in heard:
            heard.append(listener.recv(100))
        process.send(signal.SIGHUP)
        while b"RELOADING=1" not in heard:
            heard.append(listener.recv(100))
        assert process.stop() == 0
        while b"STOPPING=1" not in heard:
            heard.append(listener.recv(100))
    assert heard[0] == b"READY=1"


def test_a_reload_with_another_tier_has_new_workers_and_one_that_cannot_be_had_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sources.yaml"
    text = (
        "contact: tests@monitor.test\nsentiment: fast\nbrands: [{name: Тестомаркет}]\n"
        'sources: [{name: a, kind: feed, url: "https://a.example/feed"}]\n'
    )

    async def run() -> None:
        path.write_text(text, encoding="utf-8")
        daemon = module.Daemon(path, tmp_path / "monitor.db", environ={})
        await daemon._writer.start()
        config = load(path, environ={})
        daemon._ports = await module.make_ports(config, clock=daemon._clock, writer=daemon._writer)
        daemon._plan = await make_plan(config, daemon._ports.worker)
        fast = daemon._ports.worker
        path.write_text(text.replace("fast", "quality"), encoding="utf-8")
        monkeypatch.setattr(tiers, "available", lambda: False)
        with pytest.raises(InputError, match="not installed"):
            await daemon._reload()
        assert daemon._ports.worker is fast
        assert daemon._plan.config.sentiment is Tier.FAST
        monkeypatch.setattr(tiers, "available", lambda: True)
        await daemon._reload()
        quality = daemon._ports.worker
        assert (fast.tier, quality.tier) == (Tier.FAST, Tier.QUALITY)
        path.write_text(text.replace("fast", "auto"), encoding="utf-8")
        await daemon._reload()
        assert daemon._ports.worker is quality
        await asyncio.gather(*daemon._chores)
        await module.close_ports(daemon._ports)
        await daemon._writer.close()

    asyncio.run(run())


def test_what_a_login_gave_is_forgotten_at_a_reload_where_its_source_changed(tmp_path: Path) -> None:
    path, environ = tmp_path / "sources.yaml", {"KEY": "first-key"}
    text = (
        "contact: tests@monitor.test\nsentiment: fast\nbrands: [{name: Тестомаркет}]\nsources:\n"
        '  - {name: a, kind: feed, url: "https://a.example/feed?key=${KEY}"}\n'
        '  - {name: b, kind: feed, url: "https://b.example/feed"}\n'
    )

    class NoWords:
        tier = Tier.FAST

        def beside(self, _brands: Sequence[Brand], _tier: Tier) -> NoWords:
            return self

        async def variants(self, words: set[str]) -> dict[str, frozenset[str]]:
            return {word: frozenset() for word in words}

    async def run() -> None:
        path.write_text(text, encoding="utf-8")
        daemon = module.Daemon(path, tmp_path / "monitor.db", environ=environ)
        await daemon._writer.start()
        config = load(path, environ=environ)
        ports = await module.make_ports(config, clock=daemon._clock, writer=daemon._writer)
        daemon._ports = replace(ports, worker=cast("WorkerPool", NoWords()))
        daemon._plan = await make_plan(config, daemon._ports.worker)
        sessions = daemon._ports.sessions
        sessions |= {"a": "token of a", "b": "token of b"}
        path.write_text(text.replace("b.example", "c.example"), encoding="utf-8")
        await daemon._reload()
        sessions["b"] = "token that a poll under way put there"
        assert daemon._ports.sessions == {"a": "token of a"}
        environ["KEY"] = "second-key"
        await daemon._reload()
        assert daemon._ports.sessions == {}
        await daemon._ports.fetcher.close()
        await asyncio.to_thread(ports.worker.close)
        await daemon._writer.close()

    asyncio.run(run())


def test_work_that_holds_the_writer_for_long_is_no_standstill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONG_WORK_TICK", 0.01)

    async def run(listener: socket.socket) -> None:
        daemon = module.Daemon(tmp_path / "sources.yaml", tmp_path / "monitor.db", environ={})
        ticked, released = asyncio.Event(), asyncio.Event()

        async def tick() -> None:
            ticked.set()

        daemon._scheduler.add_job(tick, "interval", seconds=0.01)
        daemon._scheduler.start()

        async def tidy() -> str:
            await released.wait()
            return "clean"

        work = asyncio.create_task(daemon._paused_for(tidy()))
        for _ in range(3):
            assert await asyncio.to_thread(listener.recv, 100) == b"WATCHDOG=1"
        assert not ticked.is_set()
        released.set()
        assert await work == "clean"
        await asyncio.wait_for(ticked.wait(), PATIENCE)
        daemon._scheduler.shutdown()

    with systemd(tmp_path) as listener:
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        asyncio.run(run(listener))


def test_health_and_metrics_are_served(running: tuple[Process, Path]) -> None:
    process, _ = running
    address = process.wait_for("web")["listen"]
    with urllib.request.urlopen(f"http://{address}/healthz", timeout=PATIENCE) as answer:
        health = json.load(answer)
    assert (health["status"], health["sources"]) == ("ok", 1)
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=PATIENCE) as answer:
        text = answer.read().decode()
    assert 'monitor_sources{health="ok"} 1.0' in text
    assert "monitor_messages_pending 0.0" in text


def test_an_interrupt_stops_it_as_well_and_no_worker_stays_behind(daemon: Callable[..., Process]) -> None:
    process = daemon()
    pid = int(str(process.wait_for("started")["pid"]))
    children = [path.name for path in Path("/proc").glob("[0-9]*") if _parent(path) == pid]
    assert process.stop(signal.SIGINT) == 0
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


@pytest.mark.parametrize(
    ("content", "code"), [("brands: [{name: x}]\n", 78), ("{", 78)], ids=["key missing", "no yaml"]
)
def test_a_wrong_configuration_is_refused_with_its_code(tmp_path: Path, content: str, code: int) -> None:
    (tmp_path / "sources.yaml").write_text(content, encoding="utf-8")
    refused = monitor(tmp_path, "run")
    assert refused.returncode == code
    assert "sources.yaml:1:" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_corrupt_database_is_refused_and_left_alone(tmp_path: Path, site: Site) -> None:
    config = CONFIG.format(url=site.url, port=site.port)
    (tmp_path / "sources.yaml").write_text(config, encoding="utf-8")
    (tmp_path / "monitor.db").write_bytes(b"no database" * 500)
    refused = monitor(tmp_path, "run", "--db", "monitor.db")
    assert refused.returncode == 78
    assert (tmp_path / "monitor.db").read_bytes() == b"no database" * 500


def test_no_deadline_is_told_by_a_clock_that_was_just_stepped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that jumps a month ahead is set back before long; what it would have told cannot be taken back."""

    class Clock:
        wall, uptime = datetime(2026, 11, 22, tzinfo=UTC), 1000.0

        def now(self) -> datetime:
            return self.wall

        def monotonic(self) -> float:
            return self.uptime

        def passes(self, seconds: float) -> None:
            self.wall, self.uptime = self.wall + timedelta(seconds=seconds), self.uptime + seconds

    looked: list[datetime] = []

    async def look(_ports: object, _plan: object) -> int:
        looked.append(clock.wall)
        return 0

    clock = Clock()
    monkeypatch.setattr(module, "SystemClock", lambda: clock)

    async def run() -> None:
        daemon = module.Daemon(tmp_path / "sources.yaml", tmp_path / "monitor.db", environ={})
        daemon._ports, daemon._plan = cast("Ports", None), cast("Plan", None)
        await daemon._writer.start()
        await daemon._look_tick(look)
        assert len(looked) == 1
        clock.wall += timedelta(days=30)
        await daemon._look_tick(look)  # before anybody has noticed
        await daemon._clock_tick()
        clock.passes(300)
        await daemon._look_tick(look)
        assert len(looked) == 1
        clock.passes(301)
        await daemon._look_tick(look)
        assert len(looked) == 2  # so it is meant
        await daemon._writer.close()

    asyncio.run(run())
