"""Is the brand meant: each sort of evidence, its weight, and what makes a post doubtful whatever its score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.models import Author, Brand, Level, Post, SpecialCase
from monitor.understanding.matching.matcher import find
from monitor.understanding.matching.names import build
from monitor.understanding.relevance import DOUBTFUL_BELOW, OWN_VOICE, Relevance, weigh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.understanding.matching.forms import Morphology

SHOP = Brand(name="Лента", aliases=("Гипермаркет Лента",), context_any=("касса", "скидка"), context_none=("кино",))
PLAIN = Brand(name="Ромашка")
TOOL = Brand(name="РосаСклад", context_none=("цветы",), own_accounts=("rosa_help", "https://t.me/rosanews"))
HOME = Brand(name="Теремъ", handles=("@teremdom",), own_domains=("terem.example",))


def weighed(
    brand: Brand,
    post: Post,
    morphology: Morphology,
    *,
    others: tuple[str, ...] = (),
    special_cases: Sequence[SpecialCase] = (),
) -> Relevance:
    found = find(post, build([brand], morphology))
    assert found.hits
    return weigh(post, brand, hits=found.hits, cues=found.cues, others=others, special_cases=special_cases)


@pytest.mark.parametrize(
    ("brand", "text", "code", "doubtful"),
    [
        (PLAIN, "ромашка во дворе", "ordinary-word", True),
        (PLAIN, "наша Ромашка во дворе", "capital", True),  # alone it proves nothing
        (PLAIN, "ВСЯ РОМАШКА ВО ДВОРЕ", "ordinary-word", True),
        (PLAIN, "аптека Ромашка во дворе", "kind", False),
        (PLAIN, "фильм «Ромашка» во дворе", "other-thing", True),
        (PLAIN, "жёлтая ромашка во дворе", "adjective", True),
        (PLAIN, "курьер из Ромашки во дворе", "belonging", False),
        (PLAIN, "заказала в Ромашке торт", "dealing", False),
        (PLAIN, "Ромашка навязала лишнее", "act", False),
        (PLAIN, "Ромашка, верните мои деньги!", "address", False),
        (SHOP, "лента на кассе", "context", False),
        (SHOP, "лента кино", "context-against", True),
        (SHOP, "а Лента.ру пишет о погоде", "other-address", True),
        (SHOP, "вся лента новостей о ней", "ordinary-sense", True),
        (SHOP, "лента и лайки под постом", "ordinary-near", True),
        (Brand(name="Магнит"), "в Магнит Косметик за тушью", "other-name", True),
        (Brand(name="Магнит"), "банк «Магнит» в центре", "other-kind", True),
        (Brand(name="Магнит"), "магнит или Ашан, где дешевле", "sector-brand", False),
        (Brand(name="Мир"), "карта мир не прошла", "meant", False),
        (Brand(name="Мир"), "карта мира на стене", "ordinary-sense", True),
        (Brand(name="Target"), "The target of the attack was known", "ordinary-sense", True),
        (Brand(name="Target"), "I was at Target today", "dealing", False),
        (Brand(name="Visa"), "They declined my Visa card again", "kind", False),
    ],
)
def test_evidence_is_told_and_decides(
    brand: Brand, text: str, code: str, doubtful: bool, morphology: Morphology
) -> None:
    lang = "en" if text.isascii() else "ru"
    relevance = weighed(brand, Post(text=text, lang=lang), morphology)
    assert code in {why.code for why in relevance.why}
    assert relevance.doubtful is doubtful, relevance
    assert relevance.doubtful is (relevance.value < DOUBTFUL_BELOW)


def test_configured_words_count_only_near_the_name(morphology: Morphology) -> None:
    near = weighed(SHOP, Post(text="лента " + "и " * 20 + "касса"), morphology)
    far = weighed(SHOP, Post(text="лента " + "и " * 150 + "касса"), morphology)
    assert (near.doubtful, far.doubtful) == (False, True)


@pytest.mark.parametrize(("text", "value"), [("росасклад", 1.0), ("росасклад и цветы", 0.35)])
def test_a_name_of_its_own_needs_no_evidence(text: str, value: float, morphology: Morphology) -> None:
    assert weighed(TOOL, Post(text=text), morphology).value == value


def test_the_best_place_counts(morphology: Morphology) -> None:
    post = Post(title="лента новостей", text="купил хлеб в ленте, на кассе очередь")
    assert not weighed(SHOP, post, morphology).doubtful


def test_another_configured_brand_in_the_same_post_is_evidence(morphology: Morphology) -> None:
    alone = weighed(PLAIN, Post(text="ромашка или василёк"), morphology)
    relevance = weighed(PLAIN, Post(text="ромашка или василёк"), morphology, others=("Василёк",))
    assert relevance.value > alone.value
    assert "Василёк" in relevance.why[-1].text


def test_each_reason_points_at_words_of_the_post(morphology: Morphology) -> None:
    text = "Курьер из «Ромашки» не вернул деньги, жалоба в службу поддержки"
    places: dict[str, str] = {}
    for why in weighed(PLAIN, Post(text=text), morphology).why:
        assert why.start is not None
        places.setdefault(why.code, text[why.start : why.end])
    assert places["belonging"] == "Ромашки"
    assert places["customer"] in {"Курьер", "деньги", "вернул", "жалоба"}


def test_a_place_in_a_long_post_is_read_with_its_surroundings(morphology: Morphology) -> None:
    text = "слово " * 3_000 + "курьер из Ромашки нахамил " + "слово " * 3_000
    relevance = weighed(PLAIN, Post(text=text), morphology)
    assert not relevance.doubtful
    assert {text[why.start : why.end] for why in relevance.why if why.code == "belonging"} == {"Ромашки"}


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
def test_the_brands_own_accounts_are_its_voice(brand: Brand, author: Author, own: bool, morphology: Morphology) -> None:
    relevance = weighed(brand, Post(text=f"{brand.name} сообщает", author=author), morphology)
    assert relevance.doubtful is own
    assert any(why.code == "own-voice" for why in relevance.why) is own


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Добрый день! Приносим извинения. РосаСклад: напишите нам номер заказа, мы разберёмся", True),
        ("Thank you for your feedback! Please contact us, the team of РосаСклад", True),
        ("Приносим извинения, заказ в РосаСклад отменён", False),  # one formula is not enough
        ("Я написала, мне ответил РосаСклад: приносим извинения, мы разберёмся", False),  # retold by a customer
        ("РосаСклад молчал год, а потом «приносим извинения, напишите нам»", False),  # quoted
        ("> Приносим извинения, напишите нам\nИ это весь ответ РосаСклад", False),
    ],
)
def test_the_formulas_of_firms_are_its_voice(text: str, own: bool, morphology: Morphology) -> None:
    assert weighed(TOOL, Post(text=text), morphology).doubtful is own


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Говорит основатель РосаСклад: мы растём, наши клиенты с нами, мы ценим их, нам важно, чтобы наш склад", True),
        ("Основатель РосаСклад обещал возврат, но мы всё ждём", False),
        ("Мы и наши дети, наш кот, нам бы РосаСклад, мы его любим, у нас их два", False),
    ],
)
def test_who_speaks_for_the_brand_is_its_voice(text: str, own: bool, morphology: Morphology) -> None:
    assert weighed(TOOL, Post(text=text), morphology).doubtful is own


@pytest.mark.parametrize(("name", "most"), [("own_voice", OWN_VOICE), ("article_about", 0.45), ("refund", 1.0)])
def test_special_cases_limit_what_a_post_can_reach(name: str, most: float, morphology: Morphology) -> None:
    case = SpecialCase(name=name, level=Level.INFO, rule="ru:test", field="text", start=0, end=9)
    assert weighed(TOOL, Post(text="РосаСклад"), morphology, special_cases=[case]).value == most
