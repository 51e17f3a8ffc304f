"""A separate process that serves many feeds on loopback, with ETag and 304, and counts what it answered.

`python -m benchmarks.feeds_server --feeds 500 --ports 50` prints its ports as JSON and serves until stdin closes.
Feeds are spread over ports because politeness is kept for each host:port.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

WORDS = [
    "delivery",
    "order",
    "warehouse",
    "update",
    "screen",
    "report",
    "price",
    "support",
    "answer",
    "button",
    "invoice",
    "client",
    "page",
    "today",
    "week",
    "morning",
    "заказ",
    "склад",
    "отчёт",
    "кнопка",
    "счёт",
    "клиент",
    "страница",
    "сегодня",
    "неделя",
    "утром",
    "поддержка",
    "ответ",
    "цена",
    "обновление",
    "экран",
    "доставка",
]
BRAND = "Тестомаркет"


def feed(number: int, *, entries: int = 20, size: int = 1100, matching: float = 0.05) -> bytes:
    """One RSS feed of about `entries * size` bytes; a share of `matching` of all entries names the brand."""
    items = []
    for entry in range(entries):
        position = number * entries + entry
        words = [WORDS[(position * 31 + step * 17) % len(WORDS)] for step in range(size // 12)]
        if position % round(1 / matching) == 0:
            words[3] = f"{BRAND}е"
        items.append(
            f"<item><guid>urn:{number}:{entry}</guid><title>Entry {entry} of {number}</title>"
            f"<link>http://127.0.0.1/{number}/{entry}</link><pubDate>Sat, 21 Nov 2026 10:{entry:02d}:00 GMT</pubDate>"
            f"<description>&lt;p&gt;{' '.join(words)}&lt;/p&gt;</description></item>"
        )
    head = f"<title>Feed {number}</title><link>http://127.0.0.1/{number}</link><description>d</description>"
    prolog = '<?xml version="1.0" encoding="utf-8"?>'
    return f'{prolog}<rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'.encode()


class Server:
    """Answers GET /N with feed N; `answers` counts by status."""

    def __init__(self, feeds: int) -> None:
        self._bodies = [feed(number) for number in range(feeds)]
        self.answers: dict[int, int] = {}

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it closes."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1]
                if path == b"/answers":
                    body = json.dumps(self.answers).encode()
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                    continue
                number = int(path[1:])
                etag = b'"v1-%d"' % number
                if etag in head:
                    self.answers[304] = self.answers.get(304, 0) + 1
                    writer.write(b"HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n" % etag)
                else:
                    self.answers[200] = self.answers.get(200, 0) + 1
                    body = self._bodies[number]
                    writer.write(
                        b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"
                        b"ETag: %s\r\nContent-Length: %d\r\n\r\n%s" % (etag, len(body), body)
                    )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def main(feeds: int, ports: int) -> None:
    """Listen, say where, serve until stdin closes."""
    server = Server(feeds)
    listeners = [await asyncio.start_server(server.handle, "127.0.0.1", 0, backlog=512) for _ in range(ports)]
    print(json.dumps([listener.sockets[0].getsockname()[1] for listener in listeners]), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--feeds", type=int, default=500)
    parser.add_argument("--ports", type=int, default=50)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.feeds, arguments.ports))
