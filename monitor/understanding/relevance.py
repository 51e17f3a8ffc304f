"""Is the brand meant? An explained score from 0 to 1; nothing is dropped, what scores low is doubtful.

A name that is no ordinary word is believed unless configured words speak against it. A name that is one needs evidence:
capitals, quotation marks, the configured context words nearby, another configured brand in the same post. A post by the
brand itself is a mention too, but a doubtful one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.models import Why

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.models import Author, Brand, Post
    from monitor.understanding.matching.matcher import Cue, Hit

DOUBTFUL_BELOW = 0.5
NEAR = 200
"""A context word counts up to this many code points from the name."""
OWN_VOICE = 0.3
"""The most that a post by the brand itself can reach."""

_SURE = 2
_MOST_CUES = 2
_SCALE = ((-1, 0.1), (0, 0.3), (1, 0.65), (2, 0.85), (3, 0.95))
"""Relevance of a score; below and above it stays at the ends."""
_QUOTES = {"«": "»", "“": "”", "„": "“", '"': '"', "'": "'", "‘": "’", "‹": "›"}
_OTHER_DOMAIN = re.compile(r"\.(?:ru|ру|рф|com|net|org|info|io)\b", re.IGNORECASE)
_SENTENCE_END = frozenset(".!?…\n:")


@dataclass(frozen=True, slots=True)
class Relevance:
    """How sure it is that the brand is meant, and why."""

    value: float
    doubtful: bool
    why: tuple[Why, ...]


def weigh(post: Post, brand: Brand, *, hits: Sequence[Hit], cues: Sequence[Cue], others: Iterable[str]) -> Relevance:
    """Relevance of a post for a brand, which `hits` (at least one) name; `others` are brands surely named beside it."""
    scored = [_scored(post, hit, cues) for hit in hits]
    score, why = max(scored, key=lambda pair: pair[0])
    sure = any(not hit.common for hit in hits)
    beside = sorted(others)
    if not sure and beside:
        score += _SURE
        why = (*why, Why(code="beside", text=f"{beside[0]} is named in the same post", weight=_SURE))
    value = 1.0 if sure and score >= _SURE else _on_scale(score)
    voice = _own_voice(post.author, brand)
    if voice:
        value = min(value, OWN_VOICE)
        why = (*why, Why(code="own-voice", text=f"written by the brand itself: {voice}"))
    return Relevance(value, value < DOUBTFUL_BELOW, why)


def _on_scale(score: int) -> float:
    low, high = _SCALE[0][0], _SCALE[-1][0]
    return dict(_SCALE)[max(low, min(high, score))]


def _scored(post: Post, hit: Hit, cues: Sequence[Cue]) -> tuple[int, tuple[Why, ...]]:
    """Score of one place, with its reasons."""
    span = hit.span
    text = post.title if span.field == "title" else post.text
    reasons: list[tuple[int, str, str]] = []
    if hit.common:
        reasons.append((0, "ordinary-word", f"«{span.text}» is an ordinary word too"))
        if _capital_inside(text, span.start):
            reasons.append((1, "capital", "written with a capital inside a sentence"))
        if _quoted(text, span.start, span.end):
            reasons.append((1, "quoted", "written in quotation marks"))
        if _OTHER_DOMAIN.match(text, span.end):
            reasons.append((-3, "other-address", "followed by a domain: the name of another site"))
    near = [cue for cue in cues if cue.field == span.field and _distance(cue, hit) <= NEAR]
    supporting = dict.fromkeys(cue.word for cue in near if cue.supports)
    opposing = dict.fromkeys(cue.word for cue in near if not cue.supports)
    reasons.extend((1, "context", f"«{word}» stands near") for word in list(supporting)[:_MOST_CUES])
    reasons.extend((-2, "context-against", f"«{word}» stands near and speaks against it") for word in opposing)
    score = sum(weight for weight, _, _ in reasons) + (0 if hit.common else _SURE)
    why = (
        Why(code=code, text=said, field=span.field, start=span.start, end=span.end, weight=weight)
        for weight, code, said in reasons
    )
    return score, tuple(why)


def _distance(cue: Cue, hit: Hit) -> int:
    return max(cue.start - hit.span.end, hit.span.start - cue.end, 0)


def _capital_inside(text: str, start: int) -> bool:
    """Whether a word begins with a capital that neither a sentence nor shouting gives it."""
    before = text[:start].rstrip(" \t\"'«“„(-–—")
    return text[start].isupper() and bool(before) and before[-1] not in _SENTENCE_END and not text.isupper()


def _quoted(text: str, start: int, end: int) -> bool:
    return start > 0 and end < len(text) and _QUOTES.get(text[start - 1]) == text[end]


def _own_voice(author: Author, brand: Brand) -> str | None:
    """What shows that the brand wrote the post itself, None if nothing does."""
    accounts = {_account(account) for account in (*brand.own_accounts, *brand.handles)}
    domains = tuple(domain.casefold() for domain in brand.own_domains)
    name, url = author.name or "", author.url or ""
    for said in (name, url):
        if said and _account(said) in accounts:
            return said
    mail_host = name.rpartition("@")[2].strip(" >").casefold() if "@" in name else ""
    for found in (_host(url), mail_host):
        if any(found == domain or found.endswith(f".{domain}") for domain in domains):
            return found
    return None


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # a broken IPv6 address names no host
        return ""


def _account(name: str) -> str:
    """An account's bare name: of `@name` and of the address of a profile alike."""
    return name.strip().rstrip("/").rpartition("/")[2].lstrip("@").casefold()
