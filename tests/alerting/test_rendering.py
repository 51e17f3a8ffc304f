from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.catalogue import CATALOGUES
from monitor.alerting.styles import STYLES, style_of
from monitor.models import AlertView, Author, Label, Level, Post, PostType, Sentiment, Span, SpecialCase, Why
from tests.alerting.alerts import make_alert, make_mention, rendered

HOSTILE = (
    "<!channel> @everyone @here <@U1> [click](http://evil.example) ![x](http://pixel.example) *b* \x1b[31m\u202e `c`"
)


def test_a_mail_says_what_who_how_bad_where_and_when(alert: AlertView) -> None:
    message = rendered(alert)
    assert message.title == "МойСклад: Negative on forum: Не работает"
    assert message.body == "\n".join(
        (
            "Negative mention of МойСклад · priority 62 of 100 · influence 30 of 100",
            "Why: named as «МоёмСкладе»; reads negative, 90 %",
            "",
            "Не работает",
            "В *МоёмСкладе* опять ничего не работает",
            "",
            "Author: Ольга (120 followers) · on forum",
            "Published: 2026-11-21 11:56 UTC · found after: 3 min",
            "Open: https://forum.example/t/1",
            "monitor-alert: 12 · all reasons: monitor why 7",
            "monitor-message: " + "m" * 26,
        )
    )


def test_a_russian_receiver_reads_russian(alert: AlertView) -> None:
    message = rendered(alert, language="ru")
    assert message.title == "МойСклад: Негативное упоминание, источник forum: Не работает"
    assert "найдено через: 3 мин" in message.body
    assert "Почему: упоминается как «МоёмСкладе»; тон негативный, 90 %" in message.body


@pytest.mark.parametrize(
    ("language", "acknowledge", "resolve", "said"),
    [
        (
            "en",
            timedelta(hours=2),
            timedelta(days=1),
            "Case 31: first reply by 2026-11-21 14:00 UTC, resolve by 2026-11-22 12:00 UTC · monitor cases show 31",
        ),
        ("ru", None, timedelta(days=1), "Обращение 31: решить до 2026-11-22 12:00 UTC · monitor cases show 31"),
        ("en", None, None, "Case 31: nothing is due now · monitor cases show 31"),
    ],
)
def test_a_mention_in_a_case_says_what_is_due_there(
    alert: AlertView, language: str, acknowledge: timedelta | None, resolve: timedelta | None, said: str
) -> None:
    due = [None if span is None else alert.created_at + span for span in (acknowledge, resolve)]
    in_case = replace(alert, case_id=31, acknowledge_by=due[0], resolve_by=due[1])
    body = rendered(in_case, language=language).body
    assert body.splitlines()[2] == said
    assert body.replace(f"{said}\n", "") == rendered(alert, language=language).body


@pytest.mark.parametrize(
    ("sort", "headline"),
    [
        (PostType.REVIEW, "Негативный отзыв · МойСклад"),
        (PostType.ARTICLE, "Негативное упоминание · МойСклад"),
        (PostType.COMMENT, "Негативное упоминание · МойСклад"),
    ],
)
def test_only_a_review_is_called_one(alert: AlertView, sort: PostType, headline: str) -> None:
    message = rendered(make_alert(replace(alert.view.post, type=sort), alert.view.mention), language="ru")
    assert message.body.startswith(headline)


def case(name: str, rule: str = "ru:x") -> SpecialCase:
    return SpecialCase(name=name, level=Level.MEDIUM, rule=rule, field="text", start=0, end=1)


FOUND = (
    case("refund"),
    case("known_issue", "history:known-issue:касса_2"),
    case("known_issue", "history:known-issue:касса_2"),
    case("of_later"),
)


@pytest.mark.parametrize(
    ("language", "url", "told"),
    [
        ("en", "mailto://x", "wants money back or compensation; known issue: касса_2; of later"),
        ("ru", "mailto://x", "требует вернуть деньги или возместить ущерб; известная проблема: касса_2; of later"),
        ("ru", "mmost://x", "требует вернуть деньги или возместить ущерб; известная проблема: касса\\_2; of later"),
    ],
)
def test_special_cases_are_told_in_the_readers_words_each_once(
    alert: AlertView, language: str, url: str, told: str
) -> None:
    mention = replace(alert.view.mention, special_cases=FOUND)
    why = rendered(make_alert(alert.view.post, mention), url=url, language=language).body.splitlines()[1]
    assert why.endswith(f", 90 %; {told}")


def every_case() -> list[str]:
    """The names of all special cases: those of the rules, and those over the history."""
    root = Path(__file__).resolve().parents[2]
    rules = root / "monitor" / "understanding" / "data" / "special_cases" / "cases.toml"
    documented = (root / "docs" / "judgement.md").read_text(encoding="utf-8").partition("## Special cases")[2]
    named = re.findall(r"^\| `(\w+)` \| .* \|", documented.partition("\n## ")[0], re.MULTILINE)
    assert {*tomllib.loads(rules.read_text(encoding="utf-8"))} < {*named}
    return named


@pytest.mark.parametrize("name", every_case())
def test_every_special_case_has_its_words_in_every_language(name: str) -> None:
    assert all("_" not in words[f"case-{name}"] for words in CATALOGUES.values())


@pytest.mark.parametrize("url", sorted({f"{scheme}://x" for scheme in STYLES} | {"slack://x"}))
@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_of_many_special_cases_the_first_are_told(url: str, language: str) -> None:
    issue = "known_issue", "history:known-issue:" + "очень долгое название " * 20
    mention = replace(make_mention(), special_cases=(*map(case, every_case()), case(*issue)))
    post = Post(title="Опять", text="В МоёмСкладе " + "слово " * 400, url="https://forum.example/t/1")
    message = rendered(make_alert(post, mention), url=url, language=language)
    assert len(message.body) <= style_of(url).limit
    told = message.body.splitlines()[1].split("; ")
    assert CATALOGUES[language]["case-health_safety"] in told
    assert told[-1] == "…"


STARS = Why(code="rating", text="1 of 5 stars", weight=1.0)


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (STARS, "1 of 5 stars; reads negative, 90 %"),
        # Toward a brand that is left or compared the words count, whatever the stars of the post.
        (Why(code="sentiment", text="reads negative (0.90)", weight=0.9), "reads negative, 90 %"),
    ],
)
def test_stars_are_part_of_the_reason_where_they_decided(alert: AlertView, why: Why, told: str) -> None:
    mention = replace(alert.view.mention, why=(*alert.view.mention.why, why))
    message = rendered(make_alert(replace(alert.view.post, rating=1.0), mention))
    assert message.body.splitlines()[1] == f"Why: named as «МоёмСкладе»; {told}"


UNSURE = Sentiment(label=Label.NEGATIVE, negative=0.44, neutral=0.18, positive=0.38)


@pytest.mark.parametrize(
    ("language", "title", "headline", "why"),
    [
        (
            "en",
            "Perhaps negative on forum",
            "Perhaps negative mention",
            "unsure: negative 44 %, positive 38 %, neutral 18 %",
        ),
        (
            "ru",
            "Возможно, негативное упоминание, источник forum",
            "Возможно, негативное упоминание · МойСклад",
            "тон неясен: негативный 44 %, положительный 38 %, нейтральный 18 %",
        ),
    ],
)
def test_an_unsure_sentiment_is_told_as_such(
    alert: AlertView, language: str, title: str, headline: str, why: str
) -> None:
    message = rendered(make_alert(alert.view.post, replace(alert.view.mention, sentiment=UNSURE)), language=language)
    assert message.title == f"МойСклад: {title}: Не работает"
    assert message.body.startswith(headline)
    assert message.body.splitlines()[1].endswith(f"«МоёмСкладе»; {why}")


@pytest.mark.parametrize(
    ("language", "why"),
    [
        ("en", "1 of 5 stars; its text says the opposite, 83 %; reads negative, 90 %"),
        ("ru", "1 из 5 звёзд; текст говорит об обратном, 83 %; тон негативный, 90 %"),
    ],
)
def test_stars_that_their_text_contradicts_are_told_as_such(alert: AlertView, language: str, why: str) -> None:
    against = Why(code="contradiction", text="the text alone reads positive (0.83), against its stars", weight=0.83)
    mention = replace(alert.view.mention, why=(*alert.view.mention.why, STARS, against))
    message = rendered(make_alert(replace(alert.view.post, rating=1.0), mention), language=language)
    assert message.body.splitlines()[1].endswith(f"«МоёмСкладе»; {why}")


def test_a_brand_in_the_title_is_marked_there() -> None:
    span = Span(field="title", start=0, end=8, text="МойСклад", kind="exact")
    mention = replace(make_mention(), spans=(span,))
    message = rendered(make_alert(Post(title="МойСклад лежит", text="Опять"), mention))
    assert "\n*МойСклад* лежит\nОпять\n" in message.body


def test_an_unknown_language_falls_back_to_english(alert: AlertView) -> None:
    assert rendered(alert, language="xx") == rendered(alert, language="en")


def test_every_catalogue_has_the_same_words() -> None:
    assert len({frozenset(words) for words in CATALOGUES.values()}) == 1


def test_what_is_not_known_is_said_so() -> None:
    message = rendered(make_alert(Post(text="В МоёмСкладе опять ничего не работает"), make_mention()))
    assert "Author: unknown" in message.body
    assert "Published: unknown · found after: unknown" in message.body
    assert "Open:" not in message.body


def test_a_date_from_the_future_gives_no_negative_delay(alert: AlertView) -> None:
    post = replace(alert.view.post, published=alert.view.discovered_at.replace(hour=23))
    assert "found after: 0 s" in rendered(make_alert(post, alert.view.mention)).body


@pytest.mark.parametrize("url", ["mailto://x", "slack://x", "mmost://x", "discord://x", "ntfy://x", "tgram://x"])
def test_hostile_content_pings_nobody_and_moves_no_cursor(url: str) -> None:
    post = Post(title=HOSTILE, text="В МоёмСкладе " + HOSTILE, author=Author(name=HOSTILE))
    message = rendered(make_alert(post, make_mention()), url=url)
    assert "\x1b" not in message.title + message.body
    assert "\u202e" not in message.title + message.body
    assert "\n" not in message.title
    if not url.startswith("mailto"):
        assert "@everyone" not in message.body
        assert "@here" not in message.body


@pytest.mark.parametrize("url", ["mmost://x", "discord://x"])
def test_markdown_of_the_content_stays_text(url: str) -> None:
    post = Post(title="t", text="В МоёмСкладе " + HOSTILE)
    body = rendered(make_alert(post, make_mention()), url=url).body
    assert "](http" not in body.replace("\\]\\(", "")
    assert "**МоёмСкладе**" in body


@pytest.mark.parametrize("url", sorted({f"{scheme}://x" for scheme in STYLES} | {"slack://x"}))
def test_a_long_text_is_cut_around_the_brand_and_keeps_its_marks(url: str) -> None:
    long = "слово " * 3000
    text = long + "МоёмСкладе " + long
    mention = make_mention(text, start=len(long), end=len(long) + 10)
    message = rendered(make_alert(Post(title="t" * 500, text=text, url="https://forum.example/1"), mention), url=url)
    assert len(message.body) <= style_of(url).limit
    assert "МоёмСкладе" in message.body
    assert message.body.endswith("monitor-message: " + "m" * 26)
    assert "monitor-alert: 12" in message.body


def test_an_endless_title_and_address_do_not_break_the_limit() -> None:
    post = Post(title="*t*" * 5000, text="В МоёмСкладе", url="https://forum.example/" + "a" * 2000)
    message = rendered(make_alert(post, make_mention()), url="discord://x")
    assert len(message.body) <= style_of("discord://x").limit


@given(text=st.text(max_size=400), title=st.text(max_size=100), author=st.text(max_size=50))
def test_any_text_renders_within_the_limit(text: str, title: str, author: str) -> None:
    mention = replace(make_mention(), spans=())
    alert = make_alert(Post(title=title, text=text, author=Author(name=author)), mention)
    for url in ("mailto://x", "rocket://x", "slack://x"):
        assert len(rendered(alert, url=url).body) <= style_of(url).limit
