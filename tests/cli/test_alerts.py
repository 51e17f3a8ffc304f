"""What people are told of, from a place where somebody writes to the bytes that a receiver on loopback takes.

Written from docs/alerts.md alone. Time is a hand clock; what a daemon does by itself is done once a minute.
"""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from monitor.clock import SystemClock
from monitor.flows.sending import Sending
from monitor.flows.ticks import flush_groups, look_around, watch
from monitor.models import Author
from monitor.store import open_reader
from tests.cli.casedesk import BRAND, OLGA, PETR, RITA, RUDE, Desk, desk
from tests.cli.inprocess import run_command
from tests.site import Site, running_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RIVAL = "Соперникон"
SHOP = f"""
contact: watch@shop.test
sentiment: fast
brands: [{{{{name: {BRAND}}}}}, {{{{name: {RIVAL}, competitor: true}}}}]
sources:
  - {{{{name: forum, kind: feed, url: "http://127.0.0.1:9/forum", weight: 0.9, allow: [127.0.0.0/8]}}}}
  - {{{{name: reviews, kind: feed, url: "http://127.0.0.1:9/reviews", allow: [127.0.0.0/8]}}}}
receivers:
  support: {{{{webhooks: [{{{{url: "{{url}}/support"}}}}], {{receiver}}}}}}
routes: [{{{{match: "{{match}}", to: support}}}}]
"""
ALWAYS_QUIET = 'quiet: {hours: "22:00-08:00"}, budget: {pings: 1, per: 1d, burst: 1}'
TROUBLES = (
    "не вернул деньги за чайник, отвратительно",
    "потерял посылку с книгами, ужасно",
    "привёз сломанный утюг, очень плохо",
    "третий час не открывает сайт, кошмар",
    "списал с карты вдвое больше, это ужасно",
    "отменил заказ без объяснений, отвратительный магазин",
)
"""Complaints that share no story."""


@dataclass
class Watched:
    """A shop and what arrived at its receiver: each message with the minute in which it came."""

    shop: Desk
    site: Site
    sending: Sending = field(default_factory=Sending)
    came: list[tuple[datetime, list[dict[str, Any]]]] = field(default_factory=list)

    def complains(self, number: int, *, of: str = BRAND, by: str | None = None, **rest: Any) -> None:
        """One more person complains of something of their own."""
        trouble = TROUBLES[number % len(TROUBLES)]
        self.shop.says(by or f"покупатель_номер_{number}", f"{of} {trouble}", **rest)

    def passes(self, **span: float) -> None:
        """Minutes go by, in each of which the daemon looks, makes messages and sends them."""
        end = self.shop.now + timedelta(**span)
        while self.shop.now < end:
            self.sleeps(minutes=1)
            self.looks()

    def sleeps(self, **span: float) -> None:
        """Time goes by and nobody looks."""
        self.shop.places["forum"].clock.moment += timedelta(**span)
        for place in self.shop.places.values():
            place.clock.moment = self.shop.now

    def looks(self) -> None:
        """What the daemon does by itself, once."""
        self.shop._wait(self._look())
        self.came += [(self.shop.now, json.loads(body)["sent_for"]) for body in self.site.hooks]
        self.site.hooks.clear()

    async def _look(self) -> None:
        place = self.shop.places["forum"]
        for tick in (watch, look_around, flush_groups):
            await tick(place.ports, place.plan)
        for message in await self.sending.claim(place.ports):
            await self.sending.send(message, ports=place.ports, plan=place.plan)

    def told(self, sort: str, *, since: datetime | None = None) -> list[dict[str, Any]]:
        """All of this sort that messages carried."""
        return [one for at, told in self.came if since is None or at >= since for one in told if one["sort"] == sort]

    def signals(self, of: str) -> list[str]:
        """Which signals `of` storms or ratings were told, in their order."""
        return [one["kind"] for one in self.told("signal") if one["kind"].startswith(of)]

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What a view of the database holds."""
        with closing(open_reader(self.shop.folder / "monitor.db")) as database:
            return list(database.query(sql))

    def lives(self, days: int, *, of: str = BRAND) -> None:
        """So many days, on every second of which somebody complains by day."""
        for day in range(days):
            if day % 2 == 0:
                self.complains(1000 + day, of=of)
            self.sleeps(days=1)
            self.looks()


@contextmanager
def watched(
    folder: Path, *, match: str = "sentiment:negative", receiver: str = "budget: off", more: str = ""
) -> Iterator[Watched]:
    with running_site() as site:
        config = SHOP.format(url=site.url, match=match, receiver=receiver)
        with desk(folder, config=config, more=more, staff=False) as shop:
            yield Watched(shop, site)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Watched]:
    with watched(tmp_path) as opened:
        yield opened


# ── storms ──


def test_R17_three_people_in_a_quarter_of_an_hour_at_a_small_shop_are_told_as_a_storm_in_minutes(
    shop: Watched,
) -> None:
    shop.lives(28)
    began = shop.shop.now
    for number in range(3):
        shop.complains(number)
        shop.passes(minutes=2)
    shop.passes(minutes=6)
    (storm,) = shop.rows("SELECT * FROM v_storms")
    assert (storm["brand"], storm["closed_at"]) == (BRAND, None)
    assert shop.signals("storm") == ["storm_opened"]
    (signal,) = [one for one in shop.told("signal", since=began) if one["kind"] == "storm_opened"]
    assert (signal["brand"], signal["figures"]["authors"]) == (BRAND, 3)
    first = next(at for at, told in shop.came if any(one.get("kind") == "storm_opened" for one in told))
    assert first - began <= timedelta(minutes=15)
    told = {one["text"].partition(" ")[2] for one in shop.told("mention", since=began)}
    assert told >= set(TROUBLES[:3])
    assert [
        row["state"] for row in shop.shop.rows("deliveries", "--limit", "9") if row["signal"] == "storm_opened"
    ] == ["sent"]


def test_R17_a_storm_is_told_once_and_its_end_once(shop: Watched) -> None:
    shop.lives(28)
    for number in range(4):
        shop.complains(number)
    shop.passes(minutes=30)
    for _ in range(60):
        shop.sleeps(hours=1)
        shop.looks()
    assert shop.signals("storm") == ["storm_opened", "storm_closed"]
    (storm,) = shop.rows("SELECT closed_at, minutes FROM v_storms")
    assert storm["closed_at"] is not None
    assert storm["minutes"] >= 3 * 60  # no window was exceptional for so long


def test_R17_a_storm_is_told_at_night_though_the_budget_is_spent(tmp_path: Path) -> None:
    with watched(tmp_path, receiver=ALWAYS_QUIET) as shop:
        shop.lives(28)
        shop.sleeps(hours=(3 - shop.shop.now.hour) % 24)
        for number in range(4):
            shop.complains(number)
        shop.passes(minutes=10)
        assert shop.shop.now.hour == 3
        assert shop.signals("storm") == ["storm_opened"]


@pytest.mark.parametrize("who", ["one author", "a competitor", "two days old"])
def test_R17_what_is_no_storm_is_not_told_as_one(shop: Watched, who: str) -> None:
    brand = RIVAL if who == "a competitor" else BRAND
    shop.lives(1 if who == "two days old" else 28, of=brand)
    for number in range(8):
        shop.complains(number, of=brand, by=OLGA if who == "one author" else None)
    shop.passes(minutes=15)
    assert shop.rows("SELECT * FROM v_storms") == []
    assert shop.signals("storm") == []


def test_R17_as_many_as_are_usual_are_no_storm(shop: Watched) -> None:
    for day in range(28):
        for number in range(8):
            shop.complains(day * 8 + number)
            shop.sleeps(hours=3)
    shop.looks()
    for number in range(3):
        shop.complains(9000 + number)
        shop.passes(minutes=25)
    assert shop.rows("SELECT * FROM v_storms") == []


# ── mean ratings ──


def rate(shop: Watched, count: int, stars: float) -> None:
    for _ in range(count):
        number = shop.shop.written
        shop.shop.says(f"оценщик_номер_{number}", f"{BRAND}: заказ {number}", at="reviews", rating=stars)
    shop.sleeps(minutes=1)
    shop.passes(minutes=5)


def test_R19_a_mean_that_falls_below_four_is_told_and_when_it_is_above_again(shop: Watched) -> None:
    rate(shop, 10, 5.0)
    assert shop.signals("rating") == []
    rate(shop, 4, 1.0)
    assert shop.signals("rating") == ["rating_fell"]
    rate(shop, 1, 1.0)
    rate(shop, 3, 5.0)  # 70 of 18: still below
    assert shop.signals("rating") == ["rating_fell"]
    rate(shop, 10, 5.0)
    assert shop.signals("rating") == ["rating_fell", "rating_rose"]
    fell, rose = [one for one in shop.told("signal") if one["kind"].startswith("rating")]
    assert (fell["brand"], fell["source"]) == (BRAND, "reviews")
    assert fell["figures"]["mean"] < 4.0 == fell["figures"]["line"] < rose["figures"]["mean"]


def test_R19_the_line_and_how_many_ratings_it_takes_are_the_shops_to_say(tmp_path: Path) -> None:
    with watched(tmp_path, more="ratings: {line: 3.0, least: 5}\n") as shop:
        rate(shop, 5, 5.0)
        rate(shop, 3, 1.0)  # 28 of 8
        assert shop.signals("rating") == []
        rate(shop, 3, 1.0)  # 31 of 11
        assert shop.signals("rating") == ["rating_fell"]


def test_R19_nine_ratings_say_nothing_about_the_mean(shop: Watched) -> None:
    rate(shop, 4, 5.0)
    rate(shop, 5, 1.0)
    assert shop.signals("rating") == []


def test_R19_whatever_a_site_counts_in_the_mean_is_in_stars_of_five(shop: Watched) -> None:
    rate(shop, 10, 5.0)
    header, scales = "id,text,date,rating,author", ("2/10", "20", "1", "2/10", "20")
    day = f"{shop.shop.now - timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
    rows = [f"r{n},{BRAND}: покупка {n},{day},{stars},гость_номер_{n}" for n, stars in enumerate(scales)]
    table = shop.shop.folder / "ratings.csv"
    table.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    shop.shop.run("import", str(table), "--source", "reviews")
    assert {one["post"]["rating"] for one in shop.shop.rows("search", "покупка", "--limit", "9")} == {1.0}
    shop.passes(minutes=5)
    (fell,) = [one for one in shop.told("signal") if one["kind"] == "rating_fell"]
    assert fell["figures"]["mean"] == pytest.approx(55 / 15)


# ── who reaches far ──

STAR = Author(name="zvezda", followers=10**7)


def test_R29_praise_that_reaches_far_is_told_and_other_praise_is_not(tmp_path: Path) -> None:
    with watched(tmp_path, match="sentiment:negative OR influence>=70") as shop:
        shop.shop.says(RITA, f"{BRAND} лучший магазин, отличная доставка, спасибо!")
        shop.shop.says("", f"{BRAND} великолепный, всё понравилось, рекомендую!", author=STAR)
        shop.passes(minutes=5)
        (told,) = shop.told("mention")
        assert (told["author"]["name"], told["sentiment"]["label"]) == ("zvezda", "positive")
        assert told["influence"] >= 70
        (explained,) = shop.shop.rows("routes", "explain", "1")
        assert (explained["told"], explained["deliveries"]) == ([], [])


# ── what cannot wait ──


def test_R32_rude_staff_at_night_is_told_at_once_though_it_is_quiet_and_the_budget_is_spent(tmp_path: Path) -> None:
    with watched(tmp_path, receiver=ALWAYS_QUIET) as shop:
        shop.complains(0)
        shop.passes(minutes=5)
        assert len(shop.came) == 1  # the only ping of the day
        shop.sleeps(hours=(27 - shop.shop.now.hour) % 24)
        shop.complains(1)
        shop.shop.says(PETR, RUDE)
        found = shop.shop.now
        shop.looks()
        ((at, told),) = shop.came[1:]
        assert at == found
        assert ["rude_staff" in [case["name"] for case in one["special_cases"]] for one in told] == [True]
        shop.passes(minutes=30)
        assert len(shop.came) == 2
        held = {one["mention_id"]: one["state"] for one in shop.shop.rows("deliveries") if one["mention_id"]}
        assert held == {1: "sent", 2: "pending", 3: "sent"}
        (waits,) = shop.shop.rows("routes", "explain", "2")
        assert waits["deliveries"][0]["note"].startswith("quiet hours until ")
        for _ in range(36):
            shop.sleeps(hours=1)
            shop.looks()
        assert {one["state"] for one in shop.shop.rows("deliveries") if one["mention_id"]} == {"sent"}


# ── old articles ──

ITEM = "<item><guid>{guid}</guid><title>{text}</title><description>{text}</description><pubDate>{at}</pubDate></item>"


def test_T15_an_article_of_2016_that_is_found_today_is_stored_and_nobody_is_told(
    shop: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shop.shop.folder / "web"
    folder.mkdir()
    config = (shop.shop.folder / "sources.yaml").read_text(encoding="utf-8")
    served = config.replace("http://127.0.0.1:9/", f"{shop.site.url}/")
    (folder / "sources.yaml").write_text(f"{served}fetch: {{gap: 0s}}\n", encoding="utf-8")
    items: list[str] = []

    def feed() -> bytes:
        head = '<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>'
        return f"{head}{''.join(reversed(items))}</channel></rss>".encode()

    def polled() -> None:
        with patch.object(SystemClock, "now", lambda _: shop.shop.now):
            done = run_command(folder, "poll", "forum")
        assert done.returncode == 0, done.stderr

    def publishes(guid: str, text: str, at: datetime) -> None:
        items.append(ITEM.format(guid=guid, text=text, at=format_datetime(at)))

    monkeypatch.setattr(shop.site, "feed", feed)
    publishes("weather", "О погоде", shop.shop.now)
    polled()  # the first visit, which tells nobody anyhow
    shop.sleeps(days=1)
    publishes("old", f"{BRAND} потерял мою посылку, отвратительно", shop.shop.now.replace(year=2016))
    publishes("new", f"{BRAND} не вернул деньги за чайник, ужасно", shop.shop.now - timedelta(hours=1))
    polled()

    def rows(*arguments: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in run_command(folder, *arguments, "--json").stdout.splitlines()]

    found = {one["post"]["native_id"]: one for one in rows("search", "посылка OR чайник")}
    assert set(found) == {"old", "new"}
    assert found["old"]["post"]["published"].startswith("2016-")
    assert [one["mention_id"] for one in rows("deliveries")] == [found["new"]["id"]]
    (old,) = rows("routes", "explain", str(found["old"]["id"]))
    assert old["deliveries"] == []
    assert "long ago" in old["decision"]


def test_T15_of_history_it_is_explained_that_nobody_would_be_told(shop: Watched) -> None:
    shop.complains(1, published=shop.shop.now.replace(year=2016))
    shop.passes(minutes=30)
    assert shop.came == []
    (old,) = shop.shop.rows("routes", "explain", "1")
    assert old["decision"].startswith("recorded silently: published 2016-")
    assert old["told"] == []
    assert old["now"].startswith("recorded ")
