"""500 feeds on loopback, cold and warm: this monitor beside PyPI's `reader`, in the same run.

`python -m benchmarks.poll [--feeds 500] [--rounds 3] [--json]`. Each runs in a process of its own with a fresh
database; CPU is that of the process and all its children, from the kernel's own accounts. This monitor fetches,
reads, matches, judges what names a brand, and stores; `reader` fetches, parses and stores. Quote medians and ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.feeds_server import BRAND

PARALLEL = 32


def tree_cpu() -> float:
    """CPU seconds of this process and its living descendants, and of those that were waited for."""
    ticks = os.sysconf("SC_CLK_TCK")
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(stat.parent.name)
        children.setdefault(int(fields[1]), []).append(pid)
        used[pid] = sum(map(int, fields[11:15])) / ticks
    total, waiting = 0.0, [os.getpid()]
    while waiting:
        pid = waiting.pop()
        total += used.get(pid, 0.0)
        waiting += children.get(pid, [])
    return total


def peak_memory() -> int:
    """Peak resident size of this process in MB."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024


def sources_yaml(urls: list[str]) -> str:
    """A configuration that watches `urls`."""
    lines = ["contact: bench@monitor.test", "sentiment: fast", f"brands: [{{name: {BRAND}}}]", "sources:"]
    lines += [
        f'  - {{name: feed{number}, kind: feed, url: "{url}", every: 10m, allow: [127.0.0.0/8]}}'
        for number, url in enumerate(urls)
    ]
    return "\n".join([*lines, f"fetch: {{parallel: {PARALLEL}, gap: 0s}}", ""])


async def run_monitor(urls: list[str], folder: Path) -> list[dict[str, object]]:
    """Two rounds of every feed through the real flow; only judging loaded beforehand, as in a running daemon."""
    from monitor.clock import SystemClock
    from monitor.config import load
    from monitor.daemon import make_ports, sync_sources
    from monitor.flows.poll import poll
    from monitor.flows.ports import make_plan
    from monitor.store import LeasedSource, Writer

    path = folder / "sources.yaml"
    path.write_text(sources_yaml(urls))
    config = load(path, environ={})
    writer = Writer(folder / "monitor.db")
    await writer.start()
    ports = await make_ports(config, clock=SystemClock(), writer=writer)
    plan = await make_plan(config, ports.worker)
    await sync_sources(plan, ports)
    await ports.worker.start()
    places = asyncio.Semaphore(PARALLEL)

    async def one(leased: LeasedSource) -> None:
        async with places:
            report = await poll(plan.sources[leased.state.name], leased, ports=ports, plan=plan)
            if report.error:
                raise report.error

    rounds: list[dict[str, object]] = []
    for name in ("cold", "warm"):
        later = ports.clock.now() + timedelta(minutes=11)
        leases = await writer.run(lambda store, at=later: store.lease_due(at, len(urls), per_host=len(urls)))  # type: ignore[misc]
        wall, cpu = time.monotonic(), tree_cpu()
        await asyncio.gather(*map(one, leases))
        rounds.append(_figures(name, wall, cpu, polls=len(leases)))
    await asyncio.to_thread(ports.worker.close)
    await ports.fetcher.close()
    await writer.close()
    return rounds


def run_reader(urls: list[str], folder: Path) -> list[dict[str, object]]:
    """The same two rounds with PyPI's reader, as its documentation says, ten threads."""
    from reader import make_reader

    reader = make_reader(str(folder / "reader.db"))
    for url in urls:
        reader.add_feed(url)
    rounds: list[dict[str, object]] = []
    for name in ("cold", "warm"):
        wall, cpu = time.monotonic(), tree_cpu()
        # Without scheduled=False a second call within the hour would poll nothing.
        reader.update_feeds(workers=10, scheduled=False)
        rounds.append(_figures(name, wall, cpu, polls=len(urls)))
    reader.close()
    return rounds


def _figures(name: str, wall: float, cpu: float, *, polls: int) -> dict[str, object]:
    return {
        "round": name,
        "polls": polls,
        "wall": round(time.monotonic() - wall, 2),
        "cpu": round(tree_cpu() - cpu, 2),
        "peak_mb": peak_memory(),
    }


def run_in_process(who: str, urls: list[str]) -> list[dict[str, object]]:
    """One run in a fresh process and folder."""
    with TemporaryDirectory() as folder:
        output = subprocess.run(
            [sys.executable, "-m", "benchmarks.poll", "--only", who, "--folder", folder],
            input=json.dumps(urls),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    rounds: list[dict[str, object]] = json.loads(output.splitlines()[-1])
    return rounds


def check_stored(urls: list[str]) -> None:
    """What was timed is what is promised: every entry is in the database after the two rounds."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(run_monitor(urls, folder))
        with sqlite3.connect(folder / "monitor.db") as db:
            stored, mentions = (
                db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("posts", "mentions")
            )
        db.close()
    assert stored == len(urls) * 20, stored
    assert mentions == len(urls), mentions  # one entry in twenty names the brand


def compare(feeds: int, rounds: int) -> list[dict[str, object]]:
    """Interleaved rounds of both; medians for each."""
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.feeds_server", "--feeds", str(feeds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    assert server.stdin is not None
    ports = json.loads(server.stdout.readline())
    urls = [f"http://127.0.0.1:{ports[number % len(ports)]}/{number}" for number in range(feeds)]
    try:
        check_stored(urls[: feeds // 10])
        runs = {
            who: [run_in_process(who, urls) for _ in range(rounds)] for who in ("monitor", "reader") if present(who)
        }
    finally:
        server.stdin.close()
        server.wait()
    rows: list[dict[str, object]] = []
    for who, results in runs.items():
        for position, name in enumerate(("cold", "warm")):
            figures = [result[position] for result in results]
            median = {
                key: statistics.median(float(str(row[key])) for row in figures) for key in ("wall", "cpu", "peak_mb")
            }
            rows.append({"who": who, "round": name, "feeds": feeds, "runs": rounds, **median})
    return rows


def present(who: str) -> bool:
    """Whether the peer is installed; says so when it is not."""
    if who != "reader" or importlib.util.find_spec("reader"):
        return True
    print("reader is not installed (pip install reader sgmllib3k): only our own figures", file=sys.stderr)
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=("monitor", "reader"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        urls = json.loads(sys.stdin.read())
        run = run_reader if arguments.only == "reader" else lambda urls, folder: asyncio.run(run_monitor(urls, folder))
        print(json.dumps(run(urls, arguments.folder)))
        return
    rows = compare(arguments.feeds, arguments.rounds)
    for row in rows:
        print(json.dumps(row) if arguments.json else "  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
