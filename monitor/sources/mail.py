"""An e-mail as it came over the wire, made readable: headers, the text that somebody wrote, the HTML.

The older interface of `email` is used: the newer one raises half a dozen exceptions over broken headers and throws
away Cyrillic that was sent as bare bytes, which mailers of many a forum still do.
"""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from datetime import datetime
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parseaddr, parsedate_to_datetime
from itertools import islice
from typing import Any, Final

from monitor.errors import Malformed
from monitor.sources import fields
from monitor.sources.decoding import charset_of_page, decode
from monitor.text import html_to_text

_HEADER_CAP: Final = 4000
_PARTS: Final = 100
_DEEPEST: Final = 50  # multiparts in multiparts; the parser looks at each line once for each
_BODY_CAP: Final = 1024 * 1024
_QUOTE: Final = re.compile(r"^[ \t]*((?:>[ \t]?)+)", re.MULTILINE)
_SIGNATURE: Final = re.compile(r"^-- ?\r?$", re.MULTILINE)
_ID: Final = re.compile(r"<([^<>\s]{1,500})>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message; `plain` and `html` are its first parts of these sorts, `refers` the ids that it answers to."""

    id: str | None
    sender: str
    sender_name: str | None
    subject: str
    sent: datetime | None
    refers: tuple[str, ...]
    plain: str
    html: str


def read_mail(raw: bytes, *, latest: datetime | None) -> Mail:
    """The message in RFC 5322 bytes; never raises, whatever they are. `latest` is the moment at which it was there."""
    message = _parsed(raw)
    from_name, address = _from(_raw(message, "from"))
    bodies = {"text/plain": "", "text/html": ""}
    for part in islice(message.walk(), _PARTS):
        sort = part.get_content_type()
        if bodies.get(sort) == "" and part.get_content_disposition() != "attachment":
            bodies[sort] = _body(part)
    ids = _ID.findall(_raw(message, "message-id"))
    return Mail(
        id=ids[0] if ids else None,
        sender=address.strip().casefold(),
        sender_name=fields.name(_unfolded(from_name)) or fields.name(address),
        subject=fields.prose(_unfolded(_raw(message, "subject")), markup=False, one_line=True),
        sent=_date(_raw(message, "date"), latest),
        refers=tuple(_ID.findall(_raw(message, "references") + _raw(message, "in-reply-to"))),
        plain=bodies["text/plain"],
        html=bodies["text/html"],
    )


def written(mail: Mail) -> str:
    """What the sender wrote: quotes as lines that begin with "> ", no signature."""
    if not mail.plain.strip():
        head = mail.html.lower().find("</head>")  # mostly styles, and the longer part of many a mail
        return html_to_text(mail.html[max(head, 0) :])
    text = _SIGNATURE.split(mail.plain, maxsplit=1)[0]
    return fields.prose(_QUOTE.sub(lambda found: "> " * found[1].count(">"), text), markup=False)


def _parsed(raw: bytes) -> Message[Any, Any]:
    if len(re.findall(rb"multipart/|message/rfc822", raw, re.IGNORECASE)) <= _DEEPEST:
        return email.message_from_bytes(raw)
    return BytesHeaderParser().parsebytes(raw)


def _raw(message: Message[Any, Any], name: str) -> str:
    """A header as it stands; bytes that are no ASCII are in it as surrogates."""
    return next((str(value) for key, value in message.raw_items() if key.lower() == name), "")[:_HEADER_CAP]


def _from(value: str) -> tuple[str, str]:
    try:
        return parseaddr(value)
    except (RecursionError, IndexError):  # comments in comments in comments
        return "", ""


def _unfolded(value: str) -> str:
    """A header's text: RFC 2047's encoded words, and bare bytes in whatever encoding they are."""
    try:
        parts = decode_header(value)
    except (ValueError, LookupError, email.errors.HeaderParseError):
        parts = [(value, None)]
    return "".join(
        _text(part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape"), charset)
        for part, charset in parts
    )


def _body(part: Message[Any, Any]) -> str:
    """The text of a part, out of its transfer encoding, however broken that is."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = part.get_param("charset")
    named = charset if isinstance(charset, str) else None
    return _text(payload[:_BODY_CAP], named or charset_of_page(None, payload))


def _text(data: bytes, charset: str | None) -> str:
    try:
        return decode(data, charset)
    except Malformed:
        return data.decode("utf-8", "replace")


def _date(value: str, latest: datetime | None) -> datetime | None:
    try:
        return fields.instant(parsedate_to_datetime(value), latest)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
