"""What single words may be, and that the dictionaries of two languages live in one process."""

from __future__ import annotations

from monitor.lemmas import grammar
from monitor.lemmas.dictionaries import analyser


def test_every_likely_lemma_of_a_form_and_no_other() -> None:
    assert grammar("стали", "ru").lemmas == {"стать"}
    assert grammar("банки", "ru").lemmas == {"банк", "банка"}
    assert grammar("Клиентов", None).lemmas == {"клиент"}
    assert {"noun", "plur", "gent"} <= grammar("клиентов", "ru").marks


def test_a_tag_still_knows_its_marks_when_the_other_language_has_come() -> None:
    tag = analyser("ru").parse("банк")[0].tag
    analyser("uk")
    assert "Orgn" not in tag
    assert "NOUN" in tag
