"""The configuration as the rest of the program sees it: frozen, checked, with secrets kept apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.config.secrets import reveal
from monitor.models import RatingSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.errors import Fault
    from monitor.models import (
        AlarmSettings,
        Brand,
        DigestSettings,
        FetchSettings,
        OfficeHours,
        PlaybookSettings,
        Receiver,
        Route,
        Source,
        Tier,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """How long posts are kept: those that mention a brand, and the others."""

    mentions: timedelta
    others: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """What was published longer ago than `max_age` when it is found comes in a summary of late finds."""

    max_age: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Where the pages are served, and the address by which people reach them (no slash at its end).

    `given_base_url` is that address only where the administrator gave it: messages lead to no other.
    """

    host: str
    port: int
    base_url: str
    given_base_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One whole sources.yaml.

    Addresses and headers of sources keep their secrets as spelt (`${NAME}`); `reveal` puts them in at the last moment.
    `playbooks` is what the file says of classes of cases; without an `office` all hours are working time.
    `references` maps each spelling to its value; `secrets` are the values that must appear nowhere, longest first.
    `fingerprint` changes when the file's meaning changes, not with its comments or the values of secrets.
    """

    brands: tuple[Brand, ...]
    sources: tuple[Source, ...]
    receivers: tuple[Receiver, ...]
    routes: tuple[Route, ...]
    alerts: AlertSettings = AlertSettings()
    ratings: RatingSettings = field(default_factory=RatingSettings)
    digests: tuple[DigestSettings, ...] = ()
    alarms: AlarmSettings
    playbooks: Mapping[str, PlaybookSettings]
    office: OfficeHours | None
    fetch: FetchSettings
    retention: RetentionSettings
    web: WebSettings
    sentiment: Tier
    warnings: tuple[Fault, ...]
    fingerprint: str
    references: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def reveal(self, text: str) -> str:
        """A source's address or header with its secrets put in; other text comes back as it is."""
        revealed = reveal(text, self.references)
        return text if revealed is None else revealed
