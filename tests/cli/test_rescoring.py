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


def test_what_differs_is_shown_in_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    def example(mention: int | None, *change: str, details: tuple[str, ...] = ()) -> dict[str, JSON]:
        what = "the kettle leaks"
        told: dict[str, JSON] = {"mention": mention, "brand": "Kettleworks", "source": "forum", "what": what}
        return {**told, "post": 900, "change": [*change], "details": [*details]}

    difference = Difference(
        posts=9,
        alerts=1,
        mentions=3,
        counts={
            ("Kettleworks", "gained"): 1,
            ("Kettleworks", "neutral→negative"): 1,
            ("Kettleworks", "priority"): 1,
            ("Kettleworks", "details"): 1,
        },
        examples=(
            example(None, "gained"),
            example(7, "neutral→negative", "priority"),
            example(8, "details", details=("influence 5→7",)),
        ),
    )
    rescoring._show_difference(difference, apply=False, seconds=1.0)
    counted, shown = capsys.readouterr().out.split("\n\n")
    assert [line.split() for line in counted.splitlines() if line.startswith("Kettleworks  ")] == [
        ["Kettleworks", "1", "0", "0", "0", "1", "1"]
    ]
    assert "Kettleworks, sentiment: neutral→negative 1\n" in counted
    assert "priority: moved by 10 points or more; details: a smaller move of the priority" in counted
    assert "doubtful:" not in counted  # none became so
    assert [line.split()[:4] for line in shown.splitlines()[2:5]] == [
        ["–", "Kettleworks", "gained", "forum"],
        ["7", "Kettleworks", "neutral→negative,", "priority"],
        ["8", "Kettleworks", "influence", "5→7"],
    ]
    assert "900" not in shown
    assert "9 posts judged again in 1.0 s (9 a second): 3 mentions would change, none is written" in shown
    rescoring._show_difference(Difference(posts=9, alerts=1, mentions=1), apply=True, seconds=1.0)
    assert capsys.readouterr().out == "9 posts judged again in 1.0 s (9 a second): 1 mention changed, 1 alert\n"
