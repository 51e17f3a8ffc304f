"""A digest as the HTML of a mail: 600 points wide, tables and inline styles only, nothing is loaded from elsewhere.

Every colour stands beside the one it is read on, so that a client that darkens mails darkens both. The chart goes with
the mail as an image on a white ground.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from monitor.alerting.chart import bars
from monitor.alerting.digest_parts import Parts
from monitor.alerting.messages import Image

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from monitor.alerting.digest_parts import Item
    from monitor.models import DigestView

CHART: Final = "digest-chart.png"
_FONT: Final = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
_INK, _FAINT, _LINE, _GROUND, _CARD = "#1f2733", "#5d6673", "#e2e6eb", "#f3f5f8", "#ffffff"
_LINK: Final = "#1a5fb4"
_FELT: Final = {"negative": "#b3372d", "neutral": "#77808c", "positive": "#2f7d62"}
_TABLE: Final = 'role="presentation" cellpadding="0" cellspacing="0" border="0"'
_ADDRESS: Final = 2_000  # characters of an address that a mail holds; half of one would lead nowhere
_SHOWN: Final = 4  # brands in the share of voice, each with a bar


def digest_html(
    view: DigestView, *, words: Mapping[str, str], base_url: str | None = None
) -> tuple[str, tuple[Image, ...]]:
    """The HTML and the images that it shows. `base_url` is where the pages of cases are, None where there are none."""
    parts = Parts(view=view, words=words)
    image = _image(parts)
    body = "".join(
        (
            _head(parts),
            _numbers(parts),
            _chart(parts) if image else "",
            _voices(parts),
            *(_items(parts, name, items) for name, items in _lists(parts)),
            _work(parts, base_url),
            _condition(parts),
        )
    )
    language = escape(next((name for name in (view.language,) if name), "en"))
    page = (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        f"<title>{escape(parts.title())}</title></head>"
        f'<body style="margin:0;padding:0;background-color:{_GROUND};">'
        f'<table {_TABLE} width="100%" style="background-color:{_GROUND};"><tr><td align="center" '
        f'style="padding:16px 8px;"><table {_TABLE} width="100%" style="max-width:600px;width:100%;'
        f'background-color:{_CARD};border:1px solid {_LINE};border-radius:8px;{_FONT}color:{_INK};text-align:left;">'
        f"{body}</table>{_foot(parts)}</td></tr></table></body></html>\n"
    )
    return page, (image,) if image else ()


def _lists(parts: Parts) -> tuple[tuple[str, Sequence[Item]], ...]:
    return ("stories", parts.stories()), ("top", parts.top()), ("more-top", parts.late())


def _row(content: str, *, top: int = 0) -> str:
    return f'<tr><td style="padding:{top}px 20px 16px;">{content}</td></tr>'


def _section(heading: str, content: str) -> str:
    return _row(
        f'<h2 style="margin:0 0 10px;padding-top:14px;border-top:1px solid {_LINE};font-size:16px;line-height:22px;'
        f'color:{_INK};">{escape(heading)}</h2>{content}'
    )


def _text(text: str, *, colour: str = _INK, size: int = 14, bold: bool = False) -> str:
    """A line of text, escaped."""
    weight = "font-weight:600;" if bold else ""
    return (
        f'<div style="font-size:{size}px;line-height:{round(size * 1.45)}px;color:{colour};{weight}'
        f'overflow-wrap:anywhere;word-break:break-word;">{escape(text)}</div>'
    )


def _head(parts: Parts) -> str:
    heading = f"{parts.words[f'digest-{parts.view.cadence.value}']} · {parts.about()}"
    lines = f'<h1 style="margin:0;font-size:20px;line-height:28px;color:{_INK};">{escape(heading)}</h1>'
    lines += _text(parts.time(), colour=_FAINT, size=13)
    if not parts.figures["mentions"]:
        lines += f'<div style="padding-top:10px;">{_text(parts.words["digest-nothing"])}</div>'
    return _row(lines, top=20)


def _numbers(parts: Parts) -> str:
    # A line of the card's colour between two figures, and none at the edges.
    cells = "".join(
        f'<td valign="top" style="padding:12px 10px;background-color:{_GROUND};border-left:{gap}px solid {_CARD};">'
        f"{_text(label, colour=_FAINT, size=12)}{_text(value, size=24, bold=True)}"
        f"{_text(was, colour=_FAINT, size=12)}</td>"
        for gap, (label, value, was) in zip((0, 8, 8), parts.numbers(), strict=False)
    )
    late = f'<div style="padding-top:10px;">{_text(line, size=13)}</div>' if (line := parts.late_line()) else ""
    return _row(f'<table {_TABLE} width="100%" style="table-layout:fixed;"><tr>{cells}</tr></table>{late}')


def _image(parts: Parts) -> Image | None:
    chart = parts.figures["chart"]
    if not any(chart["values"]):
        return None
    # Every other label, so that the last one, which is what the digest is about, has room.
    labels = [label if number % 2 else "" for number, label in enumerate(parts.chart_labels())]
    return Image(CHART, "image/png", bars(chart["values"], labels=labels, marked=chart["marked"]))


def _chart(parts: Parts) -> str:
    """The chart, whose figures are told besides where images are not shown."""
    told = zip(parts.chart_labels(), parts.figures["chart"]["values"], strict=True)
    in_words = escape(", ".join(f"{label}: {value}" for label, value in told), quote=True)
    return _section(
        parts.chart_title(),
        f'<div style="background-color:#ffffff;"><img src="cid:{CHART}" width="560" alt="{in_words}" '
        f'style="display:block;width:100%;max-width:560px;height:auto;border:0;color:{_FAINT};font-size:12px;"></div>',
    )


def _voices(parts: Parts) -> str:
    voices = parts.voices()
    if not voices:
        return ""
    rows = "".join(
        f'<tr><td width="45%" style="padding:3px 8px 3px 0;">{_text(brand)}</td><td style="padding:3px 0;">'
        f'<table {_TABLE} width="100%"><tr><td width="{max(percent, 1)}%" style="background-color:#5b7fa6;'
        f'font-size:10px;line-height:10px;">&nbsp;</td><td style="font-size:10px;line-height:10px;">&nbsp;</td></tr>'
        f'</table></td><td width="92" align="right" style="padding:3px 0 3px 8px;white-space:nowrap;">'
        f"{_text(f'{percent} % ({number})', size=13)}</td></tr>"
        for brand, percent, number in voices[:_SHOWN]
    )
    return _section(parts.words["digest-voice"], f'<table {_TABLE} width="100%">{rows}</table>')


def _items(parts: Parts, name: str, items: Iterable[Item]) -> str:
    listed = "".join(_item(parts, item) for item in items)
    return _section(parts.words[f"digest-{name}"], listed) if listed else ""


def _item(parts: Parts, item: Item) -> str:
    """A post beside a bar in the colour of how it is felt."""
    command = ("digest-why", item.number) if item.story is None else ("digest-story", item.story)
    lines = _text(item.headline, colour=_FAINT, size=12)
    lines += _text(item.title, bold=True) if item.title else ""
    lines += _text(item.text) if item.text else ""
    told = [_link(item.url, parts.words["digest-open"]), escape(parts.words[command[0]].format(id=command[1]))]
    lines += f'<div style="font-size:12px;line-height:18px;color:{_FAINT};">{" · ".join(filter(None, told))}</div>'
    return (
        f'<table {_TABLE} width="100%" style="margin-bottom:12px;"><tr><td width="4" '
        f'style="width:4px;background-color:{_FELT[item.sentiment]};font-size:1px;">&nbsp;</td>'
        f'<td style="padding-left:12px;">{lines}</td></tr></table>'
    )


def _link(url: str | None, text: str) -> str:
    """A link to an address of the web; nothing for any other and for one that is too long."""
    if url is None or not url.startswith(("https://", "http://")) or len(url) > _ADDRESS:
        return ""
    return f'<a href="{escape(url, quote=True)}" style="color:{_LINK};">{escape(text)}</a>'


def _work(parts: Parts, base_url: str | None) -> str:
    heading = parts.work_line()
    if not heading:
        return ""
    rows = ""
    for one in parts.work():
        name = parts.words["digest-case"].format(id=one.number)
        linked = _link(base_url and f"{base_url.rstrip('/')}/cases/{one.number}", name) or escape(name)
        due = _text(one.due, colour=_FELT["negative"] if one.overdue else _FAINT, size=13)
        rows += (
            f'<tr><td valign="top" style="padding:5px 10px 5px 0;white-space:nowrap;font-size:14px;line-height:20px;'
            f'color:{_INK};">{linked}</td><td style="padding:5px 0;">{_text(one.about)}{due}</td></tr>'
        )
    return _section(heading, f'<table {_TABLE} width="100%">{rows}</table>')


def _condition(parts: Parts) -> str:
    lines = "".join(_text(line, colour=_FAINT, size=13) for line in _conditions(parts))
    return _row(f'<div style="padding-top:14px;border-top:1px solid {_LINE};">{lines}</div>')


def _conditions(parts: Parts) -> Iterator[str]:
    yield parts.alerts_line()
    yield from parts.sources_lines()


def _foot(parts: Parts) -> str:
    return f'<div style="max-width:600px;padding:10px 0;{_FONT}">{_text(parts.foot(), colour=_FAINT, size=12)}</div>'
