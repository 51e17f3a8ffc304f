"""The command `sources`: how each stands (`show`, which needs not be said), and `add` for new ones."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.cli import app
from monitor.cli.common import (
    AllowOption,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    found_config,
    print_json,
    print_line,
    print_nothing,
    print_table,
    reader,
    short_time,
    stored_hosts,
)
from monitor.cli.groups import DefaultGroup

sources_app = typer.Typer(cls=DefaultGroup, help="Health, delay and gaps of every source; add new ones.")
app.add_typer(sources_app, name="sources")


@sources_app.command("show")
def show(
    name: Annotated[str | None, typer.Argument(help="Only this one, with the gaps in its coverage.")] = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every source: health, last success, next poll, expected delay, gaps in its coverage, what is wrong."""
    store = reader(db)
    rows = [row for row in store.sources() if name in (None, row["name"])]
    if not rows and name is not None:
        print_nothing(f"there is no source {name!r}")
    if not rows:
        print_nothing("no source yet; `monitor run` or `monitor poll NAME` takes them from the configuration")
    if as_json:
        for row in rows:
            print_json(row if name is None else {**row, "coverage_gaps": store.gaps(name)})
        return
    print_table(
        ("source", "health", "posts", "succeeded", "next poll", "delay", "gaps", "error"),
        (
            (
                *(row[field] for field in ("name", "health", "posts")),
                short_time(row["last_success_at"]),
                short_time(_next_poll(row)),
                _minutes(row["delay_minutes"]),
                row["gaps"] or "",
                row["error"],
            )
            for row in rows
        ),
    )
    if (since := store.network_lost_since()) is not None:
        print_line(f"the network is lost: no source has answered since {short_time(since)}")
    for gap in store.gaps(name) if name is not None else ():
        print_line("not covered: {from_at} to {to_at} ({minutes} min): {reason}".format(**gap))


def _minutes(minutes: object) -> str:
    """A duration in the unit that reads best."""
    value = float(str(minutes))
    return f"{value * 60:.0f}s" if value < 1 else f"{value:.0f}m" if value < 120 else f"{value / 60:.0f}h"


def _next_poll(row: dict[str, object]) -> str:
    return max(str(row["next_at"]), str(row["retry_at"] or ""))


@sources_app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Address of a page, forum, blog, channel or feed.")],
    *,
    name: Annotated[str | None, typer.Option(help="What the source is called. Default: from its host.")] = None,
    pick: Annotated[
        list[int] | None, typer.Option(min=1, help="Number of an entry that `discover` shows; may repeat. Default: 1.")
    ] = None,
    allow: AllowOption = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
) -> None:
    """Find out how an address is watched, as `discover` does, and add the best entry to the configuration."""
    import os

    from monitor.cli.discovering import discovered, explain
    from monitor.config import load
    from monitor.config.editing import append_source, spell_entry
    from monitor.errors import InputError

    path = found_config(config)
    before = load(path, environ=os.environ)
    picked = pick or [1]
    if name is not None and len(picked) > 1:
        raise typer.BadParameter("--name goes with one entry")
    found = discovered(url, allow=allow, config=before, hosts=stored_hosts(db))
    if not found.offered or (pick is None and not found.offered[0].works):
        explain(found)
        print_nothing(f"nothing that works was found at {url}; nothing was added")
    if max(picked) > len(found.offered):
        raise InputError(f"{len(found.offered)} entries were found; there is no number {max(picked)}")
    taken = {source.name for source in before.sources}
    for number in dict.fromkeys(picked):
        trial = found.offered[number - 1]
        entry = {**trial.proposal.entry, "name": name or _free(str(trial.proposal.entry["name"]), taken)}
        source = append_source(path, entry, environ=os.environ)
        taken.add(source.name)
        print_line(f"{path}: added {source.name} ({trial.proposal.why}; {trial.number} posts were shown)")
        for line in spell_entry(entry).splitlines():
            print_line(line)


def _free(name: str, taken: set[str]) -> str:
    """The name, numbered where it is taken."""
    numbered = (name if number == 1 else f"{name}-{number}" for number in range(1, len(taken) + 2))
    return next(one for one in numbered if one not in taken)
