"""What a message says, for one class of target: readable first, and never able to ping, link or format by content.

Content of posts is data: it is escaped for the target's class and cut at a word, our own marks are added after that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.alerting.catalogue import CATALOGUES
from monitor.alerting.notices import notice_body, notice_title
from monitor.alerting.styles import duration, link, moment
from monitor.models import AlarmKind, AlertView, Label, NoticeView, PostType
from monitor.text import excerpt, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.alerting.styles import Style
    from monitor.models import AlarmView, MentionView, Sentiment, SpecialCase

_SUBJECT_LIMIT: Final = 180  # code points; longer subjects are cut by mail clients anyway
_TITLE_LIMIT: Final = 200
_EXCERPT_LIMIT: Final = 1200
_SAID_LIMIT: Final = 400
_CASES_LIMIT: Final = 240
_CASE_LIMIT: Final = 80
_KNOWN_ISSUE: Final = "history:known-issue:"  # how the rule of a known issue begins, which its name follows


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """What one target gets; both are plain text as far as Apprise is concerned."""

    title: str
    body: str


def render(
    message_id: str,
    carried: Sequence[AlertView] | Sequence[AlarmView] | Sequence[NoticeView],
    *,
    style: Style,
    language: str,
) -> RenderedMessage:
    """The message that carries alerts, alarms or notices (at least one) to one target.

    `language` is that of the receiver; English where there is no catalogue for it.
    """
    words = CATALOGUES.get(language, CATALOGUES["en"])
    tail = f"monitor-message: {message_id}"
    room = (style.limit - len(tail) - 2) // len(carried) - 2
    bodies = [_body(one, style=style, words=words, room=room) for one in carried]
    more = f" +{len(carried) - 1}" if len(carried) > 1 else ""
    title = _any_title(carried[0], words)
    return RenderedMessage(
        title=style.escape(safe_text(title[:_SUBJECT_LIMIT] + more)), body="\n\n".join((*bodies, tail))
    )


def _any_title(carried: AlertView | AlarmView | NoticeView, words: Mapping[str, str]) -> str:
    match carried:
        case AlertView():
            return _title(carried, words)
        case NoticeView():
            return notice_title(carried, words)
    return _alarm_title(carried, words)


def _body(carried: AlertView | AlarmView | NoticeView, *, style: Style, words: Mapping[str, str], room: int) -> str:
    match carried:
        case AlertView():
            return _alert_body(carried, style=style, words=words, room=room)
        case NoticeView():
            return notice_body(carried, style=style, words=words, room=room)
    return _alarm_body(carried, style=style, words=words, room=room)


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
    head += _case_line(alert, words)
    tail = [
        words["author"].format(author=style.escape(_author(view, words)), source=style.escape(view.source)),
        words["times"].format(published=_published(view, words), delay=_delay(view, words)),
    ]
    if url := link(view.post.url, style=style):
        tail.append(words["link"].format(url=url))
    tail.append(words["details"].format(id=view.id))
    tail.append(f"monitor-alert: {alert.id}")
    title = _excerpt(view, "title", style, _TITLE_LIMIT)
    frame = "\n".join((*head, "", title, "", "", "", *tail))
    return "\n".join(
        (*head, "", *([title] if title else []), _excerpt(view, "text", style, _room(room - len(frame))), "", *tail)
    )


def _case_line(alert: AlertView, words: Mapping[str, str]) -> Iterator[str]:
    """Which case the post is in, and what is due there until when; nothing where it is in none."""
    if alert.case_id is not None:
        due = {"acknowledge": alert.acknowledge_by, "resolve": alert.resolve_by}
        said = [words[f"in-case-{what}"].format(at=moment(at)) for what, at in due.items() if at is not None]
        yield words["in-case"].format(id=alert.case_id, due=", ".join(said) or words["in-case-nothing"])


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
    return moment(view.post.published) if view.post.published else words["unknown"]


def _delay(view: MentionView, words: Mapping[str, str]) -> str:
    if view.post.published is None:
        return words["unknown"]
    return duration(max(view.discovered_at - view.post.published, timedelta()), words)


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
    since, at = moment(alarm.since) if alarm.since else words["never"], moment(alarm.opened_at)
    if alarm.kind is AlarmKind.RECOVERED and alarm.since is not None:
        span = duration(max(alarm.opened_at - alarm.since, timedelta()), words)
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
