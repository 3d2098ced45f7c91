"""The outbox: one row for each DOI, with what is wanted, what was sent and what the log confirms.

    wanted ≠ sent            due: to be sent when its time has come
    sent ≠ confirmed         the log is to be told of the state that was reached
    dead                     DataCite refused it for good: kept for `retry`

It is a reading of the log and of `PidConfirmed`, and can be deleted: the log says what was
confirmed, and sending a DOI once more does no harm. Nothing is kept in memory, so that a million
rows that wait are only a number.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import Any

from eventstore.transaction import writing
from handlers.processes.minting.wanted import State, Wanted

FILE = "minting.sqlite"
SOONEST = 0.0
"""Due before all others: somebody waits for it."""

_VERSION = 2


def _kind(row: str) -> str:
    """What a row counts as; the same for every row that stands alike."""
    pending = f"{row}due IS NOT NULL AND {row}dead=0"
    return (
        f"coalesce({row}sent, 'none'), {pending}, {pending} AND {row}attempts>0, "
        f"{row}sent IS {row}wanted AND {row}sent IS NOT {row}confirmed, {row}dead"
    )


def _tally(row: str, step: int) -> str:
    return (
        f"INSERT INTO tallies VALUES ({_kind(row)}, {step}) "
        f"ON CONFLICT DO UPDATE SET dois=dois+({step});"
    )


_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS dois (
    doi TEXT PRIMARY KEY, object TEXT NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL,
    wanted TEXT NOT NULL, wanted_hash TEXT NOT NULL, sent TEXT, sent_hash TEXT, confirmed TEXT,
    attempts INTEGER NOT NULL, due REAL, error TEXT NOT NULL, dead INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dois_of_object ON dois (object, number);
CREATE INDEX IF NOT EXISTS dois_due ON dois (due) WHERE due IS NOT NULL AND dead=0;
CREATE INDEX IF NOT EXISTS dois_unconfirmed ON dois (doi)
    WHERE sent=wanted AND sent IS NOT confirmed;
CREATE INDEX IF NOT EXISTS dois_dead ON dois (doi) WHERE dead=1;
DROP INDEX IF EXISTS dois_state;
CREATE TABLE IF NOT EXISTS tallies (
    sent TEXT NOT NULL, pending INTEGER NOT NULL, failing INTEGER NOT NULL,
    unconfirmed INTEGER NOT NULL, dead INTEGER NOT NULL, dois INTEGER NOT NULL,
    PRIMARY KEY (sent, pending, failing, unconfirmed, dead)) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS doi_comes AFTER INSERT ON dois BEGIN {_tally("NEW.", 1)} END;
CREATE TRIGGER IF NOT EXISTS doi_changes AFTER UPDATE ON dois
    BEGIN {_tally("OLD.", -1)} {_tally("NEW.", 1)} END;
DELETE FROM tallies;
INSERT INTO tallies SELECT {_kind("")}, count(*) FROM dois GROUP BY 1, 2, 3, 4, 5;
CREATE TABLE IF NOT EXISTS tracking (position INTEGER NOT NULL, form TEXT NOT NULL);
INSERT INTO tracking SELECT 0, '' WHERE NOT EXISTS (SELECT 1 FROM tracking);
CREATE TABLE IF NOT EXISTS pace (
    tokens REAL NOT NULL, counted_at REAL NOT NULL, paused_until REAL NOT NULL,
    failures INTEGER NOT NULL, trouble TEXT NOT NULL);
PRAGMA user_version={_VERSION};
COMMIT;
"""
"""Counts are kept as rows change, by kind of row: to ask for them must not read a million rows,
nor keep a write waiting. An outbox of an earlier form is counted once, when it is opened."""


@dataclass(slots=True)
class Row:
    """A DOI in the outbox."""

    doi: str
    object: str
    number: int
    """Of the version whose DOI it is; 0 for that of the object."""
    position: int = 0
    """The event whose document it shows."""
    wanted: State = "draft"
    wanted_hash: str = ""
    sent: State | None = None
    """What DataCite said of it last; None before it knew it."""
    sent_hash: str | None = None
    confirmed: State | None = None
    """What the log says of it."""
    attempts: int = 0
    """Failures since the last success."""
    due: float | None = None
    """When it is sent; None: it is as it should be."""
    error: str = ""
    dead: int = 0

    @property
    def settled(self) -> bool:
        """Whether DataCite has what is wanted."""
        return (self.sent, self.sent_hash) == (self.wanted, self.wanted_hash)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many DOIs stand where."""

    states: dict[str, int]
    """State at DataCite → DOIs; `none` where it does not know them yet."""
    pending: int
    """To be sent, those that failed and will be tried again included."""
    failing: int
    unconfirmed: int
    dead: int


class Outbox:
    """The outbox of one data folder; each thread and process has its own connection."""

    def __init__(self, folder: Path) -> None:
        path = folder / FILE
        if not path.exists():  # reasons for refusals may quote what is not public
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        self.connection = sqlite3.connect(
            path, isolation_level=None, timeout=60, check_same_thread=False
        )
        self.connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
            self.connection.execute(f"PRAGMA {pragma}")
        if self.connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
            self.connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that waits for its turn at the door."""
        with writing(self.connection) as run:
            yield run

    # ── following ────────────────────────────────────────────────────────────────────────

    def position(self) -> int:
        """The last event that the outbox knows of."""
        return int(self.connection.execute("SELECT position FROM tracking").fetchone()[0])

    def begin(self, form: str) -> None:
        """Read the log again from its beginning where rows were made in another form (another
        public address, another release): then what was sent is compared, and sent if it
        differs."""
        with self.writing() as run:
            run.execute("UPDATE tracking SET position=0, form=? WHERE form<>?", (form, form))

    def advance(self, position: int) -> None:
        """Note how far the log was read; within `writing`."""
        self.connection.execute("UPDATE tracking SET position=?", (position,))

    def purge(self) -> None:
        """Empty the write-ahead log, which may quote what was erased."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def of_objects(self, objects: Iterable[str]) -> list[Row]:
        """The rows of these objects (PID text), those of objects first."""
        wanted, found = list(objects), list[Row]()
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            found += self._rows(f"WHERE object IN ({marks}) ORDER BY object, number", part)
        return found

    def put(self, rows: Iterable[Row]) -> None:
        """Write rows whole; within `writing`."""
        self.connection.executemany(_PUT, map(_VALUES, rows))

    # ── sending ──────────────────────────────────────────────────────────────────────────

    def due(self, now: float, limit: int) -> list[Row]:
        """The DOIs whose time has come, those that wait longest first."""
        return self._rows(
            "WHERE due IS NOT NULL AND dead=0 AND due<=? ORDER BY due LIMIT ?", (now, limit)
        )

    def next_due(self) -> float | None:
        """When the next DOI is due; None when nothing waits."""
        found = self.connection.execute(
            "SELECT min(due) FROM dois WHERE due IS NOT NULL AND dead=0"
        ).fetchone()[0]
        return None if found is None else float(found)

    def settle(self, done: Sequence[tuple[str, State, str]], now: float) -> None:
        """DataCite has these: (DOI, state, hash of what it shows). What is wanted otherwise by
        now stays due."""
        with self.writing() as run:
            run.executemany(
                "UPDATE dois SET sent=?2, sent_hash=?3, attempts=0, error='', dead=0, "
                "due=CASE WHEN wanted=?2 AND wanted_hash=?3 THEN NULL ELSE ?4 END WHERE doi=?1",
                [(*one, now) for one in done],
            )

    def failed(self, doi: str, error: str, due: float) -> None:
        """It did not go through; it is tried again when it is due."""
        with self.writing() as run:
            run.execute(
                "UPDATE dois SET attempts=attempts+1, error=?, due=? WHERE doi=?", (error, due, doi)
            )

    def bury(self, doi: str, error: str) -> None:
        """It is not tried again of itself: a dead letter."""
        with self.writing() as run:
            run.execute(
                "UPDATE dois SET attempts=attempts+1, error=?, dead=1 WHERE doi=?", (error, doi)
            )

    def retry(self, now: float, dois: Sequence[str] = ()) -> int:
        """Take up dead letters again, all or these; how many there were."""
        with self.writing() as run:
            which = f"AND doi IN ({','.join('?' * len(dois))})" if dois else ""
            return run.execute(
                f"UPDATE dois SET dead=0, attempts=0, due=? WHERE dead=1 {which}", (now, *dois)
            ).rowcount

    # ── confirming ───────────────────────────────────────────────────────────────────────

    def unconfirmed(self, limit: int) -> list[Row]:
        """DOIs whose state the log does not know yet."""
        return self._rows(
            "WHERE sent=wanted AND sent IS NOT confirmed ORDER BY doi LIMIT ?", (limit,)
        )

    def confirm(self, told: Sequence[tuple[str, State]]) -> None:
        """The log knows these states now."""
        with self.writing() as run:
            run.executemany("UPDATE dois SET confirmed=?2 WHERE doi=?1", told)

    # ── looking ──────────────────────────────────────────────────────────────────────────

    def get(self, doi: str) -> Row | None:
        """The row of a DOI."""
        found = self._rows("WHERE doi=?", (doi,))
        return found[0] if found else None

    def dead(self, after: str, limit: int, *, drafts: bool) -> list[Row]:
        """Dead letters in order of DOI, behind one; those of drafts are not for everybody."""
        return self._rows(
            "WHERE dead=1 AND doi>? AND (? OR wanted<>'draft') ORDER BY doi LIMIT ?",
            (after, drafts, limit),
        )

    def waiting(self, after: str, limit: int) -> list[Row]:
        """What is to be sent or failed, in order of DOI, behind one."""
        return self._rows(
            "WHERE (due IS NOT NULL OR dead=1) AND doi>? ORDER BY doi LIMIT ?", (after, limit)
        )

    def counts(self) -> Counts:
        """How many DOIs stand where."""
        states, sums = dict[str, int](), [0, 0, 0, 0]
        for sent, *kinds, dois in self.connection.execute(
            "SELECT sent, pending, failing, unconfirmed, dead, dois FROM tallies WHERE dois>0"
        ):
            states[sent] = states.get(sent, 0) + dois
            sums = [total + dois * counts for total, counts in zip(sums, kinds, strict=True)]
        return Counts(states, *sums)

    def _rows(self, where: str, params: Sequence[Any]) -> list[Row]:
        return [Row(*row) for row in self.connection.execute(f"{_SELECT} {where}", params)]


_COLUMNS = [field.name for field in fields(Row)]
_VALUES = attrgetter(*_COLUMNS)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM dois"
_PUT = (
    f"INSERT INTO dois ({', '.join(_COLUMNS)}) VALUES ({','.join('?' * len(_COLUMNS))}) "
    "ON CONFLICT (doi) DO UPDATE SET "
    + ", ".join(f"{name}=excluded.{name}" for name in _COLUMNS if name != "doi")
)
"""A row is changed and not replaced: what SQLite replaces it does not tell the triggers of."""


def brought(row: Row, wanted: Wanted, now: float) -> Row:
    """The row with what is wanted now: due where DataCite has something else. A dead letter
    that would say something else is tried again."""
    changed = (row.wanted, row.wanted_hash) != (wanted.state, wanted.hash)
    row.position, row.wanted, row.wanted_hash = wanted.position, wanted.state, wanted.hash
    if changed:
        row.dead, row.attempts, row.error = 0, 0, ""
    if row.settled:
        row.due, row.dead, row.attempts, row.error = None, 0, 0, ""
    elif row.due is None or changed:
        row.due = SOONEST if row.number else now
    return row
