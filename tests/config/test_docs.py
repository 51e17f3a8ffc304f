"""docs/configuration.md: every example loads, every key and default is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from monitor.config import json_schema, load
from monitor.config.alertshapes import GroupWord
from monitor.query import parse
from monitor.query.nodes import NUMBER_FIELDS, TEXT_FIELDS
from monitor.sources import KINDS

DOC = (Path(__file__).resolve().parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)
SECTIONS = dict(re.findall(r"(?m)^#{2,3} (.+)\n((?:(?!##).*\n)*)", DOC))
MINIMAL = {
    "contact": "contact: watch@your-company.test\n",
    "brands": "brands:\n  - name: Kassolet\n",
    "sources": 'sources:\n  - {name: habr, kind: feed, url: "https://habr.com/ru/rss/articles/"}\n',
}
SCHEMA = json_schema()
SHAPES: dict[str, dict[str, Any]] = {  # the first entries are the kinds, then come the recipes
    found["properties"]["kind"]["const"]: found
    for found in SCHEMA["properties"]["sources"]["items"]["oneOf"][: len(KINDS)]
}


def shape(section: str) -> dict[str, Any]:
    names = {"Top level": None, "Brands": "BrandShape", "Receivers": "ReceiverShape", "Routes": "RouteShape"}
    names |= {"Alarms": "AlarmsShape", "Fetch": "FetchShape", "Retention": "RetentionShape", "Web": "WebShape"}
    names |= {"Playbooks": "PlaybookShape", "Office": "OfficeShape", "Alerts": "AlertsShape", "Digests": "DigestShape"}
    names |= {"Ratings": "RatingsShape", "Quiet hours": "QuietShape", "Budget": "BudgetShape"}
    names |= {"Webhooks": "WebhookShape"}
    if section == "Sources":
        return SHAPES["feed"]  # the one that has no options of its own
    name = names[section]
    return SCHEMA if name is None else SCHEMA["$defs"][name]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.split("\n", 1)[0])
def test_every_example_loads(tmp_path: Path, example: str) -> None:
    written = {line.partition(":")[0] for line in example.splitlines() if line[:1].isalpha()}
    rest = "".join(text for key, text in MINIMAL.items() if key not in written)
    path = tmp_path / "sources.yaml"
    path.write_text(example + rest, encoding="utf-8")
    (tmp_path / "reviews.token").write_text("token\n", encoding="utf-8")
    for name in ("mail-password", "founder-telegram"):
        (tmp_path / name).write_text("tgram://bot/chat\n", encoding="utf-8")
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", example), "secret-7") | {
        "MONITOR_CONTACT": "watch@your-company.test",
        "SUPPORT_MAIL": "mailto://mail.your-company.test",
        "SUPPORT_SLACK": "slack://a/b/c",
        "DESK_SECRET": "desk-secret-7",
        "LAW_FIRM_HOOK": "json://hooks.law-firm.test",
        "CREDENTIALS_DIRECTORY": str(tmp_path),
    }
    assert load(path, environ=environ).sources


def test_there_is_an_example_of_every_section() -> None:
    written = {line.partition(":")[0] for example in EXAMPLES for line in example.splitlines() if line[:1].isalpha()}
    assert written == set(SCHEMA["properties"])


@pytest.mark.parametrize(
    "section",
    [
        "Top level",
        "Brands",
        "Sources",
        "Receivers",
        "Quiet hours",
        "Budget",
        "Webhooks",
        "Routes",
        "Alerts",
        "Ratings",
        "Digests",
        "Alarms",
        "Playbooks",
        "Office",
        "Fetch",
        "Retention",
        "Web",
    ],
)
def test_every_key_has_its_row_with_its_default(section: str) -> None:
    rows = dict(re.findall(r"(?m)^\| `(\w+)` \| (.*?) \|", SECTIONS[section]))
    properties, needed = shape(section)["properties"], shape(section)["required"] if section in REQUIRES else []
    assert set(rows) == set(properties)
    for key, default in rows.items():
        assert (default == "needed") == (key in needed), key
        given = properties[key].get("default")
        if default.startswith("`") and key != "base_url" and not isinstance(given, dict):
            assert default.strip('`"').lower() == str(given).lower().replace("'", ""), key


REQUIRES = {"Top level", "Brands", "Sources", "Office", "Quiet hours", "Webhooks", "Digests"}


def test_every_word_of_group_by_and_every_template_is_named() -> None:
    for word in get_args(GroupWord):
        assert word in SECTIONS["Routes"]
    for key in SCHEMA["$defs"]["TemplatesShape"]["properties"]:
        assert f"`{key}`" in SECTIONS["Receivers"]


def test_every_inner_key_is_named() -> None:
    for name in ("OwnShape", "ContextShape", "KnownIssueShape"):
        for key in SCHEMA["$defs"][name]["properties"]:
            assert f"`{key}`" in SECTIONS["Brands"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_section_with_a_row_for_each_option(kind: str) -> None:
    rows = {
        key: default
        for keys, default in re.findall(r"(?m)^\| (`.+?`) \| (.*?) ?\|", SECTIONS[f"Kind `{kind}`"])
        for key in re.findall(r"`(\w+)`", keys)
    }
    options = set(SHAPES[kind]["properties"]) - set(shape("Sources")["properties"])
    assert options <= set(rows)
    needed = {option for option in options if option in SHAPES[kind]["required"]}
    assert {option for option in options if rows[option] == "needed"} == needed


def test_every_filter_in_the_table_can_be_read_and_every_field_is_there() -> None:
    cells = re.findall(r"(?m)^\| (`.+?`) \|", SECTIONS["Filters"])
    filters = [text for cell in cells for text in re.findall(r"`(.+?)`", cell) if text != "( )"]
    assert len(filters) > 15
    for text in filters:
        assert str(parse(text))
    for field in [*TEXT_FIELDS, *NUMBER_FIELDS]:
        assert any(text.startswith(field) for text in filters), field
