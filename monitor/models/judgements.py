"""What the judge says of a post."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentiment:
    """Probabilities that sum to 1, and the label that is shown."""

    label: Label
    negative: float
    neutral: float
    positive: float


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
