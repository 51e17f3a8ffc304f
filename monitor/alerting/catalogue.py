"""The words of messages: one file a language in `words/`, and a third language is one more file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


def _read(path: Path) -> Mapping[str, str]:
    """The words of one language; its tables only keep the file in order, so no key stands in two of them."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    words: dict[str, str] = {}
    for table in tables.values():
        if repeated := words.keys() & table.keys():
            raise ValueError(f"{path.name}: {', '.join(sorted(repeated))} in two tables")
        words |= table
    return words


CATALOGUES: Final[Mapping[str, Mapping[str, str]]] = {
    path.stem: _read(path) for path in sorted((Path(__file__).parent / "words").glob("*.toml"))
}


def words_in(language: str) -> Mapping[str, str]:
    """The words of a language; English where there is no catalogue for it."""
    return CATALOGUES.get(language, CATALOGUES["en"])
