"""What sources.yaml may hold on who is told, of what and when: receivers, routes, digests and their settings."""

# ruff: noqa: RUF012 - pydantic copies the defaults of its models

from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, field_validator, model_validator

from monitor.config import casefields, fields
from monitor.config.shape import Shape
from monitor.models import SHIPPED_BUDGET, RatingSettings

_RATINGS = RatingSettings()

GroupWord = Literal["brand", "source", "author", "site", "lang", "story", "sentiment", "case", "..."]


class QuietShape(Shape):
    """When a receiver is not to be disturbed."""

    hours: casefields.Hours
    """From when to when, in the time zone of the receiver; over midnight as in 22:00-8:00."""
    days: casefields.Days = frozenset(range(7))
    """Days of the week on which they begin."""
    unless: fields.Filter | None = None
    """A filter; what satisfies it is told all the same."""


class BudgetShape(Shape):
    """How often a receiver may be interrupted; the rest comes as one summary."""

    pings: Annotated[int, Field(ge=1, le=1000)] = SHIPPED_BUDGET.pings
    """So many messages in each time of `per`."""
    per: Annotated[fields.Duration, fields.between("1m", "30d")] = SHIPPED_BUDGET.per
    """The time for which `pings` counts."""
    burst: Annotated[int, Field(ge=1, le=1000)] | None = None
    """How many of them may come at once; three, or `pings` where that is less."""

    @model_validator(mode="after")
    def _within(self) -> "BudgetShape":
        if self.burst is not None and self.burst > self.pings:
            raise fields.mistake("burst is larger than pings", "no more can come at once than at all")
        return self


def _budget_form(value: object) -> str | None:
    if isinstance(value, dict | Shape):
        return "mapping"
    return "off" if value == "off" else None


Budget = Annotated[
    Annotated[Literal["off"], Tag("off")] | Annotated[BudgetShape, Tag("mapping")],
    Discriminator(
        _budget_form,
        custom_error_type="mistake",
        custom_error_message="{message}",
        custom_error_context={"message": "must be off or a mapping", "hint": "write off, or {pings: 10, per: 1d}"},
    ),
]


class WebhookShape(Shape):
    """A program that is sent our own JSON."""

    url: fields.WebhookUrl
    """Its address, http or https; may hold secrets."""
    secret: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    """What is sent is signed with it; best given as a secret. Without it nothing is signed."""
    events: bool = False
    """Whether it hears of each event of each case, too."""


MessageTemplate = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]


class TemplatesShape(Shape):
    """Wordings of your own."""

    title: MessageTemplate | None = None
    """Of the title of a message about one mention."""
    mention: MessageTemplate | None = None
    """Of what is said of each mention."""


class ReceiverShape(Shape):
    """Who is told."""

    urls: list[fields.AppriseUrl] = []
    """Apprise addresses, each is told; may be secrets."""
    webhooks: list[WebhookShape] = []
    """Programs that are sent our own JSON, each is told."""
    language: fields.Code = "en"
    """Language of the messages."""
    zone: casefields.Zone = "UTC"
    """Time zone of the times in messages and of quiet hours."""
    quiet: QuietShape | None = None
    """When it is not to be disturbed."""
    budget: Budget = BudgetShape()
    """How often it may be interrupted, or off."""
    templates: TemplatesShape = TemplatesShape()
    """Wordings of your own."""

    @field_validator("urls")
    @classmethod
    def _differ(cls, urls: list[str]) -> list[str]:
        if len(set(urls)) < len(urls):
            raise fields.mistake("the same address stands twice")
        return urls

    @model_validator(mode="after")
    def _leads_somewhere(self) -> "ReceiverShape":
        if not self.urls and not self.webhooks:
            raise fields.mistake("has no address", "list at least one under urls or webhooks")
        addresses = [*self.urls, *(webhook.url for webhook in self.webhooks)]
        if len(set(addresses)) < len(addresses):
            raise fields.mistake("the same address stands twice")
        return self


class RouteShape(Shape):
    """Which mentions go to whom, and when; what is not said is as in the route above."""

    match: fields.Filter = "*"
    """A filter; `*` is everything."""
    to: fields.Text | None = None
    """The receiver; that of the route above where it is not given."""
    continues: bool = Field(default=False, alias="continue")
    """Whether the routes after this one are asked, too, where it holds."""
    group_by: list[GroupWord] | None = None
    """What mentions share that come as one message; [] is all of the route, ["..."] each alone."""
    group_wait: Annotated[fields.Duration, fields.between("0s", "1d")] | None = None
    """How long the first message of a group waits for more."""
    group_interval: Annotated[fields.Duration, fields.between("0s", "7d")] | None = None
    """The least time between two messages of a group."""
    repeat_interval: Annotated[fields.Duration, fields.between("1m", "90d")] | None = None
    """How long an open state stays untold: a storm, a failing source, an unacknowledged case."""
    routes: "list[RouteShape]" = []
    """Routes below this one, which are asked first."""

    @field_validator("group_by")
    @classmethod
    def _fit(cls, words: list[str] | None) -> list[str] | None:
        if words is not None and len(set(words)) < len(words):
            raise fields.mistake("the same word stands twice")
        if words is not None and "..." in words and len(words) > 1:
            raise fields.mistake('"..." stands with other words', '["..."] alone lets every post come by itself')
        return words


class AlertsShape(Shape):
    """What is told of single mentions, whichever route they take."""

    max_age: Annotated[fields.Duration, fields.between("10m", "1y")] = timedelta(days=1)
    """What was published longer ago when it is found comes in a summary of late finds."""


class RatingsShape(Shape):
    """Which mean of a source's ratings is worth an alert when it is crossed."""

    line: Annotated[float, Field(ge=1, le=5)] = _RATINGS.line
    """The mean, in stars of five."""
    over: Annotated[fields.Duration, fields.between("1d", "1y")] = _RATINGS.span
    """The time before now whose ratings count."""
    least: Annotated[int, Field(ge=1, le=100_000)] = _RATINGS.least
    """How many ratings there must be."""


class DigestShape(Shape):
    """A regular overview."""

    name: fields.Name
    """What tells it from the others; must not repeat."""
    to: fields.Text
    """The receiver."""
    every: Literal["hourly", "daily", "weekly"] = "daily"
    """How often it comes."""
    at: casefields.Clock = time(9)
    """When it leaves; of an hourly one the minutes count."""
    day: casefields.Weekday = 0
    """On which day a weekly one leaves."""
    zone: casefields.Zone | None = None
    """Time zone of `at`; that of the receiver where it is not given."""
    match: fields.Filter = "*"
    """A filter; `*` is everything."""
    language: fields.Code | None = None
    """Its language; that of the receiver where it is not given."""
    always: bool = False
    """Whether it comes without news, too."""
