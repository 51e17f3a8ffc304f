"""Receivers, routes and digests as records; what is not said is filled in from above, or by what ships."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from monitor.config.alertshapes import BudgetShape
from monitor.config.secrets import reveal
from monitor.models import (
    SHIPPED_TIMING,
    Budget,
    Cadence,
    DigestSettings,
    QuietHours,
    RatingSettings,
    Receiver,
    Route,
    Target,
    Timing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.config.alertshapes import (
        DigestShape,
        QuietShape,
        RatingsShape,
        ReceiverShape,
        RouteShape,
        WebhookShape,
    )

_BURST = 3  # messages at once, where nothing is said


def receiver_of(name: str, shape: ReceiverShape, known: Mapping[str, str]) -> Receiver:
    """A receiver with its secrets put in."""
    templates = shape.templates.model_dump(exclude_none=True)
    return Receiver(
        name=name,
        targets=(
            *(Target(key=_key(url), url=reveal(url, known) or url) for url in shape.urls),
            *(_webhook(webhook, known) for webhook in shape.webhooks),
        ),
        language=shape.language,
        zone=shape.zone,
        quiet=_quiet(shape.quiet, shape.zone) if shape.quiet else None,
        budget=_budget(shape.budget) if isinstance(shape.budget, BudgetShape) else None,
        templates=tuple(sorted(templates.items())),
    )


def _key(spelt: str) -> str:
    return hashlib.sha256(spelt.encode()).hexdigest()[:10]


def _webhook(shape: WebhookShape, known: Mapping[str, str]) -> Target:
    return Target(
        key=_key(shape.url),
        url=reveal(shape.url, known) or shape.url,
        secret=None if shape.secret is None else reveal(shape.secret, known) or shape.secret,
        is_webhook=True,
        events=shape.events,
    )


def _quiet(shape: QuietShape, zone: str) -> QuietHours:
    begin, end = shape.hours
    return QuietHours(zone=zone, begin=begin, end=end, days=shape.days, unless=shape.unless)


def _budget(shape: BudgetShape) -> Budget:
    return Budget(pings=shape.pings, per=shape.per, burst=shape.burst or min(_BURST, shape.pings))


def routes_of(shapes: Sequence[RouteShape], *, above: Timing = SHIPPED_TIMING) -> tuple[Route, ...]:
    """Routes with the timing that counts for each: its own, or that of the route `above`, key by key."""
    return tuple(_route(shape, _timing(shape, above)) for shape in shapes)


def _route(shape: RouteShape, timing: Timing) -> Route:
    return Route(
        match=shape.match,
        to=shape.to,
        continues=shape.continues,
        timing=timing,
        routes=routes_of(shape.routes, above=timing),
    )


def _timing(shape: RouteShape, above: Timing) -> Timing:
    return Timing(
        group_by=above.group_by if shape.group_by is None else tuple(shape.group_by),
        wait=above.wait if shape.group_wait is None else shape.group_wait,
        interval=above.interval if shape.group_interval is None else shape.group_interval,
        repeat=above.repeat if shape.repeat_interval is None else shape.repeat_interval,
    )


def ratings_of(shape: RatingsShape) -> RatingSettings:
    """Which mean of ratings is told of."""
    return RatingSettings(line=shape.line, span=shape.over, least=shape.least)


def digest_of(shape: DigestShape, receivers: Mapping[str, Receiver]) -> DigestSettings:
    """A digest, in the time zone of its receiver where it names none."""
    return DigestSettings(
        name=shape.name,
        to=shape.to,
        cadence=Cadence(shape.every),
        match=shape.match,
        at=shape.at,
        day=shape.day,
        zone=shape.zone or receivers[shape.to].zone,
        language=shape.language,
        always=shape.always,
    )
