"""The pages of the event streams: which versions stand on which page, for ever.

A stream is everything (`all`), one type of object (`type/specimen`) or one dataset
(`dataset/{PID of its source system}`). Its members are the events that made a version of which
anything is public, and erasures; they are numbered in the order of the log, and `PAGE` of them
make a page. A page that is full never changes again, whatever comes, so it may be cached for
ever (LDES server primer: immutable pages); sparse streams have no empty pages.

`Members` follows the log and writes, `MembersReader` reads, from any process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import pack, unpack

from eventstore.envelope import Recorded
from eventstore.follower import SqlReader, SqlView
from eventstore.log import Log
from fdo.errors import NotFound
from fdo.lifecycle import Status

VERSION = 1
"""Raise when the schema or the rule of membership changes: the view is then filled again."""

PAGE = 250
"""Members a page. A released number stays: addresses of full pages mean the same for ever."""

SCHEMA = (
    "CREATE TABLE pages (stream TEXT NOT NULL, page INTEGER NOT NULL, members INTEGER NOT NULL, "
    "first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, positions BLOB NOT NULL, "
    "PRIMARY KEY (stream, page)) WITHOUT ROWID",
)
_ROW = "stream, page, members, first_at, last_at, positions"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a stream: its members by position, and when the first and last of them were
    recorded (microseconds)."""

    stream: str
    number: int
    first_at: int
    last_at: int
    positions: tuple[int, ...]

    @property
    def full(self) -> bool:
        """Whether the page is closed for ever."""
        return len(self.positions) == PAGE


@dataclass(frozen=True, slots=True)
class Span:
    """When the first and the last member of some following pages were recorded."""

    first_at: int
    last_at: int


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a stream reaches: full pages and members after the last of them."""

    stream: str
    full_pages: int
    rest: int

    @property
    def members(self) -> int:
        """How many members the stream has."""
        return self.full_pages * PAGE + self.rest


class Members(SqlView):
    """The pages of all streams; rebuildable."""

    name = "members"
    schema = SCHEMA
    version = VERSION

    def enter(self, events: Sequence[Recorded], log: Log) -> None:
        """See `SqlView.enter`."""
        arrived: dict[str, list[Recorded]] = {}
        for event in filter(is_member, events):
            for stream in streams_of(event, log):
                arrived.setdefault(stream, []).append(event)
        with self.transaction(events[-1].position) as tx:
            for stream, members in arrived.items():
                _extend(tx, stream, members)


def is_member(event: Recorded) -> bool:
    """Whether the event stands in the streams: it made a version that is no draft, or it
    erased one, so that those who keep a copy hear of it."""
    lasting = not event.operational or event.what == "Erased"
    return lasting and event.status is not Status.DRAFT


def streams_of(event: Recorded, log: Log) -> list[str]:
    """The streams in which a member stands."""
    found = ["all", f"type/{event.type}"]
    if event.type == "source-system":
        source: str | None = event.pid_text
    else:  # an event by a curator does not name it
        source = event.source or log.source_of(event.pid, event.position)
    return found if source is None else [*found, f"dataset/{source}"]


def _extend(tx: sqlite3.Connection, stream: str, members: Sequence[Recorded]) -> None:
    """Put members behind the last one of a stream, opening pages as they fill."""
    row = tx.execute(
        f"SELECT {_ROW} FROM pages WHERE stream=? ORDER BY page DESC LIMIT 1", (stream,)
    ).fetchone()
    last = _page(row) if row else Page(stream, 0, 0, 0, ())
    number, rest = (last.number + 1, ()) if last.full else (last.number, last.positions)
    first_at, kept = last.first_at, list(rest)
    for event in members:
        first_at = first_at if kept else event.recorded_at
        kept.append(event.position)
        if len(kept) == PAGE or event is members[-1]:
            blob = pack(f">{len(kept)}q", *kept)
            tx.execute(
                "INSERT OR REPLACE INTO pages VALUES (?,?,?,?,?,?)",
                (stream, number, len(kept), first_at, event.recorded_at, blob),
            )
        if len(kept) == PAGE:
            number, kept = number + 1, []


def _page(row: sqlite3.Row | tuple[str, int, int, int, int, bytes]) -> Page:
    stream, page, members, first_at, last_at, blob = row
    return Page(stream, page, first_at, last_at, unpack(f">{members}q", blob))


class MembersReader:
    """The reading side of the view; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._view = SqlReader(path, "members")

    def extents(self) -> list[Extent]:
        """Every stream that has a member, in order of name."""
        with self._view.reading() as (connection, _):
            rows = connection.execute(
                "SELECT stream, max(page), members FROM pages GROUP BY stream ORDER BY stream"
            ).fetchall()
        return [_extent(*row) for row in rows]

    def extent(self, stream: str) -> Extent:
        """How far one stream reaches; empty for a stream without members."""
        with self._view.reading() as (connection, _):
            row = connection.execute(
                "SELECT stream, page, members FROM pages WHERE stream=? ORDER BY page DESC LIMIT 1",
                (stream,),
            ).fetchone()
        return _extent(*row) if row else Extent(stream, 0, 0)

    def page(self, stream: str, number: int) -> Page:
        """One page; NotFound where the stream does not reach that far."""
        with self._view.reading() as (connection, _):
            row = connection.execute(
                f"SELECT {_ROW} FROM pages WHERE stream=? AND page=?", (stream, number)
            ).fetchone()
        if row is None:
            raise NotFound(
                f"The stream {stream} has no page {number}; its root /ldes/{stream} names those "
                "there are."
            )
        return _page(row)

    def page_at(self, stream: str, recorded_at: int) -> int | None:
        """The page on which a member recorded then would stand; None before the first."""
        with self._view.reading() as (connection, _):
            row = connection.execute(
                "SELECT page FROM pages WHERE stream=? AND first_at<=? ORDER BY page DESC LIMIT 1",
                (stream, recorded_at),
            ).fetchone()
        return None if row is None else int(row[0])

    def spans(self, stream: str, runs: Iterable[tuple[int, int]]) -> list[Span]:
        """For each run of pages (first, last) when its first and last member were recorded."""
        with self._view.reading() as (connection, _):
            return [
                Span(*connection.execute(
                    "SELECT (SELECT first_at FROM pages WHERE stream=?1 AND page=?2), "
                    "(SELECT last_at FROM pages WHERE stream=?1 AND page=?3)",
                    (stream, first, last),
                ).fetchone())
                for first, last in runs
            ]  # fmt: skip

    def position(self) -> int:
        """The last position of the log that is in the view."""
        return self._view.position()


def _extent(stream: str, page: int, members: int) -> Extent:
    return Extent(stream, page + 1, 0) if members == PAGE else Extent(stream, page, members)
