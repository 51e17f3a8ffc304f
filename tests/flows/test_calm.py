"""A site where nothing is new has not lost its posts: what the options leave out of a page is no empty page."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.models import Response
from monitor.sources.sitemap import SitemapKind, SitemapOptions
from tests.flows.world import FakeWeb, World, play, state

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.models import HttpRequest, Validators


class Sitemap(FakeWeb):
    """A site with a sitemap of so many stories, all of them of the day before the watch."""

    stories = 5

    async def fetch(self, request: HttpRequest, *, validators: Validators, **how: object) -> Response:
        del validators, how
        entries = "".join(
            f"<url><loc>https://s.example/story-{number}</loc><lastmod>2026-11-20</lastmod></url>"
            for number in range(self.stories)
        )
        return Response(url=request.url, status=200, headers=(), body=f"<urlset>{entries}</urlset>".encode())


@pytest.mark.parametrize(("stories", "health"), [(5, "ok"), (0, "stale")])
def test_a_sitemap_with_nothing_new_for_days_is_calm_and_one_that_lost_all_is_stale(
    tmp_path: Path, stories: int, health: str
) -> None:
    async def story(world: World) -> None:
        web = world.web = Sitemap()
        world.kind = SitemapKind("https://s.example/sitemap.xml", SitemapOptions())
        assert (await world.poll()).new == 5
        web.stories = stories
        world.clock.moment += timedelta(days=8)
        for _ in range(2):
            assert (await world.poll()).error is None
            assert state(world)["health"] == health

    play(tmp_path, story)
