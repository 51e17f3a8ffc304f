"""Searching the history: `monitor search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import app
from monitor.cli.common import DatabaseOption, JsonOption, print_json, print_line, print_nothing, reader

if TYPE_CHECKING:
    from monitor.models import MentionView
    from monitor.query.sql import Sql

_WIDTH = 240  # code points of text that are shown of a hit


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for, in the query language; * is everything.")],
    limit: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 20,
    *,
    before: Annotated[int | None, typer.Option(metavar="ID", help="Only mentions older than this one.")] = None,
    count: Annotated[bool, typer.Option("--count", help="Only say how many there are.")] = False,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search all that was ever found: any inflected form finds the word; newest first."""
    compiled = compiled_query(query)
    store = reader(db)
    tell_unindexed(store.unindexed())
    if count:
        _print_count(store.count(compiled), as_json=as_json)
        return
    found = store.search(compiled, limit=limit, **({} if before is None else {"before_id": before}))
    if not found:
        print_nothing(f"nothing matches {query}" + (f" before mention {before}" if before is not None else ""))
    if as_json:
        from monitor.cli.history import mention_to_json_line

        for view in found:
            print_json(mention_to_json_line(view))
        return
    for view in found:
        _show(view)
    if len(found) == limit:
        print_line(f"(the newest {limit}; older ones: --before {found[-1].id})")


def tell_unindexed(mentions: int) -> None:
    """Say on stderr that a search does not know every mention yet."""
    if mentions:
        typer.echo(
            f"monitor: {mentions:,} mentions are not indexed yet; the running daemon does it, or `monitor migrate`",
            err=True,
        )


def compiled_query(query: str) -> Sql:
    """The query as the database understands it. Raises QueryError that points at the character."""
    from monitor.clock import SystemClock
    from monitor.query import parse
    from monitor.query.sql import compile_sql

    return compile_sql(parse(query), now=SystemClock().now())


def _print_count(number: int, *, as_json: bool) -> None:
    from monitor.store.search import COUNTED

    if as_json:
        print_json({"mentions": number, "complete": number < COUNTED})
    else:
        print_line(f"{number:,} mentions" if number < COUNTED else f"{COUNTED:,} mentions or more")


def _show(view: MentionView) -> None:
    """Two or three lines: what it is, its title, and the text around the brand."""
    from monitor.cli.history import doubt, felt, is_contradicted
    from monitor.text import excerpt

    judged, post = view.mention, view.post
    when = post.published or view.discovered_at
    against = " against its text" if is_contradicted(judged) else ""
    stars = "" if post.rating is None else f", {post.rating:g} of 5 stars{against}"
    mark = f", {found}" if (found := doubt(judged)) else ""
    print_line(
        f"{view.id}  {when:%Y-%m-%d %H:%M}  {judged.brand}: {felt(judged)}{mark}{stars}, "
        f"priority {judged.priority} · {view.source} · {post.author.name or 'unknown author'}"
    )
    if post.title:
        print_line(f"    {post.title}")
    spans = [(span.start, span.end) for span in judged.spans if span.field == "text"]
    text, _ = excerpt(post.text, spans, _WIDTH)
    if text:
        print_line(f"    {' '.join(text.split())}")
    if post.url:
        print_line(f"    {post.url}")
