"""Every proof, and every planted fault that it must catch: `python -m tests.proofs.all [--short]`.

A proof that passes with a fault planted proves nothing, so that is a failure here. `--short` is what CI runs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

SEEN = 1  # exit code of a proof that saw a fault


@dataclass(frozen=True)
class Run:
    """One proof; `fault` is planted where it is not empty, and must then be seen.

    `timed` proofs judge how long things take and run alone; the others run two at a time. One that this machine cannot
    carry out says that it is skipped, and why.
    """

    proof: str
    arguments: tuple[str, ...] = ()
    fault: str = ""
    long: bool = False
    timed: bool = False
    package: str = "tests.proofs"

    @property
    def name(self) -> str:
        return " ".join((self.proof, *self.arguments, *(("--break", self.fault) if self.fault else ())))


SMALL = ("--kills", "12", "--posts", "500")
RUNS = (
    Run("month", ("--seeds", "4"), package="tests.sim"),
    Run("month", ("--short",), package="tests.sim", long=True),
    Run("live", ("wordpress",)),
    Run("live", ("flaskbb",), long=True),
    Run("live", ("wordpress",), fault="lose-post"),
    Run("admin_day", ("--check", "docs/administrators-day.md")),
    *(Run("admin_day", fault=fault, long=True) for fault in ("forgetful-restore", "no-backup", "lost-history")),
    Run("demo"),
    Run("demo", fault="repeat-message"),
    *(
        Run("demo", fault=fault, long=True)
        for fault in ("skip-page", "drop-message", "forget-cursor", "lose-post", "lose-alert")
    ),
    Run("crash", SMALL),
    Run("crash", ("--kills", "50", "--posts", "2000"), long=True),
    Run("crash", ("--kills", "7", "--posts", "300"), fault="mark-before-send"),
    *(Run("crash", SMALL, fault=fault, long=True) for fault in ("skip-page", "forget-cursor", "lose-post")),
    Run("receivers", ("--short",), timed=True),
    *(Run("receivers", ("--short",), fault=fault) for fault in ("drop-folded", "repeat-after-return")),
    *(Run("receivers", ("--short",), fault=fault, long=True) for fault in ("ignore-retry-after", "block-others")),
    Run("receivers", long=True, timed=True),
    Run("zoo", timed=True),
    Run("zoo", fault="one-at-a-time", timed=True),
)


def carry_out(run: Run) -> bool:
    """Whether the proof said what it must; its own words are shown when it did not."""
    started = time.monotonic()
    fault = ("--break", run.fault) if run.fault else ()
    done = subprocess.run(
        [sys.executable, "-m", f"{run.package}.{run.proof}", *run.arguments, *fault],
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout.strip().splitlines()[-1:] or ["nothing was said"]
    skipped = done.returncode == 0 and ": skipped: " in said[0]
    right = skipped or done.returncode == (SEEN if run.fault else 0)
    verdict = "skipped" if skipped else "as it must" if right else f"WRONG: exit code {done.returncode}"
    print(f"{run.name} ({time.monotonic() - started:.0f} s): {verdict}\n    {said[0]}", flush=True)
    if not right:
        print(done.stdout, done.stderr, sep="\n", flush=True)
    return right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="leave out what only confirms the rest")
    arguments = parser.parse_args()
    runs = [run for run in RUNS if not (run.long and arguments.short)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        right = dict(zip(runs, pool.map(lambda run: run.timed or carry_out(run), runs), strict=True))
    right |= {run: carry_out(run) for run in runs if run.timed}
    wrong = [run.name for run in runs if not right[run]]
    print(f"proofs: {len(runs) - len(wrong)} of {len(runs)} as they must")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
