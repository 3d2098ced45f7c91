"""Writing the search view: one row per version, with the positions between which it held.

The row of a version is named by the position of its event (`valid from`); the next version
closes it by its own position (`valid_to`). What is current has no `valid_to`; partial indexes
serve it. Nothing is deleted, so a page begun at one position can be continued there, and the
past is searched with the same words (settled.md 18).

The full-text index keeps no text of its own (FTS5 `content=''`): its rows are named by the
same positions and hidden by the same intervals.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eventstore.envelope import Recorded
from eventstore.follower import SqlView
from eventstore.log import Log
from eventstore.patches import mids
from fdo.lifecycle import Status
from handlers.projections.search.rows import DIMENSIONS, TEXTS, Entry, Row, entry_of

VERSION = 3
"""Raise when the schema or `rows.py` changes: the view is then filled again from the log."""

_CURRENT = "WHERE valid_to IS NULL"
_PAST = "WHERE valid_to IS NOT NULL"
_RANGES = {
    "date": "date_to, date_from",
    "elevation": "elevation_to, elevation_from",
    "point": "latitude, longitude",
}

SCHEMA: tuple[str, ...] = (
    *(
        f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, "
        + ", ".join(f'"{column}" NOT NULL' for column in columns)
        + ")"
        for name, columns in DIMENSIONS.items()
    ),
    "CREATE TABLE specimens (position INTEGER PRIMARY KEY, valid_to INTEGER, "
    "pid TEXT NOT NULL, version INTEGER NOT NULL, "
    + ", ".join(f"{name} INTEGER NOT NULL" for name in DIMENSIONS)
    + ", "
    + ", ".join(Row._fields)
    + ")",
    *(f"CREATE INDEX current_{name} ON specimens ({name}) {_CURRENT}" for name in DIMENSIONS),
    *(
        f"CREATE INDEX current_{name} ON specimens ({columns}) {_CURRENT} "
        f"AND {columns.partition(',')[0]} IS NOT NULL"
        for name, columns in _RANGES.items()
    ),
    f"CREATE INDEX current_year ON specimens (year) {_CURRENT}",
    f"CREATE INDEX current_name ON specimens (name) {_CURRENT}",
    # a row enters these when it is closed: first versions never pay for them
    *(f"CREATE INDEX past_{name} ON specimens ({name}, valid_to) {_PAST}" for name in DIMENSIONS),
    *(
        f"CREATE INDEX past_{name} ON specimens ({columns}, valid_to) {_PAST} "
        f"AND {columns.partition(',')[0]} IS NOT NULL"
        for name, columns in _RANGES.items()
    ),
    f"CREATE INDEX past_year ON specimens (year, valid_to) {_PAST}",
    f"CREATE INDEX past ON specimens (valid_to) {_PAST}",
    f"CREATE VIRTUAL TABLE texts USING fts5({', '.join(TEXTS)}, content='', "
    "tokenize='unicode61 remove_diacritics 2')",
    "CREATE TABLE unseen (pid TEXT NOT NULL, position INTEGER NOT NULL, valid_to INTEGER, "
    "harvest, PRIMARY KEY (pid, position)) WITHOUT ROWID",
    "CREATE INDEX current_unseen ON unseen (pid) WHERE valid_to IS NULL",
)

_INSERT = (
    f"INSERT INTO specimens VALUES ({','.join('?' * (4 + len(DIMENSIONS) + len(Row._fields)))})"
)
_TEXT = f"INSERT INTO texts (rowid, {', '.join(TEXTS)}) VALUES ({','.join('?' * (1 + len(TEXTS)))})"
_CLOSE = "UPDATE specimens SET valid_to=? WHERE position=? AND valid_to IS NULL"
_UNSEEN = "INSERT OR IGNORE INTO unseen VALUES (?,?,NULL,?)"
_SEEN = "UPDATE unseen SET valid_to=? WHERE pid=? AND valid_to IS NULL"


class SearchIndex:
    """All versions of active specimens, ready to be searched and counted."""

    name = "search"

    def __init__(self, path: Path) -> None:
        self._view = SqlView(path, SCHEMA, VERSION)
        # nine indexes touch many pages a batch: fewer checkpoints write each page less often
        # (measured at 50,000 rows: 42 → 34 µs a row)
        self._view.connection.execute("PRAGMA wal_autocheckpoint=16000")
        self._known = _Dimensions(self._view.connection)

    def position(self) -> int:
        """The last position in the view."""
        return self._view.position()

    def apply(self, events: Sequence[Recorded], log: Log) -> None:
        """Bring these facts into the view, in one transaction."""
        known = self.position()
        fresh = [event for event in events if event.position > known]
        if not fresh:
            return
        if any(event.what == "Erased" and self._holds_erased(event, log) for event in fresh):
            self.clear()  # the follower starts again from the log, where the text is gone
            return
        # the log knows the row that a version closes: an index of PIDs, at random places in a
        # large file, would be the dearest of all to keep
        before = log.previous([e for e in fresh if e.type == "specimen" and e.version > 1])
        try:
            with self._view.transaction(fresh[-1].position) as tx:
                batch = _Batch(tx, self._known, {at: e.position for at, e in before.items()})
                for event in fresh:
                    batch.take(event)
                batch.flush()
        except BaseException:
            self._known = _Dimensions(self._view.connection)
            raise

    def _holds_erased(self, erasure: Recorded, log: Log) -> bool:
        """Whether the view still has text that an erasure took out of the log."""
        for position in erasure.detail.get("positions", ()):
            kept = self._view.connection.execute(
                "SELECT digest FROM specimens WHERE position=?", (position,)
            ).fetchone()
            if kept and kept[0] != _entry(log.event(position)).row.digest:
                return True
        return False

    def clear(self) -> None:
        """Empty the view and set its position to 0."""
        self._view.clear()
        self._known = _Dimensions(self._view.connection)

    def close(self) -> None:
        """Let go of the file."""
        self._view.close()


def _entry(event: Recorded) -> Entry:
    return entry_of(event.document, mids(event))


class _Dimensions:
    """Combination of values → its number, for each dimension; a cache of their tables."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.numbers: list[dict[tuple[Any, ...], int]] = [
            {tuple(row)[1:]: row[0] for row in connection.execute(f"SELECT * FROM {name}")}
            for name in DIMENSIONS
        ]

    def intern(self, tx: sqlite3.Connection, values: tuple[tuple[Any, ...], ...]) -> list[int]:
        """The numbers of these combinations; new ones are written down."""
        found = []
        for name, known, combination in zip(DIMENSIONS, self.numbers, values, strict=True):
            number = known.get(combination)
            if number is None:
                number = known[combination] = len(known) + 1
                marks = ",".join("?" * (len(combination) + 1))
                tx.execute(f"INSERT INTO {name} VALUES ({marks})", (number, *combination))
            found.append(number)
        return found


class _Batch:
    """Rows on their way into the view: inserted together, before an older one is closed."""

    def __init__(
        self, tx: sqlite3.Connection, known: _Dimensions, before: Mapping[int, int]
    ) -> None:
        self._tx, self._known, self._before = tx, known, before
        self._rows: list[tuple[Any, ...]] = []
        self._texts: list[tuple[Any, ...]] = []

    def take(self, event: Recorded) -> None:
        """Note what one event changes."""
        if event.what == "HarvestCompleted":
            self._sightings(event)
        if event.type != "specimen" or event.operational:
            return
        if event.position in self._before:
            self.flush()
            self._tx.execute(_CLOSE, (event.position, self._before[event.position]))
        if event.status is Status.ACTIVE:
            entry = _entry(event)
            numbers = self._known.intern(self._tx, entry.dimensions)
            self._rows.append(
                (event.position, None, event.pid_text, event.version, *numbers, *entry.row)
            )
            self._texts.append((event.position, *entry.texts))

    def _sightings(self, event: Recorded) -> None:
        """Records that their source no longer shows, or shows again (settled.md 14)."""
        harvest, position = event.detail.get("harvest"), event.position
        self._tx.executemany(_SEEN, [(position, pid) for pid in event.detail.get("seen_again", ())])
        missed = event.detail.get("not_seen", ())
        known = {
            row[0] for row in self._tx.execute("SELECT pid FROM unseen WHERE valid_to IS NULL")
        } if missed else set()  # fmt: skip
        self._tx.executemany(
            _UNSEEN, [(pid, position, harvest) for pid in missed if pid not in known]
        )

    def flush(self) -> None:
        """Write the rows that wait."""
        if self._rows:
            self._tx.executemany(_INSERT, self._rows)
            self._tx.executemany(_TEXT, self._texts)
            self._rows.clear()
            self._texts.clear()
