"""A worker gives the lemmas of what it judges, by the language that it judged it to be in."""

from __future__ import annotations

import asyncio

from monitor.models import Brand, Lemmas, Post
from monitor.worker import WorkerPool


def test_a_judgement_brings_the_lemmas_of_its_post() -> None:
    posts = [
        Post(title="МойСклад и поставки", text="Мы жаловались на МойСклад два раза."),
        Post(text="nobody is named here"),
        Post(text="We complained about МойСклад and it was never fixed for us.", lang="en-GB"),
    ]

    async def judged() -> list[Lemmas | None]:
        pool = WorkerPool([Brand(name="МойСклад")], workers=1)
        try:
            judgements = await pool.judge(posts, site_weight=None)
        finally:
            pool.close()
        return [judgement.lemmas if judgement else None for judgement in judgements]

    russian, nobody, english = asyncio.run(judged())
    assert nobody is None
    assert russian is not None
    assert russian.title.split()[-2:] == ["и", "поставка"]
    assert russian.text.split()[:3] == ["мы", "жаловаться", "на"]
    assert english is not None
    assert english.text.split()[:3] == ["we", "complain", "about"]
