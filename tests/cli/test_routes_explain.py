"""`monitor routes explain`: who would be told of a mention and why, and what became of its deliveries."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.flows.dispatching import flush
from monitor.models import Cadence, SignalIntent, SignalKind, Subscription
from tests.cli.casedesk import BRAND, LATE, OLGA, PETR, RUDE, Desk, desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = f"""
contact: watch@shop.test
sentiment: fast
brands: [{{name: {BRAND}}}, {{name: Конкурент, competitor: true}}]
sources:
  - {{name: forum, kind: feed, url: "http://127.0.0.1:9/forum", allow: [127.0.0.0/8]}}
receivers:
  support: {{urls: ["json://127.0.0.1:9/a"], budget: {{pings: 4, per: 1h, burst: 1}}}}
  night: {{urls: ["json://127.0.0.1:9/b"], budget: off, quiet: {{hours: "10:00-20:00", unless: "priority>=99"}}}}
  lead: {{urls: ["json://127.0.0.1:9/c"], budget: off}}
routes:
  - match: "lang:en"
    to: lead
  - match: "sentiment:negative"
    to: support
    continue: true
    group_by: [brand]
    routes:
      - {{match: "посылка", to: night}}
  - {{match: "*", to: lead, group_wait: 0s, group_interval: 0s}}
"""
TILL = f"В {BRAND} касса не работает, ужасно, третий день без чеков"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path, config=CONFIG, staff=False) as opened:
        yield opened


def explained(shop: Desk, mention: int = 1) -> dict[str, Any]:
    (found,) = shop.rows("routes", "explain", str(mention))
    return found


def leave(shop: Desk) -> None:
    place = shop.places["forum"]
    shop._wait(place.writer.run(lambda store: flush(store, place.plan, shop.now)))


def test_each_route_is_shown_as_it_was_asked_and_why_it_took_the_mention_or_not(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    found = explained(shop)
    assert [(one["name"], one["receiver"], one["holds"], one["is_taken"]) for one in found["routes"]] == [
        ("routes[0]", "lead", False, False),
        ("routes[1]", "support", True, False),
        ("routes[1].routes[0]", "night", True, True),
        ("routes[2]", "lead", True, True),
    ]
    assert {one["receiver"]: one["reason"] for one in found["told"]} == {
        "night": "route matches: посылка",
        "lead": "route matches: *",
    }
    assert found["decision"] == found["now"] == "alert to night, lead (route matches: посылка)"
    told = shop.run("routes", "explain", "1").stdout
    assert "  routes[0] “lang:en” → lead: asked: does not hold\n" in told
    assert "    routes[1].routes[0] “посылка” → night: taken: to night\n" in told
    assert "  lead: route matches: *\n    at once, in a message of its own\n" in told


def test_what_keeps_the_message_back_is_said(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    (night, lead) = explained(shop)["told"]
    assert night["kept_back"] == "quiet hours until 2026-11-21 20:00 UTC"
    assert lead["kept_back"] is None
    shop.run("silence", "add", "посылка", "--for", "1h", "--comment", "strike at the post")
    until = f"{shop.now + timedelta(hours=1):%Y-%m-%d %H:%M} UTC"
    found = explained(shop)
    assert [one["comment"] for one in found["silences"]] == ["strike at the post"]
    assert found["told"][0]["kept_back"] == f"silence 1 by Ира until {until}: strike at the post"
    told = shop.run("routes", "explain", "1").stdout
    assert f"  silence 1 by Ира is about it until {until}: strike at the post\n" in told
    shop.passes(hours=1)
    assert explained(shop)["silences"] == []


def test_what_happened_is_told_of_each_delivery_with_its_group_and_its_messages(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    night, lead = explained(shop)["deliveries"]
    assert (night["receiver"], night["state"], night["note"], night["messages"]) == ("night", "pending", None, [])
    assert night["group"].startswith("routes[1].routes[0] ")
    assert night["due_at"] > night["created_at"]
    assert (lead["group"], lead["due_at"], lead["settled_at"]) == (None, None, None)
    assert [(one["state"], one["attempts"], one["error"]) for one in lead["messages"]] == [("pending", 0, None)]

    shop.passes(minutes=15)
    leave(shop)
    night, _ = explained(shop)["deliveries"]
    assert (night["note"], night["due_at"]) == ("quiet hours until 2026-11-21 20:00 UTC", "2026-11-21T20:00:00.000Z")
    told = shop.run("routes", "explain", "1").stdout
    assert "delivery 1 to night: pending; route matches: посылка\n    quiet hours until 2026-11-21 20:00 UTC\n" in told

    shop.passes(hours=9)
    leave(shop)
    night, lead = explained(shop)["deliveries"]
    assert (night["due_at"], len(night["messages"])) == (None, 1)
    place = shop.places["forum"]
    message, other = night["messages"][0]["id"], lead["messages"][0]["id"]
    again = shop.now + timedelta(minutes=10)
    shop._wait(place.writer.run(lambda store: store.message_retry(message, error="status: HTTP 503", next_at=again)))
    shop._wait(place.writer.run(lambda store: store.message_sent(other, shop.now)))
    told = shop.run("routes", "explain", "1").stdout
    assert f"    message {message}: pending, 1 attempt, next at {again:%Y-%m-%d %H:%M} UTC: status: HTTP 503\n" in told
    assert f"delivery 2 to lead: sent at {shop.now:%Y-%m-%d %H:%M} UTC; route matches: *\n" in told


def test_a_receiver_out_of_pings_is_told_later_and_it_is_said_when(shop: Desk) -> None:
    shop.says(PETR, TILL)
    shop.passes(minutes=2)
    leave(shop)
    (support, _) = explained(shop)["told"]
    later = f"{shop.now + timedelta(minutes=15):%Y-%m-%d %H:%M} UTC"
    assert support["kept_back"] == f"more than 1 ping at once; the next one at {later}"


def test_what_cannot_wait_is_called_urgent(shop: Desk) -> None:
    shop.says(OLGA, RUDE)
    (support, lead) = explained(shop)["told"]
    assert (support["receiver"], support["urgent"], support["wait_seconds"]) == ("support", True, 0)
    assert lead["receiver"] == "lead"
    assert "a new one at once; urgent\n" in shop.run("routes", "explain", "1").stdout


def test_a_signal_about_the_mention_belongs_to_what_happened(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    place = shop.places["forum"]
    intent = SignalIntent(key="confirmed:1", kind=SignalKind.CONFIRMED, reason="two others say so", mention_id=1)
    to = shop._wait(place.writer.run(lambda store: _tell(store, place, intent, shop)))
    assert to is not None
    assert [one["signal"] for one in explained(shop)["deliveries"]] == [None, None, "confirmed"]
    assert "of the signal confirmed to lead: pending" in shop.run("routes", "explain", "1").stdout


def _tell(store: Any, place: Any, intent: SignalIntent, shop: Desk) -> int | None:
    from monitor.models import Dispatch

    lead = place.plan.receivers["lead"]
    number: int | None = store.add_signal(intent, [Dispatch(lead, "a route leads there")], now=shop.now)
    return number


def test_a_subscription_is_asked_for_itself_and_named(shop: Desk) -> None:
    shop.run("people", "add", "Вера", "--role", "lead", "--receiver", "lead")
    shop.run("people", "add", "Олег", "--role", "agent", "--receiver", "night", as_="Вера")
    wanted = Subscription(id=0, person="Олег", receiver="night", match="касса", cadence=Cadence.NOW)
    place = shop.places["forum"]
    shop._wait(place.writer.run(lambda store: store.add_subscription(wanted, shop.now)))
    shop.says(PETR, TILL)
    found = explained(shop)
    assert found["routes"][-1]["name"] == "subscription 1 of Олег"
    assert {one["receiver"]: one["reason"] for one in found["told"]} == {
        "support": "route matches: sentiment:negative",
        "lead": "route matches: *",
        "night": "subscription 1 of Олег: касса",
    }


def test_of_whom_nobody_would_be_told_it_is_said_why(shop: Desk) -> None:
    shop.says(OLGA, "Конкурент опять потерял посылку, отвратительно")
    found = explained(shop)
    assert found["now"] == "recorded only: the brand is a competitor"
    assert (found["told"], found["deliveries"]) == ([], [])
    told = shop.run("routes", "explain", "1").stdout
    assert "Nobody would be told now.\n" in told
    assert "Nobody was told, and nobody is about to be.\n" in told


def test_a_mention_that_is_not_there_is_nothing_to_show(shop: Desk) -> None:
    assert "there is no mention 7" in shop.run("routes", "explain", "7", code=1).stderr
