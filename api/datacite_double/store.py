"""What the double remembers: DOIs, handles and who asked what, in one SQLite file.

A change and its line in the journal are one transaction, on the disk before it is acknowledged;
a request that changed nothing is noted without waiting for the disk.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from api.datacite_double.limits import Class
from api.datacite_double.states import State

Effect = Literal["", "created", "changed", "unchanged", "deleted"]
"""What a request did; `unchanged` counts requests that an idempotent client might have saved."""

KEPT = 1_000_000
"""Lines of the journal that a start leaves."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS dois (
    doi TEXT PRIMARY KEY, state TEXT NOT NULL, url TEXT NOT NULL, attributes TEXT NOT NULL,
    owner TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL, registered TEXT,
    published TEXT, metadata_version INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dois_state ON dois (state, doi);
CREATE TABLE IF NOT EXISTS handles (
    n INTEGER PRIMARY KEY, doi TEXT NOT NULL, url TEXT NOT NULL, due REAL NOT NULL);
CREATE INDEX IF NOT EXISTS handles_doi ON handles (doi, n);
CREATE TABLE IF NOT EXISTS journal (
    n INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, address TEXT NOT NULL,
    class TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, body TEXT NOT NULL,
    status INTEGER NOT NULL, fault TEXT NOT NULL, effect TEXT NOT NULL, seconds REAL NOT NULL);
"""
_COLUMNS = (
    "doi, state, url, attributes, owner, created, updated, registered, published, metadata_version"
)


@dataclass(frozen=True, slots=True)
class Registered:
    """A DOI as the service keeps it."""

    doi: str
    """In lower case, as the service shows it."""
    state: State
    url: str
    attributes: dict[str, Any]
    """Its metadata, by the names of the JSON API."""
    owner: str
    created: str
    updated: str
    registered: str | None
    published: str | None
    metadata_version: int


@dataclass(frozen=True, slots=True)
class Handle:
    """Where a DOI leads, and since when."""

    doi: str
    url: str
    since: float


@dataclass(frozen=True, slots=True)
class Line:
    """One request in the journal."""

    n: int
    """0 until it is written."""
    at: float
    address: str
    kind: Class
    method: str
    path: str
    body: str
    """SHA-256 of the body; empty without one."""
    status: int
    """0 where the connection was reset."""
    fault: str
    effect: Effect
    seconds: float


class Store:
    """The file of a double; one process at a time, any thread."""

    def __init__(self, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o600))  # as all files of a data folder
        self._one = threading.Lock()
        self._run = sqlite3.connect(
            place, isolation_level=None, timeout=30, check_same_thread=False
        )
        self._run.execute("PRAGMA journal_mode=WAL")
        self._run.execute("PRAGMA secure_delete=ON")
        self._run.executescript(_SCHEMA)
        self._run.execute("DELETE FROM journal WHERE n<=(SELECT max(n) FROM journal)-?", (KEPT,))

    def close(self) -> None:
        """Let the file go."""
        with self._one:
            self._run.close()

    # ── DOIs ─────────────────────────────────────────────────────────────────────────────

    def find(self, doi: str) -> Registered | None:
        """The DOI of that name, in any case."""
        found = self._dois("WHERE doi=?", (doi.lower(),))
        return found[0] if found else None

    def page(
        self,
        *,
        state: State | None,
        prefix: str | None,
        query: str,
        order: str,
        after: str | None,
        limit: int,
        offset: int,
    ) -> list[Registered]:
        """A page of DOIs; `order` is a clause of our own, `after` a DOI in the order of names."""
        where, values = _filter(state, prefix, query)
        if after is not None:
            where, values, order = f"{where} AND doi>?", [*values, after], "doi"
        return self._dois(f"{where} ORDER BY {order} LIMIT ? OFFSET ?", (*values, limit, offset))

    def count(self, *, state: State | None, prefix: str | None, query: str) -> int:
        """How many DOIs such a list has."""
        where, values = _filter(state, prefix, query)
        with self._one:
            row = self._run.execute(f"SELECT count(*) FROM dois {where}", values).fetchone()
        return int(row[0])

    def states(self) -> dict[str, int]:
        """State → how many DOIs."""
        with self._one:
            return dict(self._run.execute("SELECT state, count(*) FROM dois GROUP BY state"))

    def _dois(self, where: str, values: Sequence[object]) -> list[Registered]:
        with self._one:
            rows = self._run.execute(f"SELECT {_COLUMNS} FROM dois {where}", values).fetchall()
        return [Registered(*(*row[:3], orjson.loads(row[3]), *row[4:])) for row in rows]

    # ── changes ──────────────────────────────────────────────────────────────────────────

    def save(self, doi: Registered, line: Line, *, due: float | None) -> None:
        """Keep a DOI with the line of the request that made it so. Its handle leads to its
        address from `due` on; None: this request writes no handle."""
        with self._changing(line) as run:
            run.execute(
                f"INSERT OR REPLACE INTO dois ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)",
                (doi.doi, doi.state, doi.url, orjson.dumps(doi.attributes).decode(), doi.owner,
                 doi.created, doi.updated, doi.registered, doi.published, doi.metadata_version),
            )  # fmt: skip
            if due is not None:
                run.execute(  # those before the newest address in force lead nowhere any more
                    "DELETE FROM handles WHERE doi=:doi AND n<(SELECT max(n) FROM handles "
                    "WHERE doi=:doi AND due<=:now)",
                    {"doi": doi.doi, "now": line.at},
                )
                run.execute(
                    "INSERT INTO handles (doi, url, due) VALUES (?,?,?)", (doi.doi, doi.url, due)
                )

    def delete(self, doi: str, line: Line) -> None:
        """Forget a draft."""
        with self._changing(line) as run:
            run.execute("DELETE FROM dois WHERE doi=?", (doi,))

    def note(self, line: Line) -> None:
        """Write a request that changed nothing into the journal."""
        with self._one:
            self._run.execute("PRAGMA synchronous=NORMAL")
            self._write(line)

    @contextmanager
    def _changing(self, line: Line) -> Iterator[sqlite3.Connection]:
        with self._one:
            self._run.execute("PRAGMA synchronous=FULL")
            self._run.execute("BEGIN IMMEDIATE")
            try:
                yield self._run
                self._write(line)
            except BaseException:
                self._run.execute("ROLLBACK")
                raise
            self._run.execute("COMMIT")
            if line.effect in ("changed", "deleted"):  # nothing that was taken back stays behind
                self._run.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _write(self, line: Line) -> None:
        self._run.execute(
            "INSERT INTO journal (at, address, class, method, path, body, status, fault, effect, "
            "seconds) VALUES (?,?,?,?,?,?,?,?,?,?)",
            (line.at, line.address, line.kind, line.method, line.path, line.body, line.status,
             line.fault, line.effect, line.seconds),
        )  # fmt: skip

    # ── handles and the journal ──────────────────────────────────────────────────────────

    def handle(self, doi: str, now: float) -> Handle | None:
        """Where the DOI leads now: the newest address whose time has come."""
        with self._one:
            row = self._run.execute(
                "SELECT doi, url, due FROM handles WHERE doi=? AND due<=? ORDER BY n DESC LIMIT 1",
                (doi.lower(), now),
            ).fetchone()
        return Handle(*row) if row else None

    def journal(self, after: int = 0, limit: int = 1_000, since: float = 0.0) -> list[Line]:
        """Lines of the journal after a number, oldest first."""
        with self._one:
            rows = self._run.execute(
                "SELECT * FROM journal WHERE n>? AND at>=? ORDER BY n LIMIT ?",
                (after, since, limit),
            ).fetchall()
        return [Line(*row) for row in rows]


def _filter(state: State | None, prefix: str | None, query: str) -> tuple[str, list[object]]:
    where, values = "WHERE 1", []  # type: ignore[var-annotated] # of any type that SQLite binds
    if state is not None:
        where, values = f"{where} AND state=?", [*values, state]
    if prefix is not None:  # "/" is followed by "0": a range that the index answers
        where, values = f"{where} AND doi>=? AND doi<?", [*values, f"{prefix}/", f"{prefix}0"]
    for word in query.lower().split():
        where, values = f"{where} AND instr(doi || ' ' || lower(attributes), ?)", [*values, word]
    return where, values
