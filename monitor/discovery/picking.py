"""Which of the places in an item is which field: decided by what stands there, then by what it is called."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from monitor.sources import figures
from monitor.sources.dates import CAP
from monitor.text import clean_url

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import datetime

    from lxml import etree

    from monitor.discovery.slots import Slot
    from monitor.sources.dates import Clock

_DATED: Final = re.compile(r"[^\W\d_]|:|\d{4}")  # "1.5" may be a date, and is none
_DATE_NAME: Final = re.compile(r"time|date|publish|posted|created|datum|when|ago|дата|время", re.IGNORECASE)
_OTHER_DATE: Final = re.compile(r"join|regist|edit|updat|modif|birth|seen|member|since|expire", re.IGNORECASE)
_AUTHOR_NAME: Final = re.compile(r"author|user|poster|nick|byline|autor|auteur|login|creator|\bby\b", re.IGNORECASE)
_NO_AUTHOR: Final = re.compile(
    r"avatar|rank|count|stat|group|badge|online|offline|join|posts|registered|extra|blurb|signature|date|time|details",
    re.IGNORECASE,
)
_PROFILE: Final = re.compile(
    r"/(?:users?|members?|profiles?|people|author|u|id)[/.-]|member\.php|profile\.php|action=profile|mode=viewprofile|"
    r"memberlist\.php|/@|/user\?",
    re.IGNORECASE,
)
_TEXT_NAME: Final = re.compile(r"content|text|body|message|excerpt|summary|desc|prose|review|markdown", re.IGNORECASE)
_TITLE_NAME: Final = re.compile(r"title|subject|headline|topic|heading|\bh[1-4]\b", re.IGNORECASE)
_POST_LINK: Final = re.compile(r"#\w*\d|/posts?[/-]|[?&]p(?:id|ost)?=\d|comment|/msg|permalink|/status/", re.IGNORECASE)
_NUMBER: Final = re.compile(
    r"(?:[^\d:/]{0,24}[:\s])?\d[\d\s.,\u00a0]{0,12}\s*(?:[kKmMкКмМ]|тыс\.?|млн\.?)?(?:\s[^\d:/]{0,20})?"
)
_REPLIES_NAME: Final = re.compile(
    r"repl|answer|comment|ответ|коммент|antwort|respuesta|r[ée]ponse|відповід|posts\b", re.IGNORECASE
)
_VIEWS_NAME: Final = re.compile(r"view|просмотр|перегляд|aufruf|zugriff|hits|visit|visita|vues", re.IGNORECASE)
_OTHER_COUNT: Final = re.compile(r"like|vote|score|rating|point|rank|page|лайк|karma|share|author|user", re.IGNORECASE)
_ID_NAME: Final = re.compile(r"id|data-[\w-]*(?:id|content|post|message|comment)[\w-]*", re.IGNORECASE)
_ID: Final = re.compile(r"[\w:.-]*\d[\w:.-]*")


@dataclass(frozen=True, slots=True)
class Picked:
    """A field: how it is spelt in an entry, in how many items it is found, and its place."""

    spec: str
    share: float
    slot: Slot | None = None


def dated(slots: Iterable[Slot], clock: Clock) -> Picked | None:
    """The place of the date: where moments differ from item to item, and fall or rise down the page."""
    best: tuple[float, Picked] | None = None
    for slot in slots:
        for attribute in ("datetime", "title", "content", ""):
            values = slot.values(attribute) if attribute else slot.texts()
            moments = [_moment(value, clock, is_text=not attribute) for value in values]
            known = [moment for moment in moments if moment is not None]
            share = len(known) / len(slot.found)
            if share < 0.6:
                continue
            # Dates in words are read by the kind in the order datetime, title, text.
            score = share * (1 + _differ(known) + _ordered(known)) + 0.6 * (attribute == "datetime")
            score += 0.3 * bool(_DATE_NAME.search(slot.selector)) - bool(_OTHER_DATE.search(_around(slot)))
            spec = slot.selector if attribute in ("", "datetime", "title") else f"{slot.selector}@{attribute}"
            if best is None or score > best[0] + 0.01:
                best = (score, Picked(spec, share, slot))
            break
    return best[1] if best else None


def _moment(value: str, clock: Clock, *, is_text: bool) -> datetime | None:
    if not value or (is_text and (len(value) > CAP or not re.search(r"\d|[^\W\d_]{4}", value))):
        return None
    return clock.moment(value) if _DATED.search(value) else None


def _differ(values: Sequence[object]) -> float:
    return len(set(values)) / len(values) if values else 0.0


def _ordered(moments: Sequence[datetime]) -> float:
    """How far they only rise, or only fall; a few pinned items may disagree."""
    pairs = list(itertools.pairwise(moments))
    if not pairs:
        return 0.0
    rising = sum(one <= other for one, other in pairs) / len(pairs)
    falling = sum(one >= other for one, other in pairs) / len(pairs)
    return max(rising, falling)


def _around(slot: Slot) -> str:
    """What a place and the element around it are called."""
    first = slot.firsts[0]
    parent = first.getparent()
    return f"{slot.selector} {first.get('class') or ''} {(parent.get('class') or '') if parent is not None else ''}"


def authored(slots: Iterable[Slot], items: Sequence[etree._Element], date: Picked | None) -> Picked | None:
    """The place of the author's name."""
    best: tuple[float, Picked] | None = None
    dates = {id(element) for element in date.slot.firsts} if date and date.slot else set()
    for slot in slots:
        texts = [text for text in slot.texts() if text]
        share = len(texts) / len(slot.found)
        if share < 0.6 or median(map(len, texts)) > 32 or max(map(len, texts)) > 80:
            continue
        if any(id(element) in dates for element in slot.firsts) or all(re.search(r"^\W*\d", text) for text in texts):
            continue
        named = f"{slot.selector} {slot.firsts[0].get('class') or ''}"
        profile = _share(slot.firsts, _leads_to_profile)
        score = share + 1.5 * bool(_AUTHOR_NAME.search(named)) + 1.2 * profile - 1.2 * bool(_NO_AUTHOR.search(named))
        score -= 0.02 * median(map(len, texts)) + 0.5 * bool(
            re.search(r"\s", " ".join(texts[:1]).strip()[3:]) and not profile
        )
        if score > 1.4 and (best is None or score > best[0] + 0.01):
            best = (score, Picked(slot.selector, share, slot))
    for name in ("data-author", "data-username"):
        if (share := sum(bool(item.get(name)) for item in items) / len(items)) > 0.6:
            return Picked(f"@{name}", share, best[1].slot if best else None)
    return best[1] if best else None


def _share(elements: Sequence[etree._Element], holds: Callable[[etree._Element], bool]) -> float:
    return sum(map(holds, elements)) / len(elements) if elements else 0.0


def _leads_to_profile(element: etree._Element) -> bool:
    return bool(_PROFILE.search(element.get("href") or "") or element.get("rel") == "author")


def titled(slots: Iterable[Slot], base: str) -> Picked | None:
    """The link that is a headline: its address differs from item to item, and its words are some."""
    best: tuple[float, Picked] | None = None
    for slot in slots:
        texts = slot.texts()
        share = _leading(slot, base)
        if share < 0.6 or not texts or median(map(len, texts)) < 4 or _share(slot.firsts, _leads_to_profile) > 0.3:
            continue
        if all(re.fullmatch(r"[\W\d]*", text) for text in texts) or _POST_LINK.search(slot.firsts[0].get("href") or ""):
            continue
        named = f"{slot.selector} {_around(slot)}"
        size = median(map(len, texts))
        score = share + min(size, 60) / 60 + 0.8 * bool(_TITLE_NAME.search(named)) - 0.5 * (size > 200)
        score -= 1.0 * bool(re.search(r"last|latest|page|tag|categor|read.?more|button|btn", named, re.IGNORECASE))
        if best is None or score > best[0] + 0.01:
            best = (score, Picked(slot.selector, share, slot))
    return best[1] if best else None


def linked(slots: Iterable[Slot], base: str, *, besides: Picked | None = None) -> Picked | None:
    """A link to the post itself: its address differs from item to item and looks like that of a post."""
    best: tuple[float, Picked] | None = None
    taken = _addresses(besides.slot, base) if besides and besides.slot else set()
    for slot in slots:
        share = _leading(slot, base)
        if share < 0.6 or _share(slot.firsts, _leads_to_profile) > 0.3:
            continue
        if besides and len(_addresses(slot, base) & taken) > len(taken) / 2:
            continue
        score = share + 1.0 * _share(slot.firsts, lambda link: bool(_POST_LINK.search(link.get("href") or "")))
        score += 0.3 * bool(_DATE_NAME.search(f"{slot.selector} {_around(slot)}"))
        if score > 1.4 and (best is None or score > best[0] + 0.01):
            best = (score, Picked(slot.selector, share, slot))
    return best[1] if best else None


def _addresses(slot: Slot, base: str) -> set[str]:
    links = (clean_url(link, base) for link in slot.values("href") if link)
    return {link for link in links if link}


def _leading(slot: Slot, base: str) -> float:
    """In how many of the items the place is a link of its own."""
    links = [link for link in slot.values("href") if link and not link.startswith(("javascript:", "mailto:"))]
    different = {clean_url(link, base) if not link.startswith("#") else link for link in links if link != "#"}
    return min(len(different), len(links)) / len(slot.found)


def said(slots: Iterable[Slot], sizes: Sequence[int], outside: Collection[Picked]) -> Picked | None:
    """The place of the text: the smallest that holds most of the words, and neither date nor author."""
    whole = median(sizes)
    around = {
        id(above)
        for picked in outside
        if picked.slot
        for first in picked.slot.firsts
        for above in first.iterancestors()
    } | {id(first) for picked in outside if picked.slot for first in picked.slot.firsts}
    best: tuple[float, Picked] | None = None
    for slot in slots:
        size = slot.size()
        if size < 25 or any(id(element) in around for elements in slot.found for element in elements):
            continue
        score = min(size / max(whole, 1), 1.0) + 0.25 * bool(_TEXT_NAME.search(slot.selector))
        score -= 0.4 * bool(_TITLE_NAME.search(slot.selector)) + 0.1 * (1 - slot.share)
        if score > 0.35 and (best is None or score > best[0] + 0.02):
            best = (score, Picked(slot.selector, slot.share, slot))
    return best[1] if best else None


def counted(slots: Iterable[Slot], *, is_list: bool) -> tuple[Picked | None, Picked | None]:
    """The places of the numbers of answers and of views; without a telling name the first number of a list counts."""
    replies: tuple[float, Picked] | None = None
    views: tuple[float, Picked] | None = None
    for slot in slots:
        texts = slot.texts()
        numbers = [figures.count(text) for text in texts if len(text) <= 40 and _NUMBER.fullmatch(text)]
        share = sum(number is not None for number in numbers) / len(slot.found)
        if share < 0.6:
            continue
        named = f"{_around(slot)} {slot.firsts[0].get('title') or ''} {texts[0]}"
        picked = Picked(slot.selector, share, slot)
        if _VIEWS_NAME.search(named) and not _REPLIES_NAME.search(named):
            views = max(filter(None, (views, (share, picked))), key=lambda one: one[0])
        elif _REPLIES_NAME.search(named) and not _OTHER_COUNT.search(slot.selector):
            replies = max(filter(None, (replies, (share + 1, picked))), key=lambda one: one[0])
        elif is_list and not _OTHER_COUNT.search(named) and replies is None:
            replies = (share, picked)
    return replies[1] if replies else None, views[1] if views else None


def number_in(text: str) -> int:
    """The number in a text; 0 where there is none."""
    return figures.count(text) or 0


def identified(slots: Iterable[Slot], items: Sequence[etree._Element]) -> Picked | None:
    """An attribute that names the post: of the item itself, or of a place within it."""
    for name in sorted({str(name) for item in items[:1] for name in item.attrib if _ID_NAME.fullmatch(str(name))}):
        if (share := _naming([item.get(name) or "" for item in items], len(items))) == 1:
            return Picked(f"@{name}", share)
    found = [
        Picked(f"{slot.selector}@id", share, slot)
        for slot in slots
        if (share := _naming(slot.values("id"), len(slot.found))) >= 0.9
    ]
    return min(found, key=lambda picked: len(picked.spec), default=None)


def _naming(values: Sequence[str], number: int) -> float:
    fit = {value for value in values if _ID.fullmatch(value)}
    return len(fit) / number
