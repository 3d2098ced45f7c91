"""Writing the annotations view: one row a version, with the positions between which it held.

The row of a version is named by the position of its event; the next version closes it by its own
(`valid_to`), as in search (decision 0038). Beside it stand the names by which it is found, several
of a kind, and the words of its bodies. Rows hold values of people, so an erasure derives the rows
that held them once more, and what was freed is overwritten.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from eventstore.envelope import Recorded
from eventstore.follower import SqlView
from eventstore.log import Log
from handlers.projections.annotations.rows import Entry, Row, entry_of

VERSION = 1
"""Raise when the schema or `rows.py` changes: the view is then filled again from the log."""

_CURRENT = "WHERE valid_to IS NULL"
_COLUMNS = {"position": "INTEGER PRIMARY KEY", "score": "REAL", "stars": "INTEGER"}
_FOUND_BY = ("state", "dataset", "organisation", "service", "model", "batch", "job", "grouped")
"""Columns by which rows are found, now and in the past: an annotation has few versions."""

SCHEMA: tuple[str, ...] = (
    "CREATE TABLE annotations ("
    + ", ".join(f"{name} {_COLUMNS.get(name, 'NOT NULL')}" for name in Row._fields)
    + ", valid_to INTEGER)",
    "CREATE INDEX of_pid ON annotations (pid, position)",
    "CREATE INDEX of_target ON annotations (target, position)",
    "CREATE INDEX of_target_event ON annotations (target_position)",
    f"CREATE INDEX urgent ON annotations (state, severity, position) {_CURRENT}",
    *(f"CREATE INDEX by_{name} ON annotations ({name}, position)" for name in _FOUND_BY),
    "CREATE TABLE names (kind TEXT NOT NULL, value TEXT NOT NULL, position INTEGER NOT NULL, "
    "PRIMARY KEY (kind, value, position)) WITHOUT ROWID",
    "CREATE VIRTUAL TABLE bodies USING fts5(body, tokenize='unicode61 remove_diacritics 2')",
)

_INSERT = f"INSERT INTO annotations VALUES ({','.join('?' * (len(Row._fields) + 1))})"
_NAME = "INSERT INTO names VALUES (?,?,?)"
_BODY = "INSERT INTO bodies (rowid, body) VALUES (?,?)"
_CLOSE = "UPDATE annotations SET valid_to=? WHERE pid=? AND valid_to IS NULL"


class AnnotationsIndex(SqlView):
    """All versions of all public annotations, ready to be asked for and counted; rebuildable."""

    name = "annotations"
    schema = SCHEMA
    version = VERSION
    pragmas = ("secure_delete=ON",)

    def enter(self, events: Sequence[Recorded], log: Log) -> None:
        """See `SqlView.enter`."""
        versions = [e for e in events if e.type == "annotation" and not e.operational]
        erasures = [e for e in events if e.what == "Erased"]
        with self.transaction(events[-1].position) as tx:
            _enter(tx, versions, log)
            again = _told_of_erased(tx, erasures)
            _derive_again(tx, again, log)
            if again:
                tx.execute("INSERT INTO bodies (bodies) VALUES ('optimize')")


def _enter(tx: sqlite3.Connection, events: Sequence[Recorded], log: Log) -> None:
    """Close what held before each version, and enter it."""
    for event in events:
        if event.version > 1:
            tx.execute(_CLOSE, (event.position, event.pid_text))
        if (entry := entry_of(event, log)) is not None:
            _write(tx, entry, None)


def _write(tx: sqlite3.Connection, entry: Entry, valid_to: int | None) -> None:
    position = entry.row.position
    tx.execute(_INSERT, (*entry.row, valid_to))
    tx.executemany(_NAME, [(kind, value, position) for kind, value in entry.names])
    if entry.body:
        tx.execute(_BODY, (position, entry.body))


def _told_of_erased(tx: sqlite3.Connection, erasures: Iterable[Recorded]) -> list[int]:
    """The rows that say something of what was erased: of the version itself, or of the one that
    it is about. Whose an annotation is may be known by another annotation only."""
    found: set[int] = set()
    for erasure in erasures:
        for position in erasure.detail.get("positions", ()):
            found.update(
                row[0]
                for row in tx.execute(
                    "SELECT position FROM annotations WHERE position=?1 OR target_position=?1",
                    (position,),
                )
            )
        if erasure.type == "annotation":
            found.update(
                row[0]
                for row in tx.execute(
                    "SELECT position FROM annotations WHERE target_type='annotation'"
                )
            )
    return sorted(found)


def _derive_again(tx: sqlite3.Connection, positions: Sequence[int], log: Log) -> None:
    for position in positions:
        (until,) = tx.execute(
            "SELECT valid_to FROM annotations WHERE position=?", (position,)
        ).fetchone()
        tx.execute("DELETE FROM annotations WHERE position=?", (position,))
        tx.execute("DELETE FROM names WHERE position=?", (position,))
        tx.execute("DELETE FROM bodies WHERE rowid=?", (position,))
        if (entry := entry_of(log.event(position), log)) is not None:
            _write(tx, entry, until)
