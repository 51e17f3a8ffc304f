"""Commands that show what was found: mentions, why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import app
from monitor.cli.common import DatabaseOption, JsonOption, print_json, print_line, print_table, reader
from monitor.models import Label
from monitor.text import excerpt

if TYPE_CHECKING:
    from monitor.models import MentionView


@app.command()
def mentions(
    brand: Annotated[str | None, typer.Option(help="Only this brand.")] = None,
    sentiment: Annotated[Label | None, typer.Option(help="Only this sentiment.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 50,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest mentions."""
    found = list(reader(db).mentions(limit=limit, brand=brand, sentiment=sentiment))
    if as_json:
        for view in found:
            print_json(_to_json(view))
    else:
        print_table(
            ("id", "found", "brand", "sentiment", "priority", "source", "author", "what"),
            (
                (
                    view.id,
                    f"{view.discovered_at:%m-%d %H:%M}",
                    view.mention.brand,
                    view.mention.sentiment.label.value,
                    view.mention.priority,
                    view.source,
                    view.post.author.name,
                    (view.post.title or view.post.text)[:60],
                )
                for view in found
            ),
        )
    if not found:
        raise typer.Exit(1)


@app.command()
def why(
    mention: Annotated[int, typer.Argument(metavar="ID", help="Number of a mention.")],
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Explain a mention: what was matched, how it was judged, who was or was not alerted and why."""
    store = reader(db)
    view = store.mention(mention)
    if view is None:
        print_line(f"there is no mention {mention}")
        raise typer.Exit(1)
    deliveries = store.deliveries_of(mention)
    if as_json:
        print_json({**_to_json(view), "deliveries": deliveries})
        return
    judged = view.mention
    spans = [(span.start, span.end) for span in judged.spans if span.field == "text"]
    text, _ = excerpt(view.post.text, spans, 400)
    print_line(f"{view.post.title or view.post.text[:100]}")
    print_line(f"{view.post.url or 'no address'} · {view.source} · {view.post.author.name or 'unknown author'}")
    print_line(
        f"published {view.post.published or 'at an unknown time'}, found {view.discovered_at:%Y-%m-%d %H:%M} UTC"
    )
    print_line(f"“{text}”")
    print_line(
        f"{judged.brand}: {judged.sentiment.label.value} "
        f"(negative {judged.sentiment.negative:.2f}, neutral {judged.sentiment.neutral:.2f}, "
        f"positive {judged.sentiment.positive:.2f}), relevance {judged.relevance:.2f}, "
        f"influence {judged.influence}, priority {judged.priority}"
    )
    for reason in judged.why:
        weight = "" if reason.weight is None else f" [{reason.weight:+.2f}]"
        print_line(f"  {reason.code}: {reason.text}{weight}")
    print_line(f"decision: {view.decision}")
    for delivery in deliveries:
        print_line("  {receiver}: {state}, {reason}".format(**delivery))


def _to_json(view: MentionView) -> dict[str, object]:
    from monitor.sources.render import post_to_json
    from monitor.understanding.wire import mention_to_json

    return {
        "id": view.id,
        "source": view.source,
        "discovered": view.discovered_at.isoformat(),
        "decision": view.decision,
        "post": post_to_json(view.post),
        **mention_to_json(view.mention),
    }
