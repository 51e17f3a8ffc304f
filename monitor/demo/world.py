"""One world on loopback: hosts with feeds, two sinks, the configuration that watches them, and the daemon's process.

All that a world leaves behind lies in its folder, under the names that `evidence` looks for.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.demo.evidence import CHAT, DATABASE, JOURNAL, MAILS, Duty
from monitor.demo.receivers import ChatSink, MailSink
from monitor.demo.texts import BRAND, COMPETITOR
from monitor.demo.web import Journal, LittleWeb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from monitor.demo.texts import Text
    from monitor.demo.web import Feed

CONFIG: Final = "sources.yaml"
DAEMON_LOG: Final = "daemon.log"
DRAIN: Final = 15.0  # seconds that the daemon has between SIGTERM and SIGKILL; it promises 10

DUTY: Final = Duty(
    sinks={"mail": "support", "chat": "team"}, brands=(BRAND,), sentiments=("negative",), silent_first=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a world's configuration says beside its feeds, as it is spelt in YAML.

    `every` is the time between polls, `timeout` that of a whole exchange, `parallel` how many exchanges may be open at
    once, `backfill` what a source's first poll does with what it finds.
    """

    every: str = "1s"
    timeout: str = "10s"
    parallel: int = 64
    backfill: str = "silent"


class World(AbstractContextManager["World"]):
    """Feeds and sinks that are up, and a `sources.yaml` that watches them; everything stops when the context ends.

    `hosts` are the feeds of each host. `strangers` are further sources (name → address) that the world does not serve.
    """

    def __init__(
        self,
        folder: Path,
        hosts: Sequence[Sequence[Feed]],
        *,
        settings: Settings,
        strangers: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self._stack = ExitStack()
        journal = Journal(folder / JOURNAL)
        self._stack.callback(journal.close)
        self._webs: dict[str, LittleWeb] = {}
        for feeds in hosts:
            web = self._stack.enter_context(LittleWeb(feeds, journal))
            self._webs |= dict.fromkeys((feed.name for feed in feeds), web)
        self.mail = self._stack.enter_context(MailSink(folder / MAILS))
        self.chat = self._stack.enter_context(ChatSink(folder / CHAT))
        sources = {name: web.url(name) for name, web in self._webs.items()} | dict(strangers or {})
        (folder / CONFIG).write_text(
            _config(sources, mail=self.mail.url, chat=self.chat.url, settings=settings), encoding="utf-8"
        )

    def __exit__(self, *_: object) -> None:
        """Stop all servers."""
        self._stack.close()

    def publish(self, feed: str, posts: Mapping[str, Text]) -> None:
        """Let posts (by key) appear at a feed, all in the same moment."""
        self._webs[feed].publish(feed, posts)


def start_daemon(folder: Path, *, break_fault: str | None = None) -> subprocess.Popen[bytes]:
    """Start the real daemon on a world's folder, with a planted fault if one is named; its log goes to DAEMON_LOG.

    It runs in a session of its own, so that Ctrl-C in the terminal reaches the demo alone, which then stops it.
    """
    program = ["monitor.demo.faults", break_fault] if break_fault else ["monitor"]
    command = [sys.executable, "-m", *program, "run", "--config", str(folder / CONFIG), "--db", str(folder / DATABASE)]
    with (folder / DAEMON_LOG).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own program with our own arguments
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def stop_daemon(daemon: subprocess.Popen[bytes]) -> int:
    """Ask the daemon to drain and wait for it; its exit status, negative when it had to be killed."""
    if daemon.poll() is None:
        daemon.send_signal(signal.SIGTERM)
    try:
        return daemon.wait(DRAIN)
    except subprocess.TimeoutExpired:
        os.killpg(daemon.pid, signal.SIGKILL)
        return daemon.wait()


@contextmanager
def running_daemon(folder: Path, *, break_fault: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon for as long as the context lasts."""
    daemon = start_daemon(folder, break_fault=break_fault)
    try:
        yield daemon
    finally:
        stop_daemon(daemon)


def _config(sources: Mapping[str, str], *, mail: str, chat: str, settings: Settings) -> str:
    watched = "\n".join(
        f"  - {{name: {name}, kind: feed, url: {json.dumps(url)}, every: {settings.every},"
        f" backfill: {settings.backfill}, allow: [127.0.0.0/8]}}"
        for name, url in sources.items()
    )
    return f"""\
# Written by the demo: the till app that is watched, its competitor and the little web do not exist.
contact: support@littleweb.example
sentiment: fast
brands:
  - {{name: {BRAND}, aliases: [Kassolet]}}
  - {{name: {COMPETITOR}, aliases: [Torgusha], competitor: true}}
sources:
{watched}
receivers:
  support: {{urls: [{json.dumps(mail)}], language: ru, budget: off}}
  team: {{urls: [{json.dumps(chat)}], language: en, budget: off}}
routes:
  # Each mention makes a message of its own, at once: the demo counts them one by one.
  - {{match: "sentiment:negative", to: support, group_wait: 0s, group_interval: 0s, continue: true}}
  - {{match: "sentiment:negative", to: team, group_wait: 0s, group_interval: 0s}}
fetch: {{gap: 0s, timeout: {settings.timeout}, parallel: {settings.parallel}}}
web: {{listen: "127.0.0.1:0"}}
"""
