"""Special cases over history, and of what a post leaves out: when they hold, when not, and what they say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.lemmas import lemmatise, variants
from monitor.models import Author, Judgement, Label, Lemmas, Level, Mention, Post, PostType, Sentiment, Span
from monitor.understanding import history
from monitor.understanding.authors import AuthorHistory, AuthorPost, author_key
from monitor.understanding.history import Confirmations, Finding, compile_issues, words_of_issues
from monitor.understanding.stories import Alike, Earlier, Likeness, StoryDecision, StoryKind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENTIMENTS = {
    Label.NEGATIVE: Sentiment(label=Label.NEGATIVE, negative=0.9, neutral=0.08, positive=0.02),
    Label.NEUTRAL: Sentiment(label=Label.NEUTRAL, negative=0.1, neutral=0.8, positive=0.1),
    Label.POSITIVE: Sentiment(label=Label.POSITIVE, negative=0.02, neutral=0.08, positive=0.9),
}
KEY = author_key(Author(name="kotofey_77"), "a")


def mention(label: Label = Label.NEGATIVE, *, brand: str = "Рассвет", text: str = "Рассвет молчит") -> Mention:
    at = max(text.find(brand), 0)
    span = Span(field="text", start=at, end=at + len(brand), text=brand, kind="exact")
    return Mention(
        brand=brand,
        relevance=1.0,
        doubtful=False,
        spans=(span,),
        sentiment=SENTIMENTS[label],
        special_cases=(),
        influence=0,
        priority=50,
        why=(),
    )


def judged(text: str, *mentions: Mention, lang: str = "ru") -> Judgement:
    return Judgement(
        lang=lang,
        sentiment=SENTIMENTS[Label.NEGATIVE],
        special_cases=(),
        mentions=mentions,
        lemmas=Lemmas(text=lemmatise(text, lang)),
    )


def wrote(*days: float, sources: str = "aaaaaa", threads: str = "", posts: int | None = None) -> AuthorHistory:
    mentions = tuple(
        AuthorPost(
            post_id=number,
            brand="Рассвет",
            source=sources[number],
            at=NOW - timedelta(days=ago),
            negative=True,
            thread=threads[number] if threads else None,
        )
        for number, ago in enumerate(days)
    )
    return AuthorHistory(
        key="@kotofey_77", names=("Kotofey_77",), mentions=mentions, posts=len(days) if posts is None else posts
    )


def alike(author: str | None, kind: StoryKind = StoryKind.REPOST, *, hours: float = 5, post_id: int = 1) -> Alike:
    at = NOW - timedelta(hours=hours)
    earlier = Earlier(post_id=post_id, story_id=1, lemmas="", author=author, source="forum", at=at, negative=True)
    return Alike(earlier=earlier, likeness=Likeness(kind=kind, share=0.9))


def complaining(author: AuthorHistory | None, *found: Alike, label: Label = Label.NEGATIVE) -> Finding | None:
    return history.serial_complainer(
        mention(label), key=KEY, author=author, decision=StoryDecision(alike=found), source="a", now=NOW
    )


@pytest.mark.parametrize(
    ("author", "said"),
    [
        (wrote(1, 2), "Kotofey_77: 3 negative posts about Рассвет in 30 days, since 2026-02-27"),
        (wrote(1, 2, sources="bc"), "3 negative posts about Рассвет in 30 days, since 2026-02-27; at a, b, c"),
        (wrote(1, 2, 3, threads="123"), "4 negative posts about Рассвет in 30 days, since 2026-02-26; in 3 threads"),
        (wrote(1, 31, 40), None),
        (wrote(1), None),
        (wrote(), None),
        (None, None),
    ],
)
def test_a_pattern_of_complaints_is_told_with_its_counts(author: AuthorHistory | None, said: str | None) -> None:
    found = complaining(author)
    if said is None:
        assert found is None
    else:
        assert found is not None
        assert found.why.text.endswith(said)
        assert (found.case.name, found.case.level, found.case.start) == ("serial_complainer", Level.INFO, 0)


def test_praise_is_no_complaint_however_often() -> None:
    assert complaining(wrote(1, 2, 3), label=Label.POSITIVE) is None


@pytest.mark.parametrize(
    ("author", "kind", "is_told"),
    [
        ("@kotofey_77", StoryKind.REPOST, True),
        ("@kotofey_77", StoryKind.REWRITTEN, False),
        ("@another_1", StoryKind.REPOST, False),
        (None, StoryKind.REPOST, False),
    ],
)
def test_one_text_at_two_places_is_a_pattern_where_one_author_wrote_both(
    author: str | None, kind: StoryKind, *, is_told: bool
) -> None:
    found = complaining(wrote(), alike(author, kind))
    assert (found is not None) is is_told
    if found is not None:
        assert found.why.text == "Kotofey_77: the same text stood at forum on 2026-03-01"


@pytest.mark.parametrize(
    ("confirming", "rebutting", "level"),
    [
        ("ab", "", Level.MEDIUM),
        ("a", "", Level.INFO),
        ("abc", "d", Level.MEDIUM),
        ("ab", "c", Level.INFO),
        ("ab", "bc", None),  # b says both, so it is one against one
        ("a", "b", None),
        ("", "", None),
    ],
)
def test_confirmations_less_rebuttals(confirming: str, rebutting: str, level: Level | None) -> None:
    counted = Confirmations(confirming=frozenset(confirming), rebutting=frozenset(rebutting))
    found = history.confirmed_by_others(mention(), confirmations=counted)
    assert (found.case.level if found else None) == level


def test_a_confirmation_says_how_many() -> None:
    counted = Confirmations(confirming=frozenset("abc"), rebutting=frozenset("d"))
    found = history.confirmed_by_others(mention(), confirmations=counted)
    assert found is not None
    assert found.why.text == "3 other people confirmed it in answers, 1 said otherwise"
    assert history.confirmed_by_others(mention(), confirmations=None) is None


@pytest.mark.parametrize(
    ("lang", "text", "missing"),
    [
        ("ru", "Рассвет ужасен, не советую никому", "when, where, which order or who"),
        ("ru", "Рассвет вчера опять не работал, позор", "where, which order or who"),
        ("ru", "Вчера в магазине на Садовой мне нахамили, Рассвет молчит", None),
        ("ru", "Заказ №4512 Рассвет везёт третью неделю", None),
        ("ru", "Менеджера зовут Ирина Петрова, и Рассвет с ней не разговаривает", "when, where or which order"),
        ("ru", "Рассвет, отделение на ул. Ленина: продавец нагрубил", "when, which order or who"),
        ("en", "Рассвет is rubbish, avoid", "when, where, which order or who"),
        ("en", "Order 778899 at Рассвет never arrived, since Monday no answer", None),
        ("de", "Рассвет ist furchtbar", "when, where, which order or who"),
        ("de", "Am Dienstag kam von Рассвет die falsche Bestellung", None),
        ("es", "Рассвет es un desastre", "when, where, which order or who"),
        ("uk", "Учора Рассвет загубив моє замовлення", None),
    ],
)
def test_what_a_complaint_leaves_out(lang: str, text: str, missing: str | None) -> None:
    about = mention(text=text)
    left_out = history.left_out(about, Post(text=text), judged(text, about, lang=lang))
    found = history.missing_details(about, missing=left_out)
    assert (found.why.text if found else None) == (f"it does not say {missing}" if missing else None)


def test_praise_needs_no_details() -> None:
    about = mention(Label.POSITIVE)
    left_out = history.left_out(about, Post(text="Рассвет молчит"), judged("Рассвет молчит", about))
    assert len(left_out) == 4
    assert history.missing_details(about, missing=left_out) is None


def test_an_article_is_no_complaint_that_lacks_details() -> None:
    about = mention(text="Рассвет ужасен")
    article = Post(text="Рассвет ужасен", type=PostType.ARTICLE, rating=1.0)
    judgement = judged(article.text, about)
    assert history.left_out(about, article, judgement) == ()
    found = history.fake_signals(
        about, article, judgement, missing=(), key=KEY, author=wrote(), decision=StoryDecision(), now=NOW
    )
    assert found is None


def signals(
    text: str, *others: Mention, rating: float | None = None, author: AuthorHistory | None = None, copies: str = ""
) -> list[str]:
    about, post = mention(text=text), Post(text=text, rating=rating)
    judgement = judged(text, about, *others)
    found = history.fake_signals(
        about,
        post,
        judgement,
        missing=history.left_out(about, post, judgement),
        key=KEY,
        author=author,
        decision=StoryDecision(alike=tuple(alike(name, post_id=at) for at, name in enumerate(copies))),
        now=NOW,
    )
    return found.why.text.partition(": ")[2].split("; ") if found else []


def test_three_signs_are_told_and_two_are_not() -> None:
    details, superlatives = "no time, place, order or name", "2 superlatives and no figure"
    assert signals("Рассвет худший, ужасный магазин") == []
    assert signals("Рассвет худший, ужасный магазин", rating=1.0) == [
        details,
        superlatives,
        "1 of 5 stars with 4 words",
    ]
    assert signals("Рассвет худший, ужасный магазин", author=wrote()) == [
        details,
        superlatives,
        "no earlier post of this author is known",
    ]
    rival = mention(Label.POSITIVE, brand="Закат")
    assert signals("Рассвет обманул, Закат куда приятнее", rival, copies="xyy") == [
        details,
        "2 other authors wrote nearly the same within 48 hours",
        "it praises Закат",
    ]


def test_a_plain_complaint_with_details_has_no_signs() -> None:
    text = "Рассвет 12.02.2026 не привёз заказ №4512 на Садовую, менеджер Ирина Петрова бросила трубку"
    assert signals(text, rating=1.0, author=wrote()) == []


ISSUES = (("payments", ("касса", "не проходит оплата")), ("support", ("поддержка",)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Опять кассы Рассвета стоят", ["«кассы»: the known issue «payments»"]),
        ("Рассвет: не проходила оплата картой", ["«не проходила оплата»: the known issue «payments»"]),
        ("Рассвет, оплата проходит", []),
        ("Кассиры Рассвета милые", []),
        (
            "Поддержку Рассвета не дозваться, касса стоит",
            ["«касса»: the known issue «payments»", "«Поддержку»: the known issue «support»"],
        ),
    ],
)
def test_a_known_issue_is_found_in_any_form_and_named(text: str, said: list[str]) -> None:
    compiled = compile_issues(ISSUES, {word: variants(word) for word in words_of_issues(ISSUES)})
    found = list(history.known_issues(Post(text=text), judged(text).lemmas, issues=compiled))
    assert [finding.why.text for finding in found] == said
    for finding in found:
        assert text[finding.case.start : finding.case.end] == finding.why.text.split("»")[0].lstrip("«")
        assert finding.case.name == "known_issue"
