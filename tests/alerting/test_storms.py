"""The rule for storms: what it finds, what it leaves alone, and how it is measured over calm weeks."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from math import comb, exp

import pytest

from monitor.alerting.storms import Close, History, Open, Stay, Update, decide_storm
from monitor.alerting.usual import Day, Heard, share_of, share_tail, tail
from monitor.models import Storm
from tests.alerting.stormy import BEGIN, DAY, HOUR, Watch, burst, calm, mixed

NIGHT = BEGIN + 31 * DAY + 2 * HOUR
NOON = BEGIN + 31 * DAY + 12 * HOUR
MINUTE = timedelta(minutes=1)


def shop(rate: float = 2 / 24, *, spread: float = 0.5, seed: int = 1) -> list[Heard]:
    """A month and a half of a small shop, calm."""
    return calm(rate, days=45, spread=spread, seed=seed, others=0)


def told(watch: Watch) -> list[str]:
    return [type(turn).__name__ for _, turn in watch.turns]


def around(heard: list[Heard], *, days: float = 3) -> Watch:
    """The rule at work around the burst."""
    watch = Watch(heard)
    watch.play(NIGHT - HOUR, NIGHT + days * DAY)
    return watch


# ── small numbers ──


def test_R17_three_complaints_in_a_night_at_a_small_shop_are_a_storm_with_the_third() -> None:
    quiet = [one for one in shop(0.03) if not NIGHT - DAY < one.at < NIGHT + DAY]
    angry = burst(3, at=NIGHT, within=3 * HOUR)
    watch = around(mixed(quiet, angry))
    (at, opened), *_ = watch.turns
    assert isinstance(opened, Open)
    assert at == angry[-1].at
    assert (opened.figures["total_authors"], opened.figures["low"]) == (3, 0)


@pytest.mark.parametrize("seed", range(5))
def test_R17_a_shop_of_two_a_day_is_told_within_minutes_of_three_authors_in_a_quarter_of_an_hour(seed: int) -> None:
    calm_night = [one for one in shop(seed=seed) if not NIGHT - 6 * HOUR < one.at < NIGHT + HOUR]
    angry = burst(3, at=NIGHT, within=15 * MINUTE, seed=seed)
    watch = around(mixed(calm_night, angry))
    assert watch.turns[0][0] <= angry[-1].at
    assert "authors in" in watch.turns[0][1].reason


def test_R17_the_same_three_are_nothing_to_a_large_one() -> None:
    angry = burst(3, at=NIGHT, within=15 * MINUTE)
    watch = Watch(mixed(calm(8, days=33, spread=0.2, seed=5, others=0), angry))
    watch.look(angry[-1].at)
    assert watch.turns == []


def test_R17_one_bad_review_is_no_crisis_and_nor_are_thirty_of_one_author() -> None:
    nobody_else = [one for one in shop(0.02) if not NIGHT - DAY < one.at < NIGHT + DAY]
    assert around(mixed(nobody_else, burst(1, at=NIGHT, within=HOUR))).turns == []
    one_voice = [Heard(one.at, "the same") for one in burst(30, at=NIGHT, within=HOUR)]
    assert around(mixed(nobody_else, one_voice)).turns == []
    nameless = [Heard(one.at, None) for one in burst(30, at=NIGHT, within=HOUR)]
    assert around(mixed(nobody_else, nameless)).turns == []


# ── calm weeks ──


@pytest.mark.parametrize(
    ("rate", "spread", "memory"),
    [(0.05, 0.0, 0.0), (0.05, 1.0, 0.0), (0.1, 1.0, 0.0), (0.1, 1.0, 0.5), (0.3, 1.0, 0.0), (1.0, 0.5, 0.0)],
)
def test_false_storms_are_rare_in_calm_weeks_however_uneven(rate: float, spread: float, memory: float) -> None:
    begin, end, storms = 28, 58, 0
    for seed in range(seeds := 2 if rate > 0.3 else 5):
        watch = Watch(calm(rate, days=end, spread=spread, seed=seed, memory=memory, others=0))
        watch.play(BEGIN + begin * DAY, BEGIN + end * DAY)
        storms += len(watch.episodes)
    assert storms / seeds <= 1.5


def test_false_storms_are_rare_while_a_brand_is_new() -> None:
    storms = 0
    for seed, rate in enumerate((0.05, 0.1, 0.3, 1.0)):
        watch = Watch(calm(rate, days=28, spread=1.0, seed=seed, others=0))
        watch.play(BEGIN, BEGIN + 28 * DAY)
        storms += len(watch.episodes)
    assert storms / 4 <= 1.5


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.05, 0.1, 0.3, 1.0, 3.0, 10.0])
@pytest.mark.parametrize(("spread", "memory"), [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 0.5)])
def test_benchmark_of_false_storms(rate: float, spread: float, memory: float) -> None:
    """Prints false storms in 30 days, over several seeds (`pytest -m slow -s`)."""
    seeds = 2 if rate > 2 else 6
    found = []
    for seed in range(seeds):
        watch = Watch(calm(rate, days=73, spread=spread, seed=100 + seed, memory=memory, others=0))
        watch.play(BEGIN + 28 * DAY, BEGIN + 73 * DAY)
        found.append(len(watch.episodes) / 1.5)
    print(f"\n{rate:g}/h, spread {spread:g}, memory {memory:g}: {sum(found) / seeds:.2f} in 30 days, {max(found):.1f}")
    assert sum(found) / seeds <= 1.5


# ── the course of a storm ──


def test_a_storm_is_told_again_when_it_doubled_and_when_it_grew_and_is_over_some_hours_after_it() -> None:
    quiet = [one for one in shop(0.05) if not NIGHT - DAY < one.at < NIGHT + 3 * DAY]
    watch = around(mixed(quiet, burst(40, at=NIGHT, within=10 * HOUR)), days=5)
    assert told(watch)[0] == "Open"
    assert told(watch)[-1] == "Close"
    updates = [(at, turn) for at, turn in watch.turns if isinstance(turn, Update)]
    moments = [watch.turns[0][0], *(at for at, _ in updates)]
    grew = [int(str(turn.figures["total_authors"])) for _, turn in watch.turns[:-1]]
    for number, (before, after) in enumerate(pairwise(moments)):
        assert after - before >= HOUR
        assert after - before >= 4 * HOUR or grew[number + 1] >= 2 * grew[number]
        assert grew[number + 1] >= 1.25 * grew[number]
    assert 3 <= len(updates) <= 6
    assert watch.turns[-1][1].figures["total_authors"] == 40
    assert watch.turns[-1][0] - NIGHT < 3 * DAY


def test_what_comes_back_within_a_day_is_the_same_storm() -> None:
    quiet = [one for one in shop(0.02) if not NIGHT - DAY < one.at < NIGHT + 4 * DAY]
    again = [Heard(one.at, f"later{one.author}") for one in burst(8, at=NIGHT + 2 * DAY, within=HOUR)]
    watch = around(mixed(quiet, burst(5, at=NIGHT, within=HOUR), again), days=4)
    opened = [turn.again for _, turn in watch.turns if isinstance(turn, Open)]
    assert opened in ([False, True], [False])
    assert len(watch.episodes) == 1


def test_hours_of_a_storm_are_not_usual_and_the_next_one_is_found_as_early() -> None:
    quiet = [one for one in shop(0.03) if not NIGHT - 10 * DAY < one.at < NIGHT + DAY]
    storm = burst(60, at=NIGHT - 9 * DAY, within=8 * HOUR)
    angry = [Heard(one.at, f"again{one.author}") for one in burst(3, at=NIGHT, within=20 * MINUTE)]
    history = mixed(quiet, storm, angry)
    forgets, knows = Watch(history), Watch(history)
    knows.storms = [(storm[0].at, storm[-1].at + 12 * HOUR)]
    for watch in (forgets, knows):
        watch.look(angry[-1].at)
    (known,) = knows.turns
    assert float(str(known[1].figures["monthly"])) < 0.05
    assert not forgets.turns or monthly(forgets) > monthly(knows)


def monthly(watch: Watch) -> float:
    """How often chance brings what opened the first storm."""
    return float(str(watch.turns[0][1].figures["monthly"]))


def test_what_an_outage_held_back_is_no_storm_when_it_comes_in() -> None:
    heard, back = calm(1.0, days=33, spread=0.2, seed=3, others=0), NOON + 8 * HOUR
    watch = Watch(heard)
    watch.look(back)  # twelve hours of posts, all found now, each counted where it was published
    assert watch.turns == []
    at_once = [Heard(back, one.author) if back - 12 * HOUR < one.at <= back else one for one in heard]
    spoilt = Watch(mixed(at_once))
    spoilt.look(back)
    assert told(spoilt) == ["Open"]


def test_a_brand_that_is_hardly_known_has_no_usual_yet() -> None:
    angry = burst(9, at=BEGIN + DAY, within=HOUR)
    turn = decide_storm(History(since=BEGIN), angry, None, angry[-1].at)
    assert isinstance(turn, Stay)
    assert "watched only since" in turn.reason


def test_a_storm_that_is_open_for_days_becomes_usual_and_ends() -> None:
    louder = [Heard(one.at + 31 * DAY, f"x{one.author}") for one in calm(0.8, days=20, spread=0, seed=2, others=0)]
    watch = Watch(mixed(shop(0.05), louder))
    watch.play(NIGHT - HOUR, NIGHT + 18 * DAY)
    assert told(watch)[0] == "Open"
    assert watch.open is None


# ── the share ──


def test_a_turn_of_mood_is_found_by_the_share_where_the_count_is_not_exceptional() -> None:
    many = calm(1.0, days=33, spread=1.0, seed=4, others=6.0, memory=0.8)
    before = [one for one in many if one.at < NOON - 6 * HOUR]
    turned = [Heard(NOON - 6 * HOUR + number * 10 * MINUTE, f"n{number}", number % 3 != 0) for number in range(36)]
    watch = Watch(mixed(before, turned))
    watch.look(NOON)
    ((_, turn),) = watch.turns
    assert isinstance(turn, Open)
    assert turn.figures["by"] == "share"
    assert float(str(turn.figures["share"])) > 2 * float(str(turn.figures["usual_share"]))


def test_a_usual_share_of_many_is_no_storm() -> None:
    days = [Day(BEGIN + number * DAY, 100, 25) for number in range(28)]
    share, spread = share_of(days)
    assert share == pytest.approx(0.25 * 1.1, rel=0.05)
    assert share_tail(10, of=40, share=share, spread=spread) > 0.3
    assert share_tail(35, of=40, share=share, spread=spread) < 1e-6


# ── figures and exact tails ──


def test_figures_are_what_people_read() -> None:
    quiet = [one for one in shop(0.03) if not NIGHT - DAY < one.at < NIGHT + DAY]
    angry = burst(4, at=NIGHT, within=30 * MINUTE)
    watch = Watch(mixed(quiet, angry))
    watch.look(angry[-1].at + MINUTE)
    ((_, turn),) = watch.turns
    figures = turn.figures
    hours = figures["hours"]
    assert isinstance(hours, list)
    assert (len(hours), sum(map(int, map(str, hours)))) == (48, 4)
    assert (figures["authors"], figures["mentions"], figures["share"]) == (4, 4, 1.0)
    assert figures["since"] == angry[0].at.isoformat()
    assert isinstance(figures["high"], int)


def test_tails_are_exact() -> None:
    poisson = 1 - exp(-2) * (1 + 2 + 2)
    assert tail(3, mean=2.0, spread=0.0) == pytest.approx(poisson, rel=1e-4)
    assert tail(10, mean=4.0, spread=1.0) == pytest.approx(0.8**10, rel=1e-4)
    binomial = sum(comb(12, n) * 0.3**n * 0.7 ** (12 - n) for n in range(9, 13))
    assert share_tail(9, of=12, share=0.3, spread=1e-6) == pytest.approx(binomial, rel=1e-3)
    assert tail(2000, mean=100.0, spread=0.1) < 1e-40


def test_an_open_storm_stays_untold_within_the_interval() -> None:
    quiet = [one for one in shop(0.03) if not NIGHT - DAY < one.at < NIGHT + DAY]
    angry = burst(5, at=NIGHT, within=30 * MINUTE)
    now = angry[-1].at + 10 * MINUTE
    storm = Storm(
        id=1,
        brand="b",
        opened_at=now,
        told_at=now - 10 * MINUTE,
        figures={"total_authors": 2, "since": angry[0].at.isoformat()},
    )
    history = History(since=BEGIN, complaints=[one for one in quiet if one.at < now - 2 * DAY])
    assert isinstance(decide_storm(history, angry, storm, now), Stay)
    assert isinstance(decide_storm(history, angry, storm, now, repeat=5 * MINUTE), Update)
    assert isinstance(decide_storm(history, angry, storm, now + DAY + 5 * HOUR), Close)
