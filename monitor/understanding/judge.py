"""The judge: what each post of a batch says of which brand. Pure; sees no history; the same in any process.

numpy's BLAS is not used, but loads with its threads: the entry of a worker process sets OPENBLAS_NUM_THREADS,
OMP_NUM_THREADS and MKL_NUM_THREADS to 1 before it imports this module; a library does not touch the environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.models import Judgement, Label, Mention, PostType, Why
from monitor.understanding import language, priority, relevance, sentiment
from monitor.understanding.influence import influence
from monitor.understanding.matching import names
from monitor.understanding.matching.forms import Morphology
from monitor.understanding.matching.matcher import find
from monitor.understanding.ownwords import own_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.models import Brand, Post, Sentiment
    from monitor.understanding.matching.matcher import Found, Hit
    from monitor.understanding.sentiment import Word

BATCH = 256
"""Posts that are judged at once; more cost memory and gain nothing."""
CONTRADICTION = 0.5
"""A text that is this surely the opposite of its stars is said to contradict them."""

_MARKERS = {"emopos": "a glad emoticon", "emoneg": "a sad emoticon", "allcaps": "words in capitals"}
"""What the model's own tokens stand for."""


class Judge:
    """Judges posts against brands.

    Building it loads the dictionaries and the model, some 0.3 s; afterwards the dictionaries are let go. It holds no
    state between calls and is not picklable: build one in each process.
    """

    def __init__(self, brands: Sequence[Brand]) -> None:
        self._brands = tuple(brands)
        self._index = names.build(self._brands, Morphology())
        self._model = sentiment.Model.load()

    def judge(self, posts: Sequence[Post], *, site_weights: Sequence[float | None] | None = None) -> list[Judgement]:
        """One judgement for each post, in order; `site_weights` (0 to 1) are the weights of their sources."""
        weights = site_weights if site_weights is not None else [None] * len(posts)
        if len(weights) != len(posts):
            raise ValueError("one weight for each post")
        return [
            judgement
            for start in range(0, len(posts), BATCH)
            for judgement in self._batch(posts[start : start + BATCH], weights[start : start + BATCH])
        ]

    def is_named(self, post: Post) -> bool:
        """Whether any brand is named in the post; a tenth of the work of judging it."""
        return bool(find(own_words(post), self._index).hits)

    def _batch(self, posts: Sequence[Post], weights: Sequence[float | None]) -> Iterator[Judgement]:
        posts = [own_words(post) for post in posts]
        texts = [_whole(post) for post in posts]
        said = self._model.judge(texts)
        found = [find(post, self._index) for post in posts]
        naming = [at for at, what in enumerate(found) if what.hits]
        words = self._model.telling([texts[at] for at in naming], [said[at].label for at in naming])
        telling = dict(zip(naming, words, strict=True))
        for at, post in enumerate(posts):
            felt = said[at] if post.rating is None else sentiment.of_rating(post.rating)
            yield Judgement(
                lang=language.guess(texts[at]) or language.primary(post.lang),
                sentiment=felt,
                special_cases=(),
                mentions=tuple(
                    self._mentions(
                        post, found[at], felt=felt, why=_feelings(post, felt, said[at], telling[at]), weight=weights[at]
                    )
                    if at in telling
                    else ()
                ),
            )

    def _mentions(
        self, post: Post, found: Found, *, felt: Sentiment, why: tuple[Why, ...], weight: float | None
    ) -> Iterator[Mention]:
        """One mention for each brand that was found; `why` says why the post is felt as it is."""
        reach = influence(post, weight)
        for number in sorted({hit.brand for hit in found.hits}):
            brand = self._brands[number]
            hits = [hit for hit in found.hits if hit.brand == number]
            about = relevance.weigh(
                post,
                brand,
                hits=hits,
                cues=[cue for cue in found.cues if cue.brand == number],
                others={self._brands[hit.brand].name for hit in found.hits if hit.brand != number and not hit.common},
            )
            rank = priority.priority(
                negative=felt.negative,
                relevance=about.value,
                doubtful=about.doubtful,
                influence=reach.value,
                addressed=_is_addressed(post, hits),
            )
            matches = tuple(_match(hit, brand) for hit in hits)
            yield Mention(
                brand=brand.name,
                relevance=about.value,
                doubtful=about.doubtful,
                spans=tuple(hit.span for hit in hits),
                sentiment=felt,
                special_cases=(),
                influence=reach.value,
                priority=rank.value,
                why=(*matches, *about.why, *why, *reach.why, *rank.why),
            )


def _whole(post: Post) -> str:
    return f"{post.title}\n{post.text}" if post.title else post.text


def _is_addressed(post: Post, hits: Sequence[Hit]) -> bool:
    return post.type is PostType.REVIEW or post.rating is not None or any(hit.span.kind == "handle" for hit in hits)


def _match(hit: Hit, brand: Brand) -> Why:
    span = hit.span
    alias = f"«{hit.alias}»" if hit.alias == brand.name else f"«{hit.alias}», a name of {brand.name}"
    text = f"«{span.text}» is {alias} ({span.kind})"
    return Why(code="match", text=text, field=span.field, start=span.start, end=span.end)


def _feelings(post: Post, felt: Sentiment, said: Sentiment, words: Sequence[Word]) -> tuple[Why, ...]:
    """Why a post is felt as it is: its stars, or what its text alone said, and the words that tell most."""
    why: list[Why] = []
    if post.rating is not None:
        why.append(Why(code="rating", text=f"{post.rating:g} of 5 stars", weight=post.rating))
        opposite = {Label.NEGATIVE: said.positive, Label.POSITIVE: said.negative}.get(felt.label, 0.0)
        if opposite >= CONTRADICTION:
            text = f"the text alone reads {said.label.value} ({opposite:.2f}), against its stars"
            why.append(Why(code="contradiction", text=text, weight=opposite))
    else:
        chance: float = getattr(felt, felt.label.value)
        why.append(Why(code="sentiment", text=f"reads {felt.label.value} ({chance:.2f})", weight=chance))
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
        start = lower.find(word) if len(lower) == len(text) else -1
        if start >= 0:
            return field, start
    return None, None
