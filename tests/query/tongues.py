"""A dictionary of a few words in four languages, in place of the real ones: small, and ambiguous on purpose."""

from __future__ import annotations

from monitor.text import fold, words

TONGUES: dict[str, dict[str, tuple[str, ...]]] = {
    "ru": {
        "склад": ("склад", "складе", "склада", "складом"),
        "сталь": ("сталь", "стали", "сталью"),  # «стали» is steel, and also "became"
        "стать": ("стать", "стали", "стал"),
        "касса": ("касса", "кассе", "кассы"),
        "елка": ("ёлка", "ёлки", "ёлку"),
        "чек": ("чек", "чека", "чеки"),
        "не": ("не",),
        "работать": ("работает", "работали", "работать"),
        "поддержка": ("поддержка", "поддержки", "поддержке"),
    },
    "uk": {"каса": ("каса", "каси", "касі"), "пам'ять": ("пам'ять", "пам’яті"), "склад": ("склад", "складі")},
    "en": {
        "complain": ("complain", "complained", "complains"),
        "leave": ("leave", "leaves", "left"),
        "leaf": ("leaf", "leaves"),
        "store": ("store", "stores", "stored"),
        "wi": ("wi",),
        "fi": ("fi", "fis"),
        "support": ("support", "supports", "supported"),
        "the": ("the",),
    },
    "de": {
        "kasse": ("Kasse", "Kassen"),
        "lager": ("Lager", "Lagers", "Lagern"),
        "gehen": ("gehen", "geht", "ging"),
        "straße": ("Straße", "Straßen"),
    },
}


def _tables() -> tuple[dict[str, dict[str, str]], dict[str, set[str]]]:
    forms: dict[str, dict[str, str]] = {}
    every: dict[str, set[str]] = {}
    for lang, lemmas in TONGUES.items():
        for lemma, spellings in lemmas.items():
            for form in spellings:
                (folded,) = words(form)
                (key,) = words(lemma)
                forms.setdefault(lang, {}).setdefault(folded, key)
                every.setdefault(folded, set()).add(key)
    return forms, every


_FORMS, _EVERY = _tables()


def variants(word: str) -> frozenset[str]:
    return frozenset(_EVERY.get(word, {word}))


def lemmatise(text: str, lang: str | None) -> str:
    """By the language's own dictionary, else by the first that knows the word."""
    order = [_FORMS[lang], *_FORMS.values()] if lang in _FORMS else list(_FORMS.values())
    found = (next((forms[word] for forms in order if word in forms), word) for word in words(text))
    return " ".join(fold(lemma) for lemma in found)
