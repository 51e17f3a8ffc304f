"""A kind brings its own keys: they are checked, described and built from its Options record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from monitor.config import json_schema, kind_options, load
from monitor.errors import ConfigError, InputError
from monitor.sources import KINDS

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOptions:
    """Options of a kind that exists only here."""

    item: str = field(metadata={"description": "Selector of one post."})
    order: Literal["newest", "oldest"] = "newest"
    depth: int = 2
    wait: timedelta = timedelta(seconds=1)
    fields: tuple[str, ...] = field(default_factory=lambda: ("title",))

    def __post_init__(self) -> None:
        if self.item == "!":
            raise ValueError("item: ! selects nothing")


class Probe:
    Options: ClassVar[type] = ProbeOptions
    address: ClassVar[str] = ""


@pytest.fixture(autouse=True)
def probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "probe", Probe)


def source(folder: Path, keys: str) -> Path:
    path = folder / "sources.yaml"
    text = (DATA / "minimal.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("kind: feed", f"kind: probe{keys}"), encoding="utf-8")
    return path


def test_options_stand_beside_the_common_keys(tmp_path: Path) -> None:
    path = source(tmp_path, ", item: .post, depth: 3, wait: 1m, fields: [title, text]")
    options = load(path, environ={}).sources[0].options
    assert options == ProbeOptions(item=".post", depth=3, wait=timedelta(minutes=1), fields=("title", "text"))


def test_options_that_are_not_written_keep_their_defaults(tmp_path: Path) -> None:
    assert load(source(tmp_path, ", item: .post"), environ={}).sources[0].options == ProbeOptions(item=".post")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", "5:5: sources[0].item: is missing"),
        (", item: .post, odrer: newest", "5:44: sources[0].odrer: there is no such key (did you mean order?)"),
        (", item: .post, order: any", "5:51: sources[0].order: must be 'newest' or 'oldest'"),
        (", item: .post, depth: deep", "5:51: sources[0].depth: must be a whole number"),
        (", item: .post, wait: 5", "5:50: sources[0].wait: a duration needs a unit (write 5s or 5m)"),
        (
            ", item: .post, fields: title",
            "5:52: sources[0].fields: must be a list (write [one, two], or a line with - for each)",
        ),
        (', item: "!"', "5:5: sources[0]: item: ! selects nothing"),
    ],
)
def test_mistakes_in_options(tmp_path: Path, keys: str, expected: str) -> None:
    path = source(tmp_path, keys)
    with pytest.raises(ConfigError) as caught:
        load(path, environ={})
    assert str(caught.value) == f"{path}:{expected}"


def test_the_schema_holds_each_kind_with_its_options() -> None:
    kinds = json_schema()["properties"]["sources"]["items"]["oneOf"][: len(KINDS)]
    assert [kind["properties"]["kind"]["const"] for kind in kinds] == list(KINDS)
    ours = kinds[-1]["properties"]
    assert ours["item"]["description"] == "Selector of one post."
    assert ours["order"]["enum"] == ["newest", "oldest"]
    assert ours["every"] == kinds[0]["properties"]["every"]
    assert kinds[-1]["required"] == ["name", "kind", "url", "item"]


def test_options_of_a_command_line() -> None:
    assert kind_options("probe", '{"item": ".post"}') == ProbeOptions(item=".post")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "options: is no JSON: "),
        ("[]", "options: must be a mapping"),
        ("{}", "options: item: is missing"),
        ('{"item": "x", "dept": 1}', "options: dept: there is no such key (did you mean depth?)"),
        ('{"item": "!"}', "options: item: ! selects nothing"),
    ],
)
def test_mistakes_in_options_of_a_command_line(text: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        kind_options("probe", text)
    assert str(caught.value).startswith(expected)


def test_no_option_of_a_kind_hides_a_common_key() -> None:
    from dataclasses import fields

    from monitor.config.shapes import SourceShape

    for name, kind in KINDS.items():
        assert not {option.name for option in fields(kind.Options)} & set(SourceShape.model_fields), name
