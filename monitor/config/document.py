"""YAML text to plain data, with the line and column of every key and value.

The loader's own node tree is turned into dicts and lists here, because it is the only place where positions, repeated
keys and aliases can still be seen: all repeated keys are reported at once, and an alias is refused when what it stands
for grows beyond reason. A file that is no YAML gives one fault, since nothing after it can be trusted.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from monitor.errors import ConfigError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ruamel.yaml.nodes import Node

Step: TypeAlias = str | int
Place: TypeAlias = tuple[Step, ...]
Mark: TypeAlias = tuple[int, int]

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 20
MAX_NODES = 200_000

_IDENTIFIER = re.compile(r"[\w-]+")
_TEXT_TAGS = frozenset({"str", "timestamp"})  # a date without quotes is meant as text here: nothing takes a date
# What the loader says, and what people should read instead, with a hint.
_COMPLAINTS = (
    ("character '\\t'", "a tab stands where spaces are due", "YAML is indented with spaces"),
    ("character '@'", "text may not start with @", "put it in quotes"),
    ("character '`'", "text may not start with `", "put it in quotes"),
    ("alias", "an alias (*) that names nothing", "put text that starts with * in quotes"),
    ("maximum depth", f"more than {MAX_DEPTH} levels deep", ""),
    ("mapping values are not allowed", "a second colon on one line", 'put text that holds ": " in quotes'),
    ("another document", "a second document starts here", "remove the ---"),
)
_NEEDED = "at least contact, brands and sources are needed"


@dataclass(slots=True)
class Document:
    """A file that was read: `data` is made of dicts, lists and scalars; marks are (line, column), both from 1.

    `open_to_all` says that every user of the machine may read it.
    """

    file: str
    data: object = None
    open_to_all: bool = False
    values: dict[Place, Mark] = field(default_factory=dict)
    keys: dict[Place, Mark] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, place: Place, message: str, hint: str = "", *, at_key: bool = False) -> Fault:
        """A mistake at a place: at its value, or at its key; where neither is written, at what should hold it."""
        known = self.keys if at_key and place in self.keys else self.values
        held = place
        while held not in known and held:
            held, known = held[:-1], self.values
        line, column = known.get(held, (1, 1))
        return Fault(file=self.file, line=line, column=column, path=spell(place), message=message, hint=hint)

    def at(self, place: Place) -> object:
        """The data at a place, None where there is none."""
        found = self.data
        for step in place:
            match found, step:
                case dict(), _:
                    found = found.get(step)
                case list(), int() if step < len(found):
                    found = found[step]
                case _:
                    return None
        return found


def spell(place: Place) -> str:
    """A place as people write it: `sources[2].url`."""
    spelt = ""
    for step in place:
        if isinstance(step, int):
            spelt += f"[{step}]"
        elif _IDENTIFIER.fullmatch(step):
            spelt += f".{step}" if spelt else step
        else:
            spelt += f'["{step}"]'
    return spelt


def read_document(path: Path) -> Document:
    """Read a file. Raises `errors.ConfigError` when it cannot be read at all; lesser faults stay in the Document."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
            mode = os.fstat(file.fileno()).st_mode
    except OSError as error:
        raise ConfigError([Fault(str(path), 1, 1, "", f"cannot be read: {error.strerror}")]) from None
    document = Document(file=str(path), open_to_all=bool(mode & stat.S_IROTH))
    if len(raw) > MAX_BYTES:
        raise ConfigError([document.fault((), f"is larger than {MAX_BYTES // 1024} kB")])
    root = _compose(_decode(raw, document.file), document.file)
    if root is None:
        raise ConfigError([document.fault((), "is empty", _NEEDED)])
    if not isinstance(root, MappingNode):
        raise ConfigError([document.fault((), "must be a mapping of keys to values", _NEEDED)])
    document.data = _Builder(document).build(root, ())
    return document


def _decode(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        raise ConfigError([Fault(file, line, column, "", message, "save the file as UTF-8")]) from None


def _compose(text: str, file: str) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    yaml.composer.warn_double_anchors = False
    try:
        return yaml.compose(text)  # type: ignore[no-any-return]  # ruamel does not say
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
        raise ConfigError([Fault(file, line, column, "", *_plain(error))]) from None
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        code = error.character if isinstance(error.character, int) else ord(error.character)
        raise ConfigError([Fault(file, line, column, "", f"character U+{code:04X} may not stand in YAML")]) from None


def _plain(error: MarkedYAMLError) -> tuple[str, str]:
    """The loader's complaint without its quotation of the file, which may hold a secret; and a hint."""
    said = f"{error.context or ''} {error.problem or ''}"
    for fragment, message, hint in _COMPLAINTS:
        if fragment in said:
            return message, hint
    return f"is not YAML: {error.problem or error.context}", "a quote or a bracket may be missing here or above"


class _Builder:
    """Turns nodes into data; counts what it makes, so that aliases cannot multiply without end."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.made = 0
        self.open: list[Node] = []

    def build(self, node: Node, place: Place) -> object:
        self.made += 1
        if self.made > MAX_NODES:
            too_many = f"more than {MAX_NODES} values once aliases are followed"
            raise ConfigError([self.fault(node, place, too_many)])
        if any(node is outer for outer in self.open):
            self.report(node, place, "an alias stands inside what it names")
            return None
        self.document.values[place] = _mark(node)
        self.open.append(node)
        data: object
        if isinstance(node, MappingNode):
            data = self.mapping(node, place)
        elif isinstance(node, SequenceNode):
            data = [self.build(item, (*place, index)) for index, item in enumerate(node.value)]
        else:
            data = self.scalar(node, place)
        self.open.pop()
        return data

    def mapping(self, node: MappingNode, place: Place) -> dict[str, object]:
        data: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.report(key, place, "a key must be plain text")
                continue
            name = str(key.value)
            inner = (*place, name)
            if name == "<<":
                self.report(key, inner, "merge keys are not supported", "write the keys out")
            elif inner in self.document.keys:
                self.report(key, inner, "is written twice", f"first on line {self.document.keys[inner][0]}")
            else:
                self.document.keys[inner] = _mark(key)
                data[name] = self.build(value, inner)
        return data

    def scalar(self, node: Node, place: Place) -> object:
        tag, text = str(node.tag).rpartition(":")[2], str(node.value)
        if tag in _TEXT_TAGS:
            return text
        if tag not in _READERS:
            self.report(node, place, f"the tag {node.tag} is not supported", "write text, a number, true or false")
            return None
        try:
            return _READERS[tag](text)
        except ValueError:
            self.report(node, place, f"{text[:40]!r} cannot be read as {tag}", "put text in quotes")
            return None

    def fault(self, node: Node, place: Place, message: str, hint: str = "") -> Fault:
        line, column = _mark(node)
        return Fault(self.document.file, line, column, spell(place), message, hint)

    def report(self, node: Node, place: Place, message: str, hint: str = "") -> None:
        self.document.faults.append(self.fault(node, place, message, hint))


def _mark(node: Node) -> Mark:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _integer(text: str) -> int:
    return int(text, 0 if text.lstrip("+-")[:2] in {"0x", "0o", "0b"} else 10)


_READERS: Mapping[str, Callable[[str], object]] = {
    "int": _integer,
    "float": float,
    "bool": lambda text: text.lower() == "true",
    "null": lambda _text: None,
}
