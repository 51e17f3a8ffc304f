"""The observer: says from the evidence of a run whether the monitor kept its promises; shares no code with it."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tests.sim.evidence import EPOCH, Case, key_of, read

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from tests.sim.evidence import Watched

GAP: Final = timedelta(seconds=2)  # between two requests to one host, as the simulated installation has it
SECOND_LOOK: Final = timedelta(seconds=55)  # no source is visited twice within it
BACKOFF: Final = timedelta(hours=6)
SLACK: Final = timedelta(minutes=30)  # a visit, its lease and a look at what is due
PRECISION: Final = timedelta(seconds=61)  # dates of pages for people are given to the minute
LAYOUT_POLLS: Final = 3


def judge(log: Path, database: Path) -> list[str]:
    """Everything that went wrong, one line each; empty when all promises were kept."""
    case = read(log, database)
    pages = (_broken, _posts, _layout, _false_stale, _removed, _needless_gaps)
    rest = (_retry_after, _politeness, _starving, _network, _deliveries)
    return [problem for check in (*pages, *rest) for problem in check(case)]


def _broken(case: Case) -> Iterator[str]:
    for line in case.broken:
        yield f"internal error at {line['at']}: {line['words']}: {line['error'].strip()}"


def _posts(case: Case) -> Iterator[str]:
    """Every post that could be served is stored exactly once, or lies within a recorded gap."""
    stored: dict[str, list[sqlite3.Row]] = defaultdict(list)
    for row in case.rows["posts"]:
        if (key := key_of(row)) is not None:
            stored[key].append(row)
    for key, rows in stored.items():
        if len(rows) > 1:
            where = ", ".join(
                f"{row['source']} {row['native_id'] or row['url']} at {row['discovered_at']}" for row in rows
            )
            yield f"duplicate: {key} is stored {len(rows)} times: {where}"
    mentioned = {row["post_id"] for row in case.rows["alerts"] for row in _mentions_of(case, row)}
    baselines = {row["name"]: row["baseline_at"] for row in case.rows["sources"]}
    for source in case.sources.values():
        honest, baseline = source.honest, baselines.get(source.name)
        if not honest:
            continue
        if baseline is None or case.true(baseline) > honest[0] + timedelta(days=1):
            yield f"never begun: {source.name} answered well at {honest[0]}, its baseline is {baseline}"
            continue
        yield from _owed(case, source, stored, mentioned, since=case.true(baseline))


def _mentions_of(case: Case, alert: sqlite3.Row) -> list[sqlite3.Row]:
    by_id = case.rows.setdefault("by_id", [])
    if not by_id:
        by_id.extend(sorted(case.rows["mentions"], key=lambda row: row["id"]))
    place = bisect_left(by_id, alert["mention_id"] or -1, key=lambda row: row["id"])
    return by_id[place : place + 1] if place < len(by_id) and by_id[place]["id"] == alert["mention_id"] else []


def _owed(
    case: Case, source: Watched, stored: dict[str, list[sqlite3.Row]], alerted: set[int], *, since: datetime
) -> Iterator[str]:
    honest = source.honest
    gaps = [row for row in case.rows["gaps"] if row["source"] == source.name]
    for key, post in source.posts.items():
        at = datetime.fromisoformat(post["when"])
        following = bisect_right(honest, at + timedelta(seconds=1))
        if at <= since or following == len(honest):
            continue
        seen_at = honest[following]
        if post["gone"] is not None and datetime.fromisoformat(post["gone"]) <= seen_at:
            continue  # nobody could have seen it
        if seen_at + SLACK > case.ends:
            continue  # the visit may still be under way
        if key in stored:
            own = {row["id"] for row in stored[key] if row["source"] == source.name}
            if post["bad"] and own and not own & alerted and not post["edits"]:
                yield f"no alert: {key} of {source.name}, published {at}, names the brand badly"
        elif not any(_covers(case, gap, at) for gap in gaps):
            yield f"missed: {key} of {source.name}, published {at}, to be seen at {seen_at}: not stored, in no gap"


def _covers(case: Case, gap: sqlite3.Row, at: datetime) -> bool:
    recorded = case.true(gap["recorded_at"])
    since, until = datetime.fromisoformat(gap["from_at"]), datetime.fromisoformat(gap["to_at"])
    slack = case.slack(min(at, recorded) - timedelta(hours=12), recorded + timedelta(hours=3)) + PRECISION
    return since - slack <= at <= until + slack


def _retry_after(case: Case) -> Iterator[str]:
    """No request to a host before the moment that it named was over."""
    for host, requests in case.requests.items():
        until = EPOCH
        for at, line in requests:
            if at < until - timedelta(seconds=1):
                off = f"(clock off {line['off']} h)"
                yield f"early: {host} was asked for {line['url']} at {at}, it wanted peace until {until} {off}"
            if line.get("until"):
                until = max(until, datetime.fromisoformat(line["until"]))


def _politeness(case: Case) -> Iterator[str]:
    """A gap between two requests to one host, and no source visited again at once."""
    for host, requests in case.requests.items():
        for (before, _), (at, line) in itertools.pairwise(requests):
            if at - before < GAP and not _restarted(case, before, at) and not line["off"]:
                yield f"impolite: {host} was asked for {line['url']} at {at}, {at - before} after the request before"
    for source in case.sources.values():
        for before, at in zip(source.asked, source.asked[1:], strict=False):
            if at - before < SECOND_LOOK and not _restarted(case, before, at):
                yield f"hasty: {source.name} was visited at {before} and again at {at}"


def _restarted(case: Case, since: datetime, until: datetime) -> bool:
    place = bisect_left(case.restarts, since)
    return place < len(case.restarts) and case.restarts[place] <= until


def _layout(case: Case) -> Iterator[str]:
    """A page whose selectors no longer match is noticed within three visits."""
    for fault in case.faults:
        source = case.sources.get(fault["where"])
        if fault["name"] != "layout" or source is None:
            continue
        since, until = datetime.fromisoformat(fault["since"]), datetime.fromisoformat(fault["until"])
        seen = [at for at, line in source.visits if since <= at < until and line["status"] == 200]
        if len(seen) < LAYOUT_POLLS or not any(at < since for at in source.honest):
            continue
        latest = seen[LAYOUT_POLLS - 1] + SLACK
        if latest > case.ends:
            continue
        noticed = any(since <= at <= latest and health in ("stale", "blocked") for at, health in source.health)
        noticed |= _health_at(source, since) == "stale"
        noticed |= any(
            row["source"] == source.name and since - SLACK <= case.true(row["opened_at"]) <= latest
            for row in case.rows["alarms"]
        )
        if not noticed:
            yield f"layout: {source.name} changed at {since}, visited {len(seen)} times since, {source.health[-3:]}"


def _health_at(source: Watched, moment: datetime) -> str:
    return next((health for at, health in reversed(source.health) if at <= moment), "ok")


def _false_stale(case: Case) -> Iterator[str]:
    """No source is called stale while its last answer was true and showed posts."""
    for source in case.sources.values():
        moments = [at for at, _ in source.visits]
        for at, health in source.health:
            place = bisect_right(moments, at) - 1
            if health != "stale" or place < 0:
                continue
            last_at, last = source.visits[place]
            if last["honest"] and at - last_at <= SLACK and (last["status"] == 304 or last["shows"]):
                yield f"false stale: {source.name} at {at}, though its answer ({last['status']}) at {last_at} was true"


def _deliveries(case: Case) -> Iterator[str]:
    """Each message arrived exactly once, each alert has a delivery, and nothing that is due is left."""
    delivered = {row["alert_id"] for row in case.rows["deliveries"]}
    for row in case.rows["alerts"]:
        if row["id"] not in delivered:
            yield f"alert {row['id']} ({row['key']}) has no delivery"
    known = {row["id"]: row for row in case.rows["messages"]}
    for identity in case.received.keys() - known.keys():
        yield f"message {identity} arrived and is not in the database"
    for identity, row in known.items():
        count = case.received[identity]
        if row["state"] == "sent" and count != 1:
            yield f"message {identity} is sent and arrived {count} times"
        elif row["state"] == "dead":
            yield f"message {identity} was given up: {row['error']}"
        elif row["state"] == "pending" and (count or case.true(row["next_at"]) < case.ends - SLACK):
            yield f"message {identity} is pending, arrived {count} times, due {row['next_at']}"


def _starving(case: Case) -> Iterator[str]:
    """Every source is visited to the end, whatever happened to it."""
    for source in case.sources.values():
        longest = max(source.every, BACKOFF) * 1.1 + SLACK
        tried = [*source.tried, case.ends]
        if not source.tried:
            yield f"starving: {source.name} was never visited"
        for before, at in itertools.pairwise(tried):
            pause = at - before - _peace(case, source.host, before, at) - 2 * case.slack(before, at)
            if pause > longest:
                yield f"starving: {source.name} was not visited between {before} and {at} (every {source.every})"


def _peace(case: Case, host: str, since: datetime, until: datetime) -> timedelta:
    """How long between two moments the host had asked to be left alone."""
    total, done = timedelta(), since
    named = [asked for name in (host, f"mirror-{host}") for asked in case.requests.get(f"https://{name}", [])]
    for at, line in named:
        if line.get("until") and at < until:
            ends = min(datetime.fromisoformat(line["until"]), until)
            total += max(ends - max(at, done), timedelta())
            done = max(done, ends)
    return total


def _removed(case: Case) -> Iterator[str]:
    """Only what was deleted is marked as removed, and its text stays."""
    gone = {key: post["gone"] for source in case.sources.values() for key, post in source.posts.items()}
    for row in case.rows["posts"]:
        key = key_of(row)
        if row["removed_at"] is None or key is None or key not in gone:
            continue
        if gone[key] is None or datetime.fromisoformat(gone[key]) > case.true(row["removed_at"]) + SLACK:
            yield f"falsely removed: {key} of {row['source']} at {row['removed_at']}, deleted {gone[key]}"
        if not row["text"]:
            yield f"removed without its text: {key}"


def _needless_gaps(case: Case) -> Iterator[str]:
    """A gap that covers everything would excuse everything: none stands where little came and nothing was wrong."""
    for gap in case.rows["gaps"]:
        source = case.sources[gap["source"]]
        since, until = case.true(gap["from_at"]) - SLACK, case.true(gap["recorded_at"]) + SLACK
        came = sum(since <= datetime.fromisoformat(post["when"]) <= until for post in source.posts.values())
        if 2 * came < source.window and not _troubled(case, source, since - timedelta(days=1), until):
            yield f"needless gap: {source.name} {gap['from_at']} to {gap['to_at']}, {came} came ({gap['reason']})"


def _troubled(case: Case, source: Watched, since: datetime, until: datetime) -> bool:
    """Whether anything was wrong at the source, its host or our own machine between two moments."""
    places = {source.name, source.host, "*", "us"}
    return any(
        fault["where"] in places
        and datetime.fromisoformat(fault["since"]) <= until
        and datetime.fromisoformat(fault["until"]) >= since
        for fault in case.faults
    )


def _network(case: Case) -> Iterator[str]:
    """While the whole network is down, no source is told to fail that would not do so by itself."""
    for fault in case.faults:
        if fault["name"] != "outage" or fault["where"] != "*":
            continue
        since, until = datetime.fromisoformat(fault["since"]), datetime.fromisoformat(fault["until"])
        for row in case.rows["alarms"]:
            opened = case.true(row["opened_at"])
            source = case.sources.get(row["source"] or "")
            if source is None or row["kind"] != "failing" or not since <= opened <= until + SLACK:
                continue
            if not _own_trouble(case, source, since - timedelta(days=2), until):
                yield f"one of fifty: {source.name} is told as failing at {opened} while the network was down"


def _own_trouble(case: Case, source: Watched, since: datetime, until: datetime) -> bool:
    others = [fault for fault in case.faults if fault["where"] not in ("*", "us")]
    return _troubled(Case(faults=others), source, since, until)
