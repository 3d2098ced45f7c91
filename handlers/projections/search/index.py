"""Writing the search view: one row per version, with the positions between which it held.

The row of a version is named by the position of its event (`valid from`); the next version
closes it by its own position (`valid_to`). What is current has no `valid_to`; partial indexes
serve it. Nothing is deleted, so a page begun at one position can be continued there, and the
past is searched with the same words (decision 0038). Beside the positions stand the observed
times of both events, for questions that bound what the sources had said.

The full-text indexes keep no text of their own (FTS5 `content=''`). `texts` holds what is
current, named by position; `past_texts` what was closed, named by both ends of its interval
(`past_name`), so that words are looked up in the past without asking the rows: what had ended
by then is passed over, and what began later is seen by its name.
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
from handlers.projections.search.rows import (
    DIMENSIONS,
    SPANS,
    TEXTS,
    Entry,
    Row,
    digest_of,
    entry_of,
    long_of,
    past_name,
    texts_of,
)

VERSION = 5
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
    "observed_at INTEGER NOT NULL, observed_to INTEGER, "
    "pid TEXT NOT NULL, version INTEGER NOT NULL, "
    + ", ".join(f"{name} INTEGER NOT NULL" for name in DIMENSIONS)
    + ", "
    + ", ".join(Row._fields)
    + ")",
    # each bears valid_to, so that what is counted is read from the index alone
    *(
        f"CREATE INDEX current_{name} ON specimens ({name}, valid_to) {_CURRENT}"
        for name in DIMENSIONS
    ),
    *(
        f"CREATE INDEX current_{name} ON specimens ({columns}, valid_to) {_CURRENT} "
        f"AND {columns.partition(',')[0]} IS NOT NULL"
        for name, columns in _RANGES.items()
    ),
    *(
        f"CREATE INDEX {state}_long_{name} ON specimens ({_RANGES[name]}, valid_to) {where} "
        f"AND {long_of(name)}"
        for name in SPANS
        for state, where in (("current", _CURRENT), ("past", _PAST))
    ),
    f"CREATE INDEX current_year ON specimens (year, valid_to) {_CURRENT}",
    f"CREATE INDEX current_name ON specimens (name, valid_to) {_CURRENT}",
    # a row enters these when it is closed: first versions never pay for them
    *(f"CREATE INDEX past_{name} ON specimens ({name}, valid_to) {_PAST}" for name in DIMENSIONS),
    *(
        f"CREATE INDEX past_{name} ON specimens ({columns}, valid_to) {_PAST} "
        f"AND {columns.partition(',')[0]} IS NOT NULL"
        for name, columns in _RANGES.items()
    ),
    f"CREATE INDEX past_year ON specimens (year, valid_to) {_PAST}",
    # all that is counted in the past: rows come in the order of closing, so it grows at its end
    f"CREATE INDEX past ON specimens (valid_to, {', '.join(DIMENSIONS)}, year) {_PAST}",
    *(
        f"CREATE VIRTUAL TABLE {name} USING fts5({', '.join(TEXTS)}, content='', "
        "tokenize='unicode61 remove_diacritics 2')"
        for name in ("texts", "past_texts")
    ),
    "CREATE TABLE unseen (pid TEXT NOT NULL, position INTEGER NOT NULL, valid_to INTEGER, "
    "observed_at INTEGER NOT NULL, observed_to INTEGER, harvest, "
    "PRIMARY KEY (pid, position)) WITHOUT ROWID",
    "CREATE TABLE erased (position INTEGER PRIMARY KEY)",
    "CREATE INDEX current_unseen ON unseen (pid) WHERE valid_to IS NULL",
)

_INSERT = (
    f"INSERT INTO specimens VALUES ({','.join('?' * (6 + len(DIMENSIONS) + len(Row._fields)))})"
)
_SHOWN = f"SELECT {', '.join((*DIMENSIONS, *Row._fields))} FROM specimens WHERE position=?"
_COLUMNS = f"rowid, {', '.join(TEXTS)}"
_MARKS = ",".join("?" * (1 + len(TEXTS)))
_TEXT = f"INSERT INTO texts ({_COLUMNS}) VALUES ({_MARKS})"
_FORGET = f"INSERT INTO texts (texts, {_COLUMNS}) VALUES ('delete', {_MARKS})"
_KEEP = f"INSERT INTO past_texts ({_COLUMNS}) VALUES ({_MARKS})"
_CLOSE = "UPDATE specimens SET valid_to=?, observed_to=? WHERE position=?"
_UNSEEN = "INSERT OR IGNORE INTO unseen VALUES (?,?,NULL,?,NULL,?)"
_SEEN = "UPDATE unseen SET valid_to=?, observed_to=? WHERE pid=? AND valid_to IS NULL"


class SearchIndex(SqlView):
    """All versions of active specimens, ready to be searched and counted."""

    name = "search"
    schema = SCHEMA
    version = VERSION
    pragmas = ("wal_autocheckpoint=16000",)
    # nine indexes touch many pages a batch: fewer checkpoints write each page less often
    # (measured at 50,000 rows: 42 → 34 µs a row)

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._known = _Dimensions(self.connection)

    def enter(self, events: Sequence[Recorded], log: Log) -> None:
        """See `SqlView.enter`."""
        erased = self._holding_erased(events, log)
        # the log knows the row that a version closes: an index of PIDs, at random places in a
        # large file, would be the dearest of all to keep
        before = log.previous([e for e in events if e.type == "specimen" and e.version > 1])
        try:
            with self.transaction(events[-1].position) as tx:
                _hide(tx, erased)
                batch = _Batch(tx, self._known, before)
                for event in events:
                    batch.take(event)
                batch.flush()
        except BaseException:
            self._known = _Dimensions(self.connection)
            raise

    def _holding_erased(self, events: Sequence[Recorded], log: Log) -> list[int]:
        """Positions of rows that still have what an erasure took out of the log."""
        return [
            position
            for event in events
            if event.what == "Erased"
            for position in event.detail.get("positions", ())
            for row in self.connection.execute(_SHOWN, (position,))
            if tuple(row) != self._shown(_entry(log.event(position)))
        ]

    def _shown(self, entry: Entry) -> tuple[Any, ...]:
        """What a row of the entry says; None for a combination that no row has."""
        return (*self._known.find(entry.dimensions), *entry.row)

    def spent(self) -> bool:
        """Whether words are left in the full text that were erased: FTS5 could only forget them
        if it were told them. Their rows are gone at once; a rebuild makes the rest right."""
        return self.connection.execute("SELECT 1 FROM erased").fetchone() is not None

    def clear(self) -> None:
        """Empty the view and set its position to 0."""
        super().clear()
        self._known = _Dimensions(self.connection)


def _hide(tx: sqlite3.Connection, positions: Sequence[int]) -> None:
    """Take away rows that say what was erased."""
    for position in positions:
        tx.execute("DELETE FROM specimens WHERE position=?", (position,))
        tx.execute("INSERT OR IGNORE INTO erased VALUES (?)", (position,))


def _entry(event: Recorded) -> Entry:
    return entry_of(event.document, mids(event))


class _Dimensions:
    """Combination of values → its number, for each dimension; a cache of their tables."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.numbers: list[dict[tuple[Any, ...], int]] = [
            {tuple(row)[1:]: row[0] for row in connection.execute(f"SELECT * FROM {name}")}
            for name in DIMENSIONS
        ]

    def find(self, values: tuple[tuple[Any, ...], ...]) -> list[int | None]:
        """The numbers of these combinations, as far as they are known."""
        return [known.get(one) for known, one in zip(self.numbers, values, strict=True)]

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
    """Rows on their way into the view: inserted together, then older ones are closed."""

    def __init__(
        self, tx: sqlite3.Connection, known: _Dimensions, before: Mapping[int, Recorded]
    ) -> None:
        self._tx, self._known, self._before = tx, known, before
        self._rows: list[tuple[Any, ...]] = []
        self._texts: list[tuple[Any, ...]] = []
        self._closed: list[tuple[Recorded, Recorded]] = []
        """(version, the event that ended it)"""

    def take(self, event: Recorded) -> None:
        """Note what one event changes."""
        if event.what == "HarvestCompleted":
            self._sightings(event)
        if event.type != "specimen" or event.operational:
            return
        before = self._before.get(event.position)
        if before is not None and before.status is Status.ACTIVE:
            self._closed.append((before, event))
        if event.status is Status.ACTIVE:
            entry = _entry(event)
            numbers = self._known.intern(self._tx, entry.dimensions)
            self._rows.append(
                (event.position, None, event.observed_at, None, event.pid_text, event.version,
                 *numbers, *entry.row)
            )  # fmt: skip
            self._texts.append((event.position, *entry.texts))

    def _sightings(self, event: Recorded) -> None:
        """Records that their source no longer shows, or shows again (decision 0014)."""
        harvest, position, observed = event.detail.get("harvest"), event.position, event.observed_at
        again = event.detail.get("seen_again", ())
        self._tx.executemany(_SEEN, [(position, observed, pid) for pid in again])
        missed = event.detail.get("not_seen", ())
        known = {
            row[0] for row in self._tx.execute("SELECT pid FROM unseen WHERE valid_to IS NULL")
        } if missed else set()  # fmt: skip
        self._tx.executemany(
            _UNSEEN, [(pid, position, observed, harvest) for pid in missed if pid not in known]
        )

    def flush(self) -> None:
        """Write what was noted."""
        run = self._tx.executemany
        run(_INSERT, self._rows)
        run(_TEXT, self._texts)
        gone, kept = [], []
        for before, event in self._closed:
            texts = texts_of(before.document)
            row = self._tx.execute(
                "SELECT digest FROM specimens WHERE position=?", (before.position,)
            ).fetchone()
            if row is None or row[0] != digest_of(texts):  # erased, or about to be told so
                _hide(self._tx, [before.position])
                continue
            gone.append((before.position, *texts))
            kept.append((past_name(before.position, event.position), *texts))
        run(_FORGET, gone)
        run(_KEEP, kept)
        run(_CLOSE, [(e.position, e.observed_at, b.position) for b, e in self._closed])
