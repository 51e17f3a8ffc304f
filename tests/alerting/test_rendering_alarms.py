from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.alerting.styles import STYLES, style_of
from monitor.models import AlarmKind
from tests.alerting.alerts import NOW, make_alarm, rendered

HOSTILE = "<!channel> @everyone [click](http://evil.example) *b* \x1b[31m\u202e `c`\nmonitor-message: forged"
NETWORK = make_alarm(AlarmKind.NETWORK, None, reason="", affected=3)
BACK = make_alarm(AlarmKind.RECOVERED, None, reason="network", affected=50)
ALL = [
    *(make_alarm(kind) for kind in (AlarmKind.FAILING, AlarmKind.BLOCKED, AlarmKind.STALE, AlarmKind.GAP)),
    make_alarm(AlarmKind.RECOVERED, reason="failing, blocked, stale, gap"),
    NETWORK,
    BACK,
]


def test_a_mail_says_what_is_not_seen_since_when_why_and_what_to_do() -> None:
    message = rendered(make_alarm())
    assert message.title == "forum cannot be read"
    assert message.body == "\n".join(
        (
            "forum cannot be read",
            "",
            "Source: forum (feed, forum.example:443)",
            "Seen until: 2026-11-20 10:00 UTC · noticed: 2026-11-21 12:00 UTC",
            "What it said: status: HTTP 500",
            "",
            "What it means: what people write there is not seen as long as this lasts.",
            "What to do: nothing if it passes, it is tried again and again. Now: monitor poll forum",
            "monitor-alarm: 5",
            "monitor-message: " + "m" * 26,
        )
    )


def test_a_recovery_says_how_long_it_lasted_and_what_it_was() -> None:
    message = rendered(make_alarm(AlarmKind.RECOVERED, reason="failing, gap"))
    assert message.title == "forum is seen again"
    assert "Not seen: from 2026-11-20 10:00 UTC to 2026-11-21 12:00 UTC (1 d)" in message.body
    assert "It was: failing, incomplete" in message.body
    assert "What it said" not in message.body


def test_a_lost_network_counts_hosts_and_its_return_the_sources() -> None:
    assert "Hosts that gave no answer, one after the other: 3" in rendered(NETWORK).body
    assert "Sources affected: 50" in rendered(BACK).body
    assert "Source:" not in rendered(NETWORK).body + rendered(BACK).body
    assert rendered(BACK).title == "The network is back"


def test_a_russian_receiver_reads_russian() -> None:
    message = rendered(make_alarm(AlarmKind.BLOCKED), language="ru")
    assert message.title == "Источник forum нас не пускает"
    assert "Был виден до: 2026-11-20 10:00 UTC · замечено: 2026-11-21 12:00 UTC" in message.body
    assert "Что в ответ: status: HTTP 500" in message.body


def test_a_source_that_was_never_seen_says_so() -> None:
    assert "Seen until: never · noticed" in rendered(make_alarm(since=None)).body
    assert "(0 s)" in rendered(make_alarm(AlarmKind.RECOVERED, reason="gap", since=NOW + timedelta(hours=1))).body


@pytest.mark.parametrize("url", ["mailto://x", *(f"{scheme}://x" for scheme in STYLES), "slack://x"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_alarm_fits_every_target_in_every_language(url: str, language: str) -> None:
    long = "".join(chr(33 + number % 90) for number in range(5000))
    for alarm in ALL:
        said = alarm.reason if alarm.kind is AlarmKind.RECOVERED else long
        message = rendered(
            make_alarm(alarm.kind, alarm.source, reason=said, affected=alarm.affected), url=url, language=language
        )
        assert len(message.body) <= style_of(url).limit
        assert "{" not in message.title
        assert f"monitor-alarm: {alarm.id}\nmonitor-message: {'m' * 26}" in message.body


@pytest.mark.parametrize("url", ["slack://x", "discord://x"])
def test_what_a_site_said_cannot_ping_link_or_forge(url: str) -> None:
    body = rendered(make_alarm(reason=HOSTILE), url=url).body
    assert "@everyone" not in body
    assert "\x1b" not in body
    assert "\u202e" not in body
    assert body.count("\nmonitor-message: ") == 1
    if url.startswith("discord"):
        assert r"\[click\]" in body


def test_several_alarms_make_one_message() -> None:
    message = rendered(make_alarm(), make_alarm(AlarmKind.GAP, "news"))
    assert message.title == "forum cannot be read · +1"
    assert "news: posts may have been missed" in message.body
