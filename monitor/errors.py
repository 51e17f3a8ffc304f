"""Every error that this program raises on purpose, in one tree.

    MonitorError
    ├── ConfigError               sources.yaml is wrong; carries every fault at once
    ├── QueryError                a filter cannot be read; points at the character
    ├── SourceError               one visit to one source failed; the source is polled again
    │   ├── FetchError            nothing usable came over the wire
    │   │   ├── AddressRefused    the host resolves to an address that may not be dialled
    │   │   ├── ConnectFailed     no connection, or it broke
    │   │   ├── DeadlineExceeded  the whole exchange took longer than allowed
    │   │   ├── BodyTooLarge      more bytes than the wire or decoded cap, or a bomb
    │   │   ├── EncodingRefused   a Content-Encoding that was not asked for
    │   │   ├── RedirectRefused   too many hops, a loop, or a scheme that is not http(s)
    │   │   ├── RobotsRefused     the host's robots.txt does not let us read the page, or cannot be read
    │   │   └── StatusError       an HTTP status that is no answer; may carry retry_at
    │   └── ReadError             an answer came, but not the data that was due
    │       ├── Malformed         it cannot be read as its kind
    │       ├── Blocked           a page for people (login, captcha, consent) where data was due
    │       ├── LoginRefused      the site does not take the login or token
    │       ├── Throttled         the site says in the body that it wants to be left alone; says how long
    │       └── WorkerKilled      reading it took too long or too much memory
    ├── DeliveryError             a receiver did not take a message; says whether to try again
    ├── StoreError                the database cannot be used
    │   ├── DatabaseCorrupt       SQLite's own check fails
    │   └── DatabaseTooNew        written by a later version of this program
    ├── WorkersStopped            the program is ending; nothing is wrong with what was asked
    ├── AlreadyRunning            another daemon holds the database; names its pid
    ├── DaemonUnreachable         the local socket does not answer
    │   └── AnswerLost            the daemon was asked and may have done it, but did not say so
    └── InputError                a line or file given to a command cannot be read
        └── Refused               what somebody wants to do with a case may not be done; says why and what is missing

Foreign exceptions (httpx, feedparser, sqlite3, apprise) become these at one place each, the edge that imports them.
`reason` is the short stable word that tables, metrics and `monitor sources` show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta


class MonitorError(Exception):
    """Root of the tree."""

    reason: ClassVar[str] = "error"


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a configuration file.

    `line` and `column` count from 1; `path` is the key's place, as in `sources[2].url`; `hint` may be empty.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        where = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {where}{self.message}{hint}"


class ConfigError(MonitorError):
    """The configuration is wrong; `faults` holds every mistake that was found, in the order of the file."""

    reason = "config"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class QueryError(MonitorError):
    """A filter cannot be read; `position` is the code point (from 0) where it went wrong."""

    reason = "query"

    def __init__(self, message: str, *, query: str, position: int) -> None:
        super().__init__(f"{message} at character {position + 1}: {query!r}")
        self.message = message
        self.query = query
        self.position = position

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_query_error, (self.message, self.query, self.position)


def _rebuild_query_error(message: str, query: str, position: int) -> QueryError:
    return QueryError(message, query=query, position=position)


class SourceError(MonitorError):
    """One visit to one source failed."""

    reason = "error"


class FetchError(SourceError):
    """Nothing usable came over the wire."""

    reason = "network"


class AddressRefused(FetchError):
    """The host resolves to a private, reserved or otherwise forbidden address that the source does not allow."""

    reason = "address"


class ConnectFailed(FetchError):
    """No connection could be made, TLS failed, or the peer broke off or spoke no HTTP."""

    reason = "connect"


class DeadlineExceeded(FetchError):
    """The whole exchange, redirects included, took longer than the deadline."""

    reason = "timeout"


class BodyTooLarge(FetchError):
    """The answer exceeds the cap on the wire or after inflation."""

    reason = "too-large"


class EncodingRefused(FetchError):
    """The answer is encoded in a way that was not asked for, or its gzip stream is broken or cut."""

    reason = "encoding"


class RedirectRefused(FetchError):
    """Too many redirects, a loop, a missing target, or a target that is not http or https."""

    reason = "redirect"


class RobotsRefused(FetchError):
    """The host's robots.txt does not let us read this page.

    `retry_at` is when a robots.txt that could not be read is asked for again; None where it was read and says no.
    """

    reason = "robots"

    def __init__(self, message: str, *, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class StatusError(FetchError):
    """The server answered with a status that carries no data.

    `retry_at` is the moment before which the host asked not to be bothered (429, 503), None when it named none.
    """

    reason = "status"

    def __init__(self, status: int, *, retry_at: datetime | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.retry_at = retry_at

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_status_error, (self.status, self.retry_at)


def _rebuild_status_error(status: int, retry_at: datetime | None) -> StatusError:
    return StatusError(status, retry_at=retry_at)


class ReadError(SourceError):
    """An answer came, but not the data that was due."""

    reason = "read"


class Malformed(ReadError):
    """The answer cannot be read as its kind."""

    reason = "malformed"


class Blocked(ReadError):
    """A page for people (login, captcha, consent, interstitial) came where data was due."""

    reason = "blocked"


class LoginRefused(ReadError):
    """The site does not take the login or token that the configuration gives, or wants one where none is given."""

    reason = "login"


class Throttled(ReadError):
    """The site asks in its answer's body to be left alone, for `wait`."""

    reason = "throttled"

    def __init__(self, message: str, *, wait: timedelta) -> None:
        super().__init__(message)
        self.wait = wait

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_throttled, (str(self), self.wait)


def _rebuild_throttled(message: str, wait: timedelta) -> Throttled:
    return Throttled(message, wait=wait)


class WorkerKilled(ReadError):
    """The worker process that read the answer was stopped: it took too long or too much memory, or died."""

    reason = "killed"


class DeliveryError(MonitorError):
    """A receiver did not take a message.

    `retry` says whether the same message may pass later; `reason_word` is one of timeout, rate-limited, server,
    refused, auth, content, unreachable, internal. With `content` it may be what the message says that was refused, and
    a reduced one may pass. `retry_after` is how long the target asks to be left alone, None where it does not say.
    """

    reason = "delivery"

    def __init__(self, message: str, *, retry: bool, reason_word: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry = retry
        self.reason_word = reason_word
        self.retry_after = retry_after


class StoreError(MonitorError):
    """The database cannot be used."""

    reason = "store"


class DatabaseCorrupt(StoreError):
    """SQLite's own check of the file fails."""

    reason = "corrupt"


class DatabaseTooNew(StoreError):
    """The file was written by a later version of this program."""

    reason = "too-new"


class WorkersStopped(MonitorError):
    """The worker processes are being stopped for good, as the program ends."""

    reason = "stopping"


class AlreadyRunning(MonitorError):
    """Another daemon holds this database; `pid` is its process, 0 when unknown."""

    reason = "already-running"

    def __init__(self, pid: int) -> None:
        super().__init__(f"another monitor is running on this database (pid {pid})")
        self.pid = pid


class DaemonUnreachable(MonitorError):
    """The local socket does not answer."""

    reason = "unreachable"


class AnswerLost(DaemonUnreachable):
    """The daemon was asked, and did not answer in time or broke off: it may have done it, or be at it still."""

    reason = "unanswered"


class InputError(MonitorError):
    """A line or a file that was given to a command cannot be read."""

    reason = "input"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason against doing something with a case: `code` is stable, `why` and `missing` (what to do) for people."""

    code: str
    why: str
    missing: str


class Refused(InputError):
    """What somebody wants to do with a case may not be done, for one reason or more."""

    reason = "refused"

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(f"{one.why} ({one.missing})" if one.missing else one.why for one in refusals))
        self.refusals = tuple(refusals)
