"""Words of one script in the letters of the other: as schemes write them, and as people do.

`to_latin` writes a Cyrillic word by each scheme of the table. What people type follows no scheme, so a word of a text
is compared by units instead: each letter or group of letters of a name may be spelt in one of several ways, and a
spelling that is put together of these is the name. `sounds` gives the consonants on which all spellings of a word
agree: names are found by them before they are compared.
"""

from __future__ import annotations

import re
from itertools import islice, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

_PLAIN = dict(zip("абвгдезиклмнопрстуфіґ", "abvgdeziklmnoprstufig", strict=True))
_SCHEMES: tuple[dict[str, str], ...] = (
    # As in passports and most addresses.
    _PLAIN | {"ж": "zh", "й": "y", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "",
              "э": "e", "ю": "yu", "я": "ya", "ї": "yi", "є": "ye"},
    # As by the state standard and in older addresses.
    _PLAIN | {"ж": "zh", "й": "j", "х": "h", "ц": "c", "ч": "ch", "ш": "sh", "щ": "shh", "ъ": "", "ы": "y", "ь": "",
              "э": "e", "ю": "ju", "я": "ja", "ї": "ji", "є": "je"},
    # As in chats.
    _PLAIN | {"ж": "j", "й": "i", "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ы": "i", "ь": "",
              "э": "e", "ю": "u", "я": "ia", "ї": "i", "є": "e"},
)  # fmt: skip

_TYPED: dict[str, tuple[str, ...]] = {
    unit: tuple(spellings.replace("-", "").split(" "))
    for unit, spellings in {
        "а": "a", "б": "b", "в": "v w b ff f", "г": "g h", "д": "d", "е": "e ye je ie", "ж": "zh j g z dj",
        "з": "z s", "и": "i y ee ie", "й": "y j i -", "к": "k c q ck", "л": "l", "м": "m", "н": "n", "о": "o",
        "п": "p", "р": "r", "с": "s c ss", "т": "t th", "у": "u oo ou", "ф": "f ph ff", "х": "h kh x ch",
        "ц": "c ts tz z tc", "ч": "ch 4 c tch cz", "ш": "sh w sch 6 sz", "щ": "shch sch shh sh w shc sc",
        "ъ": "- j", "ы": "y i", "ь": "- j y", "э": "e eh je a", "ю": "yu ju iu u ew", "я": "ya ja ia a 9",
        "і": "i", "ї": "yi ji i", "є": "ye je ie e", "ґ": "g",
        "кс": "x", "кв": "q qu", "дж": "j dzh g dj", "ий": "y iy ii ij i yy yj", "ай": "ei y i", "ей": "ei ey ay",
        "ау": "ow", "ев": "eu", "тс": "ts c", "ый": "y yi iy yj", "ье": "ye je ie", "ья": "ya ja ia", "ью": "yu ju iu",
    }.items()
}  # fmt: skip
"""How each Cyrillic unit is typed in Latin letters; "-" stands for nothing at all."""

_HEARD: dict[str, tuple[str, ...]] = {
    unit: tuple(spellings.replace("-", "").split(" "))
    for unit, spellings in {
        "a": "а э е эй ей", "ai": "ай эй ей е э", "ay": "ай эй ей а е э", "ei": "ей эй ай и е", "ey": "ей и эй е",
        "ea": "и е эа еа", "ee": "и", "eu": "ю ой эу еу е", "ew": "ю", "ie": "и ие", "au": "ау о а", "ault": "о ольт",
        "aw": "о", "oa": "о", "oo": "у", "ou": "у ау оу", "ow": "оу ау о", "oy": "ой уа", "oi": "ой уа", "ue": "у ю",
        "ui": "уи и", "e": "е э и", "i": "и ай й а", "in": "ин айн ен", "o": "о оу а", "u": "у а ю", "y": "и й ай ы а",
        "yu": "ю у е", "you": "ю", "yo": "йо е", "ya": "я", "ye": "е", "ia": "ия иа я", "ix": "икс", "io": "ио",
        "ed": "ед д", "et": "ет е", "ff": "фф ф в", "es": "ес с з эс", "le": "л ль ле", "re": "р ре ер",
        "b": "б", "c": "к с ц", "cc": "к ч", "ce": "с це се", "ch": "ч х к ш", "ck": "к", "d": "д", "dg": "дж",
        "dge": "дж", "f": "ф", "g": "г дж ж", "gh": "г -", "gue": "г", "h": "х г -", "j": "дж ж й х", "k": "к",
        "kh": "х", "kn": "кн н", "l": "л ль", "m": "м мм", "n": "н нь", "p": "п", "ph": "ф", "q": "к", "qu": "кв к",
        "que": "к", "r": "р рь", "s": "с з ш", "sch": "ш сх", "sh": "ш", "t": "т ть", "th": "т с з", "tch": "ч",
        "ts": "тс ц", "tz": "ц тц", "tion": "шн шен", "v": "в ф", "w": "в у", "wh": "в у", "wha": "ва во уо",
        "wr": "р", "x": "кс з х", "xi": "кси си", "xia": "ся кся ксиа сиа ша", "z": "з ц с", "zh": "ж", "zz": "цц з",
    }.items()
}  # fmt: skip
"""How each Latin unit is heard in Russian."""

_LONGEST_UNIT = 4
_LONGEST_WORD = 40
_BITS = 6
_Branches = dict[str, dict[str, tuple[str, ...]]]


def _branches(table: dict[str, tuple[str, ...]]) -> _Branches:
    """Spellings of each unit by their first letter, and under "" those that need none."""
    # A doubled letter is often written once, in either script.
    doubled = {letter * 2: (*table.get(letter * 2, ()), *table[letter]) for letter in table if len(letter) == 1}
    made: _Branches = {}
    for unit, spellings in {**table, **doubled}.items():
        silent = ("",) if "" in spellings else ()
        letters = dict.fromkeys(spelling[0] for spelling in spellings if spelling)
        branch = {letter: (*(s for s in spellings if s.startswith(letter)), *silent) for letter in letters}
        made[unit] = {**branch, "": silent}
    return made


_FIRST_HEARD = {
    letter: frozenset(said[0] for unit in _HEARD if unit[0] == letter for said in _HEARD[unit] if said)
    for letter in {unit[0] for unit in _HEARD} - {unit[0] for unit in _HEARD if "" in _HEARD[unit]}
}
"""With which letters a word may begin that is heard, by its first letter; not for letters that may be silent."""
_TYPED_BRANCHES, _HEARD_BRANCHES = _branches(_TYPED), _branches(_HEARD)

_AMBIGUOUS = {"h": ("", "s"), "j": ("", "s"), "w": ("v", "s", ""), "4": ("4", "s"), "6": ("6", "s"), "9": ("9", "")}
_AMBIGUOUS_LETTER = re.compile("([hjw469])")
_CLUSTER = re.compile("тс|дз|дж|ts|tz|tc|dz|dj|dg")
_REPEATED = re.compile(r"(.)\1+")
_VOWELS = frozenset("аеиоуыэюяіїєйaeiouyj")
_CYRILLIC = re.compile("[а-яіїєґ]")
_CYRILLIC_WORD = re.compile("[а-яіїєґ]+")
_DIGRAPHS = (("ph", "f"), ("qu", "kv"), ("sh", "s"), ("ch", "s"), ("kh", "s"), ("zh", "s"))
SOUNDS = 8
"""This many consonants are told apart."""
_MOST_SOUNDS = 24
_TABLES = tuple(map(str.maketrans, _SCHEMES))


def to_latin(word: str) -> tuple[str, ...]:
    """A folded Cyrillic word by each scheme, in a fixed order; schemes may agree."""
    return tuple(map(word.translate, _TABLES))


def is_typed(word: str, typed: str) -> bool:
    """Whether Latin letters (and digits) may stand for a Cyrillic word, by any scheme or by a mixture of them."""
    return len(word) << _BITS | len(typed) in _reached(word, typed, _TYPED_BRANCHES)


def may_be_typed(beginning: str, typed: str) -> bool:
    """Whether Latin letters may begin as a Cyrillic beginning does, perhaps with its last letter in another unit."""
    least = len(beginning) - 1 << _BITS
    return any(state >= least for state in _reached(beginning, typed, _TYPED_BRANCHES))


def heard_ends(word: str, heard: str) -> AbstractSet[int]:
    """Where, in a Cyrillic word, a Latin name may end that is written as it is heard; what follows is a case ending."""
    if heard[:1] not in _FIRST_HEARD.get(word[0], heard):
        return frozenset()
    silent = word[-1] == "a" or (len(word) > 3 and word[-1] == "e" and word[-2] not in _VOWELS)
    least = len(word) - silent << _BITS
    ends = {state & (1 << _BITS) - 1 for state in _reached(word, heard, _HEARD_BRANCHES) if state >= least}
    if word.startswith("mc"):
        return ends | heard_ends("mac" + word[2:], heard)
    return ends


def sounds(word: str) -> set[str]:
    """The consonants of a folded word, in each way in which they may be meant; "a" stands for a first vowel."""
    if _CYRILLIC_WORD.fullmatch(word):
        text = _CLUSTER.sub("s", word) if "тс" in word or "дз" in word or "дж" in word else word
        sound = _even(("a" if word[0] in _VOWELS else "") + _sounding(text))
        return {sound} if sound else set()
    text = word
    if not _CYRILLIC.search(word):
        for digraph, letter in _DIGRAPHS:
            if digraph in text:
                text = text.replace(digraph, letter)
    text = _CLUSTER.sub("s", text)
    firsts = ("", "a") if word[0] in "hwj" else ("a",) if word[0] in _VOWELS else ("",)
    if not _AMBIGUOUS_LETTER.search(text):
        made = {first + _sounding(text) for first in firsts}
    else:
        choices = [_AMBIGUOUS.get(part) or (_sounding(part),) for part in _AMBIGUOUS_LETTER.split(text)]
        made = {first + "".join(ways) for first in firsts for ways in islice(product(*choices), _MOST_SOUNDS)}
    return {_even(sound) for sound in made} - {""}


def _reached(word: str, other: str, table: _Branches) -> set[int]:
    """Lengths of beginnings of `word` and of `other` that spell each other, unit by unit in their order.

    As one number each, the length in `word` in the upper bits.
    """
    seen: set[int] = set()
    length = len(word)
    if max(length, len(other)) > _LONGEST_WORD:
        return seen
    waiting = [(0, 0)]
    while waiting:
        at, place = waiting.pop()
        letter = other[place : place + 1]
        for end in range(at + 1, min(at + _LONGEST_UNIT, length) + 1):
            unit = word[at:end]
            if unit in table:
                branch = table[unit]
                spellings = branch[letter] if letter in branch else branch[""]
            elif end == at + 1 and unit == letter:
                spellings = (unit,)
            else:
                continue
            for spelling in spellings:
                if other.startswith(spelling, place):
                    reached = place + len(spelling)
                    state = end << _BITS | reached
                    if state not in seen:
                        seen.add(state)
                        waiting.append((end, reached))
    return seen


class _Sounds(dict[str, str]):
    """What stays of a letter; others stay as they are."""

    def __missing__(self, letter: str) -> str:
        return letter


_SOUND_OF = _Sounds(
    {
        **dict(zip("бвфдлмнпртbvfdlmnprt", "bvvdlmnprtbvvdlmnprt", strict=True)),
        **dict.fromkeys("гґжзкхсцчшщcgkqsxz", "s"), **dict.fromkeys("аеиоуыэюяіїєйьъaeiouy", ""),
    }
)  # fmt: skip
"""Which of k, s, h and their like is meant, Latin letters do not tell."""


def _sounding(text: str) -> str:
    return "".join(map(_SOUND_OF.__getitem__, text))


def _even(sound: str) -> str:
    """Without repetitions, and no longer than is told apart."""
    return (_REPEATED.sub(r"\1", sound) if _REPEATED.search(sound) else sound)[:SOUNDS]
