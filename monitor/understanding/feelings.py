"""How a post is felt toward one brand, and why: stars, the words of its text, which way a comparison points."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from monitor.models import Label, Why
from monitor.understanding.sentiment import as_sentiment, of_rating
from monitor.understanding.toward import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.models import Post, Sentiment
    from monitor.understanding.heads import Word

CONTRADICTION: Final = 0.5
"""A text that is this surely the opposite of its stars is said to contradict them."""

_MARKERS: Final = {"emopos": "a glad emoticon", "emoneg": "a sad emoticon", "allcaps": "words in capitals"}
"""What the model's own tokens stand for."""

_TURNED: Final = 0.6
"""Of what the words leave open, the share that a direction gives to the side it points to."""
_KEPT: Final = 0.25
"""What the other side keeps of its probability."""
BAD: Final = frozenset({Role.LEFT, Role.WORSE})
GOOD: Final = frozenset({Role.JOINED, Role.BETTER})


def turned(said: Sentiment, role: Role | None) -> Sentiment:
    """The sentiment of a text toward a brand that it leaves, joins or compares: the direction outweighs the words.

    «Ушёл от A к B» is bad for A and good for B, whatever its words feel like. Chosen by hand, not learned.
    """
    if role in BAD:
        return as_sentiment(said.negative + _TURNED * (1 - said.negative), _KEPT * said.positive)
    if role in GOOD:
        return as_sentiment(_KEPT * said.negative, said.positive + _TURNED * (1 - said.positive))
    return said


def toward_brand(post: Post, said: Sentiment, role: Role | None) -> Sentiment:
    """How a post is felt toward a brand of which its text says `said`.

    Stars say it better than words, but they are those of what is reviewed: not of a brand that is left or compared.
    """
    return turned(said, role) if post.rating is None or role in BAD | GOOD else of_rating(post.rating)


def reasons(post: Post, *, said: Sentiment, words: Sequence[Word], role: Role | None = None) -> tuple[Why, ...]:
    """Why a post is felt as it is toward a brand in this `role`: by the same stars or words as in `toward_brand`."""
    why: list[Why] = []
    if post.rating is not None and role not in BAD | GOOD:
        why.append(Why(code="rating", text=f"{post.rating:g} of 5 stars", weight=post.rating))
        stars = of_rating(post.rating).label
        opposite = {Label.NEGATIVE: said.positive, Label.POSITIVE: said.negative}.get(stars, 0.0)
        if opposite >= CONTRADICTION:
            text = f"the text alone reads {said.label.value} ({opposite:.2f}), against its stars"
            why.append(Why(code="contradiction", text=text, weight=opposite))
    else:
        chance: float = getattr(said, said.label.value)
        reads = "unsure, reads most like" if said.unsure else "reads"
        why.append(Why(code="sentiment", text=f"{reads} {said.label.value} ({chance:.2f})", weight=chance))
    if said.label is not Label.NEUTRAL:
        why.extend(_speaking(post, word, said.label) for word in words)
    return tuple(why)


def _speaking(post: Post, word: Word, label: Label) -> Why:
    """A word that speaks for `label`, with its first place in the post where it can be found."""
    marker = _MARKERS.get(word.text)
    field, start = (None, None) if marker else _first_place(post, word.text)
    return Why(
        code="sentiment-word",
        text=f"{marker or f'«{word.text}»'} speaks for {label.value}",
        field=field,
        start=start,
        end=None if start is None else start + len(word.text),
        weight=round(word.gain, 3),
    )


def _first_place(post: Post, word: str) -> tuple[str | None, int | None]:
    """Field and offset where the model's spelling of a word first stands; None where it was changed too much."""
    for field, text in (("title", post.title), ("text", post.text)):
        lower = text.lower().replace("ё", "е")
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", lower) if len(lower) == len(text) else None
        if found:
            return field, found.start()
    return None, None
