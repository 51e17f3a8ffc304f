"""Drafts of replies with slots, by class of case: those that are shipped, and those that sources.yaml adds.

data/templates holds one file a language: a table for each template with its `classes`, `text`, whether it is fit for
the `first` answer, and the `verdicts` that it needs. A slot is a name in braces; a brace that is doubled stands for
itself. Templates thank first, promise what will be done and admit nothing; the tests check them with our own rules.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from monitor.models import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LANGUAGES: Final = ("ru", "en")
SPECIAL: Final = (
    *("health_safety", "fraud_leak", "legal_threat", "rude_staff", "publicity_threat", "fake_extortion", "vip"),
    *("refund", "churn", "serial_complainer", "known_issue", "story"),
)
"""Classes of cases, the gravest first; those that are not here are general."""
GENERAL: Final = ("negative", "manual", "positive")
"""Classes whose templates fit every case; `positive` only that of its own."""
NEUTRAL: Final = "legal_threat"
"""The class whose templates commit to nothing: each further word may be used in court."""

_SLOT: Final = re.compile(r"\{\{|\}\}|\{([^\W\d]\w{0,39})\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A draft: `first` where it is fit for the first answer; `verdicts` that it needs, none where none matters."""

    name: str
    language: str
    classes: tuple[str, ...]
    text: str
    first: bool = False
    verdicts: tuple[Verdict, ...] = ()


def templates_for(
    classes: Collection[str], language: str, own: Mapping[str, Mapping[str, Mapping[str, str]]], *, neutral: bool
) -> tuple[Template, ...]:
    """The templates for a case of `classes`: those of its gravest class first, the general ones last.

    `own` are those of sources.yaml, by class, language and name: one that is named like a shipped one takes its place
    and keeps what it is for, another goes before the shipped ones of its class. A `language` in which there are none
    reads English. `neutral` is whether the duty `legal` is among those of the case's playbook, done or not: then only
    the templates of the class legal_threat fit, whatever class the duty came from.
    """
    tag = re.split("[-_]", language.lower(), maxsplit=1)[0]
    wanted = (NEUTRAL,) if neutral else _wanted(classes)
    if tag not in LANGUAGES and not any(tag in own.get(name, {}) for name in wanted):
        tag = "en"
    shipped = _shipped(tag if tag in LANGUAGES else "en")
    found: dict[str, Template] = {}
    for name in wanted:
        ours = own.get(name, {}).get(tag, {})
        for called, text in ours.items():
            new = Template(name=called, language=tag, classes=(name,), text=text)
            found.setdefault(called, replace(shipped[called], language=tag, text=text) if called in shipped else new)
        for one in shipped.values():
            if one.classes[0] == name or (name in one.classes and one.classes[0] not in wanted):
                found.setdefault(one.name, one)
    return tuple(found.values())


def _wanted(classes: Collection[str]) -> tuple[str, ...]:
    """The classes whose templates fit, in their order."""
    special = [name for name in SPECIAL if name in classes]
    unknown = sorted(set(classes) - {*SPECIAL, *GENERAL})
    general = [name for name in GENERAL if name in classes or name == "negative"]
    return ("positive",) if set(classes) == {"positive"} else (*special, *unknown, *general)


@cache
def _shipped(language: str) -> Mapping[str, Template]:
    path = files("monitor.cases") / "data" / "templates" / f"{language}.toml"
    return {
        name: Template(
            name=name,
            language=language,
            classes=tuple(one["classes"]),
            text=one["text"],
            first=one.get("first", False),
            verdicts=tuple(Verdict(verdict) for verdict in one.get("verdicts", ())),
        )
        for name, one in tomllib.loads(path.read_text(encoding="utf-8")).items()
    }


def slots(text: str) -> tuple[str, ...]:
    """The names of the slots of a template, in their order, each once."""
    return tuple(dict.fromkeys(found[1] for found in _SLOT.finditer(text) if found[1]))


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with `values` in its slots; a slot without a value, or with an empty one, stays as it is.

    What the values hold is not looked at again, so braces in them open no slots.
    """

    def filled(found: re.Match[str]) -> str:
        return values.get(found[1], "").strip() or found[0] if found[1] else found[0][0]

    return _SLOT.sub(filled, text)
