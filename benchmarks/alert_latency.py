"""How long a complaint takes from its feed to people: the real daemon, many feeds and two receivers on loopback.

`python -m benchmarks.alert_latency [--sources 500] [--seconds 60] [--every 15] [--wait 30] [--json]`. While the daemon
watches the feeds, complaints appear in them; each must reach a mail server and a chat. Counted are the seconds from the
moment at which a post could be read, and from the answer that showed it first, to the message. Exits with 1 where the
99th percentile is above the poll interval, the group's wait and 5 s together, or a complaint never came.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from email import message_from_bytes, policy
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from benchmarks.alerting.texts import words
from monitor.demo.evidence import CHAT, JOURNAL, MAILS
from monitor.demo.receivers import ChatSink, MailSink
from monitor.demo.texts import BRAND, Text
from monitor.demo.web import Feed, Journal, LittleWeb
from monitor.demo.world import CONFIG, DAEMON_LOG, running_daemon

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SLACK: Final = 5.0  # seconds that the target allows besides the poll interval and the wait
PER_HOST: Final = 10  # feeds of one host
EACH: Final = 2  # complaints a second
START: Final = 120.0  # seconds in which every feed must have been read once
KEY: Final = re.compile(r"complaint-\d{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is measured: `every` is the poll interval and `wait` that of a group, both in seconds."""

    sources: int = 500
    seconds: float = 60
    every: int = 15
    wait: int = 30

    @property
    def bound(self) -> float:
        """The most that the 99th percentile may be, in seconds."""
        return self.every + self.wait + SLACK


def measure(setting: Setting, folder: Path) -> dict[str, object]:
    """Run once and return the figures."""
    with ExitStack() as stack:
        journal = Journal(folder / JOURNAL)
        stack.callback(journal.close)
        names = [f"feed{number}" for number in range(setting.sources)]
        webs: dict[str, LittleWeb] = {}
        for first in range(0, setting.sources, PER_HOST):
            some = names[first : first + PER_HOST]
            web = stack.enter_context(LittleWeb([Feed(name=name, style="rss") for name in some], journal))
            webs |= dict.fromkeys(some, web)
        mail = stack.enter_context(MailSink(folder / MAILS))
        chat = stack.enter_context(ChatSink(folder / CHAT))
        urls = {name: web.url(name) for name, web in webs.items()}
        config = sources_yaml(urls, mail=mail.url, chat=chat.url, setting=setting)
        (folder / CONFIG).write_text(config, encoding="utf-8")
        for number, name in enumerate(names):
            webs[name].publish(name, {f"first-{number}": Text(text="Сегодня хорошая погода.", author="Синоптик")})
        with running_daemon(folder):
            _wait_for_first_polls(folder, setting)
            count = round(EACH * setting.seconds)
            _complain(webs, count, setting.seconds)
            received = _wait_for_all(folder, count, setting)
    return _figures(folder, received, count=count, setting=setting)


def sources_yaml(urls: Mapping[str, str], *, mail: str, chat: str, setting: Setting) -> str:
    """A configuration that watches `urls`; no budget and no other post holds one back: its way alone is measured."""
    watched = "\n".join(
        f"  - {{name: {name}, kind: feed, url: {json.dumps(url)}, every: {setting.every}s, allow: [127.0.0.0/8]}}"
        for name, url in urls.items()
    )
    return f"""\
contact: bench@monitor.test
sentiment: fast
brands: [{{name: {BRAND}}}]
sources:
{watched}
receivers:
  support: {{urls: [{json.dumps(mail)}, {json.dumps(chat)}], language: ru, budget: off}}
routes:
  - {{match: "*", to: support, group_by: ["..."], group_wait: {setting.wait}s}}
fetch: {{gap: 0s, parallel: 64}}
web: {{listen: "127.0.0.1:0"}}
"""


def _complain(webs: Mapping[str, LittleWeb], count: int, seconds: float) -> None:
    """Let complaints appear at even distances in feeds that chance picks, each in words of its own."""
    dice = random.Random(8)
    began = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, began + number * seconds / count - time.monotonic()))
        feed = dice.choice(list(webs))
        key = f"complaint-{number:06d}"
        text = f"{BRAND}: ужасно, ничего не работает. {words(dice, 12)}"
        webs[feed].publish(feed, {key: Text(title=key, text=text, author=f"клиент {number}", names=(BRAND,))})


def _wait_for_first_polls(folder: Path, setting: Setting) -> None:
    """What a source shows at its first poll is history: complaints begin once each was polled, and judging is warm."""
    until = time.monotonic() + START
    while time.monotonic() < until:
        time.sleep(0.5)
        asked = {line["path"] for line in _journal(folder) if line["event"] == "request"}
        if len(asked) >= setting.sources:
            time.sleep(setting.every)
            return
    log = (folder / DAEMON_LOG).read_text(encoding="utf-8")[-2000:]
    raise SystemExit(f"not every feed was read within {START:g} s\n{log}")


def _wait_for_all(folder: Path, count: int, setting: Setting) -> dict[str, dict[str, float]]:
    """When each complaint came to each receiver, once all have, or too much time has passed."""
    until = time.monotonic() + 2 * setting.bound
    while True:
        received = {"mail": _mails(folder), "chat": _chat(folder)}
        if time.monotonic() > until or all(len(came) >= count for came in received.values()):
            return received
        time.sleep(0.5)


def _journal(folder: Path) -> list[dict[str, object]]:
    lines = (folder / JOURNAL).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _chat(folder: Path) -> dict[str, float]:
    came: dict[str, float] = {}
    for line in map(json.loads, (folder / CHAT).read_text(encoding="utf-8").splitlines()):
        for key in KEY.findall(line["text"]):
            came.setdefault(key, line["time"])
    return came


def _mails(folder: Path) -> dict[str, float]:
    came: dict[str, float] = {}
    for path in sorted((folder / MAILS).glob("*.eml")):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = mail.get_body(("plain", "html"))
        text = f"{mail['Subject']}\n{body.get_content() if body else ''}"
        for key in KEY.findall(text):
            came.setdefault(key, path.stat().st_mtime)
    return came


def _figures(
    folder: Path, received: Mapping[str, Mapping[str, float]], *, count: int, setting: Setting
) -> dict[str, object]:
    published: dict[str, float] = {}
    served: dict[str, float] = {}
    for line in _journal(folder):
        at = float(str(line["time"]))
        if line["event"] == "publish":
            published[str(line["key"])] = at
        else:
            for key in line["posts"] if isinstance(line["posts"], list) else ():
                served.setdefault(str(key), at)
    lost = {name: count - len(came) for name, came in received.items()}
    row: dict[str, object] = {"sources": setting.sources, "complaints": count, "lost": sum(lost.values())}
    for name, since in (("published", published), ("served", served)):
        delays = sorted(at - since[key] for came in received.values() for key, at in came.items())
        row |= {f"{name}_p{share}": _percentile(delays, share) for share in (50, 95, 99)}
    row["bound"] = setting.bound
    worst = row["published_p99"]
    row["ok"] = not row["lost"] and isinstance(worst, float) and worst <= setting.bound
    return row


def _percentile(ordered: Sequence[float], share: int) -> float | None:
    return round(ordered[ceil(share / 100 * len(ordered)) - 1], 2) if ordered else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=int, default=15, help="seconds between two polls of a feed")
    parser.add_argument("--wait", type=int, default=30, help="seconds that a group waits")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    setting = Setting(sources=arguments.sources, seconds=arguments.seconds, every=arguments.every, wait=arguments.wait)
    with TemporaryDirectory() as folder:
        row = measure(setting, Path(folder))
    if arguments.json:
        print(json.dumps(row))
    else:
        print("  ".join(f"{key} {value}" for key, value in row.items()))
        told = f"the 99th percentile is {row['published_p99']} s after publication, at most {setting.bound:g} s"
        print(told if row["ok"] else f"missed: {told}; {row['lost']} did not come")
    return 0 if row["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
