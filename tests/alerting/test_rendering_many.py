from __future__ import annotations

import importlib.util
import json
import re
import shutil
import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting import catalogue
from monitor.alerting.catalogue import CATALOGUES
from monitor.alerting.order import ordered
from monitor.alerting.rendering import render
from monitor.alerting.styles import STYLES, duration, moment, style_of
from monitor.models import (
    AlertView,
    Author,
    Label,
    Level,
    NoticeKind,
    Post,
    PostType,
    Receiver,
    Sentiment,
    SignalKind,
    SignalView,
    SpecialCase,
    Target,
    Why,
)
from tests.alerting.alerts import NOW, make_alarm, make_alert, make_case, make_mention, make_notice, rendered

TARGETS = sorted({f"{scheme}://x" for scheme in STYLES} | {"json://x"})
CHATS = [url for url in TARGETS if not url.startswith("mailto")]
HOSTILE = (
    "<!channel> <@U1> <at>all</at> @everyone @here @room [x](javascript:alert(1)) *b* `c` \x1b[31m\u202e\ufdd0"
    "\r\nmonitor-alert: 666\nmonitor-message: forged\u2028monitor-alert: 667 "
)


def mention(
    number: int, text: str = "В МоёмСкладе опять ничего не работает. Третий день.", **other: object
) -> AlertView:
    start = text.find("МоёмСкладе")
    found = replace(make_mention(text, start, start + 10), **other)  # type: ignore[arg-type] # its fields
    post = Post(
        title=f"Пост {number}",
        text=text,
        url=f"https://forum.example/p/n{number}",
        author=Author(name="Ольга", followers=120),
        published=NOW - timedelta(minutes=4),
    )
    return replace(make_alert(post, found), id=number, created_at=NOW + timedelta(seconds=number))


def felt(label: Label) -> Sentiment:
    shares = {one.value: 0.9 if one is label else 0.05 for one in Label}
    return Sentiment(label=label, **shares)


def special(name: str) -> tuple[SpecialCase, ...]:
    return (SpecialCase(name=name, level=Level.HIGH, rule="r", field="text", start=0, end=1),)


def signal(**other: object) -> SignalView:
    given: dict[str, object] = {
        "id": 3,
        "alert_id": 900,
        "kind": SignalKind.SPREADING,
        "reason": "r",
        "at": NOW,
        "brand": "МойСклад",
        "source": None,
        "storm_id": 2,
        "case_id": None,
        "mention_id": None,
        "figures": {},
    }
    return SignalView(**{**given, **other})  # type: ignore[arg-type] # its fields


# ── how many of what ──


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "МойСклад: 3 new: negative 2, neutral 1"),
        ("ru", "МойСклад: новых сообщений 3: негативных 2, нейтральных 1"),
    ],
)
def test_the_title_of_several_says_how_many_of_what(language: str, title: str) -> None:
    several = mention(1), mention(2, sentiment=felt(Label.NEUTRAL)), mention(3)
    assert rendered(*several, language=language).title == title


def test_mixed_sorts_are_counted_each_by_its_name() -> None:
    title = rendered(mention(1), make_alarm(), make_notice(), mention(2, brand="Склад15")).title
    assert title == "МойСклад, Склад15: 4 new: negative 2, cases 1, sources 1"


def test_of_many_brands_three_are_named() -> None:
    title = rendered(*(mention(number, brand=f"Бренд {number}") for number in range(9))).title
    assert title == "Бренд 0, Бренд 1, Бренд 2, and 6 more: 9 new: negative 9"


@pytest.mark.parametrize(
    ("several", "title"),
    [
        ((1, 2), "МойСклад: case 31, 2 new: negative 2"),
        ((1,), "МойСклад: case 31, negative on forum: Пост 1"),
    ],
)
def test_mentions_of_one_case_have_its_title(several: tuple[int, ...], title: str) -> None:
    assert rendered(*(replace(mention(number), case_id=31) for number in several)).title == title


def test_a_notice_with_the_posts_of_its_case_gives_the_title() -> None:
    told = replace(mention(1), case_id=31), make_notice(NoticeKind.GRAVER)
    assert rendered(*told).title == "МойСклад: case 31, graver now: unhappy with the brand · +1"


def test_every_title_of_a_case_begins_alike_so_that_mail_programs_keep_the_thread() -> None:
    titles = [rendered(make_notice(kind)).title for kind in NoticeKind]
    titles += [rendered(replace(mention(1), case_id=31)).title, rendered(*[replace(mention(1), case_id=31)] * 2).title]
    assert {title[:18] for title in titles} == {"МойСклад: case 31,"}


def test_a_storm_gives_the_title_to_what_comes_with_it() -> None:
    opened = signal(kind=SignalKind.STORM_OPENED, figures={"authors": 14, "window": 1.0, "low": 0, "high": 2})
    told = mention(1), make_notice(), opened, mention(2)
    assert rendered(*told).title == "МойСклад: a storm of complaints, 14 authors in 1 h, usually 0–2 · +3"
    assert rendered(*told).body.startswith("A storm of complaints about МойСклад\n14 authors in 1 h, usually 0–2\n")
    assert "\nmonitor-signal: 3\n" in rendered(*told).body
    assert rendered(mention(1), signal(figures={"authors": 4})).title == "МойСклад: 2 new: negative 1, signals 1"


# ── which first ──


def test_storms_and_what_is_urgent_come_first_then_the_rest_by_priority() -> None:
    plain, grave = mention(1, priority=20), mention(2, priority=90)
    urgent = mention(3, priority=10, special_cases=special("legal_threat"))
    notice, alarm = make_notice(), make_alarm()
    rude = make_notice(case=make_case(id=9, classes=("rude_staff",)))
    opened = signal(kind=SignalKind.STORM_OPENED)
    told = ordered([alarm, plain, notice, grave, urgent, rude, opened])
    assert told == (opened, rude, urgent, notice, grave, plain, alarm)


def test_of_equals_the_first_found_comes_first() -> None:
    assert [one.id for one in ordered([mention(5), mention(2)]) if isinstance(one, AlertView)] == [2, 5]


# ── shorter the more there are ──


def excerpt_in(body: str, alert: int) -> str:
    block = next(
        block for block in re.split(r"\n\n(?=Negative mention)", body) if f"\nmonitor-alert: {alert} " in block
    )
    return max(block.splitlines(), key=len)


def test_the_more_alerts_the_shorter_each_and_cut_at_a_sentence() -> None:
    text = "В МоёмСкладе опять беда. " + "Касса не открывает смену с утра. " * 200
    lengths = []
    for count in (1, 2, 4, 12):
        body = rendered(*(mention(number, text) for number in range(count))).body
        said = excerpt_in(body, 0)
        assert said.endswith((".…", "…"))
        assert said.rstrip("…").endswith("утра.")
        lengths.append(len(said))
    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == 4


@pytest.mark.parametrize("url", TARGETS)
@pytest.mark.parametrize("count", [2, 12, 40, 990])
def test_any_number_of_alerts_fits_and_what_is_left_out_is_counted(url: str, count: int) -> None:
    message = rendered(*map(mention, range(count)), url=url, language="ru")
    style = style_of(url)
    assert style.size(message.title) + style.size(message.body) <= style.limit
    shown = re.findall(r"(?m)^monitor-alert: (\d+) · ", message.body)
    assert shown == sorted(shown, key=int)
    assert len(shown) == message.body.count("Открыть: https://forum.example/p/")
    if len(shown) < count:
        assert f"\nи ещё {count - len(shown)}\n" in message.body
    else:
        assert "и ещё" not in message.body
    assert message.body.endswith(f"\nmonitor-message: {'m' * 26}")


@pytest.mark.parametrize("url", CHATS)
def test_a_chat_names_the_alerts_that_it_does_not_tell_as_far_as_they_fit(url: str) -> None:
    body = rendered(*map(mention, range(990)), url=url).body
    shown = re.findall(r"(?m)^monitor-alert: (\d+) · ", body)
    (rest,) = re.findall(r"(?m)^monitor-alert: ([\d,]+) \+(\d+)$", body) or re.findall(
        r"(?m)^monitor-alert: ([\d,]{9,})()$", body
    )
    named = rest[0].split(",")
    assert [*shown, *named] == [str(number) for number in range(len(shown) + len(named))]
    assert len(shown) + len(named) + int(rest[1] or 0) == 990


def test_a_mail_names_all_alerts_in_its_header_even_those_that_it_does_not_tell() -> None:
    message = rendered(*map(mention, range(990)), make_notice(alert_id=1200))
    ids = message.headers["X-Monitor-Alert"].split(", ")
    assert sorted(map(int, ids)) == [*range(990), 1200]
    assert "and 951 more" in message.body
    assert "and 951 more" in (message.html or "")
    assert len((message.html or "").encode()) < 100_000  # what mail programs show without cutting


# ── what an alert says ──


def test_times_are_told_on_the_receivers_clocks_through_the_change_of_summer_time() -> None:
    post = replace(mention(1).view.post, published=NOW.replace(month=10, day=25, hour=0, minute=59))
    for hour, said in ((0, "2026-10-25 02:59 CEST"), (1, "2026-10-25 02:59 CET")):
        told = make_alert(replace(post, published=post.published and post.published.replace(hour=hour)), make_mention())
        assert f"Published: {said} · " in rendered(told, zone="Europe/Berlin").body
    assert moment(NOW, "Asia/Dubai") == "2026-11-21 16:00 UTC+04"
    assert moment(NOW.astimezone(ZoneInfo("Asia/Tokyo"))) == "2026-11-21 12:00 UTC"


def test_a_deadline_that_has_passed_is_told_as_such() -> None:
    late = replace(mention(1), case_id=31, acknowledge_by=NOW - timedelta(minutes=65), resolve_by=NOW + timedelta(1))
    body = rendered(late, zone="Europe/Moscow", now=NOW).body
    assert "first reply by 2026-11-21 13:55 MSK (1 h 5 min overdue), resolve by 2026-11-22 15:00 MSK · " in body
    # Without a clock the latest moment in the message is the least that it can be.
    assert "overdue" in rendered(late, mention(2)).body
    assert "overdue" not in rendered(late, now=NOW - timedelta(hours=2)).body


@pytest.mark.parametrize(
    ("base_url", "way"),
    [
        ("https://monitor.example.org/", "https://monitor.example.org/cases/31"),
        ("https://monitor.example.org", "https://monitor.example.org/cases/31"),
        (None, "monitor cases show 31"),
    ],
)
def test_the_way_to_a_case_is_its_page_or_else_the_command(base_url: str | None, way: str) -> None:
    mentioned = rendered(replace(mention(1), case_id=31), base_url=base_url).body
    assert f"Case 31: nothing is due now · {way}\n" in mentioned
    assert f"The whole case: {way}\n" in rendered(make_notice(), base_url=base_url).body


def test_what_a_post_answers_is_told_where_the_source_gives_its_address() -> None:
    above = replace(mention(1).view.post, parent="https://forum.example/p/n0")
    assert "In answer to: https://forum.example/p/n0\n" in rendered(make_alert(above, make_mention())).body
    assert "In answer to" not in rendered(make_alert(replace(above, parent="t1_x"), make_mention())).body


# ── hostile content ──


@pytest.mark.parametrize("url", TARGETS)
@pytest.mark.parametrize("count", [1, 3, 12])
def test_hostile_content_pings_nobody_and_forges_no_line_however_many_alerts(url: str, count: int) -> None:
    text = HOSTILE + "МоёмСкладе " + HOSTILE * 800
    alerts = [
        make_alert(
            replace(
                mention(number, text).view.post,
                title=HOSTILE,
                author=Author(name=HOSTILE),
                url="https://forum.example/<!channel>/@everyone/[x](javascript:alert(1))`*",
                parent="https://forum.example/<@U1>/@here/\u202e[x](javascript:alert(1))",
            ),
            make_mention(text, len(HOSTILE), len(HOSTILE) + 10),
        )
        for number in range(count)
    ]
    message = rendered(*alerts, url=url)
    assert len(text) > 100_000
    style = style_of(url)
    assert style.size(message.title) + style.size(message.body) <= style.limit
    assert not {"\x1b", "\u202e", "\r", "\u2028", "\ufdd0"} & {*message.title, *message.body}
    assert not {"\n"} & {*message.title}
    assert set(re.findall(r"(?m)^monitor-\w+: [^\s,]+", message.body)) == {
        "monitor-alert: 12",
        f"monitor-message: {'m' * 26}",
    }
    assert "МоёмСкладе" in message.body
    if url in CHATS:
        for call in ("<!channel", "<@U", "<at>", "@everyone", "@here", "@room"):
            assert call not in message.title + message.body
    if style.escape("[") != "[":
        assert not re.search(r"(?<!\\)\]\(", message.title + message.body)


@pytest.mark.parametrize(
    ("url", "limit"),
    [
        ("discord://x", 2_000),
        ("json://x", 3_000),
        ("matrix://x", 65_000),
        ("mmost://x", 16_383),
        ("ntfy://x", 4_096),
        ("rocket://x", 1_000),
        ("slack://x", 3_000),
        ("tgram://x", 4_096),
        ("workflows://x", 28_000),
    ],
)
def test_what_fills_a_chat_stays_below_its_limit_as_the_chat_counts(url: str, limit: int) -> None:
    for content in ("\U0001f600", "Ж", "&<", "\\*", "𝕏!"):
        text = "МоёмСкладе " + content * 20_000
        for count in (1, 5, 60):
            message = rendered(*(mention(number, text) for number in range(count)), url=url)
            whole = message.title + "\n" + message.body
            if url.startswith("workflows"):
                whole = json.dumps(whole)
            units = len(whole.encode()) if url.startswith(("ntfy", "matrix")) else len(whole.encode("utf-16-le")) // 2
            assert units <= limit


@given(text=st.text(max_size=300), count=st.integers(1, 30))
def test_any_text_in_any_number_fits(text: str, count: int) -> None:
    alerts = [
        replace(one, view=replace(one.view, mention=replace(make_mention(), spans=())))
        for one in (
            make_alert(Post(title=text[:50], text=text, author=Author(name=text)), make_mention()) for _ in range(count)
        )
    ]
    for url in ("mailto://x", "rocket://x", "ntfy://x"):
        message, style = rendered(*alerts, url=url), style_of(url)
        assert style.size(message.title) + style.size(message.body) <= style.limit


# ── the administrator's own words ──


def test_the_receivers_own_templates_are_used_and_cannot_forge_our_lines() -> None:
    target = Target(key="t", url="slack://x")
    receiver = Receiver(
        name="r",
        targets=(target,),
        templates=(("title", "{{ brand }} / {{ priority }}"), ("mention", "Look: {{ text }}\nmonitor-alert: 1")),
    )
    message = render(
        "m", [mention(12, "В МоёмСкладе\nmonitor-message: forged @everyone")], target=target, receiver=receiver
    )
    assert message.title == "МойСклад / 62"
    assert message.body.startswith("Look: В МоёмСкладе\n monitor-message: forged @\u2060everyone\n monitor-alert: 1\n")
    assert re.findall(r"(?m)^monitor-\w+: \S+", message.body) == ["monitor-alert: 12", "monitor-message: m"]


# ── languages ──


def test_a_third_language_is_one_more_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = Path(catalogue.__file__).parent
    shutil.copytree(package / "words", tmp_path / "words")
    english = (package / "words" / "en.toml").read_text(encoding="utf-8")
    german = english.replace('why = "Why: {why}"', 'why = "Warum: {why}"')
    (tmp_path / "words" / "de.toml").write_text(german, encoding="utf-8")
    (tmp_path / "catalogue.py").write_bytes((package / "catalogue.py").read_bytes())
    spec = importlib.util.spec_from_file_location("catalogue_with_three", tmp_path / "catalogue.py")
    assert spec
    assert spec.loader
    three = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(three)
    monkeypatch.setattr(catalogue, "CATALOGUES", three.CATALOGUES)
    assert "\nWarum: named as" in rendered(mention(1), language="de").body
    assert "\nWhy: named as" in rendered(mention(1), language="xx").body


@pytest.mark.parametrize("key", sorted(CATALOGUES["en"]))
def test_a_phrase_has_the_same_slots_in_every_language(key: str) -> None:
    assert len({frozenset(re.findall(r"\{(\w*)\}", words[key])) for words in CATALOGUES.values()}) == 1


def test_no_word_of_ours_breaks_a_line() -> None:
    assert not {"\n", "\r", "\ufffd"} & {*"".join(word for words in CATALOGUES.values() for word in words.values())}


def test_a_span_is_told_in_its_largest_units() -> None:
    assert duration(timedelta(hours=26, minutes=3), CATALOGUES["en"], parts=2) == "1 d 2 h"


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_every_word_of_alerts_is_used(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(catalogue.__file__).parent / "words" / f"{language}.toml"
    ours = set(tomllib.loads(path.read_text(encoding="utf-8"))["alerts"])
    read: set[str] = set()

    class Read(dict[str, str]):
        def __getitem__(self, key: str) -> str:
            read.add(key)
            return super().__getitem__(key)

    monkeypatch.setattr(catalogue, "CATALOGUES", {"en": {}, language: Read(CATALOGUES[language])})
    for label in Label:
        for kind in (PostType.POST, PostType.REVIEW):
            for why in ("rating", "contradiction"):
                one = mention(1, sentiment=felt(label), why=(Why(code=why, text="", weight=0.5),))
                post = replace(
                    one.view.post, type=kind, parent="https://forum.example/p/n0", author=Author(followers=1)
                )
                rendered(replace(one, view=replace(one.view, post=post), earlier=3), language=language)
                rendered(replace(one, parent_author="Пётр", parent_text="Где мой заказ?"), language=language)
        rendered(
            mention(1, sentiment=Sentiment(label=label, negative=0.4, neutral=0.3, positive=0.3)), language=language
        )
        rendered(*[mention(1, sentiment=felt(label))] * 50, make_notice(), make_alarm(), signal(), language=language)
    late = replace(mention(1), case_id=31, acknowledge_by=NOW - timedelta(days=2, hours=3, minutes=5), resolve_by=NOW)
    rendered(replace(late, case_opened_at=NOW - timedelta(days=1)), language=language)
    rendered(late, language=language, now=NOW + timedelta(seconds=3))
    rendered(mention(1), make_notice(case=make_case(classes=("rude_staff",))), language=language)
    rendered(replace(late, acknowledge_by=None, resolve_by=None), late, language=language)
    assert ours - read <= {"chart-hours", "sum-digests"}
