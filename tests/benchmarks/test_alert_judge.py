from __future__ import annotations

from dataclasses import replace

from benchmarks.alerting.baselines import every_negative, mean_and_sigma
from benchmarks.alerting.judge import TARGETS, judge, misses
from benchmarks.alerting.records import Truth, truth_of
from tests.benchmarks.history import DAY, at, history, message, row, span

CRISIS = Truth(crises=(span(1000, 1600),))
THREE = (row(1000, author="a"), row(1010, author="b"), row(1020, author="c"))


def test_what_no_message_carries_is_lost() -> None:
    told = history(row(1), row(2), row(3))
    assert judge(told, [message(5, "a1")])["lost"] == 2


def test_what_was_muted_for_a_reason_is_not_lost() -> None:
    assert judge(history(row(1), row(2)), [message(5, "a1")], muted={"a2"})["lost"] == 0


def test_what_the_route_does_not_ask_for_is_not_lost() -> None:
    assert judge(history(row(1, negative=0.49)), [])["lost"] == 0


def test_praise_with_influence_is_asked_for() -> None:
    influential = replace(row(1, negative=0.1), influence=70.0)
    assert judge(history(influential), [])["lost"] == 1


def test_a_mention_in_two_messages_is_repeated() -> None:
    assert judge(history(row(1)), [message(5, "a1"), message(6, "a1")])["repeated"] == 1


def test_a_message_that_arrives_twice_is_repeated_once_whatever_it_carries() -> None:
    twice = [message(5, "a1", "a2")] * 2
    assert judge(history(row(1), row(2)), twice)["repeated"] == 1


def test_calm_days_leave_out_a_crisis_and_the_day_after() -> None:
    truth = Truth(crises=(span(DAY + 60, DAY + 120),))
    told = history(row(1), row(4 * DAY + 1), truth=truth)
    messages = [message(DAY + 70 + number) for number in range(50)] + [message(2 * DAY + 5), message(3 * DAY + 5)]
    figures = judge(told, messages)
    assert (figures["calm_days"], figures["calm_day_messages_max"]) == (3, 1)


def test_the_percentile_is_of_days_with_none_too() -> None:
    told = history(row(1), row(19 * DAY + 1), truth=Truth())
    messages = [message(DAY + number / 100) for number in range(40)]
    figures = judge(told, messages)
    assert (figures["calm_days"], figures["calm_day_messages_p95"], figures["calm_day_messages_max"]) == (20, 0, 40)


def test_a_crisis_counts_from_its_third_author_to_the_first_message_about_it() -> None:
    figures = judge(history(*THREE, truth=CRISIS), [message(1041, "c1020")])
    assert figures["crisis_minutes_max"] == 20


def test_a_crisis_that_was_told_before_its_third_author_took_no_time() -> None:
    figures = judge(history(*THREE, truth=CRISIS), [message(1005, "a1000")])
    assert figures["crisis_minutes_max"] == 0


def test_the_same_author_is_no_third() -> None:
    figures = judge(history(*THREE[:2], row(1015, author="a"), truth=CRISIS), [message(1041, "a1000")])
    assert figures["crisis_minutes_max"] is None


def test_a_message_about_something_else_does_not_tell_a_crisis() -> None:
    other = row(900, author="z")
    figures = judge(history(other, *THREE, truth=CRISIS), [message(1022, "z900")])
    assert (figures["crisis_minutes_max"], figures["crises_untold"]) == (None, 1)


def test_of_a_crisis_with_a_story_only_the_story_counts() -> None:
    truth = Truth(crises=(span(1000, 1600, "it"),))
    rows = [replace(one, story="it") for one in THREE]
    figures = judge(
        history(row(1001, author="z"), *rows, truth=truth), [message(1003, "z1001"), message(1030, "b1010")]
    )
    assert figures["crisis_minutes_max"] == 9


def test_a_case_and_a_storm_tell_a_crisis_too() -> None:
    case = replace(message(1024), about=("b1010",))
    storm = message(1036, opened=(1,))
    figures = judge(history(*THREE, truth=CRISIS), [case, storm])
    assert (figures["crisis_minutes_max"], figures["storm_minutes_max"]) == (3, 15)


def test_a_storm_without_a_cause_is_false_and_one_in_a_crisis_is_not() -> None:
    told = history(*THREE, row(30 * DAY), truth=CRISIS)
    messages = [message(1050, opened=(1,)), message(10 * DAY, opened=(2,)), message(11 * DAY, opened=(3,))]
    figures = judge(told, messages)
    assert (figures["storms"], figures["false_storms_per_30d"]) == (3, 2.05)


def test_a_flood_counts_what_carries_it_or_its_storm() -> None:
    truth = Truth(floods=(span(1000, 1030, "flood"),))
    rows = [row(1000 + number, story="flood", author=f"bot{number}") for number in range(5)]
    messages = [message(1002, "bot01000"), message(1003, opened=(4,)), message(1200, "bot11001"), message(1201, "z")]
    assert judge(history(*rows, truth=truth), messages)["flood_messages"] == 3


def test_a_flood_without_a_storm_is_seen() -> None:
    truth = Truth(floods=(span(1000, 1030, "flood"),))
    told = history(row(1001, story="flood"), truth=truth)
    assert judge(told, [message(1002, "a1001")])["floods_without_storm"] == 1
    assert judge(told, [message(1002, "a1001"), message(1010, opened=(1,))])["floods_without_storm"] == 0


def test_an_outage_counts_what_was_found_after_it_and_the_words_about_it() -> None:
    truth = Truth(outages=(span(600, 1200),))
    rows = [row(700, late=505), row(1100, late=110), row(1300)]
    messages = [message(603, network=True), message(1206, "a700", "a1100", network=True), message(1302, "a1300")]
    assert judge(history(*rows, truth=truth), messages)["outage_messages"] == 2


def test_each_target_is_missed_by_a_little_more() -> None:
    figures = {name: most + 1 for name, most in TARGETS.items()}
    assert len(misses(figures)) == len(TARGETS)
    assert misses(dict(TARGETS)) == []


def test_without_a_truth_only_some_figures_exist() -> None:
    assert judge(history(row(1)), [message(2, "a1")]) == {"messages": 1, "lost": 0, "repeated": 0}


def test_the_truth_may_hold_one_or_several_of_a_sort() -> None:
    one = {"start": at(0).isoformat(), "hours": 2}
    many = truth_of({"crises": [one, one], "outages": [one], "outage": one, "flood": one}, [row(1)])
    assert (len(many.crises), len(many.outages), len(many.floods)) == (2, 2, 1)
    assert many.crises[0] == span(0, 120)


def test_the_story_of_a_crisis_is_the_one_of_its_name_and_of_a_flood_the_commonest() -> None:
    said = {"start": at(0).isoformat(), "hours": 2}
    rows = [row(1, story="crisis-slow"), *(row(number, story="bots", author="b") for number in range(2, 9))]
    truth = truth_of({"crises": [said | {"kind": "slow"}, said | {"kind": "sharp"}], "flood": said}, rows)
    assert [one.story for one in (*truth.crises, *truth.floods)] == ["crisis-slow", None, "bots"]


def test_a_message_for_each_complaint() -> None:
    messages = every_negative([row(1), row(2, negative=0.2)])
    assert [one.mentions for one in messages] == [("a1",)]


def test_an_hour_with_more_than_usual_is_told_once_and_two_of_them_are_one_storm() -> None:
    usual = [row(60 * hour + 5) for hour in range(0, 48, 2)]
    many = [row(48 * 60 + minute, author=f"b{minute}") for minute in range(0, 118, 4)]
    messages = mean_and_sigma([*usual, *many])
    assert [len(one.opened) for one in messages] == [1, 0]
    assert len(messages[0].mentions) == 3
