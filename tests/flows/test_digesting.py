"""Digests on a real database: each time is told once, with what is in it, and nothing of a post that is gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from monitor.alerting.digests import Stretch
from monitor.flows.digesting import TOGETHER, Making, send_digests
from monitor.flows.lexicon import forms
from monitor.flows.ports import Plan
from monitor.models import (
    AlertIntent,
    Author,
    Cadence,
    DigestSettings,
    Dispatch,
    Label,
    Lemmas,
    Level,
    Mention,
    Person,
    Post,
    Receiver,
    Role,
    Sentiment,
    SpecialCase,
    Subscription,
    Target,
)
from monitor.store import Reader, Store, open_reader, open_writer
from monitor.store.digests import Digested
from tests.store.cases import due, open_case, open_store
from tests.store.test_case_plans import steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.models import DigestView

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NINE = datetime(2026, 11, 22, 9, tzinfo=UTC)
OURS, THEIRS = "Тестомаркет", "Ромашка"
SUPPORT = Receiver(name="support", targets=(Target(key="m", url="mailto://x"),), language="ru")
ANNA = Receiver(name="anna", targets=(Target(key="a", url="mailto://a"),))
MORNING = DigestSettings(name="morning", to="support", cadence=Cadence.DAILY, at=time(9))
MENTION = Mention(
    brand=OURS,
    relevance=1.0,
    doubtful=False,
    spans=(),
    sentiment=Sentiment(label=Label.NEGATIVE, negative=0.9, neutral=0.1, positive=0.0),
    special_cases=(),
    influence=10,
    priority=50,
    why=(),
)


def plan(*digests: DigestSettings, receivers: tuple[Receiver, ...] = (SUPPORT, ANNA)) -> Plan:
    return Plan(
        config=cast("Any", None),
        sources={},
        kinds={},
        receivers={receiver.name: receiver for receiver in receivers},
        routes=(),
        competitors=frozenset({THEIRS}),
        own_accounts={},
        reveal=str,
        digests=digests,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = open_store(path)
    store._db.execute("UPDATE sources SET baseline_at = '2026-11-01T00:00:00.000Z'")
    yield store
    store.close()


def say(
    store: Store,
    name: str,
    at: datetime,
    *,
    found: datetime | None = None,
    label: Label = Label.NEGATIVE,
    post: dict[str, Any] | None = None,
    source: int = 1,
    **mention: Any,
) -> tuple[int, int]:
    """Somebody writes; the ids of the post and of its mention."""
    one = Post(native_id=name, text=f"{OURS}: {name}", author=Author(name=f"by {name}"), published=at, lang="ru")
    one = replace(one, **(post or {}))
    found = found or at + MINUTE
    post_id = store.add_post(source, one, identities=[f"id:{name}"], now=found)
    assert post_id is not None
    felt = replace(MENTION.sentiment, label=label)
    judged = replace(MENTION, sentiment=felt, **mention)
    mention_id = store.add_mention(post_id, judged, decision="", lemmas=Lemmas(text=one.text.lower()), now=found)
    assert mention_id is not None
    return post_id, mention_id


def begun(store: Store, *digests: DigestSettings) -> Plan:
    """A plan whose digests began to count a day before."""
    made = plan(*digests)
    assert send_digests(store, made, NINE - DAY) == 0
    return made


def told(store: Store, now: datetime = NINE + HOUR) -> list[DigestView]:
    """The digests in messages that wait, which are sent."""
    found: list[DigestView] = []
    while messages := store.claim_messages(now, 10):
        for message in messages:
            found += message.digests
            store.message_sent(message.id, now)
    return found


def figures(store: Store, made: Plan, now: datetime = NINE) -> dict[str, Any]:
    """What the one digest that is due says."""
    assert send_digests(store, made, now) == 1
    (view,) = told(store, now)
    return dict(view.figures)


def test_a_digest_leaves_at_its_time_with_what_was_said_since_the_last_one(store: Store) -> None:
    made = begun(store, MORNING)
    say(store, "before", NINE - DAY - HOUR)
    say(store, "first", NINE - DAY)
    say(store, "last", NINE - MINUTE, label=Label.POSITIVE, found=NINE + timedelta(seconds=5))
    say(store, "after", NINE, found=NINE + timedelta(seconds=10))
    assert send_digests(store, made, NINE - timedelta(seconds=1)) == 0
    assert send_digests(store, made, NINE + timedelta(seconds=20)) == 1
    (view,) = told(store)
    assert (view.name, view.cadence, view.zone, view.language) == ("morning", Cadence.DAILY, "UTC", "ru")
    assert (view.from_at, view.to_at) == (NINE - DAY, NINE)
    counted = view.figures
    assert (counted["mentions"], counted["negative"], counted["positive"]) == (2, 1, 1)
    assert counted["before"] == {"mentions": 1, "negative": 1, "mean": None}


def test_a_time_is_told_once_however_often_it_is_asked_and_whoever_crashes(store: Store, path: Path) -> None:
    made = begun(store, MORNING)
    say(store, "one", NINE - HOUR)

    def crash() -> None:
        with store.transaction():
            assert send_digests(store, made, NINE) == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        crash()
    assert told(store) == []
    assert [send_digests(store, made, NINE + number * MINUTE) for number in range(5)] == [1, 0, 0, 0, 0]
    again = Store(open_writer(path))  # a new process
    assert send_digests(again, made, NINE + HOUR) == 0
    assert len(told(again)) == 1
    say(again, "two", NINE + HOUR)
    assert send_digests(again, made, NINE + DAY) == 1
    assert [view.figures["mentions"] for view in told(again, NINE + DAY)] == [1]
    again.close()


def test_a_clock_that_is_set_back_tells_nothing_twice(store: Store) -> None:
    made = begun(store, MORNING)
    say(store, "one", NINE - HOUR)
    assert send_digests(store, made, NINE) == 1
    assert send_digests(store, made, NINE - 2 * DAY) == 0
    assert send_digests(store, made, NINE - HOUR) == 0
    assert send_digests(store, made, NINE + MINUTE) == 0


def test_after_a_time_without_the_daemon_one_digest_covers_all_of_it(store: Store) -> None:
    made = begun(store, MORNING)
    for day in range(5):
        say(store, f"day {day}", NINE + day * DAY - HOUR)
    assert send_digests(store, made, NINE + 4 * DAY + HOUR) == 1
    (view,) = told(store, NINE + 4 * DAY + HOUR)
    assert (view.from_at, view.to_at, view.figures["mentions"]) == (NINE - DAY, NINE + 4 * DAY, 5)
    chart = cast("Any", view.figures["chart"])
    assert [chart["values"][place] for place in chart["marked"]] == [1, 1, 1, 1, 1]


def test_without_news_nobody_is_told_unless_always(store: Store) -> None:
    always = replace(MORNING, name="every morning", always=True)
    made = begun(store, MORNING, always)
    assert send_digests(store, made, NINE) == 1
    (view,) = told(store)
    assert (view.name, view.figures["mentions"]) == ("every morning", 0)
    say(store, "one", NINE + HOUR)
    assert send_digests(store, made, NINE + DAY) == 2
    # The day without news was made, and told to nobody: the next one covers its own day only.
    assert {view.from_at for view in told(store, NINE + DAY)} == {NINE}


def test_what_was_found_after_its_day_had_been_told_is_named_as_late_once(store: Store) -> None:
    made = begun(store, MORNING)
    say(store, "in time", NINE - HOUR)
    assert figures(store, made)["late"] == 0
    _, late = say(store, "late", NINE - HOUR, found=NINE + HOUR)
    say(store, "history", NINE - 30 * DAY, found=NINE + HOUR)
    say(store, "theirs", NINE - HOUR, found=NINE + HOUR, brand=THEIRS)
    found = figures(store, made, NINE + DAY)  # which is news enough
    assert (found["mentions"], found["late"], found["found_late"]) == (0, 1, [late])
    say(store, "next", NINE + DAY + HOUR)
    assert figures(store, made, NINE + 2 * DAY)["late"] == 0


def test_stories_by_their_spread_and_the_most_important_besides(store: Store) -> None:
    made = begun(store, MORNING)
    at = NINE - 5 * HOUR
    widely = [say(store, f"wide {number}", at, priority=40 + number) for number in range(3)]
    twice = [say(store, f"twice {number}", at, priority=90) for number in range(2)]
    for story in (widely, twice):
        for post_id, _ in story[1:]:
            store.join_story(post_id, like=story[0][0], kind="repost", share=1.0)
    loud = [say(store, f"loud {number}", at, priority=60 + number)[1] for number in range(8)]
    say(store, "theirs", at, priority=100, brand=THEIRS)
    say(store, "doubtful", at, priority=100, doubtful=True)
    found = figures(store, made)
    assert [(one["mention"], one["posts"], one["authors"]) for one in found["stories"]] == [
        (widely[2][1], 3, 3),
        (found["stories"][1]["mention"], 2, 2),
    ]
    assert found["stories"][1]["mention"] in {mention for _, mention in twice}
    assert found["top"] == loud[:-6:-1]
    assert found["mentions"] == 13


def test_a_story_stands_among_the_most_important_once(store: Store) -> None:
    made = begun(store, MORNING)
    first = say(store, "old", NINE - 3 * DAY)
    copy = say(store, "copy", NINE - HOUR, priority=80)
    store.join_story(copy[0], like=first[0], kind="repost", share=1.0)
    other = say(store, "other", NINE - HOUR, priority=70)
    found = figures(store, made)
    assert (found["stories"], found["top"]) == ([], [copy[1], other[1]])


def test_share_of_voice_counts_competitors_and_the_rest_does_not(store: Store) -> None:
    made = begun(store, MORNING)
    for number in range(3):
        say(store, f"theirs {number}", NINE - HOUR, brand=THEIRS)
    say(store, "ours", NINE - HOUR)
    found = figures(store, made)
    assert (found["mentions"], [(one["brand"], one["mentions"]) for one in found["voices"]]) == (
        1,
        [(THEIRS, 3), (OURS, 1)],
    )


def test_ratings_have_a_mean_and_that_of_the_time_before(store: Store) -> None:
    made = begun(store, MORNING)
    for name, at, stars in (("a", -HOUR, 5.0), ("b", -HOUR, 2.0), ("c", -DAY - HOUR, 1.0)):
        say(store, name, NINE + at, post={"rating": stars})
    found = figures(store, made)
    assert (found["ratings"], found["mean"], found["before"]["mean"]) == (2, 3.5, 1.0)


def test_nothing_is_compared_with_a_time_that_was_not_watched(store: Store) -> None:
    store._db.execute("UPDATE sources SET baseline_at = '2026-11-21T12:00:00.000Z'")
    made = begun(store, MORNING)
    say(store, "one", NINE - HOUR)
    assert figures(store, made)["before"] is None


def test_open_cases_with_what_is_due_next_and_what_is_overdue(store: Store) -> None:
    made = begun(store, MORNING)
    at = NINE - 3 * HOUR
    calm, late, soon, done = (open_case(store, say(store, name, at), brand=OURS, at=at) for name in "abcd")
    store.set_deadlines(late, [due(1, NINE - HOUR)])
    store.set_deadlines(soon, [due(1, NINE + HOUR)])
    store._db.execute("UPDATE cases SET state = 'closed' WHERE id = ?", (done.id,))
    found = figures(store, made)
    assert (found["open_cases"], found["overdue"]) == (3, 1)
    assert [case["id"] for case in found["cases"]] == [late.id, soon.id, calm.id]
    assert found["owners"] == {str(case.id): None for case in (late, soon, calm)}


def test_what_became_of_alerts_is_counted_for_all_and_for_a_subscriber_alone(store: Store) -> None:
    store.put_person(Person(name="Анна", role=Role.LEAD, receiver="anna"), NINE - 2 * DAY)
    wanted = Subscription(id=0, person="Анна", receiver=None, match="*", cadence=Cadence.DAILY)
    store.add_subscription(wanted, NINE - 2 * DAY)
    made = begun(store, MORNING)
    _, mention = say(store, "one", NINE - HOUR)
    for number, to in enumerate((SUPPORT, SUPPORT, ANNA)):
        intent = AlertIntent(key=f"k{number}", reason="r", to=(Dispatch(to, "r"),))
        store.add_alert(mention, intent, now=NINE - HOUR)
    for message in store.claim_messages(NINE - HOUR, 10):
        store.message_sent(message.id, NINE - HOUR)
    assert send_digests(store, made, NINE) == 2
    counted = {view.name: view.figures["alerts"] for view in told(store)}
    assert counted == {"morning": {"sent": 2, "pending": 1}, "subscription 1": {"sent": 1}}


def test_sources_in_trouble_and_gaps_of_the_time(store: Store) -> None:
    made = begun(store, MORNING)
    say(store, "one", NINE - HOUR)
    store._db.execute("UPDATE sources SET health = 'blocked' WHERE name = 'two'")
    store._db.execute(
        "INSERT INTO gaps (source_id, from_at, to_at, reason, recorded_at) VALUES "
        "(1, '2026-11-22T01:00:00.000Z', '2026-11-22T02:00:00.000Z', 'x', ''), "
        "(1, '2026-11-01T01:00:00.000Z', '2026-11-01T02:00:00.000Z', 'x', '')"
    )
    found = figures(store, made)
    assert (found["watched"], found["troubled"], found["more_gaps"]) == (2, [["two", "blocked"]], 0)
    assert found["gaps"] == [["one", "2026-11-22T01:00:00.000Z", "2026-11-22T02:00:00.000Z"]]


def test_a_post_that_was_erased_vanishes_from_a_digest_that_waits(store: Store) -> None:
    made = begun(store, MORNING)
    gone, _ = say(store, "Позвоните Анне К.", NINE - HOUR, post={"title": "Секрет"})
    say(store, "stays", NINE - HOUR)
    assert send_digests(store, made, NINE) == 1
    kept = store._db.execute("SELECT figures FROM digests ORDER BY id DESC LIMIT 1").fetchone()[0]
    assert "Анне" not in kept  # nothing but numbers is stored
    assert "Секрет" not in kept
    store.erase([gone], now=NINE)
    (view,) = told(store)
    assert [post["text"] for post in cast("Any", view.figures["posts"])] == [f"{OURS}: stays"]


def test_a_query_narrows_all_that_is_counted_but_the_share_of_voice(store: Store) -> None:
    made = begun(store, replace(MORNING, match="case:rude_staff priority>=60"))
    rude = (SpecialCase(name="rude_staff", level=Level.CRITICAL, rule="r", field="text", start=0, end=1),)
    loud = say(store, "rude", NINE - HOUR, special_cases=rude, priority=70)
    others = say(store, "mild", NINE - HOUR, special_cases=rude), say(store, "other", NINE - HOUR, priority=90)
    held = open_case(store, loud, brand=OURS, at=NINE - HOUR)
    for other in others:
        open_case(store, other, brand=OURS, at=NINE - HOUR)
    found = figures(store, made)
    assert (found["mentions"], found["top"]) == (1, [loud[1]])
    assert (found["open_cases"], found["case_ids"]) == (1, [held.id])
    assert found["voices"][0]["mentions"] == 3


def test_what_is_written_exactly_so_is_found(store: Store) -> None:
    made = begun(store, replace(MORNING, match="=Касса"))
    say(store, "Касса", NINE - HOUR)
    say(store, "касса", NINE - HOUR)
    assert figures(store, made)["mentions"] == 1


def test_who_asks_for_a_competitor_gets_their_figures(store: Store) -> None:
    made = begun(store, replace(MORNING, match=f"brand:{THEIRS}"))
    _, mention = say(store, "theirs", NINE - HOUR, brand=THEIRS)
    say(store, "ours", NINE - HOUR)
    found = figures(store, made)
    assert (found["mentions"], found["top"]) == (1, [mention])


def test_a_digest_waits_for_a_receiver_that_is_not_configured_and_covers_what_was_missed(store: Store) -> None:
    made = begun(store, MORNING)
    say(store, "one", NINE - HOUR)
    assert send_digests(store, plan(MORNING, receivers=(ANNA,)), NINE) == 0
    assert send_digests(store, made, NINE + DAY) == 1
    (view,) = told(store, NINE + DAY)
    assert (view.from_at, view.figures["mentions"]) == (NINE - DAY, 1)


def test_hourly_and_weekly_ones_have_their_own_times(store: Store) -> None:
    hourly = replace(MORNING, name="hourly", cadence=Cadence.HOURLY, at=time(0))
    weekly = replace(MORNING, name="weekly", cadence=Cadence.WEEKLY, day=NINE.weekday())
    made = plan(hourly, weekly)
    assert send_digests(store, made, NINE - 7 * DAY) == 0
    say(store, "one", NINE - 2 * HOUR - MINUTE)
    assert send_digests(store, made, NINE - 2 * HOUR) == 1
    assert send_digests(store, made, NINE - HOUR) == 0  # nothing new
    assert send_digests(store, made, NINE) == 1
    assert [view.name for view in told(store)] == ["hourly", "weekly"]


def test_what_would_be_said_now_is_the_same_beside_the_daemon(store: Store, path: Path) -> None:
    begun(store, MORNING)
    say(store, "one", NINE - HOUR)
    reader = Reader(open_reader(path))
    stretch = Stretch(since=NINE - DAY, until=NINE)
    making = Making(settings=MORNING, competitors=frozenset({THEIRS}))
    last = reader.digested("morning", NINE)
    assert making.count(reader, stretch, last=last) == making.count(store, stretch, last=last)
    assert reader.named_in_digest([1], [])["posts"][0]["text"] == f"{OURS}: one"
    reader.close()


def test_many_digests_of_one_moment_keep_nobody_waiting_and_none_is_left_out(store: Store) -> None:
    many = [replace(MORNING, name=f"digest {number}") for number in range(TOGETHER + 3)]
    made = begun(store, *many)
    say(store, "one", NINE - HOUR)
    assert [send_digests(store, made, NINE + number * MINUTE) for number in range(3)] == [TOGETHER, 3, 0]
    assert {view.name for view in told(store)} == {settings.name for settings in many}


def test_what_a_digest_costs_does_not_grow_with_the_history(store: Store) -> None:
    stretch = Stretch(since=NINE - DAY, until=NINE)
    for number in range(60):
        say(store, f"new {number}", NINE - number * 10 * MINUTE)
    last = Digested(until=NINE - DAY, mention_id=0, delivery_id=0)
    for match in ("*", "priority>=40 sentiment:negative"):
        making = Making(settings=replace(MORNING, match=match), competitors=frozenset(), variants=forms)
        assert making.count(store, stretch, last=last)["mentions"] == 59
    making = Making(settings=MORNING, competitors=frozenset())
    before = steps(store, lambda: making.count(store, stretch, last=last))
    store._db.conn.executescript(OLD)
    after = steps(store, lambda: making.count(store, stretch, last=replace(last, mention_id=60)))
    assert after < 2 * before


OLD = f"""
    CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1001 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
        SELECT i FROM n;
    INSERT INTO posts (id, key, source_id, native_id, title, text, discovered_at, type)
        SELECT i, 'k' || i, 1, 'p' || i, '', 'текст', '2026-05-01T00:00:00.000Z', 'post' FROM n;
    INSERT INTO mentions (id, post_id, brand, relevance, doubtful, sentiment, negative, neutral, positive, influence,
            priority, spans, special_cases, why, decision, created_at, at, source_id)
        SELECT i, i, '{OURS}', 1, 0, 'negative', 0.9, 0.1, 0, 1, 50, '[]', '[]', '[]', '', '2026-05-01', '2026-05-01', 1
        FROM n;
"""
