"""What single keys cannot know: names that repeat, routes that lead nowhere, and what deserves a warning.

These checks look at the plain data, so that they speak even while other keys are wrong.
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from monitor.config.faults import closest
from monitor.config.routechecks import (
    SPECIAL_CASES,
    entries,
    leading_nowhere,
    mapping_at,
    named_receivers,
    never_asked,
    never_holding,
    unknown_receivers,
    without_effect,
)
from monitor.config.secrets import literal_in, references, without_references
from monitor.models import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.config.document import Document, Place
    from monitor.errors import Fault

_PACKS = Path(__file__).parents[1] / "understanding" / "data" / "packs"
"""The context packs are the names of these files; what they say is not config's business."""
_PLAYBOOKS = Path(__file__).parents[1] / "cases" / "data" / "playbooks.toml"
"""Their names, and levels of special cases, tell which classes of cases there are."""
_SECRET_HEADERS = ("authorization", "cookie", "key", "secret", "token")
_NO = frozenset({"false", "no", "off", "n", "f", "0"})  # as pydantic reads them; YAML 1.2 knows only the first
_SECRET_PARAMETERS = ("key", "pass", "secret", "sig", "token")


def cross_faults(document: Document) -> list[Fault]:
    """Mistakes that show only when keys are seen together."""
    return [
        *_repeated(document, "brands"),
        *_repeated(document, "sources"),
        *_unknown_packs(document),
        *_repeated(document, "digests"),
        *unknown_receivers(document),
        *leading_nowhere(document),
    ]


def _repeated(document: Document, section: str) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for place, entry in entries(document, section):
        name = entry.get("name")
        if not isinstance(name, str):
            continue
        line = document.values[*place, "name"][0]
        if (same := name.casefold()) in seen:
            yield document.fault((*place, "name"), f"the name {name} repeats", f"first on line {seen[same]}")
        seen.setdefault(same, line)


def _unknown_packs(document: Document) -> Iterator[Fault]:
    known = sorted(path.stem for path in _PACKS.glob("*.toml"))
    for place, brand in entries(document, "brands"):
        listed = brand.get("context")
        for number, name in enumerate(listed if isinstance(listed, list) else []):
            # What is no name at all has its fault already.
            if isinstance(name, str) and name.replace("-", "").isalnum() and name not in known:
                place_of = (*place, "context", number)
                yield document.fault(place_of, f"there is no context pack {name!r}", closest(name, known))


def warnings(document: Document) -> list[Fault]:
    """What is allowed and still worth a word; asked of files without mistakes only."""
    return [
        *_nobody_told(document),
        *_playbooks_of_nothing(document),
        *_perhaps_persons(document),
        *without_effect(document),
        *never_asked(document),
        *never_holding(document),
        *_robots_ignored(document),
        *_web_open_to_all(document),
        *(_literal_secrets(document) if document.open_to_all else ()),
    ]


def _nobody_told(document: Document) -> Iterator[Fault]:
    receivers = mapping_at(document, "receivers")
    if not receivers:
        yield document.fault(
            ("receivers",), "there are none: mentions are recorded and shown, nobody is told", at_key=True
        )
    named = {to for _, to in named_receivers(document)}
    named |= {word for _, word in _words_of_playbooks(document)}
    for name in receivers:
        if name not in named:
            hint = "add a route, or tell a person there"
            yield document.fault(("receivers", name), "no route leads here", hint, at_key=True)


def _playbooks_of_nothing(document: Document) -> Iterator[Fault]:
    special = tomllib.loads(SPECIAL_CASES.read_text(encoding="utf-8")).items()
    known = {name for name, case in special if case["level"] != "info"}
    known |= {"confirmed_by_others", *tomllib.loads(_PLAYBOOKS.read_text(encoding="utf-8"))}
    for name in mapping_at(document, "playbooks"):
        if name not in known:
            message = f"no case is ever of the class {name!r}: nothing follows this playbook"
            yield document.fault(("playbooks", name), message, closest(name, sorted(known)), at_key=True)


def _perhaps_persons(document: Document) -> Iterator[Fault]:
    """Words that the file cannot explain; they may be names of persons, whom the database knows."""
    known = {"owner", "founder", *Role, *mapping_at(document, "receivers")}
    for place, word in _words_of_playbooks(document):
        if word not in known:
            message = f"there is no role and no receiver {word!r}: it must be the name of a person"
            near = difflib.get_close_matches(word, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "monitor people list shows them"
            yield document.fault(place, message, hint)


def _words_of_playbooks(document: Document) -> Iterator[tuple[Place, str]]:
    """Whom playbooks tell, each with its place."""
    for name in mapping_at(document, "playbooks"):
        for key in ("ladder", "tell"):
            words = document.at(("playbooks", name, key))
            for number, word in enumerate(words if isinstance(words, list) else []):
                if isinstance(word, str):
                    yield ("playbooks", name, key, number), word.strip()


def _robots_ignored(document: Document) -> Iterator[Fault]:
    for place, source in entries(document, "sources"):
        if str(source.get("robots")).lower() in _NO:
            yield document.fault((*place, "robots"), "robots.txt is not asked before pages are read: you answer for it")


def _web_open_to_all(document: Document) -> Iterator[Fault]:
    listen = document.at(("web", "listen"))
    if isinstance(listen, str) and not listen.startswith(("127.", "[::1]")):
        yield document.fault(("web", "listen"), "whoever reaches this address reads everything", "listen on 127.0.0.1")


def _literal_secrets(document: Document) -> Iterator[Fault]:
    for place in _literal_places(document):
        message = "looks like a secret, and every user of this machine can read the file"
        yield document.fault(place, message, "write ${NAME}, or chmod o-r the file")


# Options of kinds and parameters of recipes, whichever: those that log in call them so.
_SECRET_OPTIONS = ("password", "app_password", "client_secret", "token", "api_key", "key")


def _literal_places(document: Document) -> Iterator[Place]:
    yield from _literal_targets(document)
    for place, source in entries(document, "sources"):
        if isinstance(url := source.get("url"), str) and _tells(url):
            yield *place, "url"
        for option in _SECRET_OPTIONS:
            if isinstance(value := source.get(option), str) and not references(value):
                yield *place, option
        headers = source.get("headers")
        for header, value in headers.items() if isinstance(headers, dict) else ():
            secret = any(word in header.lower() for word in _SECRET_HEADERS)
            if secret and isinstance(value, str) and not references(value):
                yield *place, "headers", header


def _literal_targets(document: Document) -> Iterator[Place]:
    for name in mapping_at(document, "receivers"):
        urls = document.at(("receivers", name, "urls"))
        for index, url in enumerate(urls if isinstance(urls, list) else []):
            if isinstance(url, str) and literal_in(url):
                yield "receivers", name, "urls", index
        for place, webhook in entries(document, "receivers", name, "webhooks"):
            if isinstance(url := webhook.get("url"), str) and (literal_in(url) or _tells(url)):
                yield *place, "url"
            if isinstance(secret := webhook.get("secret"), str) and not references(secret):
                yield *place, "secret"


def _tells(url: str) -> bool:
    """Whether an address spells out a password, or a parameter that is named like a secret."""
    bare = without_references(url)
    try:
        query, password = urlsplit(bare).query, urlsplit(bare).password
    except ValueError:  # a host in brackets that is itself a secret
        return False
    return bool(password) or any(
        value and any(word in key.lower() for word in _SECRET_PARAMETERS) for key, value in parse_qsl(query)
    )
