"""Deadlines of cases as support staff live with them: what is due when, who hears of it, and what makes it end."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.models import Author
from tests.cli.casedesk import (
    ANSWERED,
    BRAND,
    LATE,
    LEGAL,
    LOYAL,
    OLGA,
    PETR,
    RITA,
    RUDE,
    SEEN,
    US,
    ZOYA,
    Desk,
    desk,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OFFICE = 'office: {days: mon-fri, hours: "9:00-18:00", zone: Europe/Moscow}\n'
AGENTS = [("Ира", "reminder"), ("Олег", "reminder")]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as shop:
        yield shop


def due(shop: Desk, number: int = 1) -> dict[tuple[str, str], dict[str, Any]]:
    """What is due in a case, by what and by which clock."""
    return {(one["deadline"], one["clock"]): one for one in shop.show(number)["deadlines"]}


def within(shop: Desk, what: str, number: int = 1, *, clock: str = "found") -> timedelta:
    """How much time a case was given for this."""
    case = shop.case(number)
    return _time(due(shop, number)[what, clock]["due_at"]) - _time(case[f"{clock}_at"])


def _time(stored: str) -> datetime:
    return datetime.fromisoformat(stored)


# ── R1: two clocks, a reminder, a breach ──


def test_R1_agents_are_reminded_before_a_deadline_and_the_lead_hears_when_it_is_missed(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    found = shop.now
    assert (within(shop, "acknowledge"), within(shop, "resolve")) == (timedelta(hours=4), timedelta(hours=72))
    shop.passes(hours=2, minutes=59)
    assert shop.told(found) == []
    shop.passes(minutes=1)
    assert shop.told(found) == AGENTS
    before = shop.now
    shop.passes(minutes=59)
    assert shop.told(before) == []
    shop.passes(minutes=1)
    assert shop.told(before) == [("Вера", "breach")]
    shop.passes(hours=1)
    assert re.search(r"^1 +new +1 h late ", shop.run("cases", "list").stdout, re.MULTILINE)
    shown = shop.run("cases", "show", "1").stdout
    assert re.search(r"acknowledge +found +11-21 16:03 +1 h late +escalation 11-21 20:03 to founder", shown)
    assert re.search(r"resolve +published +11-24 12:02 +in 2 d 18 h", shown)
    assert len(shop.told(before)) == 1  # nobody hears of the same step again


def test_R1_whoever_has_the_case_is_reminded_and_what_is_done_in_time_reminds_nobody(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.says(PETR, f"{BRAND} списал деньги дважды, ужасно")
    found = shop.now
    shop.act("take", "1", as_="Олег")
    shop.act("take", "2")
    shop.act("answer", "2", "--text", SEEN)
    shop.passes(hours=5)
    assert shop.told(found) == [("Олег", "reminder"), ("Вера", "breach")]


def test_R1_what_the_customer_waits_for_and_what_we_answer_for_are_two_clocks(shop: Desk) -> None:
    shop.says(OLGA, LATE, published=shop.now - timedelta(hours=5))
    found = shop.now
    steps = due(shop)
    assert within(shop, "acknowledge", clock="published") == timedelta(hours=4)
    assert _time(steps["acknowledge", "published"]["due_at"]) < found < _time(steps["acknowledge", "found"]["due_at"])
    shop.passes(hours=1)
    assert shop.told(found) == []  # what was late before it was found is nobody's fault
    shop.act("answer", "1", "--text", SEEN)
    held = {(row["kind"], row["clock"]): row for row in shop.figures("deadlines")}
    assert (held["acknowledge", "found"]["met"], held["acknowledge", "found"]["breached"]) == (1, 0)
    assert (held["acknowledge", "published"]["met"], held["acknowledge", "published"]["breached"]) == (0, 1)


def test_R1_hours_are_what_the_shop_says_and_only_those_of_its_office_count(tmp_path: Path) -> None:
    playbooks = "playbooks: {negative: {acknowledge: 2h, remind: 30m}}\n"
    with desk(tmp_path, more=playbooks + OFFICE) as shop:
        shop.says(OLGA, LATE)  # on a Saturday
        found = shop.now
        opening = datetime.fromisoformat("2026-11-23T09:00:00+03:00")
        assert _time(due(shop)["acknowledge", "found"]["due_at"]) == opening + timedelta(hours=2)
        shop.passes(hours=(opening - found) / timedelta(hours=1))
        assert shop.told(found) == []
        shop.passes(hours=1, minutes=30)
        assert shop.told(found) == AGENTS
        shop.passes(minutes=30)
        assert shop.told(found) == [*AGENTS, ("Вера", "breach")]


def test_R1_a_monitor_that_was_down_tells_what_was_missed_meanwhile_each_step_once(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    found = shop.now
    shop.is_down_for(hours=5)
    assert shop.told(found) == [("Вера", "breach")]  # a reminder of what is past is of no use
    shop.is_down_for(minutes=1)
    assert shop.told(found) == [("Вера", "breach")]
    assert [(one["clock"], one["step"]) for one in shop.happened("breached")] == [("published", 1), ("found", 1)]


# ── R2: acknowledged is not resolved ──


def test_R2_an_answer_need_be_no_solution(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    found = shop.now
    shop.act("take", "1")
    seen = shop.act("answer", "1", "--only-acknowledges", "--text", SEEN)
    assert (seen["acknowledged_at"], seen["answered_at"], seen["resolved_at"]) == (shop.now.isoformat(), None, None)
    assert {what for what, _ in due(shop)} == {"resolve"}
    shop.passes(hours=72)
    assert shop.told(found) == [("Ира", "reminder"), ("Вера", "breach")]
    assert [one["deadline"] for one in shop.happened("breached")] == ["resolve", "resolve"]


def test_R2_the_full_answer_after_a_verdict_resolves(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.act("take", "1")
    shop.act("answer", "1", "--text", SEEN)
    shop.passes(hours=20)
    before = shop.now
    shop.act("verdict", "1", "justified", "--note", "посылка лежала на складе")
    full = shop.act("answer", "1", "--text", ANSWERED)
    assert (full["state"], full["resolved_at"]) == ("answered", shop.now.isoformat())
    shop.passes(hours=72)
    assert shop.told(before) == []
    (row,) = [row for row in shop.figures("times") if (row["by"], row["span"]) == ("all", "resolve")]
    assert (row["cases"], row["median_hours"]) == (1, 20)


def test_R2_while_the_customer_owes_us_something_the_time_to_resolve_stands_still(shop: Desk) -> None:
    thread = shop.says(OLGA, LATE)
    shop.act("take", "1")
    shop.act("answer", "1", "--text", SEEN)
    before = due(shop)["resolve", "found"]["due_at"]
    shop.act("wait", "1", "номер заказа")
    asked = shop.now
    shop.passes(hours=71)
    assert shop.told(asked) == []
    shop.passes(hours=29)
    assert shop.told(asked) == [("Ира", "reminder")]  # that it still waits, and of no deadline
    assert shop.happened("breached") == []
    shop.says(OLGA, "номер 4711", to=thread)
    assert shop.case()["waiting_at"] is None
    assert _time(due(shop)["resolve", "found"]["due_at"]) - _time(before) == shop.now - asked


def test_R2_the_customers_word_is_shown_as_what_is_due_and_never_as_missed_by_us(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.act("take", "1")
    shop.act("answer", "1", "--text", SEEN)

    def listed() -> dict[str, Any]:
        return dict(json.loads(shop.run("cases", "list", "--json").stdout))

    def screen() -> str:
        return " ".join(shop.run("cases", "show", "1").stdout.split())

    for again in range(2):
        shop.act("wait", "1", "номер заказа")
        asked, until = shop.now, shop.now + timedelta(hours=72)
        ahead = due(shop)["wait", "found"]
        assert {what for what, _ in due(shop)} == {"wait"}, again
        assert _time(ahead["due_at"]) == _time(ahead["next_at"]) == _time(listed()["due_at"]) == until
        assert (ahead["next_step"], ahead["next_to"], ahead["missed_at"], ahead["is_over"]) == (0, "owner", None, False)
        assert re.search(r"the customer's word asking \S+ \S+ in 3 d reminder \S+ \S+ to owner", screen())
        shop.passes(hours=80)
        assert (shop.told(asked), shop.happened("breached")) == ([("Ира", "reminder")], [])
        # It stays what is due, until somebody does something.
        behind = due(shop)["wait", "found"]
        assert (behind["next_at"], behind["missed_at"], behind["is_over"]) == (None, None, False)
        assert _time(listed()["due_at"]) == until
        assert json.loads(shop.run("cases", "list", "--due-within", "1h", "--json").stdout)["id"] == 1
        assert re.search(r"the customer's word asking \S+ \S+ 8 h late", screen())
        assert f"reminded of the customer's word, waited for until {until:%Y-%m-%d %H:%M} UTC" in screen()
        shop.act("resume", "1")
        assert {what for what, _ in due(shop)} == {"resolve"}
        assert "customer's word asking" not in screen()
    (row,) = [row for row in shop.figures("deadlines") if (row["kind"], row["clock"]) == ("resolve", "found")]
    assert (row["breached"], row["running"]) == (0, 1)
    assert {row["kind"] for row in shop.figures("deadlines")} == {"acknowledge", "resolve"}


# ── R3: who is not answered complains elsewhere ──


def test_R3_an_unanswered_customer_who_writes_elsewhere_is_in_the_same_case_and_counted(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.says(PETR, f"{BRAND} списал деньги дважды, ужасно")
    shop.act("answer", "2", "--text", SEEN)
    shop.passes(hours=5)  # Olga's deadline is missed
    shop.says(OLGA, f"{BRAND} молчит, пишу сюда: посылку потеряли, отвратительно", at="reviews")
    assert [one["source"] for one in shop.show()["posts"]] == ["forum", "reviews"]
    assert [row["id"] for row in shop.rows("cases", "list")] == [1, 2]
    hops = {row["acknowledged"]: row for row in shop.figures("hops")}
    late, others = hops["late"], hops["not late"]
    assert (late["cases"], late["hopped"], late["afterwards"]) == (1, 1, 1)
    assert (others["cases"], others["hopped"]) == (1, 0)


def test_R3_somebody_elses_complaint_elsewhere_is_a_case_of_its_own(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.passes(hours=5)
    shop.says(ZOYA, f"{BRAND} молчит вторую неделю, отвратительно", at="reviews")
    assert [len(shop.show(number)["posts"]) for number in (1, 2)] == [1, 1]
    assert {row["acknowledged"]: row["hopped"] for row in shop.figures("hops")}["late"] == 0


# ── R32: rude treatment does not wait ──


def test_R32_rude_treatment_is_told_at_once_and_its_hour_runs_while_the_office_is_closed(tmp_path: Path) -> None:
    with desk(tmp_path, more=OFFICE) as shop:
        shop.passes(hours=11, minutes=30)  # Sunday night in Moscow
        before = shop.now
        shop.says(PETR, RUDE)
        shop.says(OLGA, LATE)
        assert shop.told(before)[0] == ("Вера", "opened")
        found = shop.now
        assert within(shop, "acknowledge") == timedelta(hours=1)
        shop.passes(minutes=45)
        assert shop.told(found) == AGENTS
        shop.passes(hours=2)
        numbers = {row["case_id"] for row in shop.rows("deliveries") if row["notice"]}
        assert numbers == {1}  # the other waits until Monday
        assert shop.told(found) == [*AGENTS, ("Вера", "breach"), ("Глеб", "breach")]


def test_R32_nothing_is_due_sooner_than_what_staff_did_wrong(shop: Desk) -> None:
    shop.says(PETR, RUDE)
    shop.says(OLGA, LATE)
    assert within(shop, "acknowledge", 1) < within(shop, "acknowledge", 2)
    assert [row["id"] for row in shop.rows("cases", "list")] == [1, 2]
    assert [row["id"] for row in shop.rows("cases", "list", "--due-within", "90m")] == [1]


# ── R36: the lawyer first ──


def test_R36_the_role_legal_hears_first_of_a_threat_to_sue(shop: Desk) -> None:
    shop.says(RITA, LEGAL)
    assert "legal_threat" in shop.case()["classes"]
    heard = shop.told()
    assert heard[0] == ("Анна", "opened")
    assert ("Вера", "opened") not in heard


def test_what_the_configuration_gives_to_the_lawyer_is_locked_and_answered_like_a_threat(tmp_path: Path) -> None:
    ours = '    templates: {ru: {ours: "Здравствуйте, {name}! Спасибо, что написали."}}\n'
    with desk(tmp_path, more="playbooks:\n  rude_staff:\n    duties: [verdict, legal]\n" + ours) as shop:
        shop.says(PETR, RUDE)
        assert "legal_threat" not in shop.case()["classes"]
        for arguments in (("template", "1"), ("template", "1", "ours"), ("answer", "1", "--text", SEEN)):
            assert "legal" in shop.refused(*arguments)
        shop.act("clear", "1", "Отвечать можно, о вине ни слова", as_="Анна")
        assert shop.show()["templates"] == ["legal_neutral", "legal_progress"]
        assert PETR in shop.run("cases", "template", "1", "legal_neutral").stdout
        shop.refused("template", "1", "ours")


def test_R36_templates_stay_locked_until_the_lawyer_has_spoken(shop: Desk) -> None:
    shop.says(RITA, LEGAL)
    shop.act("take", "1")
    for who in ("Ира", "Вера", "Глеб", "Анна"):
        for arguments in (
            ("template", "1"),
            ("template", "1", "legal_neutral"),
            ("answer", "1", "--text", SEEN),
            ("answer", "1", "--private", "--text", SEEN),
            ("offline", "1", "телефон"),
        ):
            assert "legal" in shop.refused(*arguments, as_=who)
    shown = shop.show()
    assert (shown["templates"], shown["case"]["acknowledged_at"]) == ([], None)
    assert not {"template", "answer", "offline"} & set(shown["allowed"])
    for who in ("Ира", "Вера", "Глеб", "Яна"):
        assert "may not clear" in shop.refused("clear", "1", "можно", as_=who)

    assert shop.act("clear", "1", "Отвечать можно, о вине ни слова", as_="Анна")["cleared_by"] == "Анна"
    assert "legal_neutral" in shop.show()["templates"]
    assert RITA in shop.run("cases", "template", "1", "legal_neutral").stdout
    assert shop.act("answer", "1", "--text", SEEN)["acknowledged_at"] == shop.now.isoformat()


def test_R36_what_can_be_found_out_meanwhile_may_be_noted(shop: Desk) -> None:
    shop.says(RITA, LEGAL)
    shop.act("evidence", "1", "переписка", "--url", "https://desk.example/mails/1")
    shop.act("attempt", "1", "телефон", "--outcome", "failed")
    shop.act("verdict", "1", "justified", "--note", "деньги ушли на старую карту")
    assert "legal" in shop.show()["duties"]
    assert shop.case()["verdict"] == "justified"


# ── R39: important customers ──


@pytest.mark.parametrize(
    ("who", "text", "reason"),
    [
        pytest.param({"author": "Zolotaya_Marina"}, LATE, "list", id="by her account"),
        pytest.param({"author": "М.", "url": "https://u.example/4711"}, LATE, "list", id="by her profile"),
        pytest.param({"author": "Marina Z. <M@shop.test>"}, LATE, "list", id="by her mail address"),
        pytest.param({"author": OLGA}, LOYAL, "постоянный клиент", id="by her words"),
    ],
)
def test_R39_an_important_customer_is_known_by_the_list_or_by_words(
    shop: Desk, who: dict[str, str], text: str, reason: str
) -> None:
    shop.says(OLGA, text, author=Author(name=who["author"], url=who.get("url")))
    assert "vip" in shop.case()["classes"]
    assert ("Вера", "opened") in shop.told()
    assert within(shop, "acknowledge") == timedelta(hours=1)
    assert "offer" in shop.show()["duties"]
    assert reason in shop.run("why", "1").stdout


def test_R39_whoever_is_neither_listed_nor_says_so_is_no_vip(shop: Desk) -> None:
    shop.says("zolotaya_marina_2", LATE)
    assert shop.case()["classes"] == ["negative"]
    assert shop.told() == [("support", "mention")]


# ── R46: a playbook for each class ──

BOTH = f"В {BRAND} на меня наорала продавщица, хамство. Я постоянный клиент одиннадцать лет, иду с иском в суд"


def test_R46_several_classes_at_once_take_the_shortest_deadline_and_all_duties(tmp_path: Path) -> None:
    playbooks = (
        "playbooks:\n  rude_staff: {acknowledge: 50m, resolve: 30h, remind: 5m}\n"
        "  legal_threat: {acknowledge: 2h, resolve: 20h}\n"
    )
    with desk(tmp_path, more=playbooks) as shop:
        shop.says(PETR, BOTH)
        shop.says(OLGA, LATE)
        assert {"rude_staff", "legal_threat", "vip", "negative"} <= set(shop.case()["classes"])
        assert (within(shop, "acknowledge"), within(shop, "resolve")) == (timedelta(minutes=50), timedelta(hours=20))
        assert set(shop.show()["duties"]) == {"verdict", "findings", "legal", "offer"}
        assert {who for who, what in shop.told() if what == "opened"} == {"Вера", "Анна"}
        assert (within(shop, "acknowledge", 2), shop.show(2)["duties"]) == (timedelta(hours=4), ["verdict"])


def test_R46_what_a_later_post_adds_is_due_as_well(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    before = shop.now
    shop.says(OLGA, RUDE)
    assert shop.case()["classes"] == ["negative", "rude_staff"]
    assert within(shop, "acknowledge") == timedelta(hours=1)
    assert shop.show()["duties"] == ["verdict", "findings"]
    assert ("Вера", "graver") in shop.told(before)


def test_R46_who_hears_and_which_words_are_used_is_the_shops_to_say(tmp_path: Path) -> None:
    playbooks = (
        "playbooks:\n  negative:\n    tell: [Олег]\n    duties: [verdict, findings]\n"
        '    templates: {ru: {наш: "Спасибо, {name}! Ответим до {deadline}."}}\n'
    )
    with desk(tmp_path, more=playbooks) as shop:
        shop.says(OLGA, LATE)
        assert shop.told()[0] == ("Олег", "opened")
        shown = shop.show()
        assert (shown["duties"], shown["templates"][0]) == (["verdict", "findings"], "наш")


# ── R51: the founder last ──


def test_R51_the_founder_hears_when_nobody_else_helped(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    found = shop.now
    shop.act("take", "1")
    shop.passes(hours=4)
    assert shop.told(found) == [("Ира", "reminder"), ("Вера", "breach")]
    late = shop.now
    shop.passes(hours=3, minutes=59)
    assert shop.told(late) == []
    shop.passes(minutes=1)
    assert shop.told(late) == [("Глеб", "breach")]
    shop.passes(hours=24)
    assert shop.told(late) == [("Глеб", "breach")]  # there is nobody above


def test_R51_who_answers_in_between_spares_the_founder(shop: Desk) -> None:
    name = shop.says(OLGA, LATE)
    shop.passes(hours=5)
    late = shop.now
    shop.says(US, SEEN, to=name)
    shop.passes(hours=10)
    assert shop.told(late) == []


def test_R51_a_step_that_leads_to_nobody_is_told_to_the_next_and_at_last_to_those_of_the_routes(tmp_path: Path) -> None:
    with desk(tmp_path, staff=False) as shop:
        shop.run("people", "add", "Вера", "--role", "lead", "--receiver", "Вера")
        shop.says(OLGA, LATE)
        found = shop.now
        shop.passes(hours=9)
        assert shop.told(found) == [("Вера", "reminder"), ("Вера", "breach"), ("support", "breach")]
