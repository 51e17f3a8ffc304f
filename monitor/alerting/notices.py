"""What people read of a case: what happened, until when something is due, the post it is about, and what to do next.

What comes from posts and from people is data: it is disarmed for the target's class, kept on one line and cut, so that
it can forge no line of ours. Where there is little room the post is cut first, then the link is left out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from monitor.alerting.styles import duration, link
from monitor.models import CaseState, DeadlineKind, NoticeKind
from monitor.text import excerpt, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.alerting.frame import Frame
    from monitor.alerting.styles import Style
    from monitor.models import Case, NoticeView

_EXCERPT_LIMIT: Final = 500
_REASON_LIMIT: Final = 300
_KEPT_FOR_POST: Final = 100
_LABEL: Final = 20  # characters that stand around a text
_LEAST: Final = 20  # a shorter piece of a text says nothing
_NAME_LIMIT: Final = 60
_CLASSES_LIMIT: Final = 160
_OUTLINE: Final = ("what", "due", "told", "reason", "about", "", "post", "author", "link", "", "state", "do", "id")
_BRIEF: Final = ("what", "due", "reason", "about", "post", "author", "link", "do", "id")
_MAY_GO: Final = ("link", "about", "author")

_OF_DEADLINES: Final = frozenset({NoticeKind.REMINDER, NoticeKind.BREACH})


def notice_title(view: NoticeView, words: Mapping[str, str]) -> str:
    """The subject, not yet disarmed: what happened to which case, and how long is left where that is the news."""
    return words[f"notice-title-{view.kind.value}"].format(
        brand=view.case.brand,
        id=view.case.id,
        about=next(_classes(view.case, words)),
        owner=_name(view.case.owner, words["nobody"]),
        what=words[f"notice-title-{_deadline(view).value}"],
        when=_when(view, words),
    )


def notice_body(view: NoticeView, frame: Frame, *, room: int, is_brief: bool = False) -> str:
    """The message itself, at most `room` characters long where a target leaves at least 500, or 250 if it `is_brief`.

    What is brief leaves out why one is told, where the case stands, and all commands but the one that shows it.
    """
    case, words, style = view.case, frame.words, frame.style
    wait = "notice-wait" if _is_of_wait(view) else f"notice-{view.kind.value}"
    owner = style.escape(_name(case.owner, words["nobody"]))
    said = {
        "what": [frame.led(words[wait].format(id=case.id, brand=_safe(case.brand, style), owner=owner))],
        "due": _due(view, frame),
        "told": [_told(view, frame)],
        "about": [words["notice-about"].format(about=style.escape(_about(case, words)))],
        "author": _author(view, frame),
        "link": [words["link"].format(url=url)] if (url := link(view.url, style=style)) else [],
        "state": [_state(view, style, words)],
        "do": list(_do(view, frame))[-1 if is_brief else 0 :],
        "id": [frame.quiet(f"monitor-notice: {view.id}")],
    }
    outline = _BRIEF if is_brief else _OUTLINE
    content = _content(view)
    for name in _MAY_GO:
        if len(_joined(said, outline)) > room - bool(content) * _KEPT_FOR_POST:
            said[name] = []
    # Of the others the kind says why; this one may be of a person's words.
    reason = _one_line(view.reason) if view.kind is NoticeKind.REOPENED else ""
    left = (room - len(_joined(said, outline))) // 2  # the post gets the other half
    if reason := _cut(words.get(f"reason-{reason}", reason), left, limit=_REASON_LIMIT, style=style):
        said["reason"] = [words["notice-reason"].format(reason=reason)]
    if content := _cut(content, room - len(_joined(said, outline)), limit=_EXCERPT_LIMIT, style=style):
        said["post"] = [f"{style.quote[0]}«{content}»{style.quote[1]}"]
    return _joined(said, outline)


def _joined(said: Mapping[str, list[str]], outline: Sequence[str]) -> str:
    """The parts in their order; where nothing stands between two gaps, there is one."""
    lines: list[str] = []
    for name in outline:
        lines += said.get(name, []) if name else [""] if lines and lines[-1] else []
    return "\n".join(lines)


def _author(view: NoticeView, frame: Frame) -> list[str]:
    if not view.source:
        return []
    name, source = frame.style.escape(_name(view.author, frame.words["unknown"])), _safe(view.source, frame.style)
    return [frame.words["author"].format(author=name, source=source)]


def _cut(text: str, left: int, *, limit: int, style: Style) -> str:
    """As much of a text as fits into `left` characters with its label, disarmed; nothing rather than a word of it."""
    left -= _LABEL
    for width in (left, left // 2):  # escaping may double each character, and seldom does
        if width >= _LEAST and len(cut := style.escape(excerpt(text, (), min(limit, width))[0])) <= left:
            return cut
    return ""


def _content(view: NoticeView) -> str:
    """What was written; many a source makes the title from the first words of the text."""
    title, text = _one_line(view.title), _one_line(view.text)
    return text if text.startswith(title.rstrip(".…")) else f"{title} · {text}".removesuffix(" · ")


def _one_line(text: str) -> str:
    # Nothing of a hundred kilobytes is read but the beginning, of which much may be blank.
    return safe_text(" ".join(text[: 8 * _EXCERPT_LIMIT].split()))


def _safe(text: str | None, style: Style) -> str:
    return style.escape(_name(text, ""))


def _name(text: str | None, otherwise: str) -> str:
    return _one_line(text or otherwise)[:_NAME_LIMIT]


def _told(view: NoticeView, frame: Frame) -> str:
    """Why it is told: for a deadline that depends on what is due, and on whether it still is."""
    words = frame.words
    if _is_of_wait(view):
        since = view.case.waiting_at
        return words["notice-told-waited"] if since is None else words["notice-told-wait"].format(since=frame.at(since))
    is_of_deadline = view.kind in _OF_DEADLINES
    return words[f"notice-told-{view.kind.value}" + (f"-{_deadline(view).value}" if is_of_deadline else "")]


def _is_of_wait(view: NoticeView) -> bool:
    return view.kind in _OF_DEADLINES and view.deadline is DeadlineKind.WAIT


def _deadline(view: NoticeView) -> DeadlineKind:
    return view.deadline or DeadlineKind.RESOLVE


def _when(view: NoticeView, words: Mapping[str, str]) -> str:
    """How long is left, or over, at the time of the notice."""
    if view.due_at is None:
        return words["notice-now"]
    left = view.due_at - view.at
    if abs(left) < timedelta(minutes=1):
        return words["notice-now"]
    return words["notice-left" if left > timedelta() else "notice-over"].format(
        span=duration(abs(left), words, parts=2)
    )


def _due(view: NoticeView, frame: Frame) -> list[str]:
    if view.due_at is None:
        return []
    label = frame.words[f"notice-due-{_deadline(view).value}"]
    return [label.format(at=frame.at(view.due_at), when=_when(view, frame.words))]


def _classes(case: Case, words: Mapping[str, str]) -> Iterator[str]:
    """The classes of a case in words, the gravest first, as they stand in the catalogue; at least one."""
    order = [key.removeprefix("case-") for key in words if key.startswith("case-")]
    known = sorted((name for name in case.classes if name in order), key=order.index)
    named = (*known, *(name for name in case.classes if name not in order)) or ("manual",)
    for name in named:
        said = words.get(f"class-{name}") or words.get(f"case-{name}") or name.replace("_", " ")
        yield safe_text(said)


def _about(case: Case, words: Mapping[str, str]) -> str:
    """All classes that there is room for."""
    told, room = list[str](), _CLASSES_LIMIT
    for said in _classes(case, words):
        room -= len(said)
        if told and room < 0:
            return "; ".join((*told, "…"))
        told.append(said)
    return "; ".join(told)


def _state(view: NoticeView, style: Style, words: Mapping[str, str]) -> str:
    case = view.case
    state = words[f"state-{case.state.value}"].format(into=case.merged_into)
    if case.waiting_at is not None:
        state = words["state-waiting"]
    owner = style.escape(_name(case.owner, words["nobody"]))
    return words["notice-state"].format(state=state, owner=owner, posts=view.posts)


def _do(view: NoticeView, frame: Frame) -> Iterator[str]:
    """What may be done next, each with its command; the last is the way to the case."""
    case = view.case
    is_locked, is_waiting = view.is_locked, _is_of_wait(view) and case.waiting_at is not None
    is_unanswered = view.kind in _OF_DEADLINES and view.deadline is DeadlineKind.ACKNOWLEDGE
    todo = {
        "clear": is_locked,
        "take": case.owner is None,
        "assign": view.kind is NoticeKind.BREACH,
        "answer": is_unanswered and not is_locked,
        "again": view.kind is NoticeKind.ANSWER_GONE and not is_locked,
        "ask": is_waiting,
        "give-up": is_waiting,
        "resume": is_waiting,
        "show": True,
    }
    number = (case.merged_into if case.state is CaseState.MERGED else None) or case.id
    way = frame.case(number)
    yield from (frame.words[f"notice-do-{what}"].format(id=number, way=way) for what, is_due in todo.items() if is_due)
