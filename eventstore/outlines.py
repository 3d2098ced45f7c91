"""Events without their bytes, for readers that pass over many to find a few.

    for outline in Outlines(objects.recorder).read(after=0, limit=1000): ...

A row of the log holds the envelope before the bytes, so that SQLite reads neither document nor
source record here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from eventstore.codec import split_topic
from eventstore.recorder import Recorder
from fdo.lifecycle import NOTES, Status


@dataclass(frozen=True, slots=True)
class Outline:
    """What the envelope of an event says, as far as events are chosen by it."""

    position: int
    pid: str
    """The PID as text."""
    version: int
    type: str
    what: str
    """The participle: `Registered`, `Revised`, `HarvestCompleted`, …"""
    status: Status
    agent: str
    """The IRI of who did it."""
    source: str | None
    """The source system (PID text) from which the content came."""
    operational: bool
    """Whether the event changes neither document nor status."""


class Outlines:
    """The outlines of one log; safe to share between threads."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def read(self, after: int, limit: int, upto: int | None = None) -> list[Outline]:
        """Outlines in order of position, beginning behind `after`."""
        return self._rows(
            "position>? AND (? IS NULL OR position<=?) ORDER BY position LIMIT ?",
            [after, upto, upto, limit],
        )

    def of(self, pid: str, after: int, limit: int, upto: int | None = None) -> list[Outline]:
        """The same for the events of one object."""
        return self._rows(
            "object=? AND position>? AND (? IS NULL OR position<=?) ORDER BY sequence LIMIT ?",
            [pid, after, upto, upto, limit],
        )

    def at(self, positions: Sequence[int]) -> list[Outline]:
        """The outlines at these positions, in order."""
        found: list[Outline] = []
        for start in range(0, len(positions), 500):
            part = positions[start : start + 500]
            found += self._rows(
                f"position IN ({','.join('?' * len(part))}) ORDER BY position", part
            )
        return found

    def disclosing(self, positions: Sequence[int]) -> int:
        """The last event behind all of these by which an object that was public at one of them was
        withheld or came back to the public; 0 where there is none."""
        marks = ",".join("?" * len(positions))
        (row,) = self._recorder.rows(
            "SELECT coalesce(max(position), 0) FROM events WHERE +position>? AND object IN "
            f"(SELECT object FROM events WHERE position IN ({marks}) AND {_ACTIVE}) "
            f"AND ({_DISCLOSING})",
            [max(positions), *positions],
        )
        return int(row[0])

    def before(self, position: int) -> int:
        """The position of the event before this one; 0 where there is none."""
        (row,) = self._recorder.rows(
            "SELECT coalesce(max(position), 0) FROM events WHERE position<?", [position]
        )
        return int(row[0])

    def _rows(self, where: str, params: Sequence[Any]) -> list[Outline]:
        return [_outline(row) for row in self._recorder.rows(f"{_SELECT} WHERE {where}", params)]


_SELECT = "SELECT position, object, version, topic, meta FROM events"
_ACTIVE = f"json_extract(CAST(meta AS TEXT), '$.status')='{Status.ACTIVE}'"
_DISCLOSING = " OR ".join(
    f"topic LIKE '%{what}.v%'" for what in ("Withheld", "Released", "Restored")
)


def _outline(row: sqlite3.Row) -> Outline:
    position, pid, version, topic, meta = row
    known = orjson.loads(meta)
    kind, what = split_topic(topic)
    return Outline(
        position, pid, version, kind, what, Status(known["status"]), known["agent"][0],
        known.get("source"), what in NOTES,
    )  # fmt: skip
