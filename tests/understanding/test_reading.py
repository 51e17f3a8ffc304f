"""A text is read as people read it: sentences, clauses, words, quotes, other people's words, languages, chrome."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.lemmas import grammar, lemmatise, variants
from monitor.text import words
from monitor.understanding.language import guess
from monitor.understanding.reading import Reading, chrome_sentences, is_chrome, read_text
from monitor.understanding.reading.scanning import MOST_TOKENS

SEEDS = Path(__file__).resolve().parents[2].parent / "shared" / "seeds"


def read(text: str, lang: str | None = "ru") -> Reading:
    return read_text(text, field="text", lang=lang)


def sentences(text: str, lang: str | None = "ru") -> list[str]:
    return [text[one.start : one.end] for one in read(text, lang).sentences]


@pytest.mark.parametrize(
    "expected",
    [
        ["Привезли поздно.", "Курьер хамил!", "Что делать?", "Молчат…"],
        ["У брендов веков)) одна стратегия."],
        ["Купила за 5 тыс. руб. т.к. была скидка."],
        ["Цена 5.000 руб.", "Дорого"],
        ["Ждали до 20.05.2024 и т.д.", "Потом ушли."],
        ["Сотрудники Bay. ru ответили."],
        ["Ну... не знаю.", "Ладно...", "Потом"],
        ["1. Не угождайте.", "2. Отвечайте всем."],
        ["Пишет А. Иванов из г. Москвы."],
        ["«Вы что тут делаете?» спросила она."],
        ["Он спросил: «Где деньги?»", "Молчат."],
        ["Да?!", "Нет."],
        ["Смотрите bay.ru/a.html?x=1.", "Вот"],
    ],
)
def test_sentences(expected: list[str]) -> None:
    assert sentences(" ".join(expected)) == expected


def test_more_sentences() -> None:
    assert sentences("Не пришло.Звонил в bay.ru.") == ["Не пришло.", "Звонил в bay.ru."]
    assert sentences("Раз\nдва\n\n • три") == ["Раз", "два", "три"]
    assert sentences("I paid Mr. Smith, e.g. $5.50. Bad!", "en") == ["I paid Mr. Smith, e.g. $5.50.", "Bad!"]
    assert sentences("Am Montag bzw. später kam nichts. Schade.", "de") == [
        "Am Montag bzw. später kam nichts.",
        "Schade.",
    ]
    assert sentences("") == sentences(" ...\n—") == []


def clauses(text: str, lang: str = "ru") -> list[str]:
    found: dict[int, list[str]] = {}
    for token in read(text, lang).tokens:
        found.setdefault(token.clause, []).append(token.text)
    return [" ".join(listed) for listed in found.values()]


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("Курьер опоздал, а оператор хамил", "ru", ["курьер опоздал", "а оператор хамил"]),
        ("Не буду, конечно, подавать в суд", "ru", ["не буду конечно подавать в суд"]),
        ("Пойду в суд, прокуратуру, полицию", "ru", ["пойду в суд прокуратуру полицию"]),
        ("Позвонил и мне нагрубили", "ru", ["позвонил", "и мне нагрубили"]),
        ("Быстро и вежливо привезли", "ru", ["быстро и вежливо привезли"]),
        ("Ужас: деньги (все) ушли", "ru", ["ужас", "деньги", "все", "ушли"]),
        ("Я чекаю, але вони мовчать", "uk", ["я чекаю", "але вони мовчать"]),
        ("I called them but nobody answered", "en", ["i called them", "but nobody answered"]),
        ("They were slow and I left", "en", ["they were slow", "and i left"]),
        ("It is slow and rude", "en", ["it is slow and rude"]),
        ("I will not, however, sue", "en", ["i will not however sue"]),
        ("Ich warte aber niemand antwortet", "de", ["ich warte", "aber niemand antwortet"]),
    ],
)
def test_clauses(text: str, lang: str, expected: list[str]) -> None:
    assert clauses(text, lang) == expected


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Пишите a.b@mail.ru или @support_bot", "word email word handle"),
        ("https://x.com/a?b=1, www.y.ru и bay.ru", "url url word url"),
        ("+7 (495) 123-45-67 8-800-555-35-35 067 123 45 67", "phone phone phone"),
        ("5 тыс. руб. $20.50 300 грн 20 €", "money money money money"),
        ("27.02 70% 12:30 iPhone15", "number number number word"),
        ("#скидка :) 😀 )) да", "hashtag emoji emoji emoji word"),
        ('Да?! "Нет"', "word punct punct punct word punct"),
        ("м'яч don't", "word word word"),
        ("(за (в) обе))", "word word word"),
    ],
)
def test_kinds(text: str, kinds: str) -> None:
    assert " ".join(token.kind for token in read(text).tokens) == kinds


def test_places_are_of_the_original_text() -> None:
    text = "Догово́р в Су\u200bд, ＡＢＣ смeшанный 😀 м'яч"
    reading = read(text)
    assert [text[token.start : token.end] for token in reading.tokens] == [
        "Догово́р", "в", "Су\u200bд", "ＡＢＣ", "смeшанный", "😀", "м'яч",
    ]  # fmt: skip
    folded = [token.text for token in reading.tokens]
    assert folded == ["договор", "в", "суд", "abc", "смешанный", "😀", "мяч"]
    assert "суд" in reading.tokens[2].lemmas
    assert "смешать" in reading.tokens[4].lemmas


@pytest.mark.parametrize(
    ("word", "lang", "lemma", "marks"),
    [
        ("подам", "ru", "подать", "1per sing futr verb"),
        ("хамят", "ru", "хамить", "3per plur pres"),
        ("верните", "ru", "вернуть", "impr"),
        ("стали", "ru", "стать", "past plur"),
        ("моего", "ru", "мой", "1per"),
        ("з'їли", "uk", "зїсти", "past"),
        ("мені", "uk", "я", "1per"),
        ("наші", "uk", "наш", "1per"),
        ("mine", "en", "mine", "1per"),
        ("complained", "en", "complain", ""),
        ("mich", "de", "mich", "1per"),
    ],
)
def test_grammar_of_words(word: str, lang: str, lemma: str, marks: str) -> None:
    (token,) = read(word, lang).tokens
    assert lemma in token.lemmas
    assert set(marks.split()) <= token.marks


def test_lemmas_are_those_of_history() -> None:
    # What is found by a key in history must be found by the same key here.
    for text, lang in (("Стали жаловаться на м'яч и банки", "ru"), ("Users complained twice", "en"), ("zurück", "de")):
        for word, key in zip(words(text), lemmatise(text, lang).split(), strict=True):
            assert key in grammar(word, lang).lemmas <= variants(word)
    assert grammar("", "ru") == grammar("!", None)
    assert not grammar("", "ru").lemmas


def test_questions() -> None:
    assert [one.question for one in read("Где заказ?! Жду. Ну и где?").sentences] == [True, False, True]


@pytest.mark.parametrize(
    ("text", "lang", "reported"),
    [
        ("Подруга рассказала, что её обманули", "ru", True),
        ("Пишут, что банк закрывается", "ru", True),
        ("По словам соседки, там хамят", "ru", True),
        ("Оператор сказал, что деньги не вернут", "ru", False),
        ("Мне сказали, что деньги не вернут", "ru", False),
        ("Я сказала, что подам в суд", "ru", False),
        ("Кажуть, що банк закривається", "uk", True),
        ("He said that the bank lies", "en", True),
        ("My friend told me that they were robbed", "en", True),
        ("The manager told me that I lie", "en", False),
        ("I said that I would sue", "en", False),
        ("They refunded me", "en", False),
        ("Meine Nachbarin sagt, dass sie lügen", "de", True),
        ("Dicen que el banco cierra", "es", True),
    ],
)
def test_reported(text: str, lang: str, reported: bool) -> None:
    assert [one.reported for one in read(text, lang).sentences] == [reported]


def test_quotes() -> None:
    quoted = [token.text for token in read("Банк «Открытие» ответил: «Вы сами виноваты»").tokens if token.quoted]
    assert quoted == ['"', "вы", "сами", "виноваты", '"']
    assert [token.quoted for token in read("> Да нет\nНет").tokens] == [True, True, False]
    text = "«Нас обманули. Денег не отдают», — написала Мария. «Вы нам надоели» — сказала кассир."
    assert [one.reported for one in read(text).sentences] == [True, True, False]


def test_language_by_paragraph() -> None:
    text = (
        "Клиенты жалуются на доставку.\nLas reseñas de los clientes se han vuelto omnipresentes y ya no las vemos.\nДа"
    )
    assert [one.lang for one in read(text).sentences] == ["ru", "es", "ru"]
    mixed = "Заказ не пришёл. They said that it was my own fault. Всё."
    assert [one.lang for one in read(mixed).sentences] == ["ru", "en", "ru"]
    assert [one.lang for one in read("The order has not come", None).sentences] == ["en"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Раньше    27.02     28.02     01.03     Позже", True),
        ("Написать свой комментарий", True),
        ("Задать вопрос дежурным", True),
        ("<p>Copyright © 2021 Some Press, Inc.</p>", True),
        ("Автор Дата 06.11.2016", True),
        ("Share on Facebook", True),
        ("Комментарии (12)", True),
        ("Teilen", True),
        ("Me gusta", True),
        ("Поділитися", True),
        ("Хочу написать свой комментарий об этом магазине", False),
        ("Раньше было лучше", False),
        ("вчера", False),
        ("Ждали с 27.02 до 28.02", False),
        ("Заказ 12345 от 06.11.2016", False),
        ("", False),
    ],
)
def test_chrome_lines(line: str, expected: bool) -> None:
    assert is_chrome(line) is expected


def test_chrome_of_a_page() -> None:
    reading = read("Новости\nБанк обманул. Опять.\nПоделиться в соцсетях")
    assert chrome_sentences(reading) == {0, 3}
    assert chrome_sentences(read("Реклама")) == frozenset()


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the shared seeds are not here")
def test_seeds() -> None:
    texts = {path.name[:3]: path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt"))}
    readings = {name: read(text, guess(text)) for name, text in texts.items()}
    spanish = [
        texts[name][one.start : one.end]
        for name, reading in readings.items()
        for one in reading.sentences
        if one.lang == "es"
    ]
    assert len(spanish) == 1
    assert spanish[0].startswith("Las reseñas")
    ignored = {
        texts[name][reading.sentences[at].start : reading.sentences[at].end].split()[0]
        for name, reading in readings.items()
        for at in chrome_sentences(reading)
    }
    assert {"Раньше", "Написать", "Задать", "Автор"} <= ignored
    assert any("Copyright" in word for word in ignored)


@pytest.mark.parametrize(
    "unit",
    [
        "«a b c» ",
        "«а» ",
        " \t",
        "111 ",
        "и был ",
        "a.b-",
        "(((",
        "@a",
        "1 234 ",
        "?!",
        "> x\n",
        "сказал, что ",
        "\u0301",
        "a'",
    ],
)
def test_hostile_text_is_read_in_its_own_time(unit: str) -> None:
    # Were it not linear, this would take minutes.
    text = unit * (30_000 // len(unit))
    reading = read(text)
    assert all(one.end <= len(text) for one in reading.sentences)


def test_a_flood_is_read_only_so_far() -> None:
    text = "а " * (MOST_TOKENS + 5)
    reading = read(text)
    assert len(reading.tokens) == MOST_TOKENS
    assert [one.last for one in reading.sentences] == [MOST_TOKENS]
    assert reading.sentences[0].end == reading.tokens[-1].end < len(text)
    assert len(read("а" + "?" * (3 * MOST_TOKENS)).tokens) == MOST_TOKENS + 1


def test_a_clause_begins_between_verbs_and_not_elsewhere() -> None:
    assert clauses("Я пришёл и он ушёл") == ["я пришел", "и он ушел"]
    assert clauses("Стол и стул и шкаф стоят") == ["стол и стул и шкаф стоят"]
