"""What is looked for under the names of a brand, for a person to read."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING

from monitor.understanding.matching import translit
from monitor.understanding.matching.forms import CAP
from monitor.understanding.matching.lexicon import TYPO_LETTERS
from monitor.understanding.matching.names import Role, build
from monitor.understanding.matching.paradigms import ANY_SLOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.models import Brand
    from monitor.understanding.matching.forms import Morphology
    from monitor.understanding.matching.lexicon import Lexicon
    from monitor.understanding.matching.names import Entry

_ORDER = ("exact", "inflected", "derived", "translit", "handle", "hashtag", "domain", "person", "exclude")
_LISTED = (Role.HANDLE, Role.HASHTAG, Role.DOMAIN, Role.EXCLUDE)
_GAPS = {" ": " ", "*": ".", "~": "-", "+": "&"}


@dataclass(frozen=True, slots=True)
class Group:
    """The spellings of one kind, folded, in alphabetical order."""

    kind: str
    spellings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """All that can be listed of a brand, and in sentences what cannot, because it is without end."""

    groups: tuple[Group, ...]
    besides: tuple[str, ...]


def forms_of(brand: Brand, morphology: Morphology) -> Listing:
    """Every spelling that names a brand, by kind; of transliterations those by the schemes of the table."""
    index = build([brand], morphology)
    found: dict[str, set[str]] = {}
    for entries in index.names.values():
        for entry in entries:
            for kind, spelling in islice(_spelt(entry, index.lexicon), CAP):
                found.setdefault("person" if entry.name.role is Role.PERSON else kind, set()).add(spelling)
    for entries in index.literals.values():
        for entry in entries:
            if entry.name.role in _LISTED:
                found.setdefault(entry.name.role.value, set()).add(_joined(tuple(map(str, entry.words)), entry.breaks))
    listed: set[str] = set()
    groups: list[Group] = []
    for kind in _ORDER:
        spellings = found.get(kind, set()) - listed
        listed |= spellings
        if spellings:
            groups.append(Group(kind, tuple(sorted(spellings))))
    return Listing(tuple(groups), tuple(_besides(found)))


def _spelt(entry: Entry, lexicon: Lexicon) -> Iterator[tuple[str, str]]:
    tables = [lexicon.shapes(int(number)) for number in entry.words]
    for row in product(*(table.items() for table in tables)):
        slots = ANY_SLOT
        for _, shape in row:
            slots &= shape.slots
        if not slots:
            continue
        words = tuple(form for form, _ in row)
        kinds = {shape.kind for _, shape in row}
        kind = next(kind for kind in ("derived", "inflected", "exact") if kind in kinds)
        yield kind, _joined(words, entry.breaks)
        if kind == "exact":
            for scheme in zip(*map(translit.to_latin, words), strict=True):
                if scheme != words:
                    yield "translit", _joined(scheme, entry.breaks)


def _joined(words: tuple[str, ...], breaks: str) -> str:
    gaps = [_GAPS.get(gap, gap) for gap in breaks]
    return "".join(part for pair in zip(words, [*gaps, ""], strict=False) for part in pair)


def _besides(found: dict[str, set[str]]) -> Iterator[str]:
    names = {spelling for kind in ("exact", "inflected") for spelling in found.get(kind, ())}
    yield "letters of other scripts, digits for letters, hidden characters, letters spaced apart or drawn out"
    yield "the other script in any scheme, and foreign names as they are heard, with their cases"
    if any(len(name) >= TYPO_LETTERS for name in names):
        yield f"one typing mistake in a word of {TYPO_LETTERS} letters or more that is no word of a dictionary"
    yield "as a part of handles, hashtags and addresses, from five letters on"
