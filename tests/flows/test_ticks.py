"""What time alone brings about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.errors import WorkerKilled
from monitor.flows.ticks import reindex
from monitor.models import Lemmas
from tests.flows.world import World, play, post

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Dictionary:
    """A worker whose lemmas are the words in capitals; a text that holds `deadly` kills it."""

    def __init__(self, deadly: str | None = None) -> None:
        self.deadly = deadly

    async def lemmatise(self, texts: Sequence[tuple[str, str, str | None]]) -> list[Lemmas]:
        if self.deadly and any(self.deadly in text for _, text, _ in texts):
            raise WorkerKilled("took longer than 60 s")
        return [Lemmas(title=title.upper(), text=text.upper()) for title, text, _ in texts]


def test_mentions_that_a_migration_left_unindexed_are_indexed_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(*(post(number) for number in range(250)))
        await world.poll()
        await world.writer.run(lambda store: store._db.execute("UPDATE mentions SET search_version = 0"))
        await world.writer.run(lambda store: store._db.execute("DELETE FROM mention_search"))
        world.worker.lemmatise = Dictionary().lemmatise  # type: ignore[method-assign]
        assert await reindex(world.ports) == 250
        found = world.rows(
            "SELECT count(*) AS found FROM mention_search WHERE mention_search MATCH 'text_lemmas: ПЛОХО'"
        )
        assert found == [{"found": 250}]
        assert await reindex(world.ports) == 0

    play(tmp_path, story)


def test_a_text_that_kills_its_worker_is_indexed_by_its_words_and_holds_up_no_other(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.web.shows(*(post(number) for number in range(20)))
        await world.poll()
        await world.writer.run(lambda store: store._db.execute("UPDATE mentions SET search_version = 0"))
        world.worker.lemmatise = Dictionary(deadly="(7)").lemmatise  # type: ignore[method-assign]
        assert await reindex(world.ports) == 20
        lemmas = world.rows("SELECT text FROM mention_search WHERE text_lemmas = ''")
        assert [str(row["text"]).split()[-1] for row in lemmas] == ["7"]
        assert await reindex(world.ports) == 0

    play(tmp_path, story)
