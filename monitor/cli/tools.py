"""Commands that other programs use, and the demo: parse, judge, demo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import app
from monitor.cli.common import ConfigOption, found_config, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.models import Brand, Tier


@app.command()
def parse(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Bodies as they came over the wire.")],
    kind: Annotated[str, typer.Option(help="Kind of source that the files come from.")],
    url: Annotated[str, typer.Option(help="Address that they were fetched from.")],
    content_type: Annotated[str | None, typer.Option(help="Content-Type header that came with them.")] = None,
    options: Annotated[str, typer.Option(help="The kind's options as a JSON object.")] = "{}",
) -> None:
    """Read files as a kind would: one JSON line per post, {"file", "error"} for a file that cannot be read."""
    import re

    from monitor.config import kind_options
    from monitor.errors import InputError, ReadError
    from monitor.models import Response
    from monitor.sources import KINDS
    from monitor.sources.render import post_to_json

    if not re.fullmatch(r"https?://[^\s/?#]+\S*", url, re.IGNORECASE):
        raise typer.BadParameter(f"{url!r} is no address that a file can come from; write https://host/path")
    if kind not in KINDS:
        raise InputError(f"there is no kind {kind!r}; known are: {', '.join(KINDS)}")
    reader = KINDS[kind](url, kind_options(kind, options))
    request = reader.start({}, _now())
    headers = (("content-type", content_type),) if content_type else ()
    failed = False
    for file in files:
        try:
            response = Response(url=url, status=200, headers=headers, body=file.read_bytes())
            posts = reader.read(request, response, {}).posts
        except (ReadError, OSError) as error:
            failed = True
            print_json({"file": str(file), "error": str(error)})
            continue
        for post in posts:
            print_json({"file": str(file), **post_to_json(post)})
    if failed:
        raise typer.Exit(65)


def _now() -> datetime:
    from monitor.clock import SystemClock

    return SystemClock().now()


@app.command()
def judge(
    config: ConfigOption = None,
    brand: Annotated[list[str] | None, typer.Option(help="Judge for these names instead of a configuration.")] = None,
) -> None:
    """Judge posts: JSON lines on stdin, JSON lines in the same order on stdout; a bad line gives {"id", "error"}."""
    import sys

    from monitor.worker import use_one_thread

    use_one_thread()
    from monitor.understanding.judge import Judge
    from monitor.understanding.tiers import chosen
    from monitor.understanding.wire import judge_lines

    judging = Judge(_brands(config, brand), tier=chosen(_tier(config, brand)))
    bad = judge_lines(sys.stdin.buffer, judging, sys.stdout.write)
    if bad:
        raise typer.Exit(65)


def _brands(config: Path | None, names: Sequence[str] | None) -> Sequence[Brand]:
    from monitor.config import load_brands
    from monitor.models import Brand

    if names:
        return [Brand(name=name) for name in names]
    return load_brands(found_config(config))


def _tier(config: Path | None, names: Sequence[str] | None) -> Tier:
    from monitor.config import load_tier
    from monitor.models import Tier

    return Tier.AUTO if names else load_tier(found_config(config))


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Play a fixed script and stop, within a minute.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: the result as the last line.")] = False,
    keep: Annotated[Path | None, typer.Option(help="Keep access log, mails, chat and database in this folder.")] = None,
    fault: Annotated[str | None, typer.Option("--break", help="Plant this fault; the result must show it.")] = None,
) -> None:
    """Show the real daemon at work on a little web on this machine: posts appear, alerts arrive."""
    from monitor.demo import live, play
    from monitor.demo.faults import FAULTS

    if fault is not None and fault not in FAULTS:
        raise typer.BadParameter(f"there is no fault {fault!r}; known are: {', '.join(FAULTS)}")
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise typer.BadParameter(f"the folder {keep} is not empty")
    if as_json and not once:
        raise typer.BadParameter("--json goes with --once: the live demo has no last line")
    if not once:
        raise typer.Exit(live.play_live(break_fault=fault, keep=keep))
    result = play.play_once(break_fault=fault, keep=keep)
    if as_json:
        print_json(result.to_json())
    else:
        typer.echo(result.summary())
    if not result.ok:
        raise typer.Exit(1)
