"""Real worker processes: they work, they are killed at their deadline or die, and the next task goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor import worker
from monitor.errors import Malformed, WorkerKilled
from monitor.models import JSON, Brand, HttpRequest, Page, Post, Request, Response
from monitor.worker import WorkerPool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

REQUEST = HttpRequest(url="http://127.0.0.1/")
RESPONSE = Response(url="http://127.0.0.1/", status=200, headers=(), body=b"")


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
            case "refuse":
                raise Malformed("no feed")
            case _:
                pass
        return Page(posts=(Post(text="read"),))


def in_pool(story: Callable[[WorkerPool], Awaitable[None]], *, workers: int = 1) -> None:
    async def run() -> None:
        pool = WorkerPool([Brand(name="Тестомаркет")], workers=workers)
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


def test_workers_that_all_die_at_once_are_replaced() -> None:
    async def story(pool: WorkerPool) -> None:
        await pool.start()
        for _ in range(2):
            for child in _children():
                os.kill(child, signal.SIGKILL)
            # Whether the death is noticed before or during the next task, the one after it works.
            try:
                await read(pool, "work")
            except WorkerKilled:
                assert (await read(pool, "work")).posts

    in_pool(story, workers=2)


def test_a_worker_uses_one_thread_for_arithmetic() -> None:
    async def story(pool: WorkerPool) -> None:
        await pool.start()
        environs = _environs()
        assert environs
        assert all(f"{name}=1".encode() in environ for environ in environs for name in worker.BLAS_THREADS)

    in_pool(story)


def _environs() -> list[bytes]:
    return [Path(f"/proc/{child}/environ").read_bytes() for child in _children()]


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
