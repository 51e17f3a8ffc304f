"""A little history for tests of what analysts see: two brands of ours, a rival, four sources, answers, gaps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.models import (
    AlertIntent,
    Author,
    CaseClock,
    CaseEvent,
    Deadline,
    DeadlineKind,
    Dispatch,
    EventKind,
    Health,
    Label,
    Lemmas,
    Level,
    Mention,
    Post,
    PostType,
    Receiver,
    Sentiment,
    Silence,
    Source,
    SourceState,
    Span,
    SpecialCase,
    Target,
    Why,
)
from monitor.store import Store, open_writer, rows
from monitor.text import words

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.models import JSON
    from monitor.models import Source as ConfiguredSource

MONDAY = datetime(2026, 11, 9, tzinfo=UTC)  # 2026-W46
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OURS, OTHER, RIVAL = "НордЧай", "NordTea", "Соперник"
SUPPORT = Receiver(name="support", targets=(Target(key="m", url="mailto://x"),), language="ru")
SOURCES = ("forum", "reviews", "news", "silent")


@dataclass
class History:
    """A database that is filled by verbs of the store; posts are numbered as they come."""

    store: Store
    ids: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def say(
        self,
        at: datetime,
        *,
        brand: str = OURS,
        label: Label = Label.NEUTRAL,
        source: str = "forum",
        text: str = "",
        title: str = "",
        author: Author | None = None,
        rating: float | None = None,
        kind: PostType = PostType.POST,
        url: str | None = None,
        priority: int = 20,
        influence: int = 10,
        doubtful: bool = False,
        cases: tuple[SpecialCase, ...] = (),
        why: str = "named",
        alert: bool = False,
        lang: str = "ru",
        parent: str | None = None,
    ) -> tuple[int, int]:
        """Store a post that mentions a brand, an hour after it was published; returns the ids of post and mention."""
        self.count += 1
        text = text or f"{brand}: запись {self.count}"
        post = Post(
            native_id=str(self.count),
            url=url if url is not None else f"https://{source}.example.org/t/{self.count}",
            title=title or f"Тема {self.count}",
            text=text,
            author=author or Author(name=f"автор {self.count % 5}"),
            published=at,
            rating=rating,
            type=kind,
            lang=lang,
            parent=parent,
        )
        source_id = self.ids[source]
        post_id = self.store.add_post(source_id, post, identities=[f"id:{self.count}"], now=at + HOUR)
        assert post_id is not None
        start = text.find(brand)
        spans = (Span(field="text", start=start, end=start + len(brand), text=brand, kind="exact"),) * (start >= 0)
        shares = {name: 0.9 if name == label else 0.05 for name in Label}
        mention = Mention(
            brand=brand,
            relevance=0.9,
            doubtful=doubtful,
            spans=spans,
            sentiment=Sentiment(
                label=label,
                negative=shares[Label.NEGATIVE],
                neutral=shares[Label.NEUTRAL],
                positive=shares[Label.POSITIVE],
            ),
            special_cases=cases,
            influence=influence,
            priority=priority,
            why=(Why(code="match", text=why),),
        )
        lemmas = Lemmas(title=" ".join(words(post.title)), text=" ".join(words(text)))
        mention_id = self.store.add_mention(post_id, mention, decision="route matches", lemmas=lemmas, now=at + HOUR)
        if alert:
            intent = AlertIntent(key=f"mention:{mention_id}", reason="route", to=(Dispatch(SUPPORT, "route matches"),))
            self.store.add_alert(mention_id, intent, now=at + HOUR + timedelta(minutes=1))
        return post_id, mention_id

    def answer(self, post_id: int, at: datetime, *, brand: str = OURS, source: str = "forum") -> int:
        """Store an answer by the brand's own account to the post with this native id."""
        self.count += 1
        post = Post(
            native_id=str(self.count),
            text="Здравствуйте, уже разбираемся.",
            author=Author(name="поддержка"),
            published=at,
            parent=self.native(post_id),
            type=PostType.COMMENT,
        )
        source_id = self.ids[source]
        answer_id = self.store.add_post(source_id, post, identities=[f"id:{self.count}"], now=at)
        assert answer_id is not None
        assert self.store.link_answer(answer_id, brand=brand)
        return answer_id

    def answer_by(self, post_id: int, at: datetime, *, text: str, source: str = "forum") -> int:
        """Store a reply by somebody that names no brand."""
        self.count += 1
        post = Post(
            native_id=str(self.count),
            text=text,
            author=Author(name="сосед"),
            published=at,
            parent=self.native(post_id),
            type=PostType.COMMENT,
        )
        reply = self.store.add_post(self.ids[source], post, identities=[f"id:{self.count}"], now=at)
        assert reply is not None
        return reply

    def complain(self, post_id: int, mention_id: int, at: datetime, *, brand: str = OURS) -> int:
        """Open a case for a post, found at this time and due four hours later; returns its number."""
        body: dict[str, JSON] = {"brand": brand, "classes": ["negative"], "why": "negative", "found_at": at.isoformat()}
        case = self.store.add_case(CaseEvent(kind=EventKind.OPENED, at=at, body=body))
        self.store.put_post(case.id, post_id=post_id, brand=brand, mention_id=mention_id, why="opened", now=at)
        due = at + 4 * HOUR
        steps = (
            Deadline(kind=kind, clock=CaseClock.FOUND, step=1, at=due, due_at=due, to="owner")
            for kind in (DeadlineKind.ACKNOWLEDGE, DeadlineKind.RESOLVE)
        )
        self.store.set_deadlines(case, tuple(steps))
        return case.id

    def native(self, post_id: int) -> str:
        """The id that the source gave to a post."""
        return str(self.store._db.execute("SELECT native_id FROM posts WHERE id = ?", (post_id,)).fetchone()[0])


def open_history(path: Path) -> History:
    """A database, new or not, with four sources that have been polled, one of them in vain."""
    db = open_writer(path)
    db.execute("PRAGMA synchronous = OFF")
    store = Store(db)
    sources: list[ConfiguredSource] = [
        Source(name=name, kind="feed", url=f"https://{name}.example.org/feed", options=None, every=10 * HOUR / 60)
        for name in SOURCES
    ]
    early = MONDAY - 30 * DAY
    store.sync_sources(sources, {name: f"{name}.example.org:443" for name in SOURCES}, early)
    ids = {row["name"]: row["id"] for row in db.query("SELECT id, name FROM sources")}
    history = History(store, ids, db["posts"].count)
    for leased in store.lease_due(early, 10):
        name, broken = leased.state.name, leased.state.name == "silent"
        state = SourceState(
            name=name,
            next_at=MONDAY + 8 * DAY,
            baseline_at=None if broken else early,
            last_polled_at=MONDAY + 7 * DAY,
            last_success_at=None if broken else MONDAY + 7 * DAY,
            failures=4 if broken else 0,
            health=Health.FAILING if broken else Health.OK,
            error="HTTP 503" if broken else None,
        )
        store.finish_poll(leased, state)
    return history


def fill(history: History) -> None:
    """Two weeks: W45 a little, W46 more, with reviews, answers, a gap, a special case and a doubtful mention."""
    for number in range(6):
        history.say(MONDAY - 7 * DAY + number * DAY, label=Label.POSITIVE if number % 2 else Label.NEGATIVE)
    famous = Author(name="Ольга", url="https://forum.example.org/u/olga", followers=120_000)
    court = SpecialCase(name="legal", level=Level.CRITICAL, rule="court", field="text", start=11, end=18)
    loud, loud_mention = history.say(
        MONDAY + DAY + HOUR,
        label=Label.NEGATIVE,
        text="На НордЧай подам в суд: деньги не вернули.",
        title="Верните деньги",
        author=famous,
        priority=95,
        influence=80,
        cases=(court,),
        alert=True,
    )
    history.complain(loud, loud_mention, MONDAY + DAY + 2 * HOUR)
    history.answer(loud, MONDAY + DAY + 5 * HOUR)
    for number in range(9):
        post_id, _ = history.say(
            MONDAY + (number % 5) * DAY + 3 * HOUR,
            source="reviews",
            kind=PostType.REVIEW,
            rating=float(1 + number % 5),
            label=(Label.NEGATIVE, Label.NEUTRAL, Label.POSITIVE)[number % 3],
            priority=40 + number,
        )
        if number % 3 == 0:
            history.answer(post_id, MONDAY + (number % 5) * DAY + 5 * HOUR, source="reviews")
    for number in range(4):
        history.say(MONDAY + number * DAY + 2 * HOUR, brand=OTHER, source="news", kind=PostType.ARTICLE, lang="en")
        history.say(MONDAY + number * DAY + 4 * HOUR, brand=RIVAL, source="forum")
    history.say(MONDAY + 2 * DAY, doubtful=True)
    history.store.add_gap(
        history.ids["reviews"],
        since=MONDAY + 5 * DAY + 6 * HOUR,
        until=MONDAY + 6 * DAY,
        reason="pages",
        now=MONDAY + 6 * DAY,
    )
    history.store.revise_post(
        loud, title="Верните деньги!", text="На НордЧай подам в суд: деньги всё ещё не вернули.", now=MONDAY + 3 * DAY
    )
    first = history.store._db.execute("SELECT min(id) FROM posts").fetchone()[0]
    history.store.join_story(loud, like=first, kind="rewritten", share=0.7)
    reply = history.answer_by(loud, MONDAY + DAY + 6 * HOUR, text="+1, у меня так же")
    history.store.note_stance(reply, "confirms")
    doubted = history.store._db.execute("SELECT id FROM mentions WHERE doubtful").fetchone()[0]
    history.store.add_correction(doubted, about=False, note="чай из другой пачки", person="Ирина", now=MONDAY + 5 * DAY)
    history.store._db.execute(
        "INSERT INTO storms (brand, opened_at, told_at, figures) VALUES ('НордЧай', ?, ?, '{}')",
        (rows.to_text(MONDAY), rows.to_text(MONDAY)),
    )
    campaign = Silence(
        id=0, match="чай", starts_at=MONDAY, ends_at=MONDAY + DAY, person="Ирина", comment="акция в магазинах"
    )
    history.store.add_silence(campaign, now=MONDAY)
