"""Calm and stormy weeks of a brand, made by chance, and the rule for storms played over them."""

from __future__ import annotations

import math
import random
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from monitor.alerting.storms import Close, History, Open, Update, decide_storm
from monitor.alerting.usual import Day, Heard
from monitor.models import Storm

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def calm(rate: float, *, days: int, spread: float, seed: int, memory: float = 0.0, others: float = 2.0) -> list[Heard]:
    """Weeks without a storm: `rate` complaints an hour, more by day and on weekdays, `others` times as many mentions.

    Each hour has a mood that both share, of variance `spread`; with `memory` the next hour has a part of it. Every
    tenth mention is of one of twenty who write often.
    """
    chance = random.Random(seed)
    heard: list[Heard] = []
    mood = chance.gauss(0, 1)
    for hour in range(days * 24):
        busy = (1 + 0.7 * math.sin((hour % 24 - 9) / 12 * math.pi)) * (0.65 if hour // 24 % 7 >= 5 else 1.14)
        if memory:
            mood = memory * mood + math.sqrt(1 - memory**2) * chance.gauss(0, 1)
            width = math.log1p(spread)
            level = math.exp(math.sqrt(width) * mood - width / 2)
        else:
            level = chance.gammavariate(1 / spread, spread) if spread else 1.0
        for is_negative, times in ((True, 1.0), (False, others)):
            for _ in range(_poisson(chance, rate * times * busy * level)):
                author = f"often{chance.randrange(20)}" if chance.random() < 0.1 else f"u{chance.getrandbits(60)}"
                heard.append(Heard(BEGIN + (hour + chance.random()) * HOUR, author, is_negative))
    return sorted(heard, key=attrgetter("at"))


def _poisson(chance: random.Random, mean: float) -> int:
    count, left = 0, chance.expovariate(1.0)
    while left < mean:
        count, left = count + 1, left + chance.expovariate(1.0)
    return count


def burst(count: int, *, at: datetime, within: timedelta, seed: int = 0) -> list[Heard]:
    """So many complaints, each of another author, spread by chance."""
    chance = random.Random(seed)
    return sorted(Heard(at + chance.random() * within, f"angry{number}") for number in range(count))


def mixed(*parts: Sequence[Heard]) -> list[Heard]:
    """All of it in its order."""
    return sorted((one for part in parts for one in part), key=attrgetter("at"))


class Watch:
    """The rule at work: what it said of a history so far, as (moment, turn); `storms` are those that are over."""

    def __init__(self, heard: Sequence[Heard], *, since: datetime = BEGIN) -> None:
        self.heard, self.since = heard, since
        self._complaints = [one for one in heard if one.is_negative]
        self.turns: list[tuple[datetime, Open | Update | Close]] = []
        self.storms: list[tuple[datetime, datetime]] = []
        self.open: Storm | None = None
        self._days = self._by_day()

    def _by_day(self) -> list[Day]:
        days: dict[datetime, list[int]] = {}
        for one in self.heard:
            counts = days.setdefault(one.at.replace(hour=0, minute=0, second=0, microsecond=0), [0, 0])
            counts[0] += 1
            counts[1] += one.is_negative
        return [Day(at, mentions, negative) for at, (mentions, negative) in sorted(days.items())]

    def look(self, now: datetime) -> None:
        """Decide at that moment."""
        at = attrgetter("at")
        recent = self.heard[bisect_left(self.heard, now - 2 * DAY, key=at) : bisect_right(self.heard, now, key=at)]
        first = bisect_left(self._complaints, now - 31 * DAY, key=at)
        history = History(
            since=self.since,
            complaints=self._complaints[first : bisect_left(self._complaints, now - 2 * DAY, key=at)],
            days=[day for day in self._days if now - 30 * DAY <= day.at < now - 2 * DAY],
            storms=[storm for storm in self.storms if storm[1] > now - 31 * DAY],
        )
        turn = decide_storm(history, recent, self.open, now)
        if isinstance(turn, Open):
            self.turns.append((now, turn))
            self.open = Storm(id=1, brand="b", opened_at=now, told_at=now, figures=turn.figures)
        elif isinstance(turn, Update) and self.open is not None:
            self.turns.append((now, turn))
            self.open = Storm(id=1, brand="b", opened_at=self.open.opened_at, told_at=now, figures=turn.figures)
        elif isinstance(turn, Close):
            self.turns.append((now, turn))
            self.storms.append((datetime.fromisoformat(str(turn.figures["since"])), now))
            self.open = None

    def play(self, begin: datetime, end: datetime) -> None:
        """Decide whenever somebody complains, and each half hour while a storm is open."""
        for one in self._complaints:
            if begin <= one.at < end:
                while self.open is not None and (last := self._last) + HOUR / 2 < one.at:
                    self._last = last + HOUR / 2
                    self.look(self._last)
                self._last = one.at
                self.look(one.at)
        while self.open is not None and self._last < end:
            self._last += HOUR / 2
            self.look(self._last)

    _last = BEGIN

    @property
    def episodes(self) -> list[datetime]:
        """When storms opened that did not go on from an earlier one."""
        return [at for at, turn in self.turns if isinstance(turn, Open) and not turn.again]
