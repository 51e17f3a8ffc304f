"""A world for flows: a fake web with verbs, a judge of one rule, a clock that is set by hand; the store is real."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from monitor.alerting.routes import CompiledRoute
from monitor.errors import Malformed, StatusError
from monitor.flows.poll import PollReport, poll
from monitor.flows.ports import Plan, Ports
from monitor.models import (
    JSON,
    HostState,
    HttpRequest,
    Judgement,
    Label,
    Lemmas,
    Mention,
    Page,
    Post,
    PostType,
    Receiver,
    Request,
    Response,
    Sentiment,
    Source,
    Target,
    Tier,
    Validators,
    Why,
)
from monitor.query import parse
from monitor.sources.article import Article
from monitor.store import Reader, Store, Writer, open_reader
from monitor.text import words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from monitor.errors import SourceError
    from monitor.fetching.fetcher import Fetcher
    from monitor.sources.protocol import Kind
    from monitor.worker import WorkerPool

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BRAND = "Тестомаркет"
SUPPORT = Receiver(name="support", targets=(Target(key="mail", url="json://127.0.0.1:9/"),))


class HandClock:
    """Time that moves when it is told to."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return (self.moment - NOW).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class FakeWeb:
    """One site: `shows` posts on pages, `lists` threads on the first, `fails`, or says that nothing changed.

    An answer takes `seconds`. `requests` is its access log, `asked` the same in full. A thread is at "t1", its further
    pages at "t1/2", "t1/3". `articles` are the pages behind posts, by address; a page that is not there is a 404.
    `answers` puts answers at the address of a post's `follow`, its further page at the same address with a plus.
    """

    def __init__(self) -> None:
        self.first = "1"
        self.pages: dict[str, list[Post]] = {"1": []}
        self.marks: dict[str, str] = {}
        self.articles: dict[str, str] = {}
        self.errors: dict[str, SourceError] = {}
        self.requests: list[tuple[str, Validators]] = []
        self.asked: list[tuple[HttpRequest, dict[str, object]]] = []
        self.etag: str | None = None
        self.left_alone: dict[str, timedelta] = {}
        self.seconds = 0.0
        self.clock: HandClock | None = None
        self.answers_questions = True

    @property
    def addresses(self) -> list[str]:
        """What was asked for, in its order."""
        return [url for url, _ in self.requests]

    def shows(self, *posts: Post, page: str = "1") -> None:
        self.pages[page] = list(posts)

    def lists(self, thread: str, *posts: Post, mark: str) -> None:
        """The first page lists a thread in which these posts stand; `mark` says how far it has come."""
        self.marks[thread] = mark
        self.pages[thread] = list(posts)

    def answers(self, address: str, *posts: Post) -> None:
        """What people answered to a post whose `follow` is this address."""
        self.pages[address] = list(posts)

    def fails(self, error: SourceError, *, page: str = "1") -> None:
        self.errors[page] = error

    def recovers(self) -> None:
        self.errors.clear()

    # what a Fetcher does

    async def fetch(self, request: HttpRequest, *, validators: Validators, **how: object) -> Response:
        self.requests.append((request.url, validators))
        if self.clock is not None:
            self.clock.moment += timedelta(seconds=self.seconds)
        self.asked.append((request, how))
        if error := self.errors.get(request.url):
            raise error
        if request.step in ("article", "permalink"):
            if request.url not in self.articles:
                raise StatusError(404)
            return Response(url=request.url, status=200, headers=(), body=self.articles[request.url].encode())
        unchanged = self.etag is not None and validators.etag == self.etag
        return Response(
            url=request.url,
            status=304 if unchanged else 200,
            headers=(),
            body=b"",
            validators=Validators(etag=self.etag),
            not_modified=unchanged,
        )

    def leave_alone(self, url: str, wait: timedelta) -> None:
        self.left_alone[url] = wait

    def host_states(self) -> tuple[HostState, ...]:
        return ()

    # what a Kind does

    def start(self, _cursor: Mapping[str, JSON], _now: datetime) -> Request:
        return HttpRequest(url=self.first)

    def replies(self, address: str, _cursor: Mapping[str, JSON], _now: datetime) -> Request | None:
        return HttpRequest(url=address, step="replies") if self.answers_questions else None

    def read(self, request: Request, _response: Response, cursor: Mapping[str, JSON]) -> Page:
        posts = tuple(self.pages.get(request.url, ()))
        if request.step == "replies":
            comments = tuple(replace(post, type=PostType.COMMENT) for post in posts)
            further = f"{request.url}+"
            more = (replace(request, url=further),) if further in self.pages else ()
            return Page(posts=comments, more=more, cursor={"spoilt": True})
        if request.step == "thread":
            thread, _, number = request.url.partition("/")
            following = f"{thread}/{int(number or 1) + 1}"
            more = (replace(request, url=following),) if following in self.pages else ()
            marks = {**cast("dict[str, JSON]", cursor.get("threads", {})), thread: request.carry["mark"]}
            return Page(posts=posts, more=more, cursor={**cursor, "threads": marks})
        following = str(int(request.url) + 1) if request.url.isdigit() else ""
        more = (HttpRequest(url=following),) if following in self.pages else ()
        if not self.marks:
            return Page(posts=posts, more=more, cursor={"read": request.url})
        known = cast("dict[str, JSON]", cursor.get("threads", {}))
        threads = tuple(
            HttpRequest(url=thread, step="thread", carry={"thread": thread, "mark": mark}, for_people=True)
            for thread, mark in self.marks.items()
            if known.get(thread) != mark
        )
        left: dict[str, JSON] = {"read": request.url, "threads": known}
        return Page(posts=posts, more=more, threads=threads, cursor=left, joined=not more, listed=len(self.marks))


class FakeWorker:
    """Reads in place; whatever names the brand is a mention, negative where it says "плохо"."""

    tier = Tier.FAST

    async def read(self, kind: Kind, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        return kind.read(request, response, cursor)

    async def article(self, response: Response) -> Article:
        if b"unreadable" in response.body:
            raise Malformed("not a web page")
        return Article(text=response.body.decode(), author="Автор страницы", published=NOW - timedelta(hours=12))

    async def holds(self, response: Response, beginning: str) -> bool | None:
        if b"barrier" in response.body:
            return None
        return beginning in "".join(words(response.body.decode()))

    async def lemmatise(self, texts: Sequence[tuple[str, str, str | None]]) -> list[Lemmas]:
        return [Lemmas(title=title.lower(), text=text.lower()) for title, text, _ in texts]

    async def judge(self, posts: Sequence[Post], *, site_weight: float | None) -> list[Judgement | None]:
        return [self._judge(post) for post in posts]

    def _judge(self, post: Post) -> Judgement:
        bad = "плохо" in post.text
        sentiment = Sentiment(
            label=Label.NEGATIVE if bad else Label.NEUTRAL, negative=float(bad), neutral=float(not bad), positive=0.0
        )
        mention = Mention(
            brand=BRAND,
            relevance=1.0,
            doubtful=False,
            spans=(),
            sentiment=sentiment,
            special_cases=(),
            influence=10,
            priority=50,
            why=(Why(code="match", text=BRAND),),
        )
        mentions = (mention,) if BRAND in post.text else ()
        return Judgement(lang="ru", sentiment=sentiment, special_cases=(), mentions=mentions)


def post(number: int, text: str = f"В {BRAND} плохо", *, native: str | None = None) -> Post:
    native_id = native or f"n{number}"
    return Post(native_id=native_id, url=f"https://forum.example/{number}", text=f"{text} ({number})")


@dataclass
class World:
    """Everything a flow needs, over a real database."""

    writer: Writer
    reader: Callable[[], Reader]
    source: Source
    web: FakeWeb = field(default_factory=FakeWeb)
    clock: HandClock = field(default_factory=HandClock)
    worker: FakeWorker = field(default_factory=FakeWorker)
    routes: tuple[CompiledRoute, ...] = (CompiledRoute(parse("sentiment:negative"), SUPPORT),)
    competitors: frozenset[str] = frozenset()
    own_accounts: Mapping[str, str] = field(default_factory=dict)
    reveal: Callable[[str], str] = str
    kind: Kind | None = None

    def __post_init__(self) -> None:
        self.web.clock = self.clock

    @property
    def ports(self) -> Ports:
        return Ports(
            clock=self.clock,
            fetcher=cast("Fetcher", self.web),
            worker=cast("WorkerPool", self.worker),
            writer=self.writer,
        )

    @property
    def plan(self) -> Plan:
        return Plan(
            config=cast("object", None),  # type: ignore[arg-type] # flows look at the plan, not at the file
            sources={self.source.name: self.source},
            kinds={self.source.name: self.kind or cast("Kind", self.web)},
            receivers={SUPPORT.name: SUPPORT},
            routes=self.routes,
            competitors=self.competitors,
            own_accounts=self.own_accounts,
            reveal=self.reveal,
        )

    async def poll(self, ports: Ports | None = None) -> PollReport:
        """One poll of the source, due or not, a minute after the last one; with `ports` by the same process."""
        self.clock.moment += timedelta(minutes=1)
        now = self.clock.moment
        leased = await self.writer.run(lambda store: store.lease_named(self.source.name, now))
        assert leased is not None
        return await poll(self.source, leased, ports=ports or self.ports, plan=self.plan)

    def rows(self, sql: str) -> list[dict[str, object]]:
        """What the database holds, read-only."""
        reader = self.reader()
        try:
            return list(reader._db.query(sql))
        finally:
            reader.close()

    def count(self, table: str) -> int:
        return len(self.rows(f"SELECT 1 FROM {table}"))


def marks(world: World) -> str:
    """The cursor as it is stored."""
    return str(world.rows("SELECT cursor FROM sources")[0]["cursor"])


def state(world: World) -> dict[str, object]:
    """How the source stands."""
    return world.rows("SELECT health, error, failures, etag FROM sources")[0]


def mention(world: World, number: int = 1) -> dict[str, Any]:
    """A mention as it is stored."""
    return world.rows(f"SELECT * FROM mentions WHERE id = {number}")[0]


async def polled(world: World, *posts: Post) -> None:
    """Past the silent first visit, then one that shows these."""
    world.web.shows(post(0, "ни о ком"))
    await world.poll()
    world.web.shows(*posts)
    await world.poll()


async def begin(world: World) -> None:
    """A first visit, after which everything counts."""
    await world.poll()
    world.web.requests.clear()
    world.web.asked.clear()


def play(folder: Path, story: Callable[[World], Awaitable[None]], *, source: Source | None = None) -> None:
    """Run a story in a world of its own."""

    async def run() -> None:
        path = folder / "monitor.db"
        writer = Writer(path)
        await writer.start()
        watched = source or Source(name="forum", kind="feed", url="1", options=None, every=timedelta(minutes=10))

        def sync(store: Store) -> None:
            store.sync_sources([watched], {watched.name: "forum.example:443"}, NOW)

        await writer.run(sync)
        try:
            async with asyncio.timeout(120):  # a story that hangs fails
                await story(World(writer=writer, reader=lambda: Reader(open_reader(path)), source=watched))
        finally:
            await writer.close()

    asyncio.run(run())
