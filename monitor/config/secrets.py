"""Secrets: three spellings, where they are looked up, and which values must be kept out of sight.

The configuration keeps the spelling (`${NAME}`); the value is looked up once, when the file is loaded, so that a
missing one is a mistake with a line number and not a failure at night.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MAX_BYTES = 64 * 1024
MIN_LENGTH = 4
SPELLINGS = "write ${NAME}, ${file:PATH} or ${credential:NAME}"

_REFERENCE = re.compile(r"\$\{[^{}]*\}?")
_INSIDE = re.compile(
    r"\$\{(?:(?P<name>[A-Za-z_]\w*)|file:(?P<file>[^{}\0]+)|credential:(?P<credential>\w[\w.@-]*))\}", re.ASCII
)
_PIECE = re.compile(r"[A-Za-z0-9_-]{16,}")


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a secret has no value; neither text quotes one."""

    message: str
    hint: str = ""


def references(text: str) -> list[str]:
    """The secrets that a text names, as they are spelt; a broken spelling is among them."""
    return _REFERENCE.findall(text)


def without_references(text: str) -> str:
    """What a text spells out itself."""
    return _REFERENCE.sub("", text)


def change_around(text: str, change: Callable[[str], str]) -> str:
    """The text with what it spells out itself changed, and its references as they are."""
    pieces, spelt = _REFERENCE.split(text), [*references(text), ""]
    return "".join(change(piece) + reference for piece, reference in zip(pieces, spelt, strict=True))


def reveal(text: str, known: Mapping[str, str]) -> str | None:
    """The text with its secrets put in, None when one of them is not known."""
    if any(reference not in known for reference in references(text)):
        return None
    return _REFERENCE.sub(lambda found: known[found[0]], text)


def look_up(reference: str, *, environ: Mapping[str, str], beside: Path) -> str | Missing:
    """The value of one secret, or why there is none; relative files stand `beside` the configuration."""
    found = _INSIDE.fullmatch(reference)
    if found is None:
        return Missing("this is not how a secret is spelt", SPELLINGS)
    if name := found["name"]:
        unset = Missing(f"the environment variable {name} is not set", f"set {name}, or remove the line")
        value = environ.get(name, unset)
    elif file := found["file"]:
        value = _read(
            beside / Path(file.strip()), f"the secret file {file.strip()}", "create it, readable for this user"
        )
    else:
        value = _credential(found["credential"], environ)
    if isinstance(value, str) and not value.strip():
        return Missing(f"the secret {reference} is empty")
    return value


def _credential(name: str, environ: Mapping[str, str]) -> str | Missing:
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        hint = "systemd sets it for LoadCredential= in a unit; elsewhere use ${NAME} or ${file:PATH}"
        return Missing(f"there is no CREDENTIALS_DIRECTORY for the credential {name}", hint)
    what = f"the credential {name}"
    hint = f"write /etc/monitor/credentials/{name}, or add LoadCredential={name}:/its/path to the unit"
    value = _read(Path(folder, name), what, hint)
    if isinstance(value, Missing):
        # LoadCredential= of a whole folder, as our unit has it, puts its own name before each file's.
        loaded = _read(Path(folder, f"monitor_{name}"), what, hint)
        return value if isinstance(loaded, Missing) else loaded
    return value


def _read(path: Path, what: str, hint: str) -> str | Missing:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        text = raw.decode("utf-8")
    except OSError as error:
        return Missing(f"{what} cannot be read: {error.strerror}", hint)
    except UnicodeDecodeError:
        return Missing(f"{what} is not UTF-8 text")
    if len(raw) > MAX_BYTES or "\0" in text:
        return Missing(f"{what} is no secret: more than {MAX_BYTES // 1024} kB, or binary")
    return text.strip("\r\n")


def literal_in(text: str) -> bool:
    """Whether a text spells a secret out: a password before the host, or a run of letters and digits like a token."""
    bare = without_references(text)
    return bool(_password(bare)) or any(map(_is_token, _PIECE.findall(bare)))


def sensitive(values: Iterable[str]) -> tuple[str, ...]:
    """The values and what is secret inside them (passwords, tokens), longest first: what may appear nowhere.

    What is shorter than four characters is left out: blanking it would blank words and protect nothing.
    """
    found: set[str] = set()
    for value in values:
        password = _password(value)
        inside = [piece for piece in _PIECE.findall(value) if _is_token(piece)]
        found.update(secret for secret in (value, password, unquote(password), *inside) if len(secret) >= MIN_LENGTH)
    return tuple(sorted(found, key=lambda secret: (-len(secret), secret)))


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:  # brackets that are no address: there is no password to find
        return ""


def _is_token(piece: str) -> bool:
    return any(map(str.isdigit, piece)) and any(map(str.isalpha, piece))
