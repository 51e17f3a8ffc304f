"""What people's corrections of sentiment teach the model of this installation.

Whoever asks for it has it trained in a worker, on the corrections and on what comes with the program, and sees how well
it does on corrections that it has not seen, and on texts that come with the program. It counts only where that is
better; every version stays and can be taken back. What was learned of posts that are erased goes with them. Each tier
of the model learns for itself: what is asked for is asked of the tier in use.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from monitor.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON, Tier
    from monitor.store import Store
    from monitor.store.corrections import Feeling

LEAST: Final = 20
"""Corrected texts before anything is learned. As in `adapting`, which numpy comes with: a test holds both together."""
MOST: Final = 1_000
"""Older corrections are not learned from; as in `adapting`, too."""
FIGURES: Final = ("tier", "before", "after", "shipped_before", "shipped_after", "certainty", "reason")
"""What is kept of a training beside the weights: how well the model did without it and does with it, what it lacks."""

log = structlog.get_logger()


async def train(ports: Ports, _plan: Plan, arguments: Mapping[str, JSON]) -> JSON:
    """The verb: learn from the corrections of sentiment; with `dry_run` only to see what would come of it.

    `undo` takes the version that counts back instead. Returns how many `corrections` there are, of how many different
    texts that can teach (`distinct`, None where so few corrections made counting idle), how many are `needed`, the
    `figures` (None where nothing was learned), whether it `is_better`, the `version` that was stored, which one is
    `active` now and which was `undone`. Raises InputError where nothing can be taken back, or a correction was erased
    meanwhile; WorkerKilled where it took too long.
    """
    if arguments.get("undo"):
        return await _undo(ports)
    return await _train(ports, dry_run=bool(arguments.get("dry_run")))


async def _train(ports: Ports, *, dry_run: bool) -> dict[str, JSON]:
    lessons = await ports.writer.run(lambda store: store.feelings(limit=MOST))
    now = ports.clock.now()
    told = None
    if len(lessons) >= LEAST:  # no worker need be started to say that they are too few
        told = await ports.worker.train_sentiment(
            [(one.view.post, one.view.mention.brand, one.label, one.at) for one in lessons], now
        )
    training = told if told and told["adaptation"] else None
    is_better = training is not None and bool(training["is_better"])
    version = None
    if training is not None and not dry_run:
        version = await ports.writer.run(partial(_keep, training, lessons, now, ports.worker.tier))
        if is_better:
            await _judge_by_what_counts(ports)
    return {
        "corrections": len(lessons),
        "distinct": told["answers"] if told else None,
        "needed": LEAST,
        "figures": None if training is None else {name: training[name] for name in FIGURES},
        "is_better": is_better,
        "version": version,
        "active": await ports.writer.run(lambda store: store.active_adaptation(ports.worker.tier)),
        "undone": None,
    }


def _keep(training: Mapping[str, JSON], lessons: Sequence[Feeling], now: datetime, tier: Tier, store: Store) -> int:
    with store.transaction():
        if not store.are_kept(lessons):
            raise InputError("a correction was erased while it was learned from: nothing is kept, try again")
        adaptation = training["adaptation"]
        assert isinstance(adaptation, dict)  # noqa: S101 - Training.to_json made it
        version = store.add_adaptation(
            adaptation,
            tier=tier,
            figures={name: training[name] for name in FIGURES},
            answers=len(lessons),
            posts=(one.view.post_id for one in lessons),
            is_better=bool(training["is_better"]),
            now=now,
        )
    log.info("trained", version=version, corrections=len(lessons), counts=bool(training["is_better"]))
    return version


class _Undone(NamedTuple):
    """The version that was taken back, the one that counts instead, and how many corrections there are."""

    version: int
    active: int | None
    corrections: int


async def _undo(ports: Ports) -> dict[str, JSON]:
    done = await ports.writer.run(partial(_take_back, ports.worker.tier))
    await _judge_by_what_counts(ports)
    log.info("training taken back", version=done.version, active=done.active)
    return {
        "corrections": done.corrections,
        "distinct": None,
        "needed": LEAST,
        "figures": None,
        "is_better": False,
        "version": None,
        "active": done.active,
        "undone": done.version,
    }


def _take_back(tier: Tier, store: Store) -> _Undone:
    with store.transaction():
        done = store.undo_adaptation(tier)
        if done is None:
            raise InputError("nothing to undo: no training counts")
        return _Undone(*done, corrections=store.count_felt())


async def unlearn(ports: Ports) -> None:
    """After what had been learned went with erased posts: texts are judged without it.

    Learning again takes minutes, for which whoever asked to be forgotten need not wait: `monitor train` does.
    """
    await _judge_by_what_counts(ports)
    log.info("what was learned of sentiment went with what was erased")


async def _judge_by_what_counts(ports: Ports) -> None:
    def adapt(store: Store) -> None:  # in the writer's thread, so that whoever reads last has the last word
        ports.worker.adapt(store.adaptation())

    await ports.writer.run(adapt)
