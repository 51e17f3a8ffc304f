"""Faults that are planted in what is played, so that the judge is seen to see them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is broken.

    Every `lost`-th message is said to be taken and never arrives, every `repeated`-th arrives twice; nothing is handed
    on but at every `pause`; `patched` changes the program while it runs.
    """

    lost: int = 0
    repeated: int = 0
    pause: timedelta | None = None
    patched: Callable[[], AbstractContextManager[object]] = nullcontext


def _no_grouping() -> AbstractContextManager[object]:
    """Every alert leaves alone and at once."""
    return mock.patch("monitor.flows.dispatching.place", return_value=None)


def _no_storms() -> AbstractContextManager[object]:
    """Nobody looks for storms."""
    return mock.patch("monitor.flows.ticks.watch_storms", return_value=0)


SOUND: Final = Fault()
FAULTS: Final[Mapping[str, Fault]] = {
    "lose-delivery": Fault(lost=10),
    "repeat-message": Fault(repeated=20),
    "no-grouping": Fault(patched=_no_grouping),
    "no-storms": Fault(patched=_no_storms),
    "late-crisis": Fault(pause=timedelta(hours=6)),
}
