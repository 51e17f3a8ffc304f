"""The demo's figures are true: everything in its last line is counted again here, by other code, from what it left.

    python -m tests.proofs.demo [--break NAME] [--keep DIR]

Runs `monitor demo --once --json --keep DIR` as a user would. No line of this file comes from `monitor`: the journal,
the mails, the chat and the database are read with the standard library alone.
"""

import argparse
import email
import email.policy
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.proofs.verdict import CannotProveError, conclude, impossible

LISTED = "listed"
TEXTS = Path(__file__).resolve().parents[2] / "monitor" / "demo" / "texts.toml"
BRAND = "Кассолёт"
RECEIVERS = {"mail": "support", "chat": "team"}
LONGEST = 60.0  # seconds, the demo's promise
NEWS_AT_LEAST, ALERTS_AT_LEAST = 40, 8
SEEN_AT_LEAST, FALSE_AT_MOST = 0.6, 0.25  # of plain complaints, and of everything else that names the brand

# One row for each post that stands for something published: how often, and what followed from it.
TRACE = """
SELECT substr(p.url, instr(p.url, '/p/') + 3), p.id, s.name, p.title || ' ' || p.text, m.id, m.brand, m.sentiment, a.id
FROM posts p JOIN sources s ON s.id = p.source_id
LEFT JOIN mentions m ON m.post_id = p.id LEFT JOIN alerts a ON a.mention_id = m.id
ORDER BY p.id, m.id, a.id
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--break", dest="fault", help="plant this fault; the proof must then fail")
    parser.add_argument("--keep", type=Path, help="an empty or absent folder for what the play leaves")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="proof-demo-") as temporary:
            return prove(options.keep or Path(temporary) / "kept", options.fault)
    except CannotProveError as error:
        return impossible("demo", error)


def prove(folder: Path, fault: str | None) -> int:
    command = [sys.executable, "-m", "monitor", "demo", "--once", "--json", "--keep", str(folder)]
    started = time.monotonic()
    run = subprocess.run(
        command + (["--break", fault] if fault else []),
        capture_output=True,
        text=True,
        timeout=4 * LONGEST,
        check=False,
    )
    seconds = time.monotonic() - started
    printed = last_line(run)
    counted = recount(folder)
    faults = [f"{name}: printed {printed.get(name)}, counted {value}" for name, value in counted.items()
              if printed.get(name) != value]  # fmt: skip
    faults += [f"the play has {counted[name]} {name}" for name in ("lost", "repeated") if counted[name]]
    if run.returncode != (1 if counted["lost"] or counted["repeated"] else 0):
        faults.append(f"the demo ended with exit status {run.returncode}")
    if seconds > LONGEST:
        faults.append(f"the demo took {seconds:.0f} s")
    conditions, judged = looked_at(folder)
    return conclude("demo", {**counted, **judged, "seconds": round(seconds, 1)}, faults + conditions)


def last_line(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    lines = run.stdout.splitlines() or [""]
    try:
        printed = json.loads(lines[-1])
    except ValueError:
        words = (run.stderr or run.stdout)[-2000:]
        raise CannotProveError(f"the demo printed no line of figures (exit {run.returncode}): {words}") from None
    if not isinstance(printed, dict):
        raise CannotProveError(f"the demo's last line is no object: {lines[-1][:200]}")
    return printed


def recount(folder: Path) -> dict[str, Any]:
    """The figures of the printed line, counted from the folder alone."""
    published = {line["key"]: line for line in journal(folder) if line["event"] == "publish"}
    rows = trace(folder)
    inbox = {"mail": mails(folder), "chat": chats(folder)}
    posts = {(row[0], row[1]) for row in rows}
    mentions = {row[4]: row for row in rows if row[4] is not None and row[0] in published}
    alerts = {row[7]: row for row in rows if row[7] is not None}
    known = {str(alert) for alert in alerts}
    return {
        "posts": len({key for key, _ in posts} & set(published)),
        "mentions": len(mentions),
        "negative": sum(row[6] == "negative" for row in mentions.values()),
        "alerts": len(alerts),
        "delivered": {sink: len(known & {alert for _, alert, _ in came}) for sink, came in inbox.items()},
        "lost": lost(folder, published, rows, inbox),
        "repeated": repeated(folder, published, posts, alerts, inbox),
    }


def lost(
    folder: Path,
    published: Mapping[str, Any],
    rows: list[tuple[Any, ...]],
    inbox: Mapping[str, list[tuple[str, str, str]]],
) -> int:
    """Posts that are not stored as they were written, mentions that nobody saw, and what did not reach a sink."""
    first: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        same = first.setdefault(row[0], [])
        if not same or same[0][1] == row[1]:
            same.append(row)
    arrived = {(sink, alert, key) for sink, came in inbox.items() for _, alert, key in came}
    sent = {(alert, receiver) for alert, receiver, state in deliveries(folder) if state == "sent"}
    old = known_before(folder)
    missing = 0
    for key, line in published.items():
        if key not in first:
            missing += 1
            continue
        feed, text = first[key][0][2:4]
        missing += feed != line["feed"] or squeeze(line["text"]) not in squeeze(text)
        missing += len(set(line["names"]) - {row[5] for row in first[key]})
        due = {row[4]: row[7] for row in first[key] if row[5] == BRAND and row[6] == "negative" and key not in old}
        for alert in due.values():
            if alert is None:
                missing += 1
            else:
                missing += sum(
                    (alert, receiver) not in sent or not {(sink, str(alert), key), (sink, str(alert), LISTED)} & arrived
                    for sink, receiver in RECEIVERS.items()
                )
    return missing


def repeated(
    folder: Path,
    published: Mapping[str, Any],
    posts: set[tuple[str, int]],
    alerts: Mapping[int, tuple[Any, ...]],
    inbox: Mapping[str, list[tuple[str, str, str]]],
) -> int:
    """Posts stored again, alerts that nobody was due, messages that came again."""
    old = known_before(folder)
    times = Counter(key for key, _ in posts)
    again = sum(times[key] > 1 for key in published) + sum(key not in published for key in times)
    undue = {row[4] for row in alerts.values() if row[5] != BRAND or row[6] != "negative" or row[0] in old}
    twice = Counter(row[4] for row in alerts.values())
    again += len(undue) + sum(many > 1 for mention, many in twice.items() if mention not in undue)
    for came in inbox.values():
        again += len(came) - len(set(came))
        known = {str(alert) for alert in alerts}
        bearers = {(message, alert) for message, alert, key in came if key != LISTED or alert in known}
        again += sum(many > 1 for many in Counter(alert for _, alert in bearers).values())
        again += len({alert for _, alert in bearers} - known)
    return again


def looked_at(folder: Path) -> tuple[list[str], dict[str, Any]]:
    """Whether the play was worth counting: enough happened, the judge is sane, the daemon asked as it should."""
    lines = list(journal(folder))
    asked = [line for line in lines if line["event"] == "request"]
    old = known_before(folder)
    news = {line["key"] for line in lines if line["event"] == "publish"} - old
    rows = trace(folder)
    alerts = len({row[7] for row in rows if row[7] is not None})
    negative = {row[0] for row in rows if row[5] == BRAND and row[6] == "negative"}
    complaints, others = truth()
    seen = len(complaints & negative) / len(complaints)
    false = len(others & negative) / len(others)
    with closing(sqlite3.connect(f"{(folder / 'monitor.db').as_uri()}?mode=ro", uri=True)) as db:
        (check,) = db.execute("PRAGMA integrity_check").fetchone()
    conditions = {
        f"only {len(news)} posts were news": len(news) >= NEWS_AT_LEAST,
        f"only {alerts} alerts": alerts >= ALERTS_AT_LEAST,
        f"only {seen:.0%} of the plain complaints were seen as negative": seen >= SEEN_AT_LEAST,
        f"{false:.0%} of the other mentions were called negative": false <= FALSE_AT_MOST,
        "nothing was ever answered with 304": any(line["status"] == 304 for line in asked),
        "the third page of the paged feed was never asked for": any(line["query"] == "page=3" for line in asked),
        f"the database is broken: {check}": check == "ok",
        "a mail's header X-Monitor-Message is not the id in its body": headers_agree(folder),
    }
    figures = {"complaints_seen": round(seen, 2), "false_alarms": round(false, 2), "requests": len(asked)}
    return [fault for fault, holds in conditions.items() if not holds], figures


def truth() -> tuple[set[str], set[str]]:
    """Keys of the texts that plainly complain of the brand alone, and of the others that name it."""
    complaints: set[str] = set()
    others: set[str] = set()
    for place, texts in tomllib.loads(TEXTS.read_text(encoding="utf-8")).items():
        for number, text in enumerate(texts, start=1):
            if text["names"] == [BRAND]:
                (complaints if text["mood"] == "negative" else others).add(f"{place[0]}{number:02d}")
    return complaints, others


def known_before(folder: Path) -> set[str]:
    """Keys in the first answer that each feed gave."""
    answered: set[str] = set()
    keys: set[str] = set()
    for line in journal(folder):
        feed = line["event"] == "request" and line["status"] == 200 and line["path"].endswith(".xml") and line["path"]
        if feed and feed not in answered:
            answered.add(feed)
            keys |= set(line["posts"])
    return keys


def journal(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "web.jsonl").read_text(encoding="utf-8").splitlines()]


def trace(folder: Path) -> list[tuple[Any, ...]]:
    return rows_of(folder, TRACE)


def deliveries(folder: Path) -> list[tuple[Any, ...]]:
    return rows_of(folder, "SELECT alert_id, receiver, state FROM deliveries")


def rows_of(folder: Path, query: str) -> list[tuple[Any, ...]]:
    if not (folder / "monitor.db").exists():
        raise CannotProveError("the play left no database")
    with closing(sqlite3.connect(f"{(folder / 'monitor.db').as_uri()}?mode=ro", uri=True)) as db:
        return db.execute(query).fetchall()


def mails(folder: Path) -> list[tuple[str, str, str]]:
    """The HTML says the same once more, and the header names those that the text has no room for."""
    found = []
    for path in sorted((folder / "mail").glob("*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        plain = mail.get_body(("plain",))
        found += marks(plain.get_content() if plain else "", named=str(mail["X-Monitor-Alert"] or ""))
    return found


def chats(folder: Path) -> list[tuple[str, str, str]]:
    lines = map(json.loads, (folder / "chat.jsonl").read_text(encoding="utf-8").splitlines())
    return [mark for line in lines if line["status"] == 200 for mark in marks(line["text"])]


def text_of(path: Path) -> str:
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    return "".join(str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text")


def marks(text: str, *, named: str = "") -> list[tuple[str, str, str]]:
    """(message, alert, key of the post) for each alert in a message; LISTED for those told by their numbers alone."""
    message = "".join(re.findall(r"(?m)^monitor-message: (\S+)", text))
    keys = re.findall(r"/p/(\w+)", text)
    lines = re.findall(r"(?m)^monitor-alert: ([\d,]+)( \+)?", text)
    alerts = [one for one, more in lines if "," not in one and not more]
    others = {number for one, _ in lines for number in one.split(",")} | set(re.findall(r"\d+", named))
    told = [(message, alert, keys[index] if index < len(keys) else "") for index, alert in enumerate(alerts)]
    return told + [(message, alert, LISTED) for alert in sorted(others - {*alerts})]


def headers_agree(folder: Path) -> bool:
    for path in (folder / "mail").glob("*.eml"):
        header = email.message_from_bytes(path.read_bytes())["X-Monitor-Message"]
        if f"monitor-message: {header}" not in text_of(path):
            return False
    return True


def squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text)


if __name__ == "__main__":
    sys.exit(main())
