"""What single keys of receivers, routes and digests cannot know: names that lead nowhere, routes that are never asked.

As in `checks`, these look at the plain data, so that they speak even while other keys are wrong.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from monitor.config.faults import closest
from monitor.query import Everything, Is, Query, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.config.document import Document, Place
    from monitor.errors import Fault

_YES = frozenset({"true", "yes", "on", "y", "t", "1"})  # as pydantic reads them

SPECIAL_CASES: Final = Path(__file__).parents[1] / "understanding" / "data" / "special_cases" / "cases.toml"
"""Their names are config's business, what they mean is not."""
_OF_HISTORY: Final = ("known_issue", "serial_complainer", "confirmed_by_others", "missing_details", "fake_signals")


def entries(document: Document, *section: str | int) -> list[tuple[Place, dict[str, object]]]:
    """The mappings that a section lists, each with its place; whatever else stands there is passed over."""
    listed = document.at(section)
    numbered = enumerate(listed) if isinstance(listed, list) else ()
    return [((*section, index), entry) for index, entry in numbered if isinstance(entry, dict)]


def mapping_at(document: Document, *place: str | int) -> list[str]:
    """The keys of the mapping at a place; none where there is no mapping."""
    found = document.at(place)
    return list(found) if isinstance(found, dict) else []


def every_route(document: Document, *above: str | int) -> Iterator[tuple[Place, dict[str, object]]]:
    """The routes on all levels, each before those below it."""
    for place, route in entries(document, *above, "routes"):
        yield place, route
        yield from every_route(document, *place)


def named_receivers(document: Document) -> Iterator[tuple[Place, object]]:
    """Where routes, digests and alarms name a receiver."""
    for place, route in every_route(document):
        yield (*place, "to"), route.get("to")
    for place, digest in entries(document, "digests"):
        yield (*place, "to"), digest.get("to")
    alarmed = document.at(("alarms", "to"))
    for number, name in enumerate(alarmed if isinstance(alarmed, list) else []):
        yield ("alarms", "to", number), name


def unknown_receivers(document: Document) -> Iterator[Fault]:
    """Names of receivers that the file does not know."""
    known = mapping_at(document, "receivers")
    for place, to in named_receivers(document):
        if isinstance(to, str) and to not in known:
            hint = closest(to, known) or "no receivers are configured"
            yield document.fault(place, f"there is no receiver {to!r}", hint)


def leading_nowhere(document: Document) -> Iterator[Fault]:
    """Routes that name no receiver, with none above them that does and none below that could."""
    for place, route in every_route(document):
        if not route.get("routes") and not _receiver(document, place):
            yield document.fault((*place, "to"), "is missing", "the name of a receiver")


def _receiver(document: Document, place: Place) -> object:
    """What the route at a place, or the nearest above it, says of its receiver; None where none says anything."""
    while place:
        if (to := document.at((*place, "to"))) is not None:
            return to
        place = place[:-2]
    return None


def never_asked(document: Document) -> Iterator[Fault]:
    """Routes after one that takes everything and does not continue."""
    for above in ((), *(place for place, _ in every_route(document))):
        before: Place | None = None
        for place, route in entries(document, *above, "routes"):
            if before is not None:
                message = f"is never asked: the route on line {document.values[before][0]} takes everything"
                yield document.fault(place, message, "put it before that one, or write continue: true there")
            elif _takes_everything(route) and _receiver(document, place):
                before = place


def _takes_everything(route: dict[str, object]) -> bool:
    is_open = parse(str(route.get("match") or "*")).root == Everything()
    return is_open and str(route.get("continue")).lower() not in _YES


def special_cases() -> list[str]:
    """The names of all special cases: those of the judge, and those that only history tells."""
    return [*tomllib.loads(SPECIAL_CASES.read_text(encoding="utf-8")), *_OF_HISTORY]


def never_holding(document: Document) -> Iterator[Fault]:
    """Filters that ask for a brand or a source that is not configured, or for a special case that there is not."""
    names = {
        field: [str(entry["name"]) for _, entry in entries(document, section)]
        for field, section in (("brand", "brands"), ("source", "sources"))
    }
    names["case"] = special_cases()
    for place, text in _filters(document):
        for term in parse(text).terms():
            if not isinstance(term, Is) or term.field not in names:
                continue
            known = names[term.field]
            if not any(Query(term).matches({term.field: name}) for name in known):
                message = f"there is no {term.field} {term.value!r}: {term} never holds"
                yield document.fault(place, message, closest(term.value, known))


def _filters(document: Document) -> Iterator[tuple[Place, str]]:
    """The filters of routes, digests and quiet hours."""
    for place, entry in (*every_route(document), *entries(document, "digests")):
        yield (*place, "match"), str(entry.get("match") or "*")
    for name in mapping_at(document, "receivers"):
        if unless := document.at(("receivers", name, "quiet", "unless")):
            yield ("receivers", name, "quiet", "unless"), str(unless)


def without_effect(document: Document) -> Iterator[Fault]:
    """Keys that something else in the file makes idle."""
    for name in mapping_at(document, "receivers"):
        place: Place = ("receivers", name)
        if document.at((*place, "quiet")) and not document.at((*place, "zone")):
            yield document.fault((*place, "quiet"), "these hours are in UTC", "write zone: Europe/Moscow beside them")
    for place, digest in entries(document, "digests"):
        if digest.get("day") is not None and digest.get("every") != "weekly":
            yield document.fault(
                (*place, "day"), "has no effect: only a weekly digest has a day", "write every: weekly"
            )
