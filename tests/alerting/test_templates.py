"""The administrator's own words: what a template may say, and what it may not do."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.alerting.templates import FACTS, apply, facts_of, said_by, template_fault
from monitor.errors import InputError
from monitor.models import Author, Post
from tests.alerting.alerts import make_alert, make_mention

if TYPE_CHECKING:
    from monitor.models import AlertView


def test_a_template_says_what_it_is_asked_to(alert: AlertView) -> None:
    template = (
        "{{ brand|upper }}: {{ negative }} %{% if priority >= 60 and sentiment == 'negative' %} · urgent{% endif %}\n"
        "{{ text|truncate(16) }} — {{ author|default('?', true) }}, {{ rating|default('no stars', true) }}"
    )
    assert apply(template, facts_of(alert)) == "МОЙСКЛАД: 90 % · urgent\nВ МоёмСкладе... — Ольга, no stars"


def test_every_documented_fact_is_there_and_no_other(alert: AlertView) -> None:
    assert facts_of(alert).keys() == FACTS.keys()
    in_case = replace(alert, case_id=31, acknowledge_by=alert.created_at)
    assert apply("{{ case }} {{ acknowledge_by }} {{ resolve_by }}", facts_of(in_case)) == "31 2026-11-21 12:00"


def test_each_fact_can_be_printed(alert: AlertView) -> None:
    for name in FACTS:
        assert template_fault(f"{{{{ {name} }}}}") is None
        apply(f"{{{{ {name} }}}}", facts_of(alert))


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ brandd }}", "line 1: there is no fact 'brandd'; did you mean 'brand'?"),
        ("x\n{{ text|uper }}", "line 2: there is no filter 'uper'; did you mean 'upper'?"),
        ("{% if text is numberr %}{% endif %}", "there is no test 'numberr'"),
        ("{{ brand", "line 1: unexpected end of template"),
        ("{% if brand %}", "line 1: Unexpected end of template"),
        ("{% for one in brand %}x{% endfor %}", "line 1: for is more than a message may do"),
        ("{{ brand.__class__.__mro__ }}", "getattr is more"),
        ("{{ brand['__class__'] }}", "getitem is more"),
        ("{{ ''.join(brand) }}", "call is more"),
        ("{{ range(10) }}", "call is more"),
        ("{{ 'a' * 999999999 }}", "mul is more"),
        ("{{ 9 ** 9 ** 9 }}", "pow is more"),
        ("{% set x = brand %}", "assign is more"),
        ("{% include '/etc/passwd' %}", "include is more"),
        ("{% macro x() %}{% endmacro %}", "macro is more"),
        ("{{ brand|replace('a', 'b') }}", "there is no filter 'replace'"),
        ("{{ brand|attr('__class__') }}", "there is no filter 'attr'"),
        ("{{ cycler }}", "there is no fact 'cycler'"),
        ("{{ " + "not " * 300 + "brand }}", "nested more than 40 deep"),
        ("{{ " + "(" * 1900 + "brand" + ")" * 1900 + " }}", "nested more than 40 deep"),
        ("x" * 5001, "longer than 5000 characters"),
    ],
)
def test_what_is_wrong_with_a_template_is_said_with_its_line(template: str, words: str, alert: AlertView) -> None:
    fault = template_fault(template)
    assert fault is not None
    assert words.lower() in fault.lower()
    with pytest.raises(InputError):
        apply(template, facts_of(alert))


@pytest.mark.parametrize("template", ["{{ title|truncate('a') }}", "{{ -title }}", "{% if title > 3 %}x{% endif %}"])
def test_a_template_that_fails_is_told_as_such(template: str, alert: AlertView) -> None:
    with pytest.raises(InputError, match="TypeError"):
        apply(template, facts_of(alert))


def test_what_people_wrote_is_no_template_and_is_disarmed_after_every_filter() -> None:
    post = Post(title="{{ 7*7 }} {% x %}", text="*@ALL* \x1b[31m", author=Author(name="*eve*"))
    alert = make_alert(post, make_mention("*@ALL* \x1b[31m", 0, 3))
    said = apply(
        "*{{ title }}* {{ text|lower }} {{ author ~ '*' }}", facts_of(alert), escape=lambda text: text.replace("*", "")
    )
    assert said == "*{{ 77 }} {% x %}* @all \ufffd[31m eve"


def test_a_template_cannot_reach_what_disarms_it(alert: AlertView) -> None:
    for name in ("escape", "_ESCAPE", "self", "context"):
        assert template_fault(f"{{{{ {name} }}}}") is not None
    assert apply("{# nothing #}x", facts_of(alert)) == "x"


def test_the_longest_template_over_the_longest_post_ends_soon_and_stays_short() -> None:
    alert = make_alert(Post(text="ё" * 100_000), make_mention("ё" * 20, 0, 2))
    begun = time.perf_counter()
    with pytest.raises(InputError, match="more than 30000 characters"):
        apply("{{ text|upper|lower }}" * 180, facts_of(alert))
    assert time.perf_counter() - begun < 2


def test_a_receiver_without_such_a_template_gets_the_shipped_text(alert: AlertView) -> None:
    assert said_by((("title", "x"),), "mention", facts_of(alert), escape=str) is None
    assert said_by((("title", "x"),), "title", facts_of(alert), escape=str) == "x"


def test_a_template_that_fails_gives_way_to_the_shipped_text_and_is_told_of_once(
    alert: AlertView, caplog: pytest.LogCaptureFixture
) -> None:
    templates = (("mention", "{{ title|truncate('once') }}"),)
    for _ in range(3):
        assert said_by(templates, "mention", facts_of(alert), escape=str) is None
    assert len(caplog.records) == 1
    assert "template for mention fails" in caplog.text
