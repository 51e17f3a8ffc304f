"""Which spellings of a name are looked for."""

from __future__ import annotations

import pytest

from monitor.models import Brand
from monitor.understanding.matching.forms import CAP, Form, Morphology, expand, phrase_forms
from monitor.understanding.matching.names import warnings


def spelt(name: str, morphology: Morphology, kind: str | None = None) -> set[str]:
    return {" ".join(form.words) for form in expand(name, morphology) if kind in {None, form.kind}}


@pytest.mark.parametrize(
    ("name", "kind", "present"),
    [
        ("Ромашка", "inflected", {"ромашки", "ромашке", "ромашку", "ромашкой"}),
        ("дЕбошь", "inflected", {"дебоши", "дебошью"}),
        ("СвойУгол", "exact", {"свойугол", "свой угол"}),
        ("СвойУгол", "inflected", {"своегоугла", "своего угла", "своимуглом", "свойугла"}),
        ("Свой Угол", "inflected", {"своего угла", "своемууглу"}),
        ("Лопата.ру", "exact", {"лопата ру", "лопата ru"}),
        ("Лопата.ру", "inflected", {"лопаты ру", "лопате ру", "лопатой ru"}),
        ("Лопата.ру", "translit", {"lopata ru", "lopaty ru"}),
        ("Market24", "exact", {"market24", "market 24"}),
        ("Blue-Fin", "exact", {"blue fin", "bluefin"}),
        ("Blue-Bird", "inflected", {"blue birds"}),
        ("Банк Рассвет", "inflected", {"банка рассвет", "банка рассвета", "банком рассвет"}),
        ("Щелкунчик", "translit", {"shchelkunchik", "shhelkunchik", "schelkunchik"}),
        ("moylovkach", "translit", {"мойловкач", "мойловкача"}),
    ],
)
def test_a_name_is_spelt(name: str, kind: str, present: set[str], morphology: Morphology) -> None:
    assert present <= spelt(name, morphology, kind)


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("авито", {"авил", "авью", "авита", "авить"}),
        ("ВТБ", {"втба", "втбу", "втбом"}),
        ("РЖД", {"рждом"}),
        ("Лопата.ру", {"лопата", "лопате"}),
        ("дЕбошь", {"д ебошь"}),
        ("vesnushka", {"веснушка", "веснушки"}),  # back in Cyrillic it is an ordinary word
        ("Лев", {"lva", "lve"}),  # too short to look for its cases in Latin
    ],
)
def test_a_name_is_not_spelt(name: str, absent: set[str], morphology: Morphology) -> None:
    assert not absent & spelt(name, morphology)


def test_parts_of_a_glued_name_stand_apart_only_with_capitals(morphology: Morphology) -> None:
    forms = {form.words: form for form in expand("СвойУгол", morphology)}
    assert forms["своего", "угла"].capitals
    assert not forms["своегоугла",].capitals


def test_the_gaps_of_a_form_are_those_of_the_name(morphology: Morphology) -> None:
    assert expand("my-site.ru", morphology)[0] == Form(("my", "site", "ru"), "exact", "-.")
    assert expand("Blue-Fin", morphology)[0] == Form(("blue", "fin"), "exact", " ")
    assert expand("Dr. Fin", morphology)[0] == Form(("dr", "fin"), "exact", "*")


def test_a_long_name_stays_within_the_cap(morphology: Morphology) -> None:
    name = "дом сад лес пруд сарай забор погреб колодец"
    assert 1 < len(expand(name, morphology)) <= CAP
    assert len(phrase_forms(name, morphology)) <= CAP + 1


def test_a_name_without_letters_has_no_forms(morphology: Morphology) -> None:
    assert expand("☂!", morphology) == []


@pytest.mark.parametrize(
    ("word", "common"),
    [
        ("свалка", True),
        ("открытие", True),
        ("билайн", False),
        ("сбербанк", False),
        ("авито", False),
        ("apple", True),
        ("москва", False),
        ("trustpilot", False),
    ],
)
def test_ordinary_words_are_known(word: str, common: bool, morphology: Morphology) -> None:
    assert morphology.is_common(word) is common


@pytest.mark.parametrize(
    ("brand", "warned"),
    [
        (Brand(name="Свалка"), ["Свалка"]),
        (Brand(name="Свалка", context_any=("доставка",)), []),
        (Brand(name="МТС", aliases=("Мобильные ТелеСистемы",)), ["МТС"]),
        (Brand(name="Мой Склад"), ["Мой Склад"]),
        (Brand(name="МойСклад", aliases=("moysklad",)), []),
        (Brand(name="Банк Открытие"), []),
        (Brand(name="Молоток.ру"), []),
        (Brand(name="🍏"), ["🍏"]),
    ],
)
def test_aliases_that_find_too_much_are_warned_of(brand: Brand, warned: list[str]) -> None:
    found = warnings(brand)
    assert [warning.alias for warning in found] == warned
    assert all(warning.alias in str(warning) and warning.hint in str(warning) for warning in found)
