"""The file of jobs, `mas.sqlite`: its tables, and a connection for each thread and process.

What power takes away of it, the log gives back; so it is written without waiting for the disk.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import local

from eventstore.transaction import writing

FILE = "mas.sqlite"
_VERSION = 3
_SCHEMA = """
CREATE TABLE IF NOT EXISTS services (
    pid TEXT PRIMARY KEY, sequence INTEGER NOT NULL, upto INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, service TEXT NOT NULL,
    target TEXT NOT NULL, version INTEGER NOT NULL, kind TEXT NOT NULL, cause INTEGER NOT NULL,
    root INTEGER NOT NULL, depth INTEGER NOT NULL, annotation TEXT, requested_by TEXT,
    batching INTEGER NOT NULL, position INTEGER NOT NULL, state TEXT NOT NULL,
    attempt INTEGER NOT NULL, spent INTEGER NOT NULL, due REAL, lease_until REAL,
    scheduled_at REAL NOT NULL, sent_at REAL, started_at REAL, ended_at REAL,
    error TEXT NOT NULL, annotations INTEGER NOT NULL, ended_by INTEGER);
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (service, number, due)
    WHERE state IN ('scheduled', 'failed');
CREATE INDEX IF NOT EXISTS jobs_leased ON jobs (service, lease_until)
    WHERE state IN ('queued', 'running');
CREATE INDEX IF NOT EXISTS jobs_of_target ON jobs (target, number);
CREATE INDEX IF NOT EXISTS jobs_of_root ON jobs (root);
CREATE INDEX IF NOT EXISTS jobs_of_annotation ON jobs (annotation) WHERE annotation IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, number);
CREATE INDEX IF NOT EXISTS jobs_of_service ON jobs (service, state, number);
CREATE TABLE IF NOT EXISTS remarks (
    job TEXT NOT NULL, at REAL NOT NULL, said TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS remarks_of_job ON remarks (job, at);
CREATE TABLE IF NOT EXISTS words (job TEXT PRIMARY KEY, said TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refusals (
    service TEXT NOT NULL, reason TEXT NOT NULL, number INTEGER NOT NULL,
    last INTEGER NOT NULL, PRIMARY KEY (service, reason)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS troubles (
    name TEXT PRIMARY KEY, said TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tracking (position INTEGER NOT NULL);
INSERT INTO tracking SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM tracking);
CREATE TABLE IF NOT EXISTS tallies (
    service TEXT NOT NULL, state TEXT NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (service, state)) WITHOUT ROWID;
DELETE FROM tallies;
INSERT INTO tallies SELECT service, state, count(*) FROM jobs GROUP BY service, state;
CREATE TRIGGER IF NOT EXISTS tallied_first AFTER INSERT ON jobs BEGIN
    INSERT INTO tallies VALUES (NEW.service, NEW.state, 1)
        ON CONFLICT DO UPDATE SET number=number+1;
END;
CREATE TRIGGER IF NOT EXISTS tallied_again AFTER UPDATE OF state ON jobs
WHEN OLD.state<>NEW.state BEGIN
    UPDATE tallies SET number=number-1 WHERE service=OLD.service AND state=OLD.state;
    INSERT INTO tallies VALUES (NEW.service, NEW.state, 1)
        ON CONFLICT DO UPDATE SET number=number+1;
END;
"""
"""Jobs are counted as they change: to count millions for each page would take a second."""


class Tables:
    """The tables of one data folder; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._local = local()

    @property
    def there(self) -> bool:
        """Whether there is anything to be read."""
        return self._path.exists()

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        known: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if known is None:
            # only for its owner: what failed may quote what is not public
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
            known = sqlite3.connect(
                self._path, isolation_level=None, timeout=60, check_same_thread=False
            )
            known.row_factory = sqlite3.Row
            for pragma in ("journal_mode=WAL", "synchronous=OFF", "secure_delete=ON"):
                known.execute(f"PRAGMA {pragma}")  # what power takes away, the log gives back
            if known.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                known.executescript(
                    f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT;"
                )
            self._local.connection = known
        return known

    def close(self) -> None:
        """Close this thread's connection."""
        if known := getattr(self._local, "connection", None):
            known.close()
            del self._local.connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that waits for its turn at the door."""
        run = self.connection
        if run.in_transaction:
            yield run
            return
        with writing(run):
            yield run
