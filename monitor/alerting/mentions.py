"""What people read of a mention: what was said of the brand, by whom, how bad it is and why, and what is due.

Content of posts is data: it is escaped for the target's class, kept on one line so that it can forge none of ours, and
cut where sentences or words end; our own marks are added after that.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.alerting.styles import duration, link
from monitor.alerting.templates import facts_of, said_by
from monitor.models import URGENT, Label, PostType
from monitor.text import excerpt, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.alerting.frame import Frame
    from monitor.models import AlertView, MentionView, Sentiment, SpecialCase

_TITLE_LIMIT: Final = 200
_EXCERPT_LIMIT: Final = 1200
_BRIEF_LIMIT: Final = 240
_PARENT_LIMIT: Final = 160
_SAME: Final = timedelta(minutes=1)  # an alert comes with the case that its post opens
_LEAST: Final = 80
_CASES_LIMIT: Final = 240
_CASE_LIMIT: Final = 80
_READ: Final = 64 * 1024  # code points of a post that are looked at
_BREAKS: Final = str.maketrans(dict.fromkeys("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029", " "))
_KNOWN_ISSUE: Final = "history:known-issue:"  # how the rule of a known issue begins, which its name follows


def mention_title(alert: AlertView, frame: Frame) -> str:
    """The subject, not yet disarmed; it begins with the brand, and with the case where the post is in one."""
    own = said_by(frame.templates, "title", facts_of(alert), escape=str)
    if own is not None:
        return own
    view, words = alert.view, frame.words
    # Whoever is woken by it sees what for.
    urgent = next((case for case in view.mention.special_cases if case.name in URGENT), None)
    felt = _case(urgent, words) if urgent is not None else _felt(view, words)
    said = words["title" if alert.case_id is None else "title-in-case"].format(
        sentiment=felt if alert.case_id is None else felt[:1].lower() + felt[1:],
        brand=view.mention.brand,
        source=view.source,
        id=alert.case_id,
    )
    return f"{said}: {view.post.title or view.post.text}"


def mention_body(alert: AlertView, frame: Frame, *, room: int, is_brief: bool = False) -> str:
    """What is told of a mention, in about `room` code points; in fewer lines where it `is_brief`."""
    own = said_by(frame.templates, "mention", facts_of(alert), escape=frame.style.escape)
    if own is not None:
        return f"{_cut_lines(own, room)}\n{_marks(alert, frame)}"
    head = [_headline(alert, frame), _why_line(alert, frame, room=room), *_case_line(alert, frame)]
    about = [_author_line(alert, frame), _times_line(alert.view, frame)]
    links = list(_links(alert, frame))
    # Where even this is too much, lines go from the end: the way to the post is the last to be missed.
    tail = [*reversed(links), " · ".join(about)] if is_brief else [*about, *links]
    tail.append(_marks(alert, frame))
    left = room - len("\n".join((*head, *tail))) - 8
    said = list(_said(alert.view, frame, room=left, is_brief=is_brief))
    gap = [] if is_brief else [""]
    return "\n".join((*head, *gap, *said, *gap, *tail))


def _cut_lines(text: str, room: int) -> str:
    """A template's own words; none of its lines looks like one of ours."""
    lines = [f" {line}" if line.startswith("monitor-") else line for line in text[: max(room, _LEAST)].split("\n")]
    return "\n".join(lines)


def _headline(alert: AlertView, frame: Frame) -> str:
    mention = alert.view.mention
    return frame.led(
        frame.words["headline"].format(
            sentiment=_felt(alert.view, frame.words),
            brand=frame.style.escape(safe_text(mention.brand)),
            priority=mention.priority,
            influence=mention.influence,
        )
    )


def _why_line(alert: AlertView, frame: Frame, *, room: int) -> str:
    return frame.words["why"].format(why=frame.style.escape(_why(alert.view, frame.words, room=room)))


def _case_line(alert: AlertView, frame: Frame) -> Iterator[str]:
    """Which case the post is in, and what is due there until when; nothing where it is in none."""
    if alert.case_id is None:
        return
    words, due = frame.words, list[str]()
    for what, at in (("acknowledge", alert.acknowledge_by), ("resolve", alert.resolve_by)):
        if at is not None:
            said = words[f"in-case-{what}"].format(at=frame.at(at))
            late = frame.now - at
            over = words["in-case-over"].format(due=said, span=duration(late, words, parts=2))
            due.append(over if late > timedelta() else said)
    told = ", ".join(due) or words["in-case-nothing"]
    is_older = alert.case_opened_at is not None and alert.case_opened_at < alert.created_at - _SAME
    yield words["further-in-case" if is_older else "in-case"].format(
        id=alert.case_id, due=told, way=frame.case(alert.case_id)
    )


def _author_line(alert: AlertView, frame: Frame) -> str:
    view, author = alert.view, alert.view.post.author
    counted = {"followers": author.followers, "earlier": alert.earlier or None}
    known = [frame.words[word].format(count=count) for word, count in counted.items() if count is not None]
    name = safe_text(author.name or frame.words["unknown"])[:80] + (f" ({', '.join(known)})" if known else "")
    escape = frame.style.escape
    return frame.words["author"].format(author=escape(name), source=escape(safe_text(view.source)))


def _times_line(view: MentionView, frame: Frame) -> str:
    unknown = frame.words["unknown"]
    if view.post.published is None:
        return frame.words["times"].format(published=unknown, delay=unknown)
    delay = duration(max(view.discovered_at - view.post.published, timedelta()), frame.words)
    return frame.words["times"].format(published=frame.at(view.post.published), delay=delay)


def _links(alert: AlertView, frame: Frame) -> Iterator[str]:
    """What the post answers, or the way there, as far as that is known, and the way to the post itself."""
    view, escape = alert.view, frame.style.escape
    parent = view.post.parent or ""
    if alert.parent_text is not None:
        said, _ = excerpt(alert.parent_text[:_READ], (), _PARENT_LIMIT)
        who = safe_text(alert.parent_author or frame.words["unknown"])[:80]
        yield frame.words["parent-said"].format(author=escape(who), said=escape(safe_text(said.translate(_BREAKS))))
    elif parent.startswith(("https://", "http://")) and (above := link(parent, style=frame.style)):
        yield frame.words["parent"].format(url=above)
    if url := link(view.post.url, style=frame.style):
        yield frame.words["link"].format(url=url)


def _marks(alert: AlertView, frame: Frame) -> str:
    return frame.quiet(f"monitor-alert: {alert.id} · {frame.words['details'].format(id=alert.view.id)}")


# ── What was written ────────────────────────────────────────────────────────────────────────────────────────────────


def _said(view: MentionView, frame: Frame, *, room: int, is_brief: bool) -> Iterator[str]:
    """Title and text around the brand, within quote marks of the target; escaping may double each character."""
    title = _excerpt(view, "title", frame, _LEAST if is_brief else _TITLE_LIMIT)
    if title:
        yield title
    left = (room - len(title)) // 2
    text = _excerpt(view, "text", frame, max(_LEAST, min(_BRIEF_LIMIT if is_brief else _EXCERPT_LIMIT, left)))
    if text or not title:
        yield text


def _excerpt(view: MentionView, field: str, frame: Frame, width: int) -> str:
    """The part of the title or text around the brand, disarmed and on one line, the brand marked."""
    content = (view.post.title if field == "title" else view.post.text)[:_READ]
    spans = [(span.start, span.end) for span in view.mention.spans if span.field == field]
    text, shifted = excerpt(content, spans, width)
    before, after = frame.style.quote
    said = _marked(text.translate(_BREAKS), shifted, frame)
    return before + said + after if said else ""


def _marked(text: str, spans: Sequence[tuple[int, int]], frame: Frame) -> str:
    style, parts, done = frame.style, list[str](), 0
    for start, end in sorted(spans):
        if start < done:
            continue
        parts += [
            style.escape(safe_text(text[done:start])),
            style.mark[0],
            style.escape(safe_text(text[start:end])),
            style.mark[1],
        ]
        done = end
    return "".join((*parts, style.escape(safe_text(text[done:]))))


# ── Why ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


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
