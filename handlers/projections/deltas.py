"""Projection `deltas`: what each event changed in the graph, kept so that nobody derives it twice.

One row an event: position, object, version, observed time, and the patch as compressed N-Quads.
The first version of an object has no patch here, because its document says the same in fewer
bytes and is derived as fast as it is read (`all_quads`). The index by observed time makes "what
was observed between" a range read (see `eventstore/instant.py`).

`DeltasReader` asks: how far two instants lie apart, and the changes between them. What the
projection has not read yet comes from the log itself, so an answer never depends on how far it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import zstandard

from eventstore.envelope import Recorded
from eventstore.follower import SqlView
from eventstore.instant import Instant
from eventstore.log import Log
from eventstore.patches import Patch, patch, patches

SCHEMA = (
    """CREATE TABLE deltas (
        position INTEGER PRIMARY KEY,
        object TEXT NOT NULL,
        version INTEGER NOT NULL,
        observed_at INTEGER NOT NULL,
        operational INTEGER NOT NULL,
        patch BLOB)""",
    "CREATE INDEX deltas_by_observation ON deltas (observed_at, position)",
    # Objects whose versions are not in the order of their observed times: a curator corrected
    # one, then the export of an earlier day came. Their patches cannot be taken one by one.
    "CREATE TABLE unordered (object TEXT PRIMARY KEY) WITHOUT ROWID",
)
_INSERT = "INSERT INTO deltas VALUES (?,?,?,?,?,?)"
_SECTION = 2_000
_NEVER = 1 << 62
"""Later than any observed time."""


class Deltas(SqlView):
    """Projection `deltas`: see the module's story."""

    name = "deltas"
    schema = SCHEMA
    version = 1
    pragmas = ("secure_delete=ON",)  # erased means overwritten

    def enter(self, events: Sequence[Recorded], log: Log) -> None:
        """See `SqlView.enter`."""
        before = log.previous(events)
        erased = [p for e in events if e.what == "Erased" for p in e.detail["positions"]]
        with self.transaction(events[-1].position) as tx:
            tx.executemany(_INSERT, [_row(e, before.get(e.position)) for e in events])
            tx.executemany(
                "INSERT OR IGNORE INTO unordered VALUES (?)",
                [(pid,) for pid in _unordered(events, before)],
            )
            if erased:
                _derive_anew(tx, erased, log)


@dataclass(frozen=True, slots=True)
class Step:
    """An event between two instants; `forward` when it is in the second and not in the first."""

    position: int
    object: str
    version: int
    operational: bool
    forward: bool

    @property
    def begins(self) -> bool:
        """Whether it is the first version of its object."""
        return self.version == 1 and not self.operational


class DeltasReader:
    """What lies between instants; reads the view of `Deltas` and, behind it, the log."""

    def __init__(self, path: Path, log: Log) -> None:
        self._path, self._log = path, log

    def distance(self, one: Instant, other: Instant) -> int:
        """How many events are in exactly one of the two."""
        with self._opened() as view:
            number = 0
            for where, params, _ in _ranges(one, other):
                (found,) = view.execute(
                    f"SELECT count(*) FROM deltas WHERE {where}", params
                ).fetchone()
                number += int(found)
            return number + sum(1 for _ in self._behind(view, one, other))

    def size(self, instant: Instant) -> int:
        """About how many events an instant holds; the gaps of the log are not counted."""
        if instant.observed is None:
            return instant.position
        return instant.position - self.distance(instant, Instant(instant.position))

    def plain(self, instant: Instant) -> Instant:
        """The same state without a bound by observed time, where that leaves nothing out."""
        if instant.observed is None:
            return instant
        whole = Instant(instant.position)
        with self._opened() as view:
            for where, params, _ in _ranges(instant, whole):
                if view.execute(f"SELECT 1 FROM deltas WHERE {where} LIMIT 1", params).fetchone():
                    return instant
            left_out = any(True for _ in self._behind(view, instant, whole))
        return instant if left_out else whole

    def steps(self, start: Instant, end: Instant) -> list[Step]:
        """The events in exactly one of the two, in order of position."""
        with self._opened() as view:
            found = [
                Step(row[0], row[1], row[2], bool(row[3]), forward)
                for where, params, forward in _ranges(start, end)
                for row in view.execute(
                    f"SELECT position, object, version, operational FROM deltas WHERE {where}",
                    params,
                )
            ]
            found += [
                Step(e.position, e.pid_text, e.version, e.operational, _holds(end, e))
                for e in self._behind(view, start, end)
            ]
        found.sort(key=lambda step: step.position)
        return found

    def unordered(self) -> set[str]:
        """Objects (PID text) whose versions are not in the order of their observed times."""
        with self._opened() as view:
            found = {str(row[0]) for row in view.execute("SELECT object FROM unordered")}
            for section in self._sections(_position(view), self._log.position()):
                found |= _unordered(section, self._log.previous(section))
            return found

    def patches(self, positions: Sequence[int]) -> Iterator[Patch]:
        """The patches of these events, in the order asked for. First versions are derived as
        well as what the view has not read yet."""
        unpack = zstandard.ZstdDecompressor().decompress
        for start in range(0, len(positions), _SECTION):
            part = positions[start : start + _SECTION]
            with self._opened() as view:
                outdated = self._outdated(view)
                kept = {
                    row[0]: row[1]
                    for row in view.execute(
                        "SELECT position, patch FROM deltas WHERE patch IS NOT NULL "
                        f"AND position IN ({','.join('?' * len(part))})",
                        part,
                    )
                    if row[0] not in outdated
                }
            events = self._log.events_at(p for p in part if p not in kept)
            derived = {p.position: p for p in patches(list(events.values()), self._log)}
            for position in part:
                if position in kept:
                    yield _read(position, unpack(kept[position]))
                elif position in derived:
                    yield derived[position]

    def _outdated(self, view: sqlite3.Connection) -> set[int]:
        """Events of objects of which something was erased that the view has not read yet."""
        erasures = self._log.erasures(_position(view))
        events = self._log.events_at(position for position, _ in erasures).values()
        return {told.position for e in events for told in self._log.history(e.pid)}

    def _behind(self, view: sqlite3.Connection, one: Instant, other: Instant) -> Iterator[Recorded]:
        """The events in exactly one of the two that the view has not read yet."""
        last = max(one.position, other.position)
        for section in self._sections(_position(view), last):
            yield from (event for event in section if _holds(one, event) != _holds(other, event))

    def _sections(self, after: int, last: int) -> Iterator[list[Recorded]]:
        while after < last and (section := self._log.section(after, _SECTION, last)):
            after = section[-1].position
            yield section

    def _opened(self) -> closing[sqlite3.Connection]:
        """A connection of its own for each question: the file may be replaced by a rebuild."""
        if not self._path.exists():
            empty = sqlite3.connect(":memory:")
            for statement in (*SCHEMA, "CREATE TABLE tracking (position INTEGER)"):
                empty.execute(statement)
            return closing(empty)
        return closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=60))


def _position(view: sqlite3.Connection) -> int:
    row = view.execute("SELECT position FROM tracking").fetchone()
    return int(row[0]) if row else 0


def _begins(event: Recorded) -> bool:
    return event.version == 1 and not event.operational


def _holds(instant: Instant, event: Recorded) -> bool:
    return event.position <= instant.position and event.observed_at <= _bound(instant)


def _bound(instant: Instant) -> int:
    return _NEVER if instant.observed is None else instant.observed


def _ranges(start: Instant, end: Instant) -> list[tuple[str, list[int], bool]]:
    """(condition, parameters, forward) of two ranges that hold the symmetric difference: by
    position above the lower of the two, by observed time below it."""
    longer = end if end.position >= start.position else start
    shorter = start.position if longer is end else end.position
    low, high = sorted((_bound(start), _bound(end)))
    found: list[tuple[str, list[int], bool]] = []
    if longer.position > shorter:
        found.append(
            (
                "position>? AND position<=? AND +observed_at<=?",
                [shorter, longer.position, _bound(longer)],
                longer is end,
            )
        )
    if high > low:
        found.append(
            (
                "observed_at>? AND observed_at<=? AND position<=?",
                [low, high, shorter],
                _bound(end) == high,
            )
        )
    return found


def _row(event: Recorded, before: Recorded | None) -> tuple[object, ...]:
    return (
        event.position,
        event.pid_text,
        event.version,
        event.observed_at,
        event.operational,
        None if _begins(event) else _packed(patch(event, before)),
    )


def _unordered(events: Sequence[Recorded], before: Mapping[int, Recorded]) -> set[str]:
    """Objects of which one of these events was observed before the version before it."""
    return {
        event.pid_text
        for event in events
        if event.position in before and before[event.position].observed_at > event.observed_at
    }


def _derive_anew(tx: sqlite3.Connection, erased: Iterable[int], log: Log) -> None:
    """Put patches of the redacted documents in place of those that hold what was erased: of
    the erased events, and of the versions that came after them."""
    events = log.events_at(erased)
    for event in list(events.values()):
        if log.head(event.pid).version > event.version:
            after = log.version(event.pid, event.version + 1)
            events[after.position] = after
    later = [event for event in events.values() if not _begins(event)]
    tx.executemany(
        "UPDATE deltas SET patch=? WHERE position=?",
        [(_packed(change), change.position) for change in patches(later, log)],
    )


def _packed(change: Patch) -> bytes:
    added = [f"+{quad}" for quad in change.added]
    text = "".join([*added, *(f"-{quad}" for quad in change.removed)])
    return zstandard.ZstdCompressor(level=3).compress(text.encode())


def _read(position: int, text: bytes) -> Patch:
    added: list[str] = []
    removed: list[str] = []
    for line in text.decode().split("\n")[:-1]:
        (added if line[0] == "+" else removed).append(f"{line[1:]}\n")
    return Patch(position, added, removed)
