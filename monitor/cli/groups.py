"""Commands with commands of their own, of which one is meant where none is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from typer.core import TyperGroup

if TYPE_CHECKING:
    import typer


class DefaultGroup(TyperGroup):
    """Commands of which one is meant where none is named: `monitor sources NAME` is `monitor sources show NAME`."""

    default: ClassVar[str] = "show"

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override] # typer's context
        """Put the command in where another word, or none, stands first."""
        first: str = args[0] if args else ""
        if first not in self.commands and first != "--help":
            args = [self.default, *args]
        found: Any = super().parse_args(ctx, args)
        return list(found)


class ListGroup(DefaultGroup):
    """Without a command it lists."""

    default = "list"
