"""The shipped playbooks, what sources.yaml changes of them, and their union over the classes of a case."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cases.playbooks import combine, known, names
from monitor.models import Duty, Playbook, PlaybookSettings, Role

if TYPE_CHECKING:
    from random import Random

SHIPPED = known({})
SPECIAL_CASES = Path(__file__).resolve().parents[2] / "monitor/understanding/data/special_cases/cases.toml"


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


@pytest.mark.parametrize(
    ("name", "acknowledge", "resolve", "remind", "pause", "duties", "tell", "always"),
    [
        ("rude_staff", 1, 72, 0.25, 1, {"verdict", "findings"}, ("lead",), True),
        ("legal_threat", 1, 72, 0.25, 1, {"verdict", "legal"}, ("legal",), True),
        ("health_safety", 1, 24, 0.25, 1, {"verdict", "findings"}, ("lead",), True),
        ("fraud_leak", 1, 48, 0.25, 1, {"verdict"}, ("lead",), True),
        ("vip", 1, 72, 0.25, 1, {"verdict", "offer"}, ("lead",), False),
        ("publicity_threat", 2, 72, 0.5, 2, {"verdict"}, (), False),
        ("serial_complainer", 4, 72, 1, 4, {"verdict"}, (), False),
        ("refund", 4, 72, 1, 4, {"verdict"}, (), False),
        ("churn", 4, 72, 1, 4, {"verdict"}, (), False),
        ("fake_extortion", 4, 72, 1, 4, {"verdict"}, (), False),
        ("negative", 4, 72, 1, 4, {"verdict"}, (), False),
        ("story", 4, 72, 1, 4, {"verdict"}, ("lead",), False),
        ("manual", 24, 72, 6, 24, set(), (), False),
    ],
)
def test_what_is_shipped(
    name: str,
    acknowledge: float,
    resolve: float,
    remind: float,
    pause: float,
    duties: set[str],
    tell: tuple[str, ...],
    always: bool,
) -> None:
    assert SHIPPED[name] == Playbook(
        acknowledge=hours(acknowledge),
        resolve=hours(resolve),
        remind=hours(remind),
        pause=hours(pause),
        ladder=("owner", "lead", "founder"),
        tell=tell,
        duties=frozenset(map(Duty, duties)),
        always=always,
        attempts=3,
    )


def test_nothing_else_is_shipped_and_its_words_mean_something() -> None:
    assert names() == set(SHIPPED)
    assert len(names()) == 13
    of_history = {"serial_complainer"}
    not_of_a_mention = {"negative", "story", "manual"}
    assert names() - of_history - not_of_a_mention <= set(tomllib.loads(SPECIAL_CASES.read_text(encoding="utf-8")))
    for playbook in SHIPPED.values():
        assert {*playbook.ladder, *playbook.tell} <= {"owner", "founder", *Role}
        assert playbook.remind < playbook.acknowledge <= playbook.resolve


def test_settings_change_single_keys() -> None:
    said = PlaybookSettings(
        acknowledge=hours(2), duties=frozenset(), attempts=5, templates={"ru": {"first": "Здравствуйте!"}}
    )
    changed = known({"legal_threat": said})
    expected = replace(SHIPPED["legal_threat"], acknowledge=hours(2), duties=frozenset(), attempts=5)
    assert changed == {**SHIPPED, "legal_threat": expected}
    assert known({}) == SHIPPED


def test_all_keys_can_be_changed() -> None:
    other = Playbook(
        acknowledge=hours(5),
        resolve=hours(6),
        remind=hours(2),
        pause=hours(3),
        ladder=("lead",),
        tell=("support",),
        duties=frozenset({Duty.OFFER}),
        always=True,
        attempts=1,
    )
    said = PlaybookSettings(**{key: getattr(other, key) for key in Playbook.__slots__})
    assert known({"refund": said})["refund"] == other
    off = known({"rude_staff": PlaybookSettings(always=False, tell=())})["rude_staff"]
    assert (off.always, off.tell) == (False, ())


def test_a_class_of_ones_own_starts_from_complaints_as_they_are_set() -> None:
    said = {
        "known_issue": PlaybookSettings(resolve=hours(12)),
        "negative": PlaybookSettings(acknowledge=hours(3)),
    }
    playbooks = known(said)
    assert playbooks["known_issue"] == replace(SHIPPED["negative"], acknowledge=hours(3), resolve=hours(12))
    assert playbooks["refund"] == SHIPPED["refund"]


@pytest.mark.parametrize(
    ("classes", "like"),
    [
        ([], "manual"),
        (["refund"], "refund"),
        (["confirmed_by_others"], "negative"),
        (["confirmed_by_others", "known_issue"], "negative"),
        (["confirmed_by_others", "manual"], "manual"),
        (["rude_staff", "rude_staff", "known_issue"], "rude_staff"),
        (["negative", "refund"], "refund"),
    ],
)
def test_whose_playbook_holds(classes: list[str], like: str) -> None:
    assert combine(classes, SHIPPED) == SHIPPED[like]


def test_the_strictest_of_all_classes_holds_in_any_order() -> None:
    slow = PlaybookSettings(ladder=("lead", "support"), pause=hours(9), remind=hours(3), attempts=5)
    playbooks = known({"refund": slow})
    for classes in permutations(["refund", "vip", "legal_threat", "health_safety", "unheard_of"]):
        assert combine(classes, playbooks) == Playbook(
            acknowledge=hours(1),
            resolve=hours(24),
            remind=hours(0.25),
            pause=hours(1),
            ladder=("owner", "lead", "founder"),
            tell=("lead", "legal"),
            duties=frozenset(Duty),
            always=True,
            attempts=5,
        )


def test_the_ladder_is_that_of_the_most_urgent() -> None:
    playbooks = known({"churn": PlaybookSettings(acknowledge=hours(0.5), ladder=("churn-team",), remind=hours(0.1))})
    combined = combine(["legal_threat", "churn"], playbooks)
    assert (combined.ladder, combined.remind, combined.tell) == (("churn-team",), hours(0.1), ("legal",))


# ── Any playbooks ───────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = st.lists(st.sampled_from(["owner", "lead", "legal", "founder", "support"]), max_size=3, unique=True).map(tuple)
SPANS = st.integers(1, 6).map(hours)
PLAYBOOK = st.builds(
    Playbook,
    acknowledge=SPANS,
    resolve=SPANS,
    remind=SPANS,
    pause=SPANS,
    ladder=WORDS,
    tell=WORDS,
    duties=st.frozensets(st.sampled_from(Duty)),
    always=st.booleans(),
    attempts=st.integers(1, 5),
)
CLASS = st.sampled_from(["a", "b", "c", "d"])
CLASSES = st.lists(CLASS, min_size=1, max_size=4)
PLAYBOOKS = st.fixed_dictionaries(dict.fromkeys(("a", "b", "c", "d"), PLAYBOOK))
FEW = settings(max_examples=40, deadline=None, derandomize=True, database=None)


@FEW
@given(PLAYBOOKS, CLASSES, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(playbooks: dict[str, Playbook], classes: list[str], random: Random) -> None:
    shuffled = [*classes, *classes]
    random.shuffle(shuffled)
    assert combine(shuffled, playbooks) == combine(classes, playbooks)


@FEW
@given(PLAYBOOKS, CLASSES, CLASSES)
def test_parts_combine_to_the_whole(playbooks: dict[str, Playbook], some: list[str], others: list[str]) -> None:
    parts = {**playbooks, "some": combine(some, playbooks), "others": combine(others, playbooks)}
    whole, of_parts = combine([*some, *others], playbooks), combine(["some", "others"], parts)
    for key in ("acknowledge", "resolve", "duties", "always", "attempts"):
        assert getattr(whole, key) == getattr(of_parts, key)
    assert set(whole.tell) == set(of_parts.tell)
    assert all(whole.acknowledge <= playbooks[name].acknowledge for name in some)
    assert all(whole.duties >= playbooks[name].duties for name in some)
