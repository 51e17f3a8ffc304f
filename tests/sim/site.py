"""One site of the scripted web: what it publishes, decided beforehand, and what its pages hold at a moment."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

Rhythm = Literal["calm", "steady", "busy", "nights-off", "weekdays"]

BRAND: Final = "Тестомаркет"
_WORDS: Final = (
    "лампа",
    "заказ",
    "доставка",
    "чайник",
    "отзыв",
    "склад",
    "курьер",
    "неделя",
    "магазин",
    "возврат",
    "цена",
    "касса",
    "подарок",
    "коробка",
    "полка",
    "вопрос",
    "kettle",
    "order",
    "shop",
    "week",
    "parcel",
    "price",
    "refund",
    "shelf",
    "lamp",
    "garden",
    "answer",
    "station",
    "window",
    "letter",
    "winter",
    "bridge",
)
_AUTHORS: Final = ("Анна", "Борис", "Vera", "Глеб", "Dora", "Егор", "Frank", "Зоя")
THREAD_LENGTH: Final = 12  # posts after which a thread is closed
OPEN_THREADS: Final = 5  # threads in which somebody still writes


@dataclass(slots=True, kw_only=True)
class Entry:
    """One thing that is published: `key` is in its address and text; `words` are (from when, title, text)."""

    key: str
    at: datetime
    author: str
    words: list[tuple[datetime, str, str]]
    bad: bool = False
    thread: str | None = None
    number: int = 0  # among all that the site ever published
    gone_at: datetime | None = None
    origin: str | None = None  # the address of the post on another site that this one shows too

    def reads(self, now: datetime) -> tuple[str, str]:
        """Title and text at a moment."""
        return next((title, text) for at, title, text in reversed(self.words) if at <= now)


@dataclass(slots=True, kw_only=True)
class Site:
    """A site with one source: `window` posts a page (threads on a list of threads), `paged` ones link to older pages.

    `style` is how it is rendered, `validators` are the headers that it offers, `zone` that of its dates, `robots` says
    whether its source heeds robots.txt.
    """

    name: str
    host: str
    style: str
    rhythm: Rhythm
    rate: float
    window: int
    paged: bool
    every: timedelta
    learns: bool = False
    validators: frozenset[str] = frozenset()
    zone: str = "UTC"
    guids: bool = True
    robots: bool = True
    entries: list[Entry] = field(default_factory=list)
    _moments: list[datetime] = field(default_factory=list)

    @property
    def base(self) -> str:
        """Address of the host, without a slash at the end."""
        return f"https://{self.host}"

    @property
    def path(self) -> str:
        """Path of the source."""
        return f"/{self.name}"

    @property
    def url(self) -> str:
        """Address of the source."""
        return self.base + self.path

    def plan(
        self, dice: random.Random, began: datetime, ends: datetime, *, bursts: Sequence[tuple[datetime, int]]
    ) -> None:
        """Decide what is published, edited and deleted; some of it is older than the month."""
        moments = list(_moments(dice, self.rhythm, self.rate, began - timedelta(days=min(14.0, 10 / self.rate)), ends))
        for start, count in bursts:
            moments += [start + timedelta(seconds=dice.uniform(0, 3600)) for _ in range(count)]
        self.adopt(_entry(dice, f"{self.name}k{number:05d}", at, ends) for number, at in enumerate(sorted(moments)))
        if self.style == "threads":
            self._thread(dice)

    def adopt(self, entries: object) -> None:
        """These are the site's posts from now on, in order of time."""
        self.entries = sorted(entries, key=lambda entry: entry.at)  # type: ignore[call-overload]
        self._moments = [entry.at for entry in self.entries]
        for number, entry in enumerate(self.entries):
            entry.number = number + 1000

    def _thread(self, dice: random.Random) -> None:
        sizes: dict[str, int] = {}
        for number, entry in enumerate(self.entries):
            open_ones = [name for name, size in list(sizes.items())[-OPEN_THREADS:] if size < THREAD_LENGTH]
            entry.thread = dice.choice(open_ones) if open_ones and dice.random() < 0.6 else f"{self.name}/{number:04d}"
            sizes[entry.thread] = sizes.get(entry.thread, 0) + 1
            if sizes[entry.thread] == 1:
                entry.gone_at = None  # a thread whose opening goes is gone as a whole: not simulated

    def shown(self, now: datetime) -> list[Entry]:
        """All that stands on the site now, newest first."""
        until = bisect_right(self._moments, now)
        return [one for one in reversed(self.entries[:until]) if one.gone_at is None or one.gone_at > now]

    def newest(
        self, now: datetime, *, start: int, count: int, without: Sequence[Entry] = ()
    ) -> tuple[list[Entry], bool]:
        """A page of the newest posts from number `start`, not counting `without`, and whether there are older ones."""
        page: list[Entry] = []
        skipped = 0
        for place in range(bisect_right(self._moments, now) - 1, -1, -1):
            entry = self.entries[place]
            if entry in without or (entry.gone_at is not None and entry.gone_at <= now):
                continue
            if skipped < start:
                skipped += 1
            elif len(page) == count:
                return page, True
            else:
                page.append(entry)
        return page, False


def _entry(dice: random.Random, key: str, at: datetime, ends: datetime) -> Entry:
    author, bad = dice.choice(_AUTHORS), dice.random() < 0.04
    title = f"{dice.choice(_WORDS).capitalize()} {dice.choice(_WORDS)} {dice.choice(_WORDS)}"
    said = f"В {BRAND} плохо" if bad else f"{dice.choice(_WORDS)} {dice.choice(_WORDS)}"
    entry = Entry(
        key=key, at=at, author=author, bad=bad, words=[(at, title, f"[{key}] {said}, {dice.choice(_WORDS)}.")]
    )
    fate = dice.random()
    if fate < 0.05:
        _, old, text = entry.words[0]
        changed = (
            (f"{old}, {dice.choice(_WORDS)}", text)
            if dice.random() < 0.5
            else (old, f"{text} UPD {dice.choice(_WORDS)}")
        )
        entry.words.append((at + timedelta(hours=dice.uniform(0.5, 72)), *changed))
    elif fate < 0.08:
        gone = at + timedelta(hours=dice.uniform(0.2, 96))
        entry.gone_at = gone if gone < ends else None
    return entry


def _moments(dice: random.Random, rhythm: Rhythm, rate: float, began: datetime, ends: datetime) -> Sequence[datetime]:
    """Moments of a Poisson process whose rate follows the rhythm; `rate` is the mean of posts in a day."""
    peak = {"nights-off": 24 / 14, "weekdays": 7 / 5}.get(rhythm, 1.0)
    found: list[datetime] = []
    now = began
    while True:
        now += timedelta(days=dice.expovariate(rate * peak))
        if now >= ends:
            return found
        if rhythm == "nights-off" and not 7 <= now.hour < 21:
            continue
        if rhythm == "weekdays" and now.weekday() >= 5:
            continue
        found.append(now.replace(microsecond=0))
