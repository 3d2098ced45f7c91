"""The file of batches, `batches.sqlite`: its tables, and connections that keep what they wrote.

It cannot be made again from the log, so each transaction is on the disk before it is told of.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from eventstore.transaction import writing

FILE: Final = "batches.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, owner TEXT NOT NULL, key TEXT, state TEXT NOT NULL,
    note TEXT NOT NULL, made_at REAL NOT NULL, ended_at REAL, total INTEGER, digest TEXT,
    counts TEXT NOT NULL, about TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS batches_of_owner ON batches (owner, made_at);
CREATE TABLE IF NOT EXISTS sections (
    batch TEXT NOT NULL, number INTEGER NOT NULL, lines INTEGER NOT NULL, digest BLOB NOT NULL,
    before INTEGER NOT NULL, outcomes BLOB, PRIMARY KEY (batch, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS undone (
    batch TEXT NOT NULL, pid TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (batch, pid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS used (
    owner TEXT NOT NULL, quota TEXT NOT NULL, span INTEGER NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (owner, quota)) WITHOUT ROWID;
"""


class Tables:
    """The tables of one data folder; safe to share between threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE

    def _rows(self, statement: str, params: Sequence[Any]) -> list[Any]:
        with self._connected() as connection:
            return connection.execute(statement, params).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connected() as connection, writing(connection) as run:
            yield run

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        fresh = not self._path.exists()
        if fresh:  # bodies name people: readable by its owner only
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")  # a report outlives the power
            connection.executescript(_SCHEMA)
            yield connection
        finally:
            connection.close()
