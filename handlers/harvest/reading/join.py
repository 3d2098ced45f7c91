"""Extension rows beside their core rows, in bounded memory.

Small extensions wait in a dictionary; large ones in a throw-away SQLite file, indexed by
core id. In both, rows are kept as the JSON of their values, which is also what the
fingerprint of a record is made of. What no core row has asked for at the end is left over.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import orjson

from handlers.harvest.reading.diagnostics import Count, Findings
from handlers.harvest.reading.limits import Limits
from handlers.harvest.reading.tables import KeyedRow, Table

BATCH = 5000
_PLACE = struct.Struct("<HQ")


class Attached(NamedTuple):
    """One extension row that waits for its core row."""

    file: str
    line: int
    json: bytes


class Waiting(Protocol):
    """The rows of one extension, by core id."""

    def take(self, core_id: str) -> list[Attached]:
        """The rows of a core row; each core row asks once."""

    def left_over(self) -> Iterator[tuple[str, str, int]]:
        """Core id, file and line of every row that nobody took."""


def gather(
    tables: list[Table],
    findings: Findings,
    counts: dict[str, Count],
    workspace: Path,
    limits: Limits,
) -> list[tuple[str, Waiting]]:
    """Read all extensions; rows without core id are reported here."""
    small = sum(table.size for table in tables) <= limits.memory_join
    gathered: list[tuple[str, Waiting]] = []
    for number, table in enumerate(tables):
        rows = _with_id(table, findings, counts)
        waiting = InMemory(rows) if small else OnDisk(rows, workspace / f"join-{number}.sqlite")
        gathered.append((table.row_type, waiting))
    return gathered


def report_left_over(
    gathered: list[tuple[str, Waiting]], findings: Findings, counts: dict[str, Count]
) -> None:
    """Report every extension row whose core row is missing."""
    for _, waiting in gathered:
        for core_id, file, line in waiting.left_over():
            counts[file].reported += 1
            findings.note("extension-core-missing", file=file, line=line, record=core_id)


def _with_id(table: Table, findings: Findings, counts: dict[str, Count]) -> Iterator[KeyedRow]:
    if not table.has_id:
        for row in table.rows(findings, counts):
            counts[row.file].reported += 1
        for name in table.names:
            findings.note("coreid-undeclared", file=name, rows=counts[name].rows_in)
        return
    for row in table.rows(findings, counts):
        if row.id:
            yield row
        else:
            counts[row.file].reported += 1
            findings.note("extension-id-null", file=row.file, line=row.line, offset=row.offset)


class InMemory:
    """Extension rows in a dictionary, each as one compact string of bytes.

    Place and JSON are packed together: objects that hold one another would cost three times
    the memory and keep the garbage collector busy (measured: 4 KB a row instead of 0.5).
    """

    def __init__(self, rows: Iterator[KeyedRow]) -> None:
        self._rows: dict[str, bytes | list[bytes]] = {}
        self._files: list[str] = []
        for core_id, values, file, line, _ in rows:
            if not self._files or self._files[-1] != file:
                self._files.append(file)
            place = _PLACE.pack(len(self._files) - 1, line)
            packed = place + orjson.dumps(values)
            before = self._rows.setdefault(core_id, packed)
            if isinstance(before, list):
                before.append(packed)
            elif before is not packed:
                self._rows[core_id] = [before, packed]

    def take(self, core_id: str) -> list[Attached]:
        """The rows of a core row, which leave the dictionary."""
        found = self._rows.pop(core_id, None)
        return [] if found is None else self._unpacked(found)

    def left_over(self) -> Iterator[tuple[str, str, int]]:
        """What is still in the dictionary."""
        for core_id, found in self._rows.items():
            for row in self._unpacked(found):
                yield core_id, row.file, row.line

    def _unpacked(self, found: bytes | list[bytes]) -> list[Attached]:
        rows = []
        for packed in found if isinstance(found, list) else (found,):
            file, line = _PLACE.unpack_from(packed)
            rows.append(Attached(self._files[file], line, packed[_PLACE.size :]))
        return rows


class OnDisk:
    """Extension rows in a file that is thrown away with the workspace."""

    def __init__(self, rows: Iterator[KeyedRow], path: Path) -> None:
        path.unlink(missing_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-32000;"
            "CREATE TABLE waiting(core TEXT, file INTEGER, line INTEGER, json BLOB);"
            "CREATE TABLE taken(core TEXT PRIMARY KEY) WITHOUT ROWID;"
        )
        self._db.execute("BEGIN")
        self._files: list[str] = []
        self._taken: list[tuple[str]] = []
        self._db.executemany("INSERT INTO waiting VALUES (?,?,?,?)", self._numbered(rows))
        self._db.execute("CREATE INDEX by_core ON waiting(core)")

    def _numbered(self, rows: Iterator[KeyedRow]) -> Iterator[tuple[str, int, int, bytes]]:
        for core_id, values, file, line, _ in rows:
            if not self._files or self._files[-1] != file:
                self._files.append(file)
            yield core_id, len(self._files) - 1, line, orjson.dumps(values)

    def take(self, core_id: str) -> list[Attached]:
        """The rows of a core row, in the order of the source."""
        found = self._db.execute(
            "SELECT file, line, json FROM waiting WHERE core = ? ORDER BY rowid", (core_id,)
        ).fetchall()
        if found:
            self._taken.append((core_id,))
            if len(self._taken) >= BATCH:
                self._note_taken()
        return [Attached(self._files[file], line, json) for file, line, json in found]

    def left_over(self) -> Iterator[tuple[str, str, int]]:
        """The rows whose core id was never asked for; then the file is closed."""
        self._note_taken()
        rows = self._db.execute(
            "SELECT core, file, line FROM waiting WHERE core NOT IN taken ORDER BY rowid"
        )
        for core_id, file, line in rows:
            yield core_id, self._files[file], line
        self._db.close()

    def _note_taken(self) -> None:
        self._db.executemany("INSERT OR IGNORE INTO taken VALUES (?)", self._taken)
        self._taken.clear()


class SeenIds:
    """Which ids came before, as 64-bit hashes: a set at first, a file beyond a million.

    At a million rows the chance of one false repeat is 3e-8.
    """

    def __init__(self, path: Path, in_memory: int = 1_000_000) -> None:
        self._hashes: set[int] = set()
        self._in_memory = in_memory
        self._path = path
        self._db: sqlite3.Connection | None = None

    def is_new(self, core_id: str) -> bool:
        """Whether the id was not asked about before; remembers it."""
        mark = hash(core_id)
        if mark in self._hashes:
            return False
        if len(self._hashes) < self._in_memory:
            self._hashes.add(mark)
            return True
        if self._db is None:
            self._db = self._open()
        done = self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (mark,))
        return done.rowcount == 1

    def _open(self) -> sqlite3.Connection:
        self._path.unlink(missing_ok=True)
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-64000;"
            "CREATE TABLE seen(mark INTEGER PRIMARY KEY);"
        )
        db.execute("BEGIN")
        return db

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()
