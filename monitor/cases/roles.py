"""Who may do what with a case: one table, from act to roles."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from monitor.errors import Refusal
from monitor.models import Person, Role

if TYPE_CHECKING:
    from collections.abc import Mapping


class Act(StrEnum):
    """What people do with cases; each is a command of `monitor cases`."""

    OPEN = "open"
    JOIN = "join"
    TAKE = "take"
    ASSIGN = "assign"
    NOTE = "note"
    EVIDENCE = "evidence"
    ATTEMPT = "attempt"
    TICKET = "ticket"
    CLAIM = "claim"
    COMPENSATE = "compensate"
    FINDINGS = "findings"
    CLEAR = "clear"
    TEMPLATE = "template"
    VERDICT = "verdict"
    ANSWER = "answer"
    OFFLINE = "offline"
    SILENT = "silent"
    WAIT = "wait"
    RESUME = "resume"
    CLOSE = "close"
    REOPEN = "reopen"


_STAFF: Final = frozenset({Role.AGENT, Role.LEAD, Role.LEGAL, Role.ADMIN})

MAY: Final[Mapping[Act, frozenset[Role]]] = {
    **dict.fromkeys(Act, _STAFF),
    Act.CLEAR: frozenset({Role.LEGAL}),  # an administrator is no lawyer
}
"""Which roles may do an act; analysts only read. Whether the case allows it is for `guards` to say."""

MAY_GIVE_UP: Final = frozenset({Role.LEAD, Role.LEGAL, Role.ADMIN})
"""Roles that may leave a customer unanswered before the playbook's attempts to reach them have failed."""


def wrong_role(act: Act, person: Person) -> Refusal:
    """Why somebody of another role may not do this, and who may."""
    roles = [role.value for role in Role if role in MAY[act]]
    return Refusal(
        code="role",
        why=f"{person.name} has the role {person.role.value}, which may not {act.value}",
        missing=f"ask somebody with the role {' or '.join(roles)}: monitor people list",
    )


def alone(name: str) -> Person:
    """Who acts in a shop of one, where no persons are stored: somebody with the role admin."""
    return Person(name=name, role=Role.ADMIN)
