"""How a class of target wants its text, and the parts of messages that are the same whatever they tell.

Content of posts is data: it is escaped for the target's class, so that it can neither ping, link nor format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

_MARKDOWN: Final = re.compile(r"([\\`*_\[\]()~|#>!<])")
_PING: Final = re.compile(r"@(?=\w)")
# Discord reads these even within an address.
_EVERYBODY: Final = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


@dataclass(frozen=True, slots=True)
class Style:
    """How a class of target wants its text: how content is disarmed, what marks a brand, how long a body may be."""

    escape: Callable[[str], str]
    mark: tuple[str, str]
    limit: int


def _plain(text: str) -> str:
    return text


def _no_ping(text: str) -> str:
    # A word joiner after the @ keeps the name readable and tells no chat to call anybody.
    return _PING.sub("@\u2060", text)


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _no_ping(text))


_MAIL: Final = Style(escape=_plain, mark=("*", "*"), limit=30_000)
_CHAT: Final = Style(escape=_no_ping, mark=("*", "*"), limit=3_000)
_MARKDOWN_CHAT: Final = Style(escape=_markdown, mark=("**", "**"), limit=3_000)

# Apprise itself escapes & < > for Slack and Telegram when it is told that the body is plain text.
STYLES: Final[Mapping[str, Style]] = {
    "mailto": _MAIL,
    "mailtos": _MAIL,
    "discord": Style(escape=_markdown, mark=("**", "**"), limit=1_900),
    "matrix": _MARKDOWN_CHAT,
    "matrixs": _MARKDOWN_CHAT,
    "mmost": _MARKDOWN_CHAT,
    "mmosts": _MARKDOWN_CHAT,
    "msteams": _MARKDOWN_CHAT,
    "rocket": Style(escape=_markdown, mark=("**", "**"), limit=950),
    "rockets": Style(escape=_markdown, mark=("**", "**"), limit=950),
}


def style_of(url: str) -> Style:
    """The style for a target, by the scheme of its Apprise address."""
    return STYLES.get(url.partition("://")[0].lower(), _CHAT)


def link(url: str | None, *, style: Style) -> str | None:
    """The address of a post as a message may hold it; None where there is none, or it is too long.

    A longer one would be cut by the target, and half a link leads nowhere.
    """
    return _EVERYBODY.sub("%40", safe_text(url)) if url and len(url) <= style.limit // 3 else None


def duration(span: timedelta, words: Mapping[str, str], *, parts: int = 1) -> str:
    """A span in its largest unit, and in as many smaller ones as `parts` asks for, cut off."""
    left, said = int(span.total_seconds()), list[str]()
    for number, (unit, size) in enumerate(_UNITS):
        if left >= size or (number == len(_UNITS) - 1 and not said):
            said.append(f"{left // size} {words[unit]}")
            left %= size
        if len(said) == parts or (said and not left):
            break
    return " ".join(said)


def moment(at: datetime) -> str:
    """A time as all messages tell it, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
