"""Events that a view could not take whole, and how it goes on all the same (decision 0073).

A log keeps for good what an earlier release wrote into it, or the repository of which it is a copy.
Where a view fails at such an event, it takes the outline, which says what the object is, and of an
active one nothing else; where it fails at that too, it passes the event over. Either is noted in
the view's own file, in the transaction that moves its position, until a later version of the object
is taken. So a view made anew notes the same.

A reason names the error and the function, never a value: an erasure need not look for it here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from eventstore.codec import pack
from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.documents import canonical
from fdo.errors import UNREADABLE
from fdo.lifecycle import Status
from fdo.record import outline

FAULTS: Final[tuple[type[Exception], ...]] = (
    *UNREADABLE,
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)
"""What a view raises at an event that it cannot read or write down. A lock, a full disk, a damaged
file and an event of a newer release are none of these: a person has to see to them."""

MOST: Final = 1_000
"""Objects in trouble at which a view stops after all: then it is the program that is wrong."""

_TABLE = (
    "CREATE TABLE IF NOT EXISTS troubles (pid TEXT PRIMARY KEY, position INTEGER NOT NULL, "
    "reason TEXT NOT NULL) WITHOUT ROWID"
)
_END = "DELETE FROM troubles WHERE pid=?"
_BEGIN = "INSERT OR REPLACE INTO troubles VALUES (?,?,?)"
_BEGIN_BESIDE = "INSERT OR IGNORE INTO troubles VALUES (?,?,?)"
"""Of an operational event: the version in trouble stays the one that is told."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One event that a view does not hold whole."""

    position: int
    pid: str
    reason: str


class Troubles:
    """Those of one view that still stand: nothing came after them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.execute(_TABLE)
        self._connection = connection
        self._notes: list[tuple[str, tuple[Any, ...]]] = []
        self._begun: str | None = None
        self._said = set[str]()
        self._standing = self._read()

    def __len__(self) -> int:
        return len(self._standing)

    def __contains__(self, pid: str) -> bool:
        return pid in self._standing

    def prepare(self, events: Sequence[Recorded], log: Log) -> Sequence[Recorded]:
        """The events as the view has to be told them: what it took by its outline was that, when
        the next version asks what was before. What ends with them is noted in its transaction."""
        self._notes, self._begun, self._said = [], None, set()
        if not self._standing:
            return events
        ended = {event.pid_text for event in events if not event.operational}
        self._notes = [(_END, (pid,)) for pid in sorted(ended & self._standing.keys())]
        before = log.previous([each for each in events if each.pid_text in self._standing])
        return [self._behind(event, before.get(event.position)) for event in events]

    def begin(self, event: Recorded, wrong: BaseException) -> None:
        """Note, in the view's next transaction, that it could not take this event whole."""
        self._notes.append((_note_of(event), (event.pid_text, event.position, reason_of(wrong))))
        self._begun = event.pid_text

    def write(self, tx: sqlite3.Connection) -> None:
        """Write down what begins and ends with the events of a transaction."""
        for statement, values in self._notes:
            tx.execute(statement, values)

    def say(self, tx: sqlite3.Connection, event: Recorded, reason: str | None) -> None:
        """Within a transaction: the view itself knows what it lacks of an event, or that it lacks
        nothing."""
        pid = event.pid_text
        if pid == self._begun:
            return
        if reason is not None:
            tx.execute(_note_of(event), (pid, event.position, reason))
            self._said.add(pid)
        elif not event.operational and (pid in self._standing or pid in self._said):
            tx.execute(_END, (pid,))
            self._said.add(pid)

    def settle(self) -> None:
        """Know what stands, after a transaction."""
        if self._notes or self._said:
            self._standing = self._read()

    def _behind(self, event: Recorded, before: Recorded | None) -> Recorded:
        if before is None or self._standing.get(event.pid_text) != before.position:
            return event
        told = replace(event)
        told.memo["before"] = outlined(before)
        return told

    def _read(self) -> Mapping[str, int]:
        return {
            str(pid): int(position)
            for pid, position in self._connection.execute("SELECT pid, position FROM troubles")
        }


def _note_of(event: Recorded) -> str:
    return _BEGIN_BESIDE if event.operational else _BEGIN


def outlined(event: Recorded) -> Recorded:
    """The event with nothing in its document but what its record says; see `fdo.record.outline`."""
    try:
        left = outline(event.type, event.status, event.document, event.pid.iri)
    except UNREADABLE:  # a stub or a tombstone that breaks its own rules
        left = outline(event.type, Status.DRAFT, {}, event.pid.iri)
    told = replace(event, frame=pack(canonical(left)))
    if "before" in event.memo:
        told.memo["before"] = event.memo["before"]
    return told


def reason_of(wrong: BaseException) -> str:
    """The error and the function in which it came up."""
    at = wrong.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    if at is None:
        return type(wrong).__name__
    frame = at.tb_frame
    return f"{type(wrong).__name__} in {frame.f_globals['__name__']}.{frame.f_code.co_name}"


def standing(path: Path, most: int) -> tuple[int, list[Trouble]]:
    """How many events the view in a file does not hold whole, and the first of them."""
    if not path.exists():
        return 0, []
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as view:
            (number,) = view.execute("SELECT count(*) FROM troubles").fetchone()
            rows = view.execute(
                "SELECT position, pid, reason FROM troubles ORDER BY position LIMIT ?", (most,)
            )
            return int(number), [Trouble(*row) for row in rows]
    except sqlite3.DatabaseError:  # of an earlier release, being made this moment, or damaged
        return 0, []
