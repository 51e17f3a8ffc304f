"""A message as a target gets it, whatever it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from monitor.models import AlarmView, AlertView, DigestView, NoticeView, SignalView

if TYPE_CHECKING:
    from collections.abc import Mapping

Carried: TypeAlias = AlertView | AlarmView | NoticeView | SignalView | DigestView
"""What a message may carry."""


class Image(NamedTuple):
    """An image that goes with a mail: `name` is its file name and the id that the HTML calls it by."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedMessage:
    """What one target gets: title and body are plain text as far as Apprise is concerned.

    `html` is the same once more for mails, `images` what it shows, `headers` those that a mail has besides.
    """

    title: str
    body: str
    html: str | None = None
    images: tuple[Image, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
