"""One seed as a whole: sites, weather, machine; runs it and leaves the database and the log for the judge."""

from __future__ import annotations

import asyncio
import random
import sys
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from monitor.config import Config, RetentionSettings, WebSettings
from monitor.models import AlarmSettings, Brand, FetchSettings, Receiver, Route, Target, Tier
from tests.sim import apis, catalogue, weather
from tests.sim.clock import SimClock, VirtualLoop
from tests.sim.machine import Machine
from tests.sim.receivers import Sink
from tests.sim.site import BRAND
from tests.sim.web import Log, Web, history

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping, Sequence
    from pathlib import Path

    from monitor.models import Source
    from tests.sim.site import Site
    from tests.sim.weather import Fault

DAYS: Final = 30
SOURCES: Final = 60
GAP: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a run left: the monitor's database and the world's own log."""

    database: Path
    log: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is simulated, from `began` until `ends`; `seed` is for all that is left to chance while it runs."""

    seed: int
    began: datetime
    ends: datetime
    sites: Sequence[Site]
    faults: Sequence[Fault] = ()


def scene_of(seed: int, *, days: float = DAYS, sources: int = SOURCES) -> Scene:
    """The scene of a seed: sites, posts and weather follow from its number."""
    dice = random.Random(seed)
    began = catalogue.month_of(seed)
    ends = began + timedelta(days=days)
    sites = catalogue.draw(dice, sources)
    bursts = weather.bursts(dice, sites, began, ends)
    for site in sites:
        site.plan(dice, began, ends, bursts=bursts.get(site.name, ()))
    catalogue.copy_posts(dice, sites)
    return Scene(seed=seed, began=began, ends=ends, sites=sites, faults=weather.forecast(dice, sites, began, ends))


def run(scene: Scene, folder: Path) -> Evidence:
    """Simulate a scene; what it leaves stands in `folder`."""
    sites, forecast = scene.sites, scene.faults
    loop = VirtualLoop()
    clock = SimClock(loop, scene.began)
    log = Log(clock)
    history(log, sites, scene.ends)
    for fault in forecast:
        log.write(
            "fault", name=fault.name, where=fault.where, since=fault.since.isoformat(), until=fault.until.isoformat()
        )
    web = Web(sites, forecast, clock=clock, log=log)
    machine = Machine(
        config_of([catalogue.source_of(site) for site in sites]), folder / "monitor.db", clock=clock, web=web, log=log
    )
    crashes = [fault.since for fault in forecast if fault.name == "crash"]
    steps = [
        (at, timedelta(hours=hours))
        for fault in forecast
        if fault.name == "clock-step"
        for at, hours in ((fault.since, fault.how["hours"]), (fault.until, -fault.how["hours"]))
    ]
    random.seed(scene.seed)  # the daemon's own jitter
    try:
        asyncio.set_event_loop(loop)
        with Sink(log, random.Random(scene.seed)).in_place(), _errors_into(log):
            loop.run_until_complete(machine.run(scene.ends, crashes=crashes, steps=steps))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    evidence = Evidence(database=folder / "monitor.db", log=folder / "world.jsonl")
    log.save(evidence.log)
    return evidence


def config_of(sources: Sequence[Source]) -> Config:
    """The configuration of the simulated installation."""
    return Config(
        brands=(Brand(name=BRAND),),
        sources=tuple(sources),
        receivers=(Receiver(name="support", targets=(Target(key="mail", url="json://127.0.0.1:9/"),)),),
        routes=(Route(match="sentiment:negative", to="support"),),
        alarms=AlarmSettings(),
        playbooks={},
        office=None,
        fetch=FetchSettings(contact="sim@example.org", gap=GAP),
        retention=RetentionSettings(mentions=timedelta(days=900), others=timedelta(days=900)),
        web=WebSettings(host="127.0.0.1", port=0, base_url="http://127.0.0.1"),
        sentiment=Tier.FAST,
        warnings=(),
        fingerprint="sim",
        references={apis.SECRET: "sim-secret-value"},
        secrets=("sim-secret-value",),
    )


@contextmanager
def _errors_into(log: Log) -> Iterator[None]:
    """The daemon's log lines of level error go into the world's log, all others nowhere."""

    def take(_logger: object, _method: str, event: MutableMapping[str, object]) -> str:
        given = event.get("exc_info")
        error = given if isinstance(given, BaseException) else sys.exception()
        told = traceback.format_exception(error)[-3:] if error else [str(event)]
        log.write("broken", words=str(event.get("event")), error="".join(told))
        raise structlog.DropEvent

    kept = structlog.get_config()
    structlog.configure(
        processors=[take],
        wrapper_class=structlog.make_filtering_bound_logger(40),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**kept)
