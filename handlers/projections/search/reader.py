"""Reading the search view: pages of hits, facets, counts and their history.

Any process may read: each thread opens its own read-only connection, and each question is one
read transaction, so that its parts belong together. How a question is run depends on how much
it selects: few rows are fetched through an index and sorted; of many, the newest are found by
walking the table backwards.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import Any

from fdo.errors import Unavailable
from handlers.projections.search.cursor import Cursor
from handlers.projections.search.facets import Buckets, Tally
from handlers.projections.search.query import FACETS, InvalidQuery, SearchQuery, columns_of
from handlers.projections.search.rows import DIMENSIONS

COUNT_CAP = 100_000
"""Beyond so many selected rows, totals say "more than" and facets count the newest ones."""

LIMIT_CAP = 1_000
"""The most hits a page may hold."""

_FEW = 5_000
"""Up to so many rows are fetched through an index and sorted."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One specimen as a line of a result; empty text where nothing is stated."""

    pid: str
    version: int
    position: int
    name: str
    physical_id: str
    locality: str | None
    collector: str | None
    collected: str | None
    latitude: float | None
    longitude: float | None
    country: str
    country_name: str
    family: str
    discipline: str
    type_status: str
    has_media: bool
    mids: int
    mids_missing: tuple[str, ...]
    organisation: str
    organisation_name: str
    licence: str
    not_seen: int | None
    """The harvest that first missed the record at its source, if one did."""


@dataclass(frozen=True, slots=True)
class Page:
    """Hits in order; `total` is a lower bound unless `exact`."""

    hits: list[Hit]
    total: int
    exact: bool
    next_cursor: str | None
    as_of: int
    """The position of the log whose state all pages of this cursor show."""


@dataclass(frozen=True, slots=True)
class Facets:
    """Facet → its values by falling count. Complete unless more rows were selected than
    `counted`; then the newest were counted."""

    counts: dict[str, Buckets]
    counted: int
    complete: bool
    as_of: int


class Search:
    """The search view of a repository, for reading; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = local()

    def position(self) -> int:
        """The last position of the log that is in the view."""
        with self._reading() as (_, position):
            return position

    def find(
        self,
        query: SearchQuery,
        cursor: str | None = None,
        limit: int = 50,
        as_of: int | None = None,
    ) -> Page:
        """One page of the specimens that a query selects, current or as of a position."""
        limit = max(1, min(limit, LIMIT_CAP))
        after = Cursor.read(cursor, query) if cursor else None
        with self._reading() as (connection, position):
            at = after.as_of if after else min(as_of, position) if as_of is not None else position
            if at > position:
                raise InvalidQuery("cursor", "The cursor is ahead of the view; begin again.")
            select = _Select(query, at, current=at == position)
            total, exact = (
                (after.total, after.exact) if after else select.count(connection, COUNT_CAP)
            )
            keys = select.page(connection, after, limit + 1, few=exact and total <= _FEW)
            hits = _hits(connection, [key[0] for key in keys[:limit]], at)
        following = None
        if len(keys) > limit:
            last = keys[limit - 1]
            following = Cursor(at, total, exact, last[1], last[0]).token(query)
        return Page(hits, total, exact, following, at)

    def facets(
        self,
        query: SearchQuery,
        names: Sequence[str] = FACETS,
        *,
        size: int = 50,
        cap: int | None = COUNT_CAP,
        as_of: int | None = None,
    ) -> Facets:
        """The values of each facet among the selected specimens, at most `size` of each.

        Without a cap everything is counted, however long it takes.
        """
        with self._reading() as (connection, position):
            at = min(as_of, position) if as_of is not None else position
            select = _Select(query, at, current=at == position)
            tables = list(columns_of(names))
            if query.empty or cap is None:
                groups = {table: select.grouped(connection, table) for table in tables}
                counted, complete = sum(n for _, n in groups[tables[0]]) if tables else 0, True
            else:
                total, complete = select.count(connection, cap)
                groups = select.sampled(connection, tables, cap, few=complete and total <= _FEW)
                counted = min(total, cap)
            tally = Tally(connection)
            found = {
                facet: tally.buckets(facet, table, groups[table], size)
                for table, facets in columns_of(names).items()
                for facet, _ in facets
            }
        return Facets({name: found[name] for name in names}, counted, complete, at)

    def counts(
        self, facet: str, query: SearchQuery | None = None, as_of: int | None = None
    ) -> Buckets:
        """All values of one facet with exact counts: the statistics of the repository."""
        found = self.facets(query or SearchQuery(), (facet,), size=1_000_000, cap=None, as_of=as_of)
        return found.counts[facet]

    def series(
        self, facet: str, positions: Sequence[int], query: SearchQuery | None = None
    ) -> dict[str, list[int]]:
        """Facet value → its exact count at each of these positions, from one pass."""
        ends = sorted(set(positions))
        (table,) = columns_of((facet,))
        with self._reading() as (connection, head):
            select = _Select(query or SearchQuery(), head, current=False)
            spans = select.spans(connection, table, ends)
            tally = Tally(connection)
            found: dict[str, list[int]] = {}
            for at in range(len(ends)):
                groups = [(key, n) for key, begin, close, n in spans if begin <= at < close]
                for bucket in tally.buckets(facet, table, groups, 1_000_000):
                    found.setdefault(bucket.value, [0] * len(ends))[at] = bucket.count
        places = [ends.index(position) for position in positions]
        return {value: [row[i] for i in places] for value, row in found.items()}

    def close(self) -> None:
        """Close this thread's connection."""
        if connection := getattr(self._local, "connection", None):
            connection.close()
            del self._local.connection

    @contextmanager
    def _reading(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        connection = self._connection()
        connection.execute("BEGIN")
        try:
            (position,) = connection.execute("SELECT position FROM tracking").fetchone()
            yield connection, int(position)
        finally:
            connection.execute("ROLLBACK")

    def _connection(self) -> sqlite3.Connection:
        known: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if known is None:
            if not self._path.is_file():
                raise Unavailable("The search view is not there yet; is the projector running?")
            known = sqlite3.connect(
                f"{self._path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None,
                timeout=10, check_same_thread=False,
            )  # fmt: skip
            known.execute("PRAGMA cache_size=-32768")
            self._local.connection = known
        return known


_Arm = tuple[str, list[Any]]
"""FROM … WHERE …, and the values of its marks."""


class _Select:
    """The rows a query selects at a position, in the ways they are asked for."""

    def __init__(self, query: SearchQuery, at: int, *, current: bool) -> None:
        self._query, self._at, self._current = query, at, current
        self._match = query.match()
        unseen = "u.valid_to IS NULL" if current else (
            f"u.position<={at:d} AND (u.valid_to IS NULL OR u.valid_to>{at:d})"
        )  # fmt: skip
        self._conditions, self._values = query.where(unseen)

    def arms(self, *, walk: bool, every: bool = False) -> list[_Arm]:
        """The parts, each (FROM … WHERE …, values), that together are the selected rows.

        `walk`: the table in order of position, no index; `every`: versions of all times. The
        past is in two parts, what is still current and what was closed since: each has its
        own partial indexes.
        """
        at = self._at
        if self._match is not None:
            held = self._held if not every else "1"
            source = "texts t JOIN specimens s ON s.position=t.rowid"
            return [self._arm(source, "texts MATCH ?", held, values=[self._match])]
        if every:
            return [self._arm("specimens s NOT INDEXED", "1")]
        if walk or self._current:
            return [self._arm("specimens s" + (" NOT INDEXED" if walk else ""), self._held)]
        return [
            self._arm("specimens s", "s.valid_to IS NULL", f"s.position<={at:d}"),
            self._arm("specimens s", f"s.valid_to>{at:d}", f"s.position<={at:d}"),
        ]

    @property
    def _held(self) -> str:
        """The condition by which a row holds at the position asked for."""
        if self._current:
            return "s.valid_to IS NULL"
        return f"s.position<={self._at:d} AND (s.valid_to IS NULL OR s.valid_to>{self._at:d})"

    @property
    def _place(self) -> str:
        return "t.rowid" if self._match is not None else "s.position"

    def _arm(self, source: str, *held: str, values: Sequence[Any] = ()) -> _Arm:
        where = " AND ".join([*held, *self._conditions])
        return f"FROM {source} WHERE {where}", [*values, *self._values]

    def page(
        self, connection: sqlite3.Connection, after: Cursor | None, limit: int, *, few: bool
    ) -> list[tuple[int, str]]:
        """(position, name) of the next rows in the order of the query."""
        by_name = self._query.sort == "name"
        newest = self._query.sort == "newest"
        arms = self.arms(walk=not few and not by_name)
        if after is not None:
            beyond = f" AND {self._place}{'<' if newest else '>'}?"
            more: list[Any] = [after.position]
            if by_name:
                beyond, more = " AND (s.name, s.position)>(?, ?)", [after.name, after.position]
            arms = [(rows + beyond, [*values, *more]) for rows, values in arms]
        order = "named, position" if by_name else "position DESC" if newest else "position"
        found = _ordered(
            connection, f"{self._place} AS position, s.name AS named", arms, order, limit
        )
        return [(int(position), str(name)) for position, name in found]

    def count(self, connection: sqlite3.Connection, cap: int) -> tuple[int, bool]:
        """(number of selected rows, whether that is all): counting stops at the cap."""
        found = 0
        for rows, values in self.arms(walk=False):
            found += connection.execute(
                f"SELECT count(*) FROM (SELECT 1 {rows} LIMIT ?)", [*values, cap + 1 - found]
            ).fetchone()[0]
        return min(found, cap), found <= cap

    def grouped(self, connection: sqlite3.Connection, table: str) -> list[tuple[Any, int]]:
        """(value of the column, number of rows), all rows counted."""
        return [
            (key, number)
            for rows, values in self.arms(walk=False)
            for key, number in connection.execute(
                f"SELECT s.{table}, count(*) {rows} GROUP BY s.{table}", values
            )
        ]

    def sampled(
        self, connection: sqlite3.Connection, tables: Sequence[str], cap: int, *, few: bool
    ) -> dict[str, list[tuple[Any, int]]]:
        """As `grouped` for several columns at once, over the newest rows up to the cap."""
        columns = ", ".join(f"s.{table}" for table in tables)
        arms = self.arms(walk=not few)
        chosen = _ordered(
            connection, f"{self._place} AS position, {columns}", arms, "position DESC", cap
        )
        found = list(zip(*chosen, strict=True))[1:] if chosen else [()] * len(tables)
        return {
            table: list(Counter(column).items())
            for table, column in zip(tables, found, strict=True)
        }

    def spans(
        self, connection: sqlite3.Connection, table: str, ends: Sequence[int]
    ) -> list[tuple[Any, int, int, int]]:
        """(value, index of the first end that sees the rows, index of the first that no longer
        does, number of rows)."""
        ((rows, values),) = self.arms(walk=True, every=True)
        begin = "+".join(f"(s.position>{end:d})" for end in ends) or "0"
        later = "+".join(f"(s.valid_to>{end:d})" for end in ends) or "0"
        close = f"CASE WHEN s.valid_to IS NULL THEN {len(ends)} ELSE {later} END"
        return connection.execute(
            f"SELECT s.{table}, {begin} AS b, {close} AS e, count(*) {rows} GROUP BY 1, 2, 3",
            values,
        ).fetchall()


def _ordered(
    connection: sqlite3.Connection, columns: str, arms: Sequence[_Arm], order: str, limit: int
) -> list[Any]:
    """The first rows of all parts together."""
    sql = " UNION ALL ".join(f"SELECT {columns} {rows}" for rows, _ in arms)
    values = [value for _, more in arms for value in more]
    return connection.execute(f"{sql} ORDER BY {order} LIMIT ?", [*values, limit]).fetchall()


_HIT = """SELECT s.pid, s.version, s.position, s.name, s.physical_id, s.locality, s.collector,
  s.collected, s.latitude, s.longitude, p.country, p.country_name, x.family, k.discipline,
  k.type_status, k.has_media, k.mids, k.mids_missing, h.organisation, h.organisation_name,
  h.licence,
  (SELECT u.harvest FROM unseen u WHERE u.pid=s.pid AND u.position<={at}
     AND (u.valid_to IS NULL OR u.valid_to>{at}) LIMIT 1)
FROM specimens s JOIN taxon x ON x.id=s.taxon JOIN holding h ON h.id=s.holding
  JOIN kind k ON k.id=s.kind JOIN place p ON p.id=s.place
WHERE s.position IN ({marks})"""


def _hits(connection: sqlite3.Connection, positions: Sequence[int], at: int) -> list[Hit]:
    """The lines of these rows, in this order."""
    sql = _HIT.format(at=int(at), marks=",".join("?" * len(positions)))
    found: dict[int, Hit] = {}
    for row in connection.execute(sql, positions):
        values = list(row)
        values[15] = bool(values[15])
        values[17] = tuple(values[17].split("|")) if values[17] else ()
        found[row[2]] = Hit(*values)
    return [found[position] for position in positions]


assert set(DIMENSIONS) == {"taxon", "holding", "kind", "place"}, "the joins above name them"
