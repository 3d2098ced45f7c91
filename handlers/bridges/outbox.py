"""Jobs on their way to services over HTTP: `mas-http.sqlite`, shared by dispatcher and web server.

    waiting ── called, 202 ──▶ taken ── answered ──▶ (gone)
       │    ── leased ───────▶ taken
       └─── called, 200 ─────▶ (gone)

An errand is one attempt of a job; the next attempt takes its place. For a service that is called
its lease begins at once, for one that asks for work when it does. Nothing here is needed to know
what is to be done: what is lost with the file is sent again when its lease is over.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eventstore.transaction import writing

if TYPE_CHECKING:  # the dispatcher's store, which the transport knows, forgets here as well
    from handlers.mas.transport import Job

FILE = "mas-http.sqlite"
_PATIENCE_S = 30 * 86_400.0
"""For how long work waits for a service to ask for it."""
_KEPT_S = 86_400.0
"""For how long an errand that nobody answered is remembered after its lease."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS errands (
    job TEXT PRIMARY KEY, attempt INTEGER NOT NULL, service TEXT NOT NULL, topic TEXT NOT NULL,
    target TEXT NOT NULL, payload BLOB NOT NULL, lease REAL NOT NULL, ends REAL NOT NULL,
    state TEXT NOT NULL, due REAL NOT NULL, tries INTEGER NOT NULL, said TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS errands_due ON errands (service, state, due);
CREATE INDEX IF NOT EXISTS errands_topic ON errands (topic, ends);
CREATE INDEX IF NOT EXISTS errands_target ON errands (target);
"""
_COLUMNS = "job, attempt, service, payload, ends, tries"


@dataclass(frozen=True, slots=True)
class Errand:
    """One attempt of a job."""

    job: str
    attempt: int
    service: str
    payload: bytes
    ends: float
    """When its lease is over."""
    tries: int
    """Calls that met nobody."""


class Outbox:
    """The errands of one data folder; safe to share between threads and processes."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = folder / FILE
        self._clock = clock
        with self._connected() as run:
            run.execute("PRAGMA journal_mode=WAL")
            run.executescript(_SCHEMA)

    @classmethod
    def there(cls, folder: Path) -> Outbox | None:
        """The outbox of a folder that has one."""
        return cls(folder) if (folder / FILE).exists() else None

    def put(self, jobs: Sequence[Job], called: bool) -> None:
        """Keep jobs of a service that is called, or asks; a new attempt takes the place of the old
        one, the same twice is one."""
        now = self._clock()
        with self._writing() as run:
            run.executemany(
                "INSERT INTO errands VALUES (?,?,?,?,?,?,?,?,'waiting',?,0,'') "
                "ON CONFLICT (job) DO UPDATE SET attempt=excluded.attempt, "
                "payload=excluded.payload, lease=excluded.lease, ends=excluded.ends, "
                "state='waiting', due=excluded.due, tries=0, said='' "
                "WHERE excluded.attempt > errands.attempt",
                [
                    (one.id, one.attempt, one.service, one.topic, one.target, one.payload,
                     one.lease_s,
                     now + (one.lease_s if called else _PATIENCE_S), now)
                    for one in jobs
                ],
            )  # fmt: skip
            run.execute("DELETE FROM errands WHERE ends<?", (now - _KEPT_S,))

    def due(self, service: str, most: int) -> list[Errand]:
        """Errands of a service that should go out now, oldest first."""
        now = self._clock()
        with self._connected() as run:
            rows = run.execute(
                f"SELECT {_COLUMNS} FROM errands WHERE service=? AND state='waiting' AND due<=? "
                "AND ends>? ORDER BY due, job LIMIT ?",
                (service, now, now, most),
            ).fetchall()
        return [Errand(*row) for row in rows]

    def lease(self, service: str, most: int) -> list[Errand]:
        """The same, for a service that asks: no other asker gets them, and their lease begins."""
        with self._writing() as run:
            now = self._clock()
            rows = run.execute(
                f"UPDATE errands SET state='taken', ends=?1+lease WHERE job IN (SELECT job FROM "
                "errands WHERE service=?2 AND state='waiting' AND due<=?1 AND ends>?1 "
                f"ORDER BY due, job LIMIT ?3) RETURNING {_COLUMNS}",
                (now, service, most),
            ).fetchall()
        return [Errand(*row) for row in sorted(rows)]

    def taken(self, errands: Sequence[Errand]) -> None:
        """The service has these and will answer later."""
        self._mark(errands, "taken", 0.0, "")

    def postponed(self, errands: Sequence[Errand], wait_s: float, said: str) -> None:
        """Nobody took these; they go out again after some time."""
        self._mark(errands, "waiting", self._clock() + wait_s, said)

    def answered(self, jobs: Sequence[str]) -> None:
        """These are done."""
        with self._writing() as run:
            run.executemany("DELETE FROM errands WHERE job=?", [(job,) for job in jobs])

    def attempt(self, job: str) -> int | None:
        """The newest attempt of a job that is unanswered; None: there is none."""
        with self._connected() as run:
            row = run.execute("SELECT attempt FROM errands WHERE job=?", (job,)).fetchone()
        return None if row is None else int(row[0])

    def forget(self, target: str, jobs: Sequence[str] = ()) -> None:
        """Forget these jobs, and those on an object of which something was erased; what is left
        of it to be done goes out anew."""
        with self._writing() as run:
            run.execute("DELETE FROM errands WHERE target=?", (target,))
            run.executemany("DELETE FROM errands WHERE job=?", [(job,) for job in jobs])
        with self._connected() as run:
            run.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def waiting(self, topic: str) -> int:
        """Jobs of a topic that nobody asked for yet, or whose lease runs."""
        with self._connected() as run:
            (number,) = run.execute(
                "SELECT count(*) FROM errands WHERE topic=? AND ends>?", (topic, self._clock())
            ).fetchone()
        return int(number)

    def held(self, topic: str) -> int:
        """Jobs of a topic that a service has, and has time to answer."""
        with self._connected() as run:
            (number,) = run.execute(
                "SELECT count(*) FROM errands WHERE topic=? AND ends>? AND state='taken'",
                (topic, self._clock()),
            ).fetchone()
        return int(number)

    def _mark(self, errands: Sequence[Errand], state: str, due: float, said: str) -> None:
        """Another state, for attempts that are still the newest."""
        with self._writing() as run:
            run.executemany(
                "UPDATE errands SET state=?, due=?, said=?, tries=tries+? "
                "WHERE job=? AND attempt=?",
                [
                    (state, due, said, int(state == "waiting"), one.job, one.attempt)
                    for one in errands
                ],
            )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connected() as connection, writing(connection) as run:
            yield run

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        run = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        run.execute("PRAGMA secure_delete=ON")
        try:
            yield run
        finally:
            run.close()
