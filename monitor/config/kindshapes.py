"""The model of a source, made from the common keys and the `Options` record of its kind.

So a kind brings its own keys, and nothing here knows them.
"""

import dataclasses
import typing
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import Any

from pydantic import Field, create_model

from monitor.config import fields
from monitor.config.shape import Shape
from monitor.config.shapes import SourceShape
from monitor.sources import KINDS
from monitor.sources.protocol import OneOrMore


@cache
def shape_of(kind: str) -> type[SourceShape]:
    """The model of a source of this kind: the common keys and its options."""
    # A given kind is known when its model is chosen; the schema has to say so too.
    given: dict[str, Any] = {"kind": (str, Field(description="How it is read.", json_schema_extra={"const": kind}))}
    if home := KINDS[kind].address:
        given["url"] = (fields.Address, Field(default=home, description=SourceShape.model_fields["url"].description))
    if schemes := getattr(KINDS[kind], "schemes", None):
        given["url"] = (fields.address_of(schemes), Field(description=f"Address, {' or '.join(schemes)}."))
    return create_model(f"{kind} source", __base__=SourceShape, __doc__=_about(kind), **given, **_option_fields(kind))


def shape_within(shape: type[Shape], keys: Iterable[object]) -> type[Shape]:
    """The model of the mapping to which keys lead inside of one."""
    for key in keys:
        inner = shape.model_fields[str(key)].annotation
        shape = inner if isinstance(inner, type) and issubclass(inner, Shape) else shape
    return shape


@cache
def options_shape_of(kind: str) -> type[Shape]:
    """The model of a kind's options alone."""
    return create_model(f"{kind} options", __base__=Shape, __doc__=_about(kind), **_option_fields(kind))


def make_options(kind: str, shape: Shape) -> object:
    """The kind's options record from a model that holds its fields.

    Raises ValueError with whatever the record refuses in its `__post_init__`.
    """
    return _made(KINDS[kind].Options, shape)


def _made(record: type, shape: Shape) -> object:
    hints = typing.get_type_hints(record)
    given = {option.name: getattr(shape, option.name) for option in dataclasses.fields(record)}
    return record(
        **{name: _made(hints[name], value) if isinstance(value, Shape) else value for name, value in given.items()}
    )


def _option_fields(kind: str) -> dict[str, Any]:
    """The fields of a kind's `Options` for pydantic; a field's description is its metadata `description`.

    Types are read at run time, so the kind's module must import them for real. A field whose type is a record itself
    becomes a mapping in the file.
    """
    return _record_fields(KINDS[kind].Options)


def _record_fields(record: type) -> dict[str, Any]:
    hints = typing.get_type_hints(record, include_extras=True)
    return {option.name: (_annotation(hints[option.name]), _default(option)) for option in dataclasses.fields(record)}


@cache
def _shape_of_record(record: type) -> type[Shape]:
    """The model of an option that is a mapping."""
    return create_model(record.__name__, __base__=Shape, __doc__=record.__doc__, **_record_fields(record))


def _about(kind: str) -> str:
    return KINDS[kind].Options.__doc__ or ""


def _annotation(hint: Any) -> Any:
    if hint is timedelta:
        return fields.Duration
    if hint == OneOrMore:
        return fields.OneOrMore
    return _shape_of_record(hint) if dataclasses.is_dataclass(hint) and isinstance(hint, type) else hint


def _default(option: dataclasses.Field[Any]) -> Any:
    about = option.metadata.get("description")
    if option.default is not dataclasses.MISSING:
        return Field(default=option.default, description=about)
    if option.default_factory is not dataclasses.MISSING:
        return Field(default_factory=option.default_factory, description=about)
    return Field(description=about)
