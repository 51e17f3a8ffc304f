"""What sources.yaml may hold: one pydantic model for each mapping in it. A kind adds its own keys."""

# ruff: noqa: RUF012 - pydantic copies the defaults of its models

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, Tag, ValidationInfo, field_validator, model_validator

from monitor.config import casefields, fields
from monitor.config.alertshapes import (
    AlertsShape,
    BudgetShape,
    DigestShape,
    QuietShape,
    RatingsShape,
    ReceiverShape,
    RouteShape,
    TemplatesShape,
    WebhookShape,
)
from monitor.config.secrets import reveal
from monitor.config.shape import Shape, list_or_mapping
from monitor.models import AlarmSettings, Duty, FetchSettings

SHORTEST_PUBLIC = timedelta(minutes=1)

_FETCH = FetchSettings(contact="")


class ContextShape(Shape):
    """Words that decide whether a brand is meant, where its name is a common word."""

    any: list[fields.Term] = []
    """Words that speak for the brand being meant."""
    none: list[fields.Term] = []
    """Words that speak against it."""


class OwnShape(Shape):
    """What belongs to the brand itself: its voice is no mention."""

    domains: list[fields.Domain] = []
    """Sites of the brand."""
    accounts: list[fields.Text] = []
    """Its accounts on other sites."""


class KnownIssueShape(Shape):
    """A known weak spot of which more is known than its words."""

    words: Annotated[list[fields.Term], Field(min_length=1)]
    """The words that point at it."""
    fixed: casefields.Day | None = None
    """The day on which it was fixed; reports compare the time before and after."""


class BrandShape(Shape):
    """A name to watch."""

    name: fields.Term
    """The name, as people write it; other forms of the word are found too."""
    aliases: list[fields.Term] = []
    """Other names and spellings."""
    handles: list[fields.Term] = []
    """Accounts by which people address it, with or without @."""
    context: Annotated[
        Annotated[list[fields.Name], Tag("list")] | Annotated[ContextShape, Tag("mapping")],
        list_or_mapping("must be a list of context packs, or words under any and none"),
    ] = []
    """Context packs of the brand's sector, or words of your own: {any: [...], none: [...]}."""
    exclude: list[fields.Term] = []
    """Phrases in which the name means something else."""
    rule: fields.BrandRule | None = None
    """A filter that its mentions must satisfy; the others are kept as doubtful."""
    own: OwnShape = OwnShape()
    """What belongs to the brand itself."""
    people: list[fields.Term] = []
    """People who stand for the brand."""
    vip: list[fields.Text] = []
    """Customers who matter most: accounts, with or without @, addresses of profiles, e-mail addresses."""
    known_issues: dict[
        fields.Text,
        Annotated[
            Annotated[list[fields.Term], Tag("list")] | Annotated[KnownIssueShape, Tag("mapping")],
            list_or_mapping("must be a list of words, or {words: [...], fixed: day}"),
        ],
    ] = {}
    """Known weak spots, each with the words that point at it, or {words: [...], fixed: day} once it is fixed."""
    competitor: bool = False
    """A competitor is recorded and compared; nobody is woken for it."""


class SourceShape(Shape):
    """A place that is visited; the options of its kind stand beside these keys."""

    name: fields.Name
    """What it is called in commands, filters and messages; must not repeat."""
    kind: str
    """How it is read."""
    recipe: str | None = None
    """A named set of options for a well-known site or forum engine; its parameters stand beside these keys."""
    allow: list[fields.Allowed] = []
    """Private networks that may be dialled for this source; none are otherwise."""
    url: fields.Address
    """Address, http or https; may hold secrets."""
    every: Annotated[fields.Duration, fields.between("1s", "30d")] = timedelta(minutes=15)
    """How often it is visited; at least 1m, unless it is in your own network and listed under allow.

    Learned from the source's own rhythm, between 2m and 6h, where it is not given."""
    proxy: fields.Proxy | None = None
    """An outgoing proxy, http:// or socks5://; its own address must be public or listed under allow."""
    backfill: Literal["silent", "alert"] = "silent"
    """What the first visit does with what it finds: record silently, or alert."""
    headers: dict[fields.HeaderName, fields.HeaderValue] = {}
    """Extra request headers; values may hold secrets."""
    weight: Annotated[float, Field(ge=0, le=1)] | None = None
    """How much a voice there counts before anything is known of its author, 0 to 1."""
    lang: fields.Code | None = None
    """Language of what is written there, where it is always the same."""
    max_pages: Annotated[int, Field(ge=1, le=100)] = 5
    """How many pages one visit may read when it has much to catch up on."""
    content: Literal["source", "page"] = "source"
    """Where the text of a post comes from: the source itself, or the page that the post's address leads to."""
    robots: bool = True
    """Whether robots.txt is asked before pages for people are read; with false you answer for it."""
    enabled: bool = True
    """A source that is not enabled is checked but not visited."""

    @field_validator("every")
    @classmethod
    def _polite(cls, every: timedelta, info: ValidationInfo) -> timedelta:
        url, allow = info.data.get("url"), info.data.get("allow")
        if every >= SHORTEST_PUBLIC or url is None or allow is None:
            return every
        plain = reveal(url, info.context or {})
        if plain is None or fields.reaches(urlsplit(plain).hostname or "", allow):
            return every
        raise fields.mistake("below 1m is too often for a public site", "a site of your own: list its network in allow")


class CommonShape(SourceShape):
    """A source whose kind is not known: the keys that all kinds share, whatever else stands there."""

    model_config = ConfigDict(extra="ignore")


class NamelessShape(CommonShape):
    """A source whose recipe is not known, which might have given kind and address."""

    kind: str = ""
    url: fields.Address = "https://unknown.invalid/"


class AlarmsShape(Shape):
    """Who hears that a source, or everything, cannot be seen."""

    to: list[fields.Text] | None = None
    """The receivers; those of all routes where it is not given, nobody where it is empty."""
    after: Annotated[int, Field(ge=1, le=100)] = AlarmSettings().after
    """How many failures of a source in a row make an alarm."""


class PlaybookShape(Shape):
    """What is due in cases of a class; a key that is not given keeps its shipped value."""

    acknowledge: Annotated[fields.Duration, fields.between("1m", "90d")] | None = None
    """Within what time the customer hears of us."""
    resolve: Annotated[fields.Duration, fields.between("1m", "1y")] | None = None
    """Within what time the matter is resolved."""
    remind: Annotated[fields.Duration, fields.between("0s", "30d")] | None = None
    """How long before a deadline the first of the ladder is reminded; 0s for never."""
    pause: Annotated[fields.Duration, fields.between("1m", "30d")] | None = None
    """How long after a missed deadline, and then after each step, the next of the ladder hears."""
    ladder: Annotated[list[fields.Text], Field(min_length=1, max_length=20)] | None = None
    """Who is reminded, who hears of a missed deadline, and who after them: owner, a role, founder, a receiver or a
    person."""
    tell: list[fields.Text] | None = None
    """Who hears at once when such a case opens."""
    duties: list[Duty] | None = None
    """What must be done before the case may be closed."""
    always: bool | None = None
    """Whether the hours count when the office is closed, too."""
    attempts: Annotated[int, Field(ge=1, le=100)] | None = None
    """After how many failed attempts in a row anybody may give up reaching the customer."""
    templates: dict[fields.Code, dict[fields.Name, casefields.Template]] | None = None
    """Replies to such cases, by language and name; {word} is a slot."""

    @model_validator(mode="after")
    def _in_order(self) -> "PlaybookShape":
        if self.acknowledge and self.resolve and self.acknowledge > self.resolve:
            raise fields.mistake("acknowledge is longer than resolve", "the customer hears of us before all is done")
        if self.remind and self.acknowledge and self.remind >= self.acknowledge:
            raise fields.mistake("remind is not shorter than acknowledge", "the reminder comes before the deadline")
        return self


class OfficeShape(Shape):
    """When people work; deadlines count no other time."""

    days: casefields.Days = frozenset(range(5))
    """Days of the week on which a shift begins."""
    hours: casefields.Hours
    """From when to when; a shift that ends before it begins lasts until the next day."""
    zone: casefields.Zone
    """Time zone of the hours."""
    holidays: list[casefields.Day] = []
    """Days without a shift."""


class FetchShape(Shape):
    """How sources are visited."""

    parallel: Annotated[int, Field(ge=1, le=1000)] = _FETCH.parallel
    """How many visits may run at once."""
    gap: Annotated[fields.Duration, fields.between("0s", "1h")] = _FETCH.gap
    """The pause between two requests to one host."""
    timeout: Annotated[fields.Duration, fields.between("100ms", "10m")] = _FETCH.timeout
    """How long one exchange may take, redirects included."""


class RetentionShape(Shape):
    """How long things are kept, counted from when they were found."""

    mentions: Annotated[fields.Duration, fields.between("1d", "100y")] = timedelta(days=3 * 365)
    """Posts that mention a brand."""
    others: Annotated[fields.Duration, fields.between("1d", "100y")] = timedelta(days=30)
    """All other posts."""


class WebShape(Shape):
    """The pages."""

    listen: fields.Listen = "127.0.0.1:8321"
    """Address and port."""
    base_url: fields.BaseUrl | None = None
    """The address by which people reach it, for links in messages; http:// and `listen` where it is not given."""


class RootShape(Shape):
    """The whole file; sources are checked one by one against the model of their kind."""

    contact: fields.Contact
    """An e-mail address or page where the owner of a site can reach you; goes into the User-Agent."""
    brands: Annotated[list[BrandShape], Field(min_length=1)]
    """The names to watch."""
    sources: Annotated[list[dict[str, Any]], Field(min_length=1)]
    """The places to visit."""
    receivers: dict[fields.Name, ReceiverShape] = {}
    """Who is told, by name."""
    routes: list[RouteShape] = []
    """Which mentions go to whom, and when."""
    alerts: AlertsShape = AlertsShape()
    """What is told of single mentions, whichever route they take."""
    ratings: RatingsShape = RatingsShape()
    """Which mean of ratings is worth an alert when it is crossed."""
    digests: list[DigestShape] = []
    """Regular overviews."""
    alarms: AlarmsShape = AlarmsShape()
    """Who hears that a source, or everything, cannot be seen."""
    playbooks: dict[casefields.ClassName, PlaybookShape] = {}
    """What is due in cases and who hears of it: by special case, or negative, story or manual."""
    office: OfficeShape | None = None
    """When people work; all hours count for deadlines where it is not given."""
    fetch: FetchShape = FetchShape()
    """How sources are visited."""
    retention: RetentionShape = RetentionShape()
    """How long things are kept, counted from when they were found."""
    web: WebShape = WebShape()
    """The pages."""
    sentiment: Literal["auto", "quality", "fast"] = "auto"
    """How sentiment is read; auto is quality where the weights of its encoder are installed, else fast."""


# Where each model stands, by the keys that lead there without indexes and given names; for hints on unknown keys.
SHAPES: Mapping[tuple[str, ...], type[Shape]] = {
    (): RootShape,
    ("brands",): BrandShape,
    ("brands", "context"): ContextShape,
    ("brands", "known_issues"): KnownIssueShape,
    ("brands", "own"): OwnShape,
    ("receivers",): ReceiverShape,
    ("receivers", "quiet"): QuietShape,
    ("receivers", "budget"): BudgetShape,
    ("receivers", "webhooks"): WebhookShape,
    ("receivers", "templates"): TemplatesShape,
    ("routes",): RouteShape,
    ("alerts",): AlertsShape,
    ("ratings",): RatingsShape,
    ("digests",): DigestShape,
    ("alarms",): AlarmsShape,
    ("playbooks",): PlaybookShape,
    ("office",): OfficeShape,
    ("fetch",): FetchShape,
    ("retention",): RetentionShape,
    ("web",): WebShape,
}
