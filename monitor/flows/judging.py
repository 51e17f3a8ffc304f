"""Judging posts in a worker when one of them may be too much for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.errors import WorkerKilled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.models import Judgement, Post
    from monitor.worker import WorkerPool


async def judge_posts(
    posts: Sequence[Post], *, weight: float | None, worker: WorkerPool
) -> list[Judgement | WorkerKilled | None]:
    """What is said of each post, in their order: None where it names no brand.

    What is too much for one worker is halved until each half is not; the error stands in the place of a single post
    that is too much by itself. `weight` is that of the source.
    """
    try:
        return [*await worker.judge(posts, site_weight=weight)] if posts else []
    except WorkerKilled as error:
        if len(posts) < 2:
            return [error]
    middle = len(posts) // 2
    return [
        *await judge_posts(posts[:middle], weight=weight, worker=worker),
        *await judge_posts(posts[middle:], weight=weight, worker=worker),
    ]
