"""Kinds of source: sans-I/O modules that say what to request and read what came back.

A kind is a class with an `Options` record. It never opens a connection or a file, keeps no state between calls, and
reports trouble as `errors.ReadError`. Adding one: a module here, a line in KINDS, a fixture pair under tests/sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.sources.appstore import AppStoreKind
from monitor.sources.bluesky import BlueskyKind
from monitor.sources.discourse import DiscourseKind
from monitor.sources.feed import FeedKind
from monitor.sources.googleplay import GooglePlayKind
from monitor.sources.html import HtmlKind
from monitor.sources.imap import ImapKind
from monitor.sources.jsonapi import JsonKind
from monitor.sources.mastodon import MastodonKind
from monitor.sources.reddit import RedditKind
from monitor.sources.schemaorg import SchemaKind
from monitor.sources.sitemap import SitemapKind
from monitor.sources.vk import VkKind

if TYPE_CHECKING:
    from monitor.sources.protocol import KindClass

KINDS: dict[str, KindClass] = {
    "appstore": AppStoreKind,
    "feed": FeedKind,
    "html": HtmlKind,
    "googleplay": GooglePlayKind,
    "imap": ImapKind,
    "json": JsonKind,
    "schemaorg": SchemaKind,
    "sitemap": SitemapKind,
    "bluesky": BlueskyKind,
    "discourse": DiscourseKind,
    "mastodon": MastodonKind,
    "reddit": RedditKind,
    "vk": VkKind,
}
