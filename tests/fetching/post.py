"""A mail server on loopback: enough of IMAP4rev1 to be read from, and a way to be nasty at any command."""

from __future__ import annotations

import asyncio
import contextlib
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

    Nasty: TypeAlias = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]

USER, PASSWORD = "desk@example.org", 'pass "word"'


@dataclass
class MailServer:
    """`nasty` says for a command what happens in place of its answer: it is given the tag."""

    messages: dict[int, bytes] = field(default_factory=dict)
    validity: int = 7
    folder: str = "INBOX"
    greeting: bytes = b"* OK ready\r\n"
    refusal: bytes = b"NO [AUTHENTICATIONFAILED] go away"
    uid_behind: bool = False
    nasty: dict[str, Nasty] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    port: int = 0
    scheme: str = "imap"
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, folder: str = "INBOX") -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/{folder}"

    def answer(self, command: str) -> tuple[list[bytes], bytes]:
        """Untagged lines and the end of the tagged one."""
        if command.startswith("CAPABILITY"):
            return [b"* CAPABILITY IMAP4rev1 AUTH=PLAIN"], b"OK done"
        if command.startswith("LOGIN"):
            known = command == f'LOGIN "{USER}" "pass \\"word\\""'
            return [], b"OK done" if known else self.refusal
        if command.startswith("EXAMINE"):
            return self._examine(command)
        if command.startswith("UID SEARCH"):
            first = int(re.findall(r"\d+", command)[0])
            # As RFC 3501 has it, the last message is always within "n:*".
            found = [uid for uid in self.messages if uid >= first] or sorted(self.messages)[-1:]
            return [b"* SEARCH " + b" ".join(b"%d" % uid for uid in found)], b"OK done"
        if command.startswith("FETCH"):
            first = int(re.findall(r"\d+", command)[0])
            uids = sorted(self.messages)
            return [b"* %d FETCH (UID %d)" % (n, uids[n - 1]) for n in range(first, len(uids) + 1)], b"OK done"
        if command.startswith("UID FETCH"):
            return self._fetch(command), b"OK done"
        if command.startswith("LOGOUT"):
            return [b"* BYE"], b"OK done"
        return [], b"BAD what?"

    def _examine(self, command: str) -> tuple[list[bytes], bytes]:
        if command != f'EXAMINE "{self.folder}"':
            return [], b"NO [NONEXISTENT] no such folder"
        lines = [b"* FLAGS ()", b"* %d EXISTS" % len(self.messages), b"* 0 RECENT"]
        return [*lines, b"* OK [UIDVALIDITY %d] fine" % self.validity], b"OK [READ-ONLY] done"

    def _fetch(self, command: str) -> list[bytes]:
        names, items = command.removeprefix("UID FETCH ").split(" ", 1)
        numbers = {uid: number for number, uid in enumerate(sorted(self.messages), 1)}
        uids = [int(uid) for uid in names.split(",") if int(uid) in numbers]
        if items == "(RFC822.SIZE)":
            line = b"* %d FETCH (RFC822.SIZE %d UID %d)"
            return [line % (numbers[uid], len(self.messages[uid]), uid) for uid in uids]
        cut = int(re.findall(r"BODY\.PEEK\[\]<0\.(\d+)>", items)[0])
        lines = [b"* 1 FETCH (FLAGS (\\Recent))"]  # what nobody asked for
        for uid in uids:
            body = self.messages[uid][:cut]
            literal = b"BODY[]<0> {%d}\r\n%b" % (len(body), body)
            inner = b"%b UID %d" % (literal, uid) if self.uid_behind else b"UID %d %b" % (uid, literal)
            lines.append(b"* %d FETCH (%b)" % (numbers[uid], inner))
        return lines


@asynccontextmanager
async def post_office(server: MailServer, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[MailServer]:
    """Run `server` on a free port."""
    clients: set[asyncio.Task[None]] = set()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        clients.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            writer.write(server.greeting)
            while line := await reader.readline():
                tag, _, command = line.decode("utf-8").rstrip("\r\n").partition(" ")
                server.commands.append(command)
                nasty = next((act for name, act in server.nasty.items() if command.startswith(name)), None)
                if nasty is not None:
                    await nasty(tag.encode(), writer)
                else:
                    untagged, end = server.answer(command)
                    writer.write(b"".join(one + b"\r\n" for one in untagged) + tag.encode() + b" " + end + b"\r\n")
                await writer.drain()
        server.gone.set()
        writer.transport.abort()

    listener = await asyncio.start_server(client, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    server.scheme = "imaps" if tls else "imap"
    try:
        yield server
    finally:
        listener.close()
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients)
        await listener.wait_closed()
