"""The evidence at one place where a brand is named: what speaks for the firm and what for the ordinary word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from monitor.lemmas.dictionaries import analyser
from monitor.models import Why
from monitor.understanding.matching.normalise import folded_words
from monitor.understanding.relevance.packs import generic, is_site, packs_of, sector
from monitor.understanding.relevance.senses import sense, speech

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.models import Brand
    from monitor.understanding.matching.matcher import Hit
    from monitor.understanding.relevance.packs import Sector, Terms
    from monitor.understanding.relevance.senses import Sense
    from monitor.understanding.relevance.words import Words

NEAR: Final = 200
"""A context word counts up to this many code points from the name."""

_MOST_WORDS: Final = 3
_MOST_GENERIC: Final = 3
_MOST_NEAR: Final = 2
_QUOTES: Final = {"«": "»", "“": "”", "„": "“", '"': '"', "'": "'", "‘": "’", "‹": "›"}
_OTHER_DOMAIN: Final = re.compile(r"\.\s?(?:ru|ру|рф|com|net|org|info|io)\b", re.IGNORECASE)
_SENTENCE_END: Final = frozenset(".!?…\n:")
_POSSESSIVE: Final = re.compile(r"['’]s\b")
_LATIN: Final = re.compile(r"[a-z]")
_INSIDE: Final = frozenset({"в", "во", "из"})
_WHERE: Final = frozenset({"на", "у", "возле", "около"})
_LANDMARKS: Final = frozenset({"метро", "вокзал", "остановка", "проспект", "шоссе"})
_JOINING: Final = frozenset({"и", "а", "но", "или", "что", "чтобы", "and", "or", "but", "that", "to"})
_CALLING: Final = ("йте", "ите", "ьте", "йтесь", "итесь")


@dataclass(frozen=True, slots=True)
class Place:
    """A hit with its surroundings: `first` and `end` number the words of the name in `words`.

    `latin` says that the name is written in Latin letters, whose lower case tells more than that of Cyrillic.
    """

    text: str
    hit: Hit
    words: Words
    first: int
    end: int
    lang: str
    latin: bool

    def key(self, distance: int) -> str:
        """The key of the word so far from the name (-1 is the one before it), empty beyond the sentence."""
        at = self.first + distance if distance < 0 else self.end + distance - 1
        inside = self.words.within(at, self.words.sentences[self.first])
        return self.words.keys[at] if inside else ""

    def word(self, distance: int) -> str:
        """Like `key`, but the folded word itself."""
        at = self.first + distance if distance < 0 else self.end + distance - 1
        inside = self.words.within(at, self.words.sentences[self.first])
        return self.words.folded[at] if inside else ""

    def why(self, weight: float, code: str, text: str) -> Why:
        """A reason that can be seen at the name itself."""
        span = self.hit.span
        return Why(code=code, text=text, field=span.field, start=span.start, end=span.end, weight=weight)

    def why_of(self, number: int, weight: float, code: str, text: str) -> Why:
        """A reason that can be seen at another word."""
        start, end = self.words.starts[number], self.words.ends[number]
        return Why(code=code, text=text, field=self.hit.span.field, start=start, end=end, weight=weight)


def gather(place: Place, brand: Brand) -> Iterator[Why]:
    """All evidence at a place for and against a brand; weights add up to its score."""
    known = sense(place.hit.alias, "en" if place.latin else "ru")
    about = sector(packs_of(brand), place.lang)
    yield from _ordinary(place, known, own_site=is_site(packs_of(brand), place.hit.alias))
    if place.hit.common or known is not None:
        yield from _spelling(place)
        yield from _kinds(place, about)
        yield from _dealings(place, known, about)
        yield from _deeds(place)
        yield from _grammar(place, known)
    if place.hit.common or known is not None or brand.context_packs:
        yield from _context(place, about)


def _ordinary(place: Place, known: Sense | None, *, own_site: bool) -> Iterator[Why]:
    """What is known of the word itself; `own_site` says that the sector knows the brand as a site of this name."""
    if place.hit.common:
        yield place.why(0, "ordinary-word", f"«{place.hit.span.text}» is an ordinary word too")
    if place.hit.common and _OTHER_DOMAIN.match(place.text, place.hit.span.end) and not own_site:
        yield place.why(-3, "other-address", "followed by a domain: the name of another site")
    if known is None:
        return
    if known.rare and place.hit.common:
        yield place.why(1, "seldom-ordinary", "seldom said but of the brand")
    met = known.meant.met(place.words, place.first, place.end)
    if (
        met is None
        and known.bare.before
        and place.words.folded[place.first : place.end] == folded_words(place.hit.alias)
    ):
        met = known.bare.met(place.words, place.first, place.end)
    if met:
        yield place.why(2, "meant", f"stands as in «{met.said}», which is said of the brand")
        return
    if met := known.named.met(place.words, place.first, place.end):
        yield place.why(-4, "other-name", f"stands as in «{met.said}»: something else of the same name")
    if met := known.phrases.met(place.words, place.first, place.end):
        weight = -1 if met.slight else -3.5
        yield place.why(weight, "ordinary-sense", f"stands as in «{met.said}», where the ordinary word is meant")
    near = _distinct(place, known.near)
    for number, said in near[:_MOST_NEAR]:
        yield place.why_of(number, -1, "ordinary-near", f"«{said}» stands near, as it does with the ordinary word")


def _spelling(place: Place) -> Iterator[Why]:
    span = place.hit.span
    if _quoted(place.text, span.start, span.end):
        yield place.why(0.6, "quoted", "written in quotation marks")
    if _capital_inside(place.text, span.start):
        weight = {True: 1.0, False: 0.4}[place.latin and place.lang != "de"]
        yield place.why(weight, "capital", "written with a capital inside a sentence")
    elif place.latin and not _name_like(place):
        yield place.why(-0.7, "small", "written without the capital of a name")
    if place.latin and _name_like(place) and _POSSESSIVE.match(place.text, span.end):
        yield place.why(0.7, "possessive", "has something of its own, as a firm")


def _name_like(place: Place) -> bool:
    """Whether the name has a capital, or its author writes none at all."""
    return place.text[place.hit.span.start].isupper() or place.text.islower()


def _kinds(place: Place, about: Sector) -> Iterator[Why]:
    """A word beside the name that says what it names: «банк X», «кафе X», "X store"."""
    spoken = speech(place.lang)
    for number in (place.first - 1, place.end):
        if not place.words.within(number, place.words.sentences[place.first]):
            continue
        before = number < place.first
        said = place.words.folded[number]
        # In Russian what follows the name is a genitive («открытие магазина») unless it is the dictionary form.
        apposed = before or place.latin or said == place.words.keys[number]
        if apposed and about.kinds.at(place.words.keys, number):
            yield place.why_of(number, 2, "kind", f"«{said}» beside the name says what it is")
        elif before and _names_a_thing(place, number) and not about.words.at(place.words.keys, number):
            if about.strangers.at(place.words.keys, number):
                yield place.why_of(number, -2, "other-kind", f"«{said}» names a firm of another sector")
            elif spoken.has("others", place.words.keys[number]):
                yield place.why_of(number, -2.5, "other-thing", f"«{said}» names something else of the same name")


def _names_a_thing(place: Place, number: int) -> bool:
    """Whether nothing but spaces or quotation marks stands between a word and the name."""
    gap = place.text[place.words.ends[number] : place.words.starts[place.first]]
    return not any(c in ",;:()" for c in gap)


def _dealings(place: Place, known: Sense | None, about: Sector) -> Iterator[Why]:
    """What one does with a firm, and what belongs to it."""
    spoken = speech(place.lang)
    trusted = not place.latin or _name_like(place)
    before, prior = place.key(-1), [place.key(-2), place.key(-3), place.key(-4)]
    if spoken.has("prepositions", before):
        traded = next((verb for verb in prior if spoken.has("trade", verb)), None)
        visited = next((verb for verb in prior if spoken.has("visits", verb)), None)
        if traded or (visited and not (known and known.place)):
            weight = 1.0 if traded else 0.8
            yield place.why(weight, "dealing", f"«{traded or visited} {before} …» is what one does with a firm")
        elif place.latin and trusted and before not in {"to", "in", "of", "on", "like"}:
            yield place.why(0.8, "dealing", f"«{before}» before a name is said of firms")
        if known and known.inside and place.word(-1) in _INSIDE and not _plural(place):
            yield place.why(1, "inside", f"«{place.word(-1)}» is said of the firm rather than of the thing")
    elif place.latin and trusted and spoken.has("trade", before):
        yield place.why(0.8, "dealing", f"«{before}» before a name is what one does with a firm")
    owner = _owner(place)
    beside = place.key(1 if place.latin else -1) == owner
    if owner and not (beside and owner in about.kinds.said):
        yield place.why(1.2, "belonging", f"«{owner}» beside the name belongs to a firm")
    if place.latin and trusted and spoken.has("mine", before):
        yield place.why(0.7, "mine", f"«{before}» before a name is said of firms")


def _owner(place: Place) -> str:
    """What belongs to the firm: in Russian before its name («курьер X», «ребята из X»), in Latin script after it."""
    spoken = speech(place.lang)
    if place.latin:
        return place.key(1) if _name_like(place) and spoken.has("belonging", place.key(1)) else ""
    if spoken.has("belonging", place.key(-1)):
        return place.key(-1)
    if spoken.has("prepositions", place.key(-1)):
        prior = place.key(-2)
        return prior if spoken.has("belonging", prior) or spoken.has("people", prior) else ""
    return ""


def _deeds(place: Place) -> Iterator[Why]:
    """What a firm does, where it stands, and how it is spoken to."""
    spoken = speech(place.lang)
    if place.latin and not _name_like(place):
        return
    distances = (1,) if place.word(1) in _JOINING else (1, 2)
    acts = (at for at in distances if spoken.has("acts", place.key(at)) and _acts(place.word(at)))
    act = next(acts, None) if _may_act(place) else None
    if act:
        yield place.why(1.2, "act", f"«{place.word(act)}» is what a firm does")
    elif not place.latin and spoken.has("acts", place.key(-1)) and _is_finite(place.word(-1)):
        yield place.why(0.4, "act", f"«{place.word(-1)}» is what a firm does")
    if _branch(place):
        yield place.why(0.7, "branch", "a street or a place follows: one of several branches")
    if _called(place):
        yield place.why(1.5, "address", "the firm is spoken to")


def _may_act(place: Place) -> bool:
    """Whether the name may be the subject: «лентой» may not."""
    return place.latin or place.end > place.first + 1 or _may_be_nominative(place.words.folded[place.first])


@lru_cache(maxsize=4096)
def _may_be_nominative(word: str) -> bool:
    return any(parse.tag.case in {None, "nomn"} for parse in analyser("ru").parse(word))


@lru_cache(maxsize=4096)
def _acts(word: str) -> bool:
    """Whether a form may say what the subject does: «открыл», but not «открыт» or «открыть»."""
    return bool(_LATIN.search(word)) or analyser("ru").parse(word)[0].tag.POS not in {"PRTS", "PRTF", "INFN", "GRND"}


@lru_cache(maxsize=4096)
def _is_finite(word: str) -> bool:
    return str(analyser("ru").parse(word)[0].tag.POS) == "VERB"


def _branch(place: Place) -> bool:
    """«X на Садовой», «X у метро»."""
    at = place.end + 1
    if place.word(1) not in _WHERE or not place.word(2) or place.latin:
        return False
    return place.text[place.words.starts[at]].isupper() or place.key(2) in _LANDMARKS


def _called(place: Place) -> bool:
    """«X, верните деньги!»."""
    first = place.first == 0 or place.words.sentences[place.first - 1] != place.words.sentences[place.first]
    if not first or place.text[place.hit.span.end : place.hit.span.end + 1] not in {",", "!"}:
        return False
    spoken = speech(place.lang)
    following = range(place.end, min(place.end + 6, len(place.words.keys)))
    return any(
        spoken.has("address", place.words.keys[at]) or place.words.folded[at].endswith(_CALLING) for at in following
    )


def _grammar(place: Place, known: Sense | None) -> Iterator[Why]:
    """How an ordinary word stands in its sentence."""
    spoken = speech(place.lang)
    before = place.word(-1)
    if known and known.interjection and place.hit.common and _said_alone(place):
        yield place.why(-2, "interjection", "said as a word of agreement")
    if place.latin:
        if before and spoken.has("articles", place.key(-1)) and not spoken.has("belonging", place.key(1)):
            weight = -0.6 if _capital_inside(place.text, place.hit.span.start) else -1.5
            yield place.why(weight, "article", f"«{before}» before it is said of things")
        if known and known.verb and before and spoken.has("verbal", place.key(-1)) and not _name_like(place):
            yield place.why(-1.5, "verb", "stands as a verb")
        if place.hit.span.text.endswith("s") and not place.hit.alias.endswith("s") and not place.key(1):
            yield place.why(-0.7, "plural", "there are several of them")
        return
    if before and _is_adjective(before) and not spoken.has("familiar", place.key(-1)):
        yield place.why(-1, "adjective", f"«{before}» before it describes a thing")
    if _plural(place) and not (known and known.rare):
        yield place.why(-0.7, "plural", "there are several of them")
    after = place.word(1)
    if after and _touches(place) and _is_genitive(after) and not speech(place.lang).has("acts", place.key(1)):
        yield place.why(-0.8, "genitive", f"«{after}» after it says of what")


def _said_alone(place: Place) -> bool:
    after = place.text[place.hit.span.end : place.hit.span.end + 1]
    first = place.first == 0 or place.words.sentences[place.first - 1] != place.words.sentences[place.first]
    return after in {",", ".", "!", ""} and (first or place.text[: place.hit.span.start].rstrip().endswith(","))


def _touches(place: Place) -> bool:
    end = place.hit.span.end
    return place.text[end : end + 1] == " " and not place.text[end + 1 : end + 2].isupper()


def _context(place: Place, about: Sector) -> Iterator[Why]:
    """Words of the sector, its other firms, and what customers of any firm speak of."""
    met = _distinct(place, about.words)
    for rank, (number, said) in enumerate(met[:_MOST_WORDS]):
        yield place.why_of(number, (1, 0.8, 0.5)[rank], "context", f"«{said}» stands near")
    for number, said in _distinct(place, about.against)[:_MOST_NEAR]:
        yield place.why_of(number, -1, "context-against", f"«{said}» stands near and speaks against it")
    taken = {said for _, said in met}
    for number, said in [found for found in _distinct(place, generic(place.lang)) if found[1] not in taken][
        :_MOST_GENERIC
    ]:
        yield place.why_of(number, 0.25, "customer", f"«{said}» stands near: a customer may be speaking")
    for number, said in _distinct(place, about.brands):
        if folded_words(said) == folded_words(place.hit.alias):
            continue
        weight = _worth(place, number, said, about)
        if weight:
            yield place.why_of(number, weight, "sector-brand", f"{said}, of the same sector, is named near")
            return


def _worth(place: Place, number: int, said: str, about: Sector) -> float:
    """How much another brand of the sector proves: a name that is an ordinary word only where it looks like a name."""
    if said not in about.plain:
        return 2
    start = place.words.starts[number]
    capital = place.text[start].isupper() and (start == 0 or _capital_inside(place.text, start))
    return 1 if capital else 0


def _distinct(place: Place, terms: Terms) -> list[tuple[int, str]]:
    """The terms that stand near the name, each once, with the number of their first word; nearest first."""
    span, words = place.hit.span, place.words
    found: dict[str, tuple[int, int]] = {}
    for word in terms.said.keys() & words.places.keys():
        for number in words.places[word]:
            if place.first <= number < place.end:
                continue
            distance = max(words.starts[number] - span.end, span.start - words.ends[number], 0)
            met = terms.at(words.keys, number)
            if met and distance <= NEAR and distance < found.get(met[0], (NEAR + 1, 0))[0]:
                found[met[0]] = (distance, number)
    return [(number, said) for said, (_, number) in sorted(found.items(), key=lambda item: item[1])]


def _capital_inside(text: str, start: int) -> bool:
    """Whether a word begins with a capital that neither a sentence nor shouting gives it."""
    before = text[:start].rstrip(" \t\"'«“„(-–—")
    return text[start].isupper() and bool(before) and before[-1] not in _SENTENCE_END and not text.isupper()


def _quoted(text: str, start: int, end: int) -> bool:
    return start > 0 and end < len(text) and _QUOTES.get(text[start - 1]) == text[end]


@lru_cache(maxsize=4096)
def _is_adjective(word: str) -> bool:
    """Whether a Russian word is first of all an adjective that describes; «этот» and «наш» do not."""
    tag = analyser("ru").parse(word)[0].tag
    return tag.POS in {"ADJF", "PRTF"} and "Apro" not in tag.grammemes


@lru_cache(maxsize=4096)
def _is_genitive(word: str) -> bool:
    """Whether a Russian word is first of all a noun in the genitive."""
    tag = analyser("ru").parse(word)[0].tag
    return (tag.POS, tag.case) == ("NOUN", "gent")


def _plural(place: Place) -> bool:
    return place.end == place.first + 1 and not place.latin and _plural_form(place.words.folded[place.first])


@lru_cache(maxsize=4096)
def _plural_form(word: str) -> bool:
    """Whether a Russian noun can only be plural here."""
    numbers = {parse.tag.number for parse in analyser("ru").parse(word) if parse.tag.POS == "NOUN"}
    return numbers == {"plur"}
