"""What `make upgrade` asks of a version: bring the database to its schema, and its search index up to date."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import app
from monitor.cli.common import DatabaseOption, database_path, print_line, progress

if TYPE_CHECKING:
    from monitor.store import Store

TOGETHER = 100  # mentions that are indexed in one transaction


@app.command()
def migrate(
    *,
    no_index: Annotated[
        bool, typer.Option("--no-index", help="Leave mentions that are not indexed yet to the daemon.")
    ] = False,
    db: DatabaseOption = None,
) -> None:
    """Check the database and bring it to this version's schema and index; the daemon does so too when it runs."""
    from monitor.errors import StoreError
    from monitor.store import Store, lock_database, open_writer

    path = database_path(db)
    if not path.exists():
        raise StoreError(f"{path}: there is no database")
    os.umask(0o077)  # the files that SQLite lays beside it are for this user alone
    with lock_database(path):
        store = Store(open_writer(path))
        try:
            indexed = 0 if no_index else _index(store)
        finally:
            store.close()
    print_line(f"{path}: has this version's schema" + (f", {indexed} mentions were indexed" if indexed else ""))


def _index(store: Store) -> int:
    """Index what a migration, a restore or other lemmas left behind; a stop in between loses nothing."""
    from monitor.lemmas import lemmatise
    from monitor.models import Lemmas

    done = 0
    with progress("index", store.unindexed()) as advance:
        while stale := store.stale_mentions(TOGETHER):
            store.index_stale(
                [
                    (one, Lemmas(title=lemmatise(one.title, one.lang), text=lemmatise(one.text, one.lang)))
                    for one in stale
                ]
            )
            done += len(stale)
            advance(len(stale))
    return done
