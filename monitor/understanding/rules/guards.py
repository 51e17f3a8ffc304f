"""Guards: reasons why the words of a rule stand in a text and yet do not mean what the rule is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from monitor.understanding.rules.views import View
    from monitor.understanding.rules.vocabulary import Index
    from monitor.understanding.toward import Role

REACH: Final = 3
"""Units before a match in which a negation still speaks of it."""
WORD_LISTS: Final = (*("negation", "not_negation", "first_person", "second_person", "third_person", "imperative"),)
"""The word lists that a rule file may give; `not_negation` are phrases in which a negation denies nothing."""

_CASES: Final = frozenset({"nomn", "gent", "datv", "accs", "ablt", "loct"})
_GLAD: Final = frozenset({"joined", "better"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule was met, in a view: the units of each of its members, and all of them in the order of the text.

    `words` are the compiled word lists; `role` is what the author does with the brand.
    """

    view: View
    parts: Sequence[tuple[int, ...]]
    units: Sequence[int]
    words: Mapping[str, Index]
    role: Role | None

    def listed(self, name: str) -> frozenset[int]:
        """Units that stand in a word list."""
        return self.view.covered(self.words[name]) if name in self.words else frozenset()


def _negation(place: Place) -> bool:
    """A negation shortly before a member, or between the words of the whole, in a clause of theirs."""
    view = place.view
    denying = place.listed("negation")
    if not denying:
        return False
    denying -= place.listed("not_negation")
    units = place.units
    matched = set(units)
    near = {at for part in place.parts for at in range(max(0, part[0] - REACH), part[0])
            if view.clause[at] == view.clause[part[0]]}  # fmt: skip
    clauses = {view.clause[at] for at in units}
    near |= {at for at in range(units[0], units[-1]) if view.clause[at] in clauses}
    return not denying.isdisjoint(near - matched)


def _question(place: Place) -> bool:
    view = place.view
    return any(view.stretch(at).sentence.question for at in place.units)


def _quote(place: Place) -> bool:
    """All words stand in a quotation; some inside and some outside are the author's own sentence."""
    return all(place.view.tokens[at].quoted for at in place.units)


def _reported(place: Place) -> bool:
    view = place.view
    return any(view.stretch(at).sentence.reported for at in place.units)


def _third_person(place: Place) -> bool:
    """The clauses speak of somebody else and not of the author."""
    view = place.view
    clauses = {view.clause[at] for at in place.units}
    stretches = {view.sentence[at]: view.stretch(at) for at in place.units}.values()
    around = {at for one in stretches for at in range(one.first, one.last + 1) if view.clause[at] in clauses}
    if any("1per" in view.tokens[at].marks for at in around):
        return False
    if not around.isdisjoint(place.listed("first_person")):
        return False
    others = (around - set(place.units)) & (view.names | place.listed("third_person"))
    return any(_may_be_subject(view, at, place.units[0]) for at in others)


def _may_be_subject(view: View, at: int, first: int) -> bool:
    """By its case where that is known, else by standing before the match: «sue them» is nobody else's deed."""
    marks = view.tokens[at].marks
    return "nomn" in marks if not marks.isdisjoint(_CASES) else at < first


def _direction(place: Place) -> bool:
    return place.role is not None and place.role.value in _GLAD


GUARDS: Final[Mapping[str, Callable[[Place], bool]]] = {
    "negation": _negation,
    "question": _question,
    "quote": _quote,
    "reported": _reported,
    "third_person": _third_person,
    "direction": _direction,
}
"""The guards by their names in rule files; each says whether it stops a match."""
