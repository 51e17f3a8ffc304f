"""What history adds to a judgement, each change with a reason that can be checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.lemmas import lemmatise, variants
from monitor.models import (
    Author,
    Brand,
    Judgement,
    Label,
    Lemmas,
    Level,
    Mention,
    Post,
    PostType,
    Sentiment,
    SpecialCase,
)
from monitor.understanding.assess import HISTORY_RULE, Context, Opinion, as_judged, assess
from monitor.understanding.authors import AuthorHistory, AuthorPost, author_key
from monitor.understanding.history import Confirmations, compile_issues, words_of_issues
from monitor.understanding.judge import Judge
from monitor.understanding.stories import Earlier, Member, StoryDecision, StoryFigures, decide, figures

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
BRAND = Brand(name="Рассвет24", known_issues=(("payments", ("касса",)),))
TEXT = (
    "Ужасный магазин Рассвет24: вчера касса дважды списала деньги за заказ №4512, менеджер нахамил и бросил трубку, "
    "в возврате отказали, поддержка молчит третий день. Отвратительное обслуживание, больше никогда сюда не приду."
)


@pytest.fixture(scope="module")
def judgement() -> Judgement:
    (judged,) = Judge([BRAND]).judge([Post(text=TEXT)])
    return replace(judged, lemmas=Lemmas(text=lemmatise(TEXT, "ru")))


def plain(judgement: Judgement) -> Judgement:
    """Without special cases, whose floors hide what history adds to the priority."""
    return replace(judgement, mentions=tuple(replace(one, special_cases=()) for one in judgement.mentions))


def assessed(judgement: Judgement, post: Post | None = None, *, context: Context | None = None) -> Mention:
    (mention,) = assess(judgement, post or Post(text=TEXT), context=context or Context(), now=NOW).mentions
    return mention


def texts(mention: Mention, code: str) -> list[str]:
    return [why.text for why in mention.why if why.code == code]


def earlier(author: str, *, hours: float, post_id: int, source: str = "forum") -> Earlier:
    return Earlier(
        post_id=post_id,
        story_id=7,
        lemmas=lemmatise(TEXT, "ru"),
        author=author,
        source=source,
        at=NOW - timedelta(hours=hours),
        negative=True,
    )


def spread(judgement: Judgement, *authors: str) -> tuple[StoryDecision, StoryFigures | None]:
    candidates = [earlier(author, hours=10 + at, post_id=at) for at, author in enumerate(authors)]
    members = [
        Member(post_id=one.post_id, author=one.author, source=one.source, at=one.at, negative=True)
        for one in candidates
    ]
    return decide(judgement.lemmas, candidates), figures(members, now=NOW)


def test_without_history_the_judgement_stays_as_it_is(judgement: Judgement) -> None:
    result = assess(judgement, Post(text=TEXT), context=Context(), now=NOW)
    assert result.mentions == judgement.mentions
    assert result.story == StoryDecision()


def test_a_silent_first_poll_is_told_once(judgement: Judgement) -> None:
    context = Context(silent="first poll of this source")
    mention = assessed(judgement, context=context)
    assert mention.why[:-1] == judgement.mentions[0].why
    assert mention.why[-1].text == "recorded silently on 2026-03-01 12:30 UTC: first poll of this source"
    assert mention.priority == judgement.mentions[0].priority
    assert assessed(replace(judgement, mentions=(mention,)), context=context) == mention
    assert assessed(replace(judgement, mentions=(mention,))) == mention  # a later look does not make it news


def test_many_who_tell_the_same_raise_priority_and_are_counted(judgement: Judgement) -> None:
    key = author_key(Author(name="kotofey_77"), "forum")
    alone = assessed(plain(judgement), context=Context(key=key))
    decision, of_story = spread(judgement, "@one_1", "@two_2", "@three_3")
    among = assessed(plain(judgement), context=Context(key=key, story=decision, figures=of_story))
    assert among.priority > alone.priority
    assert texts(among, "priority-authors") == ["told as something bad by 4 authors in 7 days"]
    assert texts(among, "story") == ["a copy of post 2 at forum, 2026-03-01: 100 % of its word pairs"]
    assert texts(among, "spread") == [
        (
            "before it 3 posts told this, by 3 authors at 1 source, 0.25 an hour; "
            "first post 2 at forum, 2026-03-01 00:30 UTC"
        )
    ]


def test_an_author_who_repeats_the_same_is_one_author(judgement: Judgement) -> None:
    key = author_key(Author(name="kotofey_77"), "forum")
    decision, of_story = spread(judgement, "@kotofey_77", "@kotofey_77")
    mention = assessed(judgement, context=Context(key=key, story=decision, figures=of_story))
    assert texts(mention, "priority-authors") == ["told by 1 author"]


def test_the_story_is_handed_back(judgement: Judgement) -> None:
    decision, of_story = spread(judgement, "@one_1")
    context = Context(story=decision, figures=of_story)
    result = assess(judgement, Post(text=TEXT), context=context, now=NOW)
    assert result.story.story == 7


@pytest.mark.parametrize(
    ("answer", "relevance", "said"),
    [
        (True, 1.0, "a person answered that this is about Рассвет24"),
        (False, 0.0, "a person answered that this is not about Рассвет24"),
    ],
)
def test_a_persons_answer_wins(judgement: Judgement, *, answer: bool, relevance: float, said: str) -> None:
    learned = {"Рассвет24": Says(Opinion(probability=1 - relevance, share=1.0, answers=50))}
    mention = assessed(judgement, context=Context(corrected={"Рассвет24": answer}, learned=learned))
    assert (mention.relevance, mention.doubtful) == (relevance, not answer)
    assert texts(mention, "corrected") == [said]
    assert texts(mention, "learned") == []
    assert (mention.priority > 0) is answer


@pytest.mark.parametrize(
    ("label", "shares"),
    [
        (Label.NEGATIVE, (0.98, 0.01, 0.01)),
        (Label.NEUTRAL, (0.01, 0.98, 0.01)),
        (Label.POSITIVE, (0.01, 0.01, 0.98)),
    ],
)
def test_how_a_person_feels_it_has_the_last_word(
    judgement: Judgement, label: Label, shares: tuple[float, float, float]
) -> None:
    judged = plain(judgement)
    before = judged.mentions[0].sentiment
    mention = assessed(judged, context=Context(felt={"Рассвет24": (label, NOW)}))
    felt = mention.sentiment
    assert (felt.label, (felt.negative, felt.neutral, felt.positive)) == (label, shares)
    assert texts(mention, "sentiment-corrected") == [f"felt as {label.value}: somebody said so on 2026-03-01"]
    assert texts(mention, "sentiment-by-itself-negative") == [
        f"by itself it is negative with probability {before.negative:.2f}"
    ]
    assert texts(mention, "priority-negative") == [f"negative with probability {shares[0]:.2f}"]
    assert (mention.priority > assessed(judged).priority) is (shares[0] > before.negative)
    # Whoever reads the stored mention anew finds the judge's own sentiment, and another answer replaces this one.
    again = replace(judged, mentions=(mention,))
    assert as_judged(mention).sentiment == before
    assert assessed(again, context=Context(felt={"Рассвет24": (label, NOW)})) == mention
    assert assessed(again) == assessed(judged)


def test_the_label_that_was_judged_comes_back_whatever_its_probability(judgement: Judgement) -> None:
    even = Sentiment(label=Label.POSITIVE, negative=0.4, neutral=0.2, positive=0.4)
    judged = replace(judgement, mentions=(replace(judgement.mentions[0], sentiment=even),))
    mention = assessed(judged, context=Context(felt={"Рассвет24": (Label.NEUTRAL, NOW)}))
    assert as_judged(mention).sentiment == even


def test_a_feeling_toward_another_brand_says_nothing(judgement: Judgement) -> None:
    assert assessed(judgement, context=Context(felt={"Закат": (Label.POSITIVE, NOW)})) == judgement.mentions[0]


@dataclass(frozen=True)
class Says:
    """A learned relevance that always says the same."""

    said: Opinion

    def opinion(self, post: Post, mention: Mention, lemmas: Lemmas) -> Opinion:
        assert lemmas.text
        return self.said


def test_what_was_learned_is_blended_and_told(judgement: Judgement) -> None:
    judged = judgement.mentions[0]
    learned = {"Рассвет24": Says(Opinion(probability=0.1, share=0.75, answers=43))}
    mention = assessed(judgement, context=Context(learned=learned))
    assert mention.relevance == pytest.approx(0.25 * judged.relevance + 0.075, abs=0.001)
    assert mention.doubtful
    assert mention.priority < judged.priority
    assert texts(mention, "learned") == [
        "learned from 43 answers: about Рассвет24 with probability 0.10, which counts for 75 %"
    ]
    assert texts(mention, "relevance-by-rules") == [f"by the rules alone the relevance is {judged.relevance:.2f}"]
    assert texts(mention, "priority-relevance") == [f"relevance {mention.relevance:.2f}"]


def test_the_learned_relevance_of_another_brand_says_nothing(judgement: Judgement) -> None:
    learned = {"Закат": Says(Opinion(probability=0.1, share=0.75, answers=43))}
    assert assessed(judgement, context=Context(learned=learned)) == judgement.mentions[0]


def full_context(judgement: Judgement) -> Context:
    """Everything at once."""
    decision, of_story = spread(judgement, "@kotofey_77", "@two_2")
    mentions = tuple(
        AuthorPost(post_id=day, brand="Рассвет24", source="blog", at=NOW - timedelta(days=day), negative=True)
        for day in (1, 2)
    )
    return Context(
        source="forum",
        story=decision,
        figures=of_story,
        key=author_key(Author(name="kotofey_77"), "forum"),
        author=AuthorHistory(key="@kotofey_77", names=("kotofey_77",), mentions=mentions, posts=2),
        confirmations=Confirmations(confirming=frozenset({"@a_1", "@b_2"})),
        learned={"Рассвет24": Says(Opinion(probability=0.2, share=0.5, answers=40))},
        known_issues={
            "Рассвет24": compile_issues(
                BRAND.known_issues, {word: variants(word) for word in words_of_issues(BRAND.known_issues)}
            )
        },
        percentile=0.5,
        domain_rank=10,
    )


def test_special_cases_over_history_are_added_with_their_reasons(judgement: Judgement) -> None:
    mention = assessed(judgement, context=full_context(judgement))
    found = {case.name: case.level for case in mention.special_cases if case.rule.startswith(HISTORY_RULE)}
    assert found == {
        "known_issue": Level.INFO,
        "serial_complainer": Level.INFO,
        "confirmed_by_others": Level.MEDIUM,
    }
    assert texts(mention, "known-issue") == ["«касса»: the known issue «payments»"]
    assert texts(mention, "serial-complainer") == [
        (
            "kotofey_77: 3 negative posts about Рассвет24 in 30 days, since 2026-02-27; at blog, forum; "
            "the same text stood at forum on 2026-03-01"
        )
    ]
    assert texts(mention, "confirmed-by-others") == ["2 other people confirmed it in answers, 0 said otherwise"]
    assert "confirmed_by_others" in texts(mention, "priority-severity")[0]


def test_assessing_twice_changes_nothing_and_undoing_leaves_no_trace(judgement: Judgement) -> None:
    context = full_context(judgement)
    once = assessed(judgement, context=context)
    again = assessed(replace(judgement, mentions=(once,)), context=context)
    assert again == once
    said = replace(context, corrected={"Рассвет24": False}, felt={"Рассвет24": (Label.POSITIVE, NOW)})
    corrected = assessed(replace(judgement, mentions=(once,)), context=said)
    assert (corrected.relevance, corrected.sentiment.label) == (0.0, Label.POSITIVE)
    assert assessed(replace(judgement, mentions=(corrected,))) == judgement.mentions[0]
    assert as_judged(judgement.mentions[0]) == judgement.mentions[0]


def test_the_brands_own_words_are_no_complaint(judgement: Judgement) -> None:
    own = SpecialCase(name="own_voice", level=Level.INFO, rule="ru:own", field="text", start=0, end=1)
    spoken = replace(judgement, mentions=tuple(replace(one, special_cases=(own,)) for one in judgement.mentions))
    assert assessed(spoken, context=full_context(judgement)).special_cases == (own,)


def test_influence_is_reckoned_with_what_the_store_knows(judgement: Judgement) -> None:
    post = Post(text=TEXT, author=Author(followers=999), type=PostType.REVIEW, url="https://unlisted.example/1")
    mention = assessed(judgement, post, context=Context(percentile=0.2, domain_rank=1000))
    assert texts(mention, "influence") == [
        "the author has 999 followers, more than 20 % of the known authors there",
        "its domain has rank 1,000",
    ]
    assert mention.influence == 38
    assert texts(mention, "priority-reach") == ["influence 38 of 100"]
    assert texts(mention, "priority-addressed") == ["a review or a word to the brand"]
    assert assessed(judgement, post, context=Context(source_weight=1.0)).influence == 72


def test_the_reasons_of_the_judge_come_first(judgement: Judgement) -> None:
    judged = tuple(why for why in judgement.mentions[0].why if not why.code.startswith(("influence", "priority-")))
    mention = assessed(judgement, context=full_context(judgement))
    assert mention.why[: len(judged)] == judged
    assert all(why.text for why in mention.why)
