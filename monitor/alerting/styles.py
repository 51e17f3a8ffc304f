"""How a class of target wants its text, and the parts of messages that are the same whatever they tell.

Content of posts is data: it is escaped for the target's class, so that it can neither ping, link nor format.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape as escape_html
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from monitor.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

_MARKDOWN: Final = re.compile(r"([\\`*_\[\]()~|#>!<])")
# What chats read as a call: @name, <!channel>, <@U1>, <#C1>, and the tags of those that know some HTML.
_PING: Final = re.compile(r"(@(?=\w)|<(?=[!@#/a-zA-Z]))")
# Discord reads these even within an address.
_EVERYBODY: Final = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_NOT_IN_LINKS: Final = re.compile(r"[\s<>\[\]|\\`*\"^{}\ufffd]")
_ADDRESS: Final = re.compile(r"(https?:(?=//)|\bwww(?=\.))", re.IGNORECASE)
# What Apprise escapes in a plain text for a service that reads Markdown only.
_APPRISE_ESCAPES: Final = re.compile(r"[\\_*\[\]()~`>#+=|{}.!-]")
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
# Noncharacters: what is ours in a text that becomes HTML is marked by them, and no content keeps any.
_OURS: Final = "".join(map(chr, range(0xFDD0, 0xFDF0)))
_NO_OURS: Final = str.maketrans("", "", _OURS)


def utf16(text: str) -> int:
    """The length as JavaScript and Telegram count it: a character beyond U+FFFF counts twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _utf8(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _rocket(text: str) -> int:
    return utf16(_APPRISE_ESCAPES.sub(r"\\\g<0>", text))


def _teams(text: str) -> int:
    """Bytes in a JSON document in which each letter beyond ASCII is six of them."""
    return len(json.dumps(_APPRISE_ESCAPES.sub(r"\\\g<0>", text)))


def _slack(text: str) -> int:
    return utf16(escape_html(text, quote=False))


@dataclass(frozen=True, slots=True)
class Style:
    """How a class of target wants its text.

    `escape` disarms content, `escape_title` that of titles where it differs. `mark` goes around a brand. `limit` is the
    most that title and body may have together, in what `size` counts. `lead`, `quote`, `quiet` and `anchor` go around
    the first line of what is told, the words of a post, what only machines and the curious read, and an address.
    """

    escape: Callable[[str], str]
    mark: tuple[str, str]
    limit: int
    size: Callable[[str], int] = utf16
    escape_title: Callable[[str], str] | None = None
    lead: tuple[str, str] = ("", "")
    quote: tuple[str, str] = ("", "")
    quiet: tuple[str, str] = ("", "")
    anchor: tuple[str, str] = ("", "")
    is_mail: bool = False

    @property
    def scale(self) -> float:
        """What a character of a message takes about, in what `size` counts, where half of them are Cyrillic letters."""
        return (1 + self.size("ж" * 100) / 100) / 2


def _plain(text: str) -> str:
    return text.translate(_NO_OURS)


def _no_ping(text: str) -> str:
    # A word joiner after the @ keeps the name readable and tells no chat to call anybody.
    return _PING.sub("\\1\u2060", _plain(text))


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _no_ping(text))


def _no_address(text: str) -> str:
    # Mail programs make links of addresses by themselves.
    return _ADDRESS.sub("\\1\u2060", _plain(text))


_MAIL: Final = Style(escape=_plain, mark=("*", "*"), limit=30_000, size=len, is_mail=True)
_CHAT: Final = Style(escape=_no_ping, mark=("*", "*"), limit=3_000)
_MATTERMOST: Final = Style(escape=_markdown, mark=("**", "**"), limit=16_000, size=len)
_MATRIX: Final = Style(escape=_no_ping, mark=("*", "*"), limit=60_000, size=_utf8)
_ROCKET: Final = Style(escape=_no_ping, mark=("*", "*"), limit=950, size=_rocket)
_TEAMS: Final = Style(escape=_no_ping, mark=("*", "*"), limit=25_000, size=_teams, escape_title=_markdown)
_NTFY: Final = Style(escape=_no_ping, mark=("*", "*"), limit=4_000, size=_utf8)

# Told that a body is plain text, Apprise itself escapes & < > for Slack and Telegram, and all of Markdown for Teams and
# Rocket.Chat; it sends the body as it is to Discord and Mattermost, which read Markdown, and to Matrix, which does not.
STYLES: Final[Mapping[str, Style]] = {
    "mailto": _MAIL,
    "mailtos": _MAIL,
    "discord": Style(escape=_markdown, mark=("**", "**"), limit=1_900),
    "matrix": _MATRIX,
    "matrixs": _MATRIX,
    "mmost": _MATTERMOST,
    "mmosts": _MATTERMOST,
    "workflow": _TEAMS,
    "workflows": _TEAMS,
    "ntfy": _NTFY,
    "ntfys": _NTFY,
    "rocket": _ROCKET,
    "rockets": _ROCKET,
    "slack": Style(escape=_no_ping, mark=("*", "*"), limit=2_900, size=_slack),
    "tgram": Style(escape=_no_ping, mark=("*", "*"), limit=4_000),
}

HTML: Final = Style(
    escape=_no_address,
    mark=(_OURS[0], _OURS[1]),
    limit=60_000,
    size=len,
    lead=(_OURS[2], _OURS[3]),
    quote=(_OURS[4], _OURS[5]),
    quiet=(_OURS[6], _OURS[7]),
    anchor=(_OURS[8], _OURS[9]),
    is_mail=True,
)
"""What is written in this style becomes HTML by `monitor.alerting.mail`, which escapes all of it but these marks."""


def style_of(url: str) -> Style:
    """The style for a target, by the scheme of its Apprise address."""
    return STYLES.get(url.partition("://")[0].lower(), _CHAT)


def link(url: str | None, *, style: Style) -> str | None:
    """The address of a post as a message may hold it; None where there is none, or it is too long.

    A longer one would be cut by the target, and half a link leads nowhere.
    """
    if not url or len(url) > min(style.limit // 3, 2_000):
        return None
    safe = _EVERYBODY.sub("%40", _NOT_IN_LINKS.sub(_percent, safe_text(_plain(url))))
    return f"{style.anchor[0]}{safe}{style.anchor[1]}"


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())


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


def moment(at: datetime, zone: str = "UTC") -> str:
    """A time as messages tell it, in a zone, with that zone's abbreviation at that time."""
    local = at.astimezone(ZoneInfo(zone))
    name = local.tzname() or zone
    return f"{local:%Y-%m-%d %H:%M} {name if name[0].isalpha() else f'UTC{name}'}"
