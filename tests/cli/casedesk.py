"""A shop as its people see it: posts come in and time passes on a hand clock, all else is typed at the command line.

Behind the socket, where a daemon would listen, are the real verbs over the plan of a real sources.yaml; only the web is
a fake, and the clock.
"""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

from monitor import control
from monitor.clock import SystemClock
from monitor.config import load
from monitor.flows.desk import VERBS
from monitor.flows.ports import make_plan
from monitor.flows.ticks import deadlines
from monitor.lemmas import variants
from monitor.models import Author, PostType
from monitor.store import Reader, Writer, open_reader
from monitor.understanding.judge import Judge
from tests.cli.inprocess import run_command
from tests.flows.world import FakeWorker, HandClock, World, post

if TYPE_CHECKING:
    from collections.abc import Collection, Coroutine, Iterator, Sequence
    from pathlib import Path

    from monitor.flows.ports import Plan
    from monitor.models import Brand, Judgement, Post
    from monitor.sources.protocol import Kind
    from monitor.store import Store
    from monitor.worker import WorkerPool
    from tests.cli.inprocess import Done

BRAND = "Тестомаркет"
US = "testomarket_help"
"""Our own account where people write."""
STAFF = {"Ира": "agent", "Олег": "agent", "Вера": "lead", "Анна": "legal", "Яна": "analyst", "Глеб": "admin"}
"""Who works here; each has a receiver of their name. Глеб is the founder."""
CONFIG = f"""
contact: watch@shop.test
sentiment: fast
brands:
  - {{name: {BRAND}, own: {{accounts: [{US}]}}, vip: ["@zolotaya_marina", "https://u.example/4711", m@shop.test]}}
sources:
  - {{name: forum, kind: feed, url: "http://127.0.0.1:9/forum", allow: [127.0.0.0/8]}}
  - {{name: reviews, kind: feed, url: "http://127.0.0.1:9/reviews", allow: [127.0.0.0/8]}}
receivers:
  support: {{urls: ["json://127.0.0.1:9/support"], budget: off}}
{"".join(f'  {name}: {{urls: ["json://127.0.0.1:9/{one}"], budget: off}}' + chr(10) for one, name in enumerate(STAFF))}
routes: [{{match: "sentiment:negative", to: support, group_wait: 0s, group_interval: 0s}}]
"""

LATE = f"{BRAND} потерял мою посылку, трекер стоит на месте десять дней, отвратительно"
RUDE = f"В {BRAND} продавщица на меня наорала и обозвала при детях, хамство"
LEGAL = f"{BRAND} не вернул деньги за диван. Завтра отнесу иск в суд, мой адвокат уже готовит бумаги"
LOYAL = f"Покупаю в {BRAND} одиннадцать лет, постоянный клиент, а в этот раз привезли разбитый стол, очень обидно"
OLGA, PETR, RITA, ZOYA = "olga_petrova_87", "petr.sidorov.1979", "rita_lebedeva_55", "zoya_kim_1990"
"""Names of people whom nobody else is called."""
SEEN = "Спасибо, что написали. Мы проверяем, что случилось, и вернёмся с ответом сегодня."
ANSWERED = "Спасибо, что рассказали. Посылку нашли на складе, завтра её привезёт курьер."


class Reading(FakeWorker):
    """Judges as the program does, in place."""

    def __init__(self, brands: tuple[Brand, ...]) -> None:
        self.brands = brands

    async def judge(self, posts: Sequence[Post], *, site_weight: float | None) -> list[Judgement | None]:
        return [*_judge(self.brands).judge(posts, site_weight=site_weight)]

    async def variants(self, words: Collection[str]) -> dict[str, frozenset[str]]:
        return {word: variants(word) for word in words}


@cache
def _judge(brands: tuple[Brand, ...]) -> Judge:
    return Judge(brands)


@dataclass
class Place(World):
    """A place where people write; what is done with it is what sources.yaml says."""

    configured: Plan | None = None

    @property
    def plan(self) -> Plan:
        assert self.configured is not None
        return replace(self.configured, kinds={self.source.name: cast("Kind", self.web)})


@dataclass
class Desk:
    """The shop: what its customers write, how time passes, what its people type, who was told."""

    folder: Path
    loop: asyncio.AbstractEventLoop
    places: dict[str, Place]
    person: str = "Ира"
    """Who types, unless another is named."""
    written: int = 0
    """How many posts there are."""

    # ── the world ──

    @property
    def now(self) -> datetime:
        return self.places["forum"].clock.moment

    def says(self, who: str, text: str, *, at: str = "forum", to: str | None = None, **rest: object) -> str:
        """Somebody writes, a minute before it is found, in a thread of their own or `to` a post; the post's name."""
        self.written += 1
        name = f"{at}-{self.written}"
        written = replace(
            post(0),
            native_id=name,
            url=f"https://{at}.example/{name}",
            text=text,
            author=Author(name=who),
            published=self.now,
            thread=to or name,
            parent=to,
            type=PostType.POST if to is None else PostType.COMMENT,
        )
        web = self.places[at].web
        self._shows(at, replace(written, **rest), *web.pages["1"])  # type: ignore[arg-type] # any field
        return name

    def loses(self, name: str) -> None:
        """A post is gone from its site."""
        at = name.partition("-")[0]
        web = self.places[at].web
        gone = next(one for one in web.pages["1"] if one.native_id == name)
        web.articles.pop(str(gone.url))
        self._shows(at, *(one for one in web.pages["1"] if one is not gone))

    def _shows(self, at: str, *posts: Post) -> None:
        place = self.places[at]
        place.web.shows(*posts)
        place.web.articles |= {str(one.url): one.text for one in posts}
        report = self._wait(place.poll())
        assert report.error is None

    def visits(self, at: str = "forum") -> None:
        """A place is looked at once more."""
        assert self._wait(self.places[at].poll()).error is None

    def passes(self, **span: float) -> None:
        """Time goes by; each quarter of an hour, and at the end, what has come due is looked at."""
        place = self.places["forum"]
        end = self.now + timedelta(**span)
        while self.now < end:
            place.clock.moment = min(end, self.now + timedelta(minutes=15))
            self._wait(deadlines(place.ports, place.plan))

    def is_down_for(self, **span: float) -> None:
        """Time goes by and nobody looks; then somebody does."""
        place = self.places["forum"]
        place.clock.moment += timedelta(**span)
        self._wait(deadlines(place.ports, place.plan))

    def _wait(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(doing, self.loop).result(timeout=60)

    # ── what is typed ──

    def run(self, *arguments: str, as_: str | None = None, code: int = 0, stdin: str = "") -> Done:
        """`monitor ARGUMENTS`, which looks at the hand clock, too."""
        environ = {"COLUMNS": "200", "MONITOR_PERSON": as_ or self.person}
        with patch.object(SystemClock, "now", lambda _: self.now):
            done = run_command(self.folder, *arguments, environ=environ, stdin=stdin)
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        return done

    def rows(self, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
        """What a command prints with --json, a line each."""
        return [json.loads(line) for line in self.run(*arguments, "--json", code=code).stdout.splitlines()]

    def act(self, *arguments: str, as_: str | None = None) -> dict[str, Any]:
        """`monitor cases ARGUMENTS`: the case as it is then, and what is said besides."""
        told: dict[str, Any] = json.loads(self.run("cases", *arguments, "--json", as_=as_).stdout)
        return {**told["case"], **{key: value for key, value in told.items() if key != "case"}}

    def refused(self, *arguments: str, as_: str | None = None) -> str:
        """Why `monitor cases ARGUMENTS` is refused."""
        done = self.run("cases", *arguments, as_=as_, code=65)
        assert done.stdout == ""
        return " ".join(done.stderr.split())

    def show(self, number: int = 1, *, as_: str | None = None) -> dict[str, Any]:
        """`monitor cases show`, as programs read it."""
        shown: dict[str, Any] = json.loads(self.run("cases", "show", str(number), "--json", as_=as_).stdout)
        return shown

    def case(self, number: int = 1) -> dict[str, Any]:
        """The case itself."""
        case: dict[str, Any] = self.show(number)["case"]
        return case

    def happened(self, kind: str, number: int = 1) -> list[dict[str, Any]]:
        """What the events of this kind say, in their order."""
        return [one["body"] for one in self.show(number)["events"] if one["kind"] == kind]

    def figures(self, name: str) -> list[dict[str, Any]]:
        """One of the figures that `monitor report cases` tells of all that has happened by now."""
        until = (self.now + timedelta(minutes=1)).isoformat()
        return [row for row in self.rows("report", "cases", "--until", until) if row["figure"] == name]

    def told(self, since: datetime | None = None) -> list[tuple[str, str]]:
        """Who was told what since then, in its order: a `mention` by a route, or a notice of a case."""
        rows = reversed(self.rows("deliveries", "--limit", "1000"))
        heard = [row for row in rows if since is None or datetime.fromisoformat(row["created_at"]) > since]
        return [(row["receiver"], row["notice"] or "mention") for row in heard]


@contextmanager
def desk(folder: Path, *, more: str = "", staff: bool = True, config: str = CONFIG) -> Iterator[Desk]:
    """A shop whose places were visited before; `more` is put to its sources.yaml, and `staff` entered, or nobody."""
    (folder / "sources.yaml").write_text(config + more, encoding="utf-8")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    writer = Writer(folder / "monitor.db")
    opened = Desk(folder, loop, {})
    try:
        server = opened._wait(_open(opened, writer))
        try:
            if staff:
                _enter(opened)
            yield opened
        finally:
            opened._wait(_close(server))
            opened._wait(writer.close())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=60)
        loop.close()


async def _open(shop: Desk, writer: Writer) -> asyncio.Server:
    """The places are visited for the first time, and the verbs listen."""
    database = shop.folder / "monitor.db"
    config = load(shop.folder / "sources.yaml", environ={})
    worker = Reading(config.brands)
    plan = await make_plan(config, cast("WorkerPool", worker))
    await writer.start()
    clock = HandClock()
    for source in config.sources:
        shop.places[source.name] = Place(
            writer=writer,
            reader=lambda: Reader(open_reader(database)),
            source=source,
            clock=clock,
            worker=worker,
            configured=plan,
        )
    hosts = {source.name: f"{source.name}.example:443" for source in config.sources}

    def sync(store: Store) -> None:
        store.sync_sources(config.sources, hosts, clock.now())

    await writer.run(sync)
    for place in shop.places.values():
        assert (await place.poll()).error is None
    asked = {name: partial(verb, shop.places["forum"].ports, plan) for name, verb in VERBS.items()}
    return await control.serve(control.socket_path(database), asked)


async def _close(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()


def _enter(shop: Desk) -> None:
    for name, role in STAFF.items():
        founder = ("--founder",) if name == "Глеб" else ()
        shop.run("people", "add", name, "--role", role, "--receiver", name, *founder, as_="Вера")
