"""The commands `stories` and `story`: what several posts tell, who told it first, how, and how fast it spreads."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from monitor.cli import app
from monitor.cli.common import (
    LARGEST,
    DatabaseOption,
    JsonOption,
    brand_as_stored,
    print_json,
    print_line,
    print_nothing,
    print_table,
    reader,
    short_time,
)

if TYPE_CHECKING:
    from monitor.store import Reader

_NEWEST = 1000  # posts of a story by which its pace is told


@app.command()
def stories(
    brand: Annotated[str | None, typer.Option(help="Only stories that mention this brand.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 20,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the stories that are told by several posts, the one with the newest post first."""
    store = reader(db)
    name = brand_as_stored(brand, store) if brand is not None else None
    found = store.stories(limit=limit, brand=name)
    if not found:
        print_nothing("no two posts tell the same" + (f" of {name}" if name else "") + " yet")
    if as_json:
        for row in found:
            print_json(row)
        return
    print_table(
        ("id", "last told", "posts", "authors", "sources", "negative", "brands", "what"),
        (
            (
                row["id"],
                short_time(row["last_at"]),
                *(row[field] for field in ("posts", "authors", "sources", "negatives", "brands")),
                str(row["title"] or row["text"])[:60],
            )
            for row in found
        ),
    )


@app.command()
def story(
    number: Annotated[
        int, typer.Argument(metavar="ID", min=1, max=LARGEST, help="Number of a story, see `monitor stories`.")
    ],
    limit: Annotated[int, typer.Option(min=1, help="How many of its posts at the most.")] = 50,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a story: its first post, how the others tell it, by how many authors at how many sources, its growth."""
    store = reader(db)
    found = store.story(number, limit=limit)
    if found is None:
        print_nothing(f"there is no story {number}")
    told = {**found, **_pace(store, number)}
    if as_json:
        print_json(told)
    else:
        _print_story(told)


def _pace(store: Reader, number: int) -> dict[str, Any]:
    """How the posts of a story tell it, and how many an hour there were lately."""
    from monitor.clock import SystemClock
    from monitor.understanding.authors import author_key
    from monitor.understanding.stories import Member, figures

    told = store.members(number, limit=_NEWEST)
    members = [
        Member(
            post_id=one.post_id,
            author=key.key if (key := author_key(one.author, one.source)) else None,
            source=one.source,
            at=one.at,
            negative=one.negative,
        )
        for one in told
    ]
    counted = figures(members, now=SystemClock().now())
    kinds = Counter(one.kind or "origin" for one in told)
    return {"kinds": dict(kinds.most_common()), "posts_an_hour": counted.growth if counted else 0.0}


def _print_story(told: dict[str, Any]) -> None:
    print_line(told["title"] or str(told["text"])[:100])
    print_line(
        f"told first by {told['origin_author'] or 'unknown author'} at {told['origin_source']}, "
        f"{str(told['first_at'])[:16].replace('T', ' ')} UTC: {told['url'] or 'no address'}"
    )
    kinds = ", ".join(f"{count} {_word(kind)}" for kind, count in told["kinds"].items() if kind != "origin")
    print_line(
        f"{told['posts']} posts ({kinds}) by {told['authors']} authors at {told['sources']} sources, "
        f"{told['negatives']} of them negative; {told['posts_an_hour']:g} an hour lately"
    )
    members = cast("list[dict[str, Any]]", told["members"])
    print_table(
        ("post", "at", "source", "author", "kind", "mentions", "what"),
        (
            (
                member["post_id"],
                short_time(member["at"]),
                member["source"],
                member["author"],
                _word(member["kind"]),
                ", ".join(f"{one['mention']} ({one['sentiment']})" for one in member["mentions"]),
                str(member["title"] or member["text"])[:60],
            )
            for member in members
        ),
    )
    if len(members) < told["posts"]:
        print_line(f"and {told['posts'] - len(members)} more: --limit")


def _word(kind: str) -> str:
    return kind.replace("_", " ")
