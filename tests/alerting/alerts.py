"""Makes alerts for tests of what is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.alerting.catalogue import CATALOGUES
from monitor.alerting.frame import Frame
from monitor.alerting.rendering import render
from monitor.alerting.styles import style_of
from monitor.models import (
    AlarmKind,
    AlarmView,
    AlertView,
    Case,
    CaseState,
    DeadlineKind,
    Label,
    Mention,
    MentionView,
    NoticeKind,
    NoticeView,
    Post,
    Receiver,
    Sentiment,
    Span,
    Target,
    Why,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.alerting.messages import Carried, RenderedMessage

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
        "alert_id": 15,
        "source_kind": "feed" if source else None,
        "host": "forum.example:443" if source else None,
        "reason": "status: HTTP 500",
        "opened_at": NOW,
        "since": NOW - timedelta(hours=26),
        "affected": None,
    }
    return AlarmView(kind=kind, source=source, **{**given, **other})  # type: ignore[arg-type] # any of its fields


def make_case(**other: object) -> Case:
    found_at = NOW - timedelta(hours=1)
    case = Case(
        id=31,
        brand="МойСклад",
        state=CaseState.NEW,
        classes=("negative",),
        opened_at=found_at,
        found_at=found_at,
    )
    return replace(case, **other)  # type: ignore[arg-type] # any of its fields


def make_notice(kind: NoticeKind = NoticeKind.OPENED, case: Case | None = None, **other: object) -> NoticeView:
    """A notice of a case; a reminder is 90 minutes early and a breach 65 minutes late."""
    due = {NoticeKind.REMINDER: timedelta(minutes=90), NoticeKind.BREACH: -timedelta(minutes=65)}.get(kind)
    view = NoticeView(
        id=4,
        alert_id=12,
        kind=kind,
        reason="such a case is told to: agent",
        at=NOW,
        case=case or make_case(),
        deadline=DeadlineKind.ACKNOWLEDGE if due else None,
        due_at=NOW + due if due else None,
        source="forum",
        title="Не работает",
        text="В МоёмСкладе опять\nничего не работает",
        url="https://forum.example/t/1",
        author="Ольга",
        posts=1,
    )
    return replace(view, **other)  # type: ignore[arg-type] # any of its fields


def rendered(
    *carried: Carried, url: str = "mailto://x", language: str = "en", zone: str = "UTC", **other: object
) -> RenderedMessage:
    """What a receiver with one target is told."""
    target = Target(key="t", url=url)
    receiver = Receiver(name="support", targets=(target,), language=language, zone=zone)
    return render("m" * 26, carried, target=target, receiver=receiver, **other)  # type: ignore[arg-type] # its keywords


def make_frame(url: str = "mailto://x", words: Mapping[str, str] = CATALOGUES["en"], **other: object) -> Frame:
    given: dict[str, object] = {"style": style_of(url), "words": words, "zone": "UTC", "now": NOW}
    return Frame(**{**given, **other})  # type: ignore[arg-type] # any of its fields
