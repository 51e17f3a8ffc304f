"""A little web: real HTTP servers on loopback whose feeds grow, and a journal of what was published and asked for.

It behaves as a good server does: strong ETags, Last-Modified only once its second is over, 304 for what has not
changed, a page for each link, RFC 5005 `rel=next` where a feed is paged. The journal is the observer's evidence.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from socket import socket

    from monitor.demo.texts import Text

Style = Literal["rss", "comments", "reviews", "forum"]
Headers = tuple[tuple[str, str], ...]
HeaderOf = Callable[[str], str | None]

_TAG: Final = "tag:littleweb.example,2026:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed of a host: an answer holds its newest `window` posts; a paged feed links to the older ones.

    `validators` are the headers that it offers for "has it changed?".
    """

    name: str
    style: Style
    window: int = 20
    paged: bool = False
    validators: frozenset[str] = frozenset({"etag", "last-modified"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A text that has appeared: `key` is its id on the little web, `at` when it appeared."""

    key: str
    text: Text
    at: datetime


class Journal:
    """Appends one JSON line for each thing that was published and each request that was answered; safe in threads."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, event: str, **fields: object) -> None:
        """One line: the time (Unix seconds), the event and its fields."""
        line = json.dumps({"time": time.time(), "event": event, **fields}, ensure_ascii=False)
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file; nothing can be written after."""
        with self._lock:
            self._file.close()


class LittleWeb(AbstractContextManager["LittleWeb"]):
    """One host on a port of its own; starts at once, and stops when the context ends."""

    def __init__(self, feeds: Sequence[Feed], journal: Journal) -> None:
        self.journal = journal
        self._feeds: Mapping[str, Feed] = {feed.name: feed for feed in feeds}
        self._posts: dict[str, list[_Entry]] = {feed.name: [] for feed in feeds}
        self._changed: dict[str, datetime] = {feed.name: datetime.now(UTC) for feed in feeds}
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def base(self) -> str:
        """Address of the host, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def url(self, feed: str) -> str:
        """Address of a feed."""
        return f"{self.base}/{feed}.xml"

    def publish(self, feed: str, posts: Mapping[str, Text]) -> None:
        """Let posts (by key) appear at the top of a feed, all in the same moment, the last one topmost."""
        now = datetime.now(UTC)
        with self._lock:
            for key, text in posts.items():
                self._posts[feed].append(_Entry(key=key, text=text, at=now))
                self.journal.write(
                    "publish",
                    feed=feed,
                    key=key,
                    url=f"{self.base}/p/{key}",
                    title=text.title,
                    text=text.text,
                    names=text.names,
                )
            self._changed[feed] = now

    def answer(self, path: str, query: str, header: HeaderOf) -> Answer:
        """What a GET of `path` is answered with; `header` finds a header of the request by its name, in any case."""
        if path == "/robots.txt":
            return Answer(body=b"User-agent: *\nAllow: /\n", kind="text/plain")
        if path.startswith("/p/"):
            return self._page(path.removeprefix("/p/"))
        feed = self._feeds.get(path.removeprefix("/").removesuffix(".xml"))
        if feed is None:
            return Answer(status=404, body=b"There is no such page here.\n", kind="text/plain")
        number = int(parse_qs(query).get("page", ["1"])[0])
        with self._lock:
            newest_first = self._posts[feed.name][::-1]
            changed = self._changed[feed.name]
        start = (number - 1) * feed.window if feed.paged else 0
        shown = newest_first[start : start + feed.window]
        older = feed.paged and start + feed.window < len(newest_first)
        body = _render(feed, shown, base=self.base, following=number + 1 if older else None).encode()
        return _conditional(feed, body, changed=changed, keys=tuple(post.key for post in shown), header=header)

    def _page(self, key: str) -> Answer:
        with self._lock:
            found = next((post for posts in self._posts.values() for post in posts if post.key == key), None)
        if found is None:
            return Answer(status=404, body=b"Nobody has written this yet.\n", kind="text/plain")
        title, text, author = (escape(part) for part in (found.text.title, found.text.text, found.text.author))
        body = (
            f"<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{text}</p><p>{author}</p>\n"
        )
        return Answer(body=body.encode(), kind="text/html; charset=utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer; `keys` are the posts that the body holds, for the journal."""

    body: bytes
    kind: str
    status: int = 200
    headers: Headers = ()
    keys: tuple[str, ...] = field(default=())


def _conditional(feed: Feed, body: bytes, *, changed: datetime, keys: tuple[str, ...], header: HeaderOf) -> Answer:
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"' if "etag" in feed.validators else None
    # Until its second is over, more posts could appear under the same Last-Modified and be hidden behind a 304.
    settled = datetime.now(UTC).replace(microsecond=0) > changed.replace(microsecond=0)
    modified = format_datetime(changed, usegmt=True) if "last-modified" in feed.validators and settled else None
    headers = tuple((name, value) for name, value in (("ETag", etag), ("Last-Modified", modified)) if value)
    tags = header("If-None-Match")
    if tags is None:
        same = modified is not None and header("If-Modified-Since") == modified
    else:
        same = etag is not None and etag in tags
    kind = "application/rss+xml" if feed.style == "rss" else "application/atom+xml"
    if same:
        return Answer(status=304, body=b"", kind=kind, headers=headers)
    return Answer(body=body, kind=f"{kind}; charset=utf-8", headers=headers, keys=keys)


def _render(feed: Feed, posts: Sequence[_Entry], *, base: str, following: int | None) -> str:
    link = f'href="{base}/{feed.name}.xml?page={following}" rel="next"'
    if feed.style == "rss":
        more = f"<atom:link {link}/>" if following else ""
        items = "\n".join(_rss_item(post, base=base) for post in posts)
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"'
            f' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>\n<title>{feed.name}</title><link>{base}/</link>'
            f"<description>{feed.name} of the little web</description>{more}\n{items}\n</channel></rss>\n"
        )
    more = f"<link {link}/>" if following else ""
    entries = "\n".join(_atom_entry(post, style=feed.style, base=base) for post in posts)
    updated = posts[0].at if posts else datetime.fromtimestamp(0, UTC)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"'
        ' xmlns:thr="http://purl.org/syndication/thread/1.0" xmlns:im="http://itunes.apple.com/rss">\n'
        f"<id>{_TAG}{feed.name}</id><title>{feed.name}</title><updated>{updated.isoformat()}</updated>{more}\n"
        f"{entries}\n</feed>\n"
    )


def _rss_item(post: _Entry, *, base: str) -> str:
    return (
        f"<item><title>{escape(post.text.title)}</title><link>{base}/p/{post.key}</link>"
        f'<guid isPermaLink="false">{_TAG}{post.key}</guid><dc:creator>{escape(post.text.author)}</dc:creator>'
        f"<pubDate>{format_datetime(post.at, usegmt=True)}</pubDate>"
        f"<description>{escape(post.text.text)}</description></item>"
    )


def _atom_entry(post: _Entry, *, style: Style, base: str) -> str:
    title = post.text.title or post.text.author
    rating = f"<im:rating>{post.text.stars}</im:rating>" if post.text.stars else ""
    blog = f'<thr:in-reply-to ref="{_TAG}blog" href="{base}/blog"/>' if style == "comments" else ""
    return (
        f"<entry><id>{_TAG}{post.key}</id><title>{escape(title)}</title>"
        f'<link rel="alternate" type="text/html" href="{base}/p/{post.key}"/>'
        f"<author><name>{escape(post.text.author)}</name></author><updated>{post.at.isoformat()}</updated>"
        f'{rating}{blog}<content type="text">{escape(post.text.text)}</content></entry>'
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, web: LittleWeb) -> None:
        self.web = web
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: object) -> None:
        """A client that is killed breaks its connections: that is no news; anything else is our fault."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        web = self.server.web
        answer = web.answer(url.path, url.query, self.headers.get)
        self.send_response(answer.status)
        for name, value in (("Content-Type", answer.kind), ("Content-Length", str(len(answer.body)))):
            self.send_header(name, value)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
        # Written before the answer leaves, so that nobody can act on an answer that the journal does not know.
        web.journal.write(
            "request",
            host=web.base,
            method=self.command,
            path=url.path,
            query=url.query,
            status=answer.status,
            if_none_match=self.headers.get("If-None-Match"),
            if_modified_since=self.headers.get("If-Modified-Since"),
            posts=answer.keys,
        )

    def log_message(self, *_: object) -> None:
        """The journal says it all; stderr stays quiet."""
