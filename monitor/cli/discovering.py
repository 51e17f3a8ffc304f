"""The command `discover`: how an address can be watched, as entries for sources.yaml that were tried."""

from __future__ import annotations

import sys
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import app
from monitor.cli.common import (
    AllowOption,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    config_path,
    load_config,
    print_json,
    print_line,
    print_nothing,
    stored_hosts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.config import Config
    from monitor.flows.discovering import Discovery, Trial
    from monitor.models import HostState, Network, Post


@app.command()
def discover(
    url: Annotated[str, typer.Argument(help="Address of a page, forum, blog, channel or feed.")],
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Also what was tried and does not work, with the reason.")
    ] = False,
    allow: AllowOption = None,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find out how an address can be watched: entries for sources.yaml, each tried, with the first posts."""
    found = discovered(url, allow=allow, config=_config(config), hosts=stored_hosts(db), thorough=every)
    shown = found.trials if every else found.offered
    if as_json:
        for trial in shown:
            print_json(_to_json(trial))
    else:
        for number, trial in enumerate(shown, start=1):
            _show(number, trial)
    if not any(trial.works for trial in found.trials):
        explain(found, trials=not every)
        print_nothing(f"nothing that can be watched was found at {found.url}")


def _config(given: Path | None) -> Config | None:
    """The configuration, for its contact and pauses; what is wrong with it does not matter here."""
    from monitor.errors import ConfigError

    if given is None and not config_path(None).exists():
        return None
    try:
        return load_config(given)
    except ConfigError as error:
        sys.stderr.write(f"monitor: goes without the configuration, which has {len(error.faults)} faults\n")
        return None


def discovered(
    url: str,
    *,
    allow: Sequence[str] | None,
    config: Config | None,
    hosts: Sequence[HostState],
    thorough: bool = False,
) -> Discovery:
    """What `flows.discovering` finds at an address, with a fetcher of its own that knows what `hosts` asked for."""
    import asyncio
    import re

    from monitor.clock import SystemClock
    from monitor.fetching.fetcher import Fetcher
    from monitor.flows.discovering import discover as run
    from monitor.models import FetchSettings
    from monitor.text import safe_text

    if not re.match(r"https?://[^\s/?#]+", url, re.IGNORECASE):
        raise typer.BadParameter(f"{url!r} is no address; write https://host/path")
    networks = tuple(map(_network, allow or ()))
    settings = config.fetch if config else FetchSettings(contact="no contact given")
    brand = next((brand.name for brand in config.brands if not brand.competitor), None) if config else None

    def tell(asked: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"asking {safe_text(asked)}\n")

    async def go() -> Discovery:
        clock = SystemClock()
        fetcher = Fetcher(settings, clock=clock, hosts=hosts)
        try:
            return await run(
                url, fetcher=fetcher, clock=clock, allow=networks, brand=brand, thorough=thorough, progress=tell
            )
        finally:
            await fetcher.close()

    return asyncio.run(go())


def _network(text: str) -> Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise typer.BadParameter(f"--allow: {text!r} is no network; write it as in 127.0.0.0/8") from None


def explain(found: Discovery, *, trials: bool = True) -> None:
    """Say on stderr why nothing works; without `trials` only what went wrong with the page itself."""
    from monitor.text import safe_text

    said = [_with_remedy(found)] if found.note else []
    if trials:
        said += [f"{trial.proposal.why}: {trial.error}" for trial in found.trials if trial.error][:5]
    for line in said:
        sys.stderr.write(f"monitor: {safe_text(line)}\n")


def _with_remedy(found: Discovery) -> str:
    """The note; of a private address that was refused, with what opens it.

    Only of the host that was asked for: that a page leads on to a private address is no reason to open it.
    """
    import re
    from urllib.parse import urlsplit

    host = urlsplit(found.url).hostname
    refused = re.findall(r"(\S+) \((loopback|private)\)", found.note)
    if not refused or not found.note.startswith(f"address: {host} is "):
        return found.note
    networks = dict.fromkeys("127.0.0.0/8" if ip.startswith("127.") else ip for ip, _ in refused)
    opens = " ".join(f"--allow {network}" for network in networks)
    kind = refused[0][1]
    note = found.note.replace(f"{host} is {host} ({kind})", f"{host} is {kind}")
    return f"{note} ({'' if kind == 'private' else 'a private address: '}{opens} opens it)"


def _show(number: int, trial: Trial) -> None:
    """An entry with all that there is to know of it as comments, so that the whole can be pasted."""
    proposal = trial.proposal
    print_line(f"  # {number}. {proposal.why}; {proposal.sure:.0%} sure")
    for lack in proposal.lacks:
        print_line(f"  # lacks: {lack}")
    if trial.works:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in trial.shares.items())
        reach = f", back to {trial.oldest:%Y-%m-%d %H:%M} UTC" if trial.oldest else ""
        print_line(f"  # tried: {trial.number} posts ({shares}){reach}")
        for post in trial.first:
            print_line(f"  #   {_line(post)}")
    else:
        print_line(f"  # {trial.error or 'not tried'}")
    for line in trial.entry.splitlines():
        print_line(line if trial.works or not trial.error else f"  # {line.strip()}")
    print_line()


def _line(post: Post) -> str:
    moment = f"{post.published:%Y-%m-%d %H:%M}" if post.published else "no date"
    said = " ".join((post.title or post.text).split())
    return f"{moment}  {post.author.name or 'nobody'}: {said[:80]}"


def _to_json(trial: Trial) -> dict[str, Any]:
    from monitor.sources.render import post_to_json

    return {
        "entry": dict(trial.proposal.entry),
        "yaml": trial.entry,
        "why": trial.proposal.why,
        "sure": trial.proposal.sure,
        "lacks": list(trial.proposal.lacks),
        "posts": trial.number,
        "shares": trial.shares,
        "oldest": trial.oldest.isoformat() if trial.oldest else None,
        "error": trial.error or None,
        "first": [post_to_json(post) for post in trial.first],
    }
