"""The simulated month: `python -m tests.sim.month --short` is what CI runs; it ends as every proof does.

    --seeds N --first N     other seeds; --days and --sources make the scene smaller
    --seed N --trace        one seed, and its whole log in a folder that is kept
    --break NAME            plant a fault in the monitor, in the small scene of tests/sim/small.py; it must be seen

Exit status: 0 when no seed shows a problem, 1 otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.proofs.verdict import conclude
from tests.sim import judge, world
from tests.sim.evidence import figures as count
from tests.sim.faults import BREAKS
from tests.sim.small import small_scene

if TYPE_CHECKING:
    from collections.abc import Generator

PROCESSES = 2
SEEDS = 50


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one seed; `seconds` are of CPU."""

    seed: int
    problems: list[str]
    seconds: float
    figures: dict[str, int] = field(default_factory=dict)


def try_seed(seed: int, *, fault: str | None, days: float, sources: int, folder: Path | None = None) -> Verdict:
    """Simulate and judge one seed; with a planted `fault` it is that of the small scene."""
    began = time.process_time()
    with contextlib.ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="month-")))
        if fault is None:
            evidence = world.run(world.scene_of(seed, days=days, sources=sources), place)
        else:
            with BREAKS[fault]():
                evidence = world.run(small_scene(seed), place)
        problems = judge.judge(evidence.log, evidence.database)
        counts = count(evidence.log, evidence.database)
    return Verdict(seed, problems, round(time.process_time() - began, 1), counts)


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help=f"{SEEDS} seeds, and one line for each that has problems")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--trace", action="store_true", help="keep the log and the database")
    parser.add_argument("--days", type=float, default=world.DAYS)
    parser.add_argument("--sources", type=int, default=world.SOURCES)
    parser.add_argument("--break", dest="fault", choices=sorted(BREAKS), help="plant a fault, which must be seen")
    options = parser.parse_args()
    seeds = [options.seed] if options.seed is not None else [*range(options.first, options.first + options.seeds)]
    folder = Path(tempfile.mkdtemp(prefix="month-")) if options.trace else None
    run = partial(try_seed, fault=options.fault, days=options.days, sources=options.sources, folder=folder)
    totals: Counter[str] = Counter()
    problems: list[str] = []
    cost, began = 0.0, time.monotonic()
    with contextlib.closing(_each(run, seeds)) as verdicts:
        for verdict in verdicts:
            problems += [f"seed {verdict.seed}: {problem}" for problem in verdict.problems]
            totals.update(verdict.figures)
            totals["seeds"] += 1
            cost += verdict.seconds
            if verdict.problems or not options.short:
                _tell(verdict)
            if options.fault and verdict.problems:
                break
    if folder is not None:
        print(f"trace: {folder}", file=sys.stderr)
    seconds = {"cpu_seconds": round(cost), "seconds": round(time.monotonic() - began)}
    return conclude("month", {**totals, **seconds}, problems)


def _each(run: partial[Verdict], seeds: list[int]) -> Generator[Verdict, None, None]:
    if run.keywords["fault"] is not None or len(seeds) == 1:
        yield from map(run, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        yield from pool.imap(run, seeds)


def _tell(verdict: Verdict) -> None:
    counts = ", ".join(f"{count} {name}" for name, count in verdict.figures.items())
    print(f"seed {verdict.seed}: {len(verdict.problems)} problems; {counts}; {verdict.seconds} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
