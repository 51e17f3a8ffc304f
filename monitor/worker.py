"""The processes that read and judge: hostile or slow input is killed with its worker, everything else goes on.

Readers take answers apart; judges hold the compiled judge and the dictionaries. Either gets its work by pickle and has
no database, no network and no history. On the quality tier there is one judge, so that a machine has one encoder.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
import threading
import time
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from pebble import ProcessExpired, ProcessPool

from monitor.errors import SourceError, WorkerKilled
from monitor.lemmas import lemmatise, variants
from monitor.models import Lemmas, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from concurrent.futures import Future
    from datetime import datetime

    from monitor.models import JSON, Brand, Judgement, Label, Page, Post, Request, Response
    from monitor.sources.article import Article
    from monitor.sources.protocol import Kind
    from monitor.understanding.judge import Judge
    from monitor.understanding.relevance.learning import Learned
    from monitor.understanding.sentiment import Adaptation

    Answered: TypeAlias = tuple[Post, bool, datetime]

T = TypeVar("T")

WORKERS: Final = 2  # of each sort; of judges one where they are large
READ_DEADLINE: Final = 10.0  # seconds for one answer
JUDGE_DEADLINE: Final = 60.0  # seconds for one page of posts
TRAIN_DEADLINE: Final = 900.0  # seconds for some thousand texts
MEMORY_CAP: Final = 2 * 1024**3  # bytes of address space; a worker that wants more dies instead of the machine

# numpy starts a thread for each core unless told otherwise, before it is first imported.
BLAS_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

_judge: Judge | None = None


class WorkerPool:
    """A few killable processes: readers, and judges with these brands loaded.

    Processes of a sort are started when it is first asked for something.
    """

    def __init__(
        self,
        brands: Sequence[Brand],
        *,
        tier: Tier = Tier.FAST,
        adaptation: Adaptation | None = None,
        workers: int = WORKERS,
    ) -> None:
        """`tier` is FAST or QUALITY, as `sentiment.chosen` says; `adaptation` what corrections taught it."""
        for name in BLAS_THREADS:
            os.environ[name] = "1"
        self.tier = tier
        self._brands = tuple(brands)
        self._readers = _Processes(workers, _start_reader)
        judges = workers if tier is Tier.FAST else 1
        self._judges = _Processes(judges, _start_judge, (self._brands, tier, adaptation))

    async def start(self) -> None:
        """Start the processes before the first work comes; waits until they have loaded."""
        await asyncio.gather(self._readers.start(), self.start_judges())

    async def start_judges(self) -> None:
        """As `start`, for work that reads nothing."""
        await self._judges.start()

    async def read(self, kind: Kind, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """`kind.read(…)` in a worker. Raises ReadError; WorkerKilled when it took too long."""
        return await self._readers.run(_read, (kind, request, response, dict(cursor)), deadline=READ_DEADLINE)

    async def article(self, response: Response) -> Article:
        """The main text of a page. Raises ReadError; WorkerKilled when it took too long."""
        return await self._readers.run(_article, (response,), deadline=READ_DEADLINE)

    async def holds(self, response: Response, beginning: str) -> bool | None:
        """Whether a page still holds a text; see `sources.permalink`. Raises WorkerKilled when it took too long."""
        return await self._readers.run(_holds, (response, beginning), deadline=READ_DEADLINE)

    async def lemmatise(self, texts: Sequence[tuple[str, str, str | None]]) -> list[Lemmas]:
        """The lemmas of posts, given as title, text and language, in their order."""
        return await self._judges.run(_lemmatise, (tuple(texts),), deadline=JUDGE_DEADLINE)

    async def variants(self, words: Collection[str]) -> dict[str, frozenset[str]]:
        """Every lemma that each of these folded words may have: the dictionaries are loaded here, not in the daemon."""
        return await self._judges.run(_variants, (frozenset(words),), deadline=JUDGE_DEADLINE) if words else {}

    async def learn(self, brand: str, answers: Sequence[Answered], now: datetime) -> Learned | None:
        """What people's answers to mentions of a brand teach; None where they are too few.

        An answer is a post, whether it is about the brand, and when it was given.
        """
        return await self._judges.run(_learn, (brand, tuple(answers), now), deadline=JUDGE_DEADLINE)

    async def train_sentiment(
        self, corrections: Sequence[tuple[Post, str, Label, datetime]], now: datetime
    ) -> dict[str, JSON] | None:
        """What corrections of sentiment teach, as `Training.to_json` gives it; None where they are too few.

        A correction is a post, a brand, how people said that the post is felt toward it, and when.
        """
        return await self._judges.run(_train_sentiment, (tuple(corrections), now), deadline=TRAIN_DEADLINE)

    async def judge(self, posts: Sequence[Post], *, site_weight: float | None) -> list[Judgement | None]:
        """The judgements of posts of one source, in their order; None for a post that names no brand."""
        if not posts:
            return []
        return await self._judges.run(_judge_posts, (tuple(posts), site_weight), deadline=JUDGE_DEADLINE)

    async def adapt(self, adaptation: Adaptation | None) -> None:
        """Judge with what corrections taught from now on; returns once the former judges are gone.

        What is asked meanwhile waits for the new ones. Raises WorkerKilled where the workers are being stopped.
        """
        await self._judges.renew(self._brands, self.tier, adaptation)

    def succeed(self, former: WorkerPool, end: asyncio.Task[None]) -> None:
        """Start no judge before `end`, when the former's are gone, if both have the encoder: a machine holds one."""
        if self.tier is former.tier is Tier.QUALITY:
            self._judges.after = end

    def close(self) -> None:
        """Stop the processes; what they were doing is lost, and polled again. What is asked afterwards is refused."""
        self._readers.close()
        self._judges.close()


class _Processes:
    """Some processes of one sort; `begin` runs once in each, with the parent's number and what is `given`."""

    def __init__(self, count: int, begin: Callable[..., None], given: tuple[object, ...] = ()) -> None:
        self._count = count
        self._begin = begin
        self._given = given
        self.after: asyncio.Task[None] | None = None
        """What must have ended before the first of them starts."""
        self._turn = asyncio.Lock()  # held while those of before end: what is asked waits for the new ones
        self._guard = threading.Lock()  # close() comes from a thread of its own
        self._ending = threading.Lock()  # Pebble may not be joined twice at once
        self._is_closed = False
        self._asked: set[Future[Any]] = set()
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._count,
            initializer=self._begin,
            initargs=(os.getpid(), *self._given),
            context=multiprocessing.get_context("spawn"),
        )

    async def start(self) -> None:
        """Start them; waits until they have loaded."""
        await asyncio.gather(*(self.run(time.sleep, (0.05,), deadline=JUDGE_DEADLINE) for _ in range(self._count)))

    async def run(self, function: Callable[..., T], args: tuple[object, ...], *, deadline: float) -> T:
        """What the function returns in one of them; `deadline` is in seconds from when it begins there.

        Raises what the function raises; WorkerKilled when it took too long, its process died or all are being stopped.
        """
        try:
            try:
                return await self._once(function, args, deadline)
            except BrokenProcessPool:
                # All had died before they could begin with it, as where memory runs out: it is not to blame.
                return await self._once(function, args, deadline)
        except FutureTimeout as error:
            raise WorkerKilled(f"took longer than {deadline:.0f} s") from error
        except (ProcessExpired, BrokenProcessPool, MemoryError) as error:
            raise WorkerKilled(f"the worker died: {error}") from error
        except CancelledError as error:
            raise WorkerKilled("the workers are being stopped") from error

    async def _once(self, function: Callable[..., T], args: tuple[object, ...], deadline: float) -> T:
        if self.after is not None:
            await asyncio.wait({self.after})
        async with self._turn:
            with self._guard:
                self._refuse_if_closed()
                if not self._pool.active:
                    # Pebble gives up for good when all its workers died at once; the daemon must not.
                    self._pool = self._new_pool()
                done = self._pool.schedule(function, args=args, timeout=deadline)
        self._asked.add(done)
        done.add_done_callback(self._asked.discard)
        return await asyncio.wrap_future(done)

    async def renew(self, *given: object) -> None:
        """Begin anew with what is given, once those of before have done what they were asked; the rest waits."""
        async with self._turn:
            self._refuse_if_closed()
            self._given = given
            self._pool.close()  # type: ignore[no-untyped-call]
            try:
                await asyncio.to_thread(self._join, self._pool)
            finally:
                self._pool = self._new_pool()

    def _join(self, pool: ProcessPool) -> None:
        with self._ending:
            pool.join()

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise WorkerKilled("the workers are being stopped")

    def close(self) -> None:
        """Stop them for good."""
        with self._guard:
            self._is_closed = True
            pool = self._pool
            pool.stop()  # type: ignore[no-untyped-call]
        self._join(pool)
        for one in tuple(self._asked):  # Pebble leaves them open, and who asked would wait for ever
            one.set_exception(WorkerKilled("the workers are being stopped"))


def _start_reader(parent: int) -> None:
    """Runs once in each reader."""
    _confine(parent)
    import monitor.sources  # noqa: F401 - loaded now, not within the first answer's deadline


def _start_judge(parent: int, brands: tuple[Brand, ...], tier: Tier, adaptation: Adaptation | None) -> None:
    """Runs once in each judge."""
    global _judge  # noqa: PLW0603 - the one thing a worker process keeps between tasks
    _confine(parent)
    from monitor.understanding.judge import Judge

    _judge = Judge(brands, tier=tier, adaptation=adaptation)


def _confine(parent: int) -> None:
    """What holds for each worker: it ignores Ctrl-C, has a cap on its memory, and does not outlive its parent."""
    # Ctrl-C in a terminal reaches the whole group; stopping is the parent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_CAP, MEMORY_CAP))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()


def _die_with(parent: int) -> None:
    """A worker whose daemon was killed must not linger."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def _read(kind: Kind, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
    return kind.read(request, response, cursor)


def _article(response: Response) -> Article:
    from monitor.sources.article import read_article  # only where a source asks for pages: see there what it costs

    return read_article(response)


def _holds(response: Response, beginning: str) -> bool | None:
    from monitor.sources.permalink import holds

    return holds(response, beginning)


def _judge_posts(posts: Sequence[Post], site_weight: float | None) -> list[Judgement | None]:
    if _judge is None:
        raise SourceError("the worker was not started properly")
    return _judge.judge_named(posts, site_weight=site_weight)


def _learn(brand: str, answers: Sequence[Answered], now: datetime) -> Learned | None:
    """Judges the posts again: what people answered is held against what the rules alone say today."""
    from monitor.understanding.relevance.learning import Answer, features, train

    said = _judge_posts([post for post, _, _ in answers], None)
    lessons = [
        Answer(features=features(post, mention, judgement.lemmas), rule=mention.relevance, relevant=about, at=at)
        for (post, about, at), judgement in zip(answers, said, strict=True)
        for mention in (judgement.mentions if judgement else ())
        if judgement is not None and mention.brand == brand
    ]
    return train(lessons, now=now)


def _train_sentiment(corrections: Sequence[tuple[Post, str, Label, datetime]], now: datetime) -> dict[str, JSON] | None:
    """Learns of the texts that were judged; where the direction decided and not the words, they teach nothing."""
    from monitor.understanding.adapting import Lesson, train
    from monitor.understanding.feelings import BAD, GOOD
    from monitor.understanding.ownwords import own_words

    if _judge is None:
        raise SourceError("the worker was not started properly")
    lessons = []
    for post, brand, label, at in corrections:
        own = own_words(post)
        text, role = _judge.text_about(post, brand) or (f"{own.title}\n{own.text}".strip(), None)
        if role not in BAD | GOOD:
            lessons.append(Lesson(text=text, label=label, at=at))
    training = train(_judge.model, lessons, now=now)
    return None if training is None else training.to_json()


def _lemmatise(texts: Sequence[tuple[str, str, str | None]]) -> list[Lemmas]:
    return [Lemmas(title=lemmatise(title, lang), text=lemmatise(text, lang)) for title, text, lang in texts]


def _variants(words: Collection[str]) -> dict[str, frozenset[str]]:
    return {word: variants(word) for word in words}
