"""An event as recorded: the fact in its envelope.

The envelope holds what the log knows of every event: position, object, sequence, version,
status, both clocks, agent and role, activity, cause, and the commitments to its bytes.
Documents stay compressed until somebody asks.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, cast

from eventstore.codec import dumps, fact_of, split_topic, unpack
from fdo.agent import Agent
from fdo.documents import Document, parse
from fdo.identifiers import Pid
from fdo.lifecycle import DigitalObject, Fact, Status
from fdo.verifiable import Citation

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC; the unit of both clocks in the log."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_moment(micros: int) -> datetime:
    """The UTC moment of a clock value of the log."""
    return _EPOCH + timedelta(microseconds=micros)


def iso(micros: int) -> str:
    """RFC 3339 with microseconds and `Z`."""
    return to_moment(micros).isoformat(timespec="microseconds").replace("+00:00", "Z")


def opends_time(moment: datetime) -> str:
    """openDS 0.4 form of a time, to the millisecond: `2026-03-01T12:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def activity_id(log_id: str, position: int) -> str:
    """The `prov:Activity` of an event: a version 5 UUID of log id and position."""
    return f"urn:uuid:{uuid.uuid5(uuid.UUID(log_id), str(position))}"


@dataclass(frozen=True)
class Recorded:
    """One event of the log."""

    position: int
    pid_text: str
    sequence: int
    version: int
    recorded_at: int
    observed_at: int
    topic: str
    salt: bytes
    leaf: bytes
    meta: Mapping[str, Any]
    frame: bytes | None
    verbatim_frame: bytes | None
    log_id: str

    @cached_property
    def pid(self) -> Pid:
        """The object of the event."""
        prefix, _, suffix = self.pid_text.partition("/")
        return Pid(prefix, suffix)

    @property
    def type(self) -> str:
        """Name of the object type."""
        return split_topic(self.topic)[0]

    @property
    def what(self) -> str:
        """The participle: `Registered`, `Revised`, `HarvestCompleted`, …"""
        return split_topic(self.topic)[1]

    @property
    def status(self) -> Status:
        """Status of the object after the event."""
        return Status(self.meta["status"])

    @property
    def operational(self) -> bool:
        """Whether the event changes neither document nor status."""
        return self.frame is None

    @property
    def agent(self) -> Agent:
        """Who did it, in which role."""
        return Agent(*self.meta["agent"])

    @property
    def cause(self) -> int | None:
        """The position of the event that led to this one."""
        return cast("int | None", self.meta.get("cause"))

    @property
    def source(self) -> str | None:
        """The source system (PID text) from which the content came."""
        return cast("str | None", self.meta.get("source"))

    @property
    def also(self) -> tuple[Agent, ...]:
        """Who else took part, each in a role of their own."""
        return tuple(Agent(*each) for each in self.meta.get("also", ()))

    @property
    def used(self) -> tuple[str, ...]:
        """IRIs of the versions of other objects that the activity used (prov:used)."""
        return tuple(self.meta.get("used", ()))

    @property
    def overlay(self) -> tuple[str, ...]:
        """PIDs of the accepted annotations whose changes the document holds."""
        return tuple(self.meta.get("overlay", ()))

    @property
    def detail(self) -> Mapping[str, Any]:
        """What the fact says beside its document."""
        return cast("Mapping[str, Any]", self.meta.get("detail", {}))

    @property
    def erased(self) -> tuple[int, ...]:
        """The positions whose salt this erasure destroyed; none for other events."""
        detail = self.detail if self.what == "Erased" else {}
        return (*detail.get("positions", ()), *detail.get("verbatims", ()))

    @property
    def record_issue(self) -> int:
        """`pidRecordIssueNumber`: how often the FDO record changed."""
        return int(self.meta.get("issue", 1))

    @property
    def activity(self) -> str:
        """The activity as `urn:uuid:`."""
        return activity_id(self.log_id, self.position)

    @property
    def version_iri(self) -> str:
        """The name of the version that this event made (or left in force)."""
        return self.pid.version_iri(self.version)

    @property
    def citation(self) -> Citation | None:
        """The version of this event as it is cited so that it can be checked, also after an
        erasure; None for events that make no version."""
        promised = self.meta.get("commitment")
        if promised is None:
            return None
        return Citation(self.pid, self.version, iso(self.recorded_at), str(promised))

    @cached_property
    def document_bytes(self) -> bytes | None:
        """Canonical bytes of the document after the event; None for operational ones."""
        return None if self.frame is None else unpack(self.frame)

    @cached_property
    def document(self) -> Document:
        """The document after the event, as stored (empty for operational events)."""
        return {} if self.document_bytes is None else parse(self.document_bytes)

    @cached_property
    def verbatim_bytes(self) -> bytes | None:
        """The bytes to which the envelope commits as the source record."""
        return None if self.verbatim_frame is None else unpack(self.verbatim_frame)

    @cached_property
    def verbatim(self) -> dict[str, Any] | None:
        """The source record as read, where the event came from a source."""
        return None if self.verbatim_bytes is None else parse(self.verbatim_bytes)

    @cached_property
    def memo(self) -> dict[str, Any]:
        """Room for what projections derive once and share (see eventstore.patches)."""
        return {}

    def fact(self) -> Fact:
        """The fact in its current form."""
        overlay = self.overlay if "overlay" in self.meta else None
        return fact_of(self.topic, self.meta["status"], self.detail, self.document_bytes, overlay)

    def state(self) -> DigitalObject:
        """The object after the event; for events that hold a document."""
        return DigitalObject(
            self.pid,
            self.type,
            self.status,
            self.sequence,
            self.version,
            self.document,
            self.overlay,
        )


def commitment(salt: bytes, data: bytes | None) -> str | None:
    """SHA-256(salt ‖ bytes) in hex: what the log promises about bytes it may have to erase."""
    return None if data is None else hashlib.sha256(salt + data).hexdigest()


def leaf_body(
    pid: str,
    sequence: int,
    version: int,
    recorded_at: int,
    observed_at: int,
    topic: str,
    meta: Mapping[str, Any],
) -> bytes:
    """The envelope as it is hashed: a JSON array; `meta` holds the commitments to the bytes."""
    return dumps([pid, sequence, version, recorded_at, observed_at, topic, meta])


def leaf_hash(
    pid: str,
    sequence: int,
    version: int,
    recorded_at: int,
    observed_at: int,
    topic: str,
    meta: Mapping[str, Any],
) -> bytes:
    """RFC 9162 leaf hash over the envelope."""
    body = leaf_body(pid, sequence, version, recorded_at, observed_at, topic, meta)
    return hashlib.sha256(b"\x00" + body).digest()
