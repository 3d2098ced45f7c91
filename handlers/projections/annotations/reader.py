"""Reading the annotations view: pages, groups of equal proposals, counts; from any process.

A page is of one state of the repository: the present, or that after an event. Its cursor keeps
that state, so following pages neither repeat nor miss a row, whatever is recorded meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from eventstore.follower import SqlReader
from handlers.projections.annotations.cursor import Place
from handlers.projections.annotations.query import AnnotationQuery, unfit
from handlers.projections.annotations.rows import Row

COUNT_CAP = 100_000
"""Beyond so many rows, totals say "more than"."""
LIMIT_CAP = 1_000
"""The most annotations that a page may hold."""
GROUP_SAMPLE = 5
"""Annotations that a group names."""

_ORDER = {
    "newest": ("a.position DESC", "a.position<{1:d}"),
    "oldest": ("a.position", "a.position>{1:d}"),
    "urgent": ("a.severity, a.position", "(a.severity, a.position)>({0:d}, {1:d})"),
}
"""Sort → (ORDER BY, what lies behind a row of this severity and position)"""

BY = {
    "service": "a.service",
    "model": "a.model",
    "creator": "a.creator",
    "term": "a.leaf",
    "dataset": "a.dataset",
    "organisation": "a.organisation",
    "motivation": "a.motivation",
    "batch": "a.batch",
}
"""What statistics are counted by → the column."""


@dataclass(frozen=True, slots=True)
class Found:
    """One annotation as it was at the moment of the answer."""

    row: Row
    body: str
    rating: float | None
    """The mean of its ratings, each rater counted once."""
    ratings: int

    @property
    def shown(self) -> dict[str, Any]:
        """What stands in the row and is never asked for."""
        shown: dict[str, Any] = orjson.loads(self.row.shown)
        return shown


@dataclass(frozen=True, slots=True)
class Page:
    """Annotations in order; `total` is a lower bound unless `exact`."""

    found: list[Found]
    total: int
    exact: bool
    as_of: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Equal proposals for several objects."""

    key: str
    severity: int
    count: int
    sample: tuple[str, ...]
    """PIDs of some of the annotations, the oldest first."""
    first: Row


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups in order of urgency and size."""

    groups: list[Group]
    total: int
    as_of: int
    next_offset: int | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the annotations of one service, model, person, term or dataset."""

    value: str
    name: str
    proposed: int
    """Changes proposed; the rest are the states in which they are."""
    pending: int
    accepted: int
    rejected: int
    withdrawn: int
    superseded: int
    standing: int
    """Comments, assessments and so on, which need no decision."""

    @property
    def acceptance(self) -> float | None:
        """Accepted among decided proposals."""
        decided = self.accepted + self.rejected
        return self.accepted / decided if decided else None


class Annotations:
    """The annotations view of a repository, for reading; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._view = SqlReader(path, "annotations")

    def position(self) -> int:
        """The last position of the log that is in the view."""
        return self._view.position()

    def close(self) -> None:
        """Close this thread's connection."""
        self._view.close()

    def find(
        self,
        query: AnnotationQuery,
        cursor: str | None = None,
        limit: int = 50,
        as_of: int | None = None,
    ) -> Page:
        """One page of the annotations that a query selects, now or after an event."""
        limit = max(1, min(limit, LIMIT_CAP))
        place = Place.read(cursor, query) if cursor else None
        with self._view.reading() as (connection, head):
            at = place.as_of if place else head if as_of is None else min(as_of, head)
            if at > head:
                raise unfit("cursor", "The cursor is ahead of the view; begin again.")
            select = _Selection(query, at, head)
            total, exact = (place.total, place.exact) if place else select.count(connection)
            rows = select.rows(connection, limit + 1, place)
            found = _whole(connection, rows[:limit], at)
        following = None
        if len(rows) > limit:
            last = rows[limit - 1]
            following = Place(at, last.severity, last.position, total, exact).token(query)
        return Page(found, total, exact, at, following)

    def groups(
        self,
        query: AnnotationQuery,
        offset: int = 0,
        limit: int = 25,
        as_of: int | None = None,
    ) -> Groups:
        """Equal proposals among those that a query selects, the most urgent and largest first."""
        with self._view.reading() as (connection, head):
            at = head if as_of is None else min(as_of, head)
            where, values = _Selection(query, at, head).where
            counted = connection.execute(
                f"SELECT a.grouped, min(a.severity) AS urgency, count(*) AS n, min(a.position) "
                f"FROM annotations a WHERE {where} GROUP BY a.grouped "
                "ORDER BY urgency, n DESC, a.grouped LIMIT ? OFFSET ?",
                [*values, limit + 1, offset],
            ).fetchall()
            (total,) = connection.execute(
                f"SELECT count(DISTINCT a.grouped) FROM annotations a WHERE {where}", values
            ).fetchone()
            groups = [
                Group(key, severity, n, _sample(connection, where, values, key),
                      *_rows(connection, "a.position=?", [first]))
                for key, severity, n, first in counted[:limit]
            ]  # fmt: skip
        more = offset + limit if len(counted) > limit else None
        return Groups(groups, int(total), at, more)

    def pids(self, query: AnnotationQuery, limit: int) -> tuple[list[str], int]:
        """(PIDs of the annotations that a query selects now, in its order, at most `limit`; how
        many more there are)"""
        with self._view.reading() as (connection, head):
            select = _Selection(query, head, head)
            rows = select.rows(connection, limit, None)
            total, _ = select.count(connection)
        return [row.pid for row in rows], total - len(rows)

    def of_objects(self, pids: Sequence[str], limit: int, as_of: int | None = None) -> list[Found]:
        """Annotations of these objects, the newest first; ratings are left out."""
        marks = ",".join("?" * len(pids))
        with self._view.reading() as (connection, head):
            at = head if as_of is None else min(as_of, head)
            rows = _rows(
                connection,
                f"{_held(at, head)} AND a.stars IS NULL AND a.position IN "
                f"(SELECT position FROM names WHERE kind='target' AND value IN ({marks})) "
                "ORDER BY a.position DESC LIMIT ?",
                [*pids, limit],
            )
            return _whole(connection, rows, at)

    def states(self, query: AnnotationQuery, as_of: int | None = None) -> dict[str, int]:
        """State → how many of the selected annotations are in it."""
        with self._view.reading() as (connection, head):
            at = head if as_of is None else min(as_of, head)
            where, values = _Selection(query, at, head).where
            rows = connection.execute(
                f"SELECT a.state, count(*) FROM annotations a WHERE {where} GROUP BY a.state "
                "ORDER BY a.state",
                values,
            )
            return {str(state): int(number) for state, number in rows}

    def tallies(
        self, by: str, query: AnnotationQuery, limit: int = 1_000, as_of: int | None = None
    ) -> list[Tally]:
        """What became of the selected annotations, by one of `BY`; the most first."""
        column = BY[by]
        name = "max(a.creator_name)" if by in ("service", "creator") else "''"
        with self._view.reading() as (connection, head):
            at = head if as_of is None else min(as_of, head)
            where, values = _Selection(query, at, head).where
            rows = connection.execute(
                f"SELECT {column} AS value, {name}, sum(a.merging), "
                + ", ".join(
                    f"sum(a.merging AND a.state='{state}')"
                    for state in ("pending", "accepted", "rejected", "withdrawn", "superseded")
                )
                + ", sum(NOT a.merging AND a.state='standing') "
                f"FROM annotations a WHERE {where} AND value<>'' GROUP BY value "
                "ORDER BY count(*) DESC, value LIMIT ?",
                [*values, limit],
            ).fetchall()
        return [Tally(*row) for row in rows]


class _Selection:
    """The rows that a query selects after an event."""

    def __init__(self, query: AnnotationQuery, at: int, head: int) -> None:
        conditions, values = query.where()
        self.where = (f"{_held(at, head)}{conditions}", values)
        self._sort = query.sort

    def count(self, connection: sqlite3.Connection) -> tuple[int, bool]:
        """(number, whether that is all): counting stops at the cap."""
        where, values = self.where
        (number,) = connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM annotations a WHERE {where} LIMIT ?)",
            [*values, COUNT_CAP + 1],
        ).fetchone()
        return min(number, COUNT_CAP), number <= COUNT_CAP

    def rows(self, connection: sqlite3.Connection, limit: int, after: Place | None) -> list[Row]:
        """The next rows in the order of the query."""
        where, values = self.where
        order, behind = _ORDER[self._sort]
        if after is not None:
            where += " AND " + behind.format(after.severity, after.position)
        return _rows(connection, f"{where} ORDER BY {order} LIMIT ?", [*values, limit])


def _held(at: int, head: int) -> str:
    if at == head:
        return "a.valid_to IS NULL"
    return f"a.position<={at:d} AND (a.valid_to IS NULL OR a.valid_to>{at:d})"


def _rows(connection: sqlite3.Connection, where: str, values: Iterable[Any]) -> list[Row]:
    columns = ", ".join(f"a.{name}" for name in Row._fields)
    found = connection.execute(f"SELECT {columns} FROM annotations a WHERE {where}", list(values))
    return [Row(*row) for row in found]


def _sample(
    connection: sqlite3.Connection, where: str, values: Sequence[Any], key: str
) -> tuple[str, ...]:
    rows = connection.execute(
        f"SELECT a.pid FROM annotations a WHERE {where} AND a.grouped=? "
        f"ORDER BY a.position LIMIT {GROUP_SAMPLE}",
        [*values, key],
    )
    return tuple(str(row[0]) for row in rows)


def _whole(connection: sqlite3.Connection, rows: Sequence[Row], at: int) -> list[Found]:
    """The rows with the words of their bodies and the ratings that they had."""
    bodies = _in_parts(
        connection, "SELECT rowid, body FROM bodies WHERE rowid IN ({})",
        [row.position for row in rows],
    )  # fmt: skip
    # of each rater the last word counts
    ratings = _in_parts(
        connection,
        "SELECT target, avg(stars), count(*) FROM (SELECT target, stars, max(position) "
        "FROM annotations WHERE target IN ({}) AND stars IS NOT NULL "
        f"AND position<={at:d} AND (valid_to IS NULL OR valid_to>{at:d}) "
        "GROUP BY target, creator) GROUP BY target",
        [row.pid for row in rows],
    )
    found = []
    for row in rows:
        mean, number = ratings.get(row.pid, (None, 0))
        (body,) = bodies.get(row.position, ("",))
        found.append(Found(row, body, mean, number))
    return found


def _in_parts(
    connection: sqlite3.Connection, sql: str, values: Sequence[Any]
) -> dict[Any, tuple[Any, ...]]:
    found: dict[Any, tuple[Any, ...]] = {}
    for start in range(0, len(values), 500):
        part = values[start : start + 500]
        rows = connection.execute(sql.format(",".join("?" * len(part))), part)
        found.update((row[0], tuple(row[1:])) for row in rows)
    return found
