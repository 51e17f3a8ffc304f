"""The command `author`: what somebody wrote before, about us and about others, and where."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import app
from monitor.cli.common import (
    LARGEST,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    brand_as_stored,
    config_path,
    counted,
    print_json,
    print_line,
    print_nothing,
    print_table,
    reader,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from monitor.models import Author
    from monitor.store import Reader
    from monitor.understanding.authors import AuthorHistory, Dossier, Tally


@app.command()
def author(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME|URL", help="Name of an author, or address of a profile.")
    ] = None,
    *,
    mention: Annotated[
        int | None, typer.Option(metavar="ID", min=1, max=LARGEST, help="The author of this mention instead.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Only what was written under that name at this source.")] = None,
    brand: Annotated[
        str | None, typer.Option(help="Seen from this brand. Default: the mention's, else the one of ours named most.")
    ] = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an author's dossier: earlier posts about us and others, how many are negative, where, since when."""
    from monitor.clock import SystemClock
    from monitor.models import Author

    if (name is None) is (mention is None):
        raise typer.BadParameter("an author by name or address, or --mention ID")
    is_address = name is not None and "/" in name
    if source is not None and (name is None or is_address):
        raise typer.BadParameter("--source goes with a name: an address or a mention is of one author everywhere")
    store = reader(db)
    seen_from = brand_as_stored(brand, store) if brand is not None else None
    if mention is not None:
        view = store.mention(mention)
        if view is None:
            print_nothing(f"there is no mention {mention}")
        seen_from = seen_from or view.mention.brand
        found = [(view.post.author, view.source)]
    else:
        wanted = Author(url=name) if is_address else Author(name=name)
        found = [(wanted, place) for place in _places(store, wanted, source)]
    known = [_history(store, one, place, is_limited=source is not None) for one, place in found]
    histories = [history for history in known if history.posts]
    if not histories:
        print_nothing("no post of this author is stored" + (f" at {source}" if source is not None else ""))
    ours = _ours(config)
    for history in histories:
        viewpoint = seen_from or _mostly(history, ours)
        _print(history, viewpoint, as_json=as_json, now=SystemClock().now())
    if len(histories) > 1 and not as_json:
        print_line("")
        print_line("the name alone does not tell whether these are one person")


def _places(store: Reader, wanted: Author, source: str | None) -> Sequence[str]:
    """The sources at which an author is looked up: none in particular for who is known by the same name everywhere."""
    from monitor.store.authors import Known
    from monitor.understanding.authors import author_key

    if source is not None:
        return [source]
    key = author_key(wanted, "")
    if key is None:
        print_nothing(f"{wanted.name or wanted.url or ''!r} is nobody in particular: many write under such a name")
    if key.distinctive:
        return [""]
    said = store.wrote(Known(name=wanted.name), without=0, posts=1000, mentions=1000).mentions
    return sorted({one.source for one in said})


def _history(store: Reader, wanted: Author, source: str, *, is_limited: bool) -> AuthorHistory:
    """What is stored of an author; who is known by an address alone, by the handle too that stands there.

    Where it is limited to the source, only what was written there counts, though the name is known everywhere.
    """
    from monitor.flows.context import author_history
    from monitor.models import Author
    from monitor.understanding.authors import author_key, is_distinctive

    key = author_key(wanted, source)
    if key is None:
        print_nothing("this is nobody in particular: many write under such a name")
    if is_limited:
        key = replace(key, distinctive=False)
    history = author_history(store, wanted, source, key)
    handle = next((name for name in history.names if is_distinctive(name)), None)
    if wanted.name is None and handle is not None:
        named = Author(name=handle, url=wanted.url)
        if (full := author_key(named, source)) is not None:
            return author_history(store, named, source, full)
    return history


def _ours(config: Path | None) -> frozenset[str]:
    """The brands that are no competitors; none where there is no configuration."""
    from monitor.config import load_brands
    from monitor.errors import ConfigError

    if config is None and not config_path(None).exists():
        return frozenset()
    with suppress(ConfigError):  # a mistake in the file is no reason to show nothing
        return frozenset(brand.name for brand in load_brands(config_path(config)) if not brand.competitor)
    return frozenset()


def _mostly(history: AuthorHistory, ours: frozenset[str]) -> str:
    """The brand of ours that the author names most, else any that is named most."""
    named = [mention.brand for mention in history.mentions]
    return max(dict.fromkeys(named), key=lambda brand: (brand in ours, named.count(brand)), default="")


def _print(history: AuthorHistory, brand: str, *, as_json: bool, now: datetime) -> None:
    from monitor.understanding.authors import dossier

    told = dossier(history, brand=brand, now=now)
    # What was published before it was found counts from then; posts that mention nobody have only the time of finding.
    times = [one.at for one in history.mentions] or [at for at in (told.first_seen,) if at]
    last = max(times, default=None)
    first = min((at for at in (*times, told.first_seen) if at), default=None)
    if as_json:
        print_json(_to_json(history, told, first=first, last=last))
        return
    seen = f", seen from {first:%Y-%m-%d} to {last:%Y-%m-%d}" if first and last else ""
    threads = f"; in {counted(told.threads, 'thread')}" if told.threads else ""
    who = ", ".join(told.names) or history.key
    print_line(f"{who}: {counted(told.posts, 'post')} known{_naming(history)}{seen}{threads}")
    if not history.mentions:
        return
    if told.about_us.name:
        negative = counted(told.recent_negative, "negative post")
        print_line(f"{negative} about {told.about_us.name} in the last 30 days")
    print_table(("", "name", "posts", "negative", "share"), _lines(told))
    print_table(
        ("when", "brand", "source", "negative", "address"),
        (
            (f"{one.at:%Y-%m-%d %H:%M}", one.brand, one.source, "yes" if one.negative else "no", one.url)
            for one in history.mentions[:20]
        ),
    )


def _naming(history: AuthorHistory) -> str:
    """How many of the posts are in the tables, where not all are."""
    from monitor.flows.context import MENTIONS

    naming = len({one.post_id for one in history.mentions})
    if naming == history.posts or len(history.mentions) >= MENTIONS:  # older ones may name one, too
        return ""
    return f", {naming or 'none'} {'name' if naming > 1 else 'names'} a brand"


def _lines(told: Dossier) -> Iterator[Sequence[object]]:
    for label, tallies in (("about us", (told.about_us,)), ("about", told.about_others), ("at", told.places)):
        for tally in tallies:
            if tally.name:
                yield label, tally.name, tally.posts, tally.negative, f"{_share(tally):.0%}"


def _share(tally: Tally) -> float:
    return tally.negative / tally.posts if tally.posts else 0.0


def _to_json(history: AuthorHistory, told: Dossier, *, first: datetime | None, last: datetime | None) -> dict[str, Any]:
    def tally(one: Tally) -> dict[str, Any]:
        return {**asdict(one), "share": round(_share(one), 4)}

    return {
        "key": history.key,
        "names": list(told.names),
        "posts": told.posts,
        "first_seen": first.isoformat() if first else None,
        "last_seen": last.isoformat() if last else None,
        "about_us": tally(told.about_us),
        "recent_negative": told.recent_negative,
        "about_others": [tally(one) for one in told.about_others],
        "places": [tally(one) for one in told.places],
        "threads": told.threads,
        "mentions": [{**asdict(one), "at": one.at.isoformat()} for one in history.mentions],
    }
