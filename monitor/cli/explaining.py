"""The command that explains a mention, and says of whoever was not alerted why not."""

from __future__ import annotations

from contextlib import closing, suppress
from difflib import SequenceMatcher
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import app
from monitor.cli.common import (
    LARGEST,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    config_path,
    database_path,
    load_config,
    print_json,
    print_line,
    print_nothing,
    reader,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.alerting.routes import Tried
    from monitor.models import MentionView
    from monitor.query import Facts, Query
    from monitor.store import Reader


@app.command()
def why(
    mention: Annotated[int, typer.Argument(metavar="ID", help="Number of a mention.")],
    receiver: Annotated[str | None, typer.Option(help="Why was this receiver told, or not told?")] = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Explain a mention: is it about us, how it was judged, who was or was not alerted and why."""
    from monitor.cli.history import mention_to_json_line
    from monitor.lemmas import lemmatise
    from monitor.reports.explanation import explain, told_of_posts

    store = reader(db)
    view = store.mention(mention) if abs(mention) <= LARGEST else None
    if view is None:
        print_nothing(f"there is no mention {mention}")
    deliveries, answers = store.deliveries_of(mention), store.answers_to(view.post_id)
    wordings = store.wordings(view.post_id)
    removed = store.removed([view.post_id]).get(view.post_id)
    told = {str(delivery["receiver"]) for delivery in deliveries}
    missed = _missed(view, config, receiver=receiver, told=told)
    explained = explain(
        view,
        deliveries=deliveries,
        missed=missed,
        answered=_answered(view, store),
        mentions=_mentions_of(told_of_posts(view.mention), view.mention.brand, db),
        lemma=partial(lemmatise, lang=view.post.lang),
    )
    number = store.case_of(view.post_id, view.mention.brand)
    if as_json:
        besides = {"removed": removed, "deliveries": deliveries, "wordings": wordings, "answers": answers}
        said = [{"question": one.question, "answer": one.answer, "reasons": list(one.reasons)} for one in explained]
        print_json({**mention_to_json_line(view), **besides, "case": number, "explanation": said})
        return
    _print_post(view)
    for one in explained:
        print_line("")
        print_line(f"{one.question} {one.answer}")
        for reason in one.reasons:
            print_line(f"  - {reason}")
    print_line("")
    _print_case(number, store)
    for answer in answers:
        print_line("Answered by {brand} on {answered_at}: {url}".format(**answer))
    _print_wordings(wordings)
    if removed is not None:
        print_line(f"gone from its site, seen {removed}")


def _print_case(number: int | None, store: Reader) -> None:
    if number is not None and (case := store.case(number)) is not None:
        print_line(f"Case {number}, {case.state.value}: monitor cases show {number}")
        for one in store.told_of_case(number):
            print_line(f"  - {one['receiver']} was told of the case ({str(one['kind']).replace('_', ' ')})")


def _print_post(view: MentionView) -> None:
    from monitor.text import excerpt

    spans = [(span.start, span.end) for span in view.mention.spans if span.field == "text"]
    text, _ = excerpt(view.post.text, spans, 400)
    print_line(view.post.title or view.post.text[:100])
    print_line(f"{view.post.url or 'no address'} · {view.source} · {view.post.author.name or 'unknown author'}")
    published = view.post.published
    when = f"published {published:%Y-%m-%d %H:%M}" if published else "published at an unknown time"
    print_line(f"{when}, found {view.discovered_at:%Y-%m-%d %H:%M} UTC")
    print_line(f"“{text}”")


def _answered(view: MentionView, store: Reader) -> dict[str, str]:
    """Who last answered whether the mention is about its brand, and how it is felt, and when."""
    said: dict[str, str] = {}
    for given in store.corrections(limit=LARGEST, brand=view.mention.brand):
        if given["mention_id"] == view.id:
            who, day = given["person"] or "a person", str(given["at"])[:10]
            asked = [one for one in ("about", "sentiment") if given[one] is not None]
            said |= {one: f"{who} said so on {day}" for one in asked if one not in said}
    return said


def _mentions_of(posts: Sequence[int], brand: str, db: Path | None) -> dict[int, int]:
    """The mention of each post that has one: of this brand if it can be, else of another."""
    from monitor.store import open_reader
    from monitor.store.rescore import kept_posts

    if not posts:
        return {}
    with closing(open_reader(database_path(db))) as opened:
        return {
            kept.id: min(kept.mentions, key=lambda one: (one.mention.brand != brand, one.id)).id
            for kept in kept_posts(opened, posts)
            if kept.mentions
        }


def _missed(view: MentionView, config: Path | None, *, receiver: str | None, told: set[str]) -> list[str]:
    """Why those who were not told were not, by the routes of the present configuration; nothing where there is none."""
    from monitor.errors import ConfigError

    if receiver is None and config is None and not config_path(None).exists():
        return []
    if receiver is not None:
        return _by_routes(view, config, receiver=receiver, told=told)
    with suppress(ConfigError):  # a mistake in the file is no reason to explain nothing
        return _by_routes(view, config, receiver=None, told=told)
    return []


def _by_routes(view: MentionView, config: Path | None, *, receiver: str | None, told: set[str]) -> list[str]:
    from monitor.alerting import routes as tree
    from monitor.errors import InputError
    from monitor.lemmas import lemmatise
    from monitor.models import Lemmas
    from monitor.query import explain

    loaded = load_config(config)
    known = [one.name for one in loaded.receivers]
    if receiver is not None and receiver not in known:
        raise InputError(f"there is no receiver {receiver!r}; configured are: {', '.join(known) or 'none'}")
    compiled = tree.compile_routes(loaded.routes, receivers={one.name: one for one in loaded.receivers})
    routes = [
        (route, route.receiver.name)
        for route in tree.every_route(compiled)
        if route.receiver and route.receiver.name not in told and receiver in (None, route.receiver.name)
    ]
    if not routes:
        if receiver is None or receiver in told:
            return []
        return [f"no route leads to {receiver}"]
    post = view.post
    lemmas = Lemmas(title=lemmatise(post.title, post.lang), text=lemmatise(post.text, post.lang))
    facts = tree.facts_of(post, view.mention, lemmas=lemmas, source=view.source, now=view.discovered_at)
    became = {tried.name: tried for tried in tree.explain(compiled, facts)}
    return [
        f"{name}, by the route “{route.query}”: {explain(route.query, facts)}"
        f"{_besides(name, route.query, facts, became[route.name])}"
        for route, name in routes
    ]


def _besides(receiver: str, query: Query, facts: Facts, tried: Tried) -> str:
    """What a route that matches now did not do, and what would have matched where this is only nearly negative."""
    from monitor.models import Label
    from monitor.query import Is

    if query.matches(facts):
        if not tried.is_taken:
            return f"; {tried.reason}"
        return f"; so it is now, but {receiver} was not told then, for the reason above"
    asked = Is("sentiment", Label.NEGATIVE) in query.terms()
    if not (asked and facts["alarming"] and query.matches({**facts, "sentiment": "negative"})):
        return ""
    return "; nearly negative: alarming:yes instead would have matched"


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
