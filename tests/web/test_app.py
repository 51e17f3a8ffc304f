"""What /healthz says of a daemon that turns its rounds."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from monitor.models import Health, Source, SourceState
from monitor.store import Store, open_writer
from monitor.web.app import make_app

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "tick_age", "expected"),
    [
        ([], 1.0, (200, "ok")),
        ([0, 0], 1.0, (200, "ok")),
        ([3, 0], 1.0, (200, "ok")),
        ([3, 1], 1.0, (503, "blind")),
        ([0, 0], 61.0, (503, "stuck")),
    ],
)
def test_health_is_not_ok_when_nothing_is_watched(
    tmp_path: Path, failures: list[int], tick_age: float, expected: tuple[int, str]
) -> None:
    names = [f"s{number}" for number in range(len(failures))]
    with closing(Store(open_writer(tmp_path / "monitor.db"))) as store:
        sources = [Source(name=name, kind="feed", url=f"http://{name}.test/", options=None) for name in names]
        store.sync_sources(sources, {name: f"{name}.test:80" for name in names}, NOW)
        for name, failed in zip(names, failures, strict=True):
            leased = store.lease_named(name, NOW)
            assert leased is not None
            health = Health.FAILING if failed else Health.OK
            store.finish_poll(leased, SourceState(name=name, next_at=NOW, failures=failed, health=health))
    with TestClient(make_app(tmp_path / "monitor.db", lambda: tick_age)) as client:
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == expected
