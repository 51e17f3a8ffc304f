"""What a good file says of receivers, routes and digests, and what is said of one that is only allowed."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from monitor.alerting.routes import ALONE, GROUP_WORDS
from monitor.config import load
from monitor.config.alertshapes import GroupWord
from monitor.models import SHIPPED_BUDGET

MINIMAL = (Path(__file__).parent / "data" / "minimal.yaml").read_text(encoding="utf-8")


def good(tmp_path: Path, *extra: str) -> Path:
    path = tmp_path / "sources.yaml"
    path.write_text(MINIMAL + "\n".join(extra) + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_receiver_that_says_nothing_has_the_shipped_budget(tmp_path: Path) -> None:
    config = load(good(tmp_path, 'receivers: {support: {urls: ["json://hooks.invalid/in"]}}'), environ={})
    assert config.receivers[0].budget == SHIPPED_BUDGET
    assert (config.receivers[0].quiet, config.receivers[0].zone) == (None, "UTC")


@pytest.mark.parametrize(("webhook", "warned"), [("secret: s3cretsecret", True), ('secret: "${HOOK_SECRET}"', False)])
def test_a_webhook_whose_secret_everybody_may_read_is_a_warning(tmp_path: Path, webhook: str, warned: bool) -> None:
    path = good(tmp_path, f'receivers: {{a: {{webhooks: [{{url: "https://hooks.invalid/in", {webhook}}}]}}}}')
    path.chmod(0o644)
    found = [one.path for one in load(path, environ={"HOOK_SECRET": "s3cretsecret"}).warnings]
    assert ("receivers.a.webhooks[0].secret" in found) is warned


@pytest.mark.parametrize("days", ["[monday, tuesday, wed]", "mon-wed", "Monday-Wednesday", '"mon, tuesday, wed"'])
def test_days_may_be_written_out(tmp_path: Path, days: str) -> None:
    quiet = f'{{hours: "22:00-8:00", days: {days}}}'
    path = good(tmp_path, f'receivers: {{a: {{urls: ["json://x.invalid"], quiet: {quiet}}}}}')
    found = load(path, environ={}).receivers[0].quiet
    assert found is not None
    assert found.days == {0, 1, 2}


RECEIVERS = 'receivers: {support: {urls: ["json://hooks.invalid/in"]}, lead: {urls: ["json://hooks.invalid/lead"]}}'


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ("[{to: support}, {to: lead}]", ["routes[1]: is never asked: the route on line 7 takes everything"]),
        ("[{to: support, continue: true}, {to: lead}]", []),
        ("[{to: support, match: 'lang:ru'}, {to: lead}]", []),
        (
            "[{to: support, routes: [{match: '*', to: lead}, {match: 'lang:ru'}]}]",
            ["routes[0].routes[1]: is never asked: the route on line 7 takes everything"],
        ),
        (  # one that leads nowhere by itself takes only what the routes below it take
            "[{match: '*', routes: [{match: 'lang:ru', to: lead}]}, {to: support}]",
            [],
        ),
        (
            "[{to: support}, {to: lead}, {match: 'lang:ru', to: lead}]",
            [
                "routes[1]: is never asked: the route on line 7 takes everything",
                "routes[2]: is never asked: the route on line 7 takes everything",
            ],
        ),
    ],
)
def test_a_route_that_is_never_asked_is_a_warning(tmp_path: Path, routes: str, expected: list[str]) -> None:
    warnings = load(good(tmp_path, RECEIVERS, f"routes: {routes}"), environ={}).warnings
    assert [f"{warning.path}: {warning.message}" for warning in warnings] == expected


def test_filters_on_every_level_are_looked_at(tmp_path: Path) -> None:
    path = good(
        tmp_path,
        "receivers:",
        '  support: {urls: ["json://hooks.invalid/in"], zone: UTC, quiet: {hours: "1:00-2:00", unless: "brand:a"}}',
        "routes:",
        "  - {to: support, routes: [{match: 'source:b', routes: [{match: 'brand:c'}]}]}",
        'digests: [{name: morning, to: support, match: "source:d"}]',
    )
    assert [warning.path for warning in load(path, environ={}).warnings] == [
        "receivers.support.quiet.unless",
        "routes[0].routes[0].match",
        "routes[0].routes[0].routes[0].match",
        "digests[0].match",
    ]


def test_whoever_only_a_digest_leads_to_is_led_to(tmp_path: Path) -> None:
    path = good(
        tmp_path, RECEIVERS, "routes: [{routes: [{match: '*', to: support}]}]", "digests: [{name: a, to: lead}]"
    )
    assert load(path, environ={}).warnings == ()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (['receivers: {a: {urls: ["json://x.invalid"], quiet: {hours: "22:00-8:00"}}}'], "these hours are in UTC"),
        ([RECEIVERS, "digests: [{name: a, to: lead, day: fri}]"], "has no effect: only a weekly digest has a day"),
    ],
)
def test_what_is_easily_overlooked_is_a_warning(tmp_path: Path, lines: list[str], expected: str) -> None:
    assert expected in [warning.message for warning in load(good(tmp_path, *lines), environ={}).warnings]


@pytest.mark.parametrize(
    ("given", "expected"), [("", None), ("web: {base_url: 'https://a.invalid/'}", "https://a.invalid")]
)
def test_messages_lead_to_pages_only_where_their_address_is_given(
    tmp_path: Path, given: str, expected: str | None
) -> None:
    assert load(good(tmp_path, given), environ={}).web.given_base_url == expected


def test_the_words_of_group_by_are_those_that_groups_know() -> None:
    assert get_args(GroupWord) == (*GROUP_WORDS, ALONE)
