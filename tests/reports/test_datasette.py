"""Datasette on the live file, with the metadata that ships."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from ruamel.yaml import YAML

from monitor.models import Label, PostType
from monitor.store.views import VIEWS
from tests.reports.history import HOUR, fill, open_history

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

METADATA = files("monitor.reports").joinpath("datasette.yaml")
QUERIES = YAML(typ="safe").load(METADATA.read_text(encoding="utf-8"))["databases"]["monitor"]["queries"]


class LiveWriter(threading.Thread):
    """Writes a mention after the other until it is told to stop, as the daemon's writer thread does."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.stop = threading.Event()
        self.filled = threading.Event()
        self.beat = threading.Condition()
        self.written = 0
        self.last_id = 0
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.write()
        except Exception as error:  # noqa: BLE001 - told to the test, which fails with it
            self.error = error
        finally:
            self.filled.set()

    def write(self) -> None:
        history = open_history(self.path)
        fill(history)
        history.store._db.execute("PRAGMA synchronous = NORMAL")
        now = datetime.now(tz=UTC)
        asked, _ = history.say(now - 3 * HOUR, source="reviews", kind=PostType.REVIEW, label=Label.NEGATIVE, rating=1)
        history.answer(asked, now - 2 * HOUR, source="reviews")
        while not self.stop.is_set():
            _, mention_id = history.say(datetime.now(tz=UTC), text="заварка и ещё раз заварка")
            with self.beat:
                self.written, self.last_id = self.written + 1, mention_id
                self.beat.notify_all()
            self.filled.set()
            self.stop.wait(0.005)
        history.store.close()

    def wait_for_more(self) -> None:
        """Until another mention has been written than those so far."""
        with self.beat:
            before = self.written
            assert self.beat.wait_for(lambda: self.written > before, timeout=30), self.error


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveWriter]:
    writer = LiveWriter(tmp_path_factory.mktemp("live") / "monitor.db")
    writer.start()
    assert writer.filled.wait(60)
    yield writer
    writer.stop.set()
    writer.join(30)
    assert writer.error is None


@contextmanager
def serving(path: Path) -> Iterator[str]:
    metadata = path.with_name("metadata.yaml")
    metadata.write_text(METADATA.read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, "-m", "datasette", "serve", path.name, "--metadata", metadata.name, "--port", "0"]
    with subprocess.Popen(
        command, cwd=path.parent, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stderr is not None
        said = []
        try:
            for line in server.stderr:
                said.append(line)
                if address := re.search(r"http://127\.0\.0\.1:\d+", line):
                    break
            else:
                raise AssertionError("".join(said))
            # Somebody has to read on, or the server stops when the pipe is full.
            threading.Thread(target=server.stderr.read, daemon=True).start()
            yield address[0]
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def address(writer: LiveWriter) -> Iterator[str]:
    with serving(writer.path) as address:
        yield address


def rows(address: str, place: str, **parameters: str) -> list[dict[str, Any]]:
    query = urlencode({"_shape": "objects", **parameters})
    with urlopen(f"{address}/monitor/{place}.json?{query}", timeout=60) as answer:
        assert answer.status == 200
        found = json.load(answer)
    assert found.get("ok", True) is True, found
    assert not found.get("error"), found
    return list(found["rows"])


@pytest.mark.parametrize("name", VIEWS)
def test_R62_datasette_shows_every_view_of_the_live_file(address: str, writer: LiveWriter, name: str) -> None:
    assert rows(address, name)
    with urlopen(f"{address}/monitor/{name}", timeout=60) as page:
        assert page.status == 200
    writer.wait_for_more()
    assert writer.error is None


@pytest.mark.parametrize("name", QUERIES)
def test_R62_every_canned_query_gives_rows(address: str, writer: LiveWriter, name: str) -> None:
    writer.wait_for_more()
    parameters = {"words": "заварка"} if name == "words" else dict.fromkeys(QUERIES[name].get("params", []), "")
    assert rows(address, name, **parameters)
    writer.wait_for_more()
    assert writer.error is None


@pytest.mark.parametrize("words", ['"', "*", "'", "NOT", "", "а OR б", "facets"])
def test_what_is_typed_into_the_search_is_no_syntax(address: str, words: str) -> None:
    assert rows(address, "words", words=words) == []


def test_parameters_narrow(address: str) -> None:
    assert {row["day"] for row in rows(address, "timeline", days="2")} <= {
        (datetime.now(tz=UTC) - timedelta(days=back)).strftime("%Y-%m-%d") for back in range(4)
    }
    assert [row["priority"] for row in rows(address, "day", day="2026-11-10")][:1] == [95]


def test_what_was_just_written_is_seen(address: str, writer: LiveWriter) -> None:
    writer.wait_for_more()
    with writer.beat:
        known = writer.last_id
    assert max(row["id"] for row in rows(address, "newest")) >= known


def test_descriptions_are_shown(address: str) -> None:
    with urlopen(f"{address}/monitor/v_mentions", timeout=60) as page:
        assert "One row for each mention" in page.read().decode()
    with urlopen(f"{address}/monitor", timeout=60) as page:
        assert "Share of voice" in page.read().decode()
