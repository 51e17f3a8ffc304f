"""What drips: a kettle that leaks is only broken, a battery or a fuel line that leaks is a danger."""

from __future__ import annotations

import pytest

from monitor.models import Brand, Post
from monitor.understanding.judge import Judge


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge([Brand(name="Крутинвест")])


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        ("Взяли чайник Крутинвест, на пятый день потёк", False),
        ("Потёк кондиционер Крутинвест, ждём мастера", False),
        ("Крутинвест потёк через месяц", False),
        ("Батарея отопления Крутинвест потекла в мороз", False),
        ("У самоката Крутинвест потёк аккумулятор, едкая лужа на полу", True),
        ("Батарейка Крутинвест протекла, на ладони ожог", True),
        ("У генератора Крутинвест потекло топливо прямо на горячий мотор", True),
        ("Плита Крутинвест: из крана потёк газ, голова болит", True),
    ],
)
def test_what_leaks_is_a_danger_only_where_it_burns_or_bites(judge: Judge, text: str, *, fires: bool) -> None:
    assert ("ru:fire" in {case.rule for case in judge.special_cases(Post(text=text))}) is fires
