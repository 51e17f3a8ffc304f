"""An author's own words: a reply without what it quotes, the title that it repeats, and the signature under it.

Otherwise each answer in a thread about a brand would name the brand again, and feel about it what the one it answers
feels. What is not the author's own is blanked out, so that every other place keeps its offset. Only replies and
e-mails are read so: what an article or a review quotes is a part of what it says.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from monitor.models import PostType
from monitor.understanding.reading.chrome import is_chrome

if TYPE_CHECKING:
    from monitor.models import Post

SIGNATURE_LINES: Final = 8  # more than these, or more text, under a line of dashes is no signature
SIGNATURE_LENGTH: Final = 500

# As mailers and forums begin the title of an answer, and WordPress that of a comment in its feeds.
_REPEATED: Final = re.compile(
    r"(?:.{0,100}[•|»]\s*)?(?:"
    r"(?:re|aw|antw|sv|wg|fwd?|tr|rv|res|odp|ynt|ответ|отв|на|пересл|відп|відповідь|by|от|від|von|par|por)"
    r"\s*(?:\[\d{1,4}\]|\(\d{1,4}\)|\^\d{1,4})?\s*[:\uff1a]"
    r"|(?:comment(?:s|ed)? (?:on|by)|answer (?:by|to)|комментари[ий] к|коментар[і]? до|kommentar[e]? zu|"
    r"commentaires? sur|comentarios? (?:en|sobre))\s)",
    re.IGNORECASE,
)
_ATTRIBUTION: Final = re.compile(
    r"\b(?:wrote|writes|said|писал|написал|пишет|пише|писав|сообщил|сказал|schrieb|escribi|écrit)\S{0,4}[^\n]{0,80}:$",
    re.IGNORECASE,
)
_SIGNED: Final = re.compile(r"--|_{10,}")
_MAY_HOLD: Final = re.compile(
    r"^(?:>|-- ?$|_{10})|(?<!-)-{3,}+ ?(?:original|исходное|ursprüngliche)", re.IGNORECASE | re.MULTILINE
)
_ORIGINAL: Final = re.compile(
    r"(?<!-)-{3,}+ ?(?:original message|original-nachricht|исходное сообщение|ursprüngliche nachricht) ?-{3,}",
    re.IGNORECASE,
)


def own_words(post: Post) -> Post:
    """The post as its author wrote it: the same lengths, with line breaks in place of what is not the author's own."""
    if not is_reply(post):
        return post
    title = _blank(post.title) if _REPEATED.match(post.title) else post.title
    text = _own_text(post.text) if _MAY_HOLD.search(post.text) else post.text
    return post if (title, text) == (post.title, post.text) else replace(post, title=title, text=text)


def without_chrome(post: Post) -> Post:
    """The post without lines that its page put around it: the same lengths, and the same post where there are none.

    A text of nothing else stays: «Реклама» may be all that a person wrote.
    """
    lines = post.text.splitlines(keepends=True)
    kept = [_blank(line) if is_chrome(line.strip()) else line for line in lines]
    text = "".join(kept)
    return post if kept == lines or not text.strip() else replace(post, text=text)


def is_reply(post: Post) -> bool:
    """Whether a post answers another; the one that opens a thread may name the thread too, by its own id or address."""
    if post.type in (PostType.COMMENT, PostType.EMAIL):
        return True
    if post.type is not PostType.POST:
        return False
    own = (post.native_id, post.url, (post.url or "").partition("#")[0])
    return any(place is not None and place not in own for place in (post.thread, post.parent))


def _own_text(text: str) -> str:
    lines = text.splitlines(keepends=True)
    foreign = [line.startswith(">") for line in lines]
    for at, line in enumerate(lines):
        if at + 1 < len(lines) and foreign[at + 1] and not foreign[at] and _ATTRIBUTION.search(line.rstrip()):
            foreign[at] = True
        if _ORIGINAL.match(line):
            foreign[at:] = [True] * (len(lines) - at)
            break
    if signed := _signature(lines, foreign):
        foreign[signed:] = [True] * (len(lines) - signed)
    return "".join(_blank(line) if is_foreign else line for line, is_foreign in zip(lines, foreign, strict=True))


def _signature(lines: list[str], foreign: list[bool]) -> int | None:
    """Where the signature begins: at the last line of dashes, if no more than a signature stands under it."""
    own = [at for at, is_foreign in enumerate(foreign) if not is_foreign]
    start = next((at for at in reversed(own) if _SIGNED.fullmatch(lines[at].rstrip())), None)
    if start is None:
        return None
    under = [lines[at] for at in own if at > start]
    return start if len(under) <= SIGNATURE_LINES and sum(map(len, under)) <= SIGNATURE_LENGTH else None


def _blank(text: str) -> str:
    return "\n" * len(text)  # no name reaches across more than one line break
