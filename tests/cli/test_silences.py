"""Silences as people give them at the command line, over the real verbs and the store."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.flows.dispatching import flush
from tests.cli.casedesk import BRAND, CONFIG, LATE, OLGA, PETR, RITA, Desk, desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path


GROUPED = CONFIG.replace(", group_wait: 0s, group_interval: 0s", "").replace(", budget: off", "")
"""Routes and receivers as they are where nothing is said of when messages leave."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path, config=GROUPED) as opened:
        yield opened


SHORTLY = ("--for", "20s", "--comment", "x")


def minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def leave(shop: Desk) -> None:
    """The messages of groups whose time has come leave, or are muted."""
    place = shop.places["forum"]
    shop._wait(place.writer.run(lambda store: flush(store, place.plan, shop.now)))


def notes(shop: Desk) -> list[tuple[str, str | None]]:
    """State and note of each delivery of the mentions, oldest first."""
    found = []
    for mention in sorted(one["id"] for one in shop.rows("mentions")):
        found += shop.rows("routes", "explain", str(mention))[0]["deliveries"]
    return [(one["state"], one["note"]) for one in sorted(found, key=lambda one: one["id"])]


def test_a_silence_is_added_listed_and_ended(shop: Desk) -> None:
    begin, end = shop.now, shop.now + timedelta(days=2)
    done = shop.run("silence", "add", f"brand:{BRAND}", "--for", "2d", "--comment", "known  campaign", as_="вера")
    assert done.stdout == f"silence 1 of brand:{BRAND} by Вера until {minute(end)}: known campaign\n"
    (listed,) = shop.rows("silence")
    assert listed == {
        "id": 1,
        "match": f"brand:{BRAND}",
        "case": None,
        "starts_at": begin.isoformat(),
        "ends_at": end.isoformat(),
        "person": "Вера",
        "comment": "known campaign",
    }
    table = shop.run("silence", "list").stdout
    assert "known campaign" in table
    assert f"{end:%m-%d %H:%M}" in table

    shop.passes(hours=1)
    ended = shop.run("silence", "end", "1").stdout
    assert ended == f"ended: silence 1 of brand:{BRAND} by Вера until {minute(shop.now)}: known campaign\n"
    assert "no silence holds; --all shows those that ended" in shop.run("silence", "list", code=1).stderr
    assert "ended" in shop.run("silence", "list", "--all").stdout
    assert [one["ends_at"] for one in shop.rows("silence", "list", "--all")] == [shop.now.isoformat()]
    again = shop.run("silence", "end", "1", code=65)
    assert f"silence 1 ended at {minute(shop.now)}" in again.stderr


def test_a_silence_ends_by_itself(shop: Desk) -> None:
    shop.run("silence", "add", "price", "--until", "2026-11-21T14:30", "--comment", "x")
    shop.run("silence", "add", "price", "--until", "2026-11-22", "--comment", "y")
    shop.run("silence", "add", "price", "--until", "2026-11-21T17:00+02:00", "--comment", "z")
    assert [(one["comment"], one["ends_at"][:16]) for one in shop.rows("silence")] == [
        ("z", "2026-11-21T15:00"),
        ("y", "2026-11-22T00:00"),
        ("x", "2026-11-21T14:30"),
    ]
    shop.passes(hours=4)
    assert [one["comment"] for one in shop.rows("silence")] == ["y"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((f"brand:{BRAND}", "--for", "1d"), "say why"),
        ((f"brand:{BRAND}", "--for", "1d", "--comment", "  "), "say why"),
        ((f"brand:{BRAND}", "--for", "1d", "--comment", "x" * 201), "at most 200 characters, not 201"),
        ((f"brand:{BRAND}", "--comment", "x"), "say for how long"),
        ((f"brand:{BRAND}", "--comment", "x", "--for", "soon"), "'soon' is no time; write 30m, 2h or 7d"),
        ((f"brand:{BRAND}", "--comment", "x", "--for", "3000000y"), "is no time"),
        ((f"brand:{BRAND}", "--comment", "x", "--until", "tomorrow"), "is no time; write 2026-11-30"),
        ((f"brand:{BRAND}", "--comment", "x", "--until", "2026-11-21T12:00"), "later than now"),
        ((f"brand:{BRAND}", "--comment", "x", "--for", "0s"), "later than now"),
        ((f"brand:{BRAND}", "--comment", "x", "--for", "91d"), "at most 90d"),
        (("--comment", "x", "--for", "1d"), "of what satisfies a query, or of a case"),
        ((f"brand:{BRAND}", "--case", "1", "--comment", "x", "--for", "1d"), "give one of them"),
        (("--case", "7", "--comment", "x", "--for", "1d"), "there is no case 7"),
        ((f"brand:{BRAND}", "--comment", "x", "--for", "1d", "--as", "Ян"), "nobody here is called 'Ян'; there are"),
        ((f"brand:{BRAND}", "--comment", "x", "--for", "1d", "--until", "2026-11-22"), "say for how long"),
    ],
)
def test_a_silence_that_does_not_say_what_until_when_why_or_by_whom_is_refused(
    shop: Desk, arguments: tuple[str, ...], said: str
) -> None:
    done = shop.run("silence", "add", *arguments, code=65)
    assert said in " ".join(done.stderr.split())
    assert "no silence holds" in shop.run("silence", code=1).stderr


def test_a_query_that_cannot_be_read_is_shown_with_its_place(shop: Desk) -> None:
    done = shop.run("silence", "add", "brand:(", "--for", "1d", "--comment", "x", code=2)
    assert "brand: needs a value at character 7" in done.stderr


def test_a_silence_that_is_not_there_cannot_be_ended(shop: Desk) -> None:
    assert "there is no silence 4" in shop.run("silence", "end", "4", code=65).stderr


def test_where_nobody_is_entered_whoever_asks_may_silence(tmp_path: Path) -> None:
    with desk(tmp_path, staff=False) as alone:
        alone.run("silence", "add", "price", "--for", "1h", "--comment", "x", as_="sasha")
        assert [one["person"] for one in alone.rows("silence")] == ["sasha"]


def test_it_says_how_many_deliveries_that_wait_it_mutes_and_mutes_them(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.says(PETR, f"В {BRAND} касса не работает, ужасно, третий день без чеков")
    shop.run("silence", "add", "посылка", "--for", "1h", "--comment", "strike at the post", as_="Вера")
    end = minute(shop.now + timedelta(hours=1))
    assert [one["waiting"] for one in shop.rows("silence", "add", "кассы", *SHORTLY)] == [1]  # whatever the inflection
    assert [one["waiting"] for one in shop.rows("silence", "add", "язык", *SHORTLY)] == [0]
    done = shop.run("silence", "add", f"brand:{BRAND}", *SHORTLY)
    assert done.stdout.splitlines()[1] == "it mutes 2 deliveries that wait now"
    shop.passes(minutes=15)
    leave(shop)
    assert notes(shop) == [("muted", f"silence 1 by Вера until {end}: strike at the post"), ("pending", None)]


def test_a_silence_of_a_case_mutes_what_joins_it_and_what_is_told_of_it(shop: Desk) -> None:
    thread = shop.says(OLGA, LATE)
    shop.says(RITA, f"{BRAND} нахамили в чате поддержки, отвратительно")
    shop.passes(minutes=15)
    leave(shop)
    told = shop.rows("silence", "add", "--case", "1", "--for", "1d", "--comment", "agreed by phone")[0]["silence"]
    assert (told["case"], told["match"]) == (1, "*")
    why = f"silence 1 by Ира until {minute(shop.now + timedelta(days=1))}: agreed by phone"
    shop.says(OLGA, f"{LATE}, и снова тишина, это ужасно", to=thread)
    shop.says(PETR, f"В {BRAND} касса не работает, ужасно, третий день без чеков")
    shop.passes(hours=9)
    leave(shop)
    stored = [one for one in shop.rows("deliveries", "--limit", "100") if one["state"] == "muted"]
    assert {(one["mention_id"], one["notice"]) for one in stored} >= {(3, None), (None, "wrote"), (None, "breach")}
    assert {one["case_id"] for one in stored if one["notice"]} == {1}
    assert {one["mention_id"] for one in stored if not one["notice"]} == {3}
    (joined,) = shop.rows("routes", "explain", "3")
    assert [one["note"] for one in joined["deliveries"]] == [why]
    assert [one["id"] for one in joined["silences"]] == [1]
