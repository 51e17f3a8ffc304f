"""The judge: what each post of a batch says of which brand. Pure; sees no history; the same in any process.

    own words ─► named? ─► read ─► toward whom ─► felt how ─► special cases ─► meant at all ─► how far, how soon

numpy's BLAS loads with its threads, which cost more than they gain: the entry of a worker process sets
OPENBLAS_NUM_THREADS, OMP_NUM_THREADS and MKL_NUM_THREADS to 1 before it imports this module; a library does not touch
the environment.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from monitor.lemmas import lemmatise
from monitor.models import Judgement, Lemmas, Mention, SpecialCase, Tier, Why
from monitor.understanding import feelings, language, priority, relevance, sentiment
from monitor.understanding.feelings import GOOD
from monitor.understanding.influence import influence
from monitor.understanding.matching import names
from monitor.understanding.matching.forms import Morphology
from monitor.understanding.matching.matcher import find
from monitor.understanding.ownwords import is_reply, own_words, without_chrome
from monitor.understanding.reading import read_text
from monitor.understanding.relevance.ruling import Rule as BrandRule
from monitor.understanding.resemblance import SURE, USUAL, Resemblance
from monitor.understanding.rules import WHOLE, Rules
from monitor.understanding.special import LIKELY, RESEMBLES, around, counts, explained, resembled, worded
from monitor.understanding.toward import toward

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from monitor.models import Brand, Post, Sentiment
    from monitor.understanding.heads import Word
    from monitor.understanding.matching.matcher import Found, Hit
    from monitor.understanding.reading import Reading
    from monitor.understanding.resemblance import Wording
    from monitor.understanding.sentiment import Adaptation
    from monitor.understanding.toward import Role, TextSpan, Toward

BATCH = 256
"""Posts that are judged at once; more cost memory and gain nothing."""
MOST_BRANDS = 50
"""A post that names more brands is a list: it is felt as a whole, and special cases are not looked for."""
EVERYTHING = -1
"""Stands for a post as a whole where numbers of brands stand for their parts."""
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

    `decisions` are how much the text that speaks of each brand resembles each special case.
    """

    post: Post
    found: Found
    lang: str | None
    lemmas: Lemmas
    readings: tuple[Reading, ...]
    toward: dict[int, Toward]
    texts: dict[int, str]
    decisions: dict[int, NDArray[np.float64]] = field(default_factory=dict)


class Judge:
    """Judges posts against brands.

    Building it loads the dictionaries, the model and the rules, some 0.5 s, and as much for the encoder of the quality
    tier. It holds no state between calls and is not picklable: build one in each process.
    """

    def __init__(
        self,
        brands: Sequence[Brand],
        *,
        tier: Tier = Tier.FAST,
        adaptation: Adaptation | None = None,
        tools: _Tools | None = None,
    ) -> None:
        self._tools = tools or _Tools(
            Morphology(), sentiment.Model.load(tier).adapted(adaptation), Rules.open(), Resemblance.load(tier)
        )
        self._brands = tuple(brands)
        self._index = names.build(self._brands, self._tools.morphology)
        self._brand_rules = tuple(map(BrandRule.of, self._brands))

    def for_brands(self, brands: Sequence[Brand]) -> Judge:
        """A judge for other brands with the model and the rules of this one, which take longest to load."""
        return Judge(brands, tools=self._tools)

    @property
    def tier(self) -> Tier:
        """How sentiment is read: QUALITY or FAST."""
        return self.model.tier

    @property
    def model(self) -> sentiment.Model:
        """The model that reads sentiment, as it is loaded."""
        return self._tools.model

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

    def text_about(self, post: Post, brand: str) -> tuple[str, Role | None] | None:
        """What the sentiment toward a brand is read from, and the brand's role; None where it is not named."""
        seen = self._read(*self._find(post))
        said = ((text, _role(seen, n)) for n, text in seen.texts.items() if self._brands[n].name == brand)
        return next(said, None)

    def special_cases(self, post: Post) -> tuple[SpecialCase, ...]:
        """The special cases of the post toward the first brand, whether or not it is named."""
        (seen,) = self._resembling([self._read(*self._find(post))])
        return self._special_cases(seen, 0)[0]

    def wording(self, post: Post) -> Wording:
        """What the head reads of the post about the first brand: what training learns from."""
        return self._wording(self._read(*self._find(post)), 0)

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
        said = dict(zip(texts, self.model.judge(list(texts)), strict=True))
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
        """The posts with how much what they say of each brand resembles each special case."""
        asked = [(at, number) for at, one in enumerate(seen) for number in _asked(one)]
        wordings = [self._wording(seen[at], number) for at, number in asked]
        decisions: list[dict[int, NDArray[np.float64]]] = [{} for _ in seen]
        for (at, number), read in zip(asked, self._tools.examples.read(wordings), strict=True):
            decisions[at][number] = read
        return [replace(one, decisions=found) for one, found in zip(seen, decisions, strict=True)]

    def _wording(self, seen: _Seen, number: int) -> Wording:
        """What the head reads of a post about a brand."""
        return _worded(seen, _spans_of(seen, number))

    def _stance(self, seen: _Seen) -> tuple[SpecialCase, ...]:
        """What an answer that names no brand says of the post above it: that it is so, or that it is not."""
        if not is_reply(seen.post):
            return ()
        cases = self._tools.rules.find(seen.post, seen.readings, spans=(), others=())
        return tuple(case for case in cases if case.name in STANCES)

    def _telling(self, seen: Sequence[_Seen], said: dict[str, Sentiment]) -> dict[str, list[Word]]:
        """The words that speak most for how a text is felt, for the texts that speak of brands."""
        texts = list(dict.fromkeys(text for one in seen for text in one.texts.values()))
        return dict(zip(texts, self.model.telling(texts, [said[text].label for text in texts]), strict=True))

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
        texts = {n: _part(post, parts[n]) if len(spans) <= MOST_BRANDS else _whole(post) for n in spans}
        return _Seen(post, found, lang, lemmas, readings, parts, texts)

    def _by_rules(self, seen: _Seen, number: int) -> tuple[SpecialCase, ...]:
        hits = seen.found.hits
        return self._tools.rules.find(
            seen.post,
            seen.readings,
            spans=[hit.span for hit in hits if hit.brand == number],
            others=[hit.span for hit in hits if hit.brand != number],
            role=_role(seen, number),
            within=seen.toward[number].text_spans if len(seen.toward) > 1 and number in seen.toward else None,
        )

    def _special_cases(
        self, seen: _Seen, number: int
    ) -> tuple[tuple[SpecialCase, ...], tuple[Why, ...], tuple[SpecialCase, ...]]:
        """What the rules saw and the wording bears out, what it says by itself; why; and those that are sure."""
        if len(seen.texts) > MOST_BRANDS:
            return (), (), ()
        by_rules = {case.name: case for case in self._by_rules(seen, number)}
        chances = self._chances(seen, by_rules, number)
        is_usual = len(_whole(seen.post)) <= USUAL
        heard = seen.lang in self._tools.examples.languages
        found: list[SpecialCase] = []
        why: list[Why] = []
        for name, case in self._tools.rules.cases.items():
            chance, told = chances.get(name), by_rules.get(name)
            is_kept_off = "direction" in case.guards and _role(seen, number) in GOOD
            is_alike = chance is not None and chance >= SURE and (is_usual or name in WHOLE) and not is_kept_off
            if told is None and chance is not None and is_alike:
                told = resembled(case, seen.post, chance)
            if told is not None:
                is_borne_out = not heard or counts(case, chance)
                why.append(explained(case, told, seen.post, chance=chance, counts=is_borne_out))
                if is_borne_out:
                    found.append(told)
        sure = tuple(case for case in found if not case.rule.startswith(RESEMBLES) or chances[case.name] >= LIKELY)
        return tuple(found), tuple(why), sure

    def _chances(self, seen: _Seen, by_rules: dict[str, SpecialCase], number: int) -> dict[str, float]:
        """How much what the post says of a brand reads like each special case.

        What a rule saw may drown in a long tale: the sentences around it count if they read more like it.
        """
        chances = self._tools.examples.chances(seen.decisions[number], by_rules.keys())
        of_all = self._tools.examples.chances(seen.decisions.get(EVERYTHING, seen.decisions[number]), by_rules.keys())
        chances |= {name: of_all[name] for name in WHOLE}
        told = [
            case
            for case in by_rules.values()
            if case.name in chances and case.name not in WHOLE and chances[case.name] < SURE
        ]
        texts = [_worded(seen, [around(seen.readings, case)]) for case in told]
        near = (self._tools.examples.chances(read, by_rules.keys()) for read in self._tools.examples.read(texts))
        best = {case.name: max(chances[case.name], said[case.name]) for case, said in zip(told, near, strict=True)}
        return chances | best

    def _mentions(
        self, seen: _Seen, said: dict[str, Sentiment], telling: dict[str, list[Word]], *, weight: float | None
    ) -> Iterator[Mention]:
        """One mention for each brand that was found."""
        post = seen.post
        reach = influence(post, weight)
        for number in _numbers(seen.found):
            brand, part = self._brands[number], seen.toward[number]
            hits = [hit for hit in seen.found.hits if hit.brand == number]
            special_cases, seen_why, sure = self._special_cases(seen, number)
            about = relevance.weigh(
                post,
                brand,
                hits=hits,
                cues=[cue for cue in seen.found.cues if cue.brand == number],
                others=self._surely_beside(seen.found, number),
                lang=seen.lang,
                special_cases=sure,
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
                    *feelings.reasons(post, said=said[text], words=telling[text], role=part.role),
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


def _asked(seen: _Seen) -> list[int]:
    """The brands whose parts are read, and where they are several the post as a whole."""
    return [*seen.texts, EVERYTHING] if len(seen.texts) > 1 else [*seen.texts] or [0]


def _spans_of(seen: _Seen, number: int) -> Sequence[TextSpan]:
    """The parts of a post that speak of a brand: all of it where there is no other."""
    if len(seen.toward) > 1 and number in seen.toward and seen.toward[number].text_spans:
        return seen.toward[number].text_spans
    return [(reading.field, 0, len(reading.text)) for reading in seen.readings]


def _worded(seen: _Seen, spans: Sequence[TextSpan]) -> Wording:
    return worded(seen.post, seen.found.hits, spans, seen.lang)


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
