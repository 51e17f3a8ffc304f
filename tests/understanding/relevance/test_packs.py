"""The data files: every pack, sense and part can be read, and says what it should in any form of a word."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import monitor.understanding.relevance as package
from monitor.models import Brand
from monitor.understanding.relevance.packs import GENERIC, automatic, names, packs_of, sector
from monitor.understanding.relevance.senses import sense, speech
from monitor.understanding.relevance.words import read

DATA = Path(package.__file__).parents[1] / "data"
LANGS = ("ru", "en", "de", "es", "fr", "it", "pt", "uk")


def test_there_are_packs_for_many_sectors_in_many_languages() -> None:
    assert len(names()) >= 16
    for name in names():
        pack = tomllib.loads((DATA / "packs" / f"{name}.toml").read_text(encoding="utf-8"))
        assert pack["about"]
        assert set(pack["words"]) == set(LANGS)
        assert min(len(pack["words"]["ru"]), len(pack["words"]["en"])) >= 20
        assert set(pack) <= {"about", "brands", "kinds", "words", "against"}
        assert name == GENERIC or len(pack["brands"]) >= 20


@pytest.mark.parametrize("lang", LANGS)
def test_each_language_says_how_firms_are_spoken_of(lang: str) -> None:
    spoken = speech(lang)
    assert spoken.parts["trade"]
    assert spoken.voice


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_senses_hold_known_keys_and_single_near_words(lang: str) -> None:
    known = {"phrases", "near", "named", "meant", "bare", "inside", "place", "rare", "verb", "interjection"}
    senses = tomllib.loads((DATA / "senses" / f"{lang}.toml").read_text(encoding="utf-8"))
    assert len(senses) >= 90
    for name, said in senses.items():
        assert set(said) <= known, name
        for phrase in (*said.get("phrases", ()), *said.get("named", ()), *said.get("meant", ())):
            assert phrase.count("_") == 1, (name, phrase)
        assert sense(name, lang) is not None


@pytest.mark.parametrize(
    ("brand", "packs"),
    [
        (Brand(name="Магнит"), ("retail",)),
        (Brand(name="ПЕРЕКРЕСТОК"), ("restaurants", "retail")),
        (Brand(name="Шурум", aliases=("Билайн",)), ("telecom",)),
        (Brand(name="Магнит", context_any=("касса",)), ()),
        (Brand(name="Магнит", context_packs=("banks",)), ()),
        (Brand(name="Нет такой фирмы"), ()),
    ],
)
def test_a_well_known_brand_without_context_gets_its_packs(brand: Brand, packs: tuple[str, ...]) -> None:
    assert automatic(brand) == packs


def test_configured_packs_win_and_unknown_ones_are_passed_over() -> None:
    assert packs_of(Brand(name="Магнит", context_packs=("banks", "florists"))) == ("banks",)


@pytest.mark.parametrize(
    ("text", "lang", "said"),
    [
        ("на кассах", "ru", "касса"),
        ("просроченного товара", "ru", "просроченный"),
        ("cashiers were away", "en", "cashier"),
        ("an den Kassen", "de", "Kasse"),
        ("на касах", "uk", "каса"),
    ],
)
def test_words_of_a_pack_are_met_in_any_form(text: str, lang: str, said: str) -> None:
    words = read(text, 0, len(text), lang)
    terms = sector(("retail",), lang).words
    met = [terms.at(words.keys, number) for number in range(len(words.keys))]
    assert said in {found[0] for found in met if found}
