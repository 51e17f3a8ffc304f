"""Who hears of a case: from a word of a playbook to the receivers of people, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.models import Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from monitor.models import Case, Person

OWNER: Final = "owner"
FOUNDER: Final = "founder"


def whom(
    word: str,
    *,
    case: Case,
    persons: Sequence[Person],
    receivers: Collection[str],
    ladder: Sequence[str],
    fallback: Sequence[str],
) -> tuple[tuple[str, str], ...]:
    """The receivers that a word of a playbook leads to, each once with the reason why, in the order of names.

    `receivers` are the names that sources.yaml knows: a person told through any other is not reached. Where nobody is,
    the words after it in the `ladder` are asked (all of them for a word that does not stand there), and at last
    `fallback`, the receivers that routes lead to. Empty only where there is nobody to tell at all.
    """
    after = ladder[ladder.index(word) + 1 :] if word in ladder else ladder
    for asked in dict.fromkeys((word, *after)):
        # A shop that keeps no persons may have a receiver that is called like a role, so names are asked as well.
        found = _reached(_by_part(asked, case, persons), receivers) or _reached(_by_name(asked, persons), receivers)
        if found:
            instead = "" if asked == word else f", as {word} reaches nobody"
            return tuple((receiver, why + instead) for receiver, why in found)
    return _reached(((name, f"a route leads there, as {word} reaches nobody") for name in fallback), receivers)


def _by_part(word: str, case: Case, persons: Sequence[Person]) -> Iterator[tuple[str | None, str]]:
    """Whom the word means by the part they play in the case or the house; nothing where it is a name."""
    ours = sorted(persons, key=lambda person: person.name)
    if word == OWNER:
        if owner := next((person for person in ours if person.name.casefold() == (case.owner or "").casefold()), None):
            yield owner.receiver, f"{owner.name} owns the case"
        else:
            agents = (person for person in ours if person.role is Role.AGENT)
            yield from ((agent.receiver, f"{agent.name} is an agent, and nobody owns the case") for agent in agents)
    elif word == FOUNDER:
        yield from ((person.receiver, f"{person.name} is a founder") for person in ours if person.founder)
    else:
        yield from ((person.receiver, f"{person.name} has the role {word}") for person in ours if person.role == word)


def _by_name(word: str, persons: Sequence[Person]) -> Iterator[tuple[str | None, str]]:
    yield word, f"the playbook names the receiver {word}"
    yield from ((person.receiver, f"the playbook names {word}") for person in persons if person.name == word)


def _reached(found: Iterable[tuple[str | None, str]], receivers: Collection[str]) -> tuple[tuple[str, str], ...]:
    first: dict[str, str] = {}
    for receiver, why in found:
        if receiver is not None and receiver in receivers:
            first.setdefault(receiver, why)
    return tuple(first.items())
