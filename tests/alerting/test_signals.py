from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.alerting.catalogue import CATALOGUES
from monitor.alerting.signals import signal_body, signal_title
from monitor.alerting.styles import HTML, STYLES, style_of
from monitor.models import SignalKind, SignalView
from tests.alerting.alerts import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.models import JSON

EN, RU = CATALOGUES["en"], CATALOGUES["ru"]
HOSTILE = "<!channel> @everyone [click](http://evil.example) *b* \x1b[31m\u202e\nmonitor-signal: 666\nA storm"
SINCE = (NOW - timedelta(hours=7)).isoformat()
STORM: dict[str, JSON] = {
    "window": 6.0,
    "authors": 11,
    "mentions": 13,
    "low": 0,
    "high": 3,
    "monthly": 0.2,
    "by": "count",
    "share": 0.62,
    "usual_share": 0.14,
    "since": SINCE,
    "total_authors": 12,
    "total_mentions": 15,
    "hours": [0] * 48,
}
RATING: dict[str, JSON] = {"mean": 3.914, "ratings": 57, "line": 4.0, "days": 30.0}
STORY: dict[str, JSON] = {"authors": 10, "mentions": 12, "since": SINCE, "story": 8}


def signal(kind: SignalKind, figures: dict[str, JSON], **other: object) -> SignalView:
    given: dict[str, object] = {
        "id": 3,
        "alert_id": 9,
        "kind": kind,
        "reason": "failing",
        "at": NOW,
        "brand": "МойСклад",
        "source": "forum",
        "storm_id": 2,
        "case_id": 31,
        "mention_id": 7,
        "figures": figures,
    }
    return SignalView(**{**given, **other})  # type: ignore[arg-type] # its fields


def about(kind: SignalKind, figures: dict[str, JSON]) -> SignalView:
    """A signal with a post."""
    return signal(
        kind, figures, title="Не работает", text="Опять ничего не работает", url="https://f.example/1", author="Ольга"
    )


def body(view: SignalView, url: str = "mailto://x", *, language: str = "en", room: int = 2_000) -> str:
    return signal_body(view, style=style_of(url), words=CATALOGUES[language], room=room, zone="Europe/Moscow")


def every() -> Iterator[SignalView]:
    for by, monthly in (("count", 0.2), ("count", 1e-9), ("share", 0.2)):
        for kind in (SignalKind.STORM_OPENED, SignalKind.STORM_UPDATED, SignalKind.STORM_CLOSED):
            yield signal(kind, {**STORM, "by": by, "monthly": monthly})
    yield signal(SignalKind.STORM_OPENED, {**STORM, "again": True, "low": 3})
    yield about(SignalKind.SPREADING, STORY)
    yield about(SignalKind.CONFIRMED, {"others": 2})
    yield signal(SignalKind.RATING_FELL, RATING)
    yield signal(SignalKind.RATING_ROSE, RATING)
    yield signal(SignalKind.STANDING, {"what": "case", "since": SINCE})
    for reason in ("failing", "blocked", "stale", "network", "receiver"):
        yield signal(SignalKind.STANDING, {"what": "alarm", "since": SINCE}, reason=reason)


def test_R17_a_storm_says_how_many_what_is_usual_and_what_it_means() -> None:
    view = signal(SignalKind.STORM_OPENED, STORM)
    assert signal_title(view, EN) == "МойСклад: a storm of complaints, 11 authors in 6 h, usually 0–3"
    assert body(view).split("\n") == [
        "A storm of complaints about МойСклад",
        "11 authors in 6 h, usually 0–3",
        "Complaints: 62 % of what is written, usually 14 %",
        "Since 2026-11-21 08:00 MSK: 12 authors, 15 posts",
        "",
        "What it means: by chance this happens once in 5 months.",
        "What to do: find what they share and answer with one voice; what follows comes together.",
    ]


def test_the_end_of_a_storm_in_russian() -> None:
    view = signal(SignalKind.STORM_CLOSED, STORM)
    assert signal_title(view, RU) == "МойСклад: шквал стих, авторов за 7 ч: 12"
    assert body(view, language="ru").split("\n") == [
        "Шквал жалоб на МойСклад стих",
        "С 2026-11-21 08:00 MSK по 2026-11-21 15:00 MSK (7 ч): авторов 12, сообщений 15",
        "",
        "Что это значит: уже несколько часов всё как обычно.",
        "Что делать: ответить оставшимся: monitor cases list",
    ]


def test_R19_a_rating_that_fell_says_from_what_to_what() -> None:
    view = signal(SignalKind.RATING_FELL, RATING)
    assert signal_title(view, EN) == "МойСклад: the rating on forum fell below 4"
    assert "3.91 of 5 stars in the last 30 days, ratings: 57" in body(view)


def test_a_story_that_spreads_shows_where_it_began() -> None:
    told = body(about(SignalKind.SPREADING, STORY))
    assert "A story against МойСклад spreads: 10 authors tell it by now" in told
    assert "«Не работает · Опять ничего не работает»" in told
    assert "Author: Ольга · on forum\nOpen: https://f.example/1" in told
    assert "monitor story 8" in told


def test_an_alarm_that_stands_says_which_and_since_when() -> None:
    view = signal(SignalKind.STANDING, {"what": "alarm", "since": SINCE})
    assert signal_title(view, EN) == "Still: forum cannot be read"
    assert "Open for 7 h, since 2026-11-21 08:00 MSK" in body(view)


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_every_word_of_signals_is_used_and_no_slot_is_left(language: str) -> None:
    read: set[str] = set()

    class Read(dict[str, str]):
        def __getitem__(self, key: str) -> str:
            read.add(key)
            return super().__getitem__(key)

    words = Read(CATALOGUES[language])
    for view in every():
        told = signal_title(view, words) + signal_body(view, style=STYLES["mailto"], words=words, room=9_000)
        assert not re.search(r"[{}_]|None", told)
    assert {key for key in words if key.startswith("signal-")} - read == set()


@pytest.mark.parametrize("scheme", sorted({*STYLES, "slack", "ntfy", "tgram"}))
@pytest.mark.parametrize("room", [300, 500, 1_500])
def test_a_body_fits_into_its_room_and_content_forges_no_line(scheme: str, room: int) -> None:
    for view in every():
        hostile = replace(view, author=HOSTILE * 9, title=HOSTILE, text=HOSTILE * 900, source=HOSTILE)
        told = body(hostile, f"{scheme}://x", room=room)
        assert len(told) <= room
        assert "\nmonitor-signal" not in told
        assert "\x1b" not in told
        assert "@everyone" not in told or STYLES.get(scheme) is STYLES["mailto"]


def test_html_marks_the_first_line_and_the_post() -> None:
    told = signal_body(about(SignalKind.SPREADING, STORY), style=HTML, words=EN, room=3_000)
    assert told.startswith(HTML.lead[0])
    assert f"{HTML.quote[0]}«" in told
