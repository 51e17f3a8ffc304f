"""What a report says in English and in Russian, and how it writes numbers and dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from datetime import date, datetime

Language: TypeAlias = Literal["en", "ru"]
_NARROW: Final = "\u202f"
_MONTHS: Final = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "ru": ("янв.", "фев.", "мар.", "апр.", "мая", "июн.", "июл.", "авг.", "сен.", "окт.", "ноя.", "дек."),
}
_DAYS: Final = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "ru": ("пн", "вт", "ср", "чт", "пт", "сб", "вс"),
}

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "title": "Brand mentions",
        "week": "Week",
        "all_brands": "all brands",
        "made": "Made",
        "utc": "All days and times are UTC. Doubtful mentions are left out.",
        "mentions": "Mentions",
        "negative_share": "Negative",
        "mean_rating": "Mean rating",
        "share_of_voice": "Share of voice",
        "answered": "Answered",
        "time_to_answer": "Median time to answer",
        "against": "Changes are against",
        "no_before": "Not compared: the time is not over, or the history does not reach back far enough.",
        "points": "pp",
        "hours": "h",
        "per_day": "Mentions per day",
        "negative": "negative",
        "neutral": "neutral",
        "positive": "positive",
        "gap": "a source was not covered",
        "nothing": "Nobody mentioned these brands in this time.",
        "nothing_unsure": "Mind the gaps below: something may have been missed.",
        "began": "Watching began on {date}; of what is older, only what the sources still showed then is known.",
        "ratings": "Ratings",
        "ratings_note": "Mean of each day, from 1 to 5; within a month, a larger dot means more ratings.",
        "no_ratings": "Nobody gave a rating.",
        "brand": "Brand",
        "competitor": "competitor",
        "share": "Share",
        "top_sources": "Top sources",
        "source": "Source",
        "top_authors": "Most influential authors",
        "author": "Author",
        "followers": "Followers",
        "influence": "Influence",
        "gravest": "Most serious mentions",
        "no_gravest": "Nothing negative, and no special case.",
        "priority": "priority",
        "rating": "rating",
        "unknown_author": "unknown author",
        "answers": "Answers",
        "answers_note": "Mentions and shares go by the mention's date, replies by the reply's date.",
        "no_answers": "There was nothing to answer.",
        "type": "Type",
        "rate": "Share answered",
        "replies": "Replies",
        "coverage": "Coverage",
        "watched": "Sources watched",
        "troubled": "In trouble now",
        "gaps": "Gaps in this time",
        "state": "State",
        "last_success": "Last success",
        "delay": "Expected delay",
        "gap_time": "Not covered",
        "never": "never",
        "more_sources": "Further sources, all in order:",
        "no_sources": "No source is watched.",
        "total": "Total",
        "days_unit": "d",
        "minutes_unit": "min",
        "type_post": "posts",
        "type_comment": "comments",
        "type_review": "reviews",
        "type_article": "articles",
        "type_video": "videos",
        "type_email": "e-mails",
        "health_ok": "ok",
        "health_degraded": "degraded",
        "health_failing": "failing",
        "health_stale": "stale",
        "health_blocked": "blocked",
    },
    "ru": {
        "title": "Упоминания",
        "week": "Неделя",
        "all_brands": "все бренды",
        "made": "Составлен",
        "utc": "Дни и время — по UTC. Сомнительные упоминания не учтены.",
        "mentions": "Упоминания",
        "negative_share": "Негатив",
        "mean_rating": "Средняя оценка",
        "share_of_voice": "Доля голоса",
        "answered": "Получили ответ",
        "time_to_answer": "Медиана времени до ответа",
        "against": "Изменения — по сравнению с",
        "no_before": "Сравнить нельзя: время ещё не истекло или история слишком коротка.",
        "points": "п. п.",
        "hours": "ч",
        "per_day": "Упоминания по дням",
        "negative": "негативные",
        "neutral": "нейтральные",
        "positive": "позитивные",
        "gap": "источник был недоступен",
        "nothing": "За это время о брендах никто не писал.",
        "nothing_unsure": "Были пробелы (см. ниже): что-то могло остаться незамеченным.",
        "began": "Наблюдение началось {date}; более раннее известно лишь по тому, что источники тогда ещё показывали.",
        "ratings": "Оценки",
        "ratings_note": "Среднее за день, от 1 до 5; в пределах месяца крупная точка — это больше оценок.",
        "no_ratings": "Оценок никто не ставил.",
        "brand": "Бренд",
        "competitor": "конкурент",
        "share": "Доля",
        "top_sources": "Главные источники",
        "source": "Источник",
        "top_authors": "Самые влиятельные авторы",
        "author": "Автор",
        "followers": "Подписчики",
        "influence": "Влияние",
        "gravest": "Самые серьёзные упоминания",
        "no_gravest": "Ничего негативного и ни одного особого случая.",
        "priority": "приоритет",
        "rating": "оценка",
        "unknown_author": "автор неизвестен",
        "answers": "Ответы",
        "answers_note": "Упоминания и доля ответов — по дате упоминания, число ответов — по дате ответа.",
        "no_answers": "Отвечать было не на что.",
        "type": "Тип",
        "rate": "Доля ответов",
        "replies": "Ответов",
        "coverage": "Охват",
        "watched": "Источников под наблюдением",
        "troubled": "Сейчас с неполадками",
        "gaps": "Пробелов за это время",
        "state": "Состояние",
        "last_success": "Последний успех",
        "delay": "Ожидаемая задержка",
        "gap_time": "Не охвачено",
        "never": "никогда",
        "more_sources": "Ещё источников, все в порядке:",
        "no_sources": "Ни один источник не наблюдается.",
        "total": "Всего",
        "days_unit": "дн.",
        "minutes_unit": "мин",
        "type_post": "посты",
        "type_comment": "комментарии",
        "type_review": "отзывы",
        "type_article": "статьи",
        "type_video": "видео",
        "type_email": "письма",
        "health_ok": "в порядке",
        "health_degraded": "с перебоями",
        "health_failing": "не отвечает",
        "health_stale": "опустел",
        "health_blocked": "не пускает",
    },
}


def number(value: float, language: str, digits: int = 0) -> str:
    """12,345.6 in English, 12 345,6 in Russian."""
    text = f"{value:,.{digits}f}"
    return text if language == "en" else text.replace(",", _NARROW).replace(".", ",")


def percent(share: float, language: str) -> str:
    """A share from 0 to 1 in whole percent; with a decimal below 10 %."""
    return number(share * 100, language, 1 if 0 < share < 0.1 else 0) + ("%" if language == "en" else "\u00a0%")


def duration(minutes: float, language: str) -> str:
    """Minutes, hours or days, whichever is read most easily."""
    words = WORDS[language]
    for size, unit in ((1440, "days_unit"), (60, "hours")):
        if minutes >= size:
            return f"{number(minutes / size, language, 1).removesuffix('.0').removesuffix(',0')}\u00a0{words[unit]}"
    return f"{number(minutes, language)}\u00a0{words['minutes_unit']}"


def long_date(day: date, language: str) -> str:
    """16 Nov 2026."""
    return f"{day.day}\u00a0{_MONTHS[language][day.month - 1]}\u00a0{day.year}"


def date_range(first: date, last: date, language: str) -> str:
    """9–15 Nov 2026, or both dates in full where they lie in different months."""
    if (first.year, first.month) == (last.year, last.month) and first != last:
        return f"{first.day}–{long_date(last, language)}"
    return (
        long_date(first, language) if first == last else f"{long_date(first, language)} – {long_date(last, language)}"
    )


def moment(at: datetime, language: str) -> str:
    """16 Nov 2026, 10:05."""
    return f"{long_date(at.date(), language)}, {at:%H:%M}"


def day_label(day: date, language: str, shown: int) -> str:
    """A day under an axis on which `shown` of them stand: with its weekday where there is room."""
    text = f"{day.day} {_MONTHS[language][day.month - 1].rstrip('.')}"
    return f"{_DAYS[language][day.weekday()]} {day.day}" if shown <= 10 else text
