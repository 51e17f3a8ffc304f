"""What `monitor evaluate` counts, on texts so few that it can be counted by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from monitor.errors import InputError
from monitor.models import Brand
from monitor.understanding.evaluation import Score, Subject, compared, evaluate, read_labelled, scores
from monitor.understanding.judge import Judge


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge([Brand(name="Кассолёт"), Brand(name="Торгуша")])


def test_precision_recall_and_f1_are_those_of_the_textbook() -> None:
    wanted = [{"a"}, {"a"}, {"a", "b"}, set[str]()]
    told = [{"a"}, set[str](), {"a"}, {"a"}]
    assert scores(wanted, told) == {
        "a": Score(precision=2 / 3, recall=2 / 3, f1=2 / 3, n=3),
        "b": Score(precision=0.0, recall=0.0, f1=0.0, n=1),
    }


def test_the_mean_f1_leaves_out_classes_that_do_not_occur(judge: Judge) -> None:
    lines = ['{"text": "Торгуша и Кассолёт", "brands": ["Кассолёт"]}', '{"text": "Кассолёт", "brands": ["Кассолёт"]}']
    found = evaluate("matching", read_labelled(lines, "matching"), judge)
    assert found.per_class["Кассолёт"] == Score(1.0, 1.0, 1.0, 2)
    assert found.per_class["Торгуша"] == Score(0.0, 0.0, 0.0, 0)
    assert found.macro_f1 == 1.0
    assert found.accuracy == 0.5
    assert found.wrong == (
        {"text": "Торгуша и Кассолёт", "brand": None, "wanted": ["Кассолёт"], "told": ["Кассолёт", "Торгуша"]},
    )


def test_only_classes_that_occur_or_were_told_are_met() -> None:
    found = compared([("x", None), ("y", None)], wanted=[{"a"}, {"a"}], told=[{"a"}, {"b"}])
    assert list(found.met) == ["a", "b"]
    never = replace(found, per_class=scores([{"a"}, {"a"}], [{"a"}, {"b"}], always=("c",)))
    assert (list(never.per_class), list(never.met)) == (["a", "b", "c"], ["a", "b"])


def test_relevance_is_told_by_doubt(judge: Judge) -> None:
    lines = [
        '{"text": "Поддержка Кассолёта молчит", "brand": "Кассолёт", "lang": "ru", "relevant": true}',
        '{"text": "Сегодня тепло", "brand": "Кассолёт", "lang": "ru", "relevant": false}',
        '{"text": "Сегодня тепло и сухо", "brand": "Кассолёт", "lang": "ru", "relevant": true}',
    ]
    found = evaluate("relevance", read_labelled(lines, "relevance"), judge)
    assert found.per_class["relevant"] == Score(1.0, 0.5, 2 / 3, 2)
    assert found.per_class["irrelevant"].recall == 1.0


def test_special_cases_are_told_of_brands_that_the_text_does_not_name(judge: Judge) -> None:
    lines = ['{"text": "Подаю на вас в суд!", "brand": "Неназванный", "lang": "ru", "labels": ["legal_threat"]}']
    found = evaluate("special-cases", read_labelled(lines, "special-cases"), judge)
    assert found.per_class["legal_threat"] == Score(1.0, 1.0, 1.0, 1)


def test_a_line_of_output_holds_what_programs_read(judge: Judge) -> None:
    lines = ['{"text": "Кассолёт", "brands": ["Кассолёт"]}']
    line = evaluate("matching", read_labelled(lines, "matching"), judge).to_json("m.jsonl")
    assert line["file"] == "m.jsonl"
    assert line["n"] == 1
    assert line["per_class"] == {"Кассолёт": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "n": 1}}
    assert line["macro_f1"] == 1.0
    assert "texts_per_second" in line


@pytest.mark.parametrize(
    ("subject", "line", "said"),
    [
        ("relevance", '{"text": "x", "brand": "B"}', "line 1: relevant missing"),
        ("special-cases", '{"text": "x"}', "line 1: brand, labels missing"),
        ("relevance", '{"text": "x", "brand": " ", "relevant": true}', "line 1: brand missing"),
        ("special-cases", '{"text": "x", "brand": "", "labels": []}', "line 1: brand missing"),
        ("special-cases", '{"text": "x", "brand": "B", "labels": ["spam", "no_such"]}', "line 1: .* 'no_such'; there"),
        ("matching", '{"brands": []}', "line 1: text: Field required"),
        ("matching", "[1]", "line 1: Input should be"),
        ("matching", "{", "line 1: not JSON"),
        ("matching", '{"text": 7, "brands": []}', "line 1: text"),
        ("matching", "", "holds no labelled text"),
    ],
)
def test_a_bad_line_is_named(subject: Subject, line: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_labelled([line], subject)


def test_blank_lines_and_unknown_keys_are_passed_over() -> None:
    lines = ["", json.dumps({"text": "x", "brands": [], "near": "refund"}), "\n"]
    assert [one.text for one in read_labelled(lines, "matching")] == ["x"]
