"""The tables beside the events against the fold over the events: heads, claims, unseen, lacking.

What follows from no event cannot be checked: of which source a log is the mirror; identifiers that
objects claim of which a document was erased, and all claims of those of which one never came to a
mirror; and the fingerprints of source records in `heads`, which only spare a harvest its work.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from eventstore.envelope import commitment
from eventstore.recorder import Recorder
from eventstore.tables import SCHEMA
from fdo.catalogue import OBJECT_TYPES
from handlers.verification.faults import Fault
from handlers.verification.scratch import Scratch

_HEAD = ("type", "sequence", "version", "position", "observed_at", "status", "issue", "source")
_FINGERPRINT = 16
_INHERITED = """
WITH RECURSIVE line(object) AS (
    SELECT ?1 UNION SELECT old FROM heirs JOIN line ON heir=line.object)
SELECT EXISTS (SELECT 1 FROM made JOIN line USING (object) WHERE key=?2),
    EXISTS (SELECT 1 FROM objects JOIN line USING (object) WHERE silent)"""


def schema_faults(recorder: Recorder) -> Iterator[Fault]:
    """Tables, indexes and triggers that are not those that this release makes."""
    book = sqlite3.connect(":memory:")
    for statement in SCHEMA:
        book.execute(statement)
    wanted, found = _schema(book.execute(_NAMES)), _schema(recorder.rows(_NAMES))
    book.close()
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            yield Fault(f"{name[0]} {name[1]}", "is missing from the log's file")
        elif name not in wanted:
            yield Fault(f"{name[0]} {name[1]}", "is none of ours and may change what is recorded")
        elif wanted[name] != found[name]:
            yield Fault(f"{name[0]} {name[1]}", "is not as this release makes it")


_NAMES = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"


def _schema(rows: Any) -> dict[tuple[str, str], str]:
    return {(str(row[0]), str(row[1])): " ".join(str(row[2]).split()) for row in rows}


def head_faults(recorder: Recorder, scratch: Scratch) -> Iterator[Fault]:
    """Heads that are not where their objects' events end."""
    columns = ", ".join(_HEAD)
    folded = scratch.rows(f"SELECT object, {columns} FROM objects ORDER BY object")
    kept = recorder.reader().execute("SELECT * FROM heads ORDER BY object")
    told = next(folded, None)
    for row in kept:
        head = (str(row["object"]), *(row[name] for name in _HEAD))
        while told is not None and told[0] < head[0]:
            yield Fault(str(told[0]), "has events and no head")
            told = next(folded, None)
        if told is None or told[0] > head[0]:
            yield Fault(str(head[0]), "has a head and no events")
            continue
        for name, said, wanted in zip(("object", *_HEAD), head, told, strict=True):
            if said != wanted:
                yield Fault(str(told[0]), f"its head says {name} {said!r}, its events {wanted!r}")
        if not _may_bear(row["fingerprint"], told):
            yield Fault(str(told[0]), "its head holds a fingerprint that no harvest left there")
        told = next(folded, None)
    for missing in _rest(told, folded):
        yield Fault(str(missing[0]), "has events and no head")


def _may_bear(fingerprint: Any, told: Sequence[Any]) -> bool:
    """Whether a harvest may have left this fingerprint at an object: specimens of a source
    have one."""
    if fingerprint is None:
        return True
    _, kind, *_, source = told
    whole = isinstance(fingerprint, bytes) and len(fingerprint) == _FINGERPRINT
    return whole and kind == "specimen" and source is not None


def _rest(first: Any, others: Iterator[Any]) -> Iterator[Any]:
    if first is not None:
        yield first
        yield from others


def claim_faults(recorder: Recorder, scratch: Scratch) -> Iterator[Fault]:
    """Claims that follow from no document, and objects without any of theirs."""
    scratch.many("held", 2, (tuple(r) for r in recorder.reader().execute("SELECT * FROM claims")))
    unfounded = scratch.rows(
        "SELECT key, object FROM held h WHERE NOT EXISTS "
        "(SELECT 1 FROM made m WHERE m.object=h.object AND m.key=h.key)"
    )
    for key, pid in unfounded:
        made, silent = next(scratch.rows(_INHERITED, (pid, key)))
        founded = made or (silent and not _released(scratch, pid))
        if not founded and not _promised(scratch, pid, key):
            yield Fault(f"claim {key}", f"no document of {pid} makes it")
    for pid, salt, said in scratch.rows("SELECT * FROM promised ORDER BY object"):
        held = scratch.rows("SELECT key FROM held WHERE object=?", (pid,))
        if not any(commitment(salt, str(key).encode()) == said for (key,) in held):
            yield Fault(str(pid), "does not hold a claim that it took when it was recorded")
    bare = scratch.rows(
        "SELECT object FROM objects o WHERE NOT silent"
        " AND EXISTS (SELECT 1 FROM made m WHERE m.object=o.object)"
        " AND NOT EXISTS (SELECT 1 FROM made m JOIN held h ON h.key=m.key WHERE m.object=o.object)"
    )
    for (pid,) in bare:
        yield Fault(str(pid), "holds none of the claims that its documents make")


def _released(scratch: Scratch, pid: Any) -> bool:
    """Whether an erasure released what no document of the object says any more (decision 0069)."""
    found = scratch.rows(
        "SELECT type FROM objects o WHERE object=?"
        " AND EXISTS (SELECT 1 FROM erased e WHERE e.object=o.object)",
        (pid,),
    )
    return any(kind in OBJECT_TYPES and not OBJECT_TYPES[kind].identifies for (kind,) in found)


def _promised(scratch: Scratch, pid: Any, key: Any) -> bool:
    """Whether an event of the object committed to this claim, which its document does not say."""
    told = scratch.rows("SELECT salt, hash FROM promised WHERE object=?", (pid,))
    return any(commitment(salt, str(key).encode()) == said for salt, said in told)


def unseen_faults(recorder: Recorder, scratch: Scratch) -> Iterator[Fault]:
    """Records that their source no longer shows, by the table and by the harvests."""
    scratch.many("missed", 3, (tuple(r) for r in recorder.reader().execute("SELECT * FROM unseen")))
    for pid, *said in scratch.rows(_UNSEEN):
        kept, told = tuple(said[:2]), tuple(said[2:])
        yield Fault(str(pid), f"is unseen since {kept}, by the harvests since {told}")


_UNSEEN = """
SELECT m.object, m.source, m.harvest, u.source, u.harvest FROM missed m
    LEFT JOIN unseen u USING (object) WHERE u.source IS NOT m.source OR u.harvest IS NOT m.harvest
UNION ALL SELECT u.object, NULL, NULL, u.source, u.harvest FROM unseen u
    WHERE NOT EXISTS (SELECT 1 FROM missed m WHERE m.object=u.object)"""


def salt_faults(recorder: Recorder, scratch: Scratch) -> Iterator[Fault]:
    """Salts that are gone without an erasure, and documents that are not what one left."""
    lacking = recorder.reader().execute("SELECT position FROM lacking")
    scratch.many("lacking", 1, (tuple(row) for row in lacking))
    rows = scratch.rows(
        "SELECT s.position, s.object, s.content, e.object, e.content, l.position IS NOT NULL "
        "FROM saltless s LEFT JOIN erased e USING (position) LEFT JOIN lacking l USING (position) "
        "ORDER BY s.position"
    )
    for position, pid, content, erased, left, never_came in rows:
        where = f"event {position} of {pid}"
        if erased != pid:
            if not never_came:
                yield Fault(where, "its salt is gone, and no event says that it was erased")
        elif left is not None and content != left:
            yield Fault(where, "what the erasure left of its document was changed")
    for (position,) in scratch.rows(f"SELECT position FROM lacking l WHERE {_SALTED} ORDER BY 1"):
        yield Fault(f"event {position}", "its bytes are said to be lacking, and are not")
    for position, pid in scratch.rows(
        f"SELECT position, object FROM erased l WHERE {_SALTED} ORDER BY position"
    ):
        yield Fault(f"event {position} of {pid}", "was erased, and its salt is still there")


_SALTED = "NOT EXISTS (SELECT 1 FROM saltless s WHERE s.position=l.position)"


def number_faults(recorder: Recorder, head: int) -> Iterator[Fault]:
    """What the log says of itself."""
    rows = recorder.rows("SELECT id, format FROM log")
    if len(rows) != 1 or rows[0][1] != 1:
        yield Fault("log", "its name or the number of its form was changed")
    given = [row[0] for row in recorder.rows("SELECT seq FROM sqlite_sequence WHERE name='events'")]
    if given != ([head] if head else []) and not (head == 0 and given == [0]):
        yield Fault("log", f"positions up to {given} were given, and its last event is {head}")


def mirror_faults(recorder: Recorder, head: int) -> Iterator[Fault]:
    """What cannot be known of a source: of which one a log is the mirror follows from no event."""
    rows = recorder.rows("SELECT source, head, heard_at FROM mirror")
    if len(rows) > 1:
        yield Fault("mirror", "it says more than one source")
    for source, its_head, heard_at in rows:
        if not str(source).startswith(("http://", "https://")):
            yield Fault("mirror", f"its source is no address: {source!r}")
        if not (isinstance(its_head, int) and isinstance(heard_at, int) and heard_at >= 0):
            yield Fault("mirror", "what its source said last is no number")
        elif its_head < head and heard_at:
            yield Fault("mirror", f"it has {head} events of a source that said {its_head}")
