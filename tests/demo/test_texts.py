from collections import Counter

import pytest

from monitor.demo.texts import BRAND, COMPETITOR, Text, load

TEXTS = [text for texts in load().values() for text in texts]


def test_there_are_enough_texts_and_none_is_written_twice() -> None:
    assert len(TEXTS) >= 60
    assert [text for text, times in Counter(text.text for text in TEXTS).items() if times > 1] == []


def test_both_languages_are_written() -> None:
    russian = [text for text in TEXTS if any("а" <= letter <= "я" for letter in text.text.lower())]
    assert len(russian) >= 35
    assert len(TEXTS) - len(russian) >= 15


def test_every_sort_of_text_is_there() -> None:
    sorts = Counter((text.names[0] if text.names else None, text.mood) for text in TEXTS)
    assert sorts[BRAND, "negative"] >= 15
    assert sorts[BRAND, "positive"] >= 5
    assert sorts[BRAND, "neutral"] >= 10
    assert sorts[COMPETITOR, "negative"] >= 3
    assert sum(times for (name, _), times in sorts.items() if name is None) >= 20


def test_the_brand_stands_in_many_grammatical_forms() -> None:
    whole = " ".join(f"{text.title} {text.text}" for text in TEXTS)
    assert {
        form for form in ("Кассолёт ", "Кассолёта", "Кассолёту", "Кассолётом", "Кассолёте") if form not in whole
    } == set()


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.text[:30])
def test_the_truth_beside_a_text_is_possible(text: Text) -> None:
    whole = f"{text.title} {text.text}".lower()
    stems = {BRAND: ("кассолёт", "kassolet"), COMPETITOR: ("торгуш", "torgusha")}
    assert set(text.names) == {name for name, forms in stems.items() if any(form in whole for form in forms)}
    assert text.mood in {"negative", "neutral", "positive"}
    assert text.stars is None or (text.stars <= 2) == (text.mood == "negative")
    assert "<" not in whole
    assert "&" not in whole


def test_only_reviews_have_stars() -> None:
    assert {place for place, texts in load().items() if any(text.stars for text in texts)} == {"reviews"}
    assert all(text.stars for text in load()["reviews"])
