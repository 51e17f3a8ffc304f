"""The worked examples of docs/alerts.md on who is told: what stands in the file, a mention, who hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.alerting.routes import CompiledRoute, compile_routes, group_of, taking, walk
from monitor.config import load
from monitor.query import parse

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("support", "lawyer", "london", "archive", "anna")
FILE = f"""\
contact: watch@shop.test
brands: [{{name: A}}, {{name: B}}]
sources: [{{name: forum, kind: feed, url: "https://forum.test/feed"}}]
receivers:
{"".join(f'  {name}: {{urls: ["json://{name}"]}}' + chr(10) for name in NAMES)}
"""
BAD: dict[str, object] = {"brand": "A", "sentiment": "negative", "lang": "ru", "case": [], "priority": 50}
GOOD = BAD | {"sentiment": "positive"}
LAWSUIT = BAD | {"case": ["legal_threat"]}
ENGLISH = BAD | {"lang": "en"}


def tree(folder: Path, routes: str) -> tuple[CompiledRoute, ...]:
    path = folder / "sources.yaml"
    path.write_text(f"{FILE}routes: {routes}\n", encoding="utf-8")
    config = load(path, environ={})
    return compile_routes(config.routes, receivers={receiver.name: receiver for receiver in config.receivers})


FIRST = '[{match: "case:legal_threat", to: lawyer}, {match: "sentiment:negative", to: support}]'
CONTINUE = '[{match: "case:legal_threat", to: lawyer, continue: true}, {match: "sentiment:negative", to: support}]'
BELOW = '[{match: "sentiment:negative", to: support, routes: [{match: "lang:en", to: london}]}, {to: archive}]'
NOBODY = '[{match: "brand:A", routes: [{match: "sentiment:negative", to: support}]}, {to: archive}]'


@pytest.mark.parametrize(
    ("routes", "facts", "told"),
    [
        ('[{match: "rating<=2", to: support}]', BAD | {"rating": 2.0}, ["support"]),
        ('[{match: "rating<=2", to: support}]', BAD | {"rating": 4.0}, []),
        ('[{match: "rating<=2", to: support}]', BAD | {"rating": None}, []),
        ('[{match: "NOT rating>=3", to: support}]', BAD | {"rating": None}, ["support"]),
        (FIRST, LAWSUIT, ["lawyer"]),
        (FIRST, BAD, ["support"]),
        (FIRST, GOOD, []),
        (CONTINUE, LAWSUIT, ["lawyer", "support"]),
        (CONTINUE, BAD, ["support"]),
        (BELOW, ENGLISH, ["london"]),
        (BELOW, BAD, ["support"]),
        (BELOW, GOOD, ["archive"]),
        (NOBODY, BAD, ["support"]),
        (NOBODY, GOOD, ["archive"]),
    ],
)
def test_who_hears_in_the_examples(tmp_path: Path, routes: str, facts: dict[str, object], told: list[str]) -> None:
    assert [dispatch.receiver.name for dispatch in walk(tree(tmp_path, routes), facts)] == told


def test_whoever_two_routes_lead_to_is_told_once_in_the_group_of_the_first(tmp_path: Path) -> None:
    alone = '{match: "priority>=80", to: support, group_by: [...], continue: true}'
    routes = tree(tmp_path, f'[{alone}, {{match: "sentiment:negative", to: support}}]')
    (dispatch,) = walk(routes, BAD | {"priority": 90}, key="mention:1")
    assert dispatch.group is not None
    assert dispatch.group.key.endswith(" mention:1")


def test_each_key_of_the_timing_is_inherited_for_itself(tmp_path: Path) -> None:
    below = '{match: "lang:en", group_wait: 0s}'
    (route,) = tree(tmp_path, f"[{{to: support, group_by: [brand], group_wait: 2m, routes: [{below}]}}]")
    ((english,), (other,)) = (taking((route,), facts) for facts in (ENGLISH, BAD))
    assert [one.timing.group_by for one in (english, other)] == [("brand",), ("brand",)]
    assert [one.timing.wait.total_seconds() for one in (english, other)] == [0, 120]


@pytest.mark.parametrize(("group_by", "groups"), [("[brand, story]", 2), ("[]", 1), ('["..."]', 4)])
def test_two_copies_and_two_lone_complaints_are_so_many_groups(tmp_path: Path, group_by: str, groups: int) -> None:
    (route,) = tree(tmp_path, f"[{{to: support, group_by: {group_by}}}]")
    stories = {"1": 7, "2": 7, "3": None, "4": None}
    keys = {group_of(route, BAD | {"story": story}, key=key).key for key, story in stories.items()}
    assert len(keys) == groups


def test_a_subscription_is_asked_besides_the_tree(tmp_path: Path) -> None:
    routes = tree(tmp_path, "[{to: archive}]")
    anna = next(one for one in tree(tmp_path, "[{to: anna}]"))
    wants = CompiledRoute(parse("rating<=2"), anna.receiver, name="subscription 1 of Anna")
    heard = walk(routes, BAD | {"rating": 1.0}, subscriptions=[wants])
    assert [(one.receiver.name, one.reason) for one in heard] == [
        ("archive", "route matches: *"),
        ("anna", "subscription 1 of Anna: rating<=2"),
    ]
