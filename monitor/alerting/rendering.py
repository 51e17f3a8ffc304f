"""What a message says, for one class of target: readable first, and never able to ping, link or format by content.

Content of posts is data: it is escaped for the target's class and cut at a word, our own marks are added after that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.alerting.catalogue import CATALOGUES
from monitor.models import AlarmKind, AlertView, Label, PostType
from monitor.text import excerpt, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from monitor.models import AlarmView, MentionView, Sentiment, SpecialCase

_SUBJECT_LIMIT: Final = 180  # code points; longer subjects are cut by mail clients anyway
_TITLE_LIMIT: Final = 200
_EXCERPT_LIMIT: Final = 1200
_SAID_LIMIT: Final = 400
_CASES_LIMIT: Final = 240
_CASE_LIMIT: Final = 80
_KNOWN_ISSUE: Final = "history:known-issue:"  # how the rule of a known issue begins, which its name follows
_MARKDOWN: Final = re.compile(r"([\\`*_\[\]()~|#>!<])")
_PING: Final = re.compile(r"@(?=\w)")


@dataclass(frozen=True, slots=True)
class Style:
    """How a class of target wants its text: how content is disarmed, what marks a brand, how long a body may be."""

    escape: Callable[[str], str]
    mark: tuple[str, str]
    limit: int


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """What one target gets; both are plain text as far as Apprise is concerned."""

    title: str
    body: str


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


def render(
    message_id: str, carried: Sequence[AlertView] | Sequence[AlarmView], *, style: Style, language: str
) -> RenderedMessage:
    """The message that carries alerts or alarms (at least one) to one target, in `language` (English where unknown)."""
    words = CATALOGUES.get(language, CATALOGUES["en"])
    tail = f"monitor-message: {message_id}"
    room = (style.limit - len(tail) - 2) // len(carried)
    bodies = [
        _alert_body(one, style=style, words=words, room=room)
        if isinstance(one, AlertView)
        else _alarm_body(one, style=style, words=words, room=room)
        for one in carried
    ]
    first, more = carried[0], f" +{len(carried) - 1}" if len(carried) > 1 else ""
    title = _title(first, words) if isinstance(first, AlertView) else _alarm_title(first, words)
    return RenderedMessage(
        title=style.escape(safe_text(title[:_SUBJECT_LIMIT] + more)), body="\n\n".join((*bodies, tail))
    )


def _title(alert: AlertView, words: Mapping[str, str]) -> str:
    view = alert.view
    title = words["title"].format(
        sentiment=_felt(view, words),
        brand=view.mention.brand,
        source=view.source,
        priority=view.mention.priority,
    )
    return f"{title}: {view.post.title or view.post.text}"


def _alert_body(alert: AlertView, *, style: Style, words: Mapping[str, str], room: int) -> str:
    view = alert.view
    mention = view.mention
    head = [
        words["headline"].format(
            sentiment=_felt(view, words),
            brand=style.escape(mention.brand),
            priority=mention.priority,
            influence=mention.influence,
        ),
        words["why"].format(why=style.escape(_why(view, words, room=room))),
    ]
    tail = [
        words["author"].format(author=style.escape(_author(view, words)), source=style.escape(view.source)),
        words["times"].format(published=_published(view, words), delay=_delay(view, words)),
    ]
    # A longer address would be cut by the target, and half a link leads nowhere; `monitor why` has it whole.
    if view.post.url and len(view.post.url) <= style.limit // 3:
        tail.append(words["link"].format(url=safe_text(view.post.url)))
    tail.append(words["details"].format(id=view.id))
    tail.append(f"monitor-alert: {alert.id}")
    title = _excerpt(view, "title", style, _TITLE_LIMIT)
    frame = "\n".join((*head, "", title, "", "", "", *tail))
    return "\n".join(
        (*head, "", *([title] if title else []), _excerpt(view, "text", style, _room(room - len(frame))), "", *tail)
    )


def _room(left: int) -> int:
    """How many characters of content fit: escaping may double each."""
    return max(80, min(_EXCERPT_LIMIT, left // 2))


def _excerpt(view: MentionView, field: str, style: Style, width: int) -> str:
    """The part of the title or text around the brand, disarmed, the brand marked."""
    content = view.post.title if field == "title" else view.post.text
    spans = [(span.start, span.end) for span in view.mention.spans if span.field == field]
    text, shifted = excerpt(content, spans, width)
    return _marked(text.replace("\n", " ") if field == "title" else text, shifted, style)


def _marked(text: str, spans: Sequence[tuple[int, int]], style: Style) -> str:
    parts: list[str] = []
    done = 0
    for start, end in sorted(spans):
        if start < done:
            continue
        parts += [
            style.escape(safe_text(text[done:start], one_line=False)),
            style.mark[0],
            style.escape(safe_text(text[start:end])),
            style.mark[1],
        ]
        done = end
    return "".join((*parts, style.escape(safe_text(text[done:], one_line=False))))


def _why(view: MentionView, words: Mapping[str, str], *, room: int) -> str:
    """The reasons in one line, in the reader's language; `monitor why` has every term."""
    named = ", ".join(dict.fromkeys(f"«{safe_text(span.text)[:60]}»" for span in view.mention.spans[:5]))
    parts = [words["named"].format(named=named)] if named else []
    weights = {why.code: why.weight for why in view.mention.why}
    # Stars of a post that leaves, joins or compares the brand are not its own, and no reason.
    if (stars := weights.get("rating")) is not None:
        parts.append(words["rated"].format(stars=f"{stars:g}"))
    if (against := weights.get("contradiction")) is not None:
        parts.append(words["contradicted"].format(percent=round(100 * against)))
    parts.append(_read(view.mention.sentiment, words))
    return "; ".join((*parts, *_cases(view.mention.special_cases, words, room=min(_CASES_LIMIT, room // 8))))


def _cases(cases: Sequence[SpecialCase], words: Mapping[str, str], *, room: int) -> Iterator[str]:
    """Special cases as people read them, in their order: the first, and as many more as there is room for."""
    for number, said in enumerate(dict.fromkeys(_case(case, words) for case in cases)):
        room -= len(said)
        if number and room < 0:
            yield "…"
            return
        yield said


def _case(case: SpecialCase, words: Mapping[str, str]) -> str:
    """A special case in the reader's language; one that the catalogue does not know by its name."""
    plain = case.name.replace("_", " ")
    issue = case.rule.removeprefix(_KNOWN_ISSUE)
    return safe_text(words.get(f"case-{case.name}", plain).format(issue=issue))[:_CASE_LIMIT]


def _felt(view: MentionView, words: Mapping[str, str]) -> str:
    """The label in words, as only perhaps so where it is unsure."""
    sentiment = view.mention.sentiment
    said = words[f"{sentiment.label.value}-review" if view.post.type is PostType.REVIEW else sentiment.label.value]
    return words["perhaps"].format(sentiment=said.lower()) if sentiment.unsure else said


def _read(sentiment: Sentiment, words: Mapping[str, str]) -> str:
    """The label with its probability, or all three of them, the largest first, where it is unsure."""
    percents = {label.value: round(100 * float(getattr(sentiment, label.value))) for label in Label}
    if not sentiment.unsure:
        label = sentiment.label.value
        return words["reads"].format(label=words[f"reads-{label}"], percent=percents[label])
    ranked = sorted(percents, key=lambda label: -getattr(sentiment, label))
    return words["unsure"].format(
        shares=", ".join(f"{words[f'reads-{label}']} {percents[label]} %" for label in ranked)
    )


def _author(view: MentionView, words: Mapping[str, str]) -> str:
    author = view.post.author
    name = safe_text(author.name or words["unknown"])[:80]
    return name if author.followers is None else f"{name} ({words['followers'].format(count=author.followers)})"


def _published(view: MentionView, words: Mapping[str, str]) -> str:
    return _moment(view.post.published) if view.post.published else words["unknown"]


def _delay(view: MentionView, words: Mapping[str, str]) -> str:
    if view.post.published is None:
        return words["unknown"]
    return _duration(max(view.discovered_at - view.post.published, timedelta()), words)


def _duration(span: timedelta, words: Mapping[str, str]) -> str:
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {words[unit]}"
    return f"{seconds} {words['s']}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


# ── Alarms ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _sort_of(alarm: AlarmView) -> str:
    """By what its words are known in the catalogue."""
    return "back" if alarm.kind is AlarmKind.RECOVERED and alarm.source is None else alarm.kind.value


def _alarm_title(alarm: AlarmView, words: Mapping[str, str]) -> str:
    return words[f"alarm-{_sort_of(alarm)}"].format(source=alarm.source)


def _alarm_body(alarm: AlarmView, *, style: Style, words: Mapping[str, str], room: int) -> str:
    """What cannot be seen, since when, what was said, what that means and what can be done."""
    sort, source = _sort_of(alarm), style.escape(safe_text(alarm.source or ""))
    lines = [words[f"alarm-{sort}"].format(source=source), ""]
    if alarm.source is not None:
        kind, host = style.escape(safe_text(alarm.source_kind or "")), style.escape(safe_text(alarm.host or ""))
        lines.append(words["place"].format(source=source, kind=kind, host=host))
    since, at = _moment(alarm.since) if alarm.since else words["never"], _moment(alarm.opened_at)
    if alarm.kind is AlarmKind.RECOVERED and alarm.since is not None:
        span = _duration(max(alarm.opened_at - alarm.since, timedelta()), words)
        lines.append(words["unseen"].format(since=since, at=at, span=span))
    else:
        lines.append(words["since"].format(since=since, at=at))
    if alarm.affected is not None:
        lines.append(words[f"count-{sort}"].format(count=alarm.affected))
    if sort == "recovered":
        was = ", ".join(words[f"was-{kind}"] for kind in alarm.reason.split(", "))
        lines.append(words["was"].format(was=was))
    tail = [
        "",
        words[f"means-{sort}"],
        words[f"do-{sort}"].format(source=source),
        f"monitor-alarm: {alarm.id}",
    ]
    if alarm.reason and alarm.kind is not AlarmKind.RECOVERED:
        left = room - len("\n".join((*lines, words["said"], *tail)))
        said = safe_text(alarm.reason)[: max(40, min(_SAID_LIMIT, left // 2))]  # escaping may double each
        lines.append(words["said"].format(reason=style.escape(said)))
    return "\n".join((*lines, *tail))
