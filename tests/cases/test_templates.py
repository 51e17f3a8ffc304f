"""Templates: that each passes our own check, which ones a case gets, and how slots are filled."""

from __future__ import annotations

import tomllib
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from monitor.cases.replies import check
from monitor.cases.templates import GENERAL, LANGUAGES, SPECIAL, Template, fill, slots, templates_for
from monitor.models import Verdict

DATA = Path(__file__).resolve().parents[2] / "monitor" / "cases" / "data" / "templates"
FILES: dict[str, dict[str, Any]] = {
    lang: tomllib.loads((DATA / f"{lang}.toml").read_text(encoding="utf-8")) for lang in LANGUAGES
}
VALUES = {
    "ru": {
        "name": "Анна", "brand": "Ромашка", "contact": "support@example.org", "order": "12345", "agent": "Ольга",
        "step": "проверяем запись звонка", "deadline": "18:00 пятницы", "issue": "сбой оплаты",
    },
    "en": {
        "name": "Anna", "brand": "Daisy", "contact": "support@example.org", "order": "12345", "agent": "Olga",
        "step": "the recording is being checked", "deadline": "6 pm on Friday", "issue": "the payment outage",
    },
}  # fmt: skip
SHIPPED = [(lang, name) for lang, file in FILES.items() for name in file]


def _names(*classes: str, language: str = "en", own: Any = None, neutral: bool = False) -> list[str]:
    return [one.name for one in templates_for(classes, language, own or {}, neutral=neutral)]


@pytest.mark.parametrize(("lang", "name"), SHIPPED)
def test_a_filled_template_passes_our_own_check_and_an_empty_one_is_refused(lang: str, name: str) -> None:
    text = FILES[lang][name]["text"]
    assert set(slots(text)) <= set(VALUES[lang])
    assert check(fill(text, VALUES[lang]), lang=None, first=True, public=True, public_replies=1) == ()
    assert {one.code for one in check(text, lang=lang, first=True, public=True)} == {"slot"}


@pytest.mark.parametrize(("lang", "name"), SHIPPED)
def test_a_template_is_short(lang: str, name: str) -> None:
    assert len(FILES[lang][name]["text"]) <= 320


def test_both_languages_have_the_same_templates_for_the_same_things() -> None:
    ru, en = (
        {
            name: (one["classes"], one.get("verdicts"), one.get("first"), set(slots(one["text"])))
            for name, one in file.items()
        }
        for file in FILES.values()
    )
    assert {name: one[:3] for name, one in ru.items()} == {name: one[:3] for name, one in en.items()}
    assert {name: one[3] for name, one in ru.items()} == {name: one[3] for name, one in en.items()}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_class_has_a_first_answer_and_every_verdict_a_full_one(lang: str) -> None:
    for name in (*SPECIAL, *GENERAL):
        assert any(one.first and name in one.classes for one in templates_for([name], lang, {}, neutral=False)), name
    assert {verdict for one in templates_for(["negative"], lang, {}, neutral=False) for verdict in one.verdicts} == set(
        Verdict
    )


@pytest.mark.parametrize("pair", list(combinations(SPECIAL, 2)))
def test_the_gravest_class_comes_first_and_general_ones_last(pair: tuple[str, str]) -> None:
    for classes in (pair, pair[::-1]):
        found = templates_for([*classes, "negative"], "en", {}, neutral=False)
        filed = [one.classes[0] for one in found]
        assert filed[0] == pair[0]
        assert filed == sorted(filed, key=[*pair, "negative", "manual", "positive"].index)
        assert filed.count("negative") == len(_names("negative"))


@pytest.mark.parametrize("classes", [("legal_threat",), ("rude_staff", "legal_threat", "negative"), ("refund",), ()])
def test_what_needs_the_word_of_legal_gets_only_neutral_templates_whatever_the_case_is(
    classes: tuple[str, ...],
) -> None:
    names = ["legal_neutral", "legal_progress"]
    assert _names(*classes, neutral=True) == names
    own = {name: {"en": {name: "Thanks"}} for name in ("negative", "refund")}
    own["legal_threat"] = {"en": {"law": "Thank you, {name}."}}
    assert _names(*classes, own=own, neutral=True) == ["law", *names]


def test_a_legal_threat_that_legal_need_not_see_is_a_class_like_others() -> None:
    found = _names("legal_threat", "refund", "negative")
    assert found[:2] == ["legal_neutral", "legal_progress"]
    assert {*_names("negative"), *_names("refund")} <= {*found}


def test_a_positive_case_is_thanked_and_nothing_else() -> None:
    assert _names("positive") == ["positive_thanks"]
    assert "positive_thanks" in _names("manual")
    assert "positive_thanks" not in _names("negative")


def test_own_templates_win_by_name_and_keep_what_the_shipped_one_is_for() -> None:
    own = {
        "negative": {"en": {"negative_not": "Thank you. {step}", "mine": "Thanks, {name}!"}, "ru": {"moe": "Спасибо"}}
    }
    found = {one.name: one for one in templates_for(["negative"], "en", own, neutral=False)}
    assert found["negative_not"] == Template(
        name="negative_not", language="en", classes=("negative", "manual"), text="Thank you. {step}",
        verdicts=(Verdict.NOT,),
    )  # fmt: skip
    assert found["mine"] == Template(name="mine", language="en", classes=("negative",), text="Thanks, {name}!")
    assert set(found) == {*_names("negative"), "mine"}
    assert list(found)[:2] == ["negative_not", "mine"]


def test_own_templates_of_other_classes_are_not_offered() -> None:
    assert _names("refund", own={"churn": {"en": {"mine": "Thanks"}}}) == _names("refund")
    assert _names("wholesale", own={"wholesale": {"en": {"mine": "Thanks"}}}) == ["mine", *_names("negative")]


@pytest.mark.parametrize(
    ("language", "expected"), [("ru", "ru"), ("ru-RU", "ru"), ("EN_gb", "en"), ("de", "en"), ("", "en"), ("uk", "en")]
)
def test_a_language_without_templates_reads_english(language: str, expected: str) -> None:
    assert {one.language for one in templates_for(["refund"], language, {}, neutral=False)} == {expected}


def test_own_templates_of_a_third_language_come_with_the_english_ones() -> None:
    own = {"refund": {"de": {"refund": "Danke, {name}.", "geld": "Danke!"}}}
    found = {one.name: one for one in templates_for(["refund"], "de-AT", own, neutral=False)}
    assert (found["refund"].language, found["refund"].text, found["refund"].first) == ("de", "Danke, {name}.", True)
    assert (found["geld"].language, found["offline"].language) == ("de", "en")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{name}, {brand} и ещё раз {name}", ("name", "brand")),
        ("{{name}} {имя} {a_1}", ("имя", "a_1")),
        ("{} { name } {1} {a b} {{{x}}}", ("x",)),
        ("none", ()),
        ("}{name}{", ("name",)),
    ],
)
def test_slots_in_order_without_repetition(text: str, expected: tuple[str, ...]) -> None:
    assert slots(text) == expected


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("Hello {name}, {order}", {"name": "Anna"}, "Hello Anna, {order}"),
        ("{{name}} {name}", {"name": "Anna"}, "{name} Anna"),
        ("{name}", {"name": "  "}, "{name}"),
        ("{name}", {"name": "{brand}", "brand": "X"}, "{brand}"),
        ("{name} {name}", {"name": " Anna "}, "Anna Anna"),
        ("} { {}", {"name": "Anna"}, "} { {}"),
        ("{{{name}}}", {"name": "Anna"}, "{Anna}"),
        (r"{name}\1", {"name": r"\g<0>"}, r"\g<0>\1"),
    ],
)
def test_filling_leaves_unknown_slots_in_place(text: str, values: dict[str, str], expected: str) -> None:
    assert fill(text, values) == expected
