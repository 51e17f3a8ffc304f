"""Figures of cases, worked out from rows and courses that were read elsewhere; docs/cases-figures.md defines each.

Nothing here reads the store or a clock. A figure that rests on few cases says on how many, and where chance could have
made it, it says that no difference can be told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import accumulate, product
from math import ceil
from statistics import median
from typing import TYPE_CHECKING, Final, TypeAlias

from monitor.cases.course import Kept, Span
from monitor.cases.intervals import Estimate, rank_correlation, share
from monitor.models import CaseClock, DeadlineKind, EventKind, Label, Outcome, Reached

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from monitor.cases.course import Course, Round
    from monitor.models import CaseEvent

ENOUGH: Final = 20
"""From so many cases on a difference between authors is spoken of."""
LATER: Final = timedelta(days=90)
"""For so long after a close the author's posts say how they took it."""
ENDINGS: Final = ("answered", "offline", "silent", "open")

_DECILES: Final = 10
_ENDS: Final = 3  # deciles at each end that are compared

Began: TypeAlias = "tuple[Course, Round]"


# ── 1 the coverage ledger ──


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """How the relevant negative mentions of a brand and month ended; `reasons` are those of silence, by number."""

    brand: str
    month: str
    ends: Mapping[str, int]
    reasons: Sequence[tuple[str, int]] = ()

    @property
    def mentions(self) -> int:
        """All of them."""
        return sum(self.ends.values())

    @property
    def covered(self) -> Estimate | None:
        """The part that did not stay open."""
        return share(self.mentions - self.ends["open"], self.mentions)


def ledgers(rows: Iterable[Mapping[str, object]]) -> list[Ledger]:
    """By brand and month, from rows with the keys brand, month, ending, reason and mentions."""
    ends: dict[tuple[str, str], Counter[str]] = defaultdict(lambda: Counter(dict.fromkeys(ENDINGS, 0)))
    reasons: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        key, number = (str(row["brand"]), str(row["month"])), int(str(row["mentions"]))
        ends[key][str(row["ending"])] += number
        if row["ending"] == "silent":
            reasons[key][str(row["reason"] or "")] += number
    return [
        Ledger(brand=key[0], month=key[1], ends=dict(ends[key]), reasons=_ranked(reasons[key])) for key in sorted(ends)
    ]


def _ranked(counted: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


# ── 3 times, and whether they are the same for all ──


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long rounds of cases took by one clock, in hours; the deadline's numbers are 0 where it has none."""

    span: Span
    clock: CaseClock
    hours: Sequence[float] = ()
    kept: Mapping[Kept, int] = field(default_factory=dict)

    @property
    def median(self) -> float | None:
        """Half took no longer; None where nothing is done."""
        return median(self.hours) if self.hours else None

    @property
    def p90(self) -> float | None:
        """The shortest time that nine in ten did not exceed."""
        return sorted(self.hours)[ceil(0.9 * len(self.hours)) - 1] if self.hours else None

    @property
    def in_time(self) -> Estimate | None:
        """Deadlines that were met, of those met or breached."""
        met = self.kept.get(Kept.MET, 0)
        return share(met, met + self.kept.get(Kept.BREACHED, 0))


class Deciles:
    """Where an influence stands among the mentions of its brand: 1 the least tenth, 10 the most influential."""

    def __init__(self, rows: Iterable[Mapping[str, object]]) -> None:
        """From rows with the keys brand, influence and mentions."""
        counted: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for row in rows:
            counted[str(row["brand"])].append((int(str(row["influence"])), int(str(row["mentions"]))))
        self._below: dict[str, dict[int, float]] = {}
        for brand, pairs in counted.items():
            pairs.sort()
            total = sum(number for _, number in pairs)
            upto = accumulate(number for _, number in pairs)
            self._below[brand] = {
                value: (through - number / 2) / total for (value, number), through in zip(pairs, upto, strict=True)
            }

    def of(self, brand: str, influence: int | None) -> int | None:
        """The decile, those of the same influence at the middle of theirs; None where nothing compares."""
        known = self._below.get(brand)
        if influence is None or not known:
            return None
        nearest = max((value for value in known if value <= influence), default=min(known))
        return min(_DECILES, int(known[nearest] * _DECILES) + 1)


def begun(courses: Iterable[Course], since: datetime, until: datetime) -> list[Began]:
    """The rounds that began in [since, until), each with its case; those of merged cases count where they went."""
    return [
        (one, turn) for one in courses if not one.is_merged for turn in one.rounds if since <= turn.begun_at < until
    ]


def times(rounds: Iterable[Began], keys: Callable[[Course], Iterable[str]]) -> dict[str, list[Times]]:
    """Times by what `keys` says of a case, which may be several: each span and clock, in the order of the keys."""
    by_key: dict[str, list[Round]] = defaultdict(list)
    for one, turn in rounds:
        for key in keys(one):
            by_key[key].append(turn)
    return {
        key: [_times(by_key[key], span, clock) for span, clock in product(Span, CaseClock)] for key in sorted(by_key)
    }


def _times(rounds: Sequence[Round], span: Span, clock: CaseClock) -> Times:
    taken = (turn.hours(span, clock) for turn in rounds)
    kept = Counter(kept for turn in rounds if (kept := turn.kept(span, clock)) is not None)
    return Times(span=span, clock=clock, hours=[hours for hours in taken if hours is not None], kept=kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """Whether time depends on influence: Spearman's correlation, and the medians of both ends in hours."""

    span: Span
    cases: int
    correlation: Estimate | None
    least: Sequence[float]
    most: Sequence[float]

    @property
    def ratio(self) -> float | None:
        """Median of the three upper deciles by that of the three lower ones; None where it cannot be told."""
        if not self.least or not self.most or not median(self.least):
            return None
        return median(self.most) / median(self.least)

    @property
    def finding(self) -> str:
        """What that says, in a sentence."""
        if self.cases < ENOUGH:
            return f"too few cases to tell whether influence matters: {self.cases}, {ENOUGH} are needed"
        if self.correlation is None:
            return "all are of the same influence, or took the same time: there is nothing to compare"
        if self.correlation.holds(0):
            return "no difference by influence can be told"
        sooner = "sooner" if self.correlation.value < 0 else "later"
        return f"the more influential the author, the {sooner} this happens"


def fairness(rounds: Iterable[Began], deciles: Deciles, span: Span) -> Fairness:
    """Of rounds that came so far, by the clock of detection, which is the one that staff can answer for."""
    found: list[tuple[int, int, float]] = []
    for one, turn in rounds:
        influence = one.first.influence if one.first else None
        decile, hours = deciles.of(one.case.brand, influence), turn.hours(span, CaseClock.FOUND)
        if influence is not None and decile is not None and hours is not None:
            found.append((decile, influence, hours))
    return Fairness(
        span=span,
        cases=len(found),
        correlation=rank_correlation([(decile, hours) for decile, _, hours in found]),
        least=[hours for decile, _, hours in found if decile <= _ENDS],
        most=[hours for decile, _, hours in found if decile > _DECILES - _ENDS],
    )


# ── 4 recovery ──


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How authors of closed cases last spoke of the brand; `waiting` wrote nothing, and may yet."""

    last: Mapping[Label, int]
    silent: int
    waiting: int
    nameless: int
    posts: Mapping[Label, int]

    @property
    def recovered(self) -> Estimate | None:
        """Those whose last word praises, of those who wrote again."""
        return share(self.last[Label.POSITIVE], sum(self.last.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The first close of a case in the time, and what its author said of the brand afterwards, in order of time.

    `later` is None where the author is not known by anything.
    """

    closed_at: datetime
    later: Sequence[tuple[datetime, Label]] | None


def recovery(ended: Iterable[Ended], now: datetime) -> Recovery:
    """From the closes of a time; what was said later than `LATER` after one does not count."""
    last: Counter[Label] = Counter(dict.fromkeys(Label, 0))
    posts: Counter[Label] = Counter(dict.fromkeys(Label, 0))
    silent = waiting = nameless = 0
    for one in ended:
        if one.later is None:
            nameless += 1
            continue
        said = [label for at, label in one.later if one.closed_at < at <= one.closed_at + LATER]
        posts.update(said)
        if said:
            last[said[-1]] += 1
        elif now < one.closed_at + LATER:
            waiting += 1
        else:
            silent += 1
    return Recovery(last=dict(last), silent=silent, waiting=waiting, nameless=nameless, posts=dict(posts))


# ── 6 the cost of amends ──


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Compensations of one class ("" for all), kind and currency; some have no value."""

    class_: str
    what: str
    currency: str
    number: int
    values: Sequence[Decimal]

    @property
    def mean(self) -> Decimal | None:
        """Of those that have a value."""
        return sum(self.values, Decimal()) / len(self.values) if self.values else None


def costs(courses: Iterable[Course], since: datetime, until: datetime) -> list[Cost]:
    """Of compensations given in [since, until): all by kind first, then by class; a case of several counts in each."""
    found: dict[tuple[str, str, str], list[Decimal | None]] = defaultdict(list)
    for one in courses:
        for event in _within(one, EventKind.COMPENSATED, since, until):
            what, currency = str(event.body.get("what") or ""), str(event.body.get("currency") or "")
            for class_ in ("", *one.case.classes):
                found[class_, what, currency].append(_amount(event.body.get("value")))
    return [
        Cost(
            class_=key[0], what=key[1], currency=key[2], number=len(values), values=[v for v in values if v is not None]
        )
        for key, values in sorted(found.items())
    ]


def _amount(value: object) -> Decimal | None:
    try:
        amount = None if value is None or isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() else None


# ── 7 what became of it ──


@dataclass(frozen=True, slots=True, kw_only=True)
class Hops:
    """Of cases whose acknowledgement was late, or was not: how many authors wrote at another source too.

    `afterwards` did so only after the deadline was missed; 0 where it was not.
    """

    missed: bool
    cases: int
    hopped: int
    afterwards: int

    @property
    def part(self) -> Estimate | None:
        """Of all cases."""
        return share(self.hopped, self.cases)


def hops(rounds: Iterable[Began]) -> tuple[Hops, Hops]:
    """Missed and met; a deadline by either clock counts as missed, for the customer knows no clocks."""
    cases: dict[int, Course] = {}
    missed: dict[int, datetime] = {}
    for one, turn in rounds:
        cases[one.case.id] = one
        if due := [due_at for (kind, _), due_at in turn.late.items() if kind is DeadlineKind.ACKNOWLEDGE]:
            missed[one.case.id] = min([*due, missed.get(one.case.id, due[0])])
    late = [(one.hopped_at, missed[number]) for number, one in cases.items() if number in missed]
    others = [one.hopped_at for number, one in cases.items() if number not in missed]
    return (
        Hops(
            missed=True,
            cases=len(late),
            hopped=sum(at is not None for at, _ in late),
            afterwards=sum(at is not None and at > due_at for at, due_at in late),
        ),
        Hops(missed=False, cases=len(others), hopped=sum(at is not None for at in others), afterwards=0),
    )


def outcomes(courses: Iterable[Course], since: datetime, until: datetime) -> dict[Outcome, int]:
    """How customers went on, of cases closed in [since, until), each close for itself."""
    closed = (event for one in courses for event in _within(one, EventKind.CLOSED, since, until))
    counted = Counter(Outcome(str(event.body.get("outcome", Outcome.UNKNOWN.value))) for event in closed)
    return {outcome: counted[outcome] for outcome in Outcome}


def attempts(courses: Iterable[Course], since: datetime, until: datetime) -> dict[str, dict[Reached, int]]:
    """Attempts to speak to the customer by channel, and how they ended."""
    found: dict[str, Counter[Reached]] = defaultdict(Counter)
    for one in courses:
        for event in _within(one, EventKind.ATTEMPT, since, until):
            found[str(event.body.get("channel") or "")][Reached(str(event.body.get("outcome")))] += 1
    return {channel: {reached: found[channel][reached] for reached in Reached} for channel in sorted(found)}


def tally(
    courses: Iterable[Course], kind: EventKind, keys: Collection[str], *, since: datetime, until: datetime
) -> list[tuple[tuple[str, ...], int]]:
    """Events of a kind in [since, until) by what their bodies say under `keys`, or who they are of (`person`)."""
    counted: Counter[tuple[str, ...]] = Counter()
    for one in courses:
        for event in _within(one, kind, since, until):
            counted[tuple(event.person if key == "person" else str(event.body.get(key) or "") for key in keys)] += 1
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def _within(one: Course, kind: EventKind, since: datetime, until: datetime) -> Iterator[CaseEvent]:
    return (event for event in one.events if event.kind is kind and since <= event.at < until)
