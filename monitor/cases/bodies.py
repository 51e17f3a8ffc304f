"""What an act must say: for each act the keys of its body, how each is read, and how the act is typed.

Bodies come from a command line, a socket or a page; here they are tidied and every fault in them is found. Keys that
are no concern of the act, such as what only the flow wants to know, are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from monitor.cases.roles import Act
from monitor.errors import Refusal
from monitor.models import Outcome, Reached, Truth, Verdict
from monitor.text import clean_url, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from enum import StrEnum

    from monitor.models import JSON

LONGEST: Final = 10_000
"""Code points that a text may have."""

LONGEST_LINE: Final = 200
"""Code points that a name, a number or a channel may have."""

_MOST: Final = 1e12  # an amount of money above it is a slip of the hand

Body: TypeAlias = "dict[str, JSON]"
_Reader: TypeAlias = Callable[["JSON"], "tuple[JSON, str]"]  # the value as it is kept, and what is wrong with it


@dataclass(frozen=True, slots=True)
class _Field:
    """One key; `needed` says why it may not be missing, and is empty where it may; `nobody`: an empty one is said."""

    read: _Reader
    needed: str = ""
    nobody: bool = False


def usage(act: Act, case_id: int) -> str:
    """How the act is typed for this case."""
    return f"monitor cases {act.value} {case_id} {_USAGE[act]}".rstrip()


def read(act: Act, case_id: int, body: Mapping[str, JSON]) -> tuple[Body, tuple[Refusal, ...]]:
    """What was said, tidied, and every fault in it; without faults it may become an event's body."""
    return _said(act, body), tuple(_faults(act, usage(act, case_id), body))


def _said(act: Act, body: Mapping[str, JSON]) -> Body:
    return {key: one.read(body[key])[0] for key, one in _SAYS[act].items() if _given(one, key, body)}


def _given(one: _Field, key: str, body: Mapping[str, JSON]) -> bool:
    value = body.get(key)
    empty = value is None or (isinstance(value, str) and not plain_text(value))
    return not empty or (one.nobody and key in body)


def _faults(act: Act, typed: str, body: Mapping[str, JSON]) -> Iterator[Refusal]:
    says = _SAYS[act]
    for key, one in says.items():
        if not _given(one, key, body):
            if one.needed:
                yield Refusal(f"needs_{key}", one.needed, f"say it: {typed}")
        elif wrong := one.read(body[key])[1]:
            yield Refusal(f"bad_{key}", f"{key}: {wrong}", f"say it anew: {typed}")
    if act is Act.ANSWER and not any(_given(says[key], key, body) for key in ("text", "url")):
        why = "an answer needs its text, or the address where it can be read"
        yield Refusal("needs_answer", why, f"give one or both: {typed}")
    if act is Act.COMPENSATE and body.get("value") is not None and not _given(says["currency"], "currency", body):
        why = "a value says nothing without its currency"
        yield Refusal("needs_currency", why, f"name it: {typed} --value 500 --currency RUB")


def _text(value: JSON, *, longest: int = LONGEST, one_line: bool = False) -> tuple[JSON, str]:
    if not isinstance(value, str):
        return None, "must be a text"
    if len(value) > longest:
        return None, f"has {len(value):,} characters; at most {longest:,} are kept"
    return plain_text(value, one_line=one_line), ""


def _line(value: JSON) -> tuple[JSON, str]:
    return _text(value, longest=LONGEST_LINE, one_line=True)


def _name(value: JSON) -> tuple[JSON, str]:
    """The name of somebody; an empty one is nobody."""
    name, wrong = ("", "") if value is None else _line(value)
    return name or None, wrong


def _address(value: JSON) -> tuple[JSON, str]:
    address = clean_url(value) if isinstance(value, str) else None
    return address, "" if address else "must be an address that begins with http:// or https://"


def _flag(value: JSON) -> tuple[JSON, str]:
    return value, "" if isinstance(value, bool) else "must be true or false"


def _amount(value: JSON) -> tuple[JSON, str]:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST
    return value, "" if fits else "must be an amount of money, not below 0"


def _word(words: type[StrEnum]) -> _Reader:
    known = [word.value for word in words]
    return lambda value: (value, "" if value in known else f"must be one of {', '.join(known)}")


_ANY_LINE: Final = _Field(_line)
_ANY_TEXT: Final = _Field(_text)
_ANY_ADDRESS: Final = _Field(_address)

_SAYS: Final[Mapping[Act, Mapping[str, _Field]]] = {
    Act.TAKE: {},
    Act.ASSIGN: {"owner": _Field(_name, "say who is to own the case, or that nobody is", nobody=True)},
    Act.NOTE: {"text": _Field(_text, "a note needs a text")},
    Act.EVIDENCE: {"what": _Field(_text, "evidence needs a word on what it is"), "url": _ANY_ADDRESS},
    Act.ATTEMPT: {
        "channel": _Field(_line, "an attempt needs the channel that was tried"),
        "outcome": _Field(_word(Reached), "an attempt needs how it ended"),
        "text": _ANY_TEXT,
    },
    Act.TICKET: {"id": _Field(_line, "a ticket needs its number"), "url": _ANY_ADDRESS},
    Act.CLAIM: {
        "text": _Field(_text, "a claim needs what the customer claims"),
        "truth": _Field(_word(Truth), "a claim needs what is known of it"),
    },
    Act.COMPENSATE: {
        "what": _Field(_text, "a compensation needs what was offered, or that nothing is due"),
        "value": _Field(_amount),
        "currency": _ANY_LINE,
        "text": _ANY_TEXT,
    },
    Act.FINDINGS: {"text": _Field(_text, "findings need a text")},
    Act.CLEAR: {"text": _Field(_text, "acknowledging needs a text: what may be answered, and what may not")},
    Act.TEMPLATE: {
        "name": _Field(_line, "a template must be named"),
        "language": _Field(_line, "a template is of one language"),
    },
    Act.VERDICT: {
        "verdict": _Field(_word(Verdict), "a verdict needs its word: what checking came to"),
        "text": _Field(_text, "a verdict needs a note that says why"),
    },
    Act.ANSWER: {
        "text": _ANY_TEXT,
        "url": _ANY_ADDRESS,
        "public": _Field(_flag),
        "full": _Field(_flag),
        "template": _ANY_LINE,
    },
    Act.OFFLINE: {
        "channel": _Field(_line, "moving offline needs the channel: where the talk goes on"),
        "id": _ANY_LINE,
        "text": _ANY_TEXT,
    },
    Act.SILENT: {"text": _Field(_text, "leaving a customer unanswered needs a reason")},
    Act.WAIT: {"text": _Field(_text, "waiting needs a text: what the customer is to do or to send")},
    Act.RESUME: {"why": _ANY_TEXT},
    Act.CLOSE: {"outcome": _Field(_word(Outcome)), "text": _ANY_TEXT},
    Act.REOPEN: {"why": _Field(_text, "reopening needs a reason")},
}

_USAGE: Final[Mapping[Act, str]] = {
    Act.TAKE: "",
    Act.ASSIGN: "NAME",
    Act.NOTE: '"..."',
    Act.EVIDENCE: '"..." --url ADDRESS',
    Act.ATTEMPT: "phone --outcome " + "|".join(Reached),
    Act.TICKET: "NUMBER",
    Act.CLAIM: '"..." --is ' + "|".join(Truth),
    Act.COMPENSATE: '"..."',
    Act.FINDINGS: '"..."',
    Act.CLEAR: '"..."',
    Act.TEMPLATE: "NAME",
    Act.VERDICT: "|".join(Verdict) + ' --note "..."',
    Act.ANSWER: '--text "..." --url ADDRESS',
    Act.OFFLINE: "phone",
    Act.SILENT: '"..."',
    Act.WAIT: '"..."',
    Act.RESUME: "",
    Act.CLOSE: "--outcome " + "|".join(Outcome),
    Act.REOPEN: '"..."',
}
"""How each act is typed, after its name and the number of the case."""
