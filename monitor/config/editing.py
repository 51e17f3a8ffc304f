"""sources.yaml is written here, and nowhere else: an entry is put behind the last source, every other byte stays.

An entry is also spelt and checked alone, so that what is proposed to people is known to load.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, SequenceNode

from monitor.config.document import read_document
from monitor.config.loading import load
from monitor.config.secrets import references
from monitor.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ruamel.yaml.nodes import Node

    from monitor.models import JSON, Source

WIDTH: Final = 118
"""Characters of a line that an entry may fill."""

_PLAIN: Final = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_]\w*)\}")
_ALONE: Final = 'contact: discover@monitor.invalid\nbrands: [{name: "x"}]\nsources:\n'


# ── Spelling ────────────────────────────────────────────────────────────────────────────────────────────────────────


def spell_entry(entry: Mapping[str, JSON], *, indent: int = 2) -> str:
    """An entry as lines of YAML for the list of sources, each with a line break; on one line where it fits."""
    pad = " " * indent
    line = f"{pad}- {_flow(dict(entry))}"
    if len(line) <= WIDTH and not any(isinstance(value, dict) for value in entry.values()):
        return f"{line}\n"
    first, *others = _block(entry, indent + 2)
    return "".join(f"{line}\n" for line in (f"{pad}- {first.lstrip()}", *others))


def _block(mapping: Mapping[str, JSON], indent: int) -> Iterator[str]:
    for key, value in mapping.items():
        line = f"{' ' * indent}{_flow(key)}: {_flow(value)}"
        if isinstance(value, dict) and value and len(line) > WIDTH:
            yield f"{' ' * indent}{_flow(key)}:"
            yield from _block(value, indent + 2)
        else:
            yield line


def _flow(value: JSON) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


# ── Checking ────────────────────────────────────────────────────────────────────────────────────────────────────────


def load_entry(entry: Mapping[str, JSON]) -> Source:
    """The source that an entry makes, read by `load` from the entry's own spelling.

    Its secrets need not be known. Raises `errors.ConfigError` with what is wrong with it.
    """
    text = spell_entry(entry)
    environ = {found.group(1): "unknown" * 2 for found in map(_VARIABLE.fullmatch, references(text)) if found}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "entry.yaml"
        path.write_text(_ALONE + text, encoding="utf-8")
        return load(path, environ=environ).sources[0]


# ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def append_source(path: Path, entry: Mapping[str, JSON], *, environ: Mapping[str, str]) -> Source:
    """Put an entry behind the last source of a file, which stays as it is otherwise; the source that it makes.

    The new file is loaded before it takes the place of the old one, whose mode and owner it keeps. Raises
    `errors.ConfigError` where the file is or would be wrong, `errors.InputError` where the source is already there or
    the file cannot be written.
    """
    path = path.resolve()
    before = load(path, environ=environ)
    source = load_entry(entry)
    for other in before.sources:
        if other.name == source.name:
            raise InputError(f"{path}: there is a source {other.name!r} already; give another name with --name")
        if (other.kind, other.url, other.options) == (source.kind, source.url, source.options):
            raise InputError(f"{path}: {other.url} is watched already, as {other.name!r}")
    raw = path.read_bytes()
    text = raw.decode("utf-8")
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    changed = mark + _with_entry(text.removeprefix(mark), entry, path)
    _replace(path, raw, changed.encode(), entry, environ)
    return source


def _with_entry(text: str, entry: Mapping[str, JSON], path: Path) -> str:
    """The text with the entry in its list of sources."""
    root = YAML(typ="safe", pure=True).compose(text)
    listed = next((value for key, value in root.value if key.value == "sources"), None)
    if not isinstance(root, MappingNode) or root.flow_style or not isinstance(listed, SequenceNode):
        raise InputError(f"{path}: sources is not written as a list of its own; add the entry by hand")
    end = "\r\n" if "\r\n" in text else "\n"
    if listed.flow_style:
        close = listed.end_mark.index - 1
        before = text[:close].rstrip()
        joined = "" if before.endswith((",", "[")) else ", "
        return f"{text[:close].rstrip(' ')}{joined}{_flow(dict(entry))}{text[close:]}"
    spelt = spell_entry(entry, indent=listed.start_mark.column).replace("\n", end)
    last = _last_character(listed)
    place = text.find("\n", max(last - 1, 0)) + 1
    if not place:
        return f"{text}{end}{spelt}"
    return f"{text[:place]}{spelt}{text[place:]}"


def _last_character(node: Node) -> int:
    """Where what a node says ends; the mark of a block collection stands only before what comes after it."""
    if isinstance(node, SequenceNode | MappingNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_character(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _replace(path: Path, raw: bytes, changed: bytes, entry: Mapping[str, JSON], environ: Mapping[str, str]) -> None:
    """Write beside the file, load what was written, and put it in the file's place."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise InputError(f"{path.parent}: cannot be written: {error.strerror}") from None
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(changed)
            file.flush()
            _keep_owner(path, file.fileno())
            os.fsync(file.fileno())
        before, after = read_document(path).data, read_document(beside).data
        if not isinstance(before, dict) or after != {**before, "sources": [*before["sources"], dict(entry)]}:
            raise InputError(f"{path}: the entry cannot be put into its list of sources; add it by hand")
        load(beside, environ=environ)
        if path.read_bytes() != raw:
            raise InputError(f"{path}: was changed meanwhile; nothing is written")
        beside.replace(path)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


def _keep_owner(path: Path, handle: int) -> None:
    """Mode and owner of the file for the one that will take its place."""
    was, now = path.stat(), os.fstat(handle)
    if (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
        try:
            os.fchown(handle, was.st_uid, was.st_gid)
        except PermissionError:
            raise InputError(f"{path}: belongs to another user; run this as its owner") from None
    os.fchmod(handle, was.st_mode & 0o7777)
