"""What history adds, so far."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.models import Brand, Post
from monitor.understanding.assess import Context, assess
from monitor.understanding.judge import Judge

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def test_mentions_pass_and_a_silent_first_poll_is_told() -> None:
    (judgement,) = Judge([Brand(name="Рассвет24")]).judge([Post(text="Рассвет24 молчит")])
    assert assess(judgement, Context(silent=None), NOW) == judgement.mentions
    (mention,) = assess(judgement, Context(silent="first poll of this source"), NOW)
    assert mention.why[:-1] == judgement.mentions[0].why
    assert mention.why[-1].code == "silent"
    assert "2026-03-01 12:30" in mention.why[-1].text
    assert mention.priority == judgement.mentions[0].priority
