"""The repeated structure of an unknown page: what its items are, where their fields stand, and how sure that is.

Every class of the page is tried as the selector of an item; the one wins whose members most resemble posts (a date, an
author, a link of their own, words) and hold most of the page. A list of titles with numbers or moments of the last
answer is one of threads: it must be followed to the posts, for which a page of one thread is looked at too.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from monitor.discovery import picking
from monitor.discovery.naming import anchor, classes, cost
from monitor.discovery.paging import WAYS, link_to
from monitor.discovery.slots import LOOKED_AT, slots_of, text_of
from monitor.sources.dates import LANGUAGES, Clock
from monitor.text import clean_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from lxml import etree

    from monitor.discovery.picking import Picked
    from monitor.discovery.slots import Slot
    from monitor.models import JSON
    from monitor.sources.webpage import WebPage

Sort = Literal["posts", "threads", "titles"]

_FEWEST: Final = 2
_MOST: Final = 500
_WORDY: Final = 120  # characters of an item beyond its title, author and date that are a text
_LEAST_SURE: Final = 0.35
_TRIED: Final = 48  # groups of elements that are looked into
_DIALOG: Final = re.compile(
    r"modal|dropdown|popup|cookie|consent|sidebar|widget|breadcrumb|menu|toolbar|signature", re.IGNORECASE
)
_SIGNATURE: Final = re.compile(r"(?:[\w-]*[-_])?signature", re.IGNORECASE)
_CHROME: Final = frozenset(
    {"nav", "header", "footer", "aside", "form", "script", "style", "noscript", "head", "svg", "select"}
)
_UNSEEN: Final = frozenset({"script", "style", "noscript", "template", "head", "svg", "select"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """What repeats on a page, as options of the kind `html`.

    `fields` are spelt as in an entry; `sample` is the address of one thread of a list of threads; `sure` runs from 0
    to 1; `lacks` says in words what is missing, and `followable` whether a list of threads shows which of them grew.
    """

    sort: Sort
    item: str
    fields: Mapping[str, str]
    number: int
    sure: float
    lacks: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    follow: str = ""
    mark: str = ""
    next: str = ""
    before: str = ""
    last: str = ""
    languages: tuple[str, ...] = ()
    sample: str | None = None

    @property
    def followable(self) -> bool:
        """Whether threads of the list can be followed: it shows something that changes when one grows."""
        return bool(self.follow and (self.mark or "replies" in self.fields))


class _Group(NamedTuple):
    """Elements that one selector names, none within another, and how much of the page's words they hold."""

    selector: str
    items: tuple[etree._Element, ...]
    coverage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A group with what was found in it; `score` compares it with the other groups of its page."""

    group: _Group
    slots: list[Slot]
    date: Picked | None
    author: Picked | None
    title: Picked | None
    text: Picked | None
    id: Picked | None
    link: Picked | None
    is_wordy: bool
    score: float

    @property
    def is_prose(self) -> bool:
        """Whether the items hold words beyond a title: in a place of their own, or somewhere."""
        return self.text is not None or self.is_wordy


def find_structure(page: WebPage, *, asked: datetime) -> Structure | None:
    """The structure of the list on a page; None where nothing on it repeats that could be posts or threads."""
    lang = (page.root.get("lang") or "").partition("-")[0].lower()
    languages = (lang,) if lang in LANGUAGES else ()
    clock = Clock(asked=asked, zone=ZoneInfo("UTC"), languages=languages or LANGUAGES)
    readings = [reading for group in _groups(page.root) if (reading := _read(group, page, clock)) is not None]
    if not readings:
        return None
    found = _structure(max(readings, key=lambda reading: reading.score), page)
    return dataclasses.replace(found, languages=languages) if found.sure >= _LEAST_SURE else None


def html_options(found: Structure, thread: Structure | None = None) -> dict[str, JSON]:
    """The options of the kind `html`; `thread` is what repeats on the page of one thread."""
    fields: dict[str, JSON] = dict(found.fields)
    options: dict[str, JSON] = {"item": found.item, "fields": fields}
    if found.remove:
        options["remove"] = list(found.remove)
    if found.next:
        options["next"] = found.next
    if found.sort == "threads" and thread is not None and found.followable:
        options["follow"] = found.follow
        if found.mark:
            options["mark"] = found.mark
        inner: dict[str, JSON] = {"item": thread.item, "fields": dict(thread.fields)}
        inner |= {"remove": list(thread.remove)} if thread.remove else {}
        inner |= {name: link for name, link in (("next", thread.before), ("last", thread.last)) if link}
        options["thread"] = inner
    if found.languages:
        options["languages"] = list(found.languages)
    return options


# ── Items ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _groups(root: etree._Element) -> list[_Group]:
    """The groups of elements that may be the items, those that hold most of the page first."""
    sizes: dict[etree._Element, int] = {}
    named: dict[str, list[etree._Element]] = {}
    _gather(root, sizes, named)
    whole = max(sizes.get(root, 0), 1)
    best: dict[tuple[int, ...], _Group] = {}
    for selector, elements in named.items():
        outermost = _outermost(elements)
        # A nested list (answers below a comment) is read item by item, but held by its outermost ones.
        if not _FEWEST <= len(elements) <= _MOST or median(sizes[one] for one in elements) < 12:
            continue
        coverage = sum(sizes[one] for one in outermost) / whole
        place = tuple(map(id, elements))
        if coverage >= 0.03 and (place not in best or cost(selector) < cost(best[place].selector)):
            best[place] = _Group(selector, tuple(elements), coverage)
    return sorted(best.values(), key=lambda one: -one.coverage * min(len(one.items), 10) ** 0.5)[:_TRIED]


def _gather(root: etree._Element, sizes: dict[etree._Element, int], named: dict[str, list[etree._Element]]) -> None:
    """Notes how many characters each element holds, and which elements a selector names, the page's chrome apart."""
    stack: list[tuple[etree._Element, bool, bool]] = [(root, False, False)]
    while stack:
        element, chrome, done = stack.pop()
        if not isinstance(element.tag, str):
            sizes[element] = 0
            continue
        if done:
            own = len((element.text or "").strip()) if element.tag not in _UNSEEN else 0
            inner = sum(sizes[child] + len((child.tail or "").strip()) for child in element)
            sizes[element] = own + inner if element.tag not in _UNSEEN else 0
            continue
        stack.append((element, chrome, True))
        chrome = chrome or element.tag in _CHROME or bool(_DIALOG.search(element.get("class") or ""))
        if not chrome:
            for selector in _selectors(element):
                named.setdefault(selector, []).append(element)
        stack += [(child, chrome, False) for child in reversed(element)]


def _selectors(element: etree._Element) -> Iterator[str]:
    found = classes(element)
    for name in found[:4]:
        yield f".{name}"
        yield f"{element.tag}.{name}"
    for attribute in ("itemprop", "data-testid", "data-role"):
        if (value := element.get(attribute) or "").replace("-", "").isalnum() and value.isascii():
            yield f'[{attribute}="{value}"]'
    if element.tag in ("article", "tr", "li", "dd"):
        above = next(filter(None, map(anchor, element.iterancestors())), None)
        yield f"{above} {element.tag}" if above else element.tag
    elif not found and (parent := element.getparent()) is not None and (above := anchor(parent)):
        yield f"{above} > {element.tag}"


def _outermost(elements: Sequence[etree._Element]) -> list[etree._Element]:
    members = set(elements)
    return [one for one in elements if not any(above in members for above in one.iterancestors())]


def _read(group: _Group, page: WebPage, clock: Clock) -> _Reading | None:
    """What the items of a group hold; None where they hold nothing of a post."""
    members = set(group.items)
    items = group.items[:LOOKED_AT]
    slots = slots_of(items, members)
    date = picking.dated(slots, clock)
    author = picking.authored(slots, items, date)
    title = picking.titled(slots, page.base)
    sizes = [len(text_of(item)) for item in items]
    text = picking.said(slots, sizes, [one for one in (date, author) if one])
    found_id = picking.identified(slots, items)
    link = picking.linked(slots, page.base, besides=title)
    text = text if text and not _is_title(text, title) else None
    around = sum(one.slot.size() for one in (date, author, title) if one and one.slot)
    is_wordy = text is None and median(sizes) - around >= max(_WORDY, 2 * around)
    if not (is_wordy and (date or author)) and not _is_post(group, date=date or author, title=title, text=text):
        return None
    worth = 3.0 * _share(date) + 2.0 * _share(author) + 1.5 * _share(title) + 2.5 * _share(text) + 1.5 * is_wordy
    worth += 0.5 * _share(found_id) + 0.5 * _share(link)
    score = worth * group.coverage**0.4 * min(len(items), 8) ** 0.4 * (1 - 0.02 * min(cost(group.selector), 20) / 20)
    return _Reading(
        group=group,
        slots=slots,
        date=date,
        author=author,
        title=title,
        text=text,
        id=found_id,
        link=link,
        is_wordy=is_wordy,
        score=score,
    )


def _is_post(group: _Group, *, date: Picked | None, title: Picked | None, text: Picked | None) -> bool:
    """Whether enough of a post was found: of titles alone there must be some, and they must be most of the page."""
    if title is None or text is None:
        titles = title.slot.size() if title and title.slot else 0
        return bool((text or (title and len(group.items) > _FEWEST)) and date) or (
            len(group.items) >= 4 and titles >= 12 and group.coverage >= 0.25
        )
    return bool(date) or len(group.items) > _FEWEST


def _is_title(text: Picked, title: Picked | None) -> bool:
    """Whether the most words of the items are only their titles, with little around them."""
    if title is None or title.slot is None or text.slot is None:
        return False
    around = {id(above) for first in title.slot.firsts for above in (first, *first.iterancestors())}
    holds = any(id(element) in around for elements in text.slot.found for element in elements)
    return text.slot.size() < (3 if holds else 1) * title.slot.size()


def _share(picked: Picked | None) -> float:
    return picked.share if picked else 0.0


# ── From what was found to options ──────────────────────────────────────────────────────────────────────────────────


def _structure(reading: _Reading, page: WebPage) -> Structure:
    prose = reading.is_prose
    replies, views = picking.counted(reading.slots, is_list=not prose)
    sort: Sort = "posts" if prose else "threads" if replies or _shows_last(reading) else "titles"
    title = reading.title if sort != "posts" or _is_headline(reading) else None
    picked = {"id": reading.id if sort == "posts" else None, "title": title}
    picked["url"] = title or reading.link
    picked |= {"author": reading.author, "replies": replies, "views": views}
    if sort != "threads":
        # Where the words have no place of their own the whole item is the text.
        picked |= {"text": reading.text if prose else title, "published": reading.date}
    fields = {name: one.spec for name, one in picked.items() if one is not None}
    if sort == "posts":
        fields.pop("replies", None)
    items = set(reading.group.items)
    pages = {way: link_to(page.root, way, base=page.base, items=items) for way in WAYS}
    found = Structure(
        sort=sort,
        item=reading.group.selector,
        fields=fields,
        number=len(reading.group.items),
        sure=min(_sureness(reading, replies), 0.5 if sort == "titles" else 1.0),
        remove=_signatures(reading),
        lacks=tuple(_lacks(reading, sort, replies)),
        next=pages["next"],
        before=pages["prev"],
        last=pages["last"],
    )
    return _threads(found, reading, page) if sort == "threads" else found


def _is_headline(reading: _Reading) -> bool:
    """Whether the link of a post's item is its title, and not one of the links in its text."""
    title, text = reading.title, reading.text
    if title is None or title.slot is None or text is None or text.slot is None:
        return title is not None and not reading.is_wordy
    inside = {id(inner) for body in text.slot.firsts for inner in body.iter()}
    return not any(id(first) in inside for first in title.slot.firsts)


def _shows_last(reading: _Reading) -> bool:
    """Whether the items show a moment together with a link of its own: that of the last post of a thread."""
    if reading.link is None or reading.link.slot is None or reading.date is None or reading.date.slot is None:
        return False
    around = {id(first) for first in reading.date.slot.firsts} | {
        id(above) for first in reading.date.slot.firsts for above in first.iterancestors()
    }
    return all(id(link) in around for link in reading.link.slot.firsts)


def _threads(found: Structure, reading: _Reading, page: WebPage) -> Structure:
    """A list of threads: where the link to the posts is, and what shows that there are more of them."""
    title = reading.title
    assert title is not None  # noqa: S101 - a group without a title and without prose was passed over
    assert title.slot is not None  # noqa: S101 - titled() reads places
    follow = reading.link.spec if reading.link else title.spec
    mark = ""
    # What is exact changes when a thread grows, and "5 minutes ago" also when it does not.
    if reading.date and _is_exact(reading.date):
        mark = f"{reading.date.spec}@datetime"
    elif reading.link and reading.date:
        mark = f"{reading.link.spec}@href"
    elif reading.date and "replies" not in found.fields:
        mark = reading.date.spec
    links = [clean_url(link, page.base) for link in title.slot.values("href")]
    busiest = _busiest(found, reading)
    return dataclasses.replace(
        found, follow=follow, mark=mark, sample=links[busiest] if busiest < len(links) else next(iter(links), None)
    )


def _signatures(reading: _Reading) -> tuple[str, ...]:
    """What stands below an author's posts whatever they say."""
    names = (name for item in reading.group.items for element in item.iter() for name in classes(element))
    return tuple(f".{name}" for name in dict.fromkeys(filter(_SIGNATURE.fullmatch, names)))[:2]


def _is_exact(date: Picked | None) -> bool:
    return bool(date and date.slot and all(date.slot.values("datetime")))


def _busiest(found: Structure, reading: _Reading) -> int:
    """Which of the listed threads has the most answers: its page shows best what repeats."""
    slot = next((slot for slot in reading.slots if slot.selector == found.fields.get("replies")), None)
    if slot is None:
        return 0
    numbers = [picking.number_in(text) for text in slot.texts()]
    return max(range(len(numbers)), key=lambda place: min(numbers[place], 15), default=0)


def _lacks(reading: _Reading, sort: Sort, replies: Picked | None) -> Iterator[str]:
    if sort == "titles":
        yield "a list of titles: the texts stand on other pages (content: page reads them)"
    if reading.is_wordy:
        yield "the text has no place of its own: the whole item is read, names and dates with it"
    if sort == "threads" and replies is None:
        yield "no numbers of replies"
    if reading.date is None:
        yield "no dates"
    if reading.author is None:
        yield "no authors"
    if sort == "posts" and reading.id is None and reading.title is None and reading.link is None:
        yield "no ids and no links of single posts: an edited post looks like a new one"
    if reading.date and not _is_exact(reading.date):
        yield "dates without a time zone are read as UTC: set timezone"


def _sureness(reading: _Reading, replies: Picked | None) -> float:
    """How sure a structure is: by how much of a post was found, never beyond 0.85."""
    known = [
        reading.date,
        reading.author,
        reading.title or reading.link or reading.id,
        reading.text or (replies if not reading.is_wordy else None),
    ]
    sure = 0.2 + 0.15 * sum(map(_share, known)) + 0.05 * (len(reading.group.items) >= 5)
    return round(min(sure * min(1.0, 0.5 + reading.group.coverage), 0.85), 2)
