"""Makes alerts for tests of what is told."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.models import AlertView, Label, Mention, MentionView, Post, Sentiment, Span, Why

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
