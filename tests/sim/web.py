"""The scripted web: answers requests as its sites and the weather of the moment have it, and logs all of it.

It grew out of the demo's little web: the same window, paging, validators and journal, without sockets. The log is the
judge's evidence; each answer says in it whether it told the truth (`honest`) and which posts it showed.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import md5
from html import escape
from math import ceil
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from tests.sim import apis, render
from tests.sim.render import Item, Shape

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from tests.sim.clock import SimClock
    from tests.sim.site import Entry, Site
    from tests.sim.weather import Fault

Headers = list[tuple[str, str]]
OTHER: Final = "mirror-"  # what a host is called that a site redirects to
PINNED: Final = 2
_PLACE: Final = re.compile(r"[a-z]+\d\dk\d{5}|wall-\d+_\d+|review=\d+")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over the wire."""

    status: int
    headers: Headers
    body: bytes = b""


class Log:
    """What happened, one JSON line each, in order; written to a file at the end."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self.lines: list[dict[str, object]] = []

    def write(self, event: str, **fields: object) -> None:
        """One line: the true moment, the offset of the monitor's clock (hours), the event and its fields."""
        offset = self._clock.offset / timedelta(hours=1)
        self.lines.append({"at": self._clock.true_now().isoformat(), "off": offset, "event": event, **fields})

    def save(self, path: Path) -> None:
        """All lines, as JSON."""
        path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in self.lines), encoding="utf-8")


@dataclass(slots=True)
class _Look:
    """What an answer is made of."""

    site: Site
    step: str
    now: datetime
    rest: str
    body: bytes | None
    faults: Mapping[str, Fault]
    shows: list[str] = field(default_factory=list)
    honest: bool = True
    until: datetime | None = None
    older: bool = False


class Web:
    """All hosts; `faults` is the weather of the month."""

    def __init__(self, sites: Sequence[Site], faults: Sequence[Fault], *, clock: SimClock, log: Log) -> None:
        self.sites = {site.name: site for site in sites}
        self._clock = clock
        self._log = log
        self._faults: dict[str, list[Fault]] = {}
        for fault in faults:
            self._faults.setdefault(fault.where, []).append(fault)
        self._bodies: dict[str, tuple[int, datetime]] = {}  # by address: what was last answered, and since when
        self._requests = 0
        self._posts = {address: entry for site in sites for entry in site.entries for address in _places(site, entry)}

    def weather(self, *places: str) -> dict[str, Fault]:
        """The faults of the moment at these places."""
        now = self._clock.true_now()
        found = (fault for place in places for fault in self._faults.get(place, ()))
        return {fault.name: fault for fault in found if fault.since <= now < fault.until}

    def answer(self, url: str, header: Mapping[str, str], body: bytes | None = None) -> Answer:
        """The answer to one request. Raises OSError where there is none."""
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix(OTHER)
        self._requests += 1
        site, step, rest = self._place(parts.path, parts.query, body)
        if step == "list" and parts.hostname != host:
            step = "moved"
        above = self.weather("*", host)
        note: dict[str, object] = {"host": parts.hostname, "url": url, "source": site and site.name, "step": step}
        if "outage" in above:
            self._log.write("request", **note, status=0, honest=False)
            raise ConnectionRefusedError("the host is down")
        if refusal := _refused(above, self._clock.true_now()):
            answer, until = refusal
            self._log.write("request", **note, status=answer.status, honest=False, until=until and until.isoformat())
            return answer
        if step == "robots":
            answer = Answer(200, [("content-type", "text/plain")], b"User-agent: *\nAllow: /\n")
            self._log.write("request", **note, status=200, honest=True)
            return answer
        shown = (place[0] for place in _PLACE.finditer(url) if place[0] in self._posts)
        if step != "replies" and (post := next(shown, None)):
            answer = _post_page(self._posts[post], self._clock.true_now())
            self._log.write("request", **note | {"source": None, "step": "post"}, status=answer.status, honest=True)
            return answer
        if site is None:
            self._log.write("request", **note, status=404, honest=False)
            return Answer(404, [("content-type", "text/plain")], b"nothing here")
        look = _Look(site, step, self._clock.true_now(), rest, body, self.weather(site.name))
        answer = self._redirected(look, parts.hostname or "", parts.path) or self._page(look, url, parts.query, header)
        honest = look.honest and answer.status in (200, 304)
        note |= {"faults": sorted(look.faults)} if look.faults else {}
        self._log.write(
            "request",
            **note,
            status=answer.status,
            honest=honest,
            shows=look.shows,
            until=look.until and look.until.isoformat(),
        )
        return answer

    def _place(self, path: str, query: str, body: bytes | None) -> tuple[Site | None, str, str]:
        """The site that an address belongs to, the step that a request for it is, and the path below the site's."""
        if path == "/robots.txt":
            return None, "robots", ""
        first, _, rest = path.strip("/").partition("/")
        if first == "t":
            return self.sites.get(rest.partition("/")[0]), "thread", ""
        if first == "moved":
            return self.sites.get(rest), "moved", ""
        site = self.sites.get(first)
        if site is not None and site.style in apis.BODIES:
            if apis.BELOW.search(f"/{rest}" if site.style != "discourse" else rest):
                return site, "replies", rest
            wants = apis.asked(site, rest, parse_qs(query), body)
            return site, "login" if wants.is_login else "list" if wants.is_first else "page", rest
        return site, "page" if "page=" in query else "list", rest

    def _redirected(self, look: _Look, host: str, path: str) -> Answer | None:
        if look.step != "list":
            return None
        site, target = look.site, ""
        if "moved" in look.faults or "moved-for-good" in look.faults:
            target = f"{site.base}/moved/{site.name}"
        elif "other-host" in look.faults and not host.startswith(OTHER):
            target = f"https://{OTHER}{site.host}{path}"
        if not target:
            return None
        look.honest = False
        return Answer(301 if "moved-for-good" in look.faults else 302, [("location", target)])

    def _page(self, look: _Look, url: str, query: str, header: Mapping[str, str]) -> Answer:
        site, faults = look.site, look.faults
        if look.step == "login":
            return Answer(200, [("content-type", "application/json")], apis.LOGIN.encode())
        if look.step == "replies":
            return Answer(200, [("content-type", render.TYPES[site.style])], apis.ANSWERS[site.style].encode())
        text = self._thread_of(look, url) if look.step == "thread" else self._list(look, query)
        if text is None:
            look.honest = False
            return Answer(404, [("content-type", "text/html")], b"<p>gone</p>")
        kind = render.TYPES.get(site.style, "text/html; charset=utf-8")
        if "login-page" in faults:
            look.honest, text, kind = False, render.LOGIN, "text/html; charset=utf-8"
        elif "layout" in faults:
            look.honest = False
        elif "says-no" in faults:
            look.honest, text, look.until = False, apis.THROTTLED[site.style], look.now + apis.PEACE
        data = text.encode()
        if "truncated" in faults:
            look.honest, data = False, data[: len(data) * 6 // 10]
        headers = [("content-type", kind), ("date", format_datetime(look.now, usegmt=True))]
        if look.older and site.style == "mastodon":
            headers.append(("link", f'<{site.url}?x>; rel="next"'))
        if "login-page" in faults:
            return Answer(200, headers, data)
        return self._conditional(look, url, header, Answer(200, headers, data))

    def _conditional(self, look: _Look, url: str, header: Mapping[str, str], answer: Answer) -> Answer:
        """304 where the same body was answered before, or where a broken server says so."""
        mark = zlib.crc32(answer.body)
        known = self._bodies.get(url)
        if known is None or known[0] != mark:
            self._bodies[url] = known = mark, look.now.replace(microsecond=0)
        etag, modified = f'"{mark:08x}"', format_datetime(known[1], usegmt=True)
        kinds = look.site.validators
        same = ("etag" in kinds and header.get("if-none-match") == etag) or (
            "last-modified" in kinds and "if-none-match" not in header and header.get("if-modified-since") == modified
        )
        asked = "if-none-match" in header or "if-modified-since" in header
        headers = answer.headers + [
            pair
            for pair, name in ((("etag", etag), "etag"), (("last-modified", modified), "last-modified"))
            if name in kinds
        ]
        if "not-modified" in look.faults and asked and not same:
            look.honest, look.shows = False, []
            return Answer(304, headers)
        return Answer(304, headers) if same else Answer(200, headers, answer.body)

    def _list(self, look: _Look, query: str) -> str:
        site, faults = look.site, look.faults
        number = int(parse_qs(query).get("page", ["1"])[0])
        if site.style == "threads":
            return self._threads(look, number)
        if site.style in apis.BODIES:
            return self._api(look, query, number)
        pinned = self._pinned(look)
        # What is pinned takes the place of others on the first page, which stand on the next one then.
        start, count = max((number - 1) * site.window - len(pinned), 0), site.window
        if number == 1:
            count -= len(pinned)
        entries, more = site.newest(look.now, start=start, count=count, without=pinned)
        if number == 1:
            entries = pinned + entries
        if "empty" in faults:
            look.honest, entries, more = False, [], False
        look.shows = [entry.key for entry in entries]
        items = [self._item(look, entry) for entry in entries]
        if "ads" in faults and number == 1 and items:
            items.insert(0, _advertisement(look))
        older = f"{site.url}?page={number + 1}" if site.paged and more else None
        shape = Shape(site=site, items=items, older=older, broken="layout" in faults)
        return render.RENDERERS[site.style](shape)

    def _api(self, look: _Look, query: str, number: int) -> str:
        site, everything = look.site, look.site.shown(look.now)
        wants = apis.asked(site, look.rest, parse_qs(query), look.body)
        entries, more = wants.among(everything, site.window)
        if "empty" in look.faults:
            look.honest, entries, more = False, [], False
        look.shows = [entry.key for entry in entries]
        paged = site.style in apis.ALWAYS_PAGED or (site.paged and site.style not in apis.NEVER_PAGED)
        older = f"{site.url}?page={number + 1}" if more and paged else None
        look.older = older is not None
        items = [self._item(look, entry) for entry in entries]
        told = apis.Told(site=site, items=items, total=len(everything), start=wants.start, older=older)
        return apis.BODIES[site.style](told)

    def _pinned(self, look: _Look) -> list[Entry]:
        fault = look.faults.get("pinned")
        if fault is None:
            return []
        entries, _ = look.site.newest(fault.since, start=0, count=PINNED)
        return [entry for entry in entries if entry.gone_at is None]

    def _item(self, look: _Look, entry: Entry) -> Item:
        site, faults = look.site, look.faults
        title, text = entry.reads(look.now)
        base = f"http://{site.host}" if "http-links" in faults else site.base
        url = entry.origin or f"{base}/p/{entry.key}"
        if "tracking" in faults:
            url += f"?utm_source=feed&utm_campaign={look.now:%Y%m%d}"
        if "sessions" in faults:
            url += ("&" if "?" in url else "?") + f"PHPSESSID={md5(str(self._requests).encode()).hexdigest()}"
        native = f"{'new' if 'new-ids' in faults else 'tag'}:{site.name}:{entry.key}"
        return Item(
            key=entry.key,
            number=entry.number,
            native=native,
            url=url,
            title=title,
            text=text,
            author=entry.author,
            at=entry.at,
        )

    def _threads(self, look: _Look, number: int) -> str:
        site, faults = look.site, look.faults
        threads: dict[str, list[Entry]] = {}
        for entry in site.shown(look.now):
            threads.setdefault(str(entry.thread), []).append(entry)
        names = list(threads)  # the one with the newest post first
        start = (number - 1) * site.window
        shown = [] if "empty" in faults else names[start : start + site.window]
        look.honest = look.honest and "empty" not in faults
        rows = [(name, threads[name][-1].reads(look.now)[0], len(threads[name]), threads[name][0].at) for name in shown]
        look.shows = [entry.key for name in shown for entry in threads[name]]
        older = f"{site.url}?page={number + 1}" if site.paged and start + site.window < len(names) else None
        return render.thread_list(site, rows, older=older, broken="layout" in faults)

    def _thread_of(self, look: _Look, url: str) -> str | None:
        name = urlsplit(url).path.removeprefix("/t/")
        entries = [entry for entry in look.site.shown(look.now) if entry.thread == name][::-1]
        if not entries:
            return None
        look.shows = [entry.key for entry in entries]
        title = entries[0].reads(look.now)[0]
        return render.thread_page(look.site, [(entry, entry.reads(look.now)[1]) for entry in entries], title)


def _places(site: Site, entry: Entry) -> tuple[str, ...]:
    """What in an address says that it is that of a post."""
    named = {"vk": f"wall-{apis.owner(site)}_{entry.number}", "appstore": f"review={9_000_000 + entry.number}"}
    own = named.get(site.style)
    # Of a post that two sites show, the address is that of the first.
    return (*((entry.key,) if entry.origin is None else ()), *((own,) if own else ()))


def _post_page(entry: Entry, now: datetime) -> Answer:
    """The page of one post, as a browser would see it."""
    if entry.at > now or (entry.gone_at is not None and entry.gone_at <= now):
        return Answer(404, [("content-type", "text/html")], b"<p>There is no such post.</p>")
    title, text = entry.reads(now)
    body = f"<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{escape(text)}</p>"
    return Answer(200, [("content-type", "text/html; charset=utf-8")], body.encode())


def _advertisement(look: _Look) -> Item:
    """An advertisement on top of the list, another one each day."""
    key = f"ad{look.now:%Y%m%d}"
    url = f"{look.site.base}/ad/{key}"
    at = look.now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Item(
        key=key, number=0, native=f"ad:{key}", url=url, title="Buy now", text=f"Only today {key}", author="Ads", at=at
    )


def _refused(faults: Collection[str], now: datetime) -> tuple[Answer, datetime | None] | None:
    """The refusal of a host in trouble, and the moment that it names."""
    assert isinstance(faults, dict)
    for name in ("429-seconds", "429-date", "503-seconds", "503"):
        if name not in faults:
            continue
        status = int(name[:3])
        seconds = ceil((faults[name].until - now).total_seconds())
        if name.endswith("date"):
            until = (now + timedelta(seconds=seconds + 1)).replace(microsecond=0)
            named = [("retry-after", format_datetime(until, usegmt=True))]
        elif name.endswith("seconds"):
            until = now + timedelta(seconds=seconds)
            named = [("retry-after", str(seconds))]
        else:
            until, named = None, []
        date = ("date", format_datetime(now, usegmt=True))
        return Answer(status, [("content-type", "text/plain"), date, *named], b"later"), until
    return None


def history(log: Log, sites: Collection[Site], ends: datetime) -> None:
    """Log what the sites are, and what they published, edited and deleted until `ends`; the moments are in `when`."""
    for site in sites:
        log.write(
            "site",
            source=site.name,
            host=site.host,
            style=site.style,
            window=site.window,
            paged=site.paged,
            every=site.every.total_seconds(),
            learns=site.learns,
        )
        for entry in site.entries:
            if entry.at >= ends:
                continue
            said = {"source": site.name, "key": entry.key, "when": entry.at.isoformat()}
            log.write(
                "publish",
                **said,
                bad=entry.bad,
                gone=entry.gone_at and entry.gone_at.isoformat(),
                edits=len(entry.words) - 1,
            )
