"""What is known of software and of sites, in three records: a sign of an engine, an offer to be read, the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Where = Literal["generator", "cookie", "header", "markup"]


@dataclass(frozen=True, slots=True)
class Sign:
    """What gives an engine away: `pattern` is searched for, whatever its case; `weight` is how sure it makes, 0 to 1.

    A generator is the meta element's content, a cookie its name, a header one line as `name: value`.
    """

    where: Where
    pattern: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One way to read an engine, of worth 0 to 1.

    Where `page` is given, {page} stands for what it matches: the address of the page itself, or else of those that the
    page links to. Where `sign` is given, the markup must hold it. {brand} stands for the name that is looked for.
    """

    entry: Mapping[str, str | bool]
    suffix: str = ""
    why: str
    worth: float = 1.0
    page: str = ""
    sign: str = ""
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Some software; `home` is a pattern whose group is the address (perhaps relative) at which it is installed."""

    name: str
    signs: tuple[Sign, ...]
    home: str = ""
    offers: tuple[Offer, ...] = field(default=())


FIRST_POSTS: Final = "opening posts only, answers are not seen"
MAY_BE_OFF: Final = "the feed may be switched off"
