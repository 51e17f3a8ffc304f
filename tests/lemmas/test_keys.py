"""Inflections find each other and what is another word does not, in texts whose language is guessed."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from monitor.lemmas import lemmatise, variants
from monitor.text import words
from monitor.understanding.language import LANGUAGES, guess

PAIRS: dict[str, list[tuple[str, str, str]]] = tomllib.loads(
    Path(__file__).with_name("pairs.toml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_form_is_found_by_itself(lang: str) -> None:
    # Whatever language a text is taken for, its words must be found as they stand there.
    for text, _, _ in PAIRS[lang]:
        for assumed in (guess(text), None, "ru", "uk", "en", "pt", "nl", "zh"):
            for word, key in zip(words(text), lemmatise(text, assumed).split(), strict=True):
                assert key in variants(word), (word, assumed)


APART = [
    ("ru", "склад", "складка"), ("ru", "заказ", "указ"), ("ru", "вернуть", "верный"), ("ru", "платить", "платье"),
    ("ru", "суд", "сударь"), ("ru", "касса", "каска"), ("ru", "цена", "ценный"), ("ru", "жалоба", "жалость"),
    ("uk", "склад", "складка"), ("uk", "каса", "каска"), ("uk", "ціна", "цінний"), ("uk", "лист", "листя"),
    ("en", "universe", "university"), ("en", "organ", "organization"), ("en", "news", "new"),
    ("en", "policy", "police"), ("en", "general", "generous"), ("en", "past", "paste"), ("en", "charge", "charger"),
    ("en", "order", "ordinary"),
    ("de", "Rechnung", "rechnen"), ("de", "Post", "Posten"), ("de", "Laden", "Lage"), ("de", "kaufen", "Kaufhaus"),
    ("es", "carta", "cartel"), ("es", "casa", "casar"), ("es", "cuenta", "cuento"), ("es", "caja", "cajero"),
    ("fr", "compte", "conte"), ("fr", "cours", "course"), ("fr", "poste", "poster"), ("fr", "magasin", "magazine"),
    ("it", "conto", "contare"), ("it", "posto", "posta"), ("it", "caso", "casa"), ("it", "pacco", "pace"),
    ("pt", "conta", "contar"), ("pt", "carta", "cartão"), ("pt", "caixa", "caixão"), ("pt", "casa", "caso"),
]  # fmt: skip
# The price of stems, which is paid for finding words and forms that the dictionaries lack.
KNOWN_CONFUSIONS = {
    ("past", "paste"), ("charge", "charger"), ("Post", "Posten"), ("casa", "casar"), ("cuenta", "cuento"),
    ("poste", "poster"), ("conto", "contare"), ("posto", "posta"), ("caso", "casa"), ("conta", "contar"),
    ("casa", "caso"),
}  # fmt: skip


def test_other_words_stay_apart() -> None:
    confused = {(one, other) for lang, one, other in APART if lemmatise(one, lang) in variants(other)}
    print(f"{len(APART)} pairs of different words, confused: {len(confused)}: {sorted(confused)}")
    assert confused == KNOWN_CONFUSIONS


@pytest.mark.parametrize(
    ("text", "lang", "lemmas"),
    [
        ("", "ru", ""),
        ("...!? —", "en", ""),
        ("М'ячі, м’яч і мʼячем", "uk", "мяч мяч і мяч"),
        ("Ёлки на складах", "ru", "елка на склад"),
        ("covid19 iPhone15 42", "en", "covid19 iphone15 42"),
        ("L'entrega no llegó", "es", "l entreg no lleg"),
        ("Zurück zurueck zuruck", "de", "zuruck zuruck zuruck"),
        ("Devoluções devolucoes", "pt-BR", "devolu devolu"),
        ("facturación facturacion", "es", "factur factur"),
        ("Réglée reglee Œil oeil", "fr", "regl regl oeil oeil"),
        ("Straße Strasse straßen", "de", "strass strass strass"),
        ("Русский text и украинский склад", "en", "русский text и украинский склад"),
        ("Зіпсували склад, зробіть щось", "ru", "зіпсувати склад зробити щось"),
        ("Гривень 300", "ru", "гривня 300"),
        ("смeшанный", "ru", "смeшанный"),
        ("日本語 テスト", None, "日本語 テスト"),
    ],
)
def test_lemmas_of_a_text(text: str, lang: str | None, lemmas: str) -> None:
    assert lemmatise(text, lang) == lemmas


@pytest.mark.parametrize("text", ["x" * 60_000, "ё" * 60_000, "a\u0301" * 999, "ß" * 50, "ﬃ ǅ ŉ ẞ ſ", "İstanbul ıI"])
def test_hostile_words_give_a_key_each(text: str) -> None:
    for lang in (*LANGUAGES, None):
        keys = lemmatise(text, lang).split(" ")
        assert len(keys) == len(words(text))
        assert all(key.isalnum() for key in keys)


def test_a_form_of_several_words_is_asked_as_each_of_them() -> None:
    assert {"стать", "сталь"} <= variants("стали")


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    heavy = "{'pymorphy3', 'simplemma', 'marisa_trie', 'Stemmer'}"
    program = f"import sys, monitor.lemmas; print({heavy} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"
