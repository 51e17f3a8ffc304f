"""Cases in words: an event as a line of the log, what is due, a whole case, what an act came to."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from monitor.cli.common import print_line, print_table, short_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

_NUMBERED: Final = ("post", "answer", "to", "into", "step")
_NO: Final = {"full": "only acknowledges", "public": "not in public"}
_YES: Final = {"full": "in full", "public": "in public"}
_WORDS: Final = ("text", "why")  # of an event's body: what somebody said; it stands last
_UNSAID: Final = frozenset({"brand", "author", "found_at", "published_at", "at"})  # these are elsewhere on the screen
_PLAIN: Final = frozenset({"negative", "manual", "story"})  # classes that say nothing of what is wrong
_SINCE: Final = {"published": "publication", "found": "detection"}
_WORD: Final = "the customer's word"  # what is waited for; the other deadlines are named as they are stored
_EXCERPT: Final = 300  # characters of a post


def left(due: datetime, now: datetime) -> str:
    """How long there is until something is due, or how late it is: short enough for a column."""
    from monitor.alerting.styles import duration

    words = {"d": "d", "h": "h", "min": "m", "s": "s"}
    span = abs(due - now)
    whole = span - span % timedelta(minutes=1) or span
    return f"in {duration(whole, words, parts=2)}" if due > now else f"{duration(whole, words)} late"


def classed(classes: Sequence[str]) -> str:
    """The classes of a case, what is special about it first."""
    return ", ".join(map(worded, sorted(classes, key=lambda name: (name in _PLAIN, name))))


def moment(stored: object) -> str:
    """A time in ISO 8601 for a person: the minute, in UTC; empty for none."""
    return f"{str(stored)[:16].replace('T', ' ')} UTC" if stored else ""


def worded(name: str) -> str:
    """A name of this program for a person: without underscores."""
    return name.replace("_", " ")


def told(event: Mapping[str, Any]) -> str:
    """What an event's body says, in one line."""
    body = event["body"]
    if body.get("deadline") == "wait":
        return f"of {_WORD}, waited for until {moment(body['due_at'])}"
    if "deadline" in body:  # of a reminder or breach
        how = ", escalated" if body.get("step", 0) > 1 else ""
        return f"to {body['deadline']} by {moment(body['due_at'])}, counted from {_SINCE[body['clock']]}{how}"
    said = [_part(name, value) for name, value in body.items() if name not in {*_WORDS, *_UNSAID}]
    words = next((str(body[name]) for name in _WORDS if body.get(name)), "")
    return ": ".join(part for part in (", ".join(filter(None, said)), words) if part)


def _part(name: str, value: object) -> str:
    if value is None or value == "":
        return "nobody" if name == "owner" else ""
    if isinstance(value, bool):
        return (_YES if value else _NO).get(name, name if value else f"not {name}")
    if isinstance(value, list):
        return ", ".join(worded(str(one)) for one in value)
    if name.endswith("_at"):
        return f"{name.removesuffix('_at')} {moment(value)}"
    return f"{name} {value}" if name in _NUMBERED else str(value)


def change(event: Mapping[str, Any]) -> str:
    """From which state into which; empty where the state stayed."""
    before, after = event["before"], event["after"]
    return f"{before} → {after}" if before and before != after else ""


def print_warnings(warnings: Sequence[Mapping[str, Any]]) -> None:
    """What speaks against an answer's words without forbidding them, on stderr."""
    from monitor.text import safe_text

    meant: dict[str, list[str]] = {}
    for one in warnings:
        meant.setdefault(str(one["why"]), []).append(f"“{one['words']}”" if one["words"] else "")
    for why, words in meant.items():
        said = ", ".join(filter(None, words))
        sys.stderr.write(safe_text(f"warning: {why}" + (f" ({said})" if said else "")) + "\n")


def print_done(done: Mapping[str, Any], *, is_rehearsal: bool = False) -> None:
    """What an act came to: its events, the case by them, and on stderr what speaks against an answer's words."""
    for event in done["events"]:
        step = change(event)
        said = ": ".join(part for part in (worded(event["kind"]), told(event)) if part)
        print_line(said + (f" ({step})" if step else ""))
    if is_rehearsal:
        print_line("checked only: nothing is stored")
    for line in _heading(done["case"], done["duties"]):
        print_line(line)
    print_warnings(done["warnings"])


def _heading(case: Mapping[str, Any], duties: Sequence[str]) -> Iterator[str]:
    """What a case is, who has it, and what it still lacks."""
    state = f"{case['state']} into case {case['merged_into']}" if case["merged_into"] else case["state"]
    owner = f"owned by {case['owner']}" if case["owner"] else "owned by nobody"
    again = f", opened {case['round']} times" if case["round"] > 1 else ""
    yield f"case {case['id']}: {case['brand']}, {state}, {owner}; {classed(case['classes'])}{again}"
    if duties:
        yield f"before it may be closed it needs: {', '.join(map(_duty, duties))}"


def _duty(name: str) -> str:
    return {"legal": "the word of legal", "verdict": "a verdict", "offer": "an offer"}.get(name, name)


def print_case(shown: Mapping[str, Any], now: datetime) -> None:
    """A case with all that belongs to it."""
    case = shown["case"]
    for line in (*_heading(case, shown["duties"]), *_past(case)):
        print_line(line)
    if shown["deadlines"]:
        print_line()
        print_table(("due", "counted from", "until", "", "next"), (_due(one, now) for one in shown["deadlines"]))
    print_line()
    for post in shown["posts"]:
        _print_post(post)
    print_line()
    print_table(
        ("at", "who", "what", "state", "said"),
        (
            (short_time(one["at"]), one["person"] or "monitor", worded(one["kind"]), change(one), told(one))
            for one in shown["events"]
        ),
    )
    print_line()
    for one in shown["told"]:
        about = f" ({one['deadline']})" if one["deadline"] else ""
        print_line(f"told {short_time(one['at'])}: {one['receiver']}, {worded(one['kind'])}{about}: {one['state']}")
    for line in _possible(shown):
        print_line(line)


def _past(case: Mapping[str, Any]) -> Iterator[str]:
    """When what happened in this round, and what is known by now."""
    stages = ("published", "found", "acknowledged", "answered", "resolved", "closed")
    times = [f"{stage} {moment(case[f'{stage}_at'])}" for stage in stages if case[f"{stage}_at"]]
    yield "; ".join(times)
    if case["waiting_at"]:
        yield f"waits for the customer since {moment(case['waiting_at'])}: the time to resolve stands still"
    known = {
        "verdict": worded(case["verdict"] or ""),
        "findings": case["findings"],
        "cleared by": case["cleared_by"],
        "ticket": case["ticket"],
        "left unanswered": case["silent_reason"],
        "outcome": case["outcome"],
        "attempts": f"{case['attempts']}, {case['failed']} failed in a row" if case["attempts"] else None,
    }
    for name, value in known.items():
        if value:
            yield f"{name}: {value}"


def _due(one: Mapping[str, Any], now: datetime) -> Sequence[object]:
    from datetime import datetime

    due, is_waiting = datetime.fromisoformat(one["due_at"]), one["deadline"] == "wait"
    missed = "done, late" if one["missed_at"] else "done"
    state = missed if one["is_over"] else left(due, now)
    ahead = ""
    if one["next_at"] and one["next_to"]:
        step = (
            "reminder" if one["next_step"] == 0 or is_waiting else "breach" if one["next_step"] == 1 else "escalation"
        )
        ahead = f"{step} {short_time(one['next_at'])} to {one['next_to']}"
    named = (_WORD, "asking") if is_waiting else (one["deadline"], one["clock"])
    return *named, short_time(one["due_at"]), state, ahead


def _print_post(post: Mapping[str, Any]) -> None:
    number = f"post {post['post_id']}" + (f", mention {post['mention_id']}" if post["mention_id"] else "")
    by = post["author"] or "unknown author"
    gone = f", removed {moment(post['removed_at'])}" if post["removed_at"] else ""
    felt = f", {post['sentiment']}" if post["sentiment"] else ""
    print_line(f"{number}: {by} at {post['source']}, {moment(post['at'])}{felt}{gone} ({post['why']})")
    text = " ".join(part for part in (post["title"], post["text"]) if part)
    print_line(f"  “{text[:_EXCERPT]}{'…' if len(text) > _EXCERPT else ''}”")
    if post["url"]:
        print_line(f"  {post['url']}")


def _possible(shown: Mapping[str, Any]) -> Iterator[str]:
    who, acts = shown["person"], shown["allowed"]
    if acts is None:
        yield f"nobody here is called {who}: --as NAME says who you are"
        return
    yield f"{who} ({shown['role']}) may: {', '.join(acts) or 'read'}"
    if shown["templates"]:
        yield f"templates in {shown['language']}: {', '.join(shown['templates'])}"
