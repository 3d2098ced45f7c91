"""Writing the terms view: which values changed at each event, and when each value was held.

A first version changes nothing; it only begins the spans of the values that it holds. An object
is named by the position of its first event, a number that the log knows and that grows with
it, so a new object costs no look-up and no row at a random place.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eventstore.envelope import Recorded
from eventstore.follower import SqlView
from eventstore.log import Log
from eventstore.patches import mids
from fdo.lifecycle import Status
from handlers.projections.terms.compare import (
    LONGEST,
    MIDS,
    STATUS,
    Difference,
    HeldValue,
    differences,
    held_values,
)

VERSION = 2
"""Raise when the schema or `compare.py` changes: the view is then filled again from the log."""

PUBLIC, WITHHELD, DRAFT = 0, 1, 2
"""What may be shown of an object now: everything, its status, nothing."""

SCHEMA = (
    "CREATE TABLE terms (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE)",
    "CREATE TABLE agents (id INTEGER PRIMARY KEY, iri TEXT NOT NULL, name TEXT NOT NULL, "
    "UNIQUE (iri, name))",
    "CREATE TABLE sources (id INTEGER PRIMARY KEY, pid TEXT NOT NULL UNIQUE)",
    "CREATE TABLE words (id INTEGER PRIMARY KEY, held INTEGER NOT NULL, said TEXT NOT NULL, "
    "UNIQUE (held, said))",
    "CREATE TABLE objects (object INTEGER PRIMARY KEY, pid TEXT NOT NULL, type TEXT NOT NULL, "
    "shown INTEGER NOT NULL)",
    "CREATE TABLE events (position INTEGER PRIMARY KEY, object INTEGER NOT NULL, "
    "version INTEGER NOT NULL, agent INTEGER NOT NULL, source INTEGER, "
    "recorded_at INTEGER NOT NULL, observed_at INTEGER NOT NULL)",
    "CREATE TABLE changes (position INTEGER NOT NULL, ordinal INTEGER NOT NULL, "
    "term INTEGER NOT NULL, fragment TEXT NOT NULL, old TEXT, new TEXT, cut INTEGER NOT NULL, "
    "PRIMARY KEY (position, ordinal)) WITHOUT ROWID",
    "CREATE INDEX by_term ON changes (term, position)",
    "CREATE TABLE spans (word INTEGER NOT NULL, object INTEGER NOT NULL, begin INTEGER NOT NULL, "
    "upto INTEGER, begun_at INTEGER NOT NULL, ended_at INTEGER, PRIMARY KEY (word, object, begin)) "
    "WITHOUT ROWID",  # the last two: when the source said so
)

_OBJECT = (
    "INSERT INTO objects VALUES (?,?,?,?) ON CONFLICT (object) DO UPDATE SET shown=excluded.shown "
    "WHERE shown<>excluded.shown"
)
_EVENT = "INSERT INTO events VALUES (?,?,?,?,?,?,?)"
_CHANGE = "INSERT INTO changes VALUES (?,?,?,?,?,?,?)"
_SPAN = "INSERT INTO spans VALUES (?,?,?,NULL,?,NULL)"
_CLOSE = "UPDATE spans SET upto=?, ended_at=? WHERE word=? AND object=? AND upto IS NULL"
_SHOWN = {Status.ACTIVE: PUBLIC, Status.PID_ONLY: WITHHELD, Status.DRAFT: DRAFT}


class Terms(SqlView):
    """The changed terms of every version, and the spans of the values that were held."""

    name = "terms"
    schema = SCHEMA
    version = VERSION
    pragmas = ("wal_autocheckpoint=16000", "secure_delete=ON")  # erased values are overwritten

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._lists = _Lists(self.connection)

    def enter(self, events: Sequence[Recorded], log: Log) -> None:
        """See `SqlView.enter`."""
        before = log.previous(events)
        try:
            with self.transaction(events[-1].position) as tx:
                batch = _Batch(tx, log, self._lists)
                for event in events:
                    if event.what == "Erased":
                        batch.tell_anew(event)
                    elif not event.operational:
                        batch.take(event, before.get(event.position))
                batch.flush()
        except BaseException:
            self._lists.forget()
            raise

    def clear(self) -> None:
        """Empty the view and set its position to 0."""
        super().clear()
        self._lists.forget()


class _Batch:
    """Rows on their way into the view, written together."""

    def __init__(self, tx: sqlite3.Connection, log: Log, lists: _Lists) -> None:
        self._tx, self._log, self._lists = tx, log, lists
        self._objects: list[tuple[Any, ...]] = []
        self._spans: list[tuple[int, int, int, int]] = []

    def take(self, event: Recorded, before: Recorded | None) -> None:
        """Note what one content event says; `before` is the one before it of the object."""
        number = event.position if before is None else _number(event, self._log)
        shown = _SHOWN.get(event.status)
        if shown is not None:  # a withdrawal publishes nothing that was not public
            self._objects.append((number, event.pid_text, event.type, shown))
        if before is not None:
            self._changed(event, before, number)
        old, new, word = _held(before), _held(event), self._lists.words.of
        at = event.position, event.observed_at
        if gone := old - new:
            self.flush()
            self._tx.executemany(_CLOSE, [(*at, word(each), number) for each in gone])
        self._spans += [(word(each), number, *at) for each in new - old]

    def _changed(self, event: Recorded, before: Recorded, number: int) -> None:
        source = None if event.source is None else self._lists.sources.of((event.source,))
        agent = self._lists.agents.of((event.agent.id, event.agent.name))
        self._tx.execute(
            _EVENT,
            (event.position, number, event.version, agent, source, event.recorded_at,
             event.observed_at),
        )  # fmt: skip
        self._tx.executemany(
            _CHANGE,
            [
                (event.position, ordinal, self._lists.terms.of((each.term,)), each.fragment,
                 *_cut(each.old, each.new))
                for ordinal, each in enumerate(changes(event, before, self._log))
            ],
        )  # fmt: skip

    def flush(self) -> None:
        """Write the rows that wait."""
        self._tx.executemany(_OBJECT, self._objects)
        self._tx.executemany(_SPAN, sorted(self._spans))  # pages in order
        self._objects.clear()
        self._spans.clear()

    def tell_anew(self, erasure: Recorded) -> None:
        """Say again what the log says of an object now that values of it were erased.

        Of the old rows, and of words that nobody else holds, nothing stays. All spans are
        looked at: erasures are rare, and an index for them would cost every new object.
        """
        self.flush()
        number = _number(erasure, self._log)
        run = self._tx.execute
        held = run("SELECT DISTINCT word FROM spans WHERE object=?", (number,)).fetchall()
        run("DELETE FROM spans WHERE object=?", (number,))
        told = [
            event
            for event in self._log.history(erasure.pid)
            if not event.operational and event.position <= erasure.position
        ]
        for event in told:
            run("DELETE FROM changes WHERE position=?", (event.position,))
            run("DELETE FROM events WHERE position=?", (event.position,))
        previous: Recorded | None = None
        for event in told:
            self.take(event, previous)
            previous = event
        self.flush()
        run("DELETE FROM terms WHERE NOT EXISTS (SELECT 1 FROM changes c WHERE c.term=terms.id)")
        for (word,) in held:
            run(
                "DELETE FROM words WHERE id=?1 AND NOT EXISTS (SELECT 1 FROM spans WHERE word=?1)",
                (word,),
            )
        self._lists.forget()


def changes(event: Recorded, before: Recorded, log: Log) -> list[Difference]:
    """What a version says otherwise than the public document before it.

    Stubs and tombstones are no documents to compare with: a return from there is compared with
    the last version that was active. The status, and the MIDS level of specimens, are terms too.
    """
    found: list[Difference] = []
    if before.status is not event.status:
        found.append(Difference(STATUS, "", before.status.value, event.status.value))
    base = before if event.status is Status.ACTIVE else None
    while base is not None and base.status is not Status.ACTIVE:
        base = log.version(base.pid, base.version - 1) if base.version > 1 else None
    if base is None:
        return found
    if event.type == "specimen" and mids(base).level != mids(event).level:
        found.append(Difference(MIDS, "", str(mids(base).level), str(mids(event).level)))
    return found + differences(base.document, event.document)


def _held(event: Recorded | None) -> set[HeldValue]:
    if event is None or event.status is not Status.ACTIVE:
        return set()
    return held_values(event.document, mids(event).level if event.type == "specimen" else None)


def _number(event: Recorded, log: Log) -> int:
    """The number of an object here: the position of its first event."""
    return log.version(event.pid, 1).position


def _cut(old: str | None, new: str | None) -> tuple[str | None, str | None, bool]:
    """(old, new, whether anything was left out)."""
    cut = any(text is not None and len(text) > LONGEST for text in (old, new))
    return old and old[:LONGEST], new and new[:LONGEST], cut


class _Numbers:
    """Words → their numbers in a small table, with those of late in memory."""

    _MOST = 100_000

    def __init__(self, tx: sqlite3.Connection, table: str, *columns: str) -> None:
        self._tx = tx
        self.known: dict[tuple[Any, ...], int] = {}
        marks = ",".join("?" * len(columns))
        self._add = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        where = " AND ".join(f"{name}=?" for name in columns)
        self._find = f"SELECT id FROM {table} WHERE {where}"

    def of(self, words: tuple[Any, ...]) -> int:
        """The number of these words; new ones are written down."""
        number = self.known.get(words)
        if number is None:
            if len(self.known) >= self._MOST:
                self.known.clear()
            added = self._tx.execute(self._add, words)
            if added.rowcount == 1:
                number = int(added.lastrowid or 0)
            else:
                number = int(self._tx.execute(self._find, words).fetchone()[0])
            self.known[words] = number
        return number


class _Lists:
    """The tables of words that rows refer to by number."""

    def __init__(self, tx: sqlite3.Connection) -> None:
        self.words = _Numbers(tx, "words", "held", "said")
        self.terms = _Numbers(tx, "terms", "path")
        self.agents = _Numbers(tx, "agents", "iri", "name")
        self.sources = _Numbers(tx, "sources", "pid")

    def forget(self) -> None:
        """Ask the tables again: what was remembered may not be there any more."""
        for each in (self.words, self.terms, self.agents, self.sources):
            each.known.clear()
