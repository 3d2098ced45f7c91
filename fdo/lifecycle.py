"""What may happen to a digital object: one life for every type.

    (nothing) ── Register ──▶ draft │ active │ pid-only
    draft ── Activate ──▶ active ── Revise ──▶ active
    active ── Withhold ──▶ pid-only ── Release ──▶ active
    active, draft, pid-only ── Tombstone, Merge, Split ──▶ tombstone ── Restore ──▶ active

Facts are fat: each holds the whole document after it, so the state is the last fact, and a
full fold is only the oracle of the tests. `sequence` counts all facts of an object,
`version` only those that change document or status.

>>> facts = decide(None, Register(draft), at)      # doctest: +SKIP
>>> evolve(None, facts[0], pid, "specimen")        # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, assert_never

from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document, equal
from fdo.errors import AlreadyRegistered, Refused, Tombstoned
from fdo.identifiers import Pid


class Status(StrEnum):
    """Where an object is in its life; `ods:status` of its document, and PID-only."""

    DRAFT = "draft"
    ACTIVE = "active"
    PID_ONLY = "pid-only"
    TOMBSTONE = "tombstone"


# ── facts ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Registered:
    """The object exists from now on (PROV: ods:Create)."""

    document: Document
    status: Status = Status.ACTIVE


@dataclass(frozen=True, slots=True)
class Activated:
    """A draft became public."""

    document: Document
    status: Status = Status.ACTIVE


@dataclass(frozen=True, slots=True)
class Revised:
    """The holder, or an accepted annotation, brought new values (PROV: ods:Update)."""

    document: Document
    status: Status = Status.ACTIVE
    overlay: tuple[str, ...] | None = None
    """PIDs of the accepted annotations that the document holds; None: as before."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """The licence gate no longer passes: the PID stays, the document leaves the public."""

    document: Document
    status: Status = Status.PID_ONLY


@dataclass(frozen=True, slots=True)
class Released:
    """The licence gate passes now: the document enters the public."""

    document: Document
    status: Status = Status.ACTIVE


@dataclass(frozen=True, slots=True)
class Retired:
    """The object was withdrawn by a person, with reason and relatives (PROV: ods:Tombstone)."""

    document: Document
    status: Status = Status.TOMBSTONE


@dataclass(frozen=True, slots=True)
class Merged:
    """The object turned out to be another one, its successor (PROV: ods:Tombstone)."""

    document: Document
    successor: str
    status: Status = Status.TOMBSTONE


@dataclass(frozen=True, slots=True)
class Divided:
    """The object turned out to be several, its parts (PROV: ods:Tombstone)."""

    document: Document
    parts: tuple[str, ...]
    status: Status = Status.TOMBSTONE


@dataclass(frozen=True, slots=True)
class Restored:
    """A tombstoned object came back under its old PID."""

    document: Document
    status: Status = Status.ACTIVE
    reason: str = ""
    """Why, where a person brought it back."""


@dataclass(frozen=True, slots=True)
class Noted:
    """Something happened around the object that changes neither document nor status."""

    what: str
    """The participle of the fact's name: `PidConfirmed`, `HarvestCompleted`, …"""
    detail: Mapping[str, Any]


Fact = (
    Registered
    | Activated
    | Revised
    | Withheld
    | Released
    | Retired
    | Merged
    | Divided
    | Restored
    | Noted
)
Facts = tuple[Fact, ...]

NOTES = (
    "Backfilled",
    "Erased",
    "HarvestCompleted",
    "HarvestDecided",
    "HarvestPaused",
    "JobsCompleted",
    "JobsDead",
    "JobsFailed",
    "JobsScheduled",
    "JobsStarted",
    "MediaChecked",
    "PidConfirmed",
    "VersionDoiRequested",
)
"""What `Noted.what` may say."""


# ── commands ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Register:
    """Bring a complete document into the repository under a PID reserved for it."""

    document: Document
    status: Status = Status.ACTIVE


@dataclass(frozen=True, slots=True)
class Activate:
    """Make a draft public."""

    document: Document


@dataclass(frozen=True, slots=True)
class Revise:
    """Replace the document of an active object or a draft."""

    document: Document
    overlay: tuple[str, ...] | None = None
    """PIDs of the accepted annotations that the document holds from now on; None: as before."""


@dataclass(frozen=True, slots=True)
class Withhold:
    """Take the document out of the public; `document` is the stub that remains."""

    document: Document


@dataclass(frozen=True, slots=True)
class Release:
    """Bring a PID-only object's document into the public."""

    document: Document


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Withdraw the object. `by` is an openDS agent node, `at` its time as openDS text."""

    reason: str
    by: Mapping[str, Any]
    at: str
    related: Sequence[tuple[str, str]] = ()
    """(PID IRI, relationship type) pairs."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Withdraw the object in favour of its successor."""

    into: Pid
    reason: str
    by: Mapping[str, Any]
    at: str


@dataclass(frozen=True, slots=True)
class Split:
    """Withdraw the object in favour of its parts."""

    parts: tuple[Pid, ...]
    reason: str
    by: Mapping[str, Any]
    at: str


@dataclass(frozen=True, slots=True)
class Restore:
    """Bring a tombstoned object back, with this document."""

    document: Document
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Record something operational."""

    what: str
    detail: Mapping[str, Any] = field(default_factory=dict)


Command = (
    Register | Activate | Revise | Withhold | Release | Tombstone | Merge | Split | Restore | Note
)


# ── state ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class DigitalObject:
    """An object after its last fact."""

    pid: Pid
    type: str
    status: Status
    sequence: int
    version: int
    document: Document
    overlay: tuple[str, ...] = ()
    """PIDs (text) of the accepted annotations whose changes the document holds, in the order in
    which they apply: what a harvest lays over the source's values again."""


def decide(known: DigitalObject | None, command: Command) -> Facts:
    """Say what happened, or refuse; never do it."""
    if known is None:
        match command:
            case Register(status=Status.TOMBSTONE):
                raise Refused("Nothing is born as a tombstone; register it, then withdraw it.")
            case Register(document, status):
                return (Registered(document, status),)
            case _:
                raise Refused("The object is not registered yet; register it first.")
    if known.status is Status.TOMBSTONE and not isinstance(command, Restore | Note):
        raise Tombstoned(
            f"{known.pid} was tombstoned{_when(known)}; restore it, or work on its successor."
        )
    match command:
        case Register():
            raise AlreadyRegistered(f"{known.pid} is registered already.", pid=str(known.pid))
        case Revise(document, overlay):
            return _revise(known, document, overlay)
        case Activate(document) if known.status is Status.DRAFT:
            return (Activated(document),)
        case Withhold(document) if known.status is Status.PID_ONLY:
            return () if equal(known.document, document) else (Withheld(document),)
        case Withhold(document):
            return (Withheld(document),)
        case Release(document) if known.status is Status.PID_ONLY:
            return (Released(document),)
        case Tombstone(reason, by, at, related):
            return (Retired(_tombstone(known, reason, by, at, related)),)
        case Merge(into, reason, by, at) if into != known.pid:
            gone = _tombstone(known, reason, by, at, [(into.iri, "IsObsoletedBy")])
            return (Merged(gone, into.iri),)
        case Split(parts, reason, by, at) if parts and known.pid not in parts:
            gone = _tombstone(known, reason, by, at, [(p.iri, "HasPart") for p in parts])
            return (Divided(gone, tuple(p.iri for p in parts)),)
        case Restore(document, reason) if known.status is Status.TOMBSTONE:
            return (Restored(document, reason=reason),)
        case Note(what, detail):
            if what not in NOTES:
                raise Refused(f"{what!r} is no fact we know; known are {', '.join(NOTES)}.")
            return (Noted(what, detail),)
        case Merge() | Split():
            raise Refused(
                f"{known.pid} cannot take its own place; name another object than the one that "
                "ends, and for a split at least one part."
            )
        case Activate() | Release() | Restore():
            raise Refused(
                f"{known.pid} is {known.status.value}: {type(command).__name__} is not possible "
                "from there."
            )
        case _:
            assert_never(command)


def evolve(known: DigitalObject | None, fact: Fact, pid: Pid, kind: str) -> DigitalObject:
    """The object after the fact; never raises on a fact that `decide` gave."""
    if isinstance(fact, Noted):
        assert known is not None
        return replace(known, sequence=known.sequence + 1)
    return DigitalObject(
        pid=pid,
        type=kind,
        status=fact.status,
        sequence=known.sequence + 1 if known else 1,
        version=known.version + 1 if known else 1,
        document=fact.document,
        overlay=_overlay(known, fact),
    )


def _overlay(known: DigitalObject | None, fact: Fact) -> tuple[str, ...]:
    if isinstance(fact, Revised) and fact.overlay is not None:
        return fact.overlay
    return known.overlay if known else ()


def _revise(known: DigitalObject, document: Document, overlay: tuple[str, ...] | None) -> Facts:
    if known.status is Status.PID_ONLY:
        raise Refused(f"{known.pid} is PID-only; release it, or withhold a new stub.")
    if equal(known.document, document):
        return ()  # no change, no fact
    return (Revised(document, known.status, overlay),)


def _when(known: DigitalObject) -> str:
    date = known.document.get("ods:hasTombstoneMetadata", {}).get("ods:tombstoneDate")
    return f" on {date[:10]}" if date else ""


def _tombstone(
    known: DigitalObject,
    reason: str,
    by: Mapping[str, Any],
    at: str,
    related: Sequence[tuple[str, str]],
) -> Document:
    """The last document with its tombstone metadata (openDS Tombstone 0.4)."""
    metadata: Document = {
        "@type": "ods:Tombstone",
        "ods:tombstoneDate": at,
        "ods:tombstoneText": reason,
        "ods:hasAgents": [dict(by)],
    }
    if related:
        metadata["ods:hasRelatedPIDs"] = [
            {"@type": "ods:RelatedPID", "dcterms:identifier": iri, "ods:relationshipType": kind}
            for iri, kind in related
        ]
    gone = dict(known.document)
    gone["ods:status"] = "Tombstone"
    gone["ods:hasTombstoneMetadata"] = metadata
    return stamped(gone, known.pid, known.version + 1, modified=at)


_SCHEMA_STAMPED = frozenset(
    kind.rdf_type for kind in OBJECT_TYPES.values() if kind.stamps == "schema"
)


def stamped(
    draft: Document, pid: Pid, version: int, *, modified: str, created: str | None = None
) -> Document:
    """The draft with what the repository itself says: PID, version and dates (openDS 0.4)."""
    document = dict(draft)
    document["@id"] = pid.iri
    if document.get("@type") in _SCHEMA_STAMPED:
        document["schema:identifier"] = pid.iri
        document["schema:version"] = version
        document["schema:dateCreated"] = created or draft.get("schema:dateCreated", modified)
        document["schema:dateModified"] = modified
    else:
        document["dcterms:identifier"] = pid.iri
        document["ods:version"] = version
        document["dcterms:created"] = created or draft.get("dcterms:created", modified)
        document["dcterms:modified"] = modified
    return document
