"""The command `report`: its page, which is meant where nothing else is said, and `report cases`, figures of cases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import app
from monitor.cli.analysis import configured_brands, reading, report
from monitor.cli.common import (
    ConfigOption,
    DatabaseOption,
    JsonOption,
    print_json,
    print_line,
    print_nothing,
    print_table,
)
from monitor.cli.groups import DefaultGroup

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.cases.course import Course
    from monitor.cases.figures import Ended
    from monitor.cases.fixes import Change
    from monitor.cli.casetables import Section
    from monitor.models import Brand
    from monitor.store.casefigures import Row
    from monitor.store.stats import History


class PageGroup(DefaultGroup):
    """`monitor report --week` is `monitor report page --week`."""

    default = "page"


report_app = typer.Typer(cls=PageGroup, help="Write a report as one HTML page; show figures of cases.")
report_app.command("page")(report)
app.add_typer(report_app, name="report")


@report_app.command("cases")
def cases(
    *,
    since: Annotated[str | None, typer.Option(help="From then on: 7d, 2026-01-31. Default: 30 days.")] = None,
    until: Annotated[str | None, typer.Option(help="Before then, written as --since is. Default: now.")] = None,
    brand: Annotated[list[str] | None, typer.Option(help="Only this brand; may be repeated. Default: ours.")] = None,
    issue: Annotated[
        str | None, typer.Option(metavar="NAME", help="Compare this known issue. Default: those with a day of a fix.")
    ] = None,
    fixed: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day of its fix. Default: as the configuration says.")
    ] = None,
    window: Annotated[int, typer.Option(min=1, max=3650, help="Days before and after a fix that are compared.")] = 28,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what became of complaints: coverage, times, fairness, recovery, fixes, cost of amends; times are UTC."""
    from monitor.cli.reporting import as_stored, moment_of
    from monitor.clock import SystemClock
    from monitor.store import stats

    now = SystemClock().now()
    end = moment_of("until", until, now) or now
    begin = moment_of("since", since, now) or end - timedelta(days=30)
    if begin >= end:
        raise typer.BadParameter("--since is before --until")
    day = _day(fixed)
    if day is not None and issue is None:
        raise typer.BadParameter("--fixed goes with --issue")
    configured = configured_brands(config)
    with reading(db) as database:
        known = [row["key"] for row in stats.counts(database, "brand", stats.Scope(doubtful=True))]
        rivals = {one.name for one in configured if one.competitor}
        shown = as_stored(brand or (), known) or tuple(name for name in known if name not in rivals)
        issues = list(_issues(configured, shown, issue=issue, fixed=day))
        sections = _sections(database, begin, end, brands=shown, now=now)
        changes = [_change(database, *one, wanted=window, now=now) for one in issues]
    _show(sections, changes, as_json=as_json, bounds=f"from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}")


def _day(fixed: str | None) -> date | None:
    try:
        return None if fixed is None else date.fromisoformat(fixed)
    except ValueError:
        raise typer.BadParameter(f"--fixed: {fixed!r} is no day; one is written 2026-05-01") from None


def _issues(
    configured: Sequence[Brand], shown: Sequence[str], *, issue: str | None, fixed: date | None
) -> Iterator[tuple[str, str, date]]:
    """Brand, known issue and the day of its fix, as far as they were asked for and are known."""
    ours = [one for one in configured if one.name in shown]
    if issue is None:
        yield from ((one.name, name, day) for one in ours for name, day in one.fixed)
        return
    days = {one.name: dict(one.fixed).get(issue, fixed) for one in ours if issue in dict(one.known_issues)}
    found = {name: fixed or day for name, day in (days or dict.fromkeys(shown, fixed)).items()}
    if any(day is None for day in found.values()):
        raise typer.BadParameter(f"nothing says when {issue!r} was fixed: add --fixed DATE")
    yield from ((name, issue, day) for name, day in found.items() if day is not None)


def _sections(
    database: History, since: datetime, until: datetime, *, brands: Sequence[str], now: datetime
) -> list[Section]:
    from monitor.cases import figures
    from monitor.cli import casetables, casetimes
    from monitor.reports.figures import Answered
    from monitor.store import casefigures, stats

    scope = stats.Scope(since=since, until=until, brands=tuple(brands))
    answered = [(by, Answered(**row)) for by in ("month", "type") for row in stats.answers(database, by, scope)]
    courses, tellers = _courses(database, since, until, brands=brands)
    rounds = figures.begun(courses, since, until)
    deciles = figures.Deciles(casefigures.influences(database, since=since, until=until, brands=brands))
    return [
        casetables.coverage(casefigures.endings(database, since=since, until=until, brands=brands)),
        casetables.answers(
            (by, one.key, one.mentions, one.answered, one.median_hours, one.replies) for by, one in answered
        ),
        *casetimes.times(rounds, deciles),
        casetables.recovery(list(_ended(database, courses, tellers, since=since, until=until)), now),
        casetables.costs(courses, since, until),
        casetables.outcomes(courses, since, until),
        casetables.hops(rounds),
        *casetables.done(courses, since, until),
    ]


def _courses(
    database: History, since: datetime, until: datetime, *, brands: Sequence[str]
) -> tuple[list[Course], dict[int, Row]]:
    """The cases to which something happened, and the post of each that told it first."""
    from monitor.cases.course import CasePosting, course
    from monitor.models import Author
    from monitor.store import casefigures
    from monitor.understanding.authors import author_key

    found = dict(casefigures.events(database, since=since, until=until, brands=brands))
    posts: dict[int, list[CasePosting]] = {}
    tellers: dict[int, Row] = {}
    for row in casefigures.postings(database, found):
        key = author_key(Author(name=row["author"], url=row["url"]), row["source"])
        tellers.setdefault(row["case_id"], {**row, "key": key})
        posting = CasePosting(
            post_id=row["post_id"],
            at=row["at"],
            source=row["source"],
            keys=frozenset() if key is None else frozenset(filter(None, (key.key, key.link))),
            influence=row["influence"],
        )
        posts.setdefault(row["case_id"], []).append(posting)
    return [course(case_id, events, posts.get(case_id, ())) for case_id, events in found.items()], tellers


def _ended(
    database: History, courses: Sequence[Course], tellers: dict[int, Row], *, since: datetime, until: datetime
) -> Iterator[Ended]:
    """The first close in the time of each case, with what its author said afterwards."""
    from monitor.cases.figures import LATER, Ended
    from monitor.models import EventKind, Label
    from monitor.store import casefigures
    from monitor.store.authors import Known

    for one in courses:
        closes = [event.at for event in one.events if event.kind is EventKind.CLOSED and since <= event.at < until]
        if not closes:
            continue
        teller = tellers.get(one.case.id)
        if teller is None or teller["key"] is None:
            yield Ended(closed_at=closes[0], later=None)
            continue
        key = teller["key"]
        known = Known(
            name=teller["author"] if key.key != key.link else None,
            source=None if key.distinctive else teller["source"],
            link=teller["url"] if key.link else None,
        )
        said = casefigures.later(database, known, brand=one.case.brand, after=closes[0], until=closes[0] + LATER)
        yield Ended(closed_at=closes[0], later=[(at, Label(sentiment)) for at, sentiment in said])


def _change(database: History, brand: str, issue: str, fixed: date, *, wanted: int, now: datetime) -> Change:
    from monitor.cases.fixes import Change, window
    from monitor.store import casefigures, stats

    begun = stats.watched_since(database)
    # What was published before is known by what is left of it, and the day on which it began was not whole.
    first = None if begun is None else begun.date() + timedelta(days=1)
    found = window(fixed, wanted=wanted, first=first, today=now.astimezone(UTC).date())
    sides = ((found.before, found.fixed), (found.fixed, found.after))
    complaints = [casefigures.complaints(database, issue, brand=brand, since=a, until=b) for a, b in sides]
    mentions = [_mentions(database, brand, since=a, until=b) for a, b in sides]
    return Change(
        brand=brand,
        issue=issue,
        window=found,
        complaints=(complaints[0], complaints[1]),
        mentions=(mentions[0], mentions[1]),
    )


def _mentions(database: History, brand: str, *, since: date, until: date) -> int:
    from monitor.reports.figures import midnight
    from monitor.store import stats

    scope = stats.Scope(since=midnight(since), until=midnight(until), brands=(brand,))
    return sum(int(row["mentions"]) for row in stats.counts(database, "", scope))


def _show(sections: Sequence[Section], changes: Sequence[Change], *, as_json: bool, bounds: str) -> None:
    from monitor.cli import casetables

    shown = [*sections, casetables.fixes(changes)]
    if not any(section.rows for section in shown):
        print_nothing(f"no mention and no case {bounds}")
    for section in shown:
        if as_json:
            for row in section.objects():
                print_json(row)
            continue
        print_line(section.title)
        if section.rows:
            print_table(tuple(section.columns.values()), section.cells())
        else:
            print_line("  nothing in this time")
        for note in section.notes if section.rows else ():
            print_line(f"  {note}")
        print_line()
    if not as_json:
        print_line(f"{bounds}; times are UTC; doubtful mentions are left out; in brackets the 95 % interval")
