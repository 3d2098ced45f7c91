"""A write transaction in SQLite, the same for every view, outbox and cache beside the log.

It takes its turn before it reads (`BEGIN IMMEDIATE`), so that what it read is still so when it
writes, and never fails half-way for a lock that it lacks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A transaction on a connection without one of its own (`isolation_level=None`); committed at
    the end, rolled back on any error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
