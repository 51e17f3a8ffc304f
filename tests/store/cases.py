"""A database in which posts complain, and what the tests of cases say of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.models import (
    Author,
    Case,
    CaseClock,
    CaseEvent,
    Deadline,
    DeadlineKind,
    EventKind,
    Label,
    Lemmas,
    Mention,
    NoticeIntent,
    NoticeKind,
    Post,
    Receiver,
    Sentiment,
    Source,
    Target,
)
from monitor.store import Store, open_writer

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.models import JSON

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BRAND = "НордЧай"
SUPPORT = Receiver(name="support", targets=(Target(key="m", url="mailto://x"),), language="ru")
_FELT = Sentiment(label=Label.NEGATIVE, negative=0.9, neutral=0.1, positive=0.0)
_MENTION = Mention(
    brand=BRAND,
    relevance=1.0,
    doubtful=False,
    spans=(),
    sentiment=_FELT,
    special_cases=(),
    influence=30,
    priority=50,
    why=(),
)


def open_store(path: Path) -> Store:
    """A store with two sources."""
    db = open_writer(path)
    db.execute("PRAGMA synchronous = OFF")
    store = Store(db)
    sources = [Source(name=name, kind="feed", url=f"https://{name}.example/", options=None) for name in ("one", "two")]
    store.sync_sources(sources, {"one": "one.example:443", "two": "two.example:443"}, NOW)
    return store


def say(
    store: Store,
    name: str,
    *,
    by: str | None = "Анна",
    source: int = 1,
    brand: str | None = BRAND,
    at: datetime = NOW,
    **post: object,
) -> tuple[int, int | None]:
    """Store a post by this native id, with a mention unless it names nobody; the ids of both."""
    one = Post(native_id=name, text=f"{BRAND}: {name}", author=Author(name=by), published=at, lang="ru")
    one = replace(one, **post)  # type: ignore[arg-type] # any field
    post_id = store.add_post(source, one, identities=[f"id:{name}"], now=at + MINUTE)
    assert post_id is not None
    if brand is None:
        return post_id, None
    lemmas = Lemmas(title=one.title, text=one.text)
    return post_id, store.add_mention(post_id, replace(_MENTION, brand=brand), decision="", lemmas=lemmas, now=at)


def opened(brand: str = BRAND, *, at: datetime = NOW, classes: tuple[str, ...] = ("negative",)) -> CaseEvent:
    """The first event of a case."""
    body: dict[str, JSON] = {
        "brand": brand,
        "classes": list(classes),
        "why": "negative",
        "found_at": (at - MINUTE).isoformat(),
        "published_at": (at - HOUR).isoformat(),
    }
    return CaseEvent(kind=EventKind.OPENED, at=at, body=body)


def open_case(store: Store, *posts: tuple[int, int | None], brand: str = BRAND, at: datetime = NOW) -> Case:
    """A case of these posts."""
    case = store.add_case(opened(brand, at=at))
    for post_id, mention_id in posts:
        store.put_post(case.id, post_id=post_id, brand=brand, mention_id=mention_id, why="its author", now=at)
    return case


def note(store: Store, case: Case, text: str, *, person: str = "Ирина", kind: EventKind = EventKind.NOTED) -> Case:
    """Somebody notes something, which changes nothing else."""
    return change(store, case, CaseEvent(kind=kind, at=NOW, person=person, body={"text": text}))


def change(store: Store, case: Case, event: CaseEvent, **fields: object) -> Case:
    """Append an event after which the case has these fields."""
    changed = replace(case, seq=case.seq + 1, **fields)  # type: ignore[arg-type] # any field
    store.save_case(changed, [replace(event, seq=changed.seq, before=case.state, after=changed.state)])
    return changed


def due(
    step: int, at: datetime, *, kind: DeadlineKind = DeadlineKind.ACKNOWLEDGE, to: str | None = "owner"
) -> Deadline:
    """A step of a deadline from detection."""
    return Deadline(kind=kind, clock=CaseClock.FOUND, step=step, at=at, due_at=at, to=to)


def notice(case: Case, key: str, **fields: object) -> NoticeIntent:
    """What people are to hear of a case."""
    intent = NoticeIntent(key=key, kind=NoticeKind.BREACH, case_id=case.id, reason="acknowledge by 12:00", to=())
    return replace(intent, **fields)  # type: ignore[arg-type] # any field
