"""How `monitor rescore --apply` hands its posts on."""

from __future__ import annotations

import asyncio
from array import array
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from monitor.cli import rescoring
from monitor.flows.rescoring import Difference, Orders

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    import pytest

    from monitor.models import JSON

CONFIG = """\
contact: watch@shop.test
brands: [{name: Тестомаркет}]
sources: [{name: news, kind: feed, url: "https://news.test/feed"}]
"""


class Chosen(array):  # type: ignore[type-arg] # of no type parameters when it runs
    """Numbers that count how often a part of them was taken out."""

    taken = 0

    def __getitem__(self, at: int | slice) -> int | array[int]:  # type: ignore[override] # as of an array("q")
        self.taken += 1
        return super().__getitem__(at)


def test_posts_are_unfolded_as_they_are_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[object] = []

    async def do(_verb: str, *, posts: list[int], **_how: JSON) -> JSON:
        handed.append(posts)
        return Difference().to_json()

    @asynccontextmanager
    async def doing(**_given: object) -> AsyncIterator[Callable[..., Awaitable[JSON]]]:
        yield do

    monkeypatch.setattr(rescoring, "doing", doing)
    (tmp_path / "sources.yaml").write_text(CONFIG, encoding="utf-8")
    chosen = Chosen("q", range(1, 251))
    orders = Orders(brand=None, apply=True, alert=False)

    async def run() -> list[tuple[int, int]]:
        steps = rescoring._applied(chosen, orders, tier=None, config=tmp_path / "sources.yaml", db=None)
        return [(count, chosen.taken) async for count, _ in steps]

    assert asyncio.run(run()) == [(0, 0), (100, 1), (100, 2), (50, 3)]
    assert handed == [[], list(range(1, 101)), list(range(101, 201)), list(range(201, 251))]
