"""Makes alerts for tests of what is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.models import AlarmKind, AlarmView, AlertView, Label, Mention, MentionView, Post, Sentiment, Span, Why

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def make_mention(text: str = "В МоёмСкладе опять ничего не работает", start: int = 2, end: int = 12) -> Mention:
    return Mention(
        brand="МойСклад",
        relevance=1.0,
        doubtful=False,
        spans=(Span(field="text", start=start, end=end, text=text[start:end], kind="inflected"),),
        sentiment=Sentiment(label=Label.NEGATIVE, negative=0.9, neutral=0.08, positive=0.02),
        special_cases=(),
        influence=30,
        priority=62,
        why=(Why(code="match", text="«МоёмСкладе» в тексте"),),
    )


def make_alert(post: Post, mention: Mention) -> AlertView:
    view = MentionView(
        id=7,
        source="forum",
        post_id=3,
        post=post,
        discovered_at=NOW,
        mention=mention,
        decision="alert to support",
    )
    return AlertView(id=12, reason="route matches", created_at=NOW, view=view)


def make_alarm(kind: AlarmKind = AlarmKind.FAILING, source: str | None = "forum", **other: object) -> AlarmView:
    given: dict[str, object] = {
        "id": 5,
        "source_kind": "feed" if source else None,
        "host": "forum.example:443" if source else None,
        "reason": "status: HTTP 500",
        "opened_at": NOW,
        "since": NOW - timedelta(hours=26),
        "affected": None,
    }
    return AlarmView(kind=kind, source=source, **{**given, **other})  # type: ignore[arg-type] # any of its fields
