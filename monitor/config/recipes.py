"""Recipes: what is known of a site or a forum engine, as data over the general kinds.

A recipe is a file monitor/recipes/NAME.yaml: its kind, the parameters that it needs, the keys of a source that it
fills in, and facts for people. In those keys `{parameter}` is replaced by what sources.yaml gives for it, and `{url}`
by the root of the site, which then is the source's `url`. What sources.yaml says itself wins, also in single entries
of nested mappings. Only the recipes that a configuration names are read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from pydantic import Field, ValidationError

from monitor.config.document import read_document
from monitor.config.faults import closest, translate
from monitor.config.secrets import change_around, without_references
from monitor.config.shape import Shape
from monitor.errors import ConfigError, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails

    from monitor.config.document import Document, Place, Step

FOLDER: Final = Path(__file__).resolve().parents[1] / "recipes"

_NAME: Final = re.compile(r"[a-z0-9_]+")
_SLOT: Final = re.compile(r"\{([a-z_]+)\}")
_ADDRESS: Final = re.compile(r"https?://|\{url\}")
_STRUCTURE: Final = "/?&=%;:,@+~!*'()"  # what a piece of an address may be made of
_ROOT_HINT: Final = "write where the site begins, as in https://forum.example/"


class ParameterShape(Shape):
    """What a recipe needs to be told."""

    about: str
    """What it is."""
    default: str | None = None
    """What it is where it is not given; without a default it must be given."""
    example: str | None = None
    """A value that shows how it is written."""
    choices: tuple[str, ...] = ()
    """The only values that it may have."""
    path: bool = False
    """Whether it is a piece of an address with a meaning of its own, which is put in as it is spelt."""


class RecipeShape(Shape):
    """A recipe, as its file spells it."""

    about: str
    """One sentence."""
    kind: str
    """The kind that reads it."""
    needs: dict[str, ParameterShape] = Field(default_factory=dict)
    """Its parameters, by name."""
    page: str = ""
    """Pattern of addresses that are themselves what is read, where `url` is the root of a site otherwise."""
    source: dict[str, Any]
    """Keys of a source, as they would stand in sources.yaml, with parameters in braces."""
    yields: list[str] = Field(min_length=1)
    """The fields of a post that it fills."""
    delay: str
    """How late a post is seen."""
    limits: str
    """What the site allows."""
    blind: str
    """What it cannot see."""
    blocked: str | Literal[False] = False
    """Why plain clients are refused and what is the way round, where they are."""

    @property
    def takes_root(self) -> bool:
        """Whether `url` of a source is the root of a site, of which the recipe makes the address to be read."""
        return "{url}" in str(self.source.get("url", ""))

    @property
    def needs_url(self) -> bool:
        """Whether a source must give `url`."""
        return self.takes_root or "url" not in self.source


def names() -> list[str]:
    """All recipes, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def recipe_of(name: str) -> RecipeShape | None:
    """A recipe, None where there is none of that name. Raises `errors.ConfigError` for one that is written wrongly."""
    path = FOLDER / f"{name}.yaml"
    if not _NAME.fullmatch(name) or not path.is_file():
        return None
    document = read_document(path)
    if document.faults:
        raise ConfigError(document.faults)
    try:
        return RecipeShape.model_validate(document.data)
    except ValidationError as error:
        told = [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors(include_input=False)]
        raise ConfigError([Fault(str(path), 1, 1, place, message) for place, message in told]) from None


@dataclass(frozen=True, slots=True)
class Filled:
    """A source with what its recipe says: `data` is the whole mapping, `own` what sources.yaml says."""

    name: str
    recipe: RecipeShape
    own: Mapping[str, object]
    data: Mapping[str, object]
    is_sound: bool

    def faults(self, errors: Sequence[ErrorDetails], document: Document, place: Place) -> list[Fault]:
        """Faults for pydantic's errors about the data; those in the recipe's own keys point at its name.

        Where a parameter is wrong, what follows from it in the recipe's keys is not told.
        """
        found = []
        for error in errors:
            (fault,) = translate([error], document, under=place, kind=self.recipe.kind, also=tuple(self.recipe.needs))
            if not _is_filled_in(error["loc"], self.own, self.data):
                found.append(fault)
            elif self.is_sound:
                message = f"what the recipe {self.name} makes of this as {error['loc'][0]}: {fault.message}"
                found.append(document.fault((*place, "recipe"), message, fault.hint))
        return found


def fill_in(document: Document, place: Place, name: str) -> Filled | None:
    """The source at a place with what its recipe says; None where there is no such recipe.

    Mistakes in what it needs go into the document's faults.
    """
    recipe, own = recipe_of(name), document.at(place)
    if recipe is None or not isinstance(own, dict):
        message = f"there is no recipe {name!r}"
        document.faults.append(document.fault((*place, "recipe"), message, closest(name, names())))
        return None
    faults: list[Fault] = []
    if own.get("kind") not in (None, recipe.kind):
        message = f"the recipe {name} is of kind {recipe.kind!r}"
        faults.append(document.fault((*place, "kind"), message, "leave the line out"))
    root = own.get("url")
    is_root = recipe.takes_root and not (recipe.page and re.search(recipe.page, str(root or "")))
    if is_root and isinstance(root, str) and {"?", "#"} & set(without_references(root)):
        faults.append(document.fault((*place, "url"), "must be the root of the site", _ROOT_HINT))
    if recipe.needs_url and root is None:
        hint = _ROOT_HINT if recipe.takes_root else "the address of the page"
        faults.append(document.fault((*place, "url"), "is missing", hint))
    # What the recipe makes of a missing address is checked all the same, to tell all mistakes at once.
    begins = f"{str(root or 'https://missing.invalid').rstrip('/')}/"
    values = {"url": begins} if recipe.takes_root else {}
    for parameter, shape in recipe.needs.items():
        value = _value(document, (*place, parameter), shape)
        if isinstance(value, Fault):
            faults.append(value)
        values[parameter] = "" if isinstance(value, Fault) else value
    document.faults += faults
    made = _expanded(recipe.source, values, recipe.needs)
    said = {key: value for key, value in own.items() if key not in recipe.needs and value is not None}
    if is_root and isinstance(root, str | None):
        said.pop("url", None)
    data = _merged({"url": begins, **made} if recipe.needs_url else made, {**said, "kind": recipe.kind})
    return Filled(name, recipe, own, data, is_sound=not faults)


def _value(document: Document, place: Place, shape: ParameterShape) -> str | Fault:
    given = document.at(place)
    if given is None and shape.default is not None:
        return shape.default
    if given is None:
        example = f", such as {shape.example}" if shape.example else ""
        return document.fault(place, "is missing", f"{shape.about}{example}")
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return document.fault(place, "must be text", shape.about)
    text = str(given).strip()
    if not text or not text.isprintable():
        return document.fault(place, "must not be empty" if not text else "holds a control character or a line break")
    if shape.choices and text not in shape.choices:
        return document.fault(place, f"must be {' or '.join(map(repr, shape.choices))}")
    return text


def _expanded(node: Any, values: Mapping[str, str], needs: Mapping[str, ParameterShape]) -> Any:
    """The keys of a recipe with its parameters put in; in an address they are written in percent-encoding."""
    if isinstance(node, dict):
        return {key: _expanded(value, values, needs) for key, value in node.items()}
    if isinstance(node, list):
        return [_expanded(value, values, needs) for value in node]
    if not isinstance(node, str):
        return node
    is_address = _ADDRESS.match(node) is not None

    def put_in(slot: re.Match[str]) -> str:
        name = slot[1]
        if name not in values or name == "url" or not is_address:
            return values.get(name, slot[0])
        if needs[name].path:
            return change_around(values[name].lstrip("/"), lambda text: quote(text, safe=_STRUCTURE))
        return change_around(values[name], lambda text: quote(text, safe=""))

    return _SLOT.sub(put_in, node)


def _merged(made: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Both mappings as one; what sources.yaml says wins."""
    inner = {
        key: _merged(made[key], value)
        for key, value in said.items()
        if isinstance(value, dict) and isinstance(made.get(key), dict)
    }
    return {**made, **said, **inner}


def _is_filled_in(loc: Sequence[Step], own: object, data: object) -> bool:
    """Whether what pydantic means stands in the data and not in sources.yaml."""
    for step in loc:
        data, own = _inside(data, step), _inside(own, step)
        if data is None or own is None:
            return data is not None
    return False


def _inside(data: object, step: Step) -> object:
    if isinstance(data, dict):
        return data.get(step)
    return data[step] if isinstance(data, list) and isinstance(step, int) and step < len(data) else None
