"""Which mention makes a case, of which classes, and when a later post of the same person opens it again.

A case is opened by something that is felt as bad, by a special case with a playbook, and by a story that several tell.
What is about complaints in general, what the company says itself and advertising open none unless felt as bad.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.models import CaseState, Label, Level

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from monitor.models import Case, Mention

NEGATIVE: Final = "negative"
STORY: Final = "story"
MANUAL: Final = "manual"
"""Classes of a case beside the special cases: felt as bad, told by several, opened by hand."""

TOLD_BY: Final = 3  # authors who tell a story that makes it a case of its own
JOINS_FOR: Final = timedelta(days=90)
"""For so long after its end later posts still join a case; then the next one opens a new case."""

_NO_COMPLAINT: Final = frozenset({"own_voice", "article_about"})
_BESIDE: Final = frozenset({"vip"})  # tells who writes, not that anything is wrong
_GRAVE: Final = frozenset({Level.HIGH, Level.CRITICAL})
_RESTING: Final = frozenset({CaseState.ANSWERED, CaseState.OFFLINE, CaseState.SILENT, CaseState.CLOSED})


def classes_of(mention: Mention, *, playbooks: Collection[str]) -> tuple[str, ...]:
    """The classes of the case that this mention makes or joins, sorted; `playbooks` are the names of all classes."""
    found = {case.name for case in mention.special_cases if case.name in playbooks}
    if mention.sentiment.label is Label.NEGATIVE:
        found.add(NEGATIVE)
    elif found <= _BESIDE:
        found = set()
    if _tellers(mention) >= TOLD_BY and mention.sentiment.label is not Label.POSITIVE:
        found.add(STORY)
    return tuple(sorted(found))


def why_case(mention: Mention, *, playbooks: Collection[str]) -> str | None:
    """Why this mention, which is surely about the brand, is a case; None where it is none."""
    is_negative = mention.sentiment.label is Label.NEGATIVE
    cases = mention.special_cases
    if not is_negative and any(case.name in _NO_COMPLAINT or case.hides for case in cases):
        return None
    classes = set(classes_of(mention, playbooks=playbooks))
    special = [case for case in cases if case.name in classes - _BESIDE and case.level is not Level.INFO]
    grave = [case.name for case in special if case.level in _GRAVE]
    if grave:
        return f"special case {grave[0]}"
    if is_negative:
        return "felt as negative"
    if mention.sentiment.label is Label.POSITIVE:
        return None
    if special:
        return f"special case {special[0].name}"
    return f"told by {_tellers(mention)} authors" if STORY in classes else None


def _tellers(mention: Mention) -> int:
    """How many authors tell what the post tells, with its own."""
    before = next((why.weight for why in mention.why if why.code == "spread"), None)
    return 1 if before is None else int(before) + 1


def is_over(case: Case) -> bool:
    """Whether nobody works on a case until its customer writes again."""
    return case.state in _RESTING


def reopens(case: Case, *, is_own: bool, label: Label, at: datetime) -> bool:
    """Whether a further post, written `at`, opens a case again: its customer's own, unless it praises.

    What they had written before they heard of us is found late, and no return.
    """
    heard = case.resolved_at or case.acknowledged_at
    return is_own and is_over(case) and label is not Label.POSITIVE and (heard is None or at > heard)


def is_past(case: Case, now: datetime) -> bool:
    """Whether a case was over so long ago that the next post begins another."""
    ended = case.closed_at or (case.resolved_at if is_over(case) else None)
    return ended is not None and now - ended > JOINS_FOR
