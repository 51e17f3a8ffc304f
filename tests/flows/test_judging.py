"""Judging where one post may be too much for a worker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from monitor.errors import WorkerKilled
from monitor.flows.judging import judge_posts
from monitor.models import Judgement, Post
from tests.flows.world import FakeWorker, post

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.worker import WorkerPool


class Weak(FakeWorker):
    """Dies of any post that says so; `asked` are the sizes of what it was given."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def judge(self, posts: Sequence[Post], *, site_weight: float | None) -> list[Judgement | None]:
        self.asked.append(len(posts))
        if any("deadly" in post.text for post in posts):
            raise WorkerKilled("took longer than 60 s")
        return await super().judge(posts, site_weight=site_weight)


def test_what_is_too_much_is_halved_and_only_the_single_post_that_is_too_much_is_left() -> None:
    worker = Weak()
    posts = [post(number, "deadly" if number == 2 else "x") for number in range(5)]
    said = asyncio.run(judge_posts(posts, weight=None, worker=cast("WorkerPool", worker)))
    assert [type(one) for one in said] == [Judgement, Judgement, WorkerKilled, Judgement, Judgement]
    assert worker.asked == [5, 2, 3, 1, 2]


def test_nothing_is_asked_for_nothing() -> None:
    worker = Weak()
    assert asyncio.run(judge_posts([], weight=None, worker=cast("WorkerPool", worker))) == []
    assert worker.asked == []
