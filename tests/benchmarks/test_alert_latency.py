from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks.alert_latency import Setting, _figures, measure, sources_yaml
from monitor.config import load
from monitor.demo.evidence import JOURNAL

if TYPE_CHECKING:
    from pathlib import Path

SETTING = Setting(sources=2, seconds=1, every=10, wait=20)


def journal(folder: Path) -> None:
    lines = [
        {"time": 100.0, "event": "publish", "key": "complaint-000000"},
        {"time": 106.0, "event": "request", "posts": ["complaint-000000"]},
        {"time": 116.0, "event": "request", "posts": ["complaint-000000"]},
    ]
    (folder / JOURNAL).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


@pytest.mark.parametrize(("arrival", "is_ok"), [(135.0, True), (135.1, False)])
def test_the_bound_is_interval_and_wait_and_five_seconds(tmp_path: Path, arrival: float, is_ok: bool) -> None:
    journal(tmp_path)
    received = {"mail": {"complaint-000000": 128.0}, "chat": {"complaint-000000": arrival}}
    row = _figures(tmp_path, received, count=1, setting=SETTING)
    assert (row["published_p50"], row["served_p50"], row["ok"]) == (28.0, 22.0, is_ok)


def test_a_complaint_that_never_came_is_lost_whatever_the_others_took(tmp_path: Path) -> None:
    journal(tmp_path)
    row = _figures(tmp_path, {"mail": {"complaint-000000": 101.0}, "chat": {}}, count=1, setting=SETTING)
    assert (row["lost"], row["ok"]) == (1, False)


def test_the_configuration_is_right_and_holds_nothing_back(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    text = sources_yaml(
        {"a": "http://127.0.0.1:1/a.xml"}, mail="json://127.0.0.1:2/", chat="json://127.0.0.1:3/", setting=SETTING
    )
    path.write_text(text, encoding="utf-8")
    config = load(path, environ={})
    (receiver,), (route,) = config.receivers, config.routes
    assert (receiver.budget, receiver.quiet, route.timing.group_by) == (None, None, ("...",))
    assert route.timing.wait.total_seconds() == SETTING.wait


@pytest.mark.slow
def test_a_short_real_run_meets_the_bound(tmp_path: Path) -> None:
    row = measure(Setting(sources=20, seconds=5, every=1, wait=1), tmp_path)
    assert row["ok"], row
