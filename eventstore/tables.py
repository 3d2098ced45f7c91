"""The tables of a log, and who may write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fdo.errors import Refused

if TYPE_CHECKING:
    from eventsourcing.sqlite import SQLiteCursor

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS log (
        id TEXT NOT NULL, format INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS events (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        object TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        version INTEGER NOT NULL,
        recorded_at INTEGER NOT NULL,
        observed_at INTEGER NOT NULL,
        topic TEXT NOT NULL,
        salt BLOB,
        leaf BLOB NOT NULL,
        meta BLOB NOT NULL,
        bytes BLOB,
        verbatim BLOB)""",
    "CREATE UNIQUE INDEX IF NOT EXISTS events_of_object ON events (object, sequence)",
    "CREATE INDEX IF NOT EXISTS events_by_time ON events (recorded_at, position)",
    """CREATE INDEX IF NOT EXISTS events_erasing ON events (position)
        WHERE topic LIKE '%Erased.v%'""",
    """CREATE TABLE IF NOT EXISTS heads (
        object TEXT PRIMARY KEY,
        type TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        version INTEGER NOT NULL,
        position INTEGER NOT NULL,
        observed_at INTEGER NOT NULL,
        status TEXT NOT NULL,
        issue INTEGER NOT NULL,
        source TEXT,
        fingerprint BLOB) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS heads_of_source ON heads (source, type, object)",
    """CREATE TABLE IF NOT EXISTS claims (
        key TEXT PRIMARY KEY, object TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS unseen (
        object TEXT PRIMARY KEY, source TEXT NOT NULL, harvest INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS mirror (
        source TEXT NOT NULL, head INTEGER NOT NULL, heard_at INTEGER NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS lacking (position INTEGER PRIMARY KEY)",
    """CREATE TABLE IF NOT EXISTS tiles (
        level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL,
        PRIMARY KEY (level, number))""",
    "CREATE TABLE IF NOT EXISTS runs (first INTEGER PRIMARY KEY, last INTEGER NOT NULL)",
    """CREATE TABLE IF NOT EXISTS checkpoints (
        size INTEGER PRIMARY KEY, note TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS signers (
        number INTEGER PRIMARY KEY, vkey TEXT NOT NULL UNIQUE, since INTEGER NOT NULL)""",
)
"""What makes a log: events, and what is known of them by object, claim and source. `mirror` has
a row where the log is the copy of another one, `lacking` a position for each event of which
such a copy was not given the bytes. `tiles` and `runs` are the Merkle tree over the leaf
hashes, `checkpoints` what was signed of it, `signers` the keys that signed."""


def refuse_on_mirror(c: SQLiteCursor) -> None:
    """A mirror records only what its source recorded: anything else would take a position that
    the source gives to another event."""
    c.execute("SELECT source FROM mirror")
    if row := c.fetchone():
        raise Refused(
            f"This repository is a mirror of {row[0]} and records nothing of its own. Write "
            "there; or end the mirroring with `collectome follow --detach` once the source "
            "records no more.",
            source=row[0],
        )
