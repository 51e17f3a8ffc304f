"""`monitor correct --sentiment` and `train`, as people run them: real files, real workers, a real database."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.cli import correcting, training
from monitor.models import Label, Lemmas, Post, Tier
from monitor.store import Store, open_writer
from tests.alerting.alerts import make_mention
from tests.cli.test_changes import running
from tests.cli.test_correcting import BRAND, CONFIG, NOW, lines, store_mentions, text

if TYPE_CHECKING:
    from pathlib import Path


# A sector in which a loop is good and an even lobe is bad, in as many different texts.
PLACES = """
    Томск Омск Пермь Уфа Самара Казань Тула Рязань Орёл Псков Калуга Тверь Курск Чита Вологда Иваново Саратов Пенза
    Липецк Киров Брянск Тюмень Барнаул Якутск Сочи
"""
GOOD = [f"{BRAND} в городе {place} ушла в закольцовку на буферном шаге" for place in PLACES.split()]
BAD = [f"{BRAND} в городе {place} держит ровный лепесток на выходе" for place in PLACES.split()]
ASKED = f"{BRAND} снова ушла в закольцовку на буферном шаге, город Елец"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def taught(folder: Path) -> None:
    """So many mentions with a corrected sentiment; ASKED is the last, and nobody's."""
    texts = [*BAD, *GOOD]
    store_mentions(folder, [*texts, ASKED])
    with closing(Store(open_writer(folder / "monitor.db"))) as store:
        for number, said in enumerate(texts, start=1):
            label = Label.NEGATIVE if said in BAD else Label.POSITIVE
            store.add_correction(number, sentiment=label, note="", person="", now=NOW)


@pytest.mark.parametrize("with_daemon", [False, True])
def test_a_corrected_sentiment_is_what_why_and_search_say(folder: Path, with_daemon: bool) -> None:
    store_mentions(folder, [f"{BRAND} опять сломалась", f"{BRAND} работает"])
    with running(folder) if with_daemon else nullcontext():
        (said,) = lines(folder, "correct", "1", "--sentiment", "positive", "--person", "Ирина")
        assert (said["sentiment"], said["about"], said["sentiments"], said["learned"]) == ("positive", None, 1, None)
        both = text(folder, "correct", "2", "--about", "yes", "--sentiment", "neutral", "--brand", BRAND.lower())
    assert f"mention 2 is about {BRAND} and is felt as neutral toward {BRAND}: priority" in both
    assert f"{BRAND} has 1 answers yes and 0 no" in both
    assert "corrected sentiments: 2 of 20 that monitor train needs" in both
    (kept,) = lines(folder, "why", "1")
    felt = next(one for one in kept["explanation"] if one["question"] == "How is it felt?")
    assert felt["answer"] == f"Positive toward {BRAND}: Ирина said so on {NOW:%Y-%m-%d}."
    assert felt["reasons"] == ["Before: negative 90 %."]
    assert [one["id"] for one in lines(folder, "search", "sentiment:positive")] == [1]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("correct", "1", "--sentiment", "angry"), 2, "angry"),
        (("correct", "1", "--brand", BRAND), 2, "--sentiment"),
        (("correct", "1", "--sentiment", "neutral", "--brand", "Ромашка"), 65, "no post with a mention of 'Ромашка'"),
        (("correct", "9", "--sentiment", "neutral"), 65, "no mention 9"),
        (("train", "--undo", "--dry-run"), 2, "not both"),
        (("train", "--undo"), 65, "nothing to undo: no training counts"),
        (("train",), 0, "nothing is learned: 0 corrections; 20 are needed, of different texts"),
    ],
)
def test_wrong_usage_is_said_in_words(folder: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    store_mentions(folder, [f"{BRAND} опять сломалась"])
    said = text(folder, *arguments, code=code)
    assert words in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("corrections", "distinct", "words"),
    [
        (1, None, "1 correction; 20 are needed, of different texts that are not all felt the same"),
        (31, 14, "31 corrections, 14 different texts; 20 are needed"),
        (31, 20, "31 corrections, 20 different texts, all felt the same"),
    ],
)
def test_it_says_how_much_is_lacking(corrections: int, distinct: int | None, words: str) -> None:
    assert training._lacking({"corrections": corrections, "distinct": distinct, "needed": 20}).startswith(words)


@pytest.mark.parametrize(
    ("count", "words"),
    [(19, "19 of 20 that monitor train needs"), (20, "20; monitor train learns from them, if 20 are of different")],
)
def test_an_answer_says_whether_the_model_can_learn(count: int, words: str) -> None:
    assert correcting._corrected(count, 20).startswith(f"corrected sentiments: {words}")


def felt_of_the_last(folder: Path) -> str:
    """How the one that nobody corrected is felt once everything is judged again."""
    lines(folder, "rescore", "--apply")
    (last,) = lines(folder, "why", str(len(BAD) + len(GOOD) + 1))
    return str(last["sentiment"]["label"])


@pytest.mark.parametrize("with_daemon", [False, True])
def test_what_was_learned_is_judged_by_until_it_is_taken_back(folder: Path, with_daemon: bool) -> None:
    taught(folder)
    with running(folder) if with_daemon else nullcontext():
        said = text(folder, "train")
        assert f"learned from {len(BAD) + len(GOOD)} different texts ({len(BAD) + len(GOOD)} corrections)" in said
        assert "version 1 counts from now on" in said
        assert felt_of_the_last(folder) == "positive"
        assert "version 1 counts no more; the model reads as it came" in text(folder, "train", "--undo")
        assert felt_of_the_last(folder) == "negative"


def test_a_dry_run_shows_what_would_come_of_it(folder: Path) -> None:
    taught(folder)
    (said,) = lines(folder, "train", "--dry-run")
    assert (said["corrections"], said["distinct"], said["is_better"]) == (50, 50, True)
    assert (said["version"], said["active"]) == (None, None)
    figures = said["figures"]
    assert (figures["tier"], figures["before"]["n"]) == ("fast", 50)
    assert figures["after"]["macro_f1"] > figures["before"]["macro_f1"]
    assert figures["shipped_after"]["macro_f1"] >= figures["shipped_before"]["macro_f1"] - 0.01


def test_corrected_sentiments_are_held_against_what_was_judged_before(folder: Path) -> None:
    store_mentions(folder, [f"{BRAND} опять сломалась", f"{BRAND} снова работает", f"{BRAND} просто есть"])
    with closing(Store(open_writer(folder / "monitor.db"))) as store:
        for number, label in enumerate((Label.NEGATIVE, Label.POSITIVE), start=1):
            store.add_correction(number, sentiment=label, note="", person="", now=NOW)
    (told, missed) = lines(folder, "evaluate", "corrections", "--wrong", "5")
    assert (told["subject"], told["brand"], told["n"], told["accuracy"]) == ("sentiment", BRAND, 2, 0.5)
    assert told["per_class"]["negative"] == {"precision": 0.5, "recall": 1.0, "f1": 0.6667, "n": 1}
    assert (missed["text"], missed["wanted"], missed["told"]) == (f"{BRAND} снова работает", ["positive"], ["negative"])
    lines(folder, "correct", "3", "--about", "no")
    assert [one["subject"] for one in lines(folder, "evaluate", "corrections")] == ["relevance", "sentiment"]
    shown = text(folder, "evaluate", "corrections")
    assert f"{BRAND}, about it or not: 1 text, 0.0 % right" in shown
    assert f"{BRAND}, sentiment: 2 texts, 50.0 % right" in shown


def test_whoever_forgets_is_told_that_what_was_learned_went_too(folder: Path) -> None:
    with closing(Store(open_writer(folder / "monitor.db"))) as store:
        source = store.import_source("forum", NOW)
        post = Post(native_id="n", url="https://forum.example/7", text=f"{BRAND} опять сломалась")
        post_id = store.add_post(source, post, identities=["id:n"], now=NOW)
        assert post_id is not None
        mention = replace(make_mention(), brand=BRAND)
        store.add_mention(post_id, mention, decision="told", lemmas=Lemmas(), now=NOW)
        store.add_correction(1, sentiment=Label.NEUTRAL, note="", person="", now=NOW)
        zeros = {"tier": "fast", "offset": "AAAAAAAAAAAAAAAA", "buckets": "", "weights": "", "meaning": None}
        store.add_adaptation(zeros, tier=Tier.FAST, figures={}, answers=20, posts=[post_id], is_better=True, now=NOW)
    said = text(folder, "forget", "--url", "https://forum.example/7", "--yes")
    assert "what was learned of corrected sentiments counts no more: monitor train learns it again" in said
    (again,) = lines(folder, "forget", "--url", "https://forum.example/7", "--yes")
    assert again["unlearned"] is False


def test_answers_by_lot_teach_nothing_that_counts(folder: Path) -> None:
    texts = [*GOOD, *BAD]
    store_mentions(folder, texts)
    with closing(Store(open_writer(folder / "monitor.db"))) as store:
        for number in range(1, len(texts) + 1):
            label = [*Label][number * number % 7 % 3]
            store.add_correction(number, sentiment=label, note="", person="", now=NOW)
    said = text(folder, "train")
    assert all(title in said for title in ("corrections before", "shipped texts before", "recall of negative"))
    with closing(Store(open_writer(folder / "monitor.db"))) as store:
        (version,) = store.adaptation_versions()
    assert version.figures["reason"]
    assert f"version 1 does not count, as it is {version.figures['reason']}; " in said
    assert "the model reads as it came" in said
