"""A specimen or medium as DataCite metadata (schema 4.5, JSON form).

People who collected or identified are credited as contributors and creators; the object's own
licence, its identifiers, its place and its relations go along. Only what the document says is
told; a place that the source withheld is not in the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fdo.documents import Document
from fdo.identifiers import PROXIES, Pid
from fdo.representations import credit
from fdo.representations.credit import Party

SCHEMA = "http://datacite.org/schema/kernel-4"

_MEDIA_KINDS = {
    "StillImage": "Image",
    "Image": "Image",
    "MovingImage": "Audiovisual",
    "Sound": "Sound",
    "InteractiveResource": "InteractiveResource",
    "Text": "Text",
    "Dataset": "Dataset",
    "Software": "Software",
}
_CONTRIBUTIONS = {"collector": "DataCollector", "identifier": "Researcher"}
UNKNOWN = Party("unknown holder", personal=False)


def metadata(document: Document) -> dict[str, Any]:
    """The metadata of an active or tombstoned object that bears a DOI."""
    pid = Pid.parse(document["@id"])
    holder = _named(credit.holder(document) or UNKNOWN)
    found: dict[str, Any] = {
        "doi": str(pid),
        "schemaVersion": SCHEMA,
        "types": _types(document),
        "titles": [{"title": credit.title(document, pid)}],
        "publisher": {"name": holder["name"]},
        "publicationYear": document["dcterms:created"][:4],
        "creators": [_named(one) for one in credit.creators(document)] or [holder],
        "dates": list(_dates(document)),
        "version": str(document["ods:version"]),
    }
    credited = [
        {**_named(party), "contributorType": _CONTRIBUTIONS[role]}
        for role, party in credit.once(credit.people(document))
        if role in _CONTRIBUTIONS
    ]
    optional: dict[str, Any] = {
        "contributors": [*credited, {**holder, "contributorType": "HostingInstitution"}],
        "subjects": _subjects(document),
        "rightsList": _rights(document),
        "alternateIdentifiers": _alternates(document),
        "relatedIdentifiers": _relations(document),
        "geoLocations": _places(document),
        "formats": [document["dcterms:format"]] if "dcterms:format" in document else [],
    }
    return found | {name: value for name, value in optional.items() if value}


def _types(document: Document) -> dict[str, str]:
    if document["@type"] == "ods:DigitalSpecimen":
        return {"resourceTypeGeneral": "PhysicalObject", "resourceType": "Digital specimen"}
    kind = _MEDIA_KINDS.get(document.get("dcterms:type", ""), "Other")
    return {"resourceTypeGeneral": kind, "resourceType": "Digital media"}


def _named(party: Party) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": party.name,
        "nameType": "Personal" if party.personal else "Organizational",
    }
    if party.iri and party.scheme:
        scheme = {"nameIdentifier": party.iri, "nameIdentifierScheme": party.scheme}
        found["nameIdentifiers"] = [scheme]
    return found


def _dates(document: Document) -> Iterator[dict[str, str]]:
    yield {"date": document["dcterms:created"], "dateType": "Created"}
    yield {"date": document["dcterms:modified"], "dateType": "Updated"}
    events = document.get("ods:hasEvents", ())
    for date in dict.fromkeys(e["dwc:eventDate"] for e in events if "dwc:eventDate" in e):
        yield {"date": date, "dateType": "Collected"}
    if tombstone := document.get("ods:hasTombstoneMetadata"):
        yield {"date": tombstone["ods:tombstoneDate"], "dateType": "Withdrawn"}


def _subjects(document: Document) -> list[dict[str, str]]:
    terms = ("ods:topicDiscipline", "ods:topicDomain", "ods:topicCategory")
    return [{"subject": document[term]} for term in terms if term in document]


def _rights(document: Document) -> list[dict[str, str]]:
    licence = document.get("dcterms:license") or document.get("dcterms:rights")
    return [{"rightsUri": licence}] if licence and "://" in licence else []


def _alternates(document: Document) -> list[dict[str, str]]:
    return [
        {
            "alternateIdentifier": node["dcterms:identifier"],
            "alternateIdentifierType": node["dcterms:title"],
        }
        for node in document.get("ods:hasIdentifiers", ())
    ]


def _relations(document: Document) -> list[dict[str, str]]:
    kinds = {"hasDigitalMedia": "IsDocumentedBy", "hasDigitalSpecimen": "Documents"}
    found = []
    for node in document.get("ods:hasEntityRelationships", ()):
        if kind := kinds.get(node["dwc:relationshipOfResource"]):
            other = node["dwc:relatedResourceID"].removeprefix(PROXIES["doi"])
            found.append(
                {
                    "relatedIdentifier": other,
                    "relatedIdentifierType": "DOI",
                    "relationType": kind,
                }
            )
    return found


def _places(document: Document) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for event in document.get("ods:hasEvents", ()):
        location = event.get("ods:hasLocation", {})
        terms = ("dwc:country", "dwc:stateProvince", "dwc:locality")
        place: dict[str, Any] = {}
        if text := ", ".join(location[term] for term in terms if term in location):
            place["geoLocationPlace"] = text
        point = location.get("ods:hasGeoreference", {})
        if "dwc:decimalLatitude" in point and "dwc:decimalLongitude" in point:
            place["geoLocationPoint"] = {
                "pointLatitude": point["dwc:decimalLatitude"],
                "pointLongitude": point["dwc:decimalLongitude"],
            }
        if place and place not in found:
            found.append(place)
    return found
