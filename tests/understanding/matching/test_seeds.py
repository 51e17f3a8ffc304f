"""Names in the four texts that the issue came with: what is named is found where it stands, and nothing else.

The texts are no part of the project; where they are absent these tests are skipped.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.models import Brand, Post
from monitor.understanding.matching.matcher import find
from monitor.understanding.matching.names import build

if TYPE_CHECKING:
    from monitor.models import Span
    from monitor.understanding.matching.forms import Morphology
    from monitor.understanding.matching.names import Index

SEEDS = Path(__file__).resolve().parents[4] / "shared" / "seeds"
BRANDS = (
    Brand(name="Bay.ru"),
    Brand(name="Молоток.ру"),
    Brand(name="МойСклад"),
    Brand(name="Свалка"),
    Brand(name="дЕбошь"),
    Brand(name="Добро Mail.ru"),
    Brand(name="Brand24"),
    Brand(name="BrandMentions"),
    Brand(name="BrightLocal"),
    Brand(name="Bazaarvoice"),
    Brand(name="ReviewTrackers"),
    Brand(name="Birdeye"),
    Brand(name="TrustPilot", aliases=("Трастпайлот",)),
    Brand(name="Google Alerts"),
    Brand(name="Dell"),
)
NAMED = {
    "000": {"Bay.ru", "Молоток.ру", "МойСклад"},
    "001": {"Свалка", "дЕбошь", "Добро Mail.ru"},
    "002": {
        "Brand24",
        "BrandMentions",
        "BrightLocal",
        "Bazaarvoice",
        "ReviewTrackers",
        "Birdeye",
        "TrustPilot",
        "Google Alerts",
        "Dell",
    },
    "003": set[str](),
}


def seed(number: str) -> str:
    found = sorted(SEEDS.glob(f"{number}_*.txt"))
    if not found:
        pytest.skip(f"no seed {number} in {SEEDS.parent.name}/{SEEDS.name} beside the repository")
    return found[0].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def index(morphology: Morphology) -> Index:
    return build(BRANDS, morphology)


def spans(text: str, index: Index, brand: str) -> list[Span]:
    found = [hit.span for hit in find(Post(text=text), index).hits if BRANDS[hit.brand].name == brand]
    assert all(text[span.start : span.end] == span.text for span in found)
    return found


def spellings(text: str, index: Index, brand: str) -> list[str]:
    return [span.text for span in spans(text, index, brand)]


@pytest.mark.parametrize("number", sorted(NAMED))
def test_a_seed_names_these_brands_and_no_other(number: str, index: Index) -> None:
    found = {BRANDS[hit.brand].name for hit in find(Post(text=seed(number)), index).hits}
    assert found == NAMED[number]


def test_T3_odd_capitals_and_glued_words_are_names(index: Index) -> None:
    assert spellings(seed("001"), index, "дЕбошь") == ["дЕбошь"]
    assert spellings(seed("000"), index, "МойСклад") == ["МойСклад"]
    assert spellings("ДЕБОШЬ и Дебошь, мойсклад и МОЙСКЛАД", index, "дЕбошь") == ["ДЕБОШЬ", "Дебошь"]


def test_T4_names_are_found_in_their_cases(index: Index) -> None:
    changed = seed("001").replace("«Свалка»", "«Свалке»")
    assert set(spellings(changed, index, "Свалка")) == {"Свалке"}
    ending = seed("000").replace("Молоток.ру", "Молотка.ру").replace("МойСклад", "МойСклада")
    assert spellings(ending, index, "Молоток.ру") == ["Молотка.ру"]
    assert spellings(ending, index, "МойСклад") == ["МойСклада"]


def test_T5_an_address_with_a_gap_is_the_address(index: Index) -> None:
    assert spellings(seed("000"), index, "Bay.ru") == ["Bay. ru", "Bay.ru"]


@pytest.mark.parametrize("spelling", ["TrustPilot", "Trustpilot", "Трастпайлот"])
def test_T6_three_spellings_of_one_name(spelling: str, index: Index) -> None:
    text = seed("002")
    assert spellings(text, index, "TrustPilot") == ["TrustPilot"]
    assert spellings(text.replace("TrustPilot", spelling), index, "TrustPilot") == [spelling]


@pytest.mark.parametrize("name", ["Свалка", "дЕбошь"])
def test_T13_glued_emoticons_hide_no_name(name: str, index: Index) -> None:
    text = seed("001").replace(f"«{name}»", f"{name}))")
    assert spellings(text, index, name) == [name] * len(spellings(seed("001"), index, name))


def test_T14_a_line_of_ten_kilobytes_is_searched_whole(index: Index) -> None:
    text = seed("002")
    line = max(text.splitlines(), key=len)
    before = text.index(line)
    places = [span.start - before for name in NAMED["002"] for span in spans(text, index, name)]
    assert len(line.encode()) > 9_000
    assert max(places) > 0.9 * len(line)
    assert spellings(f"{line} Свалка", index, "Свалка") == ["Свалка"]
