"""Typed getters over a JSON answer: what each takes for a value, and that none raises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.models import HttpRequest
from monitor.sources import answers
from tests.sources.social import NOW, answer

if TYPE_CHECKING:
    from monitor.models import JSON


def test_keys_lead_from_record_to_record() -> None:
    value: JSON = {"a": {"b": {"c": "text", "n": 7}}}
    assert answers.text(value, "a", "b", "c") == "text"
    assert answers.number(value, "a", "b", "n") == 7
    assert answers.text(value, "a", "b", "c", "d") == ""
    assert answers.record(value, "a", "x") == {}


@pytest.mark.parametrize(
    ("value", "number", "count"),
    [
        (7, 7, 7),
        ("7", 7, 7),
        (-7, -7, None),
        ("-7", -7, None),
        (7.0, 7, 7),
        (7.5, None, None),
        (True, None, None),
        (float("inf"), None, None),
        (float("nan"), None, None),
        (10**40, None, None),
        ("1,5", None, None),
        ("9" * 5_000, None, None),
        (None, None, None),
        ([7], None, None),
    ],
)
def test_numbers_and_counts(value: object, number: int | None, count: int | None) -> None:
    assert answers.number({"n": value}, "n") == number  # type: ignore[dict-item]
    assert answers.count({"n": value}, "n") == count  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("value", "identifier"),
    [(7, "7"), ("ab-1", "ab-1"), ("../x", ""), ("a b", ""), (True, ""), (1.5, ""), ("a" * 300, ""), (10**40, "")],
)
def test_identifiers_may_stand_in_a_path(value: object, identifier: str) -> None:
    assert answers.identifier({"id": value}, "id") == identifier  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-11-18T10:00:00Z", NOW - timedelta(hours=2)),
        ("2026-11-18T13:00:00.000+03:00", NOW - timedelta(hours=2)),
        (1795003200, datetime(2026, 11, 18, 12, tzinfo=UTC)),
        (1795003200.0, datetime(2026, 11, 18, 12, tzinfo=UTC)),
        ("2026-11-18T13:30:00Z", None),  # later than an hour ahead
        ("yesterday", None),
        (1e300, None),
        (float("nan"), None),
        (-1, None),
        (True, None),
    ],
)
def test_moments(value: object, moment: datetime | None) -> None:
    assert answers.moment({"at": value}, "at", latest=NOW) == moment  # type: ignore[dict-item]


def test_lists_hold_records_and_are_bounded() -> None:
    assert answers.records({"a": [1, {"x": 1}, None, []]}, "a") == [{"x": 1}]
    assert len(answers.items({"a": [0] * 10_000}, "a")) == answers.ITEM_CAP
    assert answers.records({"a": {"x": 1}}, "a") == []


def test_what_an_answer_gives_names_no_secret_in_an_address() -> None:
    url = answers.query(
        "https://x.example/a", {"q": "мир & ${T}", "key": "${file:/run/a b}", "none": ""}, {"c": "${T}"}
    )
    assert url == "https://x.example/a?q=%D0%BC%D0%B8%D1%80%20%26%20${T}&key=${file:/run/a b}&c=%24%7BT%7D"


def test_an_answer_came_when_it_was_asked_for_and_took_what_it_took() -> None:
    request = HttpRequest(url="https://x.example/", carry={"asked": NOW.isoformat()})
    assert answers.latest_of(request, answer("{}")) == NOW
    assert answers.latest_of(HttpRequest(url="https://x.example/", carry={"asked": "?"}), answer("{}")) is None


@pytest.mark.parametrize(
    ("value", "code"), [("ru", "ru"), ("en-GB", "en"), ("zh_Hant_TW", "zh"), ("", None), ("x", None), ("english", None)]
)
def test_languages(value: str, code: str | None) -> None:
    assert answers.language({"l": value}, "l") == code
