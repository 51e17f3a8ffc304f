"""docs/query-language.md: every example finds what the page says, with the real dictionaries."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.errors import QueryError
from monitor.query import parse
from monitor.query.nodes import NUMBER_FIELDS, TEXT_FIELDS, TIME_FIELDS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "query-language.md").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MENTIONS = [json.loads(line) for line in re.findall(r"^\{.*\}$", PAGE, re.MULTILINE)]
EXAMPLES = re.findall(r"^\| `(.+?)` \| (nothing|[0-9, ]+) \|", PAGE, re.MULTILINE)
MISTAKES = re.findall(r"^\| `(.+?)` \| (.+ at character [0-9]+) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("query", "finds"), EXAMPLES)
def test_an_example_finds_what_the_page_says(query: str, finds: str) -> None:
    facts = [mention | {"at": datetime.fromisoformat(mention["at"]), "now": NOW} for mention in MENTIONS]
    found = [str(mention["mention"]) for mention in facts if parse(query).matches(mention)]
    assert (", ".join(found) or "nothing") == finds


@pytest.mark.parametrize(("query", "answer"), MISTAKES)
def test_a_mistake_is_answered_as_the_page_says(query: str, answer: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert f"{caught.value.message} at character {caught.value.position + 1}" == answer


def test_the_page_has_examples_of_every_field() -> None:
    assert len(MENTIONS) == 6
    assert len(EXAMPLES) > 55
    assert len(MISTAKES) > 10
    for field in [*TEXT_FIELDS, *NUMBER_FIELDS, *TIME_FIELDS, "title"]:
        assert any(query.startswith(field) for query, _ in EXAMPLES), field


def test_the_filter_with_comments_reads_as_one() -> None:
    (block,) = re.findall(r"match: \|\n((?: {6}.*\n)+)", PAGE)
    assert str(parse(block)) == "case:legal_threat OR court near/5 see AND sentiment:negative"
