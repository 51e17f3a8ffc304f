"""What people do, for every face alike: the daemon calls it for the socket, a command calls it when no daemon runs.

`VERBS` is the whole list: a verb takes the ports, the plan and its arguments as they came over the socket, and
returns JSON. Its mistakes are MonitorErrors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from monitor.errors import InputError
from monitor.flows import (
    casedesk,
    correcting,
    forgetting,
    importing,
    people,
    rescoring,
    routing,
    silencing,
    subscribing,
    training,
)
from monitor.flows.poll import poll
from monitor.flows.visit import visit_source
from monitor.models import SourceState
from monitor.store import LeasedSource

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from monitor.flows.poll import PollReport
    from monitor.flows.ports import Plan, Ports
    from monitor.models import JSON, Judgement, Post, Source

    Verb: TypeAlias = Callable[[Ports, Plan, Mapping[str, JSON]], Awaitable[JSON]]


async def poll_now(name: str, *, ports: Ports, plan: Plan) -> PollReport:
    """Poll one source whether or not it is due. Raises InputError when it is unknown or being polled already."""
    source = _source(name, plan)
    now = ports.clock.now()
    leased = await ports.writer.run(lambda store: store.lease_named(name, now))
    if leased is None:
        raise InputError(f"the source {name!r} is being polled or switched off")
    return await poll(source, leased, ports=ports, plan=plan)


async def try_source(name: str, *, ports: Ports, plan: Plan) -> list[tuple[Post, Judgement | None]]:
    """What a first poll of the source would find, judged; nothing is stored. Raises SourceError, InputError."""
    source = _source(name, plan)
    leased = LeasedSource(id=0, state=SourceState(name=name, next_at=ports.clock.now()), until="")
    visit = await visit_source(source, leased, ports=ports, plan=plan)
    posts = [found.post for found in visit.new]
    return list(zip(posts, await ports.worker.judge(posts, site_weight=source.weight), strict=True))


async def retry_delivery(number: int, *, ports: Ports) -> int:
    """Send a dead delivery's messages again; returns how many. Raises InputError when there are none."""
    now = ports.clock.now()
    revived = await ports.writer.run(lambda store: store.revive_delivery(number, now))
    if not revived:
        raise InputError(f"delivery {number} has no dead message")
    return revived


def _source(name: str, plan: Plan) -> Source:
    try:
        return plan.sources[name]
    except KeyError:
        known = ", ".join(sorted(plan.sources))
        raise InputError(f"there is no source {name!r}; configured are: {known}") from None


async def _poll(ports: Ports, plan: Plan, arguments: Mapping[str, JSON]) -> JSON:
    return (await poll_now(str(arguments["name"]), ports=ports, plan=plan)).to_json()


async def _retry(ports: Ports, _plan: Plan, arguments: Mapping[str, JSON]) -> JSON:
    return await retry_delivery(int(str(arguments["delivery"])), ports=ports)


async def _ping(ports: Ports, _plan: Plan, _arguments: Mapping[str, JSON]) -> JSON:
    return ports.clock.now().isoformat()


LONG: Final = frozenset({"tidy"})
"""Verbs that hold the writer for as long as they take: nothing else can be done meanwhile."""

VERBS: Final[Mapping[str, Verb]] = {
    "ping": _ping,
    "poll": _poll,
    "retry": _retry,
    "import": importing.import_verb,
    "rescore": rescoring.rescore,
    "correct": correcting.correct,
    "learned": correcting.learned,
    "train": training.train,
    "rank_domains": correcting.rank_domains,
    "forget": forgetting.forget,
    "tidy": forgetting.tidy,
    "case": casedesk.case,
    "people": people.people,
    "subscribe": subscribing.subscribe,
    "silence": silencing.silence,
    "explain": routing.explain,
}
