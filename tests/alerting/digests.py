"""A digest with something of everything, and hostile content, as messages tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.models import Cadence, DigestView

END = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)  # 09:00 in Moscow
HOSTILE = '<script>alert(1)</script> "quoted" @here <!channel>'


def told(number: int, **fields: Any) -> dict[str, Any]:
    """A post that a digest names."""
    return {
        "id": number,
        "brand": "Тестомаркет",
        "at": (END - timedelta(hours=number)).isoformat(),
        "sentiment": "negative",
        "priority": 90 - number,
        "rating": None,
        "spans": [],
        "title": "",
        "text": f"Пост номер {number}",
        "url": f"https://forum.example/{number}",
        "author": f"author{number}",
        "source": "forum",
        **fields,
    }


def digest(**figures: Any) -> DigestView:
    """The daily digest `morning`, with these figures instead."""
    ends = [(END - timedelta(days=13 - number)).isoformat() for number in range(14)]
    counted: dict[str, Any] = {
        "about": "morning",
        "mentions": 42,
        "negative": 5,
        "positive": 11,
        "ratings": 12,
        "mean": 4.08,
        "before": {"mentions": 30, "negative": 7, "mean": 4.31},
        "late": 3,
        "voices": [
            {"brand": "Тестомаркет", "mentions": 42, "competitor": False},
            {"brand": "Ромашка", "mentions": 21, "competitor": True},
        ],
        "stories": [{"story": 5, "mention": 1, "posts": 7, "authors": 6}],
        "top": [2, 3],
        "found_late": [4],
        "chart": {"hourly": False, "values": [*range(1, 14), 42], "negative": [0] * 14, "ends": ends, "marked": [13]},
        "open_cases": 5,
        "overdue": 1,
        "cases": [
            {"id": 12, "brand": "Тестомаркет", "classes": ["rude_staff"], "due_at": "2026-11-21T15:00:00.000Z"},
            {"id": 14, "brand": "Тестомаркет", "classes": ["refund"], "due_at": "2026-11-22T12:00:00.000Z"},
            {"id": 15, "brand": "Тестомаркет", "classes": [], "due_at": None},
        ],
        "alerts": {"sent": 12, "muted": 2},
        "watched": 30,
        "troubled": [["habr", "stale"]],
        "gaps": [["habr", "2026-11-21T10:00:00.000Z", "2026-11-21T12:30:00.000Z"]],
        "more_gaps": 2,
        "posts": [
            told(1, title="Что известно о посылках", text="Мы собрали истории шестерых."),
            told(2, text=HOSTILE, author=HOSTILE),
            told(3, rating=1.0, url="javascript:alert(1)", text=f"{HOSTILE} {'длинно ' * 200}"),
            told(4),
        ],
        "owners": {"12": None, "14": "Анна", "15": "Борис"},
        **figures,
    }
    return DigestView(
        id=7,
        alert_id=9,
        name="morning",
        cadence=Cadence.DAILY,
        zone="Europe/Moscow",
        language="ru",
        from_at=END - timedelta(days=1),
        to_at=END,
        figures=counted,
    )
