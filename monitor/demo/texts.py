"""What people say on the little web: the texts of `texts.toml` as records, with the truth that their writer knows."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

BRAND: Final = "Кассолёт"
COMPETITOR: Final = "Торгуша"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One thing that somebody wrote.

    `names` are the brands that it names and `mood` is what a reader would say of it at once ("negative", "neutral",
    "positive"); `stars` run from 1 to 5, None outside reviews.
    """

    text: str
    author: str
    title: str = ""
    names: tuple[str, ...] = ()
    mood: str = "neutral"
    stars: int | None = None


@cache
def load() -> Mapping[str, tuple[Text, ...]]:
    """The texts of each place (news, comments, reviews, forum), in the order in which they appear there."""
    places = tomllib.loads(files(__package__).joinpath("texts.toml").read_text(encoding="utf-8"))
    return {
        place: tuple(Text(**{**entry, "names": tuple(entry["names"])}) for entry in entries)
        for place, entries in places.items()
    }
