"""What flows work with: the ports to the outside, and the configuration made ready for use."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from monitor.alerting.routes import CompiledRoute, compile_routes, receivers_of
from monitor.cases.playbooks import known
from monitor.flows.network import Contacts
from monitor.models import RatingSettings
from monitor.query import Predicate, compile_query, parse, words_of
from monitor.sources import KINDS
from monitor.text import fold
from monitor.tracking.health import FAILING_AFTER
from monitor.understanding.authors import profile_link
from monitor.understanding.history import compile_issues, words_of_issues
from monitor.understanding.tiers import chosen
from monitor.worker import WORKERS, WorkerPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from monitor.clock import Clock
    from monitor.config import Config
    from monitor.fetching.fetcher import Fetcher
    from monitor.models import JSON, Author, Brand, DigestSettings, OfficeHours, Playbook, Receiver, Route, Source
    from monitor.sources.protocol import Kind
    from monitor.store import Writer
    from monitor.understanding.history import KnownIssue


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world, as the composition root made it.

    `sessions` holds what a login gave, by source, and `contacts` whom the last polls reached, for as long as the
    process lives.
    """

    clock: Clock
    fetcher: Fetcher
    worker: WorkerPool
    writer: Writer
    sessions: dict[str, JSON] = field(default_factory=dict)
    contacts: Contacts = field(default_factory=Contacts)


@dataclass(frozen=True, slots=True)
class Plan:
    """The configuration made ready: kinds built, routes compiled, names looked up. Replaced as a whole on reload.

    `reveal` puts secrets into a source's address or header; only what goes over the wire is ever given to it. `told`
    are those who hear of alarms, after `alarm_after` failures in a row. `known_issues` are by brand,
    `customers` are names of those who matter most, each with the brands in whose lists it stands,
    `playbooks` by class of case, `templates` of the administrator's own by class, language and name. `base_url` is the
    address of the pages where messages may lead to them; what is older than `max_age` when it is found gets no message
    of its own; `unless` says, by receiver, what is told in quiet hours all the same.
    """

    config: Config
    sources: dict[str, Source]
    kinds: dict[str, Kind]
    receivers: dict[str, Receiver]
    routes: tuple[CompiledRoute, ...]
    competitors: frozenset[str]
    own_accounts: Mapping[str, str]
    reveal: Callable[[str], str]
    told: tuple[Receiver, ...] = ()
    alarm_after: int = FAILING_AFTER
    known_issues: Mapping[str, Sequence[KnownIssue]] = field(default_factory=dict)
    customers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    playbooks: Mapping[str, Playbook] = field(default_factory=lambda: known({}))
    templates: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    office: OfficeHours | None = None
    base_url: str | None = None
    max_age: timedelta | None = None
    ratings: RatingSettings = field(default_factory=RatingSettings)
    digests: tuple[DigestSettings, ...] = ()
    unless: Mapping[str, Predicate] = field(default_factory=dict)

    @property
    def fallback(self) -> tuple[str, ...]:
        """The receivers that routes lead to: they hear of a case where nobody else is known."""
        return tuple(receiver.name for receiver in receivers_of(self.routes))

    def brand_of_account(self, author: Author) -> str | None:
        """The brand whose own account this is, by its name or the end of its address; None for anybody else."""
        return next((self.own_accounts[name] for name in _names(author) if name in self.own_accounts), None)

    def brands_of_customer(self, author: Author) -> frozenset[str]:
        """The brands whose list of customers who matter most names this author: account, profile or e-mail address."""
        if not self.customers:
            return frozenset()
        names = {*_names(author), *_ADDRESS.findall(fold(author.name or "")), profile_link(author.url) or ""}
        return frozenset().union(*(self.customers.get(name, frozenset()) for name in names))


_ADDRESS: Final = re.compile(r"[\w.+\-]+@[\w.\-]+\w")


def _names(author: Author) -> list[str]:
    """What an account may be called: its name, and the end of its address."""
    address = urlsplit(author.url or "").path.rstrip("/").rpartition("/")[2]
    return [fold(name).lstrip("@") for name in (author.name, address) if name]


def _customers(brands: Sequence[Brand]) -> dict[str, frozenset[str]]:
    """Of each name that a list of customers names, the brands in whose list it stands."""
    listed: dict[str, set[str]] = {}
    for brand in brands:
        for name in brand.vip:
            listed.setdefault(profile_link(name) or fold(name).lstrip("@"), set()).add(brand.name)
    return {name: frozenset(of) for name, of in listed.items()}


def kept_sessions(sessions: Mapping[str, JSON], before: Plan, after: Plan) -> dict[str, JSON]:
    """What logins gave, but for sources that changed: a token must not go to another site, nor be another user's."""
    if before.config.secrets != after.config.secrets:
        return {}
    return {name: one for name, one in sessions.items() if before.sources.get(name) == after.sources.get(name)}


def make_workers(config: Config, taught: Mapping[str, Mapping[str, JSON]], *, workers: int = WORKERS) -> WorkerPool:
    """Workers that judge for this configuration; `taught` is what corrections taught each tier, as the store keeps it.

    Raises InputError where quality sentiment is asked for and this machine has no weights for it.
    """
    return WorkerPool(config.brands, tier=chosen(config.sentiment), taught=taught, workers=workers)


async def make_plan(config: Config, worker: WorkerPool) -> Plan:
    """A plan from a valid configuration; `worker` looks up the words of its routes, which takes dictionaries.

    Raises SourceError where the workers do not answer.
    """
    issues = {brand.name: brand.known_issues for brand in config.brands if brand.known_issues}
    words = {word for text in _filters(config) for word in words_of(parse(text))}
    variants = await worker.variants(words.union(*map(words_of_issues, issues.values())))
    receivers = {receiver.name: receiver for receiver in config.receivers}
    routes = compile_routes(config.routes, receivers=receivers, variants=variants.__getitem__)
    told = receivers_of(routes) if config.alarms.to is None else [receivers[name] for name in config.alarms.to]
    return Plan(
        config=config,
        sources={source.name: source for source in config.sources},
        kinds={source.name: KINDS[source.kind](source.url, source.options) for source in config.sources},
        receivers=receivers,
        routes=routes,
        competitors=frozenset(brand.name for brand in config.brands if brand.competitor),
        own_accounts={fold(name).lstrip("@"): brand.name for brand in config.brands for name in brand.own_accounts},
        reveal=config.reveal,
        told=tuple(dict.fromkeys(told)),
        alarm_after=config.alarms.after,
        customers=_customers(config.brands),
        playbooks=known(config.playbooks),
        templates={name: said.templates for name, said in config.playbooks.items() if said.templates},
        office=config.office,
        base_url=config.web.given_base_url,
        max_age=config.alerts.max_age,
        ratings=config.ratings,
        digests=config.digests,
        unless={
            receiver.name: compile_query(parse(receiver.quiet.unless), variants.__getitem__)
            for receiver in config.receivers
            if receiver.quiet is not None and receiver.quiet.unless is not None
        },
        known_issues={brand: compile_issues(of_brand, variants) for brand, of_brand in issues.items()},
    )


def _filters(config: Config) -> Iterator[str]:
    """All filters that look at mentions: of routes on every level, of quiet hours, of digests."""
    yield from _matches(config.routes)
    yield from (digest.match for digest in config.digests)
    yield from (one.quiet.unless for one in config.receivers if one.quiet is not None and one.quiet.unless is not None)


def _matches(routes: Sequence[Route]) -> Iterator[str]:
    for route in routes:
        yield route.match
        yield from _matches(route.routes)
