from __future__ import annotations

import pytest

from monitor.cases import roles
from monitor.cases.guards import Act, may
from monitor.errors import Refused
from monitor.models import Person, Role


@pytest.mark.parametrize("act", list(Act))
def test_an_analyst_only_reads(act: Act) -> None:
    assert Role.ANALYST not in roles.MAY[act]


@pytest.mark.parametrize("act", [act for act in Act if act is not Act.CLEAR])
def test_everybody_else_may_do_the_daily_work(act: Act) -> None:
    assert roles.MAY[act] == {Role.AGENT, Role.LEAD, Role.LEGAL, Role.ADMIN}


def test_only_the_role_legal_clears_a_threat() -> None:
    assert roles.MAY[Act.CLEAR] == {Role.LEGAL}


@pytest.mark.parametrize(
    ("act", "role", "why", "missing"),
    [
        (Act.OPEN, Role.ANALYST, "Ann has the role analyst, which may not open", "agent or lead or legal or admin"),
        (Act.CLEAR, Role.ADMIN, "Ann has the role admin, which may not clear", "somebody with the role legal"),
    ],
)
def test_a_wrong_role_hears_whom_to_ask(act: Act, role: Role, why: str, missing: str) -> None:
    with pytest.raises(Refused) as refused:
        may(act, Person(name="Ann", role=role))
    (refusal,) = refused.value.refusals
    assert (refusal.code, refusal.why) == ("role", why)
    assert missing in refusal.missing


def test_the_right_role_is_let_through() -> None:
    may(Act.JOIN, Person(name="Ann", role=Role.AGENT))


def test_in_a_shop_of_one_whoever_acts_is_an_admin() -> None:
    assert roles.alone("Ann") == Person(name="Ann", role=Role.ADMIN)
