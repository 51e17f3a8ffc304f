"""The polls of a history's sources: a first one, and those by which the daemon knows of a lost network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from monitor.errors import ConnectFailed
from monitor.flows.settling import settle
from monitor.models import Validators
from monitor.store import LeasedSource
from monitor.tracking.health import Answered, after_failure, after_success

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.alerting.records import Span
    from monitor.flows.ports import Plan, Ports
    from monitor.store import Store

APART: Final = timedelta(seconds=20)  # between the polls of one source and the next


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Visit:
    """A poll at a moment, which the source answers or not."""

    at: datetime
    source: str
    fails: bool


def visits_of(sources: Sequence[str], outages: Sequence[Span]) -> list[Visit]:
    """The polls that tell an outage: the first that fails of each source, and the first that is answered again."""
    lost = [
        Visit(at=outage.begin + number * APART, source=name, fails=True)
        for outage in outages
        for number, name in enumerate(sources)
    ]
    back = [Visit(at=outage.end, source=name, fails=False) for outage in outages for name in sources]
    return sorted(lost + back)


def visit(store: Store, one: Visit, *, plan: Plan, ports: Ports) -> LeasedSource:
    """Do as a poll does that finds nothing new; what it leaves behind is the source's state from now on."""
    now, source = one.at, plan.sources[one.source]
    leased = store.lease_named(one.source, now)
    assert leased is not None, "nobody else polls"
    error = ConnectFailed("the network is lost") if one.fails else None
    contact = ports.contacts.note(
        source,
        error,
        among=plan.sources.values(),
        begun_at=now,
        now=now,
        was_failing=leased.state.failures > 0,
    )
    if error is None:
        answered = Answered(validators=Validators(), cursor={}, begun_at=now, shown=1)
        state = after_success(leased.state, answered, every=source.every, learns=source.learns, now=now)
    else:
        state = after_failure(leased.state, error, every=source.every, now=now)
    settle(store, leased, state, plan=plan, now=now, contact=contact)
    return LeasedSource(id=leased.id, state=state, until=leased.until)
