"""What the file says of cases: playbooks, office hours, known issues that were fixed, and what deserves a warning."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from monitor.config import Config, load, load_brands
from monitor.models import Duty, OfficeHours, PlaybookSettings

DATA = Path(__file__).parent / "data"


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "sources.yaml"
    path.write_text((DATA / "minimal.yaml").read_text(encoding="utf-8") + "\n".join(lines) + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def loaded(tmp_path: Path, *lines: str) -> Config:
    return load(written(tmp_path, *lines), environ={})


def warnings_of(config: Config) -> list[str]:
    return [
        f"{one.path}: {one.message} ({one.hint})" for one in config.warnings if not one.path.startswith("receivers")
    ]


@pytest.fixture
def whole(tmp_path: Path) -> Config:
    for name in ("token.txt", "mail"):
        (tmp_path / name).write_text("json://hooks.invalid/in-7\n", encoding="utf-8")
    path = tmp_path / "sources.yaml"
    path.write_bytes((DATA / "whole.yaml").read_bytes())
    names = dict.fromkeys(("NEWS_TOKEN", "TEAM_CHAT", "HOOK_SECRET"), "json://hooks.invalid/in-8")
    return load(path, environ={**names, "CONTACT": "watch@shop.test", "CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_every_key_of_playbooks(whole: Config) -> None:
    every = PlaybookSettings(
        acknowledge=timedelta(minutes=15),
        resolve=timedelta(hours=36),
        remind=timedelta(minutes=5),
        pause=timedelta(minutes=45),
        ladder=("owner", "lead", "Полина", "team"),
        tell=("support", "legal"),
        duties=frozenset({Duty.FINDINGS, Duty.VERDICT}),
        always=True,
        attempts=2,
        templates={
            "ru": {"first": "Здравствуйте, {name}! {thanks}", "last": "Мы проверили.\n{findings}"},
            "en": {"first": "Thank you"},
        },
    )
    assert all(getattr(every, key.name) is not None for key in fields(PlaybookSettings))
    some = PlaybookSettings(acknowledge=timedelta(minutes=30), tell=(), always=False)
    assert whole.playbooks == {"rude_staff": some, "health_safety": every}


def test_every_key_of_the_office(whole: Config) -> None:
    assert whole.office == OfficeHours(
        zone="Europe/Moscow",
        days=frozenset({0, 1, 2, 3, 5}),
        begin=time(9, 30),
        end=time(18),
        holidays=frozenset({date(2026, 1, 1), date(2026, 5, 9)}),
    )


def test_an_office_works_from_monday_to_friday_unless_it_says_otherwise(tmp_path: Path) -> None:
    assert loaded(tmp_path, 'office: {hours: "9:00-18:00", zone: UTC}').office == OfficeHours(
        zone="UTC", days=frozenset(range(5)), begin=time(9), end=time(18)
    )


@pytest.mark.parametrize(
    ("spelt", "days"),
    [
        ("mon", {0}),
        ("mon-sun", {0, 1, 2, 3, 4, 5, 6}),
        ("Mon - Wed, sat", {0, 1, 2, 5}),
        ("sat-mon", {5, 6, 0}),
        ("fri-fri", {4}),
        ("[mon, wed-fri]", {0, 2, 3, 4}),
        ("[sun, sun]", {6}),
    ],
)
def test_days_may_be_ranges_and_lists(tmp_path: Path, spelt: str, days: set[int]) -> None:
    spelling = spelt if spelt.startswith("[") else f'"{spelt}"'
    office = loaded(tmp_path, f'office: {{days: {spelling}, hours: "9:00-18:00", zone: UTC}}').office
    assert office is not None
    assert office.days == days


@pytest.mark.parametrize(
    ("spelt", "begin", "end"),
    [
        ("9:00-18:00", time(9), time(18)),
        ("09:05 - 18:30", time(9, 5), time(18, 30)),
        ("22:00–6:00", time(22), time(6)),
        ("8:00-24:00", time(8), time(0)),
        ("0:00-24:00", time(0), time(0)),
    ],
)
def test_hours_may_pass_midnight(tmp_path: Path, spelt: str, begin: time, end: time) -> None:
    office = loaded(tmp_path, f'office: {{hours: "{spelt}", zone: UTC}}').office
    assert office is not None
    assert (office.begin, office.end) == (begin, end)


def test_both_forms_of_known_issues_are_read_without_sources_too(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    issues = "{list: [касса], mapping: {words: [чек, принтер], fixed: 2026-05-01}, words: {words: [вход]}}"
    path.write_text(f"brands:\n  - name: Кассолёт\n    known_issues: {issues}\n", encoding="utf-8")
    (brand,) = load_brands(path)
    assert brand.known_issues == (("list", ("касса",)), ("mapping", ("чек", "принтер")), ("words", ("вход",)))
    assert brand.fixed == (("mapping", date(2026, 5, 1)),)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("playbooks: {rude_staff: {tell: [owner, founder, lead, legal, agent, analyst, admin]}}", []),
        ("playbooks: {serial_complainer: {}, negative: {}, story: {}, manual: {}, confirmed_by_others: {}}", []),
        (
            "playbooks: {rude_stuff: {acknowledge: 2h}}",
            [
                (
                    "playbooks.rude_stuff: no case is ever of the class 'rude_stuff': nothing follows this playbook "
                    "(did you mean rude_staff?)"
                )
            ],
        ),
        (
            "playbooks: {refund: {ladder: [owner, leed]}}",
            [
                (
                    "playbooks.refund.ladder[1]: there is no role and no receiver 'leed': "
                    "it must be the name of a person (did you mean lead?)"
                )
            ],
        ),
        (
            "playbooks: {refund: {tell: [Полина]}}",
            [
                (
                    "playbooks.refund.tell[0]: there is no role and no receiver 'Полина': "
                    "it must be the name of a person (monitor people list shows them)"
                )
            ],
        ),
    ],
)
def test_what_may_lead_nowhere_is_told(tmp_path: Path, line: str, expected: list[str]) -> None:
    assert warnings_of(loaded(tmp_path, line)) == expected


def test_a_case_that_only_informs_has_no_playbook(tmp_path: Path) -> None:
    (warning,) = warnings_of(loaded(tmp_path, "playbooks: {spam: {acknowledge: 2h}}"))
    assert warning.startswith("playbooks.spam: no case is ever of the class 'spam': nothing follows this playbook")


def test_a_receiver_that_a_playbook_tells_is_told(tmp_path: Path) -> None:
    receivers = 'receivers: {law: {urls: ["json://hooks.invalid/in"]}}'
    assert loaded(tmp_path, receivers, "playbooks: {legal_threat: {tell: [law]}}").warnings == ()
    assert [one.path for one in loaded(tmp_path, receivers).warnings] == ["receivers.law"]
