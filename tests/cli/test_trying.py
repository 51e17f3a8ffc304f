"""`monitor routes test`: a changed configuration is tried on what is stored, and nothing of it is written."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.alerting.routes import CompiledRoute, decide
from monitor.models import Author, Label, Lemmas, Post, Receiver, Sentiment, Target, Why
from monitor.query import parse
from monitor.store import Store, open_writer
from tests.alerting.alerts import make_mention
from tests.cli.inprocess import Done, run_command

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime.now(UTC).replace(microsecond=0)
BAD, CALM = (
    Sentiment(label=label, negative=negative, neutral=1 - negative, positive=0.0)
    for label, negative in ((Label.NEGATIVE, 1.0), (Label.NEUTRAL, 0.0))
)
CONFIG = """\
contact: tests@monitor.test
sentiment: fast
brands: [{brands}]
sources: [{{name: reviews, kind: feed, url: "https://reviews.test/feed"}}]
receivers: {{support: {{urls: ["json://127.0.0.1:9/a"]}}, lead: {{urls: ["json://127.0.0.1:9/b"]}}}}
routes: [{routes}]
"""
SUPPORT = Receiver(name="support", targets=(Target(key="a", url="json://127.0.0.1:9/a"),))
FIRST = '{match: "sentiment:negative", to: support}'


def configure(folder: Path, routes: str, *, brands: str = "{name: Тестомаркет}", name: str = "sources.yaml") -> None:
    (folder / name).write_text(CONFIG.format(routes=routes, brands=brands), encoding="utf-8")


def stored(folder: Path, texts: list[tuple[str, Sentiment, int]], *, days: int = 1, why: tuple[Why, ...] = ()) -> None:
    """Mentions as a daemon with the first configuration recorded them: text, sentiment and priority of each."""
    store = Store(open_writer(folder / "monitor.db"))
    source = store.import_source("reviews", NOW)
    with closing(sqlite3.connect(folder / "monitor.db")) as connection, connection:
        connection.execute("UPDATE sources SET kind = 'feed', baseline_at = '2020-01-01T00:00:00.000Z'")
    found = NOW - timedelta(days=days)
    for number, (text, sentiment, priority) in enumerate(texts):
        post = Post(url=f"https://reviews.test/{days}/{number}", text=text, author=Author(name="Ольга"), lang="ru")
        post_id = store.add_post(source, post, identities=[f"id:{days}-{number}"], now=found)
        assert post_id is not None
        if "Тестомаркет" not in text:
            continue
        mention = replace(make_mention(), brand="Тестомаркет", sentiment=sentiment, priority=priority, why=why)
        decision = decide(
            post,
            mention,
            lemmas=Lemmas(text=text.lower()),
            source="reviews",
            key=f"reviews:{days}-{number}",
            silent="first poll" if why else None,
            competitor=False,
            routes=[CompiledRoute(parse("sentiment:negative"), SUPPORT)],
            now=found,
        )
        lemmas = Lemmas(text=text.lower())
        mention_id = store.add_mention(post_id, mention, decision=decision.reason, lemmas=lemmas, now=found)
        if decision.alert is not None:
            store.add_alert(mention_id, decision.alert, now=found)
    store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    configure(tmp_path, FIRST)
    texts = [("Тестомаркет плохо один", BAD, 30), ("Тестомаркет плохо два", BAD, 80), ("Тестомаркет хорошо", CALM, 90)]
    stored(tmp_path, texts)
    return tmp_path


def monitor(folder: Path, *arguments: str) -> Done:
    done = run_command(folder, "routes", "test", *arguments, environ={"COLUMNS": "100"})
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done


def lines(folder: Path, *arguments: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The changes that were printed, and the counts after them."""
    *changes, counts = [json.loads(line) for line in monitor(folder, *arguments, "--json").stdout.splitlines()]
    return changes, counts


def told(changes: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    return [(one["change"], one["receiver"], one["mention"]) for one in changes]


def test_R64_what_has_not_changed_shows_no_difference(folder: Path) -> None:
    changes, counts = lines(folder)
    assert changes == []
    assert counts["receivers"] == {"support": {"then": 2, "now": 2, "new": 0, "gone": 0}}
    assert (counts["mentions"], counts["silent"], counts["judged_again"]) == (3, 0, False)


def test_R64_a_changed_configuration_is_tried_on_the_stored_history(folder: Path) -> None:
    configure(folder, '{match: "priority>=80", to: support, continue: true}, {to: lead}', name="new.yaml")
    changes, counts = lines(folder, "--since", "90d", "--config", "new.yaml")
    assert sorted(told(changes)) == [
        ("gone", "support", 1),
        ("new", "lead", 1),
        ("new", "lead", 2),
        ("new", "lead", 3),
        ("new", "support", 3),
    ]
    assert counts["receivers"] == {
        "lead": {"then": 0, "now": 3, "new": 3, "gone": 0},
        "support": {"then": 2, "now": 2, "new": 1, "gone": 1},
    }
    gone = next(one for one in changes if one["change"] == "gone")
    assert gone["reason"] == "alert to lead (route matches: *)"
    assert (gone["title"], gone["url"]) == ("Тестомаркет плохо один", "https://reviews.test/1/0")


def test_R64_a_threshold_in_the_usual_file_is_tried_too_and_said_in_words(folder: Path) -> None:
    configure(folder, '{match: "sentiment:negative priority>=50", to: support}')
    said = monitor(folder).stdout
    rows = [line.split() for line in said.splitlines()]
    assert ["support", "2", "1", "0", "1"] in rows
    assert ["1", "support"] in [row[:2] for row in rows]
    assert "https://reviews.test/1/0" in said
    assert said.splitlines()[-1].endswith("as they are stored; nothing was changed")


def test_R64_where_brands_differ_posts_are_judged_again(folder: Path) -> None:
    stored(folder, [("Новомаркет опять ужасно нахамил, верните деньги", BAD, 50)], days=2)
    configure(folder, FIRST, brands="{name: Новомаркет}", name="new.yaml")
    changes, counts = lines(folder, "--config", "new.yaml")
    assert counts["judged_again"] is True
    assert sorted((one["change"], one["brand"], one["mention"]) for one in changes if one["mention"]) == [
        ("gone", "Тестомаркет", 1),
        ("gone", "Тестомаркет", 2),
    ]
    assert {one["reason"] for one in changes if one["mention"]} == {"recorded only: the brand is not watched"}
    (gained,) = [one for one in changes if one["mention"] is None]
    assert (gained["change"], gained["brand"], gained["receiver"]) == ("new", "Новомаркет", "support")


def test_R64_nothing_is_written(folder: Path) -> None:
    def content() -> list[str]:
        with closing(sqlite3.connect(folder / "monitor.db")) as connection:
            return [line for line in connection.iterdump() if "mention_search_" not in line]

    before = content()
    configure(folder, '{match: "*", to: lead}', brands="{name: Тестомаркет, aliases: [хорошо]}", name="new.yaml")
    lines(folder, "--config", "new.yaml")
    assert content() == before


def test_what_was_recorded_silently_counts_only_when_asked_for(folder: Path) -> None:
    why = (Why(code="silent", text="first poll"),)
    stored(folder, [("Тестомаркет плохо давно", BAD, 30)], days=9, why=why)
    _, counts = lines(folder)
    assert (counts["mentions"], counts["silent"], counts["receivers"]["support"]["new"]) == (4, 1, 0)
    assert "1 of them recorded silently (--silent counts them, too)" in monitor(folder).stdout
    changes, counts = lines(folder, "--silent")
    assert (counts["silent"], told(changes)) == (0, [("new", "support", 4)])


@pytest.mark.parametrize("routes", [FIRST, '{match: "*", to: lead}'])
def test_what_was_told_though_it_was_there_before_the_source_was_watched_counts(folder: Path, routes: str) -> None:
    with closing(sqlite3.connect(folder / "monitor.db")) as connection, connection:
        connection.execute("UPDATE sources SET baseline_at = '2099-01-01T00:00:00.000Z'")
    configure(folder, routes, name="new.yaml")
    _, counts = lines(folder, "--config", "new.yaml")
    assert counts["receivers"]["support"]["then"] == 2
    assert counts["receivers"]["lead" if "lead" in routes else "support"]["now"] == 2
    assert counts["silent"] == 1  # nobody was told of the third


def test_only_posts_since_then_are_looked_at(folder: Path) -> None:
    stored(folder, [("Тестомаркет плохо давно", BAD, 30)], days=100)
    assert lines(folder)[1]["mentions"] == 3
    assert lines(folder, "--since", "200d")[1]["mentions"] == 4


def test_a_route_looks_at_time_as_it_was_when_the_mention_was_found(folder: Path) -> None:
    stored(folder, [("Тестомаркет плохо давно", BAD, 30)], days=30)
    configure(folder, '{match: "since:1h sentiment:negative", to: support}', name="new.yaml")
    changes, counts = lines(folder, "--config", "new.yaml")
    assert (changes, counts["receivers"]["support"]["now"]) == ([], 3)


def test_the_first_twenty_are_shown_and_json_has_all(folder: Path) -> None:
    stored(folder, [(f"Тестомаркет нормально {number}", CALM, 10) for number in range(30)], days=3)
    configure(folder, "{to: lead}", name="new.yaml")
    said = monitor(folder, "--config", "new.yaml").stdout
    assert "… 20 of 33; all with --json" in said
    assert len([one for one in lines(folder, "--config", "new.yaml")[0] if one["change"] == "new"]) == 33


def test_R64_brands_that_were_changed_in_the_usual_file_are_tried_with_judge(folder: Path) -> None:
    stored(folder, [("Новомаркет опять ужасно нахамил, верните деньги", BAD, 50)], days=2)
    configure(folder, FIRST, brands="{name: Тестомаркет}, {name: Новомаркет}")
    assert lines(folder)[0] == []
    changes, counts = lines(folder, "--judge")
    assert counts["judged_again"] is True
    assert [one["mention"] for one in changes if one["brand"] == "Новомаркет"] == [None]
