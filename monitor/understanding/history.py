"""Special cases that no rule over one sentence shows: they follow from what is stored, or from what is not said. Pure.

Each says what it counted, with names and dates, so that it can be checked. None is a verdict: a serial complainer may
be right each time, and what looks made up may be true; both are only told.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from monitor.models import Label, Level, PostType, SpecialCase, Why
from monitor.text import words
from monitor.understanding.authors import SERIAL_WINDOW, AuthorHistory, recent_negatives
from monitor.understanding.stories import StoryKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from monitor.models import Judgement, Lemmas, Mention, Post
    from monitor.understanding.authors import AuthorKey
    from monitor.understanding.stories import Alike, StoryDecision

SERIAL: Final = 3
"""Negative posts about a brand within `SERIAL_WINDOW`, or threads or sources of them, that make a pattern."""
CONFIRMED: Final = 2
"""Repliers, less those who say otherwise, from whom on a confirmation raises priority; one is only told."""
SIGNALS: Final = 3
"""Reasons that a post may be made up, below which none is told."""
BURST: Final = timedelta(hours=48)
"""The time in which others' copies of a text count as a burst."""

_MISSING: Final = 3  # of time, place, order and name
_FEW_WORDS: Final = 6
_SUPERLATIVES: Final = 2
_NO_CUSTOMER: Final = frozenset({PostType.ARTICLE, PostType.VIDEO})
_COPIES: Final = frozenset({StoryKind.REPOST, StoryKind.NEAR_DUPLICATE, StoryKind.SPUN})
_WORD: Final = re.compile(r"[^\W_]+")
_ORDER_NUMBER: Final = re.compile(r"(?:№|#|\bno?\.|\bnr\.?|\bnúm\.?)\s?\w*\d{2}|\b[a-zа-я]{0,4}-?\d{5,}", re.IGNORECASE)
_DATE: Final = re.compile(r"\b\d{1,2}[:.]\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b(?:19|20)\d\d\b")
_STREET: Final = re.compile(r"(?:ул|пр|пр-т|д|г|м|вул|str|st|ave|blvd|rd|c/|av)\.\s?[A-ZА-ЯЁІЇЄ\d]")
_AT_PLACE: Final = re.compile(r"\b(?:на|в|во|из|у|in|at|near|im|am|en)\s+[A-ZА-ЯЁІЇЄ][^\W\d_]{2,}")
_PERSON: Final = re.compile(r"(?<![.!?…]\s)(?<=\s)[A-ZА-ЯЁІЇЄ][^\W\d_]+\s+[A-ZА-ЯЁІЇЄ](?:[^\W\d_]+|\.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmations:
    """What others answered to a post: the keys of distinct repliers, without the author and the brand itself."""

    confirming: frozenset[str] = frozenset()
    rebutting: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIssue:
    """A weak spot that the administrator named, and its words; each word of a phrase is the lemmas it may have."""

    name: str
    phrases: tuple[tuple[str, tuple[frozenset[str], ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A special case with the sentence that explains it."""

    case: SpecialCase
    why: Why


def compile_issues(
    issues: Sequence[tuple[str, Sequence[str]]], variants: Mapping[str, frozenset[str]]
) -> tuple[KnownIssue, ...]:
    """`Brand.known_issues` made ready; `variants` are the lemmas of each of `words_of_issues`."""
    return tuple(
        KnownIssue(
            name=name,
            phrases=tuple((phrase, tuple(variants[word] for word in words(phrase))) for phrase in phrases),
        )
        for name, phrases in issues
    )


def words_of_issues(issues: Sequence[tuple[str, Sequence[str]]]) -> frozenset[str]:
    """The folded words whose lemmas `compile_issues` needs."""
    return frozenset(word for _, phrases in issues for phrase in phrases for word in words(phrase))


def known_issues(post: Post, lemmas: Lemmas, *, issues: Sequence[KnownIssue]) -> Iterator[Finding]:
    """The known issues whose words stand in a post, each by its first word that does."""
    fields = {"title": (post.title, lemmas.title.split()), "text": (post.text, lemmas.text.split())}
    for issue in issues:
        places = (
            (field, start, end, phrase)
            for phrase, forms in issue.phrases
            for field, (text, found) in fields.items()
            for start, end in _places(text, found, forms)
        )
        place = next(places, None)
        if place is None:
            continue
        field, start, end, phrase = place
        said = fields[field][0][start:end] or phrase
        text = f"«{said}»: the known issue «{issue.name}»"
        yield _finding("known_issue", text, rule=f"history:known-issue:{issue.name}", at=(field, start, end))


def serial_complainer(
    mention: Mention,
    *,
    key: AuthorKey | None,
    author: AuthorHistory | None,
    decision: StoryDecision,
    source: str,
    now: datetime,
) -> Finding | None:
    """A pattern in what the author wrote: many negative posts about the brand, at many places, or one text at many.

    `source` is where this post stands, which counts with the earlier ones.
    """
    if author is None or mention.doubtful or mention.sentiment.label is not Label.NEGATIVE:
        return None
    earlier = recent_negatives(author, brand=mention.brand, now=now)
    posts = len(earlier) + 1
    sources = sorted({source, *(post.source for post in earlier)})
    threads = {(post.source, post.thread) for post in earlier if post.thread}
    said: list[str] = []
    if posts >= SERIAL:
        first = min(post.at for post in earlier)
        days = SERIAL_WINDOW.days
        said.append(f"{posts} negative posts about {mention.brand} in {days} days, since {first:%Y-%m-%d}")
    if len(threads) >= SERIAL:
        said.append(f"in {len(threads)} threads")
    if len(sources) >= SERIAL or (said and len(sources) > 1):
        said.append(f"at {', '.join(sources)}")
    same = [alike for alike in decision.alike if _same_text(alike, author, key)]
    if same:
        copies = ", ".join(f"{alike.earlier.source} on {alike.earlier.at:%Y-%m-%d}" for alike in same[:3])
        said.append(f"the same text stood at {copies}")
    if not said:
        return None
    name = author.names[0] if author.names else author.key
    return _of_mention(mention, "serial_complainer", f"{name}: {'; '.join(said)}")


def listed_customer(mention: Mention) -> Finding:
    """The author stands in the brand's list of customers who matter most."""
    text = "the author is on the list of customers who matter most"
    found = _of_mention(mention, "vip", text, level=Level.MEDIUM)
    return replace(found, why=replace(found.why, code="vip-listed"))


def confirmed_by_others(mention: Mention, *, confirmations: Confirmations | None) -> Finding | None:
    """Others who say that the same happened to them, less those who say that it did not."""
    if confirmations is None:
        return None
    agree = len(confirmations.confirming - confirmations.rebutting)
    differ = len(confirmations.rebutting - confirmations.confirming)
    if agree <= differ:
        return None
    text = f"{_people(agree)} confirmed it in answers, {differ} said otherwise"
    level = Level.MEDIUM if agree - differ >= CONFIRMED else Level.INFO
    return _of_mention(mention, "confirmed_by_others", text, level=level)


def left_out(mention: Mention, post: Post, judgement: Judgement) -> tuple[str, ...]:
    """What a check would need and somebody's praise or complaint does not say, of time, place, order and name."""
    if mention.sentiment.label is Label.NEUTRAL or post.type in _NO_CUSTOMER:
        return ()
    text = f"{post.title}\n{post.text}"
    for name in {span.text for span in mention.spans}:
        text = text.replace(name, " ")  # the brand's own name is no place and nobody's name
    spoken = set(_spoken(judgement))
    return tuple(
        said
        for detail, (said, patterns) in _DETAILS.items()
        if spoken.isdisjoint(_list(detail, judgement.lang)) and not any(pattern.search(text) for pattern in patterns)
    )


def missing_details(mention: Mention, *, missing: Sequence[str]) -> Finding | None:
    """Whether a complaint leaves out three or all of what a check needs; `missing` is what `left_out` says."""
    if mention.sentiment.label is not Label.NEGATIVE or len(missing) < _MISSING:
        return None
    return _of_mention(mention, "missing_details", f"it does not say {_listed(missing, 'or')}")


def fake_signals(
    mention: Mention,
    post: Post,
    judgement: Judgement,
    *,
    missing: Sequence[str],
    key: AuthorKey | None,
    author: AuthorHistory | None,
    decision: StoryDecision,
    now: datetime,
) -> Finding | None:
    """Reasons why a post may be made up, all of them told, if there are `SIGNALS`."""
    if post.type in _NO_CUSTOMER:
        return None
    reasons: list[str] = []
    if len(missing) == len(_DETAILS):
        reasons.append("no time, place, order or name")
    extremes = [word for word in _spoken(judgement) if word in _list("superlatives", judgement.lang)]
    if len(extremes) >= _SUPERLATIVES and not any(map(str.isdigit, f"{post.title} {post.text}")):
        reasons.append(f"{len(extremes)} superlatives and no figure")
    copies = {
        alike.earlier.author or f"post {alike.earlier.post_id}"
        for alike in decision.alike
        if alike.likeness.kind in _COPIES and abs(now - alike.earlier.at) <= BURST
    } - {key.key if key else None}
    if len(copies) >= 2:
        reasons.append(f"{len(copies)} other authors wrote nearly the same within {BURST // timedelta(hours=1)} hours")
    if post.rating in (1, 5) and (count := len(words(f"{post.title} {post.text}"))) < _FEW_WORDS:
        reasons.append(f"{post.rating:g} of 5 stars with {count} words")
    praised = [other.brand for other in judgement.mentions if other.sentiment.label is Label.POSITIVE]
    if praised and mention.sentiment.label is Label.NEGATIVE:
        reasons.append(f"it praises {', '.join(praised)}")
    if author is not None and author.posts == 0:
        reasons.append("no earlier post of this author is known")
    if len(reasons) < SIGNALS:
        return None
    text = f"{len(reasons)} signs that it may be made up, which prove nothing: {'; '.join(reasons)}"
    return _of_mention(mention, "fake_signals", text)


def _same_text(alike: Alike, author: AuthorHistory, key: AuthorKey | None) -> bool:
    """Whether an earlier post is a copy, by the same author; of a short phrase that people repeat there is none."""
    if alike.likeness.kind not in {StoryKind.REPOST, StoryKind.NEAR_DUPLICATE} or alike.earlier.author is None:
        return False
    return alike.earlier.author in {author.key, key.key if key else None}


_DETAILS: Final[Mapping[str, tuple[str, tuple[re.Pattern[str], ...]]]] = {
    "time": ("when", (_DATE,)),
    "place": ("where", (_STREET, _AT_PLACE)),
    "order": ("which order", (_ORDER_NUMBER,)),
    "name": ("who", (_PERSON,)),
}


def _places(text: str, lemmas: Sequence[str], forms: Sequence[frozenset[str]]) -> Iterator[tuple[int, int]]:
    """Where the words of a phrase stand one after the other; (0, 0) where the text cannot be counted as its lemmas."""
    for at in range(len(lemmas) - len(forms) + 1):
        if all(lemmas[at + offset] in form for offset, form in enumerate(forms)):
            found = list(_WORD.finditer(text))
            whole = len(found) == len(lemmas)
            yield (found[at].start(), found[at + len(forms) - 1].end()) if whole else (0, 0)


def _of_mention(mention: Mention, name: str, text: str, *, level: Level = Level.INFO) -> Finding:
    """A finding about a whole mention stands where the brand is named."""
    span = mention.spans[0] if mention.spans else None
    at = (span.field, span.start, span.end) if span else ("text", 0, 0)
    return _finding(name, text, rule=f"history:{name.replace('_', '-')}", at=at, level=level)


def _finding(name: str, text: str, *, rule: str, at: tuple[str, int, int], level: Level = Level.INFO) -> Finding:
    field, start, end = at
    return Finding(
        case=SpecialCase(name=name, level=level, rule=rule, field=field, start=start, end=end),
        why=Why(code=name.replace("_", "-"), text=text, field=field, start=start, end=end),
    )


def _people(count: int) -> str:
    return "1 other person" if count == 1 else f"{count} other people"


def _listed(parts: Sequence[str], word: str) -> str:
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def _spoken(judgement: Judgement) -> list[str]:
    return f"{judgement.lemmas.title} {judgement.lemmas.text}".split()


@cache
def _list(name: str, lang: str | None) -> frozenset[str]:
    """The lemmas of a list of the data file, in one language, or in all where there is none for it."""
    text = files("monitor.understanding").joinpath("data", "details.toml").read_text(encoding="utf-8")
    langs: dict[str, list[str]] = tomllib.loads(text)[name]
    return frozenset(word for key, line in langs.items() if key == lang or lang not in langs for word in line)
