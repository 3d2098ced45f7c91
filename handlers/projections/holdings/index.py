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
from typing import Any, NamedTuple

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

_FIND = "SELECT valid_to, at, object, kind, source, public FROM changes WHERE position=?"
_CLOSE = "UPDATE changes SET valid_to=? WHERE position=?"
_MOVE = "UPDATE objects SET position=? WHERE number=?"


class Holdings(SqlView):
    """Every object and its changes; rebuildable."""

    name = "holdings"
    schema = SCHEMA
    version = VERSION

    def enter(self, events: Sequence[Recorded], log: Log) -> None:
        """See `SqlView.enter`."""
        members = [event for event in events if is_change(event)]
        before = _contents_before(members, log)
        with self.transaction(events[-1].position) as tx:
            writing = _Writing(tx)
            for event in members:
                writing.take(event, before.get(event.position))
            writing.flush()


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


class _Open(NamedTuple):
    """The change by which an object is as it is."""

    position: int
    number: int
    source: int | None


class _Writing:
    """One transaction: rows are gathered and go in together, the ones before them are closed."""

    def __init__(self, tx: sqlite3.Connection) -> None:
        self._tx = tx
        self._names = {text: number for number, text in tx.execute("SELECT id, text FROM names")}
        (self._last,) = tx.execute("SELECT coalesce(max(number), 0) FROM objects").fetchone()
        self._objects: dict[int, list[Any]] = {}
        self._changes: dict[int, list[Any]] = {}

    def take(self, event: Recorded, content: int | None) -> None:
        """Enter one change; `content` is the position of the content event before it."""
        before = None if content is None else self._open(content)
        position, kind = event.position, event.type
        source = event.pid_text if kind == "source-system" else event.source
        named = self._name(source) if source else before.source if before else None
        if before is None:
            self._last = number = self._last + 1
            self._objects[number] = [number, event.pid_text, position]
        else:
            number = before.number
            self._end(before, position)
        public = event.status is Status.ACTIVE
        self._changes[position] = [
            position, None, event.recorded_at, number, self._name(kind), named, public
        ]  # fmt: skip

    def flush(self) -> None:
        """Write what was gathered."""
        self._tx.executemany("INSERT INTO objects VALUES (?,?,?)", self._objects.values())
        self._tx.executemany("INSERT INTO changes VALUES (?,?,?,?,?,?,?)", self._changes.values())

    def _open(self, position: int) -> _Open | None:
        """The open row of the object of this content event: its own, or that of an erasure
        after it. A draft has none."""
        while True:
            gathered = self._changes.get(position)
            found = gathered[1:] if gathered else self._tx.execute(_FIND, (position,)).fetchone()
            if found is None:
                return None
            valid_to, _, number, _, source, _ = found
            if valid_to is None:
                return _Open(position, number, source)
            position = valid_to

    def _end(self, before: _Open, position: int) -> None:
        """Close a row, and say where its object is now."""
        if before.position in self._changes:
            self._changes[before.position][1] = position
        else:
            self._tx.execute(_CLOSE, (position, before.position))
        if before.number in self._objects:
            self._objects[before.number][2] = position
        else:
            self._tx.execute(_MOVE, (position, before.number))

    def _name(self, text: str) -> int:
        known = self._names.get(text)
        if known is None:
            known = self._names[text] = len(self._names) + 1
            self._tx.execute("INSERT INTO names VALUES (?,?)", (known, text))
        return known
