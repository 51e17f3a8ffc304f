"""The sixty sources of a seed: which sites there are, of which kind, and how the monitor is told to watch them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from monitor.models import Source
from monitor.sources import KINDS
from monitor.sources.feed import FeedOptions
from monitor.sources.htmloptions import Fields, HtmlOptions, ThreadOptions
from tests.sim import apis
from tests.sim.site import Entry, Rhythm, Site

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

# style, how many of sixty
STYLES: Final = (
    ("rss", 3),
    ("atom", 3),
    ("jsonfeed", 16),
    ("list", 10),
    ("threads", 4),
    ("json", 8),
    ("schemaorg", 2),
    ("discourse", 3),
    ("mastodon", 2),
    ("vk", 2),
    ("reddit", 1),
    ("appstore", 1),
    ("bluesky", 1),
    ("googleplay", 1),
)
_BOTH: Final = frozenset({"etag", "last-modified"})
_ZONES: Final = ("UTC", "Europe/Berlin", "Europe/Moscow", "America/New_York")
_RHYTHMS: Final[tuple[tuple[Rhythm, float, float], ...]] = (
    ("calm", 0.1, 0.4),
    ("calm", 0.1, 0.4),
    ("calm", 0.2, 0.6),
    ("steady", 0.5, 1.0),
    ("nights-off", 0.5, 1.2),
    ("weekdays", 0.5, 1.2),
    ("busy", 2.0, 4.0),
)
_EVERY: Final = {"calm": (12,), "steady": (12,), "nights-off": (10, 12), "weekdays": (10, 12), "busy": (8, 12)}
"""Hours between two visits, of which there are 60 in a month at least: what a month costs is what they cost."""
_COPIES: Final = 3  # pairs of sites that show some of the same posts


def draw(dice: random.Random, count: int) -> list[Site]:
    """`count` sites, still without posts."""
    total = sum(share for _, share in STYLES)
    styles = [style for style, share in STYLES for _ in range(max(1, round(share * count / total)))][:count]
    styles += ["jsonfeed"] * (count - len(styles))
    return [_site(dice, number, style, count) for number, style in enumerate(styles)]


def _site(dice: random.Random, number: int, style: str, count: int) -> Site:
    rhythm, least, most = dice.choice(_RHYTHMS)
    learns = number % 60 == 7
    if learns:
        rhythm, least, most = "calm", 0.2, 0.4
    return Site(
        name=f"{style}{number:02d}",
        host=f"host{dice.randrange(round(count * 0.8)):02d}.example",
        style=style,
        rhythm=rhythm,
        rate=dice.uniform(least, most),
        window=dice.randint(5, 9),
        paged=dice.random() < 0.4,
        every=timedelta(hours=dice.choice(_EVERY[rhythm])),
        learns=learns,
        validators=dice.choice((_BOTH, _BOTH, frozenset({"etag"}), frozenset({"last-modified"}), frozenset())),
        zone=dice.choice(_ZONES) if style in ("list", "threads") else "UTC",
        guids=dice.random() < 0.8,
        robots=dice.random() < 0.3,
    )


def copy_posts(dice: random.Random, sites: Sequence[Site]) -> None:
    """Some sites show every other post of another one too, under the address that it has there."""
    feeds = [site for site in sites if site.style in ("rss", "atom", "jsonfeed")]
    for _ in range(min(_COPIES, len(feeds) // 4)):
        origin, reader = dice.sample(feeds, 2)
        own = {entry.key for entry in reader.entries}
        copies = [
            Entry(
                key=entry.key,
                at=entry.at + timedelta(minutes=dice.randint(2, 200)),
                author=entry.author,
                bad=entry.bad,
                words=[(entry.at, *entry.words[0][1:])],
                origin=f"{origin.base}/p/{entry.key}",
            )
            for entry in origin.entries[::2]
            if entry.origin is None and entry.gone_at is None and entry.key not in own
        ]
        reader.adopt([*reader.entries, *copies])


def _list_options(site: Site) -> HtmlOptions:
    return HtmlOptions(
        item=".post",
        fields=Fields(
            id=("@data-id",), url=("h2 a",), title=("h2",), text=(".body",), author=(".by",), published=("time",)
        ),
        next="a.older",
        timezone=site.zone,
    )


def _thread_options(site: Site) -> HtmlOptions:
    return HtmlOptions(
        item=".topic",
        fields=Fields(url=("a.t",), title=("a.t",), replies=(".n",), text=("a.t",)),
        follow=("a.t",),
        # By the number of replies alone, one that comes while another goes would not be seen.
        mark=(".last",),
        next="a.older",
        timezone=site.zone,
        thread=ThreadOptions(
            item=".msg", fields=Fields(id=("@id",), text=(".body",), author=(".by",), published=("time",))
        ),
    )


WATCHED: Final[Mapping[str, tuple[str, Callable[[Site], object]]]] = {
    "rss": ("feed", lambda _: FeedOptions()),
    "atom": ("feed", lambda _: FeedOptions()),
    "jsonfeed": ("feed", lambda _: FeedOptions()),
    "list": ("html", _list_options),
    "threads": ("html", _thread_options),
    **{style: (style, lambda site: apis.OPTIONS[site.style]) for style in apis.OPTIONS},
}
"""By style: the kind that reads it, and its options."""


def source_of(site: Site) -> Source:
    """The site as the configuration has it."""
    kind, options = WATCHED[site.style]
    assert kind in KINDS
    return Source(
        name=site.name,
        kind=kind,
        url=site.url,
        options=options(site),
        every=site.every,
        learns=site.learns,
        robots=site.robots,
    )


def month_of(seed: int) -> datetime:
    """When the month of a seed begins: each holds the change to or from summer time."""
    return datetime.fromisoformat("2026-03-14T00:00:00+00:00" if seed % 2 else "2026-10-10T00:00:00+00:00")
