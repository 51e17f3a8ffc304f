"""The command `digests`: when each digest leaves, and what it would say now; nothing is sent."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from monitor.cli import app
from monitor.cli.common import (
    ConfigOption,
    DatabaseOption,
    JsonOption,
    load_config,
    print_json,
    print_line,
    print_nothing,
    print_table,
    reader,
)
from monitor.cli.groups import ListGroup

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.config import Config
    from monitor.models import DigestSettings, DigestView
    from monitor.store import Reader

digests_app = typer.Typer(cls=ListGroup, help="Regular overviews: when they leave, what they would say.")
app.add_typer(digests_app, name="digests")


@digests_app.command("list")
def list_digests(config: ConfigOption = None, db: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Show every digest, configured or subscribed to, with its last and its next time in UTC."""
    from monitor.alerting.digests import next_at

    loaded, now, store = load_config(config), _now(), reader(db)
    try:
        found = [
            {
                "name": settings.name,
                "to": settings.to,
                "every": settings.cadence.value,
                "match": settings.match,
                "last": None if (last := store.digested(settings.name, now)) is None else last.until.isoformat(),
                "next": next_at(settings, now).isoformat(),
            }
            for settings, _ in _wanted(loaded, store)
        ]
    finally:
        store.close()
    if not found:
        print_nothing("there are no digests: see `digests` in sources.yaml, or monitor subscriptions add")
    if as_json:
        for one in found:
            print_json(one)
        return
    print_table(
        ("name", "to", "every", "last", "next", "query"),
        (
            (one["name"], one["to"], one["every"], _short(one["last"]), _short(one["next"]), one["match"])
            for one in found
        ),
    )


@digests_app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `monitor digests list` names it.")],
    *,
    since: Annotated[
        str | None, typer.Option(help="From then on: 7d, 2026-01-31 or 2026-01-31T10:00Z. Default: since the last one.")
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the mail's HTML into a file.")] = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print what a digest would say if it left now; nothing is sent, and the next one covers the same time."""
    from monitor.alerting.catalogue import words_in
    from monitor.alerting.digest_text import digest_body, digest_html, digest_title
    from monitor.alerting.styles import style_of

    loaded, store = load_config(config), reader(db)
    try:
        view = _view(name, loaded, store, since=since)
    finally:
        store.close()
    if as_json:
        said = {"name": view.name, "since": view.from_at.isoformat(), "until": view.to_at.isoformat()}
        print_json({**said, "figures": view.figures})
        return
    words, style = words_in(view.language or "en"), style_of("mailto://")
    if html is not None:
        page, images = digest_html(view, words=words, base_url=loaded.web.given_base_url)
        for image in images:  # a file has no attachments
            data = b64encode(image.data).decode("ascii")
            page = page.replace(f"cid:{image.name}", f"data:{image.mime};base64,{data}")
        html.write_text(page, encoding="utf-8")
    print_line(digest_title(view, words))
    print_line()
    for line in digest_body(view, style=style, words=words, room=style.limit).split("\n"):
        print_line(line)


def _view(name: str, config: Config, store: Reader, *, since: str | None) -> DigestView:
    """The digest as it would be stored now."""
    from monitor.alerting.digests import Stretch, first_stretch
    from monitor.errors import InputError
    from monitor.flows.digesting import Making
    from monitor.models import DigestView

    known = {settings.name: (settings, whose) for settings, whose in _wanted(config, store)}
    if name not in known:
        raise InputError(f"there is no digest {name!r}; there are: {', '.join(known) or 'none'}")
    settings, whose = known[name]
    now = _now().replace(second=0, microsecond=0)
    last = store.digested(name, now)
    first = first_stretch(settings, now)
    begin = first.since if last is None else last.until
    if since is not None:
        from monitor.cli.reporting import moment_of

        begin = moment_of("since", since, now) or begin
    if begin >= now:
        raise InputError("there is no time between --since and now" if since else "the digest has just been made")
    competitors = frozenset(brand.name for brand in config.brands if brand.competitor)
    making = Making(settings=settings, competitors=competitors, whose=whose)
    figures = making.count(store, Stretch(since=begin, until=now), last=last)
    named = store.named_in_digest(figures["mention_ids"], figures["case_ids"])
    return DigestView(
        id=0,
        alert_id=0,
        name=name,
        cadence=settings.cadence,
        zone=settings.zone,
        language=settings.language or _language(settings, config),
        from_at=begin,
        to_at=now,
        figures=cast("dict[str, Any]", {**figures, **named}),
    )


def _wanted(config: Config, store: Reader) -> list[tuple[DigestSettings, str | None]]:
    from monitor.flows.digesting import wanted

    return wanted(config.digests, store.subscriptions())


def _language(settings: DigestSettings, config: Config) -> str:
    return next((one.language for one in config.receivers if one.name == settings.to), "en")


def _now() -> datetime:
    from monitor.clock import SystemClock

    return SystemClock().now()


def _short(moment: object) -> str:
    return str(moment)[5:16].replace("T", " ") if moment else ""
