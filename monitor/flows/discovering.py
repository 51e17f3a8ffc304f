"""From an address to entries for sources.yaml that were tried: look, propose, try, rank.

The first answer is looked at; what it leads to is proposed, made into a source by the same loader that reads
sources.yaml, and read as a poll would read it. Where nothing of that works, the repeated structure of the page and the
usual addresses of feeds are tried. At most REQUESTS requests are made (robots.txt aside), politely, and nothing is
stored. Private networks are dialled only where they are given, and only for the site itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from monitor.config.editing import load_entry, spell_entry
from monitor.config.recipes import names, recipe_of
from monitor.config.secrets import references
from monitor.discovery.looking import Evidence, look
from monitor.discovery.proposals import Known, Proposal, name_for, ordered, probes, propose
from monitor.discovery.repeated import Structure, find_structure, html_options
from monitor.errors import ConfigError, FetchError, Malformed, SourceError
from monitor.flows.outgoing import is_same_origin
from monitor.models import HttpRequest, Response
from monitor.sources import KINDS
from monitor.sources.webpage import read_webpage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from monitor.clock import Clock
    from monitor.fetching.fetcher import Fetcher
    from monitor.models import JSON, Network, Page, Post, Request, Source

REQUESTS: Final = 12
"""Requests of one discovery."""

FIRST: Final = 3
"""Posts of each entry that are shown."""

_ENOUGH: Final = 4  # entries that work; further ones are not tried
_THREADS: Final = 2  # threads that are read of a list
_STEPS: Final = 4  # answers of one kind that lead on to another
_FOR_STRUCTURE: Final = 3  # requests that are kept for reading an unknown page
_UNTRIED: Final = 0.3  # what an entry counts that could not be tried
_COUNTS: Final = {"id": 0.15, "date": 0.15, "author": 0.05, "text": 0.15}  # what a field of its posts adds
_ACCEPT: Final = (("accept", "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A proposal, spelt as YAML, and what came of it.

    `shares` says how many of the posts (0 to 1) have an id, a date, an author and a text; `oldest` is the date of the
    oldest that was shown. `error` says why nothing was read; it is empty where the entry works.
    """

    proposal: Proposal
    entry: str
    number: int = 0
    shares: dict[str, float] = field(default_factory=dict)
    first: tuple[Post, ...] = ()
    oldest: datetime | None = None
    error: str = ""

    @property
    def works(self) -> bool:
        """Whether it yields posts."""
        return self.number > 0

    @property
    def worth(self) -> float:
        """What it is compared by: how sure it is, and what its posts hold."""
        if not self.works:
            return self.proposal.sure * _UNTRIED if not self.error else 0.0
        return self.proposal.sure * (0.5 + sum(share * _COUNTS[name] for name, share in self.shares.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What was found at an address: the trials, the best first; `note` says what went wrong with the page itself."""

    url: str
    trials: tuple[Trial, ...]
    requests: int
    note: str = ""

    @property
    def offered(self) -> tuple[Trial, ...]:
        """The trials that work, and behind them those that could not be tried."""
        return tuple(trial for trial in self.trials if trial.works or not trial.error)


async def discover(
    url: str,
    *,
    fetcher: Fetcher,
    clock: Clock,
    allow: tuple[Network, ...] = (),
    brand: str | None = None,
    thorough: bool = False,
    progress: Callable[[str], None] = lambda _what: None,
) -> Discovery:
    """Entries that read what is at `url`, each tried; what goes wrong on the way is told with them.

    `brand` is the name that searches look for; with `thorough` a page's structure is read even where something works.
    """
    known = Known(frozenset(KINDS), frozenset(names()), *([brand] if brand else []))
    visit = _Visit(url=url, fetcher=fetcher, clock=clock, allow=allow, progress=progress)
    note, response = "", None
    try:
        response = await visit.get(url, for_people=True)
    except FetchError as error:
        note = f"{error.reason}: {error}"
    evidence = look(response) if response else Evidence(url=url, form="nothing")
    if evidence.barrier:
        note = f"blocked: {evidence.barrier}"
    visit.own = frozenset({url, evidence.url})
    proposals = list(propose(evidence, known))
    await visit.try_all(proposals, keep=_FOR_STRUCTURE)
    if (thorough or not visit.works) and response is not None and evidence.form == "page":
        await visit.try_all(await _structural(visit, response), keep=0)
    if not visit.works:
        for probe in probes(evidence, proposals):
            found = propose(await visit.probe(probe.url), known)
            await visit.try_all([replace(one, why=f"{one.why} ({probe.why})") for one in found], keep=0)
    if not visit.trials and not note:
        note = "nothing on the page repeats as posts or threads do: try the page of one forum, thread or list"
    return Discovery(url=evidence.url, trials=_named(visit.trials, evidence.url), requests=visit.requests, note=note)


def _named(trials: Iterable[Trial], url: str) -> tuple[Trial, ...]:
    """The trials, the best first, under names of their own."""
    taken: list[str] = []
    named = []
    for trial in sorted(trials, key=lambda one: (one.works, one.worth), reverse=True):
        name = str(trial.proposal.entry["name"])
        if name in taken:
            suffix = name.removeprefix(name_for(url, "", ())).strip("-")
            name = name_for(url, suffix, taken)
        taken.append(name)
        entry = {**trial.proposal.entry, "name": name}
        named.append(replace(trial, proposal=replace(trial.proposal, entry=entry), entry=spell_entry(entry)))
    return tuple(named)


@dataclass(slots=True, kw_only=True)
class _Visit:
    """A discovery under way; `own` are the addresses of the site itself."""

    url: str
    fetcher: Fetcher
    clock: Clock
    allow: tuple[Network, ...]
    progress: Callable[[str], None]
    own: frozenset[str] = frozenset()
    requests: int = 0
    trials: list[Trial] = field(default_factory=list)
    answers: dict[str, Response] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)

    @property
    def works(self) -> bool:
        """Whether an entry was found that yields posts."""
        return any(trial.works for trial in self.trials)

    async def get(self, url: str, *, for_people: bool) -> Response:
        """The answer to a plain request."""
        return await self.ask(HttpRequest(url=url, for_people=for_people, headers=_ACCEPT if for_people else ()))

    async def ask(self, request: Request) -> Response:
        """The answer to a request, perhaps one that came before. Raises SourceError, also when no request is left."""
        if not isinstance(request, HttpRequest):
            raise SourceError("is read from a mailbox")
        is_plain = request.method == "GET" and request.body is None
        if is_plain and request.url in self.answers:
            return self.answers[request.url]
        if self.requests >= REQUESTS:
            raise SourceError(f"not tried: {REQUESTS} requests were made already")
        self.requests += 1
        self.progress(request.url)
        is_own = request.url == self.url or any(is_same_origin(request.url, own) for own in self.own)
        response = await self.fetcher.fetch(request, allow=self.allow if is_own else (), roam=request.url == self.url)
        if is_plain:
            self.answers[request.url] = self.answers[response.url] = response
        return response

    async def probe(self, url: str) -> Evidence:
        """What stands at an address that may well be none."""
        try:
            return look(await self.get(url, for_people=False))
        except SourceError:
            return Evidence(url=url, form="nothing")

    async def try_all(self, proposals: Iterable[Proposal], *, keep: int) -> None:
        """Try proposals until enough work, with `keep` requests left for what comes after, unless one works."""
        for proposal in ordered(proposals):
            entry = self._allowed(proposal.entry)
            spelt = spell_entry({**entry, "name": "same"})
            if spelt in self.tried:
                continue
            self.tried.add(spelt)
            trial = Trial(proposal=replace(proposal, entry=entry), entry=spell_entry(entry))
            covered = proposal.covers and any(
                one.works and one.proposal.covers == proposal.covers for one in self.trials
            )
            left = REQUESTS - self.requests - (0 if self.works else keep)
            if covered:
                self.trials.append(replace(trial, error="not tried: a surer entry shows the same"))
            elif sum(one.works for one in self.trials) >= _ENOUGH or left <= 0:
                self.trials.append(replace(trial, error="not tried: others were surer"))
            else:
                self.trials.append(await self._tried(trial))

    def _allowed(self, entry: Mapping[str, JSON]) -> dict[str, JSON]:
        """The entry, with the private networks that were given where it leads to the site itself."""
        is_own = any(is_same_origin(str(entry.get("url", "")), own) for own in self.own)
        allow: dict[str, JSON] = {"allow": [str(network) for network in self.allow]} if self.allow and is_own else {}
        return {**entry, **allow}

    async def _tried(self, trial: Trial) -> Trial:
        try:
            source = load_entry(trial.proposal.entry)
        except ConfigError as error:
            return replace(trial, error="; ".join(fault.message for fault in error.faults))
        trial = replace(trial, proposal=_warned(trial.proposal))
        if needed := references(trial.entry):
            lacks = (*trial.proposal.lacks, f"set {', '.join(needed)}, then: monitor poll NAME --dry-run")
            return replace(trial, proposal=replace(trial.proposal, lacks=lacks))
        try:
            posts = await self._read(source)
        except SourceError as error:
            return replace(trial, error=f"{error.reason}: {error}")
        if not posts:
            return replace(trial, error="it answers, but shows no posts")
        return _judged(trial, posts)

    async def _read(self, source: Source) -> list[Post]:
        """What a first poll would show: the first page, or the first threads that it lists. Raises SourceError."""
        kind = KINDS[source.kind](source.url, source.options)
        page, request = None, kind.start({}, self.clock.now())
        for _ in range(_STEPS):
            request = self._heeding(request, source)
            page = kind.read(request, await self.ask(request), page.cursor if page else {})
            if page.onward is None:
                break
            request = page.onward
        assert page is not None  # noqa: S101 - at least one step was made
        posts = list(page.posts)
        for thread in page.threads[:_THREADS] if not posts else ():
            posts += await self._read_thread(source, thread, page)
        return posts

    async def _read_thread(self, source: Source, request: Request, listed: Page) -> tuple[Post, ...]:
        kind = KINDS[source.kind](source.url, source.options)
        page = kind.read(request, await self.ask(self._heeding(request, source)), listed.cursor)
        if not page.posts and page.more:  # it only leads to its last page
            page = kind.read(page.more[0], await self.ask(self._heeding(page.more[0], source)), page.cursor)
        return page.posts

    def _heeding(self, request: Request, source: Source) -> Request:
        if not isinstance(request, HttpRequest):
            return request
        return replace(
            request, for_people=request.for_people and source.robots, headers=(*source.headers, *request.headers)
        )


def _warned(proposal: Proposal) -> Proposal:
    """The proposal with what its recipe says that it cannot see, and why it may be refused."""
    recipe = recipe_of(str(proposal.entry.get("recipe", "")))
    if recipe is None:
        return proposal
    told = [f"cannot see {recipe.blind}", *([str(recipe.blocked)] if recipe.blocked else [])]
    return replace(proposal, lacks=(*proposal.lacks, *told))


def _judged(trial: Trial, posts: list[Post]) -> Trial:
    has: dict[str, Sequence[object]] = {
        "id": [post.native_id or post.url for post in posts],
        "date": [post.published for post in posts],
        "author": [post.author.name for post in posts],
        "text": [post.text for post in posts],
    }
    return replace(
        trial,
        number=len(posts),
        shares={name: round(sum(map(bool, values)) / len(posts), 2) for name, values in has.items()},
        first=tuple(posts[:FIRST]),
        oldest=min((post.published for post in posts if post.published), default=None),
    )


# ── A page that nothing is known of ─────────────────────────────────────────────────────────────────────────────────


async def _structural(visit: _Visit, response: Response) -> list[Proposal]:
    """The repeated structure of a page as a proposal, with that of one thread where it lists threads."""
    asked = visit.clock.now()
    try:
        found = find_structure(read_webpage(response), asked=asked)
    except Malformed:
        return []
    if found is None:
        return []
    thread, lacks = None, list(found.lacks)
    if found.sort == "threads":
        thread = await _thread_of(visit, found, asked) if found.followable else None
        if not found.followable:
            lacks.append("shows neither numbers of replies nor moments: which threads grew cannot be seen")
        elif thread is None:
            lacks.append("the page of a thread could not be read: answers are not seen")
        elif not thread.last and not thread.before:
            lacks.append("long threads: no link to their last page was found, see thread.last and thread.next")
    entry: dict[str, JSON] = {"name": name_for(response.url, "", ()), "kind": "html", "url": response.url}
    entry |= html_options(found, thread)
    if found.sort == "titles":
        entry["content"] = "page"
    what = {"posts": "posts", "threads": "threads", "titles": "titles"}[found.sort]
    sure = found.sure if thread is None else round((found.sure + thread.sure) / 2, 2)
    why = f"{found.number} {what} repeat on the page as {found.item}"
    return [Proposal(entry=entry, why=why, sure=sure, lacks=tuple(lacks))]


async def _thread_of(visit: _Visit, found: Structure, asked: datetime) -> Structure | None:
    if found.sample is None:
        return None
    try:
        page = read_webpage(await visit.get(found.sample, for_people=True))
    except SourceError:
        return None
    thread = find_structure(page, asked=asked)
    return thread if thread is not None and thread.sort == "posts" else None
