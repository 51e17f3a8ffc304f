"""The command `brands`: under what names each is found, what is taken as its context, and what was learned of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from monitor.cli import app
from monitor.cli.common import (
    ConfigOption,
    DatabaseOption,
    JsonOption,
    brand_as_stored,
    database_path,
    found_config,
    print_json,
    print_line,
    print_nothing,
    print_table,
    reader,
)

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.models import Brand
    from monitor.store import Reader

brands_app = typer.Typer(
    invoke_without_command=True,
    help="The brands: their names, context packs and answers; what is matched, and learned.",
)
app.add_typer(brands_app, name="brands")

_NAMES = ("aliases", "handles", "domains", "accounts", "people", "exclude")


@brands_app.callback()
def brands(
    context: typer.Context, config: ConfigOption = None, db: DatabaseOption = None, as_json: JsonOption = False
) -> None:
    """Show every brand: its kinds of names, its context packs, what people answered, what was learned."""
    if context.invoked_subcommand:
        return
    store = None if db is None and not database_path(None).exists() else reader(db)
    shown = [_brand(brand, store) for brand in _configured(config)]
    if as_json:
        for one in shown:
            print_json(one)
        return
    print_table(
        ("brand", "yes", "no", "learned", "names", "context"),
        (
            (
                one["brand"] + (" (competitor)" if one["competitor"] else ""),
                one["answers"]["yes"],
                one["answers"]["no"],
                f"version {one['learned']}" if one["learned"] else "",
                ", ".join(f"{kind} {len(one[kind])}" for kind in _NAMES if one[kind]),
                _context(one),
            )
            for one in shown
        ),
    )


def _configured(config: Path | None) -> tuple[Brand, ...]:
    from monitor.config import load_brands

    return load_brands(found_config(config))


def _brand(brand: Brand, store: Reader | None) -> dict[str, Any]:
    from monitor.understanding.relevance import automatic

    yes, no = store.answered(brand.name) if store else (0, 0)
    return {
        "brand": brand.name,
        "competitor": brand.competitor,
        "aliases": list(brand.aliases),
        "handles": list(brand.handles),
        "domains": list(brand.own_domains),
        "accounts": list(brand.own_accounts),
        "people": list(brand.people),
        "exclude": list(brand.exclude),
        "packs": list(brand.context_packs),
        "automatic_packs": list(automatic(brand)),
        "words": {"for": list(brand.context_any), "against": list(brand.context_none)},
        "rule": brand.rule,
        "known_issues": [name for name, _ in brand.known_issues],
        "answers": {"yes": yes, "no": no},
        "learned": store.active_learned().get(brand.name) if store else None,
    }


def _context(one: dict[str, Any]) -> str:
    said = [*one["packs"], *(f"{name} (by itself)" for name in one["automatic_packs"])]
    if words := [*one["words"]["for"], *one["words"]["against"]]:
        said.append(f"{len(words)} own words")
    if one["rule"]:
        said.append("a rule")
    return ", ".join(said)


@brands_app.command("forms")
def forms(
    name: Annotated[str, typer.Argument(help="Name of a brand in the configuration.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print every spelling by which a brand is found, by kind, and what is found besides."""
    from monitor.text import fold
    from monitor.understanding.matching.forms import Morphology
    from monitor.understanding.matching.listing import forms_of

    known = {fold(brand.name): brand for brand in _configured(config)}
    if fold(name) not in known:
        others = ", ".join(brand.name for brand in known.values())
        print_nothing(f"there is no brand {name!r}; configured are: {others}")
    brand = known[fold(name)]
    listing = forms_of(brand, Morphology())
    if as_json:
        groups = {group.kind: list(group.spellings) for group in listing.groups}
        print_json({"brand": brand.name, "forms": groups, "besides": list(listing.besides)})
        return
    for group in listing.groups:
        print_line(f"{group.kind} ({len(group.spellings)}): {', '.join(group.spellings)}")
    for sentence in listing.besides:
        print_line(f"and {sentence}")


@brands_app.command("learned")
def learned(
    name: Annotated[str, typer.Argument(help="Name of a brand that has mentions.")],
    *,
    undo: Annotated[bool, typer.Option("--undo", help="What was learned last counts no more.")] = False,
    redo: Annotated[bool, typer.Option("--redo", help="What was taken back counts again.")] = False,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what was learned of a brand from people's answers, and how well it does; take it back or bring it again."""
    from monitor.flows.correcting import learned_of

    if undo and redo:
        raise typer.BadParameter("--undo or --redo, not both")
    store = reader(db)
    brand = brand_as_stored(name, store)
    if undo or redo:
        from monitor.cli.acting import act

        act("learned", config=config, db=db, brand=brand, undo=undo, redo=redo)
    told = cast("dict[str, Any]", learned_of(store, brand))
    if as_json:
        print_json(told)
    else:
        _print_learned(told)


def _print_learned(told: dict[str, Any]) -> None:
    from monitor.understanding.relevance.learning import LEAST

    brand, answers, right = told["brand"], told["answers"], told["right"]
    print_line(f"{brand}: people said {answers['yes']} times that it is meant, {answers['no']} times that it is not")
    if right["recently"] is not None:
        before = "" if right["before"] is None else f", of those before {right['before']:.0%}"
        print_line(f"of the newest answers {right['recently']:.0%} agreed with what had been said{before}")
    if told["drifts"]:
        print_line("it drifts: what people answer agrees less and less with what is said")
    if told["words"]:
        for label, key in (("for", "for"), ("against", "against")):
            words = ", ".join(f"{word} {weight:+.2f}" for word, weight in told["words"][key])
            print_line(f"words {label} it: {words or 'none'}")
    if not told["versions"]:
        print_line(f"nothing is learned yet: that takes {LEAST} answers of each kind")
        return
    print_table(
        ("version", "made", "answers", "state", "right", "F1", "rules", "share", "lost lately"),
        map(_version_line, told["versions"]),
    )


def _version_line(version: dict[str, Any]) -> tuple[object, ...]:
    known = (version["version"], version["made_at"][:16].replace("T", " "), version["answers"], version["state"])
    figures = version["figures"]
    if figures is None:
        return (*known, "", "", "", "", "")
    lost = "" if figures["drift"] is None else f"{figures['drift']:.0%}{', drifts' if figures['drifting'] else ''}"
    return (*known, *(f"{figures[name]:.0%}" for name in ("accuracy", "f1", "rules_accuracy", "share")), lost)
