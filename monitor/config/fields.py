"""The sorts of value that stand in sources.yaml: how each is read, and what is said when it cannot be.

Each is an annotated type for pydantic. A reader raises through `mistake`, which carries the message and the hint that
people see; it never quotes an address or a header, since either may hold a secret. Secrets come as the validation
context: a mapping from spelling to value. A text whose secret is not known is passed over, it has its fault already.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, StringConstraints, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from monitor.config.secrets import reveal
from monitor.errors import QueryError
from monitor.models import Network
from monitor.query import parse

_UNITS: Mapping[str, timedelta] = {
    "y": timedelta(days=365),
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_DURATION = "".join(rf"(?:([0-9]{{1,6}}){unit})?" for unit in _UNITS)
_NAME = re.compile(r"\w[\w.@+-]{0,63}")
_CODE = re.compile(r"[a-z]{2,3}")
_DOMAIN = re.compile(r"(?:[\w-]{1,63}\.)+[\w-]{2,63}")
_MAIL = re.compile(r"[^@\s<>,;:]+@[^@\s<>,;:/]+")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_EXAMPLE = re.compile(r"(?:^|\.)example\.(?:com|net|org)$")
_LOCAL_NAME = re.compile(r"[^.]+|.*\.(?:localhost|local|lan|internal|home\.arpa)")

# What fetching decides for itself; a source that could change it would break the bounds.
_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "host",
        "if-modified-since",
        "if-none-match",
        "te",
        "transfer-encoding",
    }
)


def mistake(message: str, hint: str = "") -> PydanticCustomError:
    """A mistake in plain words, to be raised by a reader."""
    return PydanticCustomError("mistake", "{message}", {"message": message, "hint": hint})


def _known(info: ValidationInfo) -> Mapping[str, str]:
    return info.context if info.context is not None else {}


# ── Text ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _clean(text: str) -> str:
    if not text.isprintable():
        raise mistake("holds a control character or a line break")
    return text


def _searchable(text: str) -> str:
    if not any(character.isalnum() for character in text):
        raise mistake("has no letter or digit to look for")
    return text


def _name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        raise mistake("is no name", "up to 64 letters, digits, and . _ - @ +, starting with a letter or digit")
    return text


def _code(text: str) -> str:
    if _CODE.fullmatch(text) is None:
        raise mistake("is no language", "write its two-letter code, such as en or ru")
    return text


def _domain(text: str) -> str:
    if _DOMAIN.fullmatch(text) is None:
        raise mistake("is no domain", "write shop.example, without https:// and path")
    return text.lower()


def _match(text: str) -> str:
    try:
        parse(text)
    except QueryError as error:
        raise mistake(f"at character {error.position + 1}: {error.message}") from None
    return text


_OF_A_POST = frozenset({"", "title", "author", "site", "lang", "type", "rating"})


def _about_posts(text: str) -> str:
    for term in parse(text).terms():
        if (field := getattr(term, "field", None)) is None:
            continue
        if field not in _OF_A_POST:
            hint = f"only words and {', '.join(sorted(_OF_A_POST - {''}))} are known then"
            raise mistake(f"a brand's rule cannot ask for {field}: it looks at the post before it is judged", hint)
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_clean)]
Term = Annotated[Text, AfterValidator(_searchable)]
OneOrMore = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Name = Annotated[str, AfterValidator(_name)]
Code = Annotated[str, AfterValidator(_code)]
Domain = Annotated[str, AfterValidator(_domain)]
Filter = Annotated[str, AfterValidator(_match)]
BrandRule = Annotated[Filter, AfterValidator(_about_posts)]


# ── Time ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def duration(value: object) -> timedelta:
    """Time as in `30s`, `2m`, `1h30m`, `3y`: the largest unit first, a year is 365 days."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise mistake("a duration needs a unit", f"write {value}s or {value}m")
    found = re.fullmatch(_DURATION, value) if isinstance(value, str) else None
    if not value or found is None:
        raise mistake("is no duration", "write 30s, 2m, 1h30m, 7d or 3y; whole numbers, the largest unit first")
    return sum((int(n or 0) * unit for n, unit in zip(found.groups(), _UNITS.values(), strict=True)), timedelta())


def spell_duration(value: timedelta) -> str:
    """Time as `duration` reads it, in the largest unit that divides it."""
    fitting = (f"{value // unit}{name}" for name, unit in _UNITS.items() if value >= unit and not value % unit)
    return next(fitting, "0s")


def between(low: str, high: str) -> AfterValidator:
    """A bound on a duration, both ends included."""
    shortest, longest = duration(low), duration(high)

    def check(value: timedelta) -> timedelta:
        if not shortest <= value <= longest:
            raise mistake(f"must be between {low} and {high}")
        return value

    return AfterValidator(check)


Duration = Annotated[
    timedelta,
    BeforeValidator(duration),
    PlainSerializer(spell_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": rf"^(?=.){_DURATION}$", "examples": ["30s", "5m", "1h30m", "3y"]}),
]


# ── Addresses ───────────────────────────────────────────────────────────────────────────────────────────────────────


WEB = ("http", "https")


def split_http(text: str) -> SplitResult:
    """The parts of an http or https address; raises a mistake when it is none."""
    return split_url(text, WEB)


def split_url(text: str, schemes: tuple[str, ...]) -> SplitResult:
    """The parts of an address with one of these schemes; raises a mistake when it is none."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise mistake("is no address") from None
    if port == 0:
        raise mistake("there is no port 0")
    if parts.scheme not in schemes or not parts.hostname:
        usual = "https" if "https" in schemes else schemes[0]
        raise mistake(f"is no {' or '.join(schemes)} address", f"write it whole, as in {usual}://host/path")
    if not text.isprintable() or " " in text:
        raise mistake("an address holds no space or control character", "write a space as %20")
    return parts


def _network(value: object) -> Network:
    if not isinstance(value, str):
        raise mistake("is no network", "write 127.0.0.0/8 or one address")
    try:
        return ip_network(value)
    except ValueError:
        pass
    try:
        wider = ip_network(value, strict=False)
    except ValueError:
        raise mistake("is no network", "write 127.0.0.0/8 or one address") from None
    raise mistake("has bits after its prefix", f"write {wider}")


def _address(text: str, info: ValidationInfo, schemes: tuple[str, ...] = WEB) -> str:
    """A source's address stays as it is spelt; what its secrets make of it is checked."""
    plain = reveal(text, _known(info))
    if plain is None:
        return text
    host = split_url(plain, schemes).hostname or ""
    allow = info.data.get("allow")
    if allow is not None and _is_private(host) and not reaches(host, allow):
        raise mistake("is a private address, which is never dialled", "list its network in allow")
    return text


def _is_private(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def reaches(host: str, allow: list[Network]) -> bool:
    """Whether `allow` covers a host; a local name counts as covered by any network, since names are not looked up."""
    try:
        address = ip_address(host)
    except ValueError:
        return bool(allow) and _LOCAL_NAME.fullmatch(host) is not None
    return any(address in network for network in allow)


def _proxy(text: str, info: ValidationInfo) -> str:
    plain = reveal(text, _known(info))
    if plain is None:
        return text
    scheme, _, rest = plain.partition("://")
    if scheme not in {"http", "socks5"}:
        raise mistake("is no proxy", "write http://host:port or socks5://host:port")
    host = split_http(f"http://{rest}").hostname or ""
    allow = info.data.get("allow")
    if allow is not None and _is_private(host) and not reaches(host, allow):
        raise mistake("is a private address, which is never dialled", "list its network in allow")
    return text


def _base_url(text: str) -> str:
    split_http(text)
    return text.rstrip("/")


def _listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    try:
        fits = 0 <= int(port) <= 65535
        ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        fits = False
    if not fits:
        raise mistake("is no address to listen on", "write 127.0.0.1:8321 or [::1]:8321")
    return value


def _apprise(text: str, info: ValidationInfo) -> str:
    """A receiver's address stays as it is spelt; only its form can be told without Apprise."""
    plain = reveal(text, _known(info))
    if plain is not None and re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", plain) is None:
        raise mistake("is no Apprise address", "it starts like mailto://, slack:// or json://")
    if plain is not None and not plain.isprintable():
        raise mistake("holds a control character or a line break")
    return text


def _webhook(text: str, info: ValidationInfo) -> str:
    """A program's address stays as it is spelt; what its secrets make of it is checked."""
    plain = reveal(text, _known(info))
    if plain is not None:
        split_http(plain)
    return text


def _contact(text: str, info: ValidationInfo) -> str:
    plain = reveal(text, _known(info))
    if plain is None:
        return text
    if not plain.isascii() or not plain.isprintable() or len(plain) > 200:
        raise mistake("must be plain ASCII", "it goes into the User-Agent")
    if _MAIL.fullmatch(plain) is not None:
        host = plain.rpartition("@")[2]
    elif plain.startswith(("http://", "https://")):
        host = split_http(plain).hostname or ""
    else:
        raise mistake("is neither an e-mail address nor a page", "write where the owner of a site can reach you")
    if _EXAMPLE.search(host.lower()) is not None:
        raise mistake("is only an example", "write where the owner of a site can reach you")
    return plain


def address_of(schemes: tuple[str, ...]) -> Any:
    """The type of a source's address where its kind reads no web pages."""
    return Annotated[str, AfterValidator(lambda text, info: _address(text, info, schemes))]


Allowed = Annotated[
    Any,
    BeforeValidator(_network),
    WithJsonSchema({"type": "string", "description": "A network or an address.", "examples": ["127.0.0.0/8"]}),
]
Address = Annotated[str, AfterValidator(_address)]
Proxy = Annotated[str, AfterValidator(_proxy)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
Listen = Annotated[str, AfterValidator(_listen)]
AppriseUrl = Annotated[str, AfterValidator(_apprise)]
WebhookUrl = Annotated[str, AfterValidator(_webhook)]
Contact = Annotated[Text, AfterValidator(_contact)]


# ── Headers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _header_name(text: str) -> str:
    if _HEADER.fullmatch(text) is None:
        raise mistake("is no header's name")
    if text.lower() in _OWN_HEADERS:
        raise mistake("is set by fetching itself", "remove the line")
    return text


def _header_value(text: str, info: ValidationInfo) -> str:
    plain = reveal(text, _known(info))
    if plain is not None and not (plain.isascii() and plain.isprintable()):
        raise mistake("a header holds only printable ASCII")
    return text


HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[str, AfterValidator(_header_value)]
