"""How jobs stand: one row each, made of the job facts of the log and of what was handed over.

    scheduled   waits to be handed over
    queued      was handed over; a lease runs
    running     the service said that it works on it
    completed   its annotations stand in the log
    failed      an attempt failed; it is tried again when it is due
    dead        it is not tried again of itself: a dead letter, kept for `retry`

All but `queued`, the leases and the remarks is a reading of the log, so the file may be deleted:
then what was handed over is handed over again. Any process may bring it up to date.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from eventstore.envelope import Recorded
from eventstore.log import Log
from handlers.bridges.outbox import Outbox
from handlers.mas.facts import LONGEST, TAKE
from handlers.mas.services import KIND
from handlers.mas.tables import Tables

State = Literal["scheduled", "queued", "running", "completed", "failed", "dead"]
STATES: tuple[State, ...] = ("scheduled", "queued", "running", "completed", "failed", "dead")
PENDING: tuple[State, ...] = ("scheduled", "failed")
IN_FLIGHT: tuple[State, ...] = ("queued", "running")

_SECTION = 200


@dataclass(slots=True)
class Row:
    """One job."""

    number: int
    id: str
    service: str
    target: str
    version: int
    kind: str
    """What made it: registered, changed, annotated, request, backfill."""
    cause: int
    """The event of the log that led to it."""
    root: int
    """The first event of the chain of services that led to it."""
    depth: int
    """1: no service stands between that event and the job."""
    annotation: str | None
    """PID of the annotation that led to it."""
    requested_by: str | None
    batching: int
    position: int
    """The event that scheduled it."""
    state: State
    attempt: int
    """Hand-overs so far."""
    spent: int
    """Those before somebody asked to try it again."""
    due: float | None
    """When it is handed over; 0: as soon as there is room. None: it is under way, or ended."""
    lease_until: float | None
    scheduled_at: float
    sent_at: float | None
    """When it was first handed over since it was scheduled."""
    started_at: float | None
    ended_at: float | None
    error: str
    annotations: int
    """How many it made."""
    ended_by: int | None
    """The event by which it was completed."""

    @property
    def tries(self) -> int:
        """Attempts since it was scheduled, or somebody asked to try it again."""
        return self.attempt - self.spent


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that happened to a job, in words."""

    at: float
    said: str


class Store(Tables):
    """The jobs of one data folder; each thread and process has its own connection."""

    # ── following ────────────────────────────────────────────────────────────────────────

    def follow(self, log: Log) -> int:
        """Take in the job facts that are new, of all services; how many events were read."""
        read = 0
        known = self._sequences()
        pids = log.of_no_source(KIND)
        for head in log.heads_of(pids):
            after = known.get(str(head.pid), 0)
            while after < head.sequence:
                events = log.stream(head.pid, after, _SECTION)
                self._take(str(head.pid), after, events)
                read += len(events)
                after = events[-1].sequence
        return read

    def _sequences(self) -> dict[str, int]:
        rows = self.connection.execute("SELECT pid, sequence FROM services")
        return {str(pid): int(sequence) for pid, sequence in rows}

    def _take(self, service: str, after: int, events: Sequence[Recorded]) -> None:
        with self.writing() as run:
            found = run.execute("SELECT sequence FROM services WHERE pid=?", (service,)).fetchone()
            if (found[0] if found else 0) > after:
                return  # another process was quicker
            upto = 0
            for event in events:
                if event.what in TAKE:
                    TAKE[event.what](run, event, event.detail.get("jobs", ()))
                    upto = max(upto, event.detail.get("upto", 0))
            run.execute(
                "INSERT INTO services VALUES (?1, ?2, ?3) ON CONFLICT (pid) DO UPDATE SET "
                "sequence=?2, upto=max(upto, ?3)",
                (service, events[-1].sequence, upto),
            )

    # ── scheduling ───────────────────────────────────────────────────────────────────────

    def scanned(self) -> int:
        """The event of the log up to which it was looked for what makes jobs."""
        (own,) = self.connection.execute("SELECT position FROM tracking").fetchone()
        (said,) = self.connection.execute("SELECT coalesce(max(upto), 0) FROM services").fetchone()
        return max(int(own), int(said))

    def scan(self, upto: int, refused: Mapping[tuple[str, str], int]) -> None:
        """Note how far it was looked, and which jobs were refused: (service, reason) → number."""
        with self.writing() as run:
            run.execute("UPDATE tracking SET position=max(position, ?)", (upto,))
            run.executemany(
                "INSERT INTO refusals VALUES (?1, ?2, ?3, ?4) ON CONFLICT (service, reason) "
                "DO UPDATE SET number=number+?3, last=?4",
                [(*key, number, upto) for key, number in refused.items()],
            )

    def refusals(self, service: str | None = None) -> dict[str, int]:
        """Why jobs were not made → how often."""
        rows = self.connection.execute(
            "SELECT reason, sum(number) FROM refusals WHERE ?1 IS NULL OR service=?1 "
            "GROUP BY reason ORDER BY reason",
            (service,),
        )
        return {str(reason): int(number) for reason, number in rows}

    def of_root(self, roots: Iterable[int]) -> dict[int, int]:
        """Root → how many jobs came of it."""
        found = {}
        for root in set(roots):
            counted = self.connection.execute("SELECT count(*) FROM jobs WHERE root=?", (root,))
            found[root] = int(counted.fetchone()[0])
        return found

    # ── handing over ─────────────────────────────────────────────────────────────────────

    def due(self, service: str, now: float, limit: int) -> list[Row]:
        """Jobs to be handed over, those that wait longest first."""
        return self._rows(
            "WHERE service=? AND state IN ('scheduled', 'failed') AND due<=? "
            "ORDER BY number LIMIT ?",
            (service, now, limit),
        )

    def next_due(self) -> float | None:
        """When the next job is due; None when none waits."""
        found = self.connection.execute(
            "SELECT min(due) FROM jobs WHERE state IN ('scheduled', 'failed')"
        ).fetchone()[0]
        return None if found is None else float(found)

    def hand_over(self, jobs: Iterable[tuple[str, int, float]], now: float) -> None:
        """These go out now: (job, attempt, end of its lease). Those that ended meanwhile stay."""
        with self.writing() as run:
            run.executemany(
                "UPDATE jobs SET state='queued', attempt=?2, lease_until=?3, due=NULL, "
                "sent_at=coalesce(sent_at, ?4) WHERE id=?1 AND state IN ('scheduled', 'failed')",
                [(*one, now) for one in jobs],
            )

    def took(self, service: str, limit: int) -> list[float]:
        """Seconds from the first hand-over to the answer, of the newest jobs that are done."""
        rows = self.connection.execute(
            "SELECT ended_at-sent_at FROM jobs WHERE service=? AND state='completed' "
            "AND sent_at<=ended_at ORDER BY number DESC LIMIT ?",
            (service, limit),
        )
        return [float(seconds) for (seconds,) in rows]

    def requeue(self, service: str, due: float) -> None:
        """All that was handed over to a service is to be handed over again: it was taken away
        from it, and the attempt does not count."""
        with self.writing() as run:
            run.execute(
                "UPDATE jobs SET state='scheduled', attempt=attempt-1, lease_until=NULL, due=?2 "
                "WHERE service=?1 AND state IN ('queued', 'running')",
                (service, due),
            )

    def in_flight(self, service: str) -> int:
        """How many jobs the service has."""
        states = self.counts(service).get(service, {})
        return sum(states.get(state, 0) for state in IN_FLIGHT)

    def expired(self, service: str, now: float, limit: int) -> list[Row]:
        """Jobs whose lease is over."""
        return self._rows(
            "WHERE service=? AND state IN ('queued', 'running') AND lease_until<=? "
            "ORDER BY lease_until LIMIT ?",
            (service, now, limit),
        )

    def trouble(self, name: str, said: str, now: float) -> None:
        """Keep why a transport, or a service, gets no jobs; empty: it does again."""
        with self.writing() as run:
            run.execute("DELETE FROM troubles WHERE name=?", (name,))
            if said:
                run.execute("INSERT INTO troubles VALUES (?, ?, ?)", (name, said[:LONGEST], now))

    def troubles(self) -> dict[str, str]:
        """Transport or PID of a service → why it gets no jobs."""
        rows = self.connection.execute("SELECT name, said FROM troubles ORDER BY name")
        return {str(name): str(said) for name, said in rows}

    def remark(self, said: Iterable[tuple[str, str]], now: float | None = None) -> None:
        """Keep what happened to jobs, beside what the log says."""
        at = time.time() if now is None else now
        with self.writing() as run:
            run.executemany(
                "INSERT INTO remarks VALUES (?, ?, ?)",
                [(job, at, text[:LONGEST]) for job, text in said],
            )

    def quote(self, said: Iterable[tuple[str, str]], now: float) -> None:
        """Keep what services said of the failures of jobs, in the place of the reason that the log
        has, for as long as what they may quote is there: (job, its words)."""
        some = [(job, text[:LONGEST]) for job, text in said]
        with self.writing() as run:
            run.executemany("INSERT OR REPLACE INTO words VALUES (?, ?)", some)
        self.remark(((job, f"It said: {text}") for job, text in some), now)

    def forget(self, pid: str) -> None:
        """Forget what was said of jobs on an object that is not public any more, or of which
        something was erased; of those that an annotation led to, and of those of a service."""
        theirs = "(SELECT id FROM jobs WHERE target=?1 OR annotation=?1 OR service=?1)"
        with self.writing() as run:
            found = run.execute("SELECT id FROM jobs WHERE annotation=?", (pid,))
            led = [str(job) for (job,) in found]
            before = run.total_changes
            run.execute(f"DELETE FROM remarks WHERE job IN {theirs}", (pid,))
            run.execute(f"DELETE FROM words WHERE job IN {theirs}", (pid,))
            run.execute(
                "UPDATE jobs SET error='' WHERE error<>'' AND (target=?1 OR annotation=?1)", (pid,)
            )
            run.execute("DELETE FROM troubles WHERE name=?", (pid,))
            gone = run.total_changes > before
        if gone:  # the journal holds it still
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if outbox := Outbox.there(self._path.parent):
            outbox.forget(pid, led)

    # ── looking ──────────────────────────────────────────────────────────────────────────

    def job(self, id: str) -> Row | None:
        """The job of this id."""
        found = self._rows("WHERE id=?", (id,))
        return found[0] if found else None

    def jobs(self, ids: Iterable[str]) -> dict[str, Row]:
        """The jobs of these ids; unknown ones are left out."""
        wanted, found = list(ids), dict[str, Row]()
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            found.update((row.id, row) for row in self._rows(f"WHERE id IN ({marks})", part))
        return found

    def remarks(self, job: str, limit: int = 200) -> list[Remark]:
        """What happened to a job, oldest first."""
        rows = self.connection.execute(
            "SELECT at, said FROM remarks WHERE job=? ORDER BY at, rowid LIMIT ?", (job, limit)
        )
        return [Remark(float(at), str(said)) for at, said in rows]

    def page(
        self,
        *,
        service: str | None = None,
        target: str | None = None,
        state: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Row]:
        """Jobs, newest first, of a service, on a target, in a state; behind one."""
        asked = {"service": service, "target": target, "state": state}
        where = [f"{name}=?" for name, value in asked.items() if value is not None]
        values: list[Any] = [value for value in asked.values() if value is not None]
        if before is not None:
            where, values = [*where, "number<?"], [*values, before]
        said = f"WHERE {' AND '.join(where)}" if where else ""
        return self._rows(f"{said} ORDER BY number DESC LIMIT ?", (*values, limit))

    def ahead(self, row: Row) -> int:
        """How many jobs of the same service go before this one."""
        if row.state in IN_FLIGHT:
            return self._count(
                "service=? AND state IN ('queued', 'running') AND number<?",
                (row.service, row.number),
            )
        waiting = self._count(
            "service=? AND state IN ('scheduled', 'failed') AND number<?",
            (row.service, row.number),
        )
        return waiting + self.in_flight(row.service)

    def counts(self, service: str | None = None) -> dict[str, dict[str, int]]:
        """Service → state → number of jobs; of one service, or of all."""
        which, values = ("WHERE service=?", (service,)) if service else ("", ())
        found: dict[str, dict[str, int]] = {}
        for pid, state, number in self.connection.execute(
            f"SELECT service, state, number FROM tallies {which}", values
        ):
            found.setdefault(pid, dict.fromkeys(STATES, 0))[state] = int(number)
        return found

    def _count(self, where: str, values: Sequence[Any]) -> int:
        statement = f"SELECT count(*) FROM jobs WHERE {where}"
        return int(self.connection.execute(statement, values).fetchone()[0])

    def _rows(self, where: str, values: Sequence[Any]) -> list[Row]:
        return [Row(*row) for row in self.connection.execute(f"{_SELECT} {where}", values)]


_COLUMNS = ", ".join(field.name for field in fields(Row))
_WORDS = (
    "CASE error WHEN '' THEN '' ELSE coalesce((SELECT said FROM words WHERE job=id), error) END"
)
_SELECT = f"SELECT {_COLUMNS.replace('error', _WORDS)} FROM jobs"
"""Why an attempt failed is told in the words of the service, where they are kept."""
