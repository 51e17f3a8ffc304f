"""A quarter of mentions through the real alerting on a virtual clock, beside what simpler rules would have sent.

`python -m benchmarks.alert_quarter [--history FILE …] [--json] [--generate N] [--break NAME]`. A history is NAME.jsonl
or NAME.jsonl.gz, with NAME.truth.json beside it for the judge; without `--history` those of ../shared/data/quarters are
played, and with `--generate` N made ones instead. Prints one JSON line a history, and exits with 1 where a target is
missed; without `--json` the configuration and the misses are told besides. `--break` plants a fault, which must be
seen.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.alerting.baselines import every_negative, mean_and_sigma
from benchmarks.alerting.faults import FAULTS, SOUND
from benchmarks.alerting.histories import scenes, write
from benchmarks.alerting.judge import judge, misses
from benchmarks.alerting.player import play
from benchmarks.alerting.records import ENDINGS, load
from benchmarks.alerting.setting import ROUTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.alerting.faults import Fault
    from benchmarks.alerting.judge import Figures
    from benchmarks.alerting.records import History

QUARTERS = Path(__file__).parents[2] / "shared" / "data" / "quarters"


def figures_of(history: History, *, fault: Fault = SOUND) -> dict[str, object]:
    """The line of a history: our figures, the time that they took, and the same of the simpler rules."""
    began = time.process_time()
    played = asyncio.run(play(history, fault=fault))
    ours = judge(history, played.messages, muted=played.muted)
    others: dict[str, Figures] = {
        "every_negative": judge(history, every_negative(history.rows)),
        "mean_3_sigma": judge(history, mean_and_sigma(history.rows)),
    }
    cpu = round(time.process_time() - began, 1)
    return {"name": history.name, "mentions": len(history.rows), **ours, "missed": misses(ours), "cpu": cpu, **others}


def given() -> list[Path]:
    """The histories that come with the task; says so where they are not there."""
    found = sorted(path for path in QUARTERS.glob("*") if path.name.endswith(ENDINGS))
    if not found:
        print(f"no histories in {QUARTERS}: nothing is played (try --history or --generate)", file=sys.stderr)
    return found


def run(paths: Sequence[Path], *, fault: Fault, is_json: bool) -> bool:
    """Play all, print a line of each; returns whether every target was met."""
    is_good = True
    for path in paths:
        line = figures_of(load(path), fault=fault)
        print(json.dumps(line), flush=True)
        missed = line["missed"]
        assert isinstance(missed, list)
        is_good = is_good and not missed
        if not is_json:
            for one in missed or ["every target is met"]:
                print(f"  {line['name']}: {one}", flush=True)
    return is_good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=Path, nargs="+", action="extend", metavar="FILE")
    parser.add_argument("--generate", type=int, default=0, metavar="N")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--break", dest="fault", choices=sorted(FAULTS))
    arguments = parser.parse_args()
    fault = FAULTS[arguments.fault] if arguments.fault else SOUND
    if not arguments.json:
        print(f"configured are, besides brand and sources:\n{ROUTES}")
    if not arguments.generate:
        return 0 if run(arguments.history or given(), fault=fault, is_json=arguments.json) else 1
    with TemporaryDirectory() as folder:
        paths = [write(scene, Path(folder)) for scene in scenes(arguments.generate)]
        return 0 if run([*(arguments.history or ()), *paths], fault=fault, is_json=arguments.json) else 1


if __name__ == "__main__":
    sys.exit(main())
