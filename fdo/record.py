"""The FDO record of an object: typed attributes, a pure function of its state.

Names are those of the DiSSCo-compatible FDO profiles (Handle value names); the record has its
own issue number, which rises only when one of these attributes changes.
"""

from __future__ import annotations

from typing import Any

from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.lifecycle import DigitalObject, Status

PID_STATUS = {
    Status.DRAFT: "DRAFT",
    Status.ACTIVE: "ACTIVE",
    Status.PID_ONLY: "ACTIVE",
    Status.TOMBSTONE: "TOMBSTONED",
}

_SPECIMEN = {
    "specimenHost": "ods:organisationID",
    "specimenHostName": "ods:organisationName",
    "normalisedPrimarySpecimenObjectId": "ods:normalisedPhysicalSpecimenID",
    "topicOrigin": "ods:topicOrigin",
    "topicDomain": "ods:topicDomain",
    "topicDiscipline": "ods:topicDiscipline",
    "topicCategory": "ods:topicCategory",
    "livingOrPreserved": "ods:livingOrPreserved",
    "markedAsType": "ods:isMarkedAsType",
    "referentName": "ods:specimenName",
}
_MEDIA = {
    "mediaHost": "ods:organisationID",
    "mediaHostName": "ods:organisationName",
    "primaryMediaId": "ac:accessURI",
    "mediaType": "dcterms:type",
    "mimeType": "dcterms:format",
    "licenseUrl": "dcterms:rights",
}
_SOURCE_SYSTEM = {"sourceSystemName": "schema:name"}
_DATA_MAPPING = {"sourceDataStandard": "ods:mappingDataStandard"}
_SAVED_QUERY = {"referentName": "schema:name"}

ATTRIBUTES: dict[str, dict[str, str]] = {
    "specimen": _SPECIMEN,
    "media": _MEDIA,
    "source-system": _SOURCE_SYSTEM,
    "data-mapping": _DATA_MAPPING,
    "saved-query": _SAVED_QUERY,
}
"""Object type → record attribute → term of the document that fills it."""

KERNEL = ("fdoProfile", "digitalObjectType", "pidStatus")
"""The attributes that every record has; the others repeat the document of an active object."""


def attributes(kind: str, status: Status, document: Document) -> dict[str, Any]:
    """The record attributes that the document and the status settle."""
    known = OBJECT_TYPES[kind]
    found: dict[str, Any] = {
        "fdoProfile": known.fdo_profile,
        "digitalObjectType": known.fdo_type,
        "pidStatus": PID_STATUS[status],
    }
    for name, term in ATTRIBUTES.get(kind, {}).items():
        value = document.get(term)
        if value is not None and not (status is Status.PID_ONLY and term == "ac:accessURI"):
            found[name] = value
    if status is Status.PID_ONLY:
        found["licenseName"] = document.get("dcterms:license", "unknown")
        found["gateReason"] = document.get("reason", "")
    if tombstone := document.get("ods:hasTombstoneMetadata"):
        found["tombstonedText"] = tombstone["ods:tombstoneText"]
        found["tombstonedDate"] = tombstone["ods:tombstoneDate"]
        for related in tombstone.get("ods:hasRelatedPIDs", ()):
            found.setdefault("hasRelatedPID", []).append(related["dcterms:identifier"])
    return found


_GATE = ("dcterms:license", "reason")
_TOMBSTONE = "ods:hasTombstoneMetadata"
_TOMBSTONE_SHOWN = ("@type", "ods:tombstoneText", "ods:tombstoneDate", "ods:hasRelatedPIDs")


def outline(kind: str, status: Status, document: Document, iri: str) -> Document:
    """What may be known of a document whose object is public by its record only: the terms
    from which the same record can be made, and nothing else. Of a draft, and of a public version
    that was kept back afterwards, that is its name and type."""
    kept: Document = {"@id": iri, "@type": OBJECT_TYPES[kind].rdf_type}
    if status not in (Status.PID_ONLY, Status.TOMBSTONE):
        return kept
    terms = {*ATTRIBUTES.get(kind, {}).values()}
    if status is Status.PID_ONLY:
        terms = terms - {"ac:accessURI"} | {*_GATE}
    kept |= {term: document[term] for term in sorted(terms & document.keys())}
    if ended := document.get(_TOMBSTONE):
        kept[_TOMBSTONE] = {name: ended[name] for name in _TOMBSTONE_SHOWN if name in ended}
    return kept


def record_changed(before: DigitalObject, after: DigitalObject) -> bool:
    """Whether the step from one state to the next changes the FDO record."""
    return attributes(before.type, before.status, before.document) != attributes(
        after.type, after.status, after.document
    )
