"""What the judge says of a post."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import exp
from typing import Final


class Label(StrEnum):
    """Sentiment toward a brand."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Level(StrEnum):
    """How grave a special case is."""

    INFO = "info"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Tier(StrEnum):
    """How sentiment is read: with a sentence encoder, without one, or as what is installed allows."""

    AUTO = "auto"
    QUALITY = "quality"
    FAST = "fast"


UNSURE_BELOW: Final = 0.5
"""Where no label has this probability, the sentiment is unsure."""
ALERT_BIAS: Final = 0.4
"""Added to the logarithm of the probability of negative where a missed complaint is worse than a false alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentiment:
    """Probabilities that sum to 1, and the label that is shown."""

    label: Label
    negative: float
    neutral: float
    positive: float

    @property
    def unsure(self) -> bool:
        """Whether no label is likelier than all others together."""
        return max(self.negative, self.neutral, self.positive) < UNSURE_BELOW

    @property
    def alarming(self) -> bool:
        """Whether negative is likeliest once it is given the advantage of ALERT_BIAS."""
        return self.negative * exp(ALERT_BIAS) >= max(self.neutral, self.positive)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A place where a brand is named: `field` is title or text, `text` the original words, `kind` how it matched.

    `confidence` (0 to 1) says how sure it is that these words are the brand's name, whoever may be meant by it.
    """

    field: str
    start: int
    end: int
    text: str
    kind: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialCase:
    """A class of post with duties of its own; `rule` is the id of the rule that saw it.

    `hides` says that nobody need be woken for such a post.
    """

    name: str
    level: Level
    rule: str
    field: str
    start: int
    end: int
    hides: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One reason of a judgement: `code` is stable, `text` is for people, `weight` is its share where it has one."""

    code: str
    text: str
    field: str | None = None
    start: int | None = None
    end: int | None = None
    weight: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A post seen from one brand."""

    brand: str
    relevance: float
    doubtful: bool
    spans: tuple[Span, ...]
    sentiment: Sentiment
    special_cases: tuple[SpecialCase, ...]
    influence: int
    priority: int
    why: tuple[Why, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lemmas:
    """The dictionary forms of a post's words, in their order, with single spaces: what history is searched by."""

    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the judge says of one post, knowing nothing but the post and the configuration.

    `lemmas` are added by the worker process, which has the dictionaries.
    """

    lang: str | None
    sentiment: Sentiment
    special_cases: tuple[SpecialCase, ...]
    mentions: tuple[Mention, ...]
    lemmas: Lemmas = Lemmas()
