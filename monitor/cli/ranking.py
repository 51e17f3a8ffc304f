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
_DIGITS = 10


@app.command("domain-ranks")
def domain_ranks(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Lines `rank,domain`, as the Tranco list has them.")],
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take over the ranks of domains from a list; those of before go. They weigh places that nothing else weighs."""
    import asyncio

    given, known = asyncio.run(_send(file, config=config, db=db))
    if as_json:
        print_json({"file": str(file), "given": given, "known": known})
    else:
        print_line(f"{file}: {given} ranks taken over, {known} domains have one now")


async def _send(file: Path, *, config: Path | None, db: Path | None) -> tuple[int, int]:
    """Send the list in parts, the last marked as such: then it counts. Returns how many were given and are known."""
    from uuid import uuid4

    from monitor.cli.acting import doing

    given, known, of = 0, 0, uuid4().hex
    ranks = _ranks(file)
    coming = list(islice(ranks, TOGETHER))
    async with doing(config=config, db=db, workers=1) as do:
        with progress("domains", None) as advance:
            while batch := cast("list[JSON]", coming):
                coming = list(islice(ranks, TOGETHER))
                known = int(await do("rank_domains", ranks=batch, of=of, first=not given, last=not coming))
                given += len(batch)
                advance(len(batch))
    return given, known


def _ranks(file: Path) -> Iterator[list[JSON]]:
    """Domain and rank of each line. Raises InputError that names the line, or says that there are none."""
    from monitor.errors import InputError
    from monitor.flows.correcting import is_rank

    is_empty = True
    try:
        if not file.is_file() and file.exists():
            raise InputError(f"{file}: is no regular file")  # a pipe that nobody writes to would be waited for
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for line, row in enumerate(csv.reader(lines), start=1):
                if not any(cell.strip() for cell in row):
                    continue
                rank, domain = (row[0].strip(), row[1].strip()) if len(row) == 2 else ("", "")
                is_number = rank.isascii() and rank.isdecimal() and len(rank) <= _DIGITS
                if not is_number or not is_rank(domain, int(rank)):
                    raise InputError(f"{file}:{line}: is no `rank,domain`, such as `1,example.org`")
                is_empty = False
                yield [domain, int(rank)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file}: cannot be read: {error}") from None
    if is_empty:
        raise InputError(f"{file}: holds no ranks")
