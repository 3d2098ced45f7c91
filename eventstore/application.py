"""Writing the log: commands in, facts recorded, an acknowledgement that is durable.

`handle` is for one command; `append` takes the facts of many objects in one transaction.
A PID is reserved by being drawn; the unique index refuses one that was drawn before, and the
writer draws again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eventsourcing.persistence import IntegrityError, PersistenceError

from eventstore.codec import detail_of, pack, topic_of
from eventstore.confirmations import CONFIRMED, state_said
from eventstore.envelope import Recorded, to_micros
from eventstore.log import Head, Log
from eventstore.profiles import Profiles
from eventstore.recorder import Datastore, Durability, Entry, Recorder
from fdo.agent import Agent
from fdo.catalogue import OBJECT_TYPES, unsaid
from fdo.documents import canonical
from fdo.errors import AlreadyRegistered, Refused, Unavailable, VersionConflict
from fdo.identifiers import SUFFIXES, Pid, suffix_of
from fdo.lifecycle import (
    Command,
    DigitalObject,
    Divided,
    Fact,
    Merge,
    Merged,
    Note,
    Noted,
    Registered,
    Split,
    Status,
    decide,
    evolve,
)
from fdo.record import record_changed
from fdo.representations import mappable

LOG_FILE = "log.sqlite"
_MAPPED = (Status.DRAFT, Status.ACTIVE)
"""States in which the projections map the document, now or later; of a stub they map the record."""


def system_clock() -> int:
    """Microseconds since 1970, UTC."""
    return to_micros(datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Change:
    """One fact on its way into the log, with the state before it."""

    pid: Pid
    type: str
    fact: Fact
    known: DigitalObject | None
    issue: int = 1
    """`pidRecordIssueNumber` of the state before; 1 for a new object."""
    source: Pid | None = None
    fingerprint: bytes | None = None
    verbatim: bytes | None = None
    cause: int | None = None
    new_claims: tuple[str, ...] | None = None
    """None: all claims of the document for a first fact, none for a later one."""
    observed_at: int | None = None
    """When the source said so; None: as the rest of its transaction."""
    by: Agent | None = None
    """Who does it; None: who does the rest of its transaction."""
    also: tuple[Agent, ...] = ()
    """Who else took part: of an accepted annotation, who made it."""
    used: tuple[str, ...] = ()
    """IRIs of the versions of other objects that it rests on (prov:used)."""


class DigitalObjects:
    """The write side of one repository; safe to share between threads and processes."""

    def __init__(
        self,
        folder: Path,
        *,
        durability: Durability = "full",
        prefixes: Mapping[str, str] | None = None,
        clock: Callable[[], int] = system_clock,
        draw: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        _private(folder)
        self.prefixes = prefixes or {"doi": "10.5072", "handle": "20.5000.5072"}
        self.clock = clock
        self._draw = draw
        try:
            self._datastore = Datastore(str(folder / LOG_FILE), durability=durability)
            self.recorder = Recorder(self._datastore, clock)
            self.recorder.create_table()
        except (PersistenceError, sqlite3.DatabaseError, UnicodeDecodeError) as broken:
            # the last where SQLite quotes a damaged name in its message
            raise Unavailable(
                f"{folder / LOG_FILE} cannot be used as a log: {broken}. Where it is damaged, put "
                "it back from a backup."
            ) from broken
        self.log = Log(self.recorder)
        self.profiles = Profiles(self.log)
        self.on_append: Callable[[int], None] = lambda _: None

    def close(self) -> None:
        """Close all connections."""
        self._datastore.close()

    def reserve(self, kind: str) -> Pid:
        """An unused PID for an object of this type (DOI or Handle by the type)."""
        prefix = self.prefixes[OBJECT_TYPES[kind].scheme]
        return Pid(prefix, suffix_of(self._draw(SUFFIXES)))

    def handle(
        self,
        command: Command,
        *,
        pid: Pid,
        kind: str,
        by: Agent,
        expected: int | None = None,
        observed_at: int | None = None,
        source: Pid | None = None,
        verbatim: bytes | None = None,
        fingerprint: bytes | None = None,
        cause: int | None = None,
        retries: int = 3,
    ) -> Recorded | None:
        """Decide and record one command; None when nothing changed.

        `expected` is the version that the caller saw: VersionConflict when the object moved
        on. Without it a lost race is retried.
        """
        for attempt in range(retries + 1):
            known, issue = self.state(pid)
            if expected is not None and (known.version if known else 0) != expected:
                at = known.version if known else 0
                raise VersionConflict(
                    f"{pid} is at version {at}, not {expected}; read it again.", version=at
                )
            facts = decide(known, command)
            if not facts:
                return None
            self.check_relatives(command, kind)
            change = Change(pid, kind, facts[0], known, issue, source, fingerprint, verbatim, cause)
            try:
                (position,) = self.append([change], by=by, observed_at=observed_at)
                return self.log.event(position)
            except VersionConflict:
                if expected is not None or attempt == retries:
                    raise
        raise AssertionError("unreachable")

    def check_relatives(self, command: Command, kind: str) -> None:
        """Refused unless each successor or part is an object of the same type that stands."""
        match command:
            case Merge(into):
                relatives: Sequence[Pid] = (into,)
            case Split(parts):
                relatives = parts
            case _:
                return
        for head in map(self.log.head, relatives):
            if head.type != kind or head.status is Status.TOMBSTONE:
                raise Refused(
                    f"{head.pid} is a {head.type} ({head.status.value}); name a {kind} that was "
                    "not tombstoned."
                )

    def state(self, pid: Pid) -> tuple[DigitalObject | None, int]:
        """The object now, and its record's issue number; (None, 1) for an unused PID."""
        heads = self.log.heads_of([str(pid)])
        if not heads:
            return None, 1
        return self._state(heads[0], self.log.latest(pid)), heads[0].issue

    def states(self, heads: Sequence[Head]) -> dict[str, DigitalObject]:
        """The objects of these heads, by PID text."""
        events = self.log.events_at(head.position for head in heads)
        return {str(h.pid): self._state(h, events[h.position]) for h in heads}

    @staticmethod
    def _state(head: Head, event: Recorded) -> DigitalObject:
        return DigitalObject(
            head.pid,
            head.type,
            head.status,
            head.sequence,
            head.version,
            event.document,
            event.overlay,
        )

    def append(
        self,
        changes: Sequence[Change],
        *,
        by: Agent,
        observed_at: int | None = None,
        recorded_at: int | None = None,
    ) -> Sequence[int]:
        """Record facts in one transaction; the positions, once they are durable.

        VersionConflict: an object moved on, or a PID was drawn twice; AlreadyRegistered: a
        claim is taken; InvalidDocument: no projection could map a document. Nothing was recorded in
        any of these cases.
        """
        entries = self._entries(changes, by, observed_at, recorded_at)
        try:
            positions = self.recorder.insert_events(entries)
        except IntegrityError as clash:
            raise self._explain(clash, entries) from clash
        assert positions is not None
        self.on_append(positions[-1])
        return positions

    def rehearse(
        self, changes: Sequence[Change], *, by: Agent, observed_at: int | None = None
    ) -> None:
        """Refuse what `append` would refuse of these facts, and record nothing; what other
        writers hold by now (claims, sequences) is not looked at."""
        self._entries(changes, by, observed_at, None)

    def _entries(
        self,
        changes: Sequence[Change],
        by: Agent,
        observed_at: int | None,
        recorded_at: int | None,
    ) -> list[Entry]:
        """The facts as they will stand in the log, each upon the one before it."""
        entries, states = list[Entry](), dict[Pid, tuple[DigitalObject, int]]()
        told = dict[Pid, str | None]()
        self.profiles.renew()
        for change in changes:
            if change.pid in states:
                if isinstance(change.fact, Registered):
                    raise VersionConflict(f"{change.pid} was drawn twice; draw another PID.")
                known, issue = states[change.pid]
                change = _later(change, known, issue)
            said = self._said_before(change, told)
            entry, after, issue = self._entry(change, by, observed_at, recorded_at, said)
            states[change.pid] = (after, issue)
            entries.append(entry)
        return entries

    def _said_before(self, change: Change, told: dict[Pid, str | None]) -> Mapping[str, Any]:
        """What the envelope of a confirmation says of the state it replaces, so that its patch
        follows from the event alone; `told` is what this batch confirmed already."""
        fact = change.fact
        if not isinstance(fact, Noted) or fact.what != CONFIRMED:
            return {}
        state = state_said(fact.detail)
        if state is None:
            return {}
        before = told[change.pid] if change.pid in told else self.log.confirmed(change.pid)
        told[change.pid] = state
        return {"state_before": before} if before else {}

    def _entry(
        self,
        change: Change,
        by: Agent,
        observed_at: int | None,
        recorded_at: int | None,
        said: Mapping[str, Any],
    ) -> tuple[Entry, DigitalObject, int]:
        fact, known = change.fact, change.known
        if not isinstance(fact, Noted) and fact.status in _MAPPED:
            mappable.check(fact.document)
        by = change.by or by
        after = evolve(known, fact, change.pid, change.type)
        issued = known is None or record_changed(known, after)
        issue = change.issue + 1 if known and issued else change.issue
        meta: dict[str, Any] = {
            "type": change.type,
            "status": after.status.value,
            "agent": [by.id, by.name, by.kind, by.role],
            "issue": issue,
            **said,
            **(self.profiles.judged(after, issue) if issued else {}),
        }
        if detail := detail_of(fact):
            meta["detail"] = detail
        if after.overlay != (known.overlay if known else ()) or _bears(fact, after):
            meta["overlay"] = list(after.overlay)
        if change.also:
            meta["also"] = [[each.id, each.name, each.kind, each.role] for each in change.also]
        if change.used:
            meta["used"] = list(change.used)
        if change.source:
            meta["source"] = str(change.source)
        if change.cause:
            meta["cause"] = change.cause
        document = None if isinstance(fact, Noted) else canonical(fact.document)
        claims = change.new_claims
        if claims is None:
            claims = OBJECT_TYPES[change.type].claims(fact.document) if known is None else ()  # type: ignore[union-attr]
        entry = Entry(
            str(change.pid),
            after.sequence,
            topic_of(change.type, fact),
            b"",
            version=after.version,
            observed_at=observed_at if change.observed_at is None else change.observed_at,
            recorded_at=recorded_at,
            meta=meta,
            document=document,
            frame=None if document is None else pack(document),
            verbatim=change.verbatim,
            verbatim_frame=None if change.verbatim is None else pack(change.verbatim),
            claims=claims,
            heirs=_heirs(fact),
            unsaid=()
            if isinstance(fact, Noted) or not claims
            else unsaid(change.type, fact.document, claims),
            fingerprint=change.fingerprint,
        )
        return entry, after, issue

    def _explain(self, clash: IntegrityError, entries: Sequence[Entry]) -> Exception:
        if "claims.key" in str(clash):
            taken = self.log.claimed(key for entry in entries for key in entry.claims)
            for entry in entries:
                for key in entry.claims:
                    holder = taken.get(key)
                    if holder and str(holder.pid) != str(entry.originator_id):
                        pid = self.log.standing(holder.pid)
                        return AlreadyRegistered(
                            f"{key} is registered as {pid}; revise that object instead.",
                            pid=str(pid),
                            claim=key,
                        )
            return AlreadyRegistered("Two objects of one batch make the same claim.")
        return VersionConflict("An object moved on while this was being recorded; read it again.")

    def note_fingerprints(self, known: Mapping[str, bytes]) -> None:
        """Remember, by PID text, that a source's new bytes say what the object says already."""
        self.recorder.set_fingerprints(known)

    def erase(
        self,
        pid: Pid,
        positions: Sequence[int],
        redacted: bytes | Mapping[int, bytes],
        by: Agent,
        *,
        reason: str = "",
        verbatims: Sequence[int] = (),
    ) -> Recorded:
        """Replace stored bytes by a redacted document (one for all positions, or one for each)
        and destroy their salt (decision 0004). `verbatims` are operational events of which only
        the record as it was read is destroyed.

        The erasure is itself an event; commitments and leaf hashes stay, so proofs verify. It
        holds the hash of what is left, so that nobody can put something else in its place.
        """
        if self.state(pid)[0] is None:
            raise Refused(f"{pid} is not registered; there is nothing to erase.")
        events = self.log.events_at([*positions, *verbatims])
        if (
            not (positions or verbatims)
            or any(at not in events or events[at].pid != pid for at in (*positions, *verbatims))
            or any(events[at].frame is None for at in positions)
            or any(events[at].verbatim_frame is None for at in verbatims)
        ):
            raise Refused(f"Name the positions of events of {pid} that hold a document.")
        detail: dict[str, Any] = {"positions": list(positions)}
        if verbatims:
            detail["verbatims"] = list(verbatims)
        if reason:
            detail["reason"] = reason
        left = redacted if isinstance(redacted, Mapping) else dict.fromkeys(positions, redacted)
        detail["left"] = [hashlib.sha256(left[at]).hexdigest() for at in positions]
        frames = {at: pack(left[at]) for at in positions} | dict.fromkeys(verbatims)
        position = self._erase(pid, detail, frames, by)
        self.on_append(position)
        return self.log.event(position)

    def _erase(
        self, pid: Pid, detail: Mapping[str, Any], frames: Mapping[int, bytes | None], by: Agent
    ) -> int:
        """An object that moves on meanwhile does not save what is to be erased."""
        while True:
            known, issue = self.state(pid)
            assert known is not None
            (fact,) = decide(known, Note("Erased", detail))
            change = Change(pid, known.type, fact, known, issue)
            entry, _, _ = self._entry(change, by, None, None, {})
            with contextlib.suppress(IntegrityError):
                (position,) = self.recorder.erase(entry, frames)
                return position


def _heirs(fact: Fact) -> tuple[str, ...]:
    """PIDs of the objects that go on in the place of one that the fact ends."""
    match fact:
        case Merged(_, successor):
            return (str(Pid.parse(successor)),)
        case Divided(_, parts):
            return tuple(str(Pid.parse(part)) for part in parts)
        case _:
            return ()


def _bears(fact: Fact, after: DigitalObject) -> bool:
    """Whether the event has to say which annotations its document holds."""
    return bool(after.overlay) and not isinstance(fact, Noted)


def _private(folder: Path) -> None:
    """The folder and the file of the log, for their owner alone where they are new: the log holds
    what may not be published, and the salts by which an erased document could be guessed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(OSError):  # it is there, or SQLite says why it cannot be
        os.close(os.open(folder / LOG_FILE, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _later(change: Change, known: DigitalObject, issue: int) -> Change:
    return replace(change, known=known, issue=issue)
