"""What a post gets: brands in patterns, several parts of a rule, weights, languages, and which evidence is shown."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from monitor.models import Level, PostType, SpecialCase

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS = """
[groups]
rude = ["хамить", "нахамить", "орать", "вести себя по-хамски"]
staff = ["кассир", "охранник", "девушка на кассе"]
place = ["магазин", "касса"]

[[rule]]
id = "near"
case = "threat"
all = ["@rude", "@staff"]
within = 2

[[rule]]
id = "clause"
case = "threat"
scope = "clause"
all = ["@rude", "@staff"]

[[rule]]
id = "text"
case = "threat"
scope = "text"
all = ["@rude", "@staff"]

[[rule]]
id = "three"
case = "threat"
any = ["@place", "там"]
all = ["@rude", "@staff"]

[[rule]]
id = "apart"
case = "threat"
all = ["@staff", "охранник|продавец"]
"""


@pytest.mark.parametrize(
    ("text", "fired"),
    [
        ("Кассир хамит", {"near", "clause", "text"}),
        ("Хамит кассир", {"near", "clause", "text"}),
        ("Хамит нам весь день один кассир", {"clause", "text"}),
        ("Хамит нам весь день, когда придёт, кассир", {"text"}),
        ("Хамят. А кассир смеётся", {"text"}),
        ("На кассе хамит кассир", {"near", "clause", "text", "three"}),
        ("Там девушка на кассе орала", {"near", "clause", "text", "three"}),
        ("Кассир себя вёл вежливо, хам я", set()),
        ("Кассир вёл себя по-хамски", {"near", "clause", "text"}),
        ("Стоит охранник", set()),
        ("Стоит охранник и продавец", {"apart"}),
    ],
)
def test_parts_that_stand_together(bench: Callable[..., Any], text: str, fired: set[str]) -> None:
    assert set(bench(ru=PARTS).ask(text, lang="ru")[0]) - {""} == fired


@pytest.mark.parametrize(
    ("pattern", "text", "words"),
    [
        ("уйти из|от %brand", "Ушёл из Мой Банк навсегда", "Ушёл из Мой Банк"),
        ("от %brand к %other", "ушла от Мой Банк к Пчёлайн", "от Мой Банк к Пчёлайн"),
        ("от %brand к %other", "ушла от Пчёлайн к Мой Банк", None),
        ("%brand %end", "Прощай, Мой Банк!", "Мой Банк"),
        ("мой банк", "Это Мой Банк", None),
        ("мой|банк", "Это Мой Банк", "Мой Банк"),
        ("спасибо %name", "Говорю спасибо Марине из отдела", "спасибо Марине"),
        ("спасибо %name", "Говорю спасибо Пчёлайн за всё", None),
    ],
)
def test_brands_and_names_in_patterns(bench: Callable[..., Any], pattern: str, text: str, words: str | None) -> None:
    fired, _ = bench(pattern=pattern).ask(text, lang="ru", brand="Мой Банк", other="Пчёлайн")
    assert fired.get("it") == words


UNLESS = """
[[rule]]
id = "it"
case = "threat"
any = ["вернуть ~2 деньги"]
unless = ["спасибо", "быстро"]
unless_text = ["акция ~2 банк"]
"""


@pytest.mark.parametrize(
    ("text", "stopped"),
    [
        ("Верните мои деньги", None),
        ("Спасибо, вернули деньги", "unless спасибо"),
        ("Спасибо. Но верните деньги", None),
        ("Верните деньги. Такая вот акция от банка", "unless_text акция ~2 банк"),
    ],
)
def test_words_that_speak_against(bench: Callable[..., Any], text: str, stopped: str | None) -> None:
    fired, held = bench(ru=UNLESS).ask(text, lang="ru")
    assert ("it" in fired, held.get("it")) == (stopped is None, stopped)


WEIGHTS = """
[[rule]]
id = "one"
case = "rude"
any = ["хам"]
[[rule]]
id = "two"
case = "rude"
any = ["кассир"]
weight = 0.5
[[rule]]
id = "against"
case = "rude"
any = ["извиниться"]
weight = -1
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Там хам", ()),
        ("Хам на хаме", ()),
        ("Там кассир хам", ("ru:one", 11, 14)),
        ("Хам. Хам-кассир", ("ru:one", 0, 3)),
        ("Кассир хам, но извинился", ()),
    ],
)
def test_weights_sum_over_distinct_rules(bench: Callable[..., Any], text: str, found: tuple[object, ...]) -> None:
    cases = bench(ru=WEIGHTS).find(text, lang="ru")
    assert tuple((case.rule, case.start, case.end) for case in cases) == (found,) * bool(found)


def test_one_case_of_each_name_in_the_order_of_the_cases_with_the_weightiest_evidence(
    bench: Callable[..., Any],
) -> None:
    source = """
[[rule]]
id = "ad"
case = "advert"
any = ["скидка"]
[[rule]]
id = "weak"
case = "threat"
any = ["угроза"]
[[rule]]
id = "strong"
case = "threat"
any = ["суд"]
weight = 2
[[rule]]
id = "strong-too"
case = "threat"
any = ["суд"]
weight = 2
"""
    found = bench(ru=source).find("Скидка! Угроза, потом суд, ещё суд", title="О делах", lang="ru")
    assert found == (
        SpecialCase(name="threat", level=Level.HIGH, rule="ru:strong", field="text", start=22, end=25),
        SpecialCase(name="advert", level=Level.INFO, rule="ru:ad", field="text", start=0, end=6, hides=True),
    )


def test_evidence_stays_in_the_field_where_it_begins(bench: Callable[..., Any]) -> None:
    source = '[[rule]]\nid = "it"\ncase = "threat"\nscope = "text"\nall = ["хам", "кассир"]\n'
    (found,) = bench(ru=source).find("И кассир такой", title="Хам на хаме", lang="ru")
    assert (found.field, found.start, found.end) == ("title", 0, 3)


def test_an_invisible_character_hides_nothing_and_places_are_those_of_the_original(bench: Callable[..., Any]) -> None:
    text = "По\u200bдам в су\u200bд на вас"
    (found,) = bench(pattern="подать в суд").find(text, lang="ru")
    assert text[found.start : found.end] == "По\u200bдам в су\u200bд"


LANGS = {
    lang: f'[[rule]]\nid = "{lang}"\ncase = "threat"\nguards = []\nany = ["{words}"]\n'
    for lang, words in {"ru": "суд|магазин", "en": "court|shop", "uk": "суд|крамниця", "de": "Gericht|shop"}.items()
}


@pytest.mark.parametrize(
    ("text", "lang", "rules"),
    [
        ("Это был суд, и они это знают", "ru", {"ru:ru"}),
        ("Це був суд, і вони це знають", "uk", {"uk:uk"}),
        ("Das war der shop und sie wissen es", "de", {"de:de"}),
        ("shop", None, {"en:en"}),
        ("суд", None, {"ru:ru"}),
        ("суд", "bg", {"ru:ru"}),
        ("shop", "pl", set()),
        (
            "Это был суд, и они это знают.\n\nThis was the shop and they know it, so what should I do?",
            "ru",
            {"ru:ru", "en:en"},
        ),
    ],
)
def test_the_rules_of_the_language_of_the_sentence(
    bench: Callable[..., Any], text: str, lang: str | None, rules: set[str]
) -> None:
    from monitor.models import Post
    from monitor.understanding.reading import read_text

    readings = [read_text(text, field="text", lang=lang)]
    told = bench(**LANGS).rules.evidence(Post(text=text), readings, spans=(), others=())
    assert {evidence.rule for evidence in told} == rules


def test_nothing_is_found_in_nothing(bench: Callable[..., Any]) -> None:
    from monitor.models import Post

    made = bench(ru=PARTS)
    assert made.rules.find(Post(), [], spans=(), others=()) == ()
    assert made.find("...", lang="ru") == ()


@pytest.mark.parametrize("text", ["суд " * 10_000, "подать в " * 5_000, "суд. " * 5_000, "подать " * 10_000])
def test_a_hostile_text_is_answered(bench: Callable[..., Any], text: str) -> None:
    # Tried without a bound or a memory of dead ends, each of these takes longer than anybody waits.
    source = """
[[rule]]
id = "phrase"
case = "threat"
any = ["подать ~~20 подать ~~20 подать ~~20 в ~~20 подать ~~20 подать ~~20 подать ~~20 никто"]
[[rule]]
id = "parts"
case = "threat"
scope = "text"
guards = ["question"]
all = ["суд ~~9 суд", "подать ~~9 в|подать", "суд|подать", "иск"]
"""
    fired, _ = bench(ru=source).ask(f"{text}. Никто и суд подать. Иск", lang="ru")
    assert "phrase" not in fired


@pytest.mark.parametrize(
    ("when", "fields", "holds"),
    [
        ("words >= 4", {"text": "это два три слова"}, True),
        ("words > 4", {"text": "это два три слова"}, False),
        ("sentences == 2", {"text": "Это раз. А это два"}, True),
        ("urls >= 1", {"text": "смотри на example.com это"}, True),
        ("phones == 1", {"text": "звони +7 912 345-67-89 это"}, True),
        ("emails == 1", {"text": "пиши на a@example.org это"}, True),
        ("handles == 1", {"text": "эй @shop это"}, True),
        ("hashtags == 2", {"text": "это #раз #два"}, True),
        ("emoji == 1", {"text": "это 👍"}, True),
        ("questions == 1", {"text": "Это как? Так!"}, True),
        ("exclamations == 3", {"text": "Это!!!"}, True),
        ("digits == 4", {"text": "это 12 и 34"}, True),
        ("first_person == 2", {"text": "это мы и наши"}, True),
        ("second_person >= 1", {"text": "это ты знаешь"}, True),
        ("third_person >= 1", {"text": "это они знают"}, True),
        ("imperatives == 1", {"text": "это купите"}, True),
        ("capitals >= 0.9", {"text": "ЭТО ВСЁ"}, True),
        ("capitals < 0.2", {"text": "это всё"}, True),
        ("capitals == 0", {"text": "это 👍", "title": ""}, True),
        ("brands == 2", {"text": "это Ёлка и Ёлка", "brand": "Ёлка"}, True),
        ("other_brands == 1", {"text": "это Ёлка и Сосна", "brand": "Ёлка", "other": "Сосна"}, True),
        ("rating <= 2", {"text": "это", "rating": 1.0}, True),
        ("rating <= 2", {"text": "это"}, False),
        ("rating >= 0", {"text": "это"}, False),
        ("reply == 1", {"text": "это", "parent": "7"}, True),
        ("reply == 1", {"text": "это", "type": PostType.COMMENT}, True),
        ("reply == 0", {"text": "это"}, True),
        ("review == 1", {"text": "это", "rating": 5.0}, True),
        ("article == 1", {"text": "это", "type": PostType.ARTICLE}, True),
        ("list_items == 3", {"text": "это:\n- раз\n2. два\n• три"}, True),
    ],
)
def test_conditions_of_the_whole_post(
    bench: Callable[..., Any], when: str, fields: dict[str, object], holds: bool
) -> None:
    file = '[words]\nfirst_person = ["мой", "наш", "мы"]\n[[rule]]\nid = "it"\ncase = "threat"\nany = ["это"]\n'
    fired, stopped = bench(ru=f'{file}when = ["{when}"]\n').ask(lang="ru", **fields)
    assert ("it" in fired) is holds
    assert bool(stopped) is not holds


def test_a_rule_of_conditions_alone_rests_on_the_whole_text(bench: Callable[..., Any]) -> None:
    source = '[[rule]]\nid = "it"\ncase = "advert"\nwhen = ["hashtags >= 2", "words <= 2"]\n'
    (found,) = bench(ru=source).find("#раз #два ого", lang="ru")
    assert (found.field, found.start, found.end) == ("text", 0, 13)
    assert bench(ru=source).find("#раз ого", lang="ru") == ()


def test_what_is_found_does_not_depend_on_the_order_of_groups_or_the_process(bench: Callable[..., Any]) -> None:
    text = "Кассир хамит, охранник орёт, на кассе нахамили. Там девушка на кассе орала на всех"
    expected = bench(ru=PARTS).find(text, lang="ru")
    entries = ["хамить", "нахамить", "орать", "вести себя по-хамски"]
    for seed in range(5):
        random.Random(seed).shuffle(entries)
        listed = ", ".join(f'"{entry}"' for entry in entries)
        shuffled = PARTS.replace('"хамить", "нахамить", "орать", "вести себя по-хамски"', listed)
        assert bench(ru=shuffled).find(text, lang="ru") == expected
