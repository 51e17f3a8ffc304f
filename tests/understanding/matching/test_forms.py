"""Which spellings of a name are looked for, and which names are warned of."""

from __future__ import annotations

import pytest

from monitor.models import Brand
from monitor.understanding.matching.advice import clashes, warnings
from monitor.understanding.matching.forms import CAP, Morphology, phrase_forms
from monitor.understanding.matching.listing import forms_of
from monitor.understanding.matching.spelling import cuts


def spelt(name: str, morphology: Morphology, kind: str | None = None) -> set[str]:
    groups = forms_of(Brand(name=name), morphology).groups
    return {spelling for group in groups if kind in {None, group.kind} for spelling in group.spellings}


@pytest.mark.parametrize(
    ("name", "kind", "present"),
    [
        ("Ромашка", "inflected", {"ромашки", "ромашке", "ромашку", "ромашкой", "ромашек"}),
        ("Дивромка", "inflected", {"дивромки", "дивромке", "дивромку", "дивромок"}),
        ("Перлогуст", "inflected", {"перлогуста", "перлогусту", "перлогустом", "перлогусте"}),
        ("дЕбошь", "inflected", {"дебоши", "дебошью"}),
        ("СвойУгол", "exact", {"свойугол", "свой угол"}),
        ("СвойУгол", "inflected", {"своегоугла", "своего угла", "своимуглом", "свойугла"}),
        ("Свой Угол", "inflected", {"своего угла", "своемууглу"}),
        ("Лопата.ру", "exact", {"лопата.ру", "лопата.ru"}),
        ("Лопата.ру", "inflected", {"лопаты.ру", "лопате.ру", "лопатой.ru"}),
        ("Лопата.ру", "translit", {"lopata.ru"}),
        ("Перлогуст.ру", "exact", {"перлогуст"}),
        ("Market24", "exact", {"market24", "market 24"}),
        ("Blue-Fin", "exact", {"blue fin", "bluefin"}),
        ("Blue-Bird", "inflected", {"blue birds"}),
        ("Банк Рассвет", "inflected", {"банка рассвет", "банка рассвета", "банком рассвет"}),
        ("Щелкунчик", "translit", {"shchelkunchik", "shhelkunchik", "schelkunchik"}),
        ("Перлогуст", "derived", {"перлогустовский", "перлогустовскую", "перлогустовского"}),
        ("Рога-Банк", "derived", {"рогабанковский"}),
        ("КДМ", "inflected", {"кдма", "кдмом", "кдму"}),
        ("КДМ", "derived", {"кдмовский"}),
        ("Fin & Bird", "exact", {"fin and bird", "fin и bird"}),
        ("Murphy's", "exact", {"murphys"}),
        ("Гр.Посуда", "exact", {"гр.посуда", "грпосуда"}),
    ],
)
def test_a_name_is_spelt(name: str, kind: str, present: set[str], morphology: Morphology) -> None:
    assert present <= spelt(name, morphology, kind)


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("авито", {"авил", "авью", "авита", "авить"}),
        ("ГИБ", {"гиба", "гибом", "гибов"} & {"гибы"}),
        ("СОК", {"сокм"}),
        ("БИН", {"бином"}),  # a word of its own
        ("Лопата.ру", {"лопата", "лопате"}),
        ("дЕбошь", {"д ебошь"}),
        ("Магнит", {"магнитский"}),  # a surname
        ("H&M", {"hm"}),
    ],
)
def test_a_name_is_not_spelt(name: str, absent: set[str], morphology: Morphology) -> None:
    assert not absent & spelt(name, morphology)


def test_parts_of_a_glued_name_stand_apart_only_with_capitals(morphology: Morphology) -> None:
    assert {cut.capitals for cut in cuts("СвойУгол", morphology) if len(cut.words) == 2} == {True}
    assert {cut.capitals for cut in cuts("СвойУгол", morphology) if len(cut.words) == 1} == {False}


@pytest.mark.parametrize(
    ("name", "breaks"),
    [
        ("my-site.ru", "-."),
        ("Blue-Fin", " "),
        ("Dr. Fin", "*"),
        ("H&M", "+"),
        ("7-Eleven", "~"),
        ("Л'Бутон", "~"),
        ("Гр.Посуда", "*"),
        ("Гр.Посуда.рф", ".."),
    ],
)
def test_the_gaps_of_a_form_are_those_of_the_name(name: str, breaks: str, morphology: Morphology) -> None:
    assert next(cuts(name, morphology)).breaks == breaks


def test_a_long_name_stays_within_the_cap(morphology: Morphology) -> None:
    name = "дом сад лес пруд сарай забор погреб колодец"
    assert 1 < len(spelt(name, morphology)) <= 3 * CAP
    assert len(phrase_forms(name, morphology)) <= CAP + 1


def test_a_name_without_letters_has_no_forms(morphology: Morphology) -> None:
    assert spelt("☂!", morphology) == set()


def test_what_has_no_end_is_said_in_sentences(morphology: Morphology) -> None:
    said = " ".join(forms_of(Brand(name="Перлогуст"), morphology).besides)
    assert "typing mistake" in said
    assert "typing mistake" not in " ".join(forms_of(Brand(name="КДМ"), morphology).besides)


def test_handles_domains_and_people_are_listed(morphology: Morphology) -> None:
    brand = Brand(name="КДМ", handles=("@kdm_help",), own_domains=("kdm.example",), people=("Иван Кротов",))
    kinds = {group.kind: group.spellings for group in forms_of(brand, morphology).groups}
    assert kinds["handle"] == ("kdm_help",)
    assert {"иван кротов", "ивана кротова", "кротов иван"} <= set(kinds["person"])


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


@pytest.mark.parametrize(
    ("brands", "said"),
    [
        ([Brand(name="Рассвет"), Brand(name="Закат")], []),
        (
            [Brand(name="Рассвет"), Brand(name="Закат", aliases=("рассвет",))],
            [("Рассвет", "Рассвет"), ("Закат", "рассвет")],
        ),
        ([Brand(name="Blue-Fin"), Brand(name="BlueFin")], [("Blue-Fin", "Blue-Fin"), ("BlueFin", "BlueFin")]),
        ([Brand(name="Рассвет"), Brand(name="Рассвет Мобайл")], [("Рассвет", "Рассвет")]),
        ([Brand(name="Рассвет", exclude=("рассвет мобайл",)), Brand(name="Рассвет Мобайл")], []),
        ([Brand(name="Рассвет", aliases=("Рассвет Мобайл",))], []),
    ],
)
def test_names_that_clash_are_told(brands: list[Brand], said: list[tuple[str, str]]) -> None:
    found = clashes(brands)
    assert [(clash.brand, clash.warning.alias) for clash in found] == said
    assert all(clash.warning.hint for clash in found)
