"""Folding and the way back."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.understanding.matching.normalise import Folded, fold, folded_words

BREVE, ACUTE, ZERO_WIDTH, SOFT_HYPHEN = "\u0306", "\u0301", "\u200b", "\u00ad"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ЁЖИК Ёж", "ежик еж"),
        ("Мои" + BREVE + " чаи" + BREVE, "мой чай"),
        ("мой", "мой"),
        ("за́мок", "замок"),
        ("Café CRÈME", "cafe creme"),
        ("İstanbul", "istanbul"),
        ("ﬁne ５ ㎏", "fine 5 kg"),
        ("сло" + SOFT_HYPHEN + "во с" + ZERO_WIDTH + "лово", "слово слово"),
        ("Cтол", "стол"),  # a Latin C
        ("мoлoкo", "молоко"),  # three Latin o
        ("pаypal", "paypal"),  # a Cyrillic а
        ("METPO", "metpo"),  # all Latin stays Latin
        ("кофе cafe", "кофе cafe"),
        ("Größe", "grosse"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_text_is_folded(text: str, folded: str) -> None:
    assert fold(text).text == folded


def test_plain_text_runs_in_step_with_the_original() -> None:
    assert fold("Обычный текст, ничего лишнего: 5 шт.").offsets is None


@pytest.mark.parametrize(
    ("text", "word", "original"),
    [
        ("ﬁ ﬁ Слово", "слово", "Слово"),
        ("ﬃ" + ZERO_WIDTH + "😀 сло" + SOFT_HYPHEN + "во!", "слово", "сло" + SOFT_HYPHEN + "во"),
        ("Это чаи" + BREVE + " тут", "чай", "чаи" + BREVE),
        ("Ёлка и за" + ACUTE + "мок", "замок", "за" + ACUTE + "мок"),
        ("ß ß дом", "дом", "дом"),
        ("замо" + "к" + ACUTE, "замок", "замок" + ACUTE),
    ],
)
def test_a_folded_word_is_found_in_the_original(text: str, word: str, original: str) -> None:
    folded = fold(text)
    at = folded.text.index(word)
    start, end = folded.span(at, at + len(word))
    assert text[start:end] == original


@pytest.mark.parametrize(
    ("text", "respelt"),
    [("Слово", False), ("Cлово", True), ("сло" + ZERO_WIDTH + "во", True), ("сло́во", False), ("ﬁn", False)],
)
def test_exchanged_and_hidden_letters_are_told(text: str, respelt: bool) -> None:
    folded = fold(text)
    assert folded.respelt(0, len(folded.text)) is respelt


def test_words_break_at_everything_but_letters_and_digits() -> None:
    assert folded_words("«Раз-два»_три, 4five!") == ("раз", "два", "три", "4five")


def test_the_short_way_of_plain_text_agrees_with_the_table() -> None:
    plain = [
        chr(code) for code in (*range(0x20, 0x3000), *range(0x1F300, 0x1FB00)) if fold(chr(code) + "ж").offsets is None
    ]
    for character in plain:
        assert fold(character).plain == fold(character + "é").plain[:-1], hex(ord(character))


@settings(deadline=None)
@given(st.text())
def test_every_word_has_its_place_in_the_original(text: str) -> None:
    folded = fold(text)
    assert len(folded.plain) == len(folded.text)
    for start, end in folded.words:
        first, last = folded.span(start, end)
        assert 0 <= first < last <= len(text)
        assert _letters(fold(text[first:last])) >= {folded.plain[start], folded.plain[end - 1]}


def _letters(folded: Folded) -> set[str]:
    return set(folded.plain)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P", "Zs", "Mn", "Cf"])))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = fold(unicodedata.normalize("NFC", text)).plain
    assert fold(once).plain == once
