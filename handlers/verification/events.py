"""One event after the other: does it decode, do its hashes hold, does it follow the ones before?

What the fold over them gives goes into the scratch tables, for `tables` to compare.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence

import orjson

from eventstore.codec import dumps
from eventstore.envelope import Recorded, commitment, leaf_hash
from eventstore.log import Log
from eventstore.sections import outlined
from fdo.catalogue import OBJECT_TYPES, claimable
from fdo.errors import CollectomeError
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.verification.faults import Fault
from handlers.verification.records import Records
from handlers.verification.scratch import Scratch, Standing

_ERASED = tuple(f"{kind.noun}Erased." for kind in OBJECT_TYPES.values())
_UNREADABLE = (CollectomeError, ValueError, KeyError, TypeError, AttributeError, AssertionError)


class Events:
    """The check of all events, a section at a time."""

    def __init__(self, log: Log, scratch: Scratch, records: Records) -> None:
        self._log, self._log_id = log, log.id
        self._scratch, self._records = scratch, records
        self._last = 0

    def section(self, rows: Sequence[sqlite3.Row]) -> Iterator[Fault]:
        """Faults of the next events."""
        standing = self._scratch.standing(str(row["object"]) for row in rows)
        lacking = self._log.lacking(rows[0]["position"] - 1, rows[-1]["position"])
        for row in rows:
            where = f"event {row['position']} of {row['object']}"
            try:
                values = (*row[:9], orjson.loads(row["meta"]), row[10], row[11], self._log_id)
                event = Recorded(*values)
                yield from _event_faults(event, where, bytes(row["meta"]))
                if event.position in lacking and event.frame and event.document != outlined(event):
                    yield Fault(where, "its bytes were never here, and it says more than a record")
                if event.position not in lacking:
                    yield from self._records.faults(event, where)
                yield from self._order_faults(event, where, standing[event.pid_text])
                self._gather(event, standing[event.pid_text])
            except _UNREADABLE as broken:
                yield Fault(where, f"cannot be read: {type(broken).__name__}: {broken}")
        self._scratch.keep(standing.values())

    def _order_faults(self, event: Recorded, where: str, known: Standing) -> Iterator[Fault]:
        if event.sequence != known.sequence + 1:
            yield Fault(where, f"its sequence {event.sequence} does not follow {known.sequence}")
        if event.version != known.version + (0 if event.operational else 1):
            yield Fault(where, f"its version {event.version} does not follow {known.version}")
        if event.recorded_at <= self._last:
            yield Fault(where, "it was recorded before the event before it")
        self._last = event.recorded_at

    def _gather(self, event: Recorded, known: Standing) -> None:
        """What follows from the event for the tables."""
        known.type, known.sequence, known.version = event.type, event.sequence, event.version
        known.observed_at = max(known.observed_at, event.observed_at)
        known.status, known.issue = Status(event.meta["status"]).value, event.record_issue
        known.source = event.source or known.source
        if not event.operational:
            known.position = event.position
            self._claims(event, known)
        detail = event.detail
        if "not_seen" in detail:
            fresh = [(pid, event.pid_text, detail["harvest"]) for pid in detail["not_seen"]]
            self._scratch.many("unseen", 3, fresh)
            self._scratch.connection.executemany(
                "DELETE FROM unseen WHERE object=?", [(pid,) for pid in detail["seen_again"]]
            )
        if not event.salt:
            held = None if event.frame is None else hashlib.sha256(event.document_bytes or b"")
            row = (event.position, event.pid_text, held and held.digest())
            self._scratch.many("saltless", 3, [row])
        if event.topic.startswith(_ERASED):
            left = dict(zip(detail.get("positions", ()), detail.get("left", ()), strict=False))
            rows = [
                (at, event.pid_text, bytes.fromhex(left[at]) if at in left else None)
                for at in event.erased
            ]
            self._scratch.many("erased", 3, rows)

    def _claims(self, event: Recorded, known: Standing) -> None:
        try:
            made = claimable(event.type, event.document) if event.salt else None
        except (CollectomeError, ValueError):
            made = None  # told already: it does not decode
        promised = event.meta.get("claims", ()) if event.salt else ()
        self._scratch.many("promised", 3, [(event.pid_text, event.salt, one) for one in promised])
        if made is None:
            known.silent = known.silent or not self._scratch.has("promised", event.pid_text)
            return
        self._scratch.many("made", 2, [(event.pid_text, key) for key in made])
        if "successor" in event.detail:  # who survives a merge may bear the claims of both
            heir = str(Pid.parse(event.detail["successor"]))
            self._scratch.many("heirs", 2, [(heir, event.pid_text)])


def _event_faults(event: Recorded, where: str, meta: bytes) -> Iterator[Fault]:
    try:
        event.fact()
    except _UNREADABLE as broken:
        yield Fault(where, f"does not decode: {broken}")
    expected = leaf_hash(
        event.pid_text,
        event.sequence,
        event.version,
        event.recorded_at,
        event.observed_at,
        event.topic,
        event.meta,
    )
    if expected != event.leaf:
        yield Fault(where, "its envelope is not what its leaf hash promises")
    elif dumps(event.meta) != meta:
        yield Fault(where, "its envelope is not written as it was hashed")
    if not event.salt:
        if event.verbatim_frame is not None:
            yield Fault(where, "its salt is gone, and its verbatim record is still there")
        return
    yield from _promise_faults(event, where)


def _promise_faults(event: Recorded, where: str) -> Iterator[Fault]:
    try:
        if event.meta.get("commitment") != commitment(event.salt, event.document_bytes):
            yield Fault(where, "its document is not what its commitment promises")
        if event.meta.get("verbatim") != commitment(event.salt, event.verbatim_bytes):
            yield Fault(where, "its verbatim record is not what its commitment promises")
    except CollectomeError as broken:
        yield Fault(where, f"does not decode: {broken.message}")
