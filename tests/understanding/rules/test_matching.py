"""What a pattern finds: each row is a pattern, a text and the words that are its evidence, None for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from monitor.understanding.rules.views import MOST_TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable

RU = [
    # forms of a word, one spelling, beginnings and ends
    ("суд", "Встретимся в судах", "судах"),
    ("суд", "Такая судьба", None),
    ("=суд", "До суда далеко", None),
    ("=суд", "Это СУД", "СУД"),
    ("жалоб*", "Написал жалобищу", "жалобищу"),
    ("*банк", "Ваш Газпромбанк подвёл", "Газпромбанк"),
    ("мой", "Пол надо мыть", None),
    ("ещё", "и еще раз", "еще"),
    ("=ещё", "и еще раз", "еще"),
    # standing next to each other
    ("подать в суд", "решил подать в суд на них", "подать в суд"),
    ("подать суд", "решил подать в суд на них", None),
    ("подать суд", "решил подать. Суд далеко", None),
    ("плохой магазин", "это плохой «магазин» у дома", "плохой «магазин"),
    # gaps
    ("подать ~1 суд", "решил подать в суд", "подать в суд"),
    ("подать ~1 суд", "решил подать на них в суд", None),
    ("подать ~3 суд", "решил подать на них в суд", "подать на них в суд"),
    ("хам ~5 магазин", "там хам сидит, я ушёл из магазина", None),
    ("хам ~~6 магазин", "там хам сидит, я ушёл из магазина", "хам сидит, я ушёл из магазина"),
    ("хам ~~6 магазин", "там хам. Я ушёл из магазина", None),
    # alternatives, marks, absent items
    ("подать|написать иск", "пора написать иск", "написать иск"),
    ("подать/1per", "я подам", "подам"),
    ("подать/1per", "он подаст", None),
    ("подать/1per+infn", "хочу подать", "подать"),
    ("подать/!past", "я подал", None),
    ("подать/1per/plur", "мы подадим", "подадим"),
    ("подать/1per/plur", "я подам", None),
    ("я очень? зол", "я зол", "я зол"),
    ("я очень? зол", "я очень зол", "я очень зол"),
    ("я очень? ~2 зол", "я сильно зол", "я сильно зол"),
    ("я ~1 очень? ~1 зол", "я и так зол", "я и так зол"),
    ("не? нравиться", "не нравится", "не нравится"),
    # the sentence's ends
    ("%start спасибо", "Спасибо за всё", "Спасибо"),
    ("%start спасибо", "Говорю спасибо за всё", None),
    ("%start ~2 спасибо", "Вам большое спасибо", "спасибо"),
    ("деньги %end", "Верните деньги!", "деньги"),
    ("деньги %end", "Верните деньги мне", None),
    ("деньги ~1 %end", "Верните деньги мне", "деньги"),
    # signs
    ("вернуть ~1 %money", "верните мне 500 рублей сразу", "верните мне 500 рублей"),
    ("%number год", "с вами 10 лет", "10 лет"),
    ("+1", "+1, та же история", "+1"),
    ("+1", "ещё 1 раз", None),
    ("пишите ~2 %url", "пишите на example.org сюда", "пишите на example.org"),
    ("%handle", "эй @shop_help ответьте", "@shop_help"),
    ("%emoji", "класс 👍", "👍"),
    ("здесь %any плохо", "здесь всё плохо", "здесь всё плохо"),
    ("здесь %any/past плохо", "здесь стало плохо", "здесь стало плохо"),
    ("здесь %any/past плохо", "здесь очень плохо", None),
    ("%number|%money/gent год", "с вами 10 лет", None),
    ("онлайн-чат", "в онлайн-чате молчат", "онлайн-чате"),
    ("👍", "👍 супер", "👍"),
]


@pytest.mark.parametrize(("pattern", "text", "words"), RU)
def test_russian_patterns(bench: Callable[..., Any], pattern: str, text: str, words: str | None) -> None:
    fired, _ = bench(pattern=pattern).ask(text, lang="ru")
    assert fired.get("it") == words


@pytest.mark.parametrize(
    ("lang", "pattern", "text", "words"),
    [
        ("en", "complain", "I have complained about it twice", "complained"),
        ("en", "don't", "we don't like that", "don't"),
        ("en", "don't", "he is the don of it", None),
        ("en", "take ~1 court", "I will take you to court", None),
        ("en", "take ~2 court", "I will take them to court", "take them to court"),
        ("de", "Anwalt", "Morgen rufe ich meinen Anwalt an", "Anwalt"),
        ("de", "kündigen", "Wir haben gekündigt und sind weg", "gekündigt"),
        ("es", "denunciar", "Los voy a denunciar por esto", "denunciar"),
        ("uk", "подати ~2 суд", "Я подам на вас до суду", None),
        ("uk", "подати ~3 суд", "Я подам на вас до суду", "подам на вас до суду"),
    ],
)
def test_patterns_of_other_languages(
    bench: Callable[..., Any], lang: str, pattern: str, text: str, words: str | None
) -> None:
    fired, _ = bench(pattern=pattern, lang=lang).ask(text, lang=lang)
    assert fired.get("it") == words


def test_of_a_flood_the_rules_see_what_stands_around_the_brand(bench: Callable[..., Any]) -> None:
    flood = "слово " * MOST_TOKENS
    court = bench(pattern="суд")
    assert court.ask(f"Ромашка {flood} суд", lang="ru", brand="Ромашка")[0] == {}
    assert court.ask(f"Ромашка суд {flood}", lang="ru", brand="Ромашка")[0] == {"it": "суд"}
    assert court.ask(f"{flood} Ромашка суд", lang="ru", brand="Ромашка")[0] == {"it": "суд"}


def test_places_of_brands_are_told_apart_however_many(bench: Callable[..., Any]) -> None:
    text = "Ромашка лучше Лютик " * 300
    fired, _ = bench(pattern="%other %brand %end").ask(
        f"{text} Лютик Ромашка", lang="ru", brand="Ромашка", other="Лютик"
    )
    assert fired == {"it": "Лютик Ромашка"}
    fired, _ = bench(pattern="%brand").ask("Ромашка Плюс", lang="ru", brand="Ромашка", other="Ромашка Плюс")
    assert fired == {"it": "Ромашка"}


def test_beginnings_and_ends_of_a_word_of_any_length(bench: Callable[..., Any]) -> None:
    word = f"жалоб{'а' * 100_000}банк"
    assert bench(pattern="жалоб*").ask(word, lang="ru")[0] == {"it": word}
    assert bench(pattern="*банк").ask(word, lang="ru")[0] == {"it": word}
    assert bench(pattern="*банка").ask(word, lang="ru")[0] == {}
