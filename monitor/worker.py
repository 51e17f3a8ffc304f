"""The processes that read and judge: hostile or slow input is killed with its worker, everything else goes on.

Readers take answers apart; judges hold the compiled judge and the dictionaries. Either gets its work by pickle and has
no database, no network and no history. On the quality tier there is one judge, so that a machine has one encoder.
"""

from __future__ import annotations

import asyncio
import os
from copy import copy
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from monitor.errors import SourceError
from monitor.lemmas import lemmatise, variants
from monitor.models import Lemmas, Tier
from monitor.processes import Processes, Setup

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from monitor.models import JSON, Brand, Judgement, Label, Page, Post, Request, Response
    from monitor.sources.article import Article
    from monitor.sources.protocol import Kind
    from monitor.understanding.judge import Judge
    from monitor.understanding.relevance.learning import Learned

    Answered: TypeAlias = tuple[Post, bool, datetime]
    Taught: TypeAlias = Mapping[str, Mapping[str, JSON]]  # by tier

T = TypeVar("T")

WORKERS: Final = 2  # of each sort; of judges one where they are large
READ_DEADLINE: Final = 10.0  # seconds for one answer
JUDGE_DEADLINE: Final = 60.0  # seconds for one page of posts
TRAIN_DEADLINE: Final = 900.0  # seconds for some thousand texts
BLAS_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

_NOTHING: Final[Taught] = MappingProxyType({})

_judge: Judge | None = None


class WorkerPool:
    """Readers, and judges with these brands loaded; processes of a sort are started when they are first needed.

    Those made by `beside` share the processes, so that work under way goes on with the brands that it began with.
    """

    def __init__(
        self, brands: Sequence[Brand], *, tier: Tier = Tier.FAST, taught: Taught = _NOTHING, workers: int = WORKERS
    ) -> None:
        """`tier` is FAST or QUALITY, as `tiers.chosen` says; `taught` is what corrections taught each tier."""
        use_one_thread()
        self.tier = tier
        self._brands = tuple(brands)
        self._shared = _Shared(
            readers=Processes(workers),
            judges={Tier.FAST: Processes(workers), Tier.QUALITY: Processes(1)},
            taught=dict(taught),
            kept=self,
        )
        self._shared.readers.keep(_READER)
        self.keep()

    def beside(self, brands: Sequence[Brand], tier: Tier) -> WorkerPool:
        """Workers that judge by other brands, or on another tier, by the same processes."""
        other = copy(self)
        other.tier, other._brands = tier, tuple(brands)  # noqa: SLF001 - it is one of us
        return other

    def keep(self) -> None:
        """From now on judges of these brands wait for more; those of others end when they have answered."""
        self._shared.kept = self
        for tier, processes in self._shared.judges.items():
            processes.keep(self._judge if tier is self.tier else None)

    @property
    def _judge(self) -> Setup:
        return Setup(_start_judge, (self._brands, self.tier, self._shared.taught.get(self.tier)))

    async def start(self) -> None:
        """Start the processes before the first work comes; waits until they have loaded."""
        await asyncio.gather(self._shared.readers.start(_READER), self.start_judges())

    async def start_judges(self) -> None:
        """As `start`, for work that reads nothing."""
        await self._shared.judges[self.tier].start(self._judge)

    async def read(self, kind: Kind, request: Request, response: Response, cursor: Mapping[str, JSON]) -> Page:
        """`kind.read(…)` in a worker. Raises ReadError; WorkerKilled when it took too long."""
        return await self._read(_read, kind, request, response, dict(cursor))

    async def article(self, response: Response) -> Article:
        """The main text of a page. Raises ReadError; WorkerKilled when it took too long."""
        return await self._read(_article, response)

    async def holds(self, response: Response, beginning: str) -> bool | None:
        """Whether a page still holds a text; see `sources.permalink`. Raises WorkerKilled when it took too long."""
        return await self._read(_holds, response, beginning)

    async def lemmatise(self, texts: Sequence[tuple[str, str, str | None]]) -> list[Lemmas]:
        """The lemmas of posts, given as title, text and language, in their order."""
        return await self._ask_judge(_lemmatise, tuple(texts))

    async def variants(self, words: Collection[str]) -> dict[str, frozenset[str]]:
        """Every lemma that each of these folded words may have: the dictionaries are loaded here, not in the daemon."""
        return await self._ask_judge(_variants, frozenset(words)) if words else {}

    async def learn(self, brand: str, answers: Sequence[Answered], now: datetime) -> Learned | None:
        """What people's answers to mentions of a brand teach; None where they are too few.

        An answer is a post, whether it is about the brand, and when it was given.
        """
        return await self._ask_judge(_learn, brand, tuple(answers), now)

    async def train_sentiment(
        self, corrections: Sequence[tuple[Post, str, Label, datetime]], now: datetime
    ) -> dict[str, JSON]:
        """What corrections of sentiment teach, as `Training.to_json` gives it.

        Where that is nothing, `adaptation` is None and `answers` says of how many different texts they are.

        A correction is a post, a brand, how people said that the post is felt toward it, and when.
        """
        return await self._ask_judge(_train_sentiment, tuple(corrections), now, deadline=TRAIN_DEADLINE)

    async def judge(self, posts: Sequence[Post], *, site_weight: float | None) -> list[Judgement | None]:
        """The judgements of posts of one source, in their order; None for a post that names no brand."""
        if not posts:
            return []
        return await self._ask_judge(_judge_posts, tuple(posts), site_weight)

    def adapt(self, taught: Taught) -> None:
        """Judge with what corrections taught each tier from now on; what is being judged ends as it began."""
        self._shared.taught = dict(taught)
        self._shared.kept.keep()

    def close(self) -> None:
        """Stop the processes; what they were doing is lost, and polled again. What is asked later: WorkersStopped."""
        for processes in (self._shared.readers, *self._shared.judges.values()):
            processes.close()

    async def _read(self, function: Callable[..., T], *args: object) -> T:
        return await self._shared.readers.run(_READER, function, args, deadline=READ_DEADLINE)

    async def _ask_judge(self, function: Callable[..., T], *args: object, deadline: float | None = None) -> T:
        processes = self._shared.judges[self.tier]
        return await processes.run(self._judge, function, args, deadline=deadline or JUDGE_DEADLINE)


@dataclass
class _Shared:
    """The processes, and what those know who share them: what counts, and for which brands processes are kept."""

    readers: Processes
    judges: Mapping[Tier, Processes]
    taught: Taught
    kept: WorkerPool


def use_one_thread() -> None:
    """Numpy starts a thread for each core unless told otherwise, before it is first imported."""
    for name in BLAS_THREADS:
        os.environ[name] = "1"


def _start_reader() -> None:
    """Runs once in each reader."""
    import monitor.sources  # noqa: F401 - loaded now, not within the first answer's deadline


_READER: Final = Setup(_start_reader)


def _start_judge(brands: tuple[Brand, ...], tier: Tier, taught: Mapping[str, JSON] | None) -> None:
    """Runs once in each judge."""
    global _judge  # noqa: PLW0603 - the one thing a worker process keeps between tasks
    from monitor.understanding.judge import Judge
    from monitor.understanding.sentiment import Adaptation

    _judge = Judge(brands, tier=tier, adaptation=None if taught is None else Adaptation.from_json(taught))


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


def _train_sentiment(corrections: Sequence[tuple[Post, str, Label, datetime]], now: datetime) -> dict[str, JSON]:
    """Learns of the texts that were judged; where the direction decided and not the words, they teach nothing."""
    from monitor.understanding.adapting import Lesson, newest, train
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
    if training is None:
        return {"adaptation": None, "answers": len(newest(lessons))}
    return training.to_json()


def _lemmatise(texts: Sequence[tuple[str, str, str | None]]) -> list[Lemmas]:
    return [Lemmas(title=lemmatise(title, lang), text=lemmatise(text, lang)) for title, text, lang in texts]


def _variants(words: Collection[str]) -> dict[str, frozenset[str]]:
    return {word: variants(word) for word in words}
