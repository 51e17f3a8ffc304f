"""Commands that show what was found: mentions, why."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from monitor.cli import app
from monitor.cli.common import DatabaseOption, JsonOption, print_json, print_line, print_nothing, print_table, reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.models import MentionView
    from monitor.store import Reader


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
    name = _brand_as_stored(brand, store) if brand is not None else None
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
                view.mention.sentiment.label.value,
                view.mention.priority,
                view.source,
                ("(removed) " if view.post_id in removed else "") + (view.post.title or view.post.text)[:60],
            )
            for view in found
        ),
    )


def _brand_as_stored(brand: str, store: Reader) -> str:
    """The brand as it is written in the database, whatever the case and however its ё are typed."""
    from monitor.text import fold

    known = store.brands()
    same = [name for name in known if fold(name) == fold(brand)]
    if not same:
        others = f"; there are some of {', '.join(known[:10])}" if known else ""
        print_nothing(f"no mentions of {brand!r}{others}")
    return brand if brand in same else same[0]


@app.command()
def why(
    mention: Annotated[int, typer.Argument(metavar="ID", help="Number of a mention.")],
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Explain a mention: what was matched, how it was judged, who was or was not alerted and why."""
    from monitor.text import excerpt

    store = reader(db)
    view = store.mention(mention)
    if view is None:
        print_nothing(f"there is no mention {mention}")
    deliveries, answers = store.deliveries_of(mention), store.answers_to(view.post_id)
    wordings = store.wordings(view.post_id)
    removed = store.removed([view.post_id]).get(view.post_id)
    if as_json:
        besides = {"removed": removed, "deliveries": deliveries, "wordings": wordings, "answers": answers}
        print_json({**mention_to_json_line(view), **besides})
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
    for answer in answers:
        print_line("answered by {brand} on {answered_at}: {url}".format(**answer))
    _print_wordings(wordings)
    if removed is not None:
        print_line(f"gone from its site, seen {removed}")


def _print_wordings(wordings: Sequence[Mapping[str, object]]) -> None:
    """What was said stays on record: each wording with its time and hash, and what an edit took out and put in."""
    print_line("as seen {seen_at}, sha256 {hash}".format(**wordings[0]))
    for former, present in pairwise(wordings):
        print_line("edited, seen {seen_at}, sha256 {hash}".format(**present))
        for change in _changes(f"{former['title']}\n{former['text']}", f"{present['title']}\n{present['text']}"):
            print_line(f"  {change}")


def _changes(former: str, present: str) -> Iterator[str]:
    """The words that went and came, one run a line."""
    old, new = former.split(), present.split()
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind in ("delete", "replace"):
            yield f"- {' '.join(old[old_from:old_to])}"
        if kind in ("insert", "replace"):
            yield f"+ {' '.join(new[new_from:new_to])}"


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
    }
