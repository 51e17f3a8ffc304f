"""What our own webhook is sent, held against docs/webhook.schema.json."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from monitor.alerting.payload import SCHEMA, payload, reduced_payload
from monitor.models import (
    AlarmKind,
    Author,
    Cadence,
    DigestView,
    Level,
    NoticeKind,
    Post,
    SignalKind,
    SignalView,
    SpecialCase,
)
from tests.alerting.alerts import NOW, make_alarm, make_alert, make_mention, make_notice
from tests.alerting.jsonschema import faults

if TYPE_CHECKING:
    from monitor.alerting.messages import Carried
    from monitor.models import AlertView

ID = "a" * 26
BASE = "https://monitor.example/"
DOCUMENTED = json.loads((Path(__file__).parents[2] / "docs" / "webhook.schema.json").read_text(encoding="utf-8"))


def told(one: Carried, base_url: str | None = BASE) -> Any:
    return json.loads(payload(ID, [one], base_url=base_url))["sent_for"][0]


def signal(kind: SignalKind = SignalKind.STORM_OPENED, **other: object) -> SignalView:
    view = SignalView(
        id=8,
        alert_id=21,
        kind=kind,
        reason="nine authors in an hour",
        at=NOW,
        brand="МойСклад",
        source=None,
        storm_id=3,
        case_id=31,
        mention_id=None,
        figures={"authors": 9, "windows": [1, 6]},
    )
    return replace(view, **other)  # type: ignore[arg-type] # any of its fields


def digest() -> DigestView:
    return DigestView(
        id=2,
        alert_id=22,
        name="morning",
        cadence=Cadence.DAILY,
        zone="Europe/Moscow",
        language=None,
        from_at=NOW - timedelta(days=1),
        to_at=NOW,
        figures={"mentions": 4},
    )


def event() -> SignalView:
    figures = {
        "seq": 4,
        "kind": "assigned",
        "person": "anna",
        "before": "new",
        "after": "new",
        "body": {"owner": "ivan"},
    }
    return signal(SignalKind.CASE_EVENT, storm_id=None, figures=figures)


def rich(alert: AlertView) -> AlertView:
    """With everything that may be missing."""
    special = SpecialCase(name="legal_threat", level=Level.HIGH, rule="legal:court", field="text", start=0, end=3)
    mention = replace(alert.view.mention, special_cases=(special,))
    post = replace(alert.view.post, rating=1.0, likes=3, replies=0, views=10, lang="ru", parent="https://x.example/")
    view = replace(alert.view, mention=mention, post=post)
    return replace(alert, view=view, case_id=31, acknowledge_by=NOW, resolve_by=NOW + timedelta(days=1))


def everything(alert: AlertView) -> list[Carried]:
    bare = make_alert(Post(text="МойСклад", author=Author()), make_mention("МойСклад", 0, 8))
    alarms = [make_alarm(kind) for kind in AlarmKind] + [make_alarm(AlarmKind.NETWORK, source=None)]
    notices = [make_notice(kind) for kind in NoticeKind]
    signals = [signal(kind) for kind in SignalKind if kind is not SignalKind.CASE_EVENT]
    return [alert, rich(alert), bare, *alarms, *notices, *signals, event(), digest()]


def test_all_that_can_be_told_is_as_documented(alert: AlertView) -> None:
    whole = json.loads(payload(ID, everything(alert), base_url=BASE))
    assert list(faults(whole, DOCUMENTED, root=DOCUMENTED)) == []
    assert {one["sort"] for one in whole["sent_for"]} == {
        *("mention", "alarm", "case", "signal", "case_event", "digest")
    }


def test_all_that_is_told_is_documented(alert: AlertView) -> None:
    for one in json.loads(payload(ID, everything(alert), base_url=BASE))["sent_for"]:
        assert set(one) == set(DOCUMENTED["$defs"][one["sort"]]["properties"])


def test_the_schema_finds_what_is_wrong(alert: AlertView) -> None:
    whole = json.loads(payload(ID, [alert]))
    wrong = [
        whole | {"schema": SCHEMA + 1},
        whole | {"sent_for": [whole["sent_for"][0] | {"priority": 101}]},
        whole | {"sent_for": [whole["sent_for"][0] | {"at": "yesterday"}]},
        whole | {"sent_for": [{key: one for key, one in whole["sent_for"][0].items() if key != "ids"}]},
        whole | {"sent_for": [whole["sent_for"][0] | {"sentiment": {"label": "angry"}}]},
    ]
    assert all(list(faults(one, DOCUMENTED, root=DOCUMENTED)) for one in wrong)


def test_what_is_left_of_a_reduced_message_is_as_documented_and_has_no_words_of_people(alert: AlertView) -> None:
    less = reduced_payload(payload(ID, everything(alert), base_url=BASE))
    assert list(faults(json.loads(less), DOCUMENTED, root=DOCUMENTED)) == []
    assert "ничего не работает" not in json.dumps(json.loads(less), ensure_ascii=False)
    assert "https://forum.example/t/1" in less


def test_a_mention_says_what_who_how_bad_and_where(alert: AlertView) -> None:
    said = told(rich(alert))
    assert (said["brand"], said["source"], said["ids"]) == (
        *("МойСклад", "forum", {"alert": 12, "mention": 7, "post": 3, "case": 31}),
    )
    assert said["sentiment"]["label"] == "negative"
    assert said["special_cases"] == [{"name": "legal_threat", "level": "high", "rule": "legal:court"}]
    assert said["author"] == {"name": "Ольга", "url": None, "followers": 120}
    assert said["urls"] == {"post": "https://forum.example/t/1", "case": "https://monitor.example/cases/31"}
    assert said["times"] == {"published": "2026-11-21T11:56:40Z", "found": "2026-11-21T12:00:00Z"}
    assert said["delay_seconds"] == 200
    assert said["deadlines"] == {"acknowledge": "2026-11-21T12:00:00Z", "resolve": "2026-11-22T12:00:00Z"}


def test_a_case_event_is_told_as_its_record_has_it() -> None:
    said = told(event())
    assert (said["sort"], said["kind"], said["seq"], said["person"]) == ("case_event", "assigned", 4, "anna")
    assert (said["before"], said["after"], said["body"]) == ("new", "new", {"owner": "ivan"})
    assert said["urls"]["case"] == "https://monitor.example/cases/31"


def test_without_a_web_page_there_is_no_address_of_a_case(alert: AlertView) -> None:
    assert told(rich(alert), base_url=None)["urls"]["case"] is None


def test_the_same_message_is_the_same_text(alert: AlertView) -> None:
    assert payload(ID, everything(alert)) == payload(ID, everything(alert))
    assert payload(ID, [alert]).startswith('{"schema": 1, "id": "' + ID)


@pytest.mark.parametrize("text", ["\x00\x1b[31m", "\u202e\u200b", "\ud800"])
def test_what_people_wrote_moves_no_cursor_and_is_valid_text(text: str) -> None:
    said = payload(ID, [make_alert(Post(title=text, text=text, url=f"https://x.example/{text}"), make_mention())])
    assert text not in said
    assert text not in json.loads(said.encode().decode())["sent_for"][0]["text"]


def test_what_people_noted_in_a_case_moves_no_cursor() -> None:
    one = event()
    said = told(replace(one, figures={**one.figures, "body": {"text": "a\x1b[31m\ud800", "list": ["\u202e", 3, None]}}))
    assert said["body"] == {"text": "a\ufffd[31m\ufffd", "list": ["\ufffd", 3, None]}


def test_a_long_post_is_cut_and_says_so() -> None:
    said = told(make_alert(Post(text="я" * 100_000), make_mention()))
    assert (len(said["text"]), said["is_cut"]) == (20_000, True)


def test_an_address_that_is_too_long_is_left_out() -> None:
    post = Post(text="МойСклад", url="https://x.example/" + "a" * 5_000)
    assert told(make_alert(post, make_mention()))["urls"]["post"] is None
