"""How fast sentiment is read and what it takes, for each tier in a process of its own.

    python -m benchmarks.sentiment [--texts 1000]

Texts are those of our own corpus, in eight languages. Load is the time from the first import to the first text judged.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

CORPUS = Path(__file__).resolve().parents[1] / "training" / "authored" / "sentiment"
SINGLY = 100
BATCH = 256


def texts(number: int) -> list[str]:
    """So many texts, from all languages in turn."""
    by_language = [path.read_text(encoding="utf-8").splitlines() for path in sorted(CORPUS.glob("*.jsonl"))]
    mixed = (lines[at % len(lines)] for at in range(number) for lines in by_language)
    return [json.loads(line)["text"] for line in islice(mixed, number)]


def measure(tier: str, number: int) -> dict[str, float]:
    """The figures of a tier, in this process, on one core."""
    started = time.perf_counter()
    from monitor.models import Tier
    from monitor.understanding.sentiment import Model

    model = Model.load(Tier(tier))
    model.judge(["ready"])
    load = time.perf_counter() - started
    read = texts(number)
    started = time.process_time()
    for start in range(0, number, BATCH):
        model.judge(read[start : start + BATCH])
    batches = number / (time.process_time() - started)
    started = time.process_time()
    for text in read[:SINGLY]:
        model.judge([text])
    singly = SINGLY / (time.process_time() - started)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"load": round(load, 2), "batches": round(batches), "singly": round(singly), "megabytes": round(memory)}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sentiment", description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--tier", help="measure this one, here, and print its figures as JSON")
    options = parser.parse_args()
    if options.tier:
        print(json.dumps(measure(options.tier, options.texts)))
        return
    print("| tier | load, s | texts/s in batches | texts/s singly | peak RSS, MB |\n|---|---|---|---|---|")
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    for tier in ("fast", "quality"):
        command = [sys.executable, "-m", "benchmarks.sentiment", "--tier", tier, "--texts", str(options.texts)]
        done = subprocess.run(command, env=os.environ | threads, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        print(f"| {tier} | {found['load']} | {found['batches']} | {found['singly']} | {found['megabytes']} |")


if __name__ == "__main__":
    main()
