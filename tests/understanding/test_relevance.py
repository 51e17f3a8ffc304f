"""Is the brand meant: the evidence, its weight, and the brand's own voice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.models import Author, Brand, Post
from monitor.understanding.matching.matcher import find
from monitor.understanding.matching.names import build
from monitor.understanding.relevance import DOUBTFUL_BELOW, Relevance, weigh

if TYPE_CHECKING:
    from monitor.understanding.matching.forms import Morphology

SHOP = Brand(
    name="Лента", aliases=("Гипермаркет Лента",), context_any=("касса", "скидка", "продукты"), context_none=("кино",)
)
TOOL = Brand(name="РосаСклад", context_none=("цветы",), own_accounts=("rosa_help", "https://t.me/rosanews"))
HOME = Brand(name="Теремъ", handles=("@teremdom",), own_domains=("terem.example",))


def weighed(brand: Brand, post: Post, morphology: Morphology, *, others: tuple[str, ...] = ()) -> Relevance:
    found = find(post, build([brand], morphology))
    assert found.hits
    return weigh(post, brand, hits=found.hits, cues=found.cues, others=others)


@pytest.mark.parametrize(
    ("text", "value", "codes"),
    [
        ("лента порвалась", 0.3, []),
        ("Лента порвалась", 0.3, []),  # the capital is the sentence's
        ("ВСЯ ЛЕНТА В СПАМЕ", 0.3, []),  # the capitals are the author's
        ("Купил в Ленте хлеб", 0.65, ["capital"]),
        ("купил в «ленте» хлеб", 0.65, ["quoted"]),
        ("купил в «Ленте» хлеб", 0.85, ["capital", "quoted"]),
        ("в ленте на кассе очередь", 0.65, ["context"]),
        ("в ленте на кассах и скидок нет, и продуктов нет", 0.85, ["context", "context"]),
        ("а Лента.ру пишет о погоде", 0.1, ["capital", "other-address"]),
        ("кассовая лента кино", 0.1, ["context-against"]),
        ("Гипермаркет Лента закрыт", 1.0, []),
        ("лента " + "и " * 150 + "касса", 0.3, []),  # too far away
    ],
)
def test_an_ordinary_word_needs_evidence(text: str, value: float, codes: list[str], morphology: Morphology) -> None:
    relevance = weighed(SHOP, Post(text=text), morphology)
    assert relevance.value == value
    assert relevance.doubtful is (value < DOUBTFUL_BELOW)
    assert [why.code for why in relevance.why if why.code != "ordinary-word"] == codes


@pytest.mark.parametrize(("text", "value"), [("росасклад", 1.0), ("росасклад и цветы", 0.3)])
def test_a_name_of_its_own_needs_none(text: str, value: float, morphology: Morphology) -> None:
    assert weighed(TOOL, Post(text=text), morphology).value == value


def test_the_best_place_counts(morphology: Morphology) -> None:
    assert weighed(SHOP, Post(title="лента", text="был в «Ленте»"), morphology).value == 0.85


def test_another_brand_in_the_same_post_is_evidence(morphology: Morphology) -> None:
    relevance = weighed(SHOP, Post(text="лента или перекресток"), morphology, others=("Перекрёсток",))
    assert relevance.value == 0.85
    assert "Перекрёсток" in relevance.why[-1].text


def test_each_reason_points_at_its_place(morphology: Morphology) -> None:
    text = "Купил в «Ленте» хлеб"
    for why in weighed(SHOP, Post(text=text), morphology).why:
        assert why.field == "text"
        assert text[why.start : why.end] == "Ленте"


@pytest.mark.parametrize(
    ("brand", "author", "own"),
    [
        (TOOL, Author(name="Rosa_Help"), True),
        (TOOL, Author(name="@rosa_help"), True),
        (TOOL, Author(name="Роза", url="https://t.me/rosanews/"), True),
        (TOOL, Author(name="rosa_helper"), False),
        (TOOL, Author(), False),
        (HOME, Author(name="teremdom"), True),
        (HOME, Author(url="https://blog.terem.example/about"), True),
        (HOME, Author(name="Пресс-служба <press@terem.example>"), True),
        (HOME, Author(url="https://notterem.example/"), False),
        (HOME, Author(url="http://[broken"), False),
    ],
)
def test_the_brands_own_voice_is_a_doubtful_mention(
    brand: Brand, author: Author, own: bool, morphology: Morphology
) -> None:
    relevance = weighed(brand, Post(text=f"{brand.name} извиняется", author=author), morphology)
    assert relevance.doubtful is own
    assert any(why.code == "own-voice" for why in relevance.why) is own
