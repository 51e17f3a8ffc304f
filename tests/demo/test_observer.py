import json
from dataclasses import replace

import pytest

from monitor.demo.evidence import Arrived, Duty, Evidence, Mentioned, Published, Request, Stored
from monitor.demo.observer import baseline, count

BRAND, OTHER = "Кассолёт", "Торгуша"
DUTY = Duty(sinks={"mail": "support", "chat": "team"}, brands=(BRAND,), sentiments=("negative",))


def post(key: str, *names: str) -> Published:
    return Published(feed="news", key=key, title="", text=f"Слова  о {key}", names=names, at=1.0)


def row(number: int, key: str | None) -> Stored:
    return Stored(id=number, key=key, source="news", text=f"Заголовок\nСлова о {key}")


def mention(number: int, at: int, *, brand: str = BRAND, sentiment: str = "negative") -> Mentioned:
    return Mentioned(id=number, post=at, brand=brand, sentiment=sentiment, priority=50)


def message(name: str, alert: str, key: str) -> Arrived:
    return Arrived(message=name, alerts=(alert,), links=frozenset({key}))


# n1 is there before the first poll, n2 and n3 are news; n2 is a complaint, n3 names nobody, n4 only the competitor.
GOOD = Evidence(
    duty=DUTY,
    published=(post("n1", BRAND), post("n2", BRAND), post("n3"), post("n4", OTHER)),
    requests=(
        Request(host="h", path="/news.xml", query="", status=200, posts=("n1",), at=2.0),
        Request(host="h", path="/news.xml", query="", status=304, posts=(), at=3.0),
        Request(host="h", path="/news.xml", query="", status=200, posts=("n4", "n3", "n2", "n1"), at=4.0),
    ),
    stored=(row(1, "n1"), row(2, "n2"), row(3, "n3"), row(4, "n4")),
    mentioned=(mention(10, 1), mention(11, 2), mention(12, 4, brand=OTHER)),
    alerts={21: 11},
    deliveries={(21, "support"): "sent", (21, "team"): "sent"},
    arrived={"mail": (message("m1", "21", "n2"),), "chat": (message("m2", "21", "n2"),)},
)


def test_a_faultless_play_is_counted() -> None:
    seen = count(GOOD)
    assert (seen.lost, seen.repeated, seen.copies) == ((), (), 0)
    assert json.dumps(seen.to_json()) == (
        '{"posts": 4, "mentions": 3, "negative": 3, "alerts": 1, "delivered": {"mail": 1, "chat": 1},'
        ' "lost": 0, "repeated": 0}'
    )


def test_the_baseline_is_what_the_first_answer_of_a_feed_held() -> None:
    assert baseline(GOOD) == {"n1"}
    assert baseline(replace(GOOD, duty=replace(DUTY, silent_first=False))) == frozenset()


LOST = {
    "a post was never stored": (
        replace(GOOD, stored=(row(1, "n1"), row(2, "n2"), row(4, "n4"))),
        "post n3 of news is not stored",
    ),
    "a post stands on a page that nobody ever asked for": (
        replace(GOOD, published=(*GOOD.published, post("n5"))),
        "post n5 of news is not stored",
    ),
    "a post lost its words": (
        replace(GOOD, stored=(*GOOD.stored[:2], replace(row(3, "n3"), text="Заголовок\n"), row(4, "n4"))),
        "post n3 of news is stored wrongly",
    ),
    "a post was stored at another source": (
        replace(GOOD, stored=(*GOOD.stored[:2], replace(row(3, "n3"), source="forum"), row(4, "n4"))),
        "post n3 of news is stored wrongly",
    ),
    "a brand was not seen": (
        replace(GOOD, mentioned=GOOD.mentioned[:2]),
        "post n4 names Торгуша and has no mention of it",
    ),
    "the first poll's cursor was forgotten, so that news was recorded silently": (
        replace(GOOD, alerts={}, deliveries={}, arrived={"mail": (), "chat": ()}),
        "mention 11 (n2, Кассолёт, negative) has no alert",
    ),
    "a mention that no reader would see is routed too": (
        replace(GOOD, mentioned=(*GOOD.mentioned, mention(13, 3))),
        "mention 13 (n3, Кассолёт, negative) has no alert",
    ),
    "an alert was written without a delivery": (
        replace(GOOD, deliveries={(21, "support"): "sent"}),
        "the delivery of alert 21 (n2) to team is missing",
    ),
    "a delivery is still pending": (
        replace(GOOD, deliveries={(21, "support"): "pending", (21, "team"): "sent"}),
        "the delivery of alert 21 (n2) to support is pending",
    ),
    "a message is said to be sent and never came": (
        replace(GOOD, arrived={**GOOD.arrived, "chat": ()}),
        "alert 21 (n2) is not in the chat sink, though its delivery says sent",
    ),
    "a message tells of another post": (
        replace(GOOD, arrived={**GOOD.arrived, "chat": (message("m2", "21", "n3"),)}),
        "alert 21 (n2) is not in the chat sink, though its delivery says sent",
    ),
}


@pytest.mark.parametrize(("evidence", "fault"), LOST.values(), ids=LOST)
def test_what_is_lost_is_seen(evidence: Evidence, fault: str) -> None:
    seen = count(evidence)
    assert len(seen.lost) == 1
    assert seen.lost[0].startswith(fault)
    assert seen.repeated == ()


REPEATED = {
    "a post was stored twice": (
        replace(GOOD, stored=(*GOOD.stored, row(5, "n3"))),
        ["post n3 is stored 2 times"],
    ),
    "a stored post stands for nothing": (
        replace(GOOD, stored=(*GOOD.stored, row(5, None))),
        ["1 stored posts stand for nothing that was published (None)"],
    ),
    "an old post was told as news": (
        replace(GOOD, alerts={21: 11, 22: 10}),
        ["mention 10 has an alert that nobody was due"],
    ),
    "an alert is about the competitor": (
        replace(GOOD, alerts={21: 11, 22: 12}),
        ["mention 12 has an alert that nobody was due"],
    ),
    "a mention has two alerts": (
        replace(GOOD, alerts={22: 11, 21: 11}),
        ["mention 11 has 2 alerts"],
    ),
    "an alert came in two messages": (
        replace(GOOD, arrived={**GOOD.arrived, "mail": (message("m1", "21", "n2"), message("m3", "21", "n2"))}),
        ["alert 21 came to the mail sink in 2 messages of different ids"],
    ),
    "an alert came that the database has forgotten": (
        replace(GOOD, arrived={**GOOD.arrived, "mail": (*GOOD.arrived["mail"], message("m9", "99", "n2"))}),
        ["the mail sink has alert 99, which the database does not know"],
    ),
}


@pytest.mark.parametrize(("evidence", "faults"), REPEATED.values(), ids=REPEATED)
def test_what_is_repeated_is_seen(evidence: Evidence, faults: list[str]) -> None:
    seen = count(evidence)
    assert list(seen.repeated) == faults
    assert (seen.lost, seen.copies) == ((), 0)


def test_a_message_that_came_again_under_its_id_is_a_copy() -> None:
    again = GOOD.arrived["mail"] * 3
    seen = count(replace(GOOD, arrived={**GOOD.arrived, "mail": again}))
    assert seen.repeated == ("message m1 came to the mail sink again",) * 2
    assert seen.copies == 2
    assert seen.delivered == {"mail": 1, "chat": 1}


def test_without_a_silent_first_poll_everything_is_due() -> None:
    seen = count(replace(GOOD, duty=replace(DUTY, silent_first=False)))
    assert seen.lost == ("mention 10 (n1, Кассолёт, negative) has no alert",)
