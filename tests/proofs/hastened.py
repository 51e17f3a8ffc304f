"""Starts the real command line with its patience shortened: what takes hours at a receiver takes seconds here.

    python -m tests.proofs.hastened FACTS run --config FILE --db FILE

FACTS is a JSON object: "fault" names a planted fault or is null, the rest are seconds. Nothing else is changed.
"""

import importlib
import json
import sys
from datetime import timedelta
from typing import Any

PATIENCE = {
    "first_retry": ("monitor.alerting.backoff", "SHORTEST"),
    "last_retry": ("monitor.alerting.backoff", "LONGEST"),
    "backlog_after": ("monitor.store.backlog", "PATIENCE"),
    "alarm_after": ("monitor.flows.undelivered", "TOLD_AFTER"),
}
HANG_UP = ("monitor.notify.sending", "_HANG_UP")


def main() -> None:
    facts: dict[str, Any] = json.loads(sys.argv[1])
    for name, (module, constant) in PATIENCE.items():
        hasten(module, constant, timedelta(seconds=facts[name]))
    hasten(*HANG_UP, facts["hang_up"])
    if facts["fault"]:
        faults = importlib.import_module("monitor.demo.faults")
        faults.plant(faults.FAULTS[facts["fault"]])
    sys.argv = ["monitor", *sys.argv[2:]]
    importlib.import_module("monitor.cli").main()


def hasten(module: str, constant: str, value: timedelta | float) -> None:
    """Set a constant that is there, and is longer."""
    place = importlib.import_module(module)
    if not value < getattr(place, constant):
        sys.exit(f"{module}.{constant} is {getattr(place, constant)} already")
    setattr(place, constant, value)


if __name__ == "__main__":
    main()
