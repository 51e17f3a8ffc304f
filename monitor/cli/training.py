"""The command that has the model learn from the sentiments that people corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from monitor.cli import app
from monitor.cli.common import ConfigOption, DatabaseOption, JsonOption, counted, print_json, print_line, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE: Final = 1000.0  # seconds: longer than a worker may take once it has begun; before that others may be in turn
_FIGURES: Final = (
    ("macro F1", "macro_f1"),
    ("right", "accuracy"),
    ("recall of negative", "negative_recall"),
)


@app.command()
def train(
    *,
    undo: Annotated[bool, typer.Option("--undo", help="What was learned last counts no more.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would come of it, keep nothing.")] = False,
    config: ConfigOption = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn from the sentiments that people corrected; it counts from now on where it is better, and only there."""
    from monitor import logs
    from monitor.cli.acting import act

    if undo and dry_run:
        raise typer.BadParameter("not both", param_hint="--undo, --dry-run")
    logs.configure()
    told = cast(
        "dict[str, Any]", act("train", config=config, db=db, timeout=PATIENCE, undo=undo, dry_run=dry_run)
    )  # what flows.training.train returns
    if as_json:
        print_json(told)
    elif undo:
        print_line(f"version {told['undone']} counts no more; {_now(told['active'])}")
    elif told["figures"] is None:
        print_line(f"nothing is learned: {_lacking(told)}")
    else:
        _show(told)


def _now(active: int | None) -> str:
    return "the model reads as it came" if active is None else f"version {active} counts"


def _lacking(told: Mapping[str, Any]) -> str:
    """What there is, and what it would take."""
    corrections, distinct, needed = told["corrections"], told["distinct"], told["needed"]
    count = counted(corrections, "correction")
    if distinct is None:
        return (
            f"{count}; {needed} are needed, of different texts that are not all felt the same "
            "(monitor correct ID --sentiment LABEL)"
        )
    texts = f"{count}, {counted(distinct, 'different text')}"
    if distinct >= needed:
        return f"{texts}, all felt the same; some must be felt otherwise"
    return f"{texts}; {needed} are needed (those of brands that are left, joined or compared teach nothing)"


def _show(told: Mapping[str, Any]) -> None:
    figures = told["figures"]
    print_line(
        f"learned from {told['distinct']} different texts ({told['corrections']} corrections), "
        "tested on those that it had not seen"
    )
    columns = ("before", "after", "shipped_before", "shipped_after")
    print_table(
        ("", "corrections before", "after", "shipped texts before", "after"),
        ((title, *(f"{figures[column][name]:.3f}" for column in columns)) for title, name in _FIGURES),
    )
    if not told["is_better"]:
        kept = "would not count" if told["version"] is None else f"version {told['version']} does not count"
        print_line(f"{kept}, as it is {figures['reason']}; {_now(told['active'])}")
    elif told["version"] is None:
        print_line("it would count; nothing was kept (--dry-run)")
    else:
        print_line(
            f"version {told['version']} counts from now on; what is stored is judged with it by monitor rescore --apply"
        )
