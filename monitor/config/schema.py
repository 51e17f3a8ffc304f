"""The JSON Schema of sources.yaml, for editors: one shape for the sources of each kind and of each recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.config.kindshapes import shape_of
from monitor.config.recipes import names, recipe_of
from monitor.config.shapes import RootShape
from monitor.sources import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.config.recipes import RecipeShape


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the file. What keys must agree on among themselves is not in it."""
    schema = RootShape.model_json_schema(mode="serialization")
    shapes = {kind: shape_of(kind).model_json_schema(mode="serialization") for kind in KINDS}
    named = {name: recipe for name in names() if (recipe := recipe_of(name)) is not None}
    for kind, shape in shapes.items():
        schema["$defs"] |= shape.pop("$defs", {})
        if any(recipe.kind == kind for recipe in named.values()):
            schema["$defs"] |= {f"{kind}_{key}": value for key, value in shape["properties"].items()}
    entries = [_without_recipe(shape) for shape in shapes.values()]
    entries += [_with_recipe(name, recipe, shapes[recipe.kind]) for name, recipe in named.items()]
    schema["properties"]["sources"]["items"] = {"oneOf": entries}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "sources.yaml"}


def _without_recipe(shape: Mapping[str, Any]) -> dict[str, Any]:
    # Of the shapes of sources exactly one must hold.
    return {**shape, "properties": {**shape["properties"], "recipe": {**shape["properties"]["recipe"], "const": None}}}


def _with_recipe(name: str, recipe: RecipeShape, shape: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {key: {"$ref": f"#/$defs/{recipe.kind}_{key}"} for key in shape["properties"]}
    properties["recipe"] = {"const": name, "type": "string", "description": recipe.about}
    for parameter, needed in recipe.needs.items():
        properties[parameter] = {"type": ["string", "number"], "description": needed.about}
        if needed.choices:
            properties[parameter] = {"enum": list(needed.choices), "description": needed.about}
        if needed.default is not None:
            properties[parameter]["default"] = needed.default
    filled = {"kind", "url", *recipe.source}
    required = ["name", "recipe", *(["url"] if recipe.needs_url else [])]
    required += [key for key in shape["required"] if key not in {"name", *filled}]
    required += [parameter for parameter, needed in recipe.needs.items() if needed.default is None]
    return {
        "type": "object",
        "title": f"{name} source",
        "description": recipe.about,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
