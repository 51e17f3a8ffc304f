"""The processes that read and judge: hostile or slow input is killed with its worker, everything else goes on.

A worker holds the compiled judge; it gets posts and answers by pickle and has no database, no network and no history.
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
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from pebble import ProcessExpired, ProcessPool

from monitor.errors import SourceError, WorkerKilled
from monitor.lemmas import lemmatise, variants
from monitor.models import Lemmas

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from monitor.models import JSON, Brand, Judgement, Page, Post, Request, Response
    from monitor.sources.article import Article
    from monitor.sources.protocol import Kind
    from monitor.understanding.judge import Judge
    from monitor.understanding.relevance.learning import Learned

    Answered: TypeAlias = tuple[Post, bool, datetime]

T = TypeVar("T")

WORKERS: Final = 2
READ_DEADLINE: Final = 10.0  # seconds for one answer
JUDGE_DEADLINE: Final = 60.0  # seconds for one page of posts
MEMORY_CAP: Final = 2 * 1024**3  # bytes of address space; a worker that wants more dies instead of the machine

# numpy starts a thread for each core unless told otherwise, before it is first imported.
BLAS_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

_judge: Judge | None = None


class WorkerPool:
    """A few killable processes with the judge for these brands loaded."""

    def __init__(self, brands: Sequence[Brand], *, workers: int = WORKERS) -> None:
        for name in BLAS_THREADS:
            os.environ[name] = "1"
        self._workers = workers
        self._brands = tuple(brands)
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._workers,
            initializer=_start,
            initargs=(self._brands, os.getpid()),
            context=multiprocessing.get_context("spawn"),
        )

    async def start(self) -> None:
        """Start the processes before the first work comes; waits until they have loaded."""
        await asyncio.gather(*(self._run(time.sleep, (0.05,), deadline=JUDGE_DEADLINE) for _ in range(self._workers)))

    async def read(self, kind: Kind, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """`kind.read(…)` in a worker. Raises ReadError; WorkerKilled when it took too long."""
        return await self._run(_read, (kind, request, response, dict(cursor)), deadline=READ_DEADLINE)

    async def article(self, response: Response) -> Article:
        """The main text of a page. Raises ReadError; WorkerKilled when it took too long."""
        return await self._run(_article, (response,), deadline=READ_DEADLINE)

    async def holds(self, response: Response, beginning: str) -> bool | None:
        """Whether a page still holds a text; see `sources.permalink`. Raises WorkerKilled when it took too long."""
        return await self._run(_holds, (response, beginning), deadline=READ_DEADLINE)

    async def lemmatise(self, texts: Sequence[tuple[str, str, str | None]]) -> list[Lemmas]:
        """The lemmas of posts, given as title, text and language, in their order."""
        return await self._run(_lemmatise, (tuple(texts),), deadline=JUDGE_DEADLINE)

    async def variants(self, words: Collection[str]) -> dict[str, frozenset[str]]:
        """Every lemma that each of these folded words may have: the dictionaries are loaded here, not in the daemon."""
        return await self._run(_variants, (frozenset(words),), deadline=JUDGE_DEADLINE) if words else {}

    async def learn(self, brand: str, answers: Sequence[Answered], now: datetime) -> Learned | None:
        """What people's answers to mentions of a brand teach; None where they are too few.

        An answer is a post, whether it is about the brand, and when it was given.
        """
        return await self._run(_learn, (brand, tuple(answers), now), deadline=JUDGE_DEADLINE)

    async def judge(self, posts: Sequence[Post], *, site_weight: float | None) -> list[Judgement | None]:
        """The judgements of posts of one source, in their order; None for a post that names no brand."""
        if not posts:
            return []
        return await self._run(_judge_posts, (tuple(posts), site_weight), deadline=JUDGE_DEADLINE)

    async def _run(self, function: Callable[..., T], args: tuple[object, ...], *, deadline: float) -> T:
        if not self._pool.active:
            # Pebble gives up for good when all its workers died at once; the daemon must not.
            self._pool = self._new_pool()
        future = self._pool.schedule(function, args=args, timeout=deadline)
        try:
            return await asyncio.wrap_future(future)
        except FutureTimeout as error:
            raise WorkerKilled(f"took longer than {deadline:.0f} s") from error
        except (ProcessExpired, BrokenProcessPool, MemoryError) as error:
            raise WorkerKilled(f"the worker died: {error}") from error
        except CancelledError as error:
            raise WorkerKilled("the workers are being stopped") from error

    def close(self) -> None:
        """Stop the processes; what they were doing is lost, and polled again. Nothing may be asked afterwards."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def _start(brands: tuple[Brand, ...], parent: int) -> None:
    """Runs once in each worker."""
    global _judge  # noqa: PLW0603 - the one thing a worker process keeps between tasks
    # Ctrl-C in a terminal reaches the whole group; stopping is the parent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_CAP, MEMORY_CAP))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
    from monitor.understanding.judge import Judge

    _judge = Judge(brands)


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


def _lemmatise(texts: Sequence[tuple[str, str, str | None]]) -> list[Lemmas]:
    return [Lemmas(title=lemmatise(title, lang), text=lemmatise(text, lang)) for title, text, lang in texts]


def _variants(words: Collection[str]) -> dict[str, frozenset[str]]:
    return {word: variants(word) for word in words}
