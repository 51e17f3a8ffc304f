"""Special cases: what a post is about that has duties of its own, told by rules that are data.

One file a language holds patterns over lemmas with groups, gaps and grammar; guards take away what is negated, asked,
quoted, retold or somebody else's; cases.toml has the levels. How files are written: docs/special-cases.md.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections import defaultdict
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from monitor.caches import remembered
from monitor.models import SpecialCase
from monitor.understanding.rules.files import CASES, cases_of, load, rule_file, rule_files
from monitor.understanding.rules.finder import Finder, Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from monitor.models import Post, Span
    from monitor.understanding.reading import Reading, Sentence
    from monitor.understanding.rules.files import RuleFile
    from monitor.understanding.rules.finder import Chance
    from monitor.understanding.rules.records import Case, Evidence
    from monitor.understanding.toward import Role, TextSpan

FOLDER: Final = Path(__file__).parents[1] / "data" / "special_cases"
"""The rule files that come with the program."""

WHOLE: Final = frozenset({"own_voice", "article_about", "spam"})
"""The special cases that are of a text as a whole, not of a place in it."""

_CYRILLIC_LETTER: Final = re.compile(r"[\u0400-\u052f]")
_LATIN_LETTER: Final = re.compile(r"[A-Za-z\u00c0-\u024f]")
_CYRILLIC: Final = frozenset({"ru", "uk", "be", "bg", "sr", "mk", "kk"})
_ALMOST: Final = 1e-9  # weights are decimal fractions


class Rules:
    """The rules of all languages; `cases` are those of cases.toml, by name."""

    def __init__(self, cases: Mapping[str, Case], paths: Mapping[str, Path], files: Mapping[str, RuleFile]) -> None:
        self.cases = cases
        self._paths = paths
        self._finders = {lang: Finder(file) for lang, file in files.items()}

    @classmethod
    def open(cls, folder: Path = FOLDER) -> Rules:
        """The rules of a folder, of which each language is compiled when its first text comes: half a second each.

        Raises InputError that tells every mistake of cases.toml; those of a language are told when its turn comes.
        """
        return cls(cases_of(folder), rule_files(folder), {})

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Rules:
        """Read and compile a folder. Raises InputError that tells every mistake with file, rule and what is wrong."""
        cases, files = load(folder)
        return cls(cases, rule_files(folder), files)

    def find(
        self,
        post: Post,
        readings: Sequence[Reading],
        *,
        spans: Sequence[Span],
        others: Sequence[Span],
        role: Role | None = None,
        within: Sequence[TextSpan] | None = None,
    ) -> tuple[SpecialCase, ...]:
        """The special cases of a post for a brand, in the order of cases.toml, each with its weightiest evidence.

        `readings` are those of title and text; `spans` name the brand, `others` other brands; `role` is what the author
        does with the brand. What stands outside of `within`, if that is given, is about another brand.
        """
        found: dict[str, list[Evidence]] = {}
        for evidence in self._evidence(Seen(post, readings, spans, others, role), stopped=False):
            if within is None or evidence.case in WHOLE or _stands_in(evidence, within):
                found.setdefault(evidence.case, []).append(evidence)
        return tuple(
            _special_case(case, found[name])
            for name, case in self.cases.items()
            if name in found and sum(evidence.weight for evidence in found[name]) >= case.threshold - _ALMOST
        )

    def evidence(
        self,
        post: Post,
        readings: Sequence[Reading],
        *,
        spans: Sequence[Span],
        others: Sequence[Span],
        role: Role | None = None,
    ) -> list[Evidence]:
        """Every rule whose words stand in a post, also those that something stopped: for who asks why.

        In the order of fields and places; of equal places, the weightier first.
        """
        return self._evidence(Seen(post, readings, spans, others, role), stopped=True)

    def _evidence(self, seen: Seen, *, stopped: bool) -> list[Evidence]:
        readings = seen.readings
        if not readings:
            return []
        whole = max(readings, key=lambda reading: len(reading.text)).lang
        places: dict[str, set[tuple[int, int]]] = {}
        for number, reading in enumerate(readings):
            for place, sentence in enumerate(reading.sentences):
                lang = self._language(reading, sentence, whole)
                if lang is not None:
                    places.setdefault(lang, set()).add((number, place))
        order = {reading.field: number for number, reading in enumerate(readings)}
        chances = [chance for lang in sorted(places) for chance in self._finder(lang).chances(seen, places[lang])]
        if not stopped:
            chances = self._enough(chances)
        told = [found for chance in chances if (found := chance.evidence()) and (stopped or found.stopped is None)]
        return sorted(told, key=lambda evidence: (order[evidence.field], evidence.start, -evidence.weight))

    def _enough(self, chances: Iterable[Chance]) -> list[Chance]:
        """Those of cases whose rules weigh enough together, if all of them stand as they want."""
        counting = [chance for chance in chances if chance.may_count()]
        most: dict[str, float] = defaultdict(float)
        for chance in counting:
            most[chance.rule.case] += max(chance.rule.weight, 0.0)
        return [
            chance for chance in counting if most[chance.rule.case] >= self.cases[chance.rule.case].threshold - _ALMOST
        ]

    def _finder(self, lang: str) -> Finder:
        if lang not in self._finders:
            path = self._paths[lang]
            make = partial(rule_file, path, self.cases)
            self._finders[lang] = Finder(_remembered(path, make) if path.parent == FOLDER else make())
        return self._finders[lang]

    def _language(self, reading: Reading, sentence: Sentence, whole: str | None) -> str | None:
        """Whose rules a sentence gets: its own language's, else that of the text around where the letters agree.

        Where no language is known, Cyrillic gets the Russian rules and Latin the English; a Cyrillic language without
        rules gets the Russian too, since most of its customers write so.
        """
        if sentence.lang in self._paths:
            return sentence.lang
        text = reading.text[sentence.start : sentence.end]
        cyrillic = len(_CYRILLIC_LETTER.findall(text)) > len(_LATIN_LETTER.findall(text))
        around = next((lang for lang in (reading.lang, whole) if lang is not None), None)
        if around in self._paths and (around in _CYRILLIC) is cyrillic:
            return around
        if not cyrillic and (sentence.lang or around) is not None:
            return None
        lang = "ru" if cyrillic else "en"
        return lang if lang in self._paths else None


def _stands_in(evidence: Evidence, within: Sequence[TextSpan]) -> bool:
    return any(
        field == evidence.field and start < evidence.end and evidence.start < end for field, start, end in within
    )


def _special_case(case: Case, told: Iterable[Evidence]) -> SpecialCase:
    """A case with its weightiest evidence, of equal ones the first."""
    best = max(told, key=lambda evidence: evidence.weight)
    return SpecialCase(
        name=case.name,
        level=case.level,
        rule=best.rule,
        field=best.field,
        start=best.start,
        end=best.end,
        hides=case.hides,
    )


def _remembered(path: Path, make: Callable[[], RuleFile]) -> RuleFile:
    """A rule file as the first process has compiled it, which takes the others a tenth of the time."""

    def compiled() -> RuleFile:
        made = make()
        made.vocabulary.index_words()
        return made

    key = hashlib.sha256(_program() + path.read_bytes() + (path.parent / CASES).read_bytes()).hexdigest()[:16]
    found: RuleFile = remembered("rules", path.stem, key, compiled)
    return found


@cache
def _program() -> bytes:
    """All that compiled rules depend on besides their files: our source, Python, the dictionaries."""
    source = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    source += [path.read_bytes() for path in sorted((Path(__file__).parents[2] / "lemmas").glob("*.py"))]
    known = ("pymorphy3", "pymorphy3-dicts-ru", "pymorphy3-dicts-uk", "simplemma")
    return b"".join(source) + repr((sys.version, [version(name) for name in known])).encode()
