"""Writing the holdings: every object by number, and every change of it with the span it held.

A change is an event that made a version of which anything is public, or an erasure, which
changes what stands in one; drafts are nobody's business. The row of a change is named by its
position; the next one of the same object closes it by its own (`valid_to`). So a list as of a
position is one pass in the order of the log, complete and without doubles however much was
recorded since, and `since` and `until` are bounds on the same key.

Objects are numbered in the order in which they became public. A number stays, whatever
happens to the object: pages of numbers (sitemaps) mean the same for ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eventstore.envelope import Recorded
from eventstore.follower import SqlView
from eventstore.log import Log
from fdo.lifecycle import Status

VERSION = 1
"""Raise when the schema or the rule of membership changes: the view is then filled again."""

SCHEMA = (
    "CREATE TABLE names (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)",
    "CREATE TABLE objects (number INTEGER PRIMARY KEY, pid TEXT NOT NULL, "
    "position INTEGER NOT NULL)",
    "CREATE TABLE changes (position INTEGER PRIMARY KEY, valid_to INTEGER, at INTEGER NOT NULL, "
    "object INTEGER NOT NULL, kind INTEGER NOT NULL, source INTEGER, public INTEGER NOT NULL)",
    # each bears valid_to, so that a list is counted from the index alone
    "CREATE INDEX changes_of_kind ON changes (kind, position, valid_to)",
    "CREATE INDEX changes_of_source ON changes (source, position, kind, valid_to) "
    "WHERE source IS NOT NULL",
)  # fmt: skip

_INSERT = "INSERT INTO changes VALUES (?,NULL,?,?,?,?,?)"
_CLOSE = "UPDATE changes SET valid_to=? WHERE position=?"
_MOVE = "UPDATE objects SET position=? WHERE number=?"


class Holdings:
    """Every object and its changes; rebuildable."""

    name = "holdings"

    def __init__(self, path: Path) -> None:
        self._view = SqlView(path, SCHEMA, VERSION)

    def position(self) -> int:
        """The last position in the view."""
        return self._view.position()

    def apply(self, events: Sequence[Recorded], log: Log) -> None:
        """Bring these facts into the view, in one transaction."""
        known = self.position()
        fresh = [event for event in events if event.position > known]
        if not fresh:
            return
        members = [event for event in fresh if is_change(event)]
        before = _contents_before(members, log)
        with self._view.transaction(fresh[-1].position) as tx:
            writing = _Writing(tx)
            for event in members:
                writing.take(event, before.get(event.position))

    def clear(self) -> None:
        """Empty the view and set its position to 0."""
        self._view.clear()

    def close(self) -> None:
        """Let go of the file."""
        self._view.close()


def is_change(event: Recorded) -> bool:
    """Whether those who keep a copy must hear of the event."""
    lasting = not event.operational or event.what == "Erased"
    return lasting and event.status is not Status.DRAFT


def _contents_before(events: Sequence[Recorded], log: Log) -> dict[int, int]:
    """Position of a change → position of the content event that it follows."""
    found = {position: event.position for position, event in log.previous(events).items()}
    for event in events:
        if event.operational:
            found[event.position] = log.version(event.pid, event.version).position
    return found


@dataclass(frozen=True, slots=True)
class _Row:
    position: int
    object: int
    source: int | None


class _Writing:
    """One transaction: rows go in, the ones before them are closed."""

    def __init__(self, tx: sqlite3.Connection) -> None:
        self._tx = tx
        self._names = {text: number for number, text in tx.execute("SELECT id, text FROM names")}
        (self._objects,) = tx.execute("SELECT coalesce(max(number), 0) FROM objects").fetchone()

    def take(self, event: Recorded, content: int | None) -> None:
        """Enter one change; `content` is the position of the content event before it."""
        row = None if content is None else self._open(content)
        source = event.pid_text if event.type == "source-system" else event.source
        named = self._name(source) if source else row.source if row else None
        run = self._tx.execute
        if row is None:
            self._objects = number = self._objects + 1
            run("INSERT INTO objects VALUES (?,?,?)", (number, event.pid_text, event.position))
        else:
            number = row.object
            run(_CLOSE, (event.position, row.position))
            run(_MOVE, (event.position, number))
        public = event.status is Status.ACTIVE
        kind = self._name(event.type)
        run(_INSERT, (event.position, event.recorded_at, number, kind, named, public))

    def _open(self, position: int) -> _Row | None:
        """The open row of the object of this content event: its own, or that of an erasure
        after it. A draft has none."""
        while True:
            found = self._tx.execute(
                "SELECT valid_to, object, source FROM changes WHERE position=?", (position,)
            ).fetchone()
            if found is None:
                return None
            valid_to, number, source = found
            if valid_to is None:
                return _Row(position, number, source)
            position = valid_to

    def _name(self, text: str) -> int:
        known = self._names.get(text)
        if known is None:
            known = self._names[text] = len(self._names) + 1
            self._tx.execute("INSERT INTO names VALUES (?,?)", (known, text))
        return known
