"""The dictionaries: where simplemma's tries lie, how they come to be, and the analysers of pymorphy3.

simplemma ships its dictionaries as compressed pickles that take 100 MB and 20 s to read. As tries they are files of
24 MB in all, which are mapped into memory: a language is there in milliseconds and all processes share its pages.
"""

from __future__ import annotations

import fcntl
import logging
import subprocess
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from monitor.caches import folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymorphy3 import MorphAnalyzer
    from simplemma.strategies import DefaultStrategy

LATIN: Final = ("en", "es", "de", "fr", "it", "pt")
"""Languages of the tries; a word that its own text's language does not know is looked up in this order."""


@cache
def analyser(lang: str) -> MorphAnalyzer:
    """pymorphy3 for ru or uk: 20 MB and 0.2 s each."""
    from pymorphy3 import MorphAnalyzer
    from pymorphy3.tagset import OpencorporaTag

    # All languages share the class of tags, and each that loads makes it forget the marks of the others: asking a
    # Russian tag for one that Ukrainian lacks would be an error from then on.
    known = OpencorporaTag.KNOWN_GRAMMEMES
    made = MorphAnalyzer(lang=lang)
    OpencorporaTag.KNOWN_GRAMMEMES |= known
    return made


class _Tries:
    """simplemma's dictionaries, mapped from files; a factory as simplemma's strategies want it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, Mapping[str, str]] = {}

    def get_dictionary(self, lang: str) -> Mapping[str, str]:
        if lang not in self._open:
            from marisa_trie import BytesTrie  # type: ignore[import-not-found]  # no stubs
            from simplemma.strategies.dictionaries.trie_dictionary_factory import TrieWrapDict

            trie = BytesTrie()
            trie.mmap(str(self._folder / f"{lang}.dic"))
            self._open[lang] = TrieWrapDict(trie)
        return self._open[lang]


@cache
def _tries() -> _Tries:
    place = _folder()
    if _missing(place):
        # In a process of its own, because what it takes to build them is not given back.
        subprocess.run([sys.executable, "-m", "monitor.lemmas", str(place)], check=True)  # noqa: S603 - ourselves
    return _Tries(place)


def dictionary(lang: str) -> Mapping[str, str]:
    """Forms to lemmas of one of LATIN, spelt as the language does, accents and German capitals included."""
    return _tries().get_dictionary(lang)


@cache
def strategy() -> DefaultStrategy:
    """The whole chain of simplemma over the tries: clitics, rules and affixes for what stands in no dictionary."""
    from simplemma.strategies import DefaultStrategy

    return DefaultStrategy(dictionary_factory=_tries())


def prepare(into: Path | None = None) -> Path:
    """Build the tries that are missing, by default where this program looks for them; returns the folder.

    Safe to run twice at once: one builds, the other waits. Takes about 20 s and 200 MB. Raises OSError.
    """
    place = into or _folder()
    place.mkdir(parents=True, exist_ok=True)
    with _locked(place):
        missing = _missing(place)
        if not missing:
            return place
        from simplemma.strategies.dictionaries.trie_dictionary_factory import TrieDictionaryFactory

        logging.getLogger(__name__).warning("building the dictionaries in %s: about 20 seconds, once", place)
        with TemporaryDirectory(dir=place) as building:
            for lang in missing:
                TrieDictionaryFactory(cache_max_size=1, disk_cache_dir=building).get_dictionary(lang)
                Path(building, f"{lang}.dic").replace(place / f"{lang}.dic")
    return place


def unprepared() -> tuple[str, ...]:
    """Languages whose tries are not built yet where this program looks for them; nothing is loaded."""
    return _missing(_folder())


def _missing(folder: Path) -> tuple[str, ...]:
    return tuple(lang for lang in LATIN if not (folder / f"{lang}.dic").exists())


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@cache
def _folder() -> Path:
    """Where the tries are, else where they can be written."""
    from importlib.metadata import version

    return folder(f"lemmas-{version('simplemma')}", complete=lambda place: not _missing(place))
