"""How complaints are worked off: who has them, what is found out and noted, how they end, what comes of it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.models import Author
from tests.cli.casedesk import (
    ANSWERED,
    BRAND,
    CONFIG,
    LATE,
    LEGAL,
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

TWICE = f"{BRAND} списал деньги дважды, ужасно, никто не отвечает"
FREEBIE = f"{BRAND} отвратительный магазин, самый ужасный сервис на свете, никому не советую"
PRAISE = f"{BRAND} всё исправил, посылку привезли, большое спасибо, отличный магазин, очень довольна"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as shop:
        yield shop


def closed(shop: Desk, number: int = 1, outcome: str = "content") -> None:
    """A case from its verdict to its end."""
    case = str(number)
    shop.act("verdict", case, "justified", "--note", "посылка лежала на складе")
    shop.act("answer", case, "--text", ANSWERED)
    assert shop.act("close", case, "--outcome", outcome)["state"] == "closed"


# ── R4: every complaint ends somewhere ──


def test_R4_the_ledger_tells_of_every_complaint_how_it_ended(shop: Desk) -> None:
    for who, text in ((OLGA, LATE), (PETR, TWICE), (RITA, FREEBIE), (ZOYA, f"{BRAND}: ужасная доставка, обман")):
        shop.says(who, text)
    shop.says("sergey.volkov.1971", f"В {BRAND} открылся отдел лампочек")  # is no complaint
    closed(shop, 1)
    shop.act("offline", "2", "телефон")
    shop.act("silent", "3", "это тролль", as_="Вера")
    (row,) = shop.figures("coverage")
    ended = {name: row[name] for name in ("mentions", "answered", "offline", "silent", "open")}
    assert ended == {"mentions": 4, "answered": 1, "offline": 1, "silent": 1, "open": 1}
    assert row["reasons"] == [{"reason": "это тролль", "mentions": 1}]
    assert [one["id"] for one in shop.rows("cases", "list") if one["state"] == "new"] == [4]


def test_R4_our_answer_in_the_thread_is_seen_linked_and_looked_for_later(shop: Desk) -> None:
    thread = shop.says(OLGA, LATE)
    shop.act("take", "1")
    shop.act("verdict", "1", "justified", "--note", "посылка лежала на складе")
    shop.passes(minutes=50)
    written = shop.now
    ours = shop.says(US, ANSWERED, to=thread)
    case = shop.case()
    assert (case["state"], case["answered_at"]) == ("answered", written.isoformat())
    assert "Answered by" in shop.run("why", "1").stdout
    told = shop.now
    shop.loses(ours)
    for _ in range(30):  # it is looked for at a visit, and once more to be sure
        shop.passes(hours=1)
        shop.visits()
    assert len(shop.happened("answer_gone")) == 1
    assert shop.told(told) == [("Ира", "answer_gone")]
    assert "answer gone" in shop.run("cases", "show", "1").stdout


def test_R4_a_case_ends_with_an_answer_or_a_reason_and_not_otherwise(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    assert "neither answered" in shop.refused("close", "1", as_="Глеб")
    shop.act("verdict", "1", "not", "--note", "трекер показывает вручение")
    assert "neither answered" in shop.refused("close", "1", as_="Глеб")
    shop.act("answer", "1", "--text", ANSWERED)
    assert shop.act("close", "1")["state"] == "closed"


# ── R5: first checked, then decided ──


def test_R5_a_case_goes_from_checking_over_a_verdict_to_the_answer(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    done = [
        ("take", "1"),
        ("verdict", "1", "partly", "--note", "опоздала на три дня, не на десять"),
        ("answer", "1", "--text", ANSWERED),
        ("close", "1"),
    ]
    states = [shop.case()["state"], *(shop.act(*arguments)["state"] for arguments in done)]
    assert states == ["new", "checking", "verdict", "answered", "closed"]
    changes = [one["after"] for one in shop.show()["events"]]
    assert list(dict.fromkeys(changes)) == states


@pytest.mark.parametrize("verdict", ["justified", "partly", "not", "fake", "wrong_business"])
def test_R5_a_verdict_needs_a_note(shop: Desk, verdict: str) -> None:
    shop.says(OLGA, LATE)
    for note in ((), ("--note", " ")):
        assert "--note" in shop.refused("verdict", "1", verdict, *note)
    assert shop.case()["verdict"] is None
    assert shop.act("verdict", "1", verdict, "--note", "проверили записи")["verdict"] == verdict


def test_R5_what_was_not_checked_is_not_closed_and_an_earlier_verdict_stays_on_record(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.act("answer", "1", "--full", "--text", ANSWERED)
    assert "without a verdict" in shop.refused("close", "1")
    shop.act("verdict", "1", "fake", "--note", "заказа не нашли")
    shop.act("verdict", "1", "justified", "--note", "заказ нашли по телефону")
    assert [(one["verdict"], one["text"]) for one in shop.happened("verdict")] == [
        ("fake", "заказа не нашли"),
        ("justified", "заказ нашли по телефону"),
    ]
    assert shop.case()["verdict"] == "justified"


# ── R6: nothing is deleted because it is unpleasant ──


def test_R6_a_fake_is_closed_with_a_verdict_and_stays_for_everybody_to_find(shop: Desk) -> None:
    shop.says(RITA, FREEBIE)
    shop.act("verdict", "1", "fake", "--note", "покупателя с таким именем нет", as_="Вера")
    shop.act("silent", "1", "брань без покупки", as_="Вера")
    shop.act("close", "1", as_="Вера")
    shop.passes(days=40)
    assert [row["post"]["author"]["name"] for row in shop.rows("search", "отвратительный магазин")] == [RITA]
    assert FREEBIE in shop.run("why", "1").stdout
    assert FREEBIE in shop.run("cases", "show", "1").stdout
    assert [(row["id"], row["state"]) for row in shop.rows("cases", "list", "--all")] == [(1, "closed")]


def test_R6_there_is_no_way_to_delete_a_case_or_a_post_but_to_forget_a_person(shop: Desk) -> None:
    shop.says(RITA, FREEBIE)
    shop.says(OLGA, LATE)
    commands = shop.run("cases", "--help").stdout + shop.run("--help").stdout
    assert not re.findall(r"(?:^|\s)(delete|remove|drop|purge|hide)\s", commands)
    shop.run("forget", "--author", RITA, "--yes")
    assert shop.rows("search", "отвратительный магазин", code=1) == []
    assert shop.run("cases", "show", "1", code=1).stderr == "monitor: there is no case 1\n"
    assert [row["id"] for row in shop.rows("cases", "list", "--all")] == [2]
    assert [row["post"]["author"]["name"] for row in shop.rows("search", "посылку")] == [OLGA]


# ── R8: whose a case is ──


def test_R8_each_class_is_told_to_those_who_must_know_and_to_nobody_else(shop: Desk) -> None:
    for who, text in ((OLGA, LATE), (PETR, RUDE), (RITA, LEGAL)):
        shop.says(who, text)
    opened = [(row["case_id"], row["receiver"]) for row in shop.rows("deliveries") if row["notice"] == "opened"]
    assert sorted(opened) == [(2, "Вера"), (3, "Анна")]


def test_R8_a_department_of_its_own_hears_of_what_it_is_there_for(tmp_path: Path) -> None:
    playbooks = "playbooks: {refund: {tell: [support], ladder: [support, lead]}}\n"
    with desk(tmp_path, more=playbooks) as shop:
        shop.says(OLGA, f"{BRAND} три недели не возвращает деньги за чайник, требую вернуть деньги")
        assert "refund" in shop.case()["classes"]
        assert [(row["case_id"], row["receiver"]) for row in shop.rows("deliveries") if row["notice"]] == [
            (1, "support")
        ]


def test_R8_a_case_has_an_owner_who_is_told_and_finds_it(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.says(PETR, TWICE)
    found = shop.now
    shop.passes(minutes=5)
    assert shop.act("take", "1")["owner"] == "Ира"
    assert shop.act("assign", "2", "Олег")["owner"] == "Олег"
    assert shop.told(found) == [("Олег", "assigned")]
    assert [row["id"] for row in shop.rows("cases", "list", "--mine")] == [1]
    assert [row["id"] for row in shop.rows("cases", "list", "--owner", "Олег")] == [2]
    assert "owned by Ира" in shop.run("cases", "show", "1").stdout
    shop.act("assign", "1", "--nobody")
    assert {row["id"]: row["owner"] for row in shop.rows("cases", "list")} == {1: None, 2: "Олег"}


def test_R8_a_case_is_given_to_those_who_work_here_however_their_name_is_typed(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    assert shop.act("assign", "1", "олег")["owner"] == "Олег"
    assert "Кто-то" in shop.refused("assign", "1", "Кто-то")


# ── R9: what is known of it elsewhere ──


def test_R9_a_ticket_or_a_call_elsewhere_is_linked_to_the_case(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.act("ticket", "1", "HD-1204", "--url", "https://desk.example/HD-1204")
    shown = shop.run("cases", "show", "1").stdout
    assert ("HD-1204" in shown, "https://desk.example/HD-1204" in shown) == (True, True)
    shop.act("offline", "1", "телефон", "--ticket", "call-77")
    assert "call-77" in shop.run("cases", "show", "1").stdout
    assert shop.case()["ticket"] == "HD-1204"


# ── R22: when to stop trying ──


def test_R22_an_agent_may_give_up_after_three_attempts_in_a_row_that_failed(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    for number, outcome in enumerate(("failed", "refused")):
        shop.act("attempt", "1", "телефон", "--outcome", outcome)
        assert f"{number + 1} of 3 attempts" in shop.refused("silent", "1", "не дозвониться")
    shop.act("attempt", "1", "телефон", "--outcome", "reached")
    assert "0 of 3 attempts" in shop.refused("silent", "1", "не дозвониться")
    for _ in range(3):
        shop.act("attempt", "1", "почта", "--outcome", "failed")
    case = shop.case()
    assert (case["attempts"], case["failed"]) == (6, 3)
    assert shop.act("silent", "1", "не дозвониться")["state"] == "silent"


def test_R22_how_many_attempts_are_enough_is_the_shops_to_say(tmp_path: Path) -> None:
    with desk(tmp_path, more="playbooks: {negative: {attempts: 1}}\n") as shop:
        shop.says(OLGA, LATE)
        assert "0 of 1 attempts" in shop.refused("silent", "1", "не дозвониться")
        shop.act("attempt", "1", "телефон", "--outcome", "refused")
        assert shop.act("silent", "1", "просит не звонить")["silent_reason"] == "просит не звонить"


# ── R24: silence ends when the customer writes again ──


def test_R24_who_was_left_unanswered_and_writes_again_opens_the_case_again(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.act("take", "1")
    shop.act("silent", "1", "спорить не о чем", as_="Вера")
    shop.passes(days=20)
    quiet = shop.now
    shop.says(PETR, TWICE)
    assert shop.case()["state"] == "silent"  # somebody else's complaint is none of hers
    shop.says(OLGA, f"И снова о {BRAND}: посылки нет, отвратительно", at="reviews")
    case = shop.case()
    assert (case["state"], case["round"], case["silent_reason"]) == ("checking", 2, None)
    assert (case["found_at"], case["owner"]) == (shop.now.isoformat(), "Ира")
    assert len(shop.show()["posts"]) == 2
    assert ("Ира", "reopened") in shop.told(quiet)
    assert [row["id"] for row in shop.rows("cases", "list", "--mine")] == [1]


def test_R24_a_silent_complaint_is_dealt_with_until_then(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.act("silent", "1", "спорить не о чем", as_="Вера")
    before = shop.now
    shop.passes(days=5)
    assert shop.told(before) == []
    assert shop.figures("coverage")[0]["silent"] == 1
    shop.says(OLGA, f"{BRAND} снова потерял мою посылку, отвратительно")
    assert {name: shop.figures("coverage")[0][name] for name in ("silent", "open")} == {"silent": 0, "open": 2}


# ── R25: silence is a decision ──


def test_R25_who_decided_that_nobody_answers_and_why_is_reported(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.says(PETR, TWICE)
    shop.says(RITA, LEGAL)
    assert "0 of 3 attempts" in shop.refused("silent", "1", "тролль")
    assert "may not silent" in shop.refused("silent", "1", "тролль", as_="Яна")
    for number, reason in (("1", " "), ("2", "")):
        assert "reason" in shop.refused("silent", number, reason, as_="Вера")
    shop.act("silent", "1", "тролль", as_="Вера")
    shop.act("silent", "2", "пишет это всем магазинам", as_="Вера")
    shop.act("silent", "3", "ответит адвокат", as_="Анна")
    assert sorted((row["person"], row["reason"], row["times"]) for row in shop.figures("silences")) == [
        ("Анна", "ответит адвокат", 1),
        ("Вера", "пишет это всем магазинам", 1),
        ("Вера", "тролль", 1),
    ]
    assert "left unanswered: тролль" in shop.run("cases", "show", "1").stdout


# ── R33: an inquiry that was really made ──


def test_R33_a_case_of_rude_staff_is_not_closed_without_findings(shop: Desk) -> None:
    shop.says(PETR, RUDE)
    shop.says(OLGA, LATE)
    for number in ("1", "2"):
        shop.act("verdict", number, "justified", "--note", "камера подтверждает")
        shop.act("answer", number, "--text", ANSWERED)
    assert shop.act("close", "2")["state"] == "closed"
    for who in ("Ира", "Вера", "Глеб"):
        assert "without findings" in shop.refused("close", "1", as_=who)
    assert "findings" in shop.run("cases", "show", "1").stdout
    shop.act("findings", "1", "смена была без старшей, теперь есть график", as_="Вера")
    assert shop.act("close", "1")["findings"] == "смена была без старшей, теперь есть график"


# ── R34: what speaks for either side ──


def test_R34_evidence_of_both_sides_stays_with_whoever_found_it(shop: Desk) -> None:
    shop.says(PETR, RUDE)
    shop.act("evidence", "1", "запись звонка", "--url", "https://desk.example/calls/1")
    shop.passes(hours=1)
    shop.act("evidence", "1", "рассказ продавщицы", as_="Вера")
    noted = [one for one in shop.show()["events"] if one["kind"] == "evidence"]
    assert [(one["person"], one["body"]) for one in noted] == [
        ("Ира", {"what": "запись звонка", "url": "https://desk.example/calls/1"}),
        ("Вера", {"what": "рассказ продавщицы"}),
    ]
    assert noted[0]["at"] < noted[1]["at"] == shop.now.isoformat()
    shown = shop.run("cases", "show", "1").stdout
    assert all(words in shown for words in ("запись звонка", "https://desk.example/calls/1", "рассказ продавщицы"))


def test_R34_evidence_may_be_added_when_all_is_over(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    closed(shop)
    shop.act("evidence", "1", "письмо перевозчика")
    assert (shop.case()["state"], len(shop.happened("evidence"))) == ("closed", 1)


# ── R37: not in front of everybody ──


def test_R37_a_talk_that_goes_on_elsewhere_is_a_state_of_its_own_with_words_for_it(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.act("take", "1")
    draft = shop.act("template", "1", "offline", "--set", "contact=help@shop.test")
    assert ("help@shop.test" in draft["text"], draft["unfilled"]) == (True, [])
    moved = shop.act("offline", "1", "почта")
    assert (moved["state"], moved["acknowledged_at"]) == ("offline", shop.now.isoformat())
    assert [(row["channel"], row["times"]) for row in shop.figures("offline")] == [("почта", 1)]


def test_R37_the_third_public_reply_looks_like_a_quarrel(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    codes = [
        {one["code"] for one in shop.act("answer", "1", *where, "--text", SEEN)["warnings"]}
        for where in ((), ("--private",), (), ("--private",), ())
    ]
    assert codes == [set(), set(), set(), set(), {"quarrel"}]
    assert shop.case()["public_replies"] == 3


# ── R38: what was tried ──


def test_R38_what_was_tried_is_dated_and_can_be_told_in_a_reply(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.act("attempt", "1", "телефон", "--outcome", "failed", "--note", "занято")
    first = shop.now
    shop.passes(days=1)
    shop.act("attempt", "1", "почта", "--outcome", "refused", "--note", "просит не писать", as_="Олег")
    tried = [one for one in shop.show()["events"] if one["kind"] == "attempt"]
    assert [(one["at"], one["person"], one["body"]) for one in tried] == [
        (first.isoformat(), "Ира", {"channel": "телефон", "outcome": "failed", "text": "занято"}),
        (shop.now.isoformat(), "Олег", {"channel": "почта", "outcome": "refused", "text": "просит не писать"}),
    ]
    assert shop.figures("attempts") == [
        {"figure": "attempts", "channel": "почта", "reached": 0, "failed": 0, "refused": 1},
        {"figure": "attempts", "channel": "телефон", "reached": 0, "failed": 1, "refused": 0},
    ]
    draft = shop.act("template", "1", "attempts_declined", "--set", "step=замену", "--set", "contact=help@shop.test")
    assert draft["unfilled"] == []
    assert shop.act("answer", "1", "--dry-run", "--text", draft["text"])["warnings"] == []


# ── R45: each claim for itself ──


def test_R45_each_claim_is_true_or_false_or_unknown_and_the_last_word_counts(shop: Desk) -> None:
    shop.says(PETR, RUDE)
    for text, truth in (("была очередь", "true"), ("на меня кричали", "unknown"), ("на меня кричали", "false")):
        shop.act("claim", "1", text, "--is", truth)
    assert [(one["text"], one["truth"]) for one in shop.happened("claim")] == [
        ("была очередь", "true"),
        ("на меня кричали", "unknown"),
        ("на меня кричали", "false"),
    ]
    assert "на меня кричали" in shop.run("cases", "show", "1").stdout
    assert shop.case()["verdict"] is None  # to say what the whole amounts to is another thing
    assert shop.run("cases", "claim", "1", "была очередь", "--is", "maybe", code=2).stdout == ""


# ── R28: the same for all ──


def test_R28_whom_many_follow_is_told_to_more_people_and_is_owed_nothing_sooner(tmp_path: Path) -> None:
    loud = "routes: [{match: influence>=40, to: Глеб, continue: true, group_wait: 0s, group_interval: 0s}, "
    with desk(tmp_path, config=CONFIG.replace("routes: [", loud)) as shop:
        shop.says(OLGA, LATE, author=Author(name=OLGA, followers=900_000))
        shop.says(PETR, FREEBIE, author=Author(name=PETR, followers=3))
        assert sorted(shop.told()) == [("support", "mention"), ("support", "mention"), ("Глеб", "mention")]
        given = []
        for number in (1, 2):
            shown = shop.show(number)
            found = shown["case"]["found_at"]
            due = [one for one in shown["deadlines"] if one["clock"] == "found"]
            given.append((shown["duties"], [(one["deadline"], _after(one["due_at"], found)) for one in due]))
        hours = [("acknowledge", timedelta(hours=4)), ("resolve", timedelta(hours=72))]
        assert given == [(["verdict"], hours)] * 2


def test_R28_how_long_it_took_is_told_by_how_many_listen(shop: Desk) -> None:
    texts = [f"{BRAND} {what} отвратительно" for what in ("потерял посылку", "обманул с ценой", "нагрубил", "опоздал")]
    for number, text in enumerate(texts, start=1):
        name = f"buyer_number_{number}51"
        shop.says(name, text, author=Author(name=name, followers=10 ** (2 * number - 2)))
    for number in range(4, 0, -1):  # who has most listeners is answered first
        shop.passes(hours=1)
        shop.act("answer", str(number), "--text", SEEN)
    rows = [row for row in shop.figures("times") if (row["by"], row["span"]) == ("decile", "acknowledge")]
    hours = [row["median_hours"] for row in sorted(rows, key=lambda row: int(row["key"]))]
    assert hours == sorted(hours, reverse=True)
    assert hours[-1] < 2 < hours[0]
    (fairness, _) = shop.figures("fairness")
    assert "too few cases" in fairness["finding"]


def _after(later: str, earlier: str) -> timedelta:
    return datetime.fromisoformat(later) - datetime.fromisoformat(earlier)


# ── R30: how customers went on ──


def test_R30_each_case_that_ends_says_how_its_customer_went_on(shop: Desk) -> None:
    for who, text in ((OLGA, LATE), (PETR, TWICE), (RITA, FREEBIE)):
        shop.says(who, text)
    for number, outcome in ((1, "advocate"), (2, "spreading"), (3, "advocate")):
        closed(shop, number, outcome)
    told = {row["outcome"]: row["cases"] for row in shop.figures("outcomes")}
    assert (told["advocate"], told["spreading"]) == (2, 1)
    assert sum(told.values()) == 3


def test_R30_an_answer_that_was_seen_before_the_verdict_only_says_that_we_are_at_it(shop: Desk) -> None:
    thread = shop.says(OLGA, LATE)
    shop.says(US, SEEN, to=thread)
    case = shop.case()
    assert (case["state"], case["answered_at"]) == ("checking", None)
    assert case["acknowledged_at"] is not None
    shop.says(PETR, ANSWERED, to=thread)  # whoever else says the same is not us
    assert len(shop.happened("answer_seen")) == 1


# ── R49: what it costs ──


def test_R49_what_is_given_is_kept_and_summed_up_by_class_and_kind(shop: Desk) -> None:
    for who, text in ((OLGA, LATE), (PETR, RUDE), (RITA, FREEBIE)):
        shop.says(who, text)
    shop.act("compensate", "1", "сертификат", "--value", "1500", "--currency", "RUB")
    shop.act("compensate", "2", "сертификат", "--value", "500.50", "--currency", "RUB")
    shop.act("compensate", "3", "ничего не положено")
    costs = {(row["class"], row["what"], row["currency"]): (row["number"], row["sum"]) for row in shop.figures("costs")}
    assert costs["all", "сертификат", "RUB"] == (2, 2000.5)
    assert costs["rude_staff", "сертификат", "RUB"] == (1, 500.5)
    assert "currency" in shop.refused("compensate", "1", "скидка", "--value", "5")


# ── R50: are they back? ──


def test_R50_who_praises_us_after_a_case_is_recovered_and_who_complains_again_is_not(shop: Desk) -> None:
    shop.says(OLGA, LATE)
    shop.says(PETR, TWICE)
    shop.says(RITA, FREEBIE)
    for number in (1, 2, 3):
        closed(shop, number)
    shop.passes(days=9)
    shop.says(OLGA, PRAISE, at="reviews")
    shop.says(PETR, f"{BRAND} опять списал деньги дважды, ужасно")
    (row,) = shop.figures("recovery")
    assert (row["cases"], row["positive"], row["negative"], row["not_yet"]) == (3, 1, 1, 1)
    assert row["recovered"]["value"] == 0.5
    assert [shop.case(number)["state"] for number in (1, 2)] == ["closed", "checking"]


# ── R11: did the fix help? ──


def test_R11_complaints_of_a_known_issue_become_rarer_after_its_fix(tmp_path: Path) -> None:
    issue = "known_issues: {печать: {words: [чек, принтер], fixed: 2026-11-25}}, own: {"
    with desk(tmp_path, config=CONFIG.replace("own: {", issue), staff=False) as shop:
        for day in range(8):
            for number in range(4 if day < 4 else 0):
                shop.says(f"buyer_number_{day}{number}", f"{BRAND} опять не печатает чек номер {day}{number}, ужасно")
            for number in range(10):
                shop.says(f"visitor_number_{day}{number}", f"Был в {BRAND} у витрины номер {day}{number}")
            shop.passes(days=1)
        (row,) = shop.figures("fixes")
        assert (row["issue"], row["fixed"], row["complaints_after"]) == ("печать", "2026-11-25", 0)
        assert (row["days"], row["complaints_before"]) == (3, 12)
        assert row["finding"] == "complaints became rarer"
