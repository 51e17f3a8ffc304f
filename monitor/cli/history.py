"""The command that shows what was found last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from monitor.cli import app
from monitor.cli.common import (
    DatabaseOption,
    JsonOption,
    brand_as_stored,
    print_json,
    print_nothing,
    print_table,
    reader,
)

if TYPE_CHECKING:
    from monitor.models import Mention, MentionView


@app.command()
def mentions(
    brand: Annotated[str | None, typer.Option(help="Only this brand.")] = None,
    sentiment: Annotated[
        Literal["negative", "neutral", "positive"] | None, typer.Option(help="Only this sentiment.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 50,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest mentions."""
    from monitor.models import Label

    store = reader(db)
    name = brand_as_stored(brand, store) if brand is not None else None
    found = list(store.mentions(limit=limit, brand=name, sentiment=sentiment and Label(sentiment)))
    if not found:
        which = "".join(f" {word}" for word in (sentiment,) if word) + " mentions"
        print_nothing(f"no{which}" + (f" of {name}" if name else "") + " yet")
    removed = store.removed([view.post_id for view in found])
    if as_json:
        for view in found:
            print_json({**mention_to_json_line(view), "removed": removed.get(view.post_id)})
        return
    print_table(
        ("id", "found", "brand", "sentiment", "priority", "source", "what"),
        (
            (
                view.id,
                f"{view.discovered_at:%m-%d %H:%M}",
                view.mention.brand,
                felt(view.mention),
                view.mention.priority,
                view.source,
                ("(removed) " if view.post_id in removed else "")
                + (f"({mark}) " if (mark := doubt(view.mention)) else "")
                + ("(text against its stars) " if is_contradicted(view.mention) else "")
                + (view.post.title or view.post.text)[:60],
            )
            for view in found
        ),
    )


def felt(mention: Mention) -> str:
    """The sentiment in a word, with a question mark where it is unsure."""
    return mention.sentiment.label.value + ("?" if mention.sentiment.unsure else "")


def doubt(mention: Mention) -> str:
    """What a list says of a mention that is not surely about its brand; empty where it is."""
    from monitor.reports.explanation import denied

    if denied(mention):
        return "not about us"
    return "doubtful" if mention.doubtful else ""


def is_contradicted(mention: Mention) -> bool:
    """Whether the text is surely the opposite of its stars."""
    return any(why.code == "contradiction" for why in mention.why)


def mention_to_json_line(view: MentionView) -> dict[str, object]:
    """A mention with its post, as programs read it."""
    from monitor.sources.render import post_to_json
    from monitor.understanding.wire import mention_to_json

    return {
        "id": view.id,
        "source": view.source,
        "discovered": view.discovered_at.isoformat(),
        "decision": view.decision,
        "post": post_to_json(view.post),
        **mention_to_json(view.mention),
        "unsure": view.mention.sentiment.unsure,
        "alarming": view.mention.sentiment.alarming,
    }
