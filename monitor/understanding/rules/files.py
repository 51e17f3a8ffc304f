"""Rule files: cases.toml and one file a language, read into records; every mistake of a folder is told at once."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from monitor.errors import InputError
from monitor.models import Level
from monitor.understanding.rules import conditions
from monitor.understanding.rules.fields import Faults, Fields
from monitor.understanding.rules.graphs import Compiler
from monitor.understanding.rules.guards import GUARDS, WORD_LISTS
from monitor.understanding.rules.patterns import nearest
from monitor.understanding.rules.records import Case, Rule
from monitor.understanding.rules.vocabulary import Index

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from monitor.understanding.rules.graphs import Graph
    from monitor.understanding.rules.vocabulary import Vocabulary

CASES: Final = "cases.toml"
SCOPES: Final = ("sentence", "clause", "text")
FARTHEST: Final = 200
"""Tokens that `within` may allow."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LANG: Final = re.compile(r"[a-z]{2,3}")
_FILE_KEYS: Final = ("words", "groups", "rule")
_CASE_KEYS: Final = ("level", "floor", "threshold", "guards", "hides", "says")
_RULE_KEYS: Final = (
    *("id", "case", "any", "all", "within", "scope", "guards", "unless", "unless_text", "when", "weight"),
)


@dataclass(frozen=True, slots=True)
class RuleFile:
    """The compiled rules of one language, in the order of the file, and its word lists."""

    lang: str
    vocabulary: Vocabulary
    rules: tuple[Rule, ...]
    words: Mapping[str, Index]


def load(folder: Path) -> tuple[dict[str, Case], dict[str, RuleFile]]:
    """The cases, and the rules by language. Raises InputError that tells every mistake of every file."""
    told: list[str] = []
    cases = _cases(folder / CASES, told)
    files = {lang: _rule_file(path, cases, told) for lang, path in rule_files(folder).items()}
    if told:
        raise InputError("\n".join(told))
    return cases, files


def rule_files(folder: Path) -> dict[str, Path]:
    """Where the rules of each language lie."""
    return {path.stem: path for path in sorted(folder.glob("*.toml")) if path.name != CASES}


def cases_of(folder: Path) -> dict[str, Case]:
    """The cases alone, by name. Raises InputError that tells every mistake of their file."""
    told: list[str] = []
    cases = _cases(folder / CASES, told)
    if told:
        raise InputError("\n".join(told))
    return cases


def rule_file(path: Path, cases: Mapping[str, Case]) -> RuleFile:
    """The rules of one language. Raises InputError that tells every mistake of their file."""
    told: list[str] = []
    made = _rule_file(path, cases, told)
    if told:
        raise InputError("\n".join(told))
    return made


def _read(path: Path, told: list[str]) -> tuple[dict[str, Any], Faults] | None:
    """The tables of a file; None where it cannot be read, which is told."""
    try:
        source = path.read_text(encoding="utf-8")
        return tomllib.loads(source), Faults(path.name, source)
    except OSError as fault:
        told.append(f"{path.name}: cannot be read: {fault.strerror}")
    except UnicodeDecodeError as fault:
        told.append(f"{path.name}: is no UTF-8 text: byte {fault.start + 1}")
    except tomllib.TOMLDecodeError as fault:
        told.append(f"{path.name}: is no TOML: {fault}")
    return None


def _cases(path: Path, told: list[str]) -> dict[str, Case]:
    read = _read(path, told)
    if read is None:
        return {}
    tables, faults = read
    cases: dict[str, Case] = {}
    for name, table in tables.items():
        if not isinstance(table, dict) or not _NAME.fullmatch(name):
            faults.add(name, "a case is a table [name]; the name has small Latin letters, digits and _")
            continue
        fields = Fields(table, name, faults)
        fields.only(_CASE_KEYS)
        cases[name] = Case(
            name=name,
            level=Level(fields.choice("level", None, tuple(Level))),
            floor=fields.whole("floor", low=0, high=100),
            threshold=fields.number("threshold", 1.0, low=0.01, high=100),
            guards=fields.names("guards", GUARDS),
            hides=fields.flag("hides"),
            says=_says(fields),
        )
    if not tables:
        faults.told.append(f"{path.name}: names no case")
    told += faults.told
    return cases


def _says(fields: Fields) -> dict[str, str]:
    says = fields.table.get("says")
    if not isinstance(says, dict) or not all(isinstance(text, str) and text for text in says.values()):
        fields.fault('«says» must be sentences by language, as in {en = "…", ru = "…"}')
        return {}
    if "en" not in says:
        fields.fault("«says» has no English sentence")
    return dict(says)


def _rule_file(path: Path, cases: Mapping[str, Case], told: list[str]) -> RuleFile:
    tables, faults = _read(path, told) or ({}, Faults(path.name, ""))
    if not _LANG.fullmatch(path.stem):
        faults.told.append(f"{path.name}: a rule file is named after its language, as in ru.toml")
    for key in tables:
        if key not in _FILE_KEYS:
            faults.add(key, f"unknown table; {nearest(key, _FILE_KEYS)}")
    groups = _lists(tables, "groups", faults)
    compiler = Compiler(path.stem, groups)
    words = {}
    for name, entries in _lists(tables, "words", faults).items():
        if name not in WORD_LISTS:
            faults.add("words", f"unknown list «{name}»; {nearest(name, WORD_LISTS)}")
        words[name] = Index(_graphs(entries, "words", compiler, faults))
    before = len(faults.told)
    for name in groups:
        faults.trying("groups", partial(compiler.group, name))
    # A wrong group would be told once more with every rule that uses it.
    usable = compiler if len(faults.told) == before else None
    rules = _rules(tables.get("rule", []), usable, cases=cases, faults=faults)
    told += faults.told
    return RuleFile(path.stem, compiler.vocabulary, rules, words)


def _lists(tables: Mapping[str, Any], key: str, faults: Faults) -> dict[str, list[str]]:
    """A table of lists of patterns."""
    table = tables.get(key, {})
    if not isinstance(table, dict):
        faults.add(key, f"must be a table [{key}] of lists")
        return {}
    found: dict[str, list[str]] = {}
    for name, entries in table.items():
        if not _NAME.fullmatch(name):
            faults.add(key, f"«{name}» is no name: small Latin letters, digits and _")
        elif not isinstance(entries, list) or not entries or not all(isinstance(entry, str) for entry in entries):
            faults.add(key, f"«{name}» must be a list of patterns in quotation marks, at least one")
        else:
            found[name] = entries
    return found


def _rules(listed: object, compiler: Compiler | None, *, cases: Mapping[str, Case], faults: Faults) -> tuple[Rule, ...]:
    if not isinstance(listed, list) or not all(isinstance(table, dict) for table in listed):
        faults.add("rule", "rules are written as [[rule]]")
        return ()
    rules: dict[str, Rule] = {}
    for number, table in enumerate(listed, 1):
        name = table.get("id")
        if not isinstance(name, str) or not _ID.fullmatch(name):
            faults.add(f"rule {number}", "«id» must be small Latin letters and digits, parted by single hyphens")
        elif name in rules:
            faults.add(name, "this id is taken by an earlier rule")
        else:
            rules[name] = _rule(Fields(table, name, faults), compiler, cases)
    return tuple(rules.values())


def _rule(fields: Fields, compiler: Compiler | None, cases: Mapping[str, Case]) -> Rule:
    fields.only(_RULE_KEYS)
    case = fields.text("case") or ""
    if case and cases and case not in cases:
        fields.fault(f"unknown case «{case}»; {nearest(case, cases)}")
    guards = fields.names("guards", GUARDS)
    if "guards" not in fields.table and case in cases:
        guards = cases[case].guards

    def graphs(key: str) -> tuple[Graph, ...]:
        return _graphs(fields.texts(key), fields.place, compiler, fields.faults)

    together = tuple((graph,) for graph in graphs("all"))
    single = graphs("any")
    when = (fields.faults.trying(fields.place, partial(conditions.parse, text)) for text in fields.texts("when"))
    if fields.table.keys().isdisjoint({"any", "all", "when"}):
        fields.fault("has neither «any» nor «all» nor «when»")
    for key in ("within", "scope"):
        if key in fields.table and "all" not in fields.table:
            fields.fault(f"«{key}» says how «all» stand together, and there is no «all»")
    weight = fields.number("weight", 1.0, low=-10, high=10)
    return Rule(
        id=fields.place,
        case=case,
        members=((single, *together) if single else together),
        scope=fields.choice("scope", SCOPES[0], SCOPES),
        within=fields.whole("within", low=0, high=FARTHEST),
        guards=guards,
        unless=graphs("unless"),
        unless_text=graphs("unless_text"),
        when=tuple(condition for condition in when if condition is not None),
        weight=weight,
    )


def _graphs(patterns: Iterable[str], place: str, compiler: Compiler | None, faults: Faults) -> tuple[Graph, ...]:
    if compiler is None:
        return ()
    made = []
    for pattern in patterns:
        try:
            made.append(compiler.compile(pattern))
        except InputError as fault:
            faults.add(place, f"«{pattern}»: {fault}")
    return tuple(made)
