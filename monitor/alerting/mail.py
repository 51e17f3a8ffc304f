"""A mail besides its plain text: the HTML that a mail program shows, its images, and the headers that thread it.

The HTML loads nothing and asks for nothing: styles stand in the elements, images come with the mail. What was written
in the style HTML is escaped as a whole here, and only our own marks become tags: no content can.
"""

from __future__ import annotations

import re
from datetime import timedelta
from hashlib import blake2s
from html import escape
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from monitor.alerting.chart import bars
from monitor.alerting.digest_text import digest_html
from monitor.alerting.messages import Image
from monitor.alerting.order import common_case, ids_of, is_storm
from monitor.alerting.styles import HTML
from monitor.models import AlarmView, AlertView, DigestView, Label, NoticeKind, NoticeView, SignalView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.alerting.frame import Frame
    from monitor.alerting.messages import Carried

_DOMAIN: Final = "monitor.invalid"  # RFC 2606: nobody's, so that no id of ours is anybody else's
_FONT: Final = "font-family:-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_RED, _GREEN, _AMBER, _GREY = "#cf222e", "#1a7f37", "#bf8700", "#818b98"
_INK, _INK_SOFT = "#1f2328", "#59636e"
_TEXT: Final = f"{_FONT};font-size:13px;line-height:1.45;color:{_INK_SOFT};word-break:break-word"
_CARD: Final = (
    f"background:#ffffff;border:1px solid #d1d9e0;border-left:4px solid;border-radius:6px;padding:14px 18px 8px;{_TEXT}"
)
_HEADING: Final = f"margin:0 0 12px;font-size:18px;line-height:1.35;color:{_INK}"
_LEAD: Final = f"margin:0 0 6px;font-size:16px;font-weight:600;color:{_INK}"
_SAID: Final = f"margin:10px 0;padding:10px 12px;font-size:15px;color:{_INK};background:#f6f8fa;border-radius:4px"
_QUIET: Final = f"margin:4px 0 6px;font-size:11px;color:{_GREY}"
_ADDRESS: Final = re.compile(rf"{HTML.anchor[0]}(https?://[^{HTML.anchor[1]}]*){HTML.anchor[1]}")
_MARKS: Final = re.compile("[\ufdd0-\ufdef]")
_SHOWN_ADDRESS: Final = 60
_DARK: Final = (
    "@media (prefers-color-scheme:dark){"
    ".m-page{background:#0d1117!important}.m-card{background:#161b22!important;border-top-color:#30363d!important;"
    "border-right-color:#30363d!important;border-bottom-color:#30363d!important}"
    ".m-text{color:#e6edf3!important}.m-soft{color:#9198a1!important}.m-link{color:#58a6ff!important}"
    ".m-quote{background:#1f2630!important;color:#e6edf3!important}"
    ".m-mark{background:#6b5000!important;color:#fff!important}}"
    "@media (max-width:480px){.m-pad{padding-left:14px!important;padding-right:14px!important}}"
)


def alert_header(told: Sequence[Carried]) -> dict[str, str]:
    """The ids of all alerts in a mail, for programs that sort it."""
    ids = [str(number) for one in told for number in ids_of(one)]
    return {"X-Monitor-Alert": ", ".join(ids)} if ids else {}


def thread_headers(told: Sequence[Carried]) -> dict[str, str]:
    """Headers that make one thread of all mails on a case, a storm, or else a source, a post or a digest.

    Its root is a mail that nobody ever sent: so a thread holds together whichever of its mails are lost or deleted.
    """
    root = _root(told)
    return {} if root is None else {"In-Reply-To": root, "References": root}


def _root(told: Sequence[Carried]) -> str | None:
    first = told[0]
    if isinstance(first, SignalView) and is_storm(first) and first.storm_id is not None:
        name = f"storm-{first.storm_id}"
    elif (case := common_case(told)) is not None:
        name = f"case-{case}"
    elif isinstance(first, DigestView):
        name = f"digest-{_digest(first.name)}"
    elif isinstance(first, AlarmView):
        name = f"source-{_digest(first.source or '')}"
    elif isinstance(first, AlertView) and len(told) == 1:
        name = f"post-{first.view.post_id}"
    else:
        return None
    return f"<{name}@{_DOMAIN}>"


def _digest(name: str) -> str:
    return blake2s(name.encode("utf-8", "replace"), digest_size=8).hexdigest()


# ── HTML ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def page(
    told: Sequence[Carried], blocks: Sequence[str], *, title: str, tail: str, frame: Frame
) -> tuple[str, tuple[Image, ...]]:
    """The page that shows `told`, of which `blocks` are what is said in the style HTML, and the images in it.

    There may be one more block than told: it stands below them. `tail` is the quiet line at the end.
    """
    if len(told) == 1 and isinstance(told[0], DigestView):
        return digest_html(told[0], words=frame.words, base_url=frame.base_url)
    cards, images = list[str](), list[Image]()
    for one, block in zip(told, blocks, strict=False):
        drawn = _images(one, frame)
        inner = _card(block) + "".join(_shown(image, frame) for image in drawn)
        cards.append(_framed(inner, colour=_colour(one)))
        images += drawn
    cards += [f'<p style="margin:0 0 8px">{_html(block)}</p>' for block in blocks[len(told) :]]
    heading = "" if len(told) == 1 else f'<h1 class="m-text" style="{_HEADING}">{escape(title)}</h1>'
    return _page(heading + "".join(cards), title=title, tail=tail), tuple(images)


def _page(inner: str, *, title: str, tail: str) -> str:
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        f"<title>{escape(title)}</title><style>:root{{color-scheme:light dark}}{_DARK}</style></head>"
        '<body class="m-page" style="margin:0;padding:0;background:#f6f8fa">'
        '<table role="presentation" class="m-page" width="100%" cellpadding="0" cellspacing="0" '
        'style="background:#f6f8fa"><tr><td align="center">'
        '<table role="presentation" width="600" cellpadding="0" cellspacing="0" '
        'style="width:100%;max-width:600px;table-layout:fixed"><tr>'
        f'<td class="m-pad m-soft" align="left" style="padding:20px 20px 24px;{_TEXT}">{inner}\n'
        f'<p style="{_QUIET}">{escape(tail)}</p>'
        "</td></tr></table></td></tr></table></body></html>\n"
    )


def _framed(inner: str, *, colour: str) -> str:
    return (
        '\n<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:0 0 14px;'
        f'table-layout:fixed"><tr><td class="m-card m-soft m-pad" style="{_CARD};border-left-color:{colour}">{inner}'
        "</td></tr></table>"
    )


def _card(block: str) -> str:
    """The lines of a block, each by what its marks say that it is; a first line without marks leads, too."""
    said: list[str] = []
    quoted: list[str] = []
    for number, line in enumerate(filter(str.strip, block.split("\n"))):
        if line.startswith(HTML.quote[0]):
            quoted.append(_html(line))
            continue
        if quoted:
            said.append(_quote(quoted))
            quoted = []
        if line.startswith(HTML.lead[0]) or number == 0:
            said.append(f'<p class="m-text" style="{_LEAD}">{_html(line)}</p>')
        elif line.startswith(HTML.quiet[0]):
            said.append(f'<p style="{_QUIET}">{_html(line)}</p>')
        else:
            said.append(f'<p style="margin:0 0 4px">{_html(line)}</p>')
    return "".join(said) + (_quote(quoted) if quoted else "")


def _quote(lines: Sequence[str]) -> str:
    """What was written; of two lines the first is its title."""
    title = f"<strong>{lines[0]}</strong><br>" if len(lines) > 1 else ""
    return f'<div class="m-quote" style="{_SAID}">{title}{lines[-1]}</div>'


def _html(text: str) -> str:
    """Text in the style HTML as HTML: escaped first, then our marks become tags."""
    marked = _ADDRESS.sub(_anchor, escape(text))
    opened, closed = HTML.mark
    marked = marked.replace(
        opened, '<mark class="m-mark" style="background:#fff1b8;color:#1f2328;padding:0 2px;border-radius:2px">'
    ).replace(closed, "</mark>")
    return _MARKS.sub("", marked)


def _anchor(found: re.Match[str]) -> str:
    """A link that shows where it leads: the beginning of its address."""
    address = found[1]
    shown = address if len(address) <= _SHOWN_ADDRESS else f"{_whole_entities(address[:_SHOWN_ADDRESS])}…"
    return f'<a class="m-link" href="{address}" style="color:#0969da" rel="noopener noreferrer">{shown}</a>'


def _whole_entities(cut: str) -> str:
    """Escaped text without a reference that was cut in two."""
    begun = cut.rfind("&")
    return cut if begun < 0 or ";" in cut[begun:] else cut[:begun]


def _colour(one: Carried) -> str:
    match one:
        case AlertView():
            colours = {Label.NEGATIVE: _RED, Label.POSITIVE: _GREEN}
            return colours.get(one.view.mention.sentiment.label, _GREY)
        case NoticeView():
            return _RED if one.kind is NoticeKind.BREACH else _AMBER
        case SignalView():
            return _RED if is_storm(one) else _AMBER
        case AlarmView():
            return _AMBER
    return _GREY


# ── Images ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _images(one: Carried, frame: Frame) -> tuple[Image, ...]:
    """The chart of a storm: complaints in each of the last hours, the hour of the message last."""
    if not isinstance(one, SignalView) or not is_storm(one):
        return ()
    counts = _numbers(one.figures.get("hours"))
    if not counts:
        return ()
    return (Image(name=f"storm-{one.id}.png", mime="image/png", data=_hours(counts, one, frame)),)


def _numbers(found: object) -> tuple[float, ...]:
    return tuple(float(one) for one in found if isinstance(one, int | float)) if isinstance(found, list) else ()


def _hours(counts: Sequence[float], view: SignalView, frame: Frame) -> bytes:
    """A bar an hour, those of the last day marked; the hour stands below every sixth, the date below midnight."""
    zone, labels = ZoneInfo(frame.zone), list[str]()
    for back in range(len(counts) - 1, -1, -1):
        local = (view.at - timedelta(hours=back)).astimezone(zone)
        labels.append("" if local.hour % 6 else f"{local:%d.%m}" if local.hour == 0 else f"{local:%H:00}")
    return bars(counts, labels=labels, marked=range(max(len(counts) - 24, 0), len(counts)))


def _shown(image: Image, frame: Frame) -> str:
    alt = escape(frame.words["chart-hours"])
    return (
        f'<p style="{_QUIET}">{alt}<br><img src="cid:{image.name}" alt="{alt}" width="560" '
        'style="display:block;width:100%;max-width:560px;height:auto;border:0;border-radius:4px"></p>'
    )
