"""Well-known sites that are recognised by their address alone, with what the address says. Data only.

The first pattern that an address matches counts; its named groups are put into the entries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.discovery.offers import Offer

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY: Final = "a key of your own"


@dataclass(frozen=True, slots=True)
class Place:
    """A site; `pattern` is matched from the start of an address without scheme and "www."."""

    name: str
    pattern: str
    offers: tuple[Offer, ...]


def _offer(why: str, *lacks: str, suffix: str = "", worth: float = 0.95, **entry: str) -> Offer:
    return Offer(entry=entry, why=why, lacks=lacks, suffix=suffix, worth=worth)


PLACES: Final[tuple[Place, ...]] = (
    Place(
        "reddit",
        r"(?:old\.|new\.)?reddit\.com/r/(?P<sub>\w+)",
        (
            _offer("Reddit: the newest posts of a subreddit", kind="reddit", subreddits="{sub}"),
            _offer(
                "Reddit: the feed of a subreddit",
                "Reddit allows about two anonymous requests a minute",
                kind="feed",
                url="https://www.reddit.com/r/{sub}/new.rss",
                worth=0.5,
            ),
        ),
    ),
    Place(
        "telegram",
        r"t\.me/(?:s/)?(?P<channel>\w{4,})",
        (_offer("Telegram: the preview of a public channel", recipe="telegram", channel="{channel}"),),
    ),
    Place(
        "youtube",
        r"(?:m\.)?youtube\.com/channel/(?P<channel>UC[\w-]{22})",
        (_offer("YouTube: the videos of a channel", "comments are not seen", recipe="youtube", channel="{channel}"),),
    ),
    Place(
        "appstore",
        r"apps\.apple\.com/(?P<country>[a-z]{2})/app/(?:[^/]+/)?id(?P<app>\d+)",
        (
            _offer(
                "App Store: the reviews of an app in one country", kind="appstore", app="{app}", countries="{country}"
            ),
        ),
    ),
    Place(
        "googleplay",
        r"play\.google\.com/store/apps/details\?(?:[^#]*&)?id=(?P<app>[\w.]+)",
        (_offer("Google Play: the reviews of an app", kind="googleplay", app="{app}"),),
    ),
    Place(
        "trustpilot",
        r"(?:\w{2}\.)?trustpilot\.com/review/(?P<domain>[\w.-]+)",
        (_offer("Trustpilot: the reviews of a company", recipe="trustpilot", domain="{domain}"),),
    ),
    Place(
        "twogis",
        r"2gis\.\w+/(?:[^?#]*/)?firm/(?P<branch>\d+)",
        (_offer("2GIS: the reviews of a branch", _KEY, recipe="twogis", branch="{branch}", key="${{TWOGIS_KEY}}"),),
    ),
    Place(
        "vk",
        r"(?:m\.)?vk\.(?:com|ru)/(?!feed\b|search\b|wall\b)(?P<domain>[\w.]+)",
        (
            _offer(
                "VK: the wall of a community",
                "a service token",
                kind="vk",
                domains="{domain}",
                token="${{VK_TOKEN}}",  # noqa: S106 - it names one
            ),
        ),
    ),
    Place(
        "steam",
        r"(?:store\.steampowered|steamcommunity)\.com/app/(?P<app>\d+)",
        (_offer("Steam: the reviews of a game", recipe="steam", app="{app}"),),
    ),
    Place(
        "hackernews",
        r"news\.ycombinator\.com(?:/|$)",
        (
            _offer(
                "Hacker News: stories and comments that name a brand",
                recipe="hackernews",
                query='"{brand}"',
                worth=0.8,
            ),
        ),
    ),
    Place(
        "github",
        r"github\.com/(?P<owner>[\w.-]+)/(?P<repo>[\w.-]+)",
        (_offer("GitHub: the issues of a repository", recipe="github_issues", query="repo:{owner}/{repo}"),),
    ),
    Place(
        "pikabu",
        r"pikabu\.ru(?:/|$)",
        (_offer("Pikabu: stories that name a brand", recipe="pikabu", query="{brand}"),),
    ),
    Place(
        "banki",
        r"banki\.ru/services/responses/bank/(?P<bank>[\w-]+)",
        (_offer("banki.ru: the reviews of a bank", recipe="banki", bank="{bank}"),),
    ),
    Place(
        "otzovik",
        r"otzovik\.com/reviews/(?P<product>[\w-]+)",
        (_offer("Otzovik: the reviews of a thing", recipe="otzovik", product="{product}"),),
    ),
    Place(
        "irecommend",
        r"irecommend\.ru/content/(?P<product>[\w-]+)",
        (_offer("iRecommend: the reviews of a thing", recipe="irecommend", product="{product}"),),
    ),
    Place(
        "yandex-maps",
        r"yandex\.\w+/maps/(?:\d+/[^/]+/)?org/(?P<place>[^/?#]+/\d+)",
        (_offer("Yandex Maps: the reviews of a place", recipe="yandex_maps", place="{place}"),),
    ),
    Place(
        "mastodon",
        r"(?P<instance>[\w.-]+\.\w+)/tags/(?P<tag>\w+)/?$",
        (_offer("Mastodon: a hashtag", kind="mastodon", url="https://{instance}", tags="{tag}", worth=0.7),),
    ),
)


def place_of(url: str) -> tuple[Place, Mapping[str, str]] | None:
    """The well-known site that an address belongs to, and what the address says; None for any other site."""
    bare = re.sub(r"^https?://(?:www\.)?", "", url, flags=re.IGNORECASE)
    for place in PLACES:
        if found := re.match(place.pattern, bare, re.IGNORECASE):
            return place, {**found.groupdict(), "page": url}
    return None
