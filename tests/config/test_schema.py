"""The JSON Schema that editors use."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from monitor.config import json_schema
from monitor.config.fields import duration, spell_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = json_schema()


def objects(schema: object) -> Iterator[dict[str, object]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def test_it_is_json_of_draft_2020_12() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["title"] == "sources.yaml"
    assert SCHEMA["required"] == ["contact", "brands", "sources"]


def test_every_mapping_is_closed_and_every_key_described() -> None:
    shapes = [shape for shape in objects(SCHEMA) if "properties" in shape]
    assert len(shapes) >= 9
    for shape in shapes:
        assert shape["additionalProperties"] is False
        properties = shape["properties"]
        assert isinstance(properties, dict)
        for name, key in properties.items():
            described = SCHEMA["$defs"][key["$ref"].rpartition("/")[2]] if "$ref" in key else key
            assert described.get("description"), f"{shape['title']}.{name}"


def test_defaults_are_spelt_as_the_file_spells_them() -> None:
    assert SCHEMA["properties"]["fetch"]["default"] == {"parallel": 64, "gap": "2s", "timeout": "30s"}
    assert SCHEMA["properties"]["retention"]["default"] == {"mentions": "3y", "others": "30d"}


def test_the_days_of_an_office_are_spelt_as_the_file_spells_them() -> None:
    assert SCHEMA["$defs"]["OfficeShape"]["properties"]["days"]["default"] == "mon-fri"


def test_the_pattern_of_hours_agrees_with_the_file() -> None:
    pattern = SCHEMA["$defs"]["OfficeShape"]["properties"]["hours"]["pattern"]
    assert all(re.search(pattern, text) for text in ("9:00-18:00", "22:00 – 6:30"))
    assert not any(re.search(pattern, text) for text in ("9-18", "9:00", "x9:00-18:00"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30s", "30s"), ("1h30m", "90m"), ("365d", "1y"), ("0s", "0s"), ("1500ms", "1500ms"), ("14d", "2w")],
)
def test_durations_are_spelt_in_the_largest_unit_that_divides_them(text: str, expected: str) -> None:
    assert spell_duration(duration(text)) == expected


def test_every_reference_leads_somewhere() -> None:
    names = set(re.findall(r"#/\$defs/(\w+)", json.dumps(SCHEMA)))
    assert names
    assert names <= set(SCHEMA["$defs"])


def test_the_pattern_of_durations_agrees_with_the_reader() -> None:
    pattern = SCHEMA["$defs"]["FetchShape"]["properties"]["gap"]["pattern"]
    for text in ["30s", "1h30m", "3y", "500ms", "1y2w3d4h5m6s7ms"]:
        assert re.search(pattern, text)
        assert duration(text)
    for text in ["", "30", "m", "30m1h", "1.5h", "-1s", "1h 30m"]:
        assert not re.search(pattern, text)
