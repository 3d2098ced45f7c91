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


def metadata(document: Document) -> dict[str, Any]:
    """The metadata of an active or tombstoned object that bears a DOI."""
    pid = Pid.parse(document["@id"])
    people = list(_people(document))
    holder = _holder(document)
    creators = [person for role, person in people if role in ("collector", "creator")]
    found: dict[str, Any] = {
        "doi": str(pid),
        "schemaVersion": SCHEMA,
        "types": _types(document),
        "titles": [{"title": _title(document, pid)}],
        "publisher": {"name": holder["name"]},
        "publicationYear": document["dcterms:created"][:4],
        "creators": _once(creators) or [holder],
        "dates": list(_dates(document)),
        "version": str(document["ods:version"]),
    }
    credited = [
        {**person, "contributorType": _CONTRIBUTIONS[role]}
        for role, person in people
        if role in _CONTRIBUTIONS
    ]
    optional: dict[str, Any] = {
        "contributors": [*_once(credited), {**holder, "contributorType": "HostingInstitution"}],
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


def _title(document: Document, pid: Pid) -> str:
    name = document.get("ods:specimenName") or document.get("dcterms:title")
    known_as = document.get("ods:physicalSpecimenID")
    parts = [part for part in (name, known_as) if part]
    return " · ".join(parts) or str(pid)


def _holder(document: Document) -> dict[str, Any]:
    iri = document.get("ods:organisationID")
    holder: dict[str, Any] = {
        "name": document.get("ods:organisationName") or iri or "unknown holder",
        "nameType": "Organizational",
    }
    if iri:
        scheme = "ROR" if "ror.org" in iri else "Wikidata"
        holder["nameIdentifiers"] = [{"nameIdentifier": iri, "nameIdentifierScheme": scheme}]
    return holder


def _people(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """(role, name) of everybody whom the document names."""
    for key, value in document.items():
        if key == "ods:hasAgents":
            for agent in value:
                for role in agent.get("ods:hasRoles", ()):
                    if name := agent.get("schema:name"):
                        yield role.get("schema:roleName", ""), _person(agent, name)
        elif isinstance(value, dict):
            yield from _people(value)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from _people(item)


def _person(agent: Document, name: str) -> dict[str, Any]:
    kind = "Organizational" if agent.get("@type") == "schema:Organization" else "Personal"
    person: dict[str, Any] = {"name": name, "nameType": kind}
    if iri := agent.get("schema:identifier"):
        schemes = (("orcid.org", "ORCID"), ("wikidata.org", "Wikidata"), ("ror.org", "ROR"))
        scheme = next((label for part, label in schemes if part in iri), "URL")
        person["nameIdentifiers"] = [{"nameIdentifier": iri, "nameIdentifierScheme": scheme}]
    return person


def _once(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for at, row in enumerate(rows) if row not in rows[:at]]


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
