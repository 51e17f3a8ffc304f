"""What time alone brings about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.flows.ticks import reindex
from monitor.models import Lemmas
from tests.flows.world import World, play, post

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Dictionary:
    """A worker whose lemmas are the words in capitals."""

    async def lemmatise(self, texts: Sequence[tuple[str, str, str | None]]) -> list[Lemmas]:
        return [Lemmas(title=title.upper(), text=text.upper()) for title, text, _ in texts]


def test_mentions_that_a_migration_left_unindexed_are_indexed_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(*(post(number) for number in range(250)))
        await world.poll()
        await world.writer.run(lambda store: store._db.execute("UPDATE mentions SET search_version = 0"))
        await world.writer.run(lambda store: store._db.execute("DELETE FROM mention_search"))
        world.worker.lemmatise = Dictionary().lemmatise  # type: ignore[attr-defined]
        assert await reindex(world.ports) == 250
        found = world.rows(
            "SELECT count(*) AS found FROM mention_search WHERE mention_search MATCH 'text_lemmas: ПЛОХО'"
        )
        assert found == [{"found": 250}]
        assert await reindex(world.ports) == 0

    play(tmp_path, story)
