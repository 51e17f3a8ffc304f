from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.cases.bodies import LONGEST, LONGEST_LINE, read, usage
from monitor.cases.roles import Act

if TYPE_CHECKING:
    from monitor.models import JSON

DECIDED = [act for act in Act if act not in {Act.OPEN, Act.JOIN}]


@pytest.mark.parametrize(
    ("act", "body", "said"),
    [
        (Act.TAKE, {}, {}),
        (Act.ASSIGN, {"owner": " Ann "}, {"owner": "Ann"}),
        (Act.ASSIGN, {"owner": None}, {"owner": None}),
        (Act.ASSIGN, {"owner": " "}, {"owner": None}),
        (Act.NOTE, {"text": " it  was \x1b[31m late\r\nhe says "}, {"text": "it was [31m late\nhe says"}),
        (Act.NOTE, {"text": "x" * LONGEST}, {"text": "x" * LONGEST}),
        (Act.NOTE, {"text": "жалоба\ud800"}, {"text": "жалоба"}),
        (Act.EVIDENCE, {"what": "receipt", "url": None}, {"what": "receipt"}),
        (Act.EVIDENCE, {"what": "a", "url": "https://a.example/x y"}, {"what": "a", "url": "https://a.example/x%20y"}),
        (Act.ATTEMPT, {"channel": "phone", "outcome": "failed"}, {"channel": "phone", "outcome": "failed"}),
        (Act.CLAIM, {"text": "late", "truth": "unknown"}, {"text": "late", "truth": "unknown"}),
        (Act.COMPENSATE, {"what": "nothing is due"}, {"what": "nothing is due"}),
        (Act.COMPENSATE, {"what": "a", "value": 0, "currency": "RUB"}, {"what": "a", "value": 0, "currency": "RUB"}),
        (Act.VERDICT, {"verdict": "not", "text": "x"}, {"verdict": "not", "text": "x"}),
        (Act.ANSWER, {"url": "http://a.example/1", "dry_run": True}, {"url": "http://a.example/1"}),
        (Act.ANSWER, {"text": "x", "public": False, "lang": "ru"}, {"text": "x", "public": False}),
        (Act.RESUME, {}, {}),
        (Act.CLOSE, {"outcome": "quiet"}, {"outcome": "quiet"}),
    ],
)
def test_what_is_said_is_tidied_and_the_rest_left_out(act: Act, body: dict[str, JSON], said: dict[str, JSON]) -> None:
    assert read(act, 12, body) == (said, ())


@pytest.mark.parametrize(
    ("act", "body", "codes"),
    [
        (Act.ASSIGN, {}, ["needs_owner"]),
        (Act.NOTE, {}, ["needs_text"]),
        (Act.NOTE, {"text": " \n\t"}, ["needs_text"]),
        (Act.NOTE, {"text": ["x"]}, ["bad_text"]),
        (Act.NOTE, {"text": "x" * (LONGEST + 1)}, ["bad_text"]),
        (Act.EVIDENCE, {"url": "javascript:alert(1)"}, ["needs_what", "bad_url"]),
        (Act.EVIDENCE, {"what": "x", "url": 3}, ["bad_url"]),
        (Act.ATTEMPT, {}, ["needs_channel", "needs_outcome"]),
        (Act.ATTEMPT, {"channel": "x" * (LONGEST_LINE + 1), "outcome": "maybe"}, ["bad_channel", "bad_outcome"]),
        (Act.TICKET, {"id": ""}, ["needs_id"]),
        (Act.CLAIM, {"truth": "true"}, ["needs_text"]),
        (Act.CLAIM, {"text": "x", "truth": True}, ["bad_truth"]),
        (Act.COMPENSATE, {"value": 5}, ["needs_what", "needs_currency"]),
        (Act.COMPENSATE, {"what": "x", "value": -1, "currency": "RUB"}, ["bad_value"]),
        (Act.COMPENSATE, {"what": "x", "value": True, "currency": "RUB"}, ["bad_value"]),
        (Act.COMPENSATE, {"what": "x", "value": float("nan"), "currency": "RUB"}, ["bad_value"]),
        (Act.COMPENSATE, {"what": "x", "value": 10**400, "currency": "RUB"}, ["bad_value"]),
        (Act.FINDINGS, {}, ["needs_text"]),
        (Act.CLEAR, {}, ["needs_text"]),
        (Act.TEMPLATE, {"name": "thanks"}, ["needs_language"]),
        (Act.VERDICT, {"verdict": "fake"}, ["needs_text"]),
        (Act.VERDICT, {"verdict": "bad", "text": ""}, ["bad_verdict", "needs_text"]),
        (Act.ANSWER, {}, ["needs_answer"]),
        (Act.ANSWER, {"text": "", "public": "no", "full": 1}, ["bad_public", "bad_full", "needs_answer"]),
        (Act.OFFLINE, {}, ["needs_channel"]),
        (Act.SILENT, {}, ["needs_text"]),
        (Act.WAIT, {}, ["needs_text"]),
        (Act.CLOSE, {"outcome": "happy"}, ["bad_outcome"]),
        (Act.REOPEN, {"why": " "}, ["needs_why"]),
    ],
)
def test_every_fault_is_told_at_once(act: Act, body: dict[str, JSON], codes: list[str]) -> None:
    _, faults = read(act, 12, body)
    assert [one.code for one in faults] == codes
    assert all(one.why and usage(act, 12) in one.missing for one in faults)


def test_a_fault_says_what_to_type() -> None:
    _, (fault,) = read(Act.VERDICT, 12, {"verdict": "fake"})
    assert fault.why == "a verdict needs a note that says why"
    assert fault.missing == 'say it: monitor cases verdict 12 justified|partly|not|fake|wrong_business --note "..."'


def test_a_long_text_hears_how_long_it_may_be() -> None:
    _, (fault,) = read(Act.NOTE, 12, {"text": "x" * 10_001})
    assert fault.why == "text: has 10,001 characters; at most 10,000 are kept"


@pytest.mark.parametrize("act", DECIDED)
def test_no_body_is_too_strange_to_be_read(act: Act) -> None:
    strange: list[JSON] = [None, True, -1, 1e308, "", "\ud800", "http://[", [], [[]], {}, {"a": 1}]
    for value in strange:
        said, faults = read(act, 12, dict.fromkeys(("text", "url", "what", "value", "owner", "outcome", "why"), value))
        assert faults or all(isinstance(one, str | bool | int | float | None) for one in said.values())
