"""Is the brand meant? An explained score from 0 to 1; nothing is dropped, what scores low is doubtful.

A name that is no ordinary word is believed unless configured words speak against it. A name that is one needs evidence;
the weights of all that is found are added, and the sum becomes a chance. A post by the brand itself, and an article on
complaints in general, is a mention too, but a doubtful one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, Final

from monitor.models import Why
from monitor.understanding.relevance.evidence import NEAR, Place, gather
from monitor.understanding.relevance.senses import sense
from monitor.understanding.relevance.voice import author_of, formulas_of, speaker_of
from monitor.understanding.relevance.words import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from monitor.models import Brand, Post, SpecialCase
    from monitor.understanding.matching.matcher import Cue, Hit
    from monitor.understanding.relevance.words import Words

DOUBTFUL_BELOW: Final = 0.5
OWN_VOICE: Final = 0.3
"""The most that a post by the brand itself can reach."""
ARTICLE: Final = 0.45
"""The most that an article on complaints in general can reach, where brands are examples."""

_SURE: Final = 2
_MOST_CUES: Final = 2
_MIDDLE, _STEEPNESS = 0.5, 1.25
"""A score of 0.5 is an even chance; 1 is 0.65, 2 is 0.87."""
_WHOLE: Final = 1_000
"""A field up to this many code points is read as a whole, and once for all places in it."""
_MOST_PLACES: Final = 8
"""Later places of a long post add work and nothing else."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """How sure it is that the brand is meant, and why."""

    value: float
    doubtful: bool
    why: tuple[Why, ...]


def weigh(
    post: Post,
    brand: Brand,
    *,
    hits: Sequence[Hit],
    cues: Sequence[Cue],
    others: Iterable[str],
    lang: str | None = None,
    special_cases: Sequence[SpecialCase] = (),
) -> Relevance:
    """Relevance of a post for a brand, which `hits` (at least one) name; `others` are brands surely named beside it.

    `lang` is the language of the post (that of its source where it is not given), `special_cases` what was seen in it.
    """
    language = (lang or post.lang or "").split("-")[0].lower()
    score, why, sure = _best(post, brand, hits=hits, cues=cues, lang=language)
    beside = sorted(others)
    if not sure and beside:
        score += _SURE
        why = (*why, Why(code="beside", text=f"{beside[0]} is named in the same post", weight=_SURE))
    value = 1.0 if sure and score >= _SURE else round(1 / (1 + exp(-_STEEPNESS * (score - _MIDDLE))), 2)
    for most, reason in _limits(post, brand, hits, special_cases):
        value, why = min(value, most), (*why, reason)
    return Relevance(value, value < DOUBTFUL_BELOW, why)


def _best(
    post: Post, brand: Brand, *, hits: Sequence[Hit], cues: Sequence[Cue], lang: str
) -> tuple[float, tuple[Why, ...], bool]:
    """Score and reasons of the place that speaks most for the brand, and whether a name is no ordinary word."""
    stretches: dict[tuple[str, int], Words] = {}
    best: tuple[float, tuple[Why, ...], bool] | None = None
    for hit in hits[:_MOST_PLACES]:
        # What the data lists has an ordinary sense too, though it is no ordinary word of the dictionary.
        listed = sense(hit.alias, "ru" if _is_cyrillic(hit.span.text) else "en") is not None
        base = 0.0 if hit.common else 1.0 if listed else _SURE
        why = tuple(_configured(hit, cues))
        if hit.common or listed or brand.context_packs:
            why = (*gather(_placed(post, hit, lang, stretches), brand), *why)
        score = base + sum(reason.weight or 0 for reason in why)
        if best is None or score > best[0]:
            best = (score, why, base >= _SURE)
    if best is None:
        raise ValueError("a brand that is not named has no relevance")
    return best


def _placed(post: Post, hit: Hit, lang: str, stretches: dict[tuple[str, int], Words]) -> Place:
    span = hit.span
    text = post.title if span.field == "title" else post.text
    whole = len(text) <= _WHOLE
    start, end = (0, len(text)) if whole else (max(0, span.start - NEAR), min(len(text), span.end + NEAR))
    cyrillic = _is_cyrillic(span.text)
    spoken = ("uk" if lang == "uk" else "ru") if cyrillic and lang != "en" else lang or _script(text[start:end])
    words = stretches.get((span.field, start))
    if words is None or not whole:
        words = stretches[span.field, start] = read(text, start, end, spoken)
    first, after = words.covering(span.start, span.end)
    return Place(text, hit, words, first, after, spoken, latin=not cyrillic)


def _is_cyrillic(text: str) -> bool:
    return any("а" <= letter <= "ґ" for letter in text.lower())


def _script(text: str) -> str:
    """The language to suppose where none is known: Russian for Cyrillic letters, else English."""
    cyrillic = sum("а" <= letter <= "ё" for letter in text)
    latin = sum("a" <= letter <= "z" for letter in text)
    return "ru" if cyrillic > latin else "en"


def _configured(hit: Hit, cues: Sequence[Cue]) -> Iterator[Why]:
    """What the administrator's own words say, within NEAR of the name."""
    met: dict[str, Cue] = {}
    for cue in cues:
        if cue.field == hit.span.field and max(cue.start - hit.span.end, hit.span.start - cue.end, 0) <= NEAR:
            met.setdefault(cue.word, cue)
    supporting = [cue for cue in met.values() if cue.supports][:_MOST_CUES]
    for cue in (*supporting, *(cue for cue in met.values() if not cue.supports)):
        code, weight = ("context", 1) if cue.supports else ("context-against", -2)
        text = f"«{cue.word}» stands near{'' if cue.supports else ' and speaks against it'}"
        yield Why(code=code, text=text, field=cue.field, start=cue.start, end=cue.end, weight=weight)


def _limits(
    post: Post, brand: Brand, hits: Sequence[Hit], special_cases: Sequence[SpecialCase]
) -> Iterator[tuple[float, Why]]:
    """What makes a post doubtful whatever its score, with the most it can reach."""
    if voice := author_of(post.author, brand):
        yield OWN_VOICE, Why(code="own-voice", text=f"written by the brand itself: {voice}")
    elif formulas := formulas_of(post):
        said = ", ".join(f"«{formula}»" for formula in formulas[:3])
        yield OWN_VOICE, Why(code="own-voice", text=f"reads as a firm's own answer: {said}")
    elif speaker := speaker_of(post, hits):
        yield OWN_VOICE, Why(code="own-voice", text=f"somebody of the brand speaks for it («{speaker}…», we)")
    for case in special_cases:
        if case.name == "own_voice":
            yield OWN_VOICE, _seen("own-voice", f"reads as a firm's own words (rule {case.rule})", case)
        elif case.name == "article_about":
            text = f"an article on complaints in general, where brands are examples (rule {case.rule})"
            yield ARTICLE, _seen("article-about", text, case)


def _seen(code: str, text: str, case: SpecialCase) -> Why:
    return Why(code=code, text=text, field=case.field, start=case.start, end=case.end)
