"""The words of messages, a table for each language; a third language is one more table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

CATALOGUES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "{brand}: {sentiment} on {source}",
        "headline": "{sentiment} mention of {brand} · priority {priority} of 100 · influence {influence} of 100",
        "why": "Why: {why}",
        "named": "named as {named}",
        "rated": "{stars} of 5 stars",
        "reads": "reads {label}, {percent} %",
        "reads-negative": "negative",
        "reads-neutral": "neutral",
        "reads-positive": "positive",
        "author": "Author: {author} · on {source}",
        "times": "Published: {published} · found after: {delay}",
        "link": "Open: {url}",
        "details": "All reasons: monitor why {id}",
        "followers": "{count} followers",
        "unknown": "unknown",
        "negative": "Negative",
        "neutral": "Neutral",
        "positive": "Positive",
        "d": "d",
        "h": "h",
        "min": "min",
        "s": "s",
    },
    "ru": {
        "title": "{brand}: {sentiment}, источник {source}",
        "headline": "{sentiment} · {brand} · приоритет {priority} из 100 · влияние {influence} из 100",
        "why": "Почему: {why}",
        "named": "упоминается как {named}",
        "rated": "{stars} из 5 звёзд",
        "reads": "тон {label}, {percent} %",
        "reads-negative": "негативный",
        "reads-neutral": "нейтральный",
        "reads-positive": "положительный",
        "author": "Автор: {author} · источник {source}",
        "times": "Опубликовано: {published} · найдено через: {delay}",
        "link": "Открыть: {url}",
        "details": "Все причины: monitor why {id}",
        "followers": "подписчиков: {count}",
        "unknown": "неизвестно",
        "negative": "Негативный отзыв",
        "neutral": "Нейтральное упоминание",
        "positive": "Положительный отзыв",
        "d": "дн.",
        "h": "ч",
        "min": "мин",
        "s": "с",
    },
}
