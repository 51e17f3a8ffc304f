"""Dates as pages spell them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.sources import dates
from monitor.sources.dates import LANGUAGES, Clock

ASKED = datetime(2026, 11, 18, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Moscow")  # UTC+3 all year


def spelt(text: str, *languages: str) -> str | None:
    """What `text` means on the site's clock."""
    found = Clock(asked=ASKED, zone=ZONE, languages=languages or LANGUAGES).moment(text)
    return found.astimezone(ZONE).strftime("%Y-%m-%d %H:%M") if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-14T10:31:00Z", "2026-03-14 13:31"),
        ("2026-03-14T10:31:00+0300", "2026-03-14 10:31"),
        ("2026-03-14 10:31:00 +0300", "2026-03-14 10:31"),
        ("2026-03-14 10:31:00 UTC", "2026-03-14 13:31"),
        ("2026-03-14T10:31:00.1234567+03:00", "2026-03-14 10:31"),
        ("2026-03-14 10:31", "2026-03-14 10:31"),
        ("2026-03-14", "2026-03-14 00:00"),
        ("1773473460", "2026-03-14 10:31"),
        ("1773473460123", "2026-03-14 10:31"),
        ("Sat, 14 Mar 2026 10:31:00 GMT", "2026-03-14 13:31"),
        ("14 Mar 2026 10:31:00 +0000", "2026-03-14 13:31"),
        ("14.03.2026 10:31", "2026-03-14 10:31"),
        ("14.03.2026, 10:31:15", "2026-03-14 10:31"),
        ("14.03.26", "2026-03-14 00:00"),
        ("14/03/2026", "2026-03-14 00:00"),
        ("2026/03/14 10:31", "2026-03-14 10:31"),
        ("14.03.2026 г. в 10:31", "2026-03-14 10:31"),
        ("14.03", "2026-03-14 00:00"),
        ("31.12", "2025-12-31 00:00"),
        ("10:31", "2026-11-18 10:31"),
        ("23:50", "2026-11-17 23:50"),
    ],
)
def test_numbers(text: str, expected: str) -> None:
    assert spelt(text, "ru") == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "3/4/2026", "2026-03-04 00:00"),
        ("en-US", "3/14/2026 10:31 PM", "2026-03-14 22:31"),
        ("en-GB", "3/4/2026", "2026-04-03 00:00"),
        ("de", "3.4.2026 um 12:05 Uhr", "2026-04-03 12:05"),
        ("fr", "3/4/2026 à 10h31", "2026-04-03 10:31"),
        ("en", "3/14/2026 12:05 am", "2026-03-14 00:05"),
        ("en", "14/3/2026", "2026-03-14 00:00"),
    ],
)
def test_the_language_decides_what_an_ambiguous_number_means(language: str, text: str, expected: str) -> None:
    assert spelt(text, language) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("ru", "вчера в 14:05", "2026-11-17 14:05"),
        ("ru", "Сегодня, 10:31", "2026-11-18 10:31"),
        ("ru", "2 дня назад", "2026-11-16 15:00"),
        ("ru", "5 мин. назад", "2026-11-18 14:55"),
        ("ru", "час назад", "2026-11-18 14:00"),
        ("ru", "только что", "2026-11-18 15:00"),
        ("ru", "меньше минуты назад", "2026-11-18 15:00"),
        ("ru", "14 марта", "2026-03-14 00:00"),
        ("ru", "31 декабря", "2025-12-31 00:00"),
        ("ru", "15 янв. 2026 г.", "2026-01-15 00:00"),
        ("ru", "14 марта в 10:31", "2026-03-14 10:31"),
        ("ru", "Опубликовано 14 марта 2025", "2025-03-14 00:00"),
        ("ru", "март 2026", "2026-03-01 00:00"),
        ("en", "Today, 10:31 AM", "2026-11-18 10:31"),
        ("en", "Yesterday at 2:05 PM", "2026-11-17 14:05"),
        ("en", "2 days ago", "2026-11-16 15:00"),
        ("en", "just now", "2026-11-18 15:00"),
        ("en", "5m ago", "2026-11-18 14:55"),
        ("en", "3h", "2026-11-18 12:00"),
        ("en", "March 14th, 2026 at 10:31 am", "2026-03-14 10:31"),
        ("en", "Reviewed on March 3, 2025", "2025-03-03 00:00"),
        ("de", "vor 5 Minuten", "2026-11-18 14:55"),
        ("de", "Gestern um 14:05", "2026-11-17 14:05"),
        ("de", "14. März 2026, 10:31 Uhr", "2026-03-14 10:31"),
        ("de", "gerade eben", "2026-11-18 15:00"),
        ("es", "hace 3 horas", "2026-11-18 12:00"),
        ("es", "14 de marzo de 2026", "2026-03-14 00:00"),
        ("es", "ayer a las 14:05", "2026-11-17 14:05"),
        ("fr", "il y a 3 heures", "2026-11-18 12:00"),
        ("fr", "hier à 14:05", "2026-11-17 14:05"),
        ("fr", "14 février", "2026-02-14 00:00"),
        ("fr", "à l'instant", "2026-11-18 15:00"),
        ("it", "3 ore fa", "2026-11-18 12:00"),
        ("it", "ieri alle 14:05", "2026-11-17 14:05"),
        ("it", "14 marzo 2026", "2026-03-14 00:00"),
        ("pt", "há 3 horas", "2026-11-18 12:00"),
        ("pt", "ontem às 14:05", "2026-11-17 14:05"),
        ("pt", "14 de março de 2026", "2026-03-14 00:00"),
        ("uk", "вчора о 14:05", "2026-11-17 14:05"),
        ("uk", "2 дні тому", "2026-11-16 15:00"),
        ("uk", "14 березня 2026", "2026-03-14 00:00"),
        ("uk", "щойно", "2026-11-18 15:00"),
    ],
)
def test_words(language: str, text: str, expected: str) -> None:
    assert spelt(text, language) == expected


@pytest.mark.parametrize("text", ["вчера в 14:05", "Yesterday at 2:05 PM", "ontem às 14:05", "вчора о 14:05"])
def test_languages_may_be_mixed(text: str) -> None:
    assert spelt(text) == "2026-11-17 14:05"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " \u200b ",
            "—",
            "2026",
            "12",
            "Май",
            "завтра",
            "в прошлом году",
            "31.02.2026",
            "14.13.2026",
            "1970-01-01",
        ),
        *("абракадабра", "9" * 4000, "2026-99-99", "-0001-11-30", "99999999999 лет назад", "0", "25:99", "2099-01-01"),
    ],
)
def test_what_is_no_date_or_none_that_can_be(text: str) -> None:
    assert spelt(text, "ru", "en") is None


def test_a_moment_just_ahead_is_not_a_year_ago() -> None:
    assert spelt("18 ноября в 15:20", "ru") == "2026-11-18 15:20"
    assert spelt("18 ноября в 20:20", "ru") == "2025-11-18 20:20"
    assert spelt("15:20", "ru") == "2026-11-18 15:20"


def test_the_latest_29_february_is_the_one_of_a_leap_year() -> None:
    assert spelt("29 февраля", "ru") == "2024-02-29 00:00"


def test_words_of_other_languages_are_not_read() -> None:
    assert spelt("vor 5 Minuten", "ru") is None


def test_a_zone_in_the_text_comes_before_that_of_the_source() -> None:
    assert spelt("Mar 14, 2026 10:31 UTC", "en") == "2026-03-14 13:31"


class Parser:
    """Stands for dateparser: remembers what it was given."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def get_date_data(self, text: str) -> object:
        self.seen.append(text)
        raise OverflowError


@pytest.fixture
def watched() -> tuple[Clock, Parser]:
    clock, parser = Clock(asked=ASKED, zone=ZONE), Parser()
    clock.__dict__["_parser"] = parser
    return clock, parser


def test_dateparser_sees_no_more_than_the_cap(watched: tuple[Clock, Parser]) -> None:
    clock, parser = watched
    assert clock.moment("вчера " * 10_000) is None
    assert [len(text) <= dates.CAP for text in parser.seen] == [True]


def test_the_same_words_are_parsed_once(watched: tuple[Clock, Parser]) -> None:
    clock, parser = watched
    assert [clock.moment("позавчера в 7:01") for _ in range(3)] == [None] * 3
    assert parser.seen == ["позавчера в 7:01"]


def test_a_page_has_a_bound_on_words(watched: tuple[Clock, Parser]) -> None:
    clock, parser = watched
    for number in range(3000):
        clock.moment(f"когда-то {number}")
    assert len(parser.seen) == dates.WORDS_CAP


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80) | st.from_regex(r"\d{1,20}[ ./:-]\d{1,8}[ ./:-]?\d{0,8}[ T]?\w{0,9}", fullmatch=True))
def test_never_raises_and_never_leaves_the_bounds(text: str) -> None:
    found = Clock(asked=ASKED, zone=ZONE, languages=("ru", "en")).moment(text)
    assert found is None or datetime(2000, 1, 1, tzinfo=UTC) <= found <= ASKED + timedelta(hours=1)


def test_the_library_is_not_loaded_before_the_first_words() -> None:
    code = "import sys, monitor.sources; sys.exit('dateparser' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        "by otto » Sat Mar 14, 2026 10:31 am",
        "otto » 14 мар 2026, 10:31",
        "« Last post by eva on March 14, 2026, 10:31:00 AM »",
        "Last post by eva - March 14, 2026, 10:31:00 AM",
        "Posted: Sat Mar 14, 2026 10:31 am Post subject: Re: Tills",
        "Добавлено: Сб Мар 14, 2026 10:31 am Заголовок сообщения: Кассы",
    ],
)
def test_a_date_in_one_line_with_who_wrote_what(text: str) -> None:
    assert spelt(text) == "2026-03-14 10:31"
