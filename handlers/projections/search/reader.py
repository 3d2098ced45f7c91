"""Reading the search view: pages of hits, facets, counts and their history.

Any process may read, while the view grows and when a rebuilt one takes its place. What a query
selects, and how it is fetched, is in `selection.py`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from eventstore.follower import SqlReader
from eventstore.instant import Instant
from handlers.projections.search.cursor import Cursor
from handlers.projections.search.facets import Buckets, Tally
from handlers.projections.search.profiles import Profile, profiles
from handlers.projections.search.query import FACETS, InvalidQuery, SearchQuery, columns_of
from handlers.projections.search.rows import DIMENSIONS
from handlers.projections.search.selection import Selection, held

COUNT_CAP = 100_000
"""Beyond so many selected rows, totals say "more than" and facets count the newest ones."""

LIMIT_CAP = 1_000
"""The most hits a page may hold."""

_REST = 20
"""Numbers of datasets are taken anew in at most 1/20 of the time."""

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
    observed: int | None = None
    """Only what was observed by this time (microseconds) is shown; None: no bound."""


@dataclass(frozen=True, slots=True)
class Facets:
    """Facet → its values by falling count. Complete unless more rows were selected than
    `counted`; then the newest were counted."""

    counts: dict[str, Buckets]
    counted: int
    complete: bool
    as_of: int
    observed: int | None = None


class Search:
    """The search view of a repository, for reading; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._view = SqlReader(path, "search")
        self._counting = Lock()
        self._profiles: tuple[int, float, dict[str, Profile]] = (-1, 0.0, {})

    def position(self) -> int:
        """The last position of the log that is in the view."""
        return self._view.position()

    def spent(self) -> bool:
        """Whether words are left in the full text that were erased (see `SearchIndex.spent`)."""
        with self._view.reading() as (connection, _):
            return connection.execute("SELECT 1 FROM erased").fetchone() is not None

    def find(
        self,
        query: SearchQuery,
        cursor: str | None = None,
        limit: int = 50,
        as_of: int | None = None,
        observed: int | None = None,
    ) -> Page:
        """One page of the specimens that a query selects: current, as of a position, or as of
        what had been observed by a time (microseconds), or both."""
        limit = max(1, min(limit, LIMIT_CAP))
        after = Cursor.read(cursor, query) if cursor else None
        with self._view.reading() as (connection, position):
            at = Instant(after.as_of, after.observed) if after else _by(as_of, observed, position)
            if at.position > position:
                raise InvalidQuery("cursor", "The cursor is ahead of the view; begin again.")
            select = _selection(connection, query, at, position)
            total, exact, keys = _page(connection, select, after, limit + 1)
            hits = _hits(connection, [key[0] for key in keys[:limit]], at)
        following = None
        if len(keys) > limit:
            last = keys[limit - 1]
            place = Cursor(at.position, at.observed, total, exact, last[1], last[0])
            following = place.token(query)
        return Page(hits, total, exact, following, at.position, at.observed)

    def facets(
        self,
        query: SearchQuery,
        names: Sequence[str] = FACETS,
        *,
        size: int = 50,
        cap: int | None = COUNT_CAP,
        as_of: int | None = None,
        observed: int | None = None,
    ) -> Facets:
        """The values of each facet among the selected specimens, at most `size` of each.

        Without a cap everything is counted, however long it takes.
        """
        with self._view.reading() as (connection, position):
            at = _by(as_of, observed, position)
            select = _selection(connection, query, at, position)
            tables = list(columns_of(names))
            if query.empty or cap is None:
                groups = select.grouped(connection, tables)
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
        counts = {name: found[name] for name in names}
        return Facets(counts, counted, complete, at.position, at.observed)

    def counts(
        self,
        facet: str,
        query: SearchQuery | None = None,
        as_of: int | None = None,
        observed: int | None = None,
    ) -> Buckets:
        """All values of one facet with exact counts: the statistics of the repository."""
        found = self.facets(
            query or SearchQuery(), (facet,), size=1_000_000, cap=None, as_of=as_of,
            observed=observed,
        )  # fmt: skip
        return found.counts[facet]

    def series(
        self,
        facet: str,
        positions: Sequence[int],
        query: SearchQuery | None = None,
        observed: int | None = None,
    ) -> dict[str, list[int]]:
        """Facet value → its exact count at each of these positions, of what was observed by a
        time; from one pass. What is beyond `position()` is not counted: ask for no later one."""
        ends = sorted(set(positions))
        (table,) = columns_of((facet,))
        with self._view.reading() as (connection, head):
            select = Selection(query or SearchQuery(), Instant(head, observed), current=True)
            steps = select.steps(connection, table, ends)
            found = Tally(connection).series(facet, table, steps, len(ends))
        places = [ends.index(position) for position in positions]
        return {value: [row[i] for i in places] for value, row in found.items()}

    def profiles(self) -> dict[str, Profile]:
        """What each dataset holds, by the IRI of its source system.

        That is one pass over everything that is current, so the answer is kept: until the view
        moves on, and then as long as passes would take more than a twentieth of the time.
        """
        with self._counting, self._view.reading() as (connection, current):
            position, rest_until, found = self._profiles
            began = time.monotonic()
            if current != position and began >= rest_until:
                found = profiles(connection)
                ended = time.monotonic()
                self._profiles = (current, ended + _REST * (ended - began), found)
        return found

    def close(self) -> None:
        """Close this thread's connection."""
        self._view.close()


_HIT = """SELECT s.pid, s.version, s.position, s.name, s.physical_id, s.locality, s.collector,
  s.collected, s.latitude, s.longitude, p.country, p.country_name, x.family, k.discipline,
  k.type_status, k.has_media, k.mids, k.mids_missing, h.organisation, h.organisation_name,
  h.licence,
  (SELECT u.harvest FROM unseen u WHERE u.pid=s.pid AND {held} LIMIT 1)
FROM specimens s JOIN taxon x ON x.id=s.taxon JOIN holding h ON h.id=s.holding
  JOIN kind k ON k.id=s.kind JOIN place p ON p.id=s.place
WHERE s.position IN ({marks})"""


def _selection(
    connection: sqlite3.Connection, query: SearchQuery, at: Instant, head: int
) -> Selection:
    joined = connection.execute("SELECT 1 FROM erased").fetchone() is not None
    return Selection(query, at, current=at == Instant(head), joined=joined)


def _page(
    connection: sqlite3.Connection, select: Selection, after: Cursor | None, limit: int
) -> tuple[int, bool, list[tuple[int, str]]]:
    """(total, whether it is exact, position and name of the rows of a page)."""
    if after is None:
        all_of_few = select.few(connection, _FEW)
        if all_of_few is not None:
            return len(all_of_few), True, [(position, "") for position in all_of_few[:limit]]
        total, exact = select.count(connection, COUNT_CAP)
    else:
        total, exact = after.total, after.exact
    return total, exact, select.page(connection, after, limit, few=exact and total <= _FEW)


def _by(as_of: int | None, observed: int | None, head: int) -> Instant:
    """The instant asked for; never beyond what is in the view."""
    return Instant(head if as_of is None else min(as_of, head), observed)


def _hits(connection: sqlite3.Connection, positions: Sequence[int], at: Instant) -> list[Hit]:
    """The lines of these rows, in this order."""
    sql = _HIT.format(held=held("u", at), marks=",".join("?" * len(positions)))
    found: dict[int, Hit] = {}
    for row in connection.execute(sql, positions):
        values = list(row)
        values[15] = bool(values[15])
        values[17] = tuple(values[17].split("|")) if values[17] else ()
        found[row[2]] = Hit(*values)
    return [found[position] for position in positions]


assert set(DIMENSIONS) == {"taxon", "holding", "kind", "place"}, "the joins above name them"
