"""Counts of feeds."""

from __future__ import annotations

import pytest

from monitor.sources import fields


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("17", 17),
        ("1,234", 1234),
        ("1 234", 1234),
        (str(10**15), 10**15),
        ("99999999999999999999", None),
        ("999," * 20 + "999", None),
        ("9" * 100_000, None),
        ("-1", None),
        ("many", None),
    ],
)
def test_a_count_is_what_somebody_can_have_counted(value: str, expected: int | None) -> None:
    assert fields.count(value) == expected
