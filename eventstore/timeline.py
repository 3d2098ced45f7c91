"""The mementos of an object in time, without their documents: what TimeGates and TimeMaps ask;
and sections of a long history.

The mementos of an object are its public versions (`Timeline`). What a dataset holds changes
without its document, with each harvest of its source system; so of a source system the completed
harvests are mementos as well (`HarvestTimeline`).

A draft was never public, so it is no memento; before the first public version drafts are passed
over one by one. Times are those of the log (`recorded_at`, in microseconds); Memento speaks of
whole seconds, and so does `at_second`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import orjson

from eventstore.envelope import Recorded
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

_NO_DRAFT = "json_extract(CAST(meta AS TEXT), '$.status')<>'draft'"
_PUBLIC = (
    "SELECT version, recorded_at, position, version FROM events "
    f"WHERE object=?1 AND bytes IS NOT NULL AND {_NO_DRAFT}"
)
_STATES = (
    "SELECT recorded_at, position, CASE WHEN bytes IS NOT NULL THEN version END FROM events "
    "WHERE object=?1 AND (bytes IS NOT NULL OR topic LIKE '%HarvestCompleted.v%') "
    f"AND {_NO_DRAFT} ORDER BY sequence"
)
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Dated:
    """A state that has a memento, and when it was recorded."""

    number: int
    """Its place among the mementos of its original; of an object that is its version."""
    recorded_at: int
    position: int
    version: int | None
    """None where a harvest made it, and no version of the document."""

    @classmethod
    def of(cls, event: Recorded) -> Dated:
        """The version that an event made."""
        return cls(event.version, event.recorded_at, event.position, event.version)


class Beside(NamedTuple):
    """The mementos around a state: the one before, the state itself where it is one, the next."""

    before: Dated | None
    itself: Dated | None
    behind: Dated | None


class Times(Protocol):
    """The mementos of each original of a kind, numbered from 1 in the order of the log."""

    def at_second(self, pid: Pid, second: int) -> Dated | None:
        """The last memento whose time, cut to seconds, is at or before a second (since 1970);
        before the first the first, as RFC 7089 (4.5.3) advises; None where there is none."""

    def first(self, pid: Pid) -> Dated | None:
        """The oldest memento."""

    def last(self, pid: Pid) -> Dated | None:
        """The newest memento."""

    def those(self, pid: Pid, numbers: Iterable[int]) -> dict[int, Dated]:
        """Those of these numbers that there are, in their order."""

    def beside(self, pid: Pid, state: Dated) -> Beside:
        """What is around a state."""


class Timeline:
    """The public versions of each object of a log; safe to share between threads."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def at_second(self, pid: Pid, second: int) -> Dated | None:
        """See `Times.at_second`."""
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

    def those(self, pid: Pid, numbers: Iterable[int]) -> dict[int, Dated]:
        """The public ones among some versions, by number and in their order."""
        rows = self._recorder.rows(
            f"{VERSIONS} {_PUBLIC} AND sequence IN {PLACE} ORDER BY sequence",
            [str(pid), orjson.dumps(sorted(set(numbers))).decode()],
        )
        return {row[0]: Dated(*row) for row in rows}

    def beside(self, pid: Pid, state: Dated) -> Beside:
        """The version before one, itself, and the next."""
        at = state.number
        known = self.those(pid, (at - 1, at, at + 1))
        return Beside(known.get(at - 1), known.get(at), known.get(at + 1))

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
        return Dated(*rows[0]) if rows else None


class HarvestTimeline:
    """The public versions of each source system and its completed harvests: the mementos of its
    dataset. Their number grows with the harvests of one source, so they are read whole."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def at_second(self, pid: Pid, second: int) -> Dated | None:
        """See `Times.at_second`."""
        states = self._states(pid)
        by_then = [one for one in states if one.recorded_at // _SECOND <= second]
        return next(iter(by_then[-1:] or states[:1]), None)

    def first(self, pid: Pid) -> Dated | None:
        """Its first public version."""
        return next(iter(self._states(pid)), None)

    def last(self, pid: Pid) -> Dated | None:
        """Its newest version or harvest."""
        return next(reversed(self._states(pid)), None)

    def those(self, pid: Pid, numbers: Iterable[int]) -> dict[int, Dated]:
        """See `Times.those`."""
        wanted = set(numbers)
        return {one.number: one for one in self._states(pid) if one.number in wanted}

    def beside(self, pid: Pid, state: Dated) -> Beside:
        """What is around any event of the log, whether it is one of them or not."""
        states, at = self._states(pid), state.position
        before = [one for one in states if one.position < at]
        itself = (one for one in states if one.position == at)
        behind = (one for one in states if one.position > at)
        return Beside(before[-1] if before else None, next(itself, None), next(behind, None))

    def _states(self, pid: Pid) -> list[Dated]:
        rows = self._recorder.rows(_STATES, [str(pid)])
        return [Dated(number, *row) for number, row in enumerate(rows, 1)]


_BEHIND_ALL = 2**63 - 1
