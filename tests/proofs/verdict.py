"""How a proof ends: one line of figures, the faults in words, and `PROOF name: ok` or `PROOF name: FAILED …`.

Exit status: 0 when all is well, 1 when a fault was seen, 2 when the proof could not be carried out.
"""

import json
from collections.abc import Mapping, Sequence

SHOWN = 20  # faults that are printed; the last line counts them all


class CannotProveError(Exception):
    """The proof could not be carried out, so it says nothing about the product."""


def conclude(name: str, figures: Mapping[str, object], faults: Sequence[str]) -> int:
    """Print the end of a proof; the exit status."""
    for fault in faults[:SHOWN]:
        print(f"- {fault}")
    if len(faults) > SHOWN:
        print(f"- and {len(faults) - SHOWN} more")
    print(json.dumps(figures, ensure_ascii=False))
    print(f"PROOF {name}: " + (f"FAILED {len(faults)} faults" if faults else "ok"), flush=True)
    return 1 if faults else 0


def impossible(name: str, error: CannotProveError) -> int:
    """Print that the proof could not be carried out, and why; the exit status."""
    print(f"PROOF {name}: FAILED cannot be carried out: {error}", flush=True)
    return 2
