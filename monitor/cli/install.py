"""What `make upgrade` asks of a version: bring the database to its schema."""

from __future__ import annotations

import os

from monitor.cli import app
from monitor.cli.common import DatabaseOption, database_path, print_line


@app.command()
def migrate(db: DatabaseOption = None) -> None:
    """Check the database and bring it to this version's schema; the daemon does so too when it starts."""
    from monitor.errors import StoreError
    from monitor.store import lock_database, open_writer

    path = database_path(db)
    if not path.exists():
        raise StoreError(f"{path}: there is no database")
    os.umask(0o077)  # the files that SQLite lays beside it are for this user alone
    with lock_database(path):
        open_writer(path).close()
    print_line(f"{path}: has this version's schema")
