"""Replies: what is refused, what is warned of, what is left alone, and that hostile text costs no time."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from monitor.cases.replies import LISTED, TONE, Severity, check

DATA = Path(__file__).resolve().parents[2] / "monitor" / "cases" / "data" / "replies"
FILES: dict[str, dict[str, Any]] = {
    lang: tomllib.loads((DATA / f"{lang}.toml").read_text(encoding="utf-8")) for lang in ("ru", "en")
}
CODES = ("thanks", *TONE, "slot", "personal_data", "shouting")
EXAMPLES = [
    pytest.param(lang, code, text, which == "bad", id=f"{lang}-{code}-{which}-{number}")
    for lang, data in FILES.items()
    for code in CODES
    for which in ("good", "bad")
    for number, text in enumerate(data[code][which])
]


def _codes(text: str, **given: Any) -> set[str]:
    return {one.code for one in check(text, **given)}


@pytest.mark.parametrize(("lang", "code", "text", "bad"), EXAMPLES)
def test_each_example_of_a_rule_is_told_as_it_says(lang: str, code: str, text: str, bad: bool) -> None:
    assert (code in _codes(text, lang=lang, first=True, public=True)) is bad


@pytest.mark.parametrize("lang", FILES)
@pytest.mark.parametrize("code", CODES)
def test_each_rule_has_a_dozen_examples_of_either_kind(lang: str, code: str) -> None:
    rule = FILES[lang][code]
    assert min(len(set(rule["good"])), len(set(rule["bad"]))) >= 12


BLIND: dict[str, list[dict[str, Any]]] = tomllib.loads(
    (Path(__file__).with_name("replies_blind.toml")).read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", BLIND)
def test_no_polite_reply_that_the_rules_have_not_seen_is_warned_of(name: str) -> None:
    assert [one["text"] for one in BLIND[name] if not one["codes"] and _codes(one["text"], first=True)] == []


# At first sight 8 and 14 of 20 were told; the rules were mended then, and `again` is what they had not seen after that.
@pytest.mark.parametrize(
    ("name", "told", "of"), [("ru", 20, 20), ("en", 20, 20), ("ru_again", 4, 10), ("en_again", 6, 10)]
)
def test_so_many_bad_replies_are_told_for_what_they_are(name: str, told: int, of: int) -> None:
    bad = [one for one in BLIND[name] if one["codes"]]
    hits = [one["text"] for one in bad if _codes(one["text"], first=True) == set(one["codes"])]
    assert (len(hits), len(bad)) == (told, of)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("Здравствуйте, {имя клиента}!", "slot", "{имя клиента}"),
        ("Ёлки, Спасибо. Это\u00a0НАША  ви\u00adна, да.", "admission", "НАША  ви\u00adна"),
        ("Спасибо. Нам безумно сты́дно за это.", "grovelling", "Нам безумно сты́дно"),
        ("Спасибо 🙂 … Он не прав, но мы уво\u0301лим его", "punishment", "уво\u0301лим"),
        ("Thanks. It’s\nyour own fault.", "blame", "It’s\nyour own fault"),
        ("Thanks. It is YOUR duty.", "shouting", "YOUR"),
        ("Call anna.brown@example.org.", "personal_data", "anna.brown@example.org"),
        ("Hi Bob! We check it. It takes a day. Thank you.", "thanks", "We check it. It takes a day."),
        ("Thanks. Sorry! We were negligent", "admission", "We were negligent"),
    ],
)
def test_a_finding_points_at_its_words_as_they_are_written(text: str, code: str, words: str) -> None:
    places = [text[one.start : one.end] for one in check(text, first=True, public=True) if one.code == code]
    assert places == [words]


def test_only_what_cannot_go_out_is_refused() -> None:
    text = "Hi {name}! We were negligent!!! Ring Pete: 07700 900123"
    found = check(text, first=True, public=True, public_replies=2)
    assert {one.code: one.severity for one in found} == {
        "slot": Severity.REFUSE, "thanks": Severity.WARN, "admission": Severity.WARN, "shouting": Severity.WARN,
        "personal_data": Severity.WARN, "quarrel": Severity.WARN,
    }  # fmt: skip
    assert list(found) == sorted(found, key=lambda one: (one.start, one.end, one.code))


@pytest.mark.parametrize(
    ("public", "replies", "told"),
    [(True, 0, False), (True, 1, False), (True, 2, True), (True, 9, True), (False, 9, False)],
)
def test_the_third_public_reply_is_a_quarrel(public: bool, replies: int, told: bool) -> None:
    assert ("quarrel" in _codes("Спасибо, ответили вам.", public=public, public_replies=replies)) is told


@pytest.mark.parametrize(("first", "told"), [(True, True), (False, False)])
def test_thanks_are_only_due_in_the_first_answer(first: bool, told: bool) -> None:
    assert ("thanks" in _codes("Заказ едет.", first=first)) is told


def test_personal_data_may_stand_in_what_nobody_else_reads() -> None:
    text = "Спасибо. Перезвоним на +7 916 000-12-34."
    assert ("personal_data" in _codes(text, public=True), "personal_data" in _codes(text, public=False)) == (
        True,
        False,
    )


@pytest.mark.parametrize(
    "text",
    [
        "Вы пишете: «это ваша вина, увольте его, умоляю». Спасибо, проверяем.",
        "You write “this is our fault, fire him”. Thank you.",
        '"You are lying, we were negligent", he is said to have said. Thank you.',
        "> мы виноваты\n> вы лжёте!!!\nСпасибо, слушаем запись.",
        "  > we will fire him\nThank you.",
    ],
)
def test_words_of_the_customer_are_not_ours(text: str) -> None:
    assert check(text, first=True, public=True) == ()


@pytest.mark.parametrize(
    "text", ["«Спасибо. Мы виноваты", '5" экран. Спасибо. Мы виноваты', "Спасибо.\n\n«а\n\nМы виноваты»"]
)
def test_a_quotation_mark_that_nothing_closes_hides_nothing(text: str) -> None:
    assert "admission" in _codes(text)


def test_blanks_and_personal_data_count_in_quotation_marks_too() -> None:
    assert _codes("Спасибо. Пишем: «{name}, звоните Анне: +7 916 000-12-34 дома»") >= {"slot"}
    assert _codes("Спасибо. Ваши слова: «мой адрес anna1985@example.org».") == {"personal_data"}


@pytest.mark.parametrize(
    ("text", "lang", "codes"),
    [
        ("Das ist unsere Schuld, {name}!!!", "de", {"slot", "shouting", "unchecked"}),
        ("Danke. Rufen Sie Eva an: +49 170 1234567", "de-AT", {"personal_data", "unchecked"}),
        ("Мы виноваты", "uk", {"unchecked"}),
        ("Мы виноваты", "ru-RU", {"admission"}),
        ("We were negligent", "EN_us", {"admission"}),
        ("Спасибо за IPHONE: мы виноваты", None, {"admission"}),
        ("Мы виноваты, dear customer", None, {"admission"}),
        ("We are liable. Мы", None, {"admission"}),
        ("🙂 👍", None, {"unchecked"}),
        ("", None, {"unchecked"}),
    ],
)
def test_the_language_is_given_or_guessed_and_others_are_said_to_be_unchecked(
    text: str, lang: str | None, codes: set[str]
) -> None:
    assert _codes(text, lang=lang) == codes


def test_reasons_are_in_the_language_of_the_reply() -> None:
    reasons = {lang: check(text, first=True)[0].why for lang, text in (("ru", "Заказ едет."), ("en", "It is coming."))}
    assert reasons == {lang: FILES[lang]["thanks"]["why"] for lang in FILES}


def test_no_rule_fills_the_screen_and_a_reply_beyond_all_measure_is_refused() -> None:
    found = check("{a} " * 50 + "мы виноваты. " * 50, lang="ru")
    assert [sum(one.code == code for one in found) for code in ("slot", "admission")] == [LISTED, LISTED]
    long = check("Спасибо. " * 3000, lang="ru", first=True)
    assert [(one.code, one.severity, one.start, one.end) for one in long] == [
        ("too_long", Severity.REFUSE, 10_000, 27_000)
    ]


HOSTILE = [
    *(
        "{",
        "[",
        "<",
        "«",
        "»",
        '"',
        "\n>",
        "_",
        "X",
        "!",
        "?!",
        "А",
        "АА ",
        "1",
        "1 ",
        "1-",
        "+1",
        "(",
        "@",
        "a@",
        "a.",
        "-",
    ),
    *(
        "we-",
        "we ",
        "вы ",
        "наш-",
        "не ",
        "if ",
        "sorry ",
        "\n",
        " \n",
        "e\u0301",
        "\u0301",
        "[имя ",
        "<A ",
        "%A",
        "name_",
    ),
    *(
        "ул. а, 1 ",
        "1 a a ",
        "паспорт ",
        "звоните ",
        "1234 ",
        "http",
        "AB12 ABCD ",
        "это наш наш ",
        ". ",
        "we — ",
        "a_",
    ),
    *("вы, вы, ", "мы очень ", "you just ", "4276 0000 1111 2222 ", "не уволим ", "if we are liable ", "🙂"),
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_hundred_thousand_hostile_characters_take_less_than_a_second(unit: str) -> None:
    text = (unit * 100_000)[:100_000]
    lang = "en" if unit.isascii() else "ru"
    check("a", lang=lang)
    begin = time.process_time()
    found = check(text, lang=lang, first=True, public=True, public_replies=3)
    assert time.process_time() - begin < 1
    assert "too_long" in {one.code for one in found}
