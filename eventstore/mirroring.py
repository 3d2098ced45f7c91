"""A log that is the copy of another one: taken section by section, and nothing of its own.

The mark is a row in the log itself, so that a backup of a mirror is a mirror. The cursor is the
head of the log: a section is recorded behind it in one transaction or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventstore.claims import is_erasure, release
from eventstore.codec import pack
from eventstore.recorder import Entry, Recorder
from eventstore.tables import refuse_on_mirror
from fdo.documents import Document, canonical
from fdo.errors import Refused, VersionConflict

if TYPE_CHECKING:
    from eventsourcing.sqlite import SQLiteCursor


@dataclass(frozen=True, slots=True)
class Origin:
    """What a mirror knows of its source."""

    source: str
    """Its public address."""
    head: int
    """The source's newest position when it was last heard."""
    heard_at: int
    """When that was, in microseconds since 1970; 0: never."""


@dataclass(frozen=True, slots=True)
class Section:
    """Events that were checked and follow the head of the mirror."""

    after: int
    """The head behind which they belong."""
    entries: Sequence[Entry]
    redacted: Mapping[int, Document | None]
    """Position → what an erasure among the events left of the document there; None where there
    is none, and only the source record goes."""
    head: int
    """The source's newest position."""


def origin(recorder: Recorder) -> Origin | None:
    """The source of which this log is the mirror; None for a log of its own."""
    rows = recorder.rows("SELECT source, head, heard_at FROM mirror")
    return Origin(*rows[0]) if rows else None


def refuse(recorder: Recorder) -> None:
    """Refused where this log is a mirror: before something is done that cannot be undone, as each
    event is refused in its own transaction in any case."""
    with recorder.datastore.get_connection(commit=False) as connection:
        refuse_on_mirror(connection.cursor())


def begin(recorder: Recorder, source: str, log_id: str) -> None:
    """Make this log the mirror of a source; an empty one takes the source's name. The caller
    has made sure that what is recorded here is the beginning of the source's log."""
    with recorder.datastore.transaction(commit=True) as c:
        c.execute("SELECT id, EXISTS (SELECT 1 FROM events) FROM log")
        name, begun = c.fetchone()
        if begun and name != log_id:
            raise Refused(
                f"This folder holds the log {name}, and {source} the log {log_id}: one cannot "
                "continue the other. Name an empty folder with --data."
            )
        c.execute("UPDATE log SET id=?", (log_id,))
        c.execute("DELETE FROM mirror")
        c.execute("INSERT INTO mirror VALUES (?, 0, 0)", (source,))


def detach(recorder: Recorder) -> Origin | None:
    """Let the log record events of its own again; what it was a mirror of, if it was one."""
    known = origin(recorder)
    with recorder.datastore.transaction(commit=True) as c:
        c.execute("DELETE FROM mirror")
    return known


def witness(recorder: Recorder, size: int, note: str, keys: Sequence[tuple[str, int]]) -> None:
    """Keep a checkpoint of the source that was held against this log, and the keys that sign."""
    with recorder.datastore.transaction(commit=True) as c:
        c.executemany("INSERT OR IGNORE INTO signers (vkey, since) VALUES (?,?)", keys)
        c.execute("INSERT OR IGNORE INTO checkpoints VALUES (?,?)", (size, note))


def take(recorder: Recorder, section: Section) -> None:
    """Record a section behind the head, in one transaction.

    VersionConflict: the head is no longer where the section begins (another process took it),
    or the mirroring ended; nothing was recorded.
    """
    with (
        recorder.erasing() if section.redacted else nullcontext(),
        recorder.datastore.transaction(commit=True) as c,
    ):
        c.execute("SELECT coalesce(max(position), 0), EXISTS (SELECT 1 FROM mirror) FROM events")
        head, mirrors = c.fetchone()
        if head != section.after or not mirrors:
            raise VersionConflict(
                f"The section behind event {section.after} does not fit: the log is at event "
                f"{head} now{'' if mirrors else ' and no mirror any more'}. Does another "
                "`collectome follow` work on this folder?"
            )
        for part in _parts(section.entries):
            recorder._insert_events(c, part)
            if is_erasure(part[-1].topic):
                _erase(c, part[-1], section.redacted)
        c.execute("UPDATE mirror SET head=?, heard_at=?", (section.head, recorder.clock()))


def _parts(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """The entries, cut behind each erasure: what that releases may be claimed by the next one."""
    start = 0
    for number, entry in enumerate(entries, 1):
        if number == len(entries) or is_erasure(entry.topic):
            yield entries[start:number]
            start = number


def _erase(c: SQLiteCursor, erasure: Entry, redacted: Mapping[int, Document | None]) -> None:
    """Carry out an erasure of the source, in the transaction that records it."""
    detail = erasure.meta["detail"]
    left = [(redacted[at], at) for at in (*detail["positions"], *detail.get("verbatims", ()))]
    c.executemany(
        "UPDATE events SET bytes=?, verbatim=NULL, salt=NULL WHERE position=?",
        [(None if document is None else pack(canonical(document)), at) for document, at in left],
    )
    release(c, [str(erasure.originator_id)])
