from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from monitor.sources.jsonpath import LIMIT, Answer, condition, joined, path, spelt, template

if TYPE_CHECKING:
    from monitor.models import JSON

ITEM: Any = {
    "a": {"b": [{"c": 1, "k": "x"}, {"c": 2, "k": "y"}, "z"], "im:rating": {"label": "4"}, "dotted.key": True},
    "empty": [],
    "null": None,
    "n": 0,
}
ANSWER = Answer({"meta": {"title": "All"}, "data": [ITEM]})


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("n", [0]),
        ("null", [None]),
        ("absent", []),
        ("a.b[0].c", [1]),
        ("a.b[-1]", ["z"]),
        ("a.b[7]", []),
        ("a.b[*].c", [1, 2]),
        ("a.b[k=y].c", [2]),
        ("a.b[c=1].k", ["x"]),
        ('a["dotted.key"]', [True]),
        ("a.im:rating.label", ["4"]),
        ("a[*].label", ["4"]),
        ("n.further", []),
        ("$.meta.title", ["All"]),
        ("$.data[0].n", [0]),
        (".", [ITEM]),
    ],
)
def test_follows_a_path(text: str, values: list[JSON]) -> None:
    assert path(text).values(ITEM, ANSWER) == values


@pytest.mark.parametrize("text", ["", "a..b", "a.", "[x", "a[b]", "a b", 'a["x', "a]b", "a[*]b", "$x", "{a}"])
def test_refuses_what_is_no_path(text: str) -> None:
    with pytest.raises(ValueError, match="path"):
        path(text)


@pytest.mark.parametrize(
    ("text", "there", "elements"),
    [
        ("a.b", True, ITEM["a"]["b"]),
        ("empty", True, []),
        ("empty[*].x", True, []),
        ("a.b[*]", True, ITEM["a"]["b"]),
        ("null", True, [None]),
        ("absent", False, []),
        ("absent[*].x", False, []),
    ],
)
def test_tells_an_empty_list_from_none(text: str, there: bool, elements: list[JSON]) -> None:
    assert path(text).is_there(ITEM, ANSWER) is there
    assert path(text).elements(ITEM, ANSWER) == elements


def test_goes_on_through_records_that_are_named_by_type_and_id() -> None:
    records: list[JSON] = [{"type": "users", "id": "1", "attributes": {"name": "Ann"}}, {"type": "x"}, 3]
    item: JSON = {"user": {"data": {"type": "users", "id": "1"}}, "other": {"data": {"type": "users", "id": "2"}}}
    answer = Answer(None, joined(records))
    assert path("user.data.attributes.name").values(item, answer) == ["Ann"]
    assert path("user.data.id").values(item, answer) == ["1"]
    assert path("other.data.attributes.name").values(item, answer) == []


def test_leads_to_no_more_than_it_may() -> None:
    many: JSON = [[1] * 200] * 200
    assert len(path("[*][*]").values(many, ANSWER)) == LIMIT


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("n", False),
        ("!n", True),
        ("null", False),
        ("empty", False),
        ("a.b", True),
        ("n=0", True),
        ("n!=0", False),
        ("absent=0", False),
        ("absent!=0", True),
        ("null=null", True),
        ('a["dotted.key"]=true', True),
        ("a.b=z", True),
        ("a.b[k=y].c=2", True),
        ("a.b[k=y].c=1", False),
        ("a.b[*].k = x", True),
    ],
)
def test_tells_whether_a_condition_holds(text: str, holds: bool) -> None:
    assert condition(text).holds(ITEM, ANSWER) is holds


@pytest.mark.parametrize("text", ["", "=1", "!a=b", "a..b=1", "!"])
def test_refuses_what_is_no_condition(text: str) -> None:
    with pytest.raises(ValueError, match=r"condition|path"):
        condition(text)


def test_a_template_has_slots_and_leaves_secrets_alone() -> None:
    pieces = template("https://x.example/{a.b}/{+c}?key=${KEY}")
    assert pieces is not None
    told = [piece if isinstance(piece, str) else piece.reserved for piece in pieces]
    assert told == ["https://x.example/", False, "/", True, "?key=${KEY}"]
    assert template("a.b") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (1.0, "1"),
        (1.5, "1.5"),
        (True, "true"),
        (None, "null"),
        ([], ""),
        ({}, ""),
        (float("inf"), ""),
        (1 << 4000, ""),
        (1e300, "1e+300"),
    ],
)
def test_spells_a_plain_value(value: JSON, text: str) -> None:
    assert spelt(value) == text
