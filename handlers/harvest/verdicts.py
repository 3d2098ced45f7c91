"""What a source's new word about one object means, in every state that the object may be in."""

from __future__ import annotations

from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import (
    DigitalObject,
    Facts,
    Register,
    Release,
    Restore,
    Revise,
    Status,
    Withhold,
    decide,
    stamped,
)
from handlers.harvest.agent import HARVESTER
from handlers.harvest.records import Verdict

_STUB_TERMS = (
    "@type",
    "ods:fdoType",
    "ods:sourceSystemID",
    "ods:organisationID",
    "ods:organisationName",
    "ods:normalisedPhysicalSpecimenID",
    "ods:physicalSpecimenID",
    "ods:physicalSpecimenIDType",
    "dcterms:type",
)


def facts_of(known: DigitalObject | None, document: Document, passes: bool) -> Facts:
    """What happens when the source shows this document, which passes the gate or does not."""
    if known is None:
        status = Status.ACTIVE if passes else Status.PID_ONLY
        return decide(None, Register(document, status))
    if known.status is Status.TOMBSTONE:
        return () if settled_by_person(known) or not passes else decide(known, Restore(document))
    if not passes:
        return decide(known, Withhold(document))
    if known.status is Status.PID_ONLY:
        return decide(known, Release(document))
    return decide(known, Revise(document))


def settled_by_person(known: DigitalObject | None) -> bool:
    """Whether a person ended the object: withdrew, merged or split it. A source cannot undo
    that; what the harvest itself withdrew comes back when its source shows it again."""
    if known is None or known.status is not Status.TOMBSTONE:
        return False
    agents = known.document["ods:hasTombstoneMetadata"].get("ods:hasAgents", ())
    return any(agent.get("schema:identifier") != HARVESTER.id for agent in agents) or not agents


def stamp(draft: Document, pid: Pid, known: DigitalObject | None, now: str) -> Document:
    """The draft as the next version of its object."""
    version = known.version + 1 if known else 1
    created = known.document.get("dcterms:created") if known else None
    return stamped(draft, pid, version, modified=now, created=created)


def stub_of(document: Document, gate: Verdict) -> Document:
    """What is kept of a document that the licence gate holds back (decision 0013)."""
    stub = {term: document[term] for term in _STUB_TERMS if term in document}
    stub["dcterms:license"] = gate.licence or "unknown"
    stub["reason"] = gate.reason
    return stub
