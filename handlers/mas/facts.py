"""The job facts of the log as rows: what each of them makes of a job.

    JobsScheduled   {jobs: [{id, target, version, kind, cause, root?, depth?, annotation?, by?,
                     batching?}], upto?}                 new, or a dead one that is tried again
    JobsStarted     {jobs: [{id, attempt, lease}]}
    JobsFailed      {jobs: [{id, attempt, error, wait}]}  one attempt; tried again after `wait`
    JobsDead        {jobs: [{id, reason}]}
    JobsCompleted   {jobs: [{id, attempt, annotations, …}]}

Each may tell of many jobs of its service. Read twice, they give what they give once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from eventstore.envelope import Recorded

LONGEST = 2_000
"""Characters of an error that are kept."""

Jobs = Sequence[Mapping[str, Any]]


def _scheduled(run: sqlite3.Connection, event: Recorded, jobs: Jobs) -> None:
    at = event.recorded_at / 1e6
    run.executemany(
        "INSERT INTO jobs (id, service, target, version, kind, cause, root, depth, annotation, "
        "requested_by, batching, position, state, attempt, spent, due, scheduled_at, error, "
        "annotations) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,'scheduled',0,0,0,?13,'',0) "
        "ON CONFLICT (id) DO UPDATE SET state='scheduled', spent=attempt, due=0, sent_at=NULL, "
        "lease_until=NULL, ended_at=NULL, started_at=NULL WHERE state IN ('dead', 'failed')",
        [
            (one["id"], event.pid_text, one["target"], one["version"], one["kind"], one["cause"],
             one.get("root", one["cause"]), one.get("depth", 1), one.get("annotation"),
             one.get("by"), int(one.get("batching", False)), event.position, at)
            for one in jobs
        ],
    )  # fmt: skip


def _started(run: sqlite3.Connection, event: Recorded, jobs: Jobs) -> None:
    at = event.recorded_at / 1e6
    run.executemany(
        "UPDATE jobs SET state='running', started_at=?2, due=NULL, attempt=max(attempt, ?3), "
        "lease_until=?2+?4, sent_at=coalesce(sent_at, ?2) "
        "WHERE id=?1 AND state IN ('scheduled', 'queued', 'failed')",
        [(one["id"], at, one.get("attempt", 1), one.get("lease", 0)) for one in jobs],
    )


def _failed(run: sqlite3.Connection, event: Recorded, jobs: Jobs) -> None:
    at = event.recorded_at / 1e6
    _remark(run, event, ((one["id"], f"Failed: {one['error']}") for one in jobs))
    _forget_words(run, jobs)
    run.executemany(
        "UPDATE jobs SET state='failed', due=?2, lease_until=NULL, error=?3, "
        "attempt=max(attempt, ?4) WHERE id=?1 AND state NOT IN ('completed', 'dead')",
        [
            (one["id"], at + one.get("wait", 0), one["error"][:LONGEST], one.get("attempt", 1))
            for one in jobs
        ],
    )


def _dead(run: sqlite3.Connection, event: Recorded, jobs: Jobs) -> None:
    _remark(run, event, ((one["id"], f"Dead: {one['reason']}") for one in jobs))
    _forget_words(run, jobs)
    run.executemany(
        "UPDATE jobs SET state='dead', due=NULL, lease_until=NULL, error=?2, ended_at=?3 "
        "WHERE id=?1 AND state<>'completed'",
        [(one["id"], one["reason"][:LONGEST], event.recorded_at / 1e6) for one in jobs],
    )


def _completed(run: sqlite3.Connection, event: Recorded, jobs: Jobs) -> None:
    run.executemany(
        "UPDATE jobs SET state='completed', due=NULL, lease_until=NULL, error='', ended_at=?2, "
        "annotations=?3, attempt=max(attempt, ?4), ended_by=?5 WHERE id=?1",
        [
            (
                one["id"],
                event.recorded_at / 1e6,
                len(one["annotations"]),
                one.get("attempt", 1),
                event.position,
            )
            for one in jobs
        ],
    )


def _remark(run: sqlite3.Connection, event: Recorded, said: Iterable[tuple[str, str]]) -> None:
    run.executemany(
        "INSERT INTO remarks VALUES (?, ?, ?)",
        [(job, event.recorded_at / 1e6, text[:LONGEST]) for job, text in said],
    )


def _forget_words(run: sqlite3.Connection, jobs: Jobs) -> None:
    """What a service said of an earlier attempt is not the reason of this one."""
    run.executemany("DELETE FROM words WHERE job=?", [(one["id"],) for one in jobs])


TAKE: dict[str, Callable[[sqlite3.Connection, Recorded, Jobs], None]] = {
    "JobsScheduled": _scheduled,
    "JobsStarted": _started,
    "JobsFailed": _failed,
    "JobsDead": _dead,
    "JobsCompleted": _completed,
}
