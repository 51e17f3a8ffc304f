"""The judge: what each post of a batch says of which brand. Pure; sees no history; the same in any process.

    own words ─► named? ─► read ─► toward whom ─► felt how ─► special cases ─► meant at all ─► how far, how soon

numpy's BLAS is not used, but loads with its threads: the entry of a worker process sets OPENBLAS_NUM_THREADS,
OMP_NUM_THREADS and MKL_NUM_THREADS to 1 before it imports this module; a library does not touch the environment.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from monitor.lemmas import lemmatise
from monitor.models import Judgement, Lemmas, Mention, SpecialCase, Why
from monitor.understanding import feelings, language, priority, relevance, sentiment
from monitor.understanding.feelings import GOOD
from monitor.understanding.influence import influence
from monitor.understanding.matching import names
from monitor.understanding.matching.forms import Morphology
from monitor.understanding.matching.matcher import find
from monitor.understanding.ownwords import is_reply, own_words, without_chrome
from monitor.understanding.reading import read_text
from monitor.understanding.relevance.ruling import Rule as BrandRule
from monitor.understanding.resemblance import SURE, USUAL, Resemblance, wording
from monitor.understanding.rules import Rules
from monitor.understanding.toward import toward

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from monitor.models import Brand, Post, Sentiment
    from monitor.understanding.heads import Word
    from monitor.understanding.matching.matcher import Found, Hit
    from monitor.understanding.reading import Reading
    from monitor.understanding.rules.records import Case
    from monitor.understanding.toward import Role, Toward

BATCH = 256
"""Posts that are judged at once; more cost memory and gain nothing."""
RESEMBLES = "resembles:"
"""How the rule of a special case begins that no rule saw."""
WHOLE = frozenset({"own_voice", "article_about", "spam"})
"""The special cases that are of a text as a whole, not of a place in it."""
STANCES = frozenset({"confirmed", "rebuts"})
"""The special cases of an answer that are about the post above it."""


@dataclass(frozen=True, slots=True)
class _Tools:
    """What is the same for all brands: it is loaded once."""

    morphology: Morphology
    model: sentiment.Model
    rules: Rules
    examples: Resemblance


@dataclass(frozen=True, slots=True)
class _Seen:
    """A post, read; `toward` and `texts` say of each brand that it names which text speaks of it, and how.

    `decisions` are how much its wording resembles each special case.
    """

    post: Post
    found: Found
    lang: str | None
    lemmas: Lemmas
    readings: tuple[Reading, ...]
    toward: dict[int, Toward]
    texts: dict[int, str]
    decisions: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


class Judge:
    """Judges posts against brands.

    Building it loads the dictionaries, the model and the rules, some 0.5 s. It holds no state between calls and is not
    picklable: build one in each process.
    """

    def __init__(self, brands: Sequence[Brand], *, tools: _Tools | None = None) -> None:
        self._tools = tools or _Tools(Morphology(), sentiment.Model.load(), Rules.open(), Resemblance.load())
        self._brands = tuple(brands)
        self._index = names.build(self._brands, self._tools.morphology)
        self._brand_rules = tuple(map(BrandRule.of, self._brands))

    def for_brands(self, brands: Sequence[Brand]) -> Judge:
        """A judge for other brands with the model and the rules of this one, which take longest to load."""
        return Judge(brands, tools=self._tools)

    def judge(self, posts: Sequence[Post], *, site_weight: float | None = None) -> list[Judgement]:
        """One judgement for each post, in order; `site_weight` (0 to 1) is that of their source."""
        return [
            judgement for batch in _batches(posts) for judgement in self._judged(map(self._find, batch), site_weight)
        ]

    def judge_named(self, posts: Sequence[Post], *, site_weight: float | None = None) -> list[Judgement | None]:
        """As `judge`; None for a post that names no brand and is no answer that takes a stance.

        Of twenty posts nineteen name nobody: how they read is nobody's question, and a tenth of the work.
        """
        judgements: list[Judgement | None] = []
        for batch in _batches(posts):
            found = [self._find(post) for post in batch]
            wanted = [bool(one[1].hits) or is_reply(one[0]) for one in found]
            judged = self._judged((one for one, is_wanted in zip(found, wanted, strict=True) if is_wanted), site_weight)
            answers = (next(judged) if is_wanted else None for is_wanted in wanted)
            judgements += [said if said and (said.mentions or said.special_cases) else None for said in answers]
        return judgements

    def named(self, post: Post) -> set[str]:
        """The names of the brands that are named in the post."""
        return {self._brands[hit.brand].name for hit in self._find(post)[1].hits}

    def special_cases(self, post: Post) -> tuple[SpecialCase, ...]:
        """The special cases of the post toward the first brand, whether or not it is named."""
        (seen,) = self._resembling([self._read(*self._find(post))])
        return self._special_cases(seen, 0)[0]

    def by_rules(self, post: Post) -> tuple[SpecialCase, ...]:
        """As `special_cases`, by the rules alone: what training weighs."""
        return self._by_rules(self._read(*self._find(post)), 0)

    def _find(self, post: Post) -> tuple[Post, Found]:
        """The post as its author wrote it, without what the page put around, and where it names brands."""
        post = own_words(post)
        found = find(post, self._index)
        if not found.hits:
            return post, found
        bare = without_chrome(post)
        return (post, found) if bare is post else (bare, find(bare, self._index))

    def _judged(self, found: Iterable[tuple[Post, Found]], weight: float | None) -> Iterator[Judgement]:
        seen = self._resembling([self._read(post, what) for post, what in found])
        texts = dict.fromkeys(text for one in seen for text in (_whole(one.post), *one.texts.values()))
        said = dict(zip(texts, self._model.judge(list(texts)), strict=True))
        telling = self._telling(seen, said)
        for one in seen:
            mentions = tuple(self._mentions(one, said, telling, weight=weight))
            whole, rating = said[_whole(one.post)], one.post.rating
            yield Judgement(
                lang=one.lang,
                sentiment=whole if rating is None else sentiment.of_rating(rating),
                special_cases=_distinct(mentions) if mentions else self._stance(one),
                mentions=mentions,
                lemmas=one.lemmas,
            )

    def _resembling(self, seen: Sequence[_Seen]) -> list[_Seen]:
        """The posts with how much they resemble each special case."""
        wordings = [wording(_whole(one.post), f"{one.lemmas.title} {one.lemmas.text}") for one in seen]
        read = self._tools.examples.read(wordings)
        return [replace(one, decisions=decisions) for one, decisions in zip(seen, read, strict=True)]

    def _stance(self, seen: _Seen) -> tuple[SpecialCase, ...]:
        """What an answer that names no brand says of the post above it: that it is so, or that it is not."""
        if not is_reply(seen.post):
            return ()
        cases = self._tools.rules.find(seen.post, seen.readings, spans=(), others=())
        return tuple(case for case in cases if case.name in STANCES)

    @property
    def _model(self) -> sentiment.Model:
        return self._tools.model

    def _telling(self, seen: Sequence[_Seen], said: dict[str, Sentiment]) -> dict[str, list[Word]]:
        """The words that speak most for how a text is felt, for the texts that speak of brands."""
        texts = list(dict.fromkeys(text for one in seen for text in one.texts.values()))
        return dict(zip(texts, self._model.telling(texts, [said[text].label for text in texts]), strict=True))

    def _read(self, post: Post, found: Found) -> _Seen:
        lang = _language(post)
        readings = tuple(
            read_text(text, field=field, lang=lang)
            for field, text in (("title", post.title), ("text", post.text))
            if text
        )
        spans = {number: [hit.span for hit in found.hits if hit.brand == number] for number in _numbers(found)}
        parts = toward(readings, spans)
        lemmas = Lemmas(title=lemmatise(post.title, lang), text=lemmatise(post.text, lang))
        return _Seen(post, found, lang, lemmas, readings, parts, {n: _part(post, parts[n]) for n in spans})

    def _by_rules(self, seen: _Seen, number: int) -> tuple[SpecialCase, ...]:
        hits = seen.found.hits
        return self._tools.rules.find(
            seen.post,
            seen.readings,
            spans=[hit.span for hit in hits if hit.brand == number],
            others=[hit.span for hit in hits if hit.brand != number],
            role=_role(seen, number),
        )

    def _special_cases(self, seen: _Seen, number: int) -> tuple[tuple[SpecialCase, ...], tuple[Why, ...]]:
        """What the rules saw and the wording bears out, what it says by itself, and why."""
        by_rules = {case.name: case for case in self._by_rules(seen, number)}
        chances = self._chances(seen, by_rules)
        is_usual = len(_whole(seen.post)) <= USUAL
        heard = seen.lang in self._tools.examples.languages
        found: list[SpecialCase] = []
        why: list[Why] = []
        for name, case in self._tools.rules.cases.items():
            chance, told = chances.get(name), by_rules.get(name)
            is_sure = chance is not None and chance >= SURE
            if (
                told is None
                and is_sure
                and (is_usual or name in WHOLE)
                and not ("direction" in case.guards and _role(seen, number) in GOOD)
            ):
                told = _resembled(case, seen.post)
            if told is not None:
                counts = is_sure or chance is None or not heard
                why.append(_of_case(case, told, seen.post, chance=chance, counts=counts))
                if counts:
                    found.append(told)
        return tuple(found), tuple(why)

    def _chances(self, seen: _Seen, by_rules: dict[str, SpecialCase]) -> dict[str, float]:
        """How much the post, or of a long one what stands around the evidence, reads like each special case."""
        chances = self._tools.examples.chances(seen.decisions, by_rules.keys())
        if len(_whole(seen.post)) <= USUAL:
            return chances
        told = [case for case in by_rules.values() if case.name in chances and case.name not in WHOLE]
        texts = [_around(seen.readings, case) for case in told]
        read = self._tools.examples.read([wording(text, lemmatise(text, seen.lang)) for text in texts])
        around = (self._tools.examples.chances(decisions, by_rules.keys()) for decisions in read)
        return chances | {case.name: said[case.name] for case, said in zip(told, around, strict=True)}

    def _mentions(
        self, seen: _Seen, said: dict[str, Sentiment], telling: dict[str, list[Word]], *, weight: float | None
    ) -> Iterator[Mention]:
        """One mention for each brand that was found."""
        post = seen.post
        reach = influence(post, weight)
        for number in _numbers(seen.found):
            brand, part = self._brands[number], seen.toward[number]
            hits = [hit for hit in seen.found.hits if hit.brand == number]
            special_cases, seen_why = self._special_cases(seen, number)
            about = relevance.weigh(
                post,
                brand,
                hits=hits,
                cues=[cue for cue in seen.found.cues if cue.brand == number],
                others=self._surely_beside(seen.found, number),
                lang=seen.lang,
                special_cases=special_cases,
            )
            if (rule := self._brand_rules[number]) is not None:
                about = rule.applied(about, post, seen.lang)
            text = seen.texts[number]
            felt = feelings.toward_brand(post, said[text], part.role)
            rank = priority.priority(
                negative=felt.negative,
                relevance=about.value,
                doubtful=about.doubtful,
                influence=reach.value,
                addressed=priority.is_addressed(post, [hit.span for hit in hits]),
                special_cases=special_cases,
            )
            yield Mention(
                brand=brand.name,
                relevance=about.value,
                doubtful=about.doubtful,
                spans=tuple(hit.span for hit in hits),
                sentiment=felt,
                special_cases=special_cases,
                influence=reach.value,
                priority=rank.value,
                why=(
                    *(_match(hit, brand) for hit in hits),
                    *about.why,
                    *feelings.reasons(post, felt=felt, said=said[text], words=telling[text]),
                    *_whose(part, is_part=text != _whole(post)),
                    *seen_why,
                    *reach.why,
                    *rank.why,
                ),
            )

    def _surely_beside(self, found: Found, number: int) -> set[str]:
        return {self._brands[hit.brand].name for hit in found.hits if hit.brand != number and not hit.common}


def _batches(posts: Sequence[Post]) -> Iterator[Sequence[Post]]:
    for start in range(0, len(posts), BATCH):
        yield posts[start : start + BATCH]


def _role(seen: _Seen, number: int) -> Role | None:
    part = seen.toward.get(number)
    return part.role if part else None


def _of_case(case: Case, told: SpecialCase, post: Post, *, chance: float | None, counts: bool) -> Why:
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


def _around(readings: Sequence[Reading], case: SpecialCase) -> str:
    """The sentences of the evidence with one before and one after it."""
    reading = next(one for one in readings if one.field == case.field)
    at = [n for n, one in enumerate(reading.sentences) if one.start < case.end and case.start < one.end]
    near = reading.sentences[max(0, at[0] - 1) : at[-1] + 2]
    return reading.text[near[0].start : near[-1].end]


def _resembled(case: Case, post: Post) -> SpecialCase:
    """A case by resemblance: the whole text is its evidence."""
    field, text = ("text", post.text) if post.text else ("title", post.title)
    return SpecialCase(
        name=case.name, level=case.level, rule=f"{RESEMBLES}{case.name}", field=field, start=0, end=len(text)
    )


def _distinct(mentions: Sequence[Mention]) -> tuple[SpecialCase, ...]:
    """The special cases of a post: those of its mentions, each name once."""
    return tuple({case.name: case for mention in reversed(mentions) for case in mention.special_cases}.values())


def _numbers(found: Found) -> list[int]:
    return sorted({hit.brand for hit in found.hits})


def _whole(post: Post) -> str:
    return f"{post.title}\n{post.text}" if post.title else post.text


def _language(post: Post) -> str | None:
    return language.of(_whole(post), declared=post.lang)


def _part(post: Post, part: Toward) -> str:
    """The text that speaks of a brand: what the sentiment toward it is read from."""
    texts = {"title": post.title, "text": post.text}
    return "\n".join(texts[field][start:end] for field, start, end in part.text_spans) or _whole(post)


def _match(hit: Hit, brand: Brand) -> Why:
    span = hit.span
    alias = f"«{hit.alias}»" if hit.alias == brand.name else f"«{hit.alias}», a name of {brand.name}"
    text = f"«{span.text}» is {alias} ({span.kind})"
    return Why(code="match", text=text, field=span.field, start=span.start, end=span.end, weight=span.confidence)


def _whose(part: Toward, *, is_part: bool) -> Iterator[Why]:
    """Which part of the post speaks of the brand, in whose words, and which way it points."""
    if is_part:
        yield Why(code="part", text="only the sentences that speak of the brand were read for this")
    if part.quoted:
        yield Why(code="in-quotation", text="the brand is named in a quotation only")
    if part.reported:
        yield Why(code="retold", text="it is retold what others said")
    yield from (replace(why, weight=None) for why in part.why)
