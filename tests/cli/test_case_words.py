"""What is written to customers: templates with blanks, what a draft is warned of, and that hearing comes first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.casedesk import ANSWERED, BRAND, LATE, OLGA, PETR, RUDE, SEEN, Desk, desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENGLISH = f"{BRAND} lost my parcel, it has not moved for ten days, terrible service, awful"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    """One complaint, which Ира has taken."""
    with desk(tmp_path) as shop:
        shop.says(OLGA, LATE)
        shop.act("take", "1")
        yield shop


def codes(shop: Desk, text: str, *, number: int = 1) -> set[str]:
    """What a draft is warned of; nothing is stored."""
    before = shop.case(number)
    warnings = shop.act("answer", str(number), "--dry-run", "--text", text)["warnings"]
    assert shop.case(number) == before
    return {one["code"] for one in warnings}


# ── R40: words for each customer, with blanks ──


def test_R40_a_template_is_filled_in_with_what_is_known_and_says_what_is_missing(shop: Desk) -> None:
    done = shop.run("cases", "template", "1", "negative_ack")
    assert (OLGA in done.stdout, "Ира" in done.stdout) == (True, True)
    assert done.stderr == "monitor: still to be filled in: deadline, contact\n"
    slots = ("--set", "deadline=вечера пятницы", "--set", "contact=help@shop.test")
    filled = shop.run("cases", "template", "1", "negative_ack", *slots)
    assert ("вечера пятницы" in filled.stdout, "{" in filled.stdout, filled.stderr) == (True, False, "")


@pytest.mark.parametrize(
    ("text", "blank"),
    [
        pytest.param("Здравствуйте, {name}! Спасибо, что написали.", "{name}", id="of our templates"),
        pytest.param("Спасибо, что написали. Позвоните нам: {{phone}}.", "{{phone}}", id="of another program"),
        pytest.param("Здравствуйте, [имя клиента]! Спасибо, что написали.", "[имя клиента]", id="in brackets"),
        pytest.param("Спасибо, что написали. Ответим до ____.", "____", id="a line"),
    ],
)
def test_R40_an_answer_with_a_blank_in_it_is_refused(shop: Desk, text: str, blank: str) -> None:
    said = shop.refused("answer", "1", "--text", text)
    assert ("незаполненное место" in said, f"({blank})" in said) == (True, True)
    assert shop.case()["acknowledged_at"] is None


def test_R40_what_a_template_leaves_open_cannot_be_sent(shop: Desk, tmp_path: Path) -> None:
    draft = shop.run("cases", "template", "1", "negative_ack").stdout
    (tmp_path / "answer.txt").write_text(draft, encoding="utf-8")
    said = shop.refused("answer", "1", "--file", "answer.txt")
    assert ("{deadline}" in said, "{contact}" in said) == (True, True)
    assert shop.refused("answer", "1", "--file", "answer.txt", "--dry-run") == said
    assert shop.show()["events"][-1]["kind"] == "template"


def test_R40_each_class_and_language_has_words_of_its_own(shop: Desk) -> None:
    shop.says(PETR, RUDE)
    shop.says("john.smith.1966", ENGLISH)
    rude, plain = shop.show(2)["templates"], shop.show(1)["templates"]
    assert rude[0] == "rude_staff"
    assert not [name for name in plain if name.startswith("rude")]
    assert shop.show(3)["language"] == "en"
    russian, english = (shop.run("cases", "template", number, "negative_ack").stdout for number in ("1", "3"))
    assert ("Спасибо" in russian, "thank you" in english) == (True, True)
    assert "thank you" in shop.run("cases", "template", "1", "negative_ack", "--lang", "en").stdout


def test_R40_a_shop_may_have_words_of_its_own(tmp_path: Path) -> None:
    ours = 'playbooks: {negative: {templates: {ru: {наш: "Спасибо, {name}! Решение для вас: {offer}."}}}}\n'
    with desk(tmp_path, more=ours) as shop:
        shop.says(OLGA, LATE)
        done = shop.run("cases", "template", "1", "наш", "--set", "offer=новая посылка")
        assert done.stdout == f"Спасибо, {OLGA}! Решение для вас: новая посылка.\n"
        assert shop.act("answer", "1", "--template", "наш", "--text", done.stdout)["warnings"] == []


def test_R40_what_a_customer_calls_themselves_opens_no_blank(shop: Desk) -> None:
    shop.says("{contact}_olga_1987", f"{BRAND} обманул меня, отвратительный магазин")
    done = shop.act("template", "2", "negative_details", "--set", "contact=help@shop.test")
    assert "{contact}_olga_1987" in done["text"]


# ── R47: thanks first ──


@pytest.mark.parametrize(
    ("text", "is_warned"),
    [
        ("Мы проверяем, что случилось с посылкой, и напишем завтра.", True),
        ("Здравствуйте! Спасибо, что рассказали. Мы проверяем, что случилось.", False),
        ("Посылку ищут. Она найдётся. Мы напишем. Спасибо за отзыв.", True),
        ("Hello, we are looking into it and will write tomorrow.", True),
        ("Thank you for telling us. We are looking into it.", False),
    ],
)
def test_R47_the_first_word_to_a_customer_is_thanks(shop: Desk, text: str, is_warned: bool) -> None:
    assert codes(shop, text) == ({"thanks"} if is_warned else set())


def test_R47_a_warning_is_told_and_forbids_nothing(shop: Desk) -> None:
    blunt = "Мы проверяем, что случилось с посылкой, и напишем завтра."
    done = shop.run("cases", "answer", "1", "--text", blunt)
    assert done.stderr.startswith("warning: ")
    assert shop.case()["acknowledged_at"] == shop.now.isoformat()
    assert codes(shop, blunt) == set()  # they were heard: what follows need not thank again


def test_R47_all_that_is_offered_for_a_first_answer_thanks(shop: Desk) -> None:
    first = [one for one in shop.rows("cases", "template", "1") if one["first"]]
    assert len(first) >= 2
    for one in first:
        text = re.sub(r"\{\w+\}", "пятницы", one["text"])
        assert codes(shop, text) == set(), one["name"]


# ── R48: what makes it worse ──


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("Спасибо, что написали. Умоляем, простите нас, мы ничтожества!", "grovelling", id="ru grovels"),
        pytest.param("Спасибо, что написали. Продавщицу завтра же уволим.", "punishment", id="ru fires"),
        pytest.param("Спасибо, что написали. Признаём, что это полностью наша вина.", "admission", id="ru admits"),
        pytest.param("Thank you for writing. We beg you on our knees to forgive us.", "grovelling", id="en grovels"),
        pytest.param("Thank you for writing. The saleswoman will be fired tomorrow.", "punishment", id="en fires"),
        pytest.param("Thank you for writing. We admit that it was entirely our fault.", "admission", id="en admits"),
    ],
)
def test_R48_grovelling_a_promise_to_dismiss_and_an_admission_are_warned_of(shop: Desk, text: str, code: str) -> None:
    assert codes(shop, text) == {code}
    done = shop.run("cases", "answer", "1", "--text", text)
    assert {line.partition(": ")[0] for line in done.stderr.splitlines()} == {"warning"}
    assert shop.happened("answered")[0]["text"] == text


@pytest.mark.parametrize(
    "text",
    [
        SEEN,
        ANSWERED,
        "Спасибо, что написали. Нам жаль, что так вышло: посылку мы нашли и везём.",
        "Спасибо, что написали. Виноват ли курьер, мы ещё выясняем и никого не увольняем заранее.",
        "Thank you for telling us. We are sorry about the wait and have sent a new parcel.",
    ],
)
def test_R48_a_calm_answer_is_warned_of_nothing(shop: Desk, text: str) -> None:
    assert codes(shop, text) == set()


def test_R48_what_the_customer_said_is_not_held_against_our_answer(shop: Desk) -> None:
    assert codes(shop, "> Увольте её, это ваша вина!\nСпасибо, что написали. Мы слушаем запись разговора.") == set()


# ── R55: to be heard comes first ──


def test_R55_to_be_heard_is_due_hours_before_a_solution_and_needs_no_verdict(shop: Desk) -> None:
    due = {(one["deadline"], one["clock"]): one["due_at"] for one in shop.show()["deadlines"]}
    assert due["acknowledge", "found"] < due["resolve", "found"]
    seen = shop.act("answer", "1", "--text", SEEN)  # without a verdict it cannot be more than that
    assert (seen["state"], seen["verdict"], seen["answered_at"]) == ("checking", None, None)
    before = shop.now
    shop.passes(hours=24)
    assert shop.told(before) == []
    (row,) = [row for row in shop.figures("times") if (row["by"], row["span"]) == ("all", "acknowledge")]
    assert (row["cases"], row["in_time"]["value"]) == (1, 1)


def test_R55_words_that_only_acknowledge_are_offered_first(shop: Desk) -> None:
    offered = shop.rows("cases", "template", "1")
    assert offered[0]["first"] is True
    assert offered[0]["verdicts"] == []
    assert shop.run("cases", "template", "1").stdout.splitlines()[2].split()[1:3] == ["first", "answer"]


def test_R55_a_solution_that_comes_at_once_is_an_acknowledgement_as_well(shop: Desk) -> None:
    shop.act("verdict", "1", "justified", "--note", "посылка лежала на складе")
    full = shop.act("answer", "1", "--text", ANSWERED)
    assert full["acknowledged_at"] == full["answered_at"] == shop.now.isoformat()


def test_R55_a_customer_whom_we_reached_was_heard(shop: Desk) -> None:
    shop.act("attempt", "1", "телефон", "--outcome", "failed")
    assert shop.case()["acknowledged_at"] is None
    shop.passes(minutes=20)
    shop.act("attempt", "1", "телефон", "--outcome", "reached")
    assert shop.case()["acknowledged_at"] == shop.now.isoformat()
    before = shop.now
    shop.passes(hours=24)
    assert shop.told(before) == []
