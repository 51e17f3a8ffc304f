"""What `monitor report` gathers: the days that were asked for, and everything that is shown of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from monitor.errors import InputError
from monitor.query.values import Unfit, timed
from monitor.reports import figures
from monitor.reports.figures import EARLIEST, LATEST, Period, midnight, month_period, week_period
from monitor.store import stats as store
from monitor.text import fold

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.store.stats import History


def gather(
    database: History, period: Period, *, brands: Sequence[str], rivals: Sequence[str], now: datetime
) -> figures.Report:
    """What the report shows, read from the database."""
    everyone = store.Scope(since=period.since, until=period.until)
    known = [row["key"] for row in store.counts(database, "brand", store.Scope(doubtful=True))]
    shown = as_stored(brands, known) or tuple(name for name in known if name not in rivals)
    ours = store.Scope(since=period.since, until=period.until, brands=shown)
    voices = figures.voices((figures.Count(**row) for row in store.counts(database, "brand", everyone)), rivals)
    earlier, watched_since = period.previous(), store.watched_since(database)
    before = answers_before = share_before = None
    if period.until <= now and watched_since is not None and watched_since <= earlier.since:
        former = store.Scope(since=earlier.since, until=earlier.until, brands=shown)
        before = figures.total(figures.Count(**row) for row in store.counts(database, "", former))
        answers_before = figures.total_answered(
            figures.Answered(**row) for row in store.answers(database, "type", former)
        )
        all_before = store.counts(database, "brand", store.Scope(since=earlier.since, until=earlier.until))
        said = figures.voices((figures.Count(**row) for row in all_before), rivals)
        share_before = sum(voice.share for voice in said if not voice.competitor) if said else None
    sources = [figures.Count(**row) for row in store.counts(database, "source", ours)]
    return figures.Report(
        period=period,
        made_at=now,
        brands=shown,
        days=figures.every_day(period, [figures.Count(**row) for row in store.counts(database, "day", ours)]),
        before=before,
        voices=voices,
        share_before=share_before,
        sources=sorted(sources, key=lambda count: (-count.mentions, count.key))[:10],
        authors=store.authors(database, ours, limit=10),
        gravest=store.gravest(database, ours, limit=10),
        answers=[figures.Answered(**row) for row in store.answers(database, "type", ours)],
        answers_before=answers_before,
        coverage=store.coverage(database),
        gaps=store.gaps(database, since=period.since, until=period.until),
        watched_since=watched_since,
    )


def as_stored(asked: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Brands as the database spells them, whatever their case. Raises InputError for one that it does not know."""
    spellings = {fold(name): name for name in known}
    if unknown := [name for name in asked if fold(name) not in spellings]:
        raise InputError(f"no mention of {unknown[0]!r} is stored; brands are {', '.join(known) or 'none yet'}")
    return tuple(spellings[fold(name)] for name in asked)


def named_period(
    which: str | None, *, week: bool, month: bool, since: str | None, until: str | None, now: datetime
) -> Period:
    """The days that were asked for. Raises what typer shows as wrong usage."""
    if which is not None:
        if (week and month) or since or until:
            raise typer.BadParameter("name a week, a month, or days with --since and --until")
        try:
            return week_period(which) if week or (not month and "W" in which) else month_period(which)
        except InputError as error:
            raise typer.BadParameter(str(error)) from None
    if week + month + (since is not None) != 1:
        raise typer.BadParameter("name one: --week, --month, or --since with or without --until")
    if week:
        return week_period(f"{now - timedelta(days=7):%G-W%V}")
    if month:
        return month_period(f"{now.replace(day=1) - timedelta(days=1):%Y-%m}")
    begin, end = (moment_of(name, value, now) for name, value in (("since", since), ("until", until)))
    first, last = midnight((begin or now).date()), midnight((end or now).date())
    if first >= last:
        raise typer.BadParameter("--since is a day before --until; today is not over yet and not a day of a report")
    if first < EARLIEST or last > LATEST:
        raise typer.BadParameter(f"a report is of days from {EARLIEST.year} to {LATEST.year}")
    return Period(since=first, until=last)


def moment_of(option: str, value: str | None, now: datetime) -> datetime | None:
    """A time as the filter language writes it. Raises what typer shows as wrong usage."""
    if value is None:
        return None
    try:
        moment = timed(option, value).moment
    except Unfit as error:
        raise typer.BadParameter(f"--{option}: {error}") from None
    return now - moment if isinstance(moment, timedelta) else moment
