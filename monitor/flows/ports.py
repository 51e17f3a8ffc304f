"""What flows work with: the ports to the outside, and the configuration made ready for use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.alerting.routes import CompiledRoute
from monitor.query import parse
from monitor.sources import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.clock import Clock
    from monitor.config import Config
    from monitor.fetching.fetcher import Fetcher
    from monitor.models import Receiver, Source
    from monitor.sources.protocol import Kind
    from monitor.store import Writer
    from monitor.worker import WorkerPool


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world, as the composition root made it."""

    clock: Clock
    fetcher: Fetcher
    worker: WorkerPool
    writer: Writer


@dataclass(frozen=True, slots=True)
class Plan:
    """The configuration made ready: kinds built, routes compiled, names looked up. Replaced as a whole on reload.

    `reveal` puts secrets into a source's address or header; only what goes over the wire is ever given to it.
    """

    config: Config
    sources: dict[str, Source]
    kinds: dict[str, Kind]
    receivers: dict[str, Receiver]
    routes: tuple[CompiledRoute, ...]
    competitors: frozenset[str]
    reveal: Callable[[str], str]


def make_plan(config: Config) -> Plan:
    """A plan from a valid configuration."""
    receivers = {receiver.name: receiver for receiver in config.receivers}
    return Plan(
        config=config,
        sources={source.name: source for source in config.sources},
        kinds={source.name: KINDS[source.kind](source.url, source.options) for source in config.sources},
        receivers=receivers,
        routes=tuple(CompiledRoute(route.match, parse(route.match), receivers[route.to]) for route in config.routes),
        competitors=frozenset(brand.name for brand in config.brands if brand.competitor),
        reveal=config.reveal,
    )
