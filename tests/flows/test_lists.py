"""How far a visit reads: until the page joins up with the last one, list after list, with a login before them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from monitor.errors import LoginRefused, StatusError, Throttled
from monitor.flows.lists import CHAIN
from monitor.flows.walk import LONGEST
from monitor.models import HttpRequest, Page, Validators
from tests.flows.world import World, marks, play, post, state

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from monitor.errors import SourceError
    from monitor.models import JSON, Request, Response
    from monitor.sources.protocol import Kind


@dataclass
class ScriptedKind:
    """Reads what stands in `pages`, by address; with `login` it asks for a token first, where it has none."""

    pages: dict[str, Page] = field(default_factory=dict)
    login: bool = False
    refuses: dict[str, SourceError] = field(default_factory=dict)

    def start(self, cursor: Mapping[str, JSON], _now: datetime) -> Request:
        if self.login and "session" not in cursor:
            return HttpRequest(url="login", step="login")
        return HttpRequest(url="1", carry={"token": cursor.get("session")})

    def read(self, request: Request, _response: Response, cursor: Mapping[str, JSON]) -> Page:
        if error := self.refuses.pop(request.url, None):
            raise error
        if request.step == "login":
            onward = HttpRequest(url="1", carry={"token": "fresh"})
            return Page(onward=onward, cursor={**cursor, "session": "fresh"})
        return replace(self.pages[request.url], cursor={**self.pages[request.url].cursor, **cursor})


def scripted(world: World, kind: ScriptedKind) -> ScriptedKind:
    world.kind = cast("Kind", kind)
    return kind


def page(*numbers: int, more: str = "", **said: object) -> Page:
    """A page of posts, newest first, perhaps with a further one."""
    following = (HttpRequest(url=more),) if more else ()
    return Page(posts=tuple(map(post, numbers)), more=following, **said)  # type: ignore[arg-type]


# ── Until it joins up ───────────────────────────────────────────────────────────────────────────────────────────────


def test_pinned_posts_on_top_do_not_end_the_way_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        kind = scripted(world, ScriptedKind({"1": page(1, 2, 13, 12, 11, 10, 9, 8)}))
        await world.poll()
        kind.pages = {
            "1": page(1, 2, 25, 24, 23, 22, 21, 20, more="2"),
            "2": page(1, 2, 19, 18, 17, 16, 15, 14, more="3"),
        }
        kind.pages["3"] = page(1, 2, 13, 12, 11, 10, 9, 8)
        assert (await world.poll()).new == 12
        assert world.web.addresses[-3:] == ["1", "2", "3"]
        assert world.count("gaps") == 0

    play(tmp_path, story)


def test_pinned_posts_without_a_way_back_leave_a_gap(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        kind = scripted(world, ScriptedKind({"1": page(1, 2, 13, 12, 11, 10, 9, 8)}))
        await world.poll()
        kind.pages = {"1": page(1, 2, 25, 24, 23, 22, 21, 20)}
        assert (await world.poll()).new == 6
        assert world.count("gaps") == 1

    play(tmp_path, story)


def test_an_answer_that_was_asked_for_what_came_since_needs_no_overlap(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        kind = scripted(world, ScriptedKind({"1": page(3, 2, 1)}))
        await world.poll()
        kind.pages = {"1": page(9, 8, 7, joined=True)}
        assert (await world.poll()).new == 3
        kind.pages = {"1": page(joined=True)}
        await world.poll()
        kind.pages = {"1": page(15, 14, more="2"), "2": page(13, 12, joined=True)}
        assert (await world.poll()).new == 4
        assert world.count("gaps") == 0

    play(tmp_path, story)


def test_a_gap_begins_where_the_source_was_last_read_whole(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        kind = scripted(world, ScriptedKind({"1": page(3, 2, 1)}))
        await world.poll()
        read_at = world.clock.now()
        world.web.etag = '"same for ever"'
        kind.pages = {"1": page(3, 2, 1)}
        await world.poll()
        read_again = world.clock.now()
        for _ in range(3):
            assert (await world.poll()).not_modified
        world.web.etag = '"another"'
        kind.pages = {"1": page(30, 20, 10)}
        await world.poll()
        (gap,) = world.rows("SELECT from_at FROM gaps")
        assert str(gap["from_at"])[:16] == read_again.isoformat()[:16] > read_at.isoformat()[:16]

    play(tmp_path, story)


def test_not_modified_is_not_believed_for_ever(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        kind = scripted(world, ScriptedKind({"1": page(3, 2, 1)}))
        world.web.etag = '"frozen"'
        await world.poll()
        assert (await world.poll()).not_modified
        kind.pages = {"1": page(4, 3, 2)}
        assert (await world.poll()).not_modified
        world.clock.moment += timedelta(days=1)
        assert (await world.poll()).new == 1
        assert world.web.requests[-1] == ("1", Validators())

    play(tmp_path, story)


# ── Lists and logins ────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_list_of_a_source_joins_up_with_itself(tmp_path: Path) -> None:
    def chained(first: Page, second: Page) -> dict[str, Page]:
        return {"1": replace(first, onward=HttpRequest(url="b", carry={"list": "b"})), "b": second}

    async def story(world: World) -> None:
        kind = scripted(world, ScriptedKind(chained(page(3, 2, 1), page(103, 102, 101))))
        await world.poll()
        kind.pages = chained(page(4, 3, 2), page(203, 202, 201, more="b2")) | {"b2": page(105, 104, 103)}
        assert (await world.poll()).new == 6
        assert world.web.addresses[-3:] == ["1", "b", "b2"]
        assert world.count("gaps") == 0

    play(tmp_path, story)


def chain(names: str, *numbers: int) -> dict[str, Page]:
    """A list for each name, one leading on to the next; the first is the source's own, "1"."""
    addresses = ["1", *names]
    pages = {}
    for place, address in enumerate(addresses):
        following = addresses[place + 1] if place + 1 < len(addresses) else None
        onward = HttpRequest(url=following, carry={"list": following}) if following else None
        pages[address] = replace(page(*(number + 1000 * place for number in numbers)), onward=onward)
    return pages


def test_a_list_that_is_added_to_a_watched_source_is_history_and_no_gap(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        kind = scripted(world, ScriptedKind(chain("b", 3, 2, 1)))
        await world.poll()
        kind.pages = chain("bc", 3, 2, 1)
        dated = tuple(replace(one, published=world.clock.now()) for one in kind.pages["c"].posts)
        kind.pages["c"] = replace(kind.pages["c"], posts=dated)
        report = await world.poll()
        assert (report.new, report.alerts, world.count("gaps")) == (3, 0, 0)
        kind.pages["c"] = page(2004, 2003)
        assert (await world.poll()).alerts == 1

    play(tmp_path, story)


def test_lists_that_a_slow_site_leaves_no_time_for_are_read_by_the_next_visit(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        kind = scripted(world, ScriptedKind(chain("bc", 3, 2, 1)))
        await world.poll()
        world.web.seconds = LONGEST.total_seconds() / 2 + 1
        kind.pages = chain("bc", 4, 3, 2)
        assert (await world.poll()).new == 2
        assert "not all lists" in str(state(world)["error"])
        world.web.seconds = 0.0
        report = await world.poll()
        assert (report.new, report.alerts, world.count("gaps")) == (1, 1, 0)

    play(tmp_path, story)


def test_answers_that_lead_on_for_ever_end_the_visit_and_leave_a_gap(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        kind = scripted(world, ScriptedKind({"1": page(3, 2, 1)}))
        await world.poll()
        kind.pages = {"1": Page(onward=HttpRequest(url="1"))}
        world.web.requests.clear()
        await world.poll()
        assert len(world.web.requests) == CHAIN
        assert world.count("gaps") == 1

    play(tmp_path, story)


def test_a_token_is_kept_in_memory_and_never_stored(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        scripted(world, ScriptedKind({"1": page(2, 1)}, login=True))
        ports = world.ports
        await world.poll(ports)
        await world.poll(ports)
        assert world.web.addresses == ["login", "1", "1"]
        assert ports.sessions == {world.source.name: "fresh"}
        assert "fresh" not in marks(world)
        await world.poll()  # another process
        assert world.web.addresses[3:] == ["login", "1"]

    play(tmp_path, story)


@pytest.mark.parametrize("refusal", [LoginRefused("expired"), StatusError(401)])
def test_a_token_that_ran_out_is_replaced_within_the_visit(tmp_path: Path, refusal: SourceError) -> None:
    async def story(world: World) -> None:
        kind = scripted(world, ScriptedKind({"1": page(2, 1)}, login=True))
        ports = world.ports
        await world.poll(ports)
        kind.refuses = {"1": refusal}
        assert (await world.poll(ports)).error is None
        assert world.web.addresses == ["login", "1", "1", "login", "1"]

    play(tmp_path, story)


def test_a_login_that_is_refused_is_not_tried_twice(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        kind = scripted(world, ScriptedKind({"1": page(2, 1)}, login=True))
        kind.refuses = {"login": LoginRefused("wrong password")}
        assert isinstance((await world.poll()).error, LoginRefused)
        assert world.web.addresses == ["login"]
        assert state(world)["health"] == "blocked"

    play(tmp_path, story)


def test_a_wait_that_an_answer_asks_for_is_waited_for_within_the_visit(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        kind = scripted(world, ScriptedKind({"1": page(3, 2, 1)}))
        await world.poll()
        kind.pages = {"1": page(9, 8, 7, more="2", wait=timedelta(seconds=30)), "2": page(6, 5, 3)}
        before = world.clock.now()
        assert (await world.poll()).new == 5
        assert world.clock.now() - before >= timedelta(seconds=90)  # a minute between polls, and the wait

    play(tmp_path, story)


def test_what_a_body_asks_for_is_heeded(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        kind = scripted(world, ScriptedKind({"1": page(2, 1, wait=timedelta(minutes=30))}))
        await world.poll()
        assert world.web.left_alone == {"1": timedelta(minutes=30)}
        kind.refuses = {"1": Throttled("too many requests", wait=timedelta(hours=2))}
        assert isinstance((await world.poll()).error, Throttled)
        assert world.web.left_alone == {"1": timedelta(hours=2)}

    play(tmp_path, story)


def test_a_layout_that_loses_its_dates_is_noted_until_they_are_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        dated = [replace(post(number), published=world.clock.now()) for number in (3, 2, 1)]
        kind = scripted(world, ScriptedKind({"1": Page(posts=tuple(dated))}))
        await world.poll()
        for _ in range(2):
            kind.pages = {"1": page(3, 2, 1)}
            await world.poll()
            assert state(world)["health"] == "degraded"
            assert "no dates any more" in str(state(world)["error"])
        kind.pages = {"1": Page(posts=tuple(dated))}
        await world.poll()
        assert state(world)["health"] == "ok"

    play(tmp_path, story)
