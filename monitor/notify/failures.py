"""What each failure of a delivery means: the word for it, whether it is tried again, whose fault it may be.

Almost everything is tried again, refusals too: the administrator may mend the address, and the alert must not be lost
by then. Only what is said may be at fault for good: then a reduced message is the next to be tried.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import requests

from monitor.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Mapping

RETRY_AFTER_CAP: Final = timedelta(hours=24)
_ASKS: Final = frozenset({429, 503})  # statuses with which Retry-After is heeded
_SECONDS: Final = re.compile(r"\d{1,12}(?:\.\d{1,6})?")
_OF_MAILBOX: Final = b"5.2."
_ENHANCED: Final = re.compile(rb"\b[245]\.\d{1,3}\.\d{1,3}\b")
# With 400 Telegram and Slack say, too, that there is no such place, or that we may not write there.
_NO_SUCH_PLACE: Final = re.compile(
    rb"chat not found|chat_id|supergroup|not enough rights|thread not found|topic_|peer_id|user_not_found|no_team",
    re.IGNORECASE,
)


class Ruling(NamedTuple):
    """What a failure means; `word` is the reason that tables show."""

    word: str
    retry: bool = True


_CONTENT: Final = Ruling("content", retry=False)
_AUTH: Final = Ruling("auth")
_REFUSED: Final = Ruling("refused")
_TIMEOUT: Final = Ruling("timeout")
_LIMITED: Final = Ruling("rate-limited")
_SERVER: Final = Ruling("server")
_UNREACHABLE: Final = Ruling("unreachable")

STATUSES: Final[Mapping[int, Ruling]] = {
    400: _CONTENT,
    401: _AUTH,
    403: _AUTH,
    404: _REFUSED,
    407: _AUTH,
    408: _TIMEOUT,
    410: _REFUSED,
    413: _CONTENT,
    422: _CONTENT,
    425: _LIMITED,
    429: _LIMITED,
}
"""HTTP statuses; of the others 5xx is `server`, and the rest, redirects too, is `refused`."""

ERRORS: Final[tuple[tuple[type[Exception], Ruling], ...]] = (
    (requests.Timeout, _TIMEOUT),
    (TimeoutError, _TIMEOUT),
    (requests.exceptions.InvalidURL, _REFUSED),
    (requests.exceptions.InvalidSchema, _REFUSED),
    (requests.RequestException, _UNREACHABLE),
    (smtplib.SMTPServerDisconnected, _UNREACHABLE),
    (smtplib.SMTPNotSupportedError, _REFUSED),
    (smtplib.SMTPException, _REFUSED),
    (ssl.SSLError, _UNREACHABLE),
    (OSError, _UNREACHABLE),
)
"""Exceptions of the wire, the first that fits; SMTP answers with a code are read by `of_smtp`."""


def of_status(status: int, said: bytes = b"") -> Ruling:
    """What an HTTP status means; `said` is how the answer begins, where it was read."""
    ruling = STATUSES.get(status, _SERVER if status >= 500 else _REFUSED)
    return _REFUSED if ruling is _CONTENT and _NO_SUCH_PLACE.search(said) else ruling


def of_error(error: Exception) -> Ruling:
    """What an exception of the wire means."""
    return next((ruling for kind, ruling in ERRORS if isinstance(error, kind)), _UNREACHABLE)


def of_smtp(error: smtplib.SMTPException) -> Ruling:
    """What an SMTP answer means: 4xx is for now; 5xx after the text or for its size is what the mail says."""
    code = _smtp_code(error)
    if code is None:
        return of_error(error)
    if code < 500:
        return _SERVER
    if isinstance(error, smtplib.SMTPAuthenticationError) or code in {530, 535}:
        return _AUTH
    said = _ENHANCED.search(_smtp_text(error))
    if said is not None and said[0].startswith(_OF_MAILBOX):  # full, or locked: nothing that the mail says
        return _REFUSED
    return _CONTENT if isinstance(error, smtplib.SMTPDataError) or code == 552 else _REFUSED


def by_status(status: int, retry_after: str | None = None, *, said: bytes = b"", now: datetime) -> DeliveryError:
    """The error for an HTTP answer that is none of success."""
    wait = read_retry_after(retry_after, now=now) if status in _ASKS else None
    return _error(f"HTTP {status}", of_status(status, said), wait)


def by_error(error: Exception) -> DeliveryError:
    """The error for an exception of the wire; an address is never in it."""
    if not isinstance(error, smtplib.SMTPException):
        return _error(_WORDS.get(of_error(error).word, type(error).__name__), of_error(error))
    code, ruling = _smtp_code(error), of_smtp(error)
    if code is None:
        return _error(type(error).__name__, ruling)
    said = _ENHANCED.search(_smtp_text(error))
    return _error(f"SMTP {code}" + (f" {said[0].decode()}" if said else ""), ruling)


_WORDS: Final[Mapping[str, str]] = {"timeout": "no answer in time", "unreachable": "no connection, or it broke"}


def late() -> DeliveryError:
    """The error where a target was given up after the time that all of it may take."""
    return _error(_WORDS["timeout"], _TIMEOUT)


def untaken(text: str) -> DeliveryError:
    """The error where nothing is known but that a service did not take it; `text` says what it logged."""
    return _error(text, _UNREACHABLE)


def declined(text: str) -> DeliveryError:
    """The error where a service answered with success, and said in its words that it did not take it."""
    return _error(text, _REFUSED)


def unknown_address(text: str) -> DeliveryError:
    """The error for an address that cannot be used at all: no try will change that."""
    return _error(text, Ruling("refused", retry=False))


def _error(text: str, ruling: Ruling, retry_after: timedelta | None = None) -> DeliveryError:
    return DeliveryError(text, retry=ruling.retry, reason_word=ruling.word, retry_after=retry_after)


def read_retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """The header Retry-After, seconds or a date, at most RETRY_AFTER_CAP; None where it says nothing of use."""
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(timedelta(seconds=min(float(text), 1e9)), RETRY_AFTER_CAP)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(at - now, RETRY_AFTER_CAP) if at > now else None


def _smtp_code(error: smtplib.SMTPException) -> int | None:
    """The code of the answer; of several refused recipients the mildest, by which the whole is tried again."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return min((int(code) for code, _ in error.recipients.values()), default=None)
    return int(error.smtp_code) if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code > 0 else None


def _smtp_text(error: smtplib.SMTPException) -> bytes:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return b" ".join(bytes(text) for _, text in error.recipients.values())
    said = error.smtp_error if isinstance(error, smtplib.SMTPResponseException) else b""
    return said.encode("utf-8", "replace") if isinstance(said, str) else said
