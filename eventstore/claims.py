"""Which claims an erasure takes along (decision 0069).

A claim is a text that no two objects may share, and some are words of people: the name of a model,
what an annotation says. While a document of its object says it, the claim is no secret beside that.
When the last one that did is erased, the claim is released: it is deleted in the same transaction,
and whoever says the same afterwards takes it. Claims that are identifiers, which an erasure leaves
in documents too, stay (`ObjectType.identifies`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from eventstore.codec import split_topic, unpack
from eventstore.envelope import commitment
from fdo.catalogue import OBJECT_TYPES, claimable
from fdo.documents import Document, parse
from fdo.errors import CollectomeError

if TYPE_CHECKING:
    from eventsourcing.sqlite import SQLiteCursor

Content = tuple[bytes, Mapping[str, Any], Document]
"""Salt, envelope and document of a version that is whole."""

RELEASED = 1
"""`user_version` of a log file whose erasures released what they had to; those of earlier releases
did not."""


def outlasting(kind: str, held: Collection[str], whole: Iterable[Content]) -> set[str]:
    """Those of the claims of an object that stay, by the versions of it that are left: a document
    makes them, or an envelope commits to them."""
    if OBJECT_TYPES[kind].identifies:
        return set(held)
    stay = set[str]()
    for salt, meta, document in whole:
        stay |= claimable(kind, document) or frozenset()
        promised = set(meta.get("claims", ()))
        stay |= {key for key in held if promised and commitment(salt, key.encode()) in promised}
    return stay & set(held)


def is_erasure(topic: str) -> bool:
    """Whether an event of this topic is an erasure."""
    return split_topic(topic)[1] == "Erased"


def release(c: SQLiteCursor, objects: Iterable[str]) -> None:
    """Delete the claims of these objects (PID text) that nothing left of them says, in the
    transaction that erased the rest. What cannot be read says anything: `verify` tells of it."""
    released = 0
    for part in _parts(list(objects)):
        c.execute(f"SELECT object, type FROM heads WHERE object IN {_marks(part)}", part)
        kinds = {str(pid): str(kind) for pid, kind in c.fetchall() if _of_words(str(kind))}
        held = dict[str, set[str]]()
        if kinds:
            c.execute(f"SELECT object, key FROM claims WHERE object IN {_marks(kinds)}", [*kinds])
            for pid, key in c.fetchall():
                held.setdefault(str(pid), set()).add(str(key))
        for pid, keys in held.items():
            c.execute(_WHOLE, (pid,))
            gone = keys - _stay(kinds[pid], keys, c.fetchall())
            c.executemany("DELETE FROM claims WHERE key=?", [(key,) for key in gone])
            released += len(gone)
    if released:
        for statement in _ANEW:
            c.execute(statement)


def _of_words(kind: str) -> bool:
    return kind in OBJECT_TYPES and not OBJECT_TYPES[kind].identifies


def _parts(objects: Sequence[str]) -> Iterator[Sequence[str]]:
    return (objects[start : start + _AT_ONCE] for start in range(0, len(objects), _AT_ONCE))


def _marks(values: Collection[str]) -> str:
    return f"({','.join('?' * len(values))})"


def _stay(kind: str, held: Collection[str], rows: Iterable[Sequence[Any]]) -> set[str]:
    try:
        whole = [(row[0], orjson.loads(row[1]), parse(unpack(row[2]))) for row in rows]
        return outlasting(kind, held, whole)
    except (CollectomeError, ValueError, TypeError, LookupError):  # damaged
        return set(held)


def release_of_earlier_releases(c: SQLiteCursor) -> bool:
    """Do once what the erasures of earlier releases left to do; whether it was done now."""
    c.execute("PRAGMA user_version")
    if c.fetchone()[0] >= RELEASED:
        return False
    c.execute("SELECT DISTINCT object FROM events WHERE topic LIKE '%Erased.v%'")
    release(c, [str(row[0]) for row in c.fetchall()])
    c.execute(f"PRAGMA user_version={RELEASED}")
    return True


_ANEW = (
    "CREATE TEMP TABLE kept AS SELECT * FROM claims",
    "DELETE FROM claims",
    "INSERT INTO claims SELECT * FROM kept ORDER BY key",
    "DROP TABLE kept",
)
"""Writes the table anew. SQLite zeroes a row that it deletes (`secure_delete`), but not the copies
of it in pages from which it was moved when they were split."""
_AT_ONCE = 500
"""Objects whose claims are looked for in one pass over all: there is no index by object."""
_WHOLE = (
    "SELECT salt, meta, bytes FROM events WHERE object=? AND salt IS NOT NULL AND bytes IS NOT NULL"
)
