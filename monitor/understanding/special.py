"""What the rules saw of a special case, and how the post reads: who has the last word, and how that is explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.lemmas import lemmatise
from monitor.models import Level, SpecialCase, Why
from monitor.understanding.resemblance import LONGEST, SURE, Wording, wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.models import Post
    from monitor.understanding.matching.matcher import Hit
    from monitor.understanding.reading import Reading
    from monitor.understanding.rules.records import Case
    from monitor.understanding.toward import TextSpan

RESEMBLES: Final = "resembles:"
"""How the rule of a special case begins that no rule saw."""
CERTAIN: Final = 0.8
"""The chance from which on a case that no rule saw is as grave as one that a rule saw."""
LIKELY: Final = 0.6
"""The chance from which on what a post reads like makes it doubtful, though no rule saw it."""
VETO: Final = 0.05
"""The chance below which even a grave case does not count that a rule saw."""
GRAVE: Final = frozenset({Level.HIGH, Level.CRITICAL})
NAME: Final = "brandname"
"""What the names of brands are read as, so that no case is told by who is spoken of."""


def counts(case: Case, chance: float | None) -> bool:
    """Whether a case counts that a rule saw in a text that reads so; None where nothing is known of that."""
    return chance is None or chance >= (VETO if case.level in GRAVE else SURE)


def explained(case: Case, told: SpecialCase, post: Post, *, chance: float | None, counts: bool) -> Why:
    """A special case in words: what the rule saw, how much the post reads like examples, and whether that suffices."""
    says = case.says["en"]
    if told.rule.startswith(RESEMBLES):
        text = f"{says}: no rule says so, but the post reads like our examples of {case.name}"
        return Why(code="special-case", text=text, weight=chance)
    words = (post.title if told.field == "title" else post.text)[told.start : told.end]
    text, code = f"{says}: «{words}» (rule {told.rule})", "special-case"
    if not counts:
        text = f"{case.name} is not counted: the post does not read like it, in spite of «{words}» (rule {told.rule})"
        code = "special-case-unlike"
    return Why(code=code, text=text, field=told.field, start=told.start, end=told.end, weight=chance)


def around(readings: Sequence[Reading], case: SpecialCase) -> TextSpan:
    """The sentences of the evidence with one before and one after it."""
    reading = next(one for one in readings if one.field == case.field)
    at = [n for n, one in enumerate(reading.sentences) if one.start < case.end and case.start < one.end]
    near = reading.sentences[max(0, at[0] - 1) : at[-1] + 2]
    return reading.field, near[0].start, near[-1].end


def worded(post: Post, hits: Sequence[Hit], spans: Sequence[TextSpan], lang: str | None) -> Wording:
    """Parts of a post as the head reads them: the names of brands all alike where words count."""
    texts = {"title": post.title, "text": post.text}
    parts: list[str] = []
    for field_, start, end in spans:
        at = start
        for hit in sorted(hits, key=lambda hit: hit.span.start):
            span = hit.span
            if span.field == field_ and at <= span.start and span.end <= end:
                parts += [texts[field_][at : span.start], NAME]
                at = span.end
        parts += [texts[field_][at:end], "\n"]
    text = "".join(parts)[:LONGEST]
    said = "\n".join(texts[field_][start:end] for field_, start, end in spans)
    return Wording(wording(text, lemmatise(text, lang)), said)


def resembled(case: Case, post: Post, chance: float) -> SpecialCase:
    """A case that no rule saw: the whole text is its evidence, and it is grave only where that is certain."""
    field_, text = ("text", post.text) if post.text else ("title", post.title)
    level = Level.MEDIUM if case.level in GRAVE and chance < CERTAIN else case.level
    return SpecialCase(
        name=case.name, level=level, rule=f"{RESEMBLES}{case.name}", field=field_, start=0, end=len(text)
    )
