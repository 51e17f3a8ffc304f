"""What our own webhook is sent: a message as JSON with a version, for programs; docs/webhook.schema.json describes it.

Keys stand in a fixed order, so that the same message is the same bytes. Within a version keys are only added.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, TypeAlias

from monitor.models import AlarmView, AlertView, DigestView, NoticeView, SignalKind
from monitor.text import excerpt, safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from monitor.alerting.messages import Carried
    from monitor.models import JSON, Case, Mention, Post, SignalView

SCHEMA: Final = 1
_TEXT_LIMIT: Final = 20_000  # code points of a post; `is_cut` says that there were more
_EXCERPT_LIMIT: Final = 1_200
_LINE_LIMIT: Final = 2_000
_LINK_LIMIT: Final = 4_000

_Record: TypeAlias = "dict[str, JSON]"


def payload(message_id: str, carried: Sequence[Carried], *, base_url: str | None = None) -> str:
    """The body of a message; `base_url` is where the web page of this monitor stands, None without one."""
    told = [_safe(_told(one, base_url)) for one in carried]
    return json.dumps({"schema": SCHEMA, "id": message_id, "sent_for": told}, ensure_ascii=False)


def reduced_payload(body: str) -> str:
    """The same message without what people wrote, for a program that refuses it: sorts, numbers and addresses."""
    whole = json.loads(body)
    kept = [
        {key: one[key] for key in ("sort", "ids", "brand", "source", "at", "urls") if key in one}
        for one in whole["sent_for"]
    ]
    return json.dumps({"schema": whole["schema"], "id": whole["id"], "sent_for": kept, "is_reduced": True})


def _told(one: Carried, base_url: str | None) -> _Record:
    match one:
        case AlertView():
            return _mention(one, base_url)
        case AlarmView():
            return _alarm(one)
        case NoticeView():
            return _case(one, base_url)
        case DigestView():
            return _digest(one)
    return _case_event(one, base_url) if one.kind is SignalKind.CASE_EVENT else _signal(one, base_url)


def _mention(alert: AlertView, base_url: str | None) -> _Record:
    view, mention, post = alert.view, alert.view.mention, alert.view.post
    delay = None if post.published is None else max(0.0, (view.discovered_at - post.published).total_seconds())
    return {
        "sort": "mention",
        "ids": {"alert": alert.id, "mention": view.id, "post": view.post_id, "case": alert.case_id},
        "brand": mention.brand,
        "source": view.source,
        "at": _time(alert.created_at),
        "reason": _line(alert.reason),
        "sentiment": {
            "label": mention.sentiment.label.value,
            "negative": round(mention.sentiment.negative, 4),
            "neutral": round(mention.sentiment.neutral, 4),
            "positive": round(mention.sentiment.positive, 4),
            "is_unsure": mention.sentiment.unsure,
        },
        "special_cases": [
            {"name": case.name, "level": case.level.value, "rule": case.rule} for case in mention.special_cases
        ],
        "priority": mention.priority,
        "influence": mention.influence,
        "relevance": round(mention.relevance, 4),
        "why": [{"code": why.code, "text": _line(why.text), "weight": why.weight} for why in mention.why],
        **_content(post, mention),
        "times": {"published": _time(post.published), "found": _time(view.discovered_at)},
        "delay_seconds": delay,
        "urls": {"post": _link(post.url), "case": _case_url(alert.case_id, base_url)},
        "deadlines": {"acknowledge": _time(alert.acknowledge_by), "resolve": _time(alert.resolve_by)},
    }


def _content(post: Post, mention: Mention) -> _Record:
    spans = [(span.start, span.end) for span in mention.spans if span.field == "text"]
    return {
        "title": _line(post.title),
        "excerpt": excerpt(post.text, spans, _EXCERPT_LIMIT)[0],
        "text": post.text[:_TEXT_LIMIT],
        "is_cut": len(post.text) > _TEXT_LIMIT,
        "matched": [_line(text) for text in dict.fromkeys(span.text for span in mention.spans)],
        "author": {
            "name": _line(post.author.name),
            "url": _link(post.author.url),
            "followers": post.author.followers,
        },
        "post": {
            "type": post.type.value,
            "lang": post.lang,
            "rating": post.rating,
            "likes": post.likes,
            "replies": post.replies,
            "views": post.views,
            "parent": _link(post.parent),
        },
    }


def _alarm(alarm: AlarmView) -> _Record:
    return {
        "sort": "alarm",
        "ids": {"alarm": alarm.id},
        "kind": alarm.kind.value,
        "source": alarm.source,
        "at": _time(alarm.opened_at),
        "reason": _line(alarm.reason),
        "host": _line(alarm.host),
        "since": _time(alarm.since),
        "affected": alarm.affected,
    }


def _case(notice: NoticeView, base_url: str | None) -> _Record:
    case = notice.case
    return {
        "sort": "case",
        "ids": {"alert": notice.alert_id, "notice": notice.id, "case": case.id},
        "kind": notice.kind.value,
        "brand": case.brand,
        "source": notice.source,
        "at": _time(notice.at),
        "reason": _line(notice.reason),
        "case": _state(case, posts=notice.posts, is_locked=notice.is_locked),
        "deadline": notice.deadline.value if notice.deadline else None,
        "due_at": _time(notice.due_at),
        "title": _line(notice.title),
        "excerpt": excerpt(notice.text, (), _EXCERPT_LIMIT)[0],
        "author": {"name": _line(notice.author)},
        "urls": {"post": _link(notice.url), "case": _case_url(case.id, base_url)},
    }


def _state(case: Case, *, posts: int, is_locked: bool) -> _Record:
    return {
        "state": case.state.value,
        "classes": list(case.classes),
        "round": case.round,
        "owner": case.owner,
        "posts": posts,
        "opened_at": _time(case.opened_at),
        "found_at": _time(case.found_at),
        "waiting_at": _time(case.waiting_at),
        "merged_into": case.merged_into,
        "is_locked": is_locked,
    }


def _signal(signal: SignalView, base_url: str | None) -> _Record:
    return {
        "sort": "signal",
        "ids": _ids_of(signal),
        "kind": signal.kind.value,
        "brand": signal.brand,
        "source": signal.source,
        "at": _time(signal.at),
        "reason": _line(signal.reason),
        "figures": dict(signal.figures),
        "title": _line(signal.title),
        "excerpt": excerpt(signal.text, (), _EXCERPT_LIMIT)[0],
        "author": {"name": _line(signal.author)},
        "urls": {"post": _link(signal.url), "case": _case_url(signal.case_id, base_url)},
    }


def _case_event(signal: SignalView, base_url: str | None) -> _Record:
    """One change of a case, as its record has it."""
    said: Mapping[str, JSON] = signal.figures
    return {
        "sort": "case_event",
        "ids": _ids_of(signal),
        "kind": said.get("kind"),
        "seq": said.get("seq"),
        "brand": signal.brand,
        "at": _time(signal.at),
        "person": said.get("person"),
        "before": said.get("before"),
        "after": said.get("after"),
        "body": said.get("body"),
        "urls": {"case": _case_url(signal.case_id, base_url)},
    }


def _ids_of(signal: SignalView) -> _Record:
    return {
        "alert": signal.alert_id,
        "signal": signal.id,
        "storm": signal.storm_id,
        "mention": signal.mention_id,
        "case": signal.case_id,
    }


def _digest(digest: DigestView) -> _Record:
    return {
        "sort": "digest",
        "ids": {"alert": digest.alert_id, "digest": digest.id},
        "name": digest.name,
        "cadence": digest.cadence.value,
        "zone": digest.zone,
        "from": _time(digest.from_at),
        "to": _time(digest.to_at),
        "figures": dict(digest.figures),
    }


def _case_url(case_id: int | None, base_url: str | None) -> str | None:
    return None if case_id is None or base_url is None else f"{base_url.rstrip('/')}/cases/{case_id}"


def _time(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, whole seconds."""
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _line(text: str | None) -> str | None:
    """On one line, and cut."""
    return None if text is None else " ".join(text.split())[:_LINE_LIMIT]


def _link(url: str | None) -> str | None:
    """Whole or not at all: half an address leads nowhere."""
    return url if url and len(url) <= _LINK_LIMIT else None


def _safe(value: JSON) -> JSON:
    """With no character that moves the cursor, reorders a line or is no text, when a program prints it."""
    if isinstance(value, str):
        return safe_text(value, one_line=False)
    if isinstance(value, list):
        return [_safe(one) for one in value]
    return {safe_text(key): _safe(one) for key, one in value.items()} if isinstance(value, dict) else value
