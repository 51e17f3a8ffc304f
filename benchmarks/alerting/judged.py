"""A history's mentions as the judge of the program would give them: posts that are identified, and their judgements."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from benchmarks.alerting.texts import BRAND, text_of
from monitor.models import Author, Judgement, Label, Lemmas, Level, Mention, Post, PostType, Sentiment, SpecialCase, Why
from monitor.tracking.identity import Identified, identify

if TYPE_CHECKING:
    from benchmarks.alerting.records import Row

REACTIONS: Final = 80  # the influence that reactions alone can give
AUTHORS: Final = 60  # and an audience
_GOOD: Final = 4  # stars from which on a review praises


def judged(row: Row, history: str) -> tuple[Identified, Judgement]:
    """One mention, ready to be recorded."""
    text = text_of(row, history)
    post = _post(row, text)
    (found,) = identify([post])
    sentiment = _sentiment(row)
    special = tuple(_case(name, text) for name in row.special_cases)
    mention = Mention(
        brand=BRAND,
        relevance=1.0,
        doubtful=False,
        spans=(),
        sentiment=sentiment,
        special_cases=special,
        influence=int(row.influence),
        priority=0,
        why=(Why(code="match", text=BRAND),),
    )
    lemmas = Lemmas(text=text.lower())
    judgement = Judgement(lang="ru", sentiment=sentiment, special_cases=special, mentions=(mention,), lemmas=lemmas)
    return found, judgement


def _post(row: Row, text: str) -> Post:
    followers, views = audience(int(row.influence))
    return Post(
        native_id=row.id,
        url=f"https://{quote(row.source)}.example/{quote(row.id)}",
        text=text,
        author=Author(name=row.author, followers=followers),
        published=row.at,
        rating=row.rating,
        views=views,
        type=PostType.POST if row.rating is None else PostType.REVIEW,
        lang="ru",
    )


def audience(influence: int) -> tuple[int | None, int]:
    """Followers and views by which `understanding.influence` comes to this figure; to 92 where it is more."""
    views = round(50 * (10 ** (4 * min(influence, REACTIONS) / REACTIONS) - 1))
    if influence <= REACTIONS:
        return None, views
    part = min(1.0, (1 - (1 - influence / 100) / (1 - REACTIONS / 100)) / (AUTHORS / 100))
    return round(10 ** (6 * part)) - 1, views


def _sentiment(row: Row) -> Sentiment:
    rest = 1 - row.negative
    is_good = row.rating is not None and row.rating >= _GOOD
    neutral, positive = (0.0, rest) if is_good else (rest, 0.0)
    label = Label.NEGATIVE if row.is_negative else Label.POSITIVE if is_good else Label.NEUTRAL
    return Sentiment(label=label, negative=row.negative, neutral=neutral, positive=positive)


def _case(name: str, text: str) -> SpecialCase:
    case = _cases().get(name, {})
    return SpecialCase(
        name=name,
        level=Level(str(case.get("level", "info"))),
        rule=f"history-{name}",
        field="text",
        start=0,
        end=len(text),
        hides=bool(case.get("hides", False)),
    )


@cache
def _cases() -> dict[str, dict[str, object]]:
    folder = files("monitor.understanding").joinpath("data", "special_cases", "cases.toml")
    return tomllib.loads(folder.read_text(encoding="utf-8"))
