"""Texts for mentions of which a history says only whether they tell the same: generated, the same each time."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from benchmarks.alerting.records import Row

BRAND: Final = "Тестомаркет"
TOLD: Final = 24  # words that all posts of a story share
OWN: Final = 5  # words that each of them adds
ALONE: Final = 10  # words of a post that tells nobody else's story
_CONSONANTS: Final = "бвгджзклмнпрстфхцчшщ"
_VOWELS: Final = "аеиоуыюя"


def text_of(row: Row, history: str) -> str:
    """What the mention says: posts of one story share most words, others hardly any."""
    own = random.Random(f"{history} {row.id}")
    if row.story is None:
        return f"{BRAND} {words(own, ALONE)}"
    told = random.Random(f"{history} story {row.story}")
    return f"{BRAND} {words(told, TOLD)} {words(own, OWN)}"


def words(dice: random.Random, count: int) -> str:
    """Made-up words that are not said elsewhere."""
    return " ".join("".join(dice.choice(_CONSONANTS) + dice.choice(_VOWELS) for _ in range(4)) for _ in range(count))
