"""A digest as plain text: it reads well alone, in a mail without HTML and in a chat, and is cut to its room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.alerting.digest_mail import digest_html
from monitor.alerting.digest_parts import Parts
from monitor.alerting.styles import link

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.alerting.digest_parts import Item
    from monitor.alerting.styles import Style
    from monitor.models import DigestView

__all__ = ["digest_body", "digest_html", "digest_title"]

_BARS: Final = "▁▂▃▄▅▆▇█"
_ITEMS: Final = (5, 3, 2, 1, 0)  # of each list, the more the better


def digest_title(view: DigestView, words: Mapping[str, str]) -> str:
    """The subject, not yet disarmed: how often, which digest, and the two figures that matter most."""
    return Parts(view=view, words=words).title()


def digest_body(view: DigestView, *, style: Style, words: Mapping[str, str], room: int) -> str:
    """The digest as text, at most `room` characters long: with as much of each list as there is room for."""
    parts = Parts(view=view, words=words)
    texts = ("\n\n".join("\n".join(section) for section in _sections(parts, style, most)) for most in _ITEMS)
    fitting = next((text for text in texts if len(text) <= room), None)
    return _cut(parts, style, room) if fitting is None else fitting


def _cut(parts: Parts, style: Style, room: int) -> str:
    """As many of the first lines as fit."""
    kept = ""
    for line in "\n\n".join("\n".join(section) for section in _sections(parts, style, 0)).split("\n"):
        if len(kept) + len(line) + 1 > room:
            break
        kept += f"{line}\n"
    return kept.rstrip("\n")


def _sections(parts: Parts, style: Style, most: int) -> Iterator[list[str]]:
    """The parts in their order, each with its lines, none of them empty; lists are of `most` items."""
    escape, words = style.escape, parts.words
    figures = [f"{label}: {value}" + (f" ({was})" if was else "") for label, value, was in parts.numbers()]
    nothing = [words["digest-nothing"]] if not parts.figures["mentions"] else []
    yield [parts.time(), "", *nothing, *figures, *filter(None, [parts.late_line()])]
    if any(parts.figures["chart"]["values"]):
        yield [f"{parts.chart_title()}: {_drawn(parts)}"]
    if voices := parts.voices():
        told = [f"{escape(brand)} {percent} % ({number})" for brand, percent, number in voices[: max(most, 2)]]
        yield [f"{words['digest-voice']}: {', '.join(told)}"]
    for name, items in (("stories", parts.stories()), ("top", parts.top()), ("more-top", parts.late())):
        if items[:most]:
            yield [f"{words[f'digest-{name}']}:", *_listed(items[:most], style, words)]
    if work := parts.work_line():
        told = [
            f"- {words['digest-case'].format(id=one.number)} · {escape(one.about)} · {one.due}"
            for one in parts.work()[:most]
        ]
        yield [work, *told]
    yield [parts.alerts_line(), *map(escape, parts.sources_lines())]
    yield [escape(parts.foot()), f"monitor-digest: {parts.view.id}"]


def _listed(items: Sequence[Item], style: Style, words: Mapping[str, str]) -> Iterator[str]:
    for number, item in enumerate(items, start=1):
        yield f"{number}. {style.escape(item.headline)}"
        if item.title:
            yield f"   {style.escape(item.title)}"
        if item.text:
            yield f"   «{style.escape(item.text)}»"
        if url := link(item.url, style=style):
            yield f"   {url}"
        command = "digest-why" if item.story is None else "digest-story"
        yield f"   {words[command].format(id=item.number if item.story is None else item.story)}"


def _drawn(parts: Parts) -> str:
    """The chart as letters, with its first and last label and the highest bar."""
    values, labels = parts.figures["chart"]["values"], parts.chart_labels()
    highest = max(values)
    drawn = "".join(_BARS[round((len(_BARS) - 1) * value / highest)] for value in values)
    return f"{labels[0]} {drawn} {labels[-1]}, {parts.words['digest-most'].format(count=highest)}"
