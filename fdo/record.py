"""The FDO record of an object: typed attributes, a pure function of its state.

Names are those of the DiSSCo-compatible FDO profiles (Handle value names; their register is
`fdo.definitions.attributes`); the record has its own issue number, which rises only when one of
these attributes changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from fdo import licences
from fdo.catalogue import OBJECT_TYPES
from fdo.definitions.names import KINDS as DEFINITIONS
from fdo.definitions.names import definition_pid
from fdo.documents import Document
from fdo.identifiers import PROXIES, Pid
from fdo.lifecycle import DigitalObject, Status
from fdo.representations.lexical import is_iri

PID_STATUS = {
    Status.DRAFT: "DRAFT",
    Status.ACTIVE: "ACTIVE",
    Status.PID_ONLY: "ACTIVE",
    Status.TOMBSTONE: "TOMBSTONED",
}

_SPECIMEN = {
    "issuedForAgent": "ods:organisationID",
    "issuedForAgentName": "ods:organisationName",
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
    "issuedForAgent": "ods:organisationID",
    "issuedForAgentName": "ods:organisationName",
    "mediaHost": "ods:organisationID",
    "mediaHostName": "ods:organisationName",
    "primaryMediaId": "ac:accessURI",
    "mediaType": "dcterms:type",
    "mimeType": "dcterms:format",
    "licenseUrl": "dcterms:rights",
}
_SOURCE_SYSTEM = {"sourceSystemName": "schema:name"}
_DATA_MAPPING = {"sourceDataStandard": "ods:mappingDataStandard"}
_NAMED = {"referentName": "schema:name"}
_SERVICE = {"machineAnnotationServiceName": "schema:name"}
_ANNOTATION = {"annotationHash": "col:contentKey"}

ATTRIBUTES: dict[str, dict[str, str]] = {
    **dict.fromkeys((*DEFINITIONS, "ml-dataset", "ml-evaluation", "ml-model"), _NAMED),
    "specimen": _SPECIMEN,
    "media": _MEDIA,
    "source-system": _SOURCE_SYSTEM,
    "data-mapping": _DATA_MAPPING,
    "saved-query": _NAMED,
    "annotation": _ANNOTATION,
    "machine-annotation-service": _SERVICE,
}
"""Object type → record attribute → term of the document that fills it."""

KERNEL = ("fdoProfile", "digitalObjectType", "pidStatus")
"""The attributes that every record has and that may change; the others repeat the document of an
active object, or follow from its PID."""


def kernel(kind: str, status: Status) -> dict[str, Any]:
    """The attributes that type and status settle."""
    known = OBJECT_TYPES[kind]
    return {
        "fdoProfile": known.fdo_profile,
        "digitalObjectType": known.fdo_type,
        "pidStatus": PID_STATUS[status],
    }


def attributes(kind: str, status: Status, document: Document) -> dict[str, Any]:
    """The record attributes that the document and the status settle."""
    found = kernel(kind, status)
    for name, term in ATTRIBUTES.get(kind, {}).items():
        value = document.get(term)
        if value is not None and not (status is Status.PID_ONLY and term == "ac:accessURI"):
            found[name] = value
    if status is Status.PID_ONLY:
        found["licenseName"] = document.get("dcterms:license", "unknown")
        found["gateReason"] = document.get("reason", "")
    elif kind in _DERIVED:
        found |= _DERIVED[kind](document)
    if tombstone := document.get("ods:hasTombstoneMetadata"):
        found["tombstonedText"] = tombstone["ods:tombstoneText"]
        found["tombstonedDate"] = tombstone["ods:tombstoneDate"]
        for related in tombstone.get("ods:hasRelatedPIDs", ()):
            found.setdefault("hasRelatedPID", []).append(related["dcterms:identifier"])
    return found


def identity(pid: Pid, kind: str) -> dict[str, Any]:
    """The attributes that follow from the PID and the type alone, and never change."""
    return {
        "fdoRecordLicenseId": RECORD_LICENCE,
        "fdoRecordLicenseName": licences.CC0.name,
        "digitalObjectName": OBJECT_TYPES[kind].label,
        "pid": pid.iri,
        **_issuer(pid),
    }


@lru_cache(maxsize=256)
def under(profile: str, kind: str) -> Mapping[str, str]:
    """The attributes that name the definitions of a record, by the version of its profile
    (`prefix/suffix/version`)."""
    name, _, _ = profile.rpartition("/")
    pid = Pid.parse(name)
    return {
        "0.FDO/Type": definition_pid(pid.prefix, "fdo-type", kind).iri,
        "0.FDO/Profile": pid.iri,
        "fdoProfileVersion": f"{PROXIES[pid.scheme]}{profile}",
    }


RECORD_LICENCE = "https://spdx.org/licenses/CC0-1.0.json"
"""Every record is in the public domain, whatever the licence of the object."""


def _issuer(pid: Pid) -> dict[str, str]:
    """The registration agency of a DOI; of a Handle the authority that its prefix names."""
    if pid.scheme == "doi":
        return {"pidIssuer": "https://ror.org/04wxnsj81", "pidIssuerName": "DataCite"}
    return {
        "pidIssuer": f"https://hdl.handle.net/0.NA/{pid.prefix}",
        "pidIssuerName": f"Handle naming authority {pid.prefix}",
    }


def _of_specimen(document: Document) -> dict[str, Any]:
    """What a specimen's record says in other words than its document."""
    found: dict[str, Any] = {}
    others = []
    for one in document.get("ods:hasIdentifiers", ()):
        value, title = one.get("dcterms:identifier"), one.get("dcterms:title")
        if title == "dwc:catalogNumber":
            found.setdefault("catalogNumber", value)
        if value != document.get("ods:physicalSpecimenID") and value and title:
            others.append(
                {
                    "identifierValue": value,
                    "identifierType": title,
                    "resolvable": value.startswith(("http://", "https://")),
                }
            )
    if others:
        found["otherSpecimenIds"] = others
    if sample := _material_sample(document.get("ods:topicDomain"), document):
        found["materialSampleType"] = sample
    return found


def _material_sample(domain: Any, document: Document) -> str | None:
    """The kind of sample in the words of iSamples, as far as domain and basis of record tell."""
    if domain == "Life":
        sampled = document.get("dwc:basisOfRecord") == "MaterialSample"
        return "Biological material sample" if sampled else "Any biological specimen"
    return "Non biologic solid object" if domain in ("Earth System", "Extraterrestrial") else None


def _of_medium(document: Document) -> dict[str, Any]:
    """What a medium's record says in other words than its document."""
    found: dict[str, Any] = {}
    if address := document.get("ac:accessURI"):
        found["primaryMediaIdType"] = "Resolvable"
        found["primaryMediaIdName"] = "ac:accessURI"
        found["referentName"] = document.get("dcterms:title") or address.partition("://")[2]
    if (rights := document.get("dcterms:rights")) and (licence := licences.parse(rights)):
        found["licenseName"] = licence.name
    for agent in _with_role(document, "rights-owner"):
        found["rightsHolder"] = agent.get("schema:name") or agent.get("schema:identifier", "")
        identifier = str(agent.get("schema:identifier", ""))
        if identifier.startswith(("http://", "https://")) and is_iri(identifier):
            found["rightsHolderPid"] = identifier
        break
    return found


def _of_annotation(document: Document) -> dict[str, Any]:
    """What the annotation is about: its first target."""
    found: dict[str, Any] = {}
    for target in document.get("oa:hasTarget", ())[:1]:
        found["targetPid"] = target["oa:hasSource"]
        if fdo_type := target.get("ods:fdoType"):
            found["targetType"] = fdo_type
            known = (kind for kind in OBJECT_TYPES.values() if kind.fdo_type == fdo_type)
            found["targetTypeName"] = next((kind.label for kind in known), fdo_type)
    return found


def _with_role(document: Document, role: str) -> Iterator[Mapping[str, Any]]:
    for agent in document.get("ods:hasAgents", ()):
        if any(one.get("schema:roleName") == role for one in agent.get("ods:hasRoles", ())):
            yield agent


_DERIVED: dict[str, Callable[[Document], dict[str, Any]]] = {
    "annotation": _of_annotation,
    "media": _of_medium,
    "specimen": _of_specimen,
}
"""Object type → what its record says beside the plain terms of the document. Never of an object
that is PID-only: of those the record says what `ATTRIBUTES` lists (decision 0013)."""


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
