"""What history adds to a judgement: story, author, others' answers, learned relevance, people's corrections.

Pure; runs inside the write transaction, on state that was read there. Influence and priority are computed anew with
what history knows; every change says why in a sentence that can be checked in the data.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol

from monitor.models import Label, Sentiment, Why
from monitor.understanding import history
from monitor.understanding.influence import influence
from monitor.understanding.priority import is_addressed, priority
from monitor.understanding.relevance import DOUBTFUL_BELOW
from monitor.understanding.stories import StoryDecision, StoryKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from monitor.models import Judgement, Lemmas, Mention, Post
    from monitor.understanding.authors import AuthorHistory, AuthorKey
    from monitor.understanding.history import Confirmations, Finding, KnownIssue
    from monitor.understanding.influence import Influence
    from monitor.understanding.stories import StoryFigures

HISTORY_RULE: Final = "history:"
"""What the rules of special cases over history begin with."""

_OWN_VOICE: Final = ("own_voice", "own-voice")
_SILENT: Final = "silent"
_RECKONED_ANEW: Final = ("influence", "priority-", _SILENT)
_UNNAMED: Final = frozenset({"edited", "no-longer-matches"})  # reasons why a mention is none any more
_RULES_SAID: Final = "relevance-by-rules"
_JUDGED: Final = {label: f"sentiment-by-itself-{label.value}" for label in Label}
_FELT_AS: Final = "sentiment-corrected"
_REASONS: Final = frozenset(
    {"story", "spread", "learned", "corrected", _RULES_SAID, _FELT_AS, *_JUDGED.values()}
    | {"known-issue", "serial-complainer", "confirmed-by-others", "missing-details", "fake-signals", "vip-listed"}
)

_SURELY: Final = 0.98
"""Probability of what a person said a mention is felt as; the other two share the rest."""

_COPIES: Final = frozenset({StoryKind.REPOST, StoryKind.NEAR_DUPLICATE})
_SAID: Final = {
    StoryKind.REPOST: "a copy",
    StoryKind.NEAR_DUPLICATE: "nearly a copy",
    StoryKind.REWRITTEN: "a rewriting",
    StoryKind.SPUN: "a rewriting in other words",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What was learned from people's answers says of a mention: the probability that the brand is meant.

    `share` (0 to 1) is how much it counts beside the rules, `answers` from how many answers it was learned.
    """

    probability: float
    share: float
    answers: int


class Learned(Protocol):
    """The learned relevance of one brand."""

    def opinion(self, post: Post, mention: Mention, lemmas: Lemmas) -> Opinion:
        """What it says of a mention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the store knows that the judge cannot; everything may be left out.

    To fill it: earlier posts that share `stories.SHARED_KEYS` of `stories.keys(lemmas)` are the candidates; `story` is
    `stories.decide(lemmas, candidates)`, `figures` those of the posts of its story that were found before it; `is_cut`
    says that not all of them were counted. For a post that was stored long ago `grown` are the figures of all others of
    its story by now. `key` is `authors.author_key`; `author` is the history under its key or its link, without this
    post, None where there is no key. `learned`, `known_issues`, `corrected` (a person's answer for this very mention)
    and `felt` (how a person said that it is felt, and when) are by brand.

    `listed` are the brands for whose customers who matter most the author is one.

    `silent` says why a post is recorded silently, None if it is not. `source` is where the post was found and
    `source_weight` its configured weight, `percentile` (0 to 1) the author's place among those of the platform,
    `domain_rank` the imported rank of the post's host.
    """

    silent: str | None = None
    source: str = ""
    source_weight: float | None = None
    story: StoryDecision = field(default_factory=StoryDecision)
    figures: StoryFigures | None = None
    is_cut: bool = False
    grown: StoryFigures | None = None
    key: AuthorKey | None = None
    author: AuthorHistory | None = None
    confirmations: Confirmations | None = None
    learned: Mapping[str, Learned] = field(default_factory=dict)
    known_issues: Mapping[str, Sequence[KnownIssue]] = field(default_factory=dict)
    corrected: Mapping[str, bool] = field(default_factory=dict)
    felt: Mapping[str, tuple[Label, datetime]] = field(default_factory=dict)
    listed: Collection[str] = ()
    percentile: float | None = None
    domain_rank: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """The mentions with their final figures and reasons, and the story that the post joins or begins."""

    mentions: tuple[Mention, ...]
    story: StoryDecision


def assess(judgement: Judgement, post: Post, *, context: Context, now: datetime) -> Assessed:
    """The judgement with what history adds; `now` is the moment of the transaction.

    Mentions that were assessed before are assessed anew, as if they came from the judge: nothing weighs twice, and a
    correction that is taken back leaves no trace.
    """
    reach = influence(post, context.source_weight, percentile=context.percentile, domain_rank=context.domain_rank)
    told = _told(context.story, context.figures, is_cut=context.is_cut)
    mentions = tuple(
        _assessed(mention, judgement, post, context=context, reach=reach, told=told, now=now)
        for mention in judgement.mentions
    )
    return Assessed(mentions=mentions, story=context.story)


def as_judged(mention: Mention) -> Mention:
    """A mention without what history added to it: relevance, sentiment, special cases and reasons as the judge's.

    Influence and priority stay; `assess` reckons them anew. So does the reason why a post was recorded silently.
    """
    value = next((why.weight for why in mention.why if why.code == _RULES_SAID), None)
    doubtful = mention.doubtful if value is None else value < DOUBTFUL_BELOW
    return replace(
        mention,
        relevance=mention.relevance if value is None else value,
        doubtful=doubtful or is_unnamed(mention),
        sentiment=_by_itself(mention),
        special_cases=tuple(case for case in mention.special_cases if not case.rule.startswith(HISTORY_RULE)),
        why=tuple(why for why in mention.why if why.code not in _REASONS),
    )


def _by_itself(mention: Mention) -> Sentiment:
    """The sentiment as the judge gave it: where it was corrected, the reasons hold it, its label first."""
    labels = {code: label for label, code in _JUDGED.items()}
    said = {labels[why.code]: why.weight or 0.0 for why in mention.why if why.code in labels}
    return _sentiment(next(iter(said)), said) if len(said) == len(Label) else mention.sentiment


def _sentiment(label: Label, shares: Mapping[Label, float]) -> Sentiment:
    return Sentiment(
        label=label,
        negative=shares[Label.NEGATIVE],
        neutral=shares[Label.NEUTRAL],
        positive=shares[Label.POSITIVE],
    )


def is_unnamed(mention: Mention) -> bool:
    """Whether the post names the brand no longer: what it says now is no evidence that it is about it."""
    return any(why.code in _UNNAMED for why in mention.why)


def _assessed(
    mention: Mention,
    judgement: Judgement,
    post: Post,
    *,
    context: Context,
    reach: Influence,
    told: tuple[Why, ...],
    now: datetime,
) -> Mention:
    """One mention with its final relevance, special cases, influence and priority."""
    mention = as_judged(mention)
    kept = tuple(why for why in mention.why if not why.code.startswith(_RECKONED_ANEW))
    value, doubtful, about = _relevance(mention, judgement, post, context)
    sentiment, felt = _felt(mention, context)
    mention = replace(mention, relevance=value, doubtful=doubtful, sentiment=sentiment)
    found = tuple(_findings(mention, judgement, post, context=context, now=now))
    special_cases = (*mention.special_cases, *(finding.case for finding in found))
    rank = priority(
        negative=sentiment.negative,
        relevance=value,
        doubtful=doubtful,
        influence=reach.value,
        addressed=is_addressed(post, mention.spans),
        special_cases=special_cases,
        authors=_authors(mention, context),
    )
    silent = tuple(why for why in mention.why if why.code == _SILENT)
    if context.silent is not None and not silent:
        text = f"recorded silently on {now:%Y-%m-%d %H:%M} UTC: {context.silent}"
        silent = (Why(code=_SILENT, text=text),)
    return replace(
        mention,
        special_cases=special_cases,
        influence=reach.value,
        priority=rank.value,
        why=(*kept, *about, *felt, *(finding.why for finding in found), *told, *reach.why, *rank.why, *silent),
    )


def _relevance(
    mention: Mention, judgement: Judgement, post: Post, context: Context
) -> tuple[float, bool, tuple[Why, ...]]:
    """Relevance, whether it is doubtful, and why it is another than the judge's: a person's answer wins."""
    text = f"by the rules alone the relevance is {mention.relevance:.2f}"
    judged = Why(code=_RULES_SAID, text=text, weight=mention.relevance)
    answer = context.corrected.get(mention.brand)
    if answer is not None:
        text = f"a person answered that this is {'' if answer else 'not '}about {mention.brand}"
        return float(answer), not answer, (judged, Why(code="corrected", text=text, weight=float(answer)))
    learned = context.learned.get(mention.brand)
    if learned is None or is_unnamed(mention):
        return mention.relevance, mention.doubtful, ()
    opinion = learned.opinion(post, mention, judgement.lemmas)
    value = round((1 - opinion.share) * mention.relevance + opinion.share * opinion.probability, 3)
    text = (
        f"learned from {opinion.answers} answers: about {mention.brand} with probability {opinion.probability:.2f}, "
        f"which counts for {100 * opinion.share:.0f} %"
    )
    return value, value < DOUBTFUL_BELOW, (judged, Why(code="learned", text=text, weight=round(opinion.probability, 3)))


def _felt(mention: Mention, context: Context) -> tuple[Sentiment, tuple[Why, ...]]:
    """How the mention is felt, and why it is felt other than the judge says: a person's answer wins."""
    judged = mention.sentiment
    if (answer := context.felt.get(mention.brand)) is None:
        return judged, ()
    label, at = answer
    said = Why(code=_FELT_AS, text=f"felt as {label.value}: somebody said so on {at:%Y-%m-%d}")
    order = (judged.label, *(other for other in Label if other is not judged.label))
    before = (
        Why(code=_JUDGED[one], text=f"by itself it is {one.value} with probability {chance:.2f}", weight=chance)
        for one, chance in ((one, getattr(judged, one.value)) for one in order)
    )
    others = (1 - _SURELY) / (len(Label) - 1)
    shares = {one: round(_SURELY if one is label else others, 4) for one in Label}
    return _sentiment(label, shares), (said, *before)


def _findings(
    mention: Mention, judgement: Judgement, post: Post, *, context: Context, now: datetime
) -> Iterator[Finding]:
    """The special cases over history; of what the brand itself says there are none."""
    codes = (*(case.name for case in mention.special_cases), *(why.code for why in mention.why))
    if any(code in _OWN_VOICE for code in codes):
        return
    if mention.brand in context.listed and all(case.name != "vip" for case in mention.special_cases):
        yield history.listed_customer(mention)
    yield from history.known_issues(post, judgement.lemmas, issues=context.known_issues.get(mention.brand, ()))
    missing = history.left_out(mention, post, judgement)
    found = (
        history.serial_complainer(
            mention, key=context.key, author=context.author, decision=context.story, source=context.source, now=now
        ),
        history.confirmed_by_others(mention, confirmations=context.confirmations),
        history.missing_details(mention, missing=missing),
        history.fake_signals(
            mention,
            post,
            judgement,
            missing=missing,
            key=context.key,
            author=context.author,
            decision=context.story,
            now=now,
        ),
    )
    yield from filter(None, found)


def _authors(mention: Mention, context: Context) -> int:
    """Distinct authors who told the story as something bad, with this one if it is negative; 1 at least."""
    story = context.grown or context.figures
    negative = story.negative_authors if story else frozenset[str]()
    if mention.sentiment.label is Label.NEGATIVE:
        negative |= {context.key.key if context.key else ""}
    return max(1, len(negative))


def _told(decision: StoryDecision, figures: StoryFigures | None, *, is_cut: bool) -> tuple[Why, ...]:
    """What the story is and how far it has spread, in sentences."""
    nearest = decision.nearest
    if nearest is None:
        return ()
    earlier, likeness = nearest.earlier, nearest.likeness
    share = f"{100 * likeness.share:.0f} % of its {'word pairs' if likeness.kind in _COPIES else 'words'}"
    text = f"{_SAID[likeness.kind]} of post {earlier.post_id} at {earlier.source}, {earlier.at:%Y-%m-%d}: {share}"
    whys = [Why(code="story", text=text, weight=round(likeness.share, 3))]
    if figures is not None:
        origin = figures.origin
        text = (
            f"before it {'at least ' if is_cut else ''}{figures.posts} {'post' if figures.posts == 1 else 'posts'} "
            f"told this, by {figures.authors} "
            f"{'author' if figures.authors == 1 else 'authors'} at {figures.sources} "
            f"{'source' if figures.sources == 1 else 'sources'}, {figures.growth:g} an hour"
            f"{', counting the first and the newest of them' if is_cut else ''}; "
            f"first post {origin.post_id} at {origin.source}, {origin.at:%Y-%m-%d %H:%M} UTC"
        )
        whys.append(Why(code="spread", text=text, weight=float(figures.authors)))
    return tuple(whys)
