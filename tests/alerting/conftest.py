from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.models import AlertView, Author, Label, Mention, MentionView, Post, Sentiment, Span, Why

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


@pytest.fixture
def alert() -> AlertView:
    post = Post(
        native_id="n",
        url="https://forum.example/t/1",
        title="Не работает",
        text="В МоёмСкладе опять ничего не работает",
        author=Author(name="Ольга", followers=120),
        published=NOW - timedelta(minutes=3, seconds=20),
    )
    return make_alert(post, make_mention())
