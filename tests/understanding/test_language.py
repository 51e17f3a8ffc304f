"""The guess of the language; floors on the shared corpora are below what was measured."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from monitor.understanding.language import guess, primary

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "sentiment"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Заказ везли две недели, а в поддержке молчат", "ru"),
        ("Купил молоток", "ru"),
        ("Замовлення їхало два тижні, підтримка мовчить", "uk"),
        ("Купив учора, все добре", "uk"),
        ("They promised to call back and never did", "en"),
        ("Die Lieferung ist nach zwei Wochen noch nicht da", "de"),
        ("El pedido tardó dos semanas y nadie contesta", "es"),
        ("La commande n'est jamais arrivée, c'est nul", "fr"),
        ("Il pacco non è mai arrivato e nessuno risponde", "it"),
        ("O pedido não chegou e ninguém responde", "pt"),
        ("", None),
        ("12345 !!!", None),
        ("ok", None),
        ("今日はとても良い天気です", None),
        ("Сервисът е бавен", None),
        ("Қызмет өте нашар", None),
        ("https://example.org/the-and-is @the #and", None),
    ],
)
def test_a_language_is_guessed_or_left_open(text: str, language: str | None) -> None:
    assert guess(text) == language


@pytest.mark.parametrize(
    ("tag", "language"),
    [("ru-RU", "ru"), ("EN", "en"), ("pt_BR", "pt"), (" de ", "de"), ("", None), (None, None), ("русский", None)],
)
def test_a_declared_tag_is_cut_to_its_language(tag: str | None, language: str | None) -> None:
    assert primary(tag) == language


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpora are not here")
@pytest.mark.parametrize("corpus", ["umsab", "cedr"])
def test_most_short_posts_are_guessed_right_and_few_wrong(corpus: str) -> None:
    with gzip.open(SHARED / f"{corpus}.dev.tsv.gz", "rt", encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t", 3) for line in lines][1:]
    outcome = Counter((row[0], "open" if (said := guess(row[3])) is None else said == row[0]) for row in rows)
    print(dict(outcome))
    for language in {row[0] for row in rows}:
        right, wrong = outcome[language, True], outcome[language, False]
        total = right + wrong + outcome[language, "open"]
        assert right / total > 0.78
        assert wrong / total < 0.07
