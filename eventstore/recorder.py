"""Our table in SQLite, on the recorder of PyPI `eventsourcing`.

The library's own SQLite position is the implicit rowid, which is handed out again after a
delete; ours is an AUTOINCREMENT key. `recorded_at` is set inside the write transaction as
max(now, last + 1 µs), so that an instant names one position even when the clock jumps back.
Claims, heads and events are written in one transaction: the acknowledgement is the commit.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteTransaction,
)

from eventstore.claims import is_erasure, release, release_of_earlier_releases
from eventstore.codec import dumps, size_of
from eventstore.envelope import commitment, leaf_hash
from eventstore.purging import Purge
from eventstore.tables import SCHEMA, refuse_on_mirror
from fdo.lifecycle import Status

Durability = Literal["full", "normal"]


@dataclass(frozen=True)
class Entry(StoredEvent):
    """An event on its way into the table: `originator_id` is the PID, `originator_version`
    the sequence, `state` the envelope; position, time, salt and leaf come with the insert."""

    version: int = 1
    observed_at: int | None = None
    recorded_at: int | None = None
    position: int | None = None
    """Given for a copied event, which keeps its position, salt and commitments as they are."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    document: bytes | None = None
    frame: bytes | None = None
    verbatim: bytes | None = None
    verbatim_frame: bytes | None = None
    claims: tuple[str, ...] = ()
    """Keys that the object takes with this event; taken by another: IntegrityError."""
    unsaid: tuple[str, ...] = ()
    """Those of them that its document does not say, as of a stub: the envelope commits to them."""
    heirs: tuple[str, ...] = ()
    """PIDs of objects that go on in the place of this one; tombstoned meanwhile: IntegrityError."""
    fingerprint: bytes | None = None
    salt: bytes | None = None
    lacking: bool = False
    """Of a copied event: its bytes were not public at the source."""


class _Pool(SQLiteConnectionPool):
    """Connections with the durability that the settings ask for."""

    def __init__(self, *, durability: Durability, **options: Any) -> None:
        self.durability = durability
        super().__init__(**options)

    def _create_connection(self) -> SQLiteConnection:
        connection = super()._create_connection()
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA synchronous={'FULL' if self.durability == 'full' else 'NORMAL'}")
        cursor.execute("PRAGMA secure_delete=ON")  # what an erasure frees is overwritten
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.execute("PRAGMA mmap_size=268435456")
        return connection


class Datastore(SQLiteDatastore):
    """The SQLite file of the log. Write transactions begin IMMEDIATE: a writer waits for its
    turn at the door instead of failing half-way."""

    def __init__(self, path: str, *, durability: Durability = "full", wait_s: int = 60) -> None:
        self.path = path
        super().__init__(path, originator_id_type="text", lock_timeout=wait_s)
        self.pool.close()
        self.pool = _Pool(durability=durability, db_name=path, lock_timeout=wait_s)

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        with (
            self.get_connection(commit=commit) as connection,
            _Immediate(connection, commit=commit) as cursor,
            cursor,
        ):
            yield cursor


class _Immediate(SQLiteTransaction):
    def __enter__(self) -> SQLiteCursor:
        cursor = self.connection.cursor()
        cursor.execute("BEGIN IMMEDIATE" if self.commit else "BEGIN")
        return cursor


class Recorder(SQLiteApplicationRecorder):
    """Appends and selects events of the `events` table."""

    def __init__(self, datastore: Datastore, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.path = datastore.path
        self._purging = Purge(Path(datastore.path))
        self._readers = threading.local()
        super().__init__(datastore, events_table_name="events")
        self.select_events_statement = SELECT + " WHERE object=? "
        self.select_max_notification_id_statement = "SELECT MAX(position) FROM events"
        self._log_id: str | None = None
        self._cleared = False

    def construct_create_table_statements(self) -> list[str]:
        return list(SCHEMA)

    def _create_table(self, c: SQLiteCursor) -> None:
        super()._create_table(c)
        c.execute("SELECT id FROM log")
        if c.fetchone() is None:
            c.execute("INSERT INTO log VALUES (?, 1)", (str(uuid.uuid4()),))
        self._cleared = release_of_earlier_releases(c)

    def create_table(self) -> None:
        super().create_table()
        if self._cleared:
            self._purging.demand()
            self.purge()

    @property
    def log_id(self) -> str:
        """The UUID of this log, made once; an empty log may still take another's name."""
        if self._log_id is not None:
            return self._log_id
        with self.datastore.transaction(commit=False) as c:
            c.execute("SELECT id, EXISTS (SELECT 1 FROM events) FROM log")
            found, begun = c.fetchone()
        if begun:
            self._log_id = str(found)
        return str(found)

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **_: Any
    ) -> Sequence[int]:
        entries = [e if isinstance(e, Entry) else _wrap(e) for e in stored_events]
        if any(entry.position is None for entry in entries):
            refuse_on_mirror(c)
        c.execute("SELECT recorded_at FROM events ORDER BY position DESC LIMIT 1")
        row = c.fetchone()
        last = row[0] if row else 0
        c.execute("SELECT seq FROM sqlite_sequence WHERE name='events'")
        row = c.fetchone()
        position = row[0] if row else 0
        now = self.clock()
        rows, heads, claims, given = [], [], [], []
        salts = os.urandom(32 * len(entries))
        for index, entry in enumerate(entries):
            position = max(entry.position or 0, position + 1)
            last = max(entry.recorded_at or now, last + 1)
            salt = salts[32 * index : 32 * index + 32] if entry.position is None else entry.salt
            given.append(position)
            rows.append(_row(entry, position, last, salt))
            heads.append(_head(entry, position, last))
            claims += [(key, str(entry.originator_id)) for key in entry.claims]
        c.executemany(_INSERT, rows)
        c.executemany(_LACKING, [(e.position,) for e in entries if e.lacking])
        if claims:
            c.executemany(_CLAIM, claims)
        for entry in entries:
            if "not_seen" in entry.meta.get("detail", ()):
                _note_unseen(c, entry)
            for heir in entry.heirs:
                ended = (heir, Status.TOMBSTONE.value)
                c.execute("SELECT 1 FROM heads WHERE object=? AND status=?", ended)
                if c.fetchone():
                    raise IntegrityError(f"{heir} was tombstoned meanwhile")
        c.executemany(_HEAD, heads)
        copied = [e for e in entries if e.position is not None and is_erasure(e.topic)]
        release(c, {str(entry.originator_id) for entry in copied})
        return given

    def adopt(self, log_id: str) -> None:
        """Take another log's name; only for an empty log that is about to become its copy."""
        with self.datastore.transaction(commit=True) as c:
            c.execute("UPDATE log SET id=?", (log_id,))
        self._log_id = log_id

    def set_fingerprints(self, known: Mapping[str, bytes]) -> None:
        """Note in heads that these source bytes are known; no event, nothing lost without."""
        with self.datastore.transaction(commit=True) as c:
            c.executemany(
                "UPDATE heads SET fingerprint=? WHERE object=?",
                [(fingerprint, pid) for pid, fingerprint in known.items()],
            )

    def erase(self, entry: Entry, frames: Mapping[int, bytes | None]) -> Sequence[int]:
        """Record an erasure and carry it out, in one transaction: position → the frame that is
        left of its document (None: it has none, only its verbatim goes). Then nothing of the old
        bytes is left in the files, nor of claims that only they made. The head's fingerprint goes
        too: it is a hash without salt, from which an erased value could be guessed."""
        pid = str(entry.originator_id)
        with self.erasing(), self.datastore.transaction(commit=True) as c:
            given = self._insert_events(c, [entry])
            c.executemany(
                "UPDATE events SET bytes=?, verbatim=NULL, salt=NULL WHERE position=? AND object=?",
                [(frame, position, pid) for position, frame in frames.items()],
            )
            c.execute("UPDATE heads SET fingerprint=NULL WHERE object=?", (pid,))
            release(c, [pid])
        return given

    @contextmanager
    def erasing(self) -> Iterator[None]:
        """Around a transaction that erases bytes: they leave the write-ahead log too. Where others
        read in it now, they do so when the projector, or the next erasure, comes by."""
        self._purging.demand()
        yield
        self.purge()

    def purge(self) -> None:
        """Empty the write-ahead log where bytes that were erased may be left in it."""
        if self._purging.due:
            with self.datastore.get_connection(commit=False) as connection:
                self._purging.carry_out(connection.cursor())

    def select_events(
        self,
        originator_id: uuid.UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StoredEvent]:
        object_id = originator_id.hex if isinstance(originator_id, uuid.UUID) else originator_id
        statement, params = SELECT + " WHERE object=?", [object_id]
        if gt is not None:
            statement, params = statement + " AND sequence>?", [*params, gt]  # type: ignore[list-item]
        if lte is not None:
            statement, params = statement + " AND sequence<=?", [*params, lte]  # type: ignore[list-item]
        statement += " ORDER BY sequence" + (" DESC" if desc else "")
        if limit is not None:
            statement, params = statement + " LIMIT ?", [*params, limit]  # type: ignore[list-item]
        return [
            StoredEvent(_given(originator_id, row), row["sequence"], row["topic"], _state(row))
            for row in self.rows(statement, params)
        ]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> list[Notification]:
        where, params = [], []
        if start is not None:
            where.append("position>=?" if inclusive_of_start else "position>?")
            params.append(start)
        if stop is not None:
            where.append("position<=?")
            params.append(stop)
        if topics:
            where.append(f"topic IN ({','.join('?' * len(topics))})")
            params += topics  # type: ignore[arg-type]
        clause = f" WHERE {' AND '.join(where)}" if where else ""
        statement = f"{SELECT}{clause} ORDER BY position LIMIT ?"
        return [
            Notification(
                self.convert_originator_id(row["object"]),
                row["sequence"],
                row["topic"],
                _state(row),
                row["position"],
            )
            for row in self.rows(statement, [*params, limit])
        ]

    def rows(self, statement: str, params: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """The rows of a reading statement, on this thread's own read-only connection."""
        return self.reader().execute(statement, params).fetchall()

    def section(self, after: int, limit: int, upto: int | None = None) -> list[sqlite3.Row]:
        """Events in order of position, beginning behind `after`: at most `limit`, and fewer where
        documents are so large that many would not fit into memory, but not fewer than one."""
        found, size = list[sqlite3.Row](), 0
        with closing(self.reader().execute(*behind(after, limit, upto))) as rows:
            for row in rows:
                found.append(row)
                frames = (row["bytes"], row["verbatim"])
                size += sum(size_of(frame) for frame in frames if isinstance(frame, bytes))
                if size >= SECTION_BYTES:
                    break
        return found

    def reader(self) -> sqlite3.Connection:
        """This thread's read-only connection; each statement sees the newest commit."""
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                f"file:{self.path}?mode=ro", uri=True, isolation_level=None, timeout=60
            )
            connection.row_factory = sqlite3.Row
            connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            connection.execute(f"PRAGMA mmap_size={_MAPPED}")
            self._readers.connection = connection
        return connection

    @contextmanager
    def sparing(self) -> Iterator[None]:
        """This thread reads without mapping the file into memory until the end: a pass over the
        whole log else holds as much of it as may be mapped. Not within a reading transaction."""
        reader = self.reader()
        reader.execute("PRAGMA mmap_size=0")
        reader.execute(f"PRAGMA cache_size=-{_SPARED_KIB}")
        try:
            yield
        finally:
            reader.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            reader.execute(f"PRAGMA mmap_size={_MAPPED}")


_MAPPED = 256 * 1024 * 1024
"""Bytes of the file that a reader maps; it is the kernel's to give them up again."""
_CACHE_KIB, _SPARED_KIB = 32 * 1024, 8 * 1024
"""Pages that a reader keeps, and one that goes over everything once."""


SELECT = (
    "SELECT position, object, sequence, version, recorded_at, observed_at, topic, salt, leaf, "
    "meta, bytes, verbatim FROM events"
)
SECTION_BYTES = 32 * 1024 * 1024
"""Bytes of documents and source records, unpacked, at which a section ends: some hundred megabytes
once they are read and mapped. Two thousand usual events hold half as much."""
_INSERT = "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
_CLAIM = "INSERT INTO claims VALUES (?,?)"
_LACKING = "INSERT INTO lacking VALUES (?)"
_HEAD = """INSERT INTO heads VALUES (?,?,?,?,?,?,?,?,?,?)
    ON CONFLICT (object) DO UPDATE SET sequence=excluded.sequence, version=excluded.version,
      observed_at=max(observed_at, excluded.observed_at), issue=excluded.issue,
      position=CASE WHEN ?11 THEN excluded.position ELSE position END,
      status=excluded.status,
      source=coalesce(excluded.source, source),
      fingerprint=coalesce(excluded.fingerprint, fingerprint)"""


def behind(after: int, limit: int, upto: int | None) -> tuple[str, list[int]]:
    """The statement that reads events in order of position, and its parameters."""
    where, params = "position>?", [after]
    if upto is not None:
        where, params = where + " AND position<=?", [*params, upto]
    return f"{SELECT} WHERE {where} ORDER BY position LIMIT ?", [*params, limit]


def _wrap(event: StoredEvent) -> Entry:
    """A plain stored event of the library (its contract tests append these)."""
    return Entry(
        event.originator_id.hex
        if isinstance(event.originator_id, uuid.UUID)
        else event.originator_id,
        event.originator_version,
        event.topic,
        event.state,
        frame=event.state,
        document=event.state,
        meta={"status": "active", "plain": True},
    )


def _row(entry: Entry, position: int, recorded_at: int, salt: bytes | None) -> tuple[Any, ...]:
    observed_at = entry.observed_at if entry.observed_at is not None else recorded_at
    meta = dict(entry.meta)
    if salt is not None and entry.document is not None:
        meta["commitment"] = commitment(salt, entry.document)
    if salt is not None and entry.verbatim is not None:
        meta["verbatim"] = commitment(salt, entry.verbatim)
    if salt is not None and entry.unsaid:
        meta["claims"] = [commitment(salt, key.encode()) for key in entry.unsaid]
    pid, sequence = str(entry.originator_id), entry.originator_version
    leaf = leaf_hash(pid, sequence, entry.version, recorded_at, observed_at, entry.topic, meta)
    return (
        position,
        pid,
        sequence,
        entry.version,
        recorded_at,
        observed_at,
        entry.topic,
        salt,
        leaf,
        dumps(meta),
        entry.frame,
        entry.verbatim_frame,
    )


def _head(entry: Entry, position: int, recorded_at: int) -> tuple[Any, ...]:
    observed_at = entry.observed_at if entry.observed_at is not None else recorded_at
    return (
        str(entry.originator_id),
        entry.meta.get("type", ""),
        entry.originator_version,
        entry.version,
        position,
        observed_at,
        entry.meta["status"],
        entry.meta.get("issue", 1),
        entry.meta.get("source"),
        entry.fingerprint,
        entry.frame is not None,
    )


def _note_unseen(c: SQLiteCursor, entry: Entry) -> None:
    """Keep the table of records that their source no longer shows (derivable from the log)."""
    detail, source = entry.meta["detail"], str(entry.originator_id)
    c.executemany(
        "INSERT OR REPLACE INTO unseen VALUES (?,?,?)",
        [(pid, source, detail["harvest"]) for pid in detail["not_seen"]],
    )
    c.executemany("DELETE FROM unseen WHERE object=?", [(p,) for p in detail["seen_again"]])


def _given(originator_id: uuid.UUID | str, row: sqlite3.Row) -> uuid.UUID | str:
    return originator_id if isinstance(originator_id, uuid.UUID) else str(row["object"])


def _state(row: sqlite3.Row) -> bytes:
    return bytes(row["bytes"] if row["bytes"] is not None else row["meta"])
