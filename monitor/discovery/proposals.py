"""From evidence to proposals: entries for sources.yaml, why, how sure, and what each of them cannot see.

Proposed is only what this installation knows: kinds and recipes that are there. Which further addresses are worth a
request is decided here too, and is bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from monitor.discovery.offers import FIRST_POSTS
from monitor.discovery.places import place_of
from monitor.text import clean_url

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from monitor.discovery.looking import Evidence, Recognised
    from monitor.discovery.offers import Offer
    from monitor.models import JSON

FORUMS: Final = 4
"""Entries that are made of the links of one page to forums."""

PROBES: Final = 6
"""Further addresses that are worth a request."""

_SURE_ENOUGH: Final = 0.55  # of an engine whose offers are worth a try
_COMMENTS: Final = re.compile(r"comment|kommentar|коммент|comentario|commentaire|комент|repl", re.IGNORECASE)
# Types of schema.org that are words of people; the rest describes the page.
_SPOKEN: Final = (
    *("Review", "UserReview", "EmployerReview", "CriticReview", "DiscussionForumPosting", "SocialMediaPosting"),
    *("Comment", "Question", "Answer"),
)
_WRITTEN: Final = ("BlogPosting", "NewsArticle", "Article")
# What is asked for where nothing else is known, the most telling first.
_COMMON: Final = (
    ("feed/", "a usual address of feeds"),
    ("latest.json", "where Discourse lists its topics"),
    ("wp-json/", "where WordPress tells of its API"),
    ("rss", "a usual address of feeds"),
    ("atom.xml", "a usual address of feeds"),
    ("robots.txt", "names the sitemap"),
)
# What an API that answers belongs to.
_BY_ANSWER: Final[Mapping[str, tuple[tuple[str, str, Mapping[str, JSON]], ...]]] = {
    "discourse": (("Discourse", "", {"kind": "discourse"}),),
    "wordpress": (
        ("WordPress", "", {"recipe": "wordpress"}),
        ("WordPress", "comments", {"recipe": "wordpress_comments"}),
    ),
}


@dataclass(frozen=True, slots=True)
class Known:
    """The kinds and the recipes of this installation, and the name that a search should look for."""

    kinds: Collection[str]
    recipes: Collection[str]
    brand: str = "YOUR BRAND"

    def has(self, entry: Mapping[str, JSON]) -> bool:
        """Whether an entry names only what is there."""
        if "recipe" in entry:
            return entry["recipe"] in self.recipes
        return entry.get("kind") in self.kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An entry for sources.yaml; `sure` (0 to 1) is how likely it is right; `lacks` is what it needs or cannot see.

    Of proposals that cover the same one is enough; those whose `covers` is empty stand alone.
    """

    entry: Mapping[str, JSON]
    why: str
    sure: float
    lacks: tuple[str, ...] = ()
    covers: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """An address that is worth a request."""

    url: str
    why: str


def propose(evidence: Evidence, known: Known) -> tuple[Proposal, ...]:
    """Entries for what the evidence shows, the surest first; without names that the installation does not know."""
    found = [*_for_place(evidence.url, known.brand), *_for_form(evidence), *_for_engines(evidence, known.brand)]
    found += _for_feeds(evidence)
    found += [*_for_types(evidence), *_for_sitemaps(evidence)]
    return ordered(proposal for proposal in found if known.has(proposal.entry))


def ordered(proposals: Iterable[Proposal]) -> tuple[Proposal, ...]:
    """The surest first; of several that say the same the surest."""
    best: dict[str, Proposal] = {}
    for proposal in sorted(proposals, key=lambda one: -one.sure):
        said = {key: value for key, value in proposal.entry.items() if key != "name"}
        best.setdefault(repr(sorted(said.items(), key=lambda pair: pair[0])), proposal)
    return tuple(best.values())


def probes(evidence: Evidence, proposals: Collection[Proposal]) -> tuple[Probe, ...]:
    """What else is worth asking for, where nothing that was proposed worked: at most PROBES addresses."""
    home = next((one.home for one in evidence.engines if one.sure >= _SURE_ENOUGH), None)
    homes = dict.fromkeys(filter(None, (home, clean_url("/", evidence.url))))
    taken = {str(proposal.entry.get("url", "")).rstrip("/") for proposal in proposals}
    found = [Probe(f"{base}{path}", why) for path, why in _COMMON for base in homes]
    return tuple(probe for probe in found if probe.url.rstrip("/") not in taken)[:PROBES]


def name_for(url: str, suffix: str, taken: Collection[str]) -> str:
    """A name for a source at an address that none of the others has."""
    host = (urlsplit(url).hostname or "source").removeprefix("www.")
    plain = re.sub(r"\W+", "-", f"{host}-{suffix}" if suffix else host).strip("-")[:50] or "source"
    names = (plain if number == 1 else f"{plain}-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


# ── What each sort of evidence leads to ─────────────────────────────────────────────────────────────────────────────


def _for_place(url: str, brand: str) -> Iterator[Proposal]:
    if found := place_of(url):
        place, said = found
        for offer in place.offers:
            yield _proposal(url, offer, {**said, "brand": brand}, suffix=offer.suffix or place.name, sure=offer.worth)


def _for_form(evidence: Evidence) -> Iterator[Proposal]:
    url = evidence.url
    if evidence.form == "feed":
        yield Proposal(
            entry={"name": name_for(url, "", ()), "kind": "feed", "url": url}, why="this address is a feed", sure=0.97
        )
    for name, suffix, entry in _BY_ANSWER.get(evidence.form, ()):
        home = re.sub(r"(?:latest\.json|wp-json/)(?:\?.*)?$", "", url)
        yield Proposal(
            entry={"name": name_for(url, suffix, ()), **entry, "url": home}, why=f"{name} answers here", sure=0.9
        )
    if evidence.form == "sitemap":
        yield _sitemap(url, why="this address is a sitemap", sure=0.6)


def _for_engines(evidence: Evidence, brand: str) -> Iterator[Proposal]:
    for recognised in evidence.engines:
        if recognised.sure < _SURE_ENOUGH:
            continue
        for offer in recognised.offers:
            for page in _pages(offer, evidence):
                said = {"home": recognised.home, "page": page, "brand": brand}
                sure = recognised.sure * offer.worth * (1.0 if page == evidence.url or not offer.page else 0.9)
                suffix = offer.suffix or (_last_part(page) if offer.page and page != evidence.url else "")
                yield _proposal(evidence.url, offer, said, suffix=suffix, sure=sure, signs=recognised)


def _pages(offer: Offer, evidence: Evidence) -> list[str]:
    """The addresses that an offer is about: the page itself, or those that it links to."""
    if not offer.page or re.search(offer.page, evidence.url, re.IGNORECASE):
        return [evidence.url]
    host = urlsplit(evidence.url).netloc
    linked = [url for url in evidence.links if urlsplit(url).netloc == host]
    return [url for url in linked if re.search(offer.page, url, re.IGNORECASE)][:FORUMS]


def _proposal(
    url: str, offer: Offer, said: Mapping[str, str], *, suffix: str, sure: float, signs: Recognised | None = None
) -> Proposal:
    entry: dict[str, JSON] = {"name": name_for(url, suffix, ())}
    entry |= {key: value.format_map(said) if isinstance(value, str) else value for key, value in offer.entry.items()}
    seen = f" (seen by {signs.signs[0]})" if signs else ""
    covers = f"{signs.engine.name} {offer.suffix} {said['page'] if offer.page else ''}" if signs else ""
    return Proposal(entry=entry, why=f"{offer.why}{seen}", sure=round(sure, 2), lacks=offer.lacks, covers=covers)


def _last_part(url: str) -> str:
    split = urlsplit(url)
    return (split.path.rstrip("/").rpartition("/")[2] + ("-" + split.query if split.query else ""))[:24]


def _for_feeds(evidence: Evidence) -> Iterator[Proposal]:
    """Feeds that the page names; those of single articles (WordPress lists one for each) come last."""
    engine = next((one.engine.name for one in evidence.engines if one.sure >= _SURE_ENOUGH), "")
    for number, feed in enumerate(evidence.feeds[:6]):
        # Before the » stands the name of the site, which may be anything.
        is_comments = bool(_COMMENTS.search(f"{feed.title.rpartition('»')[2]} {urlsplit(feed.url).path}"))
        covers = f"{engine} {'comments' if is_comments else ''} " if engine and number < 2 else ""
        named = f": {feed.title}" if feed.title else ""
        entry: dict[str, JSON] = {
            "name": name_for(evidence.url, "comments" if is_comments else "feed" if number else "", ()),
            "kind": "feed",
            "url": feed.url,
        }
        lacks = () if is_comments or not _is_forum(evidence) else (FIRST_POSTS,)
        sure = round(0.9 - number / 20, 2)
        yield Proposal(entry=entry, why=f"the page names this feed{named}", sure=sure, lacks=lacks, covers=covers)


def _is_forum(evidence: Evidence) -> bool:
    return any(
        one.sure >= _SURE_ENOUGH and one.engine.name not in {"wordpress", "mastodon", "hyperkitty"}
        for one in evidence.engines
    )


def _for_types(evidence: Evidence) -> Iterator[Proposal]:
    spoken = {name: count for name, count in evidence.types.items() if name in _SPOKEN}
    written = {name: count for name, count in evidence.types.items() if name in _WRITTEN and count > 1}
    for counts, sure in ((spoken, 0.8), (written, 0.5)):
        if counts:
            told = ", ".join(f"{count} × {name}" for name, count in counts.items())
            entry: dict[str, JSON] = {
                "name": name_for(evidence.url, "", ()),
                "kind": "schemaorg",
                "url": evidence.url,
            }
            alone = ("one page only: add more entries for more pages",) if sum(counts.values()) > 1 else ()
            yield Proposal(entry=entry, why=f"the page holds schema.org data: {told}", sure=sure, lacks=alone)
            return


def _for_sitemaps(evidence: Evidence) -> Iterator[Proposal]:
    for url in evidence.sitemaps[:2]:
        yield _sitemap(url, why="the site names this sitemap", sure=0.4)


def _sitemap(url: str, *, why: str, sure: float) -> Proposal:
    entry: dict[str, JSON] = {"name": name_for(url, "sitemap", ()), "kind": "sitemap", "url": url}
    return Proposal(entry=entry, why=why, sure=sure, lacks=("pages only: nothing that is said below them",))
