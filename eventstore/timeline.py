"""The versions of an object in time, without their documents: what TimeGates and TimeMaps ask;
and sections of a long history.

A draft was never public, so it is no memento; before the first public version drafts are passed
over one by one. Times are those of the log (`recorded_at`, in microseconds); Memento speaks of
whole seconds, and so does `at_second`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from eventstore.places import (
    A_VERSION,
    IN_FORCE,
    PLACE,
    PLACE_IN_FORCE,
    VERSIONS,
    position_at,
)
from eventstore.recorder import Recorder
from fdo.identifiers import Pid

_PUBLIC = (
    "SELECT version, recorded_at FROM events WHERE object=?1 AND bytes IS NOT NULL "
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
        position = position_at(self._recorder, (second + 1) * _SECOND - 1)
        by_then = f"{_PUBLIC} AND sequence<={PLACE_IN_FORCE} ORDER BY sequence DESC LIMIT 1"
        return self._one(f"{IN_FORCE} {by_then}", pid, position) or self.first(pid)

    def first(self, pid: Pid) -> Dated | None:
        """The oldest public version."""
        return self._one(f"{_PUBLIC} ORDER BY sequence LIMIT 1", pid)

    def last(self, pid: Pid) -> Dated | None:
        """The newest public version: nothing becomes a draft again."""
        head = "(SELECT position FROM heads WHERE object=?1)"
        return self._one(f"{_PUBLIC} AND position={head}", pid)

    def those(self, pid: Pid, versions: Iterable[int]) -> dict[int, Dated]:
        """The public ones among some versions, by number and in their order."""
        rows = self._recorder.rows(
            f"{VERSIONS} {_PUBLIC} AND sequence IN {PLACE} ORDER BY sequence",
            [str(pid), orjson.dumps(sorted(set(versions))).decode()],
        )
        return {row[0]: Dated(row[0], row[1]) for row in rows}

    def contents(self, pid: Pid, before: int, limit: int) -> list[int]:
        """Positions of the content events of versions below a number, newest first."""
        rows = self._recorder.rows(
            f"{A_VERSION} SELECT position FROM events WHERE object=?1 AND bytes IS NOT NULL "
            f"AND sequence<coalesce({PLACE}, {_BEHIND_ALL}) AND version<?2 "
            "ORDER BY sequence DESC LIMIT ?3",
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

    def _one(self, statement: str, pid: Pid, *params: Any) -> Dated | None:
        rows = self._recorder.rows(statement, [str(pid), *params])
        return Dated(rows[0][0], rows[0][1]) if rows else None


_BEHIND_ALL = 2**63 - 1
