"""Reading the terms view: what changed, who changed most, and when values were held.

Of an object that is withheld now only the changes of its status are told, of a draft nothing,
whatever was public before (decision 0013).
"""

from __future__ import annotations

import sqlite3
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

from eventstore.follower import SqlReader
from fdo.errors import Unavailable
from handlers.projections.terms.answers import Busy, Changed, Holding, Span, TermCount, Wanted
from handlers.projections.terms.compare import HELD, MIDS, STATUS, held_number
from handlers.projections.terms.naming import paths_of, short_name

LIMIT_CAP: Final = 1_000
"""The most rows of one page."""

PATIENCE_S: Final = 10.0
"""How long one question may read; a stranger may ask for all of history at once."""

By = Literal["agent", "day", "object", "source", "term", "type"]
Grouping = Literal["agent", "none", "source", "term", "type"]

_SHOWN = "(o.shown=0 OR (o.shown=1 AND t.path='ods:status'))"
_KEPT = "o.shown<>2"
_EVENTS = "FROM events e CROSS JOIN objects o ON o.object=e.object"
_CHANGES = (
    "FROM changes c CROSS JOIN terms t ON t.id=c.term CROSS JOIN events e ON e.position=c.position "
    "CROSS JOIN objects o ON o.object=e.object"
)
_ROW = (
    "SELECT c.position, c.ordinal, o.pid, o.type, e.version, t.path, c.fragment, c.old, c.new, "
    f"c.cut, e.recorded_at, e.observed_at, a.iri, a.name, s.pid {_CHANGES} "
    "CROSS JOIN agents a ON a.id=e.agent LEFT JOIN sources s ON s.id=e.source"
)


class TermsReader:
    """The reading side of the view; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._view = SqlReader(path, "terms")

    def position(self) -> int:
        """The last position of the log that is in the view."""
        return self._view.position()

    def close(self) -> None:
        """Close this thread's connection."""
        self._view.close()

    # ── what changed ─────────────────────────────────────────────────────────────────────

    def terms(self) -> list[TermCount]:
        """Every term that changed, the most changed first."""
        with self._asking() as connection:
            rows = connection.execute(
                f"SELECT t.path, count(*), max(c.position) {_CHANGES} WHERE {_SHOWN} "
                "GROUP BY c.term ORDER BY 2 DESC, 1"
            ).fetchall()
        return [TermCount(path, short_name(path), number, last) for path, number, last in rows]

    def changed(
        self,
        wanted: Wanted,
        since: int,
        until: int | None,
        *,
        after: tuple[int, int] | None = None,
        newest: bool = False,
        limit: int = 100,
    ) -> list[Changed]:
        """Changes behind position `since` up to `until`, in order; `after` is the (position,
        ordinal) of the last row of the page before. UnknownTerm for a term that cannot be."""
        with self._asking() as connection:
            where, values = self._where(connection, wanted, since, until)
            if after is not None:
                where += f" AND (c.position, c.ordinal){'<' if newest else '>'}(?, ?)"
                values += after
            way = " DESC" if newest else ""
            rows = connection.execute(
                f"{_ROW} WHERE {where} ORDER BY c.position{way}, c.ordinal{way} LIMIT ?",
                [*values, min(limit, LIMIT_CAP)],
            ).fetchall()
        return [Changed(*row) for row in rows]

    def positions_changing(self, term: str, since: int, until: int | None, limit: int) -> list[int]:
        """The events behind `since` that changed a term, in order; UnknownTerm as above."""
        with self._asking() as connection:
            where, values = self._where(connection, Wanted(term), since, until)
            rows = connection.execute(
                f"SELECT DISTINCT c.position {_CHANGES} WHERE {where} ORDER BY c.position LIMIT ?",
                [*values, limit],
            ).fetchall()
        return [int(position) for (position,) in rows]

    def changed_terms(self, positions: Iterable[int]) -> dict[int, list[str]]:
        """Event → the terms that it changed; events that changed none are left out."""
        wanted, found = sorted(set(positions)), dict[int, list[str]]()
        with self._asking() as connection:
            for start in range(0, len(wanted), 500):
                part = wanted[start : start + 500]
                for position, path in connection.execute(
                    f"SELECT DISTINCT c.position, t.path {_CHANGES} WHERE {_SHOWN} "
                    f"AND c.position IN ({','.join('?' * len(part))}) ORDER BY 1, 2",
                    part,
                ):
                    found.setdefault(position, []).append(path)
        return found

    def _where(
        self, connection: sqlite3.Connection, wanted: Wanted, since: int, until: int | None
    ) -> tuple[str, list[Any]]:
        parts, values = [_SHOWN, "c.position>?"], list[Any]([since])
        if until is not None:
            parts, values = [*parts, "c.position<=?"], [*values, until]
        if wanted.term is not None:
            numbers = self._numbers(connection, wanted.term)
            parts.append(f"c.term IN ({','.join(map(str, numbers))})")
        for condition, value in (
            ("c.old=?", wanted.old),
            ("c.new=?", wanted.new),
            ("o.type=?", wanted.type),
            ("e.source=(SELECT id FROM sources WHERE pid=?)", wanted.source),
            ("e.agent IN (SELECT id FROM agents WHERE ? IN (iri, name))", wanted.agent),
            ("e.observed_at<=?", wanted.observed),
        ):
            if value is not None:
                parts.append(condition)
                values.append(value)
        return " AND ".join(parts), values

    def _numbers(self, connection: sqlite3.Connection, term: str) -> list[int]:
        known = {path: n for n, path in connection.execute("SELECT id, path FROM terms")}
        return [known[path] for path in paths_of(term, known) if path in known]

    # ── who changed most ─────────────────────────────────────────────────────────────────

    def busiest(
        self, by: By, since: int, until: int, *, observed: int | None = None, limit: int = 20
    ) -> list[Busy]:
        """Agents, objects, sources, terms, types or days by falling number of changes.

        A change is a version after the first; by term, one changed value.
        """
        value, label, join = _BY[by]
        rows, shown = (_CHANGES, _SHOWN) if by == "term" else (_EVENTS, _KEPT)
        with self._asking() as connection:
            found = connection.execute(
                f"SELECT {value}, {label}, count(*), count(DISTINCT e.object), max(e.position) "
                f"{rows} {join} WHERE {shown} AND e.position>?1 AND e.position<=?2 "
                "AND (?3 IS NULL OR e.observed_at<=?3) GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT ?4",
                (since, until, observed, min(limit, LIMIT_CAP)),
            ).fetchall()
        named = [Busy(str(row[0]), str(row[1]), *row[2:]) for row in found]
        if by != "term":
            return named
        return [Busy(b.value, short_name(b.value), b.changes, b.objects, b.last) for b in named]

    def tallies(
        self, by: Grouping, since: int, ends: Sequence[int], observed: int | None = None
    ) -> dict[tuple[str, str], list[int]]:
        """(value, label) → number of changes between `since`, and each of the rising ends, of what
        was observed by a time."""
        value, label, join = ("'all'", "'all'", "") if by == "none" else _BY[by]
        rows, shown = (_CHANGES, _SHOWN) if by == "term" else (_EVENTS, _KEPT)
        found: dict[tuple[str, str], list[int]] = {}
        with self._asking() as connection:
            for place, (low, high) in enumerate(zip([since, *ends], ends, strict=False)):
                for said, name, number in connection.execute(
                    f"SELECT {value}, {label}, count(*) {rows} {join} WHERE {shown} "
                    "AND e.position>?1 AND e.position<=?2 "
                    "AND (?3 IS NULL OR e.observed_at<=?3) GROUP BY 1",
                    (low, high, observed),
                ):
                    name = short_name(str(said)) if by == "term" else str(name)
                    found.setdefault((str(said), name), [0] * len(ends))[place] += number
        return found

    # ── when values were held ────────────────────────────────────────────────────────────

    def held(
        self,
        path: str,
        value: str,
        at: int,
        *,
        observed: int | None = None,
        object: int | None = None,
    ) -> Holding:
        """When a value of a term (a path of `HELD`) was held, as was known at a position, of what
        the sources had said by `observed`: by all objects, or by one (named by the position of
        its first event)."""
        with self._asking() as connection:
            objects, first, last, now = connection.execute(
                "SELECT count(DISTINCT s.object), min(s.begin), "
                f"max(CASE WHEN {_ENDED} THEN s.upto END), "
                f"count(DISTINCT CASE WHEN {_ENDED} THEN NULL ELSE s.object END) {_SPANS}",
                (held_number(path), value, at, observed, object),
            ).fetchone()
        return Holding(objects, now, first, None if now or not objects else last)

    def spans(
        self,
        path: str,
        value: str,
        at: int,
        *,
        observed: int | None = None,
        object: int | None = None,
        after: tuple[int, int] = (0, 0),
        limit: int = 100,
    ) -> list[Span]:
        """Which objects held a value, in order of their age; `after` is the (object, begin) of
        the last row of the page before."""
        with self._asking() as connection:
            rows = connection.execute(
                f"SELECT s.object, o.pid, o.type, s.begin, CASE WHEN {_ENDED} THEN s.upto END "
                f"{_SPANS} AND (s.object, s.begin)>(?6, ?7) ORDER BY s.object, s.begin LIMIT ?8",
                (held_number(path), value, at, observed, object, *after, min(limit, LIMIT_CAP)),
            ).fetchall()
        return [Span(*row) for row in rows]

    def values(self, path: str, limit: int = 5_000) -> list[str]:
        """Values of a term that objects hold or held, for suggestions."""
        with self._asking() as connection:
            rows = connection.execute(
                "SELECT w.said FROM words w WHERE w.held=?1 AND EXISTS (SELECT 1 FROM spans s "
                "JOIN objects o ON o.object=s.object WHERE s.word=w.id AND o.shown=0) LIMIT ?2",
                (held_number(path), limit),
            ).fetchall()
        return [str(said) for (said,) in rows]

    def growth(
        self, path: str, kind: str, ends: Sequence[int], observed: int | None = None
    ) -> dict[str, list[int]]:
        """Value of a term → number of objects of a type that held it at each rising position, of
        what was observed by a time."""
        hidden = "1" if path == STATUS else "o.shown=0"
        steps: dict[str, list[int]] = {}
        with self._asking() as connection:
            for said, begin, upto in connection.execute(
                "SELECT w.said, s.begin, CASE WHEN ?3 IS NULL OR s.ended_at<=?3 THEN s.upto END "
                "FROM words w CROSS JOIN spans s ON s.word=w.id "
                "CROSS JOIN objects o ON o.object=s.object "
                f"WHERE w.held=?1 AND o.type=?2 AND (?3 IS NULL OR s.begun_at<=?3) AND {hidden}",
                (held_number(path), kind, observed),
            ):
                row = steps.setdefault(said, [0] * (len(ends) + 1))
                row[bisect_left(ends, begin)] += 1
                if upto is not None:
                    row[bisect_left(ends, upto)] -= 1
        return {said: _running(row[:-1]) for said, row in steps.items()}

    @contextmanager
    def _asking(self) -> Iterator[sqlite3.Connection]:
        """A connection for one question, which is stopped when it takes too long."""
        end = time.monotonic() + PATIENCE_S
        with self._view.reading() as (connection, _):
            connection.set_progress_handler(lambda: time.monotonic() > end, 100_000)
            try:
                yield connection
            except sqlite3.OperationalError as error:
                if str(error) != "interrupted":
                    raise
                raise Unavailable(
                    f"This takes longer than the {PATIENCE_S:g} seconds that a question across "
                    "time may take; narrow it with since and until, or ask for fewer points."
                ) from error
            finally:
                connection.set_progress_handler(None, 0)


_BY: dict[str, tuple[str, str, str]] = {
    "agent": ("a.iri", "a.name", "CROSS JOIN agents a ON a.id=e.agent"),
    "day": ("date(e.recorded_at/1000000, 'unixepoch')",) * 2 + ("",),
    "object": ("o.pid", "o.type", ""),
    "source": ("coalesce(s.pid, '')", "coalesce(s.pid, 'no source')",
               "LEFT JOIN sources s ON s.id=e.source"),
    "term": ("t.path", "t.path", ""),
    "type": ("o.type", "o.type", ""),
}  # fmt: skip
"""What to group by → value, label, and the table that they come from."""

_SPANS = (
    "FROM words w CROSS JOIN spans s ON s.word=w.id CROSS JOIN objects o ON o.object=s.object "
    "WHERE w.held=?1 AND w.said=?2 AND o.shown=0 AND s.begin<=?3 "
    "AND (?4 IS NULL OR s.begun_at<=?4) AND (?5 IS NULL OR s.object=?5)"
)
_ENDED = "coalesce(s.upto<=?3 AND (?4 IS NULL OR s.ended_at<=?4), 0)"
"""As of position ?3 and of what was observed by ?4: the event that begins or ends a span counts
if it lies within both bounds, as for the rows of search (decision 0038)."""

assert {MIDS, STATUS} <= set(HELD.values()), "the pseudo-terms are held too"


def _running(steps: Sequence[int]) -> list[int]:
    total, found = 0, []
    for step in steps:
        total += step
        found.append(total)
    return found
