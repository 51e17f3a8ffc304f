"""The only SQL: schema, one writer, read-only readers, the verbs that flows use and the queries that faces show.

`Store` (writes) lives in the writer thread or in a short-lived command that holds the lock; `Reader` (reads) opens the
file read-only and may be used beside a running daemon.
"""

from monitor.store.connection import lock_database, open_reader, open_writer
from monitor.store.history import HistoryReading
from monitor.store.outbox import PendingMessage
from monitor.store.reader import Reader
from monitor.store.store import LeasedSource, Store
from monitor.store.writer import Writer

__all__ = [
    "HistoryReading",
    "LeasedSource",
    "PendingMessage",
    "Reader",
    "Store",
    "Writer",
    "lock_database",
    "open_reader",
    "open_writer",
]
