from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree, html

from monitor.reports.charts import mentions_chart, ratings_chart
from monitor.reports.figures import Answered, Count, Report, every_day, midnight, voices, week_period
from monitor.reports.page import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.reports.words import Language

WEEK = week_period("2026-W46")
DAY = timedelta(days=1)
MADE = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "<!-- --><iframe src='https://evil.example'></iframe>",
    "javascript:alert(1)",
    "<a href='javascript:alert(1)'>x</a>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "\u202egnp.exe",
    "<base href='https://evil.example/'>",
    "&lt;script&gt;",
]


def grave(text: str, **changed: object) -> dict[str, Any]:
    return {
        "id": 7,
        "brand": text,
        "at": "2026-11-10T01:00:00.000Z",
        "source": text,
        "title": text,
        "text": f"{text} NordTea {text}",
        "url": text,
        "author": text,
        "rating": 1.0,
        "sentiment": "negative",
        "priority": 95,
        "influence": 80,
        "spans": json.dumps(
            [{"field": "text", "start": len(text) + 1, "end": len(text) + 8, "text": text, "kind": "x"}]
        ),
        "special_cases": json.dumps([{"name": text}]),
        "why": json.dumps([{"text": text}, {"text": "second"}]),
        **changed,
    }


def source(text: str, **changed: object) -> dict[str, Any]:
    return {
        "source": text,
        "health": "ok",
        "error": None,
        "last_success_at": "2026-11-15T10:00:00.000Z",
        "delay_minutes": 70.0,
        **changed,
    }


def gap(name: str, since: datetime, until: datetime) -> dict[str, Any]:
    return {"source": name, "from_at": since.isoformat(), "to_at": until.isoformat(), "reason": "pages"}


def make_report(text: str = "NordTea", **changed: object) -> Report:
    said = [Count(key="2026-11-10", mentions=4, negative=2, neutral=1, positive=1, ratings=2, rating_sum=5.0)]
    fields: dict[str, Any] = {
        "period": WEEK,
        "made_at": MADE,
        "brands": (text,),
        "days": every_day(WEEK, said),
        "before": Count(key="", mentions=2, negative=0, positive=2, ratings=1, rating_sum=4.0),
        "voices": voices([Count(key=text, mentions=4), Count(key="Rival", mentions=6)], ["Rival"]),
        "share_before": 0.5,
        "sources": [Count(key=text, mentions=4, negative=2)],
        "authors": [{"author": text, "url": text, "followers": 12000, "mentions": 2, "negative": 1, "influence": 80}],
        "gravest": [grave(text)],
        "answers": [Answered(key="post", mentions=4, answered=1, replies=2, hours=[3.0])],
        "answers_before": None,
        "coverage": [source(text), source("silent", health="failing", error=text, last_success_at=None)],
        "gaps": [gap(text, WEEK.since + 5 * DAY, WEEK.since + 6 * DAY)],
        "watched_since": WEEK.since - 30 * DAY,
    }
    return Report(**{**fields, **changed})


def empty_report(**changed: object) -> Report:
    nothing: dict[str, object] = dict.fromkeys(
        ("brands", "voices", "sources", "authors", "gravest", "answers", "coverage", "gaps"), ()
    )
    nothing |= {"days": every_day(WEEK, []), "before": None, "share_before": None}
    return make_report("", **{**nothing, **changed})


def page(report: Report, language: Language = "en") -> html.HtmlElement:
    return html.document_fromstring(render(report, language=language))


def text_of(report: Report, language: Language = "en") -> str:
    return words_of(page(report, language).find("body"))


def words_of(element: html.HtmlElement) -> str:
    return " ".join(" ".join(element.itertext()).split())


@pytest.mark.parametrize("payload", PAYLOADS)
def test_R61_no_text_of_a_post_becomes_markup(payload: str) -> None:
    found = page(make_report(payload))
    plain = page(make_report("NordTea"))
    # The same elements as for a harmless text, but for links that were none.
    kinds = {"script", "iframe", "img", "link", "base", "object", "embed", "form"}
    assert not [element.tag for element in found.iter(*kinds)]
    assert {element.tag for element in found.iter(etree.Element)} <= {
        element.tag for element in plain.iter(etree.Element)
    } | {"a"}
    for element in found.iter(etree.Element):
        assert not [name for name in element.attrib if name.lower().startswith("on")]
    assert all(link.get("href").startswith(("http://", "https://")) for link in found.iter("a"))
    if "\u202e" not in payload:
        assert payload in found.text_content()
    else:
        assert "\u202e" not in found.text_content()


def test_links_are_kept_where_they_lead_to_the_web_and_tell_nothing() -> None:
    found = page(make_report(gravest=[grave("x", url="https://forum.example/t?a=1&b=2")]))
    links = [link for link in found.iter("a") if "forum" in link.get("href")]
    assert [(link.get("href"), link.get("rel")) for link in links] == [
        ("https://forum.example/t?a=1&b=2", "noopener noreferrer nofollow")
    ]


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs() -> None:
    text = render(make_report(), language="en")
    assert "<script" not in text
    assert "@import" not in text
    assert "@media print" in text
    assert not re.findall(r"(?:src|xlink:href)=\"(?!#)", text)
    assert not re.findall(r"url\((?!#)", text)
    assert "default-src 'none'" in text


def test_the_same_figures_make_the_same_bytes() -> None:
    assert render(make_report(), language="ru") == render(make_report(), language="ru")


def test_a_page_is_small() -> None:
    report = make_report(gravest=[grave("word " * 200) for _ in range(10)])
    assert len(render(report, language="ru").encode()) < 60_000


def test_names_within_drawings_do_not_meet() -> None:
    names = page(make_report()).xpath("//@id")
    assert len(names) == len(set(names))


def test_the_brand_is_marked_in_the_excerpt() -> None:
    assert [mark.text for mark in page(make_report(gravest=[grave("x")])).iter("mark")] == ["NordTea"]


def test_R58_the_head_shows_figures_with_their_change() -> None:
    text = text_of(make_report())
    for expected in ("Mentions 4 +100%", "Negative 50% +50.0 pp", "Mean rating 2.5 −1.5"):
        assert expected in text
    assert "Share of voice 40% −10.0 pp" in text
    assert "Changes are against 2–8 Nov 2026." in text


def test_a_rise_of_the_negative_share_is_bad_news_and_of_mentions_is_no_news() -> None:
    found = page(make_report())
    changes = {item[0].text: item[2].get("class") for item in found.iter("li") if len(item) == 3}
    assert changes == {
        "Mentions": "change",
        "Negative": "change bad",
        "Mean rating": "change bad",
        "Share of voice": "change bad",
    }


def test_what_cannot_be_compared_is_not() -> None:
    text = text_of(make_report(before=None, share_before=None))
    assert "Not compared" in text
    assert "+" not in text


def test_R60_answers_say_what_each_figure_goes_by() -> None:
    text = text_of(make_report())
    assert "posts 4 25% 3 h 2" in text
    assert "go by the mention's date" in text


def test_R53_coverage_names_what_is_in_trouble_first() -> None:
    found = page(
        make_report(coverage=[source("a"), source("b", health="failing", error="HTTP 503", last_success_at=None)])
    )
    rows = [words_of(row) for row in found.xpath("//section[last()]//tbody/tr")]
    assert rows == ["b failing HTTP 503 never 1.2 h –", "a ok 15 Nov 2026, 10:00 1.2 h –"]
    assert "Sources watched: 2 · In trouble now: 1 · Gaps in this time: 1" in text_of(make_report())


def test_a_gap_counts_with_the_part_that_lies_in_the_time() -> None:
    long_gap = gap("a", WEEK.since - 5 * DAY, WEEK.since + DAY / 2)
    assert "a ok 15 Nov 2026, 10:00 1.2 h 12 h" in text_of(make_report(coverage=[source("a")], gaps=[long_gap]))


def test_many_sources_are_summed_up_but_none_in_trouble() -> None:
    sources = [source(f"s{number:03}") for number in range(60)] + [
        source(f"bad{number}", health="blocked") for number in range(40)
    ]
    found = page(make_report(coverage=sources, gaps=[]))
    assert len(found.xpath("//section[last()]//tbody/tr")) == 40
    assert "Further sources, all in order: 60" in text_of(make_report(coverage=sources, gaps=[]))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_an_empty_week_says_so(language: Language) -> None:
    found = page(empty_report(), language)
    quiet = [element.text_content() for element in found.find_class("quiet")]
    assert quiet == [
        "Nobody mentioned these brands in this time." if language == "en" else "За это время о брендах никто не писал."
    ]
    assert not found.xpath("//figure")


def test_an_empty_week_with_gaps_says_that_something_may_have_been_missed() -> None:
    report = empty_report(gaps=[gap("a", WEEK.since, WEEK.until)], coverage=[source("a")])
    assert "something may have been missed" in text_of(report)
    assert page(report).xpath("//figure")


def test_R53_a_time_before_the_watch_began_is_said_to_be_one() -> None:
    assert "Watching began" not in text_of(empty_report())
    text = text_of(empty_report(watched_since=WEEK.since + 3 * DAY))
    assert "Watching began on 12\u00a0Nov\u00a02026".replace("\u00a0", " ") in text


# ── charts ──


def counts(days: int) -> Sequence[Count]:
    first = midnight(WEEK.since.date())
    return [
        Count(
            key=f"{first + number * DAY:%Y-%m-%d}",
            mentions=3,
            negative=1,
            neutral=1,
            positive=1,
            ratings=1,
            rating_sum=4,
        )
        for number in range(days)
    ]


@pytest.mark.parametrize("days", [1, 31, 366])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_R58_charts_of_any_length_are_small_and_well_formed(days: int, language: Language) -> None:
    for drawing in (
        mentions_chart(counts(days), [], language=language),
        ratings_chart(counts(days), language=language),
    ):
        root = etree.fromstring(drawing.encode())
        assert root.get("viewBox")
        assert root.get("width") is None
        assert len(drawing) < 120_000
        assert "Matplotlib" not in drawing
        assert "date" not in drawing.lower()


def test_letters_stay_letters() -> None:
    drawing = mentions_chart(counts(7), [], language="ru")
    assert ">пн 9<" in drawing


def test_R58_gaps_are_bands_and_overlapping_ones_are_one() -> None:
    first = WEEK.since
    bands = [(first + DAY, first + 2 * DAY), (first + 1.5 * DAY, first + 3 * DAY), (first + 5 * DAY, first + 9 * DAY)]
    without = mentions_chart(counts(7), [], language="en")
    assert "url(#h" not in without
    assert mentions_chart(counts(7), bands, language="en").count("url(#h") == 2
