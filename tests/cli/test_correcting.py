"""`monitor correct`, `brands`, `domain-ranks` and `evaluate`, as people run them: real files, a real database."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.models import Lemmas, Post, Span
from monitor.store import Store, open_writer
from tests.alerting.alerts import make_mention
from tests.cli.inprocess import run_command
from tests.cli.test_changes import running

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NOW = datetime.now(UTC)
BRAND = "Тестокасса"
ANSWERS = 35  # of each kind: so many outweigh rules that are sure
CONFIG = """
contact: watch@shop.test
sentiment: fast
brands:
  - {name: Тестокасса, aliases: [testokassa], handles: ["@testokassa"], own: {domains: [testokassa.test]}}
  - {name: Тестокасса Плюс, competitor: true}
  - {name: МойСклад}
  - {name: Ромашка}
  - {name: Свалка, context: [marketplaces], rule: "lang:ru"}
sources:
  - {name: news, kind: feed, url: "http://127.0.0.1:9/feed", allow: [127.0.0.0/8]}
web: {listen: "127.0.0.1:0"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def lines(folder: Path, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    done = run_command(folder, *arguments, "--json")
    assert done.returncode == code, (done.stdout, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def text(folder: Path, *arguments: str, code: int = 0) -> str:
    done = run_command(folder, *arguments, environ={"COLUMNS": "160"})
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout + done.stderr


def store_mentions(folder: Path, texts: Sequence[str]) -> list[int]:
    """Mentions that were all said to be about the brand, as a poll would have stored them."""
    with closing(Store(open_writer(folder / "monitor.db"))) as store:
        source = store.import_source("forum", NOW)
        found = []
        for number, said in enumerate(texts):
            post = Post(native_id=f"n{number}", text=said, published=NOW - timedelta(hours=1))
            post_id = store.add_post(source, post, identities=[f"id:n{number}"], now=NOW)
            assert post_id is not None
            span = Span(field="text", start=0, end=len(BRAND), text=BRAND, kind="exact")
            mention = replace(make_mention(), brand=BRAND, spans=(span,))
            lemmas = Lemmas(text=said.lower())
            stored = store.add_mention(post_id, mention, decision="no route matches", lemmas=lemmas, now=NOW)
            assert stored is not None
            found.append(stored)
    return found


# ── answers ──


@pytest.mark.parametrize("with_daemon", [False, True])
def test_an_answer_counts_at_once_and_every_rescore_keeps_it(folder: Path, with_daemon: bool) -> None:
    store_mentions(folder, [f"{BRAND} опять сломалась", f"{BRAND} работает"])

    def steps() -> None:
        note = ("--note", "это другая касса", "--person", "Ирина")
        (said,) = lines(folder, "correct", "1", "--about", "no", *note)
        assert (said["brand"], said["about"], said["doubtful"], said["priority"]) == (BRAND, False, True, 0)
        assert (said["answers"], said["learned"]) == ({"yes": 0, "no": 1}, None)
        assert f"mention 2 is about {BRAND}: priority" in text(folder, "correct", "2", "--about", "yes")

    if with_daemon:
        with running(folder):
            steps()
    else:
        steps()
        lines(folder, "rescore", "--apply")
    (kept,) = lines(folder, "why", "1")
    assert (kept["doubtful"], kept["relevance"]) == (True, 0.0)
    assert f"a person answered that this is not about {BRAND}" in [why["text"] for why in kept["why"]]
    assert [one["id"] for one in lines(folder, "search", "doubtful:yes")] == [1]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("correct", "9", "--about", "yes"), 65, "no mention 9"),
        (("correct", "1"), 2, "--about"),
        (("correct", "99999999999999999999", "--about", "yes"), 2, "9223372036854775807"),
        (("correct", "1", "--about", "maybe"), 2, "maybe"),
        (("brands", "forms", "Никто"), 1, "configured are: Тестокасса"),
        (("brands", "learned", "Никто"), 1, "no mentions of 'Никто'"),
        (("brands", "learned", BRAND, "--undo", "--redo"), 2, "not both"),
        (("brands", "learned", BRAND, "--undo"), 65, "nothing that was learned"),
        (("brands", "learned", BRAND, "--redo"), 65, "nothing that was learned"),
        (("evaluate", "corrections"), 1, "nobody has answered"),
        (("evaluate", "corrections", "x.jsonl"), 2, "take no FILE"),
        (("evaluate", "relevance"), 2, "relevance needs at least one file"),
        (("domain-ranks", "none.csv"), 65, "none.csv: cannot be read"),
        (("domain-ranks", "empty.csv"), 65, "holds no ranks"),
        (("domain-ranks", "wrong.csv"), 65, "wrong.csv:2: is no `rank,domain`"),
        (("domain-ranks", "pipe"), 65, "pipe: is no regular file"),
        (("domain-ranks", "."), 65, ".: is no regular file"),
    ],
)
def test_wrong_usage_is_said_in_words(folder: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    (folder / "empty.csv").write_text("", encoding="utf-8")
    (folder / "wrong.csv").write_text("1,a.example\nb.example,2\n", encoding="utf-8")
    os.mkfifo(folder / "pipe")
    store_mentions(folder, [f"{BRAND} опять сломалась"])
    said = text(folder, *arguments, code=code)
    assert words in said
    assert "Traceback" not in said


# ── learning ──


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough answers of both kinds, the last of them given through the command; the rules had said yes to all."""
    folder = tmp_path_factory.mktemp("taught")
    (folder / "sources.yaml").write_text(CONFIG, encoding="utf-8")
    ours = [f"{BRAND} не печатает чек, касса зависла в магазине {number}" for number in range(ANSWERS)]
    others = [f"{BRAND} в театре, билет на спектакль и актёр {number}" for number in range(ANSWERS)]
    *answered, last = store_mentions(folder, [*ours, *others])
    with closing(Store(open_writer(folder / "monitor.db"))) as store:
        for mention in answered:
            store.add_correction(mention, about=mention <= ANSWERS, note="", person="", now=NOW)
    assert "nothing is learned yet: that takes 20 answers of each kind" in text(folder, "brands", "learned", BRAND)
    (said,) = lines(folder, "correct", str(last), "--about", "no")
    assert said["answers"] == {"yes": ANSWERS, "no": ANSWERS}
    assert (said["learned"]["version"], said["learned"]["counts"]) == (1, True)
    return folder


def test_what_was_learned_is_shown_beside_the_rules(taught: Path) -> None:
    (told,) = lines(taught, "brands", "learned", BRAND.lower())
    assert told["answers"] == {"yes": ANSWERS, "no": ANSWERS}
    assert told["right"] == {"recently": 0.3, "before": 1.0}  # all had been said to be about the brand
    (version,) = told["versions"]
    assert (version["state"], version["answers"]) == ("active", 2 * ANSWERS)
    figures = version["figures"]
    assert (figures["yes"], figures["no"], figures["rules_accuracy"]) == (ANSWERS, ANSWERS, 0.5)
    assert figures["accuracy"] > 0.9
    assert {word for word, _ in told["words"]["for"]} & {"касса", "чек", "магазин"}
    assert {word for word, _ in told["words"]["against"]} & {"театр", "билет", "спектакль"}
    shown = text(taught, "brands", "learned", BRAND)
    assert "words against it:" in shown
    assert "lost lately" in shown


def test_answers_are_held_against_the_rules(taught: Path) -> None:
    said = lines(taught, "evaluate", "corrections", "--wrong", "1")
    (told, missed) = said
    assert (told["brand"], told["n"], told["accuracy"]) == (BRAND, 2 * ANSWERS, 0.5)
    assert told["per_class"]["relevant"] == {"precision": 0.5, "recall": 1.0, "f1": 0.6667, "n": ANSWERS}
    assert told["per_class"]["irrelevant"]["n"] == ANSWERS
    assert told["learned"]["accuracy"] > told["learned"]["rules_accuracy"] == 0.5
    assert (missed["wanted"], missed["told"]) == (["irrelevant"], ["relevant"])
    assert "with what was learned" in text(taught, "evaluate", "corrections")


def test_what_was_learned_is_taken_back_and_brought_again(taught: Path) -> None:
    (told,) = lines(taught, "brands", "learned", BRAND, "--undo")
    assert (told["versions"][0]["state"], told["words"]) == ("undone", None)
    assert lines(taught, "evaluate", "corrections")[0]["learned"] is None
    (told,) = lines(taught, "brands", "learned", BRAND, "--redo")
    assert told["versions"][0]["state"] == "active"


# ── brands ──


def test_brands_are_listed_with_their_names_their_context_and_answers(taught: Path) -> None:
    shown = {one["brand"]: one for one in lines(taught, "brands")}
    ours = shown[BRAND]
    assert (ours["aliases"], ours["handles"], ours["domains"]) == (["testokassa"], ["@testokassa"], ["testokassa.test"])
    assert (ours["answers"]["yes"], shown["Ромашка"]["answers"]) == (ANSWERS, {"yes": 0, "no": 0})
    assert (shown["Свалка"]["packs"], shown["Свалка"]["automatic_packs"]) == (["marketplaces"], [])
    assert "inventory" in shown["МойСклад"]["automatic_packs"]
    listed = text(taught, "brands")
    assert "Тестокасса Плюс (competitor)" in listed
    assert "inventory (by itself)" in listed
    assert "a rule" in listed


def test_brands_are_listed_where_there_is_no_database_yet(folder: Path) -> None:
    assert [one["learned"] for one in lines(folder, "brands")] == [None] * 5


def test_every_form_by_which_a_brand_is_found_is_printed(folder: Path) -> None:
    (told,) = lines(folder, "brands", "forms", "ромашка")
    assert told["brand"] == "Ромашка"
    assert {"ромашки", "ромашке", "ромашку"} <= set(told["forms"]["inflected"])
    assert any("typing mistake" in said for said in told["besides"])
    assert "exact (2): testokassa, тестокасса" in text(folder, "brands", "forms", BRAND)


def test_check_says_which_names_find_too_much_and_what_is_taken_by_itself(folder: Path) -> None:
    said = text(folder, "check")
    assert "brand Ромашка: 'Ромашка' is an ordinary word too" in said
    assert "brand Тестокасса: «Тестокасса» stands inside «Тестокасса Плюс», a name of Тестокасса Плюс" in said
    assert "brand МойСклад: well known, takes the context packs inventory" in said


def test_check_refuses_a_context_pack_that_does_not_exist(folder: Path) -> None:
    (folder / "sources.yaml").write_text(CONFIG.replace("marketplaces", "marketplace"), encoding="utf-8")
    said = text(folder, "check", code=78)
    assert "there is no context pack 'marketplace'" in said
    assert "marketplaces" in said


# ── ranks ──


def test_ranks_of_domains_replace_those_of_before(folder: Path) -> None:
    (folder / "list.csv").write_text("1,big.example\r\n2,www.forum.example\r\n\r\n", encoding="utf-8")
    assert lines(folder, "domain-ranks", "list.csv") == [{"file": "list.csv", "given": 2, "known": 2}]
    (folder / "list.csv").write_text("\ufeff7,other.example\n", encoding="utf-8")
    assert "list.csv: 1 ranks taken over, 1 domains have one now" in text(folder, "domain-ranks", "list.csv")
    (folder / "list.csv").write_text("1,big.example\nnonsense\n", encoding="utf-8")
    text(folder, "domain-ranks", "list.csv", code=65)
    (folder / "list.csv").write_text("8,another.example\n", encoding="utf-8")
    assert lines(folder, "domain-ranks", "list.csv")[0]["known"] == 1  # nothing of the broken list was taken over


@pytest.mark.parametrize(
    "line",
    [
        "99999999999999999999,b.example",
        f"{'9' * 5000},b.example",
        "1000000001,b.example",
        "0,b.example",
        "-1,b.example",
        "٣,b.example",
        "2,",
        "2,bad .example",
        "2,bad\0.example",
        "2,https://b.example/",
        f"2,{'b' * 254}",
        "2,b.example,c.example",
    ],
)
def test_a_line_that_is_no_rank_is_named(folder: Path, line: str) -> None:
    (folder / "list.csv").write_text(f"1000000000,a.example\n{line}\n", encoding="utf-8")
    said = text(folder, "domain-ranks", "list.csv", code=65)
    assert "list.csv:2: is no `rank,domain`" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("blank", ["", "\n\n\n", " \r\n\t\n"])
def test_a_list_without_ranks_is_refused(folder: Path, blank: str) -> None:
    (folder / "list.csv").write_text(blank, encoding="utf-8")
    assert "list.csv: holds no ranks" in text(folder, "domain-ranks", "list.csv", code=65)


@pytest.mark.parametrize("with_daemon", [False, True])
def test_a_long_list_is_sent_in_parts_and_counts_when_it_is_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch, with_daemon: bool
) -> None:
    monkeypatch.setattr("monitor.cli.ranking.TOGETHER", 2)
    many = "".join(f"{rank},d{rank}.example\n" for rank in range(1, 6))
    with running(folder) if with_daemon else nullcontext():
        (folder / "list.csv").write_text(many, encoding="utf-8")
        assert lines(folder, "domain-ranks", "list.csv") == [{"file": "list.csv", "given": 5, "known": 5}]
        (folder / "list.csv").write_text(f"{many.replace('d', 'e')}nonsense\n", encoding="utf-8")
        assert "list.csv:6:" in text(folder, "domain-ranks", "list.csv", code=65)
        assert ranked(folder) == {f"d{rank}.example": rank for rank in range(1, 6)}


def ranked(folder: Path) -> dict[str, int]:
    with closing(sqlite3.connect(f"file:{folder / 'monitor.db'}?mode=ro", uri=True)) as database:
        return dict(database.execute("SELECT domain, rank FROM domain_ranks").fetchall())
