"""The versions of an object in time, without their documents: what TimeGates and TimeMaps ask;
and sections of a long history.

A draft was never public, so it is no memento. Times are those of the log (`recorded_at`, in
microseconds); Memento speaks of whole seconds, and so does `at_second`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from eventstore.recorder import Recorder
from fdo.identifiers import Pid

_PUBLIC = (
    "SELECT version, recorded_at FROM events WHERE object=? AND bytes IS NOT NULL "
    "AND json_extract(CAST(meta AS TEXT), '$.status')<>'draft'"
)
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Dated:
    """A public version, and when it was recorded."""

    version: int
    recorded_at: int


class Timeline:
    """The public versions of each object of a log; safe to share between threads."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def at_second(self, pid: Pid, second: int) -> Dated | None:
        """The last version whose time, cut to seconds, is at or before a second (since 1970);
        before the first version the first, as RFC 7089 (4.5.3) advises; None where there is
        no public version."""
        found = self._one(
            pid, "AND recorded_at<? ORDER BY sequence DESC LIMIT 1", (second + 1) * _SECOND
        )
        return found or self.first(pid)

    def first(self, pid: Pid) -> Dated | None:
        """The oldest public version."""
        return self._one(pid, "ORDER BY sequence LIMIT 1")

    def last(self, pid: Pid) -> Dated | None:
        """The newest public version."""
        return self._one(pid, "ORDER BY sequence DESC LIMIT 1")

    def those(self, pid: Pid, versions: Iterable[int]) -> dict[int, Dated]:
        """The public ones among some versions, by number."""
        wanted = sorted(set(versions))
        marks = ",".join("?" * len(wanted))
        rows = self._rows(pid, f"AND version IN ({marks}) ORDER BY sequence", *wanted)
        return {row[0]: Dated(row[0], row[1]) for row in rows}

    def between(self, pid: Pid, first: int, last: int) -> list[Dated]:
        """The public versions whose numbers lie in a range, in order."""
        rows = self._rows(pid, "AND version BETWEEN ? AND ? ORDER BY sequence", first, last)
        return [Dated(row[0], row[1]) for row in rows]

    def contents(self, pid: Pid, before: int, limit: int) -> list[int]:
        """Positions of the content events of versions below a number, newest first."""
        rows = self._recorder.rows(
            "SELECT position FROM events WHERE object=? AND bytes IS NOT NULL AND version<? "
            "ORDER BY sequence DESC LIMIT ?",
            [str(pid), before, limit],
        )
        return [int(row[0]) for row in rows]

    def events(self, pid: Pid, after: int, limit: int) -> list[int]:
        """Positions of the events behind a sequence, oldest first."""
        rows = self._recorder.rows(
            "SELECT position FROM events WHERE object=? AND sequence>? ORDER BY sequence LIMIT ?",
            [str(pid), after, limit],
        )
        return [int(row[0]) for row in rows]

    def _one(self, pid: Pid, clause: str, *params: Any) -> Dated | None:
        rows = self._rows(pid, clause, *params)
        return Dated(rows[0][0], rows[0][1]) if rows else None

    def _rows(self, pid: Pid, clause: str, *params: Any) -> Sequence[sqlite3.Row]:
        return self._recorder.rows(f"{_PUBLIC} {clause}", [str(pid), *params])
