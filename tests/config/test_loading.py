"""What a good file becomes."""

from __future__ import annotations

import hashlib
import pickle
import re
from dataclasses import replace
from datetime import date, time, timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from monitor.config import AlertSettings, Config, RetentionSettings, WebSettings, load
from monitor.errors import ConfigError
from monitor.models import (
    SHIPPED_TIMING,
    AlarmSettings,
    Backfill,
    Brand,
    Budget,
    Cadence,
    Content,
    DigestSettings,
    FetchSettings,
    QuietHours,
    RatingSettings,
    Receiver,
    Route,
    Source,
    Target,
    Tier,
    Timing,
)
from monitor.sources import KINDS

DATA = Path(__file__).parent / "data"
SHIPPED = Path(__file__).resolve().parents[2] / "sources.yaml"
NO_OPTIONS = KINDS["feed"].Options()


def key(spelling: str) -> str:
    return hashlib.sha256(spelling.encode()).hexdigest()[:10]


@pytest.fixture
def whole(tmp_path: Path) -> Config:
    (tmp_path / "sources.yaml").write_bytes((DATA / "whole.yaml").read_bytes())
    (tmp_path / "token.txt").write_text("feed-token-7\n", encoding="utf-8")
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "mail").write_text("mailto://bot:pa%40ss@mail.invalid\n", encoding="utf-8")
    environ = {
        "CONTACT": "watch@shop.test",
        "NEWS_TOKEN": "news-token-7",
        "TEAM_CHAT": "slack://T0/B0/c7c7c7c7c7c7c7c7",
        "HOOK_SECRET": "hook-secret-7",
        "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials"),
    }
    return load(tmp_path / "sources.yaml", environ=environ)


def test_five_lines_are_enough() -> None:
    config = load(DATA / "minimal.yaml", environ={})
    assert replace(config, warnings=(), fingerprint="") == Config(
        brands=(Brand(name="Кассолёт"),),
        sources=(Source(name="news", kind="feed", url="https://news.invalid/feed", options=NO_OPTIONS, learns=True),),
        receivers=(),
        routes=(),
        alarms=AlarmSettings(),
        playbooks={},
        office=None,
        fetch=FetchSettings(contact="watch@shop.test"),
        retention=RetentionSettings(mentions=timedelta(days=1095), others=timedelta(days=30)),
        web=WebSettings(host="127.0.0.1", port=8321, base_url="http://127.0.0.1:8321"),
        sentiment=Tier.AUTO,
        warnings=(),
        fingerprint="",
        references={},
        secrets=(),
    )


@pytest.mark.parametrize("tier", list(Tier))
def test_how_sentiment_is_read_is_given_by_a_word(tmp_path: Path, tier: Tier) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(
        (DATA / "minimal.yaml").read_text(encoding="utf-8") + f"sentiment: {tier.value}\n", encoding="utf-8"
    )
    assert load(path, environ={}).sentiment is tier


def test_without_receivers_people_are_warned() -> None:
    path = DATA / "minimal.yaml"
    assert [str(warning) for warning in load(path, environ={}).warnings] == [
        f"{path}:1:1: receivers: there are none: mentions are recorded and shown, nobody is told"
    ]


@pytest.mark.parametrize("spelling", ["false", "no", "off"])
def test_whoever_does_not_ask_robots_is_told_that_he_answers_for_it(tmp_path: Path, spelling: str) -> None:
    path = tmp_path / "sources.yaml"
    minimal = (DATA / "minimal.yaml").read_text(encoding="utf-8")
    path.write_text(minimal.replace('/feed"}', f'/feed", robots: {spelling}}}'), encoding="utf-8")
    config = load(path, environ={})
    assert not config.sources[0].robots
    assert [warning.path for warning in config.warnings] == ["receivers", "sources[0].robots"]


def test_every_key_of_brands(whole: Config) -> None:
    assert whole.brands == (
        Brand(
            name="Кассолёт",
            aliases=("kassolet", "Касса Лёт"),
            handles=("@kassolet",),
            context_packs=("inventory", "payments"),
            exclude=("касса лётчиков",),
            own_domains=("kassolet.test",),
            own_accounts=("kassolet_help",),
            people=("Полина Ветрова",),
            known_issues=(("printing", ("чек", "принтер")), ("receipts", ("письмо",)), ("login", ("вход",))),
            fixed=(("receipts", date(2026, 5, 1)),),
        ),
        Brand(name="Торгуша", competitor=True, context_any=("касса", "магазин"), context_none=("рынок",)),
    )


def test_every_key_of_sources(whole: Config) -> None:
    assert whole.sources == (
        Source(
            name="news",
            kind="feed",
            url="https://news.invalid/feed?token=${file:token.txt}",
            options=NO_OPTIONS,
            every=timedelta(minutes=90),
            backfill=Backfill.ALERT,
            headers=(("Authorization", "Bearer ${NEWS_TOKEN}"), ("Accept-Language", "ru")),
            weight=0.4,
            lang="ru",
            max_pages=3,
            content=Content.PAGE,
            robots=False,
            enabled=False,
        ),
        Source(
            name="форум",
            kind="feed",
            url="http://127.0.0.1:5000/feed",
            options=NO_OPTIONS,
            every=timedelta(seconds=2),
            allow=(IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")),
        ),
    )


def test_every_key_of_receivers_and_routes(whole: Config) -> None:
    assert whole.receivers == (
        Receiver(
            name="support",
            targets=(
                Target(key=key("${credential:mail}"), url="mailto://bot:pa%40ss@mail.invalid"),
                Target(key=key("json://hooks.invalid/in"), url="json://hooks.invalid/in"),
            ),
            language="ru",
            zone="Europe/Moscow",
            quiet=QuietHours(
                zone="Europe/Moscow",
                begin=time(22),
                end=time(8),
                days=frozenset({6, 0, 1, 2, 3}),
                unless="priority>=90",
            ),
            budget=Budget(pings=2, per=timedelta(hours=1), burst=2),
            templates=(("mention", "{{ text }}"), ("title", "{{ brand }}: {{ sentiment }}")),
        ),
        Receiver(
            name="team", targets=(Target(key=key("${TEAM_CHAT}"), url="slack://T0/B0/c7c7c7c7c7c7c7c7"),), language="en"
        ),
        Receiver(
            name="program",
            targets=(
                Target(
                    key=key("https://hooks.invalid/${NEWS_TOKEN}"),
                    url="https://hooks.invalid/news-token-7",
                    secret="hook-secret-7",
                    is_webhook=True,
                    events=True,
                ),
                Target(key=key("http://127.0.0.1:8000/in"), url="http://127.0.0.1:8000/in", is_webhook=True),
            ),
            budget=Budget(pings=10, per=timedelta(days=1), burst=1),
        ),
    )


def test_a_route_has_the_timing_of_the_one_above_key_by_key(whole: Config) -> None:
    negative = Timing(
        group_by=("brand",), wait=timedelta(minutes=2), interval=timedelta(minutes=5), repeat=timedelta(hours=12)
    )
    vip = replace(negative, wait=timedelta())
    assert whole.routes == (
        Route(
            match="sentiment:negative OR influence>=70",
            to="support",
            continues=True,
            timing=negative,
            routes=(
                Route(
                    match="lang:en", to=None, timing=replace(negative, group_by=("...",), interval=timedelta(hours=1))
                ),
                Route(
                    match="case:vip",
                    to="program",
                    timing=vip,
                    routes=(Route(match="brand:Торгуша", to=None, timing=replace(vip, group_by=())),),
                ),
            ),
        ),
        Route(match="*", to="team", timing=SHIPPED_TIMING),
    )


def test_every_key_of_digests(whole: Config) -> None:
    assert whole.digests == (
        DigestSettings(
            name="morning", to="support", cadence=Cadence.DAILY, match="sentiment:negative", zone="Europe/Moscow"
        ),
        DigestSettings(
            name="week",
            to="team",
            cadence=Cadence.WEEKLY,
            at=time(18, 30),
            day=4,
            zone="Asia/Almaty",
            language="en",
            always=True,
        ),
    )


def test_the_secret_of_a_webhook_is_kept_out_of_sight(whole: Config) -> None:
    assert "hook-secret-7" in whole.secrets
    assert "hook-secret-7" not in repr(whole)


def test_every_key_of_the_settings(whole: Config) -> None:
    assert whole.alarms == AlarmSettings(to=("team",), after=5)
    assert whole.fetch == FetchSettings(
        contact="watch@shop.test", parallel=8, gap=timedelta(milliseconds=500), timeout=timedelta(seconds=10)
    )
    assert whole.alerts == AlertSettings(max_age=timedelta(hours=6))
    assert whole.ratings == RatingSettings(line=3.5, span=timedelta(days=14), least=20)
    assert whole.retention == RetentionSettings(mentions=timedelta(days=730), others=timedelta(days=14))
    assert whole.web == WebSettings(
        host="::1", port=9000, base_url="https://monitor.invalid", given_base_url="https://monitor.invalid"
    )


def test_all_of_it_is_used(whole: Config) -> None:
    assert [warning.path for warning in whole.warnings if "routes" in warning.path or "digests" in warning.path] == []


def test_it_can_be_sent_to_another_process(whole: Config) -> None:
    assert pickle.loads(pickle.dumps(whole)) == whole


def good(tmp_path: Path, *extra: str) -> Path:
    path = tmp_path / "sources.yaml"
    path.write_text((DATA / "minimal.yaml").read_text(encoding="utf-8") + "\n".join(extra) + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def warnings_of(path: Path) -> list[str]:
    return [str(warning).removeprefix(f"{path}:") for warning in load(path, environ={}).warnings]


def test_a_receiver_that_nobody_is_sent_to(tmp_path: Path) -> None:
    path = good(tmp_path, 'receivers: {support: {urls: ["json://hooks.invalid/in"]}}')
    assert warnings_of(path) == ["6:13: receivers.support: no route leads here (add a route, or tell a person there)"]


def test_a_filter_that_can_never_hold(tmp_path: Path) -> None:
    path = good(
        tmp_path,
        'receivers: {support: {urls: ["json://hooks.invalid/in"]}}',
        "routes:",
        '  - {match: "brand:касолёт OR source:News OR source:blog", to: support}',
        '  - {match: "brand:кассолет", to: support}',
    )
    assert warnings_of(path) == [
        "8:13: routes[0].match: there is no brand 'касолёт': brand:касолёт never holds (did you mean Кассолёт?)",
    ]
    assert [warning.message for warning in load(path, environ={}).warnings if "blog" in warning.message] == []


def test_an_address_that_others_can_reach(tmp_path: Path) -> None:
    path = good(tmp_path, 'web: {listen: "0.0.0.0:8321"}')
    assert "6:15: web.listen: whoever reaches this address reads everything (listen on 127.0.0.1)" in warnings_of(path)


def test_sections_without_content_count_as_not_written(tmp_path: Path) -> None:
    path = good(tmp_path, "receivers:", "#  support: {}", "routes:", "web:")
    assert load(path, environ={}).receivers == ()


def test_the_fingerprint_follows_meaning_only(tmp_path: Path) -> None:
    first = load(good(tmp_path, "fetch: {parallel: 8, gap: 1s}"), environ={}).fingerprint
    assert load(good(tmp_path, "# a comment", "fetch:", "  gap: 1s", "  parallel: 8"), environ={}).fingerprint == first
    assert load(good(tmp_path, "fetch: {parallel: 9, gap: 1s}"), environ={}).fingerprint != first


def test_a_bad_file_never_replaces_a_good_one(tmp_path: Path) -> None:
    before = load(good(tmp_path), environ={})
    with pytest.raises(ConfigError):
        load(good(tmp_path, "colour: red"), environ={})
    assert load(good(tmp_path), environ={}) == before


@pytest.mark.parametrize(
    ("url", "allow"),
    [
        ("http://127.0.0.1:5000/", "[127.0.0.0/8]"),
        ("http://[::1]:5000/", '["::1"]'),
        ("http://localhost:5000/", "[127.0.0.0/8]"),
        ("http://forum/", "[10.0.0.0/8]"),
        ("http://forum.internal/", "[10.1.0.0/16]"),
    ],
)
def test_sites_of_ones_own_may_be_visited_every_second(tmp_path: Path, url: str, allow: str) -> None:
    path = tmp_path / "sources.yaml"
    text = (DATA / "minimal.yaml").read_text(encoding="utf-8").replace("https://news.invalid/feed", url)
    path.write_text(text.replace("kind: feed", f"kind: feed, every: 1s, allow: {allow}"), encoding="utf-8")
    assert load(path, environ={}).sources[0].every == timedelta(seconds=1)


@pytest.mark.parametrize("contact", ["watch@shop.test", "https://shop.test/bot", "root@localhost", "a@notexample.com"])
def test_contacts_that_are_fine(tmp_path: Path, contact: str) -> None:
    path = tmp_path / "sources.yaml"
    text = (DATA / "minimal.yaml").read_text(encoding="utf-8").replace("watch@shop.test", contact)
    path.write_text(text, encoding="utf-8")
    assert load(path, environ={}).fetch.contact == contact


def test_the_shipped_file_needs_nothing_but_a_contact() -> None:
    config = load(SHIPPED, environ={"MONITOR_CONTACT": "watch@shop.test"})
    assert len(config.brands) >= 2
    assert any(brand.competitor for brand in config.brands)
    assert config.receivers == ()
    assert [warning.path for warning in config.warnings] == ["receivers"]
    with pytest.raises(ConfigError, match="MONITOR_CONTACT is not set"):
        load(SHIPPED, environ={})


def test_what_the_shipped_file_suggests_loads_too(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    before, receivers, after = text.partition("# receivers:")
    brand = re.sub(r"(?m)^  # (?=- name: |  [a-z_]+: )", "  ", before)
    path = tmp_path / "sources.yaml"
    path.write_text(brand + re.sub(r"(?m)^#( |$)", "", receivers + after), encoding="utf-8")
    environ = dict.fromkeys(("SUPPORT_MAIL", "SUPPORT_SLACK", "FOUNDER_TELEGRAM"), "json://hooks.invalid/in")
    config = load(
        path, environ=environ | {"MONITOR_CONTACT": "watch@shop.test", "SUPPORT_SLACK": "json://chat.invalid"}
    )
    assert len(config.brands) == 3
    assert [receiver.name for receiver in config.receivers] == ["support", "founder"]
    assert config.warnings == ()
