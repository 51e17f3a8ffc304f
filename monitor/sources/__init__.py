"""Kinds of source: sans-I/O modules that say what to request and read what came back.

A kind is a class with an `Options` record. It never opens a connection or a file, keeps no state between calls, and
reports trouble as `errors.ReadError`. Adding one: a module here, a line in KINDS, a fixture pair under tests/sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.sources.feed import FeedKind
from monitor.sources.html import HtmlKind

if TYPE_CHECKING:
    from monitor.sources.protocol import KindClass

KINDS: dict[str, KindClass] = {
    "feed": FeedKind,
    "html": HtmlKind,
}
