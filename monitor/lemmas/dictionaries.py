"""The dictionaries: where simplemma's tries lie, how they come to be, and the analysers of pymorphy3.

simplemma ships its dictionaries as compressed pickles that take 100 MB and 20 s to read. As tries they are files of
24 MB in all, which are mapped into memory: a language is there in milliseconds and all processes share its pages.
"""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING, Final

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
    folder = _folder()
    if _missing(folder):
        # In a process of its own, because what it takes to build them is not given back.
        subprocess.run([sys.executable, "-m", "monitor.lemmas", str(folder)], check=True)  # noqa: S603 - ourselves
    return _Tries(folder)


def dictionary(lang: str) -> Mapping[str, str]:
    """Forms to lemmas of one of LATIN, spelt as the language does, accents and German capitals included."""
    return _tries().get_dictionary(lang)


@cache
def strategy() -> DefaultStrategy:
    """The whole chain of simplemma over the tries: clitics, rules and affixes for what stands in no dictionary."""
    from simplemma.strategies import DefaultStrategy

    return DefaultStrategy(dictionary_factory=_tries())


def prepare(folder: Path | None = None) -> Path:
    """Build the tries that are missing, by default where this program looks for them; returns the folder.

    Safe to run twice at once: one builds, the other waits. Takes about 20 s and 200 MB. Raises OSError.
    """
    folder = folder or _folder()
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        missing = _missing(folder)
        if not missing:
            return folder
        from simplemma.strategies.dictionaries.trie_dictionary_factory import TrieDictionaryFactory

        logging.getLogger(__name__).warning("building the dictionaries in %s: about 20 seconds, once", folder)
        with TemporaryDirectory(dir=folder) as building:
            for lang in missing:
                TrieDictionaryFactory(cache_max_size=1, disk_cache_dir=building).get_dictionary(lang)
                Path(building, f"{lang}.dic").replace(folder / f"{lang}.dic")
    return folder


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
    """The first place that has the tries, else the first where they can be written.

    Beside the installed program, the unit's cache, the user's cache. Where none will do, one that lives as long as
    this process: searching must work, and slow starts are better than none.
    """
    from importlib.metadata import version

    name = f"lemmas-{version('simplemma')}"
    caches = [os.environ.get("CACHE_DIRECTORY", "").split(":")[0], os.environ.get("XDG_CACHE_HOME", "")]
    program = "brand-mention-monitor"
    places = [Path(sys.prefix, "share", program, name)]
    places += [Path(cache, program, name) for cache in caches if cache]
    if "HOME" in os.environ:
        places.append(Path(os.environ["HOME"], ".cache", program, name))
    complete = (place for place in places if not _missing(place))
    writable = (place for place in places if _can_write(place))
    return next(complete, None) or next(writable, None) or Path(mkdtemp(prefix=f"{program}-"))


def _can_write(place: Path) -> bool:
    existing = next(parent for parent in (place, *place.parents) if parent.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
