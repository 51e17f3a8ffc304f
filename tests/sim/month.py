"""The simulated month: `python -m tests.sim.month --seeds 50 [--first N] [--break NAME] [--json]`.

    --seed N --trace    one seed, and its whole log in a folder that is kept

Exit 0 when no seed shows a problem (with `--break`: when at least one does), 1 otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.sim import judge, world
from tests.sim.evidence import figures as count
from tests.sim.faults import BREAKS

if TYPE_CHECKING:
    from collections.abc import Iterator

PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one seed; `seconds` are of CPU."""

    seed: int
    problems: list[str]
    seconds: float
    figures: dict[str, int] = field(default_factory=dict)


def try_seed(seed: int, *, fault: str | None, days: float, sources: int, folder: Path | None = None) -> Verdict:
    """Simulate and judge one seed."""
    began = time.process_time()
    with contextlib.ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="month-")))
        with BREAKS[fault]() if fault is not None else contextlib.nullcontext():
            evidence = world.run(world.scene_of(seed, days=days, sources=sources), place)
        problems = judge.judge(evidence.log, evidence.database)
        counts = count(evidence.log, evidence.database)
    return Verdict(seed, problems, round(time.process_time() - began, 1), counts)


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--trace", action="store_true", help="keep the log and the database")
    parser.add_argument("--days", type=float, default=world.DAYS)
    parser.add_argument("--sources", type=int, default=world.SOURCES)
    parser.add_argument("--break", dest="fault", choices=sorted(BREAKS), help="plant a fault, which must be seen")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    seeds = [options.seed] if options.seed is not None else [*range(options.first, options.first + options.seeds)]
    folder = Path(tempfile.mkdtemp(prefix="month-")) if options.trace else None
    run = partial(try_seed, fault=options.fault, days=options.days, sources=options.sources, folder=folder)
    verdicts = []
    began = time.monotonic()
    for verdict in _each(run, seeds):
        verdicts.append(verdict)
        if options.json:
            print(json.dumps(asdict(verdict)), flush=True)
        else:
            _tell(verdict)
        if options.fault and verdict.problems:
            break
    if folder is not None:
        print(f"trace: {folder}", file=sys.stderr)
    bad = [verdict.seed for verdict in verdicts if verdict.problems]
    if not options.json:
        cost = sum(verdict.seconds for verdict in verdicts)
        said = f"{len(verdicts)} seeds, {len(bad)} with problems {bad or ''}".strip()
        print(f"MONTH {said}; {cost:.0f} s of CPU, {time.monotonic() - began:.0f} s")
    return 0 if bool(bad) is bool(options.fault) else 1


def _each(run: partial[Verdict], seeds: list[int]) -> Iterator[Verdict]:
    if len(seeds) == 1:
        yield run(seeds[0])
        return
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        yield from pool.imap(run, seeds)


def _tell(verdict: Verdict) -> None:
    counts = ", ".join(f"{count} {name}" for name, count in verdict.figures.items())
    print(f"seed {verdict.seed}: {len(verdict.problems)} problems; {counts}; {verdict.seconds} s", flush=True)
    for problem in verdict.problems[:20]:
        print(f"  {problem}")
    if len(verdict.problems) > 20:
        print(f"  … and {len(verdict.problems) - 20} more")


if __name__ == "__main__":
    sys.exit(main())
