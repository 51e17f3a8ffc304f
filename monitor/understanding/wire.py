"""The edge of `monitor judge`: JSON lines in, JSON lines out, one batch in memory at a time."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from monitor.errors import InputError
from monitor.models import Author, Post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from monitor.models import JSON, Judgement, Mention, Sentiment, Span, SpecialCase, Why
    from monitor.understanding.judge import Judge

BATCH = 256
LOWEST_STAR, HIGHEST_STAR = 1.0, 5.0


@dataclass(frozen=True, slots=True)
class JudgeInput:
    """One line of input: the caller's own id, given back as it came, the post, and the name of its source."""

    id: str | int
    post: Post
    source: str | None


_SURROGATE = re.compile("[\ud800-\udfff]")


def _writable(value: object) -> object:
    """A lone surrogate is no character and could not be written again; its place stays, so that offsets do."""
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value


def _text(value: object) -> object:
    return "" if value is None else _writable(value)


String = Annotated[StrictStr, BeforeValidator(_writable)]
Text = Annotated[StrictStr, BeforeValidator(_text)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Author(_Record):
    name: String | None = None
    url: String | None = None
    followers: int | None = None


class _Rating(_Record):
    value: float = Field(allow_inf_nan=False)
    best: float | None = Field(default=None, allow_inf_nan=False)
    worst: float | None = Field(default=None, allow_inf_nan=False)

    def stars(self) -> float:
        """The rating on the scale of 1 to 5; a missing bound is that of five stars."""
        worst = LOWEST_STAR if self.worst is None else self.worst
        best = HIGHEST_STAR if self.best is None else self.best
        if not (worst <= self.value <= best and worst < best):
            raise InputError(f"rating: {self.value:g} is not within {worst:g} to {best:g}")
        return LOWEST_STAR + (self.value - worst) / (best - worst) * (HIGHEST_STAR - LOWEST_STAR)


class _Line(_Record):
    id: String | StrictInt
    text: Text
    title: Text = ""
    url: String | None = None
    author: _Author | String | None = None
    published: datetime | None = None
    rating: _Rating | Annotated[float, Field(allow_inf_nan=False)] | None = None
    likes: int | None = None
    replies: int | None = None
    views: int | None = None
    lang: String | None = None
    source: String | None = None

    def post(self) -> Post:
        author = _Author(name=self.author) if isinstance(self.author, str) else self.author or _Author()
        rating = _Rating(value=self.rating, best=None, worst=None) if isinstance(self.rating, float) else self.rating
        published = self.published
        if published is not None:
            published = published.replace(tzinfo=UTC) if published.tzinfo is None else published.astimezone(UTC)
        return Post(
            url=self.url,
            title=self.title,
            text=self.text,
            author=Author(name=author.name, url=author.url, followers=author.followers),
            published=published,
            rating=None if rating is None else rating.stars(),
            likes=self.likes,
            replies=self.replies,
            views=self.views,
            lang=self.lang,
        )


def read_line(line: str | bytes) -> JudgeInput:
    """One post from one JSON line.

    A time without a zone is taken as UTC; a rating is a number from 1 to 5 or {value, best, worst}; unknown keys are
    ignored and null is the same as a missing key. Raises `errors.InputError` that says what is wrong.
    """
    try:
        record = _Line.model_validate(_parsed(line))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InputError(f"{'.'.join(str(part) for part in first['loc']) or 'line'}: {first['msg']}") from error
    return JudgeInput(record.id, record.post(), record.source)


def _parsed(line: str | bytes) -> object:
    try:
        text = line.decode("utf-8") if isinstance(line, bytes) else line
        return json.loads(text, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8: {error.reason} at byte {error.start}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}") from error


def _refuse(constant: str) -> None:
    raise InputError(f"not JSON: {constant}")


def judgement_to_json(id: str | int | None, judgement: Judgement) -> dict[str, JSON]:  # noqa: A002 - the key's name
    """A judgement as the object of one output line; null is what is not known."""
    return {
        "id": id,
        "lang": judgement.lang,
        "sentiment": _sentiment(judgement.sentiment),
        "special_cases": [_special_case(case) for case in judgement.special_cases],
        "mentions": [mention_to_json(mention) for mention in judgement.mentions],
    }


def judge_lines(lines: Iterable[bytes], judge: Judge, write: Callable[[str], object], *, batch: int = BATCH) -> int:
    """Judge JSON lines as they come and write one JSON line for each, in their order; blank lines are skipped.

    A line that cannot be read becomes {"id", "error"}, its id null where there is none; the error says which line, the
    first being 1. Returns how many there were. Never holds more than `batch` lines.
    """
    source = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    bad = 0
    while held := list(islice(source, batch)):
        read = [_read(line, number) for number, line in held]
        judged = iter(judge.judge([given.post for given in read if isinstance(given, JudgeInput)]))
        for given in read:
            if isinstance(given, JudgeInput):
                answer = judgement_to_json(given.id, next(judged))
            else:
                answer = given
                bad += 1
            write(json.dumps(answer, ensure_ascii=False) + "\n")
    return bad


def _read(line: bytes, number: int) -> JudgeInput | dict[str, JSON]:
    """What a line holds, or the answer to a bad one."""
    try:
        return read_line(line)
    except InputError as error:
        return {"id": _salvaged_id(line), "error": f"line {number}: {error}"}


def _salvaged_id(line: bytes) -> str | int | None:
    """The id of a line whose other parts are wrong."""
    try:
        value = _parsed(line)
    except InputError:
        return None
    found = _writable(value.get("id")) if isinstance(value, dict) else None
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None


def _sentiment(sentiment: Sentiment) -> dict[str, JSON]:
    return {
        "label": sentiment.label.value,
        "negative": sentiment.negative,
        "neutral": sentiment.neutral,
        "positive": sentiment.positive,
    }


def _special_case(case: SpecialCase) -> dict[str, JSON]:
    return {
        "name": case.name,
        "level": case.level.value,
        "rule": case.rule,
        "field": case.field,
        "start": case.start,
        "end": case.end,
    }


def mention_to_json(mention: Mention) -> dict[str, JSON]:
    """A mention as it stands in an output line."""
    return {
        "brand": mention.brand,
        "relevance": mention.relevance,
        "doubtful": mention.doubtful,
        "spans": [_span(span) for span in mention.spans],
        "sentiment": _sentiment(mention.sentiment),
        "special_cases": [_special_case(case) for case in mention.special_cases],
        "influence": mention.influence,
        "priority": mention.priority,
        "why": [_why(why) for why in mention.why],
    }


def _span(span: Span) -> dict[str, JSON]:
    return {
        "field": span.field,
        "start": span.start,
        "end": span.end,
        "text": span.text,
        "kind": span.kind,
        "confidence": span.confidence,
    }


def _why(why: Why) -> dict[str, JSON]:
    return {
        "code": why.code,
        "text": why.text,
        "field": why.field,
        "start": why.start,
        "end": why.end,
        "weight": why.weight,
    }
