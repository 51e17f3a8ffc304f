"""The one way from a file to a Config: read, look secrets up, check everything, then build. All or nothing."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from monitor.config.checks import cross_faults, warnings
from monitor.config.document import Document, read_document
from monitor.config.faults import closest, translate
from monitor.config.kindshapes import make_options, options_shape_of, shape_of
from monitor.config.recipes import fill_in
from monitor.config.record import AlertSettings, Config, RetentionSettings, WebSettings
from monitor.config.routechecks import entries
from monitor.config.secrets import Missing, look_up, references, sensitive
from monitor.config.shape import Shape
from monitor.config.shapes import (
    BrandShape,
    CommonShape,
    ContextShape,
    KnownIssueShape,
    NamelessShape,
    OfficeShape,
    PlaybookShape,
    RootShape,
)
from monitor.config.telling import digest_of, ratings_of, receiver_of, routes_of
from monitor.errors import ConfigError, InputError
from monitor.models import (
    AlarmSettings,
    Backfill,
    Brand,
    Content,
    FetchSettings,
    OfficeHours,
    PlaybookSettings,
    Source,
    Tier,
)
from monitor.sources import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from monitor.config.document import Place
    from monitor.config.recipes import Filled
    from monitor.errors import Fault

S = TypeVar("S", bound=Shape)

_MAY_HOLD_SECRETS = frozenset({"contact", "sources", "receivers"})
_MAY_HOLD = "only contact, sources and receivers may hold secrets"
_COPIED = ("name", "kind", "url", "recipe", "every", "weight", "lang", "max_pages", "robots", "enabled")


def load(path: Path, *, environ: Mapping[str, str]) -> Config:
    """Read sources.yaml; secrets come from `environ` and from the files that it names.

    Raises `errors.ConfigError` with every mistake, in the order of the file; also when the file cannot be read.
    """
    document = read_document(path)
    known = _look_up_all(document, environ, path.parent)
    root = _checked(RootShape, document, (), known)
    sources = [_source(document, place, known) for place, _ in entries(document, "sources")]
    faults = [*document.faults, *cross_faults(document)]
    if faults or root is None:
        raise ConfigError(_in_order(faults))
    return _built(root, tuple(filter(None, sources)), known=known, document=document)


def load_brands(path: Path) -> tuple[Brand, ...]:
    """The brands alone: to judge, no secret and no source is needed. Raises `errors.ConfigError`."""
    document = read_document(path)
    listed = document.at(("brands",))
    if not isinstance(listed, list) or not listed:
        raise ConfigError([document.fault(("brands",), "must be a list with at least one brand")])
    shapes = [_checked(BrandShape, document, ("brands", number), {}) for number in range(len(listed))]
    if document.faults:
        raise ConfigError(_in_order(document.faults))
    return tuple(_brand(shape) for shape in shapes if shape is not None)


def load_tier(path: Path) -> Tier:
    """How sentiment is to be read, alone, as in `load_brands`. Raises `errors.ConfigError`."""
    document = read_document(path)
    match document.at(("sentiment",)):
        case None:
            return Tier.AUTO
        case str(word) if word in list(Tier):
            return Tier(word)
    raise ConfigError([document.fault(("sentiment",), f"must be one of {', '.join(Tier)}")])


def kind_options(kind: str, text: str) -> object:
    """A kind's options record from a JSON object. Raises `errors.InputError` with every mistake."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"options: is no JSON: {error}") from None
    document = Document(file="options", data=data)
    shape = _checked(options_shape_of(kind), document, (), {}, kind=kind)
    if shape is None:
        # The place in the line is unknown, so a fault is told by its key.
        said = [str(fault).partition(":1:1: ")[2] for fault in document.faults]
        raise InputError(f"options: {'; '.join(said)}")
    try:
        return make_options(kind, shape)
    except ValueError as error:
        raise InputError(f"options: {error}") from None


def _in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Faults in the order of the file; of several about one place the first, since the others follow from it."""
    first: dict[tuple[int, int, str], Fault] = {}
    for fault in faults:
        first.setdefault((fault.line, fault.column, fault.path), fault)
    return tuple(first[place] for place in sorted(first))


# ── Secrets ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _look_up_all(document: Document, environ: Mapping[str, str], beside: Path) -> dict[str, str]:
    """Each secret that the file names, with its value; those that have none become faults."""
    known: dict[str, str] = {}
    for place, text in _texts(document.data, ()):
        for reference in references(text):
            if place[0] not in _MAY_HOLD_SECRETS:
                document.faults.append(document.fault(place, "a secret may not stand here", _MAY_HOLD))
                continue
            value = look_up(reference, environ=environ, beside=beside)
            if isinstance(value, Missing):
                document.faults.append(document.fault(place, value.message, value.hint))
            else:
                known[reference] = value
    return known


def _texts(data: object, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(data, str):
        yield place, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _texts(value, (*place, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _texts(value, (*place, index))


# ── Checking ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _checked(
    shape: type[S],
    document: Document,
    place: Place,
    known: Mapping[str, str],
    *,
    kind: str = "",
    filled: Filled | None = None,
) -> S | None:
    """What stands at a place, checked; None when it has faults, which the document collects."""
    try:
        return shape.model_validate(filled.data if filled else document.at(place), context=known)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        if filled:
            document.faults += filled.faults(details, document, place)
        else:
            document.faults += translate(details, document, under=place, kind=kind)
        return None


def _source(document: Document, place: Place, known: Mapping[str, str]) -> Source | None:
    recipe = document.at((*place, "recipe"))
    filled = fill_in(document, place, recipe) if isinstance(recipe, str) else None
    if isinstance(recipe, str) and filled is None:
        _checked(NamelessShape, document, place, known)
        return None
    kind = filled.recipe.kind if filled else document.at((*place, "kind"))
    if not isinstance(kind, str) or kind not in KINDS:
        # Its options cannot be told from typing errors, so only the common keys are checked.
        _checked(CommonShape, document, place, known)
        if isinstance(kind, str):
            hint = closest(kind, list(KINDS))
            document.faults.append(document.fault((*place, "kind"), f"there is no kind {kind!r}", hint))
        return None
    shape = _checked(shape_of(kind), document, place, known, kind=kind, filled=filled)
    if shape is None:
        return None
    try:
        options = make_options(kind, shape)
    except ValueError as error:  # what the record refuses is for the kind to say
        document.faults.append(document.fault(place, str(error)))
        return None
    common = {name: getattr(shape, name) for name in _COPIED}
    return Source(
        **common,
        options=options,
        allow=tuple(shape.allow),
        backfill=Backfill(shape.backfill),
        content=Content(shape.content),
        headers=tuple(shape.headers.items()),
        proxy=shape.proxy,
        learns="every" not in shape.model_fields_set,
    )


# ── Building ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _built(root: RootShape, sources: tuple[Source, ...], *, known: Mapping[str, str], document: Document) -> Config:
    receivers = {name: receiver_of(name, shape, known) for name, shape in root.receivers.items()}
    values = [
        value for reference, value in known.items() if reference not in references(str(document.at(("contact",))))
    ]
    targets = [target for receiver in receivers.values() for target in receiver.targets]
    values += [text for target in targets for text in (target.url, target.secret) if text]
    host, _, port = root.web.listen.rpartition(":")
    canonical = json.dumps(document.data, sort_keys=True, ensure_ascii=False)
    return Config(
        brands=tuple(map(_brand, root.brands)),
        sources=sources,
        receivers=tuple(receivers.values()),
        routes=routes_of(root.routes),
        alerts=AlertSettings(**root.alerts.model_dump()),
        ratings=ratings_of(root.ratings),
        digests=tuple(digest_of(digest, receivers) for digest in root.digests),
        alarms=AlarmSettings(to=None if root.alarms.to is None else tuple(root.alarms.to), after=root.alarms.after),
        playbooks={name: _playbook(shape) for name, shape in root.playbooks.items()},
        office=_office(root.office) if root.office else None,
        fetch=FetchSettings(contact=root.contact, **root.fetch.model_dump()),
        retention=RetentionSettings(**root.retention.model_dump()),
        web=WebSettings(
            host=host.strip("[]"),
            port=int(port),
            base_url=root.web.base_url or f"http://{root.web.listen}",
            given_base_url=root.web.base_url,
        ),
        sentiment=Tier(root.sentiment),
        warnings=_in_order(warnings(document)),
        fingerprint=hashlib.sha256(canonical.encode()).hexdigest()[:16],
        references=known,
        secrets=sensitive(values),
    )


def _brand(shape: BrandShape) -> Brand:
    words = shape.context if isinstance(shape.context, ContextShape) else ContextShape()
    packs = () if isinstance(shape.context, ContextShape) else tuple(shape.context)
    issues = {
        name: said if isinstance(said, KnownIssueShape) else KnownIssueShape(words=said)
        for name, said in shape.known_issues.items()
    }
    return Brand(
        name=shape.name,
        aliases=tuple(shape.aliases),
        handles=tuple(shape.handles),
        context_packs=packs,
        context_any=tuple(words.any),
        context_none=tuple(words.none),
        exclude=tuple(shape.exclude),
        rule=shape.rule,
        own_domains=tuple(shape.own.domains),
        own_accounts=tuple(shape.own.accounts),
        vip=tuple(shape.vip),
        people=tuple(shape.people),
        known_issues=tuple((name, tuple(issue.words)) for name, issue in issues.items()),
        fixed=tuple((name, issue.fixed) for name, issue in issues.items() if issue.fixed is not None),
        competitor=shape.competitor,
    )


def _playbook(shape: PlaybookShape) -> PlaybookSettings:
    return PlaybookSettings(
        acknowledge=shape.acknowledge,
        resolve=shape.resolve,
        remind=shape.remind,
        pause=shape.pause,
        ladder=None if shape.ladder is None else tuple(shape.ladder),
        tell=None if shape.tell is None else tuple(shape.tell),
        duties=None if shape.duties is None else frozenset(shape.duties),
        always=shape.always,
        attempts=shape.attempts,
        templates=shape.templates,
    )


def _office(shape: OfficeShape) -> OfficeHours:
    begin, end = shape.hours
    return OfficeHours(zone=shape.zone, days=shape.days, begin=begin, end=end, holidays=frozenset(shape.holidays))
