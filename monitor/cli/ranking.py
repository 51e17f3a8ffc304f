"""The command that takes over a list of domains by rank, for the influence of places that no list of ours knows."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from monitor.cli import app
from monitor.cli.common import ConfigOption, DatabaseOption, JsonOption, print_json, print_line, progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.models import JSON

TOGETHER = (
    3000  # domains that are sent to the daemon at once: each has up to 253 characters, a message up to a megabyte
)
_LONGEST = 253


@app.command("domain-ranks")
def domain_ranks(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Lines `rank,domain`, as the Tranco list has them.")],
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take over the ranks of domains from a list; those of before go. They weigh places that nothing else weighs."""
    import asyncio

    given = sum(1 for _ in _ranks(file))  # the whole file is good before anything of the former list goes
    known = asyncio.run(_send(file, given, config=config, db=db))
    if as_json:
        print_json({"file": str(file), "given": given, "known": known})
    else:
        print_line(f"{file}: {given} ranks taken over, {known} domains have one now")


async def _send(file: Path, given: int, *, config: Path | None, db: Path | None) -> int:
    from monitor.cli.acting import doing

    known, first, ranks = 0, True, _ranks(file)
    async with doing(config=config, db=db, workers=1) as do:
        with progress("domains", given) as advance:
            while batch := cast("list[JSON]", list(islice(ranks, TOGETHER))):
                known = int(await do("rank_domains", ranks=batch, first=first))
                first = False
                advance(len(batch))
    return known


def _ranks(file: Path) -> Iterator[list[JSON]]:
    """Domain and rank of each line. Raises InputError that names the line, or says that there are none."""
    from monitor.errors import InputError

    line = 0
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for line, row in enumerate(csv.reader(lines), start=1):
                if not row:
                    continue
                rank, domain = (row[0].strip(), row[1].strip()) if len(row) == 2 else ("", "")
                if not rank.isdecimal() or not 0 < len(domain) <= _LONGEST or int(rank) < 1:
                    raise InputError(f"{file}:{line}: is no `rank,domain`, such as `1,example.org`")
                yield [domain, int(rank)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file}: cannot be read: {error}") from None
    if not line:
        raise InputError(f"{file}: holds no ranks")
