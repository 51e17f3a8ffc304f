"""Guards: texts in which the words of a rule stand, and what stops them; None where nothing does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from monitor.understanding.toward import Role

if TYPE_CHECKING:
    from collections.abc import Callable

RU_FILE = """
[words]
negation = ["не", "ни", "без"]
not_negation = ["=не только", "=не раз"]
first_person = ["я", "мы", "мой", "наш"]
third_person = ["он", "она", "они", "сосед", "подруга", "люди"]

[[rule]]
id = "sue"
case = "threat"
guards = ["negation", "question", "quote", "reported", "third_person"]
any = ["подать ~3 суд", "не простить"]

[[rule]]
id = "rude"
case = "threat"
guards = ["negation"]
all = ["хамить|нахамить", "кассир|оператор"]
"""

RU = [
    # negation
    ("Подам на вас в суд", {"sue": None}),
    ("Не подам я в суд", {"sue": "negation"}),
    ("Я не буду подавать в суд", {}),
    ("Я не собираюсь ничего подать в суд", {"sue": "negation"}),
    ("Я не только напишу, но и подам в суд", {"sue": None}),
    ("Подам не на вас, а в суд", {}),
    ("Подам не вас в суд", {"sue": "negation"}),
    ("Не хотел, но подам на вас в суд", {"sue": None}),
    ("Мы вам этого не простим", {"sue": None}),
    ("Никогда ничего без очереди и раз так подам в суд", {"sue": None}),
    ("Кассир не хамил", {"rude": "negation"}),
    ("Кассир мне нахамил", {"rude": None}),
    ("Кассир хамил, не стесняясь", {"rude": None}),
    ("Хамил не кассир", {"rude": "negation"}),
    # question
    ("Я подам в суд?", {"sue": "question"}),
    ("Я подам в суд. Слышите?", {"sue": None}),
    # quote
    ("Мне написали: «мы подадим на вас в суд»", {"sue": "quote"}),
    ("> Я подам в суд\nЭто ваше дело", {"sue": "quote"}),
    ("«Банк» дождётся, я подам в суд", {"sue": None}),
    # somebody else
    ("Сосед хочет подать в суд", {"sue": "third_person"}),
    ("Мы с соседом хотим подать в суд", {"sue": None}),
    ("Вчера Иванов подал в суд", {"sue": "third_person"}),
    ("Пора подать в суд", {"sue": None}),
    ("Пора подать на них в суд", {"sue": None}),
    ("В суд подать решили соседи", {}),
    ("Подать в суд решили соседи", {"sue": "third_person"}),
    # the first that nothing stops
    ("Я не подам в суд. Хотя нет, подам в суд", {"sue": None}),
]


@pytest.mark.parametrize(("text", "expected"), RU)
def test_guards_in_russian(bench: Callable[..., Any], text: str, expected: dict[str, str | None]) -> None:
    fired, stopped = bench(ru=RU_FILE).ask(text, lang="ru")
    assert {**dict.fromkeys(fired), **stopped} == expected


EN_FILE = """
[words]
negation = ["not", "never", "=t", "without", "no"]
not_negation = ["not only"]
first_person = ["I", "we", "my", "our"]
third_person = ["he", "she", "they", "neighbour", "people"]

[[rule]]
id = "sue"
case = "threat"
guards = ["negation", "question", "quote", "reported", "third_person"]
any = ["sue ~2 you|them|%brand", "take ~2 court"]
"""

EN = [
    ("I will sue you", {"sue": None}),
    ("I will not sue you", {"sue": "negation"}),
    ("I won't sue you", {"sue": "negation"}),
    ("I never wanted to sue you", {"sue": "negation"}),
    ("I will not only complain but sue them", {"sue": None}),
    ("I waited and did nothing, but now I sue you", {"sue": None}),
    ("Should I sue them?", {"sue": "question"}),
    ("The letter said “we are going to sue you”", {"sue": "quote"}),
    ("My neighbour is going to sue Acme", {"sue": None}),
    ("Her neighbour is going to sue Acme", {"sue": "third_person"}),
    ("Yesterday Miller decided to sue Acme", {"sue": "third_person"}),
    ("Going to sue Acme", {"sue": None}),
]


@pytest.mark.parametrize(("text", "expected"), EN)
def test_guards_in_english(bench: Callable[..., Any], text: str, expected: dict[str, str | None]) -> None:
    fired, stopped = bench(en=EN_FILE).ask(text, lang="en", brand="Acme")
    assert {**dict.fromkeys(fired), **stopped} == expected


@pytest.mark.parametrize(
    ("role", "stopped"),
    [
        (None, None),
        (Role.LEFT, None),
        (Role.WORSE, None),
        (Role.ASIDE, None),
        (Role.JOINED, "direction"),
        (Role.BETTER, "direction"),
    ],
)
def test_who_is_joined_is_not_left(bench: Callable[..., Any], role: Role | None, stopped: str | None) -> None:
    made = bench(ru='[[rule]]\nid = "go"\ncase = "threat"\nguards = ["direction"]\nany = ["уйти"]\n')
    fired, held = made.ask("Ушёл от них", lang="ru", role=role)
    assert ("go" in fired, held.get("go")) == (stopped is None, stopped)


def test_retold_words_do_not_count(bench: Callable[..., Any]) -> None:
    made = bench(ru=RU_FILE)
    assert made.ask("Подруга рассказала, что мы подадим в суд", lang="ru")[1] == {"sue": "reported"}


def test_a_rule_without_guards_takes_those_of_its_case(bench: Callable[..., Any]) -> None:
    file = '[words]\nnegation = ["не"]\n[[rule]]\nid = "{}"\ncase = "{}"\nany = ["хамить"]\n'
    assert bench(ru=file.format("it", "rude")).ask("Они не хамят", lang="ru") == ({}, {"it": "negation"})
    assert bench(ru=file.format("it", "threat")).ask("Они не хамят", lang="ru") == ({"it": "хамят"}, {})
