"""The rows that a query selects at an instant, as SQL, in the ways in which they are asked for.

How a question is run depends on how much it selects: few rows are fetched through an index and
sorted; of many, the newest are found by walking the table backwards. The past is in two parts,
what is still current and what was closed since: each has its own partial indexes and its own
full text, so that a question about now never meets what is past.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from eventstore.instant import Instant
from handlers.projections.search.cursor import Cursor
from handlers.projections.search.query import SearchQuery
from handlers.projections.search.rows import DIMENSIONS, PAST_BITS, past_name

_SECTION = 20_000
"""Rows fetched at once while they are counted."""


class Arm(NamedTuple):
    """One part of the selected rows."""

    place: str
    """The expression of the row's position."""
    rows: str
    """FROM … WHERE …"""
    values: list[Any]
    closed: bool = False
    """Whether its rows are closed ones."""


def held(row: str, at: Instant) -> str:
    """The condition by which a row of versions holds at an instant (decision 0003): it was known
    and observed by then, and the event that ended it was not."""
    ended = f"{row}.valid_to IS NULL OR {row}.valid_to>{at.position:d}"
    if at.observed is None:
        return f"{row}.position<={at.position:d} AND ({ended})"
    return (
        f"{row}.position<={at.position:d} AND {row}.observed_at<={at.observed:d} "
        f"AND ({ended} OR {row}.observed_to>{at.observed:d})"
    )


class Selection:
    """The rows a query selects at an instant; `current`: at the head of the view; `joined`: words
    count only with their rows, because there are some without."""

    def __init__(
        self, query: SearchQuery, at: Instant, *, current: bool, joined: bool = False
    ) -> None:
        self._query, self._at, self._current, self._joined = query, at, current, joined
        self._match = query.match()
        self._conditions, self._values = query.where(
            "u.valid_to IS NULL" if current else held("u", at)
        )

    def page(
        self, connection: sqlite3.Connection, after: Cursor | None, limit: int, *, few: bool
    ) -> list[tuple[int, str]]:
        """(position, name) of the next rows in the order of the query."""
        by_name = self._query.sort == "name"
        newest = self._query.sort == "newest"
        arms = self._arms(walk=not few and not by_name, bare=not by_name)
        if after is not None:
            arms = [self._beyond(arm, after) for arm in arms]
        order = "named, position" if by_name else "position DESC" if newest else "position"
        named = "s.name AS named" if by_name else "'' AS named"
        found = _ordered(connection, named, arms, order, limit)
        return [(int(position), str(name)) for position, name in found]

    def _beyond(self, arm: Arm, after: Cursor) -> Arm:
        if self._query.sort == "name":
            beyond, more = " AND (s.name, s.position)>(?, ?)", [after.name, after.position]
        else:
            sign = "<" if self._query.sort == "newest" else ">"
            beyond, more = f" AND {arm.place}{sign}?", [after.position]
        return Arm(arm.place, arm.rows + beyond, [*arm.values, *more])

    def few(self, connection: sqlite3.Connection, most: int) -> list[int] | None:
        """The positions of all selected rows in the order of the query, where a range selects
        them and they are not more than `most`: one pass both counts and finds them."""
        if not self._query.ranged or self._query.sort == "name":
            return None
        found: list[int] = []
        for place, rows, values, _ in self._arms():
            found += [
                row[0]
                for row in connection.execute(
                    f"SELECT {place} {rows} LIMIT ?", [*values, most + 1 - len(found)]
                )
            ]
            if len(found) > most:
                return None
        return sorted(found, reverse=self._query.sort == "newest")

    def count(self, connection: sqlite3.Connection, cap: int) -> tuple[int, bool]:
        """(number of selected rows, whether that is all): counting stops at the cap."""
        found = 0
        for _, rows, values, _ in self._arms(bare=True):
            found += connection.execute(
                f"SELECT count(*) FROM (SELECT 1 {rows} LIMIT ?)", [*values, cap + 1 - found]
            ).fetchone()[0]
        return min(found, cap), found <= cap

    def grouped(
        self, connection: sqlite3.Connection, tables: Sequence[str]
    ) -> dict[str, list[tuple[Any, int]]]:
        """Column → (its value, number of rows), all rows counted: by words or conditions in one
        pass, else each column in the order of an index of its own."""
        counts: dict[str, Counter[Any]] = {table: Counter() for table in tables}
        for arm in self._arms():
            if self._match is not None or (arm.closed and self._conditions):
                found = connection.execute(f"SELECT {_columns(tables)} {arm.rows}", arm.values)
                _add(counts, found)
                continue
            for table, counter in counts.items():
                if arm.closed and table in DIMENSIONS:  # what had ended by then is not met
                    one = f"SELECT count(*) {arm.rows} AND s.{table}=d.id"
                    sql = f"SELECT id, ({one}) FROM {table} d"
                else:
                    sql = f"SELECT s.{table}, count(*) {arm.rows} GROUP BY s.{table}"
                counter.update(dict(connection.execute(sql, arm.values)))
        return {
            table: [(value, n) for value, n in counter.items() if n]
            for table, counter in counts.items()
        }

    def sampled(
        self, connection: sqlite3.Connection, tables: Sequence[str], cap: int, *, few: bool
    ) -> dict[str, list[tuple[Any, int]]]:
        """As `grouped`, over the newest rows up to the cap."""
        arms = self._arms(walk=not few)
        chosen = _ordered(connection, _columns(tables), arms, "position DESC", cap)
        found = list(zip(*chosen, strict=True))[1:] if chosen else [()] * len(tables)
        return {
            table: list(Counter(column).items())
            for table, column in zip(tables, found, strict=True)
        }

    def steps(
        self, connection: sqlite3.Connection, table: str, ends: Sequence[int]
    ) -> dict[Any, dict[int, int]]:
        """Value → index of an end → by how much the number of rows differs from the end before,
        of the versions of all times within the bound by observed time. One pass, whatever the
        number of ends."""
        close = "s.valid_to"
        if self._at.observed is not None:
            close = f"CASE WHEN s.observed_to<={self._at.observed:d} THEN s.valid_to END"
        found: dict[Any, dict[int, int]] = {}
        for _, rows, values, _ in self._arms_of_all_times():
            for value, begin, end in connection.execute(
                f"SELECT s.{table}, s.position, {close} {rows}", values
            ):
                steps = found.setdefault(value, {})
                at = bisect_left(ends, begin)
                steps[at] = steps.get(at, 0) + 1
                if end is not None:
                    at = bisect_left(ends, end)
                    steps[at] = steps.get(at, 0) - 1
        return found

    # ── parts ────────────────────────────────────────────────────────────────────────────

    def _arms(self, *, walk: bool = False, bare: bool = False) -> list[Arm]:
        """The parts that together are the selected rows. `walk`: the table in order of position,
        no index; `bare`: no column but the position is wanted."""
        if self._match is not None:
            return self._text_arms(bare=bare and not (self._conditions or self._joined))
        if walk:
            row = "s.valid_to IS NULL" if self._current else held("s", self._at)
            return [self._arm("specimens s NOT INDEXED", row, place="s.position")]
        return [
            self._arm(f"specimens s{_by(state, index)}", *row, *more, values=values)._replace(
                closed=state == "past"
            )
            for state, *row in self._states()
            for index, more, values in self._query.cases()
        ]

    def _states(self) -> list[tuple[str, ...]]:
        """(current or past, conditions of time …) of each part; `+` keeps a condition from
        choosing the index, where another serves better."""
        if self._current:
            return [("current", "s.valid_to IS NULL")]
        at, known = self._at, f"+s.position<={self._at.position:d}"
        if at.observed is not None:
            heard = f"s.observed_at<={at.observed:d}"
            return [
                ("current", "s.valid_to IS NULL", known, heard),
                ("past", "s.valid_to IS NOT NULL", held("s", at)),
            ]
        ends = [f"s.valid_to>{at.position:d}"]
        if self._query.ranged:
            ends = ["s.valid_to IS NOT NULL", f"+{ends[0]}"]
        return [("current", "s.valid_to IS NULL", known), ("past", *ends, known)]

    def _text_arms(self, *, bare: bool) -> list[Arm]:
        """Words: in the text of what is current, and in that of what was closed since."""
        if self._current:
            return [self._words(_NOW, bare)]
        at = self._at
        if at.observed is not None:
            row = held("s", at)
            return [self._words(_NOW, False, row), self._words(_PAST, False, row)]
        return [
            self._words(_NOW, bare, f"t.rowid<={at.position:d}"),
            self._words(
                _PAST, bare, f"t.rowid>={past_name(0, at.position + 1):d}",
                f"{_PAST.place}<={at.position:d}",
            ),
        ]  # fmt: skip

    def _arms_of_all_times(self) -> list[Arm]:
        heard = "1" if self._at.observed is None else f"s.observed_at<={self._at.observed:d}"
        if self._match is None:
            return [self._arm("specimens s NOT INDEXED", heard)]
        return [self._words(_NOW, False, heard), self._words(_PAST, False, heard)]

    def _words(self, texts: _Texts, bare: bool, *row: str) -> Arm:
        source = f"{texts.table} t"
        if not bare:
            source += f" CROSS JOIN specimens s ON s.position={texts.place}"
        arm = self._arm(source, f"{texts.table} MATCH ?", *row)
        return Arm(texts.place, arm.rows, [self._match, *arm.values])

    def _arm(
        self, source: str, *row: str, values: Sequence[Any] = (), place: str = "+s.position"
    ) -> Arm:
        where = " AND ".join([*row, *self._conditions])
        return Arm(place, f"FROM {source} WHERE {where}", [*values, *self._values])


class _Texts(NamedTuple):
    """A full-text table, and the position of the row that an entry names."""

    table: str
    place: str


_NOW = _Texts("texts", "t.rowid")
_PAST = _Texts("past_texts", f"(t.rowid & {(1 << PAST_BITS) - 1})")


def _by(state: str, index: str) -> str:
    return f" INDEXED BY {state}_{index}" if index else ""


def _columns(tables: Sequence[str]) -> str:
    return ", ".join(f"s.{table}" for table in tables)


def _add(counts: dict[str, Counter[Any]], cursor: sqlite3.Cursor) -> None:
    """Count each column of the rows."""
    while rows := cursor.fetchmany(_SECTION):
        for counter, column in zip(counts.values(), zip(*rows, strict=True), strict=True):
            counter.update(column)


def _ordered(
    connection: sqlite3.Connection, columns: str, arms: Sequence[Arm], order: str, limit: int
) -> list[Any]:
    """The first rows of all parts together; their position first."""
    sql = " UNION ALL ".join(
        f"SELECT {arm.place} AS position, {columns} {arm.rows}" for arm in arms
    )
    values = [value for arm in arms for value in arm.values]
    return connection.execute(f"{sql} ORDER BY {order} LIMIT ?", [*values, limit]).fetchall()
