"""What people do, for every face alike: the daemon calls it for the socket, a command calls it when no daemon runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.errors import InputError
from monitor.flows.poll import poll, visit_source
from monitor.models import SourceState
from monitor.store import LeasedSource

if TYPE_CHECKING:
    from monitor.flows.poll import PollReport
    from monitor.flows.ports import Plan, Ports
    from monitor.models import Judgement, Post, Source
    from monitor.store import Store


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


def retry_delivery(store: Store, delivery_id: int, *, ports: Ports) -> int:
    """Send a dead delivery's messages again. Raises InputError when there are none."""
    revived = store.revive_delivery(delivery_id, ports.clock.now())
    if not revived:
        raise InputError(f"delivery {delivery_id} has no dead message")
    return revived


def _source(name: str, plan: Plan) -> Source:
    try:
        return plan.sources[name]
    except KeyError:
        known = ", ".join(sorted(plan.sources))
        raise InputError(f"there is no source {name!r}; configured are: {known}") from None
