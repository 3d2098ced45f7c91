"""What a fold over the log gives, kept in a file beside: memory stays flat however many objects.

The tables mirror those of the log that follow from its events (`heads`, `claims`, `unseen`);
`held`, `missed` and `lacking` are what the log itself says, to be held against them.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE objects (object TEXT PRIMARY KEY, type, sequence, version, position, observed_at,
    status, issue, source, silent INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE made (object TEXT, key TEXT, PRIMARY KEY (object, key)) WITHOUT ROWID;
CREATE TABLE held (key TEXT PRIMARY KEY, object TEXT) WITHOUT ROWID;
CREATE INDEX held_by ON held (object);
CREATE TABLE promised (object TEXT, salt BLOB, hash TEXT, PRIMARY KEY (object, hash))
    WITHOUT ROWID;
CREATE TABLE heirs (heir TEXT, old TEXT, PRIMARY KEY (heir, old)) WITHOUT ROWID;
CREATE TABLE unseen (object TEXT PRIMARY KEY, source TEXT, harvest INTEGER) WITHOUT ROWID;
CREATE TABLE missed (object PRIMARY KEY, source, harvest) WITHOUT ROWID;
CREATE TABLE lacking (position INTEGER PRIMARY KEY);
CREATE TABLE saltless (position INTEGER PRIMARY KEY, object TEXT, content BLOB);
CREATE TABLE erased (position INTEGER PRIMARY KEY, object TEXT, content BLOB);
"""


class Standing:
    """Where an object stands after the events read so far."""

    __slots__ = (
        "issue", "object", "observed_at", "position", "sequence", "silent", "source", "status",
        "type", "version",
    )  # fmt: skip

    def __init__(self, object: str) -> None:
        self.object = object
        self.type: Any = None
        self.sequence: int = 0
        self.version: int = 0
        self.position: Any = None
        self.observed_at: int = 0
        self.status: str = ""
        self.issue: int = 1
        self.source: Any = None
        self.silent = False
        """Whether a document of it no longer says which claims it makes."""

    def fill(self, row: Sequence[Any]) -> None:
        """Stand where the row says."""
        (_, self.type, self.sequence, self.version, self.position, self.observed_at,
         self.status, self.issue, self.source, silent) = row  # fmt: skip
        self.silent = bool(silent)

    @property
    def row(self) -> tuple[Any, ...]:
        """As it is kept."""
        return (
            self.object, self.type, self.sequence, self.version, self.position,
            self.observed_at, self.status, self.issue, self.source, self.silent,
        )  # fmt: skip


class Scratch:
    """The tables of one verification."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        connection.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16384;" + _TABLES
        )

    def standing(self, objects: Iterable[str]) -> dict[str, Standing]:
        """Where some objects stand; those not seen before stand at nothing."""
        wanted = list(dict.fromkeys(objects))
        found = {text: Standing(text) for text in wanted}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            for row in self.connection.execute(
                f"SELECT * FROM objects WHERE object IN ({marks})", part
            ):
                known = found[row[0]]
                known.fill(row)
        return found

    def keep(self, standing: Iterable[Standing]) -> None:
        """Keep where objects stand now."""
        self.many("objects", 10, (known.row for known in standing))

    def many(self, table: str, width: int, rows: Iterable[tuple[Any, ...]]) -> None:
        """Keep rows; those that are there are replaced."""
        self.connection.executemany(
            f"INSERT OR REPLACE INTO {table} VALUES ({','.join('?' * width)})", rows
        )

    def has(self, table: str, object: str) -> bool:
        """Whether a table holds anything of an object."""
        return any(self.rows(f"SELECT 1 FROM {table} WHERE object=? LIMIT 1", (object,)))

    def rows(self, statement: str, params: Iterable[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a question, one after the other."""
        return self.connection.execute(statement, tuple(params))


@contextmanager
def scratch() -> Iterator[Scratch]:
    """Tables in a file that goes with the verification."""
    with tempfile.TemporaryDirectory(prefix="collectome-verify-") as folder:
        connection = sqlite3.connect(Path(folder) / "scratch.sqlite", isolation_level=None)
        try:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            kept = Scratch(connection)
            connection.execute("BEGIN")
            yield kept
        finally:
            connection.close()
