"""As much of JSON Schema as docs/webhook.schema.json uses; a keyword that it does not know is an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_SILENT: Final = {"$schema", "$defs", "title", "description"}


def faults(value: Any, schema: Mapping[str, Any], *, root: Mapping[str, Any], at: str = "$") -> Iterator[str]:
    """Where a value is not as the schema says."""
    for keyword, asked in schema.items():
        if keyword in _SILENT or (keyword == "additionalProperties" and "type" in schema and value is None):
            continue
        yield from _KEYWORDS[keyword](value, asked, schema, root, at)


def _ref(value: Any, asked: str, _schema: Any, root: Mapping[str, Any], at: str) -> Iterator[str]:
    yield from faults(value, root["$defs"][asked.removeprefix("#/$defs/")], root=root, at=at)


def _type(value: Any, asked: str | list[str], _schema: Any, _root: Any, at: str) -> Iterator[str]:
    names = [asked] if isinstance(asked, str) else asked
    fits = [isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool)) for name in names]
    if not any(fits):
        yield f"{at} is {value!r}, not {asked}"


def _properties(value: Any, asked: Mapping[str, Any], _schema: Any, root: Any, at: str) -> Iterator[str]:
    for name, schema in asked.items():
        if name in value:
            yield from faults(value[name], schema, root=root, at=f"{at}.{name}")


def _required(value: Any, asked: list[str], _schema: Any, _root: Any, at: str) -> Iterator[str]:
    yield from (f"{at} has no {name}" for name in asked if name not in value)


def _others(value: Any, asked: Any, schema: Mapping[str, Any], root: Any, at: str) -> Iterator[str]:
    for name in value.keys() - schema.get("properties", {}).keys():
        if asked is False:
            yield f"{at} has {name}"
        else:
            yield from faults(value[name], asked, root=root, at=f"{at}.{name}")


def _items(value: Any, asked: Any, _schema: Any, root: Any, at: str) -> Iterator[str]:
    for number, item in enumerate(value):
        yield from faults(item, asked, root=root, at=f"{at}[{number}]")


def _one_of(value: Any, asked: list[Any], _schema: Any, root: Any, at: str) -> Iterator[str]:
    found = [list(faults(value, schema, root=root, at=at)) for schema in asked]
    if sum(not one for one in found) != 1:
        yield f"{at} fits {sum(not one for one in found)} of them: {min(found, key=len)}"


def _number(is_wrong: Any, word: str) -> Any:
    def check(value: Any, asked: float, _schema: Any, _root: Any, at: str) -> Iterator[str]:
        if isinstance(value, int | float) and is_wrong(value, asked):
            yield f"{at} is {value}, {word} {asked}"

    return check


def _pattern(value: Any, asked: str, _schema: Any, _root: Any, at: str) -> Iterator[str]:
    if isinstance(value, str) and not re.search(asked, value):
        yield f"{at} is {value!r}"


def _const(value: Any, asked: Any, _schema: Any, _root: Any, at: str) -> Iterator[str]:
    if value != asked:
        yield f"{at} is {value!r}, not {asked!r}"


def _enum(value: Any, asked: list[Any], _schema: Any, _root: Any, at: str) -> Iterator[str]:
    if value not in asked:
        yield f"{at} is {value!r}, none of {asked}"


_KEYWORDS: Final[Mapping[str, Any]] = {
    "$ref": _ref,
    "type": _type,
    "properties": _properties,
    "required": _required,
    "additionalProperties": _others,
    "items": _items,
    "oneOf": _one_of,
    "minimum": _number(lambda value, asked: value < asked, "below"),
    "maximum": _number(lambda value, asked: value > asked, "above"),
    "pattern": _pattern,
    "const": _const,
    "enum": _enum,
}
