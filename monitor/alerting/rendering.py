"""What a message says, for one class of target: readable first, and never able to ping, link or format by content.

A message may carry much. Storms and what is urgent stand first, then the rest by priority; the more there is, the
shorter each is told; what there is no room for is counted, and the ids of all can still be read by a program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from monitor.alerting.alarms import alarm_body, alarm_title
from monitor.alerting.catalogue import words_in
from monitor.alerting.digest_text import digest_body, digest_title
from monitor.alerting.frame import Frame
from monitor.alerting.mail import alert_header, page, thread_headers
from monitor.alerting.mentions import mention_body, mention_title
from monitor.alerting.messages import RenderedMessage
from monitor.alerting.notices import notice_body, notice_title
from monitor.alerting.order import common_case, found_at, ids_of, is_storm, is_urgent, ordered
from monitor.alerting.payload import payload
from monitor.alerting.signals import signal_body, signal_title
from monitor.alerting.styles import HTML, style_of
from monitor.models import AlarmView, AlertView, DigestView, NoticeView, SignalView
from monitor.text import excerpt, safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.alerting.messages import Carried
    from monitor.models import Receiver, Target

_SUBJECT_LIMIT: Final = 180  # code points; longer subjects are cut by mail clients anyway
_TITLE_READ: Final = 2_000
_MOST: Final = 40  # alerts in one message; nobody reads more of them there, and mail programs cut longer mails
_LEAST: Final = 450  # characters: an alert that is told in fewer says nothing
_BRIEF_FROM: Final = 6  # alerts in a message, from which on each is told briefly
_BRIEF_BELOW: Final = 600
_BRANDS: Final = 3
_TOGETHER: Final = 4_000  # characters that a few alerts share, so that several are read as fast as one
_ENOUGH: Final = 900
_TRIES: Final = 6
_IDS_SHARE: Final = 8  # at most this part of a message is the ids of what it does not tell


def render(
    message_id: str,
    carried: Sequence[Carried],
    *,
    target: Target,
    receiver: Receiver,
    base_url: str | None = None,
    now: datetime | None = None,
) -> RenderedMessage:
    """The message that carries something (at least one thing) to one target, in the receiver's language and zone.

    `base_url` is where our web pages stand. `now` decides what is overdue; without it, the latest moment in the message
    does.
    """
    if target.is_webhook:
        return RenderedMessage(title="", body=payload(message_id, carried, base_url=base_url))
    told, style = ordered(carried), style_of(target.url)
    language = receiver.language
    if all(isinstance(one, DigestView) for one in told):
        language = next((one.language for one in told if isinstance(one, DigestView) and one.language), language)
    frame = Frame(
        style=style,
        words=words_in(language),
        zone=receiver.zone,
        now=now or max(map(found_at, told)),
        base_url=base_url,
        templates=receiver.templates,
    )
    title = (style.escape_title or style.escape)(_title(told, frame))
    tail = f"monitor-message: {message_id}"
    packed = _packed(told, frame, room=style.limit - style.size(title) - style.size(tail) - 4)
    body = "\n\n".join(packed.blocks) + f"\n{tail}"
    if not style.is_mail:
        return RenderedMessage(title=title, body=body)
    html, images = page(told[: packed.shown], _packed_html(told, frame, packed), title=title, tail=tail, frame=frame)
    headers = {**alert_header(told), **thread_headers(told)}
    return RenderedMessage(title=title, body=body, html=html, images=images, headers=headers)


# ── Titles ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _title(told: Sequence[Carried], frame: Frame) -> str:
    """The subject on one line: that of the only thing, the storm or the case, or how many of what."""
    more = "" if len(told) == 1 else f" · +{len(told) - 1}"
    if len(told) == 1 or is_storm(told[0]):
        said = _title_of(told[0], frame)
    elif (case := common_case(told)) is not None:
        notice = next((one for one in told if isinstance(one, NoticeView)), None)
        if notice is None:
            more, said = "", _count(told, frame, "title-case", id=case)
        else:
            said = notice_title(notice, frame.words)
    elif brands := _brands(told, frame):
        more, said = "", _count(told, frame, "title-many", brands=brands)
    else:
        said = _title_of(told[0], frame)
    tidy = " ".join(said[:_TITLE_READ].split())
    return safe_text(excerpt(tidy, (), _SUBJECT_LIMIT - len(more))[0] + more)


def _title_of(one: Carried, frame: Frame) -> str:
    match one:
        case AlertView():
            return mention_title(one, frame)
        case NoticeView():
            return notice_title(one, frame.words)
        case SignalView():
            return signal_title(one, frame.words)
        case DigestView():
            return digest_title(one, frame.words)
    return alarm_title(one, frame.words)


def _count(told: Sequence[Carried], frame: Frame, title: str, **slots: object) -> str:
    """How many there are of each sort; a count after its word needs no plural in any language."""
    sorts = ("urgent", "negative", "neutral", "positive", "cases", "signals", "alarms", "digests")
    counts = dict.fromkeys(sorts, 0)
    for one in told:
        counts[_sort(one)] += 1
    of = ", ".join(frame.words[f"sum-{sort}"].format(count=count) for sort, count in counts.items() if count)
    brands = _brands(told, frame)
    return frame.words[title].format(**{"brand": brands, "count": len(told), "of": of, **slots})


def _sort(one: Carried) -> str:
    match one:
        case AlertView() | NoticeView() if is_urgent(one):
            return "urgent"
        case AlertView():
            return one.view.mention.sentiment.label.value
        case NoticeView():
            return "cases"
        case SignalView():
            return "signals"
        case AlarmView():
            return "alarms"
    return "digests"


def _brands(told: Sequence[Carried], frame: Frame) -> str:
    """The brands that a message is about, at most three by name; empty where it is about none."""
    found = dict.fromkeys(filter(None, map(_brand, told)))
    names = [safe_text(name)[:60] for name in found]
    rest = len(names) - _BRANDS
    return ", ".join((*names[:_BRANDS], *([frame.words["more"].format(count=rest)] if rest > 0 else [])))


def _brand(one: Carried) -> str | None:
    match one:
        case AlertView():
            return one.view.mention.brand
        case NoticeView():
            return one.case.brand
        case SignalView():
            return one.brand
    return None


# ── Bodies ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Packed:
    """`shown` alerts as blocks, and where there are more of them, one block that says so."""

    blocks: tuple[str, ...]
    shown: int


def _packed(told: Sequence[Carried], frame: Frame, *, room: int) -> _Packed:
    """As many alerts as fit into `room`, in what the target counts, each with an equal part of what is left of it."""
    least, size = round(_LEAST * frame.style.scale), frame.style.size
    shown = min(len(told), _MOST, max(1, room // least))
    if shown < len(told):
        room -= room // _IDS_SHARE
        shown = min(shown, max(1, room // least))
    blocks, left = list[str](), room
    for number, one in enumerate(told[:shown]):
        blocks.append(_block(one, frame, room=left // (shown - number) - 2, count=len(told)))
        left -= size(blocks[-1]) + 2
    rest = told[shown:]
    if rest:
        blocks.append(_rest(rest, frame, room=room // _IDS_SHARE))
    return _Packed(tuple(blocks), shown)


def _packed_html(told: Sequence[Carried], frame: Frame, packed: _Packed) -> tuple[str, ...]:
    """The same alerts once more, marked up for HTML."""
    marked = Frame(
        style=HTML,
        words=frame.words,
        zone=frame.zone,
        now=frame.now,
        base_url=frame.base_url,
        templates=frame.templates,
    )
    room = HTML.limit // packed.shown
    blocks = [_block(one, marked, room=room, count=len(told)) for one in told[: packed.shown]]
    if packed.shown < len(told):
        blocks.append(frame.words["more"].format(count=len(told) - packed.shown))
    return tuple(blocks)


def _block(one: Carried, frame: Frame, *, room: int, count: int) -> str:
    """What is told of one of `count` alerts, in at most `room` of what the target counts.

    The more there are, the shorter each is told. How much text fills the room is tried out.
    """
    size, width = frame.style.size, round(room / frame.style.scale)
    if count > 1:
        width = min(width, max(_ENOUGH, _TOGETHER // count))
    is_brief = count >= _BRIEF_FROM or (count > 1 and width < _BRIEF_BELOW)
    block = _body(one, frame, room=width, is_brief=is_brief)
    for _ in range(_TRIES):
        if size(block) <= room:
            return block
        width = min(width * 7 // 8, width * room // size(block))
        block = _body(one, frame, room=width, is_brief=is_brief)
    return _without_middle(block, frame, room=room)


def _body(one: Carried, frame: Frame, *, room: int, is_brief: bool) -> str:
    style, words = frame.style, frame.words
    match one:
        case AlertView():
            return mention_body(one, frame, room=room, is_brief=is_brief)
        case NoticeView():
            return notice_body(one, frame, room=room, is_brief=is_brief)
        case SignalView():
            said = signal_body(one, style=style, words=words, room=room - 40, zone=frame.zone)
            return f"{said}\n{frame.quiet(f'monitor-signal: {one.id}')}"
        case DigestView():
            return digest_body(one, style=style, words=words, room=room)
    return alarm_body(one, frame, room=room, is_brief=is_brief)


def _without_middle(block: str, frame: Frame, *, room: int) -> str:
    """The first lines that fit together with the last, which names what is told."""
    *lines, last = block.split("\n")
    kept = list[str]()
    for line in lines:
        if frame.style.size("\n".join((*kept, line, last))) > room:
            break
        kept.append(line)
    return "\n".join((*kept, last))


def _rest(rest: Sequence[Carried], frame: Frame, *, room: int) -> str:
    """How many there are besides, and the ids of as many as fit; a mail has them all in its header."""
    said = frame.words["more"].format(count=len(rest))
    ids = [str(number) for one in rest for number in ids_of(one)]
    if frame.style.is_mail or not ids:
        return said
    kept = min(len(ids), max(1, (room - len(said) - 30) // (max(map(len, ids)) + 1)))
    uncounted = f" +{len(ids) - kept}" if kept < len(ids) else ""
    named = frame.quiet(f"monitor-alert: {','.join(ids[:kept])}{uncounted}")
    return f"{said}\n{named}"
