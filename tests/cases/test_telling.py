"""Who hears of a case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cases.telling import whom
from monitor.models import Case, CaseState, Person, Role

if TYPE_CHECKING:
    from random import Random

AT = datetime(2026, 1, 2, 17, tzinfo=UTC)
CASE = Case(id=7, brand="Кассолёт", state=CaseState.NEW, classes=("negative",), opened_at=AT, found_at=AT)
LADDER = ("owner", "lead", "founder")
RECEIVERS = ("support", "desk", "chat-lena", "chat-max", "law-firm", "boss")


def person(name: str, role: Role, receiver: str | None, *, founder: bool = False) -> Person:
    return Person(name=name, role=role, receiver=receiver, founder=founder)


LENA = person("lena", Role.AGENT, "chat-lena")
MAX = person("max", Role.LEAD, "chat-max")
VERA = person("vera", Role.ADMIN, "boss", founder=True)
IGOR = person("igor", Role.AGENT, "desk")
ANNA = person("anna", Role.AGENT, "desk")
GONE = person("oleg", Role.LEGAL, "closed-chat")  # sources.yaml no longer knows the receiver
QUIET = person("rita", Role.LEGAL, None)


@pytest.mark.parametrize(
    ("word", "owner", "persons", "expected"),
    [
        ("owner", "lena", [MAX, LENA], [("chat-lena", "lena owns the case")]),
        (
            "owner",
            None,
            [MAX, LENA, IGOR, ANNA],
            [
                ("desk", "anna is an agent, and nobody owns the case"),  # igor has the same receiver
                ("chat-lena", "lena is an agent, and nobody owns the case"),
            ],
        ),
        # An owner who has left the house owns nothing any more.
        ("owner", "left", [MAX, LENA], [("chat-lena", "lena is an agent, and nobody owns the case")]),
        # One who cannot be told keeps the case, and the next of the ladder hears.
        ("owner", "rita", [QUIET, LENA, MAX], [("chat-max", "max has the role lead, as owner reaches nobody")]),
        ("owner", None, [VERA], [("boss", "vera is a founder, as owner reaches nobody")]),
        ("lead", None, [LENA, MAX], [("chat-max", "max has the role lead")]),
        ("lead", "lena", [LENA, VERA], [("boss", "vera is a founder, as lead reaches nobody")]),
        ("founder", "lena", [LENA, VERA], [("boss", "vera is a founder")]),
        ("founder", "lena", [LENA], [("support", "a route leads there, as founder reaches nobody")]),
        # A word that does not stand in the ladder falls to its beginning.
        ("legal", "lena", [LENA, MAX, GONE, QUIET], [("chat-lena", "lena owns the case, as legal reaches nobody")]),
        ("law-firm", None, [LENA], [("law-firm", "the playbook names the receiver law-firm")]),
        ("igor", None, [LENA, IGOR], [("desk", "the playbook names igor")]),
        ("nobody-known", "lena", [LENA], [("chat-lena", "lena owns the case, as nobody-known reaches nobody")]),
        ("owner", None, [], [("support", "a route leads there, as owner reaches nobody")]),
        ("analyst", None, [], [("support", "a route leads there, as analyst reaches nobody")]),
    ],
)
def test_a_word_leads_to_receivers(
    word: str, owner: str | None, persons: list[Person], expected: list[tuple[str, str]]
) -> None:
    case = replace(CASE, owner=owner)
    found = whom(word, case=case, persons=persons, receivers=RECEIVERS, ladder=LADDER, fallback=["support"])
    assert list(found) == expected


@pytest.mark.parametrize("word", ["founder", "legal"])
def test_a_shop_without_persons_may_call_a_receiver_like_a_role(word: str) -> None:
    found = whom(word, case=CASE, persons=[], receivers=["support", word], ladder=LADDER, fallback=["support"])
    assert found == ((word, f"the playbook names the receiver {word}"),)


def test_where_there_is_nobody_nobody_is_told() -> None:
    assert whom("owner", case=CASE, persons=[LENA], receivers=[], ladder=LADDER, fallback=[]) == ()


def test_routes_are_told_once_each_and_only_where_the_file_knows_them() -> None:
    found = whom(
        "owner", case=CASE, persons=[], receivers=RECEIVERS, ladder=(), fallback=["desk", "old", "desk", "boss"]
    )
    assert [receiver for receiver, _ in found] == ["desk", "boss"]


PERSONS = st.lists(
    st.builds(
        Person,
        name=st.sampled_from(["a", "b", "c", "d", "e"]),
        role=st.sampled_from(Role),
        receiver=st.none() | st.sampled_from(["x", "y", "z", "gone"]),
        founder=st.booleans(),
    ),
    unique_by=lambda one: one.name,
    max_size=5,
)
WORD = st.sampled_from(["owner", "founder", "x", "a", "?", *Role])


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(
    WORD,
    st.none() | st.sampled_from(["a", "b", "left"]),
    PERSONS,
    st.lists(WORD, max_size=4),
    st.randoms(use_true_random=False),
)
def test_somebody_always_hears_each_once_and_in_the_same_order(
    word: str, owner: str | None, persons: list[Person], ladder: list[str], random: Random
) -> None:
    case, receivers = replace(CASE, owner=owner), {"x", "y", "z"}
    found = whom(word, case=case, persons=persons, receivers=receivers, ladder=ladder, fallback=["z"])
    told = [receiver for receiver, _ in found]
    assert told
    assert set(told) <= receivers
    assert len(set(told)) == len(told)
    assert all(why for _, why in found)
    mixed = [*persons]
    random.shuffle(mixed)
    assert whom(word, case=case, persons=mixed, receivers=receivers, ladder=ladder, fallback=["z"]) == found
