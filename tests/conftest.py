from __future__ import annotations

import os
import sqlite3
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlite_utils import Database

from monitor.models import AlertView, Author, Post
from monitor.store import connection
from monitor.store.schema import migrate
from tests.alerting.alerts import NOW, make_alert, make_mention
from tests.site import Site, running_site

if TYPE_CHECKING:
    from collections.abc import Iterator


# The programs that tests start compile nothing that an earlier one has compiled, whatever the caller's shell says.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Two tests at once on two cores: numpy must not take both for each.
os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@pytest.fixture(scope="session", autouse=True)
def migrated_once() -> Iterator[None]:
    """New databases are copies of one that was migrated as every new one is; hundreds of tests begin with one."""
    template = Database(sqlite3.connect(":memory:", check_same_thread=False))
    migrate(template)

    def copied(db: Database) -> None:
        if not db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
            template.conn.backup(db.conn)
        migrate(db)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "migrate", copied)
        yield


@pytest.fixture
def alert() -> AlertView:
    post = Post(
        native_id="n",
        url="https://forum.example/t/1",
        title="Не работает",
        text="В МоёмСкладе опять ничего не работает",
        author=Author(name="Ольга", followers=120),
        published=NOW - timedelta(minutes=3, seconds=20),
    )
    return make_alert(post, make_mention())


@pytest.fixture
def site() -> Iterator[Site]:
    """A real web server on loopback."""
    with running_site() as site:
        yield site


# Files that take longest, which begin first, so that no worker is left alone with one at the end.
SLOW = (
    "tests/test_install.py",
    "tests/test_daemon.py",
    "tests/test_worker.py",
    "tests/cli/test_changes.py",
    "tests/cli/test_training.py",
    "tests/discovery/test_shared_pages.py",
    "tests/understanding/test_adapting.py",
    "tests/cli/test_care.py",
    "tests/cli/test_coverage.py",
    "tests/sources/test_shared_feeds.py",
    "tests/query/test_agreement.py",
    "tests/cli/test_analysis.py",
    "tests/store/test_search.py",
    "tests/sources/test_article.py",
    "tests/reports",
    "tests/store/test_backup.py",
    "tests/sources/test_hostile_feeds.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next((number for number, name in enumerate(SLOW) if item.nodeid.startswith(name)), len(SLOW))

    items.sort(key=place)
