"""Reading the holdings: lists as of a position, pages of numbers, counts of datasets."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eventstore.follower import SqlReader

PART = 10_000
"""Objects a part of the register. A released number stays: it is in addresses that crawlers
keep. Well below the 50,000 of the Sitemap protocol, since a part is written at once."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which changes make a list: those behind `after` and up to `until`, of objects of these
    types and of this dataset, that were in force as of `as_of`."""

    as_of: int
    after: int = 0
    until: int | None = None
    kinds: frozenset[str] | None = None
    """None: of every type."""
    source: str | None = None
    """PID of a source system; None: of every dataset and of none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object in a list: the change by which it is as it was."""

    position: int
    at: int
    """Recorded (microseconds)."""
    pid: str
    kind: str
    source: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the register: how many public objects it names, and when the newest of them
    changed (microseconds)."""

    number: int
    objects: int
    at: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One object in the register, and when it last changed (microseconds)."""

    pid: str
    at: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How many objects of a type a dataset has."""

    source: str | None
    kind: str
    public: bool
    objects: int
    first_at: int
    last_at: int


class HoldingsReader:
    """The reading side of the view; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._view = SqlReader(path, "holdings")
        self._tallies: tuple[int, list[Tally]] = (-1, [])
        self._parts: tuple[int, list[Part]] = (-1, [])

    def position(self) -> int:
        """The last position of the log that is in the view."""
        return self._view.position()

    def page(self, chosen: Selection, limit: int) -> list[Entry]:
        """The next entries of a list, in the order in which they changed."""
        with self._view.reading() as (connection, _):
            where, values = _where(connection, chosen)
            rows = connection.execute(
                "SELECT c.position, c.at, o.pid, k.text, s.text FROM changes c "
                "JOIN objects o ON o.number=c.object JOIN names k ON k.id=c.kind "
                f"LEFT JOIN names s ON s.id=c.source WHERE {where} ORDER BY c.position LIMIT ?",
                [*values, limit],
            ).fetchall()
        return [Entry(*row) for row in rows]

    def count(self, chosen: Selection) -> int:
        """How many entries a list has from here on."""
        with self._view.reading() as (connection, _):
            where, values = _where(connection, chosen)
            (found,) = connection.execute(
                f"SELECT count(*) FROM changes c WHERE {where}", values
            ).fetchone()
        return int(found)

    def parts(self) -> list[Part]:
        """The parts of the register in which anything is public."""
        with self._view.reading() as (connection, position):
            if self._parts[0] != position:
                rows = connection.execute(
                    f"SELECT (object-1)/{PART}, count(*), max(at) FROM changes "
                    "WHERE valid_to IS NULL AND public GROUP BY 1 ORDER BY 1"
                ).fetchall()
                self._parts = (position, [Part(*row) for row in rows])
            return self._parts[1]

    def part(self, number: int) -> list[Standing]:
        """The public objects of one part, in the order of their numbers."""
        with self._view.reading() as (connection, _):
            rows = connection.execute(
                "SELECT o.pid, c.at FROM objects o JOIN changes c ON c.position=o.position "
                "WHERE o.number>? AND o.number<=? AND c.public ORDER BY o.number",
                (number * PART, (number + 1) * PART),
            ).fetchall()
        return [Standing(*row) for row in rows]

    def tallies(self) -> Sequence[Tally]:
        """How much every dataset holds now, by type."""
        with self._view.reading() as (connection, position):
            if self._tallies[0] != position:
                rows = connection.execute(
                    "SELECT s.text, k.text, c.public, count(*), min(c.at), max(c.at) "
                    "FROM changes c JOIN names k ON k.id=c.kind "
                    "LEFT JOIN names s ON s.id=c.source WHERE c.valid_to IS NULL "
                    "GROUP BY c.source, c.kind, c.public ORDER BY 1, 2, 3"
                ).fetchall()
                tallies = [Tally(s, k, bool(p), n, a, b) for s, k, p, n, a, b in rows]
                self._tallies = (position, tallies)
            return self._tallies[1]

    def tallies_of(self, source: str, as_of: int) -> list[Tally]:
        """How much a dataset held after an event, by type."""
        with self._view.reading() as (connection, _):
            where, values = _where(connection, Selection(as_of, source=source))
            rows = connection.execute(
                "SELECT k.text, c.public, count(*), min(c.at), max(c.at) FROM changes c "
                f"JOIN names k ON k.id=c.kind WHERE {where} GROUP BY c.kind, c.public "
                "ORDER BY 1, 2",
                values,
            ).fetchall()
        return [Tally(source, k, bool(p), n, a, b) for k, p, n, a, b in rows]

    def close(self) -> None:
        """Close this thread's connection."""
        self._view.close()


def _where(connection: sqlite3.Connection, chosen: Selection) -> tuple[str, list[int]]:
    """The condition of a list on `changes c`, and its values."""
    upto = chosen.as_of if chosen.until is None else min(chosen.as_of, chosen.until)
    where = "c.position>? AND c.position<=? AND (c.valid_to IS NULL OR c.valid_to>?)"
    values = [chosen.after, upto, chosen.as_of]
    if chosen.kinds is not None:
        numbers = [_number(connection, kind) for kind in sorted(chosen.kinds)]
        where += f" AND c.kind IN ({','.join('?' * len(numbers))})"
        values += numbers
    if chosen.source is not None:
        where += " AND c.source=?"
        values.append(_number(connection, chosen.source))
    return where, values


def _number(connection: sqlite3.Connection, name: str) -> int:
    """The number of a name; one that nothing bears for a name that is not there."""
    row = connection.execute("SELECT id FROM names WHERE text=?", (name,)).fetchone()
    return int(row[0]) if row else 0
