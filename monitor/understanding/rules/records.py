"""The records of rule files: a case with its level and defaults, a rule, and what a rule found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.models import Level
    from monitor.understanding.rules.conditions import Condition
    from monitor.understanding.rules.graphs import Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A special case as cases.toml has it.

    `floor` is the least priority (0 to 100) of a mention that has it, None for none; `threshold` is what the weights
    of the distinct rules that fired must sum to; `guards` are those of rules that name none; `hides` says that a post
    with this case is not worth an alert; `says` is a plain sentence for people, by language.
    """

    name: str
    level: Level
    floor: int | None
    threshold: float
    guards: tuple[str, ...]
    hides: bool
    says: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, compiled.

    Each of `members` must be found, by one of its patterns; all of them in one `scope` (clause, sentence or text), next
    ones at most `within` tokens apart where that is not None. A rule without members rests on `when` alone.
    """

    id: str
    case: str
    members: tuple[tuple[Graph, ...], ...]
    scope: str
    within: int | None
    guards: tuple[str, ...]
    unless: tuple[Graph, ...]
    unless_text: tuple[Graph, ...]
    when: tuple[Condition, ...]
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A place where the words of a rule stand; `stopped` is what made it not count: a guard, unless, when, or None."""

    rule: str
    case: str
    weight: float
    field: str
    start: int
    end: int
    stopped: str | None = None
