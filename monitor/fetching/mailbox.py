"""Messages of a mailbox over IMAP, read without marking them: imaplib on a connection that the address guard made.

imaplib blocks and trusts its server; so it runs in a thread of its own, whose socket is shut down when time is up, and
everything that it receives is counted.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from base64 import b64encode
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from monitor.errors import AddressRefused, BodyTooLarge, ConnectFailed, LoginRefused, Malformed
from monitor.fetching.address import MAIL, host_of, parse_url, port_of
from monitor.fetching.beside import beside
from monitor.fetching.dial import checked_addresses, connect
from monitor.fetching.proxy import connect_through
from monitor.models import Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor.fetching.dial import Resolver
    from monitor.fetching.proxy import Proxy
    from monitor.models import ImapRequest, Network

MESSAGE_CAP: Final = 1024 * 1024  # bytes of one message; what lies behind them is attachments
_LINE: Final = 1_000_000  # bytes of one line, a list of some 140 000 UIDs
_PATIENCE: Final = 600.0  # seconds after which a thread ends that the loop has forgotten
_FAREWELL: Final = 2.0
_HIGHEST: Final = 2**32 - 1  # RFC 3501's numbers

_UID: Final = re.compile(rb"\bUID (\d{1,10})\b")
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d{1,12})\b")
_SHORT: Final = re.compile(rb'BODY\[\](?:<0>)? (?:NIL|"((?:[^"\\]|\\.)*)")')


class _Box(imaplib.IMAP4):
    """imaplib on a connected socket, which may send at most `cap` bytes."""

    def __init__(self, sock: socket.socket, *, cap: int) -> None:
        self._given = sock
        self._stream = sock.makefile("rb")
        self._left = cap
        super().__init__()

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:  # noqa: ARG002 - imaplib's
        self.sock = self._given

    def read(self, size: int) -> bytes:
        self._spend(size)  # before the bytes are there: imaplib believes whatever length is announced
        return self._stream.read(size)

    def readline(self) -> bytes:
        line = self._stream.readline(min(_LINE, self._left) + 1)
        self._spend(len(line))
        if len(line) > _LINE:
            raise self.error("a line is too long")
        return line

    def shutdown(self) -> None:
        self._stream.close()
        self._given.close()

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise BodyTooLarge("the mailbox sends more than was asked for")


async def read_mailbox(
    request: ImapRequest,
    *,
    allow: tuple[Network, ...],
    resolver: Resolver,
    tls: ssl.SSLContext,
    cap: int,
    proxy: Proxy | None = None,
) -> Response:
    """The messages that `request` asks for, as many of them as `cap` bytes hold but at least one.

    What is longer than `MESSAGE_CAP` is cut. Without TLS only networks in `allow` are dialled. The caller sets the
    deadline. Raises FetchErrors, LoginRefused, Malformed, and OSError.
    """
    url = parse_url(request.url, schemes=MAIL)
    name = url.raw_host.decode("ascii")
    addresses = await checked_addresses(name, allow=allow, resolver=resolver)
    if url.scheme == "imap":
        addresses = [ip for ip in addresses if any(ip in network for network in allow)]
    if not addresses:
        raise AddressRefused(f"{name}: a password is sent without TLS only to an address that is listed in allow")
    if proxy is None:
        sock = await connect(addresses, port_of(url))
    else:
        sock = await connect_through(proxy, addresses, port_of(url), resolver=resolver)
    try:
        sock.settimeout(_PATIENCE)
        if url.scheme == "imaps":
            sock = tls.wrap_socket(sock, server_hostname=name.rstrip("."), do_handshake_on_connect=False)
    except BaseException:
        sock.close()
        raise
    folder = unquote(url.raw_path.decode("ascii").strip("/")) or "INBOX"
    try:
        work = partial(_exchange, sock, request, folder=folder, host=host_of(url), cap=cap)
        validity, messages = await beside(work, name="imap")
    finally:
        # Ends what the thread is reading; it closes the socket itself. SSLSocket's own shutdown is not thread-safe.
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
    headers = (("uidvalidity", str(validity)),)
    plain = str(url.copy_with(userinfo=b"", fragment=None))
    return Response(url=plain, status=200, headers=headers, body=b"", messages=messages)


@contextmanager
def _mail_errors(host: str) -> Iterator[None]:
    """The one place where what imaplib raises becomes an error of ours; a server's words are never quoted."""
    try:
        yield
    except OSError:  # foreign_errors' business; a refused certificate is a ValueError too
        raise
    except imaplib.IMAP4.abort:
        raise ConnectFailed(f"{host}: the mail server broke off, or speaks no IMAP") from None
    # imaplib takes answers apart without checking them, and raises the latter where they are of another form.
    except (imaplib.IMAP4.error, ValueError, LookupError, TypeError, AttributeError):
        raise Malformed(f"{host}: the mail server's answer cannot be read") from None


def _exchange(
    sock: socket.socket, request: ImapRequest, *, folder: str, host: str, cap: int
) -> tuple[int, tuple[tuple[int, bytes], ...]]:
    """The mailbox's UIDVALIDITY and its messages. Blocks; what goes wrong on the wire is an OSError."""
    with sock, _mail_errors(host):
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        # Lists and chatter may take as much again as the messages.
        box = _Box(sock, cap=2 * cap)
        try:
            _log_in(box, request, host=host)
            status, counted = box.select(_quoted(_modified_utf7(folder)), readonly=True)
            if status != "OK":
                raise Malformed(f"{host}: the mailbox has no such folder, or it may not be read")
            validity = int(box.response("UIDVALIDITY")[1][0] or b"")
            uids = _uids(box, request, validity=validity, count=int(counted[0] or b""))
            messages = _messages(box, _fitting(box, uids, cap=cap), cap=cap)
            sock.settimeout(_FAREWELL)
            with suppress(imaplib.IMAP4.error, OSError):
                box.logout()
        finally:
            box.shutdown()
        return validity, messages


def _log_in(box: _Box, request: ImapRequest, *, host: str) -> None:
    if box.state == "AUTH":  # a server that knows us by other means greets with PREAUTH
        return
    user, password = request.user, request.password
    if not (user + password).isprintable():
        raise LoginRefused(f"{host}: user or password holds a line break or a control character")
    try:
        if (user + password).isascii():
            box.login(_quoted(user), password)
        else:
            box.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        if "[UNAVAILABLE]" in str(error).upper():  # RFC 5530: whoever checks passwords is away
            raise ConnectFailed(f"{host}: nobody can log in at the moment") from None
        raise LoginRefused(f"{host}: the mail server does not take user and password") from None


def _uids(box: _Box, request: ImapRequest, *, validity: int, count: int) -> list[int]:
    """The messages that are wanted: those after the last one known, else the newest; ascending."""
    if count == 0:
        return []
    if request.validity == validity:
        found = _data(box.uid("SEARCH", f"UID {min(request.since + 1, _HIGHEST)}:*"))
        uids = {int(text) for line in found if isinstance(line, bytes) for text in line.split()}
        # RFC 3501: "n:*" holds the last message even where its UID is less than n.
        return sorted(uid for uid in uids if request.since < uid <= _HIGHEST)[: request.limit]
    found = _data(box.fetch(f"{max(1, count - request.limit + 1)}:*", "(UID)"))
    return sorted({int(uid[1]) for line in found if (uid := _UID.search(_head(line)))})[-request.limit :]


def _fitting(box: _Box, uids: Sequence[int], *, cap: int) -> list[int]:
    """The first of these messages: as many as `cap` bytes hold, but at least one that is still there."""
    if not uids:
        return []
    sizes = {}
    for line in _data(box.uid("FETCH", _set(uids), "(RFC822.SIZE)")):
        number, size = _UID.search(_head(line)), _SIZE.search(_head(line))
        if number and size:
            sizes[int(number[1])] = min(int(size[1]), MESSAGE_CAP)
    chosen: list[int] = []
    for uid in filter(sizes.__contains__, uids):
        cap -= sizes[uid]
        if chosen and cap < 0:
            break
        chosen.append(uid)
    return chosen


def _messages(box: _Box, uids: Sequence[int], *, cap: int) -> tuple[tuple[int, bytes], ...]:
    if not uids:
        return ()
    lines = _data(box.uid("FETCH", _set(uids), f"(BODY.PEEK[]<0.{min(MESSAGE_CAP, cap)}>)"))
    found: dict[int, bytes] = {}
    for line, following in zip(lines, [*lines[1:], b""], strict=True):
        head = _head(line)
        # What stands behind the literal comes as a line of its own.
        uid = _UID.search(head) or (_UID.search(following) if isinstance(following, bytes) else None)
        if uid is None or int(uid[1]) not in uids:
            continue
        if isinstance(line, tuple) and b"BODY[]" in head:
            found[int(uid[1])] = line[1]
        elif isinstance(line, bytes) and (short := _SHORT.search(head)):
            found[int(uid[1])] = re.sub(rb"\\(.)", rb"\1", short[1] or b"")
    return tuple(sorted(found.items()))


def _data(answer: tuple[str, list[Any]]) -> list[Any]:
    """What a command yielded: lines, and pairs of a line and the literal that it announces."""
    status, lines = answer
    if status != "OK":
        raise imaplib.IMAP4.error(status)
    return [line for line in lines if line is not None]


def _head(line: bytes | tuple[bytes, bytes]) -> bytes:
    return line[0] if isinstance(line, tuple) else line


def _set(uids: Sequence[int]) -> str:
    return ",".join(map(str, uids))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _modified_utf7(folder: str) -> str:
    """A folder's name as RFC 3501, 5.1.3 spells it. Raises Malformed for one that cannot be a name."""
    if not folder.isprintable():
        raise Malformed("the folder's name holds a control character")

    def shift(found: re.Match[str]) -> str:
        return "&" + b64encode(found[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"

    return re.sub(r"[^\x20-\x7e]+", shift, folder.replace("&", "&-"))
