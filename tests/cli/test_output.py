"""What people see: tables, explanations and exit codes, with posts that try to move the cursor."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from monitor.models import (
    AlertIntent,
    Author,
    Dispatch,
    Label,
    Lemmas,
    Mention,
    Post,
    Receiver,
    Sentiment,
    Source,
    Span,
    Target,
    Why,
)
from monitor.store import Store, open_writer
from tests.cli.inprocess import run_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202eтекст"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A database with two mentions, one of them alerted, from a post full of control characters."""
    store = Store(open_writer(tmp_path / "monitor.db"))
    source = Source(name="forum", kind="feed", url="https://forum.example/feed?token=${TOKEN}", options=None)
    store.sync_sources([source], {"forum": "forum.example:443"}, NOW)
    for number, label in enumerate((Label.NEGATIVE, Label.POSITIVE), start=1):
        post = Post(native_id=f"n{number}", title=f"{HOSTILE} {number}", text="МойСклад", author=Author(name=HOSTILE))
        post_id = store.add_post(1, post, identities=[f"id:n{number}"], now=NOW)
        assert post_id is not None
        mention = Mention(
            brand="МойСклад",
            relevance=1.0,
            doubtful=False,
            spans=(Span(field="text", start=0, end=8, text="МойСклад", kind="exact"),),
            sentiment=Sentiment(label=label, negative=0.5, neutral=0.25, positive=0.25),
            special_cases=(),
            influence=18,
            priority=40,
            why=(Why(code="match", text="«МойСклад» is «МойСклад» (exact)", weight=1.0),),
        )
        mention_id = store.add_mention(post_id, mention, decision=f"reason {number}", lemmas=Lemmas(), now=NOW)
        if label is Label.NEGATIVE:
            receiver = Receiver(name="support", targets=(Target(key="k", url="json://127.0.0.1:9/"),))
            store.add_alert(mention_id, AlertIntent(key="k", reason="r", to=(Dispatch(receiver, "because"),)), now=NOW)
    store.close()
    return tmp_path


@pytest.mark.parametrize("command", [("mentions",), ("why", "1"), ("sources",), ("deliveries",)])
def test_no_control_character_of_a_post_reaches_the_terminal(folder: Path, command: tuple[str, ...]) -> None:
    shown = run_command(folder, *command)
    assert shown.returncode == 0
    assert "\x1b" not in shown.stdout
    assert "\x07" not in shown.stdout
    assert "\u202e" not in shown.stdout


def test_mentions_are_newest_first_and_filtered(folder: Path) -> None:
    lines = [json.loads(line) for line in run_command(folder, "mentions", "--json").stdout.splitlines()]
    assert [line["id"] for line in lines] == [2, 1]
    assert lines[0]["post"]["native_id"] == "n2"
    only = run_command(
        folder, "mentions", "--json", "--sentiment", "negative", "--brand", "МойСклад"
    ).stdout.splitlines()
    assert [json.loads(line)["id"] for line in only] == [1]
    assert run_command(folder, "mentions", "--brand", "nobody").returncode == 1


def test_why_says_what_was_decided_and_who_was_told(folder: Path) -> None:
    text = run_command(folder, "why", "1").stdout
    assert "Is it about МойСклад?" in text
    assert "  - «МойСклад» is «МойСклад» (exact)." in text
    assert "Who was told, and why? Reason 1." in text
    assert "support: pending, because" in text
    assert json.loads(run_command(folder, "why", "2", "--json").stdout)["deliveries"] == []
    missing = run_command(folder, "why", "99")
    assert (missing.returncode, missing.stdout, missing.stderr) == (1, "", "monitor: there is no mention 99\n")


def test_sources_and_deliveries_as_json(folder: Path) -> None:
    source = json.loads(run_command(folder, "sources", "--json").stdout)
    assert (source["name"], source["health"], source["posts"]) == ("forum", "ok", 2)
    delivery = json.loads(run_command(folder, "deliveries", "--json").stdout)
    assert (delivery["receiver"], delivery["state"], delivery["attempts"]) == ("support", "pending", 0)
    assert run_command(folder, "deliveries", "--state", "dead").returncode == 1


def test_a_secret_of_a_source_is_shown_as_it_is_spelt(folder: Path) -> None:
    assert "token=${TOKEN}" in run_command(folder, "sources", "--json").stdout


def test_reading_before_the_first_run_says_what_to_do(tmp_path: Path) -> None:
    refused = run_command(tmp_path, "mentions")
    assert refused.returncode == 78
    assert "start `monitor run` first" in refused.stderr


def test_wrong_usage_is_exit_code_2(tmp_path: Path) -> None:
    assert run_command(tmp_path, "mentions", "--nonsense").returncode == 2
    assert run_command(tmp_path, "why", "x").returncode == 2
    assert run_command(tmp_path, "demo", "--json").returncode == 2


def test_check_prints_every_mistake_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(
        "contact: t@monitor.test\nbrands: []\nsources: 3\nbrand: 1\n", encoding="utf-8"
    )
    refused = run_command(tmp_path, "check")
    assert refused.returncode == 78
    assert len([line for line in refused.stderr.splitlines() if "sources.yaml:" in line]) >= 3


def test_check_names_addresses_that_apprise_does_not_understand(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(
        "contact: t@monitor.test\nbrands: [{name: Лента}]\n"
        'sources: [{name: a, kind: feed, url: "https://forum.example/feed"}]\n'
        'receivers: {support: {urls: ["nonsense://x"]}}\nroutes: [{match: "sentiment:negative", to: support}]\n',
        encoding="utf-8",
    )
    checked = run_command(tmp_path, "check")
    assert checked.returncode == 1
    place = "sources.yaml:4:30: receivers.support.urls[0]: Apprise does not understand it"
    assert f"{place} (Apprise knows no service 'nonsense')" in checked.stdout
    assert "'Лента'" in checked.stdout  # an ordinary word is warned of
    assert "brand Лента: well known, takes the context packs retail by itself" in checked.stdout


def test_schema_is_json(tmp_path: Path) -> None:
    assert json.loads(run_command(tmp_path, "schema").stdout)["type"] == "object"


# ── What is unsure, nearly negative, or rated otherwise than it reads ───────────────────────────────────────────────

AGAINST = Why(code="contradiction", text="the text alone reads negative (0.83), against its stars", weight=0.83)
TORN = Sentiment(label=Label.NEUTRAL, negative=0.4, neutral=0.45, positive=0.15)
GLAD = Sentiment(label=Label.POSITIVE, negative=0.01, neutral=0.05, positive=0.94)


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """Two mentions: 1 nearly negative and unsure, 2 of five stars with an angry text; and routes that take neither."""
    routes = ("sentiment:negative", "sentiment:negative priority>=90", "brand:МойСклад NOT sentiment:neutral rating<=2")
    (tmp_path / "sources.yaml").write_text(
        "contact: t@monitor.test\nbrands: [{name: МойСклад}]\n"
        'sources: [{name: forum, kind: feed, url: "https://forum.example/feed"}]\n'
        "receivers:\n"
        + "".join(f'  r{place}: {{urls: ["json://127.0.0.1:9/"]}}\n' for place in range(len(routes)))
        + "routes:\n"
        + "".join(f'  - {{match: "{match}", to: r{place}, continue: true}}\n' for place, match in enumerate(routes)),
        encoding="utf-8",
    )
    store = Store(open_writer(tmp_path / "monitor.db"))
    source = Source(name="forum", kind="feed", url="https://forum.example/feed", options=None)
    store.sync_sources([source], {"forum": "forum.example:443"}, NOW)
    for number, (sentiment, rating, why) in enumerate(((TORN, None, ()), (GLAD, 5.0, (AGAINST,))), start=1):
        post = Post(native_id=f"n{number}", text="МойСклад", rating=rating, lang="ru")
        post_id = store.add_post(1, post, identities=[f"id:n{number}"], now=NOW)
        assert post_id is not None
        mention = Mention(
            brand="МойСклад",
            relevance=1.0,
            doubtful=False,
            spans=(),
            sentiment=sentiment,
            special_cases=(),
            influence=18,
            priority=40,
            why=why,
        )
        store.add_mention(post_id, mention, decision="no route matches", lemmas=Lemmas(), now=NOW)
    store.close()
    return tmp_path


def test_lists_mark_what_is_unsure_and_what_is_rated_otherwise_than_it_reads(told: Path) -> None:
    listed = " ".join(run_command(told, "mentions").stdout.split())
    assert "МойСклад positive 40 forum (text against its stars) МойСклад" in listed
    assert "МойСклад neutral? 40 forum МойСклад" in listed
    found = run_command(told, "search", "*").stdout
    assert "МойСклад: positive, 5 of 5 stars against its text, priority 40" in found
    assert "МойСклад: neutral?, priority 40" in found


def rejudge(folder: Path, whys: Mapping[int, tuple[Why, ...]]) -> None:
    """The mentions as doubtful, each for these reasons."""
    store = Store(open_writer(folder / "monitor.db"))
    for number, why in whys.items():
        ((view,),) = (kept.mentions for kept in store.kept_posts([number]))
        doubted = replace(view.mention, doubtful=True, relevance=0.0, why=why)
        store.rejudge_mention(number, doubted, lemmas=Lemmas(), decision=None)
    store.close()


def test_lists_mark_what_is_doubtful_and_what_a_person_says_is_not_about_us(told: Path) -> None:
    rejudge(told, {1: (), 2: (Why(code="corrected", text="a person answered …", weight=0.0),)})
    listed = " ".join(run_command(told, "mentions").stdout.split())
    assert "МойСклад positive 40 forum (not about us) МойСклад" in listed
    assert "МойСклад neutral? 40 forum (doubtful) МойСклад" in listed
    found = run_command(told, "search", "*").stdout
    assert "МойСклад: positive, not about us, 5 of 5 stars, priority 40" in found
    assert "МойСклад: neutral?, doubtful, priority 40" in found


def test_why_says_who_answered_and_names_mentions_and_not_only_posts(told: Path) -> None:
    copy = "a copy of post 1 at forum, 2026-11-21: 100 % of its word pairs"
    answered = (Why(code="corrected", text="a person answered …", weight=0.0), Why(code="story", text=copy, weight=1.0))
    rejudge(told, {2: answered})
    store = Store(open_writer(told / "monitor.db"))
    for person, about in (("Ada", True), ("Bob", False)):
        store.add_correction(2, about=about, note="", person=person, now=NOW)
    store.add_correction(1, about=True, note="", person="Eve", now=NOW)
    store.close()
    text = run_command(told, "why", "2").stdout
    assert "Is it about МойСклад? No: Bob said so on 2026-11-21.\n" in text
    assert "  - A copy of post 1 (mention 1) at forum, 2026-11-21: 100 % of its word pairs. [1]\n" in text


def test_why_takes_any_number_and_its_help_shows_no_range(told: Path) -> None:
    unknown = run_command(told, "why", "99999999999999999999")
    assert (unknown.returncode, unknown.stderr) == (1, "monitor: there is no mention 99999999999999999999\n")
    assert "9223372036854775807" not in run_command(told, "why", "--help").stdout


def test_why_says_of_a_route_that_would_match_now_that_it_told_nobody(told: Path) -> None:
    routes = (told / "sources.yaml").read_text(encoding="utf-8").replace("NOT sentiment:neutral rating<=2", "")
    (told / "sources.yaml").write_text(routes, encoding="utf-8")
    text = run_command(told, "why", "2", "--receiver", "r2").stdout
    assert "(it is МойСклад); so it is now, but r2 was not told then, for the reason above." in text


def test_search_finds_what_is_unsure_or_alarming(told: Path) -> None:
    for query in ("unsure:yes", "alarming:yes", "alarming:yes NOT sentiment:negative"):
        hits = run_command(told, "search", query, "--json").stdout.splitlines()
        (hit,) = map(json.loads, hits)
        assert (hit["id"], hit["unsure"], hit["alarming"]) == (1, True, True), query


def test_why_says_that_it_is_unsure_and_which_route_nearly_matched(told: Path) -> None:
    text = run_command(told, "why", "1").stdout
    assert "How is it felt? Unsure: neutral 45 %, negative 40 %, positive 15 % toward МойСклад." in text
    nearly = "nearly negative: alarming:yes instead would have matched"
    lines = [line for line in text.splitlines() if "by the route" in line]
    assert [nearly in line for line in lines] == [True, False, False]
    assert lines[0].endswith(f"no: sentiment:negative (it is neutral); {nearly}.")


def test_why_says_that_a_text_is_against_its_stars(told: Path) -> None:
    text = run_command(told, "why", "2").stdout
    assert "  - The text alone reads negative (0.83), against its stars. [0.83]" in text
    assert "nearly negative" not in text
