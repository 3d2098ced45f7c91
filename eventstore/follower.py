"""Following the log: pull, apply, remember the position in the view's own transaction.

A projection reads facts in order and keeps a view. It stores the position of the last fact
in the same transaction as the view, so a crash between the two is impossible and a replay is
harmless. The follower holds no state of its own.
"""

from __future__ import annotations

import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import local
from typing import ClassVar, Final, Protocol, runtime_checkable

from eventstore.envelope import Recorded
from eventstore.log import Log
from eventstore.purging import Purge
from eventstore.transaction import writing
from eventstore.troubles import FAULTS, MOST, Troubles, outlined
from fdo.errors import Unavailable

_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-131072")


class Projection(Protocol):
    """A rebuildable reading of the log."""

    name: str

    def position(self) -> int:
        """The last position that is in the view; 0 when it is empty."""

    def apply(self, events: Sequence[Recorded], log: Log) -> None:
        """Bring these facts, which follow the view's position in order, and the position of
        the last one into the view, in one transaction. Events at or before the view's
        position are passed over: replay twice equals once."""

    def clear(self) -> None:
        """Empty the view and set its position to 0."""

    def close(self) -> None:
        """Let go of files and locks."""


@runtime_checkable
class Spent(Protocol):
    """A projection that may come to know that only a rebuild makes it right again."""

    def spent(self) -> bool:
        """Whether it must be made anew; it goes on answering until then."""


class _Emptied(Exception):
    """The view stands at 0 again."""


class SqlView(ABC):
    """A projection in a SQLite file of its own, with its position in it.

    What is told of the class fixes the file: `schema` is run when the file is new or bears
    another `version`; then the view is emptied and will be filled again from the log.
    """

    name: str
    schema: ClassVar[Sequence[str]]
    version: ClassVar[int]
    """Raise when the schema, or the rule by which rows are made, changes."""
    pragmas: ClassVar[Sequence[str]] = ()
    """Beside those of every view."""
    _emptied_for = 0
    """Position of an erasure that could not be carried out in it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._purging = Purge(path)
        self.connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=60
        )
        self.connection.row_factory = sqlite3.Row
        for pragma in (*_PRAGMAS, *self.pragmas):
            self.connection.execute(f"PRAGMA {pragma}")
        (found,) = self.connection.execute("PRAGMA user_version").fetchone()
        if found != self.version:
            SqlView.clear(self)  # what a subclass keeps beside it is not there yet
        self.troubles = Troubles(self.connection)

    @abstractmethod
    def enter(self, events: Sequence[Recorded], log: Log) -> None:
        """Bring facts that are not in the view yet, in order and at least one, into it in one
        `transaction` up to the last of them."""

    def apply(self, events: Sequence[Recorded], log: Log) -> None:
        """As `Projection.apply`. What was erased leaves the write-ahead log too; see `purge`."""
        known = self.position()
        fresh = [event for event in events if event.position > known]
        if not fresh:
            return
        erases = any(event.what == "Erased" for event in fresh)
        if erases:
            self._purging.demand()
        try:
            self._take(fresh, log)
        except _Emptied:
            return
        if erases:
            self.purge()

    def purge(self) -> None:
        """Let what was erased leave the write-ahead log, where it is left there and nobody reads
        the view now; otherwise it is to be asked again."""
        if self._purging.due:
            self._purging.carry_out(self.connection.cursor())

    def _take(self, events: Sequence[Recorded], log: Log) -> None:
        """Enter facts. Where that fails, one half after the other, until it is known at which fact;
        that one is taken by its outline, or passed over, and noted (decision 0073)."""
        told = self.troubles.prepare(events, log)
        try:
            self.enter(told, log)
        except FAULTS as wrong:
            if len(events) > 1:
                half = len(events) // 2
                self._take(events[:half], log)
                self._take(events[half:], log)
                return
            self._take_less(told[0], log, wrong)
        self.troubles.settle()

    def _take_less(self, event: Recorded, log: Log, wrong: Exception) -> None:
        if len(self.troubles) >= MOST:
            raise wrong
        if event.what == "Erased" and self._emptied_for != event.position:
            self._empty(event.position)
            raise _Emptied
        self.troubles.begin(event, wrong)
        if not event.operational:
            with suppress(*FAULTS):
                self.enter([outlined(event)], log)
                return
        with self.transaction(event.position):
            pass  # nothing of it, but that it was read

    def _empty(self, erasure: int) -> None:
        """Begin again from the log, which no longer holds what could not be taken out. When the
        same erasure comes again, nothing is left of it that could be."""
        self._emptied_for = erasure
        self.clear()
        self.connection.execute("VACUUM")
        self.purge()

    def position(self) -> int:
        """The last position in the view."""
        (found,) = self.connection.execute("SELECT position FROM tracking").fetchone()
        return int(found)

    @contextmanager
    def transaction(self, upto: int) -> Iterator[sqlite3.Connection]:
        """A write transaction that also moves the position; rolled back on any error."""
        with writing(self.connection) as tx:
            self.troubles.write(tx)
            yield tx
            tx.execute("UPDATE tracking SET position=?", (upto,))

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def clear(self) -> None:
        """Empty the view and set its position to 0: every table is dropped and made again."""
        run = self.connection.execute
        run("BEGIN IMMEDIATE")
        names = [
            (row["type"], row["name"])
            for row in run("SELECT type, name, sql FROM sqlite_master").fetchall()
            if row["type"] in ("table", "view") and not row["name"].startswith("sqlite_")
        ]
        virtual = {
            row["name"]
            for row in run("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'")
        }
        for name in virtual:
            run(f'DROP TABLE "{name}"')
        for kind, name in names:
            if name not in virtual:
                run(f'DROP {kind} IF EXISTS "{name}"')
        run("CREATE TABLE tracking (position INTEGER NOT NULL)")
        run("INSERT INTO tracking VALUES (0)")
        for statement in self.schema:
            run(statement)
        run(f"PRAGMA user_version={self.version}")
        run("COMMIT")
        self.troubles = Troubles(self.connection)


class SqlReader:
    """The same file for reading, from any process; safe to share between threads.

    Each thread has its own read-only connection, and each question is one read transaction, so
    that its parts belong together. A file that a rebuild put in the place of the old one
    (`put_in_place`) is noticed at the next question.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        self._local = local()

    @contextmanager
    def reading(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        """A connection for one question, and the last position in the view."""
        connection = self._connection()
        connection.execute("BEGIN")
        try:
            (position,) = connection.execute("SELECT position FROM tracking").fetchone()
            yield connection, int(position)
        finally:
            connection.execute("ROLLBACK")

    def position(self) -> int:
        """The last position of the log that is in the view."""
        with self.reading() as (_, position):
            return position

    def close(self) -> None:
        """Close this thread's connection."""
        if connection := getattr(self._local, "connection", None):
            connection.close()
            del self._local.connection

    def _connection(self) -> sqlite3.Connection:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            raise Unavailable(
                f"The {self._name} view is not there yet; is the projector running?"
            ) from None
        if (file := (there.st_dev, there.st_ino)) != getattr(self._local, "file", None):
            self.close()
        known: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if known is None:
            known = sqlite3.connect(
                f"{self._path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None,
                timeout=10, check_same_thread=False,
            )  # fmt: skip
            known.execute("PRAGMA cache_size=-32768")
            self._local.connection, self._local.file = known, file
        return known


def put_in_place(fresh: Path, path: Path) -> None:
    """Let the finished view at `fresh` take the place of the one at `path`, at one stroke.

    Both are closed by their writers; readers of the old file finish their question with it.
    The new file keeps a name of its own, to which `path` becomes a link: SQLite finds the
    write-ahead log of a file by its name, and must never find that of another one.
    """
    named = path.with_name(f"{path.stem}-{time.time_ns()}{path.suffix}")
    fresh.rename(named)
    link = path.with_name(f"{path.name}.next")
    link.unlink(missing_ok=True)
    link.symlink_to(named.name)
    link.replace(path)
    for old in path.parent.glob(f"{path.stem}*{path.suffix}*"):
        if old != path and not old.name.startswith(named.name):
            old.unlink(missing_ok=True)


def follow_once(log: Log, projections: Sequence[Projection], limit: int = 1000) -> int:
    """One step: the next section of the log goes to every projection that lacks it.

    Facts are read once and shared, so that what they derive is derived once. Returns how many
    facts were read; 0 when all are at the head.
    """
    if not projections:
        return 0
    events = log.section(min(projection.position() for projection in projections), limit)
    deliver(events, projections, log)
    return len(events)


def deliver(events: Sequence[Recorded], projections: Sequence[Projection], log: Log) -> None:
    """Give each projection those of the facts that it lacks; none may stand before the first."""
    for projection in projections:
        known = projection.position()
        if fresh := [event for event in events if event.position > known]:
            projection.apply(fresh, log)
